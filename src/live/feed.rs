//! One feed per organization with subscribers: it reads each event once and keeps the latest for all of them.
use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use tokio::sync::{Notify, watch};
use uuid::Uuid;

use crate::store::{
    door::{Audience, Caller, Door, Shared, Standing},
    error::Result,
    events::{self, Event, Horizon, Position},
};

/// How many events are kept for subscribers that are a little behind; who is further behind reads the table.
const KEPT: usize = 4096;
/// How many a subscriber is given at once.
const AT_ONCE: usize = 100;
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
    /// Who is to be told, by what they listen for.
    ears: Mutex<Ears>,
    look: Notify,
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

/// What a subscriber listens for: events whose topic or type of record is one of these.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interest(BTreeSet<String>);

impl Interest {
    pub fn covers(&self, event: &Event) -> bool {
        self.0.contains(&event.topic) || self.0.contains(&event.subject_type)
    }
}

impl FromIterator<String> for Interest {
    fn from_iter<I: IntoIterator<Item = String>>(names: I) -> Self {
        Self(names.into_iter().collect())
    }
}

/// A place in a feed, and how many of its events come before.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub at: Position,
    pub count: u64,
}

/// Where a subscriber hears that something has happened that concerns them.
#[derive(Default)]
pub struct Ear {
    /// The place before the first of what they have not looked at.
    since: Mutex<Option<Place>>,
    news: Notify,
}

impl Ear {
    fn tell(&self, before: Place) {
        self.since.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(before);
        self.news.notify_one();
    }

    /// Waits until something has happened.
    pub async fn news(&self) {
        self.news.notified().await;
    }

    /// Whether nothing has happened that was not looked at.
    pub fn is_quiet(&self) -> bool {
        self.since.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    /// The place after which something has happened that was not looked at; from now on it counts as looked at.
    pub fn take(&self) -> Option<Place> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// All ears of a feed, by what they listen for.
#[derive(Default)]
struct Ears {
    by_name: HashMap<String, Vec<Weak<Ear>>>,
    count: usize,
    /// Those that nobody keeps any more are left out when there are as many as this.
    sweep_at: usize,
}

impl Ears {
    fn add(&mut self, name: &str, ear: &Arc<Ear>) {
        if self.count >= self.sweep_at {
            self.sweep();
        }
        self.by_name.entry(name.to_owned()).or_default().push(Arc::downgrade(ear));
        self.count += 1;
    }

    fn sweep(&mut self) {
        self.by_name.retain(|_, ears| {
            ears.retain(|ear| ear.strong_count() > 0);
            !ears.is_empty()
        });
        self.count = self.by_name.values().map(Vec::len).sum();
        self.sweep_at = self.count.saturating_mul(2).max(64);
    }
}

/// What a feed has for a subscriber.
pub struct Found {
    /// What concerns them, in order; none when there is nothing new. Nothing at all where the place from which they
    /// look lies before what is kept.
    pub events: Option<Vec<Arc<Event>>>,
    /// How far was looked.
    pub to: Place,
    /// How many events the feed has seen.
    pub count: u64,
}

impl Feed {
    /// A feed that begins now.
    pub(super) async fn open(door: Door, organization: Uuid) -> Result<Arc<Self>> {
        let snapshot = door.snapshot_of(organization);
        let begun = events::horizon(&snapshot).await;
        snapshot.close();
        let Horizon { place: head, epoch, .. } = begun?;
        let kept = Mutex::new(Kept { from: head, head, events: VecDeque::new(), count: 0 });
        let epoch = watch::Sender::new(epoch);
        let (shared, ears) = (Mutex::default(), Mutex::default());
        Ok(Arc::new(Self { door, organization, kept, shared, ears, look: Notify::new(), epoch }))
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

    /// Tells that events have come that concern a subscriber, for as long as they keep the ear.
    pub fn listen(&self, interest: &Interest) -> Arc<Ear> {
        let ear = Arc::new(Ear::default());
        let mut ears = self.ears.lock().unwrap_or_else(PoisonError::into_inner);
        interest.0.iter().for_each(|name| ears.add(name, &ear));
        ear
    }

    /// Tells that somebody's rights may have changed.
    pub fn epoch(&self) -> watch::Receiver<i64> {
        self.epoch.subscribe()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the feed stands.
    pub fn head(&self) -> Place {
        let kept = self.kept();
        Place { at: kept.head, count: kept.count }
    }

    /// What came after `after` and concerns whoever has this interest.
    pub fn after(&self, after: Position, interest: &Interest) -> Found {
        let kept = self.kept();
        let (mut to, count) = (Place { at: after, count: kept.count }, kept.count);
        if after < kept.from {
            return Found { events: None, to, count };
        }
        let from = kept.events.partition_point(|event| event.position <= after);
        let mut events = Vec::new();
        for (index, event) in kept.events.iter().enumerate().skip(from) {
            to.at = event.position;
            if interest.covers(event) {
                events.push(event.clone());
                if events.len() == AT_ONCE {
                    let left = kept.events.len() - index - 1;
                    to.count = count.saturating_sub(u64::try_from(left).unwrap_or(u64::MAX));
                    break;
                }
            }
        }
        Found { events: Some(events), to, count }
    }

    /// Where a caller, whose standing this is, reads what was committed up to `place`, together with everybody to whom
    /// row-level security shows the same. Nothing where more has become known of the organization than the standing
    /// knows: somebody's rights may be others since.
    pub fn shared(&self, caller: &Caller, standing: &Arc<Standing>, place: Position) -> Option<Arc<Shared>> {
        if !standing.holds(*self.epoch.borrow()) {
            return None;
        }
        let head = self.head().at;
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
        let snapshot = self.door.snapshot_of(self.organization);
        let read = futures_util::try_join!(events::floor(&snapshot), events::horizon(&snapshot));
        snapshot.close();
        let (floor, horizon) = read?;
        Ok(floor.is_none_or(|floor| floor <= place) && place <= horizon.place)
    }

    /// Reads what is new. Says whether there is more to come soon.
    async fn read(&self) -> Result<bool> {
        let head = self.head().at;
        let snapshot = self.door.snapshot_of(self.organization);
        let read = futures_util::try_join!(events::after(&snapshot, head, BATCH), events::horizon(&snapshot));
        snapshot.close();
        let (found, horizon) = read?;
        let full = found.len() >= usize::try_from(BATCH).unwrap_or_default();
        // before the events: nobody is told of one by rights that were gone when it was committed
        tell(&self.epoch, horizon.epoch);
        let mut fresh = Vec::with_capacity(found.len());
        {
            let mut kept = self.kept();
            for event in found {
                let event = Arc::new(event);
                fresh.push((Place { at: kept.head, count: kept.count }, event.clone()));
                kept.count += 1;
                kept.head = event.position;
                kept.events.push_back(event);
            }
            // nothing at all happened up to the horizon: the place moves on, so that it does not age
            if !full && kept.head < horizon.place {
                kept.head = horizon.place;
            }
            while kept.events.len() > KEPT {
                if let Some(gone) = kept.events.pop_front() {
                    kept.from = gone.position;
                }
            }
            // before anybody can see the new head: whoever has heard of nothing has missed nothing up to there
            self.tell(&fresh);
        }
        Ok(full || horizon.waiting)
    }

    /// Wakes those whom these events concern.
    fn tell(&self, fresh: &[(Place, Arc<Event>)]) {
        let ears = self.ears.lock().unwrap_or_else(PoisonError::into_inner);
        for (before, event) in fresh {
            let names = [&event.topic, &event.subject_type].into_iter();
            let concerned = names.filter_map(|name| ears.by_name.get(name)).flatten();
            concerned.filter_map(Weak::upgrade).for_each(|ear| ear.tell(*before));
        }
    }
}

/// Wakes those who wait, where there is something new.
fn tell<T: PartialEq>(sender: &watch::Sender<T>, news: T) {
    sender.send_if_modified(|known| std::mem::replace(known, news) != *known);
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
