//! `portico schema`: the schema in GraphQL's own language.
use anyhow::Result;

use super::{Outcome, say};
use crate::graph::schema::sdl;

pub(super) fn run() -> Result<Outcome> {
    say(format_args!("{}", sdl().trim_end()))?;
    Ok(Outcome::Done)
}
