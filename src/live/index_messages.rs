//! The background work that has messages found by what they say, within a second or two of each commit.
use std::{collections::BTreeSet, time::Duration};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::store::{door::Door, error::Result, message_words};

/// A message waits this long at most before its turn comes.
const EVERY: Duration = Duration::from_secs(1);
/// So long a transaction goes on, and about as long again at most: whoever erases a message waits for it.
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
            match message_words::append(door, organization, PATIENCE).await {
                Ok(done) => {
                    indexed += usize::try_from(done.indexed).unwrap_or_default();
                    if done.finished {
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
            let done = message_words::fill(door, *organization, PATIENCE).await?;
            indexed += usize::try_from(done.indexed).unwrap_or_default();
        }
        Ok(indexed)
    }
}
