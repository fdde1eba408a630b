//! What the server does by itself while it runs: partitions for the months to come, and controls that become overdue.
use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::{
    domains::governance::overdue,
    live::Hub,
    store::{door::Door, partitions},
};

const PARTITIONS: Duration = Duration::from_hours(1);
const OVERDUE: Duration = Duration::from_secs(30);

/// Works until told to stop.
pub(super) fn spawn(door: &Door, hub: &Arc<Hub>, stop: &CancellationToken) {
    let (ahead, stopped) = (door.clone(), stop.clone());
    tokio::spawn(async move {
        while stopped.run_until_cancelled(tokio::time::sleep(PARTITIONS)).await.is_some() {
            if let Err(error) = partitions::ahead(&ahead).await {
                tracing::warn!(%error, "The partitions of the coming months could not be made; it is tried again");
            }
        }
    });
    let (door, hub, stopped) = (door.clone(), hub.clone(), stop.clone());
    tokio::spawn(async move {
        while stopped.run_until_cancelled(tokio::time::sleep(OVERDUE)).await.is_some() {
            match overdue::sweep(&door).await {
                Ok(organizations) => {
                    organizations.into_iter().for_each(|organization| hub.wake(organization));
                }
                Err(error) => {
                    tracing::warn!(%error, "Overdue controls could not be marked; it is tried again");
                }
            }
        }
    });
}
