//! What was not made by the server opens nothing, at the doors where credentials are read: HTTP, event streams, sockets.
use std::sync::Arc;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use futures_util::{SinkExt, StreamExt};
use portico::{
    credential::{self, Keys, access_token::Claims, api_key},
    settings::Settings,
    web::{Parts, Server},
};
use reqwest::Client;
use serde_json::{Value, json};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Message, client::IntoClientRequest, http::HeaderValue},
};
use uuid::Uuid;

use super::{City, Words, guests::Guest};
use crate::{law::sdl::Sdl, world::server::keys};

/// The web in front of a city.
struct Doors {
    server: Server,
    query: String,
    mutation: String,
    subscriptions: Vec<String>,
}

impl Doors {
    async fn of(city: &City) -> Self {
        let (sdl, words) = (Sdl::read(), Words::read());
        let mut documents = Vec::new();
        for root in ["Query", "Mutation", "Subscription"] {
            let calls = words.calls(root, &mut city.tables().await, city.organization).await;
            let selection = |field: &str| match sdl.0[root].fields[field].target.as_str() {
                target if target.ends_with("Connection") => "{ nodes { id } }",
                _ => "{ __typename }",
            };
            let fields = calls
                .iter()
                .map(|call| format!("{}{} {}", call.field, call.arguments, selection(&call.field)));
            documents.push(fields.collect::<Vec<_>>());
        }
        let settings = [("PORTICO_LISTEN".to_owned(), "127.0.0.1:0".to_owned())];
        let parts = Parts {
            schema: city.schema.clone(),
            settings: Arc::new(Settings::read(settings, None).unwrap()),
            read_credential: Arc::new(|text| credential::read(&keys(), text)),
            demo: Arc::new(|| json!({})),
        };
        Self {
            server: Server::start(parts).await.unwrap(),
            query: format!("{{ {} }}", documents[0].join(" ")),
            mutation: format!("mutation {{ {} }}", documents[1].join(" ")),
            subscriptions: documents[2].iter().map(|field| format!("subscription {{ {field} }}")).collect(),
        }
    }

    /// Status and body.
    async fn ask(&self, credential: &str, document: &str, accept: &str) -> (u16, String) {
        let asked = Client::new()
            .post(format!("http://{}/graphql", self.server.address()))
            .bearer_auth(credential)
            .header("accept", accept)
            .json(&json!({ "query": document }))
            .send()
            .await
            .unwrap();
        let status = asked.status().as_u16();
        let mut chunks = asked.bytes_stream();
        let mut text = String::new();
        // of a stream, the first that it says
        while let Some(chunk) = chunks.next().await {
            text += &String::from_utf8_lossy(&chunk.unwrap());
            if accept == STREAM && text.contains("data:") {
                break;
            }
        }
        (status, text)
    }

    /// What a socket says to an introduction: a message, or a code with which it closes.
    async fn knock(&self, credential: &str) -> String {
        let url = format!("ws://{}/graphql", self.server.address());
        let mut request = url.into_client_request().unwrap();
        let protocol = HeaderValue::from_static("graphql-transport-ws");
        request.headers_mut().insert("sec-websocket-protocol", protocol);
        let mut socket = connect_async(request).await.unwrap().0;
        let payload = json!({ "authorization": format!("Bearer {credential}") });
        let said = json!({ "type": "connection_init", "payload": payload }).to_string();
        socket.send(Message::text(said)).await.unwrap();
        loop {
            match socket.next().await.unwrap().unwrap() {
                Message::Text(text) => {
                    let message: Value = serde_json::from_str(&text).unwrap();
                    return message["type"].as_str().unwrap().to_owned();
                }
                Message::Close(Some(frame)) => return u16::from(frame.code).to_string(),
                _ => {}
            }
        }
    }
}

const JSON: &str = "application/graphql-response+json";
const STREAM: &str = "text/event-stream";

/// A token of a guest's session.
fn token(guest: &Guest) -> String {
    let caller = &guest.caller;
    let claims = Claims::now(caller.user.unwrap(), caller.session.unwrap(), caller.organization, 15);
    keys().sign(&claims).unwrap()
}

fn part(value: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(value.to_string())
}

/// A token like this one, which nobody signed who may.
fn forgeries(token: &str, other: &Guest) -> Vec<(String, String)> {
    let [header, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!("{token}") };
    let read = |text: &str| -> Value {
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
    };
    let (said, with) = (read(claims), |name: &str, value: Value| {
        let mut claims = read(claims);
        claims[name] = value;
        part(&claims)
    });
    let mut header_without = read(header);
    header_without["alg"] = json!("none");
    let mut header_hmac = read(header);
    header_hmac["alg"] = json!("HS256");
    let mut header_with_key = read(header);
    header_with_key["jwk"] =
        json!({ "kty": "OKP", "crv": "Ed25519", "x": BASE64_URL_SAFE_NO_PAD.encode([9; 32]) });
    let claims_now = Claims::now(
        serde_json::from_value(said["sub"].clone()).unwrap(),
        serde_json::from_value(said["sid"].clone()).unwrap(),
        serde_json::from_value(said["org"].clone()).unwrap(),
        15,
    );
    let others = Keys::new(&[8; 32]).unwrap().sign(&claims_now).unwrap();
    let theirs = &other.caller;
    let mut bytes = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
    bytes[20] ^= 1;
    let forged = [
        ("a changed signature", format!("{header}.{claims}.{}", BASE64_URL_SAFE_NO_PAD.encode(&bytes))),
        ("no signature", format!("{header}.{claims}.")),
        ("two parts", format!("{header}.{claims}")),
        ("the signature of nobody", format!("{}.{claims}.", part(&header_without))),
        ("no algorithm, signed", format!("{}.{claims}.{signature}", part(&header_without))),
        ("another algorithm", format!("{}.{claims}.{signature}", part(&header_hmac))),
        ("a key of its own", format!("{}.{claims}.{signature}", part(&header_with_key))),
        ("another server's key", others),
        ("another person", format!("{header}.{}.{signature}", with("sub", json!(theirs.user)))),
        ("another session", format!("{header}.{}.{signature}", with("sid", json!(theirs.session)))),
        ("another organization", format!("{header}.{}.{signature}", with("org", json!(theirs.organization)))),
        ("a later end", format!("{header}.{}.{signature}", with("exp", json!(4_000_000_000_u32)))),
        ("another audience", format!("{header}.{}.{signature}", with("aud", json!("elsewhere")))),
        ("words", "let me in".to_owned()),
        ("nothing but dots", "..".to_owned()),
    ];
    forged.into_iter().map(|(name, text)| (format!("a token with {name}"), text)).collect()
}

/// Signed by the server itself, about what was never so.
fn untrue(owner: &Guest, other: &Guest) -> Vec<(String, String)> {
    let (ours, theirs) = (&owner.caller, &other.caller);
    let signed = |user: Option<Uuid>, session: Option<Uuid>, place: Option<Uuid>| {
        keys().sign(&Claims::now(user.unwrap(), session.unwrap(), place, 15)).unwrap()
    };
    vec![
        ("a session of another person".to_owned(), signed(ours.user, theirs.session, ours.organization)),
        ("no session".to_owned(), signed(ours.user, Some(Uuid::now_v7()), ours.organization)),
        ("a place that is not theirs".to_owned(), signed(theirs.user, theirs.session, ours.organization)),
        ("a place that is nowhere".to_owned(), signed(ours.user, ours.session, Some(Uuid::now_v7()))),
    ]
}

/// A key as it was given out, and what was made of it: those that cannot be read, and those that can.
struct KeyTexts {
    good: String,
    unreadable: Vec<(String, String)>,
    untrue: Vec<(String, String)>,
}

impl KeyTexts {
    async fn of(city: &City, owner: &Guest, other: &Guest) -> Self {
        let (id, place) = (Uuid::now_v7(), city.organization);
        let good = api_key::write(id, place).unwrap();
        city.run(&format!(
            "INSERT INTO identity.api_keys (organization_id, id, name, prefix, hashed_key, created_by)
             VALUES ('{place}', '{id}', 'Given out', 'ptk_', '{}', '{}')",
            credential::hash(&good),
            owner.caller.user.unwrap()
        ))
        .await;
        let swapped = |at: usize| {
            let mut text = good.clone().into_bytes();
            text[at] = if text[at] == b'0' { b'1' } else { b'0' };
            String::from_utf8(text).unwrap()
        };
        let unreadable = [
            ("a wrong checksum", swapped(good.len() - 1)),
            ("a letter of the secret changed", swapped(60)),
            ("a letter of the id changed", swapped(10)),
            ("its end cut off", good[..good.len() - 6].to_owned()),
            ("nothing after its prefix", "ptk_".to_owned()),
        ];
        let untrue = [
            ("another secret", api_key::write(id, place).unwrap()),
            ("another organization", api_key::write(id, other.caller.organization.unwrap()).unwrap()),
            ("another id", api_key::write(Uuid::now_v7(), place).unwrap()),
        ];
        let named = |(name, text): (&str, String)| (format!("a key with {name}"), text);
        Self {
            unreadable: unreadable.into_iter().map(named).collect(),
            untrue: untrue.into_iter().map(named).collect(),
            good,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_forged_credential_opens_a_door() {
    let city = City::found().await;
    let (owner, other) = (city.owner().await, city.stranger().await);
    let doors = Doors::of(&city).await;
    let keys = KeyTexts::of(&city, &owner, &other).await;
    // what the owner shows opens each of them: no refusal below is a coincidence
    for good in [&token(&owner), &keys.good] {
        let (status, body) = doors.ask(good, &doors.query, JSON).await;
        assert_eq!(status, 200, "{body}");
        assert!(
            !body.contains("UNAUTHENTICATED") && body.contains("\"deals\":{\"nodes\":[{\"id\""),
            "{body}"
        );
        assert_eq!(doors.knock(good).await, "connection_ack");
        for subscription in &doors.subscriptions {
            let (status, body) = doors.ask(good, subscription, STREAM).await;
            assert!(status == 200 && body.contains("StreamOpened"), "{subscription}: {body}");
        }
    }

    let before = city.state().await;
    let unreadable = [forgeries(&token(&owner), &other), keys.unreadable].concat();
    let untrue = [untrue(&owner, &other), keys.untrue].concat();
    for (name, forged) in &unreadable {
        for document in [&doors.query, &doors.mutation, &"{ __typename }".to_owned()] {
            let (status, body) = doors.ask(forged, document, JSON).await;
            let body: Value = serde_json::from_str(&body).unwrap();
            let code = &body["errors"][0]["extensions"]["code"];
            assert_eq!((status, code, body.get("data")), (401, &json!("UNAUTHENTICATED"), None), "{name}");
        }
        for subscription in &doors.subscriptions {
            let (status, body) = doors.ask(forged, subscription, STREAM).await;
            assert!(status == 401 && !body.contains("StreamOpened"), "{name}: {body}");
        }
        assert_eq!(doors.knock(forged).await, "4403", "{name}");
    }
    // what can be read is refused by the database, field by field, whatever is asked
    for (name, forged) in &untrue {
        for document in [&doors.query, &doors.mutation] {
            let (_, body) = doors.ask(forged, document, JSON).await;
            let body: Value = serde_json::from_str(&body).unwrap();
            let fields = body["data"].as_object().unwrap();
            let shown: Vec<_> = fields.iter().filter(|(_, value)| !is_nothing(value)).collect();
            assert_eq!(shown, Vec::<(&String, &Value)>::new(), "{name}");
            let codes = body["errors"].as_array().unwrap().iter().map(|error| &error["extensions"]["code"]);
            assert!(codes.clone().count() >= fields.len(), "{name}");
            assert!(codes.clone().all(|code| code == "UNAUTHENTICATED"), "{name}: {body}");
        }
        for subscription in &doors.subscriptions {
            let (_, body) = doors.ask(forged, subscription, STREAM).await;
            assert!(body.contains("UNAUTHENTICATED") && !body.contains("StreamOpened"), "{name}: {body}");
        }
    }
    let after = city.state().await;
    let changed: Vec<_> = before.iter().zip(&after).filter(|(before, after)| before != after).collect();
    assert!(changed.is_empty(), "a forged credential changed {changed:#?}");
}

fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(|items| items.iter().all(Value::is_null))
}
