//! Passkeys: what a device has signed here, for this, now, with its person there, and nothing else.
use serde_json::{Value, json};

use super::{
    house::{House, PASSWORD, Person, global_id, text},
    soft_token::SoftToken,
};

const HERE: &str = "https://app.example";

async fn payload(house: &House, token: Option<&str>, name: &str, input: Value, selection: &str) -> Value {
    let ty = format!("{}{}Input", name[..1].to_uppercase(), &name[1..]);
    let document = format!(
        "mutation ($input: {ty}!) {{ {name}(input: $input) {{ {selection} userErrors {{ code path }} }} }}"
    );
    house.get(token, &document, json!({ "input": input })).await[name].clone()
}

async fn registering(house: &House, token: &str) -> Value {
    let input = json!({ "currentPassword": PASSWORD });
    payload(house, Some(token), "passkeyRegistrationBegin", input, "token options").await
}

async fn register(house: &House, token: &str, challenge: &Value, made: &Value) -> Value {
    let input = json!({ "token": challenge["token"], "passkey": made, "name": "A phone" });
    payload(house, Some(token), "passkeyRegister", input, "passkey { id name }").await
}

/// A passkey of a person.
async fn device(house: &House, token: &str) -> (SoftToken, String) {
    let mut device = SoftToken::new(HERE);
    let challenge = registering(house, token).await;
    let made = device.make(&challenge["options"]);
    let added = register(house, token, &challenge, &made).await;
    assert_eq!(added["userErrors"], json!([]));
    (device, text(&added["passkey"]["id"]))
}

async fn asked(house: &House) -> Value {
    let document = "mutation { passkeySignInBegin { token options userErrors { code } } }";
    house.get(None, document, json!({})).await["passkeySignInBegin"].clone()
}

async fn answered(house: &House, token: &Value, answer: &Value) -> Value {
    let input = json!({ "token": token, "passkey": answer });
    payload(house, None, "passkeySignIn", input, "accessToken refreshToken organizations { slug }").await
}

/// Why passkeys of a person were refused, in order.
async fn refusals(house: &House, person: &Person) -> String {
    let told = format!(
        "SELECT string_agg(error_message, '; ' ORDER BY id) FROM audit.audit_logs WHERE action = 'user.passkey_refused' AND resource_id = '{}'",
        global_id("user", person.id)
    );
    house.look(&told).await
}

#[tokio::test]
async fn a_passkey_signs_in_alone_and_is_two_factors_at_once() {
    let house = House::open().await;
    let person = house.person(&["user"]).await;
    let token = house.token(&person).await;
    let (mut device, id) = device(&house, &token).await;
    house
        .sql(&format!(
            "INSERT INTO identity.organization_settings (organization_id, session_policy) VALUES ('{}', '{{\"mfaRequired\": true}}')",
            person.organization
        ))
        .await;
    assert_eq!(house.opens(&token).await, Err("MFA_REQUIRED".to_owned()));

    let challenge = asked(&house).await;
    assert_eq!(challenge["options"]["publicKey"]["allowCredentials"], json!([]));
    let signed_in = answered(&house, &challenge["token"], &device.answer(&challenge["options"])).await;
    assert_eq!(signed_in["userErrors"], json!([]));
    let token = text(&signed_in["accessToken"]);
    let own = "{ viewer { user { id } session { mfa } passkeys { id name lastUsedAt } } }";
    let own = house.get(Some(&token), own, json!({})).await["viewer"].clone();
    assert_eq!(
        (&own["user"]["id"], &own["session"]["mfa"]),
        (&json!(global_id("user", person.id)), &json!(true))
    );
    assert_eq!((&own["passkeys"][0]["id"], &own["passkeys"][0]["name"]), (&json!(id), &json!("A phone")));
    assert!(own["passkeys"][0]["lastUsedAt"].is_string());

    let renamed = payload(
        &house,
        Some(&token),
        "passkeyRename",
        json!({ "id": id, "name": "Mine" }),
        "passkey { name }",
    )
    .await;
    assert_eq!(renamed["passkey"]["name"], "Mine");
    let blank = payload(&house, Some(&token), "passkeyRename", json!({ "id": id, "name": " " }), "").await;
    assert_eq!(House::code(&blank), "INVALID");
    let input = json!({ "id": id, "currentPassword": PASSWORD });
    let removed = payload(&house, Some(&token), "passkeyDelete", input, "deletedPasskeyId").await;
    assert_eq!(removed["deletedPasskeyId"], json!(id));
    let challenge = asked(&house).await;
    let gone = answered(&house, &challenge["token"], &device.answer(&challenge["options"])).await;
    assert_eq!(House::code(&gone), "INVALID");
    let told = format!(
        "SELECT string_agg(action, ' ' ORDER BY id) FROM audit.audit_logs WHERE action LIKE 'user.passkey%' AND actor_id = '{}'",
        person.id
    );
    assert_eq!(house.look(&told).await, "user.passkey_added user.passkey_renamed user.passkey_removed");
}

#[tokio::test]
async fn what_was_not_signed_here_for_this_and_now_opens_nothing() {
    let house = House::open().await;
    let (person, other) = (house.person(&["user"]).await, house.person(&["user"]).await);
    let (mut mine, _) = device(&house, &house.token(&person).await).await;
    let (mut theirs, _) = device(&house, &house.token(&other).await).await;
    let refused = async |challenge: &Value, answer: &Value| {
        let payload = answered(&house, &challenge["token"], answer).await;
        assert_eq!(
            (House::code(&payload), &payload["userErrors"][0]["path"]),
            ("INVALID", &json!(["input", "passkey"]))
        );
        assert_eq!(payload["accessToken"], Value::Null);
    };

    // of a page that only looks like it
    let challenge = asked(&house).await;
    mine.origin = "https://app.example.evil.test".to_owned();
    refused(&challenge, &mine.answer(&challenge["options"])).await;
    mine.origin = HERE.to_owned();
    // answered once, though rightly the second time
    refused(&challenge, &mine.answer(&challenge["options"])).await;
    // the answer to another challenge
    let (first, second) = (asked(&house).await, asked(&house).await);
    refused(&second, &mine.answer(&first["options"])).await;
    // an answer that was given before
    let answer = mine.answer(&first["options"]);
    assert_eq!(answered(&house, &first["token"], &answer).await["userErrors"], json!([]));
    refused(&first, &answer).await;
    refused(&asked(&house).await, &answer).await;
    // somebody else's passkey under one's own name, and one's own under theirs
    let challenge = asked(&house).await;
    std::mem::swap(&mut mine.person, &mut theirs.person);
    refused(&challenge, &mine.answer(&challenge["options"])).await;
    let challenge = asked(&house).await;
    std::mem::swap(&mut mine.id, &mut theirs.id);
    refused(&challenge, &mine.answer(&challenge["options"])).await;
    std::mem::swap(&mut mine.id, &mut theirs.id);
    std::mem::swap(&mut mine.person, &mut theirs.person);
    // without its person there
    let challenge = asked(&house).await;
    mine.asks = false;
    refused(&challenge, &mine.answer(&challenge["options"])).await;
    mine.asks = true;
    // for another site
    let challenge = asked(&house).await;
    let mut options = challenge["options"].clone();
    options["publicKey"]["rpId"] = json!("example");
    refused(&challenge, &mine.answer(&options)).await;
    // too late
    let challenge = asked(&house).await;
    house.sql("UPDATE identity.passkey_challenges SET expires_at = now() WHERE used_at IS NULL").await;
    refused(&challenge, &mine.answer(&challenge["options"])).await;
    // no answer at all
    refused(&asked(&house).await, &json!({})).await;
    refused(&json!({ "token": "pto_x" }), &mine.answer(&challenge["options"])).await;
    let told = refusals(&house, &person).await;
    assert!(told.split("; ").count() >= 4, "{told}");

    let challenge = asked(&house).await;
    let signed_in = answered(&house, &challenge["token"], &mine.answer(&challenge["options"])).await;
    assert_eq!(signed_in["userErrors"], json!([]), "the device itself is good");
}

#[tokio::test]
async fn a_copy_is_found_out_and_written_down() {
    let house = House::open().await;
    let person = house.person(&["user"]).await;
    let (mut device, _) = device(&house, &house.token(&person).await).await;
    for (counter, lets_in) in [(9, true), (4, false), (9, false), (10, true)] {
        device.counter = counter;
        let challenge = asked(&house).await;
        let payload = answered(&house, &challenge["token"], &device.answer(&challenge["options"])).await;
        assert_eq!(payload["accessToken"].is_string(), lets_in, "{counter}: {payload}");
    }
    let told = refusals(&house, &person).await;
    assert_eq!(told, ["the passkey may have been copied: it was used elsewhere"; 2].join("; "));
    let back = format!("UPDATE identity.passkeys SET sign_count = 1 WHERE user_id = '{}'", person.id);
    assert!(house.refusal(&back).await.contains("never goes back"));
}

#[tokio::test]
async fn an_account_that_is_closed_stays_closed() {
    let house = House::open().await;
    let person = house.person(&["user"]).await;
    let (mut device, _) = device(&house, &house.token(&person).await).await;
    for (how, code) in [
        ("locked_at = now()", "ACCOUNT_LOCKED"),
        ("locked_at = NULL, locked_until = now() + interval '1 minute'", "ACCOUNT_LOCKED"),
        ("locked_until = NULL, status = 'inactive'", "INVALID"),
        ("status = 'active', deleted_at = now()", "INVALID"),
    ] {
        house.sql(&format!("UPDATE identity.users SET {how} WHERE id = '{}'", person.id)).await;
        let challenge = asked(&house).await;
        let payload = answered(&house, &challenge["token"], &device.answer(&challenge["options"])).await;
        assert_eq!(House::code(&payload), code, "{how}");
    }
}

#[tokio::test]
async fn what_a_device_makes_is_added_once_and_for_who_asked() {
    let house = House::open().await;
    let (person, other) = (house.person(&["user"]).await, house.person(&["user"]).await);
    let (own, theirs) = (house.token(&person).await, house.token(&other).await);
    let wrong = json!({ "currentPassword": "a wrong password" });
    let wrong = payload(&house, Some(&own), "passkeyRegistrationBegin", wrong, "token").await;
    assert_eq!(House::code(&wrong), "INVALID");
    let mut device = SoftToken::new("https://evil.test");
    let challenge = registering(&house, &own).await;
    let made = device.make(&challenge["options"]);
    assert_eq!(House::code(&register(&house, &own, &challenge, &made).await), "INVALID");
    device.origin = HERE.to_owned();
    let made = device.make(&challenge["options"]);
    assert_eq!(House::code(&register(&house, &own, &challenge, &made).await), "INVALID", "it was answered");
    let challenge = registering(&house, &own).await;
    let made = device.make(&challenge["options"]);
    assert_eq!(House::code(&register(&house, &theirs, &challenge, &made).await), "INVALID", "not for them");
    device.asks = false;
    let challenge = registering(&house, &own).await;
    let made = device.make(&challenge["options"]);
    assert_eq!(House::code(&register(&house, &own, &challenge, &made).await), "INVALID", "nobody was there");
    device.asks = true;
    let challenge = registering(&house, &own).await;
    let made = device.make(&challenge["options"]);
    assert_eq!(register(&house, &own, &challenge, &made).await["userErrors"], json!([]));
    // the number of a passkey is nobody else's
    let challenge = registering(&house, &theirs).await;
    let made = device.make(&challenge["options"]);
    assert_eq!(House::code(&register(&house, &theirs, &challenge, &made).await), "NOT_UNIQUE");
    // who knows the password alone adds none, and no other second factor either
    let input = json!({ "currentPassword": PASSWORD });
    let second = payload(&house, Some(&own), "passkeyRegistrationBegin", input, "token").await;
    assert_eq!(House::code(&second), "STATE");
    let factor = payload(&house, Some(&own), "mfaEnroll", json!({ "password": PASSWORD }), "secret").await;
    assert_eq!(House::code(&factor), "STATE");
    let stranger = "{ viewer { passkeys { id } } }";
    assert_eq!(house.get(Some(&theirs), stranger, json!({})).await["viewer"]["passkeys"], json!([]));
}

#[tokio::test]
async fn a_passkey_stands_for_the_code_after_a_password() {
    let house = House::open().await;
    let (person, other) = (house.person(&["user"]).await, house.person(&["user"]).await);
    let (mut device, _) = device(&house, &house.token(&person).await).await;
    house
        .sql(&format!(
            "UPDATE identity.users SET mfa_enabled = true WHERE id IN ('{}', '{}')",
            person.id, other.id
        ))
        .await;
    let posed = async |person: &Person| text(&house.sign_in(&person.email, PASSWORD, None).await["mfaToken"]);
    let mfa = posed(&person).await;
    let second = async |mfa: &str| {
        payload(&house, None, "passkeyChallengeBegin", json!({ "token": mfa }), "token options").await
    };
    let answer = async |mfa: &str, token: &Value, passkey: &Value| {
        let input = json!({ "token": mfa, "passkeyToken": token, "passkey": passkey });
        payload(&house, None, "mfaChallenge", input, "accessToken").await
    };
    let challenge = second(&mfa).await;
    assert_eq!(challenge["options"]["publicKey"]["allowCredentials"].as_array().map(Vec::len), Some(1));
    // what was signed to sign in alone is not what was asked
    let alone = asked(&house).await;
    let wrong = answer(&mfa, &alone["token"], &device.answer(&alone["options"])).await;
    assert_eq!(House::code(&wrong), "INVALID");
    let counted = format!("SELECT failed_login_attempts FROM identity.users WHERE id = '{}'", person.id);
    assert_eq!(house.look(&counted).await, "1");
    let signed_in = answer(&mfa, &challenge["token"], &device.answer(&challenge["options"])).await;
    assert_eq!(signed_in["userErrors"], json!([]));
    house.opens(&text(&signed_in["accessToken"])).await.unwrap();
    assert_eq!(house.look(&counted).await, "0");
    // somebody else's device is no second factor of theirs
    let theirs = posed(&other).await;
    assert_eq!(House::code(&second(&theirs).await), "STATE");
    let mfa = posed(&person).await;
    let challenge = second(&mfa).await;
    let wrong = answer(&theirs, &challenge["token"], &device.answer(&challenge["options"])).await;
    assert_eq!(House::code(&wrong), "INVALID");
    let both = json!({ "token": theirs, "code": "000000", "passkey": {}, "passkeyToken": "x" });
    assert_eq!(House::code(&payload(&house, None, "mfaChallenge", both, "").await), "INVALID");
}

#[tokio::test]
async fn passkeys_that_are_not_accepted_are_noticed_when_there_are_many() {
    let house = House::open().await;
    let (person, patient) = (house.person(&["user"]).await, house.person(&["user"]).await);
    let noticed = async |of: &Person| {
        let events = format!(
            "SELECT string_agg(detection_rule || ' ' || severity || ' ' || occurrences || ' ' || target_user_id, ', ')
               FROM security.security_events WHERE organization_id = '{}'",
            of.organization
        );
        house.look(&events).await
    };
    for (of, times) in [(&person, 6), (&patient, 4)] {
        let (mut device, _) = device(&house, &house.token(of).await).await;
        device.origin = "https://app.example.evil.test".to_owned();
        for _ in 0..times {
            let challenge = asked(&house).await;
            let refused = answered(&house, &challenge["token"], &device.answer(&challenge["options"])).await;
            assert_eq!(House::code(&refused), "INVALID");
            // what was answered once is no failure of anybody's
            assert_eq!(House::code(&answered(&house, &challenge["token"], &json!({})).await), "INVALID");
        }
    }
    assert_eq!(noticed(&person).await, format!("passkey_failures medium 6 {}", person.id));
    assert_eq!(noticed(&patient).await, "");
}
