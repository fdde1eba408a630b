//! The background work that deletes events which are older than subscribers may come back to, counts of what came to be no
//! security event, and answers that nobody may ask for again.
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::store::{clock, detection, door::Door, error::Result, events, journal};

/// How often it is looked for old events.
const EVERY: Duration = Duration::from_mins(1);
/// How many are deleted at once, so that nobody waits for it.
const BATCH: i64 = 1_000;

/// Deletes until told to stop.
pub fn spawn(door: Door, retention: chrono::Duration, stop: CancellationToken) -> JoinHandle<()> {
    tokio::spawn(async move {
        while stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_some() {
            if let Err(error) = forget_due(&door, retention).await {
                tracing::warn!(%error, "Old events could not be deleted; it is tried again");
            }
            if let Err(error) = detection::forget(&door, clock::now()).await {
                tracing::warn!(%error, "Old counts could not be deleted; it is tried again");
            }
            if let Err(error) = journal::forget_keys(&door).await {
                tracing::warn!(%error, "Old idempotency keys could not be deleted; it is tried again");
            }
        }
    })
}

/// Deletes all events that are older than `retention`, an hour at least; says how many there were.
pub async fn forget_due(door: &Door, retention: chrono::Duration) -> Result<usize> {
    let mut forgotten = 0;
    loop {
        let before = clock::now() - retention.max(chrono::Duration::hours(1));
        let batch = events::forget(door, before, BATCH).await?;
        if batch == 0 {
            return Ok(forgotten);
        }
        forgotten += batch;
    }
}
