//! Approvals: what was asked for, what waits, and who decided what (000 §2, B023).
use std::collections::{HashMap, HashSet};

use diesel::{dsl::sql, expression::SqlLiteral, sql_types::Bool};

use crate::{
    domains::{
        access::{
            access_request,
            approval_workflow::{ApprovalWorkflow, ApprovalWorkflowFilter, Step},
            approving::{self, ApprovalSubject},
            permission::{Permission, PermissionFilter},
            permission_grant::PermissionGrant,
            resource::{Resource, ResourceFilter},
        },
        identity::{
            user::{User, UserFilter},
            viewer::Viewer,
        },
        prelude::*,
    },
    store::tables::access::{approval_decisions, approval_requests, permission_grants},
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
#[diesel(table_name = approval_requests, check_for_backend(Pg))]
pub struct ApprovalRequest {
    pub id: Id<ApprovalRequest>,
    pub workflow_id: Option<Id<ApprovalWorkflow>>,
    pub subject_type: ApprovalSubject,
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
    pub steps: Json,
    pub resource_id: Option<Id<Resource>>,
}

entity!(
    ApprovalRequest, "approval", access::approval_requests,
    public "people see those that they made or may decide, and all with `approval.read`"
);

impl Entity for ApprovalRequest {
    fn fields(request: &mut Fields<Self>) {
        columns! { request: ApprovalRequest {
            id, subject_type, subject_id, action, payload, reason, status, current_step, expires_at, decided_at,
            created_at,
        } keeps { workflow_id, requested_by, steps, resource_id } }
        request
            .derived("isOpen", Self::is_open)
            .about("Whether it can be decided at this moment: it waits, and has not lapsed.");
        request
            .value("viewerCanDecide", |request| Some(Decidable(request.id)))
            .about("Whether it waits for your decision: the step that is due names you, you did not ask for it yourself, and you have not decided about this step yet.")
            .required();
        request.one("workflow", |request| request.workflow_id).about_column("workflow_id");
        request.one("requestedBy", |request| request.requested_by).about_column("requested_by");
        request
            .one("permission", |request| match request.subject_type {
                ApprovalSubject::Permission => Some(Id::<Permission>::of(request.subject_id)),
            })
            .about("The permission that is asked for.");
        request.one("within", |request| request.resource_id).about_column("resource_id");
        request.parts("steps", |request, _| Step::all(&request.steps)).about_column("steps");
        request
            .children::<ApprovalDecision>("decisions", approval_decisions::request_id)
            .about("What was decided, in the order of time.");
        request
            .children::<PermissionGrant>("grants", permission_grants::approval_request_id)
            .about("What its approval has given.");
        request
            .aggregate()
            .ranges(&["createdAt", "expiresAt", "decidedAt"])
            .by(&["subjectType", "action", "status", "workflow", "requestedBy", "within"])
            .by_period(&["createdAt", "decidedAt"]);
    }
}

impl ApprovalRequest {
    /// Whether it waits for decisions at this moment.
    pub fn is_open(&self) -> bool {
        self.status == ApprovalStatus::Pending && self.expires_at.is_none_or(|end| clock::now() < end)
    }
}

filter! { ApprovalRequestFilter for ApprovalRequest in approval_requests {
    id: Compare<Id<ApprovalRequest>>,
    subject_type: Compare<ApprovalSubject>,
    action: Compare<String>,
    status: Compare<ApprovalStatus>,
    expires_at: Compare<DateTime<Utc>>,
    decided_at: Compare<DateTime<Utc>>,
    created_at: Compare<DateTime<Utc>>,
    requested_by: UserFilter => through requested_by,
    workflow: ApprovalWorkflowFilter => through workflow_id,
    permission: PermissionFilter => through subject_id,
    within: ResourceFilter => through resource_id,
    decisions: Related<ApprovalDecision> => by approval_decisions::request_id,
    grants: Related<PermissionGrant> => by permission_grants::approval_request_id,
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
    ApprovalDecision, "decision", access::approval_decisions, public "people see those about the requests that they see"
);

impl Entity for ApprovalDecision {
    fn fields(decision: &mut Fields<Self>) {
        columns! { decision: ApprovalDecision {
            id, step, decision, comment, decided_at,
        } keeps { request_id, decided_by } }
        decision.one("request", |decision| Some(decision.request_id)).about_column("request_id").required();
        decision.one("decidedBy", |decision| Some(decision.decided_by)).about_column("decided_by").required();
        decision
            .aggregate()
            .ranges(&["decidedAt"])
            .by(&["step", "decision", "decidedBy"])
            .by_period(&["decidedAt"]);
    }
}

filter! { ApprovalDecisionFilter for ApprovalDecision in approval_decisions {
    id: Compare<Id<ApprovalDecision>>,
    step: Compare<i32>,
    decision: Compare<ApprovalVerdict>,
    decided_at: Compare<DateTime<Utc>>,
    decided_by: UserFilter => through decided_by,
    request: ApprovalRequestFilter => through request_id,
} }

order! { ApprovalDecisionOrder, ApprovalDecisionOrderField for ApprovalDecision {
    /// When it was decided.
    DecidedAt = decided_at,
} default [DecidedAt Asc] }

/// That a request waits for the decision of whoever asks. Row-level security and the trigger of decisions ask the same
/// function who decides.
fn waits_for_caller() -> SqlLiteral<Bool> {
    sql("(access.approval_requests.status = 'pending'
          AND (access.approval_requests.expires_at IS NULL OR access.approval_requests.expires_at > now())
          AND access.approval_requests.requested_by IS DISTINCT FROM ops.actor()
          AND access.decides(access.approval_requests.organization_id,
                access.approval_requests.steps -> access.approval_requests.current_step)
          AND NOT EXISTS (SELECT FROM access.approval_decisions d
                WHERE d.organization_id = access.approval_requests.organization_id
                  AND d.request_id = access.approval_requests.id AND d.step = access.approval_requests.current_step
                  AND d.decided_by = ops.actor()))")
}

/// Whether the step of a request that is due names whoever asks.
pub fn names_caller() -> SqlLiteral<Bool> {
    sql("access.decides(access.approval_requests.organization_id,
           access.approval_requests.steps -> access.approval_requests.current_step)")
}

/// Whether a request waits for the caller's decision.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Decidable(Id<ApprovalRequest>);

impl Batch for Decidable {
    type Value = bool;

    async fn load(db: &Snapshot, keys: &[Self]) -> StoreResult<HashMap<Self, bool>> {
        let query = approval_requests::table
            .filter(approval_requests::organization_id.eq(db.organization()))
            .filter(approval_requests::id.eq_any(keys.iter().map(|key| key.0).collect::<Vec<_>>()))
            .filter(waits_for_caller())
            .select(approval_requests::id);
        let waiting: HashSet<Id<ApprovalRequest>> = db.load(query).await?.into_iter().collect();
        Ok(keys.iter().map(|key| (*key, waiting.contains(&key.0))).collect())
    }
}

/// The requests that wait for the caller's decision.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct ToDecide;

impl Batch for ToDecide {
    type Value = Vec<ApprovalRequest>;

    async fn load(db: &Snapshot, _: &[Self]) -> StoreResult<HashMap<Self, Self::Value>> {
        let query = approval_requests::table
            .filter(approval_requests::organization_id.eq(db.organization()))
            .filter(waits_for_caller())
            .order((approval_requests::created_at, approval_requests::id))
            .limit(100)
            .select(ApprovalRequest::as_select());
        Ok(HashMap::from([(Self, db.load(query).await?)]))
    }
}

pub fn of_viewer(viewer: &mut Fields<Viewer>) {
    viewer
        .many("approvalsToDecide", |_: &Viewer| ToDecide)
        .public()
        .about("The requests for approval that wait for your decision, the oldest first, at most 100.");
}

pub fn queries(query: &mut Fields<Query>) {
    query
        .by_id::<ApprovalRequest>("approvalRequest")
        .public()
        .about("A request for approval by its id; null when there is none that you may see.");
    query.list::<ApprovalRequest>("approvalRequests").public().about(
        "The requests for approval that you made or that a step lets you decide, or all with `approval.read`; newest first unless ordered otherwise.",
    );
}

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .change("accessRequest", access_request::ask)
        .personal()
        .about("Asks for the use of a permission that you have but that must be approved first, for a time. Others decide; when all have agreed you hold it until that time is over. Errors: NOT_FOUND when you do not have it, STATE, INVALID, OUT_OF_RANGE, NOT_UNIQUE.");
    mutations
        .change("approvalDecide", approving::decide)
        .personal()
        .about("Decides about the step of a request that is due, as one of those whom it names. Whoever rejects ends the request; when the last step has agreed, what was asked for is done at once. Errors: NOT_FOUND, STATE, SELF_APPROVAL, INVALID.");
    mutations
        .change("approvalRequestCancel", approving::cancel)
        .personal()
        .about("Takes back what you asked for, as long as it waits. Errors: NOT_FOUND, STATE.");
}
