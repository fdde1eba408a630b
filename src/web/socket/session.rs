//! The conversation on one socket.
use std::{sync::Arc, time::Duration};

use axum::extract::ws::{self, WebSocket};
use futures_util::{
    FutureExt, StreamExt,
    stream::{self, SplitStream},
};
use serde_json::{Map, Value, json};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, MissedTickBehavior},
};

use super::{
    close::Close,
    message::Message,
    operations::{self, Operations, Parcel},
    writer,
};
use crate::{
    graph::schema::{Code, Fault, Kind},
    live::presence::Presence,
    store::{clock, door::Caller, error::Error},
    web::{
        accept,
        caller::{self, Origin},
        figures::Transport,
        operation::Operation,
        parameters,
        router::Web,
        sse,
    },
};

/// Messages of operations that wait for a slow client; then the operations wait.
const WAITING_PARCELS: usize = 16;
/// How long operations may take to tell that the credential has ended.
const FAREWELL: Duration = Duration::from_millis(500);
/// Answers to the protocol that wait; a client that asks more without listening is cut off.
const WAITING_ANSWERS: usize = 64;

/// Speaks with one client until either has had enough.
pub async fn converse(web: Arc<Web>, socket: WebSocket, origin: Origin) {
    let (sink, mut stream) = socket.split();
    let (answers, waiting_answers) = mpsc::channel(WAITING_ANSWERS);
    let (parcels, waiting_parcels) = mpsc::channel(WAITING_PARCELS);
    let (end, ended) = oneshot::channel();
    let operations = Operations::default();
    let ping = Duration::from_secs(web.settings.socket_ping_seconds.max(1));
    let mut writing = tokio::spawn(writer::write(
        sink,
        waiting_answers,
        waiting_parcels,
        operations.clone(),
        ended,
        ping.saturating_mul(2),
        origin.language,
    ));
    let mut session =
        Session { operations: operations.clone(), answers, parcels, presence: None, web, origin };
    let close = tokio::select! {
        close = session.listen(&mut stream, ping) => Some(close),
        // the client is gone, or takes nothing
        _ = &mut writing => None,
    };
    operations.cancel_all();
    if let Some(close) = close {
        // the reason may repeat what the client said
        tracing::debug!(id = %session.origin.request, code = close.code, "a socket ends");
        let mut unread = close == Close::TOO_LARGE;
        if end.send(close.frame(session.origin.language)).is_ok() {
            drop(writing.await);
        }
        // the client's own farewell, so that it does not see a connection that broke
        let farewell = async {
            while let Some(said) = stream.next().await {
                unread |= said.is_err();
            }
            // let go of with something unread, the connection would be reset, and the close frame lost
            if unread {
                std::future::pending::<()>().await;
            }
        };
        drop(tokio::time::timeout(Duration::from_secs(1), farewell).await);
    }
}

struct Session {
    web: Arc<Web>,
    origin: Origin,
    operations: Operations,
    answers: mpsc::Sender<ws::Message>,
    parcels: mpsc::Sender<Parcel>,
    /// Who has introduced themselves.
    presence: Option<Presence>,
}

impl Session {
    /// Listens until the socket is to end, and says how.
    async fn listen(&mut self, stream: &mut SplitStream<WebSocket>, ping: Duration) -> Close {
        let patience = Duration::from_millis(self.web.settings.socket_init_timeout_ms);
        let introduction = tokio::time::sleep(patience);
        tokio::pin!(introduction);
        let mut beat = tokio::time::interval_at(Instant::now() + ping, ping);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut silent_beats = 0_u8;
        let stop = self.web.stop.clone();
        loop {
            let mut presence = self.presence.clone();
            let end = presence.as_ref().and_then(|presence| presence.caller().expires_at).map(sse::at);
            let expired = async {
                match end {
                    Some(end) => tokio::time::sleep_until(end).await,
                    None => std::future::pending().await,
                }
            };
            let ended = async {
                match &mut presence {
                    Some(presence) => presence.ended().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = stop.cancelled() => return Close::RESTART,
                () = expired => return Close::EXPIRED,
                denied = ended => {
                    // whatever listens here is told first
                    drop(tokio::time::timeout(FAREWELL, self.operations.done()).await);
                    return Close::forbidden(Fault::from(Error::Denied(denied)));
                }
                () = &mut introduction, if self.presence.is_none() => return Close::NO_INTRODUCTION,
                _ = beat.tick() => {
                    silent_beats = silent_beats.saturating_add(1);
                    if silent_beats > 2 {
                        return Close::SILENT;
                    }
                    if self.is_deaf_to(ws::Message::Ping(ws::Message::text("").into_data()))
                        || self.is_deaf_to(ws::Message::text("{\"type\":\"ping\"}"))
                    {
                        return Close::TOO_SLOW;
                    }
                }
                heard = stream.next() => {
                    silent_beats = 0;
                    let heard = match heard {
                        None | Some(Ok(ws::Message::Close(_))) => Err(Close::BYE),
                        Some(Err(_)) => Err(Close::TOO_LARGE),
                        Some(Ok(ws::Message::Text(text))) => self.hear(&text),
                        Some(Ok(ws::Message::Binary(_))) => Err(Close::bad_message(say!("binary messages are not read"))),
                        Some(Ok(ws::Message::Ping(_) | ws::Message::Pong(_))) => Ok(()),
                    };
                    if let Err(close) = heard {
                        return close;
                    }
                }
            }
        }
    }

    /// Whether the client has stopped listening to answers.
    fn is_deaf_to(&self, message: ws::Message) -> bool {
        self.answers.try_send(message).is_err()
    }

    fn say(&self, message: &Value) -> Result<(), Close> {
        if self.is_deaf_to(ws::Message::text(message.to_string())) { Err(Close::TOO_SLOW) } else { Ok(()) }
    }

    fn hear(&mut self, text: &str) -> Result<(), Close> {
        match Message::read(text).map_err(Close::bad_message)? {
            Message::ConnectionInit(details) => self.introduce(&details),
            Message::Ping(details) => self.renew(&details),
            Message::Pong => Ok(()),
            Message::Subscribe { id, payload } => self.subscribe(id, payload),
            Message::Complete { id } => {
                self.operations.cancel(&id);
                Ok(())
            }
        }
    }

    /// The client says who it is; without a credential it is nobody.
    fn introduce(&mut self, details: &Map<String, Value>) -> Result<(), Close> {
        if self.presence.is_some() {
            return Err(Close::INTRODUCED_TWICE);
        }
        let languages = ["acceptLanguage", "Accept-Language"].into_iter().find_map(|name| details.get(name));
        if let Some(languages) = languages.and_then(Value::as_str) {
            self.origin.language = accept::wanted(languages);
        }
        let nobody = Caller { language: self.origin.language, ..Caller::default() };
        let caller = self.credential(details)?.unwrap_or(nobody);
        let acknowledged = json!({ "type": "connection_ack", "payload": validity(&caller) });
        self.presence = Some(self.web.schema.welcome(caller));
        self.say(&acknowledged)
    }

    /// Answers a ping; one that carries a credential renews that of the socket.
    fn renew(&mut self, details: &Map<String, Value>) -> Result<(), Close> {
        let Some(renewed) = self.credential(details)? else {
            let pong = if details.is_empty() {
                json!({ "type": "pong" })
            } else {
                json!({ "type": "pong", "payload": details })
            };
            return self.say(&pong);
        };
        let presence = self.presence.as_ref().ok_or(Close::NOT_INTRODUCED)?;
        let caller = presence.caller();
        let same =
            |one: &Caller| (one.user, one.api_key, one.organization, one.impersonator.map(|who| who.user));
        if !caller.is_anonymous() && same(&caller) != same(&renewed) {
            return Err(Close::SOMEBODY_ELSE);
        }
        let pong = json!({ "type": "pong", "payload": validity(&renewed) });
        presence.renew(Arc::new(renewed));
        self.say(&pong)
    }

    /// The caller that `authorization` names, or `token`, which is the same without `Bearer`.
    fn credential(&self, details: &Map<String, Value>) -> Result<Option<Caller>, Close> {
        let text = |name| match details.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Close::bad_message(say!("`{name}` must be a string"))),
        };
        let authorization = match (text("authorization")?.or(text("Authorization")?), text("token")?) {
            (Some(authorization), _) => authorization.clone(),
            (None, Some(token)) => format!("Bearer {token}"),
            (None, None) => return Ok(None),
        };
        let caller = caller::of_text(&self.web.read_credential, &authorization, &self.origin);
        let caller = caller.map_err(Close::forbidden)?;
        let over = caller.expires_at.is_some_and(|end| end <= clock::now());
        if over { Err(Close::EXPIRED) } else { Ok(Some(caller)) }
    }

    fn subscribe(&self, id: String, payload: Value) -> Result<(), Close> {
        let Some(presence) = &self.presence else { return Err(Close::NOT_INTRODUCED) };
        let asked = parameters::of_value(payload).map_err(|fault| Close::bad_message(fault.message))?;
        if self.operations.is_running(&id) {
            return Err(Close::taken(&id));
        }
        // each operation has an id of its own in log and errors
        let caller = Caller { request: clock::new_id().to_string(), ..(*presence.caller()).clone() };
        tracing::debug!(socket = %self.origin.request, request = %caller.request, "an operation on a socket");
        let most = self.web.settings.max_socket_operations;
        if self.operations.count() >= most {
            let message = say!("{most} operations run on this socket; complete one before the next");
            let fault = Fault::new(Code::RateLimited, message).with("retryAfterMs", 1000);
            let refusal = operations::refusal(&id, &fault, &caller.request, caller.language);
            let deaf = self.is_deaf_to(ws::Message::text(refusal));
            return if deaf { Err(Close::TOO_SLOW) } else { Ok(()) };
        }
        let (web, presence) = (self.web.clone(), presence.clone());
        let transport = Transport::Websocket;
        let (id_of_request, trace) = (caller.request.clone(), self.origin.trace.clone());
        let language = caller.language;
        let answers = stream::once(async move {
            let operation = Operation::begin(&web, transport, id_of_request, trace);
            match operation.run(web.schema.admit(caller, asked).boxed()).await {
                Ok(admitted) if admitted.kind == Some(Kind::Subscription) => {
                    sse::counted(web.schema.follow(presence, admitted, None), operation, transport)
                }
                Ok(admitted) => sse::single(web, admitted, operation),
                Err(refused) => {
                    operation.answered(&refused.answer);
                    stream::iter([refused.answer]).boxed()
                }
            }
        });
        self.operations.start(id, answers.flatten().boxed(), language, self.parcels.clone());
        Ok(())
    }
}

/// Until when the credential is valid.
fn validity(caller: &Caller) -> Value {
    let end = caller.expires_at.map(|end| end.to_rfc3339_opts(chrono::SecondsFormat::Micros, true));
    json!({ "expiresAt": end })
}
