//! Controls whose next test is overdue are no longer verified (B091).
use std::sync::Arc;

use uuid::Uuid;

use crate::{
    domains::{
        governance::control::{ComplianceControl, ControlStatus},
        prelude::*,
    },
    store::{
        door::{Caller, Door},
        tables::governance::compliance_controls,
        worker,
    },
};

/// So many controls are changed in one transaction.
const BATCH: i64 = 200;

/// Takes the status of all overdue controls, and tells whoever follows them; says which organizations were concerned.
pub async fn sweep(door: &Door) -> Outcome<Vec<Uuid>> {
    let concerned = worker::with_overdue_controls(door).await.map_err(Stop::from)?;
    for organization in &concerned {
        while sweep_one(door, *organization).await? == BATCH {}
    }
    Ok(concerned)
}

async fn sweep_one(door: &Door, organization: Uuid) -> Outcome<i64> {
    let request = "overdue-controls".to_owned();
    let caller = Caller { organization: Some(organization), request, ..Caller::default() };
    let mut write = door.write(Arc::new(caller)).await.map_err(Stop::from)?;
    let known = [ControlStatus::Pass, ControlStatus::Fail, ControlStatus::Warning];
    let overdue: Vec<ComplianceControl> = compliance_controls::table
        .filter(compliance_controls::organization_id.eq(organization))
        .filter(compliance_controls::status.eq_any(known))
        .filter(compliance_controls::next_verification_at.le(clock::now()))
        .order(compliance_controls::id)
        .limit(BATCH)
        .for_update()
        .skip_locked()
        .select(ComplianceControl::as_select())
        .load(&mut *write)
        .await?;
    let found = overdue.len();
    for before in overdue {
        let changes = Changes::default().set(compliance_controls::status, ControlStatus::NotVerified);
        record::change(&mut write, "overdue", before, changes).await?;
    }
    write.commit().await.map_err(Stop::from)?;
    Ok(i64::try_from(found).unwrap_or_default())
}
