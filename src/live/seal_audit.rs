//! The background work that seals the audit log, within a second or two of each commit.
use std::{sync::Arc, time::Duration};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::checkpoint::Checkpoints;
use crate::{
    store::{
        audit_chain::{self, Due, Sealing},
        door::Door,
        error::Result,
    },
    telemetry::{Piece, piece},
};

/// An entry waits this long at most before its turn comes.
const EVERY: Duration = Duration::from_secs(1);

/// Seals until told to stop; a pass that has begun is finished.
pub fn spawn(door: Door, checkpoints: Arc<Checkpoints>, stop: CancellationToken) -> JoinHandle<()> {
    tokio::spawn(async move {
        while stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_some() {
            if let Err(error) = seal_due(&door, &checkpoints).await {
                tracing::warn!(%error, "The audit log could not be sealed; it is tried again");
            }
        }
    })
}

/// Seals all entries that are committed by now; says how many there were.
pub async fn seal_due(door: &Door, checkpoints: &Arc<Checkpoints>) -> Result<usize> {
    let mut sealed = 0;
    for due in audit_chain::due(door).await? {
        let seal = seal_organization(door, checkpoints, due);
        sealed +=
            piece("seal", seal, |sealed| sealed.as_ref().map_or(Piece::ERRORS, |it| Piece::of(*it))).await?;
    }
    Ok(sealed)
}

/// The same for one organization.
pub async fn seal_organization(door: &Door, checkpoints: &Arc<Checkpoints>, due: Due) -> Result<usize> {
    let (mut sealed, mut whole) = (0, None::<Sealing>);
    // a backlog is worked off in several transactions; another server may be at it already
    while let Some(sealing) = audit_chain::seal(door, due).await? {
        let full = sealing.count == audit_chain::BATCH;
        sealed += sealing.count;
        whole = Some(match whole {
            Some(whole) => Sealing { end: sealing.end, ..whole },
            None => sealing,
        });
        if !full {
            break;
        }
    }
    if let Some(whole) = whole {
        advance(door, checkpoints, due.organization, whole).await?;
    }
    Ok(sealed)
}

/// Moves the checkpoint on, unless the chain no longer contains the place where it stands: then it is the proof.
async fn advance(
    door: &Door,
    checkpoints: &Arc<Checkpoints>,
    organization: Uuid,
    sealing: Sealing,
) -> Result<()> {
    let known = on_disk(checkpoints, move |checkpoints| checkpoints.read(organization)).await;
    let known = match known {
        Ok(known) => known,
        Err(error) => {
            tracing::error!(%organization, %error, "The checkpoint of the audit log cannot be trusted");
            return Ok(());
        }
    };
    // it mostly stands where the chain ended before; elsewhere another server has gone on meanwhile
    if let Some(known) = known
        && sealing.before.as_ref() != Some(&known)
        && audit_chain::hash_at(door, organization, known.seq).await? != Some(known.hash)
    {
        tracing::error!(%organization, entry = known.seq, "The audit log was tampered with: run `portico audit verify`");
        return Ok(());
    }
    let end = sealing.end;
    if let Err(error) = on_disk(checkpoints, move |checkpoints| checkpoints.write(organization, &end)).await {
        tracing::warn!(%organization, %error, "The checkpoint of the audit log could not be written");
    }
    Ok(())
}

async fn on_disk<T: Send + 'static>(
    checkpoints: &Arc<Checkpoints>,
    act: impl FnOnce(&Checkpoints) -> std::io::Result<T> + Send + 'static,
) -> std::io::Result<T> {
    let checkpoints = checkpoints.clone();
    tokio::task::spawn_blocking(move || act(&checkpoints)).await.map_err(std::io::Error::other)?
}
