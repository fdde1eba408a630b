//! Chat: conversations with the assistant, and their messages.
pub mod conversation;
pub mod message;

use crate::graph::{
    mutation::Mutations,
    rows::{Fields, Query},
};

pub fn queries(query: &mut Fields<Query>) {
    conversation::queries(query);
    message::queries(query);
}

pub fn mutations(mutations: &mut Mutations) {
    conversation::mutations(mutations);
    message::mutations(mutations);
}
