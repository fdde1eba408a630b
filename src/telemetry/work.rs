//! The server's own work, which no request waits for: mail, the seals of the audit trail, exports, imports, what time
//! alone brings about. Each piece is counted and timed, and a trace of its own where traces are told.
use std::{sync::Arc, time::Instant};

use super::{
    context::Parent,
    export::Exporter,
    scope::current,
    trace::{Outcome, Trace, Wants},
};

/// How the server's own work comes.
pub(super) const WORK: &str = "work";

/// What a piece of work has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// `ok`, `failed` where what was to be done cannot be, `lost` where another server goes on with it, `errors`.
    pub outcome: &'static str,
    /// How many records, entries or mails it was about, where they are counted.
    pub items: Option<usize>,
}

impl Piece {
    pub const OK: Self = Self { outcome: "ok", items: None };
    pub const ERRORS: Self = Self { outcome: "errors", items: None };

    pub const fn of(items: usize) -> Self {
        Self { items: Some(items), ..Self::OK }
    }
}

/// Does a piece of work, of which `come` says what it has come to.
pub async fn piece<T>(name: &'static str, work: impl Future<Output = T>, come: impl Fn(&T) -> Piece) -> T {
    let begun = Instant::now();
    let work = Box::pin(work);
    let done = match Exporter::own() {
        Some(exporter) => told(exporter, None, name, work, &come).await,
        None => work.await,
    };
    let Piece { outcome, items } = come(&done);
    metrics::counter!("portico_work_total", "work" => name, "outcome" => outcome).increment(1);
    metrics::histogram!("portico_work_seconds", "work" => name).record(begun.elapsed().as_secs_f64());
    if let Some(items) = items {
        let items = u64::try_from(items).unwrap_or(u64::MAX);
        metrics::counter!("portico_work_items_total", "work" => name).increment(items);
    }
    done
}

/// The same for what is well unless it fails, and not counted.
pub fn errand<T, E, F>(name: &'static str, work: F) -> impl Future<Output = Result<T, E>>
where
    F: Future<Output = Result<T, E>>,
{
    piece(name, work, |done| if done.is_ok() { Piece::OK } else { Piece::ERRORS })
}

/// A part of what goes on, as a span of its own with its own statements, where the whole is told.
pub async fn within<T>(name: &'static str, work: impl Future<Output = T>) -> T {
    let place = current().and_then(|trace| trace.place.as_ref().map(|place| place.own.clone()));
    match (Exporter::own(), place) {
        (Some(exporter), Some(whole)) => told(exporter, Some(Parent(whole)), name, work, |_| Piece::OK).await,
        _ => work.await,
    }
}

async fn told<T>(
    exporter: Exporter,
    parent: Option<Parent>,
    name: &'static str,
    work: impl Future<Output = T>,
    come: impl Fn(&T) -> Piece,
) -> T {
    let trace = Arc::new(Trace::begin(name.to_owned(), parent, Some(&exporter), Wants::default()));
    let done = trace.along(None, work).await;
    let Piece { outcome, items } = come(&done);
    exporter.tell(&trace, &Outcome { outcome, code: None, transport: WORK, items });
    done
}
