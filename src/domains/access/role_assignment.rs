//! Role assignments: who has which role, since when, until when, and why (000 §2, B017, B021, B024).
use std::collections::HashMap;

use crate::{
    domains::{
        access::{
            authority,
            delegation::{self, InForce},
            holder::Holder,
            resource::{self, Resource, ResourceFilter},
            role::{Role, RoleFilter},
            system_roles,
            team::{Team, TeamFilter},
        },
        identity::user::{User, UserFilter},
        prelude::*,
    },
    store::{
        detection::{Rule, Sighting},
        tables::access::{role_assignments, roles, team_members},
    },
};

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = role_assignments, check_for_backend(Pg))]
pub struct RoleAssignment {
    pub id: Id<RoleAssignment>,
    pub user_id: Option<Id<User>>,
    pub role_id: Id<Role>,
    pub assigned_by: Option<Id<User>>,
    pub assigned_at: DateTime<Utc>,
    pub assignment_reason: Option<String>,
    pub valid_from: DateTime<Utc>,
    pub valid_until: Option<DateTime<Utc>>,
    pub context_conditions: AccessCondition,
    pub resource_scope: Option<Id<Resource>>,
    pub is_delegated: bool,
    pub delegated_by: Option<Id<User>>,
    pub delegated_from_id: Option<Id<RoleAssignment>>,
    pub delegation_depth: i32,
    pub is_active: bool,
    pub revoked_at: Option<DateTime<Utc>>,
    pub revoked_by: Option<Id<User>>,
    pub revocation_reason: Option<String>,
    pub team_id: Option<Id<Team>>,
    pub is_automatic: bool,
}

entity!(RoleAssignment, "assign", access::role_assignments, needs "role.assignment.read");

impl Entity for RoleAssignment {
    fn fields(assignment: &mut Fields<Self>) {
        columns! { assignment: RoleAssignment {
            id, assigned_at, assignment_reason, valid_from, valid_until, context_conditions, is_delegated,
            delegation_depth, is_active, revoked_at, revocation_reason, is_automatic,
        } keeps {
            user_id, role_id, assigned_by, resource_scope, delegated_by, delegated_from_id, revoked_by, team_id,
        } }
        assignment
            .value("isInForce", |given| Some(InForce::of(given)))
            .about("Whether it counts at this moment: not withdrawn, begun, and not over, nor anything that it was passed on from.")
            .required();
        assignment.one("user", |given| given.user_id).about_column("user_id");
        assignment.one("team", |given| given.team_id).about_column("team_id");
        assignment.one("role", |given| Some(given.role_id)).about_column("role_id").required();
        assignment.one("resource", |given| given.resource_scope).about_column("resource_scope");
        assignment.one("assignedBy", |given| given.assigned_by).about_column("assigned_by");
        assignment.one("delegatedBy", |given| given.delegated_by).about_column("delegated_by");
        assignment.one("delegatedFrom", |given| given.delegated_from_id).about_column("delegated_from_id");
        assignment.one("revokedBy", |given| given.revoked_by).about_column("revoked_by");
        assignment
            .children::<RoleAssignment>("delegations", role_assignments::delegated_from_id)
            .about("To whom the role was passed on.");
        assignment
            .aggregate()
            .ranges(&["assignedAt", "validUntil"])
            .by(&[
                "isActive",
                "isAutomatic",
                "isDelegated",
                "role",
                "user",
                "team",
                "resource",
                "assignedBy",
                "revokedBy",
            ])
            .by_period(&["assignedAt", "validUntil", "revokedAt"]);
    }
}

/// Of each of `people`, what is `selected` of the assignments that count by `counts`, their own and those of their teams.
macro_rules! of_people {
    ($db:expr, $people:expr, $selected:expr, $counts:expr) => {{
        let people: Vec<Id<User>> = $people;
        let with_role = || {
            role_assignments::table.inner_join(
                roles::table.on(roles::organization_id
                    .eq(role_assignments::organization_id)
                    .and(roles::id.eq(role_assignments::role_id))),
            )
        };
        let own = with_role()
            .filter(role_assignments::organization_id.eq($db.organization()))
            .filter(role_assignments::user_id.eq_any(people.clone()))
            .filter($counts)
            .select((role_assignments::user_id.assume_not_null(), $selected));
        let of_teams = with_role()
            .inner_join(
                team_members::table.on(team_members::organization_id
                    .eq(role_assignments::organization_id)
                    .and(role_assignments::team_id.eq(team_members::team_id.nullable()))),
            )
            .filter(role_assignments::organization_id.eq($db.organization()))
            .filter(team_members::user_id.eq_any(people))
            .filter($counts)
            .select((team_members::user_id, $selected));
        $db.load(own.union_all(of_teams))
    }};
}

/// That an assignment counts at this moment.
macro_rules! in_force {
    () => {
        role_assignments::revoked_at
            .is_null()
            .and(role_assignments::valid_from.le(clock::now()))
            .and(role_assignments::valid_until.is_null().or(role_assignments::valid_until.gt(clock::now())))
            .and(delegation::counts())
    };
}

/// The roles that a person has at this moment, by themselves or in a team, by name.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RolesOf(pub Id<User>);

impl Batch for RolesOf {
    type Value = Vec<Role>;

    async fn load(db: &Snapshot, keys: &[Self]) -> StoreResult<HashMap<Self, Self::Value>> {
        let people = keys.iter().map(|key| key.0).collect();
        let rows: Vec<(Id<User>, Role)> = of_people!(db, people, Role::as_select(), in_force!()).await?;
        let mut found = HashMap::<Self, Self::Value>::new();
        for (person, role) in rows {
            found.entry(Self(person)).or_default().push(role);
        }
        for roles in found.values_mut() {
            roles.sort_by(|one, other| (&one.name, one.id).cmp(&(&other.name, other.id)));
            // one role may be given for several things, and in several ways
            roles.dedup_by_key(|role| role.id);
        }
        Ok(found)
    }
}

/// The assignments of a person, their own and those of their teams, the latest first: those that were not withdrawn, or
/// only those that count at this moment.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum AssignmentsOf {
    Living(Id<User>),
    InForce(Id<User>),
}

impl Batch for AssignmentsOf {
    type Value = Vec<RoleAssignment>;

    async fn load(db: &Snapshot, keys: &[Self]) -> StoreResult<HashMap<Self, Self::Value>> {
        let (mut living, mut in_force) = (Vec::new(), Vec::new());
        for key in keys {
            match key {
                Self::Living(person) => living.push(*person),
                Self::InForce(person) => in_force.push(*person),
            }
        }
        let mut rows: Vec<(Self, RoleAssignment)> = Vec::new();
        if !living.is_empty() {
            let given: Vec<(Id<User>, RoleAssignment)> =
                of_people!(db, living, RoleAssignment::as_select(), role_assignments::revoked_at.is_null())
                    .await?;
            rows.extend(given.into_iter().map(|(person, given)| (Self::Living(person), given)));
        }
        if !in_force.is_empty() {
            let given: Vec<(Id<User>, RoleAssignment)> =
                of_people!(db, in_force, RoleAssignment::as_select(), in_force!()).await?;
            rows.extend(given.into_iter().map(|(person, given)| (Self::InForce(person), given)));
        }
        let mut found = HashMap::<Self, Self::Value>::new();
        for (key, assignment) in rows {
            found.entry(key).or_default().push(assignment);
        }
        for given in found.values_mut() {
            given.sort_by_key(|given| (std::cmp::Reverse(given.assigned_at), given.id));
        }
        Ok(found)
    }
}

filter! { RoleAssignmentFilter for RoleAssignment in role_assignments {
    id: Compare<Id<RoleAssignment>>,
    is_active: Compare<bool>,
    is_delegated: Compare<bool>,
    assigned_at: Compare<DateTime<Utc>>,
    valid_from: Compare<DateTime<Utc>>,
    valid_until: Compare<DateTime<Utc>>,
    revoked_at: Compare<DateTime<Utc>>,
    is_automatic: Compare<bool>,
    user: UserFilter => through user_id,
    team: TeamFilter => through team_id,
    role: RoleFilter => through role_id,
    resource: ResourceFilter => through resource_scope,
    assigned_by: UserFilter => through assigned_by,
    delegated_by: UserFilter => through delegated_by,
    delegated_from: RoleAssignmentFilter => through delegated_from_id,
    revoked_by: UserFilter => through revoked_by,
    delegations: Related<RoleAssignment> => by role_assignments::delegated_from_id,
} }

order! { RoleAssignmentOrder, RoleAssignmentOrderField for RoleAssignment {
    /// When the role was given.
    AssignedAt = assigned_at,
    /// When it ends.
    ValidUntil = valid_until,
    /// The name of the role.
    RoleName = role_id -> Role.name,
    /// The name of the person who holds it.
    UserName = user_id -> User.display_name,
} default [AssignedAt Desc] }

pub fn queries(query: &mut Fields<Query>) {
    query.by_id::<RoleAssignment>("roleAssignment").about(
        "A role that was given to a person or a team, by its id; null when there is none that you may see.",
    );
    query
        .list::<RoleAssignment>("roleAssignments")
        .about("The roles that were given to people and teams, withdrawn ones included, newest first unless ordered otherwise.");
}

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .change("roleAssign", assign)
        .needs("role.assign")
        .in_person()
        .about("Gives a role to a person, or to a team and so to all who are in it as long as they are, from their next request on. You can give only what you hold yourself. Errors: NOT_FOUND, NOT_UNIQUE, INVALID, STATE, LIMIT_REACHED.");
    mutations
        .change("roleRevoke", revoke)
        .needs("role.assign")
        .in_person()
        .about("Withdraws a role from a person or a team, and from all to whom it was passed on from there; its rights are gone with their next request. What a rule gave is withdrawn by changing the rule. Errors: NOT_FOUND, INVALID, STATE.");
}

/// A role to be given.
#[derive(InputObject)]
struct RoleAssignInput {
    /// To which person; absent when to a team.
    user_id: Option<Id<User>>,
    /// To which team; absent when to a person.
    team_id: Option<Id<Team>>,
    /// Which role.
    role_id: Id<Role>,
    /// Why.
    reason: Option<String>,
    /// From when it counts; from now on when absent.
    valid_from: Option<DateTime<Utc>>,
    /// Until when it counts; without end when absent.
    valid_until: Option<DateTime<Utc>>,
    /// The record for which it counts, with all that lies within it; for everything when absent.
    within_id: Option<AnyId>,
    /// Under which condition it counts; always when absent.
    condition: Option<AccessCondition>,
}

async fn assign(write: &mut Write, input: RoleAssignInput) -> Outcome<Id<RoleAssignment>> {
    let holder = Holder::of(write, input.user_id, input.team_id).await?;
    // the lock keeps the role from gaining permissions between this check and the commit
    let role = record::find(write, input.role_id, &["input", "roleId"]).await?;
    authority::may_give_role(write, holder.people(), &role).await?;
    let names = authority::permissions_of(write, &role).await?;
    let condition = authority::condition(input.condition, &names)?;
    let resource = resource::limit(write, input.within_id, &names).await?;
    close_over(write, (holder.user(), holder.team()), role.id, resource).await?;
    let assignment = Changes::default()
        .set(role_assignments::user_id, holder.user())
        .set(role_assignments::team_id, holder.team())
        .set(role_assignments::role_id, role.id)
        .set(role_assignments::assigned_by, write.caller().user)
        .set(role_assignments::assignment_reason, input.reason)
        .set(role_assignments::valid_from, input.valid_from.unwrap_or_else(clock::now))
        .set(role_assignments::valid_until, input.valid_until)
        .set(role_assignments::resource_scope, resource)
        .set(role_assignments::context_conditions, condition);
    let id = record::create(write, assignment).await?;
    noticed(write, Rule::PrivilegedRoleGiven, &role, (holder.user(), holder.team())).await?;
    Ok(id)
}

/// Tells those who watch that a person or a team has, or no longer has, a role with which one can do great harm.
pub async fn noticed(
    write: &mut Write,
    rule: Rule,
    role: &Role,
    (person, team): (Option<Id<User>>, Option<Id<Team>>),
) -> Outcome<()> {
    if !system_roles::is_privileged(role) {
        return Ok(());
    }
    let key = format!("{} {person:?} {team:?}", role.id);
    let sighting = Sighting {
        target: person.map(|person| person.0),
        resource: Some(role.id.to_string()),
        facts: serde_json::json!({ "role": role.name, "teamId": team.map(|team| team.to_string()) }),
        ..write.sighting(rule, &key)
    };
    Ok(write.notice(sighting).await?)
}

/// Withdraws an assignment that is over, for the same holder, role and thing, so that it does not stand in the way of
/// another.
pub async fn close_over(
    write: &mut Write,
    (user, team): (Option<Id<User>>, Option<Id<Team>>),
    role: Id<Role>,
    resource: Option<Id<Resource>>,
) -> Outcome<()> {
    let over: Vec<RoleAssignment> = role_assignments::table
        .filter(role_assignments::organization_id.eq(write.organization()))
        .filter(role_assignments::user_id.is_not_distinct_from(user))
        .filter(role_assignments::team_id.is_not_distinct_from(team))
        .filter(role_assignments::role_id.eq(role))
        .filter(role_assignments::resource_scope.is_not_distinct_from(resource))
        .filter(role_assignments::revoked_at.is_null())
        .filter(role_assignments::valid_until.le(clock::now()))
        .select(RoleAssignment::as_select())
        .for_update()
        .load(write)
        .await?;
    for before in over {
        withdraw(write, before, "over").await?;
    }
    Ok(())
}

/// Withdraws an assignment, and what was passed on from it, in nobody's name.
async fn withdraw(write: &mut Write, before: RoleAssignment, reason: &str) -> Outcome<()> {
    let changes = Changes::default()
        .set(role_assignments::revoked_at, Some(clock::now()))
        .set(role_assignments::revocation_reason, Some(reason.to_owned()));
    let id = record::change(write, "revoked", before, changes).await?;
    delegation::withdraw_below(write, vec![id], None, reason).await
}

/// Gives a role to who has just joined, because of `reason`, unless they hold it already. Whether whoever laid that down
/// might give it was asked when they did.
pub async fn give_to_joined(
    write: &mut Write,
    person: Id<User>,
    role: Id<Role>,
    by: Option<Id<User>>,
    reason: &str,
) -> Outcome<()> {
    close_over(write, (Some(person), None), role, None).await?;
    let held = role_assignments::table
        .filter(role_assignments::organization_id.eq(write.organization()))
        .filter(role_assignments::user_id.eq(person))
        .filter(role_assignments::role_id.eq(role))
        .filter(role_assignments::resource_scope.is_null())
        .filter(role_assignments::revoked_at.is_null())
        .filter(role_assignments::is_automatic.eq(false));
    if diesel::select(diesel::dsl::exists(held)).get_result(write).await? {
        return Ok(());
    }
    let assignment = Changes::default()
        .set(role_assignments::user_id, Some(person))
        .set(role_assignments::role_id, role)
        .set(role_assignments::assigned_by, by)
        .set(role_assignments::assignment_reason, Some(reason.to_owned()))
        .set(role_assignments::valid_from, clock::now());
    record::create::<RoleAssignment>(write, assignment).await?;
    let role = record::find(write, role, &["input"]).await?;
    noticed(write, Rule::PrivilegedRoleGiven, &role, (Some(person), None)).await
}

/// Why what is left of somebody's roles is withdrawn.
const LEFT: &str = "left the organization";

/// Withdraws what is left of the roles of who has left: coming back gives none of them back.
pub async fn take_from_returning(write: &mut Write, person: Id<User>) -> Outcome<()> {
    let left: Vec<RoleAssignment> = role_assignments::table
        .filter(role_assignments::organization_id.eq(write.organization()))
        .filter(role_assignments::user_id.eq(person))
        .filter(role_assignments::revoked_at.is_null())
        .select(RoleAssignment::as_select())
        .for_update()
        .load(write)
        .await?;
    for before in left {
        withdraw(write, before, LEFT).await?;
    }
    Ok(())
}

/// A role to be withdrawn.
#[derive(InputObject)]
struct RoleRevokeInput {
    /// Which assignment.
    id: Id<RoleAssignment>,
    /// Why.
    reason: String,
}

async fn revoke(write: &mut Write, input: RoleRevokeInput) -> Outcome<Id<RoleAssignment>> {
    let before = record::lock(write, input.id, None).await?;
    if before.revoked_at.is_some() {
        return Err(UserError::state(say!("it is withdrawn already"), &["input", "id"], &[]).into());
    }
    if before.is_automatic {
        let message = say!("the role's own rule gives it: change the rule, or what it says of this person");
        return Err(UserError::state(message, &["input", "id"], &[]).into());
    }
    let role = record::find(write, before.role_id, &["input", "id"]).await?;
    authority::may_take_role(write, &role).await?;
    let changes = Changes::default()
        .set(role_assignments::revoked_at, Some(clock::now()))
        .set(role_assignments::revoked_by, write.caller().user)
        .set(role_assignments::revocation_reason, Some(input.reason.clone()));
    let after = RoleAssignment::update(write, before.id, changes).await?;
    authority::somebody_remains(write, &role, &["input", "id"]).await?;
    record::changed(write, "revoked", &before, &after).await?;
    let by = write.caller().user.map(Id::of);
    delegation::withdraw_below(write, vec![after.id], by, &input.reason).await?;
    noticed(write, Rule::PrivilegedRoleTaken, &role, (after.user_id, after.team_id)).await?;
    Ok(after.id)
}
