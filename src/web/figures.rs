//! Figures for Prometheus: operations by name, code and outcome, statements by class, streams that are open, how late
//! events are, connections to the database. No label is made of what a client sends.
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
use crate::telemetry::{Outcome, Summary, classes};

const REQUESTS: &str = "portico_requests_total";
const SECONDS: &str = "portico_request_seconds";
const OPERATIONS: &str = "portico_operations_total";
const OPERATION_SECONDS: &str = "portico_operation_seconds";
const STATEMENTS: &str = "portico_statements_total";
const STATEMENT_MICROSECONDS: &str = "portico_statement_microseconds_total";
const EVENTS: &str = "portico_events_total";
const LAG: &str = "portico_events_lag_seconds";
const STREAMS: &str = "portico_streams_open";
const CONNECTIONS: &str = "portico_database_connections";
const WAITING: &str = "portico_database_waiting";
const WAITED: &str = "portico_database_wait_seconds";
const DEPRECATED: &str = "portico_deprecated_total";
const UNTOLD: &str = "portico_traces_dropped_total";
const WORK: &str = "portico_work_total";
const WORK_SECONDS: &str = "portico_work_seconds";
const WORK_ITEMS: &str = "portico_work_items_total";

/// Upper bounds of the time that requests take.
const BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// The recorder of this process; none if somebody else records.
fn recorder() -> Option<&'static PrometheusHandle> {
    static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    let start = || {
        let timed = [SECONDS, OPERATION_SECONDS, LAG, WAITED, WORK_SECONDS];
        let builder = timed.into_iter().try_fold(PrometheusBuilder::new(), |builder, name| {
            builder.set_buckets_for_metric(Matcher::Full(name.to_owned()), &BUCKETS)
        });
        let handle = builder.ok()?.install_recorder().ok()?;
        describe_counter!(REQUESTS, "Operations by kind, transport and outcome.");
        describe_histogram!(SECONDS, "How long operations took, in seconds, by kind and transport.");
        describe_counter!(OPERATIONS, "Operations by name and the code of their first error.");
        describe_histogram!(OPERATION_SECONDS, "How long operations took, in seconds, by name.");
        describe_counter!(STATEMENTS, "Statements that PostgreSQL was sent, by class.");
        describe_counter!(STATEMENT_MICROSECONDS, "How long these took together, in microseconds.");
        describe_counter!(EVENTS, "Events told to subscribers.");
        describe_histogram!(LAG, "How long events were on their way to a subscriber, in seconds.");
        describe_gauge!(STREAMS, "Websockets and event streams that are open.");
        describe_gauge!(CONNECTIONS, "Connections to the database, by what they do.");
        describe_gauge!(WAITING, "Requests that wait for a connection to the database.");
        describe_histogram!(
            WAITED,
            "How long operations waited for connections to the database, in seconds."
        );
        describe_counter!(
            DEPRECATED,
            "Operations that used what is on its way out of the schema, by its coordinates, name and kind of client."
        );
        describe_counter!(UNTOLD, "Operations of which the collector of traces was not told.");
        describe_counter!(
            WORK,
            "What the server has done by itself, by what it was and what it has come to."
        );
        describe_histogram!(WORK_SECONDS, "How long that took, in seconds.");
        describe_counter!(
            WORK_ITEMS,
            "How many mails, entries of the audit trail or records that was about."
        );
        Some(handle)
    };
    RECORDER.get_or_init(start).as_ref()
}

/// Begins to record; what is recorded is kept small by the future.
pub fn record() -> impl Future<Output = ()> {
    let recorder = recorder();
    async move {
        let Some(recorder) = recorder else { return std::future::pending().await };
        loop {
            tokio::time::sleep(Duration::from_secs(5)).await;
            recorder.run_upkeep();
        }
    }
}

/// How an operation came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    Http,
    Websocket,
    Events,
    Scim,
}

impl Transport {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Websocket => "websocket",
            Self::Events => "sse",
            Self::Scim => "scim",
        }
    }
}

/// Counts an operation that was answered, under `name`; a subscription when it has begun.
pub fn answered(summary: &Summary, outcome: &Outcome, name: &str) {
    let operation = summary.operation.kind.unwrap_or("unknown");
    let Outcome { outcome, code, transport, .. } = outcome;
    let (outcome, transport, seconds) = (*outcome, *transport, summary.took.as_secs_f64());
    counter!(REQUESTS, "operation" => operation, "transport" => transport, "outcome" => outcome).increment(1);
    histogram!(SECONDS, "operation" => operation, "transport" => transport).record(seconds);
    let (name, code) = (name.to_owned(), code.clone().unwrap_or_default());
    counter!(OPERATIONS, "name" => name.clone(), "operation" => operation, "code" => code).increment(1);
    // whoever was refused has used nothing
    let used = summary.operation.deprecated.iter().filter(|_| outcome != "refused");
    for coordinates in used {
        let client = summary.operation.client;
        counter!(DEPRECATED, "coordinates" => *coordinates, "name" => name.clone(), "client" => client)
            .increment(1);
    }
    histogram!(OPERATION_SECONDS, "name" => name).record(seconds);
    histogram!(WAITED).record(summary.waited.as_secs_f64());
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
    for class in classes() {
        let (count, microseconds) = class.totals();
        counter!(STATEMENTS, "class" => class.name.as_str()).absolute(count);
        counter!(STATEMENT_MICROSECONDS, "class" => class.name.as_str()).absolute(microseconds);
    }
    if let Some(exporter) = &web.exporter {
        counter!(UNTOLD).absolute(exporter.dropped());
    }
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], recorder.render()).into_response()
}

/// Larger counts than these are not told apart.
fn figure(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
