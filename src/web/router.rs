//! Which path is answered by whom.
use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use axum::{
    Router,
    extract::{Extension, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    middleware,
    response::{IntoResponse, Response},
    routing::{any, get, put},
};
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower_http::{
    CompressionLevel,
    compression::{CompressionLayer, DefaultPredicate, Predicate, predicate::SizeAbove},
    cors::{AllowOrigin, CorsLayer},
};

use super::{
    around::{REQUEST_ID, TRACEPARENT, TRACESTATE, around},
    caller::{self, Origin, ReadCredential},
    deprecation::{DEPRECATION, SUNSET},
    docs::{self, Docs},
    exports, figures,
    graphql::{self, COST_ONLY, TRACED},
    health, imports, playground,
    refusal::{self, RATE_LIMIT, RATE_LIMIT_POLICY},
    scim,
    server::{Demo, Parts},
};
use crate::{
    graph::schema::{Schema, sdl},
    settings::Settings,
    telemetry::{Exporter, ExporterSettings},
};

/// Smaller answers are not worth compressing.
const SMALL: u16 = 1024;
/// How long a browser may remember which origins may call.
const PREFLIGHT: Duration = Duration::from_hours(1);

/// What the answers are made from.
pub struct Web {
    pub schema: Schema,
    pub settings: Arc<Settings>,
    pub read_credential: ReadCredential,
    pub demo: Demo,
    /// One for each websocket and event stream that may be opened.
    pub streams: Arc<Semaphore>,
    /// Websockets that are open, waited for at the end.
    pub sockets: TaskTracker,
    /// Cancelled when the server is to stop.
    pub stop: CancellationToken,
    /// Where traces are told, if anywhere.
    pub exporter: Option<Exporter>,
    sdl: OnceLock<String>,
    /// The reference of the schema, made when it is looked at first.
    pub docs: OnceLock<Docs>,
}

impl Web {
    pub fn new(parts: Parts, stop: CancellationToken) -> Self {
        Self {
            streams: Arc::new(Semaphore::new(parts.settings.max_sockets.min(Semaphore::MAX_PERMITS))),
            exporter: exporter(&parts.settings),
            schema: parts.schema,
            settings: parts.settings,
            read_credential: parts.read_credential,
            demo: parts.demo,
            sockets: TaskTracker::new(),
            stop,
            sdl: OnceLock::new(),
            docs: OnceLock::new(),
        }
    }
}

/// What sends traces, where the settings say where to.
fn exporter(settings: &Settings) -> Option<Exporter> {
    let started = Exporter::start(ExporterSettings {
        endpoint: settings.otlp_endpoint.clone()?,
        service: settings.service_name.clone(),
        sampler: settings.traces_sampler,
        share: settings.traces_sampler_arg.0,
    });
    // an address that cannot be read is no reason not to serve
    started.inspect_err(|reason| tracing::error!(%reason, "no traces are sent")).ok()
}

pub fn router(web: Arc<Web>) -> Router {
    let cors = cors(&web.settings.cors_origins);
    let worth = DefaultPredicate::new().and(SizeAbove::new(SMALL));
    Router::new()
        .route("/graphql", any(graphql::serve))
        .route("/schema.graphql", get(schema))
        .route("/docs", get(docs::index))
        .route("/docs/", get(docs::index))
        .route("/docs/{*path}", get(docs::page))
        .route("/scim/v2", any(scim::serve))
        .route("/scim/v2/{*rest}", any(scim::serve))
        .route("/exports/{id}", get(exports::download))
        .route("/imports/{id}", put(imports::upload))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(figures::show))
        .route("/playground/demo.json", get(playground::demo))
        .fallback_service(get(playground::file).with_state(web.clone()))
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(worth))
        .layer(cors)
        .layer(middleware::from_fn(around))
        .with_state(web)
}

/// The origins of the settings may call; pages of this server need no leave.
fn cors(origins: &[String]) -> CorsLayer {
    let allowed = if origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()))
    };
    CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::POST, Method::PUT])
        .allow_headers([
            header::ACCEPT,
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            HeaderName::from_static("last-event-id"),
            REQUEST_ID,
            TRACEPARENT,
            TRACESTATE,
            COST_ONLY,
            TRACED,
        ])
        .expose_headers([
            REQUEST_ID,
            header::RETRY_AFTER,
            header::WWW_AUTHENTICATE,
            RATE_LIMIT,
            RATE_LIMIT_POLICY,
            DEPRECATION,
            SUNSET,
            header::LINK,
        ])
        .max_age(PREFLIGHT)
}

/// `/schema.graphql`, for whoever may ask about the schema.
async fn schema(
    State(web): State<Arc<Web>>,
    Extension(origin): Extension<Origin>,
    headers: HeaderMap,
) -> Response {
    match caller::of_headers(&web.read_credential, &headers, &origin) {
        Ok(caller) if web.schema.is_shown_to(&caller) => {}
        _ => {
            let message = say!("The schema is not shown to you: PORTICO_INTROSPECTION says to whom it is.");
            return refusal::not_found(&message, origin.language);
        }
    }
    let kind = "application/graphql; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], web.sdl.get_or_init(sdl).clone()).into_response()
}
