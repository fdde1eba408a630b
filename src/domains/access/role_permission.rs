//! Which permissions a role contains, and when (000 §2). A built-in role contains what the platform says.
use std::collections::HashMap;

use crate::{
    domains::{
        access::{
            authority::{self, Given},
            permission::Permission,
            role::{self, Role},
        },
        identity::user::User,
        prelude::*,
    },
    store::{
        select::PLATFORM,
        tables::access::{permissions, role_permissions, roles},
    },
};

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = role_permissions, check_for_backend(Pg))]
pub struct RolePermission {
    pub id: Id<RolePermission>,
    pub role_id: Id<Role>,
    pub permission_id: Id<Permission>,
    pub granted_by: Option<Id<User>>,
    pub granted_at: DateTime<Utc>,
    pub valid_from: DateTime<Utc>,
    pub valid_until: Option<DateTime<Utc>>,
    pub additional_conditions: AccessCondition,
}

entity!(RolePermission, "roleperm", access::role_permissions, needs "role.read", owner OrganizationOrPlatform, limited never);

impl Entity for RolePermission {
    fn fields(held: &mut Fields<Self>) {
        columns! { held: RolePermission {
            id, granted_at, valid_from, valid_until, additional_conditions,
        } keeps { role_id, permission_id, granted_by } }
        held.one("role", |held| Some(RoleOf(held.role_id))).about_column("role_id");
        held.one("permission", |held| Some(held.permission_id)).about_column("permission_id").required();
        held.one("grantedBy", |held| held.granted_by).about_column("granted_by");
    }
}

/// What a role contains itself, by name of the permission.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PermissionsOf(pub Id<Role>);

impl Batch for PermissionsOf {
    type Value = Vec<RolePermission>;

    async fn load(db: &Snapshot, keys: &[Self]) -> StoreResult<HashMap<Self, Self::Value>> {
        let source = diesel::alias!(roles as role_source);
        let ids = keys.iter().map(|key| key.0).collect::<Vec<_>>();
        let query = role_permissions::table
            .inner_join(
                permissions::table.on(permissions::organization_id
                    .eq(role_permissions::permission_org_id)
                    .and(permissions::id.eq(role_permissions::permission_id))),
            )
            .inner_join(
                source.on(source
                    .field(roles::organization_id)
                    .eq(role_permissions::organization_id)
                    .and(source.field(roles::id).eq(role_permissions::role_id))),
            )
            .inner_join(
                roles::table.on(roles::id.eq(role_permissions::role_id).or(roles::is_system_role
                    .and(source.field(roles::organization_id).eq(PLATFORM))
                    .and(source.field(roles::name).eq(roles::name)))),
            )
            .filter(roles::organization_id.eq(db.organization()))
            .filter(roles::id.eq_any(ids))
            .order((permissions::name, role_permissions::id))
            .select((roles::id, RolePermission::as_select()));
        let mut found = HashMap::<Self, Self::Value>::new();
        for (role, held) in db.load::<_, (Id<Role>, RolePermission)>(query).await? {
            found.entry(Self(role)).or_default().push(held);
        }
        Ok(found)
    }
}

/// A permission that a role gives, and where it comes from.
#[derive(Clone)]
pub struct PermissionSource {
    name: String,
    role: Id<Role>,
    entry: Id<RolePermission>,
}

impl Object for PermissionSource {
    const NAME: &'static str = "PermissionSource";
    const NEEDS: Option<&'static str> = Some("role.read");

    fn about() -> String {
        "A permission that a role gives at this moment, and the role that it comes from.".to_owned()
    }

    fn fields(source: &mut Fields<Self>) {
        source.derived("name", |source| source.name.clone()).about("The name of the permission.");
        source
            .one("role", |source| Some(source.role))
            .about("The role that contains it: this one, or one above it.")
            .required();
        source
            .one("rolePermission", |source| Some(source.entry))
            .about("What that role contains.")
            .required();
    }
}

/// What a role gives now, and where that comes from.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SourcesOf(pub Id<Role>);

impl Batch for SourcesOf {
    type Value = Vec<PermissionSource>;

    async fn load(db: &Snapshot, keys: &[Self]) -> StoreResult<HashMap<Self, Self::Value>> {
        let ids = keys.iter().map(|key| key.0).collect();
        let question = authority::given(db.organization(), ids, Some(clock::now()));
        let mut found = HashMap::<Self, Self::Value>::new();
        for given in db.load::<_, Given>(question).await? {
            let (role, entry) = (Id::of(given.source), Id::of(given.entry));
            let source = PermissionSource { name: given.permission, role, entry };
            found.entry(Self(Id::of(given.role))).or_default().push(source);
        }
        Ok(found)
    }
}

/// The organization's role that a row belongs to: for rows of the platform, the built-in role of the same name.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct RoleOf(Id<Role>);

impl Batch for RoleOf {
    type Value = Role;

    async fn load(db: &Snapshot, keys: &[Self]) -> StoreResult<HashMap<Self, Self::Value>> {
        let source = diesel::alias!(roles as role_source);
        let ids = keys.iter().map(|key| key.0).collect::<Vec<_>>();
        let query = source
            .inner_join(
                roles::table.on(roles::id.eq(source.field(roles::id)).or(roles::is_system_role
                    .and(source.field(roles::organization_id).eq(PLATFORM))
                    .and(source.field(roles::name).eq(roles::name)))),
            )
            .filter(roles::organization_id.eq(db.organization()))
            .filter(source.field(roles::id).eq_any(ids))
            .select((source.field(roles::id), Role::as_select()));
        let rows = db.load::<_, (Id<Role>, Role)>(query).await?;
        Ok(rows.into_iter().map(|(source, role)| (Self(source), role)).collect())
    }
}

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .change("rolePermissionAdd", add)
        .needs("role.write")
        .in_person()
        .about("Adds a permission to a role of your own making; who has the role has it with their next request. You can add only what you hold yourself. Errors: NOT_FOUND, NOT_UNIQUE, INVALID, STATE.");
    mutations
        .change("rolePermissionRemove", remove)
        .needs("role.write")
        .in_person()
        .about("Takes a permission out of a role of your own making; it is gone with the next request. Errors: NOT_FOUND, STATE.");
}

/// A permission to be added to a role.
#[derive(InputObject)]
struct RolePermissionAddInput {
    /// To which role.
    role_id: Id<Role>,
    /// Which permission.
    permission_id: Id<Permission>,
    /// From when the role contains it; from now on when absent.
    valid_from: Option<DateTime<Utc>>,
    /// Until when the role contains it; without end when absent.
    valid_until: Option<DateTime<Utc>>,
    /// Under which condition the role contains it; always when absent.
    condition: Option<AccessCondition>,
}

async fn add(write: &mut Write, input: RolePermissionAddInput) -> Outcome<Id<RolePermission>> {
    let role = record::find(write, input.role_id, &["input", "roleId"]).await?;
    role.is_own(&["input", "roleId"])?;
    let permission = authority::permission(write, input.permission_id).await?;
    let names = [permission.row.right_name];
    authority::may_define(write, &names, role.row_scope())?;
    let condition = authority::condition(input.condition, &names)?;
    let held = Changes::default()
        .set(role_permissions::role_id, role.id)
        .set(role_permissions::permission_id, permission.row.id)
        .set(role_permissions::permission_org_id, permission.organization)
        .set(role_permissions::granted_by, write.caller().user)
        .set(role_permissions::valid_from, input.valid_from.unwrap_or_else(clock::now))
        .set(role_permissions::valid_until, input.valid_until)
        .set(role_permissions::additional_conditions, condition);
    let id = record::create(write, held).await?;
    role::widened(write, &role, serde_json::json!({ "role": role.name, "permissions": names })).await?;
    Ok(id)
}

/// A permission to be taken out of a role.
#[derive(InputObject)]
struct RolePermissionRemoveInput {
    /// Which entry of the role's `permissions`.
    id: Id<RolePermission>,
}

async fn remove(write: &mut Write, input: RolePermissionRemoveInput) -> Outcome<Id<Role>> {
    let held = role_permissions::table
        .filter(role_permissions::organization_id.eq_any([write.organization(), PLATFORM]))
        .filter(role_permissions::id.eq(input.id))
        .select(RolePermission::as_select())
        .first(write)
        .await
        .optional()?
        .ok_or_else(|| UserError::not_found(input.id, &["input", "id"]))?;
    // an entry of the platform hangs on no role of the organization: it belongs to a built-in one
    let built_in = || UserError::state(say!("a built-in role cannot be changed"), &["input", "id"], &[]);
    let role = record::find(write, held.role_id, &["input", "id"]).await.or(Err(built_in()))?;
    role.is_own(&["input", "id"])?;
    let permission = authority::permission(write, held.permission_id).await?;
    authority::may_take(write, &[permission.row.right_name], role.row_scope())?;
    diesel::delete(role_permissions::table.find((write.organization(), held.id))).execute(write).await?;
    record::removed(write, &held).await?;
    Ok(role.id)
}
