//! How a server ends.
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use reqwest::Client;
use serde_json::json;
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Message, client::IntoClientRequest, http::HeaderValue},
};

use super::World;

#[tokio::test]
async fn sockets_and_streams_are_told_to_come_back_and_requests_finish() {
    let world = World::start(&[("PORTICO_REQUEST_TIMEOUT_MS", "700")]).await;
    let mut request = format!("ws://{}/graphql", world.server.address()).into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static("graphql-transport-ws"));
    let (mut socket, _) = connect_async(request).await.unwrap();
    socket.send(Message::text(r#"{"type":"connection_init"}"#)).await.unwrap();
    socket.next().await.unwrap().unwrap();
    let post = |query: &str| {
        let request = Client::new().post(world.url("/graphql")).bearer_auth("ada");
        request.json(&json!({ "query": query }))
    };
    let waits = "subscription { recordEvents(types: [\"Deal\"]) { __typename } }";
    let stream = post(waits).header("accept", "text/event-stream").send().await.unwrap();
    let slow = "{ node(id: \"deal_01jd3vf1x0e8k9m2n3p4q5r6s7\") { id } }";
    let slow = tokio::spawn(post(slow).send());
    tokio::time::sleep(Duration::from_millis(200)).await;

    let begun = Instant::now();
    let url = world.url("/healthz");
    let stopping = tokio::spawn(world.server.stop());
    let Message::Close(Some(frame)) = socket.next().await.unwrap().unwrap() else { panic!() };
    assert_eq!(u16::from(frame.code), 1012);
    drop(socket.close(None).await);
    // the stream ends without `complete`: its client comes back, and knows when
    let told = stream.text().await.unwrap();
    assert!(told.ends_with(": the server restarts\nretry: 1000\n\n") && !told.contains("complete"), "{told}");
    // the request that ran is answered
    assert!(slow.await.unwrap().unwrap().text().await.unwrap().contains("TIMEOUT"));
    stopping.await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    assert!(Client::new().get(url).send().await.is_err());
}

#[tokio::test]
async fn what_does_not_end_is_cut_after_the_grace_period() {
    let world = World::start(&[("PORTICO_SHUTDOWN_GRACE_MS", "300")]).await;
    let slow = Client::new().post(world.url("/graphql")).bearer_auth("ada");
    let slow = slow.json(&json!({ "query": "{ node(id: \"deal_01jd3vf1x0e8k9m2n3p4q5r6s7\") { id } }" }));
    let slow = tokio::spawn(slow.send());
    tokio::time::sleep(Duration::from_millis(200)).await;
    let begun = Instant::now();
    world.server.stop().await;
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert!(slow.await.unwrap().is_err());
}
