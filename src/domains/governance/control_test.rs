//! Tests of controls: facts that are added and never changed; the newest one gives its control the result (B091).
use crate::{
    domains::{
        governance::control::{ComplianceControl, ComplianceControlFilter},
        identity::user::{User, UserFilter},
        prelude::*,
    },
    store::tables::governance::{compliance_controls, control_tests},
};

text_enum! {
    /// What a test of a control showed.
    ControlTestResult {
        /// The control works.
        Pass = "pass",
        /// The control does not work.
        Fail = "fail",
        /// The control works, but not as it should.
        Warning = "warning",
        /// The control does not apply here.
        NotApplicable = "not_applicable",
    }
}

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = control_tests, check_for_backend(Pg))]
pub struct ControlTest {
    pub id: Id<ControlTest>,
    pub control_id: Id<ComplianceControl>,
    pub result: ControlTestResult,
    pub performed_by: Option<Id<User>>,
    pub performed_at: DateTime<Utc>,
    pub automated: bool,
    pub evidence: Json,
    pub notes: Option<String>,
}

entity!(ControlTest, "test", governance::control_tests, needs "control.read", part control_id of ComplianceControl);

impl Entity for ControlTest {
    fn fields(test: &mut Fields<Self>) {
        columns! { test: ControlTest {
            id, result, performed_at, automated, notes,
        } keeps { control_id, performed_by, evidence } }
        test.parts("evidence", |test, _| Evidence::all(test)).about_column("evidence").always();
        test.one("control", |test| Some(test.control_id)).about_column("control_id").required();
        test.one("performedBy", |test| test.performed_by).about_column("performed_by");
        test.aggregate()
            .ranges(&["performedAt"])
            .by(&["result", "automated", "control", "performedBy"])
            .by_period(&["performedAt"]);
    }
}

/// A piece of what was shown.
struct Evidence {
    name: String,
    reference: String,
}

impl Evidence {
    fn all(test: &ControlTest) -> Vec<Self> {
        let shown = test.evidence.0.as_object().into_iter().flatten();
        let piece = |(name, reference): (&String, &serde_json::Value)| {
            Some(Self { name: name.clone(), reference: reference.as_str()?.to_owned() })
        };
        shown.filter_map(piece).collect()
    }
}

impl Object for Evidence {
    const NAME: &'static str = "ControlEvidence";
    const PUBLIC: Option<&'static str> = Some("it is part of its test, which needs a permission");

    fn about() -> String {
        "A piece of evidence that was shown when a control was tested.".to_owned()
    }

    fn fields(evidence: &mut Fields<Self>) {
        evidence
            .column("name", |evidence| &evidence.name)
            .about("What it is, as the control's `evidenceRequired` names it.");
        evidence.column("reference", |evidence| &evidence.reference).about("Where it is found.");
    }
}

filter! { ControlTestFilter for ControlTest in control_tests {
    id: Compare<Id<ControlTest>>,
    result: Compare<ControlTestResult>,
    performed_at: Compare<DateTime<Utc>>,
    automated: Compare<bool>,
    control: ComplianceControlFilter => through control_id,
    performed_by: UserFilter => through performed_by,
} }

order! { ControlTestOrder, ControlTestOrderField for ControlTest {
    /// When it was performed.
    PerformedAt = performed_at,
    /// The name of the control.
    ControlName = control_id -> ComplianceControl.name,
} default [PerformedAt Desc] }

pub fn queries(query: &mut Fields<Query>) {
    query
        .by_id::<ControlTest>("controlTest")
        .about("A test of a control by its id; null when there is none that you may see.");
    query
        .list::<ControlTest>("controlTests")
        .about("Tests of controls, newest first unless ordered otherwise.");
}

pub fn mutations(mutations: &mut Mutations) {
    mutations.change("controlTestRecord", record_test).needs("control.test").about(
        "Records a test of a control. The newest test gives the control its status and its next due date. \
             It passes only with all the evidence that the control requires. \
             Errors: NOT_FOUND, CONFLICT, INVALID, OUT_OF_RANGE, REQUIRED.",
    );
}

/// A test that was performed.
#[derive(InputObject)]
struct ControlTestRecordInput {
    /// The control that was tested.
    control_id: Id<ComplianceControl>,
    /// The version of the control that you read; refused when it is another by now.
    expected_version: Option<i32>,
    /// What the test showed.
    result: ControlTestResult,
    /// When it was performed; now when absent.
    performed_at: Option<DateTime<Utc>>,
    /// Whether a program performed it; then nobody is named as the tester.
    #[graphql(default)]
    automated: bool,
    /// What was shown; a test that passes needs all that the control requires. At most 100.
    #[graphql(default, validator(max_items = 100))]
    evidence: Vec<ControlEvidenceInput>,
    /// What the tester noticed.
    notes: Option<String>,
}

/// A piece of evidence.
#[derive(InputObject)]
struct ControlEvidenceInput {
    /// What it is, as the control's `evidenceRequired` names it.
    name: String,
    /// Where it is found: an address, or a number in another system.
    reference: String,
}

async fn record_test(write: &mut Write, input: ControlTestRecordInput) -> Outcome<Id<ControlTest>> {
    let before =
        record::lock_at(write, input.control_id, input.expected_version, &["input", "controlId"]).await?;
    let performed_at = input.performed_at.unwrap_or_else(clock::now);
    if performed_at > clock::now() {
        let message = say!("a test cannot have been performed in the future");
        let path = ["input", "performedAt"];
        return Err(UserError::new(UserErrorCode::OutOfRange, message, &path).into());
    }
    let evidence = input.evidence.into_iter().map(|piece| (piece.name, piece.reference.into())).collect();
    let tester = write.caller().user.filter(|_| !input.automated);
    let test = Changes::default()
        .set(control_tests::control_id, before.id)
        .set(control_tests::result, input.result)
        .set(control_tests::performed_by, tester)
        .set(control_tests::performed_at, performed_at)
        .set(control_tests::automated, input.automated)
        .set(control_tests::evidence, Json(serde_json::Value::Object(evidence)))
        .set(control_tests::notes, input.notes);
    let test = ControlTest::insert(write, Id::fresh(), test).await?;
    // the database has given the control its result: its trail and its subscribers are told of that too
    let after = compliance_controls::table
        .find((write.organization(), before.id))
        .select(ComplianceControl::as_select())
        .first(write)
        .await?;
    record::changed(write, "tested", &before, &after).await?;
    record::created(write, &test).await
}
