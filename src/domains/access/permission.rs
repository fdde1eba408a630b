//! Permissions: the right to do one thing with one kind of record (000 §2). The built-in ones are made from the schema
//! by [`super::catalogue`].
use std::collections::HashMap;

use crate::{
    domains::{
        access::{
            approval::ApprovalWorkflow,
            permission_grant::PermissionGrant,
            resource_type::{ResourceType, ResourceTypeFilter},
            role::Role,
        },
        identity::user::User,
        prelude::*,
    },
    store::{
        select::PLATFORM,
        tables::access::{permission_grants, permissions, role_permissions, roles},
    },
};

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = permissions, check_for_backend(Pg))]
pub struct Permission {
    pub id: Id<Permission>,
    pub name: String,
    pub display_name: Option<String>,
    pub description: Option<String>,
    pub resource_type_id: Id<ResourceType>,
    pub action: String,
    pub conditions: Json,
    pub is_system_permission: bool,
    pub requires_approval: bool,
    pub approval_workflow_id: Option<Id<ApprovalWorkflow>>,
    pub valid_from: DateTime<Utc>,
    pub valid_until: Option<DateTime<Utc>>,
    pub metadata: Json,
    pub created_at: DateTime<Utc>,
    pub created_by: Option<Id<User>>,
}

entity!(Permission, "perm", access::permissions, needs "permission.read", owner OrganizationOrPlatform, limited never);

impl Entity for Permission {
    fn fields(permission: &mut Fields<Self>) {
        columns! { permission: Permission {
            id, name, display_name, description, action, conditions, is_system_permission, requires_approval,
            valid_from, valid_until, metadata, created_at,
        } keeps { resource_type_id, approval_workflow_id, created_by } }
        permission
            .one("resourceType", |permission| Some(permission.resource_type_id))
            .about_column("resource_type_id")
            .required();
        permission
            .one("approvalWorkflow", |permission| permission.approval_workflow_id)
            .about_column("approval_workflow_id");
        permission.one("createdBy", |permission| permission.created_by).about_column("created_by");
        permission
            .many("roles", |permission| RolesWith(permission.id))
            .about("The roles that contain it themselves, by name; those that inherit it are not listed.");
        permission
            .children::<PermissionGrant>("grants", permission_grants::permission_id)
            .about("To whom it was given directly, without a role.");
    }
}

filter! { PermissionFilter for Permission in permissions {
    id: Compare<Id<Permission>>,
    name: Compare<String>,
    action: Compare<String>,
    is_system_permission: Compare<bool>,
    requires_approval: Compare<bool>,
    valid_until: Compare<DateTime<Utc>>,
    created_at: Compare<DateTime<Utc>>,
    resource_type: ResourceTypeFilter => through resource_type_id,
} }

order! { PermissionOrder, PermissionOrderField for Permission {
    /// When the record was made.
    CreatedAt = created_at,
    /// Its name.
    Name = name,
} default [Name Asc] }

/// The organization's roles that contain a permission; a built-in role contains what the platform's of the same name does.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct RolesWith(Id<Permission>);

impl Batch for RolesWith {
    type Value = Vec<Role>;

    async fn load(db: &Snapshot, keys: &[Self]) -> StoreResult<HashMap<Self, Self::Value>> {
        let source = diesel::alias!(roles as role_source);
        let ids = keys.iter().map(|key| key.0).collect::<Vec<_>>();
        let query = role_permissions::table
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
            .filter(role_permissions::permission_id.eq_any(ids))
            .order((roles::name, roles::id))
            .select((role_permissions::permission_id, Role::as_select()));
        let mut found = HashMap::<Self, Self::Value>::new();
        for (permission, role) in db.load::<_, (Id<Permission>, Role)>(query).await? {
            found.entry(Self(permission)).or_default().push(role);
        }
        Ok(found)
    }
}

pub fn queries(query: &mut Fields<Query>) {
    query
        .by_id::<Permission>("permission")
        .about("A permission by its id; null when there is none that you may see.");
    query.list::<Permission>("permissions").about(
        "All permissions: the built-in ones and the organization's own, by name unless ordered otherwise.",
    );
}
