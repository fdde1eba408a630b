//! Teams: people of an organization who are named together.
use std::collections::HashSet;

use serde_json::{Value, json};

use crate::{
    domains::{
        access::{
            holder::{Rights, members},
            permission_grant::PermissionGrant,
            role_assignment::RoleAssignment,
        },
        chat::conversation_share::ConversationShare,
        identity::user::{User, UserFilter},
        prelude::*,
    },
    graph::mutation::Payload,
    store::{
        journal::Change,
        tables::{
            access::{permission_grants, role_assignments, team_members, teams},
            chat::conversation_shares,
            identity::memberships,
        },
    },
};

/// So many people are added or removed at once.
const MOST: usize = 100;

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = teams, check_for_backend(Pg))]
pub struct Team {
    pub id: Id<Team>,
    pub name: String,
    pub description: Option<String>,
    pub created_by: Option<Id<User>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub revision: i32,
}

entity!(Team, "team", access::teams, needs "team.read", version revision);

impl Entity for Team {
    const SEARCHED: &'static [&'static str] = &["name", "description"];

    fn fields(team: &mut Fields<Self>) {
        columns! { team: Team {
            id, name, description, revision as "version", created_at, updated_at,
        } keeps { created_by } }
        team.one("createdBy", |team| team.created_by).about_column("created_by");
        team.children::<User>("members", MEMBERS).about("The people who are in it.");
        team.children::<RoleAssignment>("roleAssignments", role_assignments::team_id)
            .about("The roles that were given to the team: everybody in it has them.");
        team.children::<PermissionGrant>("permissionGrants", permission_grants::team_id)
            .about("The permissions that were given to the team directly: everybody in it has them.");
        team.children::<ConversationShare>("conversationShares", conversation_shares::team_id)
            .about("The conversations that everybody in the team may read.");
        team.aggregate().by(&["createdBy"]).by_period(&["createdAt"]);
    }
}

pairs! {
    /// Who is in a team.
    MEMBERS of access::team_members: team_id, user_id
}

/// The teams that a person is in.
pub const TEAMS: Pairs = MEMBERS.back();

filter! { TeamFilter for Team in teams {
    id: Compare<Id<Team>>,
    name: Compare<String>,
    created_at: Compare<DateTime<Utc>>,
    created_by: UserFilter => through created_by,
    role_assignments: Related<RoleAssignment> => by role_assignments::team_id,
    permission_grants: Related<PermissionGrant> => by permission_grants::team_id,
    members: Related<User> => paired MEMBERS,
    conversation_shares: Related<ConversationShare> => by conversation_shares::team_id,
} }

order! { TeamOrder, TeamOrderField for Team {
    /// When it was made.
    CreatedAt = created_at,
    /// Its name.
    Name = name,
} default [Name Asc] }

pub fn queries(query: &mut Fields<Query>) {
    query
        .one_by::<Team>("team", [By::word("name", teams::name, "What it is called, in any case.")])
        .about("A team by its id or name; null when there is none that you may see.");
    query.list::<Team>("teams").about("The teams of the organization, by name unless ordered otherwise.");
}

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .change("teamCreate", create)
        .needs("team.write")
        .in_person()
        .about("Makes a team, with nobody in it yet. Errors: NOT_UNIQUE, INVALID.");
    mutations
        .change("teamUpdate", update)
        .needs("team.write")
        .in_person()
        .about("Changes a team. Errors: NOT_FOUND, CONFLICT, NOT_UNIQUE, INVALID.");
    mutations
        .action("teamDelete", delete, |payload: &mut Fields<Payload<Id<Team>>>| {
            payload
                .derived("deletedTeamId", |payload| payload.result)
                .about("The id of the team that is gone; null when nothing was done.");
        })
        .needs("team.delete")
        .in_person()
        .about("Deletes a team for good; the people in it stay in the organization, and lose what they had through it: the roles and permissions of the team are withdrawn, which you must be allowed to do. Errors: NOT_FOUND, CONFLICT, IN_USE, STATE.");
    mutations
        .change("teamMembersAdd", add)
        .needs("team.write")
        .in_person()
        .about("Adds people to a team, which gives them its roles and permissions: you can add only where you could give those. Who is in it already stays. Errors: NOT_FOUND, OUT_OF_RANGE, STATE, LIMIT_REACHED.");
    mutations.change("teamMembersRemove", remove).needs("team.write").in_person().about(
        "Takes people out of a team, and with it what they had through it: you can do so only where you could take that. Of who is not in it nothing is said. Errors: NOT_FOUND, OUT_OF_RANGE, STATE.",
    );
}

/// A team to be made.
#[derive(InputObject)]
struct TeamCreateInput {
    /// Its name.
    name: String,
    /// What it is for.
    description: Option<String>,
}

async fn create(write: &mut Write, input: TeamCreateInput) -> Outcome<Id<Team>> {
    let team = Changes::default()
        .set(teams::name, input.name)
        .set(teams::description, input.description)
        .set(teams::created_by, write.caller().user);
    record::create(write, team).await
}

/// What to change of a team. Absent: unchanged. Null: cleared.
#[derive(InputObject)]
struct TeamUpdateInput {
    /// Which team.
    id: Id<Team>,
    /// The version you read; refused when it is another by now.
    expected_version: Option<i32>,
    /// Its name.
    name: Option<String>,
    /// What it is for.
    description: MaybeUndefined<String>,
}

async fn update(write: &mut Write, input: TeamUpdateInput) -> Outcome<Id<Team>> {
    let before = record::lock(write, input.id, input.expected_version).await?;
    let changes =
        Changes::default().given(teams::name, input.name).patch(teams::description, input.description);
    record::update(write, before, changes).await
}

async fn delete(write: &mut Write, input: RecordInput<Team>) -> Outcome<Id<Team>> {
    let team = input.lock_living(write).await?;
    dissolve(write, &team).await
}

/// Deletes a team, with what its members had through it.
pub async fn dissolve(write: &mut Write, team: &Team) -> Outcome<Id<Team>> {
    let mut rights = Rights::of(write, team.id).await?;
    rights.may_be_taken(write).await?;
    rights.withdraw(write, &format!("the team {} was deleted", team.name)).await?;
    let members = team_members::table
        .filter(team_members::organization_id.eq(write.organization()))
        .filter(team_members::team_id.eq(team.id));
    diesel::delete(members).execute(write).await?;
    rights.leave_an_owner(write, &["input", "id"]).await?;
    diesel::delete(teams::table.find((write.organization(), team.id))).execute(write).await?;
    record::removed(write, team).await
}

/// Who comes into a team, or out of it.
#[derive(InputObject)]
struct TeamMembersInput {
    /// Which team.
    team_id: Id<Team>,
    /// The people, at most 100.
    user_ids: Vec<Id<User>>,
}

impl TeamMembersInput {
    /// The team, locked, and the people, each once; refused for who has no place in the organization.
    async fn find(self, write: &mut Write) -> Outcome<(Team, Vec<Id<User>>)> {
        let path = ["input", "userIds"];
        if self.user_ids.len() > MOST {
            let message = say!("at most {MOST} people at once");
            return Err(UserError::new(UserErrorCode::OutOfRange, message, &path).into());
        }
        let team = record::find(write, self.team_id, &["input", "teamId"]).await?;
        let people = members_of(write, self.user_ids, &path).await?;
        Ok((team, people))
    }
}

/// People, each once; refused for who has no place in the organization.
pub async fn members_of(
    write: &mut Write,
    mut people: Vec<Id<User>>,
    path: &[&str],
) -> Outcome<Vec<Id<User>>> {
    people.sort_unstable();
    people.dedup();
    let known: HashSet<Id<User>> = memberships::table
        .filter(memberships::organization_id.eq(write.organization()))
        .filter(memberships::user_id.eq_any(&people))
        .select(memberships::user_id)
        .load(write)
        .await?
        .into_iter()
        .collect();
    match people.iter().find(|person| !known.contains(person)) {
        Some(stranger) => Err(UserError::not_found(*stranger, path).into()),
        None => Ok(people),
    }
}

async fn add(write: &mut Write, input: TeamMembersInput) -> Outcome<Id<Team>> {
    let (team, people) = input.find(write).await?;
    bring_in(write, team, &people).await
}

/// Brings people into a team; who is in it already stays.
pub async fn bring_in(write: &mut Write, team: Team, people: &[Id<User>]) -> Outcome<Id<Team>> {
    let before = members(write, team.id).await?;
    let people: Vec<_> =
        people.iter().copied().filter(|person| before.binary_search(person).is_err()).collect();
    let rights = Rights::of(write, team.id).await?;
    rights.may_be_given(write, &people).await?;
    let rows: Vec<_> = people
        .iter()
        .map(|person| {
            (
                team_members::organization_id.eq(write.organization()),
                team_members::team_id.eq(team.id),
                team_members::user_id.eq(*person),
            )
        })
        .collect();
    diesel::insert_into(team_members::table).values(rows).execute(write).await?;
    let id = changed(write, "members_added", team, &before).await?;
    rights.noticed(write, &people).await?;
    Ok(id)
}

async fn remove(write: &mut Write, input: TeamMembersInput) -> Outcome<Id<Team>> {
    let (team, people) = input.find(write).await?;
    take_out(write, team, &people).await
}

/// Takes people out of a team.
pub async fn take_out(write: &mut Write, team: Team, people: &[Id<User>]) -> Outcome<Id<Team>> {
    let before = members(write, team.id).await?;
    let rights = Rights::of(write, team.id).await?;
    if before.iter().any(|member| people.contains(member)) {
        rights.may_be_taken(write).await?;
    }
    let gone = team_members::table
        .filter(team_members::organization_id.eq(write.organization()))
        .filter(team_members::team_id.eq(team.id))
        .filter(team_members::user_id.eq_any(people));
    diesel::delete(gone).execute(write).await?;
    rights.leave_an_owner(write, &["input", "userIds"]).await?;
    changed(write, "members_removed", team, &before).await
}

/// Takes a person who leaves the organization out of all teams: what they had through them ends with their membership, whoever
/// may take it.
pub async fn take_out_of_all(write: &mut Write, person: Id<User>) -> Outcome<()> {
    let teams: Vec<Team> = teams::table
        .inner_join(team_members::table.on(
            team_members::organization_id.eq(teams::organization_id).and(team_members::team_id.eq(teams::id)),
        ))
        .filter(teams::organization_id.eq(write.organization()))
        .filter(team_members::user_id.eq(person))
        .order(teams::id)
        .select(Team::as_select())
        .load(write)
        .await?;
    for team in teams {
        let before = members(write, team.id).await?;
        let place = team_members::table.find((write.organization(), team.id, person));
        diesel::delete(place).execute(write).await?;
        changed(write, "members_removed", team, &before).await?;
    }
    Ok(())
}

/// The team's own columns stay as they are: what changed is who is in it.
async fn changed(write: &mut Write, what: &str, team: Team, before: &[Id<User>]) -> Outcome<Id<Team>> {
    let after = members(write, team.id).await?;
    let people =
        |ids: &[Id<User>]| json!({ "memberIds": ids.iter().map(ToString::to_string).collect::<Vec<_>>() });
    let change = Change {
        kind: format!("team.{what}"),
        resource_type: <Team as Object>::NAME,
        resource_id: team.id.0,
        resource_name: Some(team.name),
        before: Some(people(before).into()),
        after: Some(people(&after).into()),
        topic: None,
        payload: Value::Null,
    };
    write.record(change).await?;
    Ok(team.id)
}
