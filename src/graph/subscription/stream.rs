//! A stream in progress: opened, told event by event, and ended when the right to hear it is.
use std::{collections::VecDeque, sync::Arc, time::Duration};

use async_graphql::{Context, Response};
use chrono::{DateTime, Utc};

use super::{
    Answered, Declared, refused,
    told::{ResetReason, Told},
};
use crate::{
    graph::{
        fault::{Code, Fault},
        gate,
        scalar::EventCursor,
        visit::{Args, Visit},
    },
    live::{
        presence::Presence,
        subscriber::{Begin, Next, Subscriber},
    },
    store::{
        clock,
        door::{Caller, Snapshot, Standing},
        events::Position,
        grants::Grants,
    },
    telemetry,
};

/// A database that is away is asked again after this long.
const AGAIN: Duration = Duration::from_millis(200);

/// A stream in progress.
pub(super) struct State<'a, 'c> {
    declared: &'static Declared,
    visit: Visit,
    presence: Presence,
    ctx: &'a Context<'c>,
    stage: Stage,
    ready: VecDeque<Response>,
    begun: DateTime<Utc>,
}

enum Stage {
    Begin,
    Live(Box<Listening>),
    Over,
}

/// A stream that was opened.
struct Listening {
    subscriber: Subscriber,
    /// All up to here has been told.
    told: Position,
}

impl<'a, 'c> State<'a, 'c> {
    /// One that is not opened yet.
    pub(super) fn of(declared: &'static Declared, ctx: &'a Context<'c>) -> Option<Self> {
        let visit = ctx.data_unchecked::<Visit>().clone();
        let presence = visit.presence.clone()?;
        let (stage, ready, begun) = (Stage::Begin, VecDeque::new(), clock::now());
        Some(Self { declared, visit, presence, ctx, stage, ready, begun })
    }

    /// The next response, and the stream after it.
    pub(super) async fn next(mut self) -> Option<(Response, Self)> {
        loop {
            if let Some(response) = self.ready.pop_front() {
                return Some((response, self));
            }
            match std::mem::replace(&mut self.stage, Stage::Over) {
                Stage::Over => return None,
                Stage::Begin => match self.begin().await {
                    Ok((listening, opened)) => self.tell(Box::new(listening), vec![opened]).await,
                    Err(fault) => self.ready.push_back(refused(self.ctx, &fault)),
                },
                Stage::Live(listening) => self.listen(listening).await,
            }
        }
    }

    /// Whoever may see some of the rows may listen: they are told of those alone.
    fn may_listen(&self, grants: &Grants) -> Result<(), Fault> {
        let caller = &self.visit.caller;
        gate::right(caller, grants, || grants.limits(caller), self.declared.needs).map(drop)
    }

    async fn begin(&self) -> Result<(Listening, Told), Fault> {
        let args = Args::of(self.ctx);
        let snapshot = self.visit.door.snapshot(self.visit.caller.clone());
        let welcome = match snapshot.grants().await {
            Ok(grants) => self.may_listen(grants),
            Err(error) => Err(error.into()),
        };
        snapshot.close();
        welcome?;
        let interest = self.declared.stream.interest(&args)?;
        // a client that comes back repeats the arguments it began with: its last event is the later place
        let after = self.visit.resume_after.clone();
        let after = after.or(args.get::<Option<EventCursor>>("after")?.map(|cursor| cursor.0));
        let after = match after {
            Some(cursor) => Some(Position::read(&cursor).ok_or_else(|| {
                Fault::new(
                    Code::InvalidCursor,
                    say!("`after` is no cursor of an event: take one from `viewer.eventCursor` or an event"),
                )
            })?),
            None => None,
        };
        let organization = self.visit.caller.organization.ok_or_else(|| {
            Fault::new(Code::TenantRequired, say!("choose an organization: sign in with its slug"))
        })?;
        let feed = self.visit.hub.feed(organization).await?;
        let (subscriber, begin) = Subscriber::join(feed, interest, after, self.visit.patience).await?;
        let cursor = subscriber.position();
        let opened = match begin {
            Begin::After(_) => Told::Opened { cursor, replayed: true },
            Begin::Now => Told::Opened { cursor, replayed: false },
            Begin::Expired => Told::Reset { cursor, reason: ResetReason::CursorExpired },
        };
        Ok((Listening { subscriber, told: cursor }, opened))
    }

    /// Waits for what comes next, or for the end of the right to hear it.
    async fn listen(&mut self, mut listening: Box<Listening>) {
        let next = tokio::select! {
            biased;
            stay = self.presence.changed() => {
                let may = |standing: &Arc<Standing>| {
                    self.may_listen(&standing.grants).is_ok()
                };
                if stay.over.is_some() || !stay.standing.as_ref().is_none_or(may) {
                    self.part(listening.subscriber.position()).await;
                } else {
                    self.stage = Stage::Live(listening);
                }
                return;
            }
            next = listening.subscriber.next() => next,
        };
        let told: Vec<Told> = match next {
            Ok(Next::Events(events)) => events.into_iter().map(Told::Happened).collect(),
            Ok(Next::TooSlow(cursor)) => vec![Told::Reset { cursor, reason: ResetReason::ClientTooSlow }],
            Ok(Next::Expired(cursor)) => vec![Told::Reset { cursor, reason: ResetReason::CursorExpired }],
            Err(error) => {
                tracing::warn!(%error, "a subscriber waits for the database");
                tokio::time::sleep(AGAIN).await;
                Vec::new()
            }
        };
        if told.is_empty() {
            self.stage = Stage::Live(listening);
        } else {
            self.tell(listening, told).await;
        }
    }

    /// Tells events, and goes on.
    async fn tell(&mut self, mut listening: Box<Listening>, told: Vec<Told>) {
        loop {
            // the credential may have been renewed
            self.visit.caller = Arc::new(Caller {
                request: self.visit.caller.request.clone(),
                ..(*self.presence.caller()).clone()
            });
            let Declared { stream, needs, .. } = self.declared;
            let snapshot = self.snapshot(&listening.subscriber);
            let answer = stream.answer(&self.visit, self.ctx, *needs, snapshot, told.clone());
            match telemetry::within("deliver", answer).await {
                Answered::Told(responses) => {
                    self.lag(&told);
                    listening.told = listening.subscriber.position();
                    self.ready.extend(responses);
                    self.stage = Stage::Live(listening);
                }
                Answered::Refused => self.part(listening.told).await,
                Answered::Failed(fault) => self.ready.push_back(refused(self.ctx, &fault)),
                Answered::Expired => {
                    self.presence.renewed().await;
                    continue;
                }
                Answered::Later => {
                    tokio::time::sleep(AGAIN).await;
                    continue;
                }
            }
            return;
        }
    }

    /// Counts how long events were on their way; those of before the stream began were not.
    fn lag(&self, told: &[Told]) {
        let now = clock::now();
        for event in told.iter().filter_map(Told::event).filter(|event| event.position.at >= self.begun) {
            let lag = (now - event.position.at).to_std().unwrap_or_default();
            metrics::histogram!("portico_events_lag_seconds").record(lag.as_secs_f64());
        }
    }

    /// Where the subscriber reads: together with others where their rights are known, else alone, asking for them.
    fn snapshot(&self, subscriber: &Subscriber) -> Arc<Snapshot> {
        let (door, caller) = (&self.visit.door, &self.visit.caller);
        let shared = self.presence.stay().standing.and_then(|standing| {
            let shared = subscriber.shared(caller, &standing)?;
            door.shared_snapshot(caller.clone(), standing, shared).ok()
        });
        shared.unwrap_or_else(|| door.snapshot(caller.clone()))
    }

    /// Says that the caller may no longer listen; `told` is the place to go on from, should they be let in again.
    async fn part(&mut self, told: Position) {
        let nobody = Caller { request: self.visit.caller.request.clone(), ..Caller::default() };
        self.visit.caller = Arc::new(nobody);
        let farewell = vec![Told::Revoked { cursor: told }];
        loop {
            let snapshot = self.visit.door.snapshot(self.visit.caller.clone());
            let answer = self.declared.stream.answer(&self.visit, self.ctx, None, snapshot, farewell.clone());
            match answer.await {
                Answered::Told(responses) => return self.ready.extend(responses),
                Answered::Later => tokio::time::sleep(AGAIN).await,
                _ => return,
            }
        }
    }
}
