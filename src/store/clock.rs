//! The one source of time and of new ids, so that both can be looked for in one place.
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::{DateTime, SubsecRound, Utc};
use uuid::Uuid;

/// Now, as precise as PostgreSQL keeps it.
#[expect(clippy::disallowed_methods, reason = "this is the clock")]
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}

/// A new UUIDv7: ids made later in one process sort after those made earlier.
#[expect(clippy::disallowed_methods, reason = "this is the source of ids")]
pub fn new_id() -> Uuid {
    Uuid::now_v7()
}

/// Time that only goes forward, from when it was begun. That of a test stands still until the test moves it.
#[derive(Clone, Debug)]
pub struct Steady(Runs);

#[derive(Clone, Debug)]
enum Runs {
    Alone(Instant),
    Moved(Arc<AtomicU64>),
}

impl Steady {
    pub fn begin() -> Self {
        Self(Runs::Alone(Instant::now()))
    }

    /// One that stands still until it is moved.
    pub fn stopped() -> Self {
        Self(Runs::Moved(Arc::default()))
    }

    /// Moves one that stands still, and its copies.
    pub fn pass(&self, time: Duration) {
        if let Runs::Moved(passed) = &self.0 {
            passed.fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
        }
    }

    /// How long it has run.
    pub fn elapsed(&self) -> Duration {
        match &self.0 {
            Runs::Alone(begun) => begun.elapsed(),
            Runs::Moved(passed) => Duration::from_nanos(passed.load(Ordering::Relaxed)),
        }
    }
}
