//! The commands of `portico`, one file each: what the command line says, and what all commands share, which is
//! settings, log, database, interruption and exit codes.
use std::fmt;
use std::future::Future;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow};
use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::settings::{LogFormat, Settings};
use crate::store::embedded::{self, Embedded};

mod audit;
mod database;
mod doctor;
mod documents;
mod mail;
mod migrate;
mod purge;
mod schema;
mod search;
mod seed;
mod serve;
mod settings;
mod slow;
mod token;
mod upkeep;

/// The command line.
#[derive(Debug, Parser)]
#[command(
    name = "portico",
    version,
    about = "One GraphQL API for an enterprise's conversations, sales, finance and compliance.",
    after_help = "Without a command it serves. Settings come from PORTICO_… variables and portico.toml; \
                  `portico settings` prints them.\n\nExit codes: 0 done, 1 failed, 2 wrong command line or \
                  settings, 3 something is left to do (migrate status, doctor), 130 interrupted."
)]
pub struct Line {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the server, with its own PostgreSQL unless DATABASE_URL names another
    Serve,
    /// Bring the tables of the database to this version of Portico, or back
    Migrate(migrate::Migrate),
    /// Print the schema in GraphQL's own language, or what has changed in it
    Schema(schema::Schema),
    /// Fill an empty database with the demo, or any with large organizations to measure with
    Seed(seed::Seed),
    /// Start, stop or look into the embedded PostgreSQL by itself
    Database(database::Database),
    /// Check that nobody has tampered with the audit log
    Audit(audit::Audit),
    /// Delete for good what was deleted before and is due, as a running server does by itself
    Purge,
    /// Have everything found by its words that was there before the index of words was
    Search(search::Search),
    /// Check the database: connection, version, extensions, roles, migrations, row level security
    Doctor,
    /// Print an access token for scripts; the session that it belongs to is recorded in the audit trail
    Token(token::Token),
    /// Print the mail that the server has written, secrets included, until it is sent by a mail server
    Mail(mail::Mail),
    /// Publish the GraphQL documents of a client, so that servers may answer those alone; list and retire them
    Documents(documents::Documents),
    /// Print the operations that took too long, with the plan of the slowest statement of each
    Slow(slow::Slow),
    /// Print every setting with its default, its meaning and its present value
    Settings,
}

/// How a command ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Done,
    /// Nothing failed, but what was asked about is not in order: exit code 3.
    Unfinished,
}

/// Runs one command and says how it ended.
pub fn run(line: Line) -> ExitCode {
    let settings = match Settings::load() {
        Ok(settings) => settings,
        Err(refused) => {
            complain(format_args!("{refused}\n`portico settings` prints every setting."));
            // Who asks for the list while something is wrong needs it most: with the defaults then.
            if let (Some(Command::Settings), Ok(defaults)) = (line.command, Settings::read([], None)) {
                drop(settings::run(&defaults));
            }
            return ExitCode::from(2);
        }
    };
    // The list of settings needs no log, and helps to mend one that cannot be started.
    let needs_log = !matches!(line.command, Some(Command::Settings));
    if let Err(error) = if needs_log { start_log(&settings) } else { Ok(()) } {
        complain(format_args!("{error:#}"));
        return ExitCode::from(2);
    }
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            complain(format_args!("The system gives no threads: {error}."));
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(dispatch(line.command.unwrap_or(Command::Serve), settings)) {
        Ok(Some(Outcome::Done)) => ExitCode::SUCCESS,
        Ok(Some(Outcome::Unfinished)) => ExitCode::from(3),
        Ok(None) => {
            complain(format_args!("Interrupted."));
            ExitCode::from(130)
        }
        Err(error) => {
            complain(format_args!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// None when a signal came first. The server handles signals itself, to finish what it has begun.
async fn dispatch(command: Command, settings: Settings) -> Result<Option<Outcome>> {
    match command {
        Command::Serve => serve::run(settings).await.map(Some),
        Command::Migrate(migrate) => unless_interrupted(migrate.run(settings)).await,
        Command::Schema(schema) => schema.run().map(Some),
        Command::Seed(seed) => Box::pin(unless_interrupted(seed.run(settings))).await,
        Command::Database(database) => unless_interrupted(database.run(settings)).await,
        Command::Audit(audit) => unless_interrupted(audit.run(settings)).await,
        Command::Doctor => unless_interrupted(doctor::run(settings)).await,
        Command::Purge => unless_interrupted(purge::run(settings)).await,
        Command::Search(search) => unless_interrupted(search.run(settings)).await,
        Command::Mail(mail) => unless_interrupted(mail.run(settings)).await,
        Command::Token(token) => Box::pin(unless_interrupted(token.run(settings))).await,
        Command::Documents(documents) => unless_interrupted(documents.run(settings)).await,
        Command::Slow(slow) => unless_interrupted(slow.run(settings)).await,
        Command::Settings => settings::run(&settings).map(Some),
    }
}

async fn unless_interrupted(command: impl Future<Output = Result<Outcome>>) -> Result<Option<Outcome>> {
    let interrupted = interruption()?;
    tokio::select! {
        outcome = command => outcome.map(Some),
        () = interrupted => Ok(None),
    }
}

/// Ends at the first Ctrl-C or SIGTERM after the call.
fn interruption() -> Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt()).context("signals cannot be received")?;
    let mut terminate = signal(SignalKind::terminate()).context("signals cannot be received")?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// What others would tell below `info` holds what is sent to the database and to other servers: it is told only where
/// their names are said.
fn of_ours(log: &str) -> String {
    let directives = log.split(',').map(|directive| match directive.trim() {
        level @ ("debug" | "trace") => format!("info,portico={level}"),
        directive => directive.to_owned(),
    });
    directives.collect::<Vec<_>>().join(",")
}

/// The log goes to standard error: standard output is for what a command was asked for.
fn start_log(settings: &Settings) -> Result<()> {
    let filter = EnvFilter::try_new(of_ours(&settings.log)).map_err(|error| {
        anyhow!("PORTICO_LOG cannot be read: {error}. `info,portico::web=debug` is an example.")
    })?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    let started = match settings.log_format {
        LogFormat::Human => log.with_target(false).with_ansi(io::stderr().is_terminal()).try_init(),
        LogFormat::Json => log.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| anyhow!("the log cannot be started: {error}"))
}

/// Prints a line of what the command was asked for.
fn say(line: fmt::Arguments<'_>) -> Result<()> {
    writeln!(io::stdout().lock(), "{line}").context("standard output is closed")
}

/// Says what is wrong; when even that cannot be said, the exit code still tells.
fn complain(line: fmt::Arguments<'_>) {
    drop(writeln!(io::stderr().lock(), "portico: {line}"));
}

/// The database of the settings: the one of DATABASE_URL, or the embedded one, which is stopped on drop.
struct Database {
    /// Its address for the owner of the tables.
    owner_url: String,
    /// Its address for the role that the server works as.
    app_url: String,
    embedded: Option<Embedded>,
}

impl Database {
    /// For the server: the embedded PostgreSQL is its alone.
    async fn start(settings: &Settings) -> Result<Self> {
        Self::find(settings, Embedded::start).await
    }

    /// For a command: an embedded PostgreSQL that runs already is used.
    async fn join(settings: &Settings) -> Result<Self> {
        Self::find(settings, Embedded::join).await
    }

    async fn find(settings: &Settings, begin: fn(&embedded::Options) -> Result<Embedded>) -> Result<Self> {
        if let Some(url) = &settings.database_url {
            let owner = settings.database_owner_url.as_ref().unwrap_or(url);
            return Ok(Self {
                owner_url: owner.reveal().to_owned(),
                app_url: url.reveal().to_owned(),
                embedded: None,
            });
        }
        let options = embedded::Options::of(settings);
        let embedded = tokio::task::spawn_blocking(move || begin(&options)).await??;
        Ok(Self {
            owner_url: embedded.owner_url(embedded::DATABASE),
            app_url: embedded.app_url(embedded::DATABASE),
            embedded: Some(embedded),
        })
    }

    /// Ends only when the embedded PostgreSQL does although nobody told it to.
    async fn lost(&mut self) -> anyhow::Error {
        let Some(embedded) = &mut self.embedded else { return std::future::pending().await };
        loop {
            match embedded.ended() {
                Ok(None) => tokio::time::sleep(std::time::Duration::from_millis(500)).await,
                Ok(Some(status)) => {
                    return anyhow!(
                        "PostgreSQL ended ({status}); its log is {}. The next start recovers its data.",
                        embedded.log().display()
                    );
                }
                Err(error) => return error,
            }
        }
    }

    /// Stops the embedded PostgreSQL if this process runs it, and says when that failed.
    async fn close(self) -> Result<()> {
        match self.embedded {
            Some(embedded) => tokio::task::spawn_blocking(move || embedded.stop()).await?,
            None => Ok(()),
        }
    }
}
