//! Identity: organizations, people and how they sign in.
pub mod api_key;
pub mod email_verification;
pub mod impersonation;
pub mod invitation;
pub mod lockout;
pub mod membership;
pub mod mfa;
pub mod mfa_challenge;
pub mod oidc;
mod one_time;
pub mod organization;
pub mod organization_settings;
mod outbox;
pub mod passkey;
pub mod passkey_sign_in;
pub mod password;
pub mod password_change;
pub mod password_reset;
pub mod phone_verification;
pub mod provisioning;
pub mod purge;
mod rate_limit;
pub mod recovery_code;
pub mod session;
pub mod sign_in;
pub mod sso;
pub mod sso_account;
pub mod sso_provider;
pub mod user;
pub mod user_deletion;
pub mod user_lock;
pub mod user_profile;
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
    sso_provider::queries(query);
}

pub fn mutations(mutations: &mut Mutations) {
    sign_in::mutations(mutations);
    mfa_challenge::mutations(mutations);
    mfa::mutations(mutations);
    passkey::mutations(mutations);
    passkey_sign_in::mutations(mutations);
    password_change::mutations(mutations);
    password_reset::mutations(mutations);
    email_verification::mutations(mutations);
    phone_verification::mutations(mutations);
    session::mutations(mutations);
    impersonation::mutations(mutations);
    organization::mutations(mutations);
    organization_settings::mutations(mutations);
    user::mutations(mutations);
    user_deletion::mutations(mutations);
    user_lock::mutations(mutations);
    user_profile::mutations(mutations);
    membership::mutations(mutations);
    invitation::mutations(mutations);
    api_key::mutations(mutations);
    sso::mutations(mutations);
    sso_account::mutations(mutations);
    sso_provider::mutations(mutations);
}
