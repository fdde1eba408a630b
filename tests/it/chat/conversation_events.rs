use futures_util::StreamExt;
use serde_json::{Value, json};

use super::{say, start, talkers};

const FOLLOW: &str =
    "subscription($ids: [ID!], $after: EventCursor) { conversationEvents(conversationIds: $ids, after: $after) {
    __typename ... on Event { cursor }
    ... on MessageCreated { message { seq content } conversation { title } }
    ... on ConversationUpdated { kind changedFields conversation { title status } } } }";

#[tokio::test]
async fn a_conversation_is_followed_and_taken_up_where_it_was_left() {
    let (_town, ann) = talkers().await;
    let talk = start(&ann, "Followed").await;
    let other = start(&ann, "Not followed").await;
    let mut stream = ann.follow(FOLLOW, json!({ "ids": [talk["id"]] }));
    let opened = stream.next().await.unwrap();
    assert_eq!(opened["data"]["conversationEvents"]["__typename"], "StreamOpened", "{opened:#}");

    say(&ann, &other, "Not for you").await;
    say(&ann, &talk, "For you").await;
    let told = stream.next().await.unwrap()["data"]["conversationEvents"].clone();
    assert_eq!(told["__typename"], "MessageCreated");
    assert_eq!(told["message"], json!({ "seq": "1", "content": "For you" }));
    assert_eq!(told["conversation"]["title"], "Followed");
    drop(stream);

    ann.do_("conversationArchive", json!({ "id": talk["id"] }), "").await;
    let mut stream = ann.follow(FOLLOW, json!({ "ids": [talk["id"]], "after": told["cursor"] }));
    assert_eq!(stream.next().await.unwrap()["data"]["conversationEvents"]["__typename"], "StreamOpened");
    let told = stream.next().await.unwrap()["data"]["conversationEvents"].clone();
    assert_eq!(told["kind"], "conversation.archived");
    assert_eq!(told["conversation"], json!({ "title": "Followed", "status": "ARCHIVED" }));
    assert!(told["changedFields"].as_array().unwrap().contains(&Value::from("status")));
}
