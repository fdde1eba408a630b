//! Resource types: the kinds of things that permissions speak about (000 §2).
use crate::{
    domains::{
        access::{permission::Permission, resource::Resource},
        prelude::*,
    },
    store::{
        tables::access::{permissions, resource_types, resources},
        value::Texts,
    },
};

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = resource_types, check_for_backend(Pg))]
pub struct ResourceType {
    pub id: Id<ResourceType>,
    pub name: String,
    pub description: Option<String>,
    pub parent_type_id: Option<Id<ResourceType>>,
    pub available_actions: Texts,
    pub metadata: Json,
    pub created_at: DateTime<Utc>,
}

entity!(ResourceType, "restype", access::resource_types, needs "permission.read", owner OrganizationOrPlatform, limited never);

impl Entity for ResourceType {
    fn fields(kind: &mut Fields<Self>) {
        columns! { kind: ResourceType {
            id, name, description, available_actions, metadata, created_at,
        } keeps { parent_type_id } }
        kind.one("parentType", |kind| kind.parent_type_id).about_column("parent_type_id");
        kind.children::<ResourceType>("childTypes", resource_types::parent_type_id)
            .about("The more special kinds of this one.");
        kind.children::<Permission>("permissions", permissions::resource_type_id)
            .about("The permissions that speak about this kind.");
        kind.children::<Resource>("resources", resources::resource_type_id)
            .about("The single things of this kind that rights are limited to.");
        kind.aggregate().by(&["parentType"]).by_period(&["createdAt"]);
    }
}

filter! { ResourceTypeFilter for ResourceType in resource_types {
    id: Compare<Id<ResourceType>>,
    name: Compare<String>,
    created_at: Compare<DateTime<Utc>>,
    parent_type: ResourceTypeFilter => through parent_type_id,
    child_types: Related<ResourceType> => by resource_types::parent_type_id,
    permissions: Related<Permission> => by permissions::resource_type_id,
    resources: Related<Resource> => by resources::resource_type_id,
} }

order! { ResourceTypeOrder, ResourceTypeOrderField for ResourceType {
    /// When the record was made.
    CreatedAt = created_at,
    /// Its name.
    Name = name,
    /// The name of the more general kind.
    ParentTypeName = parent_type_id -> ResourceType.name,
} default [Name Asc] }

pub fn queries(query: &mut Fields<Query>) {
    query
        .by_id::<ResourceType>("resourceType")
        .about("A kind of thing that permissions speak about, by its id.");
    query.list::<ResourceType>("resourceTypes").about(
        "The kinds of things that permissions speak about: the built-in ones and the organization's own.",
    );
}
