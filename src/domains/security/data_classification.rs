//! Classifications (000 §9, B088): how sensitive data are, and so how they must be handled. What is to be masked is
//! masked for whoever lacks the permission of its level (`store::grants::masks`).
use crate::{
    domains::{
        identity::user::{User, UserFilter},
        prelude::*,
        security::{
            data_element::DataElement,
            masking_policy::{self, MaskingMethod, MaskingPolicy},
        },
    },
    store::{
        select::PLATFORM,
        tables::security::{data_classifications, data_elements, masking_policies},
        value::Texts,
    },
};

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = data_classifications, check_for_backend(Pg))]
pub struct DataClassification {
    pub id: Id<DataClassification>,
    pub name: String,
    pub description: Option<String>,
    pub sensitivity_level: i32,
    pub compliance_frameworks: Texts,
    pub retention_period_days: Option<i32>,
    pub encryption_required: bool,
    pub masking_required: bool,
    pub access_logging_required: bool,
    pub masking_method: MaskingMethod,
    pub keep: i16,
    pub created_by: Option<Id<User>>,
    pub revision: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

entity!(
    DataClassification, "dataclass", security::data_classifications, needs "data_classification.read",
    owner OrganizationOrPlatform, version revision
);

impl Entity for DataClassification {
    fn fields(classification: &mut Fields<Self>) {
        columns! { classification: DataClassification {
            id, name, description, sensitivity_level, compliance_frameworks, retention_period_days,
            encryption_required, masking_required, access_logging_required, masking_method, keep,
            revision as "version", created_at, updated_at,
        } keeps { created_by } }
        classification
            .children::<DataElement>("elements", data_elements::classification_id)
            .about("The fields that are classified so, by name.");
        classification
            .children::<MaskingPolicy>("maskingPolicies", masking_policies::classification_id)
            .about("The masking policies that are about it.");
        classification
            .one("createdBy", |classification| classification.created_by)
            .about_column("created_by");
        classification
            .aggregate()
            .ranges(&["sensitivityLevel", "retentionPeriodDays"])
            .by(&[
                "sensitivityLevel",
                "maskingRequired",
                "encryptionRequired",
                "accessLoggingRequired",
                "createdBy",
            ])
            .by_period(&["createdAt"]);
    }
}

filter! { DataClassificationFilter for DataClassification in data_classifications {
    id: Compare<Id<DataClassification>>,
    name: Compare<String>,
    sensitivity_level: Compare<i32>,
    masking_required: Compare<bool>,
    encryption_required: Compare<bool>,
    access_logging_required: Compare<bool>,
    created_by: UserFilter => through created_by,
    elements: Related<DataElement> => by data_elements::classification_id,
    masking_policies: Related<MaskingPolicy> => by masking_policies::classification_id,
} }

order! { DataClassificationOrder, DataClassificationOrderField for DataClassification {
    /// How sensitive the data are.
    SensitivityLevel = sensitivity_level,
    /// Its name.
    Name = name,
} default [SensitivityLevel Asc] }

pub fn queries(query: &mut Fields<Query>) {
    query
        .by_id::<DataClassification>("dataClassification")
        .about("A classification by its id; null when there is none that you may see.");
    query
        .list::<DataClassification>("dataClassifications")
        .about("Classifications, built in and the organization's own, the least sensitive first unless ordered otherwise.");
}

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .change("dataClassificationCreate", create)
        .needs("data_classification.write")
        .in_person()
        .about("Makes a classification of the organization's own. Errors: INVALID, NOT_UNIQUE.");
    mutations.change("dataClassificationUpdate", update).needs("data_classification.write").in_person().about(
        "Changes a classification of the organization's own; what is masked by it is shown otherwise from the next \
         request on. Errors: NOT_FOUND, CONFLICT, INVALID, NOT_UNIQUE, STATE when it is built in.",
    );
    mutations
        .action("dataClassificationDelete", delete, |payload| {
            payload
                .derived("deletedId", |payload| payload.result)
                .about("Which classification was deleted; null when nothing was done.");
        })
        .needs("data_classification.write").in_person()
        .about("Deletes a classification that nothing refers to. Errors: NOT_FOUND, CONFLICT, IN_USE, STATE when it is built in.");
}

/// A classification to be made.
#[derive(InputObject)]
struct DataClassificationCreateInput {
    /// What it is called.
    name: String,
    /// What is of this kind.
    description: Option<String>,
    /// How sensitive the data are, 1 to 5: public, internal, confidential, restricted, top secret.
    sensitivity_level: i32,
    /// Frameworks that ask for it, such as GDPR, at most 50.
    compliance_frameworks: Option<Vec<String>>,
    /// How many days such data are kept.
    retention_period_days: Option<i32>,
    /// Whether such data have to be kept encrypted.
    #[graphql(default)]
    encryption_required: bool,
    /// Whether such data are masked for everybody who lacks the permission of their level: not at level 1.
    #[graphql(default)]
    masking_required: bool,
    /// Whether it has to be written down who reads such data.
    #[graphql(default = true)]
    access_logging_required: bool,
    /// How such data are masked where their element does not say otherwise; not at all when absent.
    masking_method: Option<MaskingMethod>,
    /// How many characters of the end are shown where the method is `PARTIAL`.
    #[graphql(default = 4)]
    keep: i16,
}

async fn create(write: &mut Write, input: DataClassificationCreateInput) -> Outcome<Id<DataClassification>> {
    let classification = Changes::default()
        .set(data_classifications::name, input.name)
        .set(data_classifications::description, input.description)
        .set(data_classifications::sensitivity_level, input.sensitivity_level)
        .given(data_classifications::compliance_frameworks, input.compliance_frameworks.map(Texts))
        .set(data_classifications::retention_period_days, input.retention_period_days)
        .set(data_classifications::encryption_required, input.encryption_required)
        .set(data_classifications::masking_required, input.masking_required)
        .set(data_classifications::access_logging_required, input.access_logging_required)
        .given(data_classifications::masking_method, input.masking_method)
        .set(data_classifications::keep, input.keep)
        .set(data_classifications::created_by, write.caller().user);
    record::create(write, classification).await
}

/// What to change of a classification. Absent: unchanged. Null: cleared.
#[derive(InputObject)]
struct DataClassificationUpdateInput {
    /// Which classification.
    id: Id<DataClassification>,
    /// The version you read; refused when it is another by now.
    expected_version: Option<i32>,
    /// What it is called.
    name: Option<String>,
    /// What is of this kind.
    description: MaybeUndefined<String>,
    /// How sensitive the data are, 1 to 5.
    sensitivity_level: Option<i32>,
    /// Frameworks that ask for it, such as GDPR, at most 50.
    compliance_frameworks: Option<Vec<String>>,
    /// How many days such data are kept.
    retention_period_days: MaybeUndefined<i32>,
    /// Whether such data have to be kept encrypted.
    encryption_required: Option<bool>,
    /// Whether such data are masked for everybody who lacks the permission of their level.
    masking_required: Option<bool>,
    /// Whether it has to be written down who reads such data.
    access_logging_required: Option<bool>,
    /// How such data are masked where their element does not say otherwise.
    masking_method: Option<MaskingMethod>,
    /// How many characters of the end are shown where the method is `PARTIAL`.
    keep: Option<i16>,
}

async fn update(write: &mut Write, input: DataClassificationUpdateInput) -> Outcome<Id<DataClassification>> {
    let before = own(write, input.id, input.expected_version).await?;
    let changes = Changes::default()
        .given(data_classifications::name, input.name)
        .patch(data_classifications::description, input.description)
        .given(data_classifications::sensitivity_level, input.sensitivity_level)
        .given(data_classifications::compliance_frameworks, input.compliance_frameworks.map(Texts))
        .patch(data_classifications::retention_period_days, input.retention_period_days)
        .given(data_classifications::encryption_required, input.encryption_required)
        .given(data_classifications::masking_required, input.masking_required)
        .given(data_classifications::access_logging_required, input.access_logging_required)
        .given(data_classifications::masking_method, input.masking_method)
        .given(data_classifications::keep, input.keep);
    let after = DataClassification::update(write, before.id, changes).await?;
    let id = record::updated(write, &before, &after).await?;
    if before.masking_required && after.is_weaker_than(&before) {
        masking_policy::weakened(write, id).await?;
    }
    Ok(id)
}

async fn delete(
    write: &mut Write,
    input: RecordInput<DataClassification>,
) -> Outcome<Id<DataClassification>> {
    let classification = own(write, input.id, input.expected_version).await?;
    let this = data_classifications::table.find((write.organization(), classification.id));
    diesel::delete(this).execute(write).await?;
    record::removed(write, &classification).await
}

impl DataClassification {
    /// Whether people see more of what is classified so.
    fn is_weaker_than(&self, before: &Self) -> bool {
        !self.masking_required
            || self.sensitivity_level < before.sensitivity_level
            || self.masking_method.strength(self.keep) < before.masking_method.strength(before.keep)
    }
}

/// A classification of the organization's own, locked. Rows of the platform can be read but not locked.
async fn own(
    write: &mut Write,
    id: Id<DataClassification>,
    expected_version: Option<i32>,
) -> Outcome<DataClassification> {
    let built_in = data_classifications::table.find((PLATFORM, id));
    if diesel::select(diesel::dsl::exists(built_in)).get_result(write).await? {
        let message = say!("a built-in classification cannot be changed: make one of your own");
        return Err(UserError::state(message, &["input", "id"], &[]).into());
    }
    record::lock(write, id, expected_version).await
}

/// Whose a classification is: the organization's own, or the platform's.
pub async fn owner_of(
    write: &mut Write,
    classification: Id<DataClassification>,
) -> Outcome<(uuid::Uuid, DataClassification)> {
    let found = data_classifications::table
        .filter(data_classifications::organization_id.eq_any([write.organization(), PLATFORM]))
        .filter(data_classifications::id.eq(classification))
        .select((data_classifications::organization_id, DataClassification::as_select()))
        .first(write)
        .await
        .optional()?;
    Ok(found.ok_or_else(|| UserError::not_found(classification, &["input", "classificationId"]))?)
}
