//! Subscriptions: one field is one stream. Each event is answered by the subscriber's rights of that moment; records
//! that several subscribers are told of are read once for all to whom row-level security shows the same. A right that
//! is gone ends the stream before the next event; so does a session that has ended, as soon as its watcher hears of it.
//!
//! * [`stream`]: one stream from its opening to its end
//! * [`told`]: what it tells, and the events that every stream has
mod stream;
mod told;

use std::{borrow::Cow, pin::Pin, sync::Arc};

use async_graphql::{
    Context, Name, Response, ServerError, SubscriptionType, Value,
    indexmap::IndexMap,
    registry::{MetaField, ObjectBuilder, Registry},
};
use futures_util::{FutureExt, Stream, future::BoxFuture};

use self::stream::State;
pub use self::told::{ResetReason, Told, event_fields, stream_members};
use super::{
    fault::Fault,
    rows::{self, Argument, Asked, Body, Env, Out, Union},
    scalar::EventCursor,
    seen,
    visit::{Args, Visit},
};
use crate::store::{
    door::Snapshot,
    error::{Denied, Error},
    events::Position,
};

pub use crate::live::feed::Interest;

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
    /// One response per event, by the rights of this moment.
    fn answer<'a>(
        &'a self,
        visit: &'a Visit,
        ctx: &'a Context<'a>,
        needs: Option<&'static str>,
        snapshot: Arc<Snapshot>,
        told: Vec<Told>,
    ) -> BoxFuture<'a, Answered>;
}

/// What has become of events on their way to a subscriber.
enum Answered {
    Told(Vec<Response>),
    /// The subscriber may not listen to this, or not be here at all.
    Refused,
    /// The access token has expired: the transport ends, unless another is shown.
    Expired,
    /// The database is away for a moment: nothing is skipped.
    Later,
    Failed(Fault),
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
        snapshot: Arc<Snapshot>,
        told: Vec<Told>,
    ) -> BoxFuture<'a, Answered> {
        async move {
            let again = snapshot.shared().is_some().then(|| told.clone());
            let answered = self.answer_in(visit, ctx, needs, &snapshot, told).await;
            let holds = snapshot.holds().await;
            snapshot.close();
            match again {
                Some(told) if !holds => {
                    let snapshot = visit.door.snapshot(visit.caller.clone());
                    let answered = self.answer_in(visit, ctx, needs, &snapshot, told).await;
                    snapshot.close();
                    answered
                }
                _ => answered,
            }
        }
        .boxed()
    }
}

impl<U: Union> StreamOf<U> {
    async fn answer_in(
        &self,
        visit: &Visit,
        ctx: &Context<'_>,
        needs: Option<&'static str>,
        snapshot: &Snapshot,
        told: Vec<Told>,
    ) -> Answered {
        let entered = match snapshot.shared() {
            Some(shared) => shared.begin().await,
            None => Ok(()),
        };
        match entered.and(snapshot.grants().await) {
            Ok(grants) => {
                let env = Env::of(ctx, visit, snapshot, grants);
                if matches!(told.as_slice(), [Told::Revoked { .. }]) {
                    // who may not listen is told so, and nothing else
                    Answered::Told(self.write(env, ctx, told).await)
                } else if env.right(needs).is_err() {
                    Answered::Refused
                } else {
                    match seen::by(snapshot, grants, told).await {
                        Ok(told) => Answered::Told(self.write(env, ctx, told).await),
                        Err(_) => Answered::Later,
                    }
                }
            }
            Err(Error::Denied(Denied::Expired)) if visit.caller.expires_at.is_some() => Answered::Expired,
            Err(Error::Denied(_)) => Answered::Refused,
            Err(Error::Unavailable(_) | Error::Timeout | Error::Retry) => Answered::Later,
            Err(error) => Answered::Failed(error.into()),
        }
    }

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
        let state = State::of(declared, ctx)?;
        Some(Box::pin(futures_util::stream::unfold(state, State::next)))
    }
}
