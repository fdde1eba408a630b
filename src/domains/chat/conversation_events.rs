//! `conversationEvents`: what happens in conversations, as it happens (B045).
use std::sync::Arc;

use crate::{
    domains::{
        chat::{
            conversation::{Conversation, topic},
            message::Message,
        },
        prelude::*,
    },
    graph::{
        page,
        record_events::changed_fields,
        rows::{Members, Union},
        subscription::{Subscriptions, Told, event_fields, stream_members},
    },
    store::events::Event,
};

/// What `conversationEvents` tells.
struct ConversationEvent(Told);

impl Union for ConversationEvent {
    const NAME: &'static str = "ConversationEvent";

    fn about() -> String {
        "What can happen in the conversations that a client follows.".to_owned()
    }

    fn members(members: &mut Members<Self>) {
        stream_members(members, |event| &event.0);
        members.of(|event| {
            event.0.happened(|event| event.subject_type == <Message as Object>::NAME).map(MessageCreated)
        });
        members.of(|event| {
            event
                .0
                .happened(|event| event.subject_type == <Conversation as Object>::NAME)
                .map(ConversationUpdated)
        });
    }
}

/// Somebody said something.
struct MessageCreated(Arc<Event>);

impl Object for MessageCreated {
    const NAME: &'static str = "MessageCreated";

    fn about() -> String {
        "Somebody said something in a conversation.".to_owned()
    }

    fn fields(told: &mut Fields<Self>) {
        event_fields(told, |told| told.0.position);
        told.one("message", |told| Some(Id::<Message>::of(told.0.subject_id)))
            .about("What was said.")
            .required();
        told.one("conversation", |told| conversation_of(&told.0))
            .about("The conversation as it is now.")
            .required();
    }
}

/// A conversation was started, changed, archived, restored or deleted.
struct ConversationUpdated(Arc<Event>);

impl Object for ConversationUpdated {
    const NAME: &'static str = "ConversationUpdated";

    fn about() -> String {
        "A conversation was started, changed, archived, restored or deleted.".to_owned()
    }

    fn fields(told: &mut Fields<Self>) {
        event_fields(told, |told| told.0.position);
        told.derived("kind", |told| told.0.kind.clone())
            .about("What happened, for programs: `conversation.archived`.");
        told.derived("changedFields", |told| changed_fields(&told.0))
            .about("Which of its fields were changed.");
        told.one("conversation", |told| conversation_of(&told.0))
            .about("The conversation as it is now.")
            .required();
    }
}

/// In which conversation it happened: a message says so in what it tells.
fn conversation_of(event: &Event) -> Option<Id<Conversation>> {
    if event.subject_type == <Conversation as Object>::NAME {
        return Some(Id::of(event.subject_id));
    }
    event.payload.get("conversationId")?.as_str()?.parse().ok().map(Id::of)
}

pub fn subscriptions(subscriptions: &mut Subscriptions) {
    subscriptions
        .stream::<ConversationEvent>(
            "conversationEvents",
            |args| {
                let followed = args.get::<Option<Vec<Id<Conversation>>>>("conversationIds")?;
                page::at_most(followed.as_ref().map_or(0, Vec::len), 100, "conversationIds")?;
                Ok(match followed {
                    Some(followed) => followed.into_iter().map(topic).collect(),
                    None => [<Conversation as Object>::NAME, <Message as Object>::NAME].map(ToOwned::to_owned).into_iter().collect(),
                })
            },
            ConversationEvent,
        )
        .takes::<Option<Vec<Id<Conversation>>>>(
            "conversationIds",
            "The conversations to follow, at most 100; all of the organization when absent.",
        )
        .needs("conversation.read")
        .about("What happens in conversations: messages in the order of their numbers, and changes of the conversations.");
}
