//! One process of Portico: schema, feeds, wake-ups and web, before the database of a town.
use std::{net::SocketAddr, sync::Arc, time::Duration};

use async_graphql::{Request, Variables};
use diesel::{QueryableByName, sql_query, sql_types::Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use futures_util::{StreamExt, stream::BoxStream};
use portico::{
    credential::{self, access_token::Claims},
    graph::{limits::Limits, schema::Schema},
    live::{Hub, wake},
    settings::Settings,
    store::{
        clock,
        door::{Caller, Door},
        error::Denied,
        events::Position,
    },
    web::{Parts, Server},
};
use serde_json::{Value, json};
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

use super::client::Place;
use crate::world::{
    city::{Person, Town},
    server::{self, keys},
};

/// How long a credential holds that begins with `soon.`.
pub const SOON: Duration = Duration::from_millis(1500);

pub struct House {
    pub server: Server,
    pub hub: Arc<Hub>,
    pub door: Door,
    schema: Schema,
    /// Ends the listening for wake-ups.
    stop: DropGuard,
}

/// An access token or API key; an access token after `soon.` holds for a moment only.
fn read_credential(text: &str) -> Result<Caller, Denied> {
    match text.strip_prefix("soon.") {
        None => credential::read(&keys(), text),
        Some(token) => {
            let caller = credential::read(&keys(), token)?;
            Ok(Caller { expires_at: Some(clock::now() + SOON), ..caller })
        }
    }
}

/// A token of this person's session.
pub fn token(person: &Person) -> String {
    let caller = &person.caller;
    keys().sign(&Claims::now(person.user, caller.session.unwrap(), caller.organization, 15)).unwrap()
}

impl Place for House {
    fn address(&self) -> SocketAddr {
        self.server.address()
    }
}

impl House {
    pub async fn open(town: &Town) -> Self {
        let url = town.database.app_url.clone();
        let door = server::door(&url, 8);
        let (hub, stop) = (Hub::new(door.clone()), CancellationToken::new());
        wake::spawn(&hub, &url, &stop);
        let schema = server::schema(door.clone(), hub.clone(), Limits::default());
        let settings = [("PORTICO_LISTEN".to_owned(), "127.0.0.1:0".to_owned())];
        let parts = Parts {
            schema: schema.clone(),
            settings: Arc::new(Settings::read(settings, None).unwrap()),
            read_credential: Arc::new(read_credential),
            demo: Arc::new(|| json!({})),
        };
        Self { server: Server::start(parts).await.unwrap(), hub, door, schema, stop: stop.drop_guard() }
    }

    /// Ends the process in order.
    pub async fn close(self) {
        drop(self.stop);
        self.server.stop().await;
    }

    /// Asks what has to go well; gives the data.
    pub async fn ask(&self, token: &str, document: &str, variables: Value) -> Value {
        let caller = Caller { request: Uuid::now_v7().to_string(), ..read_credential(token).unwrap() };
        let request = Request::new(document).variables(Variables::from_json(variables));
        let answer = Schema::execute(&self.schema, caller, request).await;
        let answer: Value = serde_json::from_slice(&answer.body).unwrap();
        assert!(answer.get("errors").is_none(), "{answer:#}");
        answer["data"].clone()
    }

    /// A subscription as the transports take it: what is not asked for is not told.
    pub fn stream(&self, caller: Caller, document: &str, variables: Value) -> BoxStream<'static, Value> {
        let request = Request::new(document).variables(Variables::from_json(variables));
        let answers = self.schema.stream(caller, request, None);
        answers.map(|answer| serde_json::from_slice(&answer.body).unwrap()).boxed()
    }

    /// Says something in a conversation of its own.
    pub async fn speak(&self, token: &str, content: &str) -> Value {
        let create = "mutation { conversationCreate(input: {title: \"Live\"}) { conversation { id } userErrors { message } } }";
        let conversation = self.ask(token, create, json!({})).await;
        self.say(token, &conversation["conversationCreate"]["conversation"]["id"], content).await
    }

    pub async fn say(&self, token: &str, conversation: &Value, content: &str) -> Value {
        let document = "mutation ($input: MessageSendInput!) { messageSend(input: $input) {
            messageEdge { node { id seq } } userErrors { message } } }";
        let input = json!({ "input": { "conversationId": conversation, "content": content } });
        let payload = self.ask(token, document, input).await["messageSend"].clone();
        assert_eq!(payload["userErrors"], json!([]));
        payload
    }

    /// Several people at once say `each` things each, in conversations of their own.
    pub async fn chatter(&self, token: &str, people: usize, each: usize) {
        let talks = (0..people).map(async |person| {
            let create = "mutation { conversationCreate(input: {title: \"Chatter\"}) { conversation { id } userErrors { message } } }";
            let talk = self.ask(token, create, json!({})).await["conversationCreate"]["conversation"]["id"].clone();
            for word in 0..each {
                self.say(token, &talk, &format!("{person}/{word}")).await;
            }
        });
        futures_util::future::join_all(talks).await;
    }
}

/// Which row of the log an event is.
pub fn event_id(event: &Value) -> Uuid {
    Position::read(event["cursor"].as_str().unwrap()).unwrap().id
}

/// The events of all messages of a town, in the order of the log.
pub async fn messages(town: &Town) -> Vec<Uuid> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
    }
    let log =
        "SELECT id FROM ops.events WHERE organization_id = $1 AND subject_type = 'Message' ORDER BY xact, id";
    let rows: Vec<Row> =
        sql_query(log).bind::<SqlUuid, _>(town.organization).load(&mut town.owner().await).await.unwrap();
    rows.into_iter().map(|row| row.id).collect()
}
