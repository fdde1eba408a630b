//! Live updates: what was committed is told to subscribers in commit order, nothing lost, nothing twice.
//!
//! The events are rows, written in the transaction of the change. A wake-up says only that there is something new; a
//! lost one does no harm, since every feed also looks by itself. Replay after a cursor and live delivery read the
//! same rows in the same order, so there is no seam between them.
//!
//! * [`wake`]: who is told that there is something new, in this process and in others
//! * [`feed`]: one per organization with subscribers: reads each event once, for all of them
//! * [`subscriber`]: one place in a feed, moving on
//! * [`presence`]: somebody who is connected, and whether they may stay
//!
//! Besides, [`forget`] deletes events that nobody may come back to, [`seal_audit`] seals the audit log after each
//! commit, [`checkpoint`] remembers how far it had come, and [`index_messages`] has messages found by their words.
pub mod checkpoint;
pub mod feed;
pub mod forget;
pub mod index_messages;
pub mod presence;
pub mod seal_audit;
pub mod subscriber;
pub mod wake;

pub use subscriber::Patience;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use uuid::Uuid;

use self::feed::Feed;
use crate::store::{door::Door, error::Result};

/// All feeds of this process.
pub struct Hub {
    door: Door,
    feeds: Mutex<HashMap<Uuid, Weak<Feed>>>,
    told: wake::Told,
}

impl Hub {
    pub fn new(door: Door) -> Arc<Self> {
        Arc::new(Self { door, feeds: Mutex::default(), told: wake::Told::default() })
    }

    /// The feed of an organization; made when the first subscriber comes, gone with the last.
    pub async fn feed(&self, organization: Uuid) -> Result<Arc<Feed>> {
        if let Some(feed) = self.known(organization) {
            return Ok(feed);
        }
        let made = Feed::open(self.door.clone(), organization).await?;
        let feed = {
            let mut feeds = self.feeds.lock().unwrap_or_else(PoisonError::into_inner);
            feeds.retain(|_, feed| feed.strong_count() > 0);
            // somebody else may have been faster: theirs is kept
            if let Some(feed) = feeds.get(&organization).and_then(Weak::upgrade) {
                return Ok(feed);
            }
            feeds.insert(organization, Arc::downgrade(&made));
            made
        };
        feed.start();
        Ok(feed)
    }

    /// Something was committed in `organization`: its feed looks at once, other processes are told.
    pub fn wake(&self, organization: Uuid) {
        self.wake_here(organization);
        self.told.add(organization);
    }

    fn wake_here(&self, organization: Uuid) {
        if let Some(feed) = self.known(organization) {
            feed.look();
        }
    }

    /// Something may have been missed: all feeds look.
    fn wake_all(&self) {
        let feeds = self.feeds.lock().unwrap_or_else(PoisonError::into_inner);
        feeds.values().filter_map(Weak::upgrade).for_each(|feed| feed.look());
    }

    /// Another process says that something was committed in organizations with these marks.
    fn wake_marked(&self, marks: &[u32]) {
        let feeds = self.feeds.lock().unwrap_or_else(PoisonError::into_inner);
        let marked = feeds.iter().filter(|(organization, _)| marks.contains(&wake::mark(**organization)));
        marked.filter_map(|(_, feed)| feed.upgrade()).for_each(|feed| feed.look());
    }

    fn known(&self, organization: Uuid) -> Option<Arc<Feed>> {
        self.feeds.lock().unwrap_or_else(PoisonError::into_inner).get(&organization).and_then(Weak::upgrade)
    }
}
