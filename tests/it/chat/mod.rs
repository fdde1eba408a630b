//! Conversations and messages.
mod conversation;
mod conversation_events;
mod message;
mod own;
mod share;

use serde_json::{Value, json};

use crate::world::city::{Person, Town};

/// What a person needs to talk.
const TALKS: &[&str] = &[
    "conversation.read",
    "conversation.read_all",
    "conversation.write",
    "conversation.delete",
    "message.read",
    "message.write",
    "user.read",
];

async fn start(person: &Person, title: &str) -> Value {
    let payload =
        person.do_("conversationCreate", json!({ "title": title }), "conversation { id version }").await;
    payload["conversation"].clone()
}

async fn say(person: &Person, conversation: &Value, content: &str) -> Value {
    let input = json!({ "conversationId": conversation["id"], "content": content });
    let selection = "messageEdge { cursor node { id seq content } } conversation { messageCount }";
    person.do_("messageSend", input, selection).await
}

async fn talkers() -> (Town, Person) {
    let town = Town::found().await;
    let ann = town.person("Ann", TALKS).await;
    (town, ann)
}
