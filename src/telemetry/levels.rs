//! A trace for whoever asked for it: `extensions.trace`.
use std::time::Duration;

use serde_json::{Value, json};

use super::trace::{Level, Statement, Trace};

impl Trace {
    /// Level by level: what was answered, and what was asked of the database for it.
    pub fn levels(&self) -> Value {
        let took = self.begun.elapsed();
        let notes = self.notes();
        let levels = notes.levels.iter().enumerate().map(|(at, level)| {
            json!({
                "path": path(&notes.levels, level),
                "field": level.field,
                "parents": level.parents,
                "fields": level.fields,
                "ms": milliseconds(level.took),
                "statements": statements(&notes.statements, at + 1),
            })
        });
        json!({
            "requestId": self.request,
            "ms": milliseconds(took),
            "waitingMs": milliseconds(notes.waited),
            "serializingMs": milliseconds(notes.serialized),
            "statements": statements(&notes.statements, 0),
            "levels": levels.collect::<Vec<_>>(),
        })
    }
}

fn statements(all: &[Statement], level: usize) -> Vec<Value> {
    let here = all.iter().filter(|statement| statement.level == level);
    here.map(|statement| {
        json!({
            "class": statement.class.name,
            "rows": statement.rows,
            "ms": milliseconds(statement.took),
            "failed": statement.failed,
        })
    })
    .collect()
}

/// The keys under which a level is answered, from the root.
fn path<'a>(all: &'a [Level], mut level: &'a Level) -> Vec<&'a str> {
    let mut keys = vec![level.key.as_str()];
    while let Some(above) = level.above.checked_sub(1).and_then(|above| all.get(above)) {
        keys.push(&above.key);
        level = above;
    }
    keys.reverse();
    keys
}

fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1_000_000.0).round() / 1000.0
}
