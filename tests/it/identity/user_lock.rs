//! An administrator's lock (B006): at once, and without end.
use serde_json::{Value, json};

use super::house::{House, PASSWORD, Person, global_id, text};

async fn act(house: &House, token: &str, what: &str, person: &Person, reason: &str) -> Value {
    let document = format!(
        "mutation ($input: UserLockInput!) {{ {what}(input: $input) {{ done userId userErrors {{ code path }} }} }}"
    );
    let input = json!({ "input": { "id": global_id("user", person.id), "reason": reason } });
    house.ask(Some(token), &document, input).await
}

/// An administrator of the platform, and their token.
async fn administrator(house: &House) -> (Person, String) {
    let administrator = house.person(&["owner"]).await;
    house
        .sql(&format!(
            "INSERT INTO identity.platform_admins (id, email, user_id) VALUES (gen_random_uuid(), '{}', '{}')",
            administrator.email, administrator.id
        ))
        .await;
    let token = house.token(&administrator).await;
    (administrator, token)
}

#[tokio::test]
async fn a_locked_account_is_out_at_once_and_in_again_when_it_is_opened() {
    let house = House::open().await;
    let (administrator, token) = administrator(&house).await;
    let person = house.person(&["owner"]).await;
    house.join(&person, administrator.organization, &[]).await;
    let first = house.sign_in(&person.email, PASSWORD, Some(&person.slug)).await;
    let (here, renewal) = (text(&first["accessToken"]), text(&first["refreshToken"]));
    house
        .sql(&format!("UPDATE identity.users SET failed_login_attempts = 3 WHERE id = '{}'", person.id))
        .await;

    let locked = act(&house, &token, "userLock", &person, "stolen laptop").await["data"]["userLock"].clone();
    assert_eq!(locked, json!({ "done": true, "userId": global_id("user", person.id), "userErrors": [] }));
    assert_eq!(house.opens(&here).await, Err("UNAUTHENTICATED".to_owned()));
    assert_eq!(House::code(&house.refresh(&renewal, None).await), "INVALID");
    assert_eq!(House::code(&house.sign_in(&person.email, PASSWORD, None).await), "ACCOUNT_LOCKED");
    let ended = format!(
        "SELECT string_agg(DISTINCT s.revoke_reason || ' ' || e.kind, ',') FROM identity.sessions s
           JOIN ops.events e ON e.subject_id = s.id WHERE s.user_id = '{}'",
        person.id
    );
    assert_eq!(house.look(&ended).await, "account_locked session.ended");
    let twice = act(&house, &token, "userLock", &person, "again").await["data"]["userLock"].clone();
    assert_eq!((House::code(&twice), &twice["userErrors"][0]["path"]), ("STATE", &json!(["input", "id"])));

    let opened =
        act(&house, &token, "userUnlock", &person, "found again").await["data"]["userUnlock"].clone();
    assert_eq!(opened["done"], true);
    assert_eq!(
        House::code(&act(&house, &token, "userUnlock", &person, "x").await["data"]["userUnlock"]),
        "STATE"
    );
    assert_eq!(house.opens(&here).await, Err("UNAUTHENTICATED".to_owned()));
    house.token(&person).await;
    let told = format!(
        "SELECT string_agg(DISTINCT organization_id || ' ' || action || ' ' || resource_name || ' ' || actor_id, ',') FROM audit.audit_logs
         WHERE resource_id = '{}' AND action LIKE '%by_administrator'",
        global_id("user", person.id)
    );
    let told = house.look(&told).await;
    let platform = "00000000-0000-0000-0000-000000000000".to_owned();
    for place in [person.organization.to_string(), administrator.organization.to_string(), platform] {
        for what in
            ["user.locked_by_administrator stolen laptop", "user.unlocked_by_administrator found again"]
        {
            assert!(told.contains(&format!("{place} {what} {}", administrator.id)), "{told}");
        }
    }
}

#[tokio::test]
async fn only_administrators_of_the_platform_lock_and_nobody_themselves() {
    let house = House::open().await;
    let (administrator, token) = administrator(&house).await;
    let person = house.person(&["owner"]).await;
    let owner = house.colleague(&person, &["owner"]).await;
    let refused = act(&house, &house.token(&owner).await, "userLock", &person, "x").await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN", "{refused}");
    let own = act(&house, &token, "userLock", &administrator, "x").await["data"]["userLock"].clone();
    assert_eq!(House::code(&own), "STATE");
    let blank = act(&house, &token, "userLock", &person, " ").await["data"]["userLock"].clone();
    assert_eq!(
        (House::code(&blank), &blank["userErrors"][0]["path"]),
        ("INVALID", &json!(["input", "reason"]))
    );
    house.sql(&format!("UPDATE identity.users SET deleted_at = now() WHERE id = '{}'", owner.id)).await;
    let gone = act(&house, &token, "userLock", &owner, "x").await["data"]["userLock"].clone();
    assert_eq!(House::code(&gone), "NOT_FOUND");
    house.token(&person).await;
}
