//! Resources: single things that rights can be limited to, lying within each other (000 §2).
use crate::{
    domains::{
        access::authority,
        access::{
            approval::ApprovalRequest,
            permission_grant::PermissionGrant,
            resource_type::{ResourceType, ResourceTypeFilter},
            role_assignment::RoleAssignment,
        },
        identity::user::{User, UserFilter},
        prelude::*,
    },
    graph::rows::{table_of_prefix, type_of_prefix},
    store::{
        select::PLATFORM,
        tables::access::{approval_requests, permission_grants, resource_types, resources, role_assignments},
    },
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
        resource
            .children::<ApprovalRequest>("approvalRequests", approval_requests::resource_id)
            .about("The requests to be allowed something with this thing alone, as far as you may see them.");
        resource.aggregate().by(&["isActive", "resourceType", "parent", "owner"]).by_period(&["createdAt"]);
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
    parent: ResourceFilter => through parent_resource_id,
    children: Related<Resource> => by resources::parent_resource_id,
    role_assignments: Related<RoleAssignment> => by role_assignments::resource_scope,
    permission_grants: Related<PermissionGrant> => by permission_grants::resource_id,
    approval_requests: Related<ApprovalRequest> => by approval_requests::resource_id,
} }

order! { ResourceOrder, ResourceOrderField for Resource {
    /// When the record was made.
    CreatedAt = created_at,
    /// When the record was changed last.
    UpdatedAt = updated_at,
    /// Its name.
    Name = name,
    /// The name of the thing that it lies directly within.
    ParentName = parent_resource_id -> Resource.name,
} default [CreatedAt Desc] }

pub fn queries(query: &mut Fields<Query>) {
    query.by_id::<Resource>("resource").about(
        "A single thing that rights are limited to, by its id; null when there is none that you may see.",
    );
    query
        .list::<Resource>("resources")
        .about("The single things that rights are limited to, newest first unless ordered otherwise.");
}

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .change("resourceCreate", create)
        .needs("resource.write")
        .in_person()
        .about("Makes a record one that rights can be limited to, and says within which other it lies. Errors: NOT_FOUND, NOT_UNIQUE, INVALID.");
    mutations
        .change("resourceUpdate", update)
        .needs("resource.write")
        .in_person()
        .about("Changes what is said of a thing that rights are limited to. Rights that were given for a thing reach all that lies within it, from the next request on. Errors: NOT_FOUND, CONFLICT, INVALID.");
}

/// A record that rights can be limited to.
#[derive(InputObject)]
struct ResourceCreateInput {
    /// Which record.
    record_id: AnyId,
    /// Within which other it lies; within none when absent.
    parent_resource_id: Option<Id<Resource>>,
    /// What it is called.
    name: Option<String>,
    /// What it is.
    description: Option<String>,
    /// Who answers for it.
    owner_id: Option<Id<User>>,
    /// Facts about it that conditions may ask for, `resource.attributes.confidential`; a JSON object.
    attributes: Option<Json>,
}

async fn create(write: &mut Write, input: ResourceCreateInput) -> Outcome<Id<Resource>> {
    let resource = register(write, &input.record_id, &["input", "recordId"]).await?;
    let resource = resource
        .set(resources::parent_resource_id, input.parent_resource_id)
        .set(resources::name, input.name)
        .set(resources::description, input.description)
        .set(resources::owner_id, input.owner_id)
        .given(resources::attributes, input.attributes);
    record::create(write, resource).await
}

/// What to change of a thing. Absent: unchanged. Null: cleared.
#[derive(InputObject)]
struct ResourceUpdateInput {
    /// Which thing.
    id: Id<Resource>,
    /// The version you read; refused when it is another by now.
    expected_version: Option<i32>,
    /// Within which other it lies.
    parent_resource_id: MaybeUndefined<Id<Resource>>,
    /// What it is called.
    name: MaybeUndefined<String>,
    /// What it is.
    description: MaybeUndefined<String>,
    /// Who answers for it.
    owner_id: MaybeUndefined<Id<User>>,
    /// Facts about it that conditions may ask for, instead of those that there are; a JSON object.
    attributes: Option<Json>,
    /// Whether rights that were given for it count.
    is_active: Option<bool>,
}

async fn update(write: &mut Write, input: ResourceUpdateInput) -> Outcome<Id<Resource>> {
    let before = record::lock(write, input.id, input.expected_version).await?;
    let changes = Changes::default()
        .patch(resources::parent_resource_id, input.parent_resource_id)
        .patch(resources::name, input.name)
        .patch(resources::description, input.description)
        .patch(resources::owner_id, input.owner_id)
        .given(resources::attributes, input.attributes)
        .given(resources::is_active, input.is_active);
    record::update(write, before, changes).await
}

/// The thing that a right which gives `permissions` is limited to: made of the record that is named, if it is none yet.
pub async fn limit(
    write: &mut Write,
    record: Option<AnyId>,
    permissions: &[String],
) -> Outcome<Option<Id<Resource>>> {
    const PATH: &[&str] = &["input", "withinId"];
    let Some(record) = record else { return Ok(None) };
    authority::can_lie_within(permissions)?;
    if record.prefix == <Resource as crate::store::id::Kind>::PREFIX {
        let resource: Resource = record::find(write, Id::of(record.uuid), PATH).await?;
        return Ok(Some(resource.id));
    }
    let known = resources::table
        .filter(resources::organization_id.eq(write.organization()))
        .filter(resources::resource_id.eq(record.uuid.to_string()))
        .select(resources::id)
        .first(write)
        .await
        .optional()?;
    if let Some(known) = known {
        return Ok(Some(known));
    }
    let resource = register(write, &record, PATH).await?;
    Ok(Some(record::create(write, resource).await?))
}

/// What is kept of a record that the caller sees, to limit rights to it.
async fn register(write: &mut Write, record: &AnyId, path: &[&str]) -> Outcome<Changes<resources::table>> {
    let missing = || UserError::new(UserErrorCode::NotFound, say!("there is no {record}"), path);
    let table = table_of_prefix(&record.prefix).ok_or_else(missing)?;
    let Limited::By(permission) = table.limited else {
        let kind = type_of_prefix(&record.prefix).unwrap_or("such a record");
        let message = say!("rights cannot be limited to {kind}: limit them to what it belongs to");
        return Err(UserError::new(UserErrorCode::Invalid, message, path).into());
    };
    if !write.sees(table, record.uuid).await? {
        return Err(missing().into());
    }
    let kind = permission.split_once('.').map_or(permission, |(kind, _)| kind);
    let kind: Id<ResourceType> = resource_types::table
        .filter(resource_types::organization_id.eq(PLATFORM))
        .filter(resource_types::name.eq(kind))
        .select(resource_types::id)
        .first(write)
        .await?;
    Ok(Changes::default()
        .set(resources::resource_type_id, kind)
        .set(resources::resource_type_org_id, PLATFORM)
        .set(resources::resource_id, record.uuid.to_string()))
}
