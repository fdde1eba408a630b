//! Operations: what the server does for people in the background.
pub mod csv;
pub mod export;
pub mod exporting;
pub mod search;

use crate::graph::{
    mutation::Mutations,
    rows::{Fields, Query},
};

pub fn queries(query: &mut Fields<Query>) {
    export::queries(query);
    search::queries(query);
}

pub fn mutations(mutations: &mut Mutations) {
    export::mutations(mutations);
}
