//! Sessions: renewed, ended, and never anybody else's (B008).
use futures_util::future::join_all;
use portico::credential::access_token::Claims;
use portico::store::id;
use serde_json::{Value, json};
use uuid::Uuid;

use super::house::{House, PASSWORD, text};

const ENDED: &str = "UNAUTHENTICATED";

fn refused() -> Result<(), String> {
    Err(ENDED.to_owned())
}

#[tokio::test]
async fn a_refresh_token_works_once() {
    let house = House::open().await;
    let person = house.person(&[]).await;
    let first = house.sign_in(&person.email, PASSWORD, None).await;
    let old = text(&first["refreshToken"]);
    let second = house.refresh(&old, None).await;
    assert_eq!(second["userErrors"], json!([]));
    assert_eq!(house.opens(&text(&second["accessToken"])).await, Ok(()));

    // a moment later it is taken for a second tab: nothing is given, and nobody is signed out
    assert_eq!(House::code(&house.refresh(&old, None).await), "CONFLICT");
    assert_eq!(house.opens(&text(&second["accessToken"])).await, Ok(()));

    // later it was stolen: the whole session ends, whoever of the two is the thief
    house
        .sql(&format!(
            "UPDATE identity.sessions SET last_activity_at = now() - interval '11 s' WHERE user_id = '{}'",
            person.id
        ))
        .await;
    assert_eq!(House::code(&house.refresh(&old, None).await), "INVALID");
    assert_eq!(house.opens(&text(&second["accessToken"])).await, refused());
    assert_eq!(House::code(&house.refresh(&text(&second["refreshToken"]), None).await), "INVALID");
    let why = format!("SELECT revoke_reason FROM identity.sessions WHERE user_id = '{}'", person.id);
    assert_eq!(house.look(&why).await, "token_reused");
    let told = format!(
        "SELECT resource_name FROM audit.audit_logs WHERE actor_id = '{}' AND action = 'session.revoked'",
        person.id
    );
    assert_eq!(house.look(&told).await, "token_reused");
}

#[tokio::test]
async fn of_many_renewals_at_once_one_succeeds_and_none_signs_out() {
    let house = House::open().await;
    let person = house.person(&[]).await;
    let token = text(&house.sign_in(&person.email, PASSWORD, None).await["refreshToken"]);
    let answers = join_all((0..8).map(|_| house.refresh(&token, None))).await;
    let (done, late): (Vec<&Value>, Vec<&Value>) =
        answers.iter().partition(|answer| answer["accessToken"].is_string());
    assert_eq!((done.len(), late.len()), (1, 7));
    assert!(late.iter().all(|answer| House::code(answer) == "CONFLICT"));
    assert_eq!(house.refresh(&text(&done[0]["refreshToken"]), None).await["userErrors"], json!([]));
}

#[tokio::test]
async fn a_renewal_can_change_the_organization() {
    let house = House::open().await;
    let (person, other, stranger) =
        (house.person(&[]).await, house.person(&[]).await, house.person(&[]).await);
    house.join(&person, other.organization, &[]).await;
    let token = text(&house.sign_in(&person.email, PASSWORD, Some(&person.slug)).await["refreshToken"]);
    assert_eq!(House::code(&house.refresh(&token, Some(&stranger.slug)).await), "NOT_FOUND");
    let payload = house.refresh(&token, Some(&other.slug)).await;
    let viewer = house
        .get(Some(&text(&payload["accessToken"])), "{ viewer { organization { slug } } }", json!({}))
        .await;
    assert_eq!(viewer["viewer"]["organization"]["slug"], other.slug);
}

#[tokio::test]
async fn made_up_refresh_tokens_end_nobodys_session() {
    let house = House::open().await;
    let person = house.person(&[]).await;
    let signed_in = house.sign_in(&person.email, PASSWORD, None).await;
    let token = text(&signed_in["refreshToken"]);
    house
        .sql(&format!(
            "UPDATE identity.sessions SET last_activity_at = now() - interval '1 h' WHERE user_id = '{}'",
            person.id
        ))
        .await;
    let (head, tail) = token.split_at(token.len() - 1);
    let wrong = format!("{head}{}", if tail == "0" { "1" } else { "0" });
    for made_up in [wrong.as_str(), "", "ptr_", "ptr_00000000000000000000000000_0", "eyJ.e.x"] {
        assert_eq!(House::code(&house.refresh(made_up, None).await), "INVALID", "{made_up}");
    }
    assert_eq!(house.opens(&text(&signed_in["accessToken"])).await, Ok(()));
}

#[tokio::test]
async fn what_is_signed_out_opens_nothing_from_the_next_request_on() {
    let house = House::open().await;
    let person = house.person(&["owner"]).await;
    let signed_in = house.sign_in(&person.email, PASSWORD, None).await;
    let token = text(&signed_in["accessToken"]);
    let payload =
        house.get(Some(&token), "mutation { signOut { done userErrors { code } } }", json!({})).await;
    assert_eq!(payload["signOut"], json!({ "done": true, "userErrors": [] }));
    assert_eq!(house.opens(&token).await, refused());
    assert_eq!(House::code(&house.refresh(&text(&signed_in["refreshToken"]), None).await), "INVALID");
}

#[tokio::test]
async fn one_ends_ones_own_sessions_only() {
    let house = House::open().await;
    let person = house.person(&["owner"]).await;
    let colleague = house.colleague(&person, &["owner"]).await;
    let (here, there, theirs) =
        (house.token(&person).await, house.token(&person).await, house.token(&colleague).await);
    let session = |token: &str| {
        let session = portico::credential::read(&house.keys, token).unwrap().session.unwrap();
        let mut text = Vec::new();
        id::write("sess", session, &mut text);
        String::from_utf8(text).unwrap()
    };
    let revoke = async |id: String| {
        let document = "mutation ($input: SessionRevokeInput!) { sessionRevoke(input: $input) { session { id revokedAt } userErrors { code } } }";
        house.get(Some(&here), document, json!({ "input": { "id": id } })).await["sessionRevoke"].clone()
    };
    assert_eq!(House::code(&revoke(session(&theirs)).await), "NOT_FOUND");
    assert_eq!(house.opens(&theirs).await, Ok(()));
    assert!(revoke(session(&there)).await["session"]["revokedAt"].is_string());
    assert_eq!(house.opens(&there).await, refused());
    let hidden = house
        .get(Some(&here), "query ($id: ID!) { node(id: $id) { id } }", json!({ "id": session(&theirs) }))
        .await;
    assert_eq!(hidden["node"], json!(null));

    let another = house.token(&person).await;
    let all = "mutation ($input: SessionsRevokeAllInput!) { sessionsRevokeAll(input: $input) { count userErrors { code } } }";
    let payload = house.get(Some(&here), all, json!({ "input": {} })).await;
    assert_eq!(payload["sessionsRevokeAll"]["count"], 1);
    assert_eq!((house.opens(&another).await, house.opens(&here).await), (refused(), Ok(())));
    let payload = house.get(Some(&here), all, json!({ "input": { "keepCurrent": false } })).await;
    assert_eq!(payload["sessionsRevokeAll"]["count"], 1);
    assert_eq!((house.opens(&here).await, house.opens(&theirs).await), (refused(), Ok(())));
}

#[tokio::test]
async fn a_token_holds_only_for_its_own_person_session_and_organization() {
    let house = House::open().await;
    let (person, other) = (house.person(&["owner"]).await, house.person(&["owner"]).await);
    let token = house.token(&person).await;
    let caller = portico::credential::read(&house.keys, &token).unwrap();
    let session = caller.session.unwrap();
    let signed = |user: Uuid, session: Uuid, organization: Uuid| {
        house.keys.sign(&Claims::now(user, session, Some(organization), 5)).unwrap()
    };
    assert_eq!(house.opens(&signed(person.id, session, person.organization)).await, Ok(()));
    for wrong in [
        signed(other.id, session, other.organization),
        signed(person.id, Uuid::now_v7(), person.organization),
        signed(person.id, session, other.organization),
        signed(person.id, session, Uuid::nil()),
    ] {
        assert_eq!(house.opens(&wrong).await, refused());
    }
    house
        .sql(&format!("UPDATE identity.memberships SET status = 'suspended' WHERE user_id = '{}'", person.id))
        .await;
    assert_eq!(house.opens(&token).await, refused());
}

#[tokio::test]
async fn of_many_who_show_an_old_refresh_token_none_comes_in_and_the_session_ends_once() {
    let house = House::open().await;
    let person = house.person(&[]).await;
    let old = text(&house.sign_in(&person.email, PASSWORD, None).await["refreshToken"]);
    let current = house.refresh(&old, None).await;
    house
        .sql(&format!(
            "UPDATE identity.sessions SET last_activity_at = now() - interval '11 s' WHERE user_id = '{}'",
            person.id
        ))
        .await;
    // the thief and the person at the same time, several times each
    let fresh = text(&current["refreshToken"]);
    let tokens: Vec<&str> = (0..10).map(|at| if at == 4 { fresh.as_str() } else { old.as_str() }).collect();
    let answers = join_all(tokens.iter().map(|token| house.refresh(token, None))).await;
    for (token, answer) in tokens.iter().zip(&answers) {
        assert!(*token != old || ["INVALID", "CONFLICT"].contains(&House::code(answer)), "{answer}");
    }
    // whoever was first: an old token that is shown later ends what is left
    house
        .sql(&format!(
            "UPDATE identity.sessions SET last_activity_at = now() - interval '11 s' WHERE user_id = '{}'",
            person.id
        ))
        .await;
    let answers = join_all((0..10).map(|_| house.refresh(&old, None))).await;
    assert!(answers.iter().all(|answer| House::code(answer) == "INVALID"));
    assert_eq!(house.opens(&text(&current["accessToken"])).await, refused());
    let told = format!(
        "SELECT count(*) FROM audit.audit_logs WHERE actor_id = '{}' AND action = 'session.revoked'",
        person.id
    );
    assert_eq!(house.look(&told).await, "1");
}

#[tokio::test]
async fn one_sees_where_one_is_signed_in() {
    let house = House::open().await;
    let person = house.person(&[]).await;
    let (here, _) = (house.token(&person).await, house.token(&person).await);
    let document = "{ viewer { session { id isCurrent mfa } sessions { id isCurrent ipAddress userAgent lastActivityAt expiresAt } } }";
    let seen = house.get(Some(&here), document, json!({})).await["viewer"].clone();
    let sessions = seen["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), 2);
    let current: Vec<_> = sessions.iter().filter(|session| session["isCurrent"] == true).collect();
    assert_eq!((current.len(), &current[0]["id"]), (1, &seen["session"]["id"]));
    assert!(sessions.iter().all(|session| session["lastActivityAt"].is_string()));
    let none = house.get(None, "{ viewer { session { id } } }", json!({})).await;
    assert_eq!(none["viewer"], json!(null));
}
