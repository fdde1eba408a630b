//! The schema as the transports use it: a request and its caller in, the text of an answer out.
use std::{
    collections::BTreeSet,
    panic::AssertUnwindSafe,
    sync::{Arc, atomic::Ordering},
};

use async_graphql::{
    OutputType, Response, SubscriptionType, Value, parser::types::OperationType, registry::Registry,
};
pub use async_graphql::{Request, Variables};
use futures_util::{FutureExt, StreamExt, stream::BoxStream};

pub use super::fault::{Code, Fault};
use super::{
    limits::{Executed, Limits, LimitsExtension},
    mutation::MutationRoot,
    rows::{self, QueryRoot},
    seal::Seal,
    subscription::SubscriptionRoot,
    visit::{PageSizes, Visit},
};
use crate::{
    credential::Keys,
    live::{Hub, presence::Presence},
    store::door::{Caller, Door},
};

/// What the schema is built from.
pub struct SchemaParts {
    pub door: Door,
    pub seal: Arc<Seal>,
    pub keys: Arc<Keys>,
    pub limits: Limits,
    pub pages: PageSizes,
    pub hub: Arc<Hub>,
    /// How long events are kept for a subscriber that comes back.
    pub retention: chrono::Duration,
}

type Inner = async_graphql::Schema<QueryRoot, MutationRoot, SubscriptionRoot>;

/// The schema and all it needs to answer.
#[derive(Clone)]
pub struct Schema {
    inner: Inner,
    parts: Arc<SchemaParts>,
}

/// One answer.
#[derive(Debug)]
pub struct Answer {
    /// The response as JSON.
    pub body: Vec<u8>,
    /// Whether the operation was executed; if not, the request itself was refused.
    pub executed: bool,
    /// How many statements its queries sent, the opening of the snapshot aside.
    pub statements: usize,
    /// How many errors it tells.
    pub errors: usize,
    /// Where in the event log the event stands that it tells, if it tells one.
    pub cursor: Option<String>,
}

impl Answer {
    /// The answer to a request that was refused before the schema saw it.
    pub fn refused(fault: &Fault, request: &str) -> Self {
        Self::new(Response::from_errors(vec![fault.at(None, Vec::new())]), false, request)
    }

    fn new(mut response: Response, executed: bool, request: &str) -> Self {
        super::limits::finish(&mut response, request);
        let cursor = match response.extensions.get("cursor") {
            Some(Value::String(cursor)) => Some(cursor.clone()),
            _ => None,
        };
        Self {
            body: rows::response(&response, executed),
            executed,
            statements: 0,
            errors: response.errors.len(),
            cursor,
        }
    }
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Query,
    Mutation,
    Subscription,
}

impl Schema {
    pub fn new(parts: SchemaParts) -> Self {
        Self { inner: build(parts.limits), parts: Arc::new(parts) }
    }

    pub fn door(&self) -> &Door {
        &self.parts.door
    }

    /// Answers a query or a mutation.
    pub async fn execute(&self, caller: Caller, request: Request) -> Answer {
        let caller = Arc::new(caller);
        let visit = self.visit(&caller);
        let snapshot = visit.snapshot.clone();
        let begun = Executed::default();
        let request = request.data(visit).data(begun.clone());
        let response = AssertUnwindSafe(self.inner.execute(request)).catch_unwind().await;
        let response = response.unwrap_or_else(|_| {
            Response::from_errors(vec![Fault::internal("a resolver panicked").at(None, Vec::new())])
        });
        let statements = snapshot.statements();
        // the client need not wait for the end of the transaction
        tokio::spawn(snapshot.close());
        Answer { statements, ..Answer::new(response, begun.0.load(Ordering::Relaxed), &caller.request) }
    }

    /// Watches over somebody who stays, for as long as a copy of what is given is kept.
    pub fn welcome(&self, caller: Caller) -> Presence {
        Presence::begin(self.parts.hub.clone(), Arc::new(caller))
    }

    /// The same as [`Self::follow`] for somebody who does nothing else.
    pub fn stream(
        &self,
        caller: Caller,
        request: Request,
        resume_after: Option<String>,
    ) -> BoxStream<'static, Answer> {
        let name = caller.request.clone();
        self.follow(self.welcome(caller), name, request, resume_after)
    }

    /// Answers a subscription, to be called `name`, with one answer per event, after the event `resume_after` where a
    /// client comes back. The stream ends when the subscription does; dropping it ends the subscription.
    pub fn follow(
        &self,
        presence: Presence,
        name: String,
        request: Request,
        resume_after: Option<String>,
    ) -> BoxStream<'static, Answer> {
        let caller = Arc::new(Caller { request: name, ..(*presence.caller()).clone() });
        let visit = Visit { presence: Some(presence), resume_after, ..self.visit(&caller) };
        let responses = self.inner.execute_stream(request.data(visit));
        responses
            .map(move |response| {
                let executed = response.data != Value::Null || response.extensions.contains_key("cursor");
                Answer::new(response, executed, &caller.request)
            })
            .boxed()
    }

    /// What the operation that `request` chooses does; none where the document cannot be read or has no such
    /// operation, which is then said by executing it.
    pub fn kind(&self, request: &mut Request) -> Option<Kind> {
        if request.query.len() > self.parts.limits.bytes {
            return None;
        }
        let name = request.operation_name.clone();
        let document = request.parsed_query().ok()?;
        let mut operations = document.operations.iter();
        let (_, operation) = match name {
            Some(name) => operations.find(|(other, _)| other.is_some_and(|other| *other == name))?,
            None => operations.next().filter(|_| operations.next().is_none())?,
        };
        Some(match operation.node.ty {
            OperationType::Query => Kind::Query,
            OperationType::Mutation => Kind::Mutation,
            OperationType::Subscription => Kind::Subscription,
        })
    }

    fn visit(&self, caller: &Arc<Caller>) -> Visit {
        Visit {
            door: self.parts.door.clone(),
            caller: caller.clone(),
            snapshot: self.parts.door.snapshot(caller.clone()),
            seal: self.parts.seal.clone(),
            keys: self.parts.keys.clone(),
            pages: self.parts.pages,
            hub: self.parts.hub.clone(),
            retention: self.parts.retention,
            presence: None,
            resume_after: None,
        }
    }
}

fn build(limits: Limits) -> Inner {
    async_graphql::Schema::build(QueryRoot, MutationRoot, SubscriptionRoot)
        .register_output_type::<rows::Keyless>()
        .extension(LimitsExtension(limits))
        .finish()
}

/// The schema in GraphQL's own language.
pub fn sdl() -> String {
    let options = async_graphql::SDLExportOptions::new().include_specified_by().use_space_ident();
    build(Limits::default()).sdl_with_options(options)
}

/// Every permission that a type, a field, a mutation or a subscription of the schema needs.
pub fn permissions() -> BTreeSet<String> {
    let mut registry = Registry::default();
    <QueryRoot as OutputType>::create_type_info(&mut registry);
    <MutationRoot as OutputType>::create_type_info(&mut registry);
    <SubscriptionRoot as SubscriptionType>::create_type_info(&mut registry);
    rows::permissions_in(&registry)
}
