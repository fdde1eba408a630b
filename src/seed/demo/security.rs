//! How the demo's data are classified, and what was noticed of attacks.
use super::{Calendar, Team};
use crate::seed::rows::{DataClassification, DataElement, SecurityEvent};
use crate::seed::tenant::Tenant;

/// Addresses of colleagues are shown in part to whoever may not see confidential data in clear.
pub(super) fn classify(tenant: &mut Tenant, team: &Team) {
    let (organization_id, at) = (tenant.id, tenant.organization.created_at);
    let (id, keeper) = (tenant.ids.at(at), Some(team.of("viktor.novak")));
    tenant.classifications.push(DataClassification {
        organization_id,
        id,
        name: "Contact data",
        description: Some("How to reach people; shown in clear to those who look after them."),
        sensitivity_level: 3,
        masking_required: true,
        masking_method: "partial",
        keep: 12,
        created_by: keeper,
        created_at: at,
        updated_at: at,
    });
    tenant.elements.push(DataElement {
        organization_id,
        id: tenant.ids.at(at),
        field: "User.email",
        element_type: "email",
        classification_id: id,
        classification_org_id: organization_id,
        created_by: keeper,
        created_at: at,
        updated_at: at,
    });
}

/// Something that was noticed, days ago.
struct Noticed {
    days: i64,
    kind: &'static str,
    severity: &'static str,
    title: &'static str,
    description: &'static str,
    rule: Option<&'static str>,
    times: i32,
    target: Option<&'static str>,
    ip: Option<&'static str>,
    status: &'static str,
    notes: Option<&'static str>,
    /// Whether an authority had to be told, which was done a day later.
    regulatory: bool,
}

const NOTICED: &[Noticed] = &[
    Noticed {
        days: 96,
        kind: "data_breach",
        severity: "high",
        title: "A price list was sent to the wrong customer",
        description: "A file with contacts of two customers went to a third one by mail.",
        rule: None,
        times: 1,
        target: None,
        ip: None,
        status: "resolved",
        notes: Some(
            "The recipient has confirmed in writing that the file was deleted; the authority was told.",
        ),
        regulatory: true,
    },
    Noticed {
        days: 41,
        kind: "failed_login",
        severity: "high",
        title: "Repeated wrong codes of a second factor",
        description: "Three wrong codes or more within 15 minutes: whoever tries them may know the password.",
        rule: Some("second_factor_failures"),
        times: 4,
        target: Some("raj.patel"),
        ip: Some("198.51.100.23"),
        status: "false_positive",
        notes: Some("The clock of his new telephone was wrong."),
        regulatory: false,
    },
    Noticed {
        days: 6,
        kind: "credential_reuse",
        severity: "high",
        title: "An API key was used that was withdrawn or replaced",
        description: "A program still has the key, or somebody found it. It is counted once a minute.",
        rule: Some("withdrawn_key_used"),
        times: 37,
        target: None,
        ip: Some("203.0.113.88"),
        status: "investigating",
        notes: None,
        regulatory: false,
    },
    Noticed {
        days: 1,
        kind: "failed_login",
        severity: "medium",
        title: "An account was locked",
        description: "Too many wrong passwords or codes in a row; the account is closed for a while, even to the right ones.",
        rule: Some("account_locked"),
        times: 2,
        target: Some("diego.morales"),
        ip: Some("203.0.113.7"),
        status: "open",
        notes: None,
        regulatory: false,
    },
];

pub(super) fn add_events(tenant: &mut Tenant, team: &Team, calendar: &Calendar) {
    let lead = Some(team.of("viktor.novak"));
    for event in NOTICED {
        let at = calendar.at(event.days, 8, 12);
        let later = calendar.in_the_past(at + chrono::Duration::hours(26));
        tenant.events.push(SecurityEvent {
            organization_id: tenant.id,
            id: tenant.ids.at(at),
            event_type: event.kind,
            severity: event.severity,
            title: event.title,
            description: Some(event.description),
            source_user_id: None,
            target_user_id: event.target.map(|mailbox| team.of(mailbox)),
            source_ip: event.ip,
            detection_method: if event.rule.is_some() { "automated_rule" } else { "manual_review" },
            detection_rule: event.rule,
            occurrences: event.times,
            occurred_at: at,
            last_occurred_at: at,
            detected_at: at,
            potential_impact: event.regulatory.then_some("People may be written to who did not ask for it."),
            status: event.status,
            assigned_to: lead.filter(|_| event.status != "open"),
            resolution_notes: event.notes,
            resolved_at: event.notes.map(|_| later),
            resolved_by: lead.filter(|_| event.notes.is_some()),
            regulatory_notification_required: event.regulatory,
            notification_sent_at: event.regulatory.then_some(later),
            created_at: at,
            updated_at: later,
        });
    }
}
