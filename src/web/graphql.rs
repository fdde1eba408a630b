//! GraphQL over HTTP: one operation, one answer. Mutations only by POST, and only from what a browser asks leave
//! for; statuses as the audits of the specification want them.
use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, to_bytes},
    extract::{FromRequestParts, Request as HttpRequest, State, WebSocketUpgrade},
    http::{HeaderMap, HeaderName, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;

use super::{
    accept::{Accept, Media, is_utf8},
    caller::{self, Origin},
    deprecation,
    figures::Transport,
    operation::Operation,
    parameters,
    refusal::{self, Refusal},
    router::Web,
    socket, sse,
};
use crate::{
    graph::schema::{Admitted, Answer, Code, Fault, Kind, Refused},
    language::Language,
};

/// Asks what an operation would cost, like `costOnly` among the extensions of a request.
pub const COST_ONLY: HeaderName = HeaderName::from_static("portico-cost-only");
/// Asks what was done for it, like `trace` there.
pub const TRACED: HeaderName = HeaderName::from_static("portico-trace");

/// `/graphql`, in all its forms.
pub async fn serve(State(web): State<Arc<Web>>, request: HttpRequest) -> Response {
    let (mut head, body) = request.into_parts();
    let Some(origin) = head.extensions.get::<Origin>().cloned() else {
        let fault = Fault::internal("a request without an origin");
        return Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, fault).respond(
            Media::Json,
            "",
            Language::default(),
        );
    };
    if asks_for_websocket(&head) {
        let respond = |refusal: Refusal| refusal.respond(Media::Json, &origin.request, origin.language);
        return match WebSocketUpgrade::from_request_parts(&mut head, &()).await {
            Ok(upgrade) => socket::open(web, upgrade, &head.headers, &origin).unwrap_or_else(respond),
            Err(rejection) => rejection.into_response(),
        };
    }
    let accept = Accept::of(&head.headers);
    let operation = Operation::begin(&web, Transport::Http, origin.request.clone(), origin.trace.clone());
    let answered = operation.run(answer(&web, &head, body, accept, &origin, &operation).boxed()).await;
    let media = accept.choose(None).unwrap_or(Media::Json);
    let response = answered.unwrap_or_else(|refusal| {
        operation.end("refused", Some(refusal.fault.code.as_str().to_owned()));
        refusal.respond(media, &origin.request, origin.language)
    });
    refusal::in_language(response, origin.language)
}

/// By HTTP/1.1 as an upgrade, by HTTP/2 as an extended CONNECT.
fn asks_for_websocket(head: &Parts) -> bool {
    let upgrade = head.headers.get(header::UPGRADE).and_then(|value| value.to_str().ok());
    head.method == Method::CONNECT || upgrade.is_some_and(|upgrade| upgrade.eq_ignore_ascii_case("websocket"))
}

async fn answer(
    web: &Arc<Web>,
    head: &Parts,
    body: Body,
    accept: Accept,
    origin: &Origin,
    operation: &Arc<Operation>,
) -> Result<Response, Refusal> {
    if accept.choose(None).is_none() {
        let message = say!(
            "answers are application/graphql-response+json, application/json or text/event-stream, \
                       in UTF-8; `Accept` takes none of them"
        );
        return Err(Refusal::new(StatusCode::NOT_ACCEPTABLE, Fault::bad_input(message)));
    }
    let mut asked = match head.method {
        Method::POST => {
            check_content_type(&head.headers)?;
            let read = read(body, web.settings.max_body_bytes);
            let read = tokio::time::timeout_at(operation.deadline(), read).await;
            let read = read.map_err(|_elapsed| Refusal::new(StatusCode::REQUEST_TIMEOUT, late(web)))?;
            parameters::of_body(&read?).map_err(Refusal::bad)?
        }
        Method::GET | Method::HEAD => {
            parameters::of_address(head.uri.query().unwrap_or_default()).map_err(Refusal::bad)?
        }
        _ => return Err(not_by(&head.method, "GET, POST")),
    };
    let said = |name: HeaderName| head.headers.get(name).is_some_and(|value| value == "true");
    asked.cost_only |= said(COST_ONLY);
    asked.traced |= said(TRACED);
    let caller = caller::of_headers(&web.read_credential, &head.headers, origin)?;
    let admitted = match web.schema.admit(caller, asked).await {
        Ok(admitted) => admitted,
        Err(refused) => {
            operation.answered(&refused.answer);
            return Ok(refuse(web, accept, *refused));
        }
    };
    let kind = admitted.kind;
    if head.method != Method::POST && kind == Some(Kind::Mutation) {
        return Err(not_by(&head.method, "POST"));
    }
    let media = accept.choose(kind).unwrap_or(Media::Json);
    if media == Media::Events {
        let last_event = head.headers.get("last-event-id").and_then(|value| value.to_str().ok());
        let leaving = deprecation::headers(&admitted.deprecated);
        let mut response = sse::respond(web, admitted, last_event.map(str::to_owned), operation.clone())?;
        response.headers_mut().extend(leaving);
        return Ok(response);
    }
    if kind == Some(Kind::Subscription) {
        let message = say!(
            "a subscription needs `Accept: text/event-stream`, or a websocket with the subprotocol \
                       graphql-transport-ws"
        );
        return Err(Refusal::bad(Fault::new(Code::OperationResolutionFailed, message)));
    }
    let answer = once(web, admitted, operation).await.map_err(|fault| {
        let status = if media == Media::Json { StatusCode::OK } else { StatusCode::GATEWAY_TIMEOUT };
        Refusal::new(status, fault)
    })?;
    let status = match media {
        Media::GraphQl if !answer.executed => StatusCode::BAD_REQUEST,
        _ => StatusCode::OK,
    };
    let leaving = deprecation::headers(&answer.deprecated);
    Ok((status, [(header::CONTENT_TYPE, media.content_type())], leaving, answer.body).into_response())
}

/// The answer to a request that was not let in.
fn refuse(web: &Arc<Web>, accept: Accept, refused: Refused) -> Response {
    let Refused { answer, kind } = refused;
    let media = accept.choose(kind).unwrap_or(Media::Json);
    // an event stream that cannot begin is answered like any other request
    let plain = if media == Media::Events { Media::Json } else { media };
    let content = [(header::CONTENT_TYPE, plain.content_type())];
    if let Some(exhausted) = &answer.exhausted {
        let headers = refusal::exhausted(exhausted);
        return (StatusCode::TOO_MANY_REQUESTS, content, headers, answer.body).into_response();
    }
    match media {
        Media::Events => sse::tell(web, answer),
        Media::GraphQl => (StatusCode::BAD_REQUEST, content, answer.body).into_response(),
        Media::Json => (StatusCode::OK, content, answer.body).into_response(),
    }
}

/// What was read in time is answered when the time is over; this is how long that may take.
const GRACE: Duration = Duration::from_secs(1);
/// A change that is being committed is waited for.
const COMMIT_GRACE: Duration = Duration::from_secs(12);

/// Answers a query or mutation, on whichever transport it came, within the time that the settings give: what is not
/// answered by then is null, with `TIMEOUT` at its path.
pub async fn once(web: &Web, admitted: Admitted, operation: &Operation) -> Result<Answer, Fault> {
    let changes = admitted.kind == Some(Kind::Mutation);
    let patience = operation.deadline() + if changes { COMMIT_GRACE } else { GRACE };
    match tokio::time::timeout_at(patience, operation.run(web.schema.answer(admitted).boxed())).await {
        Ok(answer) => {
            operation.answered(&answer);
            Ok(answer)
        }
        Err(_elapsed) => {
            let fault = if changes { Fault::uncertain() } else { late(web) };
            operation.end("timeout", Some(fault.code.as_str().to_owned()));
            Err(fault)
        }
    }
}

fn late(web: &Web) -> Fault {
    let limit = web.settings.request_timeout_ms;
    Fault::new(Code::Timeout, say!("not answered within {limit} ms"))
}

fn not_by(method: &Method, allowed: &str) -> Refusal {
    let message = say!("not by {method}: mutations by POST, queries by GET or POST");
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, Fault::bad_input(message)).with(header::ALLOW, allowed)
}

/// Only JSON: it is what a page of another origin may not send without asking leave.
fn check_content_type(headers: &HeaderMap) -> Result<(), Refusal> {
    let said = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = said.split(';').map(str::trim);
    let json = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("application/json"));
    let utf8 = parts.filter_map(|part| part.split_once('=')).all(|(name, value)| {
        !name.trim().eq_ignore_ascii_case("charset") || is_utf8(value.trim().trim_matches('"'))
    });
    if json && utf8 {
        return Ok(());
    }
    let message = say!("the body must be JSON in UTF-8, sent with `Content-Type: application/json`");
    let refusal = Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, Fault::bad_input(message));
    Err(refusal.with(header::ACCEPT, "application/json"))
}

async fn read(body: Body, limit: usize) -> Result<axum::body::Bytes, Refusal> {
    to_bytes(body, limit).await.map_err(|error| {
        let mut cause: Option<&dyn std::error::Error> = Some(&error);
        while let Some(error) = cause {
            if error.is::<http_body_util::LengthLimitError>() {
                let message = say!("the body has more than {limit} bytes");
                let fault = Fault::new(Code::DocumentTooLarge, message).with("limit", limit);
                return Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, fault);
            }
            cause = error.source();
        }
        Refusal::bad(Fault::bad_input(say!("the body ended before it was complete")))
    })
}
