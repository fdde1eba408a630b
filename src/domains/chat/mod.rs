//! Chat: conversations with the assistant, and their messages.
pub mod conversation;
pub mod conversation_events;
pub mod conversation_share;
pub mod message;

use crate::graph::{
    mutation::Mutations,
    rows::{Fields, Query},
    subscription::Subscriptions,
};

pub fn queries(query: &mut Fields<Query>) {
    conversation::queries(query);
    conversation_share::queries(query);
    message::queries(query);
}

pub fn mutations(mutations: &mut Mutations) {
    conversation::mutations(mutations);
    conversation_share::mutations(mutations);
    message::mutations(mutations);
}

pub fn subscriptions(subscriptions: &mut Subscriptions) {
    conversation_events::subscriptions(subscriptions);
}
