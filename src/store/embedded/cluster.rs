//! One PostgreSQL cluster on disk, and its postmaster: made, started, found again and stopped.
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::account::Account;
use super::install::MAJOR;

/// The database that Portico keeps its tables in.
pub const DATABASE: &str = "portico";
/// The superuser that `initdb` makes, who owns everything.
pub const OWNER: &str = "postgres";
/// A log larger than this is put aside at the next start.
const LOG_BYTES: u64 = 20 * 1024 * 1024;
/// How long to look between two looks.
const BEAT: Duration = Duration::from_millis(20);

/// How the embedded server differs from PostgreSQL's defaults.
const CONFIGURATION: [&str; 19] = [
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "cluster_name=portico",
    "max_connections=100",
    // statements over the partitions of years lock each of them; those beyond 64 are slow otherwise
    "max_locks_per_transaction=512",
    "shared_buffers=256MB",
    "work_mem=16MB",
    "maintenance_work_mem=128MB",
    "max_wal_size=4GB",
    "random_page_cost=1.1",
    "jit=off",
    "timezone=UTC",
    "log_timezone=UTC",
    "log_line_prefix=%m [%p] %u ",
    "log_min_duration_statement=1000",
    "log_checkpoints=off",
    "log_parameter_max_length=0",
    "log_parameter_max_length_on_error=0",
    "idle_in_transaction_session_timeout=5min",
];
/// For data that nobody will miss after a power cut: tests, many at a time.
const FORGETFUL: [&str; 4] =
    ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=300"];

/// Where a cluster lives and how it is run.
#[derive(Debug, Clone)]
pub(super) struct Cluster {
    pub(super) programs: PathBuf,
    pub(super) data: PathBuf,
    pub(super) socket: PathBuf,
    pub(super) log: PathBuf,
    pub(super) account: Account,
    pub(super) durable: bool,
}

impl Cluster {
    /// Makes the cluster when there is none: under another name first, so that a half-made one is never used.
    pub(super) fn make(&self) -> Result<()> {
        if let Ok(version) = fs::read_to_string(self.data.join("PG_VERSION")) {
            if version.trim() == MAJOR {
                return Ok(());
            }
            bail!(
                "{} holds data of PostgreSQL {}, the embedded one is {MAJOR}: dump them with the Portico that \
                 wrote them and load them here, or set PORTICO_DATA to another directory.",
                self.data.display(),
                version.trim()
            );
        }
        if self.data.exists() {
            bail!("{} exists but holds no PostgreSQL data: move it away.", self.data.display());
        }
        tracing::info!("Making a new database in {}", self.data.display());
        let half = self.data.with_extension("new");
        if half.exists() {
            fs::remove_dir_all(&half).with_context(|| format!("{} cannot be removed", half.display()))?;
        }
        self.account.private(&half)?;
        let mut initdb = self.account.command(self.programs.join("bin/initdb"));
        initdb
            .arg("--pgdata")
            .arg(&half)
            .args(["--username", OWNER, "--auth-local=trust", "--auth-host=reject", "--encoding=UTF8"])
            .args([
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--no-instructions",
            ]);
        if !self.durable {
            initdb.arg("--no-sync");
        }
        expect_success(&mut initdb, "initdb", "")?;
        // Without a postmaster, so that the directory gets its name only when the database is in it.
        let mut single = self.account.command(self.programs.join("bin/postgres"));
        single.arg("--single").arg("-D").arg(&half).arg("postgres");
        expect_success(&mut single, "postgres", &format!("CREATE DATABASE {DATABASE};\n"))?;
        fs::rename(&half, &self.data).with_context(|| format!("{} cannot be made", self.data.display()))
    }

    /// Starts the postmaster and waits until it takes connections.
    pub(super) fn start(&self) -> Result<Child> {
        self.account.private(&self.socket)?;
        self.forget_dead_postmaster()?;
        let mut log = self.open_log()?;
        let begin = log.seek(SeekFrom::End(0))?;
        let patience = Instant::now() + Duration::from_secs(20);
        loop {
            let mut child = self.spawn(&log)?;
            if self.wait_until_ready(&mut child)? {
                return Ok(child);
            }
            let mut said = String::new();
            File::open(&self.log)?.take_from(begin, &mut said)?;
            // After a kill of the postmaster its children end by themselves, but not at once.
            if said.contains("is still in use") && Instant::now() < patience {
                sleep(Duration::from_millis(300));
                continue;
            }
            let last: Vec<&str> = said.lines().rev().take(8).collect();
            bail!(
                "PostgreSQL did not start. The end of {}:\n{}",
                self.log.display(),
                last.into_iter().rev().collect::<Vec<_>>().join("\n")
            );
        }
    }

    fn spawn(&self, log: &File) -> Result<Child> {
        let mut command = self.account.command(self.programs.join("bin/postgres"));
        command.arg("-D").arg(&self.data);
        for line in CONFIGURATION.iter().chain(FORGETFUL.iter().filter(|_| !self.durable)) {
            command.args(["-c", line]);
        }
        command.arg("-c").arg(format!("unix_socket_directories={}", self.socket.display()));
        // A group of its own: Ctrl-C in the terminal is for the server, which stops PostgreSQL when it is done.
        command.process_group(0).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log.try_clone()?);
        command
            .spawn()
            .with_context(|| format!("{} does not start", self.programs.join("bin/postgres").display()))
    }

    /// False when it ended instead.
    fn wait_until_ready(&self, child: &mut Child) -> Result<bool> {
        let begin = Instant::now();
        let mut told = false;
        loop {
            if child.try_wait()?.is_some() {
                return Ok(false);
            }
            if self.postmaster().is_some_and(|postmaster| postmaster.ready && postmaster.pid == pid_of(child))
            {
                return Ok(true);
            }
            if !told && begin.elapsed() > Duration::from_secs(5) {
                told = true;
                tracing::info!("PostgreSQL is recovering after it was not stopped properly");
            }
            sleep(BEAT);
        }
    }

    /// A second process that stops PostgreSQL when this process ends in any way, `kill -9` included: it waits
    /// for the end of a pipe whose other end only this process holds.
    pub(super) fn guard(&self) -> Result<Child> {
        let mut command = self.account.command("/bin/sh");
        command
            .args(["-c", "read -r _; exec \"$0\" stop --silent --mode=fast --pgdata=\"$1\""])
            .arg(self.programs.join("bin/pg_ctl"))
            .arg(&self.data)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.spawn().context("/bin/sh does not start")
    }

    /// The postmaster that runs on this cluster, whoever started it.
    pub(super) fn running(&self) -> Option<Pid> {
        let postmaster = self.postmaster()?;
        (UnixStream::connect(self.socket.join(".s.PGSQL.5432")).is_ok() || is_postgres(postmaster.pid))
            .then_some(postmaster.pid)
    }

    /// Whether a postmaster runs and takes connections.
    pub(super) fn ready(&self) -> bool {
        self.running().is_some() && self.postmaster().is_some_and(|postmaster| postmaster.ready)
    }

    /// Stops a postmaster: sessions are cut and the data written; if it does not end, harder.
    pub(super) fn stop(pid: Pid, mut ended: impl FnMut() -> Result<bool>) -> Result<()> {
        for (signal, seconds) in [(Signal::SIGINT, 30), (Signal::SIGQUIT, 10), (Signal::SIGKILL, 5)] {
            match kill(pid, signal) {
                Ok(()) | Err(Errno::ESRCH) => {}
                Err(error) => bail!("PostgreSQL (process {pid}) cannot be stopped: {error}."),
            }
            let patience = Instant::now() + Duration::from_secs(seconds);
            while Instant::now() < patience {
                if ended()? {
                    return Ok(());
                }
                sleep(BEAT);
            }
        }
        bail!("PostgreSQL (process {pid}) does not end.")
    }

    /// Stops a postmaster that this process did not start.
    pub(super) fn stop_other(pid: Pid) -> Result<()> {
        Self::stop(pid, || Ok(!is_postgres(pid)))
    }

    fn postmaster(&self) -> Option<Postmaster> {
        let text = fs::read_to_string(self.data.join("postmaster.pid")).ok()?;
        let mut lines = text.lines();
        let pid = Pid::from_raw(lines.next()?.trim().parse().ok()?);
        let alive = !matches!(kill(pid, None), Err(Errno::ESRCH));
        // The eighth line says how far the postmaster is.
        alive.then(|| Postmaster { pid, ready: lines.nth(6).is_some_and(|line| line.trim() == "ready") })
    }

    /// PostgreSQL refuses to start while the process id of a dead postmaster belongs to anything else of the
    /// same user, as after a restart of a container, or to one that nobody waited for. It passes over the id of
    /// its parent, this process, and misses no file of a socket.
    fn forget_dead_postmaster(&self) -> Result<()> {
        for name in [".s.PGSQL.5432", ".s.PGSQL.5432.lock"] {
            match fs::remove_file(self.socket.join(name)) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(error)
                        .with_context(|| format!("{} cannot be cleared", self.socket.display()));
                }
                _ => {}
            }
        }
        let file = self.data.join("postmaster.pid");
        if let Some(stale) = self.postmaster() {
            let text = fs::read_to_string(&file)?;
            let rest = text.split_once('\n').map(|(_, rest)| rest).unwrap_or_default();
            tracing::debug!("Process {} is not the PostgreSQL that was not stopped properly", stale.pid);
            fs::write(&file, format!("{}\n{rest}", std::process::id()))?;
        }
        Ok(())
    }

    fn open_log(&self) -> Result<File> {
        if fs::metadata(&self.log).is_ok_and(|found| found.len() > LOG_BYTES) {
            fs::rename(&self.log, self.log.with_extension("log.1"))?;
        }
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        options.open(&self.log).with_context(|| format!("{} cannot be written", self.log.display()))
    }
}

struct Postmaster {
    pid: Pid,
    ready: bool,
}

trait TakeFrom {
    fn take_from(self, begin: u64, said: &mut String) -> Result<()>;
}

impl TakeFrom for File {
    fn take_from(mut self, begin: u64, said: &mut String) -> Result<()> {
        self.seek(SeekFrom::Start(begin))?;
        let mut bytes = Vec::new();
        self.read_to_end(&mut bytes)?;
        said.push_str(&String::from_utf8_lossy(&bytes));
        Ok(())
    }
}

pub(super) fn pid_of(child: &Child) -> Pid {
    // Process ids fit in i32 on every Unix.
    Pid::from_raw(i32::try_from(child.id()).unwrap_or(i32::MAX))
}

/// Whether a process is a PostgreSQL that has not ended; one that nobody has waited for has no command line.
fn is_postgres(pid: Pid) -> bool {
    if Path::new("/proc/self/cmdline").exists() {
        return fs::read(format!("/proc/{pid}/cmdline"))
            .is_ok_and(|line| String::from_utf8_lossy(&line).contains("postgres"));
    }
    Command::new("ps").args(["-o", "stat=,command=", "-p", &pid.to_string()]).output().is_ok_and(|ps| {
        let line = String::from_utf8_lossy(&ps.stdout);
        line.contains("postgres") && !line.trim_start().starts_with('Z')
    })
}

/// Runs a program to its end with this input; what it said becomes the error.
fn expect_success(command: &mut Command, name: &str, input: &str) -> Result<()> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("{name} does not start"))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes())?;
    }
    let output = child.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    // `postgres --single` reports a failed statement on its error output, but ends well.
    if !output.status.success() || said.contains("ERROR:") || said.contains("FATAL:") {
        bail!("{name} failed:\n{}{}", String::from_utf8_lossy(&output.stdout), said);
    }
    Ok(())
}
