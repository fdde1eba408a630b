//! The way to PostgreSQL, when too many want through.
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_graphql::Value;
use portico::graph::fault::{Code, Fault};
use portico::store::door::{Caller, Door, DoorSettings};
use portico::store::error::Error;

use crate::world::postgres;

#[tokio::test]
async fn who_finds_no_connection_in_time_is_told_to_come_back() {
    let door = Door::new(&DoorSettings {
        url: postgres::shared().await.app_url,
        pool_size: 1,
        statement_timeout: Duration::from_secs(20),
        pool_wait: Duration::from_millis(50),
    })
    .unwrap();
    let caller = Arc::new(Caller { request: "test".to_owned(), ..Caller::default() });
    let taken = door.write(caller.clone()).await.unwrap();
    let asked = Instant::now();
    let busy = door.write(caller.clone()).await.err().unwrap();
    assert!(matches!(busy, Error::Busy), "{busy}");
    assert!(asked.elapsed() < Duration::from_secs(2), "the setting is obeyed: {:?}", asked.elapsed());

    let fault = Fault::from(busy);
    assert_eq!(fault.code, Code::Unavailable);
    assert_eq!(fault.details, [("retryAfterMs", Value::from(1000))]);
    taken.roll_back().await;
    assert!(door.write(caller).await.is_ok(), "there is one again");
}
