//! What listens: a websocket, and an event stream.
use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt, stream::BoxStream};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest, http::HeaderValue},
};

use super::PATIENCE;

/// A server that can be reached.
pub trait Place {
    fn address(&self) -> SocketAddr;
}

/// Follows messages and conversations; what happened to them is read under the subscriber's rights.
pub const FOLLOW: &str =
    "subscription ($types: [String!]!, $after: EventCursor) { recordEvents(types: $types, after: $after) {
    __typename ... on Event { cursor }
    ... on StreamOpened { replayed } ... on StreamReset { reason }
    ... on RecordCreated { recordType record { id ... on Conversation { title } } } } }";

/// A websocket of somebody who has introduced themselves.
pub struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    pub async fn open(place: &impl Place, credential: &str) -> Self {
        let mut request = format!("ws://{}/graphql", place.address()).into_client_request().unwrap();
        let protocol = HeaderValue::from_static("graphql-transport-ws");
        request.headers_mut().insert("sec-websocket-protocol", protocol);
        let mut socket = Self(connect_async(request).await.unwrap().0);
        let payload = json!({ "authorization": format!("Bearer {credential}") });
        socket.say(json!({ "type": "connection_init", "payload": payload })).await;
        assert_eq!(socket.hear().await["type"], "connection_ack");
        socket
    }

    /// One that follows the records of a type, after a place.
    pub async fn follow(place: &impl Place, credential: &str, kind: &str, after: Option<&str>) -> Self {
        let mut socket = Self::open(place, credential).await;
        socket.subscribe("1", kind, after).await;
        socket
    }

    pub async fn subscribe(&mut self, id: &str, kind: &str, after: Option<&str>) {
        let variables = json!({ "types": [kind], "after": after });
        let payload = json!({ "query": FOLLOW, "variables": variables });
        self.say(json!({ "type": "subscribe", "id": id, "payload": payload })).await;
    }

    pub async fn say(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    async fn next(&mut self) -> Message {
        let next = tokio::time::timeout(PATIENCE, self.0.next()).await;
        next.expect("nothing is told").expect("the connection is gone").unwrap()
    }

    /// The next message of the protocol.
    pub async fn hear(&mut self) -> Value {
        loop {
            if let Message::Text(text) = self.next().await {
                let message: Value = serde_json::from_str(&text).unwrap();
                if message["type"] != "ping" {
                    return message;
                }
            }
        }
    }

    /// The next answer of the only subscription.
    pub async fn answer(&mut self) -> Value {
        let message = self.hear().await;
        assert_eq!(message["type"], "next", "{message}");
        message["payload"].clone()
    }

    /// The next event of the only subscription.
    pub async fn event(&mut self) -> Value {
        let answer = self.answer().await;
        assert!(answer.get("errors").is_none(), "{answer}");
        answer["data"]["recordEvents"].clone()
    }

    /// The next event, or the code with which the socket is closed.
    pub async fn try_event(&mut self) -> Result<Value, u16> {
        loop {
            match self.next().await {
                Message::Text(text) if text.contains("\"next\"") => {
                    let message: Value = serde_json::from_str(&text).unwrap();
                    return Ok(message["payload"]["data"]["recordEvents"].clone());
                }
                Message::Close(Some(frame)) => return Err(frame.code.into()),
                _ => {}
            }
        }
    }

    /// Code and reason of the close frame, which is all that comes.
    pub async fn end(&mut self) -> (u16, String) {
        loop {
            match self.next().await {
                Message::Close(Some(frame)) => return (frame.code.into(), frame.reason.to_string()),
                Message::Ping(_) | Message::Pong(_) => {}
                Message::Text(text) if text.contains("\"ping\"") => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

/// An event stream.
pub struct Events {
    bytes: BoxStream<'static, reqwest::Result<Vec<u8>>>,
    text: String,
}

impl Events {
    /// One that follows the records of a type, after a place that it remembers from before.
    pub async fn follow(place: &impl Place, credential: &str, kind: &str, last_event: Option<&str>) -> Self {
        let url = format!("http://{}/graphql", place.address());
        let request = reqwest::Client::new().post(url).bearer_auth(credential);
        let request = match last_event {
            Some(id) => request.header("last-event-id", id),
            None => request,
        };
        let body = json!({ "query": FOLLOW, "variables": { "types": [kind] } });
        let response = request.header("accept", "text/event-stream").json(&body).send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        let bytes = response.bytes_stream().map(|bytes| bytes.map(|bytes| bytes.to_vec())).boxed();
        Self { bytes, text: String::new() }
    }

    /// The next block of the stream without what only keeps it alive; nothing at its end.
    pub async fn block(&mut self) -> Option<String> {
        loop {
            while let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                if block != ":" {
                    return Some(block);
                }
            }
            let next = tokio::time::timeout(PATIENCE, self.bytes.next()).await.expect("nothing is told");
            self.text.push_str(&String::from_utf8(next?.unwrap()).unwrap());
        }
    }

    /// The next event, and the id that the stream gives it.
    pub async fn event(&mut self) -> (Value, String) {
        let block = self.block().await.expect("the stream has ended");
        let line = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        let answer: Value = serde_json::from_str(line("data: ")).expect(&block);
        assert!(answer.get("errors").is_none(), "{answer}");
        (answer["data"]["recordEvents"].clone(), line("id: ").to_owned())
    }
}
