//! Identity: organizations, people and how they sign in.
pub mod user;

use crate::graph::{
    mutation::Mutations,
    rows::{Fields, Query},
};

pub fn queries(query: &mut Fields<Query>) {
    user::queries(query);
}

pub fn mutations(_mutations: &mut Mutations) {}
