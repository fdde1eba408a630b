//! Access: roles, permissions, who has which, and who must approve.
pub mod access_request;
pub mod approval;
pub mod approval_workflow;
pub mod approving;
pub mod authority;
pub mod automatic;
pub mod catalogue;
pub mod delegation;
pub mod explanation;
pub mod holder;
pub mod lapsed;
pub mod permission;
pub mod permission_grant;
pub mod resource;
pub mod resource_type;
pub mod role;
pub mod role_assignment;
pub mod role_permission;
pub mod role_rows;
pub mod system_roles;
pub mod team;

use crate::graph::{
    mutation::Mutations,
    rows::{Fields, Query},
};

pub fn queries(query: &mut Fields<Query>) {
    role::queries(query);
    permission::queries(query);
    resource_type::queries(query);
    role_assignment::queries(query);
    permission_grant::queries(query);
    resource::queries(query);
    approval_workflow::queries(query);
    approval::queries(query);
    explanation::queries(query);
    team::queries(query);
}

pub fn mutations(mutations: &mut Mutations) {
    role::mutations(mutations);
    permission::mutations(mutations);
    role_permission::mutations(mutations);
    role_assignment::mutations(mutations);
    delegation::mutations(mutations);
    permission_grant::mutations(mutations);
    resource::mutations(mutations);
    approval_workflow::mutations(mutations);
    approval::mutations(mutations);
    team::mutations(mutations);
}
