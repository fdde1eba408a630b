//! How many statements a request costs, as PostgreSQL's own log counts them.
use std::{fs, path::Path, time::Duration};

use anyhow::{Context, Result};
use tokio_postgres::Client;

use crate::{data::Data, system::System, work::Work};

const REQUESTS: usize = 20;

/// Statements of each request, those that begin and end its transactions included.
pub async fn count(system: &System, work: &Work, data: &Data, owner: &Client, log: &Path) -> Result<f64> {
    let mut turns = data.turns(work, crate::data::WORKERS - 1);
    let mut way = system.way(0).await?;
    // each connection of its pool has to prepare what it will need
    for _ in 0..REQUESTS {
        let turn = turns.next()?;
        way.ask(work, &turn).await?;
        turns.changed(&turn);
    }
    owner.batch_execute("ALTER SYSTEM SET log_statement = 'all'").await?;
    owner.query("SELECT pg_reload_conf()", &[]).await?;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let before = fs::metadata(log).with_context(|| format!("{} cannot be read", log.display()))?.len();
    let asked = async {
        for _ in 0..REQUESTS {
            let turn = turns.next()?;
            way.ask(work, &turn).await?;
            turns.changed(&turn);
        }
        anyhow::Ok(())
    }
    .await;
    // the last transaction may be closed after its answer
    tokio::time::sleep(Duration::from_millis(50)).await;
    let log = fs::read(log)?;
    owner.batch_execute("ALTER SYSTEM RESET log_statement").await?;
    owner.query("SELECT pg_reload_conf()", &[]).await?;
    tokio::time::sleep(Duration::from_millis(100)).await;
    asked?;
    let said = String::from_utf8_lossy(log.get(before as usize..).unwrap_or_default()).into_owned();
    let count = said
        .lines()
        .filter(|line| line.contains("LOG:  statement: ") || line.contains("LOG:  execute "))
        .count();
    Ok(count as f64 / REQUESTS as f64)
}
