//! Who may pass rights on: nobody gives, takes or bundles what they do not hold themselves.
//!
//! `role.grant.any` lifts this for giving to *other* people; it never helps oneself, neither directly nor by changing
//! what a role contains.
use diesel::{QueryableByName, sql_query, sql_types};
use uuid::Uuid;

use crate::{
    domains::{
        access::{permission::Permission, role::Role, system_roles},
        identity::user::User,
        prelude::*,
    },
    graph::fault::Fault,
    store::{
        select::PLATFORM,
        tables::access::{permissions, role_assignments, roles},
    },
};

/// The permission to give others what one does not hold.
pub const GRANT_ANY: &str = "role.grant.any";

/// Whether a right counts at this moment.
pub fn in_force(
    revoked_at: Option<DateTime<Utc>>,
    valid_from: DateTime<Utc>,
    valid_until: Option<DateTime<Utc>>,
) -> bool {
    let now = clock::now();
    revoked_at.is_none() && valid_from <= now && valid_until.is_none_or(|end| now < end)
}

/// Refused unless the caller may give these permissions to `person`.
pub fn may_give(write: &Write, person: Id<User>, permissions: &[String]) -> Outcome<()> {
    let to_another = write.caller().user.is_some_and(|caller| caller != person.0);
    if to_another && write.grants().hold(GRANT_ANY) {
        return Ok(());
    }
    may_define(write, permissions)
}

/// Refused unless the caller may take these permissions from somebody.
pub fn may_take(write: &Write, permissions: &[String]) -> Outcome<()> {
    if write.grants().hold(GRANT_ANY) { Ok(()) } else { may_define(write, permissions) }
}

/// Refused unless the caller may let a role contain these permissions.
pub fn may_define(write: &Write, permissions: &[String]) -> Outcome<()> {
    match permissions.iter().find(|permission| !write.grants().hold(permission)) {
        Some(missing) => Err(Fault::forbidden(missing).into()),
        None => Ok(()),
    }
}

/// Refused unless the caller may give the role to `person`.
pub async fn may_give_role(write: &mut Write, person: Id<User>, role: &Role) -> Outcome<()> {
    as_limited(write, role)?;
    let permissions = permissions_of(write, role).await?;
    may_give(write, person, &permissions)
}

/// Refused unless the caller may take the role from somebody.
pub async fn may_take_role(write: &mut Write, role: &Role) -> Outcome<()> {
    let permissions = permissions_of(write, role).await?;
    may_take(write, &permissions)
}

/// Refused unless the caller may make the role what it is.
pub async fn may_define_role(write: &mut Write, role: &Role) -> Outcome<()> {
    as_limited(write, role)?;
    let permissions = permissions_of(write, role).await?;
    may_define(write, &permissions)
}

/// Who sees only the rows of a region or department gives only roles that are limited in the same way.
fn as_limited(write: &Write, role: &Role) -> Outcome<()> {
    let scope = role.row_scope().map(super::role::RowScope::as_str);
    let standing = write.standing();
    let limited = [(standing.region.is_some(), "region"), (standing.department.is_some(), "department")];
    if limited.iter().any(|(limited, by)| *limited && scope != Some(by)) {
        let message = "you see only some records: you can give only roles that are limited in the same way";
        return Err(UserError::state(message, &["input"], &[]).into());
    }
    Ok(())
}

/// Refused when nobody is left with the role that can do everything.
pub async fn somebody_remains(write: &mut Write, role: &Role) -> Outcome<()> {
    if !role.is_system_role || role.name != system_roles::OWNER {
        return Ok(());
    }
    let now = clock::now();
    let living = role_assignments::table
        .filter(role_assignments::organization_id.eq(write.organization()))
        .filter(role_assignments::role_id.eq(role.id))
        .filter(role_assignments::revoked_at.is_null())
        .filter(role_assignments::valid_from.le(now))
        .filter(role_assignments::valid_until.is_null());
    if diesel::select(diesel::dsl::exists(living)).get_result(write).await? {
        return Ok(());
    }
    Err(UserError::state(
        "an organization keeps at least one owner: make somebody else owner first",
        &["input", "id"],
        &[],
    )
    .into())
}

/// Those who hold the role that can do everything, without end.
pub async fn owners(write: &mut Write) -> Outcome<Vec<Id<User>>> {
    let owners = role_assignments::table
        .inner_join(
            roles::table.on(roles::organization_id
                .eq(role_assignments::organization_id)
                .and(roles::id.eq(role_assignments::role_id))),
        )
        .filter(role_assignments::organization_id.eq(write.organization()))
        .filter(roles::is_system_role)
        .filter(roles::name.eq(system_roles::OWNER))
        .filter(role_assignments::revoked_at.is_null())
        .filter(role_assignments::valid_from.le(clock::now()))
        .filter(role_assignments::valid_until.is_null())
        .select(role_assignments::user_id)
        .load(write)
        .await?;
    Ok(owners)
}

/// A permission, and whose it is.
pub struct Found {
    pub organization: Uuid,
    pub row: Permission,
}

/// A permission that the input names: the organization's own, or the platform's.
pub async fn permission(write: &mut Write, id: Id<Permission>) -> Outcome<Found> {
    let found = permissions::table
        .filter(permissions::organization_id.eq_any([write.organization(), PLATFORM]))
        .filter(permissions::id.eq(id))
        .select((permissions::organization_id, Permission::as_select()))
        .first(write)
        .await
        .optional()?;
    let (organization, row) = found.ok_or_else(|| UserError::not_found(id, &["input", "permissionId"]))?;
    Ok(Found { organization, row })
}

/// The names of all permissions that a role gives, whenever it does.
pub async fn permissions_of(write: &mut Write, role: &Role) -> Outcome<Vec<String>> {
    let question = given(write.organization(), vec![role.id], None);
    Ok(question.load::<Given>(write).await?.into_iter().map(|given| given.permission).collect())
}

/// A permission that a role gives, by itself or by inheritance.
#[derive(QueryableByName)]
pub struct Given {
    #[diesel(sql_type = sql_types::Uuid)]
    pub role: Uuid,
    #[diesel(sql_type = sql_types::Text)]
    pub permission: String,
}

type Question = diesel::query_builder::BoxedSqlQuery<'static, Pg, diesel::query_builder::SqlQuery>;

/// What each of `roles` gives: at the moment `at`, or, without one, from now on and ever.
pub fn given(organization: Uuid, roles: Vec<Id<Role>>, at: Option<DateTime<Utc>>) -> Question {
    let roles = roles.into_iter().map(|role| role.0).collect::<Vec<_>>();
    // A built-in role takes its permissions from the platform's role of the same name (store::grants does the same).
    sql_query(
        "WITH RECURSIVE line(role, source, depth) AS (
           SELECT r.id, r.id, 0 FROM access.roles r WHERE r.organization_id = $1 AND r.id = ANY($2)
           UNION ALL
           SELECT l.role, r.parent_role_id, l.depth + 1
             FROM line l JOIN access.roles r ON r.organization_id = $1 AND r.id = l.source
            WHERE r.parent_role_id IS NOT NULL AND l.depth < 32
              AND ($4 OR r.valid_from <= $3) AND (r.valid_until IS NULL OR r.valid_until > $3)
         )
         SELECT DISTINCT l.role, p.name AS permission
           FROM line l
           JOIN access.roles r ON r.organization_id = $1 AND r.id = l.source
           JOIN access.roles s ON CASE WHEN r.is_system_role
                  THEN s.organization_id = '00000000-0000-0000-0000-000000000000' AND s.name = r.name
                  ELSE s.organization_id = r.organization_id AND s.id = r.id END
           JOIN access.role_permissions rp ON rp.organization_id = s.organization_id AND rp.role_id = s.id
           JOIN access.permissions p ON p.organization_id = rp.permission_org_id AND p.id = rp.permission_id
          WHERE ($4 OR greatest(r.valid_from, rp.valid_from, p.valid_from) <= $3)
            AND coalesce(least(r.valid_until, rp.valid_until, p.valid_until) > $3, true)
          ORDER BY l.role, p.name",
    )
    .into_boxed::<Pg>()
    .bind::<sql_types::Uuid, _>(organization)
    .bind::<sql_types::Array<sql_types::Uuid>, _>(roles)
    .bind::<sql_types::Timestamptz, _>(at.unwrap_or_else(clock::now))
    .bind::<sql_types::Bool, _>(at.is_none())
}
