//! The protocols, over real sockets. No database is needed: `__typename` asks none, and a subscription that waits
//! for one that never answers is a subscription that runs.
use std::{net::TcpListener, sync::Arc, time::Duration};

use portico::{
    graph::{
        limits::{ByKind, Limits},
        schema::{Schema, SchemaParts},
    },
    live::Hub,
    settings::{Kinds, Settings},
    store::{
        clock,
        door::{Caller, Door, DoorSettings},
        error::Denied,
    },
    web::{Parts, Server},
};
use serde_json::json;
use uuid::Uuid;

use crate::world::server;

mod audit;
mod docs;
mod http;
pub mod language;
mod limits;
mod page;
mod socket;
mod sse;
mod stop;

/// How long the credential `Bearer soon` holds.
const SOON: Duration = Duration::from_millis(1500);

/// A server whose database takes connections and never says a word.
struct World {
    server: Server,
    _database: TcpListener,
}

impl World {
    async fn start(settings: &[(&str, &str)]) -> Self {
        Self::with(settings, |_| {}).await
    }

    /// The same with another schema.
    async fn with(settings: &[(&str, &str)], change: impl FnOnce(&mut SchemaParts)) -> Self {
        let database = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("postgres://nobody@{}/none", database.local_addr().unwrap());
        let (statement_timeout, pool_wait) = (Duration::from_secs(1), Duration::from_secs(5));
        let door = DoorSettings { url, pool_size: 4, statement_timeout, pool_wait };
        let door = Door::new(&door).unwrap();
        let settings = [("PORTICO_LISTEN", "127.0.0.1:0")].iter().chain(settings);
        let settings = settings.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let settings = Settings::read(settings, None).unwrap();
        let mut schema = server::parts(door.clone(), Hub::new(door), Limits::default());
        let Kinds { anonymous, person, api_key } = settings.introspection;
        schema.introspection = ByKind { anonymous, person, api_key };
        change(&mut schema);
        let parts = Parts {
            schema: Schema::new(schema),
            settings: Arc::new(settings),
            read_credential: Arc::new(read_credential),
            demo: Arc::new(|| json!({ "demo": true, "personas": [] })),
        };
        Self { server: Server::start(parts).await.unwrap(), _database: database }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.address())
    }
}

/// What a credential is, by its text.
fn read_credential(text: &str) -> Result<Caller, Denied> {
    let person = |mark: u128, left: Duration| Caller {
        user: Some(Uuid::from_u128(mark)),
        organization: Some(Uuid::from_u128(7)),
        expires_at: Some(clock::now() + left),
        ..Caller::default()
    };
    match text {
        "ada" => Ok(person(1, Duration::from_hours(1))),
        "soon" => Ok(person(1, SOON)),
        "bob" => Ok(person(2, Duration::from_hours(1))),
        "late" => Err(Denied::Expired),
        _ => Err(Denied::Ended),
    }
}
