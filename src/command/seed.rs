//! `portico seed`: the demo, or large organizations to measure with.
use std::time::Instant;

use anyhow::Result;
use clap::Args;
use rust_decimal::Decimal;

use super::{Database, Outcome, say};
use crate::domains::access::catalogue;
use crate::seed::{self, Plan, Progress};
use crate::settings::Settings;
use crate::store::{connect, migrate};

/// What to fill the database with: the demo, unless numbers are given.
#[derive(Debug, Args)]
pub(super) struct Seed {
    /// Add so many large organizations, org-0001 and so on, as far as they are missing
    #[arg(long, value_name = "N")]
    organizations: Option<u32>,
    /// How large they are; 1 is 50 people, 400 conversations, 20,000 messages, 2,000 deals, 50 budgets, 100 controls
    #[arg(long, value_name = "S", default_value = "1", requires = "organizations")]
    scale: Decimal,
}

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
        match self.organizations {
            Some(organizations) => measure(owner_url, Plan { organizations, scale: self.scale }).await,
            None => demo(owner_url).await,
        }
    }
}

async fn demo(owner_url: &str) -> Result<Outcome> {
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

async fn measure(owner_url: &str, plan: Plan) -> Result<Outcome> {
    if !seed::is_fast(owner_url).await? {
        say(format_args!(
            "The owner of the tables is no superuser: every row is checked, which takes longer."
        ))?;
    }
    let begun = Instant::now();
    let (mut rows, mut messages) = (0, 0);
    let report = |done: Progress| {
        rows += done.rows;
        messages += done.messages;
        if done.rows == 0 {
            return say(format_args!("{}  was there before", done.slug));
        }
        let (slug, took) = (done.slug, done.took.as_secs_f64());
        say(format_args!("{slug}  {} rows, {} of them messages, in {took:.1} s", done.rows, done.messages))
    };
    seed::bulk(owner_url, &plan, report).await?;
    let took = begun.elapsed();
    let pace = u128::from(rows) * 1_000 / took.as_millis().max(1);
    say(format_args!(
        "{rows} rows, {messages} of them messages, in {:.1} s: {pace} rows a second",
        took.as_secs_f64()
    ))?;
    Ok(Outcome::Done)
}
