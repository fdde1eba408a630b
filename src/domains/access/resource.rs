//! Resources: single things that rights can be limited to, lying within each other (000 §2).
use crate::{
    domains::{
        access::{
            permission_grant::PermissionGrant,
            resource_type::{ResourceType, ResourceTypeFilter},
            role_assignment::RoleAssignment,
        },
        identity::user::{User, UserFilter},
        prelude::*,
    },
    store::tables::access::{permission_grants, resources, role_assignments},
};

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = resources, check_for_backend(Pg))]
pub struct Resource {
    pub id: Id<Resource>,
    pub resource_type_id: Id<ResourceType>,
    pub resource_id: String,
    pub name: Option<String>,
    pub description: Option<String>,
    pub parent_resource_id: Option<Id<Resource>>,
    pub owner_id: Option<Id<User>>,
    pub attributes: Json,
    pub is_active: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub revision: i32,
}

entity!(Resource, "res", access::resources, needs "resource.read", version revision);

impl Entity for Resource {
    fn fields(resource: &mut Fields<Self>) {
        columns! { resource: Resource {
            id, resource_id, name, description, attributes, is_active, revision as "version", created_at, updated_at,
        } keeps { resource_type_id, parent_resource_id, owner_id } }
        resource
            .one("resourceType", |resource| Some(resource.resource_type_id))
            .about_column("resource_type_id")
            .required();
        resource.one("parent", |resource| resource.parent_resource_id).about_column("parent_resource_id");
        resource.one("owner", |resource| resource.owner_id).about_column("owner_id");
        resource
            .children::<Resource>("children", resources::parent_resource_id)
            .about("The things that lie directly within this one.");
        resource
            .children::<RoleAssignment>("roleAssignments", role_assignments::resource_scope)
            .about("The roles that were given for this thing alone.");
        resource
            .children::<PermissionGrant>("permissionGrants", permission_grants::resource_id)
            .about("The permissions that were given for this thing alone.");
    }
}

filter! { ResourceFilter for Resource in resources {
    id: Compare<Id<Resource>>,
    resource_id: Compare<String>,
    name: Compare<String>,
    is_active: Compare<bool>,
    created_at: Compare<DateTime<Utc>>,
    updated_at: Compare<DateTime<Utc>>,
    resource_type: ResourceTypeFilter => through resource_type_id,
    owner: UserFilter => through owner_id,
} }

order! { ResourceOrder, ResourceOrderField for Resource {
    /// When the record was made.
    CreatedAt = created_at,
    /// When the record was changed last.
    UpdatedAt = updated_at,
    /// Its name.
    Name = name,
} default [CreatedAt Desc] }

pub fn queries(query: &mut Fields<Query>) {
    query.by_id::<Resource>("resource").about(
        "A single thing that rights are limited to, by its id; null when there is none that you may see.",
    );
    query
        .list::<Resource>("resources")
        .about("The single things that rights are limited to, newest first unless ordered otherwise.");
}
