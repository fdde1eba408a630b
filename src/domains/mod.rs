//! The product: one folder per domain, one file per entity.
pub mod identity;
pub mod money;
pub mod prelude;
pub mod sales;

use crate::graph::{
    mutation::Mutations,
    rows::{Fields, Query},
    subscription::Subscriptions,
};

/// Everything that can be read.
pub fn queries(query: &mut Fields<Query>) {
    identity::queries(query);
    sales::queries(query);
}

/// Everything that can be followed, besides the records in general.
pub const fn subscriptions(_subscriptions: &mut Subscriptions) {}

/// Everything that can be changed.
pub fn mutations(mutations: &mut Mutations) {
    identity::mutations(mutations);
    sales::mutations(mutations);
}
