//! Conversations are private: without `conversation.read_all` a person has their own alone.
use std::time::Duration;

use futures_util::StreamExt;
use serde_json::{Value, json};

use super::{TALKS, say, start, talkers};

const OWN: &[&str] = &[
    "conversation.read",
    "conversation.write",
    "conversation.delete",
    "message.read",
    "message.write",
    "user.read",
];

#[tokio::test]
async fn the_conversations_of_others_are_not_there() {
    let (town, ann) = talkers().await;
    let bob = town.person("Bob", OWN).await;
    let (hers, his) = (start(&ann, "Hers").await, start(&bob, "His").await);
    let said = say(&ann, &hers, "Secret").await["messageEdge"]["node"].clone();
    say(&bob, &his, "Mine").await;

    let query = "query($id: ID!, $message: ID!) {
        conversations { nodes { title messages { nodes { content } } } totalCount { value } }
        conversation(id: $id) { title } message(id: $message) { content } node(id: $id) { id } nodes(ids: [$id, $message]) { id }
        users(filter: { displayName: { eq: \"Ann\" } }) { nodes {
            conversations { nodes { title } totalCount { value } } messages { nodes { content } totalCount { value } } } } }";
    let variables = json!({ "id": hers["id"], "message": said["id"] });
    let nothing = json!({ "nodes": [], "totalCount": { "value": 0 } });
    assert_eq!(
        bob.get(query, variables.clone()).await,
        json!({
            "conversations": {
                "nodes": [{ "title": "His", "messages": { "nodes": [{ "content": "Mine" }] } }],
                "totalCount": { "value": 1 },
            },
            "conversation": null, "message": null, "node": null, "nodes": [null, null],
            "users": { "nodes": [{ "conversations": nothing, "messages": nothing }] },
        })
    );
    // who may read all sees both, also on the first request after the right was given
    let all = ann.get(query, variables).await;
    assert_eq!(all["conversations"]["totalCount"]["value"], 2);
    assert_eq!(all["users"]["nodes"][0]["messages"]["totalCount"]["value"], 1);

    let attempts = [
        ("messageSend", json!({ "conversationId": hers["id"], "content": "Me too" })),
        ("conversationUpdate", json!({ "id": hers["id"], "title": "Mine" })),
        ("conversationArchive", json!({ "id": hers["id"] })),
    ];
    for (name, input) in attempts {
        let (code, ..) = bob.refused(name, input).await;
        assert_eq!(code, "NOT_FOUND", "{name}");
    }
}

#[tokio::test]
async fn nothing_is_told_of_the_conversations_of_others() {
    let (town, ann) = talkers().await;
    let bob = town.person("Bob", &[OWN, &["event.read"]].concat()).await;
    let (hers, his) = (start(&ann, "Hers").await, start(&bob, "His").await);
    let streams = [
        "subscription { conversationEvents { __typename ... on MessageCreated { message { content } } } }",
        "subscription { recordEvents(types: [\"Message\", \"Conversation\"]) { __typename ... on RecordCreated { record { ... on Message { content } } } } }",
    ];
    for stream in streams {
        let mut told = bob.follow(stream, json!({}));
        told.next().await.unwrap();
        say(&ann, &hers, "Secret").await;
        ann.do_("conversationUpdate", json!({ "id": hers["id"], "title": "Still hers" }), "").await;
        say(&bob, &his, "Mine").await;
        let first: Value = told.next().await.unwrap();
        assert!(first.to_string().contains("Mine"), "{first:#}");
        let more = tokio::time::timeout(Duration::from_millis(300), told.next()).await;
        assert!(more.is_err(), "{more:?}");
    }
}

#[tokio::test]
async fn the_right_to_read_all_ends_with_the_next_request() {
    let (town, ann) = talkers().await;
    start(&ann, "Hers").await;
    let carl = town.person("Carl", TALKS).await;
    let count = "{ conversations { totalCount { value } } }";
    for _ in 0..2 {
        assert_eq!(carl.get(count, json!({})).await["conversations"]["totalCount"]["value"], 1);
    }
    use diesel_async::SimpleAsyncConnection;
    let taken = format!(
        "UPDATE access.permission_grants g SET revoked_at = now() FROM access.permissions p
         WHERE g.organization_id = '{}' AND g.user_id = '{}' AND p.id = g.permission_id AND p.name = 'conversation.read_all'",
        town.organization, carl.user
    );
    town.owner().await.batch_execute(&taken).await.unwrap();
    assert_eq!(carl.get(count, json!({})).await["conversations"]["totalCount"]["value"], 0);
}
