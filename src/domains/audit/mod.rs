//! Audit: who did what, which nobody can change, and what came of looking at it.
pub mod audit_log;
pub mod audit_review;

pub use audit_log::trail;

use crate::graph::{
    mutation::Mutations,
    rows::{Fields, Query},
};

pub fn queries(query: &mut Fields<Query>) {
    audit_log::queries(query);
    audit_review::queries(query);
}

pub fn mutations(mutations: &mut Mutations) {
    audit_review::mutations(mutations);
}
