//! Event streams, "distinct connections".
use std::time::Duration;

use reqwest::{Client, Response};
use serde_json::json;

use super::{SOON, World};

const WAITS: &str = "subscription { recordEvents(types: [\"Deal\"]) { __typename } }";

async fn stream(world: &World, query: &str, credential: &str) -> Response {
    let request = Client::new().post(world.url("/graphql")).header("accept", "text/event-stream");
    let request = if credential.is_empty() { request } else { request.bearer_auth(credential) };
    request.json(&json!({ "query": query })).send().await.unwrap()
}

#[tokio::test]
async fn one_answer_is_one_event_and_the_end() {
    let world = World::start(&[]).await;
    let response = stream(&world, "{ __typename }", "").await;
    assert_eq!(response.status().as_u16(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream; charset=utf-8");
    assert_eq!(response.headers()["cache-control"], "no-store");
    let expected = "event: next\ndata: {\"data\":{\"__typename\":\"Query\"},\"extensions\":{\"cost\":{\"requested\":1,\"actual\":1,\"limit\":50000}}}\n\nevent: complete\ndata:\n\n";
    assert_eq!(response.text().await.unwrap(), expected);

    let get =
        Client::new().get(world.url("/graphql?query={__typename}")).header("accept", "text/event-stream");
    assert_eq!(get.send().await.unwrap().text().await.unwrap(), expected);
}

#[tokio::test]
async fn a_refused_operation_is_told_as_an_event() {
    let world = World::start(&[]).await;
    let text = stream(&world, "{ nothing }", "").await.text().await.unwrap();
    assert!(
        text.starts_with("event: next\ndata: {\"errors\":[") && text.ends_with("event: complete\ndata:\n\n"),
        "{text}"
    );
    assert!(text.contains("GRAPHQL_VALIDATION_FAILED") && !text.contains("\"data\""), "{text}");
}

#[tokio::test]
async fn what_is_refused_before_the_stream_is_an_answer_of_http() {
    let world = World::start(&[]).await;
    let refused = stream(&world, "{ __typename }", "late").await;
    assert_eq!(refused.status().as_u16(), 401);
    assert_eq!(refused.headers()["content-type"], "application/json; charset=utf-8");
    let get = Client::new()
        .get(world.url("/graphql?query=mutation{__typename}"))
        .header("accept", "text/event-stream");
    assert_eq!(get.send().await.unwrap().status().as_u16(), 405);
}

#[tokio::test]
async fn a_stream_is_kept_alive_and_ends_with_its_credential() {
    let world = World::start(&[("PORTICO_SOCKET_PING_SECONDS", "1")]).await;
    let begun = std::time::Instant::now();
    let text = stream(&world, WAITS, "soon").await.text().await.unwrap();
    assert!(begun.elapsed().checked_sub(SOON).unwrap_or_default() < Duration::from_secs(1));
    assert!(text.starts_with(":\n\n:\n\n") && text.ends_with(": the access token has expired\n\n"), "{text}");
}
