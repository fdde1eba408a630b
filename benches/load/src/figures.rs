//! What is read off: processor time and memory of processes, and what becomes of many latencies.
use std::{fs, path::Path, time::Duration};

use anyhow::{Context, Result};

/// What one closed loop of some seconds gave.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    pub rate: f64,
    /// Milliseconds.
    pub p50: f64,
    pub p99: f64,
    /// Milliseconds of processor time for each request.
    pub server: f64,
    pub postgres: f64,
    pub load: f64,
    /// Megabytes at most.
    pub memory: f64,
}

impl Figures {
    const ALL: [fn(&mut Self) -> &mut f64; 7] = [
        |one| &mut one.rate,
        |one| &mut one.p50,
        |one| &mut one.p99,
        |one| &mut one.server,
        |one| &mut one.postgres,
        |one| &mut one.load,
        |one| &mut one.memory,
    ];

    /// Each figure's median by itself.
    pub fn median(rounds: &[Self]) -> Self {
        let mut all = Self::default();
        for figure in Self::ALL {
            let mut values: Vec<f64> = rounds.iter().map(|round| *figure(&mut round.clone())).collect();
            values.sort_by(f64::total_cmp);
            let middle = values.len() / 2;
            *figure(&mut all) = match values.len() {
                0 => f64::NAN,
                odd if odd % 2 == 1 => values[middle],
                _ => f64::midpoint(values[middle - 1], values[middle]),
            };
        }
        all
    }
}

/// The `part` (0 to 1) of latencies in microseconds, as milliseconds.
pub fn quantile(sorted: &[u32], part: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    sorted.get((last as f64 * part).round() as usize).map_or(f64::NAN, |micros| f64::from(*micros) / 1_000.0)
}

/// Processor time that processes have used so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Used {
    pub server: Duration,
    pub postgres: Duration,
    pub load: Duration,
}

/// The processes that are watched.
#[derive(Clone, Copy, Debug)]
pub struct Watched {
    pub server: Option<u32>,
    pub postmaster: u32,
}

impl Watched {
    pub fn used(&self) -> Result<Used> {
        let postmaster = Stat::of(self.postmaster)?;
        // backends that have ended are in the postmaster's sum of its children
        let mut postgres = postmaster.own + postmaster.children;
        for entry in fs::read_dir("/proc")? {
            let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            if let Ok(stat) = Stat::of(pid)
                && stat.parent == self.postmaster
            {
                postgres += stat.own;
            }
        }
        let server = self.server.map_or(Ok(Duration::ZERO), |pid| Stat::of(pid).map(|stat| stat.own))?;
        Ok(Used { server, postgres, load: Stat::of(std::process::id())?.own })
    }

    /// Lets the peak of the server's memory begin anew.
    pub fn forget_peak(&self) {
        if let Some(pid) = self.server {
            // where it is not allowed, the peak is that of the whole run
            drop(fs::write(format!("/proc/{pid}/clear_refs"), "5"));
        }
    }

    /// Megabytes of the server at most.
    pub fn peak(&self) -> f64 {
        self.server.map_or(f64::NAN, |pid| memory(pid, "VmHWM:"))
    }
}

/// Megabytes of one process.
pub fn memory(pid: u32, which: &str) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(which));
    line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok())
        .map_or(f64::NAN, |kb| kb / 1_024.0)
}

struct Stat {
    parent: u32,
    own: Duration,
    children: Duration,
}

impl Stat {
    fn of(pid: u32) -> Result<Self> {
        let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        // the name in parentheses may hold anything
        let (_, rest) = text.rsplit_once(") ").context("a process without a name")?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let number = |at: usize| fields.get(at).and_then(|text| text.parse::<u64>().ok()).unwrap_or_default();
        // a tick is 10 ms on every Linux
        let ticks = |first: usize| Duration::from_millis((number(first) + number(first + 1)) * 10);
        Ok(Self { parent: number(1) as u32, own: ticks(11), children: ticks(13) })
    }
}

/// The process that runs on a cluster's directory.
pub fn postmaster(data: &Path) -> Result<u32> {
    let file = data.join("postmaster.pid");
    let text = fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
    text.lines().next().and_then(|line| line.trim().parse().ok()).context("postmaster.pid holds no number")
}
