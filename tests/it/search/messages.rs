//! Messages are found by what they say: by whom, and what of them no more.
use std::time::{Duration, Instant};

use diesel_async::SimpleAsyncConnection;
use portico::{
    live::index_messages::{self, Indexer},
    store::{message_words, partitions},
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::indexing::{count, indexed, written};
use crate::{
    law::statements::heard,
    world::{
        city::{Person, Town},
        postgres,
    },
};

pub(super) const TALKS: &[&str] = &[
    "conversation.read",
    "conversation.write",
    "conversation.delete",
    "conversation.share",
    "message.read",
    "message.write",
    "user.read",
];

pub(super) async fn start(person: &Person, title: &str) -> Value {
    person.do_("conversationCreate", json!({ "title": title }), "conversation { id version }").await["conversation"].clone()
}

pub(super) async fn say(person: &Person, talk: &Value, content: &str) -> Value {
    let input = json!({ "conversationId": talk["id"], "content": content });
    person.do_("messageSend", input, "messageEdge { node { id } }").await["messageEdge"]["node"]["id"].clone()
}

/// What the messages say that are found among all records.
async fn found(person: &Person, words: &str) -> Vec<String> {
    let query = "query($words: String!) { search(query: $words) { nodes { ... on Message { content } } } }";
    let found = person.get(query, json!({ "words": words })).await;
    let nodes = found["search"]["nodes"].as_array().unwrap();
    nodes.iter().filter_map(|node| Some(node["content"].as_str()?.to_owned())).collect()
}

/// The same among those of one conversation, which are counted too.
async fn found_in(person: &Person, talk: &Value, words: &str) -> Vec<String> {
    let query = "query($id: ID!, $words: String!) { conversation(id: $id) {
        messages(search: $words) { nodes { content } totalCount { value } } } }";
    let found =
        person.get(query, json!({ "id": talk["id"], "words": words })).await["conversation"]["messages"]
            .clone();
    let nodes = found["nodes"].as_array().unwrap();
    assert_eq!(found["totalCount"]["value"], nodes.len(), "{words}");
    nodes.iter().map(|node| node["content"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn messages_are_found_by_their_words_the_best_first() {
    let town = Town::found().await;
    let ann = town.person("Ann", TALKS).await;
    let (plans, other) = (start(&ann, "Plans").await, start(&ann, "Other").await);
    for content in ["A boat to São Luís", "boat, boat and boat again", "Nothing of it"] {
        say(&ann, &plans, content).await;
    }
    say(&ann, &other, "The boat of others").await;
    indexed(&town).await;
    assert_eq!(found_in(&ann, &plans, "BOAT").await, ["boat, boat and boat again", "A boat to São Luís"]);
    assert_eq!(found_in(&ann, &plans, "\"boat to\" sao").await, ["A boat to São Luís"]);
    assert_eq!(found_in(&ann, &plans, "boat -again").await, ["A boat to São Luís"]);
    assert_eq!(found_in(&ann, &other, "boat").await, ["The boat of others"]);
    assert_eq!(found(&ann, "boat").await.len(), 3);
    // by another order, beside a filter, and one kind alone
    let query = "query($id: ID!) { conversation(id: $id) { messages(search: \"boat\", orderBy: [{ field: SEQ }], filter: { seq: { lt: 2 } }) {
        nodes { content } } } search(query: \"boat\", types: [MESSAGE]) { edges { fields node { __typename } } } }";
    let answer = ann.get(query, json!({ "id": plans["id"] })).await;
    assert_eq!(answer["conversation"]["messages"]["nodes"], json!([{ "content": "A boat to São Luís" }]));
    assert_eq!(
        answer["search"]["edges"][0],
        json!({ "fields": ["content"], "node": { "__typename": "Message" } })
    );
}

#[tokio::test]
async fn nobody_finds_what_was_said_where_they_were_not() {
    let town = Town::found().await;
    let ann = town.person("Ann", TALKS).await;
    let bob = town.person("Bob", TALKS).await;
    let talk = start(&ann, "Plans").await;
    say(&ann, &talk, "The secret harbour").await;
    indexed(&town).await;
    assert_eq!(found(&ann, "harbour").await, ["The secret harbour"]);
    assert_eq!(found(&bob, "harbour").await, Vec::<String>::new());
    let auditor = town.person("Auditor", &[TALKS, &["conversation.read_all"]].concat()).await;
    assert_eq!(found(&auditor, "harbour").await, ["The secret harbour"]);

    // let in, and put out again
    let input = json!({ "conversationId": talk["id"], "userId": crate::access::id_of(&bob) });
    let share =
        ann.do_("conversationShare", input, "conversationShare { id version }").await["conversationShare"]
            .clone();
    assert_eq!(found(&bob, "harbour").await, ["The secret harbour"]);
    assert_eq!(found_in(&bob, &talk, "harbour").await, ["The secret harbour"]);
    ann.do_("conversationShareRevoke", json!({ "id": share["id"] }), "").await;
    assert_eq!(found(&bob, "harbour").await, Vec::<String>::new());

    // without the permission, nothing; where messages are named, it is said which is missing
    let eve = town.person("Eve", &["conversation.read", "conversation.read_all"]).await;
    assert_eq!(found(&eve, "harbour").await, Vec::<String>::new());
    let named =
        eve.ask("{ search(query: \"harbour\", types: [MESSAGE]) { nodes { id } } }", json!({})).await.body;
    assert_eq!(named["errors"][0]["extensions"]["requires"], json!(["message.read"]), "{named:#}");

    // in another organization, all that may be seen there is not this
    let elsewhere = Town::found().await;
    let stranger = elsewhere.person("Stranger", &[TALKS, &["conversation.read_all"]].concat()).await;
    assert_eq!(found(&stranger, "harbour").await, Vec::<String>::new());

    // what is masked is not searched, by anybody whom that concerns
    let masked = format!(
        "SELECT set_config('app.organization_id', '{0}', false);
         INSERT INTO security.masking_policies (organization_id, id, name, fields, method, priority)
           VALUES ('{0}', gen_random_uuid(), 'Talks', ARRAY['Message.content'], 'redact', 1)",
        town.organization
    );
    town.owner().await.batch_execute(&masked).await.unwrap();
    let carl = town.person("Carl", &[TALKS, &["conversation.read_all"]].concat()).await;
    assert_eq!(found(&carl, "harbour").await, Vec::<String>::new());
    let masked = carl
        .ask(
            "query($id: ID!) { conversation(id: $id) { messages(search: \"harbour\") { nodes { id } } } }",
            json!({ "id": talk["id"] }),
        )
        .await
        .body;
    assert_eq!(masked["errors"][0]["extensions"]["code"], "FORBIDDEN", "{masked:#}");
}

#[tokio::test]
async fn what_was_said_in_a_deleted_conversation_comes_back_with_it() {
    let town = Town::found().await;
    let ann = town.person("Ann", TALKS).await;
    let talk = start(&ann, "Plans").await;
    say(&ann, &talk, "A lighthouse").await;
    indexed(&town).await;
    assert_eq!(found(&ann, "lighthouse").await, ["A lighthouse"]);
    ann.do_("conversationDelete", json!({ "id": talk["id"] }), "").await;
    assert_eq!(found(&ann, "lighthouse").await, Vec::<String>::new());
    ann.do_("conversationRestore", json!({ "id": talk["id"] }), "").await;
    assert_eq!(found(&ann, "lighthouse").await, ["A lighthouse"]);
}

/// Who owns the tables erases what a person said, in whole or in part: from the same transaction on it is not found.
#[tokio::test]
async fn what_is_erased_is_not_found() {
    let town = Town::found().await;
    let ann = town.person("Ann", TALKS).await;
    let talk = start(&ann, "Plans").await;
    let all = ["My name is Zebedee", "My street is Elm", "Later: Zebedee of Elm"];
    let mut ids = Vec::new();
    for content in &all[..2] {
        ids.push(town.uuid(&say(&ann, &talk, content).await));
    }
    indexed(&town).await;
    ids.push(town.uuid(&say(&ann, &talk, all[2]).await));
    assert_eq!((found(&ann, "zebedee").await.len(), found(&ann, "elm").await.len()), (1, 1));
    let erase = format!(
        "BEGIN; SET LOCAL app.organization_id = '{0}'; SET LOCAL app.erasure = 'on';
         UPDATE chat.messages SET content = 'My name is withheld' WHERE organization_id = '{0}' AND id = '{1}';
         UPDATE chat.messages SET content = 'Withheld before it was indexed' WHERE organization_id = '{0}' AND id = '{2}';
         DELETE FROM chat.messages WHERE organization_id = '{0}' AND id = '{3}'; COMMIT",
        town.organization, ids[0], ids[2], ids[1]
    );
    town.owner().await.batch_execute(&erase).await.unwrap();
    for round in 0..2 {
        assert_eq!(found(&ann, "zebedee or elm").await, Vec::<String>::new(), "{round}");
        assert_eq!(found(&ann, "withheld").await.len(), 2, "{round}");
        let left = written(&town, "words::text ~ 'zebedee|elm'").await;
        assert_eq!(left, 0, "nothing of it is left in the index");
        indexed(&town).await;
    }
}

/// What is erased while its words are being written waits for that, and they are gone after it.
#[tokio::test]
async fn what_is_erased_while_it_is_indexed_is_not_found_either() {
    let town = Town::found_in(postgres::fresh().await).await;
    let ann = town.person("Ann", TALKS).await;
    let talk = start(&ann, "Plans").await;
    let id = town.uuid(&say(&ann, &talk, "An oyster").await);
    let enter = format!("SELECT set_config('app.organization_id', '{}', false)", town.organization);
    let (mut writer, mut eraser) = (town.owner().await, town.owner().await);
    writer.batch_execute(&format!("{enter}; BEGIN; SELECT ops.index_messages('1 minute')")).await.unwrap();
    assert_eq!(written(&town, "true").await, 0, "not committed yet");
    let erase = format!("{enter}; SET app.erasure = 'on'; DELETE FROM chat.messages WHERE id = '{id}'");
    let erasing = tokio::spawn(async move { eraser.batch_execute(&erase).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!erasing.is_finished(), "it waits");
    writer.batch_execute("COMMIT").await.unwrap();
    erasing.await.unwrap().unwrap();
    assert_eq!(written(&town, "true").await, 0);
}

#[tokio::test]
async fn a_message_is_found_within_seconds_of_its_commit() {
    let town = Town::found_in(postgres::fresh().await).await;
    let ann = town.person("Ann", TALKS).await;
    let talk = start(&ann, "Plans").await;
    let stop = CancellationToken::new();
    let worker = index_messages::spawn(town.door(), stop.clone());
    let mut slowest = Duration::ZERO;
    for word in ["anchor", "bollard", "capstan"] {
        say(&ann, &talk, word).await;
        let sent = Instant::now();
        while found(&ann, word).await.is_empty() {
            assert!(sent.elapsed() < Duration::from_secs(20), "{word} is never found");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        slowest = slowest.max(sent.elapsed());
    }
    assert!(slowest < Duration::from_secs(8), "{slowest:?}");
    stop.cancel();
    worker.await.unwrap();
}

/// Appending is what is done most. It asks what it asked before there was an index, and writes nothing into that.
#[tokio::test]
async fn appending_a_message_writes_no_words() {
    let town = Town::found_in(postgres::fresh().await).await;
    let ann = town.person("Ann", TALKS).await;
    let talk = start(&ann, "Plans").await;
    // that somebody was here is written down beside it, once a minute: it is over when twice the same is asked
    let asked = async || {
        let (_, mut before) = heard(say(&ann, &talk, "One")).await;
        for _ in 0..20 {
            let (_, now) = heard(say(&ann, &talk, "One")).await;
            if now == before {
                break;
            }
            before = now;
        }
        before
    };
    let with = asked().await;
    assert!(!with.iter().any(|text| text.contains("message_words") || text.contains("search_")), "{with:#?}");
    assert_eq!(count(&town, "ops.message_words", "true").await, 0);
    assert_eq!(count(&town, "ops.search_progress", "true").await, 0);
    let on_insert = "pg_trigger t WHERE t.tgrelid = 'chat.messages'::regclass AND NOT t.tgisinternal AND t.tgtype & 4 > 0";
    let triggers = count(&town, on_insert, "t.tgname IN ('reindex', 'index_words')").await;
    assert_eq!(triggers, 0, "a trigger for the index fires on insert");
    // without anything of the index the same is asked
    let gone = "DROP TRIGGER reindex ON chat.messages; DROP FUNCTION ops.index_messages(interval); DROP TABLE ops.message_words, ops.search_progress";
    town.owner().await.batch_execute(gone).await.unwrap();
    assert_eq!(with, asked().await);
}

#[tokio::test]
async fn words_go_with_the_months_of_their_messages() {
    let town = Town::found_in(postgres::fresh().await).await;
    let months = "SELECT ops.ensure_partitions(place::regclass, now() - interval '3 months', now()) FROM unnest(ARRAY['chat.messages', 'ops.message_words']) AS place";
    let mut owner = town.owner().await;
    owner.batch_execute(months).await.unwrap();
    let ann = town.person("Ann", TALKS).await;
    let talk = start(&ann, "Plans").await;
    say(&ann, &talk, "Today's kelp").await;
    let old = format!(
        "BEGIN; SET LOCAL app.organization_id = '{0}'; SET LOCAL session_replication_role = replica;
         INSERT INTO chat.messages (organization_id, id, conversation_id, seq, role, content)
           SELECT '{0}', ops.month_bound(date_trunc('month', now()) - interval '3 months'), c.id, 99, 'user', 'Old kelp'
           FROM chat.conversations c WHERE c.organization_id = '{0}';
         INSERT INTO ops.search_progress (organization_id, through) VALUES ('{0}', '00000000-0000-0000-0000-000000000000'); COMMIT",
        town.organization
    );
    owner.batch_execute(&old).await.unwrap();
    indexed(&town).await;
    assert_eq!(found(&ann, "kelp").await.len(), 2);
    let oldest = "DO $$ BEGIN EXECUTE format('DROP TABLE chat.%I', 'messages' || to_char(now() AT TIME ZONE 'UTC' - interval '3 months', '_YYYY_MM')); END $$";
    owner.batch_execute(oldest).await.unwrap();
    assert_eq!(found(&ann, "kelp").await, ["Today's kelp"]);
    assert_eq!(written(&town, "true").await, 2);
    partitions::ahead(&town.door()).await.unwrap();
    assert_eq!(written(&town, "true").await, 1);
    assert_eq!(found(&ann, "kelp").await, ["Today's kelp"]);
    partitions::ahead(&town.door()).await.unwrap();
    assert_eq!(written(&town, "true").await, 1);
}

/// Whatever somebody writes, the others' messages are indexed.
#[tokio::test]
async fn a_message_of_any_kind_is_indexed() {
    let town = Town::found().await;
    let ann = town.person("Ann", TALKS).await;
    let talk = start(&ann, "Plans").await;
    let different: String = ('\u{4e00}'..).take(49_000).flat_map(|letter| [letter, ' ']).collect();
    let contents = [
        "x".repeat(99_000),
        different,
        format!("https://example.com/{}", "y".repeat(2_020)),
        "'quotes' \\ and \\' back'slashes".to_owned(),
        format!("{} tail", "word ".repeat(15_000)),
    ];
    for content in &contents {
        say(&ann, &talk, content).await;
    }
    say(&ann, &talk, "The last one").await;
    indexed(&town).await;
    assert_eq!(found(&ann, "last").await, ["The last one"]);
    assert_eq!(found(&ann, "tail").await.len(), 1);
    assert_eq!(found(&ann, "一").await.len(), 1);
    assert_eq!(written(&town, "true").await, 6);
}

#[tokio::test]
async fn one_organization_does_not_wait_for_another_that_is_busy() {
    let town = Town::found_in(postgres::fresh().await).await;
    let other = Town::found_in(town.database.clone()).await;
    let (ann, bob) = (town.person("Ann", TALKS).await, other.person("Bob", TALKS).await);
    say(&ann, &start(&ann, "Plans").await, "A tide").await;
    say(&bob, &start(&bob, "Plans").await, "A tide").await;
    let mut busy = town.owner().await;
    let lock = format!("BEGIN; SELECT pg_advisory_xact_lock(ops.lock_words('{}'))", town.organization);
    busy.batch_execute(&lock).await.unwrap();
    let mut indexer = Indexer::default();
    while found(&bob, "tide").await.is_empty() {
        indexer.pass(&town.door()).await.unwrap();
    }
    assert_eq!((found(&ann, "tide").await.len(), found(&bob, "tide").await.len()), (0, 1));
    let done = message_words::append(&town.door(), town.organization, Duration::from_secs(1)).await.unwrap();
    assert_eq!((done.indexed, done.finished), (0, false));
    // it is remembered that something is left to do there
    busy.batch_execute("COMMIT").await.unwrap();
    while found(&ann, "tide").await.is_empty() {
        indexer.pass(&town.door()).await.unwrap();
    }
}
