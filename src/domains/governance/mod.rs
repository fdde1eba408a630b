//! Governance: frameworks, what they require, the controls that meet it, their tests and their issues.
pub mod control;
pub mod control_test;
pub mod framework;
pub mod issue;
pub mod overdue;
pub mod requirement;

use crate::graph::{
    mutation::Mutations,
    rows::{Fields, Query},
};

pub fn queries(query: &mut Fields<Query>) {
    framework::queries(query);
    requirement::queries(query);
    control::queries(query);
    control_test::queries(query);
    issue::queries(query);
}

pub fn mutations(mutations: &mut Mutations) {
    framework::mutations(mutations);
    control::mutations(mutations);
    control_test::mutations(mutations);
    issue::mutations(mutations);
}
