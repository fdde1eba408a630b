//! The audit trail of the demo: what its rows say happened, told once more as the server records it.
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Calendar, Team};
use crate::seed::rows::AuditLog;
use crate::seed::tenant::Tenant;

/// Something that happened.
struct Entry {
    at: DateTime<Utc>,
    by: Option<Uuid>,
    event_type: &'static str,
    action: &'static str,
    category: &'static str,
    subject: Option<(&'static str, Uuid, String)>,
    change: Option<(&'static str, Value, Value)>,
    refused: Option<&'static str>,
    risk: &'static str,
}

impl Entry {
    fn change(
        at: DateTime<Utc>,
        by: Option<Uuid>,
        action: &'static str,
        subject: (&'static str, Uuid, String),
        change: (&'static str, Value, Value),
    ) -> Self {
        Self {
            at,
            by,
            event_type: "change",
            action,
            category: "data",
            subject: Some(subject),
            change: Some(change),
            refused: None,
            risk: "low",
        }
    }
}

pub(super) fn add(tenant: &mut Tenant, team: &Team, calendar: &Calendar) {
    let mut entries = budgets(tenant);
    entries.extend(deals(tenant));
    entries.extend(issues(tenant));
    entries.extend(tests(tenant));
    entries.extend(sign_ins(tenant, team, calendar));
    entries.sort_by_key(|entry| entry.at);
    for (number, entry) in (1..).zip(entries) {
        let row = row(tenant, team, number, entry);
        tenant.audit.push(row);
    }
}

fn row(tenant: &mut Tenant, team: &Team, number: u32, entry: Entry) -> AuditLog {
    let person = team.people.iter().find(|(_, id, ..)| Some(*id) == entry.by);
    let (resource_type, resource) = match entry.subject {
        Some((kind, id, name)) => (Some(kind), Some((id, name))),
        None => (None, None),
    };
    let (field, old, new) = match entry.change {
        Some((field, old, new)) => (Some(field), Some(json!({ field: old })), Some(json!({ field: new }))),
        None => (None, None, None),
    };
    AuditLog {
        organization_id: tenant.id,
        id: tenant.ids.at(entry.at),
        actor_type: if entry.by.is_some() { "human" } else { "system" },
        actor_id: entry.by,
        actor_name: person.map_or_else(|| "Portico".to_owned(), |(_, _, name, _)| name.clone()),
        actor_email: person.map(|(.., email)| email.clone()),
        event_type: entry.event_type,
        action: entry.action.to_owned(),
        action_category: entry.category,
        resource_type,
        resource_id: resource.as_ref().map(|(id, _)| id.to_string()),
        resource_name: resource.map(|(_, name)| name),
        old_values: old,
        new_values: new,
        changed_fields: match field {
            Some("status") => &["status"],
            Some("stage_id") => &["stage_id"],
            _ => &[],
        },
        success: entry.refused.is_none(),
        error_message: entry.refused,
        risk_level: entry.risk,
        compliance_relevant: matches!(
            resource_type,
            Some("Budget" | "ComplianceIssue" | "ComplianceControl")
        ),
        request_id: format!("demo-{number:05}"),
        occurred_at: entry.at,
    }
}

fn budgets(tenant: &Tenant) -> Vec<Entry> {
    let mut entries = Vec::new();
    for budget in &tenant.budgets {
        let steps = [
            ("draft", "submitted", "budget.submitted", budget.submitted_at, budget.submitted_by),
            ("submitted", "approved", "budget.approved", budget.approved_at, budget.approved_by),
            ("approved", "locked", "budget.locked", budget.locked_at, budget.locked_by),
        ];
        for (from, to, action, at, by) in steps {
            if let Some(at) = at {
                let subject = ("Budget", budget.id, budget.name.clone());
                entries.push(Entry::change(at, by, action, subject, ("status", from.into(), to.into())));
            }
        }
    }
    entries
}

fn deals(tenant: &Tenant) -> Vec<Entry> {
    let ended = tenant.history.iter().filter(|change| change.field_changed == "status");
    let entry = |change: &crate::seed::rows::DealHistory| {
        let deal = tenant.deals.iter().find(|deal| deal.id == change.deal_id)?;
        let subject = ("Deal", deal.id, deal.name.clone());
        let values = ("status", json!(change.old_value), json!(change.new_value));
        Some(Entry::change(change.changed_at, Some(change.changed_by), "deal.updated", subject, values))
    };
    ended.filter_map(entry).collect()
}

fn issues(tenant: &Tenant) -> Vec<Entry> {
    let resolved = tenant.issues.iter().filter_map(|issue| {
        let subject = ("ComplianceIssue", issue.id, issue.description.clone());
        let values = ("status", "in_progress".into(), issue.status.into());
        Some(Entry::change(issue.resolved_at?, issue.resolved_by, "complianceIssue.updated", subject, values))
    });
    resolved.collect()
}

/// Tests that did not pass.
fn tests(tenant: &Tenant) -> Vec<Entry> {
    let failed = tenant.tests.iter().filter(|test| test.result == "fail");
    let entry = |test: &crate::seed::rows::ControlTest| {
        let control = tenant.controls.iter().find(|control| control.id == test.control_id)?;
        let subject = ("ComplianceControl", control.id, control.name.clone());
        let values = ("status", "warning".into(), "fail".into());
        let entry =
            Entry::change(test.performed_at, test.performed_by, "complianceControl.tested", subject, values);
        Some(Entry { risk: "medium", ..entry })
    };
    failed.filter_map(entry).collect()
}

/// Who signed in during the past two weeks, and two attempts that failed.
fn sign_ins(tenant: &mut Tenant, team: &Team, calendar: &Calendar) -> Vec<Entry> {
    let mut entries = Vec::new();
    for days in 1..=14 {
        for (mailbox, id, name, _) in &team.people {
            if !tenant.dice.chance(45) {
                continue;
            }
            let at = calendar.at(days, tenant.dice.between(7, 10), tenant.dice.between(0, 59));
            let failed = *mailbox == "diego.morales" && days % 6 == 1;
            entries.push(Entry {
                at,
                by: Some(*id),
                event_type: "authentication",
                action: if failed { "session.refused" } else { "session.created" },
                category: "security",
                subject: Some(("User", *id, name.clone())),
                change: None,
                refused: failed.then_some("The password is wrong."),
                risk: if failed { "medium" } else { "low" },
            });
        }
    }
    entries
}
