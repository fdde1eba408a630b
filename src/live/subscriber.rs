//! One subscriber: a place in a feed that moves on, from the table where it is far behind, from memory where it is not.
use std::sync::Arc;

use chrono::Duration;

use super::feed::{Ear, Feed, Interest};
use crate::store::{
    clock,
    door::{Caller, Shared, Standing},
    error::Result,
    events::{self, Event, Position},
};

/// What is borne with before a subscriber has to begin anew.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// How long events are kept for one that comes back.
    pub retention: Duration,
    /// How many events a slow one may be behind.
    pub furthest_behind: u64,
}

impl Default for Patience {
    fn default() -> Self {
        Self { retention: Duration::hours(1), furthest_behind: 20_000 }
    }
}

/// How many it reads from the table at once.
const BATCH: i64 = 500;

/// A place in a feed.
pub struct Subscriber {
    feed: Arc<Feed>,
    interest: Interest,
    ear: Arc<Ear>,
    at: Position,
    /// How many of the feed's events it has had; unknown in the first replay, which may be as long as it likes.
    had: Option<u64>,
    /// It has had all there was, and has heard of nothing since.
    idle: bool,
    furthest_behind: u64,
}

/// What comes next.
pub enum Next {
    /// These happened; the place is now behind the last of them.
    Events(Vec<Arc<Event>>),
    /// The subscriber cannot follow: it goes on from here.
    TooSlow(Position),
    /// What comes next was deleted meanwhile: it goes on from here.
    Expired(Position),
}

/// Where a subscriber begins.
pub enum Begin {
    /// After a place that is still known.
    After(Position),
    /// What came after the place is no longer known, or never was: it begins now.
    Expired,
    /// Now.
    Now,
}

impl Subscriber {
    /// Joins `feed`, after `after` where that is still possible, for what concerns whoever has this interest.
    pub async fn join(
        feed: Arc<Feed>,
        interest: Interest,
        after: Option<Position>,
        patience: Patience,
    ) -> Result<(Self, Begin)> {
        let ear = feed.listen(&interest);
        let head = feed.head();
        let begin = match after {
            None => Begin::Now,
            Some(after) if after.at < clock::now() - patience.retention => Begin::Expired,
            Some(after) if !feed.knows(after).await? => Begin::Expired,
            Some(after) => Begin::After(after),
        };
        let (at, had) = match begin {
            Begin::After(after) => (after, None),
            Begin::Expired | Begin::Now => (head.at, Some(head.count)),
        };
        let furthest_behind = patience.furthest_behind;
        Ok((Self { feed, interest, ear, at, had, idle: false, furthest_behind }, begin))
    }

    /// The place up to which it has had all that concerns it.
    pub fn position(&self) -> Position {
        let head = self.feed.head();
        if self.idle && self.ear.is_quiet() { self.at.max(head.at) } else { self.at }
    }

    /// Where a caller, whose standing this is, reads what they are told of together with others.
    pub fn shared(&self, caller: &Caller, standing: &Arc<Standing>) -> Option<Arc<Shared>> {
        self.feed.shared(caller, standing, self.at)
    }

    /// Waits for what comes next.
    pub async fn next(&mut self) -> Result<Next> {
        loop {
            // before looking: what happens meanwhile is heard of
            let since = self.ear.take();
            if let Some(since) = since.filter(|since| self.idle && self.at < since.at) {
                // of all that came before, nothing was of concern
                (self.at, self.had) = (since.at, Some(since.count));
            }
            let found = self.feed.after(self.at, &self.interest);
            let Some(events) = found.events else {
                if self.had.is_some_and(|had| found.count.saturating_sub(had) > self.furthest_behind) {
                    return Ok(Next::TooSlow(self.jump()));
                }
                match self.read().await? {
                    None => return Ok(Next::Expired(self.jump())),
                    Some(events) if events.is_empty() => continue,
                    Some(events) => return Ok(Next::Events(events)),
                }
            };
            self.at = found.to.at;
            if events.is_empty() {
                (self.had, self.idle) = (Some(found.to.count), true);
                self.ear.news().await;
            } else {
                (self.had, self.idle) = (self.had.map(|_| found.to.count), false);
                return Ok(Next::Events(events));
            }
        }
    }

    /// Leaves out everything until now.
    fn jump(&mut self) -> Position {
        let head = self.feed.head();
        (self.at, self.had) = (head.at, Some(head.count));
        head.at
    }

    /// What comes next in the table, as far as it is of concern; nothing when that is no longer complete.
    async fn read(&mut self) -> Result<Option<Vec<Arc<Event>>>> {
        let head = self.feed.head();
        let snapshot = self.feed.door().snapshot_of(self.feed.organization());
        let read =
            futures_util::try_join!(events::after(&snapshot, self.at, BATCH), events::floor(&snapshot));
        snapshot.close();
        let (found, floor) = read?;
        if floor.is_some_and(|floor| self.at < floor) {
            return Ok(None);
        }
        // nothing left in the table before the feed's head: from here on the feed has it all
        self.at = found.last().map_or_else(|| self.at.max(head.at), |last| last.position);
        let count = u64::try_from(found.len()).unwrap_or(u64::MAX);
        self.had = self.had.map(|had| had.saturating_add(count));
        Ok(Some(found.into_iter().filter(|event| self.interest.covers(event)).map(Arc::new).collect()))
    }
}
