//! Approval workflows: who must agree to what, step by step (000 §2, B023).
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    domains::{
        access::{
            approval::ApprovalRequest, approving::ApprovalSubject, authority, permission::Permission,
            role::Role,
        },
        identity::user::{User, UserFilter},
        prelude::*,
    },
    store::tables::{
        access::{approval_requests, approval_workflows, permissions},
        identity::memberships,
    },
};

/// One step, as it is kept: exactly one of a role, a person and a permission says who decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permission: Option<String>,
    pub agree: i32,
}

impl Step {
    /// The steps of a workflow or a request; none where they cannot be read, and then nobody decides.
    pub fn all(steps: &Json) -> Vec<Self> {
        serde_json::from_value(steps.0.clone()).unwrap_or_default()
    }
}

impl Object for Step {
    const NAME: &'static str = "ApprovalStep";
    const PUBLIC: Option<&'static str> = Some("part of a workflow or a request, which decide who sees them");

    fn about() -> String {
        "One step of an approval: who decides, and how many must agree.".to_owned()
    }

    fn fields(step: &mut Fields<Self>) {
        step.derived("name", |step| step.name.clone()).about("What the step is called; null when not told.");
        step.derived("agree", |step| step.agree).about("How many people must agree.");
        step.one("role", |step| step.role.map(Id::<Role>::of)).about(
            "Whoever holds this role for everything and without conditions decides; null when others do.",
        );
        step.one("user", |step| step.user.map(Id::<User>::of))
            .about("This person decides; null when others do.");
        step.derived("permission", |step| step.permission.clone())
            .about("Whoever holds this permission for everything decides; null when others do.");
    }
}

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = approval_workflows, check_for_backend(Pg))]
pub struct ApprovalWorkflow {
    pub id: Id<ApprovalWorkflow>,
    pub name: String,
    pub subject_type: ApprovalSubject,
    pub steps: Json,
    pub is_active: bool,
    pub created_by: Option<Id<User>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub revision: i32,
    pub request_minutes: i32,
    pub grant_minutes: i32,
}

entity!(ApprovalWorkflow, "flow", access::approval_workflows, needs "approval.read", version revision, limited never);

impl Entity for ApprovalWorkflow {
    fn fields(workflow: &mut Fields<Self>) {
        columns! { workflow: ApprovalWorkflow {
            id, name, subject_type, is_active, request_minutes, grant_minutes, revision as "version", created_at,
            updated_at,
        } keeps { steps, created_by } }
        workflow.parts("steps", |workflow, _| Step::all(&workflow.steps)).about_column("steps");
        workflow.one("createdBy", |workflow| workflow.created_by).about_column("created_by");
        workflow
            .children::<ApprovalRequest>("requests", approval_requests::workflow_id)
            .about("What was asked of it, newest first unless ordered otherwise, as far as you may see it.");
        workflow
            .children::<Permission>("permissions", permissions::approval_workflow_id)
            .about("The permissions whose use it decides on.");
        workflow
            .aggregate()
            .ranges(&["requestMinutes", "grantMinutes"])
            .by(&["subjectType", "isActive", "createdBy"])
            .by_period(&["createdAt"]);
    }
}

filter! { ApprovalWorkflowFilter for ApprovalWorkflow in approval_workflows {
    id: Compare<Id<ApprovalWorkflow>>,
    name: Compare<String>,
    subject_type: Compare<ApprovalSubject>,
    is_active: Compare<bool>,
    created_at: Compare<DateTime<Utc>>,
    updated_at: Compare<DateTime<Utc>>,
    created_by: UserFilter => through created_by,
    requests: Related<ApprovalRequest> => by approval_requests::workflow_id,
    permissions: Related<Permission> => by permissions::approval_workflow_id,
} }

order! { ApprovalWorkflowOrder, ApprovalWorkflowOrderField for ApprovalWorkflow {
    /// When the record was made.
    CreatedAt = created_at,
    /// When the record was changed last.
    UpdatedAt = updated_at,
    /// Its name.
    Name = name,
} default [Name Asc] }

pub fn queries(query: &mut Fields<Query>) {
    query
        .by_id::<ApprovalWorkflow>("approvalWorkflow")
        .about("A workflow of approval by its id; null when there is none that you may see.");
    query
        .list::<ApprovalWorkflow>("approvalWorkflows")
        .about("The workflows of approval, by name unless ordered otherwise.");
}

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .change("approvalWorkflowCreate", create)
        .needs("approval.workflow.write")
        .in_person()
        .about("Says who must agree, step by step; `permissionCreate` names the workflow. Errors: REQUIRED, INVALID, OUT_OF_RANGE, NOT_UNIQUE, NOT_FOUND.");
    mutations
        .change("approvalWorkflowUpdate", update)
        .needs("approval.workflow.write")
        .in_person()
        .about("Changes a workflow for what is asked from now on; you must hold what it decides on. Errors: REQUIRED, INVALID, OUT_OF_RANGE, NOT_UNIQUE, NOT_FOUND, CONFLICT.");
    mutations
        .action("approvalWorkflowDelete", delete, |payload| {
            payload
                .derived("deletedId", |payload| payload.result)
                .about("Which workflow was deleted; null when nothing was done.");
        })
        .needs("approval.workflow.delete")
        .in_person()
        .about("Deletes a workflow for good. One that was ever asked, or that a permission names, is ended by `isActive` instead. Errors: NOT_FOUND, CONFLICT, IN_USE.");
}

/// One step: who decides, by exactly one of role, person and permission, and how many must agree.
#[derive(InputObject)]
struct ApprovalStepInput {
    /// What to call it.
    name: Option<String>,
    /// Whoever holds this role for everything and without conditions decides.
    role_id: Option<Id<Role>>,
    /// This person decides.
    user_id: Option<Id<User>>,
    /// Whoever holds this permission for everything decides; by the name that `@requires` uses: `budget.approve`.
    permission: Option<String>,
    /// How many people must agree, at most 20.
    #[graphql(default = 1)]
    agree: i32,
}

/// A workflow to be made.
#[derive(InputObject)]
struct ApprovalWorkflowCreateInput {
    /// What to call it.
    name: String,
    /// What it approves; the use of permissions when absent.
    subject_type: Option<ApprovalSubject>,
    /// The steps in order, 1 to 20: the next begins when the one before has agreed.
    steps: Vec<ApprovalStepInput>,
    /// How long a request waits for its decisions before it lapses, in minutes; a week when absent.
    request_minutes: Option<i32>,
    /// How long at most an approved permission holds, in minutes; a day when absent.
    grant_minutes: Option<i32>,
}

async fn create(write: &mut Write, input: ApprovalWorkflowCreateInput) -> Outcome<Id<ApprovalWorkflow>> {
    let steps = kept(write, input.steps).await?;
    let workflow = Changes::default()
        .set(approval_workflows::name, input.name)
        .set(approval_workflows::subject_type, input.subject_type.unwrap_or(ApprovalSubject::Permission))
        .set(approval_workflows::steps, steps)
        .given(approval_workflows::request_minutes, input.request_minutes)
        .given(approval_workflows::grant_minutes, input.grant_minutes)
        .set(approval_workflows::created_by, write.caller().user);
    record::create(write, workflow).await
}

/// What to change of a workflow. Absent: unchanged.
#[derive(InputObject)]
struct ApprovalWorkflowUpdateInput {
    /// Which workflow.
    id: Id<ApprovalWorkflow>,
    /// The version you read; refused when it is another by now.
    expected_version: Option<i32>,
    /// What to call it.
    name: Option<String>,
    /// The steps in order, 1 to 20, instead of those that were there; what was asked before keeps its own.
    steps: Option<Vec<ApprovalStepInput>>,
    /// Whether new requests use it; while not, nobody can ask for what it decides on.
    is_active: Option<bool>,
    /// How long a request waits for its decisions before it lapses, in minutes.
    request_minutes: Option<i32>,
    /// How long at most an approved permission holds, in minutes.
    grant_minutes: Option<i32>,
}

async fn update(write: &mut Write, input: ApprovalWorkflowUpdateInput) -> Outcome<Id<ApprovalWorkflow>> {
    let before = record::lock(write, input.id, input.expected_version).await?;
    may_change(write, before.id).await?;
    let steps = match input.steps {
        Some(steps) => Some(kept(write, steps).await?),
        None => None,
    };
    let changes = Changes::default()
        .given(approval_workflows::name, input.name)
        .given(approval_workflows::steps, steps)
        .given(approval_workflows::is_active, input.is_active)
        .given(approval_workflows::request_minutes, input.request_minutes)
        .given(approval_workflows::grant_minutes, input.grant_minutes);
    record::update(write, before, changes).await
}

async fn delete(write: &mut Write, input: RecordInput<ApprovalWorkflow>) -> Outcome<Id<ApprovalWorkflow>> {
    let workflow = record::lock(write, input.id, input.expected_version).await?;
    may_change(write, workflow.id).await?;
    diesel::delete(approval_workflows::table.find((write.organization(), workflow.id)))
        .execute(write)
        .await?;
    record::removed(write, &workflow).await
}

/// Refused unless the caller holds what the workflow decides on: nobody eases the way to what they lack.
async fn may_change(write: &mut Write, workflow: Id<ApprovalWorkflow>) -> Outcome<()> {
    let rights: Vec<String> = permissions::table
        .filter(permissions::organization_id.eq(write.organization()))
        .filter(permissions::approval_workflow_id.eq(workflow))
        .select(permissions::right_name)
        .load(write)
        .await?;
    authority::may_define(write, &rights, None)
}

/// Steps as they are kept; refused unless each says who decides, and those are there.
async fn kept(write: &mut Write, steps: Vec<ApprovalStepInput>) -> Outcome<Json> {
    if steps.is_empty() || steps.len() > 20 {
        let message = say!("a workflow has 1 to 20 steps");
        return Err(UserError::new(UserErrorCode::Invalid, message, &["input", "steps"]).into());
    }
    let mut kept = Vec::with_capacity(steps.len());
    for (at, step) in steps.into_iter().enumerate() {
        kept.push(checked(write, &at.to_string(), step).await?);
    }
    Ok(Json(serde_json::json!(kept)))
}

async fn checked(write: &mut Write, at: &str, step: ApprovalStepInput) -> Outcome<Step> {
    let refused = |code, message: Said, field: &[&str]| {
        Err(UserError::new(code, message, &[&["input", "steps", at], field].concat()).into())
    };
    let told = [step.role_id.is_some(), step.user_id.is_some(), step.permission.is_some()];
    match told.iter().filter(|told| **told).count() {
        0 => {
            let message = say!("say who decides: by `roleId`, `userId` or `permission`");
            return refused(UserErrorCode::Required, message, &[]);
        }
        1 => {}
        _ => {
            let message = say!("say who decides by one of `roleId`, `userId` and `permission`");
            return refused(UserErrorCode::Invalid, message, &[]);
        }
    }
    if !(1..=20).contains(&step.agree) {
        return refused(UserErrorCode::OutOfRange, say!("1 to 20 people must agree"), &["agree"]);
    }
    if let Some(role) = step.role_id {
        record::find::<Role>(write, role, &["input", "steps", at, "roleId"]).await?;
    }
    if let Some(person) = step.user_id {
        let here = memberships::table
            .filter(memberships::organization_id.eq(write.organization()))
            .filter(memberships::user_id.eq(person));
        if !diesel::select(diesel::dsl::exists(here)).get_result::<bool>(write).await? {
            return Err(UserError::not_found(person, &["input", "steps", at, "userId"]).into());
        }
        if step.agree > 1 {
            return refused(UserErrorCode::Invalid, say!("one person agrees once"), &["agree"]);
        }
    }
    if let Some(right) = &step.permission {
        authority::right(write, right, &["input", "steps", at, "permission"]).await?;
    }
    Ok(Step {
        name: step.name,
        role: step.role_id.map(|role| role.0),
        user: step.user_id.map(|person| person.0),
        permission: step.permission,
        agree: step.agree,
    })
}
