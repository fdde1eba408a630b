//! Identity: organizations, people and how they sign in.
pub mod api_key;
pub mod invitation;
pub mod lockout;
pub mod membership;
pub mod organization;
pub mod organization_settings;
mod outbox;
pub mod password;
pub mod password_reset;
pub mod session;
pub mod sign_in;
pub mod user;
pub mod viewer;

use crate::graph::{
    mutation::Mutations,
    rows::{Fields, Query},
};

pub fn queries(query: &mut Fields<Query>) {
    viewer::queries(query);
    organization::queries(query);
    user::queries(query);
    membership::queries(query);
    invitation::queries(query);
    api_key::queries(query);
}

pub fn mutations(mutations: &mut Mutations) {
    sign_in::mutations(mutations);
    password_reset::mutations(mutations);
    session::mutations(mutations);
    organization::mutations(mutations);
    organization_settings::mutations(mutations);
    user::mutations(mutations);
    membership::mutations(mutations);
    invitation::mutations(mutations);
    api_key::mutations(mutations);
}
