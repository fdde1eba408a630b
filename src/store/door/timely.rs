//! What is asked on behalf of a request is asked as long as the request has time.
use futures_util::{
    FutureExt,
    future::{Either, ready},
};
use tokio::time::Instant;

use crate::{
    store::error::{Error, Result},
    telemetry,
};

/// Waits for `work` as long as there is time: what is late is not begun, and what has begun is left. (No `async fn`: it would
/// hold the work twice, and nearly everything passes here.)
pub fn in_time<T, E: From<Error>, F>(work: F) -> impl Future<Output = Result<T, E>>
where
    F: Future<Output = Result<T, E>>,
{
    let late = || Err(Error::OutOfTime.into());
    match telemetry::deadline() {
        None => Either::Left(work),
        Some(deadline) if Instant::now() >= deadline => Either::Right(Either::Left(ready(late()))),
        Some(deadline) => {
            let answered = tokio::time::timeout_at(deadline, work);
            Either::Right(Either::Right(answered.map(move |done| done.unwrap_or_else(|_elapsed| late()))))
        }
    }
}

/// Whether the time is over of what runs now.
pub fn is_late() -> bool {
    telemetry::deadline().is_some_and(|deadline| Instant::now() >= deadline)
}
