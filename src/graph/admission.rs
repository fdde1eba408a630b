//! The way in: every request, on whichever transport it came, passes here before anything is done for it. Its document
//! is found and measured, and its points are taken.
use std::sync::Arc;

use async_graphql::{Request, ServerError, parser::types::OperationType};

use super::{
    documents::operation,
    fault::{Code, Fault},
    limits::Cost,
    persisted::Reference,
    rates::{Balance, Exhausted},
    schema::{Answer, Schema},
};
use crate::store::door::Caller;

/// What a request costs that is refused: it has taken some work, and another one is to come.
const REFUSED: usize = 10;

/// A request as it came.
pub struct Asked {
    pub request: Request,
    /// By what its document is asked for, if not by its text alone.
    pub reference: Option<Reference>,
}

impl From<Request> for Asked {
    fn from(request: Request) -> Self {
        Self { request, reference: None }
    }
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Query,
    Mutation,
    Subscription,
}

/// A request that was let in.
pub struct Admitted {
    pub(super) caller: Arc<Caller>,
    pub(super) request: Request,
    /// None where the document has no such operation, which is said by executing it.
    pub kind: Option<Kind>,
    pub(super) cost: Cost,
    pub(super) balance: Option<Balance>,
}

impl Admitted {
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The same, to be answered another time.
    pub(super) fn again(&self) -> Self {
        let mut request = Request::new(self.request.query.clone()).variables(self.request.variables.clone());
        request.operation_name.clone_from(&self.request.operation_name);
        Self { caller: self.caller.clone(), request, ..*self }
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
        let Asked { mut request, reference } = asked.into();
        let mut kind = None;
        let passed = match self.pass(&caller, &mut request, reference, &mut kind).await {
            Ok(cost) => self.take(&caller, cost.requested).map(|balance| (cost, balance)),
            Err(stop) => Err(self.take(&caller, REFUSED).err().unwrap_or(stop)),
        };
        let (error, exhausted) = match passed {
            Ok((cost, balance)) => return Ok(Admitted { caller, request, kind, cost, balance }),
            Err(Stop::Error(error)) => (*error, None),
            Err(Stop::Exhausted(exhausted)) => (exhausted.fault().at(None, Vec::new()), Some(exhausted)),
        };
        let answer = Answer::of_error(error, &caller.request, self.is_shown_to(&caller));
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
    ) -> Result<Cost, Stop> {
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
        let document = request.parsed_query().map_err(|mut error| {
            error.extensions.get_or_insert_default().set("code", Code::ParseFailed.as_str());
            Stop::Error(Box::new(error))
        })?;
        *kind = operation(document, chosen.as_deref()).map(|operation| match operation.ty {
            OperationType::Query => Kind::Query,
            OperationType::Mutation => Kind::Mutation,
            OperationType::Subscription => Kind::Subscription,
        });
        let cost = parts.limits.check(document, chosen.as_deref(), &variables, &self.shapes, caller)?;
        request.variables = variables;
        if cost.introspects && !self.is_shown_to(caller) {
            let message = "the schema is not shown to you: PORTICO_INTROSPECTION says to whom it is";
            return Err(Fault::new(Code::IntrospectionDisabled, message).into());
        }
        if parts.trusted_only.of(caller) && published != Some(true) {
            let named = chosen.as_deref();
            self.persisted.check_trusted(&parts.door, caller, &request.query, named).await?;
        }
        Ok(cost)
    }
}
