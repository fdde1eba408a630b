//! Transactions that commit in another order than they began, or than their ids say.
use diesel::{sql_query, sql_types::Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use uuid::Uuid;

use super::{
    client::Socket,
    house::{House, event_id, token},
    town,
};

/// Writes the event with this id.
async fn write(connection: &mut AsyncPgConnection, organization: Uuid, id: Uuid) {
    let event = "INSERT INTO ops.events (organization_id, id, topic, subject_type, subject_id, kind)
        VALUES ($1, $2, 'Message', 'Message', $2, 'message.created')";
    let event = sql_query(event).bind::<SqlUuid, _>(organization).bind::<SqlUuid, _>(id);
    event.execute(connection).await.unwrap();
}

/// Says things until one that was said before has been told for certain; gives the ids of `count` events.
async fn told(socket: &mut Socket, count: usize) -> Vec<Uuid> {
    let mut ids = Vec::new();
    while ids.len() < count {
        ids.push(event_id(&socket.event().await));
    }
    ids
}

/// The id is drawn first; the transaction writes only after later ids were committed and told.
#[tokio::test]
async fn an_event_with_a_smaller_id_comes_after_those_that_were_told() {
    let (town, ann, house) = town().await;
    let token = token(&ann);
    let mut socket = Socket::follow(&house, &token, "Message", None).await;
    assert_eq!(socket.event().await["__typename"], "StreamOpened");
    let mut slow = town.owner().await;
    slow.batch_execute("BEGIN; SELECT 1").await.unwrap();
    let early = Uuid::now_v7();
    house.speak(&token, "told first").await;
    let first = told(&mut socket, 1).await;
    assert!(early < first[0]);

    write(&mut slow, town.organization, early).await;
    slow.batch_execute("COMMIT").await.unwrap();
    house.speak(&token, "told last").await;
    let after = told(&mut socket, 2).await;
    assert_eq!(after[0], early);
    // and once only
    assert!(after[1] > first[0] && after[1] != early);
}

/// The transaction writes first and commits last: what was committed meanwhile waits for it.
#[tokio::test]
async fn an_event_of_a_slow_transaction_is_told_before_those_that_overtook_it() {
    let (town, ann, house) = town().await;
    let token = token(&ann);
    let mut socket = Socket::follow(&house, &token, "Message", None).await;
    assert_eq!(socket.event().await["__typename"], "StreamOpened");
    let mut slow = town.owner().await;
    slow.batch_execute("BEGIN").await.unwrap();
    let early = Uuid::now_v7();
    write(&mut slow, town.organization, early).await;
    overtake(&house, &token).await;
    slow.batch_execute("COMMIT").await.unwrap();

    let ids = told(&mut socket, OVERTAKING + 1).await;
    assert_eq!(ids[0], early);
    assert!(ids.is_sorted(), "{ids:?}");
    house.speak(&token, "the last word").await;
    assert!(told(&mut socket, 1).await[0] > ids[OVERTAKING]);
}

const OVERTAKING: usize = 20;

/// Each has the feed look while the slow one is still open.
async fn overtake(house: &House, token: &str) {
    for _ in 0..OVERTAKING {
        house.speak(token, "faster").await;
    }
}
