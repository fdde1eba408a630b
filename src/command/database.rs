//! `portico database`: the embedded PostgreSQL by itself, for looking into it and for other programs.
use std::ffi::OsString;
use std::process::Command as Program;

use anyhow::{Context, Result, anyhow, bail};
use clap::{Args, Subcommand};
use percent_encoding::percent_decode_str;

use super::{Database as Opened, Outcome, say};
use crate::settings::Settings;
use crate::store::embedded::{Embedded, Options};

/// What to do with the embedded PostgreSQL.
#[derive(Debug, Args)]
pub(super) struct Database {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Start it and leave it running; prints its address
    Start,
    /// Stop the one that `start` left running
    Stop,
    /// Open psql as the owner of the tables, also while a server runs; what follows goes to psql
    Psql {
        /// Arguments of psql, such as -c 'select 1'
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
}

impl Database {
    pub(super) async fn run(self, settings: Settings) -> Result<Outcome> {
        match self.action {
            Action::Psql { arguments } => psql(&settings, arguments).await,
            Action::Start | Action::Stop if settings.database_url.is_some() => {
                bail!("DATABASE_URL is set: that PostgreSQL is not Portico's to start or stop.")
            }
            Action::Start => start(&settings).await,
            Action::Stop => stop(&settings).await,
        }
    }
}

async fn start(settings: &Settings) -> Result<Outcome> {
    let options = Options::of(settings);
    let started = tokio::task::spawn_blocking(move || Embedded::stand(&options)).await??;
    let database = Opened::join(settings).await?;
    say(format_args!(
        "PostgreSQL {}: {}",
        if started { "runs" } else { "was running already" },
        database.owner_url
    ))?;
    database.close().await?;
    Ok(Outcome::Done)
}

async fn stop(settings: &Settings) -> Result<Outcome> {
    let options = Options::of(settings);
    let stopped = tokio::task::spawn_blocking(move || Embedded::stop_standing(&options)).await??;
    say(format_args!("PostgreSQL {}", if stopped { "is stopped" } else { "was not running" }))?;
    Ok(Outcome::Done)
}

async fn psql(settings: &Settings, arguments: Vec<OsString>) -> Result<Outcome> {
    let database = Opened::join(settings).await?;
    let mut program =
        database.embedded.as_ref().map_or_else(|| Program::new("psql"), |own| own.program("psql"));
    // A password belongs in the environment: the command line of a process can be read by everyone.
    let mut url =
        url::Url::parse(&database.owner_url).context("the address of the database cannot be read")?;
    if let Some(password) = url.password() {
        program.env("PGPASSWORD", percent_decode_str(password).decode_utf8_lossy().as_ref());
        url.set_password(None).map_err(|()| anyhow!("the address of the database cannot be read"))?;
    }
    // Waiting blocks on purpose: Ctrl-C is for psql, which cancels its query.
    let status = program.args(["--dbname", url.as_str()]).args(arguments).status();
    database.close().await?;
    let status = status.context("psql does not start; Debian has it in postgresql-client")?;
    if !status.success() {
        bail!("psql ended with {status}.");
    }
    Ok(Outcome::Done)
}
