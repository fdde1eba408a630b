//! API keys (B010).
use portico::credential::{api_key, read};
use serde_json::{Value, json};

use super::house::{House, Person, text};

async fn create(house: &House, token: &str, scopes: Value) -> Value {
    let document = "mutation ($input: ApiKeyCreateInput!) { apiKeyCreate(input: $input) {
        secret apiKey { id prefix scopes } userErrors { code path } } }";
    let input = json!({ "input": { "name": "Import", "scopes": scopes } });
    house.get(Some(token), document, input).await["apiKeyCreate"].clone()
}

async fn permissions(house: &House, token: &str) -> Value {
    house.get(Some(token), "{ viewer { permissions } }", json!({})).await["viewer"]["permissions"].clone()
}

async fn key_of(house: &House, person: &Person, scopes: Value) -> (String, String) {
    let payload = create(house, &house.token(person).await, scopes).await;
    assert_eq!(payload["userErrors"], json!([]));
    (text(&payload["secret"]), text(&payload["apiKey"]["id"]))
}

#[tokio::test]
async fn a_key_may_what_its_scopes_say_until_it_is_withdrawn() {
    let house = House::open().await;
    let person = house.person(&["owner"]).await;
    let (key, id) = key_of(&house, &person, json!(["deal.read", "account.*"])).await;
    let held = permissions(&house, &key).await;
    assert!(held.as_array().unwrap().contains(&json!("deal.read")));
    assert!(
        held.as_array()
            .unwrap()
            .iter()
            .all(|name| name == "deal.read" || name.as_str().unwrap().starts_with("account."))
    );
    let denied = house.ask(Some(&key), "{ users { nodes { id } } }", json!({})).await;
    assert_eq!(denied["errors"][0]["extensions"]["code"], "FORBIDDEN");
    assert_eq!(
        house.get(Some(&key), "{ deals { nodes { id } } }", json!({})).await["deals"]["nodes"],
        json!([])
    );

    let stored =
        format!("SELECT hashed_key || prefix FROM identity.api_keys WHERE created_by = '{}'", person.id);
    assert!(!house.look(&stored).await.contains(&key[80..]));
    let document = "mutation ($input: ApiKeyRevokeInput!) { apiKeyRevoke(input: $input) { apiKey { revokedAt } userErrors { code } } }";
    let owner = house.token(&person).await;
    let revoked = house.get(Some(&owner), document, json!({ "input": { "id": id } })).await;
    assert!(revoked["apiKeyRevoke"]["apiKey"]["revokedAt"].is_string());
    assert_eq!(house.opens(&key).await, Err("UNAUTHENTICATED".to_owned()));
    let again = house.get(Some(&owner), document, json!({ "input": { "id": id } })).await;
    assert_eq!(House::code(&again["apiKeyRevoke"]), "STATE");
}

#[tokio::test]
async fn nobody_gives_a_key_what_they_lack() {
    let house = House::open().await;
    let owner = house.person(&["owner"]).await;
    let token = house.token(&owner).await;
    for wrong in [
        json!([]),
        json!(["nonsense"]),
        json!(["nonsense.*"]),
        json!(["*"]),
        json!(["deal.read", "organization.rule"]),
    ] {
        let payload = create(&house, &token, wrong).await;
        assert!(["REQUIRED", "INVALID"].contains(&House::code(&payload)), "{payload}");
    }
    // what the maker loses, the key loses too
    let (key, _) = key_of(&house, &owner, json!(["deal.read"])).await;
    house
        .sql(&format!("UPDATE access.role_assignments SET revoked_at = now() WHERE user_id = '{}'", owner.id))
        .await;
    assert_eq!(permissions(&house, &key).await, json!([]));
    house
        .sql(&format!("UPDATE identity.memberships SET status = 'left' WHERE user_id = '{}'", owner.id))
        .await;
    assert_eq!(house.opens(&key).await, Err("UNAUTHENTICATED".to_owned()));
}

#[tokio::test]
async fn the_whole_key_counts_not_just_its_number() {
    let house = House::open().await;
    let person = house.person(&["owner"]).await;
    let (key, _) = key_of(&house, &person, json!(["deal.read"])).await;
    let said = api_key::read(&key).unwrap();
    let forged = api_key::write(said.id, said.organization).unwrap();
    assert!(read(&house.keys, &forged).is_ok());
    assert_eq!(house.opens(&forged).await, Err("UNAUTHENTICATED".to_owned()));
    let mistyped = format!("{}0", &key[..key.len() - 1]);
    assert!(mistyped == key || read(&house.keys, &mistyped).is_err());
    house
        .sql(&format!("UPDATE identity.api_keys SET expires_at = now() WHERE created_by = '{}'", person.id))
        .await;
    assert_eq!(house.opens(&key).await, Err("TOKEN_EXPIRED".to_owned()));
}

#[tokio::test]
async fn a_key_cannot_do_what_only_people_do() {
    let house = House::open().await;
    let person = house.person(&["owner"]).await;
    let (key, _) = key_of(&house, &person, json!(["api_key.*", "organization.*"])).await;
    let payload = create(&house, &key, json!(["api_key.read"])).await;
    assert_eq!(House::code(&payload), "STATE");
    let answer = house.ask(Some(&key), "mutation { signOut { done } }", json!({})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN");
}
