//! Whatever is cut off, the subscriber's record is complete: nothing lost, nothing twice, in the order of the log.
use diesel::{
    QueryableByName, sql_query,
    sql_types::{Array, Integer},
};
use diesel_async::RunQueryDsl;

use super::{
    LISTENS, Record,
    client::{Events, Socket},
    house::{House, messages, token},
    town, until,
};
use crate::world::{city::Town, postgres};

#[tokio::test]
async fn a_socket_that_is_cut_is_taken_up_where_it_was() {
    let (town, ann, house) = town().await;
    let token = token(&ann);
    let mut record = Record::default();
    let mut socket = Socket::follow(&house, &token, "Message", None).await;
    record.hear(&mut socket).await;
    let listening = async {
        for cut in 1..=4 {
            record.hear_until(cut * 15, &mut socket).await;
            // the old connection breaks in the midst of what it is being told
            socket = Socket::follow(&house, &token, "Message", record.cursor.as_deref()).await;
        }
        record.hear_until(90, &mut socket).await;
    };
    futures_util::join!(listening, house.chatter(&token, 3, 30));
    record.proves_complete(&town, &house, &token, &mut socket).await;
}

#[tokio::test]
async fn an_event_stream_that_is_cut_is_taken_up_after_its_last_event() {
    let (town, ann, house) = town().await;
    let token = token(&ann);
    let mut stream = Events::follow(&house, &token, "Message", None).await;
    let (opened, mut last) = stream.event().await;
    assert_eq!(opened["__typename"], "StreamOpened");
    assert_eq!(opened["cursor"], last);
    let mut told = Vec::new();
    let listening = async {
        while told.len() < 40 {
            let (event, id) = stream.event().await;
            assert_eq!(event["cursor"], id);
            last = id;
            if event["__typename"] == "StreamOpened" {
                continue;
            }
            told.push(super::house::event_id(&event));
            if told.len() % 10 == 3 {
                stream = Events::follow(&house, &token, "Message", Some(&last)).await;
            }
        }
    };
    futures_util::join!(listening, house.chatter(&token, 2, 20));
    assert_eq!(told, messages(&town).await);
}

#[tokio::test]
async fn a_server_that_starts_again_tells_what_happened_meanwhile() {
    let (town, ann, mut house) = town().await;
    let token = token(&ann);
    let elsewhere = House::open(&town).await;
    let mut record = Record::default();
    let mut socket = Socket::follow(&house, &token, "Message", None).await;
    record.hear(&mut socket).await;
    let listening = async {
        for start in 1..=2 {
            record.hear_until(start * 10, &mut socket).await;
            let stopping = house.close();
            let leaving = async {
                // what was on its way still comes
                loop {
                    match socket.try_event().await {
                        Ok(event) => record.write(&event),
                        Err(code) => break code,
                    }
                }
            };
            let (code, ()) = futures_util::join!(leaving, stopping);
            assert_eq!(code, 1012);
            let heard = record.events.len();
            let missed = async || messages(&town).await.len() > heard;
            until("something happens while nobody listens", missed).await;
            house = House::open(&town).await;
            socket = Socket::follow(&house, &token, "Message", record.cursor.as_deref()).await;
        }
        record.hear_until(400, &mut socket).await;
        house
    };
    let (house, ()) = futures_util::join!(listening, elsewhere.chatter(&token, 2, 200));
    record.proves_complete(&town, &house, &token, &mut socket).await;
}

#[derive(QueryableByName, PartialEq, Clone)]
struct Backends {
    #[diesel(sql_type = Array<Integer>)]
    pids: Vec<i32>,
}

/// The connections of PostgreSQL that listen for wake-ups.
async fn listeners(town: &Town, act: &str) -> Vec<i32> {
    let question = format!(
        "SELECT coalesce(array_agg(pid ORDER BY pid), '{{}}') AS pids FROM (
           SELECT pid, {act} FROM pg_stat_activity
           WHERE datname = current_database() AND query LIKE 'LISTEN %') AS listening"
    );
    let backends: Backends = sql_query(question).get_result(&mut town.owner().await).await.unwrap();
    backends.pids
}

#[tokio::test]
async fn a_listener_that_postgresql_loses_is_nothing_to_the_client() {
    let town = Town::found_in(postgres::fresh().await).await;
    let ann = town.person("Ann", LISTENS).await;
    let (house, elsewhere) = (House::open(&town).await, House::open(&town).await);
    let token = token(&ann);
    until("both listen", async || listeners(&town, "true").await.len() == 2).await;
    let mut record = Record::default();
    let mut socket = Socket::follow(&house, &token, "Message", None).await;
    record.hear(&mut socket).await;
    let listening = async {
        for kill in 1..=3 {
            record.hear_until(kill * 15, &mut socket).await;
            let killed = listeners(&town, "pg_terminate_backend(pid)").await;
            until("both listen again", async || {
                let now = listeners(&town, "true").await;
                now.len() == 2 && now.iter().all(|pid| !killed.contains(pid))
            })
            .await;
        }
        record.hear_until(200, &mut socket).await;
    };
    futures_util::join!(listening, elsewhere.chatter(&token, 2, 100));
    record.proves_complete(&town, &elsewhere, &token, &mut socket).await;
}
