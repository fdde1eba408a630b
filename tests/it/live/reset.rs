//! What a stream cannot tell any more: it says so, and begins anew.
use diesel::{
    sql_query,
    sql_types::{Integer, Text, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use futures_util::StreamExt;
use portico::store::{clock, events::Position};
use serde_json::json;
use uuid::Uuid;

use super::{
    LISTENS,
    client::{Events, FOLLOW, Socket},
    house::{House, token},
    town, until,
};
use crate::world::city::Town;

/// What a cursor looks like that was given at another time, or by another database.
fn cursor(transaction: i64, hours_ago: i64) -> String {
    let at = clock::now() - chrono::Duration::hours(hours_ago);
    Position { transaction, id: Uuid::max(), at }.write()
}

#[tokio::test]
async fn a_cursor_that_is_too_old_begins_anew() {
    let (_town, ann, house) = town().await;
    let token = token(&ann);
    let old = cursor(1, 2);
    let mut socket = Socket::follow(&house, &token, "Message", Some(&old)).await;
    let reset = socket.event().await;
    assert_eq!((&reset["__typename"], &reset["reason"]), (&json!("StreamReset"), &json!("CURSOR_EXPIRED")));
    let mut stream = Events::follow(&house, &token, "Message", Some(&old)).await;
    assert_eq!(stream.event().await.0["reason"], "CURSOR_EXPIRED");

    // the stream goes on from its new place, which a client can come back to
    house.speak(&token, "anew").await;
    let told = socket.event().await;
    assert_eq!(told["__typename"], "RecordCreated");
    assert_eq!(stream.event().await.0, told);
    let mut again = Socket::follow(&house, &token, "Message", reset["cursor"].as_str()).await;
    assert_eq!(again.event().await["replayed"], true);
    assert_eq!(again.event().await, told);
}

/// A database that was put back from a copy counts its transactions from an earlier number.
#[tokio::test]
async fn a_cursor_of_another_database_begins_anew() {
    let (_town, ann, house) = town().await;
    let ahead = cursor(1 << 60, 0);
    let mut socket = Socket::follow(&house, &token(&ann), "Message", Some(&ahead)).await;
    assert_eq!(socket.event().await["reason"], "CURSOR_EXPIRED");
    let mut socket = Socket::follow(&house, &token(&ann), "Message", Some("nonsense")).await;
    let refused = socket.hear().await;
    assert_eq!(refused["type"], "error");
    assert_eq!(refused["payload"][0]["extensions"]["code"], "INVALID_CURSOR");
}

/// Writes so many events at once about records of this type.
async fn flood(town: &Town, of: &str, count: i32) {
    let events = "INSERT INTO ops.events (organization_id, id, topic, subject_type, subject_id, kind)
        SELECT $1, ops.uuid_v7(), $3, $3, ops.uuid_v7(), lower($3) || '.created' FROM generate_series(1, $2)";
    let events = sql_query(events).bind::<SqlUuid, _>(town.organization).bind::<Integer, _>(count);
    let events = events.bind::<Text, _>(of);
    events.execute(&mut town.owner().await).await.unwrap();
}

/// A client that takes nothing is one whose transport asks for nothing.
#[tokio::test]
async fn a_client_that_falls_too_far_behind_begins_anew() {
    const FLOOD: i32 = 20_500;
    let town = Town::found().await;
    let ann = town.person("Ann", LISTENS).await;
    let house = House::open(&town).await;
    let follow = || house.stream(ann.caller.clone(), FOLLOW, json!({ "types": ["Message"] }));
    let (mut quick, mut slow) = (follow(), follow());
    for stream in [&mut quick, &mut slow] {
        assert_eq!(stream.next().await.unwrap()["data"]["recordEvents"]["__typename"], "StreamOpened");
    }
    flood(&town, "Message", 1000).await;
    // who is a little behind is told everything
    for _ in 0..1000 {
        assert_eq!(quick.next().await.unwrap()["data"]["recordEvents"]["__typename"], "RecordCreated");
    }
    drop(quick);
    flood(&town, "Message", FLOOD).await;
    let feed = house.hub.feed(town.organization).await.unwrap();
    until("the feed has read the flood", async || {
        feed.head().count >= 1000 + u64::from(FLOOD.unsigned_abs())
    })
    .await;

    let reset = slow.next().await.unwrap()["data"]["recordEvents"].clone();
    assert_eq!((&reset["__typename"], &reset["reason"]), (&json!("StreamReset"), &json!("CLIENT_TOO_SLOW")));
    house.speak(&token(&ann), "after the flood").await;
    let told = slow.next().await.unwrap()["data"]["recordEvents"].clone();
    assert!(told["record"]["id"].is_string(), "{told}");
}

/// However much happens that does not concern a subscriber: it is not woken, falls behind nothing, and where it leaves
/// off is where the organization stands.
#[tokio::test]
async fn what_does_not_concern_a_subscriber_leaves_it_where_it_is() {
    const FLOOD: i32 = 20_500;
    let town = Town::found().await;
    let ann = town.person("Ann", LISTENS).await;
    let house = House::open(&town).await;
    let mut stream = house.stream(ann.caller.clone(), FOLLOW, json!({ "types": ["Message"] }));
    let opened = stream.next().await.unwrap();
    // a client that listens all the time
    let (tell, mut heard) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(event) = stream.next().await {
            tell.send(event).unwrap();
        }
    });
    flood(&town, "Deal", FLOOD).await;
    let feed = house.hub.feed(town.organization).await.unwrap();
    until("the feed has read the flood", async || feed.head().count >= u64::from(FLOOD.unsigned_abs())).await;
    house.speak(&token(&ann), "after the flood").await;
    let told = heard.recv().await.unwrap();
    assert_eq!(told["data"]["recordEvents"]["__typename"], "RecordCreated");

    let place = |event: &serde_json::Value| {
        Position::read(event["data"]["recordEvents"]["cursor"].as_str().unwrap()).unwrap()
    };
    flood(&town, "Deal", 10).await;
    until("the feed has read more", async || feed.head().at > place(&told)).await;
    let revoke =
        "UPDATE identity.memberships SET status = 'suspended' WHERE organization_id = $1 AND user_id = $2";
    let revoke = sql_query(revoke).bind::<SqlUuid, _>(town.organization).bind::<SqlUuid, _>(ann.user);
    revoke.execute(&mut town.owner().await).await.unwrap();
    let farewell = heard.recv().await.unwrap();
    assert_eq!(farewell["data"]["recordEvents"]["__typename"], "AccessRevoked");
    assert!(place(&opened) < place(&told) && place(&told) < place(&farewell), "{told} {farewell}");
}
