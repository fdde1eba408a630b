//! The load generator of `make bench`: asks Portico, its peers and PostgreSQL itself for the same rows, in turn, and
//! writes down what each needed for them.
mod closed_loop;
mod compare;
mod data;
mod figures;
mod front;
mod http;
mod live;
mod report;
mod statements;
mod system;
mod work;

use std::{fs, fs::File, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
    sync::Mutex,
};

use crate::{
    data::Data,
    figures::{Figures, Watched},
    report::Report,
    system::{Kind, Limit, System},
    work::{ALL, Work},
};

#[derive(Parser)]
struct Line {
    #[command(subcommand)]
    act: Act,
}

#[derive(Subcommand)]
enum Act {
    /// Measure
    Run(Box<Run>),
    /// Serve the hand-written statements over HTTP
    Front {
        #[arg(long)]
        database: String,
    },
}

#[derive(Args)]
struct Run {
    /// Address of the database, as its owner
    #[arg(long)]
    database: String,
    /// Where Portico listens, and its process: 127.0.0.1:8080,123
    #[arg(long)]
    portico: String,
    /// A line for each person: address, organization, access token
    #[arg(long)]
    tokens: PathBuf,
    /// Others to compare with: name,127.0.0.1:9000,/graphql,123,documents.json
    #[arg(long)]
    peer: Vec<String>,
    /// Workloads to run; all when absent
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    #[arg(long, value_delimiter = ',', default_value = "1,16,64")]
    concurrency: Vec<usize>,
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// How long each system is warmed up for each workload
    #[arg(long, default_value_t = 1.0)]
    warm: f64,
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Leave out the limit and its front
    #[arg(long)]
    no_limit: bool,
    /// Files that are locked while something is measured, so that other work on this machine can wait
    #[arg(long, value_delimiter = ',')]
    lock: Vec<PathBuf>,
    /// Where to write the report, in Markdown
    #[arg(long)]
    results: Option<PathBuf>,
    /// What to say of how it was measured
    #[arg(long, default_value = "")]
    about: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    match Line::parse().act {
        Act::Run(run) => run.run().await,
        Act::Front { database } => front::serve(&database).await,
    }
}

impl Run {
    async fn run(&self) -> Result<()> {
        let owner = data::connect(&self.database).await?;
        let cluster: String = owner.query_one("SHOW data_directory", &[]).await?.get(0);
        let cluster = PathBuf::from(cluster);
        let postmaster = figures::postmaster(&cluster)?;
        let (systems, _front) = self.systems().await?;
        let works = self.works()?;
        let mut report = Report::default();
        for work in &works {
            let data = Data::read(&owner, &self.tokens).await?;
            let asked = systems.iter().filter(|system| system.knows(work)).collect::<Vec<_>>();
            compare::same_rows(&asked, work, &data).await?;
            report.objects(work, compare::objects(asked[0], work, &data).await?);
            let log = cluster.with_file_name("postgres.log");
            for system in asked.iter().filter(|system| system.process.is_some()) {
                // those before have changed versions
                let data = Data::read(&owner, &self.tokens).await?;
                let count = statements::count(system, work, &data, &owner, &log).await?;
                report.statements(work, system, count);
            }
        }
        for round in 0..self.rounds {
            for work in &works {
                let _held = self.hold()?;
                if round == 0 {
                    self.warm_up(&systems, work, &owner, postmaster).await?;
                }
                for &workers in &self.concurrency {
                    for place in 0..systems.len() {
                        // each round begins with another system, so that none always follows the same one
                        let system = &systems[(place + round) % systems.len()];
                        if system.knows(work) {
                            let figures = self.measure(system, work, workers, &owner, postmaster).await?;
                            report.round(work, system, workers, figures);
                        }
                    }
                }
            }
            eprintln!("round {} of {} is done", round + 1, self.rounds);
        }
        let mut failed = Ok(());
        for crowd in live::CROWDS.into_iter().filter(|crowd| self.wants(crowd.name)) {
            let _held = self.hold()?;
            let data = Data::read(&owner, &self.tokens).await?;
            let system = &systems[0];
            let Kind::Portico { address } = &system.kind else { bail!("Portico is the first") };
            let watched = Watched { server: system.process, postmaster };
            let lasts = Duration::from_secs_f64(self.seconds.max(5.0));
            match live::run(crowd, system, address, &data, lasts, watched).await {
                Ok(told) => report.told(told),
                // what was measured before is not lost
                Err(error) => failed = failed.and(Err(error.context(crowd.name))),
            }
        }
        let text = report.text(&works, &systems, &self.concurrency, &self.about);
        print!("{text}");
        if let Some(path) = &self.results {
            fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))?;
        }
        failed
    }

    /// Compilers at run time, caches and prepared statements get ready before anything counts.
    async fn warm_up(
        &self,
        systems: &[System],
        work: &Work,
        owner: &tokio_postgres::Client,
        postmaster: u32,
    ) -> Result<()> {
        for system in systems.iter().filter(|system| system.knows(work)) {
            let data = Data::read(owner, &self.tokens).await?;
            let watched = Watched { server: system.process, postmaster };
            let lasts = Duration::from_secs_f64(self.warm);
            closed_loop::run(system, work, &data, 16, lasts, watched).await?;
        }
        Ok(())
    }

    async fn measure(
        &self,
        system: &System,
        work: &Work,
        workers: usize,
        owner: &tokio_postgres::Client,
        postmaster: u32,
    ) -> Result<Figures> {
        // versions move while others measure
        let data = Data::read(owner, &self.tokens).await?;
        let watched = Watched { server: system.process, postmaster };
        let lasts = Duration::from_secs_f64(self.seconds);
        closed_loop::run(system, work, &data, workers, lasts, watched)
            .await
            .with_context(|| format!("{} at {workers} under {}", system.name, work.name))
    }

    fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|wanted| wanted == name)
    }

    fn works(&self) -> Result<Vec<&'static Work>> {
        let known = |name: &str| {
            ALL.iter().any(|work| work.name == name) || live::CROWDS.iter().any(|crowd| crowd.name == name)
        };
        if let Some(unknown) = self.only.iter().find(|name| !known(name)) {
            bail!("there is no workload {unknown}");
        }
        Ok(ALL.iter().filter(|work| self.wants(work.name)).collect())
    }

    /// Portico, its peers, and the limit. The front ends with what is returned beside them.
    async fn systems(&self) -> Result<(Vec<System>, Option<tokio::process::Child>)> {
        let (address, process) =
            self.portico.split_once(',').context("--portico needs an address and a process")?;
        let kind = Kind::Portico { address: address.to_owned() };
        let mut systems = vec![System { name: "Portico".to_owned(), process: Some(process.parse()?), kind }];
        for peer in &self.peer {
            let fields: Vec<&str> = peer.split(',').collect();
            let [name, address, path, process, documents] = fields[..] else {
                bail!("--peer {peer} is not complete")
            };
            let documents = serde_json::from_str(&fs::read_to_string(documents)?)?;
            let kind = Kind::Peer { address: address.to_owned(), path: path.to_owned(), documents };
            systems.push(System { name: name.to_owned(), process: Some(process.parse()?), kind });
        }
        if self.no_limit {
            return Ok((systems, None));
        }
        let mut front = Command::new(std::env::current_exe()?)
            .args(["front", "--database", &self.database])
            .stdout(std::process::Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let said = front.stdout.take().context("the front says nothing")?;
        let address = BufReader::new(said).lines().next_line().await?.context("the front did not start")?;
        systems.push(System { name: "front".to_owned(), process: front.id(), kind: Kind::Front { address } });
        let mut clients = Vec::new();
        for _ in 0..front::CONNECTIONS {
            clients.push(Mutex::new(Limit::open(&self.database).await?));
        }
        systems.push(System {
            name: "limit".to_owned(),
            process: None,
            kind: Kind::Limit { clients: Arc::new(clients) },
        });
        Ok((systems, Some(front)))
    }

    fn hold(&self) -> Result<Vec<File>> {
        let held = self.lock.iter().map(|path| {
            let file = File::options().create(true).append(true).open(path)?;
            file.lock()?;
            Ok(file)
        });
        held.collect()
    }
}
