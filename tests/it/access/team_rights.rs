//! What a team is given, its members have, as long as they are in it; and nobody gives themselves rights by a team.
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{
    conditions::{House, in_europe},
    forbidden, id_of, keeper, make_role, moments, permission, reads_deals, role, town,
};
use crate::world::city::Person;

const TEAMS: &[&str] = &["team.read", "team.write", "team.delete"];

async fn team(keeper: &Person, name: &str, people: &[&Person]) -> Value {
    let made = keeper.do_("teamCreate", json!({ "name": name }), "team { id }").await["team"]["id"].clone();
    let input = named(&made, people);
    keeper.do_("teamMembersAdd", input, "team { id }").await;
    made
}

fn named(team: &Value, people: &[&Person]) -> Value {
    let people: Vec<_> = people.iter().map(|person| id_of(person)).collect();
    json!({ "teamId": team, "userIds": people })
}

#[tokio::test]
async fn whoever_is_in_a_team_has_what_it_is_given_from_the_next_request_on() {
    let town = town().await;
    let keeper = keeper(&town, "Keeper", &[TEAMS, &["deal.read", "membership.read"]].concat()).await;
    let (ann, ben) = (town.person("Ann", &[]).await, town.person("Ben", &[]).await);
    let team = team(&keeper, "Sales", &[&ann]).await;
    let reader = make_role(&keeper, "reader", None, &["deal.read"]).await;
    let input = json!({ "teamId": team, "roleId": reader, "reason": "they sell" });
    let selection = "roleAssignment { id isInForce user { id } team { name } }";
    let given = keeper.do_("roleAssign", input.clone(), selection).await["roleAssignment"].clone();
    assert_eq!((&given["user"], &given["team"]["name"]), (&Value::Null, &json!("Sales")));
    assert_eq!(given["isInForce"], true);
    assert!(reads_deals(&ann).await && !reads_deals(&ben).await);
    assert_eq!(keeper.refused("roleAssign", input).await.0, "NOT_UNIQUE");

    keeper.do_("teamMembersAdd", named(&team, &[&ben]), "team { id }").await;
    assert!(reads_deals(&ben).await);
    let look = "query L($user: ID!, $team: ID!) {
        user(id: $user) { effectiveRoleAssignments { id team { id } } roleAssignments { nodes { id } }
          membership { roles { name } } }
        team(id: $team) { roleAssignments { nodes { id } } } }";
    let seen = keeper.get(look, json!({ "user": id_of(&ben), "team": team })).await;
    assert_eq!(
        seen["user"]["effectiveRoleAssignments"],
        json!([{ "id": given["id"], "team": { "id": team } }])
    );
    assert_eq!(seen["user"]["roleAssignments"]["nodes"], json!([]));
    assert_eq!(seen["user"]["membership"]["roles"], json!([{ "name": "reader" }]));
    assert_eq!(seen["team"]["roleAssignments"]["nodes"], json!([{ "id": given["id"] }]));

    keeper.do_("teamMembersRemove", named(&team, &[&ben]), "team { id }").await;
    assert!(reads_deals(&ann).await && !reads_deals(&ben).await);
    keeper.do_("roleRevoke", json!({ "id": given["id"], "reason": "over" }), "").await;
    assert!(!reads_deals(&ann).await);

    let direct = json!({ "teamId": team, "permissionId": permission(&keeper, "deal.read").await });
    let grant = keeper.do_("permissionGrant", direct, "permissionGrant { id team { name } }").await;
    assert!(reads_deals(&ann).await && !reads_deals(&ben).await);
    let id = grant["permissionGrant"]["id"].clone();
    keeper.do_("permissionGrantRevoke", json!({ "id": id, "reason": "over" }), "").await;
    assert!(!reads_deals(&ann).await);
    // one of both is named
    for holders in [json!({}), json!({ "teamId": team, "userId": id_of(&ann) })] {
        let mut input = holders.clone();
        input["roleId"] = reader.clone();
        let (code, path, _) = keeper.refused("roleAssign", input).await;
        assert_eq!((code.as_str(), path[1].as_str()), ("INVALID", "userId"), "{holders}");
    }
}

#[tokio::test]
async fn explanations_and_reports_name_the_team() {
    let house = House::of(&[]).await;
    let keeper =
        keeper(&house.town, "Second keeper", &[TEAMS, &["deal.read", "access.explain"]].concat()).await;
    let (here, there) = (house.sell("here", "EUROPE").await, house.sell("there", "MIDDLE_EAST").await);
    let team = team(&keeper, "Sales", &[&house.wei]).await;
    let reader = make_role(&keeper, "reader", None, &["deal.read"]).await;
    let mut input = in_europe();
    (input["teamId"], input["roleId"]) = (team.clone(), reader);
    keeper.do_("roleAssign", input, "").await;
    let document = "query E($user: ID!, $record: ID!) {
        explainAccess(userId: $user, permission: \"deal.read\", recordId: $record) { allowed grants { verdict rolePath team { name } } }
        accessReport(permission: \"deal.read\", recordId: $record) { people { user { id } } } }";
    for (record, verdict) in [(&here, "ALLOWS"), (&there, "ELSEWHERE")] {
        let told = keeper.get(document, json!({ "user": id_of(&house.wei), "record": record })).await;
        let way = json!({ "verdict": verdict, "rolePath": ["reader"], "team": { "name": "Sales" } });
        assert_eq!(told["explainAccess"], json!({ "allowed": verdict == "ALLOWS", "grants": [way] }));
        let people = told["accessReport"]["people"].as_array().unwrap();
        let listed = people.iter().any(|person| person["user"]["id"] == id_of(&house.wei));
        assert_eq!(listed, verdict == "ALLOWS");
    }
    // what is masked for a role is masked for who has it in a team
    let mask = house.town.person("Mask", &["masking_policy.write", "masking_policy.read", "role.read"]).await;
    let input = json!({ "name": "Names", "fields": ["Deal.name"], "method": "REDACT", "roleIds": [role(&keeper, "reader").await] });
    mask.do_("maskingPolicyCreate", input, "maskingPolicy { id }").await;
    let names = house.wei.get("{ deals { nodes { name } } }", json!({})).await;
    assert_eq!(names["deals"]["nodes"], json!([{ "name": "•••" }]));
}

#[tokio::test]
async fn nobody_gives_themselves_rights_by_a_team() {
    let town = town().await;
    let chief = keeper(&town, "Chief", &[TEAMS, &["deal.read", "deal.write"]].concat()).await;
    let any = town.person("Any", &[TEAMS, &["role.grant.any", "role.assign", "role.read"]].concat()).await;
    let plain = town.person("Plain", TEAMS).await;
    let ann = town.person("Ann", &[]).await;
    let seller = make_role(&chief, "seller", None, &["deal.read", "deal.write"]).await;
    let team = team(&chief, "Sales", &[]).await;
    chief.do_("roleAssign", json!({ "teamId": team, "roleId": seller }), "").await;
    // whoever may not give the role brings nobody into the team that has it
    for person in [&plain, &ann] {
        assert_eq!(forbidden(&plain, "teamMembersAdd", named(&team, &[person])).await, json!(["deal.read"]));
    }
    // who may give others anything gives themselves nothing
    assert_eq!(forbidden(&any, "teamMembersAdd", named(&team, &[&any])).await, json!(["deal.read"]));
    assert_eq!(forbidden(&any, "teamMembersAdd", named(&team, &[&any, &ann])).await, json!(["deal.read"]));
    any.do_("teamMembersAdd", named(&team, &[&ann]), "team { id }").await;
    assert!(reads_deals(&ann).await);
    assert_eq!(forbidden(&plain, "teamMembersRemove", named(&team, &[&ann])).await, json!(["deal.read"]));
    assert_eq!(forbidden(&plain, "teamDelete", json!({ "id": team })).await, json!(["deal.read"]));
    assert!(reads_deals(&ann).await);
    // a role is not given to a team that one is in, either
    let own = self::team(&plain, "Own", &[&any]).await;
    let input = json!({ "teamId": own, "roleId": seller });
    assert_eq!(forbidden(&any, "roleAssign", input.clone()).await, json!(["deal.read"]));
    chief.do_("roleAssign", input, "").await;
    assert!(reads_deals(&any).await);
    // what was given to the team nobody passes on
    chief.do_("roleUpdate", json!({ "id": seller, "maxDelegationDepth": 3 }), "role { id }").await;
    let held = any.get("{ viewer { roleAssignments { id } } }", json!({})).await;
    let input = json!({ "assignmentId": held["viewer"]["roleAssignments"][0]["id"], "userId": id_of(&plain),
        "reason": "on leave", "validUntil": "2990-01-01T00:00:00Z" });
    let (code, _, error) = any.refused("roleDelegate", input.clone()).await;
    assert_eq!(code, "STATE");
    assert!(error["message"].as_str().unwrap().contains("through a team"));
    assert_eq!(ann.refused("roleDelegate", input).await.0, "NOT_FOUND");
}

#[tokio::test]
async fn a_deleted_team_takes_its_rights_along_and_its_last_owner_not() {
    let town = town().await;
    let chief = keeper(&town, "Chief", &[TEAMS, &["deal.read", "role.grant.any"]].concat()).await;
    let (ann, ben) = (town.person("Ann", &[]).await, town.person("Ben", &[]).await);
    let reader = make_role(&chief, "reader", None, &["deal.read"]).await;
    let sales = team(&chief, "Sales", &[&ann]).await;
    let input = json!({ "teamId": sales, "roleId": reader });
    let given = chief.do_("roleAssign", input, "roleAssignment { id }").await["roleAssignment"]["id"].clone();
    let input = json!({ "teamId": sales, "permissionId": permission(&chief, "deal.read").await });
    chief.do_("permissionGrant", input, "").await;
    assert!(reads_deals(&ann).await);
    chief.do_("teamDelete", json!({ "id": sales }), "deletedTeamId").await;
    assert!(!reads_deals(&ann).await);
    let document = "query A($id: ID!) { roleAssignment(id: $id) { isActive revocationReason team { id } } }";
    let shown = chief.get(document, json!({ "id": given })).await["roleAssignment"].clone();
    let expected =
        json!({ "isActive": false, "revocationReason": "the team Sales was deleted", "team": null });
    assert_eq!(shown, expected);

    let owners = team(&chief, "Owners", &[&ann, &ben]).await;
    let input = json!({ "teamId": owners, "roleId": role(&chief, "owner").await });
    let given = chief.do_("roleAssign", input, "roleAssignment { id }").await["roleAssignment"]["id"].clone();
    assert!(reads_deals(&ann).await);
    chief.do_("teamMembersRemove", named(&owners, &[&ann]), "team { id }").await;
    assert!(!reads_deals(&ann).await && reads_deals(&ben).await);
    for (act, input) in [
        ("teamMembersRemove", named(&owners, &[&ben])),
        ("teamDelete", json!({ "id": owners })),
        ("roleRevoke", json!({ "id": given, "reason": "enough" })),
    ] {
        assert_eq!(chief.refused(act, input).await.0, "STATE", "{act}");
    }
    assert!(reads_deals(&ben).await);
}

#[tokio::test]
async fn no_more_people_than_allowed_hold_a_role_through_teams_however_many_come_at_once() {
    let town = town().await;
    let keeper = keeper(&town, "Keeper", TEAMS).await;
    let input = json!({ "name": "few", "maxAssignments": 3 });
    let few = keeper.do_("roleCreate", input, "role { id }").await["role"]["id"].clone();
    let first = town.person("First", &[]).await;
    keeper.do_("roleAssign", json!({ "userId": id_of(&first), "roleId": few }), "").await;
    let mut teams = Vec::new();
    for name in ["One", "Two"] {
        let team = team(&keeper, name, &[]).await;
        keeper.do_("roleAssign", json!({ "teamId": team, "roleId": few }), "").await;
        teams.push(team);
    }
    let mut people = Vec::new();
    for number in 0..50 {
        people.push(town.person(&format!("Person {number}"), &[]).await);
    }
    let added = people
        .iter()
        .enumerate()
        .map(|(at, person)| keeper.change("teamMembersAdd", named(&teams[at % 2], &[person]), "team { id }"));
    let added = join_all(added).await;
    let codes: Vec<_> =
        added.iter().filter_map(|payload| payload["userErrors"][0]["code"].as_str()).collect();
    assert_eq!(codes, ["LIMIT_REACHED"; 48], "two more than the one who holds it already");
    // whoever holds it may be in both teams, and the whole team counts when the role is given to it
    for team in &teams {
        keeper.do_("teamMembersAdd", named(team, &[&first]), "team { id }").await;
    }
    let full = team(&keeper, "Full", &[&people[0], &people[1], &people[2], &people[3]]).await;
    let (code, path, _) = keeper.refused("roleAssign", json!({ "teamId": full, "roleId": few })).await;
    assert_eq!((code.as_str(), path[1].as_str()), ("LIMIT_REACHED", "roleId"));
}

#[tokio::test]
async fn what_is_over_does_not_stand_in_the_way_of_another() {
    let town = town().await;
    let keeper = keeper(&town, "Keeper", &["deal.read"]).await;
    let wei = town.person("Wei", &[]).await;
    let reader = make_role(&keeper, "reader", None, &["deal.read"]).await;
    let soon = portico::store::clock::now() + chrono::TimeDelta::milliseconds(700);
    let role = json!({ "userId": id_of(&wei), "roleId": reader });
    let direct = json!({ "userId": id_of(&wei), "permissionId": permission(&keeper, "deal.read").await });
    let until = |input: &Value| {
        let mut input = input.clone();
        input["validUntil"] = json!(soon);
        input
    };
    let first =
        keeper.do_("roleAssign", until(&role), "roleAssignment { id }").await["roleAssignment"]["id"].clone();
    keeper.do_("permissionGrant", until(&direct), "").await;
    assert_eq!(keeper.refused("roleAssign", role.clone()).await.0, "NOT_UNIQUE");
    assert_eq!(keeper.refused("permissionGrant", direct.clone()).await.0, "NOT_UNIQUE");
    moments(900).await;
    assert!(!reads_deals(&wei).await);
    keeper.do_("roleAssign", role, "").await;
    assert!(reads_deals(&wei).await);
    keeper.do_("permissionGrant", direct, "").await;
    let document = "query A($id: ID!) { roleAssignment(id: $id) { isActive revocationReason } }";
    let shown = keeper.get(document, json!({ "id": first })).await["roleAssignment"].clone();
    assert_eq!(shown, json!({ "isActive": false, "revocationReason": "over" }));
}
