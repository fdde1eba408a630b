//! An access token that ends, and one that is renewed in time.
use serde_json::json;

use super::{
    client::{Events, Socket},
    house::token,
    town, until,
};

const EXPIRED: &str = "Forbidden: the access token has expired";

#[tokio::test]
async fn what_is_open_ends_with_its_token_and_can_be_taken_up() {
    let (_town, ann, house) = town().await;
    let (token, soon) = (token(&ann), format!("soon.{}", token(&ann)));
    let mut socket = Socket::follow(&house, &soon, "Conversation", None).await;
    let opened = socket.event().await;
    let mut idle = Socket::open(&house, &soon).await;
    let mut stream = Events::follow(&house, &soon, "Conversation", None).await;
    stream.event().await;
    assert_eq!(socket.end().await, (4403, EXPIRED.to_owned()));
    assert_eq!(idle.end().await, (4403, EXPIRED.to_owned()));
    // the stream ends without `complete`: its client comes back
    assert_eq!(stream.block().await.unwrap(), ": the access token has expired");
    assert_eq!(stream.block().await, None);

    house.speak(&token, "meanwhile").await;
    let mut socket = Socket::follow(&house, &token, "Conversation", opened["cursor"].as_str()).await;
    assert_eq!(socket.event().await["replayed"], true);
    assert_eq!(socket.event().await["record"]["title"], "Live");
}

#[tokio::test]
async fn a_subscription_goes_on_with_a_renewed_token() {
    let (_town, ann, house) = town().await;
    let (token, soon) = (token(&ann), format!("soon.{}", token(&ann)));
    let mut socket = Socket::follow(&house, &soon, "Conversation", None).await;
    socket.event().await;
    let ended = std::time::Instant::now() + super::house::SOON;
    socket.say(json!({ "type": "ping", "payload": { "authorization": format!("Bearer {token}") } })).await;
    assert_eq!(socket.hear().await["type"], "pong");
    until("the first token has ended", async || std::time::Instant::now() > ended).await;
    house.speak(&token, "with the new one").await;
    assert_eq!(socket.event().await["record"]["title"], "Live");
}
