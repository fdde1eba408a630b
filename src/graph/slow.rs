//! Operations that take too long are noted, one at a time and only as fast as that can be done: a server that is slow
//! already is not slowed down further.
use std::{sync::Arc, time::Duration};

use tokio::sync::Semaphore;

use crate::{
    store::{
        door::{Caller, Door},
        slow_operations::Slow,
    },
    telemetry,
};

/// So many are noted at the same time.
const AT_ONCE: usize = 2;

/// Which operations are noted.
#[derive(Clone)]
pub struct SlowLog {
    longer_than: Option<Duration>,
    free: Arc<Semaphore>,
}

impl SlowLog {
    pub fn new(longer_than: Option<Duration>) -> Self {
        Self { longer_than, free: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Notes the operation that ends now, if it took too long.
    pub fn consider(&self, door: &Door, caller: Arc<Caller>, code: Option<&str>) {
        let (Some(limit), Some(trace)) = (self.longer_than, telemetry::current()) else { return };
        let summary = trace.summary();
        if summary.took < limit {
            return;
        }
        let Ok(free) = self.free.clone().try_acquire_owned() else {
            tracing::warn!(request = caller.request, "a slow operation was not noted: there are too many");
            return;
        };
        let (statements, slowest) = trace.statements();
        let slow = Slow { caller, summary, statements, slowest, code: code.map(str::to_owned) };
        let door = door.clone();
        // a task of its own has all the time it needs
        tokio::spawn(async move {
            match slow.note(&door).await {
                Ok(plan) => tell(&slow, plan.as_deref()),
                Err(error) => tracing::warn!(%error, "a slow operation could not be noted"),
            }
            drop(free);
        });
    }
}

fn tell(slow: &Slow, plan: Option<&str>) {
    let summary = &slow.summary;
    tracing::warn!(
        target: "portico::slow",
        request = slow.caller.request,
        trace = summary.trace.as_deref(),
        kind = summary.operation.kind,
        name = summary.operation.name.as_deref(),
        code = slow.code.as_deref(),
        organization = summary.operation.organization.map(tracing::field::display),
        ms = summary.took.as_secs_f64() * 1000.0,
        database_ms = summary.database.as_secs_f64() * 1000.0,
        waiting_ms = summary.waited.as_secs_f64() * 1000.0,
        cost = summary.operation.requested,
        statements = %slow.classes(),
        slowest = slow.slowest.as_ref().map(|slowest| slowest.class.name.as_str()),
        plan,
        "a slow operation",
    );
}
