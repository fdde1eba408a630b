//! Proving an address (B004): the one of the account, or the one that is to take its place.
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::time::Instant;
use uuid::Uuid;

use super::house::{House, PASSWORD, Person};

/// Asks for a token; the whole payload.
async fn request(house: &House, access: &str, email: Option<&str>, password: Option<&str>) -> Value {
    let document =
        "mutation ($input: EmailVerificationRequestInput!) { emailVerificationRequest(input: $input) {
        done userErrors { code path }
    } }";
    let input = json!({ "input": { "email": email, "currentPassword": password } });
    house.get(Some(access), document, input).await["emailVerificationRequest"].clone()
}

async fn verify(house: &House, token: &str) -> Value {
    let document = "mutation ($input: EmailVerifyInput!) { emailVerify(input: $input) { done userErrors { code message path } } }";
    house.get(None, document, json!({ "input": { "token": token } })).await["emailVerify"].clone()
}

async fn of_user(house: &House, person: &Person, column: &str) -> String {
    house.look(&format!("SELECT {column} FROM identity.users WHERE id = '{}'", person.id)).await
}

async fn letters(house: &House, email: &str) -> String {
    house.look(&format!("SELECT count(*) FROM identity.mail WHERE recipient = '{email}'")).await
}

fn done() -> Value {
    json!({ "done": true, "userErrors": [] })
}

fn spent() -> Value {
    let message = "the token is unknown, used or too old: ask for another";
    json!({ "done": false, "userErrors": [{ "code": "INVALID", "message": message, "path": ["input", "token"] }] })
}

fn fresh() -> String {
    format!("{}@example.com", Uuid::now_v7())
}

#[tokio::test]
async fn an_address_is_proved_once() {
    let house = House::open().await;
    let person = house.person(&[]).await;
    let access = house.token(&person).await;
    assert_eq!(request(&house, &access, None, None).await, done());
    let old = house.mailed(&person.email).await;
    assert_eq!(request(&house, &access, Some(&person.email.to_uppercase()), None).await, done());
    let token = house.mailed(&person.email).await;
    assert_eq!(verify(&house, &old).await, spent());
    assert_eq!(of_user(&house, &person, "email_verified_at").await, "");
    assert_eq!(verify(&house, &token).await, done());
    let stamp = of_user(&house, &person, "email_verified_at").await;
    assert_ne!(stamp, "");
    assert_eq!(verify(&house, &token).await, spent());
    assert_eq!(House::code(&request(&house, &access, None, None).await), "STATE");
    assert_eq!(of_user(&house, &person, "email_verified_at").await, stamp);
    let kept = format!("SELECT count(*) FROM identity.one_time_tokens WHERE token_hash = '{token}'");
    assert_eq!(house.look(&kept).await, "0");
    let shown = house.get(Some(&access), "{ viewer { user { email emailVerifiedAt } } }", json!({})).await;
    assert!(shown["viewer"]["user"]["emailVerifiedAt"].is_string(), "{shown}");
    let told = format!(
        "SELECT string_agg(action, ' ' ORDER BY id) FROM audit.audit_logs WHERE organization_id = '{}' AND action LIKE 'user.email%'",
        person.organization
    );
    let asked = "user.email_verification_requested";
    assert_eq!(house.look(&told).await, format!("{asked} {asked} user.email_verified"));
}

#[tokio::test]
async fn another_address_counts_when_it_is_proved_and_not_before() {
    let house = House::open().await;
    let person = house.person(&[]).await;
    let access = house.token(&person).await;
    let new = fresh();
    assert_eq!(request(&house, &access, Some(&new), Some(PASSWORD)).await, done());
    assert_eq!(of_user(&house, &person, "email").await, person.email);
    let token = house.mailed(&new).await;
    let letter = house.look(&format!("SELECT body FROM identity.mail WHERE recipient = '{new}'")).await;
    assert!(letter.contains(&format!("https://app.example/email-verification#token={token}\n")), "{letter}");
    assert_eq!(letters(&house, &person.email).await, "0");
    // what the old address was sent opens the account no more
    let forgot =
        "mutation ($input: PasswordResetRequestInput!) { passwordResetRequest(input: $input) { done } }";
    house.get(None, forgot, json!({ "input": { "email": person.email } })).await;
    let reset = house.mailed(&person.email).await;

    assert_eq!(verify(&house, &token).await, done());
    assert_eq!(
        of_user(&house, &person, "email || (email_verified_at IS NOT NULL)").await,
        format!("{new}true")
    );
    assert!(house.sign_in(&new, PASSWORD, None).await["accessToken"].is_string());
    assert_eq!(House::code(&house.sign_in(&person.email, PASSWORD, None).await), "INVALID");
    let document =
        "mutation ($input: PasswordResetInput!) { passwordReset(input: $input) { userErrors { code } } }";
    let input = json!({ "input": { "token": reset, "newPassword": "a much better one" } });
    assert_eq!(House::code(&house.get(None, document, input).await["passwordReset"]), "INVALID");
    // whoever has the old one is told
    let told = format!(
        "SELECT body FROM identity.mail WHERE recipient = '{}' ORDER BY id DESC LIMIT 1",
        person.email
    );
    assert!(house.look(&told).await.contains(&new));
}

#[tokio::test]
async fn another_address_takes_the_password_and_the_form_of_one() {
    let house = House::open().await;
    let person = house.person(&[]).await;
    let access = house.token(&person).await;
    let new = fresh();
    for (email, password, code, field) in [
        (new.as_str(), None, "REQUIRED", "currentPassword"),
        (new.as_str(), Some("wrong horse"), "INVALID", "currentPassword"),
        ("no address", Some(PASSWORD), "INVALID", "email"),
        ("a@b@example.com", Some(PASSWORD), "INVALID", "email"),
        ("@example.com", Some(PASSWORD), "INVALID", "email"),
    ] {
        let payload = request(&house, &access, Some(email), password).await;
        let path = &payload["userErrors"][0]["path"];
        assert_eq!((House::code(&payload), path), (code, &json!(["input", field])), "{email}");
    }
    assert_eq!(of_user(&house, &person, "failed_login_attempts").await, "1");
    assert_eq!(letters(&house, &new).await, "0");
}

#[tokio::test]
async fn the_answer_does_not_tell_who_has_an_account() {
    let house = House::open().await;
    let (person, other) = (house.person(&[]).await, house.person(&[]).await);
    let access = house.token(&person).await;
    for email in [other.email.clone(), fresh()] {
        let begun = Instant::now();
        assert_eq!(request(&house, &access, Some(&email), Some(PASSWORD)).await, done());
        assert!(begun.elapsed().as_millis() >= 200, "{email}");
    }
    assert_eq!(letters(&house, &other.email).await, "0");
}

#[tokio::test]
async fn an_address_that_somebody_else_has_taken_meanwhile_is_theirs() {
    let house = House::open().await;
    let (person, other) = (house.person(&[]).await, house.person(&[]).await);
    let new = fresh();
    let mut tokens = Vec::new();
    for one in [&person, &other] {
        request(&house, &house.token(one).await, Some(&new), Some(PASSWORD)).await;
        tokens.push(house.mailed(&new).await);
    }
    let answers = join_all(tokens.iter().map(|token| verify(&house, token))).await;
    assert_eq!(answers.iter().filter(|answer| **answer == done()).count(), 1, "{answers:?}");
    assert_eq!(answers.iter().filter(|answer| **answer == spent()).count(), 1, "{answers:?}");
    assert_eq!(house.look(&format!("SELECT count(*) FROM identity.users WHERE email = '{new}'")).await, "1");
}

#[tokio::test]
async fn three_mails_are_sent_within_an_hour_also_when_asked_at_once() {
    let house = House::open().await;
    let person = house.person(&[]).await;
    let access = house.token(&person).await;
    let answers = join_all((0..6).map(|_| request(&house, &access, None, None))).await;
    assert_eq!(answers.iter().filter(|answer| **answer == done()).count(), 3, "{answers:?}");
    let code = |answer: &&Value| answer["userErrors"][0]["code"] == "LIMIT_REACHED";
    assert_eq!(answers.iter().filter(code).count(), 3);
    assert_eq!(letters(&house, &person.email).await, "3");
    // a token for one thing is good for nothing else
    let document =
        "mutation ($input: PasswordResetInput!) { passwordReset(input: $input) { userErrors { code } } }";
    let input = json!({ "input": { "token": house.mailed(&person.email).await, "newPassword": "a much better one" } });
    assert_eq!(House::code(&house.get(None, document, input).await["passwordReset"]), "INVALID");
}
