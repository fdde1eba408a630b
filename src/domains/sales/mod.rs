//! Sales: accounts, pipelines and deals.
pub mod deal;

use crate::graph::{
    mutation::Mutations,
    rows::{Fields, Query},
};

pub fn queries(query: &mut Fields<Query>) {
    deal::queries(query);
}

pub fn mutations(mutations: &mut Mutations) {
    deal::mutations(mutations);
}
