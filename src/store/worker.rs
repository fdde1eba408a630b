//! What background work may ask across organizations: which of them have something to do, and nothing else.
use diesel::{QueryableByName, sql_query, sql_types::Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::{door::Door, error::Result};

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// The organizations with controls that count as verified although their next test is overdue (B091).
pub async fn with_overdue_controls(door: &Door) -> Result<Vec<Uuid>> {
    let overdue = "SELECT DISTINCT organization_id AS id FROM governance.compliance_controls
        WHERE status IN ('pass', 'fail', 'warning') AND next_verification_at <= now()";
    let mut work = door.work().await?;
    work.as_worker().await?;
    let found: Vec<Named> = sql_query(overdue).load(&mut *work).await?;
    work.commit().await?;
    Ok(found.into_iter().map(|organization| organization.id).collect())
}
