//! Permissions: the right to do one thing with one kind of record (000 §2). The built-in ones are made from the schema
//! by [`super::catalogue`]; an organization gives the same rights by permissions of its own, under conditions, after
//! approval (B023), or with a second factor only.
use std::collections::HashMap;

use crate::{
    domains::{
        access::{
            approval_workflow::{ApprovalWorkflow, ApprovalWorkflowFilter},
            authority,
            permission_grant::PermissionGrant,
            resource_type::{ResourceType, ResourceTypeFilter},
            role::Role,
        },
        identity::user::{User, UserFilter},
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
    pub conditions: AccessCondition,
    pub is_system_permission: bool,
    pub requires_approval: bool,
    pub approval_workflow_id: Option<Id<ApprovalWorkflow>>,
    pub valid_from: DateTime<Utc>,
    pub valid_until: Option<DateTime<Utc>>,
    pub metadata: Json,
    pub created_at: DateTime<Utc>,
    pub created_by: Option<Id<User>>,
    pub right_name: String,
    pub requires_mfa: bool,
    pub updated_at: DateTime<Utc>,
    pub revision: i32,
}

entity!(Permission, "perm", access::permissions, needs "permission.read", owner OrganizationOrPlatform, version revision, limited never);

impl Entity for Permission {
    fn fields(permission: &mut Fields<Self>) {
        columns! { permission: Permission {
            id, name, right_name as "right", display_name, description, action, conditions, is_system_permission,
            requires_approval, requires_mfa, valid_from, valid_until, metadata, revision as "version", created_at, updated_at,
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
        permission
            .aggregate()
            .by(&[
                "action",
                "isSystemPermission",
                "requiresApproval",
                "requiresMfa",
                "resourceType",
                "approvalWorkflow",
                "createdBy",
            ])
            .by_period(&["createdAt"]);
    }
}

filter! { PermissionFilter for Permission in permissions {
    id: Compare<Id<Permission>>,
    name: Compare<String>,
    action: Compare<String>,
    is_system_permission: Compare<bool>,
    requires_approval: Compare<bool>,
    requires_mfa: Compare<bool>,
    right: Compare<String> => column right_name,
    valid_until: Compare<DateTime<Utc>>,
    created_at: Compare<DateTime<Utc>>,
    resource_type: ResourceTypeFilter => through resource_type_id,
    approval_workflow: ApprovalWorkflowFilter => through approval_workflow_id,
    created_by: UserFilter => through created_by,
    grants: Related<PermissionGrant> => by permission_grants::permission_id,
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

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .change("permissionCreate", create)
        .needs("permission.write")
        .in_person()
        .about("Makes a permission of your own, which gives a built-in right as you say: put it into roles or give it to people instead of the built-in one. You must hold the right yourself. Errors: NOT_FOUND, NOT_UNIQUE, INVALID, STATE.");
    mutations
        .change("permissionUpdate", update)
        .needs("permission.write")
        .in_person()
        .about("Changes a permission of your own making, for all who have it, from their next request on; built-in ones stay as they are. Errors: NOT_FOUND, CONFLICT, NOT_UNIQUE, INVALID, STATE.");
    mutations
        .action("permissionDelete", delete, |payload| {
            payload
                .derived("deletedId", |payload| payload.result)
                .about("Which permission was deleted; null when nothing was done.");
        })
        .needs("permission.delete")
        .in_person()
        .about("Deletes a permission of your own making for good. One that a role contains or that was ever given to somebody is ended by `validUntil` instead. Errors: NOT_FOUND, CONFLICT, STATE, IN_USE.");
}

/// A permission of the organization's own.
#[derive(InputObject)]
struct PermissionCreateInput {
    /// The right that it gives, by the name that `@requires` uses: `deal.delete`.
    right: String,
    /// Its name in programs, in `lower_snake` form.
    name: String,
    /// Its name as shown to people.
    display_name: Option<String>,
    /// What it is for.
    description: Option<String>,
    /// Under which condition it counts; always when absent.
    condition: Option<AccessCondition>,
    /// Whether it counts only after an approval, which whoever has it asks for with `accessRequest`, and for a time.
    #[graphql(default)]
    requires_approval: bool,
    /// Who approves; any other person with `approval.decide` when absent.
    approval_workflow_id: Option<Id<ApprovalWorkflow>>,
    /// Whether it counts only in sessions in which a second factor was shown; never for API keys.
    #[graphql(default)]
    requires_mfa: bool,
    /// From when it counts; from now on when absent.
    valid_from: Option<DateTime<Utc>>,
    /// Until when it counts; without end when absent.
    valid_until: Option<DateTime<Utc>>,
}

/// A well-named permission.
const EXAMPLE: &str = "deal_delete_approved";

async fn create(write: &mut Write, input: PermissionCreateInput) -> Outcome<Id<Permission>> {
    authority::well_named(&input.name, "permission", EXAMPLE)?;
    let right = authority::right(write, &input.right, &["input", "right"]).await?;
    let names = [input.right];
    authority::may_define(write, &names, None)?;
    let condition = authority::condition(input.condition, &names)?;
    approves(write, input.requires_approval, input.approval_workflow_id).await?;
    let [right_name] = names;
    let permission = Changes::default()
        .set(permissions::right_name, right_name)
        .set(permissions::resource_type_id, right.row.resource_type_id)
        .set(permissions::resource_type_org_id, right.organization)
        .set(permissions::action, right.row.action)
        .set(permissions::name, input.name)
        .set(permissions::display_name, input.display_name)
        .set(permissions::description, input.description)
        .set(permissions::conditions, condition)
        .set(permissions::requires_approval, input.requires_approval)
        .set(permissions::approval_workflow_id, input.approval_workflow_id)
        .set(permissions::requires_mfa, input.requires_mfa)
        .set(permissions::valid_from, input.valid_from.unwrap_or_else(clock::now))
        .set(permissions::valid_until, input.valid_until)
        .set(permissions::created_by, write.caller().user);
    record::create(write, permission).await
}

/// What to change of a permission. Absent: unchanged. Null: cleared. Which right it gives stays as it is.
#[derive(InputObject)]
struct PermissionUpdateInput {
    /// Which permission.
    id: Id<Permission>,
    /// The version you read; refused when it is another by now.
    expected_version: Option<i32>,
    /// Its name in programs, in `lower_snake` form.
    name: Option<String>,
    /// Its name as shown to people.
    display_name: MaybeUndefined<String>,
    /// What it is for.
    description: MaybeUndefined<String>,
    /// Under which condition it counts; null for always.
    condition: MaybeUndefined<AccessCondition>,
    /// Whether it counts only after an approval. What was approved already stays until its time is over.
    requires_approval: Option<bool>,
    /// Who approves; null for any other person with `approval.decide`. What was asked for already stays with those who
    /// were named then.
    approval_workflow_id: MaybeUndefined<Id<ApprovalWorkflow>>,
    /// Whether it counts only in sessions in which a second factor was shown; never for API keys.
    requires_mfa: Option<bool>,
    /// From when it counts.
    valid_from: Option<DateTime<Utc>>,
    /// Until when it counts.
    valid_until: MaybeUndefined<DateTime<Utc>>,
}

async fn update(write: &mut Write, input: PermissionUpdateInput) -> Outcome<Id<Permission>> {
    let before = own(write, input.id, input.expected_version).await?;
    let names = [before.right_name.clone()];
    authority::may_define(write, &names, None)?;
    if let Some(name) = &input.name {
        authority::well_named(name, "permission", EXAMPLE)?;
    }
    let condition = match input.condition {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(authority::condition(None, &names)?),
        MaybeUndefined::Value(condition) => Some(authority::condition(Some(condition), &names)?),
    };
    let requires_approval = input.requires_approval.unwrap_or(before.requires_approval);
    // what needs no approval any more needs no workflow either
    let workflow = match input.approval_workflow_id {
        MaybeUndefined::Undefined if !requires_approval => MaybeUndefined::Null,
        workflow => workflow,
    };
    let named = match &workflow {
        MaybeUndefined::Value(workflow) => Some(*workflow),
        _ => None,
    };
    approves(write, requires_approval, named).await?;
    let changes = Changes::default()
        .given(permissions::name, input.name)
        .patch(permissions::display_name, input.display_name)
        .patch(permissions::description, input.description)
        .given(permissions::conditions, condition)
        .given(permissions::requires_approval, input.requires_approval)
        .patch(permissions::approval_workflow_id, workflow)
        .given(permissions::requires_mfa, input.requires_mfa)
        .given(permissions::valid_from, input.valid_from)
        .patch(permissions::valid_until, input.valid_until);
    record::update(write, before, changes).await
}

async fn delete(write: &mut Write, input: RecordInput<Permission>) -> Outcome<Id<Permission>> {
    let permission = own(write, input.id, input.expected_version).await?;
    authority::may_take(write, std::slice::from_ref(&permission.right_name), None)?;
    diesel::delete(permissions::table.find((write.organization(), permission.id))).execute(write).await?;
    record::removed(write, &permission).await
}

/// A permission of the organization's own, locked; what is built in stays as the platform made it (B026).
async fn own(write: &mut Write, id: Id<Permission>, version: Option<i32>) -> Outcome<Permission> {
    let path = &["input", "id"];
    let found = authority::permission_at(write, id, path).await?;
    if found.row.is_system_permission {
        return Err(UserError::state(say!("a built-in permission cannot be changed"), path, &[]).into());
    }
    record::lock(write, id, version).await
}

/// Refused unless the workflow, where one is named, is there to approve what needs it.
async fn approves(write: &mut Write, needed: bool, workflow: Option<Id<ApprovalWorkflow>>) -> Outcome<()> {
    const PATH: &[&str] = &["input", "approvalWorkflowId"];
    let Some(workflow) = workflow else { return Ok(()) };
    record::find(write, workflow, PATH).await?;
    if needed {
        return Ok(());
    }
    let message = say!("a workflow decides only about what requires approval");
    Err(UserError::new(UserErrorCode::Invalid, message, PATH).into())
}
