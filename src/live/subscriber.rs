//! One subscriber: a place in a feed that moves on, from the table where it is far behind, from memory where it is not.
use std::sync::Arc;

use chrono::Duration;
use tokio::sync::watch;

use super::feed::{Feed, Found, News};
use crate::store::{
    clock,
    door::Caller,
    error::Result,
    events::{self, Event, Position},
};

/// What is borne with before a subscriber has to begin anew.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// How long events are kept for one that comes back.
    pub retention: Duration,
    /// How many events a slow one may be behind.
    pub furthest_behind: usize,
}

impl Default for Patience {
    fn default() -> Self {
        Self { retention: Duration::hours(1), furthest_behind: 20_000 }
    }
}

/// A place in a feed.
pub struct Subscriber {
    feed: Arc<Feed>,
    news: watch::Receiver<News>,
    access: u64,
    at: Position,
    /// Events read from the table since the subscriber was last up to date.
    behind: usize,
    /// The first replay may be as long as it likes.
    caught_up: bool,
    furthest_behind: usize,
}

/// What comes next.
pub enum Next {
    /// These happened; the place is now behind the last of them.
    Events(Vec<Arc<Event>>),
    /// Rights or sessions may have changed: look whether the subscriber may still listen.
    Access,
    /// The subscriber cannot follow: it goes on from here.
    TooSlow(Position),
}

/// Where a subscriber begins.
pub enum Begin {
    /// After a place that is still known.
    After(Position),
    /// The place is older than what is kept: it begins now.
    Expired,
    /// Now.
    Now,
}

impl Subscriber {
    /// Joins `feed`, after `after` where that is still possible.
    pub fn join(feed: Arc<Feed>, after: Option<Position>, patience: Patience) -> (Self, Begin) {
        let news = feed.news();
        let head = feed.head();
        let begin = match after {
            None => Begin::Now,
            Some(after) if after.at < clock::now() - patience.retention => Begin::Expired,
            Some(after) => Begin::After(after),
        };
        let at = if let Begin::After(after) = begin { after } else { head };
        let access = news.borrow().access;
        let furthest_behind = patience.furthest_behind;
        (Self { feed, news, access, at, behind: 0, caught_up: false, furthest_behind }, begin)
    }

    pub const fn position(&self) -> Position {
        self.at
    }

    /// Waits for what comes next.
    pub async fn next(&mut self) -> Result<Next> {
        loop {
            let news = *self.news.borrow_and_update();
            if news.access != self.access {
                self.access = news.access;
                return Ok(Next::Access);
            }
            let events = match self.feed.after(self.at) {
                Found::Events(events) => {
                    self.behind = 0;
                    self.caught_up |= events.is_empty();
                    events
                }
                Found::Gone => {
                    let events = self.read().await?;
                    self.behind += events.len();
                    if self.caught_up && self.behind > self.furthest_behind {
                        self.at = self.feed.head();
                        self.behind = 0;
                        return Ok(Next::TooSlow(self.at));
                    }
                    events
                }
            };
            if let Some(last) = events.last() {
                self.at = last.position;
                return Ok(Next::Events(events));
            }
            // the feed lives as long as we hold it: its news never end
            if self.news.changed().await.is_err() {
                return Ok(Next::Access);
            }
        }
    }

    async fn read(&mut self) -> Result<Vec<Arc<Event>>> {
        let organization = Some(self.feed.organization());
        let caller = Caller { organization, request: "live".to_owned(), ..Caller::default() };
        let snapshot = self.feed.door().snapshot(Arc::new(caller));
        let head = self.feed.head();
        let read = events::after(&snapshot, self.at, 500).await;
        snapshot.close();
        let found: Vec<Arc<Event>> = read?.into_iter().map(Arc::new).collect();
        if found.is_empty() {
            // nothing left in the table before the feed's head: from here on the feed has it all
            self.at = self.at.max(head);
        }
        Ok(found)
    }
}
