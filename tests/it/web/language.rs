//! What is wrong, in the language of whoever asks: the same codes, paths and extensions, and another sentence.
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use super::{World, socket};

const JSON: &str = "application/json";

/// Words that no Portuguese sentence has.
const ENGLISH: [&str; 28] = [
    "the", "is", "are", "and", "of", "not", "with", "you", "your", "there", "has", "have", "must", "cannot",
    "more", "than", "only", "already", "nobody", "expected", "unknown", "field", "type", "never", "used",
    "allowed", "by", "at",
];

/// A sentence without what stands in quotes: that is of the API or of the caller.
fn unquoted(message: &str) -> String {
    let parts = message.split(['`', '"']).step_by(2);
    parts.collect::<Vec<_>>().join(" ").to_lowercase()
}

pub fn is_portuguese(message: &str) -> bool {
    let plain = unquoted(message);
    let mut words = plain.split(|letter: char| !letter.is_alphabetic());
    !words.any(|word| ENGLISH.contains(&word))
}

async fn told(request: RequestBuilder) -> (StatusCode, Value, String) {
    let response = request.send().await.unwrap();
    let header = |response: &Response, name: &str| {
        let values = response.headers().get_all(name).iter().map(|value| value.to_str().unwrap().to_owned());
        values.collect::<Vec<_>>().join(",")
    };
    assert!(header(&response, "vary").contains("accept-language"), "{response:?}");
    let language = header(&response, "content-language");
    (response.status(), response.json().await.unwrap(), language)
}

/// An answer without its sentences and the id of its request; the sentences.
fn apart(mut body: Value) -> (Value, Vec<String>) {
    let errors = body["errors"].as_array_mut().expect("no errors");
    let messages = errors.iter_mut().map(|error| {
        error["extensions"].as_object_mut().unwrap().remove("requestId");
        match error["message"].take() {
            Value::String(message) => message,
            other => panic!("{other}"),
        }
    });
    let messages = messages.collect();
    (body, messages)
}

/// Bodies that are refused, whatever the reason.
fn refused() -> Vec<Value> {
    let query = |query: &str| json!({ "query": query });
    let deep = format!("{{ {} }}", "viewer { user ".repeat(9) + "{ id }" + &"}".repeat(9));
    let mut bodies: Vec<Value> = [
        "{",
        "",
        "{ a } { b }",
        "query A { __typename } query A { __typename }",
        "query A { __typename } query B { __typename }",
        "fragment f on Deal { id } fragment f on Deal { id } { __typename }",
        "{ nothing }",
        "{ deal }",
        "{ deals }",
        "{ deals(nothing: 1) { nodes { id } } }",
        "{ deals(frist: 1) { nodes { id } } }",
        "{ deals(first: \"x\") { nodes { id } } }",
        "{ deals(first: 99999999999) { nodes { id } } }",
        "{ deals(first: 100000) { nodes { id } } }",
        "{ deals(first: 100) { nodes { history(first: 100) { nodes { deal { history(first: 100) { nodes { id } } } } } } } }",
        "{ deals(orderBy: { field: NOTHING }) { nodes { id } } }",
        "{ deals(filter: { nothing: { eq: 1 } }) { nodes { id } } }",
        "{ deals(filter: { name: { like: \"x\" } }) { nodes { id } } }",
        "{ deals(filter: { closedOn: 1 }) { nodes { id } } }",
        "{ node { id } }",
        "{ viewer { permissions { x } } }",
        "{ viewer { __typename @nothing } }",
        "{ viewer { __typename @skip } }",
        "{ viewer @skip(if: true) @skip(if: true) { __typename } }",
        "{ ...nothing }",
        "{ ...f } fragment f on Query { ...f }",
        "{ __typename } fragment f on Deal { id }",
        "{ viewer { ...f } } fragment f on Deal { id }",
        "{ viewer { ... on Deal { id } } }",
        "{ ... on Nothing { id } }",
        "{ ... on DateTime { id } }",
        "query($a: Int) { __typename }",
        "query A($a: Int) { __typename }",
        "{ deals(first: $a) { nodes { id } } }",
        "query A { deals(first: $a) { nodes { id } } }",
        "query($a: Int!) { deals(first: $a) { nodes { id } } }",
        "query($a: Nothing) { deals(first: $a) { nodes { id } } }",
        "query($a: Deal) { deals(first: $a) { nodes { id } } }",
        "query($a: Int, $a: Int) { deals(first: $a) { nodes { id } } }",
        "query($a: String) { deals(first: $a) { nodes { id } } }",
        "query($a: Int = \"x\") { deals(first: $a) { nodes { id } } }",
        "{ a: __typename a: viewer { __typename } }",
        "{ deals(first: 1) { nodes { id } } deals(first: 2) { nodes { id } } }",
        "{ deals(first: 1, first: 2) { nodes { id } } }",
        "{ deals { nodes { id } } }",
        "subscription { recordEvents(types: [\"Deal\"]) { __typename } }",
        &deep,
    ]
    .map(query)
    .into();
    bodies.extend([
        json!([]),
        json!(7),
        json!({}),
        json!({ "query": 7 }),
        json!({ "query": "{ __typename }", "variables": [] }),
        json!({ "query": "{ __typename }", "operationName": true }),
        json!({ "query": "query A { __typename }", "operationName": "B" }),
        json!({ "query": "{ __typename }", "documentId": "x" }),
        json!({ "documentId": null, "extensions": { "persistedQuery": { "version": 1 } } }),
        json!({ "query": "{ __typename }", "extensions": { "persistedQuery": { "version": 1, "sha256Hash": "x" } } }),
        json!({ "query": "query($i: DealRecordInput!) { __typename }", "variables": { "i": "x".repeat(600_000) } }),
        json!({ "query": "{ __typename }".to_owned() + &" ".repeat(30_000) }),
    ]);
    bodies
}

#[tokio::test]
async fn what_is_wrong_is_said_in_the_language_that_is_asked_for() {
    let world = World::start(&[]).await;
    let ask = async |body: &Value, language: &str, credential: &str| {
        let request = Client::new().post(world.url("/graphql")).header("accept-language", language);
        let request = request.header("accept", "application/graphql-response+json").bearer_auth(credential);
        told(request.json(body)).await
    };
    let mut untold = Vec::new();
    for body in refused() {
        let (status, english, language) = ask(&body, "en;q=0.9, pt;q=0.8", "ada").await;
        assert_eq!(language, "en");
        assert!(english.get("errors").is_some(), "not refused: {body:.100}");
        let (same_status, portuguese, language) = ask(&body, "pt-BR,pt;q=0.9,en;q=0.8", "ada").await;
        assert_eq!((language.as_str(), same_status), ("pt-BR", status));
        let ((english, sentences), (portuguese, translations)) = (apart(english), apart(portuguese));
        assert_eq!(english, portuguese, "only sentences differ: {body:.100}");
        for (sentence, translation) in sentences.iter().zip(&translations) {
            if sentence == translation || !is_portuguese(translation) {
                untold.push(format!("{body:.100}: {translation}"));
            }
        }
    }
    assert!(untold.is_empty(), "{}", untold.join("\n"));
}

#[tokio::test]
async fn what_http_alone_refuses_is_said_so_too() {
    let world = World::start(&[("PORTICO_INTROSPECTION", "none"), ("PORTICO_MAX_BODY_BYTES", "4096")]).await;
    let graphql = world.url("/graphql");
    let client = Client::new();
    let bodied = |body: &str| client.post(&graphql).header("content-type", JSON).body(body.to_owned());
    let requests = || {
        vec![
            client.put(&graphql),
            client.get(format!("{graphql}?query=mutation{{signOut{{userErrors{{code}}}}}}")),
            client.get(format!("{graphql}?query={{a}}&query={{b}}")),
            client.get(format!("{graphql}?query={{a}}&variables=x")),
            client.post(&graphql).header("content-type", "text/plain").body("{}"),
            client.post(&graphql).header("accept", "text/html").json(&json!({ "query": "{ __typename }" })),
            bodied(""),
            bodied("{"),
            bodied(&" x".repeat(4000)),
            client.post(&graphql).bearer_auth("late").json(&json!({ "query": "{ __typename }" })),
            client.post(&graphql).bearer_auth("nobody").json(&json!({ "query": "{ __typename }" })),
            client
                .post(&graphql)
                .header("authorization", "Basic x")
                .json(&json!({ "query": "{ __typename }" })),
            client
                .post(&graphql)
                .header("accept", JSON)
                .json(&json!({ "query": "subscription { recordEvents(types: [\"Deal\"]) { __typename } }" })),
            client.post(&graphql).json(&json!({ "query": "{ __schema { types { name } } }" })),
        ]
    };
    for (english, portuguese) in requests().into_iter().zip(requests()) {
        let (status, english, _) = told(english).await;
        let (same_status, portuguese, language) = told(portuguese.header("accept-language", "pt")).await;
        assert_eq!((same_status, language.as_str()), (status, "pt-BR"));
        let ((english, sentences), (portuguese, translations)) = (apart(english), apart(portuguese));
        assert_eq!(english, portuguese);
        assert_ne!(sentences, translations);
        assert!(translations.iter().all(|translation| is_portuguese(translation)), "{translations:?}");
    }
    for (path, english, portuguese) in [
        ("/exports/x", "There is no such file.\n", "Esse arquivo não existe.\n"),
        (
            "/nothing",
            "There is nothing here. The API is at /graphql.\n",
            "Não há nada aqui. A API está em /graphql.\n",
        ),
    ] {
        let text = async |language: &str| {
            let request = client.get(world.url(path)).header("accept-language", language);
            request.send().await.unwrap().text().await.unwrap()
        };
        assert_eq!(text("en").await, english);
        assert_eq!(text("pt-BR").await, portuguese);
    }
    // for programs, in the letters that a header has
    let request = client.post(&graphql).bearer_auth("late").header("accept-language", "pt");
    let refused = request.json(&json!({ "query": "{ __typename }" })).send().await.unwrap();
    let challenge = refused.headers()["www-authenticate"].to_str().unwrap();
    assert!(challenge.contains("the access token has expired"), "{challenge}");
}

#[tokio::test]
async fn event_streams_tell_it_so() {
    let world = World::start(&[]).await;
    let request = Client::new().post(world.url("/graphql")).header("accept", "text/event-stream");
    let request = request.header("accept-language", "pt-BR").json(&json!({ "query": "{ nothing }" }));
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["content-language"], "pt-BR");
    let text = response.text().await.unwrap();
    assert!(text.contains("Campo desconhecido \\\"nothing\\\" no tipo \\\"Query\\\""), "{text}");
}

#[tokio::test]
async fn sockets_speak_the_language_of_their_upgrade_or_of_their_introduction() {
    let world = World::start(&[]).await;
    let protocol = ("sec-websocket-protocol", "graphql-transport-ws");
    for (headers, payload) in [
        (vec![protocol, ("accept-language", "pt-BR")], json!({})),
        (vec![protocol], json!({ "acceptLanguage": "pt" })),
        (
            vec![protocol, ("accept-language", "en")],
            json!({ "acceptLanguage": "pt", "authorization": "Bearer ada" }),
        ),
    ] {
        let mut client = socket::Client::with(&world, &headers).await.unwrap();
        client.say(json!({ "type": "connection_init", "payload": payload })).await;
        assert_eq!(client.hear().await["type"], "connection_ack");
        client.subscribe("1", "{ nothing }").await;
        let error = client.hear().await;
        assert_eq!(
            error["payload"][0]["message"], "Campo desconhecido \"nothing\" no tipo \"Query\".",
            "{error}"
        );
        assert_eq!(error["payload"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED");
        client.say(json!({ "type": "ping", "payload": { "authorization": "Bearer late" } })).await;
        assert_eq!(client.end().await, (4403, "Forbidden: o token de acesso expirou".to_owned()));
    }
    let mut client = socket::Client::with(&world, &[protocol, ("accept-language", "pt")]).await.unwrap();
    client.say(json!({ "type": "start" })).await;
    let reason = "Invalid message: `type` é `start`, que clientes não enviam";
    assert_eq!(client.end().await, (4400, reason.to_owned()));
}
