//! `portico migrate`: the tables of the database, brought to this version of Portico or back.
use anyhow::Result;
use clap::{Args, Subcommand};

use super::{Database, Outcome, say};
use crate::domains::access::catalogue;
use crate::settings::Settings;
use crate::store::connect::connect;
use crate::store::migrate;

/// What to do with the migrations.
#[derive(Debug, Args)]
pub(super) struct Migrate {
    #[command(subcommand)]
    action: Action,
    /// The database, as the owner of its tables; without it the one of the settings
    #[arg(long, global = true, value_name = "URL")]
    database_url: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Apply what is pending
    Up {
        /// Apply up to and including this migration: its name, or what follows its number
        #[arg(long, value_name = "NAME")]
        target: Option<String>,
    },
    /// Take the newest migration back
    Down {
        /// Take back all that came after this migration instead
        #[arg(long, value_name = "NAME")]
        target: Option<String>,
        /// Leave the tables as they are and take back only the record
        #[arg(long)]
        record_only: bool,
    },
    /// Print every migration and when it was applied; exit code 3 when one is pending
    Status,
}

impl Migrate {
    pub(super) async fn run(self, settings: Settings) -> Result<Outcome> {
        if let Some(url) = &self.database_url {
            return self.action.run(url).await;
        }
        let database = Database::join(&settings).await?;
        let outcome = self.action.run(&database.owner_url).await;
        database.close().await?;
        outcome
    }
}

impl Action {
    async fn run(&self, url: &str) -> Result<Outcome> {
        match self {
            Self::Up { target } => {
                let applied = migrate::up(url, target.as_deref()).await?;
                if target.is_none() {
                    catalogue::sync(&mut connect(url).await?).await?;
                }
                report("applied", applied)
            }
            Self::Down { target, record_only } => {
                report("taken back", migrate::down(url, target.as_deref(), *record_only).await?)
            }
            Self::Status => status(url).await,
        }
    }
}

fn report(done: &str, names: Vec<String>) -> Result<Outcome> {
    if names.is_empty() {
        say(format_args!("nothing to do"))?;
    }
    for name in names {
        say(format_args!("{done}  {name}"))?;
    }
    Ok(Outcome::Done)
}

async fn status(url: &str) -> Result<Outcome> {
    let mut outcome = Outcome::Done;
    for (name, applied) in migrate::status(url).await? {
        if let Some(time) = applied {
            say(format_args!("{}  {name}", time.format("%Y-%m-%d %H:%M:%S UTC")))?;
        } else {
            outcome = Outcome::Unfinished;
            say(format_args!("pending                  {name}"))?;
        }
    }
    Ok(outcome)
}
