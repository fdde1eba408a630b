//! Who may pass rights on: nobody gives, takes or bundles what they do not hold themselves.
//!
//! `role.grant.any` lifts this for giving to *other* people; it never helps oneself, neither directly nor by changing
//! what a role contains.
use diesel::{QueryableByName, sql_query, sql_types};
use uuid::Uuid;

use crate::{
    domains::{
        access::{
            permission::Permission,
            role::{Role, RowScope},
            system_roles,
        },
        identity::user::User,
        prelude::*,
    },
    graph::{fault::Fault, gate},
    store::{
        grants::{self, Malformed, Rule},
        select::{self, PLATFORM},
        tables::access::permissions,
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

/// Refused unless the caller may give these permissions to `people`.
pub fn may_give(write: &Write, people: &[Id<User>], permissions: &[String]) -> Outcome<()> {
    may_give_within(write, people, permissions, None)
}

/// The same of what a role gives that is limited to a region or department.
fn may_give_within(
    write: &Write,
    people: &[Id<User>],
    permissions: &[String],
    scope: Option<RowScope>,
) -> Outcome<()> {
    let to_others = write.caller().user.is_some_and(|caller| people.iter().all(|person| person.0 != caller));
    if to_others && write.grants().hold(GRANT_ANY) {
        return Ok(());
    }
    may_define(write, permissions, scope)
}

/// Refused unless the caller may take these permissions from somebody.
pub fn may_take(write: &Write, permissions: &[String], scope: Option<RowScope>) -> Outcome<()> {
    if write.grants().hold(GRANT_ANY) { Ok(()) } else { may_define(write, permissions, scope) }
}

/// Refused unless the caller may let a role contain these permissions, which is limited to a region or department if
/// that is said.
pub fn may_define(write: &Write, permissions: &[String], scope: Option<RowScope>) -> Outcome<()> {
    let scope = scope.map(Into::into);
    match permissions.iter().find(|permission| !write.grants().own_within(permission, scope)) {
        // what an approval has given for a time is to be used, not to be passed on
        Some(lent) if write.grants().hold_within(lent, scope) => Err(Fault::forbidden(lent).into()),
        Some(missing) => Err(gate::missing(write.grants(), missing).into()),
        None => Ok(()),
    }
}

/// The condition that a right is given under, as it is kept; refused unless it can be asked about what one of
/// `permissions` is about.
pub fn condition(condition: Option<AccessCondition>, permissions: &[String]) -> Outcome<AccessCondition> {
    let Some(condition) = condition else { return Ok(AccessCondition(serde_json::json!({}))) };
    let tables: Vec<_> = permissions.iter().filter_map(|name| select::about(name)).collect();
    let fine = Rule::read(&condition.0).and_then(|rule| rule.check(&tables));
    fine.map_err(|wrong| malformed(wrong, "condition"))?;
    Ok(condition)
}

/// Refused unless one of `permissions` is about things that can lie within others.
pub fn can_lie_within(permissions: &[String]) -> Outcome<()> {
    if permissions.iter().any(|name| select::about(name).is_some()) {
        return Ok(());
    }
    let message = say!("what this gives is about no records: it cannot be limited to one");
    Err(UserError::new(UserErrorCode::Invalid, message, &["input", "withinId"]).into())
}

/// The rule by which a role is given to members, as it is kept; refused unless it asks about the person alone.
pub fn rule(rule: Option<AccessCondition>) -> Outcome<AccessCondition> {
    let Some(rule) = rule else { return Ok(AccessCondition(serde_json::json!({}))) };
    let fine = Rule::read(&rule.0).and_then(|rule| rule.check_of_person());
    fine.map_err(|wrong| malformed(wrong, "autoAssignConditions"))?;
    Ok(rule)
}

fn malformed(wrong: Malformed, field: &str) -> UserError {
    let path: Vec<&str> = wrong.path.iter().map(String::as_str).collect();
    UserError::new(UserErrorCode::Invalid, wrong.message, &[&["input", field], path.as_slice()].concat())
}

/// Refused unless the caller may give the role to `people`.
pub async fn may_give_role(write: &mut Write, people: &[Id<User>], role: &Role) -> Outcome<()> {
    as_limited(write, role)?;
    let permissions = permissions_of(write, role).await?;
    may_give_within(write, people, &permissions, role.row_scope())
}

/// Refused unless the caller may take the role from somebody.
pub async fn may_take_role(write: &mut Write, role: &Role) -> Outcome<()> {
    let permissions = permissions_of(write, role).await?;
    may_take(write, &permissions, role.row_scope())
}

/// Refused unless the caller may make the role what it is.
pub async fn may_define_role(write: &mut Write, role: &Role) -> Outcome<()> {
    as_limited(write, role)?;
    let permissions = permissions_of(write, role).await?;
    may_define(write, &permissions, role.row_scope())
}

/// Who sees only the rows of a region or department gives only roles that are limited in the same way.
fn as_limited(write: &Write, role: &Role) -> Outcome<()> {
    let scope = role.row_scope().map(grants::RowScope::from);
    let besides = |by: &grants::RowScope| scope != Some(*by) && write.grants().are_within(*by);
    if grants::RowScope::ALL.iter().any(besides) {
        let message =
            say!("you see only some records: you can give only roles that are limited in the same way");
        return Err(UserError::state(message, &["input"], &[]).into());
    }
    Ok(())
}

/// Refused when nobody is left with the role that can do everything.
pub async fn somebody_remains(write: &mut Write, role: &Role, path: &[&str]) -> Outcome<()> {
    if !role.is_system_role || role.name != system_roles::OWNER || !owners(write).await?.is_empty() {
        return Ok(());
    }
    let message = say!("an organization keeps at least one owner: make somebody else owner first");
    Err(UserError::state(message, path, &[]).into())
}

/// Those who hold the role that can do everything, by themselves or in a team, without end and for everything.
pub async fn owners(write: &mut Write) -> Outcome<Vec<Id<User>>> {
    #[derive(QueryableByName)]
    struct Owner {
        #[diesel(sql_type = sql_types::Uuid)]
        user_id: Uuid,
    }
    let owners = sql_query(
        "SELECT DISTINCT h.user_id
           FROM access.roles r
          CROSS JOIN LATERAL access.holders(r.organization_id, r.id) h
           JOIN access.role_assignments a ON a.organization_id = r.organization_id AND a.id = h.assignment_id
           JOIN identity.memberships m ON m.organization_id = r.organization_id AND m.user_id = h.user_id
          WHERE r.organization_id = $1 AND r.is_system_role AND r.name = $2 AND m.status = 'active'
            AND a.valid_from <= $3 AND a.valid_until IS NULL AND a.resource_scope IS NULL AND a.context_conditions = '{}'",
    )
    .bind::<sql_types::Uuid, _>(write.organization())
    .bind::<sql_types::Text, _>(system_roles::OWNER)
    .bind::<sql_types::Timestamptz, _>(clock::now());
    let owners: Vec<Owner> = owners.load(write).await?;
    Ok(owners.into_iter().map(|owner| Id::of(owner.user_id)).collect())
}

/// A right that is built in, by the name that `@requires` uses; refused where there is none of this name.
pub async fn right(write: &mut Write, name: &str, path: &[&str]) -> Outcome<Found> {
    let found = permissions::table
        .filter(permissions::organization_id.eq(PLATFORM))
        .filter(permissions::name.eq(name))
        .filter(permissions::is_system_permission)
        .filter(permissions::valid_until.is_null())
        .select((permissions::organization_id, Permission::as_select()))
        .first(write)
        .await
        .optional()?;
    let (organization, row) = found.ok_or_else(|| {
        let message = say!("there is no permission `{name}`: take a name that `@requires` uses");
        UserError::new(UserErrorCode::NotFound, message, path)
    })?;
    Ok(Found { organization, row })
}

/// Refused unless it is a name for programs, which no built-in permission has.
pub fn well_named(name: &str, what: &str, example: &str) -> Outcome<()> {
    let letters = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    if name.starts_with(|first: char| first.is_ascii_lowercase()) && name.chars().all(letters) {
        return Ok(());
    }
    let message =
        say!("a {what}'s name begins with a letter and holds only a to z, 0 to 9 and _: `{example}`");
    Err(UserError::new(UserErrorCode::Invalid, message, &["input", "name"]).into())
}

/// A permission, and whose it is.
pub struct Found {
    pub organization: Uuid,
    pub row: Permission,
}

/// A permission that the input names: the organization's own, or the platform's.
pub async fn permission(write: &mut Write, id: Id<Permission>) -> Outcome<Found> {
    permission_at(write, id, &["input", "permissionId"]).await
}

/// The same where the input names it at another `path`.
pub async fn permission_at(write: &mut Write, id: Id<Permission>, path: &[&str]) -> Outcome<Found> {
    let found = permissions::table
        .filter(permissions::organization_id.eq_any([write.organization(), PLATFORM]))
        .filter(permissions::id.eq(id))
        .select((permissions::organization_id, Permission::as_select()))
        .first(write)
        .await
        .optional()?;
    let (organization, row) = found.ok_or_else(|| UserError::not_found(id, path))?;
    Ok(Found { organization, row })
}

/// The names of all rights that a role gives, whenever it does, and whatever they need besides.
pub async fn permissions_of(write: &mut Write, role: &Role) -> Outcome<Vec<String>> {
    let question = given(write.organization(), vec![role.id], None);
    let given = question.load::<Given>(write).await?;
    let mut names: Vec<_> = given.into_iter().map(|given| given.permission).collect();
    names.dedup();
    Ok(names)
}

/// A permission that a role gives, by itself or by inheritance.
#[derive(QueryableByName)]
pub struct Given {
    #[diesel(sql_type = sql_types::Uuid)]
    pub role: Uuid,
    #[diesel(sql_type = sql_types::Text)]
    pub permission: String,
    /// The role that contains it.
    #[diesel(sql_type = sql_types::Uuid)]
    pub source: Uuid,
    /// The entry of that role.
    #[diesel(sql_type = sql_types::Uuid)]
    pub entry: Uuid,
}

type Question = diesel::query_builder::BoxedSqlQuery<'static, Pg, diesel::query_builder::SqlQuery>;

/// What each of `roles` gives, by name, once for each role that contains it: at the moment `at`, or, without one, from now
/// on and ever, approved or not.
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
         SELECT l.role, p.right_name AS permission, l.source, rp.id AS entry
           FROM line l
           JOIN access.roles r ON r.organization_id = $1 AND r.id = l.source
           JOIN access.roles s ON CASE WHEN r.is_system_role
                  THEN s.organization_id = '00000000-0000-0000-0000-000000000000' AND s.name = r.name
                  ELSE s.organization_id = r.organization_id AND s.id = r.id END
           JOIN access.role_permissions rp ON rp.organization_id = s.organization_id AND rp.role_id = s.id
           JOIN access.permissions p ON p.organization_id = rp.permission_org_id AND p.id = rp.permission_id
          WHERE ($4 OR greatest(r.valid_from, rp.valid_from, p.valid_from) <= $3)
            AND coalesce(least(r.valid_until, rp.valid_until, p.valid_until) > $3, true)
            AND ($4 OR NOT p.requires_approval)
          ORDER BY l.role, p.right_name, l.depth",
    )
    .into_boxed::<Pg>()
    .bind::<sql_types::Uuid, _>(organization)
    .bind::<sql_types::Array<sql_types::Uuid>, _>(roles)
    .bind::<sql_types::Timestamptz, _>(at.unwrap_or_else(clock::now))
    .bind::<sql_types::Bool, _>(at.is_none())
}
