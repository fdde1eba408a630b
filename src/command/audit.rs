//! `portico audit verify`: works out the chain of the audit log anew, and names the first entry that was tampered with.
use std::time::Duration;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use uuid::Uuid;

use super::{Database, Outcome, say};
use crate::domains::audit::audit_log::AuditLog;
use crate::live::checkpoint::Checkpoints;
use crate::settings::Settings;
use crate::store::audit_chain::{self, Break, Flaw, Verdict};
use crate::store::door::{Door, DoorSettings};
use crate::store::id::Id;

/// What to do with the audit log.
#[derive(Debug, Args)]
pub(super) struct Audit {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Work out every hash of the audit log anew; exit code 1 when an entry was changed, moved or removed
    Verify {
        /// Only this organization, by its slug
        #[arg(long, value_name = "SLUG")]
        organization: Option<String>,
    },
}

impl Audit {
    pub(super) async fn run(self, settings: Settings) -> Result<Outcome> {
        let Act::Verify { organization } = self.act;
        let database = Database::join(&settings).await?;
        let verified = verify(&database, &settings, organization.as_deref()).await;
        database.close().await?;
        verified.map(|()| Outcome::Done)
    }
}

async fn verify(database: &Database, settings: &Settings, only: Option<&str>) -> Result<()> {
    let door = Door::new(&DoorSettings {
        url: database.app_url.clone(),
        pool_size: 1,
        statement_timeout: Duration::from_mins(5),
        pool_wait: Duration::from_millis(settings.pool_wait_ms),
    })?;
    let checkpoints = Checkpoints::open(&settings.data)?;
    let mut organizations = audit_chain::organizations(&door).await?;
    if let Some(only) = only {
        organizations.retain(|(_, slug)| slug == only);
        if organizations.is_empty() {
            bail!("There is no organization `{only}`.");
        }
    }
    let mut broken = 0;
    for (organization, slug) in organizations {
        let (line, sound) = check(&door, &checkpoints, organization).await?;
        broken += usize::from(!sound);
        say(format_args!("{slug}: {line}"))?;
    }
    match broken {
        0 => Ok(()),
        1 => bail!("The audit log of one organization was tampered with."),
        many => bail!("The audit logs of {many} organizations were tampered with."),
    }
}

/// One organization in a line, and whether its chain is sound.
async fn check(door: &Door, checkpoints: &Checkpoints, organization: Uuid) -> Result<(String, bool)> {
    let checkpoint = match checkpoints.read(organization) {
        Ok(checkpoint) => checkpoint,
        Err(error) => return Ok((format!("the checkpoint cannot be trusted: {error}"), false)),
    };
    let Verdict { sound, unsealed, broken } =
        audit_chain::verify(door, organization, checkpoint.as_ref()).await?;
    if let Some(Break { seq, id, flaw }) = broken {
        let which = id.map(|id| format!(" ({})", Id::<AuditLog>::of(id))).unwrap_or_default();
        let place = match flaw {
            Flaw::Cut => format!("broken after entry {sound}"),
            _ => format!("broken at entry {seq}{which}"),
        };
        return Ok((format!("{place}: {flaw}"), false));
    }
    let waiting = if unsealed > 0 { format!(", {unsealed} not sealed yet") } else { String::new() };
    let known = match checkpoint {
        Some(checkpoint) => format!("checkpoint at {}", checkpoint.seq),
        None if sound > 0 => "no checkpoint here: a missing end would not be seen".to_owned(),
        None => "nothing to check".to_owned(),
    };
    Ok((format!("{sound} entries sound{waiting}; {known}"), true))
}
