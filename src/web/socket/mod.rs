//! GraphQL over websockets: the subprotocol graphql-transport-ws, with close codes that tell a client whether to
//! come back.
//!
//! * [`message`]: what a client may say
//! * [`close`]: how a socket ends
//! * [`session`]: the conversation: introduction, credential, keep-alive, the end
//! * [`operations`]: what runs on a socket, by the client's ids
//! * [`writer`]: the one that writes, so that a slow client slows its own operations and nothing else
mod close;
mod message;
mod operations;
mod session;
mod writer;

use std::sync::Arc;

use axum::{
    extract::WebSocketUpgrade,
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use url::Url;

use self::close::Close;
use super::{caller, figures, refusal::Refusal, router::Web, sse};
use crate::graph::schema::{Code, Fault};

/// The only subprotocol.
const PROTOCOL: &str = "graphql-transport-ws";
/// Clients say little, and many are connected: each has this many bytes for as long as it is.
const READ_BUFFER: usize = 4096;

/// Turns a request into a socket.
pub fn open(
    web: Arc<Web>,
    upgrade: WebSocketUpgrade,
    headers: &HeaderMap,
    origin: &caller::Origin,
) -> Result<Response, Refusal> {
    if !may_call(headers, &web.settings.cors_origins) {
        let message = say!("pages of this origin may not call: PORTICO_CORS_ORIGINS names those that may");
        return Err(Refusal::new(StatusCode::FORBIDDEN, Fault::new(Code::Forbidden, message)));
    }
    let permit = sse::permit(&web)?;
    let limit = web.settings.max_body_bytes;
    let upgrade = upgrade.protocols([PROTOCOL]).max_message_size(limit).max_frame_size(limit);
    let upgrade = upgrade.read_buffer_size(READ_BUFFER);
    let spoken = upgrade.selected_protocol().is_some();
    let origin = origin.clone();
    let sockets = web.sockets.clone();
    Ok(upgrade.on_upgrade(move |socket| {
        sockets.track_future(async move {
            let _held = (permit, figures::Open::new(figures::Transport::Websocket));
            if spoken {
                session::converse(web, socket, origin).await;
            } else {
                writer::refuse(socket, Close::WRONG_PROTOCOL, origin.language).await;
            }
        })
    }))
}

/// A browser names the origin of the page, and asks nobody whether that page may open a socket.
fn may_call(headers: &HeaderMap, allowed: &[String]) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let own = |host: &str| origin.split_once("://").is_some_and(|(_, own)| own.eq_ignore_ascii_case(host));
    host.is_some_and(own) || allowed.iter().any(|one| one == "*" || same(one, origin))
}

/// The same origin, however it is written.
fn same(one: &str, other: &str) -> bool {
    match (Url::parse(one), Url::parse(other)) {
        (Ok(one), Ok(other)) => one.origin().is_tuple() && one.origin() == other.origin(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_known_origins_open_sockets() {
        let may = |origin: &'static str| {
            let headers = [(header::ORIGIN, origin), (header::HOST, "portico.example:8080")];
            let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
            may_call(&HeaderMap::from_iter(headers), &["https://app.example".to_owned()])
        };
        assert!(may("http://portico.example:8080"));
        assert!(may("https://app.example"));
        assert!(may("https://app.example:443"));
        for other in ["https://app.example.evil", "http://app.example", "null", "http://portico.example"] {
            assert!(!may(other), "{other}");
        }
        assert!(may_call(&HeaderMap::new(), &[]));
    }
}
