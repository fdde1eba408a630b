//! One feed per organization with subscribers: it reads each event once and keeps the latest for all of them.
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use tokio::sync::{Notify, watch};
use uuid::Uuid;

use crate::store::{
    door::{Audience, Caller, Door, Shared, Standing},
    error::Result,
    events::{self, Event, Position},
};

/// How many events are kept for subscribers that are a little behind; who is further behind reads the table.
const KEPT: usize = 4096;
/// How many are read at once.
const BATCH: i64 = 500;
/// A feed looks by itself this often: no lost wake-up keeps an event longer.
const LOOK_ANYWAY: Duration = Duration::from_millis(500);
/// A transaction that is still running holds back what committed after it: looked for this often.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// The events of one organization, as they are committed.
pub struct Feed {
    door: Door,
    organization: Uuid,
    kept: Mutex<Kept>,
    /// Where each audience reads, and what that moment comes after.
    shared: Mutex<HashMap<Audience, (Position, Weak<Shared>)>>,
    look: Notify,
    /// How many events there were since the feed began.
    count: watch::Sender<u64>,
    /// Another one whenever somebody's rights may have changed.
    epoch: watch::Sender<i64>,
}

struct Kept {
    /// Everything up to here is no longer kept.
    from: Position,
    head: Position,
    events: VecDeque<Arc<Event>>,
    /// How many there were, those that are no longer kept included.
    count: u64,
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
        let kept = Mutex::new(Kept { from: head, head, events: VecDeque::new(), count: 0 });
        let (count, epoch) = (watch::Sender::new(0), watch::Sender::new(epoch));
        let shared = Mutex::default();
        Ok(Arc::new(Self { door, organization, kept, shared, look: Notify::new(), count, epoch }))
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

    /// Tells that events have come.
    pub fn news(&self) -> watch::Receiver<u64> {
        self.count.subscribe()
    }

    /// Tells that somebody's rights may have changed.
    pub fn epoch(&self) -> watch::Receiver<i64> {
        self.epoch.subscribe()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the feed stands, and how many events it has seen.
    pub fn head(&self) -> (Position, u64) {
        let kept = self.kept();
        (kept.head, kept.count)
    }

    /// What came after `after`, and how many events the feed has seen.
    pub fn after(&self, after: Position) -> (Found, u64) {
        let kept = self.kept();
        if after < kept.from {
            return (Found::Gone, kept.count);
        }
        let from = kept.events.partition_point(|event| event.position <= after);
        (Found::Events(kept.events.iter().skip(from).take(100).cloned().collect()), kept.count)
    }

    /// Where a caller, whose standing this is, reads what was committed up to `place`, together with everybody to whom
    /// row-level security shows the same. Nothing where more has become known of the organization than the standing
    /// knows: somebody's rights may be others since.
    pub fn shared(&self, caller: &Caller, standing: &Arc<Standing>, place: Position) -> Option<Arc<Shared>> {
        if !standing.holds(*self.epoch.borrow()) {
            return None;
        }
        let (head, _) = self.head();
        let mut all = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let audience = Audience::of(caller, standing);
        if let Some((after, shared)) = all.get(&audience)
            && place <= *after
            && let Some(shared) = shared.upgrade()
        {
            return Some(shared);
        }
        all.retain(|_, (_, shared)| shared.strong_count() > 0);
        let shared = Shared::new(&self.door, caller, standing.clone());
        all.insert(audience, (head, Arc::downgrade(&shared)));
        Some(shared)
    }

    /// Whether everything that came after `place` is still there. A place that lies ahead was given by another
    /// database: this one is a copy that was put back from before.
    pub async fn knows(&self, place: Position) -> Result<bool> {
        let snapshot = self.door.snapshot(reader(self.organization));
        let read = futures_util::try_join!(events::floor(&snapshot), events::horizon(&snapshot));
        snapshot.close();
        let (floor, (horizon, _)) = read?;
        Ok(floor.is_none_or(|floor| floor <= place) && place <= horizon)
    }

    /// Reads what is new. Says whether there is more to come soon.
    async fn read(&self) -> Result<bool> {
        let (head, _) = self.head();
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
        // before the events: nobody is told of one by rights that were gone when it was committed
        tell(&self.epoch, epoch);
        let count = {
            let mut kept = self.kept();
            for event in found {
                kept.count += 1;
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
            kept.count
        };
        tell(&self.count, count);
        Ok(full || waiting)
    }
}

/// Wakes those who wait, where there is something new.
fn tell<T: PartialEq>(sender: &watch::Sender<T>, news: T) {
    sender.send_if_modified(|known| std::mem::replace(known, news) != *known);
}

/// A feed reads for the organization, not for a person: what each subscriber may see is decided when it is delivered.
pub(super) fn reader(organization: Uuid) -> Arc<Caller> {
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
