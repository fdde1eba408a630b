//! A person's place in an organization (B013): who reports to whom, what they prefer, and whether they are in.
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::house::{House, Person, global_id};

/// Changes somebody's place; the payload.
async fn place(house: &House, token: &str, person: &Person, change: Value) -> Value {
    let document = "mutation ($input: MembershipUpdateInput!) { membershipUpdate(input: $input) {
        membership { status manager { displayName } } userErrors { code path }
    } }";
    let mut input = change;
    input["id"] = json!(global_id("member", person.id));
    house.get(Some(token), document, json!({ "input": input })).await["membershipUpdate"].clone()
}

fn under(manager: &Person) -> Value {
    json!({ "managerId": global_id("user", manager.id) })
}

#[tokio::test]
async fn the_chain_of_managers_never_runs_in_a_circle() {
    let house = House::open().await;
    let owner = house.person(&["owner"]).await;
    let token = house.token(&owner).await;
    let (top, middle, below) = (
        house.colleague(&owner, &[]).await,
        house.colleague(&owner, &[]).await,
        house.colleague(&owner, &[]).await,
    );
    assert_eq!(
        place(&house, &token, &middle, under(&top)).await["membership"]["manager"]["displayName"],
        "Colleague"
    );
    assert_eq!(place(&house, &token, &below, under(&middle)).await["userErrors"], json!([]));
    for (person, manager) in [(&top, &below), (&top, &middle), (&top, &top)] {
        let refused = place(&house, &token, person, under(manager)).await;
        let path = &refused["userErrors"][0]["path"];
        assert_eq!((House::code(&refused), path), ("INVALID", &json!(["input", "managerId"])));
    }
    let chain = "query ($id: ID!) { membership(id: $id) { manager { id } reports { nodes { user { id } reports { nodes { user { id } } } } } } }";
    let seen = house.get(Some(&token), chain, json!({ "id": global_id("member", top.id) })).await;
    let id = |person: &Person| json!({ "id": global_id("user", person.id) });
    let reports =
        json!({ "nodes": [{ "user": id(&middle), "reports": { "nodes": [{ "user": id(&below) }] } }] });
    assert_eq!(seen["membership"], json!({ "manager": null, "reports": reports }));

    // of two that would close a circle at once one is refused
    let (left, right) = (house.colleague(&owner, &[]).await, house.colleague(&owner, &[]).await);
    let both = [(&left, &right), (&right, &left)];
    let answers = join_all(both.map(|(person, manager)| place(&house, &token, person, under(manager)))).await;
    let refused = answers.iter().filter(|answer| answer["userErrors"][0]["code"] == "INVALID").count();
    assert_eq!(refused, 1, "{answers:?}");
    let stranger = house.person(&[]).await;
    let code = place(&house, &token, &left, under(&stranger)).await["userErrors"][0]["code"].clone();
    assert_eq!(code, "NOT_FOUND");
}

#[tokio::test]
async fn everybody_has_preferences_of_their_own_in_each_organization() {
    let house = House::open().await;
    let owner = house.person(&["owner"]).await;
    let viewer = house.colleague(&owner, &["viewer"]).await;
    let (owner, own) = (house.token(&owner).await, house.token(&viewer).await);
    let document =
        "mutation ($input: MembershipPreferencesUpdateInput!) { membershipPreferencesUpdate(input: $input) {
        membership { version preferences notificationPreferences } userErrors { code path }
    } }";
    let prefer = async |input: Value| {
        house.get(Some(&own), document, json!({ "input": input })).await["membershipPreferencesUpdate"]
            .clone()
    };
    let done = prefer(json!({ "preferences": { "theme": "dark" } })).await;
    let shown = json!({ "version": 2, "preferences": { "theme": "dark" }, "notificationPreferences": {} });
    assert_eq!(done, json!({ "membership": shown, "userErrors": [] }));
    assert_eq!(House::code(&prefer(json!({ "expectedVersion": 1, "preferences": {} })).await), "CONFLICT");
    let both = prefer(json!({ "expectedVersion": 2, "notificationPreferences": { "mail": false } })).await;
    assert_eq!(both["membership"]["notificationPreferences"], json!({ "mail": false }));
    // others see them with the permission alone
    let look = "query ($id: ID!) { membership(id: $id) { preferences } }";
    let id = json!({ "id": global_id("member", viewer.id) });
    let seen = house.get(Some(&owner), look, id.clone()).await;
    assert_eq!(seen["membership"]["preferences"], json!({ "theme": "dark" }));
    let nosy = house.colleague(&viewer, &["cfo"]).await;
    let hidden = house.ask(Some(&house.token(&nosy).await), look, id).await;
    assert_eq!(hidden["errors"][0]["extensions"]["requires"], json!(["membership.preferences.read"]));
}

#[tokio::test]
async fn a_suspended_member_is_out_of_this_organization_at_once_and_of_no_other() {
    let house = House::open().await;
    let owner = house.person(&["owner"]).await;
    let person = house.colleague(&owner, &["viewer"]).await;
    let elsewhere = house.person(&["owner"]).await;
    house.join(&person, elsewhere.organization, &["viewer"]).await;
    let (token, here) = (house.token(&owner).await, house.token(&person).await);
    let there = Person { slug: elsewhere.slug.clone(), email: person.email.clone(), ..elsewhere };
    let there = house.token(&there).await;
    assert_eq!(
        place(&house, &token, &person, json!({ "status": "SUSPENDED" })).await["membership"]["status"],
        "SUSPENDED"
    );
    assert_eq!(house.opens(&here).await, Err("UNAUTHENTICATED".to_owned()));
    assert_eq!(house.opens(&there).await, Ok(()));
    place(&house, &token, &person, json!({ "status": "ACTIVE" })).await;
    assert_eq!(house.opens(&here).await, Ok(()));
}
