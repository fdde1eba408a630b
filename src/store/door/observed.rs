//! What the connections of the door are asked is noted in the trace of whoever asks.
use std::{
    collections::VecDeque,
    fmt::{self, Write as _},
};

use diesel::connection::{Instrumentation, InstrumentationEvent, get_default_instrumentation};
use diesel_async::{AsyncConnection, AsyncPgConnection};

use crate::telemetry::{self, Sent};

/// Of one connection: statements are answered in the order in which they are sent.
struct Observed {
    sent: VecDeque<Sent>,
    /// Who else listens.
    other: Option<Box<dyn Instrumentation>>,
}

/// Observes `connection` from now on.
pub(super) fn observe(connection: &mut AsyncPgConnection) {
    connection.set_instrumentation(Observed { sent: VecDeque::new(), other: get_default_instrumentation() });
}

/// Forgets what was never answered: a transaction begins.
pub(super) fn begin(connection: &mut AsyncPgConnection) {
    if let Some(observed) = connection.instrumentation().downcast_mut::<Observed>() {
        observed.sent.clear();
    }
}

impl Instrumentation for Observed {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match &event {
            InstrumentationEvent::StartQuery { .. } => self.sent.push_back(telemetry::sent()),
            InstrumentationEvent::FinishQuery { query, error, .. } => {
                if let Some(sent) = self.sent.pop_front() {
                    // of a statement that has finished only the text is written, without values
                    let mut whole = Whole(|text: &str| telemetry::finished(sent, text, error.is_some()));
                    let _ = write!(whole, "{query}");
                }
            }
            _ => {}
        }
        if let Some(other) = &mut self.other {
            other.on_connection_event(event);
        }
    }
}

/// Takes a text that is written as a whole, without a copy of it.
struct Whole<F>(F);

impl<F: FnMut(&str)> fmt::Write for Whole<F> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        (self.0)(text);
        // there is nothing else to be written
        Err(fmt::Error)
    }
}
