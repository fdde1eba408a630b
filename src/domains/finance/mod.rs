//! Finance: cost centers, departments and what they plan to spend.
pub mod budget;
pub mod budget_line_item;
pub mod cost_center;
pub mod department;

use crate::graph::{
    mutation::Mutations,
    rows::{Fields, Query},
};

pub fn queries(query: &mut Fields<Query>) {
    cost_center::queries(query);
    department::queries(query);
    budget::queries(query);
    budget_line_item::queries(query);
}

pub fn mutations(mutations: &mut Mutations) {
    cost_center::mutations(mutations);
    department::mutations(mutations);
    budget::mutations(mutations);
    budget_line_item::mutations(mutations);
}
