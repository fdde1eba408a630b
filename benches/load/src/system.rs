//! What is measured: Portico, others that give the same rows, and PostgreSQL itself as the limit.
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use memchr::memmem;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio_postgres::{Client, Statement, types::ToSql};

use crate::{
    data,
    http::{self, Connection},
    work::{ALL, Turn, Work},
};

/// One of what is compared.
pub struct System {
    pub name: String,
    /// Whose processor time is the server's; the limit has no server.
    pub process: Option<u32>,
    pub kind: Kind,
}

pub enum Kind {
    /// Asked with an access token.
    Portico { address: String },
    /// A GraphQL server that believes the headers which say who asks.
    Peer { address: String, path: String, documents: Value },
    /// One statement behind HTTP.
    Front { address: String },
    /// One statement.
    Limit { clients: Arc<Vec<Mutex<Limit>>> },
}

/// A way to ask of one worker.
pub enum Way<'s> {
    Http(&'s System, Box<Connection>),
    Limit(&'s Mutex<Limit>),
}

impl System {
    pub async fn way(&self, worker: usize) -> Result<Way<'_>> {
        Ok(match &self.kind {
            Kind::Portico { address } | Kind::Peer { address, .. } | Kind::Front { address } => {
                Way::Http(self, Box::new(Connection::open(address).await?))
            }
            Kind::Limit { clients } => Way::Limit(&clients[worker % clients.len()]),
        })
    }

    /// Whether it can be asked this.
    pub fn knows(&self, work: &Work) -> bool {
        match &self.kind {
            Kind::Peer { documents, .. } => documents.get(work.name).is_some(),
            _ => true,
        }
    }

    fn request(&self, work: &Work, turn: &Turn) -> Vec<u8> {
        match &self.kind {
            Kind::Portico { .. } => {
                let who = format!("authorization: Bearer {}\r\n", turn.token);
                http::request("/graphql", &who, &work.body(turn))
            }
            Kind::Front { .. } => {
                let Turn { organization, person, key, version, .. } = turn;
                let path = format!("/{}/{organization}/{key}/{person}/{version}", work.name);
                http::request(&path, "", &turn.text)
            }
            Kind::Peer { path, documents, .. } => {
                let Turn { organization, person, key, text, version, .. } = turn;
                let variables = json!({ "organization": organization, "person": person, "key": key, "text": text, "fresh": uuid::Uuid::now_v7(),
                    "version": version, "probability": (10 + version % 80).to_string() });
                let body = json!({ "query": documents[work.name], "variables": variables }).to_string();
                http::request(
                    path,
                    &format!("x-organization: {organization}\r\nx-person: {person}\r\n"),
                    &body,
                )
            }
            Kind::Limit { .. } => Vec::new(),
        }
    }
}

impl Way<'_> {
    /// Asks; a refusal of any kind is an error.
    pub async fn ask(&mut self, work: &Work, turn: &Turn) -> Result<()> {
        match self {
            Self::Http(system, connection) => {
                let request = system.request(work, turn);
                let answer = connection.ask(&request).await?;
                check(answer).with_context(|| format!("{} {}", system.name, work.name))
            }
            Self::Limit(client) => client.lock().await.ask(work, turn).await.map(drop),
        }
    }

    /// The whole answer, for the comparison of rows.
    pub async fn answer(&mut self, work: &Work, turn: &Turn) -> Result<Value> {
        match self {
            Self::Http(system, connection) => {
                let request = system.request(work, turn);
                let answer = connection.ask(&request).await?;
                check(answer).with_context(|| format!("{} {}", system.name, work.name))?;
                Ok(serde_json::from_slice(answer)?)
            }
            Self::Limit(client) => Ok(serde_json::from_str(&client.lock().await.ask(work, turn).await?)?),
        }
    }
}

/// Errors of GraphQL come with status 200.
fn check(answer: &[u8]) -> Result<()> {
    let refused = memmem::find(answer, b"\"errors\"").is_some()
        || memmem::find(answer, b"\"userErrors\":[{").is_some()
        || answer == b"null";
    if refused {
        let shown = String::from_utf8_lossy(answer).chars().take(600).collect::<String>();
        bail!("was refused: {shown}");
    }
    Ok(())
}

/// A connection to PostgreSQL as the role of the server, with every statement prepared.
pub struct Limit {
    client: Client,
    enter: Statement,
    statements: Vec<Statement>,
}

impl Limit {
    pub async fn open(url: &str) -> Result<Self> {
        let client = data::connect(url).await?;
        client
            .batch_execute("SET ROLE portico_app; SET statement_timeout = 10000; SET TIME ZONE 'UTC'")
            .await?;
        // what the policies need to know, set as the server sets it
        let enter = "SELECT set_config('app.organization_id', $1, true), set_config('app.user_id', $2, true),
            set_config('app.session_id', '', true), set_config('app.api_key_id', '', true),
            set_config('app.request_id', 'bench', true), set_config('app.change_source', 'user', true),
            set_config('app.region', '', true), set_config('app.department_id', '', true), set_config('app.conversations', 'all', true)";
        let enter = client.prepare(enter).await?;
        let mut statements = Vec::new();
        for work in ALL {
            statements.push(
                client
                    .prepare(work.statement)
                    .await
                    .with_context(|| format!("the statement of {}", work.name))?,
            );
        }
        Ok(Self { client, enter, statements })
    }

    /// One transaction in one round trip.
    pub async fn ask(&self, work: &Work, turn: &Turn) -> Result<String> {
        let place = ALL.iter().position(|one| one.name == work.name).context("no such workload")?;
        let statement = &self.statements[place];
        let all: [&(dyn ToSql + Sync); 5] =
            [&turn.organization, &turn.key, &turn.person, &turn.text, &turn.version];
        let (organization, person) = (turn.organization.to_string(), turn.person.to_string());
        let enter: [&(dyn ToSql + Sync); 2] = [&organization, &person];
        let begin =
            if work.is_change() { "BEGIN" } else { "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" };
        let (begun, entered, row, done) = tokio::join!(
            self.client.batch_execute(begin),
            self.client.query_one(&self.enter, &enter),
            self.client.query_one(statement, &all[..statement.params().len()]),
            self.client.batch_execute("COMMIT"),
        );
        begun?;
        entered?;
        done?;
        Ok(row.with_context(|| format!("the statement of {}", work.name))?.get(0))
    }
}
