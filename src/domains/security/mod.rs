//! Security: how sensitive data are shown.
pub mod masking_policy;

use crate::graph::{
    mutation::Mutations,
    rows::{Fields, Query},
};

pub fn queries(query: &mut Fields<Query>) {
    masking_policy::queries(query);
}

pub fn mutations(mutations: &mut Mutations) {
    masking_policy::mutations(mutations);
}
