//! Security: how sensitive data are, how they are shown, and what was noticed of attacks on them.
pub mod data_classification;
pub mod data_element;
pub mod masking_policy;
pub mod platform_event;
pub mod security_event;

use crate::graph::{
    mutation::Mutations,
    rows::{Fields, Query},
};

pub fn queries(query: &mut Fields<Query>) {
    security_event::queries(query);
    data_classification::queries(query);
    data_element::queries(query);
    masking_policy::queries(query);
}

pub fn mutations(mutations: &mut Mutations) {
    security_event::mutations(mutations);
    platform_event::mutations(mutations);
    data_classification::mutations(mutations);
    data_element::mutations(mutations);
    masking_policy::mutations(mutations);
}
