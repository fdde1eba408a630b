//! The second factor (B007): switched on by a right code, asked for at every sign-in, guessed by nobody.
use futures_util::future::join_all;
use portico::{
    credential::{self, recovery_code},
    store::clock,
};
use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

use super::house::{House, PASSWORD, Person, text};

/// An authenticator app.
struct App(String);

impl App {
    /// The code of the half minute that is so many after this one.
    fn code(&self, steps: i64) -> String {
        let totp = Builder::new().with_secret(Secret::try_from_base32(&self.0).unwrap()).build_noncompliant();
        totp.generate(u64::try_from(clock::now().timestamp() + 30 * steps).unwrap()).to_string()
    }
}

async fn call(house: &House, token: Option<&str>, name: &str, fields: &str, input: Value) -> Value {
    let pascal = name[..1].to_uppercase() + &name[1..];
    let document = format!(
        "mutation ($input: {pascal}Input!) {{ {name}(input: $input) {{ {fields} userErrors {{ code path }} }} }}"
    );
    house.get(token, &document, json!({ "input": input })).await[name].clone()
}

async fn enroll(house: &House, token: &str) -> App {
    let made = call(house, Some(token), "mfaEnroll", "uri secret", json!({ "password": PASSWORD })).await;
    assert_eq!(made["userErrors"], json!([]));
    assert!(text(&made["uri"]).contains(&text(&made["secret"])));
    App(text(&made["secret"]))
}

/// Switches it on with the code of the half minute before this one; the recovery codes.
async fn enable(house: &House, token: &str) -> (App, Vec<String>) {
    let app = enroll(house, token).await;
    let made = call(house, Some(token), "mfaConfirm", "recoveryCodes", json!({ "code": app.code(-1) })).await;
    assert_eq!(made["userErrors"], json!([]));
    let codes: Vec<String> = made["recoveryCodes"].as_array().unwrap().iter().map(text).collect();
    assert_eq!(codes.len(), 10);
    (app, codes)
}

/// What is shown after the password.
async fn asked(house: &House, person: &Person) -> String {
    let payload = house.sign_in(&person.email, PASSWORD, None).await;
    assert_eq!((&payload["accessToken"], &payload["organizations"]), (&json!(null), &json!([])), "{payload}");
    text(&payload["mfaToken"])
}

async fn answer(house: &House, token: &str, code: &str) -> Value {
    call(house, None, "mfaChallenge", "accessToken refreshToken", json!({ "token": token, "code": code }))
        .await
}

async fn recover(house: &House, token: &str, code: &str) -> Value {
    let input = json!({ "token": token, "recoveryCode": code });
    call(house, None, "mfaChallenge", "accessToken refreshToken", input).await
}

async fn of_user(house: &House, person: &Person, column: &str) -> String {
    house.look(&format!("SELECT {column} FROM identity.users WHERE id = '{}'", person.id)).await
}

/// As if no code had been used yet.
async fn forget(house: &House, person: &Person) {
    house.sql(&format!("UPDATE identity.users SET mfa_last_step = NULL WHERE id = '{}'", person.id)).await;
}

#[tokio::test]
async fn from_the_first_code_on_a_sign_in_asks_for_one() {
    let house = House::open().await;
    let person = house.person(&["owner"]).await;
    let (token, elsewhere) = (house.token(&person).await, house.token(&person).await);
    let wrong = call(&house, Some(&token), "mfaEnroll", "secret", json!({ "password": "wrong horse" })).await;
    assert_eq!(wrong["userErrors"], json!([{ "code": "INVALID", "path": ["input", "password"] }]));
    let without = call(&house, Some(&token), "mfaEnroll", "secret", json!({})).await;
    assert_eq!(House::code(&without), "REQUIRED");
    let none = call(&house, Some(&token), "mfaConfirm", "recoveryCodes", json!({ "code": "123456" })).await;
    assert_eq!(House::code(&none), "STATE");

    // prepared, it is not asked for; a wrong code does not switch it on, nor does one of an earlier secret
    let before = enroll(&house, &token).await;
    let app = enroll(&house, &token).await;
    for wrong in [before.code(0), "000000".to_owned(), app.code(-5), app.code(5), String::new()] {
        let payload =
            call(&house, Some(&token), "mfaConfirm", "recoveryCodes", json!({ "code": wrong })).await;
        assert_eq!(payload["userErrors"], json!([{ "code": "INVALID", "path": ["input", "code"] }]));
    }
    assert_eq!(house.opens(&elsewhere).await, Ok(()));
    let (app, codes) = enable(&house, &token).await;
    assert_eq!(house.opens(&elsewhere).await, Err("UNAUTHENTICATED".to_owned()), "other sessions end");
    let viewer = "{ viewer { mfaEnabled session { mfa isCurrent } recoveryCodes { usedAt } } }";
    let seen = house.get(Some(&token), viewer, json!({})).await["viewer"].clone();
    assert_eq!((&seen["mfaEnabled"], &seen["session"]["mfa"]), (&json!(true), &json!(true)));
    assert_eq!(seen["recoveryCodes"].as_array().unwrap().len(), 10);
    assert_eq!(
        House::code(&call(&house, Some(&token), "mfaEnroll", "uri", json!({ "password": PASSWORD })).await),
        "STATE"
    );

    let challenge = asked(&house, &person).await;
    assert!(credential::read(&house.keys, &challenge).is_err(), "it opens nothing");
    let signed_in = answer(&house, &challenge, &app.code(0)).await;
    assert_eq!(signed_in["userErrors"], json!([]));
    let token = text(&signed_in["accessToken"]);
    let seen = house.get(Some(&token), viewer, json!({})).await;
    assert_eq!(seen["viewer"]["session"], json!({ "mfa": true, "isCurrent": true }));
    // neither the token of the sign-in nor the code is good again
    assert_eq!(
        answer(&house, &challenge, &app.code(1)).await["userErrors"][0]["path"],
        json!(["input", "token"])
    );
    let again = asked(&house, &person).await;
    for used in [app.code(0), app.code(-1)] {
        assert_eq!(answer(&house, &again, &used).await["userErrors"][0]["path"], json!(["input", "code"]));
    }
    // a renewal keeps what was shown
    let renewed = house.refresh(&text(&signed_in["refreshToken"]), None).await;
    let seen = house.get(Some(&text(&renewed["accessToken"])), viewer, json!({})).await;
    assert_eq!(seen["viewer"]["session"]["mfa"], true);

    // nothing of it can be read from the database
    let stored = house
        .look(&format!(
            "SELECT string_agg(r.code_hash, ' ') || encode(min(u.mfa_secret_encrypted), 'escape')
               FROM identity.recovery_codes r JOIN identity.users u ON u.id = r.user_id WHERE u.id = '{}'",
            person.id
        ))
        .await;
    assert!(stored.contains(&recovery_code::kept(&codes[0])));
    assert!(!stored.contains(&codes[0]) && !stored.contains(&app.0));
}

#[tokio::test]
async fn of_ten_at_once_with_one_code_one_comes_in() {
    let house = House::open().await;
    let person = house.person(&[]).await;
    let (app, codes) = enable(&house, &house.token(&person).await).await;
    // one token
    let (challenge, code) = (asked(&house, &person).await, app.code(0));
    let answers = join_all((0..10).map(|_| answer(&house, &challenge, &code))).await;
    assert_eq!(answers.iter().filter(|answer| answer["accessToken"].is_string()).count(), 1);
    assert_eq!(of_user(&house, &person, "failed_login_attempts").await, "0");
    // ten tokens
    forget(&house, &person).await;
    let challenges = join_all((0..10).map(|_| asked(&house, &person))).await;
    let answers = join_all(challenges.iter().map(|challenge| answer(&house, challenge, &code))).await;
    assert_eq!(answers.iter().filter(|answer| answer["accessToken"].is_string()).count(), 1);
    // a recovery code
    house
        .sql(&format!(
            "UPDATE identity.users SET locked_until = NULL, failed_login_attempts = 0 WHERE id = '{}'",
            person.id
        ))
        .await;
    let challenges = join_all((0..10).map(|_| asked(&house, &person))).await;
    let answers = join_all(challenges.iter().map(|challenge| recover(&house, challenge, &codes[3]))).await;
    assert_eq!(answers.iter().filter(|answer| answer["accessToken"].is_string()).count(), 1);
    let told = format!(
        "SELECT count(*) FROM audit.audit_logs WHERE actor_id = '{}' AND action = 'user.recovery_code_used'",
        person.id
    );
    assert_eq!(house.look(&told).await, "1");
}

#[tokio::test]
async fn wrong_codes_are_counted_like_wrong_passwords_and_then_none_helps() {
    let house = House::open().await;
    let person = house.person(&[]).await;
    let (app, codes) = enable(&house, &house.token(&person).await).await;
    for _ in 0..3 {
        assert_eq!(House::code(&house.sign_in(&person.email, "wrong horse", None).await), "INVALID");
    }
    // the right password alone does not make up for it
    let challenges = join_all((0..4).map(|_| asked(&house, &person))).await;
    assert_eq!(of_user(&house, &person, "failed_login_attempts").await, "3");
    let tries = join_all((0..12).map(|at| answer(&house, &challenges[at % 4], "000000"))).await;
    assert_eq!(tries.iter().filter(|payload| House::code(payload) == "INVALID").count(), 7);
    assert_eq!(tries.iter().filter(|payload| House::code(payload) == "ACCOUNT_LOCKED").count(), 5);
    assert_eq!(House::code(&answer(&house, &challenges[0], &app.code(0)).await), "ACCOUNT_LOCKED");
    assert_eq!(House::code(&recover(&house, &challenges[0], &codes[0]).await), "ACCOUNT_LOCKED");
    assert_eq!(House::code(&house.sign_in(&person.email, PASSWORD, None).await), "ACCOUNT_LOCKED");
    let locked = format!(
        "SELECT count(*) FROM audit.audit_logs WHERE organization_id = '{}' AND action = 'user.locked'",
        person.organization
    );
    assert_eq!(house.look(&locked).await, "1");
    let noticed = format!(
        "SELECT string_agg(detection_rule || ' ' || occurrences, ' ' ORDER BY detection_rule) FROM security.security_events
          WHERE organization_id = '{}' AND target_user_id = '{}'",
        person.organization, person.id
    );
    assert_eq!(house.look(&noticed).await, "account_locked 1 second_factor_failures 7");
    house.sql(&format!("UPDATE identity.users SET locked_until = now() WHERE id = '{}'", person.id)).await;
    assert!(answer(&house, &challenges[1], &app.code(0)).await["accessToken"].is_string());
    assert_eq!(of_user(&house, &person, "failed_login_attempts").await, "0");
}

#[tokio::test]
async fn a_challenge_is_bound_to_its_sign_in() {
    let house = House::open().await;
    let (person, other) = (house.person(&[]).await, house.person(&[]).await);
    let (app, codes) = enable(&house, &house.token(&person).await).await;
    let (others, _) = enable(&house, &house.token(&other).await).await;
    let challenge = asked(&house, &person).await;
    assert_eq!(House::code(&answer(&house, &challenge, &others.code(0)).await), "INVALID");
    for made_up in ["", "pto_", "pto_0000000000000000000000000000000000000000000000000000"] {
        assert_eq!(
            answer(&house, made_up, &app.code(0)).await["userErrors"][0]["path"],
            json!(["input", "token"])
        );
    }
    assert_eq!(
        House::code(&call(&house, None, "mfaChallenge", "accessToken", json!({ "token": challenge })).await),
        "REQUIRED"
    );
    let both = json!({ "token": challenge, "code": app.code(0), "recoveryCode": codes[0] });
    assert_eq!(House::code(&call(&house, None, "mfaChallenge", "accessToken", both).await), "INVALID");
    house
        .sql(&format!(
            "UPDATE identity.one_time_tokens SET expires_at = now() WHERE user_id = '{}'",
            person.id
        ))
        .await;
    assert_eq!(
        answer(&house, &challenge, &app.code(0)).await["userErrors"][0]["path"],
        json!(["input", "token"])
    );
    // a token that came in a mail is not one
    house.sql(&format!("UPDATE identity.one_time_tokens SET expires_at = now() + interval '1 h', purpose = 'password_reset' WHERE user_id = '{}'", person.id)).await;
    assert_eq!(
        answer(&house, &challenge, &app.code(0)).await["userErrors"][0]["path"],
        json!(["input", "token"])
    );
}

#[tokio::test]
async fn who_works_in_several_organizations_is_let_into_the_one_they_named() {
    let house = House::open().await;
    let (person, other) = (house.person(&[]).await, house.person(&[]).await);
    house.join(&person, other.organization, &[]).await;
    let token = house.token(&person).await;
    let (app, codes) = enable(&house, &token).await;
    let place = "{ viewer { organization { slug } } }";
    let named = house.sign_in(&person.email, PASSWORD, Some(&other.slug)).await;
    let token = answer(&house, &text(&named["mfaToken"]), &app.code(0)).await;
    let seen = house.get(Some(&text(&token["accessToken"])), place, json!({})).await;
    assert_eq!(seen["viewer"]["organization"]["slug"], other.slug);
    let none = answer(&house, &asked(&house, &person).await, &app.code(1)).await;
    let seen = house.get(Some(&text(&none["accessToken"])), place, json!({})).await;
    assert_eq!(seen["viewer"]["organization"], json!(null));
    assert_eq!(
        house.refresh(&text(&none["refreshToken"]), Some(&person.slug)).await["userErrors"],
        json!([])
    );
    // whether there is such an organization is told to nobody before the second factor
    let strange = house.sign_in(&person.email, PASSWORD, Some("nowhere")).await;
    assert_eq!(strange["userErrors"], json!([]));
    let wrong = answer(&house, &text(&strange["mfaToken"]), "000000").await;
    assert_eq!(House::code(&wrong), "INVALID");
    let strange = recover(&house, &text(&strange["mfaToken"]), &codes[0]).await;
    assert_eq!(House::code(&strange), "NOT_FOUND");
}

#[tokio::test]
async fn it_is_switched_off_with_the_password_and_a_code() {
    let house = House::open().await;
    let person = house.person(&[]).await;
    let token = house.token(&person).await;
    let (app, codes) = enable(&house, &token).await;
    let disable = async |input: Value| call(&house, Some(&token), "mfaDisable", "done", input).await;
    assert_eq!(House::code(&disable(json!({ "code": app.code(0) })).await), "REQUIRED");
    assert_eq!(House::code(&disable(json!({ "password": PASSWORD })).await), "REQUIRED");
    assert_eq!(
        House::code(&disable(json!({ "password": "wrong horse", "code": app.code(0) })).await),
        "INVALID"
    );
    assert_eq!(House::code(&disable(json!({ "password": PASSWORD, "code": app.code(-1) })).await), "INVALID");
    assert_eq!(of_user(&house, &person, "failed_login_attempts").await, "2");

    let renew =
        async |input: Value| call(&house, Some(&token), "recoveryCodesRenew", "recoveryCodes", input).await;
    assert_eq!(House::code(&renew(json!({ "code": app.code(-1) })).await), "INVALID");
    let renewed = renew(json!({ "recoveryCode": codes[0].to_uppercase().replace('-', " ") })).await;
    let fresh: Vec<String> = renewed["recoveryCodes"].as_array().unwrap().iter().map(text).collect();
    assert_eq!(fresh.len(), 10);
    let old = recover(&house, &asked(&house, &person).await, &codes[1]).await;
    assert_eq!(House::code(&old), "INVALID");
    assert!(recover(&house, &asked(&house, &person).await, &fresh[0]).await["accessToken"].is_string());
    assert_eq!(House::code(&recover(&house, &asked(&house, &person).await, &fresh[0]).await), "INVALID");

    let demand = |demands: bool| {
        format!(
            "INSERT INTO identity.organization_settings (organization_id, session_policy)
               VALUES ('{}', '{{\"mfaRequired\": {demands}}}')
             ON CONFLICT (organization_id) DO UPDATE SET session_policy = excluded.session_policy",
            person.organization
        )
    };
    house.sql(&demand(true)).await;
    assert_eq!(House::code(&disable(json!({ "password": PASSWORD, "code": app.code(0) })).await), "STATE");
    house.sql(&demand(false)).await;
    assert_eq!(disable(json!({ "password": PASSWORD, "code": app.code(0) })).await["done"], true);
    assert_eq!(House::code(&disable(json!({ "password": PASSWORD, "code": app.code(1) })).await), "STATE");
    assert!(house.sign_in(&person.email, PASSWORD, None).await["accessToken"].is_string());
    let left = format!("SELECT count(*) FROM identity.recovery_codes WHERE user_id = '{}'", person.id);
    assert_eq!(house.look(&left).await, "0");
}

#[tokio::test]
async fn an_organization_may_demand_it() {
    let house = House::open().await;
    let boss = house.person(&["owner"]).await;
    let person = house.colleague(&boss, &["owner"]).await;
    let (bosses, token) = (house.token(&boss).await, house.token(&person).await);
    let key = "mutation { apiKeyCreate(input: { name: \"k\", scopes: [\"deal.read\"] }) { secret } }";
    let key = text(&house.get(Some(&bosses), key, json!({})).await["apiKeyCreate"]["secret"]);
    assert_eq!(house.opens(&token).await, Ok(()));
    let update = json!({ "sessionPolicy": { "mfaRequired": true } });
    house
        .sql(&format!(
            "INSERT INTO identity.organization_settings (organization_id) VALUES ('{}')",
            boss.organization
        ))
        .await;
    let done =
        call(&house, Some(&bosses), "organizationSettingsUpdate", "settings { sessionPolicy }", update).await;
    assert_eq!(done["userErrors"], json!([]));

    // from the next request on, for who made the rule too; programs have no second factor
    for token in [&token, &bosses] {
        assert_eq!(house.opens(token).await, Err("MFA_REQUIRED".to_owned()));
    }
    assert_eq!(house.opens(&key).await, Ok(()));
    let refused = house
        .ask(Some(&token), "mutation { userUpdate(input: { firstName: \"A\" }) { user { id } } }", json!({}))
        .await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "MFA_REQUIRED");
    let fresh = house.token(&person).await;
    assert_eq!(house.opens(&fresh).await, Err("MFA_REQUIRED".to_owned()));
    // one can still leave, and set it up
    let leaves = house.token(&person).await;
    assert_eq!(
        house.get(Some(&leaves), "mutation { signOut { done } }", json!({})).await["signOut"]["done"],
        true
    );
    let (app, _) = enable(&house, &token).await;
    assert_eq!(house.opens(&token).await, Ok(()));
    let signed_in = answer(&house, &asked(&house, &person).await, &app.code(0)).await;
    assert_eq!(house.opens(&text(&signed_in["accessToken"])).await, Ok(()));
    assert_eq!(house.opens(&bosses).await, Err("MFA_REQUIRED".to_owned()));
    let told = format!(
        "SELECT count(*) FROM audit.audit_logs WHERE organization_id = '{}' AND actor_id = '{}' AND action = 'user.mfa_enabled'",
        person.organization, person.id
    );
    assert_eq!(house.look(&told).await, "1");
}

#[tokio::test]
async fn a_secret_that_is_moved_to_another_person_opens_nothing() {
    let house = House::open().await;
    let (person, thief) = (house.person(&[]).await, house.person(&[]).await);
    let (_, _) = enable(&house, &house.token(&person).await).await;
    let (app, _) = enable(&house, &house.token(&thief).await).await;
    house
        .sql(&format!(
            "UPDATE identity.users SET mfa_last_step = NULL, mfa_secret_encrypted =
               (SELECT mfa_secret_encrypted FROM identity.users WHERE id = '{}') WHERE id = '{}'",
            thief.id, person.id
        ))
        .await;
    let challenge = asked(&house, &person).await;
    let document = "mutation ($input: MfaChallengeInput!) { mfaChallenge(input: $input) { accessToken userErrors { code } } }";
    let input = json!({ "input": { "token": challenge, "code": app.code(0) } });
    let answer = house.ask(None, document, input).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "INTERNAL_SERVER_ERROR");
}
