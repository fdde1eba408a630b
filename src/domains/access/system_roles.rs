//! The roles that every organization has from its first day (model.md 1.6): who they are for, and what they may do.
//!
//! The platform owns the permissions of these roles; an organization has a row of its own for each, which only says that
//! the role is there. A pattern is a permission, all of a resource (`deal.*`), all of one action (`*.read`), or `*`.
use diesel::{sql_query, sql_types::Jsonb};
use diesel_async::AsyncPgConnection;
use serde::Serialize;
use uuid::Uuid;

use super::catalogue::{Entry, id_of};
use crate::{
    domains::{
        access::{role::Role, role_assignment::RoleAssignment},
        identity::user::User,
        prelude::*,
    },
    store::tables::access::{role_assignments, roles},
};

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
        description: "For keys of other systems: reads figures, reads and writes accounts, deals and conversations, exports lists, deletes nothing.",
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

    fn id(&self) -> Uuid {
        id_of("role", self.name)
    }

    fn metadata(&self) -> serde_json::Value {
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

/// Gives the organization of `write` its own row of every built-in role, and makes `founder` its owner.
pub async fn found(write: &mut Write, founder: Id<User>) -> Outcome<()> {
    copy_into(write).await?;
    let organization = write.organization();
    let owner: Id<Role> = roles::table
        .filter(roles::organization_id.eq(organization))
        .filter(roles::name.eq(OWNER))
        .select(roles::id)
        .first(write)
        .await?;
    diesel::insert_into(role_assignments::table)
        .values((
            role_assignments::organization_id.eq(organization),
            role_assignments::id.eq(Id::<RoleAssignment>::fresh()),
            role_assignments::user_id.eq(founder),
            role_assignments::role_id.eq(owner),
            role_assignments::assignment_reason.eq("founded the organization"),
        ))
        .execute(write)
        .await?;
    Ok(())
}

/// Gives the organization of `write` its own row of every built-in role that it lacks.
pub async fn copy_into(write: &mut Write) -> Outcome<()> {
    let organization = write.organization();
    let row = |role: &SystemRole| {
        (
            roles::organization_id.eq(organization),
            roles::id.eq(Id::<Role>::fresh()),
            roles::name.eq(role.name),
            roles::display_name.eq(role.display_name),
            roles::description.eq(role.description),
            roles::is_system_role.eq(true),
            roles::metadata.eq(Json(role.metadata())),
            roles::valid_from.eq(clock::now()),
        )
    };
    let rows = ROLES.iter().map(row).collect::<Vec<_>>();
    diesel::insert_into(roles::table).values(rows).on_conflict_do_nothing().execute(write).await?;
    Ok(())
}

#[derive(Serialize)]
struct Row {
    id: Uuid,
    name: &'static str,
    display_name: &'static str,
    description: &'static str,
    metadata: serde_json::Value,
}

#[derive(Serialize)]
struct Held {
    id: Uuid,
    role_id: Uuid,
    permission_id: Uuid,
}

const PLATFORM_ROLES: &str = "
    INSERT INTO access.roles AS r
      (organization_id, id, name, display_name, description, is_system_role, metadata, valid_from)
    SELECT '00000000-0000-0000-0000-000000000000', n.id, n.name, n.display_name, n.description, true, n.metadata, '2000-01-01T00:00Z'
      FROM jsonb_to_recordset($1) AS n(id uuid, name text, display_name text, description text, metadata jsonb)
    ON CONFLICT (organization_id, id) DO UPDATE
      SET display_name = excluded.display_name, description = excluded.description, metadata = excluded.metadata
      WHERE (r.display_name, r.description, r.metadata) IS DISTINCT FROM (excluded.display_name, excluded.description, excluded.metadata)";

const GIVEN: &str = "
    INSERT INTO access.role_permissions
      (organization_id, id, role_id, permission_id, permission_org_id, valid_from)
    SELECT '00000000-0000-0000-0000-000000000000', h.id, h.role_id, h.permission_id, '00000000-0000-0000-0000-000000000000', '2000-01-01T00:00Z'
      FROM jsonb_to_recordset($1) AS h(id uuid, role_id uuid, permission_id uuid)
    ON CONFLICT DO NOTHING";

const TAKEN: &str = "
    DELETE FROM access.role_permissions rp
     WHERE rp.organization_id = '00000000-0000-0000-0000-000000000000'
       AND NOT EXISTS (SELECT FROM jsonb_to_recordset($1) AS h(id uuid) WHERE h.id = rp.id)";

/// Organizations made by an older version lack the roles that are new, and know the others by older words. Asked only
/// when the platform's roles have changed; only an owner that row-level security does not bind sees them all.
const HANDED_ON: &str = "
    INSERT INTO access.roles AS r (organization_id, id, name, display_name, description, is_system_role, metadata)
    SELECT o.id, ops.uuid_v7(), n.name, n.display_name, n.description, true, n.metadata
      FROM identity.organizations o
     CROSS JOIN jsonb_to_recordset($1) AS n(name text, display_name text, description text, metadata jsonb)
     WHERE o.id <> '00000000-0000-0000-0000-000000000000' AND n.name <> 'super_admin'
    ON CONFLICT (organization_id, name) DO UPDATE
      SET display_name = excluded.display_name, description = excluded.description, metadata = excluded.metadata
      WHERE r.is_system_role AND (r.display_name, r.description, r.metadata)
        IS DISTINCT FROM (excluded.display_name, excluded.description, excluded.metadata)";

/// Brings the platform's roles and what they contain up to date.
pub(super) async fn sync(owner: &mut AsyncPgConnection, entries: &[Entry]) -> StoreResult<()> {
    let all = || ROLES.iter().chain([&SUPER_ADMIN]);
    let row = |role: &SystemRole| Row {
        id: role.id(),
        name: role.name,
        display_name: role.display_name,
        description: role.description,
        metadata: role.metadata(),
    };
    let rows = Json(serde_json::json!(all().map(row).collect::<Vec<_>>()));
    let held = all().flat_map(|role| {
        let names = entries.iter().map(|entry| entry.name.as_str()).filter(|name| role.holds(name));
        names.map(|name| Held {
            id: id_of("role permission", &format!("{}/{name}", role.name)),
            role_id: role.id(),
            permission_id: id_of("permission", name),
        })
    });
    let held = Json(serde_json::json!(held.collect::<Vec<_>>()));
    let changed = sql_query(PLATFORM_ROLES).bind::<Jsonb, _>(&rows).execute(owner).await?;
    if changed > 0 {
        sql_query(HANDED_ON).bind::<Jsonb, _>(&rows).execute(owner).await?;
    }
    for statement in [TAKEN, GIVEN] {
        sql_query(statement).bind::<Jsonb, _>(&held).execute(owner).await?;
    }
    Ok(())
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
