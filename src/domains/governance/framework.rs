//! Frameworks: the laws and standards an organization answers to, built in or its own (000 §3.9).
use crate::{
    domains::{
        governance::{control::ComplianceControl, requirement::ComplianceRequirement},
        prelude::*,
    },
    store::{
        select::PLATFORM,
        tables::governance::{compliance_controls, compliance_frameworks, compliance_requirements},
    },
};

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = compliance_frameworks, check_for_backend(Pg))]
pub struct ComplianceFramework {
    pub id: Id<ComplianceFramework>,
    pub name: String,
    pub version: Option<String>,
    pub description: Option<String>,
    pub jurisdiction: Option<String>,
    pub framework_type: Option<String>,
    pub controls: Json,
    pub is_active: bool,
    pub effective_date: Option<Date>,
    pub revision: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

entity!(
    ComplianceFramework, "framework", governance::compliance_frameworks, needs "framework.read",
    owner OrganizationOrPlatform, version revision
);

impl Entity for ComplianceFramework {
    const SEARCHED: &'static [&'static str] = &["name", "description"];

    fn fields(framework: &mut Fields<Self>) {
        columns! { framework: ComplianceFramework {
            id, name, version as "versionName", description, jurisdiction, framework_type,
            controls as "controlNotes", is_active, effective_date,
            revision as "version", created_at, updated_at,
        } }
        framework
            .children::<ComplianceRequirement>("requirements", compliance_requirements::framework_id)
            .about("What it requires, in its own order.");
        framework
            .children::<ComplianceControl>("controls", compliance_controls::framework_id)
            .about("The organization's controls that were made for it.");
        framework
            .aggregate()
            .ranges(&["effectiveDate"])
            .by(&["jurisdiction", "frameworkType", "isActive"])
            .by_period(&["effectiveDate", "createdAt"]);
    }
}

filter! { ComplianceFrameworkFilter for ComplianceFramework in compliance_frameworks {
    id: Compare<Id<ComplianceFramework>>,
    name: Compare<String>,
    jurisdiction: Compare<String>,
    framework_type: Compare<String>,
    is_active: Compare<bool>,
    effective_date: Compare<Date>,
    created_at: Compare<DateTime<Utc>>,
    requirements: Related<ComplianceRequirement> => by compliance_requirements::framework_id,
    controls: Related<ComplianceControl> => by compliance_controls::framework_id,
} }

order! { ComplianceFrameworkOrder, ComplianceFrameworkOrderField for ComplianceFramework {
    /// When the record was made.
    CreatedAt = created_at,
    /// When the record was changed last.
    UpdatedAt = updated_at,
    /// Its name.
    Name = name,
    /// The day from which it applies.
    EffectiveDate = effective_date,
} default [Name Asc] }

pub fn queries(query: &mut Fields<Query>) {
    query
        .by_id::<ComplianceFramework>("complianceFramework")
        .about("A framework by its id; null when there is none that you may see.");
    query
        .list::<ComplianceFramework>("complianceFrameworks")
        .about("Frameworks, built in and the organization's own, by name unless ordered otherwise.");
}

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .change("complianceFrameworkCreate", create)
        .needs("framework.write")
        .about("Makes a framework of the organization's own. Errors: INVALID, NOT_UNIQUE.");
    mutations.change("complianceFrameworkUpdate", update).needs("framework.write").about(
        "Changes a framework of the organization's own. \
             Errors: NOT_FOUND, CONFLICT, INVALID, NOT_UNIQUE, STATE when it is built in.",
    );
}

/// A framework to be made.
#[derive(InputObject)]
struct ComplianceFrameworkCreateInput {
    /// Its short name.
    name: String,
    /// Its edition.
    version_name: Option<String>,
    /// What it is about.
    description: Option<String>,
    /// Where it applies; everywhere when absent.
    jurisdiction: Option<String>,
    /// The kind of framework, such as privacy, financial or security.
    framework_type: Option<String>,
    /// The day from which it applies.
    effective_date: Option<Date>,
}

async fn create(
    write: &mut Write,
    input: ComplianceFrameworkCreateInput,
) -> Outcome<Id<ComplianceFramework>> {
    let framework = Changes::default()
        .set(compliance_frameworks::name, input.name)
        .set(compliance_frameworks::version, input.version_name)
        .set(compliance_frameworks::description, input.description)
        .set(compliance_frameworks::jurisdiction, input.jurisdiction)
        .set(compliance_frameworks::framework_type, input.framework_type)
        .set(compliance_frameworks::effective_date, input.effective_date);
    record::create(write, framework).await
}

/// What to change of a framework. Absent: unchanged. Null: cleared.
#[derive(InputObject)]
struct ComplianceFrameworkUpdateInput {
    /// Which framework.
    id: Id<ComplianceFramework>,
    /// The version you read; refused when it is another by now.
    expected_version: Option<i32>,
    /// Its short name.
    name: Option<String>,
    /// Its edition.
    version_name: MaybeUndefined<String>,
    /// What it is about.
    description: MaybeUndefined<String>,
    /// Where it applies.
    jurisdiction: MaybeUndefined<String>,
    /// The kind of framework, such as privacy, financial or security.
    framework_type: MaybeUndefined<String>,
    /// Whether controls may still be made for it.
    is_active: Option<bool>,
    /// The day from which it applies.
    effective_date: MaybeUndefined<Date>,
}

async fn update(
    write: &mut Write,
    input: ComplianceFrameworkUpdateInput,
) -> Outcome<Id<ComplianceFramework>> {
    if is_built_in(write, input.id).await? {
        return Err(
            UserError::state(say!("a built-in framework cannot be changed"), &["input", "id"], &[]).into()
        );
    }
    let before = record::lock(write, input.id, input.expected_version).await?;
    let changes = Changes::default()
        .given(compliance_frameworks::name, input.name)
        .patch(compliance_frameworks::version, input.version_name)
        .patch(compliance_frameworks::description, input.description)
        .patch(compliance_frameworks::jurisdiction, input.jurisdiction)
        .patch(compliance_frameworks::framework_type, input.framework_type)
        .given(compliance_frameworks::is_active, input.is_active)
        .patch(compliance_frameworks::effective_date, input.effective_date);
    record::update(write, before, changes).await
}

/// Rows of the platform can be read but not locked, so they are recognized beforehand.
async fn is_built_in(write: &mut Write, id: Id<ComplianceFramework>) -> Outcome<bool> {
    let built_in = compliance_frameworks::table.find((PLATFORM, id));
    Ok(diesel::select(diesel::dsl::exists(built_in)).get_result(write).await?)
}
