//! Somebody who is connected, watched for as long as they are: a socket or stream ends with the credential behind it
//! at once, also when nothing is asked or told on it (B008).
//!
//! Two things are listened to: the log of the platform, where each session that ends is told, and the epoch of the
//! organization, which grows with every other reason: a key withdrawn, a membership ended, a role taken away, an
//! organization suspended. Whether the caller may stay is then asked of the database, as for every request.
use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, time::Instant};

use super::{
    Hub,
    feed::Feed,
    subscriber::{Patience, Subscriber},
};
use crate::store::{
    clock,
    door::{Caller, Standing},
    error::{Denied, Error, Result},
    events, last_seen,
    select::PLATFORM,
};

/// A database that is away is asked again after this long; it ends nothing.
const AGAIN: Duration = Duration::from_millis(200);

/// Somebody who is connected.
#[derive(Clone)]
pub struct Presence {
    /// Who they are; renewed with their credential.
    caller: Arc<watch::Sender<Arc<Caller>>>,
    stay: watch::Receiver<Stay>,
}

/// What is known of them.
#[derive(Clone, Default)]
pub struct Stay {
    /// What the database said of them; nothing before it was first asked.
    pub standing: Option<Arc<Standing>>,
    /// Why they may not stay, if so.
    pub over: Option<Denied>,
}

impl Presence {
    /// Watches over `caller` until the last copy is dropped.
    pub fn begin(hub: Arc<Hub>, caller: Arc<Caller>) -> Self {
        let caller = watch::Sender::new(caller);
        let (told, stay) = watch::channel(Stay::default());
        let watcher = Watcher { hub, callers: caller.subscribe(), told };
        tokio::spawn(watcher.run());
        Self { caller: Arc::new(caller), stay }
    }

    pub fn caller(&self) -> Arc<Caller> {
        self.caller.borrow().clone()
    }

    /// They have shown another credential.
    pub fn renew(&self, caller: Arc<Caller>) {
        self.caller.send_replace(caller);
    }

    /// Waits until they show a credential that has not expired.
    pub async fn renewed(&self) {
        let holds = |caller: &Arc<Caller>| caller.expires_at.is_none_or(|end| end > clock::now());
        // the sender is ours
        let mut callers = self.caller.subscribe();
        let _known = callers.wait_for(holds).await;
    }

    /// Waits until they may not stay, and says why.
    pub async fn ended(&mut self) -> Denied {
        let ended = self.stay.wait_for(|stay| stay.over.is_some()).await;
        ended.ok().and_then(|stay| stay.over).unwrap_or(Denied::Ended)
    }

    /// What is known of them.
    pub fn stay(&self) -> Stay {
        self.stay.borrow().clone()
    }

    /// Waits until something else is known of them than before.
    pub async fn changed(&mut self) -> Stay {
        // whoever watches goes only after the last copy, or after saying why they may not stay
        if self.stay.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        self.stay.borrow_and_update().clone()
    }
}

struct Watcher {
    hub: Arc<Hub>,
    callers: watch::Receiver<Arc<Caller>>,
    told: watch::Sender<Stay>,
}

/// What the watcher listens to.
struct Ears {
    sessions: Subscriber,
    /// The feed goes on for as long as somebody holds it.
    rights: Option<(Arc<Feed>, watch::Receiver<i64>)>,
}

impl Watcher {
    async fn run(self) {
        let mut callers = self.callers.clone();
        loop {
            let caller = callers.borrow_and_update().clone();
            let watched = async {
                match self.watch(&caller).await {
                    Ok(never) => match never {},
                    Err(Error::Denied(denied)) => Some(denied),
                    Err(error) => {
                        tracing::debug!(%error, "somebody who is connected cannot be watched over; trying again");
                        tokio::time::sleep(AGAIN).await;
                        None
                    }
                }
            };
            tokio::select! {
                () = self.told.closed() => return,
                renewed = callers.changed() => if renewed.is_err() { return },
                denied = watched => if let Some(denied) = denied {
                    self.told.send_replace(Stay { standing: None, over: Some(denied) });
                    return;
                },
            }
        }
    }

    /// Watches until the caller may not stay.
    async fn watch(&self, caller: &Arc<Caller>) -> Result<std::convert::Infallible> {
        if caller.is_anonymous() {
            return std::future::pending().await;
        }
        // listening first: nothing falls between the question and the ear
        let mut ears = Ears::open(&self.hub, caller).await?;
        loop {
            let end = match self.look(caller).await {
                // the end of an access token is the transport's, which knows it beforehand
                Err(Error::Denied(Denied::Expired)) if caller.expires_at.is_some() => {
                    return std::future::pending().await;
                }
                looked => looked?,
            };
            tokio::select! {
                heard = ears.hear() => heard?,
                () = tokio::time::sleep_until(end) => {}
            }
        }
    }

    /// Asks what the caller holds; says when to ask again at the latest: a right may begin or end by time alone.
    async fn look(&self, caller: &Arc<Caller>) -> Result<Instant> {
        let snapshot = self.hub.door.snapshot(caller.clone());
        let looked = async {
            let standing = snapshot.standing().await?.clone();
            Ok((standing, last_seen::key_ends(&snapshot).await?))
        };
        let looked: Result<_> = looked.await;
        snapshot.close();
        let (standing, key_ends) = looked?;
        let end = key_ends.into_iter().chain(standing.until()).min();
        self.told.send_if_modified(|stay| {
            let known = stay.standing.as_ref().is_some_and(|known| Arc::ptr_eq(known, &standing));
            stay.standing = Some(standing);
            !known
        });
        let day = chrono::Duration::days(1);
        let left = end.map_or(day, |end| (end - clock::now()).min(day));
        // the database's clock may be a little late
        Ok(Instant::now() + left.to_std().unwrap_or_default().max(AGAIN))
    }
}

impl Ears {
    async fn open(hub: &Hub, caller: &Caller) -> Result<Self> {
        let interest = caller.session.map(events::session_topic).into_iter().collect();
        let platform = hub.feed(PLATFORM).await?;
        let (sessions, _) = Subscriber::join(platform, interest, None, Patience::default()).await?;
        let rights = match caller.organization {
            Some(organization) => {
                let feed = hub.feed(organization).await?;
                let epoch = feed.epoch();
                Some((feed, epoch))
            }
            None => None,
        };
        Ok(Self { sessions, rights })
    }

    /// Waits for a reason to look whether the caller may stay.
    async fn hear(&mut self) -> Result<()> {
        let rights = async {
            match &mut self.rights {
                Some((_, epoch)) => drop(epoch.changed().await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = rights => Ok(()),
            ended = self.sessions.next() => ended.map(drop),
        }
    }
}
