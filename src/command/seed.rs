//! `portico seed`: the demo, or large organizations to measure with.
use anyhow::Result;
use clap::Args;

use super::{Database, Outcome, say};
use crate::domains::access::catalogue;
use crate::seed;
use crate::settings::Settings;
use crate::store::{connect, migrate};

/// What to fill the database with.
#[derive(Debug, Args)]
pub(super) struct Seed {}

impl Seed {
    pub(super) async fn run(self, settings: Settings) -> Result<Outcome> {
        let database = Database::join(&settings).await?;
        let outcome = self.fill(&database.owner_url).await;
        database.close().await?;
        outcome
    }

    async fn fill(&self, owner_url: &str) -> Result<Outcome> {
        migrate::up(owner_url, None).await?;
        // Organizations copy the platform's roles.
        catalogue::sync(&mut connect::connect(owner_url).await?).await?;
        if !seed::demo(owner_url).await? {
            say(format_args!("There are organizations already: the demo is only for an empty database."))?;
            return Ok(Outcome::Done);
        }
        say(format_args!("The demo is there. Everybody signs in with the password {}:", seed::PASSWORD))?;
        for persona in seed::personas() {
            say(format_args!("  {:<34} {:<18} {}", persona.email, persona.role, persona.organization))?;
        }
        Ok(Outcome::Done)
    }
}
