//! What an organization wants of sessions and passwords.
use serde_json::json;

use super::house::{House, PASSWORD, text};

async fn wants(house: &House, organization: uuid::Uuid, sessions: &str, passwords: &str) {
    house
        .sql(&format!(
            "INSERT INTO identity.organization_settings (organization_id, session_policy, password_policy)
               VALUES ('{organization}', '{sessions}', '{passwords}')
             ON CONFLICT (organization_id) DO UPDATE SET session_policy = excluded.session_policy, password_policy = excluded.password_policy"
        ))
        .await;
}

#[tokio::test]
async fn a_session_ends_when_the_organization_says() {
    let house = House::open().await;
    let person = house.person(&[]).await;
    let ends = format!(
        "SELECT extract(epoch FROM expires_at - now())::int / 60 FROM identity.sessions WHERE user_id = '{}' ORDER BY id DESC LIMIT 1",
        person.id
    );
    let minutes = async || house.look(&ends).await.parse::<i64>().unwrap();
    house.token(&person).await;
    assert!(minutes().await > 24 * 60, "the platform's own time");

    wants(&house, person.organization, r#"{"maxHours": 12, "idleMinutes": 60}"#, "{}").await;
    let first = house.sign_in(&person.email, PASSWORD, None).await;
    assert!((58..=60).contains(&minutes().await));
    // however busy: twelve hours after the beginning it ends, and renewing does not help
    house
        .sql(&format!(
            "UPDATE identity.sessions SET created_at = now() - interval '11 h 30 min' WHERE user_id = '{}'",
            person.id
        ))
        .await;
    let second = house.refresh(&text(&first["refreshToken"]), None).await;
    assert_eq!(second["userErrors"], json!([]));
    assert!((28..=30).contains(&minutes().await));
    house
        .sql(&format!(
            "UPDATE identity.sessions SET created_at = now() - interval '13 h' WHERE user_id = '{}'",
            person.id
        ))
        .await;
    assert_eq!(House::code(&house.refresh(&text(&second["refreshToken"]), None).await), "INVALID");
    assert!(house.opens(&text(&second["accessToken"])).await.is_err());

    // who is there renews with every access token, and is never idle before that
    wants(&house, person.organization, r#"{"idleMinutes": 1}"#, "{}").await;
    house.token(&person).await;
    assert!((13..=15).contains(&minutes().await));
}

#[tokio::test]
async fn of_several_organizations_the_strictest_decides_how_long_a_password_is() {
    let house = House::open().await;
    let (person, other) = (house.person(&[]).await, house.person(&[]).await);
    house.join(&person, other.organization, &[]).await;
    wants(&house, other.organization, "{}", r#"{"minLength": 20}"#).await;
    let signed_in = house.sign_in(&person.email, PASSWORD, Some(&person.slug)).await;
    let token = text(&signed_in["accessToken"]);
    let change = async |new: &str| {
        let document = "mutation($input: PasswordChangeInput!) { passwordChange(input: $input) { done userErrors { code message path } } }";
        let input = json!({ "input": { "currentPassword": PASSWORD, "newPassword": new } });
        house.get(Some(&token), document, input).await["passwordChange"].clone()
    };
    let short = change("nineteen characters").await;
    assert_eq!(short["userErrors"][0]["path"], json!(["input", "newPassword"]), "{short}");
    assert!(short["userErrors"][0]["message"].as_str().unwrap().contains("20"));
    assert_eq!(change("more than twenty characters").await["done"], true);
}

#[tokio::test]
async fn a_policy_that_nobody_could_follow_is_refused() {
    let house = House::open().await;
    let person = house.person(&["owner"]).await;
    wants(&house, person.organization, "{}", "{}").await;
    let token = house.token(&person).await;
    let update = async |input: serde_json::Value| {
        let document = "mutation($input: OrganizationSettingsUpdateInput!) { organizationSettingsUpdate(input: $input) { userErrors { code path } } }";
        house.get(Some(&token), document, json!({ "input": input })).await["organizationSettingsUpdate"]["userErrors"].clone()
    };
    for (field, policy) in [
        ("sessionPolicy", json!({ "maxHours": 0 })),
        ("sessionPolicy", json!({ "maxHours": "12" })),
        ("sessionPolicy", json!({ "idleMinutes": 1.5 })),
        ("sessionPolicy", json!({ "hours": 12 })),
        ("passwordPolicy", json!({ "minLength": 1000 })),
    ] {
        let refused = update(json!({ field: policy })).await;
        assert_eq!(refused, json!([{ "code": "INVALID", "path": ["input", field] }]), "{policy}");
    }
    assert_eq!(
        update(json!({ "sessionPolicy": { "maxHours": 12 }, "passwordPolicy": { "minLength": 12 } })).await,
        json!([])
    );
}

#[tokio::test]
async fn a_member_was_last_there_with_their_last_request() {
    let house = House::open().await;
    let person = house.person(&[]).await;
    let seen = format!(
        "SELECT last_seen_at > now() - interval '1 minute' FROM identity.memberships WHERE user_id = '{}'",
        person.id
    );
    assert_eq!(house.look(&seen).await, "");
    let token = house.token(&person).await;
    assert_eq!(house.opens(&token).await, Ok(()));
    for _ in 0..50 {
        if house.look(&seen).await == "true" {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("nobody wrote down that the person was there");
}
