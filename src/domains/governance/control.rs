//! Controls: what an organization does to meet requirements, checked at regular times (004 §3.9).
use serde_json::json;

use crate::{
    domains::{
        governance::{
            control_test::ControlTest,
            framework::{ComplianceFramework, ComplianceFrameworkFilter},
            issue::ComplianceIssue,
            requirement::ComplianceRequirement,
        },
        identity::user::{User, UserFilter},
        prelude::*,
    },
    store::{
        id::Kind,
        journal::Change,
        select::PLATFORM,
        tables::governance::{
            compliance_controls, compliance_frameworks, compliance_issues, compliance_requirements,
            control_requirements, control_tests,
        },
        value::Texts,
    },
};

text_enum! {
    /// What is known of a control.
    ControlStatus {
        /// Its newest test passed.
        Pass = "pass",
        /// Its newest test failed.
        Fail = "fail",
        /// Its newest test found a flaw.
        Warning = "warning",
        /// No test counts yet.
        NotVerified = "not_verified",
        /// It does not apply here.
        NotApplicable = "not_applicable",
    }
}

text_enum! {
    /// How often a control is tested.
    ControlFrequency {
        /// All the time.
        RealTime = "real_time",
        /// Every day.
        Daily = "daily",
        /// Every week.
        Weekly = "weekly",
        /// Every month.
        Monthly = "monthly",
        /// Every three months.
        Quarterly = "quarterly",
        /// Every year.
        Annual = "annual",
    }
}

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = compliance_controls, check_for_backend(Pg))]
pub struct ComplianceControl {
    pub id: Id<ComplianceControl>,
    pub control_id: String,
    pub framework_id: Id<ComplianceFramework>,
    pub category: String,
    pub name: String,
    pub description: Option<String>,
    pub objective: Option<String>,
    pub frequency: ControlFrequency,
    pub automated: bool,
    pub test_procedure: Option<String>,
    pub status: ControlStatus,
    pub last_verified_at: Option<DateTime<Utc>>,
    pub next_verification_at: Option<DateTime<Utc>>,
    pub owner_id: Option<Id<User>>,
    pub evidence_required: Texts,
    pub revision: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

entity!(
    ComplianceControl, "control", governance::compliance_controls, needs "control.read", version revision
);

impl Entity for ComplianceControl {
    const SEARCHED: &'static [&'static str] = &["name", "control_id", "description", "objective"];

    fn fields(control: &mut Fields<Self>) {
        columns! { control: ComplianceControl {
            id, control_id as "key", category, name, description, objective, frequency, automated,
            test_procedure, status, last_verified_at, next_verification_at, evidence_required,
            revision as "version", created_at, updated_at,
        } keeps { framework_id, owner_id } }
        control
            .derived("isOverdue", |control| {
                control.next_verification_at.is_some_and(|due| due < clock::now())
            })
            .about("Whether its next test was due before now.");
        control
            .one("framework", |control| Some(control.framework_id))
            .about_column("framework_id")
            .required();
        control.one("owner", |control| control.owner_id).about_column("owner_id");
        control
            .children::<ComplianceRequirement>("requirements", REQUIREMENTS)
            .about("The requirements it helps to meet, of any framework.");
        control
            .children::<ControlTest>("tests", control_tests::control_id)
            .about("Its tests, newest first unless ordered otherwise.");
        control
            .children::<ComplianceIssue>("issues", compliance_issues::control_id)
            .about("Its weaknesses, newest first unless ordered otherwise.");
        control
            .aggregate()
            .ranges(&["lastVerifiedAt", "nextVerificationAt"])
            .by(&["category", "frequency", "automated", "status", "framework", "owner"])
            .by_period(&["nextVerificationAt", "lastVerifiedAt"]);
    }
}

pairs! {
    /// Which requirements a control helps to meet.
    pub REQUIREMENTS of governance::control_requirements: control_id, requirement_id
}

filter! { ComplianceControlFilter for ComplianceControl in compliance_controls {
    id: Compare<Id<ComplianceControl>>,
    key: Compare<String> => column control_id,
    name: Compare<String>,
    category: Compare<String>,
    frequency: Compare<ControlFrequency>,
    automated: Compare<bool>,
    status: Compare<ControlStatus>,
    last_verified_at: Compare<DateTime<Utc>>,
    next_verification_at: Compare<DateTime<Utc>>,
    created_at: Compare<DateTime<Utc>>,
    updated_at: Compare<DateTime<Utc>>,
    framework: ComplianceFrameworkFilter => through framework_id,
    owner: UserFilter => through owner_id,
    tests: Related<ControlTest> => by control_tests::control_id,
    issues: Related<ComplianceIssue> => by compliance_issues::control_id,
    requirements: Related<ComplianceRequirement> => paired REQUIREMENTS,
} }

order! { ComplianceControlOrder, ComplianceControlOrderField for ComplianceControl {
    /// When the record was made.
    CreatedAt = created_at,
    /// When the record was changed last.
    UpdatedAt = updated_at,
    /// Its number in the organization.
    Key = control_id,
    /// Its name.
    Name = name,
    /// When its next test is due.
    NextVerificationAt = next_verification_at,
    /// The name of its framework.
    FrameworkName = framework_id -> ComplianceFramework.name,
    /// The name of its owner.
    OwnerName = owner_id -> User.display_name,
} default [Key Asc] }

pub fn queries(query: &mut Fields<Query>) {
    query
        .one_by::<ComplianceControl>(
            "complianceControl",
            [By::text(
                "key",
                compliance_controls::control_id,
                "Its number in the organization, `SOX-AC-001`.",
            )],
        )
        .about("A control by its id or number; null when there is none that you may see.");
    query
        .list::<ComplianceControl>("complianceControls")
        .about("Controls, by their number unless ordered otherwise.");
}

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .change("complianceControlCreate", create)
        .needs("control.write")
        .about(
            "Makes a control. Errors: INVALID, NOT_UNIQUE, NOT_FOUND, STATE when the framework is inactive.",
        )
        .in_bulk();
    mutations
        .change("complianceControlUpdate", update)
        .needs("control.write")
        .about("Changes a control. Errors: NOT_FOUND, CONFLICT, INVALID, NOT_UNIQUE.")
        .in_bulk();
    mutations
        .change("controlRequirementsSet", set_requirements)
        .needs("control.write")
        .about("Says which requirements a control helps to meet, in place of those before. Errors: NOT_FOUND, CONFLICT.");
}

/// A control to be made.
#[derive(InputObject)]
struct ComplianceControlCreateInput {
    /// Its number in the organization, `SOX-AC-001`.
    key: String,
    /// The framework it is made for.
    framework_id: Id<ComplianceFramework>,
    /// Its field, such as access control.
    category: String,
    /// What to call it.
    name: String,
    /// What is done.
    description: Option<String>,
    /// What it is to achieve.
    objective: Option<String>,
    /// How often it is tested.
    frequency: ControlFrequency,
    /// Whether a program tests it.
    #[graphql(default)]
    automated: bool,
    /// How it is tested.
    test_procedure: Option<String>,
    /// Who is responsible for it.
    owner_id: Option<Id<User>>,
    /// What must be shown for it to pass.
    #[graphql(default)]
    evidence_required: Vec<String>,
}

async fn create(write: &mut Write, input: ComplianceControlCreateInput) -> Outcome<Id<ComplianceControl>> {
    let framework_owner = owner_of(write, input.framework_id).await?;
    let control = Changes::default()
        .set(compliance_controls::control_id, input.key)
        .set(compliance_controls::framework_id, input.framework_id)
        .set(compliance_controls::framework_org_id, framework_owner)
        .set(compliance_controls::category, input.category)
        .set(compliance_controls::name, input.name)
        .set(compliance_controls::description, input.description)
        .set(compliance_controls::objective, input.objective)
        .set(compliance_controls::frequency, input.frequency)
        .set(compliance_controls::automated, input.automated)
        .set(compliance_controls::test_procedure, input.test_procedure)
        .set(compliance_controls::owner_id, input.owner_id)
        .set(compliance_controls::evidence_required, Texts(input.evidence_required));
    record::create(write, control).await
}

/// Whose the framework is: the organization's own or the platform's.
async fn owner_of(write: &mut Write, framework: Id<ComplianceFramework>) -> Outcome<uuid::Uuid> {
    let path = ["input", "frameworkId"];
    let found: Option<(uuid::Uuid, bool)> = compliance_frameworks::table
        .filter(compliance_frameworks::organization_id.eq_any([write.organization(), PLATFORM]))
        .filter(compliance_frameworks::id.eq(framework))
        .select((compliance_frameworks::organization_id, compliance_frameworks::is_active))
        .first(write)
        .await
        .optional()?;
    match found {
        Some((owner, true)) => Ok(owner),
        Some((_, false)) => {
            Err(UserError::state(say!("the framework is no longer active"), &path, &[]).into())
        }
        None => Err(UserError::not_found(framework, &path).into()),
    }
}

/// What to change of a control. Absent: unchanged. Null: cleared.
#[derive(InputObject)]
struct ComplianceControlUpdateInput {
    /// Which control.
    id: Id<ComplianceControl>,
    /// The version you read; refused when it is another by now.
    expected_version: Option<i32>,
    /// Its number in the organization.
    key: Option<String>,
    /// Its field, such as access control.
    category: Option<String>,
    /// What to call it.
    name: Option<String>,
    /// What is done.
    description: MaybeUndefined<String>,
    /// What it is to achieve.
    objective: MaybeUndefined<String>,
    /// How often it is tested; the next test becomes due accordingly.
    frequency: Option<ControlFrequency>,
    /// Whether a program tests it.
    automated: Option<bool>,
    /// How it is tested.
    test_procedure: MaybeUndefined<String>,
    /// Who is responsible for it.
    owner_id: MaybeUndefined<Id<User>>,
    /// What must be shown for it to pass.
    evidence_required: Option<Vec<String>>,
}

async fn update(write: &mut Write, input: ComplianceControlUpdateInput) -> Outcome<Id<ComplianceControl>> {
    let before = record::lock(write, input.id, input.expected_version).await?;
    let changes = Changes::default()
        .given(compliance_controls::control_id, input.key)
        .given(compliance_controls::category, input.category)
        .given(compliance_controls::name, input.name)
        .patch(compliance_controls::description, input.description)
        .patch(compliance_controls::objective, input.objective)
        .given(compliance_controls::frequency, input.frequency)
        .given(compliance_controls::automated, input.automated)
        .patch(compliance_controls::test_procedure, input.test_procedure)
        .patch(compliance_controls::owner_id, input.owner_id)
        .given(compliance_controls::evidence_required, input.evidence_required.map(Texts));
    record::update(write, before, changes).await
}

/// Which requirements a control helps to meet.
#[derive(InputObject)]
struct ControlRequirementsSetInput {
    /// Which control.
    control_id: Id<ComplianceControl>,
    /// The version of the control that you read; refused when it is another by now.
    expected_version: Option<i32>,
    /// All requirements that it helps to meet, of any framework; at most 100.
    #[graphql(validator(max_items = 100))]
    requirement_ids: Vec<Id<ComplianceRequirement>>,
}

async fn set_requirements(
    write: &mut Write,
    input: ControlRequirementsSetInput,
) -> Outcome<Id<ComplianceControl>> {
    let path = ["input", "controlId"];
    let control = record::lock_at(write, input.control_id, input.expected_version, &path).await?;
    let organization = write.organization();
    let mut wanted = input.requirement_ids;
    wanted.sort_unstable();
    wanted.dedup();
    let owners: Vec<(uuid::Uuid, Id<ComplianceRequirement>)> = compliance_requirements::table
        .filter(compliance_requirements::organization_id.eq_any([organization, PLATFORM]))
        .filter(compliance_requirements::id.eq_any(&wanted))
        .select((compliance_requirements::organization_id, compliance_requirements::id))
        .load(write)
        .await?;
    if let Some(missing) = wanted.iter().find(|id| !owners.iter().any(|(_, found)| found == *id)) {
        return Err(UserError::not_found(*missing, &["input", "requirementIds"]).into());
    }
    let links = control_requirements::table
        .filter(control_requirements::organization_id.eq(organization))
        .filter(control_requirements::control_id.eq(control.id));
    let mut before: Vec<Id<ComplianceRequirement>> =
        links.select(control_requirements::requirement_id).load(write).await?;
    before.sort_unstable();
    diesel::delete(links.filter(control_requirements::requirement_id.ne_all(&wanted))).execute(write).await?;
    let added: Vec<_> = owners
        .iter()
        .filter(|(_, requirement)| before.binary_search(requirement).is_err())
        .map(|(owner, requirement)| {
            (
                control_requirements::organization_id.eq(organization),
                control_requirements::control_id.eq(control.id),
                control_requirements::requirement_id.eq(*requirement),
                control_requirements::requirement_org_id.eq(*owner),
            )
        })
        .collect();
    diesel::insert_into(control_requirements::table).values(added).execute(write).await?;
    // the control's own columns stay as they are: what changed are its links
    let links_json = |ids: &[Id<ComplianceRequirement>]| json!({ "requirementIds": ids.iter().map(ToString::to_string).collect::<Vec<_>>() });
    let change = Change {
        kind: "compliance_control.requirements_set".to_owned(),
        resource_type: <ComplianceControl as Kind>::NAME,
        resource_id: control.id.0,
        resource_name: Some(control.control_id),
        before: Some(links_json(&before).into()),
        after: Some(links_json(&wanted).into()),
        topic: None,
        payload: serde_json::Value::Null,
    };
    write.record(change).await?;
    Ok(control.id)
}
