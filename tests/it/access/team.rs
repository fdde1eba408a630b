//! Teams: made, changed, filled and deleted by who may, and nobody of elsewhere in them.
use serde_json::{Value, json};

use crate::identity::house::{House, Person, global_id, text};

/// Does `what`; the payload.
async fn act(house: &House, token: &str, what: &str, input: Value) -> Value {
    let team = "team { id version name description members { nodes { id } } }";
    let (kind, shown) = match what {
        "teamCreate" => ("TeamCreateInput", team),
        "teamUpdate" => ("TeamUpdateInput", team),
        "teamDelete" => ("TeamRecordInput", "deletedTeamId"),
        _ => ("TeamMembersInput", team),
    };
    let document = format!(
        "mutation ($input: {kind}!) {{ {what}(input: $input) {{ {shown} userErrors {{ code path }} }} }}"
    );
    house.get(Some(token), &document, json!({ "input": input })).await[what].clone()
}

fn id(person: &Person) -> String {
    global_id("user", person.id)
}

#[tokio::test]
async fn a_team_is_made_filled_emptied_and_deleted() {
    let house = House::open().await;
    let owner = house.person(&["owner"]).await;
    let (ann, bob) = (house.colleague(&owner, &[]).await, house.colleague(&owner, &[]).await);
    let token = house.token(&owner).await;
    let made = act(&house, &token, "teamCreate", json!({ "name": "Platform" })).await;
    assert_eq!((&made["userErrors"], &made["team"]["members"]["nodes"]), (&json!([]), &json!([])));
    let team = text(&made["team"]["id"]);
    let taken = act(&house, &token, "teamCreate", json!({ "name": "PLATFORM" })).await;
    assert_eq!(
        (House::code(&taken), &taken["userErrors"][0]["path"]),
        ("NOT_UNIQUE", &json!(["input", "name"]))
    );

    let both = json!({ "teamId": team, "userIds": [id(&ann), id(&bob), id(&ann)] });
    for _ in 0..2 {
        let filled = act(&house, &token, "teamMembersAdd", both.clone()).await;
        assert_eq!(filled["team"]["members"]["nodes"].as_array().unwrap().len(), 2, "{filled}");
    }
    let look = "query ($id: ID!) { user(id: $id) { teams { nodes { name } } } }";
    let seen = house.get(Some(&token), look, json!({ "id": id(&ann) })).await;
    assert_eq!(seen["user"]["teams"]["nodes"], json!([{ "name": "Platform" }]));
    let one = json!({ "teamId": team, "userIds": [id(&ann), id(&owner)] });
    let left = act(&house, &token, "teamMembersRemove", one).await;
    assert_eq!(left["team"]["members"]["nodes"], json!([{ "id": id(&bob) }]));

    let change =
        json!({ "id": team, "expectedVersion": 1, "name": "Core", "description": "What others stand on" });
    assert_eq!(act(&house, &token, "teamUpdate", change.clone()).await["team"]["version"], 2);
    assert_eq!(House::code(&act(&house, &token, "teamUpdate", change).await), "CONFLICT");
    let gone = act(&house, &token, "teamDelete", json!({ "id": team })).await;
    assert_eq!(gone, json!({ "deletedTeamId": team, "userErrors": [] }));
    assert_eq!(House::code(&act(&house, &token, "teamDelete", json!({ "id": team })).await), "NOT_FOUND");
    let told = format!(
        "SELECT string_agg(action, ' ' ORDER BY id) FROM audit.audit_logs WHERE organization_id = '{}' AND action LIKE 'team.%'",
        owner.organization
    );
    assert_eq!(
        house.look(&told).await,
        "team.created team.members_added team.members_added team.members_removed team.updated team.removed"
    );
}

#[tokio::test]
async fn nobody_of_elsewhere_is_in_a_team_or_sees_it() {
    let house = House::open().await;
    let (owner, stranger) = (house.person(&["owner"]).await, house.person(&["owner"]).await);
    let (token, theirs) = (house.token(&owner).await, house.token(&stranger).await);
    let team = text(&act(&house, &token, "teamCreate", json!({ "name": "Ours" })).await["team"]["id"]);
    let add = |person: &Person| json!({ "teamId": team, "userIds": [id(person)] });
    let refused = act(&house, &token, "teamMembersAdd", add(&stranger)).await;
    let path = &refused["userErrors"][0]["path"];
    assert_eq!((House::code(&refused), path), ("NOT_FOUND", &json!(["input", "userIds"])));
    assert_eq!(House::code(&act(&house, &theirs, "teamMembersAdd", add(&stranger)).await), "NOT_FOUND");
    let many = vec![id(&owner); 101];
    let many = act(&house, &token, "teamMembersAdd", json!({ "teamId": team, "userIds": many })).await;
    assert_eq!(House::code(&many), "OUT_OF_RANGE");
    let look = "query ($id: ID!) { team(id: $id) { name } teams { nodes { name } } }";
    let seen = house.get(Some(&theirs), look, json!({ "id": team })).await;
    assert_eq!(seen, json!({ "team": null, "teams": { "nodes": [] } }));
    let viewer = house.token(&house.colleague(&owner, &["manager"]).await).await;
    let document =
        "mutation ($input: TeamCreateInput!) { teamCreate(input: $input) { userErrors { code } } }";
    let answer = house.ask(Some(&viewer), document, json!({ "input": { "name": "Mine" } })).await;
    assert_eq!(answer["errors"][0]["extensions"]["requires"], json!(["team.write"]));
}
