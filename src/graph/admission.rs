//! The way in: every request, on whichever transport it came, passes here before anything is done for it. Its document
//! is found and measured, and its points are taken.
use std::sync::Arc;

use async_graphql::{Request, ServerError, parser::types::OperationType};

use super::{
    deprecated::Deprecated,
    documents::{named, operation},
    fault::{Code, Fault},
    limits::Cost,
    persisted::Reference,
    rates::{Balance, Exhausted},
    schema::{Answer, Schema},
};
use crate::{
    store::door::Caller,
    telemetry::{self, Operation},
};

/// What a request costs that is refused: it has taken some work, and another one is to come.
const REFUSED: usize = 10;

/// A request as it came.
pub struct Asked {
    pub request: Request,
    /// By what its document is asked for, if not by its text alone.
    pub reference: Option<Reference>,
    /// Whether it is only asked what it would cost.
    pub cost_only: bool,
    /// Whether it is asked what was done for it, level by level.
    pub traced: bool,
}

impl From<Request> for Asked {
    fn from(request: Request) -> Self {
        Self { request, reference: None, cost_only: false, traced: false }
    }
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Query,
    Mutation,
    Subscription,
}

impl Kind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Mutation => "mutation",
            Self::Subscription => "subscription",
        }
    }
}

/// A request that was let in.
pub struct Admitted {
    pub(super) caller: Arc<Caller>,
    pub(super) request: Request,
    /// None where the document has no such operation, which is said by executing it.
    pub kind: Option<Kind>,
    pub(super) cost: Cost,
    pub(super) balance: Option<Balance>,
    /// Whether nothing is to be done, only said what it would cost.
    pub(super) cost_only: bool,
    /// What it uses that is on its way out of the schema.
    pub deprecated: Vec<&'static Deprecated>,
}

impl Admitted {
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The same, to be answered another time.
    pub(super) fn again(&self) -> Self {
        let mut request = Request::new(self.request.query.clone()).variables(self.request.variables.clone());
        request.operation_name.clone_from(&self.request.operation_name);
        let (caller, deprecated) = (self.caller.clone(), self.deprecated.clone());
        Self { caller, request, deprecated, ..*self }
    }
}

/// A request that was not let in.
pub struct Refused {
    pub answer: Answer,
    /// What it would have done, as far as it is known.
    pub kind: Option<Kind>,
}

/// Why it was not.
enum Stop {
    Error(Box<ServerError>),
    Exhausted(Exhausted),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Error(Box::new(fault.at(None, Vec::new())))
    }
}

impl Schema {
    /// Lets a request in, or says why not.
    pub async fn admit(&self, caller: Caller, asked: impl Into<Asked>) -> Result<Admitted, Box<Refused>> {
        let caller = Arc::new(caller);
        let Asked { mut request, reference, cost_only, traced } = asked.into();
        let mut kind = None;
        if let Some(trace) = telemetry::current().filter(|_| traced && self.parts.traced.of(&caller)) {
            trace.detail();
        }
        let passed = match self.pass(&caller, &mut request, reference, &mut kind).await {
            Ok((cost, deprecated)) => {
                let points = if cost_only { 1 } else { cost.requested };
                self.take(&caller, points).map(|balance| (cost, deprecated, balance))
            }
            Err(stop) => Err(self.take(&caller, REFUSED).err().unwrap_or(stop)),
        };
        let (error, exhausted) = match passed {
            Ok((cost, deprecated, balance)) => {
                // whatever it would do, it is answered as what only reads
                let kind = if cost_only { Some(Kind::Query) } else { kind };
                return Ok(Admitted { caller, request, kind, cost, balance, cost_only, deprecated });
            }
            Err(Stop::Error(error)) => (*error, None),
            Err(Stop::Exhausted(exhausted)) => (exhausted.fault().at(None, Vec::new()), Some(exhausted)),
        };
        let answer = Answer::of_error(error, self.reader(&caller));
        Err(Box::new(Refused { answer: Answer { exhausted, ..answer }, kind }))
    }

    /// Takes the points of what is asked in another language than GraphQL.
    pub fn charge(&self, caller: &Caller, points: usize) -> Result<(), Exhausted> {
        self.rates.take(caller, self.parts.door.is_genuine(caller), points).map(drop)
    }

    fn take(&self, caller: &Caller, points: usize) -> Result<Option<Balance>, Stop> {
        self.rates.take(caller, self.parts.door.is_genuine(caller), points).map_err(Stop::Exhausted)
    }

    async fn pass(
        &self,
        caller: &Caller,
        request: &mut Request,
        reference: Option<Reference>,
        kind: &mut Option<Kind>,
    ) -> Result<(Cost, Vec<&'static Deprecated>), Stop> {
        let parts = &self.parts;
        if let Some(Reference::Hash(_)) = reference {
            // what is too long is not remembered
            parts.limits.check_text(&request.query)?;
        }
        let published = match &reference {
            Some(reference) => {
                self.persisted.find(&parts.door, caller, reference, &mut request.query).await?
            }
            None => None,
        };
        if !self.documents.recall(request) {
            parts.limits.check_text(&request.query)?;
        }
        let chosen = request.operation_name.clone();
        let variables = std::mem::take(&mut request.variables);
        let may_be_deprecated = self.deprecated.may_be_in(&request.query);
        let document = request.parsed_query().map_err(|mut error| {
            error.extensions.get_or_insert_default().set("code", Code::ParseFailed.as_str());
            Stop::Error(Box::new(error))
        })?;
        *kind = operation(document, chosen.as_deref()).map(|operation| match operation.ty {
            OperationType::Query => Kind::Query,
            OperationType::Mutation => Kind::Mutation,
            OperationType::Subscription => Kind::Subscription,
        });
        let checked = parts.limits.check(document, chosen.as_deref(), &variables, &self.shapes, caller);
        // what is too large is not looked at any further
        let executed = operation(document, chosen.as_deref()).filter(|_| checked.is_ok());
        let deprecated =
            executed.map(|executed| self.deprecated.find(may_be_deprecated, document, executed, &variables));
        let deprecated = deprecated.unwrap_or_default();
        if let Some(trace) = telemetry::current() {
            trace.operation(Operation {
                kind: kind.map(Kind::as_str),
                name: named(document, chosen.as_deref()),
                is_published: published == Some(true),
                organization: caller.organization,
                requested: checked.as_ref().map(|cost| cost.requested).unwrap_or_default(),
                actual: None,
                client: client(caller),
                api_key: caller.api_key,
                deprecated: deprecated.iter().map(|one| one.what).collect(),
            });
        }
        let cost = checked?;
        request.variables = variables;
        if cost.introspects && !self.is_shown_to(caller) {
            let message = say!("the schema is not shown to you: PORTICO_INTROSPECTION says to whom it is");
            return Err(Fault::new(Code::IntrospectionDisabled, message).into());
        }
        if parts.trusted_only.of(caller) && published != Some(true) {
            let named = chosen.as_deref();
            self.persisted.check_trusted(&parts.door, caller, &request.query, named).await?;
        }
        Ok((cost, deprecated))
    }
}

/// What kind of client it is, as operators see it.
const fn client(caller: &Caller) -> &'static str {
    match (caller.api_key, caller.user) {
        (Some(_), _) => "api_key",
        (None, Some(_)) => "person",
        (None, None) => "anonymous",
    }
}
