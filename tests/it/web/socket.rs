//! The subprotocol graphql-transport-ws, case by case.
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest, http::HeaderValue},
};

use super::{SOON, World};

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A subscription that runs: its database never answers.
const WAITS: &str = "subscription { recordEvents(types: [\"Deal\"]) { __typename } }";

pub struct Client(Stream);

impl Client {
    async fn open(world: &World) -> Self {
        Self::with(world, &[("sec-websocket-protocol", "graphql-transport-ws")]).await.unwrap()
    }

    pub async fn with(world: &World, headers: &[(&'static str, &str)]) -> Result<Self, String> {
        let url = format!("ws://{}/graphql", world.server.address());
        let mut request = url.into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, HeaderValue::from_str(value).unwrap());
        }
        connect_async(request).await.map(|(stream, _)| Self(stream)).map_err(|error| error.to_string())
    }

    /// Opened and acknowledged.
    pub async fn introduced(world: &World, payload: Value) -> Self {
        let mut client = Self::open(world).await;
        client.say(json!({ "type": "connection_init", "payload": payload })).await;
        assert_eq!(client.hear().await["type"], "connection_ack");
        client
    }

    pub async fn say(&mut self, message: Value) {
        self.say_text(&message.to_string()).await;
    }

    async fn say_text(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.unwrap();
    }

    pub async fn subscribe(&mut self, id: &str, query: &str) {
        self.say(json!({ "type": "subscribe", "id": id, "payload": { "query": query } })).await;
    }

    /// The next message of the protocol.
    pub async fn hear(&mut self) -> Value {
        loop {
            match self.next().await {
                Some(Message::Text(text)) => return serde_json::from_str(&text).unwrap(),
                Some(Message::Ping(_) | Message::Pong(_)) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    async fn next(&mut self) -> Option<Message> {
        let next = tokio::time::timeout(Duration::from_secs(10), self.0.next()).await;
        next.expect("nothing for ten seconds").map(|message| message.unwrap())
    }

    /// Code and reason of the close frame.
    pub async fn end(&mut self) -> (u16, String) {
        loop {
            match self.next().await {
                Some(Message::Close(Some(frame))) => return (frame.code.into(), frame.reason.to_string()),
                Some(Message::Close(None)) | None => panic!("closed without a code"),
                Some(_) => {}
            }
        }
    }
}

#[tokio::test]
async fn a_client_that_breaks_the_protocol_is_told_how() {
    let world = World::start(&[]).await;
    let subscribe = json!({ "type": "subscribe", "id": "1", "payload": { "query": WAITS } }).to_string();
    let init = r#"{"type":"connection_init"}"#;
    let before: Vec<(&str, u16, &str)> = vec![
        (&subscribe, 4401, "Unauthorized: connection_init comes first"),
        ("{", 4400, "Invalid message: not JSON"),
        ("[]", 4400, "Invalid message: not an object"),
        ("{}", 4400, "Invalid message: `type` is missing"),
        (
            r#"{"type":"start","id":"1"}"#,
            4400,
            "Invalid message: `type` is `start`, which clients do not send",
        ),
        (
            r#"{"type":"connection_ack"}"#,
            4400,
            "Invalid message: `type` is `connection_ack`, which clients do not send",
        ),
        (
            r#"{"type":"next","id":"1","payload":{}}"#,
            4400,
            "Invalid message: `type` is `next`, which clients do not send",
        ),
        (r#"{"type":"connection_init","payload":7}"#, 4400, "Invalid message: `payload` must be an object"),
        (
            r#"{"type":"connection_init","payload":{"authorization":7}}"#,
            4400,
            "Invalid message: `authorization` must be a string",
        ),
        (
            r#"{"type":"connection_init","payload":{"authorization":"Bearer nobody"}}"#,
            4403,
            "Forbidden: the session has ended: sign in again",
        ),
        (
            r#"{"type":"connection_init","payload":{"authorization":"Bearer late"}}"#,
            4403,
            "Forbidden: the access token has expired",
        ),
        (
            r#"{"type":"connection_init","payload":{"authorization":"ada"}}"#,
            4403,
            "Forbidden: authorization must be `Bearer` and an access token or API key",
        ),
        (
            r#"{"type":"connection_init","payload":{"token":"nobody"}}"#,
            4403,
            "Forbidden: the session has ended: sign in again",
        ),
        (
            r#"{"type":"ping","payload":{"authorization":"Bearer ada"}}"#,
            4401,
            "Unauthorized: connection_init comes first",
        ),
    ];
    for (message, code, reason) in before {
        let mut client = Client::open(&world).await;
        client.say_text(message).await;
        assert_eq!(client.end().await, (code, reason.to_owned()), "{message}");
    }
    let after: Vec<(&str, u16, &str)> = vec![
        (init, 4429, "Too many initialisation requests"),
        (
            r#"{"type":"subscribe","payload":{"query":"{ a }"}}"#,
            4400,
            "Invalid message: `id` must be a string that is not empty",
        ),
        (
            r#"{"type":"subscribe","id":"","payload":{"query":"{ a }"}}"#,
            4400,
            "Invalid message: `id` must be a string that is not empty",
        ),
        (
            r#"{"type":"subscribe","id":"1"}"#,
            4400,
            "Invalid message: `payload` must be an object with a `query`",
        ),
        (
            r#"{"type":"subscribe","id":"1","payload":{}}"#,
            4400,
            "Invalid message: `query` is missing: the GraphQL document, as a string",
        ),
        (
            r#"{"type":"subscribe","id":"1","payload":{"query":"{ a }","variables":""}}"#,
            4400,
            "Invalid message: `variables` must be an object, not a string",
        ),
        (r#"{"type":"complete"}"#, 4400, "Invalid message: `id` must be a string that is not empty"),
        (
            r#"{"type":"ping","payload":{"authorization":"Bearer bob"}}"#,
            4403,
            "Forbidden: the new credential is somebody else's",
        ),
        (
            r#"{"type":"ping","payload":{"authorization":"Bearer nobody"}}"#,
            4403,
            "Forbidden: the session has ended: sign in again",
        ),
    ];
    for (message, code, reason) in after {
        let mut client = Client::introduced(&world, json!({ "authorization": "Bearer ada" })).await;
        client.say_text(message).await;
        assert_eq!(client.end().await, (code, reason.to_owned()), "{message}");
    }
    let mut client = Client::open(&world).await;
    client.0.send(Message::binary(vec![1])).await.unwrap();
    assert_eq!(client.end().await.0, 4400);
}

#[tokio::test]
async fn without_the_subprotocol_there_is_no_conversation() {
    let world = World::start(&[]).await;
    let mut client = Client::with(&world, &[]).await.unwrap();
    assert_eq!(client.end().await.0, 4406);
    assert!(Client::with(&world, &[("sec-websocket-protocol", "graphql-ws")]).await.is_err());
    let both = [("sec-websocket-protocol", "graphql-ws, graphql-transport-ws")];
    let mut client = Client::with(&world, &both).await.unwrap();
    client.say(json!({ "type": "connection_init" })).await;
    assert_eq!(client.hear().await, json!({ "type": "connection_ack", "payload": { "expiresAt": null } }));
}

#[tokio::test]
async fn pages_of_unknown_origins_open_no_socket() {
    let world = World::start(&[("PORTICO_CORS_ORIGINS", "https://app.example")]).await;
    let own = format!("http://{}", world.server.address());
    for (origin, opened) in [
        ("https://app.example", true),
        (own.as_str(), true),
        ("https://evil.example", false),
        ("null", false),
    ] {
        let headers = [("sec-websocket-protocol", "graphql-transport-ws"), ("origin", origin)];
        let client = Client::with(&world, &headers).await;
        assert_eq!(client.is_ok(), opened, "{origin}");
        if let Err(error) = client {
            assert!(error.contains("403"), "{error}");
        }
    }
}

#[tokio::test]
async fn who_does_not_introduce_themselves_is_let_go() {
    let world = World::start(&[("PORTICO_SOCKET_INIT_TIMEOUT_MS", "200")]).await;
    let mut silent = Client::open(&world).await;
    assert_eq!(silent.end().await, (4408, "Connection initialisation timeout".to_owned()));
    // a ping is no introduction
    let mut polite = Client::open(&world).await;
    polite.say(json!({ "type": "ping" })).await;
    assert_eq!(polite.hear().await["type"], "pong");
    assert_eq!(polite.end().await.0, 4408);
    let mut introduced = Client::introduced(&world, json!({})).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    introduced.say(json!({ "type": "ping", "payload": { "n": 1 } })).await;
    assert_eq!(introduced.hear().await, json!({ "type": "pong", "payload": { "n": 1 } }));
}

#[tokio::test]
async fn queries_and_mutations_are_answered_too() {
    let world = World::start(&[]).await;
    let mut client = Client::introduced(&world, json!({})).await;
    for (query, data) in [("{ __typename }", "Query"), ("mutation { __typename }", "Mutation")] {
        // an id may be used again once its operation is complete
        client.subscribe("same", query).await;
        let cost = json!({ "requested": 1, "actual": 1, "limit": 50_000 });
        let answer = json!({ "data": { "__typename": data }, "extensions": { "cost": cost } });
        assert_eq!(client.hear().await, json!({ "id": "same", "type": "next", "payload": answer }));
        assert_eq!(client.hear().await, json!({ "id": "same", "type": "complete" }));
    }
}

#[tokio::test]
async fn a_refused_operation_is_an_error_and_the_socket_lives() {
    let world = World::start(&[]).await;
    let mut client = Client::introduced(&world, json!({})).await;
    for (query, code) in [
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("query A { __typename } query B { __typename }", "OPERATION_RESOLUTION_FAILED"),
        ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
    ] {
        client.subscribe("1", query).await;
        let message = client.hear().await;
        assert_eq!((&message["type"], &message["id"]), (&json!("error"), &json!("1")), "{query}: {message}");
        assert_eq!(message["payload"][0]["extensions"]["code"], code, "{query}");
        assert_eq!(message["payload"][0]["extensions"]["requestId"].as_str().unwrap().len(), 36);
    }
    client.subscribe("1", "{ __typename }").await;
    assert_eq!(client.hear().await["type"], "next");
}

#[tokio::test]
async fn a_subscription_has_one_root_field() {
    let world = World::start(&[]).await;
    let mut client = Client::introduced(&world, json!({ "token": "ada" })).await;
    let two = "subscription { a: recordEvents(types: [\"Deal\"]) { __typename } b: recordEvents(types: [\"Deal\"]) { __typename } }";
    client.subscribe("1", two).await;
    let message = client.hear().await;
    assert_eq!(message["type"], "error", "{message}");
}

#[tokio::test]
async fn an_id_is_used_by_one_operation_at_a_time() {
    let world = World::start(&[]).await;
    let mut client = Client::introduced(&world, json!({ "authorization": "Bearer ada" })).await;
    client.subscribe("1", WAITS).await;
    client.say(json!({ "type": "complete", "id": "1" })).await;
    client.say(json!({ "type": "complete", "id": "unknown" })).await;
    client.subscribe("1", WAITS).await;
    client.subscribe("2", "{ __typename }").await;
    assert_eq!(client.hear().await["id"], "2");
    client.subscribe("1", WAITS).await;
    assert_eq!(client.end().await, (4409, "Subscriber for 1 already exists".to_owned()));
}

#[tokio::test]
async fn there_is_a_limit_to_operations_and_to_messages() {
    let settings = [("PORTICO_MAX_SOCKET_OPERATIONS", "2"), ("PORTICO_MAX_BODY_BYTES", "2000")];
    let world = World::start(&settings).await;
    let mut client = Client::introduced(&world, json!({ "authorization": "Bearer ada" })).await;
    client.subscribe("1", WAITS).await;
    client.subscribe("2", WAITS).await;
    client.subscribe("3", WAITS).await;
    let message = client.hear().await;
    assert_eq!((&message["type"], &message["id"]), (&json!("error"), &json!("3")));
    assert_eq!(message["payload"][0]["extensions"]["code"], "RATE_LIMITED");
    client.say(json!({ "type": "complete", "id": "1" })).await;
    client.subscribe("3", "{ __typename }").await;
    assert_eq!(client.hear().await["type"], "next");
    client.subscribe("4", &" ".repeat(3000)).await;
    assert_eq!(client.end().await.0, 1009);
}

/// A connection that is let go of with something unread is reset, and takes along what was said on it.
#[tokio::test]
async fn a_client_that_still_sends_is_told_how_its_socket_ends() {
    let world = World::start(&[("PORTICO_MAX_BODY_BYTES", "2000")]).await;
    for (before, code) in [(None, 1009), (Some("{{{"), 4400)] {
        let client = Client::introduced(&world, json!({})).await;
        let (mut sink, mut stream) = client.0.split();
        let sending = tokio::spawn(async move {
            if let Some(before) = before {
                sink.send(Message::text(before)).await?;
            }
            sink.send(Message::text(" ".repeat(30_000_000))).await
        });
        let told = loop {
            let heard = tokio::time::timeout(Duration::from_secs(10), stream.next()).await.unwrap();
            if let Message::Close(frame) = heard.unwrap().unwrap() {
                break frame.unwrap();
            }
        };
        assert_eq!(u16::from(told.code), code);
        sending.abort();
    }
}

#[tokio::test]
async fn there_is_a_limit_to_sockets() {
    let world = World::start(&[("PORTICO_MAX_SOCKETS", "1")]).await;
    let headers = [("sec-websocket-protocol", "graphql-transport-ws")];
    let first = Client::open(&world).await;
    assert!(Client::with(&world, &headers).await.err().unwrap().contains("503"));
    drop(first);
    let opened = async {
        while Client::with(&world, &headers).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), opened).await.unwrap();
}

#[tokio::test]
async fn a_socket_ends_with_its_credential() {
    let world = World::start(&[]).await;
    let begun = Instant::now();
    let mut client = Client::introduced(&world, json!({ "authorization": "Bearer soon" })).await;
    client.subscribe("1", WAITS).await;
    assert_eq!(client.end().await, (4403, "Forbidden: the access token has expired".to_owned()));
    let late = begun.elapsed().checked_sub(SOON).unwrap_or_default();
    assert!(late < Duration::from_secs(1), "{late:?} after the credential");
}

#[tokio::test]
async fn a_credential_is_renewed_by_a_ping() {
    let world = World::start(&[]).await;
    let mut client = Client::introduced(&world, json!({ "authorization": "Bearer soon" })).await;
    client.say(json!({ "type": "ping", "payload": { "authorization": "Bearer ada" } })).await;
    let pong = client.hear().await;
    assert_eq!(pong["type"], "pong");
    assert!(pong["payload"]["expiresAt"].is_string() && pong["payload"].get("authorization").is_none());
    tokio::time::sleep(SOON + Duration::from_millis(200)).await;
    client.subscribe("1", "{ __typename }").await;
    assert_eq!(client.hear().await["type"], "next");
}

#[tokio::test]
async fn a_silent_client_is_asked_and_then_let_go() {
    let world = World::start(&[("PORTICO_SOCKET_PING_SECONDS", "1")]).await;
    let mut client = Client::introduced(&world, json!({})).await;
    assert_eq!(client.hear().await, json!({ "type": "ping" }));
    client.say(json!({ "type": "pong" })).await;
    assert_eq!(client.hear().await, json!({ "type": "ping" }));
    // a connection on which nobody reads, as of a machine that was switched off
    let deaf = Client::introduced(&world, json!({})).await;
    tokio::time::sleep(Duration::from_millis(3500)).await;
    let mut deaf = deaf;
    assert_eq!(deaf.end().await.0, 1013);
}
