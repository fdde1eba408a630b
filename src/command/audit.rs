//! `portico audit verify`: works out the chain of the audit log anew, and names the first entry that was tampered with.
use std::time::Duration;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use uuid::Uuid;

use super::{Database, Outcome, say};
use crate::domains::audit::audit_log::AuditLog;
use crate::domains::identity::{organization::Organization, purge};
use crate::live::checkpoint::Checkpoints;
use crate::settings::Settings;
use crate::store::audit_chain::{self, Break, Flaw, Kept, Verdict};
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
        organizations.retain(|kept| kept.slug == only);
        if organizations.is_empty() {
            bail!("There is no organization `{only}`.");
        }
    }
    let mut broken = 0;
    for Kept { organization, slug, purged } in organizations {
        let (line, sound) = if purged {
            check_purged(&door, &checkpoints, organization).await?
        } else {
            check(&door, &checkpoints, organization).await?
        };
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

/// The same of one whose log went with everything else of it: what is known of it from before has to fit its end.
async fn check_purged(door: &Door, checkpoints: &Checkpoints, organization: Uuid) -> Result<(String, bool)> {
    let checkpoint = match checkpoints.read(organization) {
        Ok(checkpoint) => checkpoint,
        Err(error) => return Ok((format!("the checkpoint cannot be trusted: {error}"), false)),
    };
    let id = Id::<Organization>::of(organization);
    let Some(end) = audit_chain::ended(door, purge::STARTED, &id.to_string()).await? else {
        return Ok((
            format!("{id} has no audit log, and the platform's does not say that it was purged"),
            false,
        ));
    };
    let entries = end.as_ref().map_or(0, |end| end.seq);
    let told = format!("{id} was purged after {entries} entries");
    Ok(match checkpoint {
        // another server may have sealed the last of them
        Some(known) if known.seq >= entries && Some(&known) != end.as_ref() => {
            (format!("{told}, which is not where its log was at its checkpoint at {}", known.seq), false)
        }
        _ => (told, true),
    })
}
