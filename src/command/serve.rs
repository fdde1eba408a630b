//! `portico serve`: the server, from its database to the last request.
use anyhow::Result;

use super::{Database, Outcome, interruption};
use crate::settings::Settings;
use crate::store::migrate;

pub(super) async fn run(settings: Settings) -> Result<Outcome> {
    // Before anything is started, so that no signal finds nobody listening.
    let interrupted = interruption()?;
    let mut database = Database::start(&settings).await?;
    for migration in migrate::up(&database.owner_url, None).await? {
        tracing::info!("Applied the migration {migration}");
    }
    tokio::select! {
        () = interrupted => tracing::info!("Stopping"),
        lost = database.lost() => return Err(lost),
    }
    database.close().await?;
    Ok(Outcome::Done)
}
