//! The product: one folder per domain, one file per entity.
pub mod access;
pub mod audit;
pub mod billing;
pub mod chat;
pub mod finance;
pub mod governance;
pub mod identity;
pub mod money;
pub mod ops;
pub mod prelude;
pub mod sales;
pub mod security;

use crate::graph::{
    mutation::Mutations,
    rows::{Fields, Query},
    subscription::Subscriptions,
};

/// Everything that can be read.
pub fn queries(query: &mut Fields<Query>) {
    access::queries(query);
    identity::queries(query);
    chat::queries(query);
    finance::queries(query);
    sales::queries(query);
    governance::queries(query);
    security::queries(query);
    billing::queries(query);
    ops::queries(query);
    audit::queries(query);
}

/// Everything that can be followed, besides the records in general.
pub fn subscriptions(subscriptions: &mut Subscriptions) {
    chat::subscriptions(subscriptions);
}

/// Everything that can be changed.
pub fn mutations(mutations: &mut Mutations) {
    access::mutations(mutations);
    identity::mutations(mutations);
    chat::mutations(mutations);
    finance::mutations(mutations);
    sales::mutations(mutations);
    governance::mutations(mutations);
    security::mutations(mutations);
    billing::mutations(mutations);
    ops::mutations(mutations);
    audit::mutations(mutations);
}
