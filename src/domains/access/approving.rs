//! The one engine of approvals: whatever others must agree to is asked for here, decided step by step, and done in the
//! transaction of the last decision (000 §2, B023).
//!
//! Another kind of subject is one more value of [`ApprovalSubject`], in its list and in the `CHECK` of the tables, and
//! one more arm of [`ApprovalSubject::approved`].
use chrono::TimeDelta;
use uuid::Uuid;

use crate::{
    domains::{
        access::{
            access_request,
            approval::{ApprovalDecision, ApprovalRequest, ApprovalStatus, ApprovalVerdict, names_caller},
            approval_workflow::{ApprovalWorkflow, Step},
            resource::Resource,
        },
        identity::user::User,
        prelude::*,
    },
    store::{
        grants::DECIDE,
        tables::access::{approval_decisions, approval_requests},
    },
};

text_enum! {
    /// What an approval can be about.
    ApprovalSubject {
        /// The use of a permission, for a time.
        Permission = "permission",
    }
}

impl ApprovalSubject {
    /// Does what was asked for, now that all have agreed; refused where that is not possible any more.
    async fn approved(self, write: &mut Write, request: &ApprovalRequest) -> Outcome<()> {
        match self {
            Self::Permission => access_request::give(write, request).await,
        }
    }
}

/// What the workflow says of a request, or the platform where there is none.
pub struct Terms {
    workflow: Option<Id<ApprovalWorkflow>>,
    steps: Json,
    /// How long the request waits.
    waits: TimeDelta,
    /// How long, at most, what it gives holds, in minutes.
    pub grant_minutes: i32,
}

impl Terms {
    /// Those of the workflow `id` for `subject`; one person with the permission to decide where there is none.
    pub async fn of(
        write: &mut Write,
        id: Option<Id<ApprovalWorkflow>>,
        subject: ApprovalSubject,
        path: &[&str],
    ) -> Outcome<Self> {
        let Some(id) = id else {
            let steps = Json(serde_json::json!([{ "permission": DECIDE, "agree": 1 }]));
            return Ok(Self { workflow: None, steps, waits: TimeDelta::weeks(1), grant_minutes: 24 * 60 });
        };
        let workflow = record::find::<ApprovalWorkflow>(write, id, path).await?;
        if !workflow.is_active || workflow.subject_type != subject || Step::all(&workflow.steps).is_empty() {
            let message =
                say!("the workflow `{name}` takes no requests of this kind now", name = workflow.name);
            return Err(UserError::state(message, path, &[]).into());
        }
        let waits = TimeDelta::minutes(workflow.request_minutes.into());
        let (steps, grant_minutes) = (workflow.steps, workflow.grant_minutes);
        Ok(Self { workflow: Some(id), steps, waits, grant_minutes })
    }
}

/// What somebody asks for.
pub struct Asking {
    pub subject: ApprovalSubject,
    pub subject_id: Uuid,
    /// What is to be done.
    pub action: String,
    /// For which thing, with all that lies within it; for everything when absent.
    pub resource: Option<Id<Resource>>,
    pub payload: Json,
    pub reason: Option<String>,
}

/// Asks for it on behalf of the caller.
pub async fn open(write: &mut Write, terms: Terms, asking: Asking) -> Outcome<Id<ApprovalRequest>> {
    let now = clock::now();
    let by = write.caller().user.map(Id::<User>::of);
    // what nobody decided in time does not stand in the way of asking again
    let lapsed: Vec<ApprovalRequest> = approval_requests::table
        .filter(approval_requests::organization_id.eq(write.organization()))
        .filter(approval_requests::requested_by.eq(by))
        .filter(approval_requests::subject_id.eq(asking.subject_id))
        .filter(approval_requests::status.eq(ApprovalStatus::Pending))
        .filter(approval_requests::expires_at.le(now))
        .order(approval_requests::id)
        .select(ApprovalRequest::as_select())
        .for_update()
        .load(write)
        .await?;
    for before in lapsed {
        expire(write, before).await?;
    }
    let request = Changes::default()
        .set(approval_requests::workflow_id, terms.workflow)
        .set(approval_requests::steps, terms.steps)
        .set(approval_requests::subject_type, asking.subject)
        .set(approval_requests::subject_id, asking.subject_id)
        .set(approval_requests::action, asking.action)
        .set(approval_requests::resource_id, asking.resource)
        .set(approval_requests::payload, asking.payload)
        .set(approval_requests::requested_by, by)
        .set(approval_requests::reason, asking.reason)
        .set(approval_requests::expires_at, Some(now + terms.waits))
        .set(approval_requests::created_at, now);
    record::create(write, request).await
}

/// A decision.
#[derive(InputObject)]
pub struct ApprovalDecideInput {
    /// About which request.
    request_id: Id<ApprovalRequest>,
    /// What you decide about the step that is due. Abstaining counts for neither side, and is final too.
    verdict: ApprovalVerdict,
    /// What you want to say about it.
    comment: Option<String>,
}

const REQUEST: &[&str] = &["input", "requestId"];

pub async fn decide(write: &mut Write, input: ApprovalDecideInput) -> Outcome<Id<ApprovalRequest>> {
    // the lock lets one decision after the other in, and each sees what has become of the request by then
    let before: ApprovalRequest = record::lock_at(write, input.request_id, None, REQUEST).await?;
    let before = still_open(write, before, REQUEST).await?;
    let me =
        write.caller().user.map(Id::<User>::of).ok_or_else(|| UserError::not_found(before.id, REQUEST))?;
    if before.requested_by == Some(me) {
        let message = say!("nobody decides about what they asked for themselves");
        return Err(UserError::new(UserErrorCode::SelfApproval, message, REQUEST).into());
    }
    may_decide(write, &before, me).await?;
    let decision = Changes::default()
        .set(approval_decisions::request_id, before.id)
        .set(approval_decisions::step, before.current_step)
        .set(approval_decisions::decided_by, me)
        .set(approval_decisions::decision, input.verdict)
        .set(approval_decisions::comment, input.comment);
    record::create::<ApprovalDecision>(write, decision).await?;
    match input.verdict {
        ApprovalVerdict::Abstained => Ok(before.id),
        ApprovalVerdict::Rejected => end(write, before, ApprovalStatus::Rejected).await,
        ApprovalVerdict::Approved => advance(write, before).await,
    }
}

/// Refused unless the step that is due names the caller, who has not decided about it yet.
async fn may_decide(write: &mut Write, request: &ApprovalRequest, me: Id<User>) -> Outcome<()> {
    let named: bool = approval_requests::table
        .find((write.organization(), request.id))
        .select(names_caller())
        .first(write)
        .await?;
    if !named {
        return Err(UserError::state(say!("this step is for others to decide"), REQUEST, &[]).into());
    }
    let decided = approval_decisions::table
        .filter(approval_decisions::organization_id.eq(write.organization()))
        .filter(approval_decisions::request_id.eq(request.id))
        .filter(approval_decisions::step.eq(request.current_step))
        .filter(approval_decisions::decided_by.eq(me));
    if diesel::select(diesel::dsl::exists(decided)).get_result::<bool>(write).await? {
        let message = say!("you have decided about this step already: it waits for others");
        return Err(UserError::state(message, REQUEST, &[]).into());
    }
    Ok(())
}

/// Goes on to the next step where enough have agreed to this one; after the last, does what was asked for.
async fn advance(write: &mut Write, request: ApprovalRequest) -> Outcome<Id<ApprovalRequest>> {
    let agreed: i64 = approval_decisions::table
        .filter(approval_decisions::organization_id.eq(write.organization()))
        .filter(approval_decisions::request_id.eq(request.id))
        .filter(approval_decisions::step.eq(request.current_step))
        .filter(approval_decisions::decision.eq(ApprovalVerdict::Approved))
        .count()
        .get_result(write)
        .await?;
    let mut ahead =
        Step::all(&request.steps).into_iter().skip(usize::try_from(request.current_step).unwrap_or(0));
    let wanted = ahead.next().map_or(1, |step| step.agree);
    if agreed < i64::from(wanted) {
        return Ok(request.id);
    }
    if ahead.next().is_some() {
        let next = Changes::default().set(approval_requests::current_step, request.current_step + 1);
        return record::change(write, "agreed", request, next).await;
    }
    let (asked, subject) = (request.clone(), request.subject_type);
    let id = end(write, request, ApprovalStatus::Approved).await?;
    subject.approved(write, &asked).await?;
    Ok(id)
}

pub async fn cancel(write: &mut Write, input: RecordInput<ApprovalRequest>) -> Outcome<Id<ApprovalRequest>> {
    const PATH: &[&str] = &["input", "id"];
    let before = input.lock_living(write).await?;
    if before.requested_by.map(|by| by.0) != write.caller().user {
        return Err(UserError::state(say!("only whoever asked takes it back"), PATH, &[]).into());
    }
    let before = still_open(write, before, PATH).await?;
    end(write, before, ApprovalStatus::Cancelled).await
}

/// Refused unless it waits; what has lapsed meanwhile is marked so, and that stays.
async fn still_open(write: &mut Write, request: ApprovalRequest, path: &[&str]) -> Outcome<ApprovalRequest> {
    if request.is_open() {
        return Ok(request);
    }
    if request.status != ApprovalStatus::Pending {
        let message = say!("it is {status} already", status = request.status.as_str());
        return Err(UserError::state(message, path, &[]).into());
    }
    expire(write, request).await?;
    Err(Stop::Kept(vec![UserError::state(
        say!("it has lapsed: nobody decided in time"),
        path,
        &["accessRequest"],
    )]))
}

/// Marks what nobody decided in time.
pub async fn expire(write: &mut Write, request: ApprovalRequest) -> Outcome<Id<ApprovalRequest>> {
    end(write, request, ApprovalStatus::Expired).await
}

async fn end(
    write: &mut Write,
    request: ApprovalRequest,
    status: ApprovalStatus,
) -> Outcome<Id<ApprovalRequest>> {
    let changes = Changes::default()
        .set(approval_requests::status, status)
        .set(approval_requests::decided_at, Some(clock::now()));
    record::change(write, status.as_str(), request, changes).await
}
