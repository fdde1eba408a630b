//! Security events that concern no organization: those who administer the platform see and end them.
use std::collections::HashMap;

use crate::{
    domains::{
        identity::viewer::Viewer,
        prelude::*,
        security::security_event::{SecurityEvent, SecurityEventStatus, advance},
    },
    graph::mutation::Payload,
    store::{select::PLATFORM, tables::security::security_events},
};

/// All of them; row-level security shows them to administrators alone.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct OfPlatform;

impl Batch for OfPlatform {
    type Value = Vec<SecurityEvent>;

    async fn load(db: &Snapshot, _: &[Self]) -> StoreResult<HashMap<Self, Self::Value>> {
        let query = security_events::table
            .filter(security_events::organization_id.eq(PLATFORM))
            .order((security_events::last_occurred_at.desc(), security_events::id.desc()))
            .limit(100)
            .select(SecurityEvent::as_select());
        // to whom it is the organization itself they are shown by their permissions
        let shown = if db.organization() == PLATFORM { Vec::new() } else { db.load(query).await? };
        Ok(HashMap::from([(Self, shown)]))
    }
}

pub fn of_viewer(viewer: &mut Fields<Viewer>) {
    viewer.many("platformSecurityEvents", |_| OfPlatform).public().about(
        "Security events that concern no organization, such as passwords tried for many accounts: the hundred that \
         happened last. None for whoever does not administer the platform.",
    );
}

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .action("platformSecurityEventEnd", end, |payload: &mut Fields<Payload<Id<SecurityEvent>>>| {
            payload
                .derived("endedId", |payload| payload.result)
                .about("Which event has ended; null when nothing was done.");
        })
        .for_platform_admins()
        .about("Ends a security event that concerns no organization. Errors: NOT_FOUND, INVALID, STATE.");
}

/// How a security event ends that concerns no organization.
#[derive(InputObject)]
struct PlatformSecurityEventEndInput {
    /// Which event.
    id: Id<SecurityEvent>,
    /// Whether it was nothing.
    is_false_positive: bool,
    /// What came of it, or why it was nothing.
    notes: String,
}

async fn end(write: &mut Write, input: PlatformSecurityEventEndInput) -> Outcome<Id<SecurityEvent>> {
    write.enter_organization(PLATFORM).await?;
    let before = record::lock_any(write, input.id, None).await?;
    let (what, status) = if input.is_false_positive {
        ("dismissed", SecurityEventStatus::FalsePositive)
    } else {
        ("resolved", SecurityEventStatus::Resolved)
    };
    let changes = Changes::default().set(security_events::resolution_notes, Some(input.notes));
    if (before.status, status) != (SecurityEventStatus::Open, SecurityEventStatus::Resolved) {
        return advance(write, what, before, status, changes).await;
    }
    // an administrator who ends it has looked into it
    let looked = Changes::default().set(security_events::status, SecurityEventStatus::Investigating);
    let before = SecurityEvent::update(write, before.id, looked).await?;
    advance(write, what, before, status, changes).await
}
