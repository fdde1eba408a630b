//! `portico purge`: what was deleted long enough ago is deleted for good, as the server does it by itself every few minutes.
use std::{sync::Arc, time::Duration};

use anyhow::{Result, anyhow};

use super::{Database, Outcome, say};
use crate::{
    domains::identity::purge::{self, Purged},
    live::{checkpoint::Checkpoints, seal_audit},
    settings::Settings,
    store::door::{Door, DoorSettings},
};

pub(super) async fn run(settings: Settings) -> Result<Outcome> {
    let database = Database::join(&settings).await?;
    let purged = purge(&database, &settings).await;
    database.close().await?;
    let Purged { organizations, people, rows } = purged?;
    say(format_args!("organizations purged: {organizations}, with {rows} rows"))?;
    say(format_args!("people purged: {people}"))?;
    Ok(Outcome::Done)
}

async fn purge(database: &Database, settings: &Settings) -> Result<Purged> {
    let door = Door::new(&DoorSettings {
        url: database.app_url.clone(),
        pool_size: 2,
        statement_timeout: Duration::from_mins(5),
        pool_wait: Duration::from_millis(settings.pool_wait_ms),
    })?;
    // an audit log goes only when it is sealed to its end, and no server may be running
    seal_audit::seal_due(&door, &Arc::new(Checkpoints::open(&settings.data)?)).await?;
    purge::sweep(&door).await.map_err(|stop| anyhow!("the purge failed: {stop}"))
}
