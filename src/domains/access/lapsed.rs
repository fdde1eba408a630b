//! Requests for approval that nobody decided in time (B023). Whoever looks at one sees that it has lapsed by the clock;
//! this marks it, and tells those who follow it.
use std::sync::Arc;

use uuid::Uuid;

use crate::{
    domains::{
        access::{
            approval::{ApprovalRequest, ApprovalStatus},
            approving,
        },
        prelude::*,
    },
    store::{
        door::{Caller, Door},
        tables::access::approval_requests,
        worker,
    },
};

/// So many requests are marked in one transaction.
const BATCH: i64 = 200;

/// Marks all that has lapsed; says which organizations were concerned.
pub async fn sweep(door: &Door) -> Outcome<Vec<Uuid>> {
    let concerned = worker::with_lapsed_requests(door).await.map_err(Stop::from)?;
    for organization in &concerned {
        while sweep_one(door, *organization).await? == BATCH {}
    }
    Ok(concerned)
}

async fn sweep_one(door: &Door, organization: Uuid) -> Outcome<i64> {
    let request = "lapsed-approvals".to_owned();
    let caller = Caller { organization: Some(organization), request, ..Caller::default() };
    let mut write = door.write(Arc::new(caller)).await.map_err(Stop::from)?;
    write.as_keeper_of_approvals().await.map_err(Stop::from)?;
    // whoever decides at this moment holds the request: they find that it has lapsed themselves
    let lapsed: Vec<ApprovalRequest> = approval_requests::table
        .filter(approval_requests::organization_id.eq(organization))
        .filter(approval_requests::status.eq(ApprovalStatus::Pending))
        .filter(approval_requests::expires_at.le(clock::now()))
        .order(approval_requests::id)
        .limit(BATCH)
        .for_update()
        .skip_locked()
        .select(ApprovalRequest::as_select())
        .load(&mut *write)
        .await?;
    let found = lapsed.len();
    for before in lapsed {
        approving::expire(&mut write, before).await?;
    }
    write.commit().await.map_err(Stop::from)?;
    Ok(i64::try_from(found).unwrap_or_default())
}
