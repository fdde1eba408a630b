//! Delegation: whoever has a role passes it on, for a time, as far as the role allows it (000 §2, B020).
//!
//! What was passed on counts while all that it comes from does (`access.delegation`), and is withdrawn with it.
use std::collections::{HashMap, HashSet};

use diesel::{dsl::sql, expression::SqlLiteral, sql_types::Bool};

use crate::{
    domains::{
        access::{
            authority, holder, resource,
            role_assignment::{self, AssignmentsOf, RoleAssignment},
        },
        identity::{user::User, viewer::Viewer},
        prelude::*,
    },
    graph::mutation::Payload,
    store::{detection::Rule, tables::access::role_assignments},
};

/// That an assignment, if it was passed on, counts now with all that it comes from.
pub fn counts() -> SqlLiteral<Bool> {
    sql("(NOT access.role_assignments.is_delegated OR EXISTS (
           SELECT FROM access.delegation(access.role_assignments.organization_id, access.role_assignments.id) d
            WHERE d.valid_from <= now() AND coalesce(d.valid_until > now(), true)))")
}

/// Whether an assignment counts now, with all that it was passed on from.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct InForce {
    id: Id<RoleAssignment>,
    is_delegated: bool,
    by_itself: bool,
}

impl InForce {
    pub fn of(given: &RoleAssignment) -> Self {
        let by_itself = authority::in_force(given.revoked_at, given.valid_from, given.valid_until);
        Self { id: given.id, is_delegated: given.is_delegated, by_itself }
    }
}

impl Batch for InForce {
    type Value = bool;

    async fn load(db: &Snapshot, keys: &[Self]) -> StoreResult<HashMap<Self, bool>> {
        let asked = keys.iter().filter(|key| key.is_delegated && key.by_itself);
        let asked: Vec<_> = asked.map(|key| key.id).collect();
        let mut broken = HashSet::new();
        if !asked.is_empty() {
            let query = role_assignments::table
                .filter(role_assignments::organization_id.eq(db.organization()))
                .filter(role_assignments::id.eq_any(asked.clone()))
                .filter(counts())
                .select(role_assignments::id);
            let whole: HashSet<Id<RoleAssignment>> = db.load(query).await?.into_iter().collect();
            broken.extend(asked.into_iter().filter(|id| !whole.contains(id)));
        }
        Ok(keys.iter().map(|key| (*key, key.by_itself && !broken.contains(&key.id))).collect())
    }
}

pub fn of_viewer(viewer: &mut Fields<Viewer>) {
    viewer.many("roleAssignments", |viewer: &Viewer| AssignmentsOf::Living(Id::of(viewer.id()))).public().about(
        "The roles that were given to you, or to a team of yours, and not withdrawn, the latest first: some that were given to you yourself you may pass on.",
    );
}

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .action("roleDelegate", delegate, |payload: &mut Fields<Payload<Id<RoleAssignment>>>| {
            payload
                .one("roleAssignment", |payload| payload.result)
                .public()
                .about("What the other person has now; null when nothing was done.");
        })
        .personal()
        .about("Passes a role that you have on to another member, for a time, as often as the role's `maxDelegationDepth` allows; you keep it. It counts while yours does, under its conditions, and is withdrawn with it. Errors: NOT_FOUND, NOT_UNIQUE, INVALID, OUT_OF_RANGE, STATE, LIMIT_REACHED.");
}

/// A role to be passed on.
#[derive(InputObject)]
struct RoleDelegateInput {
    /// By which of your assignments you have it.
    assignment_id: Id<RoleAssignment>,
    /// To whom.
    user_id: Id<User>,
    /// Why.
    reason: String,
    /// Until when it counts: no longer than your own.
    valid_until: DateTime<Utc>,
    /// The record for which it counts, with all that lies within it; for what your own does when absent.
    within_id: Option<AnyId>,
    /// Under which condition it counts, besides those of your own.
    condition: Option<AccessCondition>,
}

async fn delegate(write: &mut Write, input: RoleDelegateInput) -> Outcome<Id<RoleAssignment>> {
    const ORIGIN: &[&str] = &["input", "assignmentId"];
    let by = write.caller().user.map(Id::<User>::of);
    let origin = record::find(write, input.assignment_id, ORIGIN).await?;
    if let Some(team) = origin.team_id
        && holder::members(write, team).await?.iter().any(|member| by == Some(*member))
    {
        let message =
            say!("you have it through a team: only what was given to you yourself can be passed on");
        return Err(UserError::state(message, ORIGIN, &[]).into());
    }
    if by.is_none() || by != origin.user_id {
        return Err(UserError::not_found(origin.id, ORIGIN).into());
    }
    if by == Some(input.user_id) {
        let message = say!("you have it already: pass it on to somebody else");
        return Err(UserError::new(UserErrorCode::Invalid, message, &["input", "userId"]).into());
    }
    // the lock keeps the role from gaining permissions between this check and the commit
    let role = record::find(write, origin.role_id, ORIGIN).await?;
    let names = authority::permissions_of(write, &role).await?;
    let condition = authority::condition(input.condition, &names)?;
    let resource = resource::limit(write, input.within_id, &names).await?;
    let resource = resource.or(origin.resource_scope);
    role_assignment::close_over(write, (Some(input.user_id), None), role.id, resource).await?;
    let assignment = Changes::default()
        .set(role_assignments::user_id, Some(input.user_id))
        .set(role_assignments::role_id, role.id)
        .set(role_assignments::assigned_by, by)
        .set(role_assignments::assignment_reason, Some(input.reason))
        .set(role_assignments::valid_from, clock::now())
        .set(role_assignments::valid_until, Some(input.valid_until))
        .set(role_assignments::resource_scope, resource)
        .set(role_assignments::context_conditions, condition)
        .set(role_assignments::is_delegated, true)
        .set(role_assignments::delegated_by, by)
        .set(role_assignments::delegated_from_id, Some(origin.id))
        .set(role_assignments::delegation_depth, origin.delegation_depth + 1);
    let id = record::create(write, assignment).await?;
    role_assignment::noticed(write, Rule::PrivilegedRoleGiven, &role, (Some(input.user_id), None)).await?;
    Ok(id)
}

/// Withdraws what was passed on from `origins`, which the caller holds locked, and from there.
pub async fn withdraw_below(
    write: &mut Write,
    origins: Vec<Id<RoleAssignment>>,
    by: Option<Id<User>>,
    reason: &str,
) -> Outcome<()> {
    let mut above = origins;
    while !above.is_empty() {
        let below: Vec<RoleAssignment> = role_assignments::table
            .filter(role_assignments::organization_id.eq(write.organization()))
            .filter(role_assignments::delegated_from_id.eq_any(&above))
            .order(role_assignments::id)
            .select(RoleAssignment::as_select())
            .for_update()
            .load(write)
            .await?;
        above = below.iter().map(|passed_on| passed_on.id).collect();
        let living = below.into_iter().filter(|passed_on| passed_on.revoked_at.is_none()).collect();
        withdraw(write, living, by, reason).await?;
    }
    Ok(())
}

/// Withdraws assignments that are locked, all with one statement.
pub async fn withdraw(
    write: &mut Write,
    given: Vec<RoleAssignment>,
    by: Option<Id<User>>,
    reason: &str,
) -> Outcome<()> {
    if given.is_empty() {
        return Ok(());
    }
    let ids: Vec<_> = given.iter().map(|given| given.id).collect();
    let taken = role_assignments::table
        .filter(role_assignments::organization_id.eq(write.organization()))
        .filter(role_assignments::id.eq_any(ids));
    let taken: Vec<RoleAssignment> = diesel::update(taken)
        .set((
            role_assignments::revoked_at.eq(clock::now()),
            role_assignments::revoked_by.eq(by),
            role_assignments::revocation_reason.eq(reason),
        ))
        .returning(RoleAssignment::as_returning())
        .get_results(write)
        .await?;
    let mut after: HashMap<_, _> = taken.into_iter().map(|given| (given.id, given)).collect();
    let pair = |before: RoleAssignment| after.remove(&before.id).map(|after| (before, after));
    let pairs: Vec<_> = given.into_iter().filter_map(pair).collect();
    record::changed_all(write, "revoked", &pairs).await
}
