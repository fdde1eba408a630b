//! One feed per organization with subscribers: it reads each event once and keeps the latest for all of them.
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use tokio::sync::{Notify, watch};
use uuid::Uuid;

use crate::store::{
    door::{Caller, Door},
    error::Result,
    events::{self, Event, Position},
};

/// How many events are kept for subscribers that are a little behind; who is further behind reads the table.
const KEPT: usize = 4096;
/// How many are read at once.
const BATCH: i64 = 500;
/// A feed looks by itself this often: no lost wake-up keeps an event longer.
const LOOK_ANYWAY: Duration = Duration::from_secs(1);
/// A transaction that is still running holds back what committed after it: looked for this often.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// The events of one organization, as they are committed.
pub struct Feed {
    door: Door,
    organization: Uuid,
    kept: Mutex<Kept>,
    look: Notify,
    news: watch::Sender<News>,
}

/// What subscribers wait for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// Grows with every event.
    pub events: u64,
    /// Grows whenever somebody's rights or sessions may have changed.
    pub access: u64,
}

struct Kept {
    /// Everything up to here is no longer kept.
    from: Position,
    head: Position,
    events: VecDeque<Arc<Event>>,
    epoch: i64,
}

/// What a feed has for a subscriber.
pub enum Found {
    /// These, in order; none when there is nothing new.
    Events(Vec<Arc<Event>>),
    /// The place lies before what is kept.
    Gone,
}

impl Feed {
    /// A feed that begins now.
    pub(super) async fn open(door: Door, organization: Uuid) -> Result<Arc<Self>> {
        let snapshot = door.snapshot(reader(organization));
        let begun = async {
            let (head, _) = events::horizon(&snapshot).await?;
            Ok((head, snapshot.standing().await?.epoch))
        };
        let begun: Result<_> = begun.await;
        snapshot.close();
        let (head, epoch) = begun?;
        let kept = Kept { from: head, head, events: VecDeque::new(), epoch };
        let (news, _) = watch::channel(News::default());
        Ok(Arc::new(Self { door, organization, kept: Mutex::new(kept), look: Notify::new(), news }))
    }

    /// Begins to look for new events, until the last subscriber is gone.
    pub(super) fn start(self: &Arc<Self>) {
        tokio::spawn(run(Arc::downgrade(self)));
    }

    pub(super) fn look(&self) {
        self.look.notify_one();
    }

    pub const fn door(&self) -> &Door {
        &self.door
    }

    pub const fn organization(&self) -> Uuid {
        self.organization
    }

    /// Tells of everything that comes from now on.
    pub fn news(&self) -> watch::Receiver<News> {
        self.news.subscribe()
    }

    /// Where the feed stands.
    pub fn head(&self) -> Position {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).head
    }

    /// What came after `after`.
    pub fn after(&self, after: Position) -> Found {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if after < kept.from {
            return Found::Gone;
        }
        let from = kept.events.partition_point(|event| event.position <= after);
        Found::Events(kept.events.iter().skip(from).take(100).cloned().collect())
    }

    /// Reads what is new. Says whether there is more to come soon.
    async fn read(&self) -> Result<bool> {
        let head = self.head();
        let snapshot = self.door.snapshot(reader(self.organization));
        let read = async {
            let (found, horizon) =
                futures_util::join!(events::after(&snapshot, head, BATCH), events::horizon(&snapshot));
            Ok((found?, horizon?, snapshot.standing().await?.epoch))
        };
        let read: Result<_> = read.await;
        snapshot.close();
        let (found, (horizon, waiting), epoch) = read?;
        let full = found.len() >= usize::try_from(BATCH).unwrap_or_default();
        let mut news = *self.news.borrow();
        {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            for event in found {
                news.events += 1;
                // a session that ends and a right that goes are felt by open streams
                news.access += u64::from(event.subject_type == "Session");
                kept.head = event.position;
                kept.events.push_back(Arc::new(event));
            }
            // nothing at all happened up to the horizon: the place moves on, so that it does not age
            if !full && kept.head < horizon {
                kept.head = horizon;
            }
            while kept.events.len() > KEPT {
                if let Some(gone) = kept.events.pop_front() {
                    kept.from = gone.position;
                }
            }
            if kept.epoch != epoch {
                kept.epoch = epoch;
                news.access += 1;
            }
        }
        self.news.send_if_modified(|known| {
            let changed = *known != news;
            *known = news;
            changed
        });
        Ok(full || waiting)
    }
}

/// A feed reads for the organization, not for a person: what each subscriber may see is decided when it is delivered.
fn reader(organization: Uuid) -> Arc<Caller> {
    Arc::new(Caller { organization: Some(organization), request: "live".to_owned(), ..Caller::default() })
}

async fn run(feed: Weak<Feed>) {
    let mut soon = false;
    loop {
        let Some(feed) = feed.upgrade() else { return };
        let wait = if soon { LOOK_AGAIN } else { LOOK_ANYWAY };
        // the time-out is the safety net, not an error
        let _woken = tokio::time::timeout(wait, feed.look.notified()).await;
        soon = match feed.read().await {
            Ok(soon) => soon,
            Err(error) => {
                tracing::warn!(%error, "the events of an organization cannot be read; trying again");
                tokio::time::sleep(Duration::from_millis(200)).await;
                false
            }
        };
    }
}
