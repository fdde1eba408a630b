//! The tables that are filled: a struct each, whose fields are the columns written. Columns left out have their default.
#![expect(clippy::struct_field_names, reason = "fields are called as their columns")]

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde_json::Value;
use uuid::Uuid;

use super::line::{Lines, Row};

type Time = DateTime<Utc>;

macro_rules! rows {
    ($($name:ident in $table:literal { $($column:ident: $kind:ty),* $(,)? })*) => {$(
        #[derive(Clone, Debug)]
        pub(super) struct $name { $(pub(super) $column: $kind),* }

        impl Row for $name {
            const TABLE: &'static str = $table;
            const COLUMNS: &'static [&'static str] = &[$(stringify!($column)),*];

            fn write(&self, lines: &mut Lines) {
                $(lines.field(&self.$column);)*
            }
        }
    )*

        /// Every table that is filled.
        pub(super) const TABLES: &[&str] = &[$($table),*];
    };
}

rows! {
    Organization in "identity.organizations" {
        id: Uuid, name: String, slug: String, business_type: &'static str, industry_vertical: &'static str,
        timezone: &'static str, locale: &'static str, currency: &'static str, created_at: Time, updated_at: Time,
    }
    User in "identity.users" {
        id: Uuid, email: String, password_hash: Option<String>, first_name: &'static str, last_name: &'static str,
        display_name: String, timezone: &'static str, status: &'static str, email_verified_at: Option<Time>,
        password_changed_at: Option<Time>, created_at: Time, updated_at: Time,
    }
    Membership in "identity.memberships" {
        organization_id: Uuid, user_id: Uuid, manager_id: Option<Uuid>, region: Option<&'static str>,
        title: Option<&'static str>, joined_at: Time, created_at: Time, updated_at: Time,
    }
    OrganizationSettings in "identity.organization_settings" {
        organization_id: Uuid, fiscal_year_start: &'static str, updated_at: Time,
    }
    Epoch in "access.epochs" { organization_id: Uuid, epoch: i64 }
    RoleAssignment in "access.role_assignments" {
        organization_id: Uuid, id: Uuid, user_id: Uuid, role_id: Uuid, assigned_by: Option<Uuid>, assigned_at: Time,
        assignment_reason: &'static str, valid_from: Time,
    }
    CostCenter in "finance.cost_centers" {
        organization_id: Uuid, id: Uuid, name: String, description: Option<&'static str>, code: String,
        parent_cost_center_id: Option<Uuid>, monthly_budget: Decimal, annual_budget: Decimal, manager_id: Option<Uuid>,
        created_at: Time, updated_at: Time,
    }
    Department in "finance.departments" {
        organization_id: Uuid, id: Uuid, name: String, code: String, parent_id: Option<Uuid>,
        cost_center_id: Option<Uuid>, head_user_id: Option<Uuid>, annual_budget: Decimal, created_at: Time,
        updated_at: Time,
    }
    Account in "sales.accounts" {
        organization_id: Uuid, id: Uuid, name: String, domain: String, vertical: &'static str, owner_id: Option<Uuid>,
        external_system: &'static str, external_id: String, created_at: Time, updated_at: Time,
    }
    Pipeline in "sales.pipelines" {
        organization_id: Uuid, id: Uuid, name: &'static str, is_default: bool, created_at: Time,
    }
    PipelineStage in "sales.pipeline_stages" {
        organization_id: Uuid, id: Uuid, pipeline_id: Uuid, name: &'static str, kind: &'static str, position: i32,
        default_probability: Decimal, created_at: Time,
    }
    Deal in "sales.deals" {
        organization_id: Uuid, id: Uuid, external_deal_id: String, external_system: &'static str, name: String,
        account_id: Uuid, region: &'static str, segment: &'static str, lob: &'static str, vertical: &'static str,
        revenue_type: &'static str, pipeline_id: Uuid, stage_id: Uuid, status: &'static str, stage_entered_at: Time,
        value: Decimal, currency: &'static str, probability: Decimal, pipeline_entered_at: Time,
        expected_close_date: NaiveDate, actual_close_date: Option<NaiveDate>, owner_id: Uuid, channel: &'static str,
        campaign_source: Option<&'static str>, close_reason: Option<&'static str>,
        competitor_lost_to: Option<&'static str>, created_at: Time, updated_at: Time, revision: i32, synced_at: Time,
    }
    DealHistory in "sales.deal_history" {
        organization_id: Uuid, id: Uuid, deal_id: Uuid, field_changed: &'static str, old_value: Option<String>,
        new_value: Option<String>, changed_by: Uuid, change_source: &'static str, changed_at: Time,
    }
    Budget in "finance.budgets" {
        organization_id: Uuid, id: Uuid, name: String, fiscal_year: i32, version: &'static str, status: &'static str,
        department_id: Option<Uuid>, region: Option<&'static str>, currency: &'static str, total_amount: Decimal,
        submitted_by: Option<Uuid>, submitted_at: Option<Time>, approved_by: Option<Uuid>, approved_at: Option<Time>,
        locked_by: Option<Uuid>, locked_at: Option<Time>, created_by: Uuid, created_at: Time, updated_at: Time,
        revision: i32,
    }
    BudgetLine in "finance.budget_line_items" {
        organization_id: Uuid, id: Uuid, budget_id: Uuid, category: &'static str, subcategory: Option<&'static str>,
        description: Option<String>, q1_amount: Decimal, q2_amount: Decimal, q3_amount: Decimal, q4_amount: Decimal,
        assumptions: Option<Value>, created_at: Time, updated_at: Time,
    }
    Control in "governance.compliance_controls" {
        organization_id: Uuid, id: Uuid, control_id: String, framework_id: Uuid, framework_org_id: Uuid,
        category: &'static str, name: String, description: Option<&'static str>, objective: Option<&'static str>,
        frequency: &'static str, automated: bool, test_procedure: Option<&'static str>, status: &'static str,
        last_verified_at: Option<Time>, next_verification_at: Option<Time>, owner_id: Uuid,
        evidence_required: &'static [&'static str], created_at: Time, updated_at: Time, revision: i32,
    }
    ControlRequirement in "governance.control_requirements" {
        organization_id: Uuid, control_id: Uuid, requirement_id: Uuid, requirement_org_id: Uuid,
    }
    ControlTest in "governance.control_tests" {
        organization_id: Uuid, id: Uuid, control_id: Uuid, result: &'static str, performed_by: Option<Uuid>,
        performed_at: Time, automated: bool, evidence: Value, notes: Option<&'static str>,
    }
    Issue in "governance.compliance_issues" {
        organization_id: Uuid, id: Uuid, control_id: Uuid, description: String, severity: &'static str,
        detected_at: Time, due_date: Option<NaiveDate>, assigned_to: Option<Uuid>, status: &'static str,
        remediation_plan: Option<&'static str>, resolved_at: Option<Time>, resolved_by: Option<Uuid>,
        resolution_notes: Option<&'static str>, created_at: Time, updated_at: Time, revision: i32,
    }
    DataClassification in "security.data_classifications" {
        organization_id: Uuid, id: Uuid, name: &'static str, description: Option<&'static str>, sensitivity_level: i32,
        masking_required: bool, masking_method: &'static str, keep: i32, created_by: Option<Uuid>, created_at: Time,
        updated_at: Time,
    }
    DataElement in "security.data_elements" {
        organization_id: Uuid, id: Uuid, field: &'static str, element_type: &'static str, classification_id: Uuid,
        classification_org_id: Uuid, created_by: Option<Uuid>, created_at: Time, updated_at: Time,
    }
    SecurityEvent in "security.security_events" {
        organization_id: Uuid, id: Uuid, event_type: &'static str, severity: &'static str, title: &'static str,
        description: Option<&'static str>, source_user_id: Option<Uuid>, target_user_id: Option<Uuid>,
        source_ip: Option<&'static str>, detection_method: &'static str, detection_rule: Option<&'static str>,
        occurrences: i32, occurred_at: Time, last_occurred_at: Time, detected_at: Time,
        potential_impact: Option<&'static str>, status: &'static str, assigned_to: Option<Uuid>,
        resolution_notes: Option<&'static str>, resolved_at: Option<Time>, resolved_by: Option<Uuid>,
        regulatory_notification_required: bool, notification_sent_at: Option<Time>, created_at: Time, updated_at: Time,
    }
    Conversation in "chat.conversations" {
        organization_id: Uuid, id: Uuid, user_id: Uuid, title: String, description: Option<&'static str>,
        conversation_type: &'static str, status: &'static str, message_count: i32, total_tokens: i64,
        total_cost: Decimal, last_message_at: Option<Time>, created_at: Time, updated_at: Time,
        archived_at: Option<Time>,
    }
    Message in "chat.messages" {
        organization_id: Uuid, id: Uuid, conversation_id: Uuid, seq: i64, role: &'static str, content: String,
        author_id: Option<Uuid>, model_version: Option<&'static str>, prompt_tokens: i32, completion_tokens: i32,
        total_tokens: i32, estimated_cost: Decimal, latency_ms: Option<i32>, processing_started_at: Option<Time>,
        processing_completed_at: Option<Time>, created_at: Time,
    }
    AuditLog in "audit.audit_logs" {
        organization_id: Uuid, id: Uuid, actor_type: &'static str, actor_id: Option<Uuid>, actor_name: String,
        actor_email: Option<String>, event_type: &'static str, action: String, action_category: &'static str,
        resource_type: Option<&'static str>, resource_id: Option<String>, resource_name: Option<String>,
        old_values: Option<Value>, new_values: Option<Value>, changed_fields: &'static [&'static str],
        success: bool, error_message: Option<&'static str>, risk_level: &'static str, compliance_relevant: bool,
        request_id: String, occurred_at: Time,
    }
}
