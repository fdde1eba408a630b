//! An operation, as an operator sees it: counted, logged in one line, and told to OpenTelemetry, whichever way it came.
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

use super::{
    figures::{self, Transport},
    router::Web,
};
use crate::{
    graph::schema::{Answer, Code},
    telemetry::{self, Outcome, Summary, Trace, Wants},
};

/// One operation on its way. Whoever drops it without an end has hung up.
pub struct Operation {
    web: Arc<Web>,
    pub trace: Arc<Trace>,
    transport: Transport,
    /// Whether it is answered as a stream of events, which is known only once it is let in.
    is_stream: AtomicBool,
    deadline: Instant,
    ended: AtomicBool,
}

impl Operation {
    /// Begins now, under the id of its request, as a part of what the caller does.
    pub fn begin(
        web: &Arc<Web>,
        transport: Transport,
        request: String,
        caller: Option<telemetry::Parent>,
    ) -> Arc<Self> {
        let slow_is_noted = web.settings.slow_operation_ms > 0;
        let wants = Wants { statements: slow_is_noted, text: slow_is_noted };
        Arc::new(Self {
            web: web.clone(),
            trace: Arc::new(Trace::begin(request, caller, web.exporter.as_ref(), wants)),
            transport,
            is_stream: AtomicBool::new(false),
            deadline: Instant::now() + Duration::from_millis(web.settings.request_timeout_ms),
            ended: AtomicBool::new(false),
        })
    }

    /// It is answered as a stream of events.
    pub fn streams(&self) {
        self.is_stream.store(true, Ordering::Relaxed);
    }

    /// Until when it is to be answered.
    pub const fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Does a part of it.
    pub fn run<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        self.trace.along(Some(self.deadline), work)
    }

    /// It was answered; a subscription when it has begun.
    pub fn answered(&self, answer: &Answer) {
        let late = Some(Code::Timeout.as_str());
        let outcome = match answer {
            _ if answer.code.as_deref() == late => "timeout",
            _ if !answer.executed => "refused",
            _ if answer.errors > 0 => "errors",
            _ => "ok",
        };
        self.end(outcome, answer.code.clone());
    }

    /// It ends; what comes after the end is not told.
    pub fn end(&self, outcome: &'static str, code: Option<String>) {
        if self.ended.swap(true, Ordering::Relaxed) {
            return;
        }
        let summary = self.trace.summary();
        let is_stream = self.is_stream.load(Ordering::Relaxed);
        let transport = if is_stream { Transport::Events } else { self.transport };
        let outcome = Outcome { outcome, code, transport: transport.as_str(), items: None };
        figures::answered(&summary, &outcome, self.name(&summary));
        log(&self.trace.request, &summary, &outcome);
        if let Some(exporter) = &self.web.exporter {
            exporter.tell(&self.trace, &outcome);
        }
    }

    /// The name under which it is counted: one that clients make up is none.
    fn name<'a>(&self, summary: &'a Summary) -> &'a str {
        let known = &self.web.settings.metrics_operations;
        match &summary.operation.name {
            Some(name) if summary.operation.is_published || known.contains(name) => name,
            _ => "other",
        }
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        self.end("cancelled", None);
    }
}

/// The line of an operation: names of the schema and of the document, numbers, ids.
fn log(request: &str, summary: &Summary, outcome: &Outcome) {
    let operation = &summary.operation;
    // whose client it is that has to be changed
    let is_leaving = !operation.deprecated.is_empty() && outcome.outcome != "refused";
    tracing::info!(
        target: "portico::operation",
        request,
        trace = summary.trace.as_deref(),
        transport = outcome.transport,
        kind = operation.kind,
        name = operation.name.as_deref(),
        outcome = outcome.outcome,
        code = outcome.code.as_deref(),
        ms = milliseconds(summary.took),
        statements = summary.statements,
        database_ms = milliseconds(summary.database),
        waiting_ms = milliseconds(summary.waited),
        cost = operation.requested,
        actual = operation.actual,
        organization = operation.organization.map(tracing::field::display),
        api_key = operation.api_key.filter(|_| is_leaving).map(tracing::field::display),
        deprecated = is_leaving.then(|| operation.deprecated.join(" ")),
        "operation",
    );
}

/// In microseconds' precision: a line is read by people too.
fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1_000_000.0).round() / 1000.0
}
