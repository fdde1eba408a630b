//! `/docs`: the reference of the schema, page by page, for whoever may ask about the schema at all. Pages are text: they
//! need no script, load nothing from elsewhere, and are made when they are asked for.
//!
//! * [`html`]: what may stand in a page, and how it is written so that nothing else can
//! * [`index`], [`operation`], [`types`], [`errors`]: the pages
mod errors;
mod html;
mod index;
mod operation;
mod types;

use std::sync::Arc;

use axum::{
    extract::{Extension, Path, RawQuery, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};

use self::html::Html;
use super::{
    caller::{self, Origin},
    router::Web,
};
use crate::{
    credential,
    graph::{
        reference::{Reference, Root},
        schema::Schema,
    },
};

/// The reference of a schema.
pub struct Docs(Reference);

const STYLE: &str = include_str!("reference.css");
const ICON: &str = include_str!("../../../playground/src/icon.svg");
const SCRIPT: &str = include_str!("reference.js");
/// Nothing comes from anybody else, and what is found is sent to nobody else.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; \
     frame-ancestors 'none'",
);

/// `/docs`
pub async fn index(
    State(web): State<Arc<Web>>,
    Extension(origin): Extension<Origin>,
    RawQuery(query): RawQuery,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let wanted = url::form_urlencoded::parse(query.as_deref().unwrap_or_default().as_bytes())
        .find(|(name, _)| name == "find")
        .map(|(_, wanted)| wanted.into_owned())
        .unwrap_or_default();
    let up = if uri.path().ends_with('/') { "../" } else { "./" };
    answer(web, &origin, &headers, up, move |docs| Some(index::page(Html::new(&docs.0, up), &wanted))).await
}

/// `/docs/mutations/dealUpdate`, `/docs/types/Deal`, `/docs/errors`, and what they are dressed in.
pub async fn page(
    State(web): State<Arc<Web>>,
    Extension(origin): Extension<Origin>,
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Response {
    // what says nothing of the schema is anybody's
    match path.as_str() {
        "reference.css" => return part("text/css; charset=utf-8", STYLE, &headers),
        "icon.svg" => return part("image/svg+xml", ICON, &headers),
        "reference.js" => return part("text/javascript; charset=utf-8", SCRIPT, &headers),
        _ => {}
    }
    let up = if path.contains('/') { "../../" } else { "../" };
    answer(web, &origin, &headers, up, move |docs| docs.page(&path, up)).await
}

impl Docs {
    fn of(schema: &Schema) -> Self {
        Self(Reference::of(schema))
    }

    fn page(&self, path: &str, up: &'static str) -> Option<String> {
        let html = Html::new(&self.0, up);
        let operation = |root: Root, name: &str| {
            let html = Html::new(&self.0, up);
            self.0.operation(root, name).map(|operation| operation::page(html, &operation))
        };
        match path.split_once('/') {
            None if path == "errors" => Some(errors::page(html)),
            Some(("queries", name)) => operation(Root::Query, name),
            Some(("mutations", name)) => operation(Root::Mutation, name),
            Some(("subscriptions", name)) => operation(Root::Subscription, name),
            Some(("types", name)) => types::page(html, name),
            _ => None,
        }
    }
}

/// Answers with a page, if the caller may ask about the schema: as introspection is answered.
async fn answer(
    web: Arc<Web>,
    origin: &Origin,
    headers: &HeaderMap,
    up: &'static str,
    make: impl FnOnce(&Docs) -> Option<String> + Send + 'static,
) -> Response {
    match caller::of_headers(&web.read_credential, headers, origin) {
        Ok(caller) if web.schema.is_shown_to(&caller) => {}
        _ => return (StatusCode::NOT_FOUND, told(html::refusal(up))).into_response(),
    }
    let made = tokio::task::spawn_blocking(move || {
        let docs = web.docs.get_or_init(|| Docs::of(&web.schema));
        make(docs).ok_or_else(|| html::missing(Html::new(&docs.0, up)))
    });
    match made.await {
        Ok(Ok(page)) if knows(headers, &page) => not_modified(headers_of(PAGE, "private, no-cache", &page)),
        Ok(Ok(page)) => told(page),
        Ok(Err(page)) => (StatusCode::NOT_FOUND, told(page)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page of the reference could not be made");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// A page.
fn told(page: String) -> Response {
    (headers_of(PAGE, "private, no-cache", &page), page).into_response()
}

/// What a page is dressed in.
fn part(kind: &'static str, text: &'static str, headers: &HeaderMap) -> Response {
    let told = headers_of(kind, "no-cache", text);
    if knows(headers, text) { not_modified(told) } else { (told, text).into_response() }
}

const PAGE: &str = "text/html; charset=utf-8";

fn headers_of(kind: &'static str, kept: &'static str, text: &str) -> [(HeaderName, HeaderValue); 5] {
    [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, HeaderValue::from_static(kept)),
        (header::VARY, HeaderValue::from_static("authorization")),
        (header::ETAG, tag(text)),
    ]
}

/// The headers stand for those that came with the content: also those of safety.
fn not_modified(headers: [(HeaderName, HeaderValue); 5]) -> Response {
    (StatusCode::NOT_MODIFIED, headers).into_response()
}

/// Whether the content is there already.
fn knows(headers: &HeaderMap, text: &str) -> bool {
    let tag = tag(text);
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let tags = headers.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok()).unwrap_or_default();
    tags.split(',').any(|other| tag.to_str().is_ok_and(|tag| bare(tag) == bare(other)))
}

/// Names the content, however it is compressed.
fn tag(text: &str) -> HeaderValue {
    let hash: String = credential::hash(text).chars().take(32).collect();
    HeaderValue::from_str(&format!("W/\"{hash}\"")).unwrap_or(HeaderValue::from_static("W/\"\""))
}
