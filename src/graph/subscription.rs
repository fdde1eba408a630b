//! Subscriptions: one field is one stream. Each event is answered by the subscriber's rights of that moment, in a
//! short snapshot of its own; a right or session that is gone ends the stream.
use std::{borrow::Cow, collections::VecDeque, pin::Pin, sync::Arc};

use async_graphql::{
    Context, Name, Response, ServerError, SubscriptionType, Value,
    indexmap::IndexMap,
    registry::{MetaField, ObjectBuilder, Registry},
};
use futures_util::{FutureExt, Stream, future::BoxFuture};

use super::{
    fault::{Code, Fault},
    rows::{self, Argument, Asked, Body, Env, Fields, Object, Out, Union},
    scalar::{EventCursor, Scalar},
    seen,
    visit::{Args, Visit},
};
use crate::{
    live::subscriber::{Begin, Next, Subscriber},
    store::events::{Event, Position},
};

/// One thing that a stream tells.
#[derive(Clone, Debug)]
pub enum Told {
    Opened { cursor: Position, replayed: bool },
    Reset { cursor: Position, reason: ResetReason },
    Revoked { cursor: Position },
    Happened(Arc<Event>),
}

impl Told {
    /// The place to go on from.
    pub fn cursor(&self) -> Position {
        match self {
            Self::Opened { cursor, .. } | Self::Reset { cursor, .. } | Self::Revoked { cursor } => *cursor,
            Self::Happened(event) => event.position,
        }
    }

    /// The event, where it is one.
    pub fn event(&self) -> Option<&Arc<Event>> {
        match self {
            Self::Happened(event) => Some(event),
            _ => None,
        }
    }

    /// The event, where it is of this kind.
    pub fn happened(&self, kind: impl Fn(&Event) -> bool) -> Option<Arc<Event>> {
        match self {
            Self::Happened(event) if kind(event) => Some(event.clone()),
            _ => None,
        }
    }
}

/// Why a stream begins anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
pub enum ResetReason {
    /// The cursor is older than what is kept.
    CursorExpired,
    /// Events came faster than the client took them.
    ClientTooSlow,
}

impl Scalar for ResetReason {
    fn register(registry: &mut Registry) -> String {
        <Self as async_graphql::InputType>::create_type_info(registry)
    }
    fn json(&self, out: &mut Vec<u8>) {
        super::leaf_enum::json(*self, out);
    }
}

/// Which events a stream is about.
pub type Interest = Box<dyn Fn(&Event) -> bool + Send + Sync>;

/// All subscriptions, by name.
#[derive(Default)]
pub struct Subscriptions(IndexMap<&'static str, Declared>);

struct Declared {
    about: String,
    needs: Option<&'static str>,
    arguments: Vec<Argument>,
    stream: Box<dyn Streams>,
}

/// The subscription just declared.
pub struct Last<'s>(&'s mut Declared);

impl Last<'_> {
    /// What it tells.
    pub fn about(self, text: impl Into<String>) -> Self {
        self.0.about = text.into();
        self
    }

    pub fn needs(self, permission: &'static str) -> Self {
        self.0.needs = Some(permission);
        self
    }

    pub fn takes<A: async_graphql::InputType>(self, name: &'static str, about: &'static str) -> Self {
        self.0.arguments.push(Argument::of::<A>(name, about));
        self
    }
}

impl Subscriptions {
    /// A stream of the members of `U` about what `interest` reads from the arguments.
    pub fn stream<U: Union>(
        &mut self,
        name: &'static str,
        interest: impl Fn(&Args<'_, '_>) -> Result<Interest, Fault> + Send + Sync + 'static,
        tell: fn(Told) -> U,
    ) -> Last<'_> {
        let declared = Declared {
            about: String::new(),
            needs: None,
            arguments: Vec::new(),
            stream: Box::new(StreamOf { interest: Box::new(interest), tell }),
        };
        let last = Last(self.0.entry(name).insert_entry(declared).into_mut());
        last.takes::<Option<EventCursor>>(
            "after",
            "The cursor to go on from: what came since is told first. Absent: from now on.",
        )
    }

    /// The names of all subscriptions with the permission each needs.
    pub fn permissions(&self) -> impl Iterator<Item = (&'static str, Option<&'static str>)> {
        self.0.iter().map(|(name, declared)| (*name, declared.needs))
    }
}

trait Streams: Send + Sync {
    fn register(&self, registry: &mut Registry) -> String;
    fn interest(&self, args: &Args<'_, '_>) -> Result<Interest, Fault>;
    /// One response per event, none while the database is away, and whether the stream goes on.
    fn answer<'a>(
        &'a self,
        visit: &'a Visit,
        ctx: &'a Context<'a>,
        needs: Option<&'static str>,
        told: Vec<Told>,
    ) -> BoxFuture<'a, (Option<Vec<Response>>, bool)>;
}

type ReadInterest = dyn Fn(&Args<'_, '_>) -> Result<Interest, Fault> + Send + Sync;

struct StreamOf<U> {
    interest: Box<ReadInterest>,
    tell: fn(Told) -> U,
}

impl<U: Union> Streams for StreamOf<U> {
    fn register(&self, registry: &mut Registry) -> String {
        rows::union::<U>(registry)
    }

    fn interest(&self, args: &Args<'_, '_>) -> Result<Interest, Fault> {
        (self.interest)(args)
    }

    fn answer<'a>(
        &'a self,
        visit: &'a Visit,
        ctx: &'a Context<'a>,
        needs: Option<&'static str>,
        told: Vec<Told>,
    ) -> BoxFuture<'a, (Option<Vec<Response>>, bool)> {
        async move {
            // not the snapshot of the subscription's beginning: the rights and the data of this moment
            let snapshot = visit.door.snapshot(visit.caller.clone());
            let answered = match snapshot.grants().await {
                Ok(grants) => {
                    let env = Env::of(ctx, visit, &snapshot, grants);
                    match env.permit(needs) {
                        Ok(()) => match seen::by(&snapshot, grants, told).await {
                            Ok(told) => (Some(self.write(env, ctx, told).await), true),
                            Err(_) => (None, true),
                        },
                        Err(_) => {
                            let cursor = told.first().map_or_else(|| Position::before(0), Told::cursor);
                            (Some(self.write(env, ctx, vec![Told::Revoked { cursor }]).await), false)
                        }
                    }
                }
                Err(error) => {
                    let fault = Fault::from(error);
                    // a database that is away for a moment ends nothing: the events are still there afterwards
                    let over = !matches!(fault.code, Code::Unavailable | Code::Timeout);
                    if over { (Some(vec![refused(ctx, &fault)]), false) } else { (None, true) }
                }
            };
            snapshot.close();
            answered
        }
        .boxed()
    }
}

impl<U: Union> StreamOf<U> {
    async fn write(&self, env: Env<'_>, ctx: &Context<'_>, told: Vec<Told>) -> Vec<Response> {
        let Some(asked) = rows::asked_once(ctx, "Subscription") else { return Vec::new() };
        let cursors: Vec<Position> = told.iter().map(Told::cursor).collect();
        let events: Vec<U> = told.into_iter().map(self.tell).collect();
        let body = rows::mixed(env, &asked.sets(), &events).await;
        cursors
            .into_iter()
            .enumerate()
            .map(|(at, cursor)| {
                let mut out = Out::at(ctx.path_node);
                out.or_null(|out| body.row(at, out));
                let (json, errors) = out.finish();
                respond(&asked, json, errors).extension("cursor", Value::String(cursor.write()))
            })
            .collect()
    }
}

fn respond(asked: &Asked<'_>, json: Vec<u8>, errors: Vec<ServerError>) -> Response {
    let key: Name = asked.key.clone();
    let mut response = Response::new(Value::Object(IndexMap::from_iter([(key, rows::raw(json))])));
    response.errors = errors;
    response
}

fn refused(ctx: &Context<'_>, fault: &Fault) -> Response {
    let mut out = Out::at(ctx.path_node);
    out.fail(fault, Some(ctx.item.pos));
    Response::from_errors(out.finish().1)
}

/// `Subscription`, as async-graphql knows it.
pub struct SubscriptionRoot;

static SUBSCRIPTIONS: std::sync::LazyLock<Subscriptions> = std::sync::LazyLock::new(|| {
    let mut subscriptions = Subscriptions::default();
    super::roots::subscriptions(&mut subscriptions);
    subscriptions
});

/// All subscriptions of the schema.
pub fn subscriptions() -> &'static Subscriptions {
    &SUBSCRIPTIONS
}

impl SubscriptionType for SubscriptionRoot {
    fn type_name() -> Cow<'static, str> {
        "Subscription".into()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        let fields = SUBSCRIPTIONS.0.iter().map(|(name, declared)| {
            let mut field = MetaField::new(*name, declared.stream.register(registry));
            let arguments = declared.arguments.iter().map(|argument| {
                let value = argument.register(registry);
                (value.name.clone(), value)
            });
            field.args = arguments.collect();
            rows::declare_permission(&mut field, declared.about.clone(), declared.needs);
            ((*name).to_owned(), field)
        });
        let fields = fields.collect();
        let about = "What happens, as it happens: in order, at least once. A client that remembers the last cursor misses nothing.";
        let object = ObjectBuilder::new("Subscription", fields)
            .description(Some(about.to_owned()))
            .is_subscription(true);
        registry.types.insert("Subscription".to_owned(), object.build());
        "Subscription!".to_owned()
    }

    fn create_field_stream<'a>(
        &'a self,
        ctx: &'a Context<'_>,
    ) -> Option<Pin<Box<dyn Stream<Item = Response> + Send + 'a>>> {
        let declared = SUBSCRIPTIONS.0.get(ctx.item.node.name.node.as_str())?;
        let visit = ctx.data_unchecked::<Visit>();
        let state = State { declared, visit, ctx, stage: Stage::Begin, ready: VecDeque::new() };
        Some(Box::pin(futures_util::stream::unfold(state, State::next)))
    }
}

/// A stream in progress.
struct State<'a, 'c> {
    declared: &'static Declared,
    visit: &'a Visit,
    ctx: &'a Context<'c>,
    stage: Stage,
    ready: VecDeque<Response>,
}

enum Stage {
    Begin,
    Live { subscriber: Box<Subscriber>, interest: Interest },
    Over,
}

impl State<'_, '_> {
    async fn next(mut self) -> Option<(Response, Self)> {
        loop {
            if let Some(response) = self.ready.pop_front() {
                return Some((response, self));
            }
            match std::mem::replace(&mut self.stage, Stage::Over) {
                Stage::Over => return None,
                Stage::Begin => match self.begin().await {
                    Ok((subscriber, interest, opened)) => {
                        if self.answer(vec![opened]).await {
                            self.stage = Stage::Live { subscriber: Box::new(subscriber), interest };
                        }
                    }
                    Err(fault) => self.ready.push_back(refused(self.ctx, &fault)),
                },
                Stage::Live { mut subscriber, interest } => {
                    let told = match subscriber.next().await {
                        Ok(Next::Events(events)) => {
                            events.into_iter().filter(|event| interest(event)).map(Told::Happened).collect()
                        }
                        Ok(Next::TooSlow(cursor)) => {
                            vec![Told::Reset { cursor, reason: ResetReason::ClientTooSlow }]
                        }
                        Ok(Next::Access) => Vec::new(),
                        Err(error) => {
                            tracing::warn!(%error, "a subscriber waits for the database");
                            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
                            Vec::new()
                        }
                    };
                    if told.is_empty() && !self.still_welcome(&subscriber).await {
                        continue;
                    }
                    if told.is_empty() || self.answer(told).await {
                        self.stage = Stage::Live { subscriber, interest };
                    }
                }
            }
        }
    }

    async fn begin(&self) -> Result<(Subscriber, Interest, Told), Fault> {
        let args = Args::of(self.ctx);
        let snapshot = self.visit.door.snapshot(self.visit.caller.clone());
        let welcome = match snapshot.grants().await {
            Ok(grants) => super::gate::permit(&self.visit.caller, grants, self.declared.needs),
            Err(error) => Err(error.into()),
        };
        snapshot.close();
        welcome?;
        let interest = self.declared.stream.interest(&args)?;
        // a client that comes back repeats the arguments it began with: its last event is the later place
        let after = self
            .visit
            .resume_after
            .clone()
            .or(args.get::<Option<EventCursor>>("after")?.map(|cursor| cursor.0));
        let after = match after {
            Some(cursor) => Some(Position::read(&cursor).ok_or_else(|| {
                Fault::new(
                    Code::InvalidCursor,
                    "`after` is no cursor of an event: take one from `viewer.eventCursor` or an event",
                )
            })?),
            None => None,
        };
        let organization = self.visit.caller.organization.ok_or_else(|| {
            Fault::new(Code::TenantRequired, "choose an organization: sign in with its slug")
        })?;
        let feed = self.visit.hub.feed(organization).await?;
        let (subscriber, begin) = Subscriber::join(feed, after, self.visit.patience);
        let cursor = subscriber.position();
        let opened = match begin {
            Begin::After(_) => Told::Opened { cursor, replayed: true },
            Begin::Now => Told::Opened { cursor, replayed: false },
            Begin::Expired => Told::Reset { cursor, reason: ResetReason::CursorExpired },
        };
        Ok((subscriber, interest, opened))
    }

    /// Answers events; says whether the stream goes on.
    async fn answer(&mut self, told: Vec<Told>) -> bool {
        loop {
            let (responses, on) =
                self.declared.stream.answer(self.visit, self.ctx, self.declared.needs, told.clone()).await;
            let Some(responses) = responses else {
                // the database was away: nothing is skipped
                tokio::time::sleep(std::time::Duration::from_millis(200)).await;
                continue;
            };
            self.ready.extend(responses);
            return on;
        }
    }

    /// Looks whether the caller may still listen; if not, tells so.
    async fn still_welcome(&mut self, subscriber: &Subscriber) -> bool {
        let snapshot = self.visit.door.snapshot(self.visit.caller.clone());
        let permitted = match snapshot.grants().await {
            Ok(grants) => Ok(super::gate::permit(&self.visit.caller, grants, self.declared.needs).is_ok()),
            Err(error) => Err(error),
        };
        snapshot.close();
        match permitted {
            Ok(false) => self.answer(vec![Told::Revoked { cursor: subscriber.position() }]).await,
            Err(crate::store::error::Error::Denied(denied)) => {
                let fault = Fault::from(crate::store::error::Error::Denied(denied));
                self.ready.push_back(refused(self.ctx, &fault));
                false
            }
            // a database that is away for a moment ends nothing
            Ok(true) | Err(_) => true,
        }
    }
}

// ---- events that every stream may tell

macro_rules! stream_events {
    ($($(#[doc = $about:literal])* $name:ident { $($field:ident: $type:ty),* } |$fields:ident| $more:block)*) => { $(
        $(#[doc = $about])*
        pub struct $name { pub cursor: Position, $(pub $field: $type),* }

        impl Object for $name {
            const NAME: &'static str = stringify!($name);
            fn about() -> String {
                concat!($($about),*).trim().to_owned()
            }
            fn fields($fields: &mut Fields<Self>) {
                event_fields($fields, |told| told.cursor);
                $more
            }
        }
    )* };
}

/// What all events have.
pub fn event_fields<T: Send + Sync + 'static>(fields: &mut Fields<T>, cursor: fn(&T) -> Position) {
    fields
        .derived("cursor", move |told| EventCursor(cursor(told).write()))
        .about("The place of this event: subscribe `after` it to go on.");
    fields.derived("occurredAt", move |told| cursor(told).at).about("When it happened.");
    fields.implements("Event");
}

stream_events! {
    /// The stream is open: everything after its cursor will be told.
    StreamOpened { replayed: bool } |fields| {
        fields.column("replayed", |told| &told.replayed).about("Whether what came since the cursor is told first.");
    }
    /// Events are missing: read anew what you show, then go on from the cursor.
    StreamReset { reason: ResetReason } |fields| {
        fields.column("reason", |told| &told.reason).about("Why.");
    }
    /// You may no longer listen to this: the stream ends.
    AccessRevoked {} |_fields| {}
}

/// The three that every union of events has.
pub fn stream_members<U: Send + Sync + 'static>(members: &mut rows::Members<U>, told: fn(&U) -> &Told) {
    members.of(move |event| match told(event) {
        Told::Opened { cursor, replayed } => Some(StreamOpened { cursor: *cursor, replayed: *replayed }),
        _ => None,
    });
    members.of(move |event| match told(event) {
        Told::Reset { cursor, reason } => Some(StreamReset { cursor: *cursor, reason: *reason }),
        _ => None,
    });
    members.of(move |event| match told(event) {
        Told::Revoked { cursor } => Some(AccessRevoked { cursor: *cursor }),
        _ => None,
    });
}
