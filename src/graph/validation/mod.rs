//! What else a document has to be: rules of the specification that async-graphql does not hold, or not whole. It is asked
//! once for each text, after async-graphql has found nothing ([`super::documents`]); by then no fragment contains itself.
//!
//! * [`values`]: values are of the types that are expected where they stand, and so are variables
//! * [`overlap`]: what is told under one name is one thing
//! * [`names`]: no object names a part of it twice
//! * [`subscriptions`]: each has one field
mod names;
mod overlap;
mod subscriptions;
mod values;

use async_graphql::{
    Pos, ServerError,
    parser::types::{ExecutableDocument, OperationType},
    registry::{MetaType, Registry},
};

pub use values::{Expects, check_variable};

use super::fault::{Code, Fault};
use crate::language::Said;

/// What is wrong with a document, in its order.
pub fn check(registry: &Registry, text: &str, document: &ExecutableDocument) -> Result<(), Vec<ServerError>> {
    let mut errors = names::repeated(text);
    errors.extend(values::wrong_in(registry, document));
    errors.extend(overlap::conflicts(registry, document));
    errors.extend(subscriptions::wrong_in(document));
    errors.sort_by_key(|error| error.locations.first().map(|pos| (pos.line, pos.column)));
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// That this is wrong with what stands here, and there.
fn wrong<const PLACES: usize>(message: Said, places: [Pos; PLACES]) -> ServerError {
    let mut error = Fault::new(Code::ValidationFailed, message).at(None, Vec::new());
    error.locations = places.to_vec();
    error
}

/// The type of whose fields an operation selects.
fn root(registry: &Registry, ty: OperationType) -> Option<&MetaType> {
    let name = match ty {
        OperationType::Query => Some(&registry.query_type),
        OperationType::Mutation => registry.mutation_type.as_ref(),
        OperationType::Subscription => registry.subscription_type.as_ref(),
    };
    registry.types.get(name?)
}
