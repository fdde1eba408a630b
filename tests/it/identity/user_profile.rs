//! Profiles (B013): changed by their person, and seen by others as far as their permissions go.
use serde_json::{Value, json};

use super::house::{House, global_id};

const DOCUMENT: &str = "mutation ($input: UserProfileUpdateInput!) { userProfileUpdate(input: $input) {
    userProfile { version jobTitle dateOfBirth uiPreferences user { displayName } } userErrors { code path }
} }";

#[tokio::test]
async fn a_profile_is_made_with_the_first_change_and_has_a_version_from_then_on() {
    let house = House::open().await;
    let person = house.person(&["viewer"]).await;
    let token = house.token(&person).await;
    let none =
        house.get(Some(&token), "{ viewer { profile { id } user { profile { id } } } }", json!({})).await;
    assert_eq!(none["viewer"], json!({ "profile": null, "user": { "profile": null } }));
    let update = async |input: Value| {
        house.get(Some(&token), DOCUMENT, json!({ "input": input })).await["userProfileUpdate"].clone()
    };
    let made = update(
        json!({ "jobTitle": "Engineer", "dateOfBirth": "1990-02-03", "uiPreferences": { "dense": true } }),
    )
    .await;
    let shown = json!({ "version": 1, "jobTitle": "Engineer", "dateOfBirth": "1990-02-03", "uiPreferences": { "dense": true },
                        "user": { "displayName": "Somebody" } });
    assert_eq!(made, json!({ "userProfile": shown, "userErrors": [] }));
    let changed = update(json!({ "expectedVersion": 1, "jobTitle": null })).await;
    assert_eq!(
        (&changed["userProfile"]["version"], &changed["userProfile"]["jobTitle"]),
        (&json!(2), &Value::Null)
    );
    assert_eq!(House::code(&update(json!({ "expectedVersion": 1, "jobTitle": "x" })).await), "CONFLICT");
    for (field, value) in
        [("country", json!("Germany")), ("dateOfBirth", json!("1066-10-14")), ("bio", json!(" "))]
    {
        let refused = update(json!({ field: value })).await;
        let path = &refused["userErrors"][0]["path"];
        assert_eq!((House::code(&refused), path), ("INVALID", &json!(["input", field])));
    }
    let told = format!(
        "SELECT string_agg(action, ' ' ORDER BY id) FROM audit.audit_logs WHERE organization_id = '{}' AND action LIKE 'user_profile.%'",
        person.organization
    );
    assert_eq!(house.look(&told).await, "user_profile.created user_profile.updated");
}

#[tokio::test]
async fn others_see_what_their_permissions_allow_and_strangers_nothing() {
    let house = House::open().await;
    let person = house.person(&["viewer"]).await;
    let token = house.token(&person).await;
    let input = json!({ "jobTitle": "Engineer", "city": "Lund", "uiPreferences": { "dense": true } });
    house.get(Some(&token), DOCUMENT, json!({ "input": input })).await;
    let colleague = house.token(&house.colleague(&person, &["viewer"]).await).await;
    let admin = house.token(&house.colleague(&person, &["admin"]).await).await;
    let stranger = house.token(&house.person(&["owner"]).await).await;
    let look = "query ($id: ID!) { user(id: $id) { profile { jobTitle city uiPreferences } } }";
    let id = json!({ "id": global_id("user", person.id) });
    let all =
        json!({ "profile": { "jobTitle": "Engineer", "city": "Lund", "uiPreferences": { "dense": true } } });
    for sees_all in [&token, &admin] {
        assert_eq!(house.get(Some(sees_all), look, id.clone()).await["user"], all);
    }
    let public = house.ask(Some(&colleague), look, id.clone()).await;
    assert_eq!(
        public["data"]["user"]["profile"],
        json!({ "jobTitle": "Engineer", "city": null, "uiPreferences": null })
    );
    assert_eq!(public["errors"][0]["extensions"]["requires"], json!(["user.profile.private.read"]));
    assert_eq!(house.get(Some(&stranger), look, id).await["user"], Value::Null);
    let node = "query ($id: ID!) { node(id: $id) { id } }";
    let id = json!({ "id": global_id("profile", person.id) });
    assert_eq!(house.get(Some(&stranger), node, id).await["node"], Value::Null);
}
