//! The embedded PostgreSQL: the default database, fetched, made, started and stopped by Portico itself.
//!
//! Everything lives below one directory: `postgres/` the programs, `data/` the cluster, `run/` the socket,
//! `postgres.log`, and `lock`, held by the process that runs it. It listens on a unix socket alone, in a
//! directory that only its account may enter; therefore it asks for no password.
use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::settings::Settings;

mod account;
mod cluster;
mod install;

use account::Account;
use cluster::{Cluster, pid_of};

pub use cluster::{DATABASE, OWNER};
pub use install::MAJOR;

/// The role that the server works as; made by the migrations.
const APP: &str = "portico_app";
/// Longest path of the directory of a unix socket, below what every system allows for the socket itself.
const SOCKET_PATH: usize = 85;

/// What to run, and where.
#[derive(Debug, Clone)]
pub struct Options {
    /// Directory of the data, the log and the socket.
    pub home: PathBuf,
    /// Directory whose `postgres/` holds the unpacked programs; usually the same.
    pub programs: PathBuf,
    /// Whether the data must survive a power cut.
    pub durable: bool,
}

impl Options {
    /// The embedded PostgreSQL of a server.
    pub fn of(settings: &Settings) -> Self {
        let programs = settings.programs.as_ref().unwrap_or(&settings.data);
        Self { home: settings.data.clone(), programs: programs.clone(), durable: true }
    }
}

/// A running embedded PostgreSQL. It is stopped when this is dropped, if this process runs it.
#[derive(Debug)]
pub struct Embedded {
    cluster: Cluster,
    postmaster: Option<Postmaster>,
    /// Held for as long as this process is the one that runs the cluster.
    _lock: Option<File>,
}

/// A postmaster that this process started, and the process that stops it when this one is killed.
#[derive(Debug)]
struct Postmaster {
    process: Child,
    guard: Child,
}

impl Embedded {
    /// Starts it for this process alone; refuses when another process runs it.
    pub fn start(options: &Options) -> Result<Self> {
        let place = Place::find(options)?;
        match place.lock()? {
            Lock::Mine(lock) => place.run(lock),
            Lock::Of(process) => bail!(
                "Another Portico{process} already uses {}: stop it first, or set PORTICO_DATA to another \
                 directory.",
                place.home.display()
            ),
        }
    }

    /// Uses the one that runs, or starts it for as long as this process needs it: for commands.
    pub fn join(options: &Options) -> Result<Self> {
        let place = Place::find(options)?;
        let patience = Instant::now() + Duration::from_secs(30);
        loop {
            let process = match place.lock()? {
                Lock::Mine(lock) => return place.run(lock),
                Lock::Of(process) => process,
            };
            let cluster = place.cluster()?;
            if cluster.ready() {
                return Ok(Self { cluster, postmaster: None, _lock: None });
            }
            if Instant::now() > patience {
                bail!(
                    "Another Portico{process} uses {}, but its PostgreSQL does not answer.",
                    place.home.display()
                );
            }
            sleep(Duration::from_millis(100));
        }
    }

    /// Starts it and leaves it running when this process ends, until `stop_standing`.
    /// False when it was running already.
    pub fn stand(options: &Options) -> Result<bool> {
        let place = Place::find(options)?;
        let Lock::Mine(lock) = place.lock()? else { return Ok(false) };
        let standing = place.standing();
        let mut embedded = place.run(lock)?;
        let Some(mut postmaster) = embedded.postmaster.take() else { return Ok(false) };
        fs::write(standing, "PostgreSQL was started by itself: commands leave it running.\n")?;
        postmaster.dismiss_guard()?;
        Ok(true)
    }

    /// Stops the one that `stand` left running. False when none runs.
    pub fn stop_standing(options: &Options) -> Result<bool> {
        let place = Place::find(options)?;
        let _lock = match place.lock()? {
            Lock::Mine(lock) => lock,
            Lock::Of(process) => bail!(
                "Another Portico{process} uses the PostgreSQL in {}: stop that, it stops PostgreSQL itself.",
                place.home.display()
            ),
        };
        if place.standing().exists() {
            fs::remove_file(place.standing())?;
        }
        let running = place.cluster()?.running();
        running.map(Cluster::stop_other).transpose()?;
        Ok(running.is_some())
    }

    /// Address of a database for the owner of everything.
    pub fn owner_url(&self, database: &str) -> String {
        self.url(OWNER, database)
    }

    /// Address of a database for the role that the server works as; the migrations make it.
    pub fn app_url(&self, database: &str) -> String {
        self.url(APP, database)
    }

    fn url(&self, role: &str, database: &str) -> String {
        let socket: String =
            url::form_urlencoded::byte_serialize(self.cluster.socket.as_os_str().as_encoded_bytes())
                .collect();
        // A plus means a space in forms, but itself in these addresses.
        format!("postgresql://{role}@{}/{database}", socket.replace('+', "%20"))
    }

    /// A program of PostgreSQL (`psql`, `pg_dump`), to run as the caller.
    pub fn program(&self, name: &str) -> Command {
        Command::new(self.cluster.programs.join("bin").join(name))
    }

    /// Its log, for messages.
    pub fn log(&self) -> &Path {
        &self.cluster.log
    }

    /// How it ended, when this process runs it and it ended without being told to.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.postmaster.as_mut().map(|postmaster| postmaster.process.try_wait()).transpose()?.flatten())
    }

    /// Stops it, if this process runs it: sessions are cut, the data are safe on disk.
    pub fn stop(mut self) -> Result<()> {
        self.postmaster.take().map(Postmaster::stop).transpose()?;
        Ok(())
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        if let Some(Err(error)) = self.postmaster.take().map(Postmaster::stop) {
            tracing::error!("PostgreSQL was not stopped: {error:#}");
        }
    }
}

impl Postmaster {
    fn stop(mut self) -> Result<()> {
        let process = &mut self.process;
        Cluster::stop(pid_of(process), || Ok(process.try_wait()?.is_some()))?;
        self.dismiss_guard()
    }

    fn dismiss_guard(&mut self) -> Result<()> {
        self.guard.kill().and_then(|()| self.guard.wait()).context("the guard of PostgreSQL does not end")?;
        Ok(())
    }
}

/// Where an embedded PostgreSQL is to live, and whose it is.
struct Place {
    home: PathBuf,
    programs: PathBuf,
    account: Account,
    durable: bool,
}

enum Lock {
    Mine(File),
    /// Who has it, as " (process 123)".
    Of(String),
}

impl Place {
    fn find(options: &Options) -> Result<Self> {
        let account = Account::current()?;
        let home = reachable(&options.home, &account)?;
        let programs = if options.programs == options.home {
            home.clone()
        } else {
            reachable(&options.programs, &account)?
        };
        let account = account.keeping(&home.join("data"))?;
        Ok(Self { home, programs, account, durable: options.durable })
    }

    fn standing(&self) -> PathBuf {
        self.home.join("standing")
    }

    fn lock(&self) -> Result<Lock> {
        let path = self.home.join("lock");
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).read(true).write(true);
        let mut file = options.open(&path).with_context(|| format!("{} cannot be opened", path.display()))?;
        // a program that this process is just starting holds a copy of its files until it runs
        let patience = Instant::now() + Duration::from_millis(250);
        let locked = loop {
            match file.try_lock() {
                Err(TryLockError::WouldBlock) if Instant::now() < patience => {
                    sleep(Duration::from_millis(10));
                }
                locked => break locked,
            }
        };
        match locked {
            Ok(()) => {
                file.set_len(0)?;
                file.seek(SeekFrom::Start(0))?;
                writeln!(file, "{}", std::process::id())?;
                Ok(Lock::Mine(file))
            }
            Err(TryLockError::WouldBlock) => {
                let mut process = String::new();
                file.read_to_string(&mut process)?;
                let process = process.trim();
                Ok(Lock::Of(if process.is_empty() { String::new() } else { format!(" (process {process})") }))
            }
            Err(TryLockError::Error(error)) => {
                Err(error).context(format!("{} cannot be locked", path.display()))
            }
        }
    }

    fn cluster(&self) -> Result<Cluster> {
        Ok(Cluster {
            programs: install::programs(&self.programs)?,
            data: self.home.join("data"),
            socket: self.socket(),
            log: self.home.join("postgres.log"),
            account: self.account.clone(),
            durable: self.durable,
        })
    }

    /// A unix socket has a short name: a long path is replaced by one in the directory for temporary files.
    fn socket(&self) -> PathBuf {
        let usual = self.home.join("run");
        if usual.as_os_str().len() <= SOCKET_PATH {
            usual
        } else {
            std::env::temp_dir().join(format!("portico-{}", short(&self.home)))
        }
    }

    /// With the lock in hand: whatever still runs is either meant to stand, or left over from a killed server.
    fn run(self, lock: File) -> Result<Embedded> {
        let cluster = self.cluster()?;
        if let Some(pid) = cluster.running() {
            if self.standing().exists() && cluster.ready() {
                return Ok(Embedded { cluster, postmaster: None, _lock: Some(lock) });
            }
            tracing::info!("Stopping the PostgreSQL that a killed Portico left running (process {pid})");
            Cluster::stop_other(pid)?;
        }
        if self.standing().exists() {
            fs::remove_file(self.standing())?;
        }
        cluster.make()?;
        let process = cluster.start()?;
        let guard = cluster.guard()?;
        Ok(Embedded { cluster, postmaster: Some(Postmaster { process, guard }), _lock: Some(lock) })
    }
}

/// The directory itself, made when missing; or a place of the system's when PostgreSQL's account cannot get
/// there, as below the home of root.
fn reachable(directory: &Path, account: &Account) -> Result<PathBuf> {
    let made = fs::create_dir_all(directory).and_then(|()| fs::canonicalize(directory));
    let directory = made.with_context(|| format!("{} cannot be made", directory.display()))?;
    if !account.is_another() {
        return Ok(directory);
    }
    fs::set_permissions(&directory, Permissions::from_mode(0o755))?;
    if account.reaches(&directory) {
        return Ok(directory);
    }
    let other = Path::new("/var/lib/portico").join(short(&directory));
    tracing::warn!(
        "PostgreSQL does not run as root, and its user cannot reach {}: it is kept in {} instead",
        directory.display(),
        other.display()
    );
    fs::create_dir_all(&other).with_context(|| format!("{} cannot be made", other.display()))?;
    for opened in other.ancestors().take(2) {
        fs::set_permissions(opened, Permissions::from_mode(0o755))?;
    }
    Ok(other)
}

/// A short name for a path, always the same.
fn short(path: &Path) -> String {
    install::sha256(path.as_os_str().as_encoded_bytes()).chars().take(12).collect()
}
