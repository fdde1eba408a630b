//! Billing: what organizations subscribe to, how much they may use of it, and how much they use.
pub mod due;
pub mod plan;
pub mod quota;
pub mod subscription;
pub mod usage;

use uuid::Uuid;

use crate::{
    domains::{
        billing::{plan::Plan, subscription::BillingSubscription},
        identity::organization::Organization,
        prelude::*,
    },
    store::{journal::Audit, select::PLATFORM},
};

pub fn queries(query: &mut Fields<Query>) {
    plan::queries(query);
    subscription::queries(query);
    quota::queries(query);
}

pub fn mutations(mutations: &mut Mutations) {
    plan::mutations(mutations);
    subscription::mutations(mutations);
    quota::mutations(mutations);
}

/// What an organization has of it.
pub fn of_organization(organization: &mut Fields<Organization>) {
    subscription::of_organization(organization);
    quota::of_organization(organization);
    usage::of_organization(organization);
}

/// Gives the organization of `write` a trial of the plan that new ones begin with, and its quotas (B001).
pub async fn found(write: &mut Write) -> Outcome<Id<BillingSubscription>> {
    let plan = Plan::default_one(write).await?;
    quota::follow(write, &plan).await?;
    subscription::begin_trial(write, &plan).await
}

/// Writes in `organization` from now on, on behalf of an administrator of the platform.
async fn enter(write: &mut Write, organization: Id<Organization>) -> Outcome<()> {
    const PATH: &[&str] = &["input", "organizationId"];
    if organization.0 == PLATFORM {
        return Err(UserError::not_found(organization, PATH).into());
    }
    write.enter_organization(organization.0).await?;
    record::find(write, organization, PATH).await?;
    Ok(())
}

/// What an administrator of the platform did in an organization, and why, is known to the platform too (B011).
async fn tell_platform(
    write: &mut Write,
    action: &str,
    resource_type: &'static str,
    id: Uuid,
    reason: String,
) -> Outcome<()> {
    write.enter_organization(PLATFORM).await?;
    let audit = Audit {
        organization: PLATFORM,
        action: action.to_owned(),
        resource_type: Some(resource_type),
        resource_id: Some(id.to_string()),
        resource_name: Some(reason),
        before: None,
        after: None,
        changed: Vec::new(),
        error: None,
    };
    Ok(write.audit(&audit).await?)
}
