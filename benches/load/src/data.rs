//! What is in the database to ask about.
use std::{collections::HashMap, fs, path::Path, sync::Arc};

use anyhow::{Context, Result, ensure};
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

use crate::work::{Key, Turn, Work};

/// Enough for as many workers as there can be.
pub const WORKERS: usize = 64;

pub struct Data {
    places: Vec<Place>,
}

/// One person in one organization, and what is there.
struct Place {
    organization: Uuid,
    person: Uuid,
    token: String,
    held: Arc<Held>,
}

struct Held {
    deals: Vec<Uuid>,
    stages: Vec<Uuid>,
    /// Old ones, which no query reads.
    conversations: Vec<Uuid>,
    versions: HashMap<Uuid, i32>,
}

pub async fn connect(url: &str) -> Result<Client> {
    let (client, connection) =
        tokio_postgres::connect(url, NoTls).await.context("PostgreSQL does not answer")?;
    tokio::spawn(connection);
    Ok(client)
}

impl Data {
    /// `tokens` has a line for each person: address, organization, access token.
    pub async fn read(owner: &Client, tokens: &Path) -> Result<Self> {
        let mut held: HashMap<Uuid, Arc<Held>> = HashMap::new();
        let mut places = Vec::new();
        for line in fs::read_to_string(tokens)?.lines() {
            let fields: Vec<&str> = line.split('\t').collect();
            let [email, slug, token] = fields[..] else { continue };
            let who = "SELECT o.id, u.id FROM identity.organizations o, identity.users u WHERE o.slug = $1 AND u.email = $2";
            let row =
                owner.query_one(who, &[&slug, &email]).await.with_context(|| format!("{email} of {slug}"))?;
            let (organization, person) = (row.get(0), row.get(1));
            if !held.contains_key(&organization) {
                held.insert(organization, Arc::new(Held::read(owner, organization).await?));
            }
            let held = held.get(&organization).cloned().context("read above")?;
            places.push(Place { organization, person, token: token.to_owned(), held });
        }
        ensure!(!places.is_empty(), "{} names nobody", tokens.display());
        Ok(Self { places })
    }

    /// The requests of one worker, without end: organizations and people in turn.
    pub fn turns(&self, work: &Work, worker: usize) -> Turns<'_> {
        Turns { data: self, key: work.key, worker, count: 0, versions: HashMap::new() }
    }

    pub fn places(&self) -> usize {
        self.places.len()
    }

    /// Conversations of the first organization, and a person there.
    pub fn talk(&self) -> (Turn, &[Uuid]) {
        let place = &self.places[0];
        (place.turn(Uuid::nil()), &place.held.conversations)
    }
}

impl Place {
    fn turn(&self, key: Uuid) -> Turn {
        let (organization, person) = (self.organization, self.person);
        Turn { organization, person, token: self.token.clone(), key, text: String::new(), version: 0 }
    }
}

impl Held {
    async fn read(owner: &Client, organization: Uuid) -> Result<Self> {
        let ids = async |query: &str| -> Result<Vec<Uuid>> {
            Ok(owner.query(query, &[&organization]).await?.iter().map(|row| row.get(0)).collect())
        };
        let deals = "SELECT id, revision FROM sales.deals WHERE organization_id = $1 AND status = 'open' AND deleted_at IS NULL
            ORDER BY md5(id::text) LIMIT 512";
        let versions: Vec<(Uuid, i32)> =
            owner.query(deals, &[&organization]).await?.iter().map(|row| (row.get(0), row.get(1))).collect();
        Ok(Self {
            deals: versions.iter().map(|(id, _)| *id).collect(),
            versions: versions.into_iter().collect(),
            stages: ids("SELECT stage_id FROM sales.deals WHERE organization_id = $1 GROUP BY 1 HAVING count(*) >= 50 ORDER BY 1").await?,
            conversations: ids("SELECT id FROM chat.conversations WHERE organization_id = $1 AND deleted_at IS NULL
                ORDER BY created_at, id LIMIT 192").await?,
        })
    }
}

/// The requests of one worker.
pub struct Turns<'d> {
    data: &'d Data,
    key: Key,
    worker: usize,
    count: usize,
    /// Versions that this worker made itself.
    versions: HashMap<Uuid, i32>,
}

impl Turns<'_> {
    pub fn next(&mut self) -> Result<Turn> {
        // workers begin at different places, and steps never fall together
        let step = self.worker * 7 + self.count;
        let place = &self.data.places[step % self.data.places.len()];
        let round = self.count / self.data.places.len();
        self.count += 1;
        // of what only one worker may touch, each has a part of its own
        let own = |all: &[Uuid]| {
            let parts = all.len() / WORKERS;
            all.get(self.worker * parts + round % parts.max(1)).copied()
        };
        let any = |all: &[Uuid]| (!all.is_empty()).then(|| all[step % all.len()]);
        let key = match self.key {
            Key::None => Some(Uuid::nil()),
            Key::Deal => any(&place.held.deals),
            Key::Stage => any(&place.held.stages),
            Key::Conversation => own(&place.held.conversations),
            Key::OwnDeal => own(&place.held.deals),
        };
        let key = key.context("the database holds too little to ask about")?;
        let mut turn = place.turn(key);
        if self.key == Key::OwnDeal {
            turn.version = self
                .versions
                .get(&key)
                .or(place.held.versions.get(&key))
                .copied()
                .context("a deal without version")?;
        }
        if self.key == Key::Conversation {
            turn.text = format!(
                "Message {} of worker {}. {}",
                self.count,
                self.worker,
                "What was said fills a few lines. ".repeat(12)
            );
        }
        Ok(turn)
    }

    /// What a change answered.
    pub fn changed(&mut self, turn: &Turn) {
        if self.key == Key::OwnDeal {
            self.versions.insert(turn.key, turn.version + 1);
        }
    }
}
