//! Elements: which field of the API holds what, and how it is classified (000 §9). The platform says so of personal
//! data; what an organization says of a field takes the place of that.
use crate::{
    domains::{
        identity::user::{User, UserFilter},
        prelude::*,
        security::{
            data_classification::{self, DataClassification, DataClassificationFilter},
            masking_policy::{self, MaskingMethod},
        },
    },
    store::{select::PLATFORM, tables::security::data_elements},
};

text_enum! {
    /// What a field holds.
    DataElementType {
        /// An e-mail address.
        Email = "email",
        /// A telephone number.
        Phone = "phone",
        /// A name of a person.
        Name = "name",
        /// A day of birth.
        BirthDate = "birth_date",
        /// How a person describes their gender.
        Gender = "gender",
        /// Where a person lives.
        Address = "address",
        /// An internet address.
        IpAddress = "ip_address",
        /// Money.
        Financial = "financial",
        /// Something else.
        Other = "other",
    }
}

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = data_elements, check_for_backend(Pg))]
pub struct DataElement {
    pub id: Id<DataElement>,
    pub field: String,
    pub element_type: DataElementType,
    pub classification_id: Id<DataClassification>,
    pub masking_method: Option<MaskingMethod>,
    pub keep: Option<i16>,
    pub is_active: bool,
    pub created_by: Option<Id<User>>,
    pub revision: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

entity!(
    DataElement, "dataelem", security::data_elements, needs "data_classification.read",
    owner OrganizationOrPlatform, version revision, part classification_id of DataClassification
);

impl Entity for DataElement {
    fn fields(element: &mut Fields<Self>) {
        columns! { element: DataElement {
            id, field, element_type, masking_method, keep, is_active, revision as "version", created_at, updated_at,
        } keeps { classification_id, created_by } }
        element
            .one("classification", |element| Some(element.classification_id))
            .about_column("classification_id")
            .required();
        element.one("createdBy", |element| element.created_by).about_column("created_by");
        element
            .aggregate()
            .by(&["elementType", "maskingMethod", "isActive", "classification", "createdBy"])
            .by_period(&["createdAt"]);
    }
}

filter! { DataElementFilter for DataElement in data_elements {
    id: Compare<Id<DataElement>>,
    field: Compare<String>,
    element_type: Compare<DataElementType>,
    is_active: Compare<bool>,
    created_at: Compare<DateTime<Utc>>,
    classification: DataClassificationFilter => through classification_id,
    created_by: UserFilter => through created_by,
} }

order! { DataElementOrder, DataElementOrderField for DataElement {
    /// Its field.
    Field = field,
    /// When the record was made.
    CreatedAt = created_at,
} default [Field Asc] }

pub fn queries(query: &mut Fields<Query>) {
    query
        .by_id::<DataElement>("dataElement")
        .about("What is said of a field, by its id; null when there is none that you may see.");
    query.list::<DataElement>("dataElements").about(
        "What is said of fields, built in and by the organization, by field unless ordered otherwise.",
    );
}

pub fn mutations(mutations: &mut Mutations) {
    mutations.change("dataElementCreate", create).needs("data_classification.write").in_person().about(
        "Says how a field is classified in the organization; that takes the place of what the platform says of it, from \
         the next request on. Errors: INVALID, NOT_FOUND, NOT_UNIQUE.",
    );
    mutations
        .change("dataElementUpdate", update)
        .needs("data_classification.write").in_person()
        .about("Changes what the organization says of a field. Errors: NOT_FOUND, CONFLICT, INVALID, STATE when it is built in.");
    mutations
        .action("dataElementDelete", delete, |payload| {
            payload
                .derived("deletedId", |payload| payload.result)
                .about("Which element was deleted; null when nothing was done.");
        })
        .needs("data_classification.write").in_person()
        .about("Takes back what the organization says of a field: what the platform says of it holds again. Errors: NOT_FOUND, CONFLICT, STATE when it is built in.");
}

/// How a field is to be classified.
#[derive(InputObject)]
struct DataElementCreateInput {
    /// The field, as type and field: `User.email`.
    field: String,
    /// What it holds.
    element_type: DataElementType,
    /// How it is classified.
    classification_id: Id<DataClassification>,
    /// How it is masked; as the classification says when absent. What is no text is left out in any case.
    masking_method: Option<MaskingMethod>,
    /// How many characters of the end are shown where the method is `PARTIAL`; as the classification says when absent.
    keep: Option<i16>,
}

async fn create(write: &mut Write, input: DataElementCreateInput) -> Outcome<Id<DataElement>> {
    masking_policy::can_be_masked_at(&input.field, MaskingMethod::Redact, &["input", "field"])?;
    let (owner, classification) = data_classification::owner_of(write, input.classification_id).await?;
    let replaced = built_in(write, &input.field).await?;
    let element = Changes::default()
        .set(data_elements::field, input.field)
        .set(data_elements::element_type, input.element_type)
        .set(data_elements::classification_id, input.classification_id)
        .set(data_elements::classification_org_id, owner)
        .set(data_elements::masking_method, input.masking_method)
        .set(data_elements::keep, input.keep)
        .set(data_elements::created_by, write.caller().user);
    let element = DataElement::insert(write, Id::fresh(), element).await?;
    let id = record::created(write, &element).await?;
    if let Some((before, was)) = replaced
        && element.strength(&classification) < before.strength(&was)
    {
        masking_policy::weakened(write, id).await?;
    }
    Ok(id)
}

/// What to change of what is said of a field. Absent: unchanged. Null: cleared.
#[derive(InputObject)]
struct DataElementUpdateInput {
    /// Which element.
    id: Id<DataElement>,
    /// The version you read; refused when it is another by now.
    expected_version: Option<i32>,
    /// What the field holds.
    element_type: Option<DataElementType>,
    /// How it is classified.
    classification_id: Option<Id<DataClassification>>,
    /// How it is masked; as the classification says when null.
    masking_method: MaybeUndefined<MaskingMethod>,
    /// How many characters of the end are shown where the method is `PARTIAL`; as the classification says when null.
    keep: MaybeUndefined<i16>,
    /// Whether it counts; where not, the field is not classified.
    is_active: Option<bool>,
}

async fn update(write: &mut Write, input: DataElementUpdateInput) -> Outcome<Id<DataElement>> {
    let before = own(write, input.id, input.expected_version).await?;
    let (mut owner, was) = data_classification::owner_of(write, before.classification_id).await?;
    let mut classification = was.clone();
    if let Some(id) = input.classification_id {
        (owner, classification) = data_classification::owner_of(write, id).await?;
    }
    let changes = Changes::default()
        .given(data_elements::element_type, input.element_type)
        .set(data_elements::classification_id, classification.id)
        .set(data_elements::classification_org_id, owner)
        .patch(data_elements::masking_method, input.masking_method)
        .patch(data_elements::keep, input.keep)
        .given(data_elements::is_active, input.is_active);
    let after = DataElement::update(write, before.id, changes).await?;
    let id = record::updated(write, &before, &after).await?;
    if after.strength(&classification) < before.strength(&was) {
        masking_policy::weakened(write, id).await?;
    }
    Ok(id)
}

async fn delete(write: &mut Write, input: RecordInput<DataElement>) -> Outcome<Id<DataElement>> {
    let element = own(write, input.id, input.expected_version).await?;
    let (_, was) = data_classification::owner_of(write, element.classification_id).await?;
    let returns = built_in(write, &element.field).await?;
    diesel::delete(data_elements::table.find((write.organization(), element.id))).execute(write).await?;
    let id = record::removed(write, &element).await?;
    if returns.map_or(Strength::default(), |(after, of)| after.strength(&of)) < element.strength(&was) {
        masking_policy::weakened(write, id).await?;
    }
    Ok(id)
}

/// How well a field is masked: from whom, and how little is left of it.
type Strength = (i32, i32);

impl DataElement {
    fn strength(&self, classification: &DataClassification) -> Strength {
        if !self.is_active || !classification.masking_required {
            return Strength::default();
        }
        let method = self.masking_method.unwrap_or(classification.masking_method);
        (classification.sensitivity_level, method.strength(self.keep.unwrap_or(classification.keep)))
    }
}

/// What the platform says of a field.
async fn built_in(write: &mut Write, field: &str) -> Outcome<Option<(DataElement, DataClassification)>> {
    let element: Option<DataElement> = data_elements::table
        .filter(data_elements::organization_id.eq(PLATFORM))
        .filter(data_elements::field.eq(field))
        .select(DataElement::as_select())
        .first(write)
        .await
        .optional()?;
    let Some(element) = element else { return Ok(None) };
    let (_, classification) = data_classification::owner_of(write, element.classification_id).await?;
    Ok(Some((element, classification)))
}

/// An element of the organization's own, locked. Rows of the platform can be read but not locked.
async fn own(write: &mut Write, id: Id<DataElement>, expected_version: Option<i32>) -> Outcome<DataElement> {
    let built_in = data_elements::table.find((PLATFORM, id));
    if diesel::select(diesel::dsl::exists(built_in)).get_result(write).await? {
        let message = say!("what the platform says cannot be changed: say something else of the field");
        return Err(UserError::state(message, &["input", "id"], &[]).into());
    }
    record::lock(write, id, expected_version).await
}
