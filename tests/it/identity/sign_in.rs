//! E-mail address and password.
use serde_json::json;

use super::house::{House, PASSWORD, text};

const VIEWER: &str =
    "{ viewer { user { id displayName } organization { slug } organizations { slug } permissions roles isPlatformAdmin
       sessions { isCurrent } } }";

#[tokio::test]
async fn who_signs_in_is_the_viewer() {
    let house = House::open().await;
    let person = house.person(&["viewer"]).await;
    let payload = house.sign_in(&person.email.to_uppercase(), PASSWORD, None).await;
    assert_eq!(payload["userErrors"], json!([]));
    assert_eq!(payload["organizations"][0]["slug"], person.slug);
    let token = text(&payload["accessToken"]);
    let viewer = house.get(Some(&token), VIEWER, json!({})).await["viewer"].clone();
    assert_eq!(viewer["user"]["displayName"], "Somebody");
    assert_eq!(viewer["organization"]["slug"], person.slug);
    assert_eq!(viewer["roles"], json!(["viewer"]));
    assert_eq!(viewer["isPlatformAdmin"], false);
    assert_eq!(viewer["sessions"], json!([{ "isCurrent": true }]));
    assert!(viewer["permissions"].as_array().unwrap().contains(&json!("user.read")));
    let who = format!(
        "SELECT actor_id FROM audit.audit_logs WHERE organization_id = '{}' AND action = 'user.signed_in'",
        person.organization
    );
    assert_eq!(house.look(&who).await, person.id.to_string());
}

#[tokio::test]
async fn nobody_is_no_viewer_and_sees_nothing() {
    let house = House::open().await;
    assert_eq!(house.get(None, "{ viewer { permissions } }", json!({})).await["viewer"], json!(null));
    let answer = house.ask(None, "{ users { nodes { id } } }", json!({})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_get_the_same_answer() {
    let house = House::open().await;
    let person = house.person(&[]).await;
    let wrong = house.sign_in(&person.email, "wrong horse battery", None).await;
    assert_eq!(House::code(&wrong), "INVALID");
    assert_eq!(house.sign_in("nobody@example.com", PASSWORD, None).await, wrong);
    let told = format!(
        "SELECT error_message FROM audit.audit_logs WHERE organization_id = '{}'",
        person.organization
    );
    assert_eq!(house.look(&told).await, "wrong password or unknown address");
}

#[tokio::test]
async fn a_member_of_several_organizations_chooses() {
    let house = House::open().await;
    let (person, other, stranger) =
        (house.person(&[]).await, house.person(&[]).await, house.person(&[]).await);
    house.join(&person, other.organization, &["viewer"]).await;
    let payload = house.sign_in(&person.email, PASSWORD, None).await;
    assert_eq!((&payload["accessToken"], &payload["refreshToken"]), (&json!(null), &json!(null)));
    assert_eq!(payload["organizations"].as_array().unwrap().len(), 2);
    assert_eq!(payload["userErrors"], json!([]));
    let chosen = house.sign_in(&person.email, PASSWORD, Some(&other.slug)).await;
    let viewer = house.get(Some(&text(&chosen["accessToken"])), VIEWER, json!({})).await["viewer"].clone();
    assert_eq!(viewer["organization"]["slug"], other.slug);
    assert_eq!(viewer["organizations"].as_array().unwrap().len(), 2);
    assert_eq!(House::code(&house.sign_in(&person.email, PASSWORD, Some(&stranger.slug)).await), "NOT_FOUND");
}

#[tokio::test]
async fn a_hash_of_before_works_and_is_renewed() {
    let house = House::open().await;
    let person = house.person(&[]).await;
    let old = bcrypt::hash(PASSWORD, 4).unwrap();
    house.sql(&format!("UPDATE identity.users SET password_hash = '{old}' WHERE id = '{}'", person.id)).await;
    house.token(&person).await;
    let hash =
        house.look(&format!("SELECT password_hash FROM identity.users WHERE id = '{}'", person.id)).await;
    assert!(hash.starts_with("$argon2id$"), "{hash}");
    house.token(&person).await;
}

#[tokio::test]
async fn whoever_is_switched_off_does_not_get_in() {
    let house = House::open().await;
    let person = house.person(&[]).await;
    let token = house.token(&person).await;
    house.sql(&format!("UPDATE identity.users SET status = 'inactive' WHERE id = '{}'", person.id)).await;
    assert_eq!(House::code(&house.sign_in(&person.email, PASSWORD, None).await), "INVALID");
    assert_eq!(house.opens(&token).await, Err("UNAUTHENTICATED".to_owned()));
}

#[tokio::test]
async fn a_sign_in_cannot_be_repeated_by_key() {
    let house = House::open().await;
    let document = "mutation { signIn(input: { email: \"a@b.c\", password: \"x\" }) @idempotent(key: \"k\") { accessToken } }";
    let answer = house.ask(None, document, json!({})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
}

#[tokio::test]
async fn a_changed_password_ends_the_other_sessions() {
    let house = House::open().await;
    let person = house.person(&[]).await;
    let (here, there) = (house.token(&person).await, house.token(&person).await);
    let change = async |current: &str, new: &str| {
        let document = "mutation ($input: PasswordChangeInput!) { passwordChange(input: $input) { done userErrors { code path } } }";
        let input = json!({ "input": { "currentPassword": current, "newPassword": new } });
        house.get(Some(&here), document, input).await["passwordChange"].clone()
    };
    assert_eq!(House::code(&change("wrong horse", "a much better one").await), "INVALID");
    assert_eq!(House::code(&change(PASSWORD, "password").await), "INVALID");
    assert_eq!(change(PASSWORD, "a much better one").await["done"], true);
    assert_eq!(house.opens(&here).await, Ok(()));
    assert_eq!(house.opens(&there).await, Err("UNAUTHENTICATED".to_owned()));
    assert_eq!(House::code(&house.sign_in(&person.email, PASSWORD, None).await), "INVALID");
    assert_eq!(house.sign_in(&person.email, "a much better one", None).await["userErrors"], json!([]));
}
