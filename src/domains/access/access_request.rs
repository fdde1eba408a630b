//! Asking for the use of a permission that must be approved first, and what is given when it is (000 §2, B023).
use chrono::TimeDelta;
use diesel::{dsl::sql, sql_types};
use uuid::Uuid;

use crate::{
    domains::{
        access::{
            approval::ApprovalRequest,
            approving::{self, ApprovalSubject, Asking, Terms},
            authority,
            permission::Permission,
            permission_grant::PermissionGrant,
            resource::{self, Resource},
        },
        identity::user::User,
        prelude::*,
    },
    store::{
        detection::{Rule, Sighting},
        grants::{self, Ask, Extent, Held, RowScope},
        select,
        tables::{access::permission_grants, identity::memberships},
    },
};

/// The use of a permission, to be approved.
#[derive(InputObject)]
pub struct AccessRequestInput {
    /// Which permission: `permissionId` of the error `APPROVAL_REQUIRED`, or of `viewer.explainAccess`.
    permission_id: Id<Permission>,
    /// The record for which you need it, with all that lies within it; for everything when absent.
    within_id: Option<AnyId>,
    /// Why, for those who decide.
    reason: String,
    /// For how long, from the approval on, in minutes.
    duration_minutes: i32,
}

pub async fn ask(write: &mut Write, input: AccessRequestInput) -> Outcome<Id<ApprovalRequest>> {
    const PERMISSION: &[&str] = &["input", "permissionId"];
    let missing = || UserError::not_found(input.permission_id, PERMISSION);
    let me = write.caller().user.map(Id::<User>::of).ok_or_else(missing)?;
    // for whom does not have it, it is not there
    let held = had(write, me, input.permission_id).await?;
    if held.is_empty() {
        return Err(missing().into());
    }
    let permission = authority::permission(write, input.permission_id).await?.row;
    if !permission.requires_approval {
        let message = say!("nobody needs to approve it: use it");
        return Err(UserError::state(message, PERMISSION, &[]).into());
    }
    let right = [permission.right_name];
    let resource = resource::limit(write, input.within_id, &right).await?;
    if widest(write, held, resource).await?.is_none() {
        let message =
            say!("you have it for certain records only: say for which of them, or what lies within them");
        return Err(UserError::new(UserErrorCode::Invalid, message, &["input", "withinId"]).into());
    }
    let subject = ApprovalSubject::Permission;
    let terms = Terms::of(write, permission.approval_workflow_id, subject, PERMISSION).await?;
    if !(1..=terms.grant_minutes).contains(&input.duration_minutes) {
        let message = say!("it can be approved for 1 to {most} minutes", most = terms.grant_minutes);
        let path = ["input", "durationMinutes"];
        return Err(UserError::new(UserErrorCode::OutOfRange, message, &path).into());
    }
    let [action] = right;
    let payload = Json(serde_json::json!({ DURATION: input.duration_minutes }));
    let (subject_id, reason) = (permission.id.0, Some(input.reason));
    approving::open(write, terms, Asking { subject, subject_id, action, resource, payload, reason }).await
}

const DURATION: &str = "durationMinutes";

/// Gives what was asked for and approved, no wider and no longer than whoever asked has it. Refused where they do not have
/// it any more.
pub async fn give(write: &mut Write, request: &ApprovalRequest) -> Outcome<()> {
    let gone = || {
        let message = say!("whoever asked does not have this permission any more: nothing can be approved");
        UserError::state(message, &["input", "requestId"], &["reject"])
    };
    let person = request.requested_by.ok_or_else(gone)?;
    let permission = Id::<Permission>::of(request.subject_id);
    let held = had(write, person, permission).await?;
    let way = widest(write, held, request.resource_id).await?.ok_or_else(gone)?;
    let organization = authority::permission(write, permission).await?.organization;
    let now = clock::now();
    let minutes = request.payload.0.get(DURATION).and_then(serde_json::Value::as_i64).ok_or_else(gone)?;
    let until = now + TimeDelta::minutes(minutes);
    let until = way.until.map_or(until, |end| end.min(until));
    let grant = Changes::default()
        .set(permission_grants::user_id, person)
        .set(permission_grants::permission_id, permission)
        .set(permission_grants::permission_org_id, organization)
        .set(permission_grants::resource_id, request.resource_id)
        .set(permission_grants::granted_by, write.caller().user)
        .set(permission_grants::grant_reason, request.reason.clone())
        .set(permission_grants::granted_at, now)
        .set(permission_grants::valid_from, now)
        .set(permission_grants::valid_until, Some(until))
        .set(permission_grants::additional_conditions, conditions(&way).ok_or_else(gone)?)
        .set(permission_grants::approval_request_id, Some(request.id));
    let id: Id<PermissionGrant> = record::create(write, grant).await?;
    let sighting = Sighting {
        target: Some(person.0),
        resource: Some(id.to_string()),
        facts: serde_json::json!({ "permission": request.action, "requestId": request.id.to_string(), "until": until }),
        ..write.sighting(Rule::PermissionApproved, &id)
    };
    Ok(write.notice(sighting).await?)
}

/// The ways in which a person has the permission at this moment, approvals aside; none of who does not work here.
async fn had(write: &mut Write, person: Id<User>, permission: Id<Permission>) -> Outcome<Vec<Held>> {
    let works_here = memberships::table
        .filter(memberships::organization_id.eq(write.organization()))
        .filter(memberships::user_id.eq(person))
        .filter(memberships::status.eq("active"));
    if !diesel::select(diesel::dsl::exists(works_here)).get_result::<bool>(write).await? {
        return Ok(Vec::new());
    }
    let ask = Ask { organization: Some(write.organization()), user: Some(person.0), api_key: None };
    let mut held: Vec<Held> = ask.load(&mut **write).await?;
    let now = clock::now();
    held.retain(|held| {
        let grant = held.grant();
        held.permission_id == permission.0 && grant.window.holds(now) && grant.extent != Extent::Nothing
    });
    Ok(held)
}

/// The way that waits for approval and reaches `within`, or everything without one, under the fewest conditions and for the
/// longest time. What was approved before is no reason to be given more.
async fn widest(write: &mut Write, held: Vec<Held>, within: Option<Id<Resource>>) -> Outcome<Option<Held>> {
    let mut reaching = Vec::new();
    for way in held.into_iter().filter(|way| way.awaits_approval) {
        let reaches = match (way.resource, within) {
            (None, _) => true,
            (Some(whole), Some(thing)) => lies_within(write, thing, whole).await?,
            (Some(_), None) => false,
        };
        if reaches && conditions(&way).is_some() {
            reaching.push(way);
        }
    }
    let end = |way: &Held| way.until.unwrap_or(DateTime::<Utc>::MAX_UTC);
    reaching.sort_by_key(|way| (own_conditions(way).len(), std::cmp::Reverse(end(way))));
    Ok(reaching.into_iter().next())
}

async fn lies_within(write: &mut Write, thing: Id<Resource>, whole: Uuid) -> Outcome<bool> {
    let lies = sql::<sql_types::Bool>("coalesce(access.lies_within(")
        .bind::<sql_types::Uuid, _>(write.organization())
        .sql(", ")
        .bind::<sql_types::Uuid, _>(thing)
        .sql(", ")
        .bind::<sql_types::Uuid, _>(whole)
        .sql("), false)");
    Ok(diesel::select(lies).get_result(write).await?)
}

/// Under which conditions somebody has it in one way, those of the permission itself aside: they apply anyway.
fn own_conditions(way: &Held) -> Vec<serde_json::Value> {
    let all = way.conditions.as_ref().and_then(serde_json::Value::as_array);
    let (_, own) = all.and_then(|all| all.split_last()).unzip();
    let said = |condition: &serde_json::Value| match RowScope::read(condition) {
        Some(scope) => of_place(scope, &way.permission),
        None => condition.as_object().is_none_or(|object| !object.is_empty()).then(|| condition.clone()),
    };
    own.into_iter().flatten().filter_map(said).collect()
}

/// What a role's row scope says of the records of a right, as a condition; none where they have no such place.
fn of_place(scope: RowScope, right: &str) -> Option<serde_json::Value> {
    let name = match scope.column(select::about(right))? {
        "department_id" => "departmentId",
        column => column,
    };
    let own = match scope {
        RowScope::Region => "subject.region",
        RowScope::Department => "subject.departmentId",
    };
    Some(serde_json::json!({ "attribute": format!("resource.{name}"), "operator": "eq", "to": own }))
}

/// The same as one condition; none where together they are more than a condition may say.
fn conditions(way: &Held) -> Option<Json> {
    let mut own = own_conditions(way);
    let all = match own.len() {
        0 => serde_json::json!({}),
        1 => own.swap_remove(0),
        _ => serde_json::json!({ "all": own }),
    };
    grants::Rule::read(&all).is_ok().then_some(Json(all))
}
