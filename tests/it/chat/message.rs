use std::sync::Arc;

use diesel::sql_query;
use diesel::sql_types::{BigInt, Jsonb, Text, Uuid as SqlUuid};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use portico::store::connect::connect;
use serde_json::{Value, json};

use super::{TALKS, say, start, talkers};

const PAGE: &str = "query($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {
    conversation(id: $id) { messages(first: $first, after: $after, last: $last, before: $before) {
        nodes { seq } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount { value } } } }";

fn numbers(page: &Value) -> Vec<u64> {
    let nodes = page["conversation"]["messages"]["nodes"].as_array().unwrap();
    nodes.iter().map(|node| node["seq"].as_str().unwrap().parse().unwrap()).collect()
}

#[tokio::test]
async fn messages_are_numbered_and_counted() {
    let (town, ann) = talkers().await;
    let talk = start(&ann, "Numbers").await;
    let first = say(&ann, &talk, "One").await;
    let second = say(&ann, &talk, "Two").await;
    assert_eq!(first["messageEdge"]["node"]["seq"], "1");
    assert_eq!(second["messageEdge"]["node"]["seq"], "2");
    assert_eq!(second["conversation"]["messageCount"], 2);

    let input = json!({
        "conversationId": talk["id"], "content": "Two, I meant", "parentMessageId": second["messageEdge"]["node"]["id"],
    });
    let selection = "messageEdge { node { id role author { displayName } parentMessage { content replies { nodes { seq } } } } }";
    let reply = ann.do_("messageSend", input, selection).await;
    let node = &reply["messageEdge"]["node"];
    assert_eq!((&node["role"], &node["author"]["displayName"]), (&json!("USER"), &json!("Ann")));
    assert_eq!(node["parentMessage"], json!({ "content": "Two", "replies": { "nodes": [{ "seq": "3" }] } }));

    #[derive(diesel::QueryableByName)]
    struct Told {
        #[diesel(sql_type = Text)]
        topic: String,
        #[diesel(sql_type = Text)]
        kind: String,
        #[diesel(sql_type = Jsonb)]
        payload: Value,
    }
    let told: Vec<Told> =
        sql_query("SELECT topic, kind, payload FROM ops.events WHERE organization_id = $1 ORDER BY id")
            .bind::<SqlUuid, _>(town.organization)
            .load(&mut town.owner().await)
            .await
            .unwrap();
    let kinds: Vec<&str> = told.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["conversation.created", "message.created", "message.created", "message.created"]);
    assert!(
        told.iter().all(|event| event.topic == told[0].topic && event.topic.starts_with("conversation:"))
    );
    assert_eq!(told[2].payload["seq"], 2);
    assert_eq!(
        told[2].topic,
        format!("conversation:{}", told[2].payload["conversationId"].as_str().unwrap())
    );
}

#[tokio::test]
async fn pages_go_both_ways_and_the_edge_of_a_new_message_fits_them() {
    let (_town, ann) = talkers().await;
    let talk = start(&ann, "Long").await;
    let mut cursors = Vec::new();
    for number in 1..=7 {
        let said = say(&ann, &talk, &number.to_string()).await;
        cursors.push(said["messageEdge"]["cursor"].clone());
    }
    let page = async |mut more: Value| {
        more["id"] = talk["id"].clone();
        ann.get(PAGE, more).await
    };
    let first = page(json!({ "first": 3 })).await;
    assert_eq!(numbers(&first), [1, 2, 3]);
    let info = first["conversation"]["messages"]["pageInfo"].clone();
    assert_eq!((&info["hasPreviousPage"], &info["hasNextPage"]), (&json!(false), &json!(true)));
    assert_eq!(info["endCursor"], cursors[2]);
    assert_eq!(first["conversation"]["messages"]["totalCount"]["value"], 7);
    let next = page(json!({ "first": 10, "after": info["endCursor"] })).await;
    assert_eq!(numbers(&next), [4, 5, 6, 7]);
    let last = page(json!({ "last": 2 })).await;
    assert_eq!(numbers(&last), [6, 7]);
    let before =
        page(json!({ "last": 2, "before": last["conversation"]["messages"]["pageInfo"]["startCursor"] }))
            .await;
    assert_eq!(numbers(&before), [4, 5]);
    assert_eq!(numbers(&page(json!({ "first": 10, "after": cursors[5] })).await), [7]);
}

#[tokio::test]
async fn what_cannot_be_said_is_refused() {
    let (_town, ann) = talkers().await;
    let talk = start(&ann, "Strict").await;
    let other = start(&ann, "Other").await;
    let elsewhere = say(&ann, &other, "Elsewhere").await;
    let refused = async |content: &str, parent: Value| {
        let input = json!({ "conversationId": talk["id"], "content": content, "parentMessageId": parent });
        let (code, path, _) = ann.refused("messageSend", input).await;
        (code, path.join("."))
    };
    assert_eq!(refused("", json!(null)).await, ("REQUIRED".to_owned(), "input.content".to_owned()));
    assert_eq!(refused("a\0b", json!(null)).await, ("INVALID".to_owned(), "input.content".to_owned()));
    assert_eq!(refused(&"ü".repeat(100_001), json!(null)).await.0, "TOO_LONG");
    let parent = elsewhere["messageEdge"]["node"]["id"].clone();
    assert_eq!(refused("No", parent).await, ("NOT_FOUND".to_owned(), "input.parentMessageId".to_owned()));
    let said = say(&ann, &talk, &"ü".repeat(100_000)).await;
    assert_eq!(said["messageEdge"]["node"]["seq"], "1");
}

#[tokio::test]
async fn the_same_id_is_the_same_message() {
    let (_town, ann) = talkers().await;
    let talk = start(&ann, "Twice").await;
    // an id that the client makes: here that of a message sent before
    let known = say(&ann, &talk, "Once").await["messageEdge"]["node"].clone();
    let input = json!({ "conversationId": talk["id"], "content": "Once", "id": known["id"] });
    let selection = "messageEdge { node { id seq content } } conversation { messageCount }";
    let again = ann.do_("messageSend", input, selection).await;
    assert_eq!(again["messageEdge"]["node"], known);
    assert_eq!(again["conversation"]["messageCount"], 1);
    let input = json!({ "conversationId": talk["id"], "content": "Something else", "id": known["id"] });
    let (code, path, _) = ann.refused("messageSend", input).await;
    assert_eq!((code.as_str(), path.join(".").as_str()), ("NOT_UNIQUE", "input.id"));

    // many at once with one id: one message
    let id = portico::store::id::Id::<portico::domains::chat::message::Message>::fresh().to_string();
    let input = json!({ "conversationId": talk["id"], "content": "Together", "id": id });
    let sends = (0..8).map(|_| ann.do_("messageSend", input.clone(), "messageEdge { node { seq } }"));
    for sent in futures_util::future::join_all(sends).await {
        assert_eq!(sent["messageEdge"]["node"]["seq"], "2");
    }
    let old = "msg_00000000000000000000000000";
    let input = json!({ "conversationId": talk["id"], "content": "Old", "id": old });
    let (code, path, _) = ann.refused("messageSend", input).await;
    assert_eq!((code.as_str(), path.join(".").as_str()), ("INVALID", "input.id"));
}

#[tokio::test]
async fn two_hundred_at_once_lose_repeat_and_reorder_nothing() {
    let (town, ann) = talkers().await;
    let bob = town.person("Bob", TALKS).await;
    let talk = start(&ann, "Crowd").await;
    let people = Arc::new([ann, bob]);
    let sends = (0..200).map(|number| {
        let (people, talk) = (people.clone(), talk.clone());
        tokio::spawn(async move { say(&people[number % 2], &talk, &number.to_string()).await })
    });
    let mut seen: Vec<(u64, String)> = Vec::new();
    for sent in futures_util::future::join_all(sends).await {
        let node = sent.unwrap()["messageEdge"]["node"].clone();
        seen.push((
            node["seq"].as_str().unwrap().parse().unwrap(),
            node["content"].as_str().unwrap().to_owned(),
        ));
    }
    seen.sort();
    assert_eq!(seen.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), (1..=200).collect::<Vec<_>>());
    let mut contents: Vec<usize> = seen.iter().map(|(_, content)| content.parse().unwrap()).collect();
    contents.sort_unstable();
    assert_eq!(contents, (0..200).collect::<Vec<_>>());

    #[derive(diesel::QueryableByName)]
    struct Event {
        #[diesel(sql_type = BigInt)]
        seq: i64,
    }
    // whoever reads the events in the order of their transactions reads the messages in the order of their numbers
    let told: Vec<Event> = sql_query(
        "SELECT (payload ->> 'seq')::bigint AS seq FROM ops.events
         WHERE organization_id = $1 AND kind = 'message.created' ORDER BY (payload ->> 'seq')::bigint",
    )
    .bind::<SqlUuid, _>(town.organization)
    .load(&mut town.owner().await)
    .await
    .unwrap();
    assert_eq!(told.iter().map(|event| event.seq).collect::<Vec<_>>(), (1..=200).collect::<Vec<_>>());
    let found = people[0]
        .get(
            "query($id: ID!) { conversation(id: $id) { messageCount messages(last: 1) { nodes { seq } } } }",
            json!({ "id": talk["id"] }),
        )
        .await;
    assert_eq!(
        found["conversation"],
        json!({ "messageCount": 200, "messages": { "nodes": [{ "seq": "200" }] } })
    );
}

#[tokio::test]
async fn a_message_is_never_changed() {
    let (town, ann) = talkers().await;
    let talk = start(&ann, "Facts").await;
    say(&ann, &talk, "A fact").await;
    let mut owner = town.owner().await;
    let mut app = connect(&town.database.app_url).await.unwrap();
    app.batch_execute("SET ROLE portico_app").await.unwrap();
    let enter = format!(
        "SELECT set_config('app.organization_id', '{}', false), set_config('app.conversations', 'all', false)",
        town.organization
    );
    app.batch_execute(&enter).await.unwrap();
    for statement in ["UPDATE chat.messages SET content = 'a lie'", "DELETE FROM chat.messages"] {
        let statement = format!("{statement} WHERE organization_id = '{}'", town.organization);
        let refused = app.batch_execute(&statement).await.unwrap_err().to_string();
        assert!(refused.contains("permission denied"), "{refused}");
        let refused = owner.batch_execute(&statement).await.unwrap_err().to_string();
        assert!(refused.contains("never changed"), "{refused}");
    }
    let counters = format!(
        "UPDATE chat.conversations SET message_count = 9 WHERE organization_id = '{}'",
        town.organization
    );
    let refused = app.batch_execute(&counters).await.unwrap_err().to_string();
    assert!(refused.contains("follow from its messages"), "{refused}");
}

#[tokio::test]
async fn conversations_with_messages_and_authors_take_four_statements() {
    let (town, ann) = talkers().await;
    let bob = town.person("Bob", TALKS).await;
    for number in 0..6 {
        let talk = start(&ann, &number.to_string()).await;
        for _ in 0..number {
            say(&ann, &talk, "Hello").await;
            say(&bob, &talk, "Hello yourself").await;
        }
    }
    let document =
        "query($conversations: Int, $messages: Int) { conversations(first: $conversations) { nodes {
        user { displayName } messages(last: $messages) { nodes { content author { displayName } } } } } }";
    for (conversations, messages) in [(2, 1), (20, 10), (100, 100)] {
        let sizes = json!({ "conversations": conversations, "messages": messages });
        let reply = ann.ask(document, sizes).await;
        assert!(reply.body.get("errors").is_none(), "{:#}", reply.body);
        assert_eq!(reply.statements, 4, "{conversations} conversations, {messages} messages");
    }
}
