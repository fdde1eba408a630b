//! Issues: weaknesses of controls, on their way from open to resolved or consciously accepted (B092).
use crate::{
    domains::{
        governance::control::{ComplianceControl, ComplianceControlFilter},
        identity::user::{User, UserFilter},
        prelude::*,
    },
    store::tables::governance::compliance_issues,
};

text_enum! {
    /// How bad a weakness is.
    IssueSeverity {
        /// Hardly any harm can come of it.
        Low = "low",
        /// Some harm can come of it.
        Medium = "medium",
        /// Much harm can come of it.
        High = "high",
        /// It threatens the organization.
        Critical = "critical",
    }
}

text_enum! {
    /// Where an issue stands.
    IssueStatus {
        /// Found, nobody works on it yet.
        Open = "open",
        /// Being mended.
        InProgress = "in_progress",
        /// Mended.
        Resolved = "resolved",
        /// Not mended: the risk is accepted.
        AcceptedRisk = "accepted_risk",
    }
}

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = compliance_issues, check_for_backend(Pg))]
pub struct ComplianceIssue {
    pub id: Id<ComplianceIssue>,
    pub control_id: Id<ComplianceControl>,
    pub description: String,
    pub severity: IssueSeverity,
    pub detected_at: DateTime<Utc>,
    pub due_date: Option<Date>,
    pub assigned_to: Option<Id<User>>,
    pub status: IssueStatus,
    pub remediation_plan: Option<String>,
    pub resolved_at: Option<DateTime<Utc>>,
    pub resolved_by: Option<Id<User>>,
    pub resolution_notes: Option<String>,
    pub revision: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

entity!(ComplianceIssue, "issue", governance::compliance_issues, needs "issue.read", version revision);

impl Entity for ComplianceIssue {
    const SEARCHED: &'static [&'static str] = &["description", "remediation_plan", "resolution_notes"];

    fn fields(issue: &mut Fields<Self>) {
        columns! { issue: ComplianceIssue {
            id, description, severity, detected_at, due_date, status, remediation_plan, resolved_at,
            resolution_notes, revision as "version", created_at, updated_at,
        } keeps { control_id, assigned_to, resolved_by } }
        issue
            .derived("isOverdue", is_overdue)
            .about("Whether it should have been mended before today and is still open or in progress.");
        issue.one("control", |issue| Some(issue.control_id)).about_column("control_id").required();
        issue.one("assignedTo", |issue| issue.assigned_to).about_column("assigned_to");
        issue.one("resolvedBy", |issue| issue.resolved_by).about_column("resolved_by");
        issue
            .aggregate()
            .ranges(&["detectedAt", "dueDate", "resolvedAt"])
            .by(&["severity", "status", "control", "assignedTo", "resolvedBy"])
            .by_period(&["detectedAt", "dueDate", "resolvedAt"]);
    }
}

fn is_overdue(issue: &ComplianceIssue) -> bool {
    issue.resolved_at.is_none() && issue.due_date.is_some_and(|due| due.0 < clock::now().date_naive())
}

filter! { ComplianceIssueFilter for ComplianceIssue in compliance_issues {
    id: Compare<Id<ComplianceIssue>>,
    severity: Compare<IssueSeverity>,
    status: Compare<IssueStatus>,
    detected_at: Compare<DateTime<Utc>>,
    due_date: Compare<Date>,
    resolved_at: Compare<DateTime<Utc>>,
    created_at: Compare<DateTime<Utc>>,
    updated_at: Compare<DateTime<Utc>>,
    control: ComplianceControlFilter => through control_id,
    assigned_to: UserFilter => through assigned_to,
    resolved_by: UserFilter => through resolved_by,
} }

order! { ComplianceIssueOrder, ComplianceIssueOrderField for ComplianceIssue {
    /// When the record was made.
    CreatedAt = created_at,
    /// When the record was changed last.
    UpdatedAt = updated_at,
    /// When the weakness was found.
    DetectedAt = detected_at,
    /// The day until which it must be mended.
    DueDate = due_date,
    /// The name of its control.
    ControlName = control_id -> ComplianceControl.name,
    /// The name of whoever is to resolve it.
    AssigneeName = assigned_to -> User.display_name,
} default [DetectedAt Desc] }

pub fn queries(query: &mut Fields<Query>) {
    query
        .by_id::<ComplianceIssue>("complianceIssue")
        .about("An issue by its id; null when there is none that you may see.");
    query
        .list::<ComplianceIssue>("complianceIssues")
        .about("Issues, found last first unless ordered otherwise.");
}

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .change("complianceIssueCreate", create)
        .needs("issue.write")
        .about("Reports a weakness of a control. Errors: INVALID, NOT_FOUND.")
        .in_bulk();
    mutations
        .change("complianceIssueUpdate", update)
        .needs("issue.write")
        .about("Changes an issue, but for its status. Errors: NOT_FOUND, CONFLICT, INVALID.")
        .in_bulk();
    mutations
        .change("complianceIssueStart", start)
        .needs("issue.write")
        .about("Begins to mend an open issue. Errors: NOT_FOUND, CONFLICT, STATE.");
    mutations
        .change("complianceIssueResolve", resolve)
        .needs("issue.write")
        .about("Ends an issue in progress: it is mended. Errors: NOT_FOUND, CONFLICT, INVALID, STATE.");
    mutations
        .change("complianceIssueAcceptRisk", accept_risk)
        .needs("issue.accept_risk")
        .in_person()
        .about("Ends an issue in progress: it stays, and the risk is accepted. Errors: NOT_FOUND, CONFLICT, INVALID, STATE.");
    mutations
        .change("complianceIssueReopen", reopen)
        .needs("issue.write")
        .about("Opens an ended issue again; how it ended stays in the audit trail. Errors: NOT_FOUND, CONFLICT, STATE.");
}

/// A weakness that was found.
#[derive(InputObject)]
struct ComplianceIssueCreateInput {
    /// The control that is weak.
    control_id: Id<ComplianceControl>,
    /// What is wrong.
    description: String,
    /// How bad it is.
    severity: IssueSeverity,
    /// When it was found; now when absent.
    detected_at: Option<DateTime<Utc>>,
    /// The day until which it must be mended.
    due_date: Option<Date>,
    /// Who is to mend it.
    assigned_to: Option<Id<User>>,
    /// How it is to be mended.
    remediation_plan: Option<String>,
}

async fn create(write: &mut Write, input: ComplianceIssueCreateInput) -> Outcome<Id<ComplianceIssue>> {
    let issue = Changes::default()
        .set(compliance_issues::control_id, input.control_id)
        .set(compliance_issues::description, input.description)
        .set(compliance_issues::severity, input.severity)
        .given(compliance_issues::detected_at, input.detected_at)
        .set(compliance_issues::due_date, input.due_date)
        .set(compliance_issues::assigned_to, input.assigned_to)
        .set(compliance_issues::remediation_plan, input.remediation_plan);
    record::create(write, issue).await
}

/// What to change of an issue. Absent: unchanged. Null: cleared.
#[derive(InputObject)]
struct ComplianceIssueUpdateInput {
    /// Which issue.
    id: Id<ComplianceIssue>,
    /// The version you read; refused when it is another by now.
    expected_version: Option<i32>,
    /// What is wrong.
    description: Option<String>,
    /// How bad it is.
    severity: Option<IssueSeverity>,
    /// The day until which it must be mended.
    due_date: MaybeUndefined<Date>,
    /// Who is to mend it.
    assigned_to: MaybeUndefined<Id<User>>,
    /// How it is to be mended.
    remediation_plan: MaybeUndefined<String>,
}

async fn update(write: &mut Write, input: ComplianceIssueUpdateInput) -> Outcome<Id<ComplianceIssue>> {
    let before = record::lock(write, input.id, input.expected_version).await?;
    let changes = Changes::default()
        .given(compliance_issues::description, input.description)
        .given(compliance_issues::severity, input.severity)
        .patch(compliance_issues::due_date, input.due_date)
        .patch(compliance_issues::assigned_to, input.assigned_to)
        .patch(compliance_issues::remediation_plan, input.remediation_plan);
    record::update(write, before, changes).await
}

async fn start(write: &mut Write, input: RecordInput<ComplianceIssue>) -> Outcome<Id<ComplianceIssue>> {
    let before = input.lock_living(write).await?;
    advance(write, "started", before, IssueStatus::InProgress, Changes::default()).await
}

/// How an issue ends.
#[derive(InputObject)]
struct ComplianceIssueEndInput {
    /// Which issue.
    id: Id<ComplianceIssue>,
    /// The version you read; refused when it is another by now.
    expected_version: Option<i32>,
    /// What was done, or why the risk is accepted.
    notes: String,
}

async fn resolve(write: &mut Write, input: ComplianceIssueEndInput) -> Outcome<Id<ComplianceIssue>> {
    end(write, "resolved", IssueStatus::Resolved, input).await
}

async fn accept_risk(write: &mut Write, input: ComplianceIssueEndInput) -> Outcome<Id<ComplianceIssue>> {
    end(write, "risk_accepted", IssueStatus::AcceptedRisk, input).await
}

async fn end(
    write: &mut Write,
    what: &str,
    status: IssueStatus,
    input: ComplianceIssueEndInput,
) -> Outcome<Id<ComplianceIssue>> {
    let before = record::lock(write, input.id, input.expected_version).await?;
    let changes = Changes::default().set(compliance_issues::resolution_notes, Some(input.notes));
    advance(write, what, before, status, changes).await
}

async fn reopen(write: &mut Write, input: RecordInput<ComplianceIssue>) -> Outcome<Id<ComplianceIssue>> {
    let before = input.lock_living(write).await?;
    let changes = Changes::default().set(compliance_issues::resolution_notes, None::<String>);
    advance(write, "reopened", before, IssueStatus::Open, changes).await
}

/// Which state may follow which, and who ended it and when, is the database's business; that a step is not taken
/// twice is ours, since an unchanged status is none of its.
async fn advance(
    write: &mut Write,
    what: &str,
    before: ComplianceIssue,
    status: IssueStatus,
    changes: Changes<compliance_issues::table>,
) -> Outcome<Id<ComplianceIssue>> {
    if before.status == status {
        let allowed: &[&str] = match status {
            IssueStatus::Open => &["start"],
            IssueStatus::InProgress => &["resolve", "acceptRisk"],
            IssueStatus::Resolved | IssueStatus::AcceptedRisk => &["reopen"],
        };
        return Err(UserError::state(say!("it is in this state already"), &["input", "id"], allowed).into());
    }
    record::change(write, what, before, changes.set(compliance_issues::status, status)).await
}
