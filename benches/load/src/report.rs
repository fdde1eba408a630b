//! The report: a table for each workload, and one that holds the figures against the targets.
use std::collections::BTreeMap;

use crate::{figures::Figures, live::Told, system::System, work::Work};

#[derive(Default)]
pub struct Report {
    rounds: BTreeMap<(&'static str, String, usize), Vec<Figures>>,
    statements: BTreeMap<(&'static str, String), f64>,
    objects: BTreeMap<&'static str, usize>,
    told: Vec<Told>,
}

impl Report {
    pub fn round(&mut self, work: &Work, system: &System, workers: usize, figures: Figures) {
        self.rounds.entry((work.name, system.name.clone(), workers)).or_default().push(figures);
    }

    pub fn statements(&mut self, work: &Work, system: &System, count: f64) {
        self.statements.insert((work.name, system.name.clone()), count);
    }

    pub fn objects(&mut self, work: &Work, count: usize) {
        self.objects.insert(work.name, count);
    }

    pub fn told(&mut self, told: Told) {
        self.told.push(told);
    }

    fn median(&self, work: &Work, system: &str, workers: usize) -> Option<Figures> {
        self.rounds.get(&(work.name, system.to_owned(), workers)).map(|rounds| Figures::median(rounds))
    }

    pub fn text(&self, works: &[&Work], systems: &[System], concurrency: &[usize], about: &str) -> String {
        let mut out = String::new();
        let mut line = |text: String| {
            out.push_str(&text);
            out.push('\n');
        };
        line(about.to_owned());
        for work in works {
            let objects = self.objects.get(work.name).copied().unwrap_or_default();
            line(format!("\n## {}: {}\n\n{objects} rows in an answer.\n", work.name, work.about));
            line("| | at once | requests/s | p50 ms | p99 ms | server CPU ms | PostgreSQL CPU ms | statements | peak MB | load CPU ms |".to_owned());
            line("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|".to_owned());
            for &workers in concurrency {
                for system in systems {
                    let Some(found) = self.median(work, &system.name, workers) else { continue };
                    let statements = self.statements.get(&(work.name, system.name.clone()));
                    line(format!(
                        "| {} | {workers} | {:.0} | {:.2} | {:.2} | {:.3} | {:.3} | {} | {} | {:.3} |",
                        system.name,
                        found.rate,
                        found.p50,
                        found.p99,
                        found.server,
                        found.postgres,
                        statements.map_or(String::new(), |count| format!("{count:.1}")),
                        if found.memory.is_nan() { String::new() } else { format!("{:.0}", found.memory) },
                        found.load,
                    ));
                }
            }
        }
        for told in &self.told {
            line(subscribers(told));
        }
        line(self.targets(works, systems, concurrency));
        out
    }

    /// Portico against each target that this run can tell something of.
    fn targets(&self, works: &[&Work], systems: &[System], concurrency: &[usize]) -> String {
        let mut out = String::from(
            "\n## Against the targets\n\n| | Portico against | at once | is | should be | |\n|---|---|--:|--:|--:|---|\n",
        );
        let mut row = |work: &Work, what: &str, workers: usize, is: f64, should: f64, most: bool| {
            if is.is_nan() {
                return;
            }
            let met = if most { is <= should } else { is >= should };
            let (sign, word) = (if most { "≤" } else { "≥" }, if met { "met" } else { "**missed**" });
            out.push_str(&format!(
                "| {} | {what} | {workers} | {is:.2} | {sign} {should:.1} | {word} |\n",
                work.name
            ));
        };
        for work in works {
            let heavy = !matches!(work.name, "Q1" | "M1" | "M2");
            for &workers in concurrency {
                let Some(own) = self.median(work, "Portico", workers) else { continue };
                let peers = systems
                    .iter()
                    .skip(1)
                    .filter(|system| !matches!(system.name.as_str(), "front" | "limit"));
                let peers: Vec<Figures> =
                    peers.filter_map(|system| self.median(work, &system.name, workers)).collect();
                let best = |figure: fn(&Figures) -> f64, better: fn(f64, f64) -> f64| {
                    peers.iter().map(figure).reduce(better).unwrap_or(f64::NAN)
                };
                if workers == 1 {
                    row(
                        work,
                        "p50 of the best peer",
                        workers,
                        own.p50 / best(|one| one.p50, f64::min),
                        1.0,
                        true,
                    );
                }
                if workers == 16 {
                    row(
                        work,
                        "server CPU of the best peer",
                        workers,
                        own.server / best(|one| one.server, f64::min),
                        if heavy { 0.4 } else { 1.0 },
                        true,
                    );
                    if let Some(limit) = self.median(work, "limit", workers).filter(|_| heavy) {
                        row(
                            work,
                            "PostgreSQL CPU of the one statement",
                            workers,
                            own.postgres / limit.postgres,
                            1.0,
                            true,
                        );
                    }
                }
                if workers > 1 {
                    row(
                        work,
                        "requests/s of the best peer",
                        workers,
                        own.rate / best(|one| one.rate, f64::max),
                        if heavy { 2.0 } else { 1.0 },
                        false,
                    );
                    if let Some(front) = self.median(work, "front", workers) {
                        row(
                            work,
                            "requests/s of the one statement behind HTTP",
                            workers,
                            own.rate / front.rate,
                            if heavy { 1.0 } else { 0.6 },
                            false,
                        );
                    }
                }
            }
        }
        for told in &self.told {
            let crowd = &told.crowd;
            let mut row = |what: &str, is: f64, should: f64| {
                let word = if is <= should { "met" } else { "**missed**" };
                out.push_str(&format!(
                    "| {} | {what} | {} | {is:.1} | ≤ {should:.0} | {word} |\n",
                    crowd.name, crowd.sockets
                ));
            };
            row("lost, doubled or out of order", (told.lost + told.doubled + told.disordered) as f64, 0.0);
            row("p99 from commit to socket, ms", told.p99, 50.0);
            if crowd.sockets >= 1_000 {
                row("memory with the sockets, MB", told.with, 100.0);
            }
        }
        out
    }
}

fn subscribers(told: &Told) -> String {
    let crowd = &told.crowd;
    let mut out = format!(
        "\n## {}: {} sockets on {} conversations while {} messages/s are sent\n\n| | |\n|---|--:|\n",
        crowd.name, crowd.sockets, crowd.conversations, crowd.rate
    );
    let mut row = |what: &str, is: String| out.push_str(&format!("| {what} | {is} |\n"));
    row("messages sent, deliveries", format!("{}, {}", told.messages, told.deliveries));
    row(
        "not told within 15 s, doubled, out of order",
        format!("{}, {}, {}", told.lost, told.doubled, told.disordered),
    );
    row("from the sender's answer to the socket: p50, p99 ms", format!("{:.1}, {:.1}", told.p50, told.p99));
    row("from the sender's question to the socket: p99 ms", format!("{:.1}", told.p99_asked));
    row(
        "CPU for each delivery: server, PostgreSQL, load ms",
        format!("{:.4}, {:.4}, {:.4}", told.server, told.postgres, told.load),
    );
    row(
        "server's memory before, with the sockets, at most: MB",
        format!("{:.0}, {:.0}, {:.0}", told.before, told.with, told.peak),
    );
    out
}
