//! Masking policies: which fields certain people see in part, or not at all (000 §9, B084).
use crate::{
    domains::{
        access::role::Role,
        identity::user::{User, UserFilter},
        prelude::*,
        security::data_classification::{self, DataClassification, DataClassificationFilter},
    },
    graph::rows::{leaf_of_type, prefix_of_type},
    store::{
        detection::{Rule, Sighting},
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

impl MaskingMethod {
    /// How little is left of what is masked.
    pub fn strength(self, keep: i16) -> i32 {
        match self {
            Self::None => 0,
            Self::Partial => 50 - i32::from(keep),
            Self::Tokenize => 60,
            Self::Hash => 70,
            Self::Redact => 100,
        }
    }
}

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = masking_policies, check_for_backend(Pg))]
pub struct MaskingPolicy {
    pub id: Id<MaskingPolicy>,
    pub name: String,
    pub description: Option<String>,
    pub fields: Texts,
    pub classification_id: Option<Id<DataClassification>>,
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
        } keeps { classification_id, created_by } }
        policy.one("classification", |policy| policy.classification_id).about_column("classification_id");
        policy.one("createdBy", |policy| policy.created_by).about_column("created_by");
        policy.children::<Role>("roles", ROLES).about(
            "Whoever holds one of these roles is concerned. With neither roles nor people, everybody is.",
        );
        policy
            .children::<User>("people", PEOPLE)
            .about("The people who are concerned besides those who hold one of the roles.");
        policy
            .aggregate()
            .ranges(&["priority"])
            .by(&["method", "isActive", "classification", "createdBy"])
            .by_period(&["createdAt"]);
    }
}

pairs!(ROLES of security::masking_policy_roles: policy_id, role_id);
pairs!(PEOPLE of security::masking_policy_users: policy_id, user_id);

filter! { MaskingPolicyFilter for MaskingPolicy in masking_policies {
    id: Compare<Id<MaskingPolicy>>,
    name: Compare<String>,
    method: Compare<MaskingMethod>,
    is_active: Compare<bool>,
    classification: DataClassificationFilter => through classification_id,
    created_by: UserFilter => through created_by,
    roles: Related<Role> => paired ROLES,
    people: Related<User> => paired PEOPLE,
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
    fields: Option<Vec<String>>,
    /// The classification whose fields it is about, instead of `fields`: those that are classified so at the time.
    classification_id: Option<Id<DataClassification>>,
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
    let subject = subject(write, input.fields, input.classification_id, input.method).await?;
    let subject = subject.ok_or_else(|| {
        let message = say!("name the fields, or a classification");
        UserError::new(UserErrorCode::Required, message, &["input", "fields"])
    })?;
    let policy = subject
        .set(masking_policies::name, input.name)
        .set(masking_policies::description, input.description)
        .set(masking_policies::method, input.method)
        .set(masking_policies::keep, input.keep)
        .set(masking_policies::priority, input.priority)
        .set(masking_policies::created_by, write.caller().user);
    let policy = MaskingPolicy::insert(write, Id::fresh(), policy).await?;
    concern(write, policy.id, input.role_ids, input.user_ids).await?;
    let id = record::created(write, &policy).await?;
    if input.method == MaskingMethod::None {
        weakened(write, id).await?;
    }
    Ok(id)
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
    /// The fields, as type and field: `User.email`. They take the place of a classification.
    fields: Option<Vec<String>>,
    /// The classification whose fields it is about. It takes the place of fields.
    classification_id: Option<Id<DataClassification>>,
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
    if input.fields.is_none() && input.classification_id.is_none() {
        can_be_masked(&before.fields.0, method)?;
    }
    let narrowed = input.role_ids.is_some() || input.user_ids.is_some();
    let subject = subject(write, input.fields, input.classification_id, method).await?;
    let changes = subject
        .unwrap_or_default()
        .given(masking_policies::name, input.name)
        .patch(masking_policies::description, input.description)
        .given(masking_policies::method, input.method)
        .given(masking_policies::keep, input.keep)
        .given(masking_policies::priority, input.priority)
        .given(masking_policies::is_active, input.is_active);
    concern(write, before.id, input.role_ids, input.user_ids).await?;
    let after = MaskingPolicy::update(write, before.id, changes).await?;
    let id = record::updated(write, &before, &after).await?;
    if before.is_active && (narrowed || after.is_weaker_than(&before)) {
        weakened(write, id).await?;
    }
    Ok(id)
}

impl MaskingPolicy {
    /// Whether less is masked, or less of it, or it counts less.
    fn is_weaker_than(&self, before: &Self) -> bool {
        let all = |of: &Self| before.fields.0.iter().all(|field| of.fields.0.contains(field));
        !self.is_active
            || self.method.strength(self.keep) < before.method.strength(before.keep)
            || self.priority > before.priority
            || self.classification_id != before.classification_id
            || !all(self)
    }
}

/// Tells those who watch that less is masked than before.
pub async fn weakened<T: Entity>(write: &mut Write, what: Id<T>) -> Outcome<()> {
    let sighting = write.sighting(Rule::MaskingWeakened, &what);
    Ok(write.notice(Sighting { resource: Some(what.to_string()), ..sighting }).await?)
}

async fn delete(write: &mut Write, input: RecordInput<MaskingPolicy>) -> Outcome<Id<MaskingPolicy>> {
    let policy = record::lock(write, input.id, input.expected_version).await?;
    diesel::delete(masking_policies::table.find((write.organization(), policy.id))).execute(write).await?;
    let id = record::removed(write, &policy).await?;
    if policy.is_active && policy.method != MaskingMethod::None {
        weakened(write, id).await?;
    }
    Ok(id)
}

/// What a policy is about, as the input says: fields, or a classification; none where it says nothing.
async fn subject(
    write: &mut Write,
    fields: Option<Vec<String>>,
    classification: Option<Id<DataClassification>>,
    method: MaskingMethod,
) -> Outcome<Option<Changes<masking_policies::table>>> {
    let (fields, classification) = match (fields, classification) {
        (Some(_), Some(_)) => {
            let message = say!("a policy is about fields or about a classification, not both");
            let path = ["input", "classificationId"];
            return Err(UserError::new(UserErrorCode::Invalid, message, &path).into());
        }
        (None, None) => return Ok(None),
        (Some(fields), None) => {
            can_be_masked(&fields, method)?;
            (fields, None)
        }
        (None, Some(id)) => {
            let (owner, _) = data_classification::owner_of(write, id).await?;
            (Vec::new(), Some((owner, id)))
        }
    };
    let (owner, id) = classification.unzip();
    let subject = Changes::default()
        .set(masking_policies::fields, Texts(fields))
        .set(masking_policies::classification_id, id)
        .set(masking_policies::classification_org_id, owner);
    Ok(Some(subject))
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
    let mut each = fields.iter().enumerate();
    each.try_for_each(|(at, field)| can_be_masked_at(field, method, &["input", "fields", &at.to_string()]))
}

/// Refused, at `path`, unless the field can be shown in this way.
pub fn can_be_masked_at(field: &str, method: MaskingMethod, path: &[&str]) -> Outcome<()> {
    let refused = |message| Err(UserError::new(UserErrorCode::Invalid, message, path).into());
    let Some((ty, name)) = field.split_once('.').filter(|(ty, _)| prefix_of_type(ty).is_some()) else {
        return refused(say!("`{field}` names no field of a record: write `User.email`"));
    };
    let Some(shown) = leaf_of_type(ty, name) else {
        return refused(say!("`{field}` is no field that can be masked"));
    };
    let in_part = matches!(method, MaskingMethod::Partial | MaskingMethod::Hash | MaskingMethod::Tokenize);
    if !shown.starts_with("String") && (in_part || shown.ends_with('!')) {
        return refused(say!(
            "`{field}` is of type {shown}: only texts, and with `REDACT` what may be null, can be masked"
        ));
    }
    Ok(())
}
