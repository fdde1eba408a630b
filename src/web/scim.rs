//! `/scim/v2`: what directories ask and change. HTTP alone; what it means, the room `scim` knows.
use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{Request as HttpRequest, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use percent_encoding::percent_decode_str;

use super::{
    accept::is_utf8,
    caller::{self, Origin},
    figures::Transport,
    operation::Operation,
    refusal::exhausted,
    router::Web,
};
use crate::{
    graph::schema::Fault,
    scim::{
        self, Answer, Preconditions, Request,
        error::{Error, Kind},
    },
    store::door::Caller,
};

const MEDIA: &str = "application/scim+json; charset=utf-8";
pub const ROOT: &str = "/scim/v2";
/// What a request costs: much like a change.
const POINTS: usize = 10;
/// A change that is being committed when the time is over is waited for.
const GRACE: Duration = Duration::from_secs(12);

pub async fn serve(State(web): State<Arc<Web>>, request: HttpRequest) -> Response {
    let (head, body) = request.into_parts();
    let origin = head.extensions.get::<Origin>();
    let (id, trace) = origin.map(|origin| (origin.request.clone(), origin.trace.clone())).unwrap_or_default();
    let operation = Operation::begin(&web, Transport::Scim, id, trace);
    let patience = operation.deadline() + GRACE;
    let answered = tokio::time::timeout_at(patience, operation.run(answer(&web, &head, body).boxed())).await;
    let answer = answered.unwrap_or_else(|_elapsed| {
        Error::new(503, "not answered in time; ask whether it was changed before repeating it").into()
    });
    let outcome = match answer.status {
        ..400 => "ok",
        400..500 => "refused",
        _ => "errors",
    };
    operation.end(outcome, (answer.status >= 400).then(|| answer.status.to_string()));
    respond(answer)
}

async fn answer(web: &Arc<Web>, head: &Parts, body: Body) -> Answer {
    match prepare(web, head, body).await {
        Ok((caller, request)) => scim::answer(web.schema.visit_of(caller), request).await,
        Err(answer) => answer,
    }
}

async fn prepare(web: &Web, head: &Parts, body: Body) -> Result<(Caller, Request), Answer> {
    let origin = head.extensions.get::<Origin>().cloned();
    let origin = origin.ok_or_else(|| Error::from(Fault::internal("a request without an origin")))?;
    // whoever is not let in has nothing of theirs read
    let caller = caller::of_headers(&web.read_credential, &head.headers, &origin)
        .map_err(|refusal| Error::from(refusal.fault))?;
    web.schema.charge(&caller, POINTS)?;
    let bodied = [Method::POST, Method::PUT, Method::PATCH].contains(&head.method);
    let body = match bodied && !caller.is_anonymous() {
        true => {
            check_content_type(&head.headers)?;
            read(body, web.settings.max_body_bytes).await?
        }
        false => Bytes::new(),
    };
    let said = |name: HeaderName| {
        let said = head.headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        let said = said.collect::<Vec<_>>().join(",");
        (!said.is_empty()).then_some(said)
    };
    let path = head.uri.path().strip_prefix(ROOT).unwrap_or_default();
    let part = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
    let request = Request {
        method: head.method.as_str().to_owned(),
        path: path.split('/').filter(|part| !part.is_empty()).map(part).collect(),
        query: url::form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes())
            .into_owned()
            .collect(),
        preconditions: Preconditions { is: said(header::IF_MATCH), is_not: said(header::IF_NONE_MATCH) },
        body: body.to_vec(),
        base: base(web, &head.headers),
    };
    Ok((caller, request))
}

/// The address under which people reach this server, else the one that the client has used.
fn base(web: &Web, headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let plain =
        |host: &&str| host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.:[]".contains(&byte));
    match (&web.settings.public_url, host.filter(plain)) {
        (Some(public), _) => format!("{}{ROOT}", public.trim_end_matches('/')),
        (None, Some(host)) => format!("http://{host}{ROOT}"),
        (None, None) => ROOT.to_owned(),
    }
}

fn check_content_type(headers: &HeaderMap) -> Result<(), Error> {
    let said = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = said.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default().to_ascii_lowercase();
    let json = ["application/scim+json", "application/json"].contains(&name.as_str());
    let utf8 = parts.filter_map(|part| part.split_once('=')).all(|(name, value)| {
        !name.trim().eq_ignore_ascii_case("charset") || is_utf8(value.trim().trim_matches('"'))
    });
    match json && utf8 {
        true => Ok(()),
        false => Err(Error::new(415, "the body must be JSON in UTF-8, sent as application/scim+json")),
    }
}

async fn read(body: Body, limit: usize) -> Result<Bytes, Error> {
    to_bytes(body, limit).await.map_err(|error| {
        let mut cause: Option<&dyn std::error::Error> = Some(&error);
        while let Some(error) = cause {
            if error.is::<http_body_util::LengthLimitError>() {
                return Error::new(413, format!("the body has more than {limit} bytes"));
            }
            cause = error.source();
        }
        Error::bad(Kind::InvalidSyntax, "the body ended before it was complete")
    })
}

fn respond(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = match answer.body {
        Some(body) => (status, [(header::CONTENT_TYPE, MEDIA)], body.to_string()).into_response(),
        None => status.into_response(),
    };
    let mut say = |name: HeaderName, value: Option<&str>| {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
            response.headers_mut().insert(name, value);
        }
    };
    say(header::LOCATION, answer.location.as_deref());
    say(header::ETAG, answer.version.as_deref());
    match answer.status {
        401 => say(header::WWW_AUTHENTICATE, Some("Bearer realm=\"portico\"")),
        429 | 503 => say(header::RETRY_AFTER, Some(&answer.retry_after.unwrap_or(1).to_string())),
        _ => {}
    }
    for (name, value) in answer.exhausted.as_ref().into_iter().flat_map(exhausted) {
        say(name, Some(&value));
    }
    response
}
