//! Data to begin with: the demo, and large deterministic organizations to measure with. Written by COPY as the owner of
//! the tables, past the triggers, whose work is done here: the one room besides `store` that speaks to PostgreSQL.
mod bulk;
mod deals;
mod demo;
mod dice;
mod line;
mod load;
mod rows;
mod tenant;

pub use bulk::{Plan, Progress, bulk, is_fast};
pub use demo::{PASSWORD, Persona, demo, personas};
