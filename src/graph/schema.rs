//! The schema as the transports use it: a request and its caller in, the text of an answer out.
use std::{
    collections::BTreeSet,
    ops::Deref,
    panic::AssertUnwindSafe,
    sync::{Arc, LazyLock},
    time::Duration,
};

use async_graphql::{OutputType, Response, ServerError, SubscriptionType, Value, registry::Registry};
pub use async_graphql::{Request, Variables};
use futures_util::{
    FutureExt, StreamExt,
    stream::{self, BoxStream},
};

pub use super::{
    admission::{Admitted, Asked, Kind, Refused},
    fault::{Code, Fault},
    persisted::Reference,
    rates::{Exhausted, RateSettings},
};
use super::{
    deprecated::{self, Deprecated},
    documents::Documents,
    export, import,
    limits::{ByKind, Cost, Limits, Reader, Shapes},
    mutation::MutationRoot,
    persisted::Persisted,
    rates::Rates,
    rows::{self, QueryRoot},
    seal::Seal,
    slow::SlowLog,
    subscription::SubscriptionRoot,
    visit::{PageSizes, Progress, Visit},
};
use crate::{
    credential::Keys,
    language::Language,
    live::{Hub, Patience, presence::Presence},
    outbound::Outbound,
    store::{
        clock::Steady,
        door::{Caller, Door, Snapshot},
    },
    telemetry,
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
    pub rates: RateSettings,
    /// By which buckets of points fill up again.
    pub clock: Steady,
    /// Who may ask about the schema itself.
    pub introspection: ByKind<bool>,
    /// Who is answered documents only that were published.
    pub trusted_only: ByKind<bool>,
    /// Who is told what was done for a request, if they ask.
    pub traced: ByKind<bool>,
    /// Operations that take longer are noted; none where nothing is said.
    pub slow_after: Option<Duration>,
    /// Whether documents are remembered by their hashes.
    pub persisted_queries: bool,
    pub pages: PageSizes,
    /// Where the web application is, for links in mails.
    pub web_url: Option<Arc<str>>,
    pub hub: Arc<Hub>,
    /// What is borne with before a subscriber has to begin anew.
    pub patience: Patience,
    /// How much may be exported, and imported.
    pub exports: export::Rules,
    pub imports: import::Rules,
}

type Inner = async_graphql::Schema<QueryRoot, MutationRoot, SubscriptionRoot>;

/// The schema and all it needs to answer.
#[derive(Clone)]
pub struct Schema(Arc<Core>);

/// What all copies of a schema share.
pub struct Core {
    inner: Inner,
    pub(super) documents: Documents,
    pub(super) persisted: Arc<Persisted>,
    pub(super) rates: Arc<Rates>,
    pub(super) shapes: Arc<Shapes>,
    pub(super) deprecated: deprecated::Uses,
    slow: SlowLog,
    pub(super) parts: Arc<SchemaParts>,
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
    /// The code of the first of them.
    pub code: Option<String>,
    /// Where in the event log the event stands that it tells, if it tells one.
    pub cursor: Option<String>,
    /// Where it was refused since too much was asked for in a time: how much.
    pub exhausted: Option<Exhausted>,
    /// What was asked for that is on its way out of the schema.
    pub deprecated: Vec<&'static Deprecated>,
}

impl Answer {
    /// The answer to a request that was refused before the schema saw it.
    pub fn refused(fault: &Fault, request: &str, language: Language) -> Self {
        let reader = Reader { request, language, suggests: false };
        Self::of_error(fault.at(None, Vec::new()), reader)
    }

    pub(super) fn of_error(error: ServerError, reader: Reader<'_>) -> Self {
        Self::new(Response::from_errors(vec![error]), false, reader, None)
    }

    /// `cost` is told with what it came to.
    fn new(mut response: Response, executed: bool, reader: Reader<'_>, cost: Option<(Cost, usize)>) -> Self {
        reader.finish(&mut response);
        let cursor = match response.extensions.get("cursor") {
            Some(Value::String(cursor)) => Some(cursor.clone()),
            _ => None,
        };
        let code =
            response.errors.first().and_then(|error| match error.extensions.as_ref()?.get("code")? {
                Value::String(code) => Some(code.clone()),
                _ => None,
            });
        let body = match cost.filter(|_| executed) {
            Some((Cost { requested, limit, .. }, actual)) => {
                let trace = telemetry::current().filter(|trace| trace.is_detailed());
                let trace = trace.map(|trace| format!(",\"trace\":{}", trace.levels())).unwrap_or_default();
                let told = format_args!(
                    "\"cost\":{{\"requested\":{requested},\"actual\":{actual},\"limit\":{limit}}}{trace}"
                );
                rows::response(&response, executed, Some(told))
            }
            None => rows::response(&response, executed, None),
        };
        let errors = response.errors.len();
        Self { body, executed, statements: 0, errors, code, cursor, exhausted: None, deprecated: Vec::new() }
    }
}

impl Deref for Schema {
    type Target = Core;
    fn deref(&self) -> &Core {
        &self.0
    }
}

impl Schema {
    pub fn new(parts: SchemaParts) -> Self {
        let documents = Documents::new();
        let registry = registry();
        let deprecated = deprecated::Uses::of(&registry, deprecated::DEPRECATED);
        let shapes = Arc::new(Shapes::of(&registry, parts.pages));
        // two of them at once would be the largest thing in memory
        drop(registry);
        Self(Arc::new(Core {
            inner: build().extension(documents.clone()).finish(),
            deprecated,
            documents,
            persisted: Arc::new(Persisted::new(parts.persisted_queries)),
            rates: Arc::new(Rates::new(&parts.rates, &parts.clock)),
            shapes,
            slow: SlowLog::new(parts.slow_after),
            parts: Arc::new(parts),
        }))
    }

    pub fn door(&self) -> &Door {
        &self.parts.door
    }

    /// Where subscribers hear of what was committed.
    pub fn hub(&self) -> &Arc<Hub> {
        &self.parts.hub
    }

    pub fn keys(&self) -> &Keys {
        &self.parts.keys
    }

    /// Whether a caller may ask about the schema itself.
    pub fn is_shown_to(&self, caller: &Caller) -> bool {
        self.parts.introspection.of(caller)
    }

    /// Who reads what is answered to a caller.
    pub(super) fn reader<'c>(&self, caller: &'c Caller) -> Reader<'c> {
        let Caller { request, language, .. } = caller;
        Reader { request, language: *language, suggests: self.is_shown_to(caller) }
    }

    /// Forgets whose buckets of points are full again.
    pub fn tidy(&self) {
        self.rates.forget_full();
    }

    /// Answers a query or a mutation, if it is let in.
    pub async fn execute(&self, caller: Caller, asked: impl Into<Asked>) -> Answer {
        match self.admit(caller, asked).await {
            Ok(admitted) => self.answer(admitted).await,
            Err(refused) => refused.answer,
        }
    }

    /// Answers a query or a mutation that was let in.
    pub async fn answer(&self, admitted: Admitted) -> Answer {
        let caller = admitted.caller.clone();
        let answer = self.answer_now(admitted).await;
        self.slow.consider(&self.parts.door, caller, answer.code.as_deref());
        answer
    }

    async fn answer_now(&self, admitted: Admitted) -> Answer {
        let door = &self.parts.door;
        let caller = admitted.caller.clone();
        if admitted.kind != Some(Kind::Query) {
            return self.answer_in(admitted, door.snapshot(caller)).await.0;
        }
        // a query may be asked twice: the first time, what was known of the caller is taken for granted
        let again = admitted.again();
        match self.answer_in(admitted, door.assuming_snapshot(caller.clone())).await {
            (answer, true) => answer,
            (_, false) => self.answer_in(again, door.snapshot(caller)).await.0,
        }
    }

    /// The answer, and whether it holds.
    async fn answer_in(&self, admitted: Admitted, snapshot: Arc<Snapshot>) -> (Answer, bool) {
        let Admitted { caller, request, cost, balance, cost_only, deprecated, .. } = admitted;
        let visit = Visit { balance, cost_only, ..self.visit_in(&caller, snapshot.clone()) };
        let progress = visit.progress.clone();
        let mut response = self.respond(visit, request).await;
        let executed = progress.has_begun();
        if executed {
            tell(&mut response, &deprecated);
        }
        let holds = !executed || cost_only || snapshot.holds().await;
        let statements = snapshot.statements();
        snapshot.close();
        let actual = if cost_only { 0 } else { cost.actual(progress.rows()) };
        if let Some(trace) = telemetry::current() {
            trace.cost(actual);
        }
        let answer = Answer::new(response, executed, self.reader(&caller), Some((cost, actual)));
        let deprecated = if executed { deprecated } else { Vec::new() };
        (Answer { statements, deprecated, ..answer }, holds)
    }

    /// What a request comes to.
    pub(super) async fn respond(&self, visit: Visit, request: Request) -> Response {
        let response = AssertUnwindSafe(self.inner.execute(request.data(visit))).catch_unwind().await;
        response.unwrap_or_else(|_| {
            Response::from_errors(vec![Fault::internal("a resolver panicked").at(None, Vec::new())])
        })
    }

    /// Watches over somebody who stays, for as long as a copy of what is given is kept.
    pub fn welcome(&self, caller: Caller) -> Presence {
        Presence::begin(self.parts.hub.clone(), Arc::new(caller))
    }

    /// Answers a subscription of somebody who does nothing else, if it is let in.
    pub fn stream(
        &self,
        caller: Caller,
        asked: impl Into<Asked>,
        resume_after: Option<String>,
    ) -> BoxStream<'static, Answer> {
        let (schema, asked) = (self.clone(), asked.into());
        let answers = stream::once(async move {
            let presence = schema.welcome(caller.clone());
            match schema.admit(caller, asked).await {
                Ok(admitted) => schema.follow(presence, admitted, resume_after),
                Err(refused) => stream::iter([refused.answer]).boxed(),
            }
        });
        answers.flatten().boxed()
    }

    /// Answers a subscription that was let in, with one answer per event, after the event `resume_after` where a client
    /// comes back. The stream ends when the subscription does; dropping it ends the subscription.
    pub fn follow(
        &self,
        presence: Presence,
        admitted: Admitted,
        resume_after: Option<String>,
    ) -> BoxStream<'static, Answer> {
        let Admitted { caller, request, balance, deprecated, .. } = admitted;
        let snapshot = self.parts.door.snapshot(caller.clone());
        let visit =
            Visit { presence: Some(presence), resume_after, balance, ..self.visit_in(&caller, snapshot) };
        let schema = self.clone();
        let responses = self.inner.execute_stream(request.data(visit));
        responses
            .map(move |mut response| {
                let executed = response.data != Value::Null || response.extensions.contains_key("cursor");
                if executed {
                    tell(&mut response, &deprecated);
                }
                Answer::new(response, executed, schema.reader(&caller), None)
            })
            .boxed()
    }

    /// The view of a caller who asks in another language than GraphQL.
    pub fn visit_of(&self, caller: Caller) -> Visit {
        let caller = Arc::new(caller);
        self.visit_in(&caller, self.parts.door.snapshot(caller.clone()))
    }

    /// The view of a caller who sees what `snapshot` shows.
    pub(super) fn visit_in(&self, caller: &Arc<Caller>, snapshot: Arc<Snapshot>) -> Visit {
        Visit {
            schema: self.clone(),
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
            balance: None,
            progress: Arc::<Progress>::default(),
            cost_only: false,
        }
    }
}

/// Says what was used that is on its way out of the schema.
fn tell(response: &mut Response, deprecated: &[&'static Deprecated]) {
    if !deprecated.is_empty() {
        let told = deprecated.iter().map(|one| Value::from(one.what)).collect();
        response.extensions.insert("deprecations".to_owned(), Value::List(told));
    }
}

pub(super) fn build() -> async_graphql::SchemaBuilder<QueryRoot, MutationRoot, SubscriptionRoot> {
    async_graphql::Schema::build(QueryRoot, MutationRoot, SubscriptionRoot)
        .register_output_type::<rows::Keyless>()
}

/// The schema in GraphQL's own language.
pub fn sdl() -> String {
    let options = async_graphql::SDLExportOptions::new().include_specified_by().use_space_ident();
    build().finish().sdl_with_options(options)
}

/// The types of the schema.
pub(super) fn registry() -> Registry {
    let mut registry = Registry::default();
    <QueryRoot as OutputType>::create_type_info(&mut registry);
    <MutationRoot as OutputType>::create_type_info(&mut registry);
    <SubscriptionRoot as SubscriptionType>::create_type_info(&mut registry);
    registry
}

/// The same, for those who read documents and inputs ahead.
pub(super) static REGISTRY: LazyLock<Registry> = LazyLock::new(registry);

/// Every permission that a type, a field, a mutation or a subscription of the schema needs.
pub fn permissions() -> BTreeSet<String> {
    rows::permissions_in(&registry())
}
