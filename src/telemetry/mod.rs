//! What an operation does, as an operator sees it from outside. A [`Trace`] goes along with each operation and notes what
//! is asked of the database, for how long, and what it was for; it holds names of tables and fields, numbers and times,
//! and no value that anybody sent or stored.
//!
//! * [`scope`]: which trace goes along with what runs now, and until when it may run
//! * [`trace`]: what is noted
//! * [`class`]: what kind of statement it was
//! * [`context`]: the caller's own trace, continued
//! * [`export`]: spans for OpenTelemetry
//! * [`levels`]: the same for whoever asked, level by level
//! * [`work`]: what the server does by itself
mod class;
mod context;
mod export;
mod levels;
mod scope;
mod trace;
mod work;

pub use class::{Class, classes};
pub use context::{Parent, parent};
pub use export::{Exporter, ExporterSettings, Sampler};
pub use scope::{
    Receiving, Sent, carry, current, deadline, fields, finished, level, receiving, sent, serializing, waited,
};
pub use trace::{Operation, Outcome, Slowest, Statement, Summary, Trace, Wants};
pub use work::{Piece, errand, piece, within};
