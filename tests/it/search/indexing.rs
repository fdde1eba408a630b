//! The index of messages: servers that write it together, are killed, and come late; and the command that completes it.
use std::time::Duration;

use diesel::{QueryableByName, sql_query, sql_types::BigInt};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use portico::{
    live::index_messages::Indexer,
    store::message_words::{self, Done},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::messages::{TALKS, say, start};
use crate::{
    command::portico,
    world::{city::Town, postgres},
};

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

pub(super) async fn count(town: &Town, from: &str, condition: &str) -> i64 {
    let word = if from.contains(" WHERE ") { "AND" } else { "WHERE" };
    let count = format!("SELECT count(*) AS count FROM {from} {word} {condition}");
    sql_query(count).get_result::<Count>(&mut town.owner().await).await.unwrap().count
}

/// How many messages of the town have words, of those that meet the condition.
pub(super) async fn written(town: &Town, condition: &str) -> i64 {
    count(town, &format!("ops.message_words WHERE organization_id = '{}'", town.organization), condition)
        .await
}

/// Of how many messages it is said in the town's conversations.
async fn said(town: &Town) -> i64 {
    count(town, &format!("chat.messages WHERE organization_id = '{}'", town.organization), "true").await
}

/// Waits until everything is indexed that was said in the town: another test may hold it back.
pub(super) async fn indexed(town: &Town) {
    loop {
        message_words::append(&town.door(), town.organization, Duration::from_secs(5)).await.unwrap();
        let older =
            message_words::fill(&town.door(), town.organization, Duration::from_secs(5)).await.unwrap();
        if older.finished && written(town, "true").await == said(town).await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

impl Town {
    /// The id of a record as the database has it.
    pub fn uuid(&self, id: &Value) -> Uuid {
        portico::store::id::split(id.as_str().unwrap()).unwrap().1
    }
}

#[tokio::test]
async fn several_servers_index_each_message_once_and_lose_none() {
    let town = Town::found_in(postgres::fresh().await).await;
    let ann = town.person("Ann", TALKS).await;
    let talk = start(&ann, "Plans").await;
    let mut servers: Vec<Indexer> = (0..3).map(|_| Indexer::default()).collect();
    let mut total = 0;
    for round in 0..5 {
        let talking = async {
            for number in 0..10 {
                say(&ann, &talk, &format!("barnacle {round} {number}")).await;
            }
        };
        let door = town.door();
        let mut passes = servers.iter_mut();
        let (one, two, three) = (passes.next().unwrap(), passes.next().unwrap(), passes.next().unwrap());
        let ((), one, two, three) =
            tokio::join!(talking, one.pass(&door), two.pass(&door), three.pass(&door));
        total += one.unwrap() + two.unwrap() + three.unwrap();
    }
    // whatever else the database does may hold some of it back for a moment
    while written(&town, "true").await < 50 {
        total += servers[1].pass(&town.door()).await.unwrap();
    }
    assert_eq!((total, written(&town, "true").await), (50, 50), "each was looked at by one of them");
    for server in &mut servers {
        assert_eq!(server.pass(&town.door()).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn who_is_killed_is_followed_by_another_where_it_stood() {
    let town = Town::found_in(postgres::fresh().await).await;
    let ann = town.person("Ann", TALKS).await;
    let talk = start(&ann, "Plans").await;
    say(&ann, &talk, "First").await;
    indexed(&town).await;
    say(&ann, &talk, "Second").await;
    say(&ann, &talk, "Third").await;
    let mut killed = town.owner().await;
    let work = format!(
        "SELECT set_config('app.organization_id', '{}', false); BEGIN; SELECT ops.index_messages('1 minute')",
        town.organization
    );
    killed.batch_execute(&work).await.unwrap();
    drop(killed);
    // a transaction that is still open holds back what commits after it began, and nothing is lost by that
    let mut open = town.owner().await;
    open.batch_execute("BEGIN; SELECT pg_current_xact_id()").await.unwrap();
    say(&ann, &talk, "Fourth").await;
    let mut server = Indexer::default();
    while written(&town, "true").await < 3 {
        server.pass(&town.door()).await.unwrap();
    }
    assert_eq!(written(&town, "true").await, 3);
    open.batch_execute("COMMIT").await.unwrap();
    while written(&town, "true").await < 4 {
        server.pass(&town.door()).await.unwrap();
    }
    // little time: at least one message each time
    for content in ["Fifth", "Sixth"] {
        say(&ann, &talk, content).await;
    }
    let door = town.door();
    let all = Done { indexed: 0, finished: true };
    let step = async || message_words::append(&door, town.organization, Duration::ZERO).await.unwrap();
    for _ in 0..2 {
        // what others have open on this cluster holds it back too
        let mut done = step().await;
        while done == all {
            done = step().await;
        }
        assert_eq!(done, Done { indexed: 1, finished: false });
    }
    assert_eq!(step().await, all);
}

/// A database restored into another cluster, where transactions count anew, and one that was there before the index.
#[tokio::test]
async fn what_was_there_before_is_indexed_piece_by_piece_and_what_comes_does_not_wait_for_it() {
    let town = Town::found_in(postgres::fresh().await).await;
    let ann = town.person("Ann", TALKS).await;
    let talk = start(&ann, "Plans").await;
    for number in 0..4 {
        say(&ann, &talk, &format!("old {number}")).await;
    }
    let lost = format!(
        "INSERT INTO ops.search_progress (organization_id, xact, through) VALUES ('{}', '9000000000000000', '00000000-0000-0000-0000-000000000000');
         SET session_replication_role = replica; DELETE FROM ops.events",
        town.organization
    );
    town.owner().await.batch_execute(&lost).await.unwrap();
    let door = town.door();
    let step = message_words::fill(&door, town.organization, Duration::ZERO).await.unwrap();
    assert_eq!(step, Done { indexed: 1, finished: false });
    say(&ann, &talk, "new").await;
    let mut server = Indexer::default();
    server.pass(&door).await.unwrap();
    assert_eq!(written(&town, "words::text ~ 'new'").await, 1);
    while !message_words::due(&door, 0).await.unwrap().older.is_empty() {
        server.pass(&door).await.unwrap();
    }
    assert_eq!(written(&town, "true").await, 5);
}

#[test]
fn the_command_indexes_what_was_there_before_and_twice_changes_nothing() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (town, ann) = runtime.block_on(async {
        let town = Town::found_in(postgres::fresh().await).await;
        let ann = town.person("Ann", TALKS).await;
        let talk = start(&ann, "An ancient title").await;
        say(&ann, &talk, "An ancient saying").await;
        let gone = say(&ann, &talk, "Gone since").await;
        // as it was before there was an index; and words that outlived what they were of
        let before = format!(
            "DELETE FROM ops.search_entries; INSERT INTO ops.message_words VALUES ('{0}', gen_random_uuid(), 'x'::tsvector);
             INSERT INTO ops.search_progress (organization_id, through) VALUES ('{0}', '00000000-0000-0000-0000-000000000000');
             BEGIN; SET LOCAL app.erasure = 'on'; DELETE FROM chat.messages WHERE id = '{1}'; COMMIT",
            town.organization, town.uuid(&gone)
        );
        town.owner().await.batch_execute(&before).await.unwrap();
        (town, ann)
    });
    let run = |arguments: &[&str], code| {
        let output = portico("search-command")
            .args(arguments)
            .env("DATABASE_URL", &town.database.app_url)
            .env("DATABASE_OWNER_URL", &town.database.owner_url)
            .output()
            .unwrap();
        let said =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{said}");
        said
    };
    let left = run(&["doctor"], 3);
    assert!(left.contains("BAD   search: older messages of 1 organizations are not found"), "{left}");
    assert!(
        run(&["search", "index", "--organization", "nowhere"], 1)
            .contains("There is no organization `nowhere`")
    );
    let slug = format!("town-{}", town.organization.simple());
    let done = run(&["search", "index", "--organization", &slug], 0);
    assert!(done.contains(&format!("{slug}: indexed, 1 messages by this command")), "{done}");
    assert!(run(&["doctor"], 0).contains("ok    search: messages are found by their words"));
    let hits = || {
        runtime.block_on(async {
            let found = ann.get("{ search(query: \"ancient\") { nodes { __typename } } }", json!({})).await;
            let mut types: Vec<String> = found["search"]["nodes"]
                .as_array()
                .unwrap()
                .iter()
                .map(|node| node["__typename"].to_string())
                .collect();
            types.sort();
            (types.join(" "), written(&town, "true").await)
        })
    };
    assert_eq!(hits(), ("\"Conversation\" \"Message\"".to_owned(), 1));
    assert!(run(&["search", "index"], 0).contains(&format!("{slug}: indexed, 0 messages")));
    assert_eq!(hits(), ("\"Conversation\" \"Message\"".to_owned(), 1));
    assert!(run(&["search", "index", "--anew"], 0).contains(&format!("{slug}: indexed, 1 messages")));
    assert_eq!(hits(), ("\"Conversation\" \"Message\"".to_owned(), 1));
}
