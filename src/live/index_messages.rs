//! The background work that has messages found by what they say, within a second or two of each commit.
use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::store::{
    door::Door,
    error::Result,
    message_words::{self, Done},
};

/// A message waits this long at most before its turn comes.
const EVERY: Duration = Duration::from_secs(1);
/// So long a transaction goes on, and about as long again at most: subscribers wait for it, since what commits while it runs
/// is told after it, and so does whoever erases a message.
const TRANSACTION: Duration = Duration::from_millis(10);
/// So long an organization is worked for before it is another's turn.
const PATIENCE: Duration = Duration::from_millis(500);

/// Indexes until told to stop; a pass that has begun is finished.
pub fn spawn(door: Door, stop: CancellationToken) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut indexer = Indexer::default();
        while stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_some() {
            if let Err(error) = indexer.pass(&door).await {
                tracing::warn!(%error, "Messages could not be made searchable; it is tried again");
            }
        }
    })
}

/// What a server remembers from one pass to the next. Lost with it, it is found anew: what was done stands in the database.
#[derive(Debug, Default)]
pub struct Indexer {
    /// Everything before this transaction was looked at.
    seen: i64,
    /// Where it is not known that all is done: it failed, took too long, or another server was at it.
    waiting: BTreeSet<Uuid>,
    /// The organization whose older messages were gone through last.
    turn: Uuid,
}

impl Indexer {
    /// Indexes what is committed by now, and for a while what is older; says how many messages.
    pub async fn pass(&mut self, door: &Door) -> Result<usize> {
        let due = message_words::due(door, self.seen).await?;
        self.waiting.extend(due.appended);
        self.seen = due.horizon;
        let mut indexed = 0;
        for organization in self.waiting.clone() {
            match patiently(false, || message_words::append(door, organization, TRANSACTION)).await {
                Ok((count, finished)) => {
                    indexed += count;
                    if finished {
                        self.waiting.remove(&organization);
                    }
                }
                // the others do not wait for it
                Err(error) => {
                    tracing::warn!(%organization, %error, "Its messages could not be made searchable");
                }
            }
        }
        // what is new never waits for what is old: one organization has its turn each time
        let next = due.older.iter().find(|organization| **organization > self.turn).or(due.older.first());
        if let Some(organization) = next {
            self.turn = *organization;
            let (count, _) =
                patiently(true, || message_words::fill(door, *organization, TRANSACTION)).await?;
            indexed += count;
        }
        Ok(indexed)
    }
}

/// Goes on until all is done or the time is over; says how many messages it was, and whether all. A step without any, since
/// another server is at it or they had their words already, is the last unless it `waits`.
async fn patiently<F>(waits: bool, step: impl Fn() -> F) -> Result<(usize, bool)>
where
    F: Future<Output = Result<Done>>,
{
    let begun = Instant::now();
    let mut count = 0;
    loop {
        let done = step().await?;
        count += usize::try_from(done.indexed).unwrap_or_default();
        let is_idle = done.indexed == 0;
        if done.finished || (is_idle && !waits) || begun.elapsed() >= PATIENCE {
            return Ok((count, done.finished));
        }
        if is_idle {
            tokio::time::sleep(TRANSACTION).await;
        }
    }
}
