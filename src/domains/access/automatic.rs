//! Roles that members get by themselves: those of whom the role's rule holds, as long as it does (000 §2, B022).
//!
//! Decided in the transaction that changes a member or a rule, for all members at once where it is the rule. One waits for
//! the other: what both come to is as if one had come after the other.
use std::collections::{HashMap, HashSet};

use diesel::{dsl::sql, sql_query, sql_types};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    domains::{
        access::{delegation, role::Role, role_assignment::RoleAssignment},
        identity::{membership::MembershipStatus, user::User},
        prelude::*,
    },
    store::{
        grants::{Circumstances, Facts, Rule, Subject, SubjectRow},
        journal::Change,
        tables::{
            access::{role_assignments, roles},
            identity::{memberships, users},
        },
    },
};

const REASON: &str = "automatic";
const OVER: &str = "automatic: the role's rule does not hold any more";

/// So many roles are given with one statement: it names less than 65,535 values.
const MOST_AT_ONCE: usize = 5_000;

/// Keeps members from changing until the rule that is about to change has changed.
pub async fn hold_members(write: &mut Write) -> Outcome<()> {
    wait(write, "pg_advisory_xact_lock").await
}

/// Keeps rules from changing until the member who is about to change has changed, and their roles from being given
/// meanwhile.
pub async fn hold_rules(write: &mut Write) -> Outcome<Rules> {
    wait(write, "pg_advisory_xact_lock_shared").await?;
    let rules = roles::table
        .filter(roles::organization_id.eq(write.organization()))
        .filter(roles::auto_assign_conditions.ne(Json(json!({}))))
        .order(roles::id)
        .select(Role::as_select())
        .for_update();
    Ok(Rules(rules.load(write).await?))
}

async fn wait(write: &mut Write, lock: &str) -> Outcome<()> {
    sql_query(format!("SELECT {lock}(hashtextextended('automatic roles ' || $1, 0))"))
        .bind::<sql_types::Text, _>(write.organization().to_string())
        .execute(write)
        .await?;
    Ok(())
}

/// The roles of the organization that have a rule, locked.
pub struct Rules(Vec<Role>);

impl Rules {
    /// Gives and takes what the rules say of a member who has changed.
    pub async fn apply(self, write: &mut Write, person: Id<User>) -> Outcome<()> {
        if self.0.is_empty() { Ok(()) } else { decide(write, self.0, Some(person)).await }
    }
}

/// Gives and takes a role whose rule has changed, or the number of people who may hold it.
pub async fn rule_changed(write: &mut Write, role: &Role) -> Outcome<()> {
    decide(write, vec![role.clone()], None).await
}

/// Brings the automatic assignments of `roles`, of everybody or of `person`, to what their rules say.
async fn decide(write: &mut Write, roles: Vec<Role>, person: Option<Id<User>>) -> Outcome<()> {
    let ids: Vec<_> = roles.iter().map(|role| role.id).collect();
    let mut held = HashMap::<Id<Role>, Vec<RoleAssignment>>::new();
    for assignment in automatic(write, &ids, person).await? {
        held.entry(assignment.role_id).or_default().push(assignment);
    }
    if held.is_empty() && roles.iter().all(|role| role.auto_assign_conditions == AccessCondition(json!({}))) {
        return Ok(());
    }
    let members = members(write, person).await?;
    let (mut over, mut due) = (Vec::new(), Vec::new());
    for role in roles {
        let rule = Rule::read(&role.auto_assign_conditions.0).ok().filter(|rule| !rule.is_empty());
        let holds = |member: &&Facts<'static>| {
            let holds = rule.as_ref().and_then(|rule| rule.on(None, member));
            holds.is_some_and(|holds| holds.is_anything())
        };
        let meant: Vec<Uuid> = members.iter().filter(holds).filter_map(|member| member.subject.id).collect();
        let all: HashSet<Uuid> = meant.iter().copied().collect();
        let (kept, lost): (Vec<_>, Vec<_>) = held
            .remove(&role.id)
            .unwrap_or_default()
            .into_iter()
            .partition(|given| given.user_id.is_some_and(|user| all.contains(&user.0)));
        over.extend(lost);
        let has: HashSet<Uuid> = kept.iter().filter_map(|given| given.user_id).map(|user| user.0).collect();
        due.push((role, meant.into_iter().filter(|person| !has.contains(person)).collect::<Vec<_>>()));
    }
    // what is taken makes room for others
    take(write, over).await?;
    for (role, people) in due {
        give(write, &role, people).await?;
    }
    Ok(())
}

/// The active members, those who joined first in front, as conditions know them.
async fn members(write: &mut Write, person: Option<Id<User>>) -> Outcome<Vec<Facts<'static>>> {
    let mut active = memberships::table
        .inner_join(users::table)
        .filter(memberships::organization_id.eq(write.organization()))
        .filter(memberships::status.eq(MembershipStatus::Active))
        .order((memberships::joined_at.asc().nulls_last(), memberships::user_id))
        .select((
            memberships::user_id,
            users::email.nullable(),
            users::email_verified_at.is_not_null(),
            memberships::title,
            memberships::region,
            memberships::department_id,
            memberships::manager_id,
        ))
        .into_boxed();
    if let Some(person) = person {
        active = active.filter(memberships::user_id.eq(person));
    }
    let rows: Vec<SubjectRow> = active.load(write).await?;
    let facts = |row| Facts {
        subject: std::borrow::Cow::Owned(Subject::of(Some(row), Vec::new())),
        circumstances: Circumstances { at: clock::now(), ip: None, mfa: false },
    };
    Ok(rows.into_iter().map(facts).collect())
}

/// What rules gave of `roles` and did not take again, locked.
async fn automatic(
    write: &mut Write,
    roles: &[Id<Role>],
    person: Option<Id<User>>,
) -> Outcome<Vec<RoleAssignment>> {
    let of_whom = match person {
        Some(person) => format!("access.role_assignments.user_id = '{}'", person.0),
        None => "true".to_owned(),
    };
    let given = role_assignments::table
        .filter(role_assignments::organization_id.eq(write.organization()))
        .filter(role_assignments::role_id.eq_any(roles))
        .filter(role_assignments::is_automatic)
        .filter(role_assignments::revoked_at.is_null())
        .filter(sql::<sql_types::Bool>(&of_whom))
        .order(role_assignments::id)
        .select(RoleAssignment::as_select())
        .for_update();
    Ok(given.load(write).await?)
}

async fn take(write: &mut Write, over: Vec<RoleAssignment>) -> Outcome<()> {
    let ids = over.iter().map(|given| given.id).collect();
    delegation::withdraw(write, over, None, OVER).await?;
    delegation::withdraw_below(write, ids, None, OVER).await
}

/// Gives a role to `people`, as many as may hold it.
async fn give(write: &mut Write, role: &Role, people: Vec<Uuid>) -> Outcome<()> {
    let (people, left_out) = match role.max_assignments {
        Some(most) if !people.is_empty() => as_many_as_may(write, role, most, people).await?,
        _ => (people, Vec::new()),
    };
    for people in people.chunks(MOST_AT_ONCE) {
        let rows: Vec<_> = people
            .iter()
            .map(|person| {
                (
                    role_assignments::organization_id.eq(write.organization()),
                    role_assignments::id.eq(Id::<RoleAssignment>::fresh()),
                    role_assignments::user_id.eq(*person),
                    role_assignments::role_id.eq(role.id),
                    role_assignments::assignment_reason.eq(REASON),
                    role_assignments::valid_from.eq(clock::now()),
                    role_assignments::is_automatic.eq(true),
                )
            })
            .collect();
        let given: Vec<RoleAssignment> = diesel::insert_into(role_assignments::table)
            .values(rows)
            .returning(RoleAssignment::as_returning())
            .get_results(write)
            .await?;
        record::created_all(write, &given).await?;
    }
    if left_out.is_empty() {
        return Ok(());
    }
    // whoever looks after the role finds here who should have it and has not
    let ids: Vec<_> = left_out.into_iter().map(|person| Id::<User>::of(person).to_string()).collect();
    let change = Change {
        kind: "role.automatic_limit_reached".to_owned(),
        resource_type: <Role as Object>::NAME,
        resource_id: role.id.0,
        resource_name: Some(role.name.clone()),
        before: None,
        after: Some(json!({ "leftOutUserIds": ids }).into()),
        topic: None,
        payload: Value::Null,
    };
    Ok(write.record(change).await?)
}

/// Those who get the role, and those for whom there is no room: who holds it otherwise takes none.
async fn as_many_as_may(
    write: &mut Write,
    role: &Role,
    most: i32,
    people: Vec<Uuid>,
) -> Outcome<(Vec<Uuid>, Vec<Uuid>)> {
    // from here on nobody else is given it
    Role::lock(write, role.id).await?;
    let holders: Vec<Uuid> = diesel::select(
        sql::<sql_types::Array<sql_types::Uuid>>("ARRAY(SELECT DISTINCT h.user_id FROM access.holders(")
            .bind::<sql_types::Uuid, _>(write.organization())
            .sql(", ")
            .bind::<sql_types::Uuid, _>(role.id.0)
            .sql(") h)"),
    )
    .get_result(write)
    .await?;
    let holders: HashSet<Uuid> = holders.into_iter().collect();
    let mut room = usize::try_from(most).unwrap_or_default().saturating_sub(holders.len());
    Ok(people.into_iter().partition(|person| {
        let is_in = holders.contains(person) || room > 0;
        if is_in && !holders.contains(person) {
            room -= 1;
        }
        is_in
    }))
}
