//! The log of a server: one line for each operation, and nothing in it that somebody has sent or stored.
use std::{
    io::{BufRead, BufReader, Read},
    process::Stdio,
    time::{Duration, Instant},
};

use futures_util::{SinkExt, StreamExt};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Message, client::IntoClientRequest, http::HeaderValue},
};

use super::{market, token};
use crate::command::{Server, portico};

/// What must not be found anywhere.
const SECRETS: [&str; 8] = [
    "hunter2-password",
    "ptk_hunter2apikey",
    "hunter2.bearer.token",
    "hunter2@mail.example",
    "hunter2-variable",
    "hunter2-literal",
    "hunter2-malformed",
    "hunter2-place",
];

#[tokio::test(flavor = "multi_thread")]
async fn one_line_per_operation_and_no_secret_in_any() {
    let (town, ann, deal) = market().await;
    let mut server = Server(
        portico("telemetry-log")
            .arg("serve")
            .env("DATABASE_URL", &town.database.app_url)
            .env("DATABASE_OWNER_URL", &town.database.owner_url)
            .env("PORTICO_SECRET", "\u{7}".repeat(32))
            .env("PORTICO_DEMO", "false")
            .env("PORTICO_LOG", "trace")
            .env("PORTICO_LOG_FORMAT", "json")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let mut stdout = BufReader::new(server.0.stdout.take().unwrap());
    let mut stderr = server.0.stderr.take().unwrap();
    let log = std::thread::spawn(move || {
        let mut log = String::new();
        stderr.read_to_string(&mut log).unwrap();
        log
    });
    let mut said = String::new();
    let address = loop {
        let before = said.len();
        assert!(stdout.read_line(&mut said).unwrap() > 0, "{said}");
        if let Some((_, address)) = said[before..].split_once("API         http://") {
            break address.split('/').next().unwrap().to_owned();
        }
    };
    let url = format!("http://{address}");
    let post = |body: String| {
        let request = Client::new().post(format!("{url}/graphql")).header("content-type", "application/json");
        request.body(body)
    };
    let ask = async |query: &str, variables: Value| {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let request = post(body)
            .bearer_auth(token(&ann))
            .header("x-request-id", "known-1")
            .header("traceparent", trace);
        request.send().await.unwrap().json::<Value>().await.unwrap()
    };

    // what is right, what is refused, and what is nonsense
    let rename = "mutation Rename($input: DealUpdateInput!) { dealUpdate(input: $input) { deal { name } userErrors { code } } }";
    let renamed = ask(rename, json!({ "input": { "id": deal["id"], "name": "hunter2-variable" } })).await;
    assert_eq!(renamed["data"]["dealUpdate"]["deal"]["name"], "hunter2-variable", "{renamed:#}");
    ask("{ deals(filter: { name: { contains: \"hunter2-literal\" } }) { nodes { name } } }", json!({})).await;
    let sign_in = "mutation($input: SignInInput!) { signIn(input: $input) { userErrors { code } } }";
    ask(sign_in, json!({ "input": { "email": "hunter2@mail.example", "password": "hunter2-password" } }))
        .await;
    ask(
        rename,
        json!({ "input": { "id": "hunter2-malformed", "hunter2-malformed": { "a": "hunter2-variable" } } }),
    )
    .await;
    ask("{ deal(id: \"hunter2-malformed\") { id } }", json!({})).await;
    ask("{ deals(first: \"hunter2-malformed\") { hunter2 } }", json!({})).await;
    for body in [
        "{\"query\": \"hunter2-malformed",
        "[\"hunter2-malformed\"]",
        "{\"query\":\"{ a(b: \\\"hunter2-malformed\"}",
    ] {
        post(body.to_owned()).bearer_auth(token(&ann)).send().await.unwrap();
    }
    let named = json!({ "query": "{ __typename }", "operationName": "hunter2-malformed" }).to_string();
    post(named).send().await.unwrap();
    for credential in ["hunter2.bearer.token", "ptk_hunter2apikey"] {
        post("{\"query\":\"{ __typename }\"}".to_owned()).bearer_auth(credential).send().await.unwrap();
        let scim = Client::new().post(format!("{url}/scim/v2/Users/hunter2-place")).bearer_auth(credential);
        scim.header("content-type", "application/json")
            .body("{\"userName\":\"hunter2@mail.example\"}")
            .send()
            .await
            .unwrap();
    }
    for path in [
        "/hunter2-place",
        "/graphql?query={hunter2-place",
        "/scim/v2/hunter2-place?filter=hunter2-place",
        "/playground/hunter2-place",
    ] {
        Client::new()
            .get(format!("{url}{path}"))
            .header("traceparent", "hunter2-malformed")
            .send()
            .await
            .unwrap();
    }
    let odd = Method::from_bytes(b"HUNTER2").unwrap();
    Client::new()
        .request(odd, format!("{url}/graphql"))
        .header("user-agent", "hunter2-place")
        .send()
        .await
        .unwrap();
    for init in [
        json!({ "type": "connection_init", "payload": { "token": token(&ann), "note": "hunter2-variable" } }),
        json!({ "type": "connection_init", "payload": { "authorization": "Bearer hunter2.bearer.token" } }),
        json!({ "type": "hunter2-malformed" }),
    ] {
        let mut request = format!("ws://{address}/graphql").into_client_request().unwrap();
        request
            .headers_mut()
            .insert("sec-websocket-protocol", HeaderValue::from_static("graphql-transport-ws"));
        let (mut socket, _) = connect_async(request).await.unwrap();
        let query = "query($name: String!) { deals(filter: { name: { eq: $name } }) { nodes { id } } }";
        let payload = json!({ "query": query, "variables": { "name": "hunter2-variable" } });
        for message in [init, json!({ "type": "subscribe", "id": "hunter2-place", "payload": payload })] {
            drop(socket.send(Message::text(message.to_string())).await);
        }
        let until = Instant::now() + Duration::from_secs(5);
        while let Ok(Some(Ok(message))) = tokio::time::timeout_at(until.into(), socket.next()).await {
            if message.is_close() || message.to_text().is_ok_and(|text| text.contains("complete")) {
                break;
            }
        }
    }
    let events = post(
        json!({ "query": "subscription { recordEvents(types: [\"hunter2-literal\"]) { __typename } }" })
            .to_string(),
    );
    drop(events.bearer_auth(token(&ann)).header("accept", "text/event-stream").send().await.unwrap());

    let stopped = std::process::Command::new("kill").args(["-TERM", &server.0.id().to_string()]).status();
    assert!(stopped.unwrap().success());
    let log = tokio::task::spawn_blocking(move || log.join().unwrap()).await.unwrap();
    stdout.read_to_string(&mut said).unwrap();
    let all = said + &log;
    for secret in SECRETS {
        let found: Vec<&str> = all.lines().filter(|line| line.contains(secret)).collect();
        assert!(found.is_empty(), "{secret}: {found:#?}");
    }
    assert!(!all.to_lowercase().contains("hunter2") && !all.contains(&token(&ann)));

    // each line is JSON by itself, and of an operation there is one
    let lines =
        log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("{line}")));
    let operations: Vec<Value> = lines.filter(|line| line["target"] == "portico::operation").collect();
    let renamed: Vec<&Value> =
        operations.iter().filter(|line| line["name"] == "Rename" && line["outcome"] == "ok").collect();
    assert_eq!(renamed.len(), 1, "{operations:#?}");
    let line = renamed[0];
    assert_eq!(line["request"], "known-1");
    assert_eq!(line["trace"], "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!((&line["kind"], &line["transport"]), (&json!("mutation"), &json!("http")));
    assert_eq!(line["organization"], town.organization.to_string());
    for number in ["ms", "database_ms", "waiting_ms", "statements", "cost", "actual"] {
        assert!(line[number].is_number(), "{number} in {line:#}");
    }
    for code in ["GRAPHQL_PARSE_FAILED", "UNAUTHENTICATED", "BAD_USER_INPUT"] {
        assert!(
            operations.iter().any(|line| line["code"] == code && line["outcome"] != "ok"),
            "{code}: {operations:#?}"
        );
    }
    for transport in ["http", "websocket", "sse", "scim"] {
        assert!(operations.iter().any(|line| line["transport"] == transport), "{transport}");
    }
}
