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

const NEVER: &str = "UNAUTHENTICATED";

async fn rotate(house: &House, token: &str, id: &str, until: Option<String>) -> Value {
    let document = "mutation ($input: ApiKeyRotateInput!) { apiKeyRotate(input: $input) {
        secret apiKey { id prefix scopes rotatedAt previousValidUntil } userErrors { code path } } }";
    let input = json!({ "input": { "id": id, "previousValidUntil": until } });
    house.get(Some(token), document, input).await["apiKeyRotate"].clone()
}

fn later(time: chrono::TimeDelta) -> String {
    (portico::store::clock::now() + time).to_rfc3339()
}

#[tokio::test]
async fn a_key_that_is_replaced_works_until_the_time_that_was_chosen() {
    let house = House::open().await;
    let person = house.person(&["owner"]).await;
    let token = house.token(&person).await;
    let (first, id) = key_of(&house, &person, json!(["deal.read"])).await;
    for wrong in [chrono::TimeDelta::days(31), chrono::TimeDelta::minutes(-1)] {
        let payload = rotate(&house, &token, &id, Some(later(wrong))).await;
        assert_eq!(
            payload["userErrors"],
            json!([{ "code": "OUT_OF_RANGE", "path": ["input", "previousValidUntil"] }])
        );
    }
    let payload = rotate(&house, &token, &id, Some(later(chrono::TimeDelta::days(1)))).await;
    assert_eq!((&payload["userErrors"], &payload["apiKey"]["id"]), (&json!([]), &json!(id)));
    assert_eq!(payload["apiKey"]["scopes"], json!(["deal.read"]));
    let second = text(&payload["secret"]);
    for key in [&first, &second] {
        assert_eq!(permissions(&house, key).await, json!(["deal.read"]));
    }
    house
        .sql(&format!(
            "UPDATE identity.api_keys SET previous_valid_until = now() WHERE created_by = '{}'",
            person.id
        ))
        .await;
    assert_eq!((house.opens(&first).await, house.opens(&second).await), (Err(NEVER.to_owned()), Ok(())));

    // without a time at once, and of two replacements only the last overlaps
    let third = text(&rotate(&house, &token, &id, None).await["secret"]);
    assert_eq!((house.opens(&second).await, house.opens(&third).await), (Err(NEVER.to_owned()), Ok(())));
    let fourth = text(&rotate(&house, &token, &id, Some(later(chrono::TimeDelta::days(30)))).await["secret"]);
    let fifth = text(&rotate(&house, &token, &id, Some(later(chrono::TimeDelta::hours(1)))).await["secret"]);
    assert_eq!(house.opens(&third).await, Err(NEVER.to_owned()));
    assert_eq!((house.opens(&fourth).await, house.opens(&fifth).await), (Ok(()), Ok(())));

    // what is withdrawn is withdrawn in all its forms
    let document =
        "mutation ($input: ApiKeyRevokeInput!) { apiKeyRevoke(input: $input) { userErrors { code } } }";
    house.get(Some(&token), document, json!({ "input": { "id": id } })).await;
    for key in [&fourth, &fifth] {
        assert_eq!(house.opens(key).await, Err(NEVER.to_owned()));
    }
    assert_eq!(House::code(&rotate(&house, &token, &id, None).await), "STATE");
}

#[tokio::test]
async fn nobody_takes_over_the_key_of_another_by_replacing_it() {
    let house = House::open().await;
    let owner = house.person(&["owner"]).await;
    let keeper = house.colleague(&owner, &["security_admin"]).await;
    let stranger = house.person(&["owner"]).await;
    let (key, id) = key_of(&house, &owner, json!(["deal.read"])).await;
    let (keepers, strangers) = (house.token(&keeper).await, house.token(&stranger).await);
    assert_eq!(House::code(&rotate(&house, &keepers, &id, None).await), "STATE");
    assert_eq!(House::code(&rotate(&house, &strangers, &id, None).await), "NOT_FOUND");
    assert_eq!(house.opens(&key).await, Ok(()));
}

#[tokio::test]
async fn a_key_with_a_role_stands_for_nobody() {
    let house = House::open().await;
    let owner = house.person(&["owner"]).await;
    let keeper = house.colleague(&owner, &["security_admin"]).await;
    let (token, keepers) = (house.token(&owner).await, house.token(&keeper).await);
    let role = async |name: &str| {
        let document = "query ($name: String!) { roles(filter: { name: { eq: $name } }) { nodes { id } } }";
        let found = house.get(Some(&token), document, json!({ "name": name })).await;
        text(&found["roles"]["nodes"][0]["id"])
    };
    let document = "mutation ($input: ApiKeyCreateInput!) { apiKeyCreate(input: $input) {
        secret apiKey { id role { name } lastUsedIp } userErrors { code path } } }";
    let make = async |token: &str, role: &str, scopes: Value| {
        let input = json!({ "input": { "name": "Import", "scopes": scopes, "roleId": role } });
        house.ask(Some(token), document, input).await
    };
    let program = role("api_user").await;
    // who lacks what the role gives makes no such key
    let refused = make(&keepers, &program, json!([])).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN");
    let beyond = make(&token, &program, json!(["organization.delete"])).await;
    assert_eq!(House::code(&beyond["data"]["apiKeyCreate"]), "INVALID");
    let limited =
        "SELECT string_agg(name, ' ') FROM access.roles WHERE metadata ? 'row_scope' AND organization_id";
    let limited = house.look(&format!("{limited} = '00000000-0000-0000-0000-000000000000'")).await;
    let limited = role(limited.split(' ').next().unwrap()).await;
    house
        .sql(&format!(
            "UPDATE access.roles r SET metadata = p.metadata FROM access.roles p WHERE r.organization_id = '{}'
               AND p.organization_id = '00000000-0000-0000-0000-000000000000' AND p.name = r.name",
            owner.organization
        ))
        .await;
    assert_eq!(House::code(&make(&token, &limited, json!([])).await["data"]["apiKeyCreate"]), "STATE");

    let all = make(&token, &program, json!([])).await["data"]["apiKeyCreate"].clone();
    assert_eq!((&all["userErrors"], &all["apiKey"]["role"]["name"]), (&json!([]), &json!("api_user")));
    let few = make(&token, &program, json!(["deal.read"])).await["data"]["apiKeyCreate"].clone();
    let (all, few) = (text(&all["secret"]), text(&few["secret"]));
    assert!(permissions(&house, &all).await.as_array().unwrap().len() > 10);
    assert_eq!(permissions(&house, &few).await, json!(["deal.read"]));
    // its maker leaves; the key stays, until the role loses the right
    house
        .sql(&format!("UPDATE identity.memberships SET status = 'left' WHERE user_id = '{}'", owner.id))
        .await;
    assert_eq!(permissions(&house, &few).await, json!(["deal.read"]));
    // where the role comes to show some rows only, the key sees none
    let deals = "{ accounts { nodes { id } } viewer { user { id } } }";
    assert_eq!(house.get(Some(&all), deals, json!({})).await["viewer"]["user"], json!(null));
    house
        .sql(&format!(
            "UPDATE access.roles SET metadata = '{{\"row_scope\": \"region\"}}' WHERE organization_id = '{}' AND name = 'api_user'",
            owner.organization
        ))
        .await;
    assert_eq!(house.get(Some(&all), deals, json!({})).await["accounts"]["nodes"], json!([]));
}

#[tokio::test]
async fn whoever_uses_a_withdrawn_key_is_written_down() {
    let house = House::open().await;
    let person = house.person(&["owner"]).await;
    let (key, _) = key_of(&house, &person, json!(["deal.read"])).await;
    house
        .sql(&format!("UPDATE identity.api_keys SET revoked_at = now() WHERE created_by = '{}'", person.id))
        .await;
    for _ in 0..3 {
        assert_eq!(house.opens(&key).await, Err(NEVER.to_owned()));
    }
    let told = format!(
        "SELECT count(*) || ' ' || min(event_type) FROM audit.audit_logs WHERE organization_id = '{}' AND action = 'api_key.reused'",
        person.organization
    );
    for _ in 0..100 {
        if house.look(&told).await == "1 denied" {
            let noticed = format!(
                "SELECT string_agg(detection_rule || ' ' || occurrences, ' ') FROM security.security_events WHERE organization_id = '{}'",
                person.organization
            );
            assert_eq!(house.look(&noticed).await, "withdrawn_key_used 1");
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("{}", house.look(&told).await);
}
