//! Which trace goes along with what runs now, and until when it may run. Nobody hands either on: they belong to the task,
//! as far as the future reaches that was begun with [`Trace::along`].
use std::{sync::Arc, time::Duration};

use futures_util::{Stream, StreamExt, future::Either, stream};
use tokio::time::Instant;

use super::{
    class::Class,
    trace::{Level, Statement, Trace},
};

#[derive(Clone)]
struct Scope {
    trace: Arc<Trace>,
    /// For which level of the query, counted from one.
    level: usize,
    deadline: Option<Instant>,
}

tokio::task_local! {
    static SCOPE: Scope;
}

impl Trace {
    /// Runs `work`, noting what it does. What it asks of the database is to be answered by `deadline`.
    pub fn along<F: Future>(
        self: &Arc<Self>,
        deadline: Option<Instant>,
        work: F,
    ) -> impl Future<Output = F::Output> + use<F> {
        SCOPE.scope(Scope { trace: self.clone(), level: 0, deadline }, work)
    }
}

impl Trace {
    /// The same for what comes bit by bit.
    pub fn follow<S: Stream + Unpin>(self: Arc<Self>, mut stream: S) -> impl Stream<Item = S::Item> {
        let scope = Scope { trace: self, level: 0, deadline: None };
        stream::poll_fn(move |context| SCOPE.sync_scope(scope.clone(), || stream.poll_next_unpin(context)))
    }
}

/// The trace of what runs now.
pub fn current() -> Option<Arc<Trace>> {
    SCOPE.try_with(|scope| scope.trace.clone()).ok()
}

/// Until when what runs now may run.
pub fn deadline() -> Option<Instant> {
    SCOPE.try_with(|scope| scope.deadline).ok().flatten()
}

/// For a task of its own that does what was asked here.
pub fn carry<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let scope = SCOPE.try_with(Clone::clone).ok();
    match scope {
        Some(scope) => Either::Left(SCOPE.scope(scope, work)),
        None => Either::Right(work),
    }
}

// ---- levels

/// Runs `work`, which answers a field of `parents` records, as a level of its own, where somebody asked for levels.
/// `named` is the key under which it is answered, and the field.
pub async fn level<F: Future + Unpin>(
    named: impl FnOnce() -> (String, String),
    parents: usize,
    work: F,
) -> F::Output {
    let scope = SCOPE.try_with(|scope| scope.trace.is_detailed().then(|| scope.clone())).ok().flatten();
    let Some(scope) = scope else { return work.await };
    let (key, field) = named();
    let trace = scope.trace.clone();
    let level = trace.open(Level::new(scope.level, key, field, parents));
    let done = SCOPE.scope(Scope { level, ..scope }, work).await;
    trace.close(level);
    done
}

/// These fields are answered on this level.
pub fn fields<'a>(names: impl Iterator<Item = &'a str>) {
    // nobody's business where nobody asked for it
    let _ = SCOPE.try_with(|scope| {
        if scope.trace.is_detailed() {
            scope.trace.answers(scope.level, names);
        }
    });
}

/// How long it took to write what was read.
pub fn serializing<T>(write: impl FnOnce() -> T) -> T {
    let Some(trace) = current().filter(|trace| trace.is_detailed()) else { return write() };
    let begun = Instant::now();
    let written = write();
    trace.serialized(begun.elapsed());
    written
}

// ---- statements

/// A statement on its way.
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    at: Instant,
    level: usize,
}

/// A statement is sent now.
pub fn sent() -> Sent {
    Sent { at: Instant::now(), level: SCOPE.try_with(|scope| scope.level).unwrap_or_default() }
}

/// The answer to a statement has begun to come.
pub fn finished(sent: Sent, text: &str, failed: bool) {
    let (class, took) = (Class::of(text), sent.at.elapsed());
    class.count(took);
    let statement = Statement { class, at: sent.at.into_std(), took, rows: None, level: sent.level, failed };
    // outside of an operation nobody looks at one of them
    let _ = SCOPE.try_with(|scope| scope.trace.finished(statement, text));
}

/// The rows of a statement, as they come.
#[derive(Debug)]
pub struct Receiving {
    of: Option<(Arc<Trace>, usize)>,
    rows: u64,
    failed: bool,
}

/// To be asked for right after the statement has finished.
pub fn receiving() -> Receiving {
    let of = SCOPE.try_with(|scope| Some((scope.trace.clone(), scope.trace.last()?))).ok().flatten();
    Receiving { of, rows: 0, failed: true }
}

impl Receiving {
    pub const fn row(&mut self) {
        self.rows += 1;
    }

    /// All have come.
    pub fn done(mut self) {
        self.failed = false;
    }
}

impl Drop for Receiving {
    fn drop(&mut self) {
        if let Some((trace, statement)) = self.of.take() {
            trace.received(statement, self.rows, self.failed);
        }
    }
}

/// A connection to the database was waited for.
pub fn waited(time: Duration) {
    let _ = SCOPE.try_with(|scope| scope.trace.waited(time));
}
