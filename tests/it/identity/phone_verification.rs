//! Proving a telephone number: with the code that was sent there, in time, and not by guessing.
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::house::{House, Person};

async fn set(house: &House, token: &str, phone: Option<&str>) -> Value {
    let document = "mutation ($input: PhoneUpdateInput!) { phoneUpdate(input: $input) {
        user { phone phoneVerifiedAt } userErrors { code path } } }";
    house.get(Some(token), document, json!({ "input": { "phone": phone } })).await["phoneUpdate"].clone()
}

async fn request(house: &House, token: &str) -> Value {
    let document = "mutation { phoneVerificationRequest { done userErrors { code } } }";
    house.get(Some(token), document, json!({})).await["phoneVerificationRequest"].clone()
}

async fn verify(house: &House, token: &str, code: &str) -> Value {
    let document = "mutation ($input: PhoneVerifyInput!) { phoneVerify(input: $input) { done userErrors { code path } } }";
    house.get(Some(token), document, json!({ "input": { "code": code } })).await["phoneVerify"].clone()
}

/// The code that was sent last to a number.
async fn sent(house: &House, phone: &str) -> String {
    let last = format!(
        "SELECT body FROM identity.mail WHERE channel = 'sms' AND recipient = '{phone}' ORDER BY id DESC LIMIT 1"
    );
    let body = house.look(&last).await;
    let code = body.split(' ').next().unwrap().to_owned();
    assert!(code.len() == 6 && code.bytes().all(|digit| digit.is_ascii_digit()), "{body}");
    code
}

/// A number that nobody else in the tests has.
fn number(person: &Person) -> String {
    format!("+1{:010}", person.id.as_u128() % 10_000_000_000)
}

/// Another code than this one.
fn other(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

async fn stamp(house: &House, person: &Person) -> String {
    house.look(&format!("SELECT phone_verified_at FROM identity.users WHERE id = '{}'", person.id)).await
}

#[tokio::test]
async fn a_number_is_proved_once_and_another_one_is_not() {
    let house = House::open().await;
    let person = house.person(&["user"]).await;
    let (token, phone) = (house.token(&person).await, number(&person));
    assert_eq!(House::code(&request(&house, &token).await), "STATE");
    for wrong in ["030 901820", "+0301234567", "+123", "+12345678901234567", "call me", ""] {
        let payload = set(&house, &token, Some(wrong)).await;
        assert_eq!(
            payload["userErrors"],
            json!([{ "code": "INVALID", "path": ["input", "phone"] }]),
            "{wrong}"
        );
    }
    let written = format!("{} ({}) {}", &phone[..2], &phone[2..5], &phone[5..]);
    assert_eq!(
        set(&house, &token, Some(&written)).await["user"],
        json!({ "phone": phone, "phoneVerifiedAt": null })
    );
    assert_eq!(request(&house, &token).await["done"], true);
    let code = sent(&house, &phone).await;
    assert_eq!(verify(&house, &token, &code).await["done"], true);
    let proved = stamp(&house, &person).await;
    assert_ne!(proved, "");
    assert_eq!(House::code(&verify(&house, &token, &code).await), "INVALID", "it works once");
    assert_eq!(House::code(&request(&house, &token).await), "STATE", "it is proved");
    assert_eq!(stamp(&house, &person).await, proved);
    let told = format!(
        "SELECT string_agg(action, ' ' ORDER BY id) FROM audit.audit_logs WHERE action LIKE 'user.phone%' AND actor_id = '{}'",
        person.id
    );
    assert_eq!(house.look(&told).await, "user.phone_verification_requested user.phone_verified");
    // the same number stays proved, another is not: not even where the owner of the tables changes it
    assert!(set(&house, &token, Some(&phone)).await["user"]["phoneVerifiedAt"].is_string());
    house.sql(&format!("UPDATE identity.users SET phone = '+15550100' WHERE id = '{}'", person.id)).await;
    assert_eq!(stamp(&house, &person).await, "");
    assert_eq!(set(&house, &token, None).await["user"], json!({ "phone": null, "phoneVerifiedAt": null }));
}

#[tokio::test]
async fn a_code_is_for_its_number_and_time() {
    let house = House::open().await;
    let person = house.person(&["user"]).await;
    let (token, phone) = (house.token(&person).await, number(&person));
    set(&house, &token, Some(&phone)).await;
    request(&house, &token).await;
    let first = sent(&house, &phone).await;
    request(&house, &token).await;
    let second = sent(&house, &phone).await;
    if first != second {
        assert_eq!(House::code(&verify(&house, &token, &first).await), "INVALID", "another took its place");
    }
    set(&house, &token, Some("+15550101")).await;
    assert_eq!(House::code(&verify(&house, &token, &second).await), "INVALID", "it went to another number");
    set(&house, &token, Some(&phone)).await;
    assert_eq!(House::code(&verify(&house, &token, &second).await), "INVALID", "nor after a change back");
    request(&house, &token).await;
    let third = sent(&house, &phone).await;
    assert_eq!(House::code(&request(&house, &token).await), "LIMIT_REACHED");
    // nobody else's code
    let stranger = house.person(&["user"]).await;
    assert_eq!(House::code(&verify(&house, &house.token(&stranger).await, &third).await), "INVALID");
    house.sql("UPDATE identity.phone_codes SET expires_at = now()").await;
    assert_eq!(House::code(&verify(&house, &token, &third).await), "INVALID", "too late");
    assert_eq!(stamp(&house, &person).await, "");
}

#[tokio::test]
async fn of_many_guesses_at_once_five_count() {
    let house = House::open().await;
    let person = house.person(&["user"]).await;
    let (token, phone) = (house.token(&person).await, number(&person));
    set(&house, &token, Some(&phone)).await;
    request(&house, &token).await;
    let code = sent(&house, &phone).await;
    let wrong = other(&code);
    join_all((0..8).map(|_| verify(&house, &token, &wrong))).await;
    let counted = format!(
        "SELECT max(attempts) || ' ' || (SELECT count(*) FROM audit.audit_logs WHERE action = 'user.phone_refused' AND actor_id = '{id}')
         FROM identity.phone_codes WHERE user_id = '{id}'",
        id = person.id
    );
    assert_eq!(house.look(&counted).await, "5 5");
    assert_eq!(House::code(&verify(&house, &token, &code).await), "INVALID", "it was tried too often");
    request(&house, &token).await;
    let code = sent(&house, &phone).await;
    for _ in 0..4 {
        verify(&house, &token, &other(&code)).await;
    }
    assert_eq!(verify(&house, &token, &code).await["done"], true, "the fifth may be right");
}

#[tokio::test]
async fn a_number_is_its_persons_business() {
    let house = House::open().await;
    let person = house.person(&["user"]).await;
    let colleague = house.colleague(&person, &["manager"]).await;
    let (own, theirs) = (house.token(&person).await, house.token(&colleague).await);
    set(&house, &own, Some("+15550102")).await;
    let query = "query ($id: ID!) { user(id: $id) { phone } }";
    let id = json!({ "id": super::house::global_id("user", person.id) });
    assert_eq!(house.get(Some(&own), query, id.clone()).await["user"]["phone"], "+15550102");
    let refused = house.ask(Some(&theirs), query, id).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN", "{refused}");
}
