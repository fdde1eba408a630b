//! Spans for OpenTelemetry, made when an operation is over from what was noted of it, and sent by OTLP over HTTP in the
//! background. They are the last thing that may hold anything up: what cannot be sent in time is left out, and counted.
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use opentelemetry::{
    InstrumentationScope, KeyValue,
    trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags},
};
use opentelemetry_otlp::{WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{Sampler as Root, SamplingDecision, ShouldSample, SpanData, SpanEvents, SpanExporter, SpanLinks},
};
use tokio::sync::{mpsc, oneshot};

use super::{
    context::{Parent, Place, new_span},
    trace::{Outcome, Statement, Trace},
    work::WORK,
};

/// Operations whose spans wait; beyond, they are left out.
const WAITING: usize = 2048;
/// Spans that are sent at once, and how long the first of them waits.
const AT_ONCE: usize = 512;
const EVERY: Duration = Duration::from_secs(1);
/// How long one attempt to send may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where spans are sent, and which.
#[derive(Clone, Debug)]
pub struct ExporterSettings {
    /// Address of the collector; spans go to `/v1/traces` below it.
    pub endpoint: String,
    pub service: String,
    pub sampler: Sampler,
    /// The share of traces that a sampler by share takes, from 0 to 1.
    pub share: f64,
}

/// Which traces are told, by the names that OpenTelemetry has for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampler {
    AlwaysOn,
    AlwaysOff,
    TraceIdRatio,
    ParentBasedAlwaysOn,
    ParentBasedAlwaysOff,
    ParentBasedTraceIdRatio,
}

impl Sampler {
    pub const ALL: [(&'static str, Self); 6] = [
        ("always_on", Self::AlwaysOn),
        ("always_off", Self::AlwaysOff),
        ("traceidratio", Self::TraceIdRatio),
        ("parentbased_always_on", Self::ParentBasedAlwaysOn),
        ("parentbased_always_off", Self::ParentBasedAlwaysOff),
        ("parentbased_traceidratio", Self::ParentBasedTraceIdRatio),
    ];

    /// What decides where no parent does.
    const fn root(self, share: f64) -> Root {
        match self {
            Self::AlwaysOn | Self::ParentBasedAlwaysOn => Root::AlwaysOn,
            Self::AlwaysOff | Self::ParentBasedAlwaysOff => Root::AlwaysOff,
            Self::TraceIdRatio | Self::ParentBasedTraceIdRatio => Root::TraceIdRatioBased(share),
        }
    }

    const fn heeds_parents(self) -> bool {
        matches!(self, Self::ParentBasedAlwaysOn | Self::ParentBasedAlwaysOff | Self::ParentBasedTraceIdRatio)
    }
}

/// Sends spans in the background, for as long as a copy is kept.
#[derive(Clone, Debug)]
pub struct Exporter(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    queue: mpsc::Sender<Parcel>,
    settings: ExporterSettings,
    dropped: Arc<AtomicU64>,
}

enum Parcel {
    Spans(Vec<SpanData>),
    /// All that came before is to be sent, and then this answered.
    Flush(oneshot::Sender<()>),
}

/// For the server's own work, which belongs to no request.
static OWN: Mutex<Option<Exporter>> = Mutex::new(None);

impl Exporter {
    /// Begins to send, and does so for the server's own work too.
    pub fn start(settings: ExporterSettings) -> Result<Self, String> {
        let client = reqwest::Client::builder().timeout(PATIENCE).build();
        let client = client.map_err(|error| error.to_string())?;
        let mut exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_endpoint(format!("{}/v1/traces", settings.endpoint.trim_end_matches('/')))
            .with_timeout(PATIENCE)
            .build()
            .map_err(|error| error.to_string())?;
        let resource = Resource::builder()
            .with_service_name(settings.service.clone())
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        exporter.set_resource(&resource);
        let (queue, waiting) = mpsc::channel(WAITING);
        let dropped = Arc::new(AtomicU64::new(0));
        tokio::spawn(send(exporter, waiting, dropped.clone()));
        let started = Self(Arc::new(Inner { queue, settings, dropped }));
        *OWN.lock().unwrap_or_else(PoisonError::into_inner) = Some(started.clone());
        Ok(started)
    }

    /// The one that was started last in this process.
    pub(super) fn own() -> Option<Self> {
        OWN.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Where what begins now stands in a trace, if it is to be told.
    pub(super) fn sample(&self, parent: Option<&Parent>) -> Option<Place> {
        let ExporterSettings { sampler, share, .. } = &self.0.settings;
        let place = Place::below(parent);
        let told = match &place.parent {
            Some(parent) if sampler.heeds_parents() => parent.is_sampled(),
            _ => {
                let id = place.own.trace_id();
                let decided = sampler.root(*share).should_sample(None, id, "", &SpanKind::Server, &[], &[]);
                decided.decision == SamplingDecision::RecordAndSample
            }
        };
        told.then_some(place)
    }

    /// Tells of an operation that is over.
    pub fn tell(&self, trace: &Trace, outcome: &Outcome) {
        if let Some(place) = &trace.place {
            self.put(spans(trace, place, outcome));
        }
    }

    fn put(&self, spans: Vec<SpanData>) {
        if self.0.queue.try_send(Parcel::Spans(spans)).is_err() {
            self.0.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Of how many operations nothing could be told, since the collector was too slow or not there.
    pub fn dropped(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }

    /// Waits until everything is sent.
    pub async fn flush(&self) {
        let (done, all) = oneshot::channel();
        if self.0.queue.send(Parcel::Flush(done)).await.is_ok() {
            drop(all.await);
        }
    }
}

/// Sends what comes, in batches, until nobody can send any more.
async fn send(exporter: impl SpanExporter, mut waiting: mpsc::Receiver<Parcel>, dropped: Arc<AtomicU64>) {
    let mut spans: Vec<SpanData> = Vec::new();
    let mut operations = 0_u64;
    let mut due = tokio::time::Instant::now();
    loop {
        let next = if spans.is_empty() {
            waiting.recv().await
        } else {
            match tokio::time::timeout_at(due, waiting.recv()).await {
                Ok(next) => next,
                Err(_) => Some(Parcel::Spans(Vec::new())),
            }
        };
        let mut flushed = None;
        let last = next.is_none();
        match next {
            Some(Parcel::Spans(more)) => {
                if spans.is_empty() {
                    due = tokio::time::Instant::now() + EVERY;
                }
                operations += u64::from(!more.is_empty());
                spans.extend(more);
            }
            Some(Parcel::Flush(done)) => flushed = Some(done),
            None => {}
        }
        let full = spans.len() >= AT_ONCE || tokio::time::Instant::now() >= due;
        if !spans.is_empty() && (full || last || flushed.is_some()) {
            let sent = exporter.export(std::mem::take(&mut spans)).await;
            if let Err(error) = sent {
                dropped.fetch_add(operations, Ordering::Relaxed);
                // the address of the collector may hold what is nobody's business
                tracing::warn!(operations, "spans could not be sent");
                tracing::trace!(%error, "the collector of spans");
            }
            operations = 0;
        }
        if let Some(done) = flushed {
            let _nobody_waits = done.send(());
        }
        if last {
            return;
        }
    }
}

/// The span of an operation, those of its levels, and those of its statements.
fn spans(trace: &Trace, place: &Place, outcome: &Outcome) -> Vec<SpanData> {
    let summary = trace.summary();
    let notes = trace.notes();
    let (kind, name) = (summary.operation.kind, summary.operation.name.as_deref());
    let mut about = vec![
        KeyValue::new("portico.transport", outcome.transport),
        KeyValue::new("portico.outcome", outcome.outcome),
        KeyValue::new("portico.request.id", trace.request.clone()),
        KeyValue::new("portico.cost.requested", count(summary.operation.requested)),
        KeyValue::new("portico.statements", count(summary.statements)),
        KeyValue::new("portico.database.ms", summary.database.as_secs_f64() * 1000.0),
        KeyValue::new("portico.waiting.ms", summary.waited.as_secs_f64() * 1000.0),
    ];
    about.extend(kind.map(|kind| KeyValue::new("graphql.operation.type", kind)));
    about.extend(name.map(|name| KeyValue::new("graphql.operation.name", name.to_owned())));
    about.extend(summary.operation.actual.map(|cost| KeyValue::new("portico.cost.actual", count(cost))));
    let organization = summary.operation.organization;
    about.extend(organization.map(|id| KeyValue::new("portico.organization.id", id.to_string())));
    about.extend(outcome.code.clone().map(|code| KeyValue::new("error.type", code)));
    about.extend(outcome.items.map(|items| KeyValue::new("portico.items", count(items))));
    let status = match (outcome.outcome, &outcome.code) {
        ("ok", _) => Status::Unset,
        (_, Some(code)) => Status::error(code.clone()),
        (outcome, None) => Status::error(outcome),
    };
    let own = place.own.span_id();
    let line = Line { trace, place };
    let is_work = outcome.transport == WORK;
    let called = if is_work { &trace.request } else { kind.unwrap_or(outcome.transport) };
    let mut root = line.span(own, SpanKind::Server, called.to_owned());
    root.parent_span_id = place.parent.as_ref().map_or(SpanId::INVALID, SpanContext::span_id);
    root.parent_span_is_remote = place.parent.is_some();
    root.start_time = trace.begun_at;
    root.end_time = trace.begun_at + summary.took;
    (root.attributes, root.status) = (about, status);
    if is_work {
        root.span_kind = SpanKind::Internal;
    }
    let mut spans = vec![root];
    let ids: Vec<SpanId> = notes.levels.iter().map(|_| new_span()).collect();
    let id_of = |level: usize| level.checked_sub(1).and_then(|at| ids.get(at)).copied().unwrap_or(own);
    for (level, id) in notes.levels.iter().zip(&ids) {
        let mut span = line.span(*id, SpanKind::Internal, level.field.clone());
        span.parent_span_id = id_of(level.above);
        (span.start_time, span.end_time) = line.during(level.at, level.took);
        span.attributes = vec![
            KeyValue::new("graphql.field.name", level.key.clone()),
            KeyValue::new("portico.parents", count(level.parents)),
        ];
        spans.push(span);
    }
    spans.extend(notes.statements.iter().map(|statement| line.statement(statement, id_of(statement.level))));
    spans
}

/// What all spans of an operation have alike.
struct Line<'a> {
    trace: &'a Trace,
    place: &'a Place,
}

impl Line<'_> {
    fn span(&self, id: SpanId, kind: SpanKind, name: String) -> SpanData {
        let own = &self.place.own;
        let state = own.trace_state().clone();
        SpanData {
            span_context: SpanContext::new(own.trace_id(), id, TraceFlags::SAMPLED, false, state),
            parent_span_id: own.span_id(),
            parent_span_is_remote: false,
            span_kind: kind,
            name: name.into(),
            start_time: self.trace.begun_at,
            end_time: self.trace.begun_at,
            attributes: Vec::new(),
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: Status::Unset,
            instrumentation_scope: InstrumentationScope::builder("portico").build(),
        }
    }

    fn statement(&self, statement: &Statement, above: SpanId) -> SpanData {
        let class = statement.class;
        let mut span = self.span(new_span(), SpanKind::Client, class.name.clone());
        span.parent_span_id = above;
        (span.start_time, span.end_time) = self.during(statement.at, statement.took);
        span.attributes = vec![
            KeyValue::new("db.system.name", "postgresql"),
            KeyValue::new("db.operation.name", class.verb),
        ];
        let more = &mut span.attributes;
        more.extend(class.table.clone().map(|table| KeyValue::new("db.collection.name", table)));
        let rows = statement.rows.map(|rows| i64::try_from(rows).unwrap_or(i64::MAX));
        more.extend(rows.map(|rows| KeyValue::new("db.response.returned_rows", rows)));
        if statement.failed {
            span.status = Status::error("failed");
        }
        span
    }

    fn during(&self, at: Instant, took: Duration) -> (SystemTime, SystemTime) {
        let start = self.trace.begun_at + at.saturating_duration_since(self.trace.begun);
        (start, start + took)
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
