//! What the server does by itself while it runs: partitions for the months to come, controls that become overdue,
//! requests for approval that nobody decided in time, trials and cycles of subscriptions that are over, exports, imports and
//! their files, and the purge of what was deleted long ago.
use std::{sync::Arc, time::Duration};

use futures_util::{FutureExt, future::BoxFuture};
use tokio_util::sync::CancellationToken;

use crate::{
    domains::{
        access::lapsed,
        billing::due,
        governance::overdue,
        identity::purge::{self, Purged},
        ops::{export, exporting, import, importing},
    },
    graph::{schema::Schema, user_error::Outcome},
    live::Hub,
    store::{door::Door, partitions},
    telemetry::errand,
};

const PARTITIONS: Duration = Duration::from_hours(1);
/// How often it is looked for what time alone has changed.
const DUE: Duration = Duration::from_secs(30);
/// How often it is looked for what is to be deleted for good.
const PURGE: Duration = Duration::from_mins(5);

/// How often it is looked for what need not be remembered.
const TIDY: Duration = Duration::from_mins(1);

/// Keeps small what a server remembers of its callers, until told to stop.
pub(super) fn tidy(schema: Schema, stop: CancellationToken) {
    tokio::spawn(async move {
        while stop.run_until_cancelled(tokio::time::sleep(TIDY)).await.is_some() {
            schema.tidy();
        }
    });
}

/// How often it is looked for exports and imports that wait.
const JOBS: Duration = Duration::from_secs(1);

/// Writes exports, `at_once` of them at one time, until told to stop.
pub(super) fn export(schema: &Schema, at_once: usize, stop: &CancellationToken) {
    work(schema, at_once, stop, "export", |schema| exporting::next(schema).boxed());
}

/// Does imports, `at_once` of them at one time, until told to stop.
pub(super) fn import(schema: &Schema, at_once: usize, stop: &CancellationToken) {
    work(schema, at_once, stop, "import", |schema| importing::next(schema).boxed());
}

fn work(
    schema: &Schema,
    at_once: usize,
    stop: &CancellationToken,
    kind: &'static str,
    next: for<'s> fn(&'s Schema) -> BoxFuture<'s, Outcome<bool>>,
) {
    for _ in 0..at_once {
        let (schema, stop) = (schema.clone(), stop.clone());
        tokio::spawn(async move {
            while let Some(done) = stop.run_until_cancelled(next(&schema)).await {
                let pause = match done {
                    Ok(true) => Duration::ZERO,
                    Ok(false) => JOBS,
                    Err(error) => {
                        tracing::warn!(%error, kind, "A job could not be gone on with; it is tried again");
                        JOBS
                    }
                };
                if stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
                    return;
                }
            }
        });
    }
}

/// Works until told to stop.
pub(super) fn spawn(door: &Door, hub: &Arc<Hub>, stop: &CancellationToken) {
    let (ahead, stopped) = (door.clone(), stop.clone());
    tokio::spawn(async move {
        while stopped.run_until_cancelled(tokio::time::sleep(PARTITIONS)).await.is_some() {
            if let Err(error) = errand("partitions", partitions::ahead(&ahead)).await {
                tracing::warn!(%error, "The partitions of the coming months could not be made; it is tried again");
            }
        }
    });
    let (purging, stopped) = (door.clone(), stop.clone());
    tokio::spawn(async move {
        while stopped.run_until_cancelled(tokio::time::sleep(PURGE)).await.is_some() {
            match errand("purge", purge::sweep(&purging)).await {
                Ok(purged) if purged != Purged::default() => {
                    tracing::info!(?purged, "Purged what was deleted");
                }
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "What is due could not be purged; it is tried again"),
            }
        }
    });
    let (door, hub, stopped) = (door.clone(), hub.clone(), stop.clone());
    tokio::spawn(async move {
        while stopped.run_until_cancelled(tokio::time::sleep(DUE)).await.is_some() {
            match errand("overdue controls", overdue::sweep(&door)).await {
                Ok(organizations) => {
                    organizations.into_iter().for_each(|organization| hub.wake(organization));
                }
                Err(error) => {
                    tracing::warn!(%error, "Overdue controls could not be marked; it is tried again");
                }
            }
            match errand("lapsed requests", lapsed::sweep(&door)).await {
                Ok(organizations) => {
                    organizations.into_iter().for_each(|organization| hub.wake(organization));
                }
                Err(error) => {
                    tracing::warn!(%error, "Lapsed requests for approval could not be marked; it is tried again");
                }
            }
            match errand("due subscriptions", due::sweep(&door)).await {
                Ok(organizations) => {
                    organizations.into_iter().for_each(|organization| hub.wake(organization));
                }
                Err(error) => {
                    tracing::warn!(%error, "Subscriptions that are due could not go on; it is tried again");
                }
            }
            match errand("expired exports", export::sweep(&door)).await {
                Ok(organizations) => {
                    organizations.into_iter().for_each(|organization| hub.wake(organization));
                }
                Err(error) => {
                    tracing::warn!(%error, "Files of exports could not be deleted; it is tried again");
                }
            }
            match errand("expired imports", import::sweep(&door)).await {
                Ok(organizations) => {
                    organizations.into_iter().for_each(|organization| hub.wake(organization));
                }
                Err(error) => {
                    tracing::warn!(%error, "Imports that are over could not be tidied up; it is tried again");
                }
            }
        }
    });
}
