//! The playground's page and what it loads, out of the binary itself.
use std::{io::Read, sync::Arc};

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use flate2::read::GzDecoder;
use rust_embed::{EmbeddedFile, RustEmbed};

use super::{accept, refusal, router::Web};

/// What `npm run build` wrote. A file that exists compressed exists only so.
#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/playground/dist"]
struct Bundle;

const PAGE: &str = "index.html";
const NOT_BUILT: &str = "The playground is not built into this server. `make playground` builds it (it needs Node 20 \
                         or newer); then build and start the server again. The API itself is at /graphql.\n";
/// Nothing comes from, and nothing goes to, anybody else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      font-src 'self'; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// `/playground/demo.json`
pub async fn demo(State(web): State<Arc<Web>>) -> Response {
    Json((web.demo)()).into_response()
}

/// Any file of the bundle; the page itself at `/`.
pub async fn file(uri: Uri, headers: HeaderMap) -> Response {
    let path = match uri.path().trim_start_matches('/') {
        "" => PAGE,
        path => path,
    };
    match Found::best(path, &headers) {
        Some(found) => found.respond(path, &headers),
        None if path == PAGE => (StatusCode::SERVICE_UNAVAILABLE, NOT_BUILT).into_response(),
        None => refusal::not_found(
            &say!("There is nothing here. The API is at /graphql."),
            accept::language(&headers),
        ),
    }
}

/// A file in the encoding that suits the client best.
struct Found {
    file: EmbeddedFile,
    encoding: Option<&'static str>,
    unpack: bool,
}

impl Found {
    fn best(path: &str, headers: &HeaderMap) -> Option<Self> {
        if path.starts_with('.') || path.ends_with(".br") || path.ends_with(".gz") {
            return None;
        }
        let brotli = || Bundle::get(&format!("{path}.br")).filter(|_| accepts(headers, "br"));
        let packed = |file| Self { file, encoding: Some("br"), unpack: false };
        if let Some(found) = brotli().map(packed) {
            return Some(found);
        }
        if let Some(file) = Bundle::get(&format!("{path}.gz")) {
            let unpack = !accepts(headers, "gzip");
            return Some(Self { file, encoding: (!unpack).then_some("gzip"), unpack });
        }
        Bundle::get(path).map(|file| Self { file, encoding: None, unpack: false })
    }

    fn respond(self, path: &str, headers: &HeaderMap) -> Response {
        let mut response = Response::default();
        let told = response.headers_mut();
        told.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        told.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        // names under assets/ change with what is in them
        let keep =
            if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
        told.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
        let tag = self.tag();
        let known =
            headers.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok()).is_some_and(|tags| {
                tags.split(',')
                    .any(|other| other.trim().trim_start_matches("W/") == tag || other.trim() == "*")
            });
        if let Ok(tag) = HeaderValue::from_str(&tag) {
            told.insert(header::ETAG, tag);
        }
        if known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return response;
        }
        if let Ok(kind) = HeaderValue::from_str(&content_type(path)) {
            told.insert(header::CONTENT_TYPE, kind);
        }
        if let Some(encoding) = self.encoding {
            told.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        *response.body_mut() = if self.unpack {
            let mut plain = Vec::new();
            if let Err(error) = GzDecoder::new(self.file.data.as_ref()).read_to_end(&mut plain) {
                tracing::error!(path, %error, "a file of the playground cannot be unpacked");
                return StatusCode::INTERNAL_SERVER_ERROR.into_response();
            }
            plain.into()
        } else {
            match self.file.data {
                std::borrow::Cow::Borrowed(bytes) => bytes.into(),
                std::borrow::Cow::Owned(bytes) => bytes.into(),
            }
        };
        response
    }

    /// Names the content; 16 of the 32 bytes of its hash are more than enough.
    fn tag(&self) -> String {
        let hash = self.file.metadata.sha256_hash();
        let hash: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        format!("\"{hash}{}\"", if self.unpack { "-plain" } else { "" })
    }
}

fn content_type(path: &str) -> String {
    let kind = mime_guess::from_path(path).first_or_octet_stream();
    let text = kind.type_() == "text" || kind.essence_str() == "application/json";
    if text { format!("{kind}; charset=utf-8") } else { kind.to_string() }
}

/// Whether the client takes this encoding.
fn accepts(headers: &HeaderMap, encoding: &str) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let mut any = false;
    for one in values.flat_map(|value| value.split(',')) {
        let (name, parameters) = one.split_once(';').unwrap_or((one, ""));
        let weight =
            parameters.trim().strip_prefix("q=").and_then(|weight| weight.trim().parse::<f32>().ok());
        let wanted = weight.is_none_or(|weight| weight > 0.0);
        match name.trim() {
            name if name.eq_ignore_ascii_case(encoding) => return wanted,
            "*" => any = wanted,
            _ => {}
        }
    }
    any
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoding_is_used_only_where_it_is_taken() {
        let accepts = |value: &'static str| {
            accepts(&HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(value))]), "br")
        };
        assert!(accepts("gzip, deflate, br"));
        assert!(accepts("gzip;q=1.0, BR;q=0.5, *;q=0"));
        assert!(accepts("*"));
        assert!(!accepts("gzip"));
        assert!(!accepts("*, br;q=0"));
        assert!(!accepts("*;q=0.000"));
        assert!(!accepts(""));
    }
}
