//! What a refusal of the database means to a person: by the name of the constraint.
//!
//! A constraint that is named `<table>_<column>_<kind>` explains itself; all others are listed in [`NAMED`]. A law
//! checks that every constraint of the database is one or the other.
use super::error::{Refusal, RefusalKind};
use crate::language::Said;

/// The codes a constraint can lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    Required,
    Invalid,
    TooLong,
    OutOfRange,
    NotUnique,
    NotFound,
    InUse,
    State,
    SelfApproval,
    LimitReached,
    QuotaExceeded,
}

/// A refusal, explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    pub code: Code,
    /// The path below `input`.
    pub path: Vec<String>,
    pub message: Said,
}

/// Constraints that do not explain themselves: name, code, input field, and what to say where PostgreSQL itself
/// refuses; a trigger of ours brings its own sentence.
pub const NAMED: &[(&str, Code, &str, &str)] = &[
    ("accounts_external", Code::Invalid, "externalId", "an external id is given together with its system"),
    ("api_keys_previous_key", Code::State, "", "a key that was replaced works until a certain time"),
    ("audit_logs_append_only", Code::State, "", ""),
    ("audit_logs_sealed", Code::State, "", "an audit entry is sealed completely or not at all"),
    ("approval_decisions_append_only", Code::State, "", ""),
    ("approval_decisions_decider", Code::State, "requestId", ""),
    ("approval_decisions_decider_differs", Code::SelfApproval, "requestId", ""),
    ("approval_decisions_pending", Code::State, "requestId", ""),
    ("approval_requests_agreed", Code::State, "", ""),
    ("approval_requests_ended", Code::State, "", ""),
    (
        "approval_requests_pending_key",
        Code::NotUnique,
        "permissionId",
        "you have asked for this already: it waits for decisions",
    ),
    ("approval_requests_requester", Code::State, "", ""),
    ("audit_reviews_append_only", Code::State, "", ""),
    ("budget_line_items_budget", Code::State, "budgetId", ""),
    ("budget_line_items_draft", Code::State, "id", ""),
    (
        "budgets_approved",
        Code::State,
        "",
        "an approved or locked budget, and no other, tells who approved it and when",
    ),
    (
        "budgets_approver_differs",
        Code::SelfApproval,
        "",
        "a budget is approved by another person than the one who submitted it",
    ),
    ("budgets_editable", Code::State, "", ""),
    ("budgets_locked", Code::State, "", "a locked budget, and no other, tells who locked it and when"),
    ("budgets_person", Code::State, "", ""),
    ("budgets_status_transition", Code::State, "", ""),
    ("budgets_submitted", Code::State, "", "every budget but a draft tells who submitted it and when"),
    ("budgets_version_check", Code::Invalid, "versionName", "the name of a version has 1 to 50 characters"),
    (
        "budgets_version_key",
        Code::NotUnique,
        "versionName",
        "there is such a version of this year's plan for the department and region already",
    ),
    ("compliance_controls_status_by_test", Code::State, "status", ""),
    (
        "compliance_issues_resolved",
        Code::State,
        "",
        "a resolved or accepted issue, and no other, tells when that was",
    ),
    ("compliance_issues_status_transition", Code::State, "status", ""),
    ("compliance_requirements_parent_cycle", Code::Invalid, "parentId", ""),
    ("control_tests_append_only", Code::State, "", ""),
    ("control_tests_evidence_required", Code::Required, "evidence", ""),
    ("conversation_shares_owner", Code::State, "conversationId", ""),
    ("conversation_shares_revoked", Code::State, "id", ""),
    (
        "conversation_shares_subject",
        Code::Invalid,
        "",
        "a conversation is shared with one person, with one team, or with everybody",
    ),
    (
        "conversation_shares_subject_key",
        Code::NotUnique,
        "",
        "it is shared with them already: change or withdraw that",
    ),
    ("conversations_archived_at", Code::State, "", "an archived conversation tells when that was"),
    ("conversations_counters", Code::State, "", ""),
    (
        "conversations_default_model",
        Code::Invalid,
        "defaultModelId",
        "a model is named together with its organization",
    ),
    (
        "conversations_deleted_at",
        Code::State,
        "",
        "a deleted conversation, and no other, tells when that was",
    ),
    ("cost_centers_parent_cost_center_cycle", Code::Invalid, "parentCostCenterId", ""),
    ("deal_history_append_only", Code::State, "", ""),
    ("deals_close_reason_required", Code::Required, "closeReason", "a lost deal must tell why it was lost"),
    (
        "deals_closed",
        Code::Invalid,
        "actualCloseDate",
        "a won or lost deal, and no other, has a day on which it was closed",
    ),
    ("deals_external", Code::Invalid, "externalDealId", "an external id is given together with its system"),
    ("deals_stage_of_pipeline", Code::Invalid, "stageId", ""),
    ("departments_parent_cycle", Code::Invalid, "parentId", ""),
    ("events_append_only", Code::State, "", ""),
    ("exports_status_transition", Code::State, "", ""),
    ("imports_status_transition", Code::State, "", ""),
    (
        "invitation_quotas_sent",
        Code::LimitReached,
        "",
        "the organization has sent 100 invitations within this hour: send more in the next one",
    ),
    (
        "invitations_accepted",
        Code::State,
        "",
        "an accepted invitation, and no other, tells who accepted it, and is not withdrawn",
    ),
    ("memberships_manager_cycle", Code::Invalid, "managerId", ""),
    ("sso_accounts_external_id_key", Code::NotUnique, "code", "the account is linked already"),
    (
        "sso_providers_addresses",
        Code::Required,
        "",
        "an OpenID provider needs a discovery address, another one the addresses of sign-in, tokens and people",
    ),
    ("messages_append_only", Code::State, "", ""),
    ("users_administrator", Code::State, "id", ""),
    ("audit_logs_impersonation", Code::State, "", "who acted as somebody else is named"),
    (
        "sessions_impersonation",
        Code::State,
        "",
        "who acts as somebody else tells from which session and why, acts in one organization, and not as themselves",
    ),
    (
        "sessions_impersonation_hour",
        Code::OutOfRange,
        "minutes",
        "nobody acts as somebody else for more than an hour",
    ),
    ("messages_conversation_status", Code::State, "conversationId", ""),
    ("permission_grants_approved", Code::State, "", ""),
    ("permission_grants_approved_end", Code::Required, "validUntil", "what was approved ends"),
    (
        "permissions_approval",
        Code::Invalid,
        "approvalWorkflowId",
        "a workflow decides only about what requires approval",
    ),
    ("permissions_built_in", Code::State, "", "a built-in permission gives the right of its name, as it is"),
    ("permissions_right", Code::NotFound, "right", ""),
    ("permissions_right_name_check", Code::Invalid, "right", ""),
    ("permission_grants_holder", Code::Invalid, "userId", "either a person or a team is given a permission"),
    ("passkey_challenges_person", Code::State, "", "only a sign-in does not know yet who answers"),
    ("passkeys_credential_id_check", Code::Invalid, "passkey", ""),
    ("passkeys_credential_id_key", Code::NotUnique, "passkey", "this passkey is there already"),
    ("passkeys_sign_count", Code::State, "", ""),
    ("permission_grants_revocation", Code::State, "", "only a withdrawn grant tells by whom and why"),
    ("permissions_system_permission", Code::State, "", ""),
    (
        "plans_amount_cents_check",
        Code::OutOfRange,
        "price",
        "a price is not negative, and at most 10,000,000,000",
    ),
    (
        "plans_is_default_check",
        Code::State,
        "isActive",
        "new organizations begin with this plan: make another one the default first",
    ),
    ("platform_admins_append_only", Code::State, "", ""),
    ("quotas_exceeded", Code::QuotaExceeded, "", ""),
    ("quotas_limit_value_check", Code::OutOfRange, "limit", "a limit is not negative"),
    (
        "quotas_period_check",
        Code::Invalid,
        "period",
        "seats are limited for a lifetime, everything else by day or month",
    ),
    ("resources_parent_resource_cycle", Code::Invalid, "parentResourceId", ""),
    (
        "resources_resource_id_key",
        Code::NotUnique,
        "recordId",
        "rights can be limited to this record already",
    ),
    (
        "role_assignments_automatic",
        Code::Invalid,
        "",
        "a rule gives a role to a person, for everything, and in nobody's name",
    ),
    (
        "role_assignments_delegation",
        Code::Invalid,
        "",
        "a delegation tells who passed the role on and from which assignment",
    ),
    ("role_assignments_delegation_depth", Code::Invalid, "", ""),
    ("role_assignments_delegation_end", Code::OutOfRange, "validUntil", ""),
    ("role_assignments_delegation_held", Code::State, "assignmentId", ""),
    ("role_assignments_delegation_limit", Code::LimitReached, "assignmentId", ""),
    ("role_assignments_delegation_scope", Code::OutOfRange, "withinId", ""),
    ("role_assignments_holder", Code::Invalid, "userId", "either a person or a team is given a role"),
    ("role_assignments_max_assignments", Code::LimitReached, "roleId", ""),
    ("role_assignments_revocation", Code::State, "", "only a withdrawn assignment tells by whom and why"),
    ("role_assignments_role_assignable", Code::State, "roleId", ""),
    ("role_permissions_system_role", Code::State, "roleId", ""),
    (
        "roles_automatic",
        Code::State,
        "autoAssignConditions",
        "members get only a role by themselves that can be given to people, and that is not built in",
    ),
    (
        "security_events_notified",
        Code::State,
        "regulatoryNotificationRequired",
        "an authority was told already",
    ),
    (
        "security_events_resolved",
        Code::State,
        "",
        "an ended event, and no other, tells when that was and what came of it",
    ),
    ("security_events_resolution_notes_check", Code::Invalid, "notes", ""),
    ("security_events_status_transition", Code::State, "status", ""),
    ("roles_parent_role_cycle", Code::Invalid, "parentRoleId", ""),
    ("subscriptions_living_key", Code::State, "", "the organization has a subscription already"),
    ("subscriptions_status_transition", Code::State, "", ""),
    ("usage_counted", Code::State, "", ""),
    ("roles_system_role", Code::State, "", ""),
    ("team_members_max_assignments", Code::LimitReached, "userIds", ""),
    ("compliance_controls_control_id_check", Code::Invalid, "key", ""),
    ("compliance_controls_control_id_key", Code::NotUnique, "key", ""),
    ("compliance_frameworks_version_check", Code::Invalid, "versionName", ""),
    ("compliance_issues_resolution_notes_check", Code::Invalid, "notes", ""),
];

/// Explains why the database refused.
pub fn explain(refusal: &Refusal) -> Explained {
    if let Some((_, code, path, sentence)) = NAMED.iter().find(|(name, ..)| *name == refusal.constraint) {
        // a trigger of ours speaks to people, PostgreSQL itself of tables and constraints
        let message = match refusal.message.contains("violates") {
            true if sentence.is_empty() => in_words(refusal, path).1,
            true => Said::whole(sentence),
            false => Said::heard(refusal.message.clone()),
        };
        let path = path.split('.').filter(|part| !part.is_empty()).map(ToOwned::to_owned).collect();
        return Explained { code: *code, path, message };
    }
    if refusal.kind == RefusalKind::ForeignKey && refusal.message.contains("update or delete") {
        // the constraint is that of the other table: what is wrong is the record itself
        let (code, message) = in_words(refusal, "id");
        return Explained { code, path: vec!["id".to_owned()], message };
    }
    let column = refusal
        .column
        .as_deref()
        .or_else(|| column_of(&refusal.table, &refusal.constraint))
        .unwrap_or_default();
    let field = input_field(column);
    let (code, message) = in_words(refusal, &field);
    let path = if field.is_empty() { Vec::new() } else { vec![field] };
    Explained { code, path, message }
}

/// What the kind of refusal says of an input field.
fn in_words(refusal: &Refusal, field: &str) -> (Code, Said) {
    match refusal.kind {
        RefusalKind::Unique => {
            (Code::NotUnique, say!("`{field}` is taken: something else has this value already"))
        }
        RefusalKind::ForeignKey if refusal.message.contains("update or delete") => {
            (Code::InUse, say!("something else still refers to this record"))
        }
        RefusalKind::ForeignKey => (Code::NotFound, say!("`{field}` refers to nothing that you may see")),
        RefusalKind::Check => (Code::Invalid, say!("`{field}` is outside what is allowed")),
        RefusalKind::NotNull => (Code::Required, say!("`{field}` may not be empty")),
        RefusalKind::Range => (Code::OutOfRange, say!("a number is larger than what can be kept")),
        RefusalKind::Text => (Code::Invalid, say!("a text contains the character NUL")),
        RefusalKind::Scope if refusal.message.contains("\"row_scope\"") => {
            (Code::Invalid, say!("it would lie outside the region or department that you are limited to"))
        }
        RefusalKind::Scope => (Code::Invalid, say!("it would lie outside of what you may see")),
    }
}

/// The column in the name of a constraint, `deals_owner_id_fkey`.
pub fn column_of<'n>(table: &str, constraint: &'n str) -> Option<&'n str> {
    let rest = constraint.strip_prefix(table)?.strip_prefix('_')?;
    ["_fkey", "_key", "_check"].iter().find_map(|kind| rest.strip_suffix(kind))
}

/// `owner_id` as an input names it.
fn input_field(column: &str) -> String {
    let mut words = column.split('_');
    let mut field = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        field.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        field.push_str(letters.as_str());
    }
    field
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constraint_named_after_its_column_explains_itself() {
        let refusal = Refusal {
            kind: RefusalKind::ForeignKey,
            constraint: "deals_owner_id_fkey".to_owned(),
            table: "deals".to_owned(),
            column: None,
            message: "insert or update on table \"deals\" violates foreign key constraint".to_owned(),
            detail: None,
        };
        let explained = explain(&refusal);
        assert_eq!(explained.code, Code::NotFound);
        assert_eq!(explained.path, ["ownerId"]);
        assert!(!explained.message.english().contains("fkey"));
    }
}
