//! Masking policies: which fields certain people see in part, or not at all (000 §9, B084).
use crate::{
    domains::{
        access::role::Role,
        identity::user::{User, UserFilter},
        prelude::*,
    },
    graph::rows::{leaf_of_type, prefix_of_type},
    store::{
        tables::security::{masking_policies, masking_policy_roles, masking_policy_users},
        value::Texts,
    },
};

text_enum! {
    /// How a masked field is shown.
    MaskingMethod {
        /// As it is: an exception from policies that count less.
        None = "none",
        /// Not at all.
        Redact = "redact",
        /// The end alone.
        Partial = "partial",
        /// A value that cannot be turned back, another one for each field.
        Hash = "hash",
        /// The same token for the same value, wherever it stands.
        Tokenize = "tokenize",
    }
}

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = masking_policies, check_for_backend(Pg))]
pub struct MaskingPolicy {
    pub id: Id<MaskingPolicy>,
    pub name: String,
    pub description: Option<String>,
    pub fields: Texts,
    pub method: MaskingMethod,
    pub keep: i16,
    pub priority: i32,
    pub is_active: bool,
    pub created_by: Option<Id<User>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub revision: i32,
}

entity!(
    MaskingPolicy, "mask", security::masking_policies, needs "masking_policy.read", version revision
);

impl Entity for MaskingPolicy {
    fn fields(policy: &mut Fields<Self>) {
        columns! { policy: MaskingPolicy {
            id, name, description, fields, method, keep, priority, is_active, revision as "version", created_at,
            updated_at,
        } keeps { created_by } }
        policy.one("createdBy", |policy| policy.created_by).about_column("created_by");
        policy.children::<Role>("roles", linked(ROLES, name(masking_policy_roles::role_id))).about(
            "Whoever holds one of these roles is concerned. With neither roles nor people, everybody is.",
        );
        policy
            .children::<User>("people", linked(PEOPLE, name(masking_policy_users::user_id)))
            .about("The people who are concerned besides those who hold one of the roles.");
    }
}

const fn pairs(name: &'static str, key: &'static str) -> Table {
    Table { name, key, owner: Owner::Organization, limited: Limited::Never }
}

const ROLES: &Table = &pairs("\"security\".\"masking_policy_roles\"", "role_id");
const PEOPLE: &Table = &pairs("\"security\".\"masking_policy_users\"", "user_id");

fn linked(table: &'static Table, child: &'static str) -> Link {
    Link::Where(Condition::Linked { table, parent: "policy_id", child })
}

filter! { MaskingPolicyFilter for MaskingPolicy in masking_policies {
    id: Compare<Id<MaskingPolicy>>,
    name: Compare<String>,
    method: Compare<MaskingMethod>,
    is_active: Compare<bool>,
    created_by: UserFilter => through created_by,
} }

order! { MaskingPolicyOrder, MaskingPolicyOrderField for MaskingPolicy {
    /// Which counts of several.
    Priority = priority,
    /// Its name.
    Name = name,
} default [Priority Asc] }

pub fn queries(query: &mut Fields<Query>) {
    query
        .by_id::<MaskingPolicy>("maskingPolicy")
        .about("A masking policy by its id; null when there is none that you may see.");
    query
        .list::<MaskingPolicy>("maskingPolicies")
        .about("How fields are shown to whom, what counts most first unless ordered otherwise.");
}

pub fn mutations(mutations: &mut Mutations) {
    mutations.change("maskingPolicyCreate", create).needs("masking_policy.write").in_person().about(
        "Says how certain fields are shown to certain people, from their next request on. What is masked for them they \
         cannot filter or order by either; the audit trail shows it in the same way. Errors: NOT_FOUND, NOT_UNIQUE, INVALID.",
    );
    mutations
        .change("maskingPolicyUpdate", update)
        .needs("masking_policy.write")
        .in_person()
        .about("Changes a masking policy. Errors: NOT_FOUND, CONFLICT, NOT_UNIQUE, INVALID.");
    mutations
        .action("maskingPolicyDelete", delete, |payload| {
            payload
                .derived("deletedId", |payload| payload.result)
                .about("Which policy was deleted; null when nothing was done.");
        })
        .needs("masking_policy.write")
        .in_person()
        .about("Deletes a masking policy for good. Errors: NOT_FOUND, CONFLICT.");
}

/// A masking policy to be made.
#[derive(InputObject)]
struct MaskingPolicyCreateInput {
    /// What it is called.
    name: String,
    /// What it is for.
    description: Option<String>,
    /// The fields, as type and field: `User.email`. Texts can be masked in every way, other fields that may be null can
    /// be left out.
    fields: Vec<String>,
    /// How they are shown.
    method: MaskingMethod,
    /// How many characters of the end are shown where the method is `PARTIAL`.
    #[graphql(default = 4)]
    keep: i16,
    /// Which policy counts of several: the one with the smallest number.
    #[graphql(default = 100)]
    priority: i32,
    /// Whoever holds one of these roles is concerned.
    role_ids: Option<Vec<Id<Role>>>,
    /// These people are concerned. With neither roles nor people, everybody is.
    user_ids: Option<Vec<Id<User>>>,
}

async fn create(write: &mut Write, input: MaskingPolicyCreateInput) -> Outcome<Id<MaskingPolicy>> {
    can_be_masked(&input.fields, input.method)?;
    let policy = Changes::default()
        .set(masking_policies::name, input.name)
        .set(masking_policies::description, input.description)
        .set(masking_policies::fields, Texts(input.fields))
        .set(masking_policies::method, input.method)
        .set(masking_policies::keep, input.keep)
        .set(masking_policies::priority, input.priority)
        .set(masking_policies::created_by, write.caller().user);
    let policy = MaskingPolicy::insert(write, Id::fresh(), policy).await?;
    concern(write, policy.id, input.role_ids, input.user_ids).await?;
    record::created(write, &policy).await
}

/// What to change of a masking policy. Absent: unchanged. Null: cleared.
#[derive(InputObject)]
struct MaskingPolicyUpdateInput {
    /// Which policy.
    id: Id<MaskingPolicy>,
    /// The version you read; refused when it is another by now.
    expected_version: Option<i32>,
    /// What it is called.
    name: Option<String>,
    /// What it is for.
    description: MaybeUndefined<String>,
    /// The fields, as type and field: `User.email`.
    fields: Option<Vec<String>>,
    /// How they are shown.
    method: Option<MaskingMethod>,
    /// How many characters of the end are shown where the method is `PARTIAL`.
    keep: Option<i16>,
    /// Which policy counts of several: the one with the smallest number.
    priority: Option<i32>,
    /// Whether it counts.
    is_active: Option<bool>,
    /// Whoever holds one of these roles is concerned, and no others.
    role_ids: Option<Vec<Id<Role>>>,
    /// These people are concerned, and no others.
    user_ids: Option<Vec<Id<User>>>,
}

async fn update(write: &mut Write, input: MaskingPolicyUpdateInput) -> Outcome<Id<MaskingPolicy>> {
    let before = record::lock(write, input.id, input.expected_version).await?;
    let method = input.method.unwrap_or(before.method);
    let fields = input.fields.clone().unwrap_or_else(|| before.fields.0.clone());
    can_be_masked(&fields, method)?;
    let changes = Changes::default()
        .given(masking_policies::name, input.name)
        .patch(masking_policies::description, input.description)
        .given(masking_policies::fields, input.fields.map(Texts))
        .given(masking_policies::method, input.method)
        .given(masking_policies::keep, input.keep)
        .given(masking_policies::priority, input.priority)
        .given(masking_policies::is_active, input.is_active);
    concern(write, before.id, input.role_ids, input.user_ids).await?;
    record::update(write, before, changes).await
}

async fn delete(write: &mut Write, input: RecordInput<MaskingPolicy>) -> Outcome<Id<MaskingPolicy>> {
    let policy = record::lock(write, input.id, input.expected_version).await?;
    diesel::delete(masking_policies::table.find((write.organization(), policy.id))).execute(write).await?;
    record::removed(write, &policy).await
}

/// Says whom a policy concerns: those, and nobody else.
async fn concern(
    write: &mut Write,
    policy: Id<MaskingPolicy>,
    roles: Option<Vec<Id<Role>>>,
    people: Option<Vec<Id<User>>>,
) -> Outcome<()> {
    let organization = write.organization();
    if let Some(roles) = roles {
        let before = masking_policy_roles::table
            .filter(masking_policy_roles::organization_id.eq(organization))
            .filter(masking_policy_roles::policy_id.eq(policy));
        diesel::delete(before).execute(write).await?;
        let row = |role| {
            (
                masking_policy_roles::organization_id.eq(organization),
                masking_policy_roles::policy_id.eq(policy),
                masking_policy_roles::role_id.eq(role),
            )
        };
        let rows: Vec<_> = roles.into_iter().map(row).collect();
        diesel::insert_into(masking_policy_roles::table)
            .values(rows)
            .on_conflict_do_nothing()
            .execute(write)
            .await?;
    }
    if let Some(people) = people {
        let before = masking_policy_users::table
            .filter(masking_policy_users::organization_id.eq(organization))
            .filter(masking_policy_users::policy_id.eq(policy));
        diesel::delete(before).execute(write).await?;
        let row = |person| {
            (
                masking_policy_users::organization_id.eq(organization),
                masking_policy_users::policy_id.eq(policy),
                masking_policy_users::user_id.eq(person),
            )
        };
        let rows: Vec<_> = people.into_iter().map(row).collect();
        diesel::insert_into(masking_policy_users::table)
            .values(rows)
            .on_conflict_do_nothing()
            .execute(write)
            .await?;
    }
    Ok(())
}

/// Refused unless each of `fields` can be shown in this way.
fn can_be_masked(fields: &[String], method: MaskingMethod) -> Outcome<()> {
    for (at, field) in fields.iter().enumerate() {
        let refused = |message: String| {
            Err(UserError::new(UserErrorCode::Invalid, message, &["input", "fields", &at.to_string()]).into())
        };
        let Some((ty, name)) = field.split_once('.').filter(|(ty, _)| prefix_of_type(ty).is_some()) else {
            return refused(format!("`{field}` names no field of a record: write `User.email`"));
        };
        let Some(shown) = leaf_of_type(ty, name) else {
            return refused(format!("`{field}` is no field that can be masked"));
        };
        let in_part =
            matches!(method, MaskingMethod::Partial | MaskingMethod::Hash | MaskingMethod::Tokenize);
        if !shown.starts_with("String") && (in_part || shown.ends_with('!')) {
            return refused(format!(
                "`{field}` is of type {shown}: only texts, and with `REDACT` what may be null, can be masked"
            ));
        }
    }
    Ok(())
}
