//! Tokens of identity that are forged, or not for us, or not for now: none of them signs anybody in.
use std::sync::Arc;

use portico::store::clock;
use serde_json::{Value, json};

use super::{
    house::House,
    openid::{CLIENT, Forge, SECRET, Signer},
    sso::{begin, complete, linked, sign_in},
};

fn claims(name: &'static str, value: impl Fn() -> Value + Send + Sync + 'static) -> Forge {
    Arc::new(move |_, claims| {
        match value() {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value,
        }
        Signer::Own
    })
}

fn header(algorithm: &'static str, signer: impl Fn() -> Signer + Send + Sync + 'static) -> Forge {
    Arc::new(move |header, _| {
        header["alg"] = json!(algorithm);
        signer()
    })
}

fn soon(seconds: i64) -> Value {
    json!(clock::now().timestamp() + seconds)
}

#[tokio::test]
async fn no_forged_token_signs_anybody_in() {
    let (house, person, _, provider, id) = linked().await;
    let public = provider.public_key();
    let unknown: Forge = Arc::new(|header, _| {
        header["kid"] = json!("unknown");
        Signer::Unknown
    });
    let no_kid: Forge = Arc::new(|header, _| {
        header.as_object_mut().unwrap().remove("kid");
        Signer::Unknown
    });
    let own_key: Forge = Arc::new(|header, _| {
        // a key in the token itself, which nobody may listen to
        header["jwk"] = json!({ "kty": "oct", "k": "AAAA" });
        header["jku"] = json!("https://evil.example.com/keys");
        Signer::Unknown
    });
    let forged: Vec<(&str, Forge)> = vec![
        ("signed by nobody", header("none", || Signer::Nobody)),
        ("signed by nobody, with another word for it", header("None", || Signer::Nobody)),
        ("without a signature", header("RS256", || Signer::Nobody)),
        ("signed with the client's secret", header("HS256", || Signer::Shared(SECRET.into()))),
        ("signed with the public key", header("HS256", move || Signer::Shared(public.clone()))),
        ("of another algorithm", header("RS512", || Signer::Own)),
        ("tampered with", header("RS256", || Signer::Tampered)),
        ("of a key that nobody knows", unknown),
        ("of a key without a name", no_kid),
        ("with a key of its own", own_key),
        ("of another issuer", claims("iss", || json!("https://evil.example.com"))),
        ("without an issuer", claims("iss", || Value::Null)),
        ("for another client", claims("aud", || json!("another"))),
        ("for nobody", claims("aud", || Value::Null)),
        ("for another client besides", claims("aud", || json!([CLIENT, "another"]))),
        ("made for another client", claims("azp", || json!("another"))),
        ("expired", claims("exp", || soon(-1))),
        ("without an end", claims("exp", || Value::Null)),
        ("of the future", claims("iat", || soon(600))),
        ("of yesterday", claims("iat", || soon(-86_400))),
        ("for another sign-in", claims("nonce", || json!("another"))),
        ("for no sign-in", claims("nonce", || Value::Null)),
        ("of nobody", claims("sub", || Value::Null)),
        ("of somebody without a name", claims("sub", || json!(""))),
    ];
    for (what, forge) in forged {
        provider.lie(Some(forge));
        let answer = sign_in(&house, &provider, &id).await;
        assert_eq!(answer["userErrors"], json!([{ "code": "INVALID", "path": ["input", "code"] }]), "{what}");
        assert_eq!(answer["accessToken"], json!(null), "{what}");
    }
    let told = format!(
        "SELECT count(*) FROM audit.audit_logs WHERE organization_id = '{}' AND action = 'user.sso_refused'",
        person.organization
    );
    assert_eq!(house.look(&told).await, "24");
    // it was the forgeries that were refused
    provider.lie(None);
    assert!(sign_in(&house, &provider, &id).await["accessToken"].is_string());
}

#[tokio::test]
async fn a_new_key_is_known_at_once_and_an_old_one_no_more() {
    let (house, _, _, provider, id) = linked().await;
    let before = provider.asked_for_keys();
    assert!(sign_in(&house, &provider, &id).await["accessToken"].is_string());
    assert_eq!(provider.asked_for_keys(), before, "what is known is not asked for again");
    for _ in 0..2 {
        provider.rotate();
        assert!(sign_in(&house, &provider, &id).await["accessToken"].is_string());
    }
    assert_eq!(provider.asked_for_keys(), before + 2);
}

#[tokio::test]
async fn what_a_refusal_tells_is_the_same_whatever_was_wrong() {
    let (house, _, _, provider, id) = linked().await;
    provider.lie(Some(claims("nonce", || json!("another"))));
    let forged = sign_in(&house, &provider, &id).await;
    provider.lie(None);
    let begun = begin(&house, &id).await;
    let made_up = complete(&house, begun["state"].as_str().unwrap(), "made up").await;
    assert_eq!(forged, made_up);
    assert_eq!(House::code(&forged), "INVALID");
}
