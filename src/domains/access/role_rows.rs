//! The rows of the built-in roles: the platform's, which say what they contain, and those that organizations have of them.
use diesel::{sql_query, sql_types::Jsonb};
use diesel_async::AsyncPgConnection;
use serde::Serialize;
use uuid::Uuid;

use super::{
    catalogue::{Entry, id_of},
    system_roles::{OWNER, ROLES, SUPER_ADMIN, SystemRole},
};
use crate::{
    domains::{
        access::{role::Role, role_assignment::RoleAssignment},
        identity::user::User,
        prelude::*,
    },
    store::tables::access::{role_assignments, roles},
};

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
