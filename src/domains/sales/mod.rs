//! Sales: accounts, pipelines and deals.
pub mod account;
pub mod deal;
pub mod deal_history;
pub mod deal_sync;
pub mod pipeline;

use crate::graph::{
    mutation::Mutations,
    rows::{Fields, Query},
};

pub fn queries(query: &mut Fields<Query>) {
    account::queries(query);
    pipeline::queries(query);
    deal::queries(query);
}

pub fn mutations(mutations: &mut Mutations) {
    account::mutations(mutations);
    deal::mutations(mutations);
    deal_sync::mutations(mutations);
}
