//! A request that is answered by HTTP alone, before the schema sees it.
use std::time::Duration;

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::accept::Media;
use crate::{
    graph::schema::{Answer, Exhausted, Fault},
    language::{Language, Said},
};

/// Why, and with which status. Its body is a GraphQL response with one error, whatever went wrong.
#[derive(Debug)]
pub struct Refusal {
    pub status: StatusCode,
    pub fault: Fault,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Refusal {
    pub const fn new(status: StatusCode, fault: Fault) -> Self {
        Self { status, fault, headers: Vec::new() }
    }

    pub fn bad(fault: Fault) -> Self {
        Self::new(StatusCode::BAD_REQUEST, fault)
    }

    /// With a header that tells more; a value that no header can hold is left out.
    pub fn with(mut self, name: HeaderName, value: &str) -> Self {
        self.headers.extend(HeaderValue::from_str(value).ok().map(|value| (name, value)));
        self
    }

    pub fn respond(self, media: Media, request: &str, language: Language) -> Response {
        let body = Answer::refused(&self.fault, request, language).body;
        // an event stream that cannot begin is answered like any other request
        let media = if media == Media::Events { Media::Json } else { media };
        let mut response =
            (self.status, [(header::CONTENT_TYPE, media.content_type())], body).into_response();
        response.headers_mut().extend(self.headers);
        response
    }
}

/// There is nothing at an address, or nothing for whoever asks.
pub fn not_found(why: &Said, language: Language) -> Response {
    line(StatusCode::NOT_FOUND, why, language)
}

/// Why something is refused that is not GraphQL: a line of text.
pub fn line(status: StatusCode, why: &Said, language: Language) -> Response {
    let text = format!("{}\n", why.in_language(language));
    in_language((status, text).into_response(), language)
}

/// Says in which language an answer is, to its reader and to caches.
pub fn in_language(mut response: Response, language: Language) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
    headers.append(header::VARY, HeaderValue::from_static("accept-language"));
    response
}

/// How much may be asked for in a time, as the draft of the IETF's working group has it.
pub const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
pub const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// When to try again, and how the bucket stands from which there was too little to take.
pub fn exhausted(exhausted: &Exhausted) -> [(HeaderName, String); 3] {
    let balance = &exhausted.balance;
    let seconds = |time: Duration| time.as_millis().div_ceil(1000);
    [
        (header::RETRY_AFTER, seconds(exhausted.retry_after).max(1).to_string()),
        (RATE_LIMIT, format!("\"{}\";r={};t={}", balance.name, balance.remaining, seconds(balance.full_in))),
        (RATE_LIMIT_POLICY, format!("\"{}\";q={};w=60", balance.name, balance.per_minute)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::rates::Balance;

    #[test]
    fn what_is_exhausted_says_when_it_is_not() {
        let balance = Balance {
            name: "person",
            per_minute: 600,
            limit: 1200,
            remaining: 5,
            cost: 20,
            full_in: Duration::from_millis(119_500),
        };
        let headers = exhausted(&Exhausted { balance, retry_after: Duration::from_millis(1500) });
        let told = headers.map(|(name, value)| format!("{name}: {value}"));
        assert_eq!(
            told,
            ["retry-after: 2", "ratelimit: \"person\";r=5;t=120", "ratelimit-policy: \"person\";q=600;w=60"]
        );
    }
}
