//! GraphQL over event streams, "distinct connections": one request, one stream of `next` events and a `complete`.
//!
//! An event that stands in the event log carries its cursor as `id`, which a client that comes back sends as
//! `Last-Event-ID`. A stream that ends without `complete` was cut: by a token that expired or a server that stops, which
//! says besides when to come back.
use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, Interval, MissedTickBehavior},
};

use super::{
    accept::Media,
    figures::{self, Open, Transport},
    graphql::once,
    operation::Operation,
    refusal::Refusal,
    router::Web,
};
use crate::{
    graph::schema::{Admitted, Answer, Code, Fault, Kind},
    store::clock,
};

/// A stream in progress.
struct Events {
    web: Arc<Web>,
    answers: BoxStream<'static, Answer>,
    keep_alive: Interval,
    /// When the caller's credential ends.
    end: Option<Instant>,
    over: bool,
    _permit: Option<OwnedSemaphorePermit>,
    _open: Open,
}

pub fn respond(
    web: &Arc<Web>,
    admitted: Admitted,
    last_event: Option<String>,
    operation: Arc<Operation>,
) -> Result<Response, Refusal> {
    let permit = permit(web)?;
    operation.streams();
    let end = admitted.caller().expires_at.map(at);
    let answers = match admitted.kind {
        Some(Kind::Subscription) => {
            let presence = web.schema.welcome(admitted.caller().clone());
            counted(web.schema.follow(presence, admitted, last_event), operation, Transport::Events)
        }
        _ => single(web.clone(), admitted, operation),
    };
    Ok(stream_of(web, answers, end, Some(permit)))
}

/// A request that was not let in, told as a stream tells it.
pub fn tell(web: &Arc<Web>, refused: Answer) -> Response {
    stream_of(web, stream::iter([refused]).boxed(), None, None)
}

fn stream_of(
    web: &Arc<Web>,
    answers: BoxStream<'static, Answer>,
    end: Option<Instant>,
    permit: Option<OwnedSemaphorePermit>,
) -> Response {
    let mut keep_alive = tokio::time::interval(Duration::from_secs(web.settings.socket_ping_seconds.max(1)));
    keep_alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let events = Events {
        web: web.clone(),
        answers,
        keep_alive,
        end,
        over: false,
        _permit: permit,
        _open: Open::new(Transport::Events),
    };
    let body = stream::unfold(events, |mut events| async {
        let text = events.next().await?;
        Some((Ok::<_, std::convert::Infallible>(Bytes::from(text)), events))
    });
    let mut response = Body::from_stream(body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(Media::Events.content_type()));
    // proxies that would collect events before they hand them on
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// The answer to a query or mutation, as a stream of one.
pub fn single(web: Arc<Web>, admitted: Admitted, operation: Arc<Operation>) -> BoxStream<'static, Answer> {
    stream::once(async move {
        let (id, language) = (admitted.caller().request.clone(), admitted.caller().language);
        let answer = once(&web, admitted, &operation).await;
        answer.unwrap_or_else(|fault| Answer::refused(&fault, &id, language))
    })
    .boxed()
}

/// The answers of a subscription, as the figures of the server see them.
pub fn counted(
    answers: BoxStream<'static, Answer>,
    operation: Arc<Operation>,
    transport: Transport,
) -> BoxStream<'static, Answer> {
    let trace = operation.trace.clone();
    let answers = answers.inspect(move |answer| {
        // ends with the first
        operation.answered(answer);
        figures::told(transport);
    });
    trace.follow(answers.boxed()).boxed()
}

/// Leave to open one more websocket or event stream.
pub fn permit(web: &Web) -> Result<OwnedSemaphorePermit, Refusal> {
    web.streams.clone().try_acquire_owned().map_err(|_none_left| {
        let message = say!("this server has as many websockets and event streams open as it may; try again");
        let fault = Fault::new(Code::Unavailable, message).with("retryAfterMs", 1000);
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, fault).with(header::RETRY_AFTER, "1")
    })
}

/// The moment on this machine's steady clock.
pub fn at(time: chrono::DateTime<chrono::Utc>) -> Instant {
    let now = Instant::now();
    let left = (time - clock::now()).to_std().unwrap_or_default();
    // a time too far away to be told is as good as a year
    now.checked_add(left).unwrap_or_else(|| now + Duration::from_hours(24 * 365))
}

impl Events {
    /// The next piece of the body.
    async fn next(&mut self) -> Option<Vec<u8>> {
        if self.over {
            return None;
        }
        let end = self.end;
        let expired = async {
            match end {
                Some(end) => tokio::time::sleep_until(end).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = self.web.stop.cancelled() => {
                self.over = true;
                Some(b": the server restarts\nretry: 1000\n\n".to_vec())
            }
            () = expired => {
                self.over = true;
                Some(b": the access token has expired\n\n".to_vec())
            }
            answer = self.answers.next() => Some(match answer {
                Some(answer) => event(&answer),
                None => {
                    self.over = true;
                    b"event: complete\ndata:\n\n".to_vec()
                }
            }),
            _ = self.keep_alive.tick() => Some(b":\n\n".to_vec()),
        }
    }
}

/// One event; JSON has no line breaks of its own.
fn event(answer: &Answer) -> Vec<u8> {
    let mut text = b"event: next\n".to_vec();
    if let Some(cursor) = &answer.cursor {
        text.extend_from_slice(b"id: ");
        text.extend_from_slice(cursor.as_bytes());
        text.push(b'\n');
    }
    text.extend_from_slice(b"data: ");
    text.extend_from_slice(&answer.body);
    text.extend_from_slice(b"\n\n");
    text
}
