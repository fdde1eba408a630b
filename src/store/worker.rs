//! What background work may ask across organizations: which of them have something to do, and nothing else.
use diesel::{QueryableByName, sql_query, sql_types::Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::{door::Door, error::Result, job::Jobs};

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// The organizations with controls that count as verified although their next test is overdue (B091).
pub async fn with_overdue_controls(door: &Door) -> Result<Vec<Uuid>> {
    let overdue = "SELECT DISTINCT organization_id AS id FROM governance.compliance_controls
        WHERE status IN ('pass', 'fail', 'warning') AND next_verification_at <= now()";
    with(door, overdue).await
}

/// The organizations with requests for approval that nobody decided in time (B023).
pub async fn with_lapsed_requests(door: &Door) -> Result<Vec<Uuid>> {
    let lapsed = "SELECT DISTINCT organization_id AS id FROM access.approval_requests
        WHERE status = 'pending' AND expires_at <= now()";
    with(door, lapsed).await
}

/// The organizations with subscriptions whose trial or cycle is over (B101).
pub async fn with_due_subscriptions(door: &Door) -> Result<Vec<Uuid>> {
    let due = "SELECT DISTINCT organization_id AS id FROM billing.subscriptions
        WHERE status IN ('trialing', 'active') AND current_period_end <= now()";
    with(door, due).await
}

/// The organizations with jobs that wait for a server, or that a server has left; those that wait longest first.
pub async fn with_waiting(door: &Door, jobs: Jobs) -> Result<Vec<Uuid>> {
    let table = jobs.table();
    let waiting = format!(
        "SELECT organization_id AS id FROM {table}
         WHERE status = 'queued' OR status = 'running' AND lease_until <= now()
         GROUP BY organization_id ORDER BY min(created_at) LIMIT 50"
    );
    with(door, &waiting).await
}

/// The organizations with exports whose files need not be kept any longer.
pub async fn with_expired_exports(door: &Door) -> Result<Vec<Uuid>> {
    let expired = "SELECT DISTINCT organization_id AS id FROM ops.exports WHERE status = 'completed' AND expires_at <= now()";
    with(door, expired).await
}

/// The organizations with imports whose files never came, or of which need not be kept any longer what was wrong.
pub async fn with_expired_imports(door: &Door) -> Result<Vec<Uuid>> {
    let expired = "SELECT DISTINCT organization_id AS id FROM ops.imports
        WHERE status = 'awaiting_upload' AND upload_until <= now() OR errors_until <= now()";
    with(door, expired).await
}

async fn with(door: &Door, something: &str) -> Result<Vec<Uuid>> {
    let mut work = door.work().await?;
    work.as_worker().await?;
    let found: Vec<Named> = sql_query(something).load(&mut *work).await?;
    work.commit().await?;
    Ok(found.into_iter().map(|organization| organization.id).collect())
}
