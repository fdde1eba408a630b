//! The schema as the transports use it: a request and its caller in, the text of an answer out.
use std::{collections::BTreeSet, panic::AssertUnwindSafe, sync::Arc};

use async_graphql::{OutputType, Request, Response, SubscriptionType, registry::Registry};
use futures_util::{FutureExt, StreamExt, stream::BoxStream};

use super::{
    fault::Fault,
    limits::{Limits, LimitsExtension},
    mutation::MutationRoot,
    rows::{self, QueryRoot},
    seal::Seal,
    subscription::SubscriptionRoot,
    visit::{PageSizes, Visit},
};
use crate::{
    live::Hub,
    store::door::{Caller, Door},
};

/// What the schema is built from.
pub struct SchemaParts {
    pub door: Door,
    pub seal: Arc<Seal>,
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
        let execution = AssertUnwindSafe(self.inner.execute(request.data(visit))).catch_unwind();
        let mut response = match execution.await {
            Ok(response) => response,
            Err(_) => {
                Response::from_errors(vec![Fault::internal("a resolver panicked").at(None, Vec::new())])
            }
        };
        let statements = snapshot.statements();
        // the client need not wait for the end of the transaction
        tokio::spawn(snapshot.close());
        let executed = response.data != async_graphql::Value::Null || response.errors.is_empty();
        super::limits::finish(&mut response, &caller.request);
        Answer { body: rows::response(&response), executed, statements }
    }

    /// Answers a subscription with one answer per event; a query or mutation with one. The stream ends when the
    /// subscription does; dropping it ends the subscription.
    pub fn stream(&self, caller: Caller, request: Request) -> BoxStream<'static, Answer> {
        let caller = Arc::new(caller);
        let visit = self.visit(&caller);
        let responses = self.inner.execute_stream(request.data(visit));
        responses
            .map(move |mut response| {
                let executed = response.data != async_graphql::Value::Null || response.errors.is_empty();
                super::limits::finish(&mut response, &caller.request);
                Answer { body: rows::response(&response), executed, statements: 0 }
            })
            .boxed()
    }

    fn visit(&self, caller: &Arc<Caller>) -> Visit {
        Visit {
            door: self.parts.door.clone(),
            caller: caller.clone(),
            snapshot: self.parts.door.snapshot(caller.clone()),
            seal: self.parts.seal.clone(),
            pages: self.parts.pages,
            hub: self.parts.hub.clone(),
            retention: self.parts.retention,
            resume_after: None,
        }
    }
}

fn build(limits: Limits) -> Inner {
    async_graphql::Schema::build(QueryRoot, MutationRoot, SubscriptionRoot)
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
