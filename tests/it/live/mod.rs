//! Live updates from end to end: real servers, sockets and event streams, and the outbox of a real PostgreSQL.
pub mod client;
mod cut;
mod forget;
mod house;
mod late;
mod reset;
mod revoked;
mod token;

use std::time::Duration;

use serde_json::Value;
use uuid::Uuid;

use self::{client::Socket, house::House};
use crate::world::city::{Person, Town};

/// What somebody needs who talks and listens.
const LISTENS: &[&str] = &[
    "event.read",
    "conversation.read",
    "conversation.read_all",
    "conversation.write",
    "message.read",
    "message.write",
    "user.read",
];

/// Everything a test waits for comes within this time, or never.
const PATIENCE: Duration = Duration::from_secs(30);
/// A credential that ends is felt by open connections within this time (B008).
const AT_ONCE: Duration = Duration::from_secs(1);

/// Waits until `is_so`.
async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let waited = tokio::time::timeout(PATIENCE, async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("{what}: not within {PATIENCE:?}"));
}

/// A town with somebody who listens, and a process of Portico.
async fn town() -> (Town, Person, House) {
    let town = Town::found().await;
    let ann = town.person("Ann", LISTENS).await;
    let house = House::open(&town).await;
    (town, ann, house)
}

/// What one subscriber was told of messages: the ids of the events, in the order they came.
#[derive(Default)]
struct Record {
    events: Vec<Uuid>,
    /// The place of the last event.
    cursor: Option<String>,
}

impl Record {
    /// Hears one event and writes it down.
    async fn hear(&mut self, socket: &mut Socket) {
        self.write(&socket.event().await);
    }

    fn write(&mut self, event: &Value) {
        match event["__typename"].as_str() {
            Some("StreamOpened") => assert_eq!(event["replayed"], self.cursor.is_some(), "{event}"),
            Some("RecordCreated") => self.events.push(house::event_id(event)),
            _ => panic!("{event}"),
        }
        self.cursor = Some(event["cursor"].as_str().unwrap().to_owned());
    }

    async fn hear_until(&mut self, count: usize, socket: &mut Socket) {
        while self.events.len() < count {
            self.hear(socket).await;
        }
    }

    /// That it is all that was committed, once each, in the order of the log; and that nothing follows but `last`.
    async fn proves_complete(mut self, town: &Town, house: &House, token: &str, socket: &mut Socket) {
        let last: Value = house.speak(token, "the last word").await;
        self.hear(socket).await;
        let told = house::messages(town).await;
        assert_eq!(self.events.len(), told.len(), "{last}");
        assert_eq!(self.events, told);
    }
}
