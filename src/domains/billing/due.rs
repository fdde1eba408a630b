//! Trials and cycles of subscriptions that are over (B101).
use std::sync::Arc;

use uuid::Uuid;

use crate::{
    domains::{
        billing::subscription::{BillingSubscription, BillingSubscriptionStatus, next_cycle},
        prelude::*,
    },
    store::{
        door::{Caller, Door},
        tables::billing::subscriptions,
        worker,
    },
};

/// Ends all trials that are over and begins the next cycles; says which organizations were concerned.
pub async fn sweep(door: &Door) -> Outcome<Vec<Uuid>> {
    let concerned = worker::with_due_subscriptions(door).await.map_err(Stop::from)?;
    for organization in &concerned {
        while sweep_one(door, *organization).await? {}
    }
    Ok(concerned)
}

/// Whether there was something to do, so that there may be more: of an organization that nobody looked after for long,
/// several cycles are over.
async fn sweep_one(door: &Door, organization: Uuid) -> Outcome<bool> {
    let request = "due-subscriptions".to_owned();
    let caller = Caller { organization: Some(organization), request, ..Caller::default() };
    let mut write = door.write(Arc::new(caller)).await.map_err(Stop::from)?;
    let goes_on = [BillingSubscriptionStatus::Trialing, BillingSubscriptionStatus::Active];
    let due = subscriptions::table
        .filter(subscriptions::organization_id.eq(organization))
        .filter(subscriptions::status.eq_any(goes_on))
        .filter(subscriptions::current_period_end.le(clock::now()))
        .for_update()
        .skip_locked()
        .select(BillingSubscription::as_select());
    let found = due.first(&mut *write).await.optional()?;
    let Some(before) = found else { return Ok(false) };
    next_cycle(&mut write, before).await?;
    write.commit().await.map_err(Stop::from)?;
    Ok(true)
}
