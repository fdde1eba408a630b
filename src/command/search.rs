//! `portico search index`: everything is found by its words, where it was there before the index was or was seeded.
use std::time::Duration;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};

use super::{Database, Outcome, say};
use crate::{
    settings::Settings,
    store::{
        audit_chain,
        door::{Door, DoorSettings},
        message_words,
    },
};

/// What to do with the index of words.
#[derive(Debug, Args)]
pub(super) struct Search {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Write the words of all records and messages that have none; run it again where it was interrupted
    Index {
        /// Only this organization, by its slug
        #[arg(long, value_name = "SLUG")]
        organization: Option<String>,
        /// Write all words anew; until that is done less is found
        #[arg(long)]
        anew: bool,
    },
}

/// How long one transaction goes on.
const PATIENCE: Duration = Duration::from_secs(2);

impl Search {
    pub(super) async fn run(self, settings: Settings) -> Result<Outcome> {
        let Act::Index { organization, anew } = self.act;
        let database = Database::join(&settings).await?;
        let indexed = index(&database, &settings, organization.as_deref(), anew).await;
        database.close().await?;
        indexed.map(|()| Outcome::Done)
    }
}

async fn index(database: &Database, settings: &Settings, only: Option<&str>, anew: bool) -> Result<()> {
    let door = Door::new(&DoorSettings {
        url: database.app_url.clone(),
        pool_size: 1,
        statement_timeout: Duration::from_mins(5),
        pool_wait: Duration::from_millis(settings.pool_wait_ms),
    })?;
    let mut organizations = audit_chain::organizations(&door).await?;
    organizations.retain(|kept| !kept.purged && only.is_none_or(|only| kept.slug == only));
    if let (Some(only), true) = (only, organizations.is_empty()) {
        bail!("There is no organization `{only}`.");
    }
    for kept in organizations {
        message_words::begin(&database.owner_url, kept.organization, anew).await?;
        let mut indexed = 0;
        loop {
            let done = message_words::fill(&door, kept.organization, PATIENCE).await?;
            indexed += i64::from(done.indexed);
            if done.finished {
                break;
            }
            if done.indexed == 0 {
                // a server is at it
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        say(format_args!("{}: indexed, {indexed} messages by this command", kept.slug))?;
    }
    Ok(())
}
