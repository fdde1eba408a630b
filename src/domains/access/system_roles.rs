//! The roles that every organization has from its first day (model.md 1.6): who they are for, and what they may do.
//!
//! The platform owns the permissions of these roles; an organization has a row of its own for each, which only says that
//! the role is there. A pattern is a permission, all of a resource (`deal.*`), all of one action (`*.read`), or `*`.
use uuid::Uuid;

use super::{catalogue::id_of, role::Role};

/// The role that can do everything in an organization.
pub const OWNER: &str = "owner";

/// One built-in role.
#[derive(Clone, Copy, Debug)]
pub struct SystemRole {
    pub name: &'static str,
    pub display_name: &'static str,
    pub description: &'static str,
    /// Limits who holds no other role to the records of their region or department.
    pub row_scope: Option<&'static str>,
    pub may: &'static [&'static str],
    pub but_not: &'static [&'static str],
}

/// What every role may, so that names and changes can be shown at all.
const EVERYBODY: &[&str] =
    &["user.read", "user.profile.read", "organization.read", "event.read", "plan.read"];

/// What only those read who look after access, security and money.
const SENSITIVE: &[&str] = &[
    "audit.*",
    "api_key.*",
    "sso_provider.*",
    "invitation.*",
    "role.assignment.read",
    "permission.grant.read",
    "membership.preferences.read",
    "organization.settings.read",
    "user.profile.private.read",
    "security_event.*",
    "data.restricted.read",
    "data.top_secret.read",
    "subscription.*",
    "quota.*",
    "usage.*",
];

/// Roles with which one can give oneself or others more.
const PRIVILEGED: &[&str] = &[OWNER, "admin", "security_admin"];

/// Whether a role is one of those.
pub fn is_privileged(role: &Role) -> bool {
    role.is_system_role && PRIVILEGED.contains(&role.name.as_str())
}

/// All built-in roles, the mightiest first.
pub const ROLES: &[SystemRole] = &[
    SystemRole {
        name: OWNER,
        display_name: "Owner",
        description: "Answers for the organization and may do everything in it.",
        row_scope: None,
        may: &["*"],
        but_not: &[],
    },
    SystemRole {
        name: "admin",
        display_name: "Administrator",
        description: "Runs the organization day by day: everything except what only its owner decides.",
        row_scope: None,
        may: &["*"],
        but_not: &["role.grant.any", "organization.delete"],
    },
    SystemRole {
        name: "security_admin",
        display_name: "Security administrator",
        description: "Looks after people's access: memberships, roles, keys and the audit trail. Sees no business records; may give others, never themselves, rights beyond their own.",
        row_scope: None,
        may: &[
            "user.*",
            "membership.*",
            "invitation.*",
            "team.*",
            "role.*",
            "permission.*",
            "resource.*",
            "access.*",
            "masking_policy.*",
            "data_classification.*",
            "security_event.*",
            "data.internal.read",
            "data.confidential.read",
            "approval.*",
            "api_key.*",
            "sso_provider.*",
            "audit.*",
            "organization.settings.read",
        ],
        but_not: &["user.profile.private.read"],
    },
    SystemRole {
        name: "compliance_officer",
        display_name: "Compliance officer",
        description: "Keeps frameworks, controls, tests and issues, reviews the audit trail, and reads what serves as evidence, people's conversations aside.",
        row_scope: None,
        may: &[
            "*.read",
            "export.create",
            "import.create",
            "framework.*",
            "control.*",
            "issue.*",
            "audit.*",
            "access.explain",
            "data_classification.*",
            "security_event.*",
        ],
        but_not: &[
            "data.top_secret.read",
            "api_key.*",
            "membership.preferences.read",
            "user.profile.private.read",
            "conversation.*",
            "message.*",
            "subscription.*",
            "quota.*",
            "usage.*",
        ],
    },
    SystemRole {
        name: "cfo",
        display_name: "Chief financial officer",
        description: "Answers for money: approves and locks budgets, accepts risks, sees every figure, the state of compliance and the audit trail.",
        row_scope: None,
        may: &[
            "*.read",
            "export.create",
            "import.create",
            "budget.*",
            "cost_center.*",
            "department.*",
            "subscription.*",
            "conversation.read",
            "conversation.write",
            "conversation.share",
            "conversation.delete",
            "message.*",
            "issue.accept_risk",
        ],
        but_not: &[
            "security_event.*",
            "data.top_secret.read",
            "api_key.*",
            "audit.personal.read",
            "invitation.*",
            "membership.preferences.read",
            "user.profile.private.read",
        ],
    },
    SystemRole {
        name: "finance_manager",
        display_name: "Finance manager",
        description: "Prepares and submits budgets and keeps cost centers and departments; approval is somebody else's.",
        row_scope: None,
        may: &[
            "*.read",
            "export.create",
            "import.create",
            "budget.write",
            "budget.submit",
            "cost_center.*",
            "department.*",
            "conversation.read",
            "conversation.write",
            "conversation.share",
            "conversation.delete",
            "message.*",
        ],
        // what SENSITIVE names, but for money
        but_not: &[
            "audit.*",
            "api_key.*",
            "sso_provider.*",
            "invitation.*",
            "role.assignment.read",
            "permission.grant.read",
            "membership.preferences.read",
            "organization.settings.read",
            "user.profile.private.read",
            "security_event.*",
            "data.restricted.read",
            "data.top_secret.read",
        ],
    },
    SystemRole {
        name: "cost_manager",
        display_name: "Cost manager",
        description: "Plans the budgets of cost centers and watches what is spent.",
        row_scope: None,
        may: &[
            "department.read",
            "cost_center.*",
            "budget.read",
            "budget.amount.read",
            "budget.write",
            "budget.submit",
            "data.internal.read",
            "conversation.read",
            "conversation.write",
            "conversation.share",
            "conversation.delete",
            "message.*",
        ],
        but_not: &[],
    },
    SystemRole {
        name: "manager",
        display_name: "Manager",
        description: "Leads a team: works with all accounts, deals and conversations, reads plans and budgets, follows up issues.",
        row_scope: None,
        may: &[
            "*.read",
            "account.*",
            "deal.*",
            "conversation.*",
            "message.*",
            "issue.write",
            "export.create",
            "import.create",
        ],
        but_not: SENSITIVE,
    },
    SystemRole {
        name: "analyst",
        display_name: "Analyst",
        description: "Reads deals, budgets and their figures within the region of their membership and asks about them in conversations of their own. Changes no records.",
        row_scope: Some("region"),
        may: &[
            "account.read",
            "deal.read",
            "deal.value.read",
            "deal.history.read",
            "budget.read",
            "budget.amount.read",
            "department.read",
            "cost_center.read",
            "data.internal.read",
            "conversation.read",
            "conversation.write",
            "conversation.share",
            "conversation.delete",
            "message.*",
        ],
        but_not: &[],
    },
    SystemRole {
        name: "user",
        display_name: "User",
        description: "An ordinary member: has conversations, and works on accounts and deals without deleting any.",
        row_scope: None,
        may: &[
            "user.email.read",
            "department.read",
            "account.read",
            "account.write",
            "deal.read",
            "deal.write",
            "deal.value.read",
            "deal.history.read",
            "data.internal.read",
            "conversation.read",
            "conversation.write",
            "conversation.share",
            "conversation.delete",
            "message.*",
        ],
        but_not: &[],
    },
    SystemRole {
        name: "viewer",
        display_name: "Viewer",
        description: "Looks at accounts and deals, without amounts and personal data. Changes nothing.",
        row_scope: None,
        may: &["department.read", "account.read", "deal.read", "conversation.read", "message.read"],
        but_not: &[],
    },
    SystemRole {
        name: "api_user",
        display_name: "Program",
        description: "For keys of other systems: reads figures, reads and writes accounts, deals and conversations, exports and imports lists, deletes nothing.",
        row_scope: None,
        may: &[
            "user.email.read",
            "department.read",
            "cost_center.read",
            "budget.read",
            "budget.amount.read",
            "account.read",
            "account.write",
            "deal.read",
            "deal.write",
            "deal.value.read",
            "deal.history.read",
            "conversation.read",
            "conversation.read_all",
            "conversation.write",
            "conversation.share",
            "message.read",
            "message.write",
            "export.read",
            "export.create",
            "import.read",
            "import.create",
        ],
        but_not: &[],
    },
];

/// The role of those who run the platform itself; no organization has it.
pub const SUPER_ADMIN: SystemRole = SystemRole {
    name: "super_admin",
    display_name: "Platform administrator",
    description: "Runs the platform and may do everything in it.",
    row_scope: None,
    may: &["*"],
    but_not: &[],
};

impl SystemRole {
    /// Whether the role contains a permission.
    pub fn holds(&self, permission: &str) -> bool {
        let any = |patterns: &[&str]| patterns.iter().any(|pattern| matches(pattern, permission));
        (any(EVERYBODY) || any(self.may)) && !any(self.but_not)
    }

    pub(super) fn id(&self) -> Uuid {
        id_of("role", self.name)
    }

    pub(super) fn metadata(&self) -> serde_json::Value {
        self.row_scope
            .map_or_else(|| serde_json::json!({}), |scope| serde_json::json!({ "row_scope": scope }))
    }
}

/// Whether a pattern of the table above covers a permission.
pub fn matches(pattern: &str, permission: &str) -> bool {
    match (pattern.strip_suffix(".*"), pattern.strip_prefix("*.")) {
        _ if pattern == "*" => true,
        (Some(resource), _) => {
            permission.strip_prefix(resource).is_some_and(|action| action.starts_with('.'))
        }
        (_, Some(action)) => permission.strip_suffix(action).is_some_and(|resource| resource.ends_with('.')),
        _ => pattern == permission,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_covers_a_permission_a_resource_or_an_action() {
        assert!(matches("*", "deal.read"));
        assert!(matches("deal.read", "deal.read"));
        assert!(matches("deal.*", "deal.value.read"));
        assert!(matches("*.read", "deal.value.read"));
        assert!(!matches("deal.*", "dealer.read"));
        assert!(!matches("*.read", "deal.spread"));
        assert!(!matches("deal.read", "deal.value.read"));
    }
}
