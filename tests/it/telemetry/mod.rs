//! Seen from outside: what an operator learns of operations, and what whoever runs out of time is told.
mod collector;
mod cost_only;
mod deprecated;
mod figures;
mod levels;
mod logs;
mod slow;
mod timeouts;
mod traces;
mod work;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use portico::{
    credential::{self, access_token::Claims},
    graph::{limits::Limits, schema::Schema},
    live::{Hub, wake},
    settings::Settings,
    web::{Parts, Server},
};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::world::{
    city::{Person, Town},
    postgres,
    server::{self, keys},
};

/// A server before the database of a town, with settings of its own.
pub struct House {
    pub server: Server,
    _stop: DropGuard,
}

impl House {
    pub async fn open(town: &Town, settings: &[(&str, &str)]) -> Self {
        let url = town.database.app_url.clone();
        let door = server::door(&url, 6);
        let (hub, stop) = (Hub::new(door.clone()), CancellationToken::new());
        wake::spawn(&hub, &url, &stop);
        let all = [("PORTICO_LISTEN", "127.0.0.1:0")].iter().chain(settings);
        let all: BTreeMap<String, String> =
            all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let settings = Settings::read(all, None).unwrap();
        let traced = settings.trace;
        let mut parts = server::parts(door, hub, Limits::default());
        parts.slow_after = Some(Duration::from_millis(settings.slow_operation_ms));
        (parts.traced.anonymous, parts.traced.person) = (traced.anonymous, traced.person);
        let parts = Parts {
            schema: Schema::new(parts),
            settings: Arc::new(settings),
            read_credential: Arc::new(|text| credential::read(&keys(), text)),
            demo: Arc::new(|| json!({})),
        };
        Self { server: Server::start(parts).await.unwrap(), _stop: stop.drop_guard() }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.address())
    }

    /// A request of this person.
    pub fn post(&self, person: &Person) -> RequestBuilder {
        Client::new().post(self.url("/graphql")).bearer_auth(token(person))
    }

    /// What is answered.
    pub async fn ask(&self, person: &Person, query: &str, variables: Value) -> Value {
        let request = self.post(person).json(&json!({ "query": query, "variables": variables }));
        request.send().await.unwrap().json().await.unwrap()
    }
}

/// A token of this person's session.
pub fn token(person: &Person) -> String {
    let caller = &person.caller;
    keys().sign(&Claims::now(person.user, caller.session.unwrap(), caller.organization, 15)).unwrap()
}

const SELLS: &[&str] = &[
    "deal.read",
    "deal.write",
    "deal.value.read",
    "account.read",
    "account.write",
    "user.read",
    "event.read",
];

/// A town of its own database, so that what it locks is its own, with a person, a company, and a deal with it.
pub async fn market() -> (Town, Person, Value) {
    let town = Town::found_in(postgres::fresh().await).await;
    let ann = town.person("Ann", SELLS).await;
    let account =
        ann.do_("accountCreate", json!({ "name": "Acme" }), "account { id }").await["account"].clone();
    let stages = crate::sales::deal::pipeline(&town, &ann).await;
    let mut deal = crate::sales::deal::deal(&stages["open"], "Anvils");
    deal["accountId"] = account["id"].clone();
    let deal = ann.do_("dealCreate", deal, "deal { id version }").await["deal"].clone();
    (town, ann, deal)
}

/// Holds a table, so that whoever reads it waits, until this is dropped.
pub async fn hold(town: &Town, table: &str) -> AsyncPgConnection {
    let mut owner = town.owner().await;
    owner.batch_execute(&format!("BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")).await.unwrap();
    owner
}
