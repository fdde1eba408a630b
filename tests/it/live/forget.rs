//! Events that nobody may come back to are deleted, and whoever comes back to before them is told.
use diesel::{QueryableByName, sql_query, sql_types::BigInt, sql_types::Text, sql_types::Uuid as SqlUuid};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use portico::live::forget::forget_due;
use serde_json::json;
use uuid::Uuid;

use super::{
    LISTENS,
    client::Socket,
    house::{House, token},
};
use crate::world::{city::Town, postgres};

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

async fn count(town: &Town) -> i64 {
    let mut owner = town.owner().await;
    let count = sql_query("SELECT count(*) FROM ops.events WHERE organization_id = $1");
    count.bind::<SqlUuid, _>(town.organization).get_result::<Count>(&mut owner).await.unwrap().count
}

/// Writes an event as it was so long ago.
async fn write(town: &Town, age: &str) {
    let event =
        "INSERT INTO ops.events (organization_id, id, topic, subject_type, subject_id, kind, created_at)
        VALUES ($1, $2, 'Deal', 'Deal', $2, 'deal.created', now() - $3::interval)";
    sql_query(event)
        .bind::<SqlUuid, _>(town.organization)
        .bind::<SqlUuid, _>(Uuid::now_v7())
        .bind::<Text, _>(age)
        .execute(&mut town.owner().await)
        .await
        .unwrap();
}

#[tokio::test]
async fn old_events_are_deleted_and_who_comes_back_to_them_begins_anew() {
    let town = Town::found_in(postgres::fresh().await).await;
    let other = Town::found_in(town.database.clone()).await;
    let ann = town.person("Ann", &[LISTENS, &["deal.read"]].concat()).await;
    let house = House::open(&town).await;
    let (token, day) = (token(&ann), chrono::Duration::days(1));
    let mut socket = Socket::follow(&house, &token, "Deal", None).await;
    let before = socket.event().await["cursor"].as_str().unwrap().to_owned();
    write(&town, "50 hours").await;
    write(&other, "50 hours").await;
    for age in ["49 hours", "2 hours", "0"] {
        write(&town, age).await;
    }
    let mut cursors = Vec::new();
    for _ in 0..4 {
        cursors.push(socket.event().await["cursor"].as_str().unwrap().to_owned());
    }

    assert_eq!(forget_due(&house.door, day).await.unwrap(), 3);
    assert_eq!((count(&town).await, count(&other).await), (2, 0));
    assert_eq!(forget_due(&house.door, day).await.unwrap(), 0);

    // its time alone would let this cursor in
    let mut socket = Socket::follow(&house, &token, "Deal", Some(&before)).await;
    let reset = socket.event().await;
    assert_eq!((&reset["__typename"], &reset["reason"]), (&json!("StreamReset"), &json!("CURSOR_EXPIRED")));
    // the last that was deleted is a place like any other: all that came after it is there
    let fresh = |cursor: &str| {
        let place = portico::store::events::Position::read(cursor).unwrap();
        portico::store::events::Position { at: portico::store::clock::now(), ..place }.write()
    };
    let mut socket = Socket::follow(&house, &token, "Deal", Some(&fresh(&cursors[0]))).await;
    assert_eq!(socket.event().await["reason"], "CURSOR_EXPIRED");
    let mut socket = Socket::follow(&house, &token, "Deal", Some(&fresh(&cursors[1]))).await;
    assert_eq!(socket.event().await["replayed"], true);
    for cursor in &cursors[2..] {
        assert_eq!(socket.event().await["cursor"], *cursor);
    }
}

#[tokio::test]
async fn what_is_young_stays_whoever_asks() {
    let town = Town::found_in(postgres::fresh().await).await;
    let house = House::open(&town).await;
    write(&town, "59 minutes").await;
    assert_eq!(forget_due(&house.door, chrono::Duration::zero()).await.unwrap(), 0);
    let refused = town.owner().await.batch_execute("DELETE FROM ops.events").await;
    assert!(refused.unwrap_err().to_string().contains("fact"));

    // while a transaction runs that may have written something older, nothing after it goes
    let mut slow = town.owner().await;
    slow.batch_execute("BEGIN; SELECT pg_current_xact_id()").await.unwrap();
    write(&town, "50 hours").await;
    assert_eq!(forget_due(&house.door, chrono::Duration::days(1)).await.unwrap(), 0);
    slow.batch_execute("COMMIT").await.unwrap();
}
