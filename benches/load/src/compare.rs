//! Whether all answer with the same rows: otherwise their figures say nothing.
use anyhow::{Context, Result, ensure};

use crate::{
    data::Data,
    system::System,
    work::{Work, ids},
};

/// Asks all systems the same, for some organizations, and compares the ids of the rows.
pub async fn same_rows(systems: &[&System], work: &Work, data: &Data) -> Result<()> {
    if work.is_change() {
        return Ok(());
    }
    let mut turns = data.turns(work, 0);
    for _ in 0..data.places().min(4) {
        let turn = turns.next()?;
        let mut first: Option<(&str, Vec<_>)> = None;
        for system in systems {
            let answer = system.way(0).await?.answer(work, &turn).await?;
            let found = ids(&answer);
            let Some((name, expected)) = &first else {
                first = Some((&system.name, found));
                continue;
            };
            ensure!(
                *expected == found,
                "{}: {name} gives {} rows, {} gives {}, or others",
                work.name,
                expected.len(),
                system.name,
                found.len()
            );
        }
    }
    Ok(())
}

/// How many rows one answer has.
pub async fn objects(system: &System, work: &Work, data: &Data) -> Result<usize> {
    let turn = data.turns(work, 0).next()?;
    if work.is_change() {
        return Ok(1);
    }
    Ok(ids(&system.way(0).await?.answer(work, &turn).await.context("the first answer")?).len())
}
