//! One subscriber: a place in a feed that moves on, from the table where it is far behind, from memory where it is not.
use std::sync::Arc;

use chrono::Duration;
use tokio::sync::watch;

use super::feed::{Feed, Found, reader};
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
    news: watch::Receiver<u64>,
    at: Position,
    /// How many of the feed's events it has had; unknown in the first replay, which may be as long as it likes.
    had: Option<u64>,
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
    /// Joins `feed`, after `after` where that is still possible.
    pub async fn join(feed: Arc<Feed>, after: Option<Position>, patience: Patience) -> Result<(Self, Begin)> {
        let news = feed.news();
        let (head, count) = feed.head();
        let begin = match after {
            None => Begin::Now,
            Some(after) if after.at < clock::now() - patience.retention => Begin::Expired,
            Some(after) if !feed.knows(after).await? => Begin::Expired,
            Some(after) => Begin::After(after),
        };
        let (at, had) = if let Begin::After(after) = begin { (after, None) } else { (head, Some(count)) };
        Ok((Self { feed, news, at, had, furthest_behind: patience.furthest_behind }, begin))
    }

    pub const fn position(&self) -> Position {
        self.at
    }

    /// Where a caller, whose standing this is, reads what they are told of together with others.
    pub fn shared(&self, caller: &Caller, standing: &Arc<Standing>) -> Option<Arc<Shared>> {
        self.feed.shared(caller, standing, self.at)
    }

    /// Waits for what comes next.
    pub async fn next(&mut self) -> Result<Next> {
        loop {
            self.news.mark_unchanged();
            let (found, count) = self.feed.after(self.at);
            let events = match found {
                Found::Events(events) => {
                    if events.is_empty() {
                        self.had = Some(count);
                    }
                    events
                }
                Found::Gone
                    if self.had.is_some_and(|had| count.saturating_sub(had) > self.furthest_behind) =>
                {
                    return Ok(Next::TooSlow(self.jump()));
                }
                Found::Gone => match self.read().await? {
                    Some(events) => events,
                    None => return Ok(Next::Expired(self.jump())),
                },
            };
            if let Some(last) = events.last() {
                self.at = last.position;
                self.had =
                    self.had.map(|had| had.saturating_add(u64::try_from(events.len()).unwrap_or(u64::MAX)));
                return Ok(Next::Events(events));
            }
            // the feed lives as long as we hold it: its news never end
            let _ended = self.news.changed().await;
        }
    }

    /// Leaves out everything until now.
    fn jump(&mut self) -> Position {
        let (head, count) = self.feed.head();
        (self.at, self.had) = (head, Some(count));
        head
    }

    /// What comes next in the table; nothing when that is no longer complete.
    async fn read(&mut self) -> Result<Option<Vec<Arc<Event>>>> {
        let (head, _) = self.feed.head();
        let snapshot = self.feed.door().snapshot(reader(self.feed.organization()));
        let read =
            futures_util::try_join!(events::after(&snapshot, self.at, BATCH), events::floor(&snapshot));
        snapshot.close();
        let (found, floor) = read?;
        if floor.is_some_and(|floor| self.at < floor) {
            return Ok(None);
        }
        if found.is_empty() {
            // nothing left in the table before the feed's head: from here on the feed has it all
            self.at = self.at.max(head);
        }
        Ok(Some(found.into_iter().map(Arc::new).collect()))
    }
}
