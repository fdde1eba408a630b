//! A request that is answered by HTTP alone, before the schema sees it.
use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::accept::Media;
use crate::graph::schema::{Answer, Fault};

/// Why, and with which status. Its body is a GraphQL response with one error, whatever went wrong.
#[derive(Debug)]
pub struct Refusal {
    pub status: StatusCode,
    pub fault: Fault,
    header: Option<(HeaderName, HeaderValue)>,
}

impl Refusal {
    pub const fn new(status: StatusCode, fault: Fault) -> Self {
        Self { status, fault, header: None }
    }

    pub fn bad(fault: Fault) -> Self {
        Self::new(StatusCode::BAD_REQUEST, fault)
    }

    /// With a header that tells more; a value that no header can hold is left out.
    pub fn with(mut self, name: HeaderName, value: &str) -> Self {
        self.header = HeaderValue::from_str(value).ok().map(|value| (name, value));
        self
    }

    pub fn respond(self, media: Media, request: &str) -> Response {
        let body = Answer::refused(&self.fault, request).body;
        // an event stream that cannot begin is answered like any other request
        let media = if media == Media::Events { Media::Json } else { media };
        let mut response =
            (self.status, [(header::CONTENT_TYPE, media.content_type())], body).into_response();
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, value);
        }
        response
    }
}
