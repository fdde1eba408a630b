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
    documents::{Documents, operation},
    limits::{Executed, Limits, LimitsExtension},
    mutation::MutationRoot,
    rows::{self, QueryRoot},
    seal::Seal,
    subscription::SubscriptionRoot,
    visit::{PageSizes, Visit},
};
use crate::{
    credential::Keys,
    live::{Hub, Patience, presence::Presence},
    outbound::Outbound,
    store::door::{Caller, Door, Snapshot},
};

/// What the schema is built from.
pub struct SchemaParts {
    pub door: Door,
    pub seal: Arc<Seal>,
    pub keys: Arc<Keys>,
    /// How other servers are asked.
    pub outbound: Outbound,
    /// Address under which people reach this server.
    pub public_url: Option<String>,
    pub limits: Limits,
    pub pages: PageSizes,
    /// Where the web application is, for links in mails.
    pub web_url: Option<Arc<str>>,
    pub hub: Arc<Hub>,
    /// What is borne with before a subscriber has to begin anew.
    pub patience: Patience,
}

type Inner = async_graphql::Schema<QueryRoot, MutationRoot, SubscriptionRoot>;

/// The schema and all it needs to answer.
#[derive(Clone)]
pub struct Schema {
    inner: Inner,
    documents: Documents,
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
        let documents = Documents::new();
        let inner = build(parts.limits).extension(documents.clone()).finish();
        Self { inner, documents, parts: Arc::new(parts) }
    }

    pub fn door(&self) -> &Door {
        &self.parts.door
    }

    /// Answers a query or a mutation.
    pub async fn execute(&self, caller: Caller, mut request: Request) -> Answer {
        let caller = Arc::new(caller);
        let door = &self.parts.door;
        if self.kind(&mut request) != Some(Kind::Query) {
            return self.answer(&caller, request, door.snapshot(caller.clone())).await.0;
        }
        // a query may be asked twice: the first time, what was known of the caller is taken for granted
        let mut again = Request::new(request.query.clone()).variables(request.variables.clone());
        again.operation_name.clone_from(&request.operation_name);
        again.introspection_mode = request.introspection_mode;
        match self.answer(&caller, request, door.assuming_snapshot(caller.clone())).await {
            (answer, true) => answer,
            (_, false) => self.answer(&caller, again, door.snapshot(caller.clone())).await.0,
        }
    }

    /// The answer, and whether it holds.
    async fn answer(
        &self,
        caller: &Arc<Caller>,
        request: Request,
        snapshot: Arc<Snapshot>,
    ) -> (Answer, bool) {
        let begun = Executed::default();
        let request = request.data(self.visit(caller, snapshot.clone())).data(begun.clone());
        let response = AssertUnwindSafe(self.inner.execute(request)).catch_unwind().await;
        let response = response.unwrap_or_else(|_| {
            Response::from_errors(vec![Fault::internal("a resolver panicked").at(None, Vec::new())])
        });
        let executed = begun.0.load(Ordering::Relaxed);
        let holds = !executed || snapshot.holds().await;
        let statements = snapshot.statements();
        snapshot.close();
        (Answer { statements, ..Answer::new(response, executed, &caller.request) }, holds)
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
        let snapshot = self.parts.door.snapshot(caller.clone());
        let visit = Visit { presence: Some(presence), resume_after, ..self.visit(&caller, snapshot) };
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
        self.parts.limits.check_text(&request.query).ok()?;
        self.documents.recall(request);
        let chosen = request.operation_name.clone();
        let operation = operation(request.parsed_query().ok()?, chosen.as_deref())?;
        Some(match operation.ty {
            OperationType::Query => Kind::Query,
            OperationType::Mutation => Kind::Mutation,
            OperationType::Subscription => Kind::Subscription,
        })
    }

    /// The view of a caller who asks in another language than GraphQL.
    pub fn visit_of(&self, caller: Caller) -> Visit {
        let caller = Arc::new(caller);
        self.visit(&caller, self.parts.door.snapshot(caller.clone()))
    }

    fn visit(&self, caller: &Arc<Caller>, snapshot: Arc<Snapshot>) -> Visit {
        Visit {
            door: self.parts.door.clone(),
            caller: caller.clone(),
            snapshot,
            seal: self.parts.seal.clone(),
            keys: self.parts.keys.clone(),
            outbound: self.parts.outbound.clone(),
            public_url: self.parts.public_url.clone(),
            pages: self.parts.pages,
            web_url: self.parts.web_url.clone(),
            hub: self.parts.hub.clone(),
            patience: self.parts.patience,
            presence: None,
            resume_after: None,
        }
    }
}

fn build(limits: Limits) -> async_graphql::SchemaBuilder<QueryRoot, MutationRoot, SubscriptionRoot> {
    async_graphql::Schema::build(QueryRoot, MutationRoot, SubscriptionRoot)
        .register_output_type::<rows::Keyless>()
        .extension(LimitsExtension(limits))
}

/// The schema in GraphQL's own language.
pub fn sdl() -> String {
    let options = async_graphql::SDLExportOptions::new().include_specified_by().use_space_ident();
    build(Limits::default()).finish().sdl_with_options(options)
}

/// Every permission that a type, a field, a mutation or a subscription of the schema needs.
pub fn permissions() -> BTreeSet<String> {
    let mut registry = Registry::default();
    <QueryRoot as OutputType>::create_type_info(&mut registry);
    <MutationRoot as OutputType>::create_type_info(&mut registry);
    <SubscriptionRoot as SubscriptionType>::create_type_info(&mut registry);
    rows::permissions_in(&registry)
}
