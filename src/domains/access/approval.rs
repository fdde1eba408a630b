//! Approvals: who must agree to an act, what is waiting, and who decided what (000 §2).
use crate::{
    domains::{
        access::permission::Permission,
        identity::user::{User, UserFilter},
        prelude::*,
    },
    store::tables::access::{approval_decisions, approval_requests, approval_workflows, permissions},
};

text_enum! {
    /// What became of a request for approval.
    ApprovalStatus {
        /// Waits for decisions.
        Pending = "pending",
        /// All steps agreed.
        Approved = "approved",
        /// Somebody refused.
        Rejected = "rejected",
        /// Whoever asked took it back.
        Cancelled = "cancelled",
        /// Nobody decided in time.
        Expired = "expired",
    }
}

text_enum! {
    /// What a person decided about a step.
    ApprovalVerdict {
        /// Agreed.
        Approved = "approved",
        /// Refused.
        Rejected = "rejected",
        /// Neither.
        Abstained = "abstained",
    }
}

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = approval_workflows, check_for_backend(Pg))]
pub struct ApprovalWorkflow {
    pub id: Id<ApprovalWorkflow>,
    pub name: String,
    pub subject_type: String,
    pub steps: Json,
    pub is_active: bool,
    pub created_by: Option<Id<User>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub revision: i32,
}

entity!(ApprovalWorkflow, "flow", access::approval_workflows, needs "approval.read", version revision, limited never);

impl Entity for ApprovalWorkflow {
    fn fields(workflow: &mut Fields<Self>) {
        columns! { workflow: ApprovalWorkflow {
            id, name, subject_type, steps, is_active, revision as "version", created_at, updated_at,
        } keeps { created_by } }
        workflow.one("createdBy", |workflow| workflow.created_by).about_column("created_by");
        workflow
            .children::<ApprovalRequest>("requests", approval_requests::workflow_id)
            .about("What was asked of it, newest first unless ordered otherwise.");
        workflow
            .children::<Permission>("permissions", permissions::approval_workflow_id)
            .about("The permissions whose use it decides on.");
    }
}

filter! { ApprovalWorkflowFilter for ApprovalWorkflow in approval_workflows {
    id: Compare<Id<ApprovalWorkflow>>,
    name: Compare<String>,
    subject_type: Compare<String>,
    is_active: Compare<bool>,
    created_at: Compare<DateTime<Utc>>,
    updated_at: Compare<DateTime<Utc>>,
} }

order! { ApprovalWorkflowOrder, ApprovalWorkflowOrderField for ApprovalWorkflow {
    /// When the record was made.
    CreatedAt = created_at,
    /// When the record was changed last.
    UpdatedAt = updated_at,
    /// Its name.
    Name = name,
} default [Name Asc] }

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = approval_requests, check_for_backend(Pg))]
pub struct ApprovalRequest {
    pub id: Id<ApprovalRequest>,
    pub workflow_id: Option<Id<ApprovalWorkflow>>,
    pub subject_type: String,
    pub subject_id: uuid::Uuid,
    pub action: String,
    pub payload: Json,
    pub requested_by: Option<Id<User>>,
    pub reason: Option<String>,
    pub status: ApprovalStatus,
    pub current_step: i32,
    pub expires_at: Option<DateTime<Utc>>,
    pub decided_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
}

entity!(ApprovalRequest, "approval", access::approval_requests, needs "approval.read");

impl Entity for ApprovalRequest {
    fn fields(request: &mut Fields<Self>) {
        columns! { request: ApprovalRequest {
            id, subject_type, subject_id, action, payload, reason, status, current_step, expires_at, decided_at,
            created_at,
        } keeps { workflow_id, requested_by } }
        request.one("workflow", |request| request.workflow_id).about_column("workflow_id");
        request.one("requestedBy", |request| request.requested_by).about_column("requested_by");
        request
            .children::<ApprovalDecision>("decisions", approval_decisions::request_id)
            .about("What was decided, in the order of time.");
    }
}

filter! { ApprovalRequestFilter for ApprovalRequest in approval_requests {
    id: Compare<Id<ApprovalRequest>>,
    subject_type: Compare<String>,
    action: Compare<String>,
    status: Compare<ApprovalStatus>,
    expires_at: Compare<DateTime<Utc>>,
    decided_at: Compare<DateTime<Utc>>,
    created_at: Compare<DateTime<Utc>>,
    requested_by: UserFilter => through requested_by,
    workflow: ApprovalWorkflowFilter => through workflow_id,
} }

order! { ApprovalRequestOrder, ApprovalRequestOrderField for ApprovalRequest {
    /// When it was asked.
    CreatedAt = created_at,
    /// When it lapses.
    ExpiresAt = expires_at,
} default [CreatedAt Desc] }

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = approval_decisions, check_for_backend(Pg))]
pub struct ApprovalDecision {
    pub id: Id<ApprovalDecision>,
    pub request_id: Id<ApprovalRequest>,
    pub step: i32,
    pub decided_by: Id<User>,
    pub decision: ApprovalVerdict,
    pub comment: Option<String>,
    pub decided_at: DateTime<Utc>,
}

entity!(
    ApprovalDecision, "decision", access::approval_decisions, needs "approval.read", part request_id of ApprovalRequest
);

impl Entity for ApprovalDecision {
    fn fields(decision: &mut Fields<Self>) {
        columns! { decision: ApprovalDecision {
            id, step, decision, comment, decided_at,
        } keeps { request_id, decided_by } }
        decision.one("request", |decision| Some(decision.request_id)).about_column("request_id").required();
        decision.one("decidedBy", |decision| Some(decision.decided_by)).about_column("decided_by").required();
    }
}

filter! { ApprovalDecisionFilter for ApprovalDecision in approval_decisions {
    id: Compare<Id<ApprovalDecision>>,
    step: Compare<i32>,
    decision: Compare<ApprovalVerdict>,
    decided_at: Compare<DateTime<Utc>>,
    decided_by: UserFilter => through decided_by,
} }

order! { ApprovalDecisionOrder, ApprovalDecisionOrderField for ApprovalDecision {
    /// When it was decided.
    DecidedAt = decided_at,
} default [DecidedAt Asc] }

pub fn queries(query: &mut Fields<Query>) {
    query
        .by_id::<ApprovalWorkflow>("approvalWorkflow")
        .about("A workflow of approval by its id; null when there is none that you may see.");
    query
        .list::<ApprovalWorkflow>("approvalWorkflows")
        .about("The workflows of approval, by name unless ordered otherwise.");
    query
        .by_id::<ApprovalRequest>("approvalRequest")
        .about("A request for approval by its id; null when there is none that you may see.");
    query
        .list::<ApprovalRequest>("approvalRequests")
        .about("The requests for approval, newest first unless ordered otherwise.");
}
