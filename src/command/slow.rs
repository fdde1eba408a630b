//! `portico slow`: the operations that took too long, for whoever reaches the database as its owner.
use anyhow::Result;
use clap::Args;

use super::{Database, Outcome, say};
use crate::{
    settings::Settings,
    store::{
        slow_operations::{self, MOST, Noted},
        trusted_documents::organization,
    },
};

/// Which of them.
#[derive(Debug, Args)]
pub(super) struct Slow {
    /// Only those of one organization, by its short name
    #[arg(long, value_name = "SLUG")]
    organization: Option<String>,
    /// So many of the latest
    #[arg(long, value_name = "NUMBER", default_value_t = 20)]
    limit: u16,
}

impl Slow {
    pub(super) async fn run(self, settings: Settings) -> Result<Outcome> {
        let database = Database::join(&settings).await?;
        let done = self.show(&database.owner_url).await;
        database.close().await?;
        done.map(|()| Outcome::Done)
    }

    async fn show(&self, url: &str) -> Result<()> {
        let only = match &self.organization {
            Some(slug) => Some(organization(url, Some(slug)).await?),
            None => None,
        };
        let limit = i64::from(self.limit).min(MOST);
        for noted in slow_operations::latest(url, only, limit).await? {
            tell(&noted)?;
        }
        Ok(())
    }
}

fn tell(noted: &Noted) -> Result<()> {
    let Noted { took_ms, database_ms, waiting_ms, cost, request_id, .. } = noted;
    let kind = noted.kind.as_deref().unwrap_or("operation");
    let name = noted.operation.as_deref().unwrap_or("(no name)");
    let code = noted.code.as_ref().map(|code| format!("  {code}")).unwrap_or_default();
    let place = noted.organization.as_deref().unwrap_or("(no organization)");
    let trace = noted.trace_id.as_ref().map(|trace| format!("  trace {trace}")).unwrap_or_default();
    say(format_args!("{}  {took_ms} ms  {kind} {name}{code}  {place}", noted.noted_at.to_rfc3339()))?;
    say(format_args!(
        "  request {request_id}{trace}  cost {cost}  database {database_ms} ms  waiting {waiting_ms} ms"
    ))?;
    for class in noted.statements.as_array().into_iter().flatten() {
        let name = class["class"].as_str().unwrap_or_default();
        say(format_args!(
            "    {name}: {} times, {} ms, {} rows",
            class["times"], class["ms"], class["rows"]
        ))?;
    }
    if let (Some(slowest), Some(milliseconds)) = (&noted.slowest, noted.slowest_ms) {
        say(format_args!("  slowest: {slowest}, {milliseconds} ms"))?;
    }
    for line in noted.plan.iter().flat_map(|plan| plan.lines()) {
        say(format_args!("    {line}"))?;
    }
    say(format_args!(""))
}
