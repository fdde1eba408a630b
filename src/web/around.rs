//! Around every request: an id, a span in the log, the headers that every answer has, and no panic that gets out.
use std::{any::Any, net::SocketAddr, panic::AssertUnwindSafe, time::Instant};

use axum::{
    extract::{ConnectInfo, Request},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::Response,
};
use futures_util::FutureExt;
use tracing::Instrument;

use super::{
    accept::{self, Media},
    caller::Origin,
    refusal::Refusal,
};
use crate::{graph::schema::Fault, store::clock, telemetry};

pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
pub const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// The beginnings of the paths that are answered, as the log names them.
const PATHS: [&str; 10] = [
    "/graphql",
    "/scim/v2",
    "/exports",
    "/imports",
    "/schema.graphql",
    "/docs",
    "/healthz",
    "/readyz",
    "/metrics",
    "/playground",
];

/// What every answer has that does not say otherwise.
const HEADERS: [(HeaderName, HeaderValue); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
];

pub async fn around(mut request: Request, next: Next) -> Response {
    let headers = request.headers();
    let id = headers.get(REQUEST_ID).and_then(sane).unwrap_or_else(|| clock::new_id().to_string());
    let language = accept::language(headers);
    let origin = Origin {
        peer: request
            .extensions()
            .get::<ConnectInfo<SocketAddr>>()
            .map_or_else(|| SocketAddr::from(([0, 0, 0, 0], 0)), |info| info.0),
        user_agent: headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).map(str::to_owned),
        request: id.clone(),
        language,
        trace: trace_of(headers),
    };
    let path = request.uri().path();
    // anything else is what somebody made up
    let path = PATHS.into_iter().find(|known| path.starts_with(known)).unwrap_or("other");
    let span = tracing::info_span!("request", %id, method = known_method(request.method()), path);
    request.extensions_mut().insert(origin);
    let begun = Instant::now();
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind().instrument(span.clone()).await;
    let mut response = answer.unwrap_or_else(|panic| {
        let fault = Fault::internal(format_args!("a panic: {}", text_of(panic.as_ref())));
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, fault).respond(Media::Json, &id, language)
    });
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(value);
    }
    let milliseconds = begun.elapsed().as_millis();
    tracing::debug!(parent: &span, status = response.status().as_u16(), milliseconds, "answered");
    response
}

/// A client's own id, if it can stand in logs and headers as it is.
fn sane(id: &HeaderValue) -> Option<String> {
    let id = id.to_str().ok()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    ((1..=128).contains(&id.len()) && id.bytes().all(plain)).then(|| id.to_owned())
}

/// The caller's own trace, by W3C Trace Context.
fn trace_of(headers: &HeaderMap) -> Option<telemetry::Parent> {
    let state = headers.get_all(TRACESTATE).iter().filter_map(|value| value.to_str().ok());
    telemetry::parent(headers.get(TRACEPARENT)?.to_str().ok()?, &state.collect::<Vec<_>>().join(","))
}

/// A method may be any word.
fn known_method(method: &Method) -> &'static str {
    let known = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "CONNECT"];
    known.into_iter().find(|known| method == known).unwrap_or("other")
}

fn text_of(panic: &(dyn Any + Send)) -> &str {
    let owned = panic.downcast_ref::<String>().map(String::as_str);
    owned.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_could_forge_log_lines_are_not_taken() {
        assert_eq!(sane(&HeaderValue::from_static("a-1:b_2.c")).as_deref(), Some("a-1:b_2.c"));
        for odd in ["", "a b", "a\"b", "a=b"] {
            assert_eq!(sane(&HeaderValue::from_static(odd)), None, "{odd}");
        }
        assert_eq!(sane(&HeaderValue::from_str(&"a".repeat(129)).unwrap()), None);
    }
}
