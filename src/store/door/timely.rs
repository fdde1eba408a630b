//! What is asked on behalf of a request is asked as long as the request has time.
use tokio::time::Instant;

use crate::{
    store::error::{Error, Result},
    telemetry,
};

/// Waits for `work` as long as there is time: what is late is not begun, and what has begun is left.
pub async fn in_time<T, E: From<Error>>(work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    // in one place, whichever way it is waited for: it may be large
    let mut work = std::pin::pin!(work);
    let Some(deadline) = telemetry::deadline() else { return work.as_mut().await };
    if Instant::now() >= deadline {
        return Err(Error::OutOfTime.into());
    }
    match tokio::time::timeout_at(deadline, work.as_mut()).await {
        Ok(done) => done,
        Err(_elapsed) => Err(Error::OutOfTime.into()),
    }
}

/// Whether the time is over of what runs now.
pub fn is_late() -> bool {
    telemetry::deadline().is_some_and(|deadline| Instant::now() >= deadline)
}
