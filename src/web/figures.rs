//! Figures for Prometheus: requests by operation and outcome, streams that are open, connections to the database.
use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use super::router::Web;
use crate::graph::schema::{Answer, Kind};

const REQUESTS: &str = "portico_requests_total";
const SECONDS: &str = "portico_request_seconds";
const EVENTS: &str = "portico_events_total";
const STREAMS: &str = "portico_streams_open";
const CONNECTIONS: &str = "portico_database_connections";
const WAITING: &str = "portico_database_waiting";

/// Upper bounds of the time that requests take.
const BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// The recorder of this process; none if somebody else records.
fn recorder() -> Option<&'static PrometheusHandle> {
    static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    let start = || {
        let builder = PrometheusBuilder::new();
        let builder = builder.set_buckets_for_metric(Matcher::Full(SECONDS.to_owned()), &BUCKETS).ok()?;
        let handle = builder.install_recorder().ok()?;
        describe_counter!(REQUESTS, "Operations by kind, transport and outcome.");
        describe_histogram!(SECONDS, "How long operations took, in seconds.");
        describe_counter!(EVENTS, "Events told to subscribers.");
        describe_gauge!(STREAMS, "Websockets and event streams that are open.");
        describe_gauge!(CONNECTIONS, "Connections to the database, by what they do.");
        describe_gauge!(WAITING, "Requests that wait for a connection to the database.");
        Some(handle)
    };
    RECORDER.get_or_init(start).as_ref()
}

/// Begins to record, and keeps what is recorded small until the future is dropped.
pub async fn record() {
    let Some(recorder) = recorder() else { return std::future::pending().await };
    loop {
        tokio::time::sleep(Duration::from_secs(5)).await;
        recorder.run_upkeep();
    }
}

/// How an operation came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    Http,
    Websocket,
    Events,
}

impl Transport {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Websocket => "websocket",
            Self::Events => "sse",
        }
    }
}

/// Counts an operation that was answered; a subscription when it has begun.
pub fn answered(kind: Option<Kind>, transport: Transport, answer: Option<&Answer>, took: Duration) {
    let operation = match kind {
        Some(Kind::Query) => "query",
        Some(Kind::Mutation) => "mutation",
        Some(Kind::Subscription) => "subscription",
        None => "unknown",
    };
    let outcome = match answer {
        None => "timeout",
        Some(answer) if !answer.executed => "refused",
        Some(answer) if answer.errors > 0 => "errors",
        Some(_) => "ok",
    };
    let transport = transport.as_str();
    counter!(REQUESTS, "operation" => operation, "transport" => transport, "outcome" => outcome).increment(1);
    histogram!(SECONDS, "operation" => operation, "transport" => transport).record(took.as_secs_f64());
}

/// Counts an event that was told.
pub fn told(transport: Transport) {
    counter!(EVENTS, "transport" => transport.as_str()).increment(1);
}

/// Counts as an open stream as long as it lives.
pub struct Open(Transport);

impl Open {
    pub fn new(transport: Transport) -> Self {
        gauge!(STREAMS, "transport" => transport.as_str()).increment(1.0);
        Self(transport)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        gauge!(STREAMS, "transport" => self.0.as_str()).decrement(1.0);
    }
}

/// `/metrics`
pub async fn show(State(web): State<Arc<Web>>) -> Response {
    let Some(recorder) = recorder().filter(|_| web.settings.metrics) else {
        return (StatusCode::NOT_FOUND, "There are no figures here: PORTICO_METRICS is off.\n")
            .into_response();
    };
    let pool = web.schema.door().pool_status();
    for (state, connections) in [("idle", pool.available), ("busy", pool.size.saturating_sub(pool.available))]
    {
        gauge!(CONNECTIONS, "state" => state).set(figure(connections));
    }
    gauge!(WAITING).set(figure(pool.waiting));
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], recorder.render()).into_response()
}

/// Larger counts than these are not told apart.
fn figure(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
