//! A forgotten password (B005): a token by mail, good for one new password.
use std::time::Instant;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::house::{House, PASSWORD, Person, text};

const NEW: &str = "a much better one";

/// Asks for a token; the whole payload.
async fn forgot(house: &House, email: &str) -> Value {
    let document = "mutation ($input: PasswordResetRequestInput!) { passwordResetRequest(input: $input) { done userErrors { code path } } }";
    let input = json!({ "input": { "email": email } });
    house.get(None, document, input).await["passwordResetRequest"].clone()
}

/// Chooses a new password as whoever shows `access`; the whole payload.
async fn reset_as(house: &House, access: Option<&str>, token: &str, new: &str) -> Value {
    let document = "mutation ($input: PasswordResetInput!) { passwordReset(input: $input) { done userErrors { code message path } } }";
    let input = json!({ "input": { "token": token, "newPassword": new } });
    house.get(access, document, input).await["passwordReset"].clone()
}

async fn reset(house: &House, token: &str, new: &str) -> Value {
    reset_as(house, None, token, new).await
}

async fn letters(house: &House, person: &Person) -> String {
    house.look(&format!("SELECT count(*) FROM identity.mail WHERE recipient = '{}'", person.email)).await
}

async fn sent(house: &House, person: &Person) -> String {
    assert_eq!(forgot(house, &person.email).await, json!({ "done": true, "userErrors": [] }));
    house.mailed(&person.email).await
}

async fn of_user(house: &House, person: &Person, column: &str) -> String {
    house.look(&format!("SELECT {column} FROM identity.users WHERE id = '{}'", person.id)).await
}

/// Everything in the answer to a token that is good for nothing.
fn spent() -> Value {
    let message = "the token is unknown, used or too old: ask for another";
    json!({ "done": false, "userErrors": [{ "code": "INVALID", "message": message, "path": ["input", "token"] }] })
}

#[tokio::test]
async fn a_token_by_mail_gives_a_new_password_once_and_ends_all_sessions() {
    let house = House::open().await;
    let person = house.person(&[]).await;
    let first = house.sign_in(&person.email, PASSWORD, None).await;
    let (here, there) = (text(&first["accessToken"]), house.token(&person).await);
    assert_eq!(forgot(&house, &format!("  {} ", person.email.to_uppercase())).await["done"], true);
    let token = house.mailed(&person.email).await;
    let kept = format!("SELECT token_hash FROM identity.one_time_tokens WHERE user_id = '{}'", person.id);
    assert_eq!(house.look(&kept).await, portico::credential::hash(&token));

    assert_eq!(reset(&house, &token, NEW).await, json!({ "done": true, "userErrors": [] }));
    for ended in [&here, &there] {
        assert_eq!(house.opens(ended).await, Err("UNAUTHENTICATED".to_owned()));
    }
    assert_eq!(House::code(&house.refresh(&text(&first["refreshToken"]), None).await), "INVALID");
    let ended = format!(
        "SELECT count(*) FROM ops.events e JOIN identity.sessions s ON s.id = e.subject_id
         WHERE s.user_id = '{}' AND e.kind = 'session.ended'",
        person.id
    );
    assert_eq!(house.look(&ended).await, "2");
    assert_eq!(House::code(&house.sign_in(&person.email, PASSWORD, None).await), "INVALID");
    assert!(house.sign_in(&person.email, NEW, None).await["accessToken"].is_string());

    assert_eq!(reset(&house, &token, "yet another one").await, spent());
    let told = format!(
        "SELECT string_agg(action, ' ' ORDER BY id) FROM audit.audit_logs
         WHERE organization_id = '{}' AND (action LIKE 'user.password%' OR resource_name = 'password_reset')",
        person.organization
    );
    assert_eq!(house.look(&told).await, "user.password_reset_requested session.revoked user.password_reset");
}

#[tokio::test]
async fn what_is_wrong_with_a_token_is_not_told() {
    let house = House::open().await;
    let person = house.person(&[]).await;
    let old = sent(&house, &person).await;
    let new = sent(&house, &person).await;
    let (head, tail) = new.split_at(new.len() - 1);
    let wrong = format!("{head}{}", if tail == "0" { "g" } else { "0" });
    for bad in [old.as_str(), &wrong, "", "pto_"] {
        assert_eq!(reset(&house, bad, NEW).await, spent(), "{bad}");
    }
    house
        .sql(&format!(
            "UPDATE identity.one_time_tokens SET expires_at = now() WHERE user_id = '{}'",
            person.id
        ))
        .await;
    assert_eq!(reset(&house, &new, NEW).await, spent());
    house.token(&person).await;
}

#[tokio::test]
async fn of_many_uses_at_once_one_succeeds() {
    let house = House::open().await;
    let person = house.person(&[]).await;
    let token = sent(&house, &person).await;
    let choices: Vec<String> = (0..6).map(|choice| format!("the choice of number {choice}")).collect();
    let answers = join_all(choices.iter().map(|choice| reset(&house, &token, choice))).await;
    let done: Vec<usize> = (0..6).filter(|at| answers[*at]["done"] == true).collect();
    assert_eq!(done.len(), 1, "{answers:?}");
    assert_eq!(answers.iter().filter(|answer| **answer == spent()).count(), 5);
    assert!(house.sign_in(&person.email, &choices[done[0]], None).await["accessToken"].is_string());
}

#[tokio::test]
async fn a_password_that_may_not_be_chosen_does_not_use_the_token_up() {
    let house = House::open().await;
    let person = house.person(&[]).await;
    house
        .sql(&format!(
            "INSERT INTO identity.organization_settings (organization_id, password_policy)
               VALUES ('{}', '{{\"minLength\": 16}}')",
            person.organization
        ))
        .await;
    let token = sent(&house, &person).await;
    for refused in ["short", "password123", "fifteen letters"] {
        let payload = reset(&house, &token, refused).await;
        assert_eq!(House::code(&payload), "INVALID", "{refused}");
        assert_eq!(payload["userErrors"][0]["path"], json!(["input", "newPassword"]));
    }
    assert_eq!(House::code(&reset(&house, &token, &"long ".repeat(50)).await), "TOO_LONG");
    assert_eq!(reset(&house, &token, NEW).await["done"], true);
}

#[tokio::test]
async fn the_answer_to_a_request_does_not_tell_who_has_an_account() {
    let house = House::open().await;
    let (person, off, elsewhere) =
        (house.person(&[]).await, house.person(&[]).await, house.person(&[]).await);
    house.sql(&format!("UPDATE identity.users SET status = 'inactive' WHERE id = '{}'", off.id)).await;
    house.sql(&format!("UPDATE identity.users SET password_hash = NULL WHERE id = '{}'", elsewhere.id)).await;
    let nobody = format!("nobody-{}", person.email);
    let mut answers = Vec::new();
    for email in [&person.email, &off.email, &elsewhere.email, &nobody, "", "no address"] {
        let begun = Instant::now();
        answers.push(forgot(&house, email).await);
        // every answer waits, so that none shows what was done for it
        assert!(begun.elapsed().as_millis() >= 200, "{email}");
    }
    assert!(answers.iter().all(|answer| *answer == json!({ "done": true, "userErrors": [] })), "{answers:?}");
    assert_eq!(letters(&house, &person).await, "1");
    assert_eq!((letters(&house, &off).await, letters(&house, &elsewhere).await), ("0".into(), "0".into()));
    assert_eq!(house.look("SELECT count(*) FROM identity.mail WHERE recipient LIKE 'nobody-%'").await, "0");
}

#[tokio::test]
async fn an_account_is_sent_three_tokens_an_hour_also_when_asked_at_once() {
    let house = House::open().await;
    let person = house.person(&[]).await;
    let answers = join_all((0..6).map(|_| forgot(&house, &person.email))).await;
    assert!(answers.iter().all(|answer| answer["done"] == true), "{answers:?}");
    assert_eq!(letters(&house, &person).await, "3");
    let token = house.mailed(&person.email).await;
    house
        .sql(&format!(
            "UPDATE identity.one_time_tokens SET created_at = now() - interval '61 min' WHERE user_id = '{}'",
            person.id
        ))
        .await;
    // of those that were sent the last is still good, until there is another
    forgot(&house, &person.email).await;
    assert_eq!(letters(&house, &person).await, "4");
    assert_eq!(reset(&house, &token, NEW).await, spent());
}

#[tokio::test]
async fn wrong_passwords_of_before_are_forgotten_but_an_administrators_lock_stays() {
    let house = House::open().await;
    let person = house.person(&[]).await;
    house
        .sql(&format!(
            "UPDATE identity.users SET failed_login_attempts = 10, locked_until = now() + interval '10 min', locked_at = now()
             WHERE id = '{}'",
            person.id
        ))
        .await;
    let token = sent(&house, &person).await;
    assert_eq!(reset(&house, &token, NEW).await["done"], true);
    assert_eq!(
        of_user(&house, &person, "failed_login_attempts || coalesce(locked_until::text, '')").await,
        "0"
    );
    assert_eq!(House::code(&house.sign_in(&person.email, NEW, None).await), "ACCOUNT_LOCKED");
    house.sql(&format!("UPDATE identity.users SET locked_at = NULL WHERE id = '{}'", person.id)).await;
    assert!(house.sign_in(&person.email, NEW, None).await["accessToken"].is_string());
}

#[tokio::test]
async fn a_changed_password_makes_what_was_sent_good_for_nothing() {
    let house = House::open().await;
    let person = house.person(&[]).await;
    let token = sent(&house, &person).await;
    let access = house.token(&person).await;
    let document = "mutation ($input: PasswordChangeInput!) { passwordChange(input: $input) { done } }";
    let input = json!({ "input": { "currentPassword": PASSWORD, "newPassword": NEW } });
    assert_eq!(house.get(Some(&access), document, input).await["passwordChange"]["done"], true);
    assert_eq!(reset(&house, &token, "yet another one").await, spent());
}

#[tokio::test]
async fn whoever_is_signed_in_as_somebody_else_resets_the_tokens_person_alone() {
    let house = House::open().await;
    let (person, other) = (house.person(&[]).await, house.person(&["owner"]).await);
    let (theirs, others) = (house.token(&person).await, house.token(&other).await);
    let token = sent(&house, &person).await;
    assert_eq!(reset_as(&house, Some(&others), &token, NEW).await["done"], true);
    assert_eq!(house.opens(&others).await, Ok(()));
    assert_eq!(house.opens(&theirs).await, Err("UNAUTHENTICATED".to_owned()));
    assert_eq!(of_user(&house, &other, "password_changed_at").await, "");
    let told = format!(
        "SELECT string_agg(organization_id || ' ' || actor_id, ',') FROM audit.audit_logs
         WHERE action = 'user.password_reset' AND actor_id IN ('{}', '{}')",
        person.id, other.id
    );
    assert_eq!(house.look(&told).await, format!("{} {}", person.organization, person.id));
}

#[tokio::test]
async fn the_server_cannot_read_the_mail() {
    let house = House::open().await;
    let refusal = house.refusal("SET ROLE portico_app; SELECT body FROM identity.mail").await;
    assert!(refusal.contains("permission denied"), "{refusal}");
    let write = "SET ROLE portico_app; INSERT INTO identity.mail (id, recipient, subject, body)
        VALUES (gen_random_uuid(), 'anybody@example.com', 'subject', 'body')";
    assert!(house.refusal(write).await.contains("row-level security"));
}
