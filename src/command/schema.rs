//! `portico schema`: the schema in GraphQL's own language, or what has changed in it since another.
use std::{
    io::{self, Read},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, anyhow, bail};

use super::{Outcome, say};
use crate::{
    graph::{
        schema::sdl,
        sdl::{
            Sdl,
            compare::{Severity, compare},
        },
    },
    store::clock,
};

#[derive(Debug, clap::Args)]
pub(super) struct Schema {
    /// Say what has changed since the schema in this file (`-`: on standard input), and fail if it breaks clients
    #[arg(long, value_name = "FILE")]
    compare: Option<PathBuf>,
}

impl Schema {
    pub(super) fn run(self) -> Result<Outcome> {
        match self.compare {
            Some(file) => compare_with(&file),
            None => {
                say(format_args!("{}", sdl().trim_end()))?;
                Ok(Outcome::Done)
            }
        }
    }
}

fn compare_with(file: &Path) -> Result<Outcome> {
    let text = if file == Path::new("-") {
        let mut text = String::new();
        io::stdin().lock().read_to_string(&mut text).context("standard input cannot be read")?;
        text
    } else {
        std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?
    };
    let before = Sdl::read(&text).map_err(|error| anyhow!("{} is no schema: {error}", file.display()))?;
    let after = Sdl::read(&sdl()).map_err(|error| anyhow!("our own schema cannot be read: {error}"))?;
    let changes = compare(&before, &after, clock::now().date_naive());
    for change in &changes {
        say(format_args!("{change}"))?;
    }
    let of = |severity: Severity| changes.iter().filter(|change| change.severity == severity).count();
    let (breaking, dangerous, safe) = (of(Severity::Breaking), of(Severity::Dangerous), of(Severity::Safe));
    say(format_args!("{breaking} breaking, {dangerous} dangerous, {safe} safe"))?;
    if breaking > 0 {
        bail!(
            "the schema breaks its clients. Deprecate first what is to go, with a day at least six months away \
             (src/graph/deprecated), and remove it after that day."
        );
    }
    Ok(Outcome::Done)
}
