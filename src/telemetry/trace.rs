//! What is noted of an operation while it runs.
use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use uuid::Uuid;

use super::{
    class::Class,
    context::{Parent, Place},
    export::Exporter,
};

/// What an operation does, as long as it runs.
#[derive(Debug)]
pub struct Trace {
    /// The id of the request in logs, errors and the audit trail.
    pub request: String,
    pub(super) begun: Instant,
    pub(super) begun_at: SystemTime,
    /// Where it stands in a trace of OpenTelemetry, if it is to be told there.
    pub(super) place: Option<Place>,
    /// The caller's trace, whether or not it is continued.
    caller: Option<Parent>,
    wants: Wants,
    detailed: AtomicBool,
    notes: Mutex<Notes>,
}

/// For whom it is noted, besides the figures that are always counted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wants {
    /// Each statement by itself.
    pub statements: bool,
    /// The text of the slowest statement, which is explained afterwards.
    pub text: bool,
}

#[derive(Debug, Default)]
pub(super) struct Notes {
    operation: Operation,
    pub statements: Vec<Statement>,
    pub levels: Vec<Level>,
    count: usize,
    database: Duration,
    pub waited: Duration,
    pub serialized: Duration,
    slowest: Option<Slowest>,
}

/// So many statements and levels are remembered; the rest is counted.
const MOST: usize = 500;
/// A statement that is quicker is never the reason for a slow operation.
const QUICK: Duration = Duration::from_millis(5);

/// What is asked for, and by whom.
#[derive(Clone, Debug, Default)]
pub struct Operation {
    /// `query`, `mutation` or `subscription`.
    pub kind: Option<&'static str>,
    pub name: Option<String>,
    /// Whether its document was published, so that its name is not anybody's invention.
    pub is_published: bool,
    pub organization: Option<Uuid>,
    /// What it could cost, and what it has cost.
    pub requested: usize,
    pub actual: Option<usize>,
    /// What kind of client asks: `person`, `api_key`, `anonymous`.
    pub client: &'static str,
    pub api_key: Option<Uuid>,
    /// What it uses of the schema that is on its way out, by its coordinates.
    pub deprecated: Vec<&'static str>,
}

/// One statement.
#[derive(Clone, Copy, Debug)]
pub struct Statement {
    pub class: &'static Class,
    pub(super) at: Instant,
    pub took: Duration,
    /// How many rows came, where they were counted.
    pub rows: Option<u64>,
    /// Of the levels, counted from one; 0 for the operation itself.
    pub(super) level: usize,
    pub failed: bool,
}

/// The statement that took longest.
#[derive(Clone, Debug)]
pub struct Slowest {
    pub class: &'static Class,
    pub took: Duration,
    /// Its text, without values.
    pub text: String,
}

/// A field of all records of a level.
#[derive(Clone, Debug)]
pub(super) struct Level {
    /// The level above.
    pub above: usize,
    /// Under which key it is answered.
    pub key: String,
    pub field: String,
    pub parents: usize,
    /// What is answered of what it leads to.
    pub fields: Vec<String>,
    pub at: Instant,
    pub took: Duration,
}

impl Level {
    pub fn new(above: usize, key: String, field: String, parents: usize) -> Self {
        Self { above, key, field, parents, fields: Vec::new(), at: Instant::now(), took: Duration::ZERO }
    }
}

/// How an operation has ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// `ok`, `errors`, `refused`, `timeout` or `cancelled`.
    pub outcome: &'static str,
    /// The code of its first error.
    pub code: Option<String>,
    /// How it came.
    pub transport: &'static str,
    /// How many things it was about, where they are counted.
    pub items: Option<usize>,
}

/// What an operation has come to.
#[derive(Clone, Debug)]
pub struct Summary {
    pub operation: Operation,
    pub took: Duration,
    pub statements: usize,
    /// How long PostgreSQL took for them, one after the other.
    pub database: Duration,
    /// How long it was waited for connections.
    pub waited: Duration,
    /// The trace it belongs to, in hexadecimal digits.
    pub trace: Option<String>,
}

impl Trace {
    /// Begins now. `exporter` decides whether it is told to OpenTelemetry, as a part of what `caller` does.
    pub fn begin(request: String, caller: Option<Parent>, exporter: Option<&Exporter>, wants: Wants) -> Self {
        let place = exporter.and_then(|exporter| exporter.sample(caller.as_ref()));
        Self {
            request,
            begun: Instant::now(),
            begun_at: SystemTime::now(),
            wants: Wants { statements: wants.statements || place.is_some(), ..wants },
            place,
            caller,
            detailed: AtomicBool::new(false),
            notes: Mutex::default(),
        }
    }

    pub(super) fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody who may wants to see it level by level.
    pub fn detail(&self) {
        self.detailed.store(true, Ordering::Relaxed);
    }

    pub fn is_detailed(&self) -> bool {
        self.detailed.load(Ordering::Relaxed)
    }

    /// What was asked for, as soon as it is known.
    pub fn operation(&self, operation: Operation) {
        self.notes().operation = operation;
    }

    /// What it has cost.
    pub fn cost(&self, actual: usize) {
        self.notes().operation.actual = Some(actual);
    }

    pub fn summary(&self) -> Summary {
        let notes = self.notes();
        let context = self.place.as_ref().map(|place| &place.own);
        let context = context.or(self.caller.as_ref().map(|Parent(context)| context));
        Summary {
            operation: notes.operation.clone(),
            took: self.begun.elapsed(),
            statements: notes.count,
            database: notes.database,
            waited: notes.waited,
            trace: context.map(|context| context.trace_id().to_string()),
        }
    }

    /// Its statements, as far as they were noted, and the slowest of them.
    pub fn statements(&self) -> (Vec<Statement>, Option<Slowest>) {
        let notes = self.notes();
        (notes.statements.clone(), notes.slowest.clone())
    }

    pub(super) fn open(&self, level: Level) -> usize {
        let mut notes = self.notes();
        if notes.levels.len() >= MOST {
            return level.above;
        }
        notes.levels.push(level);
        notes.levels.len()
    }

    pub(super) fn close(&self, level: usize) {
        let mut notes = self.notes();
        if let Some(level) = level.checked_sub(1).and_then(|at| notes.levels.get_mut(at)) {
            level.took = level.at.elapsed();
        }
    }

    pub(super) fn answers<'a>(&self, level: usize, names: impl Iterator<Item = &'a str>) {
        let mut notes = self.notes();
        if let Some(level) = level.checked_sub(1).and_then(|at| notes.levels.get_mut(at)) {
            for name in names {
                if !level.fields.iter().any(|known| known == name) {
                    level.fields.push(name.to_owned());
                }
            }
        }
    }

    pub(super) fn serialized(&self, time: Duration) {
        self.notes().serialized += time;
    }

    pub(super) fn waited(&self, time: Duration) {
        self.notes().waited += time;
    }

    pub(super) fn finished(&self, statement: Statement, text: &str) {
        let keeps = self.wants.statements || self.wants.text || self.is_detailed();
        let mut notes = self.notes();
        notes.count += 1;
        notes.database += statement.took;
        if keeps && notes.statements.len() < MOST {
            notes.statements.push(statement);
        }
        let slowest = notes.slowest.as_ref().map_or(QUICK, |slowest| slowest.took);
        if self.wants.text && statement.took > slowest {
            let Statement { class, took, .. } = statement;
            notes.slowest = Some(Slowest { class, took, text: text.to_owned() });
        }
    }

    /// The statement that has just finished, where statements are noted.
    pub(super) fn last(&self) -> Option<usize> {
        self.notes().statements.len().checked_sub(1)
    }

    pub(super) fn received(&self, statement: usize, rows: u64, failed: bool) {
        let mut notes = self.notes();
        let Some(statement) = notes.statements.get_mut(statement) else { return };
        let took = statement.at.elapsed();
        let more = took.saturating_sub(statement.took);
        (statement.took, statement.rows, statement.failed) = (took, Some(rows), failed);
        statement.class.lasted(more);
        notes.database += more;
    }
}
