//! Roles: bundles of permissions that people are given together, inheriting from each other (000 §2, B016, B026).
use std::collections::HashMap;

use crate::{
    domains::{
        access::{
            authority::{self, Given},
            automatic,
            role_assignment::RoleAssignment,
            role_permission::{PermissionsOf, SourcesOf},
        },
        identity::{
            api_key::ApiKey,
            invitation::Invitation,
            user::{User, UserFilter},
        },
        prelude::*,
    },
    graph::mutation::Payload,
    store::{
        detection::{Rule, Sighting},
        grants,
        tables::{
            access::{role_assignments, role_permissions, roles},
            identity::{api_keys, invitations},
        },
    },
};

text_enum! {
    /// To which records a role extends that is limited in this way.
    RowScope {
        /// Those of the region of their membership.
        Region = "region",
        /// Those of the department of their membership.
        Department = "department",
    }
}

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = roles, check_for_backend(Pg))]
pub struct Role {
    pub id: Id<Role>,
    pub name: String,
    pub display_name: Option<String>,
    pub description: Option<String>,
    pub parent_role_id: Option<Id<Role>>,
    pub role_level: i32,
    pub is_system_role: bool,
    pub is_assignable: bool,
    pub max_assignments: Option<i32>,
    pub max_delegation_depth: i32,
    pub valid_from: DateTime<Utc>,
    pub valid_until: Option<DateTime<Utc>>,
    pub auto_assign_conditions: AccessCondition,
    pub metadata: Json,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub revision: i32,
    pub created_by: Option<Id<User>>,
}

entity!(Role, "role", access::roles, needs "role.read", version revision, limited never);

impl Entity for Role {
    const SEARCHED: &'static [&'static str] = &["name", "display_name", "description"];

    fn fields(role: &mut Fields<Self>) {
        columns! { role: Role {
            id, name, display_name, description, role_level, is_system_role, is_assignable, max_assignments,
            max_delegation_depth, valid_from, valid_until, auto_assign_conditions, metadata, revision as "version", created_at, updated_at,
        } keeps { parent_role_id, created_by } }
        role.derived("rowScope", Self::row_scope)
            .about("Limits what it gives, and what others inherit from it, to the records of the region or department of whoever holds it, where records have one; null: all records.");
        role.one("parent", |role| role.parent_role_id).about_column("parent_role_id");
        role.one("createdBy", |role| role.created_by).about_column("created_by");
        role.children::<Role>("children", roles::parent_role_id)
            .about("The roles that inherit from this one directly.");
        role.many("permissions", |role| PermissionsOf(role.id))
            .about("What the role contains itself, by name; what it inherits stands with its parent.");
        role.value::<Effective, Vec<String>>("effectivePermissions", |role| Some(Effective(role.id)))
            .about(
                "The names of all permissions that the role gives at this moment, inherited ones included.",
            )
            .required();
        role.many("permissionSources", |role| SourcesOf(role.id)).about(
            "What the role gives, inherited permissions included, by name, and from which role each comes.",
        );
        role.children::<RoleAssignment>("assignments", role_assignments::role_id)
            .about("To whom the role was given, newest first unless ordered otherwise.");
        role.children::<Invitation>("invitations", invitations::role_id)
            .about("The invitations to join in this role.");
        role.children::<ApiKey>("apiKeys", api_keys::role_id)
            .about("The API keys that have the rights of this role.");
        role.aggregate()
            .by(&["roleLevel", "isSystemRole", "isAssignable", "parent", "createdBy"])
            .by_period(&["createdAt"]);
    }
}

impl From<RowScope> for grants::RowScope {
    fn from(scope: RowScope) -> Self {
        match scope {
            RowScope::Region => Self::Region,
            RowScope::Department => Self::Department,
        }
    }
}

impl From<grants::RowScope> for RowScope {
    fn from(scope: grants::RowScope) -> Self {
        match scope {
            grants::RowScope::Region => Self::Region,
            grants::RowScope::Department => Self::Department,
        }
    }
}

impl Role {
    pub fn row_scope(&self) -> Option<RowScope> {
        match self.metadata.0.get("row_scope")?.as_str()? {
            "region" => Some(RowScope::Region),
            "department" => Some(RowScope::Department),
            _ => None,
        }
    }

    /// Refused for built-in roles: nobody changes what those contain.
    pub fn is_own(&self, path: &[&str]) -> Outcome<()> {
        if self.is_system_role {
            return Err(UserError::state(say!("a built-in role cannot be changed"), path, &["assign"]).into());
        }
        Ok(())
    }
}

/// The names of all permissions that a role gives now.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Effective(Id<Role>);

impl Batch for Effective {
    type Value = Vec<String>;

    async fn load(db: &Snapshot, keys: &[Self]) -> StoreResult<HashMap<Self, Self::Value>> {
        let ids = keys.iter().map(|key| key.0).collect();
        let mut found = keys.iter().map(|key| (*key, Vec::new())).collect::<HashMap<_, _>>();
        for given in db.load::<_, Given>(authority::given(db.organization(), ids, Some(clock::now()))).await?
        {
            let names = found.entry(Self(Id::of(given.role))).or_default();
            if names.last() != Some(&given.permission) {
                names.push(given.permission);
            }
        }
        Ok(found)
    }
}

filter! { RoleFilter for Role in roles {
    id: Compare<Id<Role>>,
    name: Compare<String>,
    display_name: Compare<String>,
    is_system_role: Compare<bool>,
    is_assignable: Compare<bool>,
    role_level: Compare<i32>,
    valid_until: Compare<DateTime<Utc>>,
    created_at: Compare<DateTime<Utc>>,
    updated_at: Compare<DateTime<Utc>>,
    parent_role_id: Compare<Id<Role>>,
    parent: RoleFilter => through parent_role_id,
    created_by: UserFilter => through created_by,
    children: Related<Role> => by roles::parent_role_id,
    assignments: Related<RoleAssignment> => by role_assignments::role_id,
    invitations: Related<Invitation> => by invitations::role_id,
    api_keys: Related<ApiKey> => by api_keys::role_id,
} }

order! { RoleOrder, RoleOrderField for Role {
    /// When the record was made.
    CreatedAt = created_at,
    /// When the record was changed last.
    UpdatedAt = updated_at,
    /// Its name.
    Name = name,
    /// How many roles it inherits from.
    RoleLevel = role_level,
    /// The name of the role that it inherits from.
    ParentName = parent_role_id -> Role.name,
} default [Name Asc] }

pub fn queries(query: &mut Fields<Query>) {
    query
        .one_by::<Role>("role", [By::text("name", roles::name, "Its name, as programs call it.")])
        .about("A role by its id or name; null when there is none that you may see.");
    query.list::<Role>("roles").about("The roles of the organization, by name unless ordered otherwise.");
}

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .change("roleCreate", create)
        .needs("role.write")
        .in_person()
        .about("Makes a role of your own; add permissions to it, or let it inherit them. Errors: INVALID, NOT_UNIQUE, NOT_FOUND, STATE.");
    mutations
        .change("roleUpdate", update)
        .needs("role.write")
        .in_person()
        .about("Changes a role of your own making; built-in roles stay as they are. Errors: NOT_FOUND, CONFLICT, INVALID, NOT_UNIQUE, STATE.");
    mutations
        .action("roleDelete", delete, |payload: &mut Fields<Payload<Id<Role>>>| {
            payload
                .derived("deletedRoleId", |payload| payload.result)
                .about("The id of the role that is gone; null when nothing was done.");
        })
        .needs("role.delete")
        .in_person()
        .about("Deletes a role of your own making for good. One that was ever given to somebody is ended by `validUntil` instead, so that the record of who had it stays. Errors: NOT_FOUND, CONFLICT, STATE, IN_USE.");
}

/// A well-named role.
const EXAMPLE: &str = "key_account_manager";

/// A role to be made.
#[derive(InputObject)]
struct RoleCreateInput {
    /// Its name in programs, in `lower_snake` form.
    name: String,
    /// Its name as shown to people.
    display_name: Option<String>,
    /// What it is for.
    description: Option<String>,
    /// The role whose permissions it has as well.
    parent_role_id: Option<Id<Role>>,
    /// Whether it can be given to people; not, when only others inherit from it.
    #[graphql(default = true)]
    is_assignable: bool,
    /// How many people may hold it at once.
    max_assignments: Option<i32>,
    /// How many times it may be passed on, from one person to the next, at most 10; never when 0.
    #[graphql(default)]
    max_delegation_depth: i32,
    /// Limits what it gives to the records of the region or department of whoever holds it.
    row_scope: Option<RowScope>,
    /// From when it gives rights; from now on when absent.
    valid_from: Option<DateTime<Utc>>,
    /// Until when it gives rights; without end when absent.
    valid_until: Option<DateTime<Utc>>,
    /// Which active members get the role by themselves: whoever this condition holds of, as long as it does. Nobody when
    /// empty or absent. It may ask about the person alone, `subject.`, and not which roles they have. Where the role allows no
    /// more people, those who joined first have it, and the audit trail names who was left out.
    auto_assign_conditions: Option<AccessCondition>,
}

async fn create(write: &mut Write, input: RoleCreateInput) -> Outcome<Id<Role>> {
    authority::well_named(&input.name, "role", EXAMPLE)?;
    let rule = authority::rule(input.auto_assign_conditions)?;
    let role = Changes::default()
        .set(roles::name, input.name)
        .set(roles::display_name, input.display_name)
        .set(roles::description, input.description)
        .set(roles::parent_role_id, input.parent_role_id)
        .set(roles::is_assignable, input.is_assignable)
        .set(roles::max_assignments, input.max_assignments)
        .set(roles::max_delegation_depth, input.max_delegation_depth)
        .set(roles::metadata, metadata(&Json(serde_json::json!({})), input.row_scope))
        .set(roles::valid_from, input.valid_from.unwrap_or_else(clock::now))
        .set(roles::valid_until, input.valid_until)
        .set(roles::auto_assign_conditions, rule)
        .set(roles::created_by, write.caller().user);
    automatic::hold_members(write).await?;
    let role = Role::insert(write, Id::fresh(), role).await?;
    authority::may_define_role(write, &role).await?;
    record::created(write, &role).await?;
    automatic::rule_changed(write, &role).await?;
    Ok(role.id)
}

/// What to change of a role. Absent: unchanged. Null: cleared.
#[derive(InputObject)]
struct RoleUpdateInput {
    /// Which role.
    id: Id<Role>,
    /// The version you read; refused when it is another by now.
    expected_version: Option<i32>,
    /// Its name in programs, in `lower_snake` form.
    name: Option<String>,
    /// Its name as shown to people.
    display_name: MaybeUndefined<String>,
    /// What it is for.
    description: MaybeUndefined<String>,
    /// The role whose permissions it has as well.
    parent_role_id: MaybeUndefined<Id<Role>>,
    /// Whether it can be given to people.
    is_assignable: Option<bool>,
    /// How many people may hold it at once; those who hold it already keep it.
    max_assignments: MaybeUndefined<i32>,
    /// How many times it may be passed on, from one person to the next; what was passed on already stays.
    max_delegation_depth: Option<i32>,
    /// Limits what it gives to the records of the region or department of whoever holds it.
    row_scope: MaybeUndefined<RowScope>,
    /// From when it gives rights.
    valid_from: Option<DateTime<Utc>>,
    /// Until when it gives rights.
    valid_until: MaybeUndefined<DateTime<Utc>>,
    /// Which active members get the role by themselves: whoever this condition holds of, as long as it does. Nobody when
    /// empty or null. It may ask about the person alone, `subject.`, and not which roles they have. Where the role allows no
    /// more people, those who joined first have it, and the audit trail names who was left out.
    auto_assign_conditions: MaybeUndefined<AccessCondition>,
}

async fn update(write: &mut Write, input: RoleUpdateInput) -> Outcome<Id<Role>> {
    let rule = match input.auto_assign_conditions {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(authority::rule(None)?),
        MaybeUndefined::Value(rule) => Some(authority::rule(Some(rule))?),
    };
    let is_about_members = rule.is_some() || !input.max_assignments.is_undefined();
    if is_about_members {
        automatic::hold_members(write).await?;
    }
    let before = record::lock(write, input.id, input.expected_version).await?;
    before.is_own(&["input", "id"])?;
    authority::may_define_role(write, &before).await?;
    if let Some(name) = &input.name {
        authority::well_named(name, "role", EXAMPLE)?;
    }
    let row_scope = match input.row_scope {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(metadata(&before.metadata, None)),
        MaybeUndefined::Value(scope) => Some(metadata(&before.metadata, Some(scope))),
    };
    let changes = Changes::default()
        .given(roles::name, input.name)
        .patch(roles::display_name, input.display_name)
        .patch(roles::description, input.description)
        .patch(roles::parent_role_id, input.parent_role_id)
        .given(roles::is_assignable, input.is_assignable)
        .patch(roles::max_assignments, input.max_assignments)
        .given(roles::max_delegation_depth, input.max_delegation_depth)
        .given(roles::metadata, row_scope)
        .given(roles::valid_from, input.valid_from)
        .patch(roles::valid_until, input.valid_until)
        .given(roles::auto_assign_conditions, rule);
    let after = Role::update(write, before.id, changes).await?;
    // it may have another parent now
    authority::may_define_role(write, &after).await?;
    record::updated(write, &before, &after).await?;
    if is_about_members {
        automatic::rule_changed(write, &after).await?;
    }
    let inherits = after.parent_role_id.is_some() && after.parent_role_id != before.parent_role_id;
    if inherits || (before.row_scope().is_some() && after.row_scope().is_none()) {
        widened(write, &after, serde_json::json!({ "role": after.name })).await?;
    }
    Ok(after.id)
}

/// Tells those who watch that a role gives more than before.
pub async fn widened(write: &mut Write, role: &Role, facts: serde_json::Value) -> Outcome<()> {
    let resource = Some(role.id.to_string());
    let sighting = Sighting { resource, facts, ..write.sighting(Rule::RoleWidened, &role.id) };
    Ok(write.notice(sighting).await?)
}

async fn delete(write: &mut Write, input: RecordInput<Role>) -> Outcome<Id<Role>> {
    let role = record::lock(write, input.id, input.expected_version).await?;
    role.is_own(&["input", "id"])?;
    authority::may_take_role(write, &role).await?;
    let contained = role_permissions::table
        .filter(role_permissions::organization_id.eq(write.organization()))
        .filter(role_permissions::role_id.eq(role.id));
    diesel::delete(contained).execute(write).await?;
    diesel::delete(roles::table.find((write.organization(), role.id))).execute(write).await?;
    record::removed(write, &role).await
}

/// The metadata of a role with this row scope.
fn metadata(of: &Json, row_scope: Option<RowScope>) -> Json {
    let mut metadata = of.0.as_object().cloned().unwrap_or_default();
    metadata.remove("row_scope");
    if let Some(scope) = row_scope {
        metadata.insert("row_scope".to_owned(), scope.as_str().into());
    }
    Json(metadata.into())
}
