//! The interfaces of the schema: what many types have in common.
use std::borrow::Cow;

use async_graphql::{
    ContextSelectionSet, InputType, OutputType, Positioned, ServerError, ServerResult, Value,
    indexmap::IndexSet,
    parser::types::Field,
    registry::{MetaField, MetaType, Registry},
};

use super::register::field;
use crate::graph::{
    deprecated,
    scalar::{EventCursor, Scalar},
    user_error::UserErrorCode,
};

/// Makes an interface known.
pub fn register(registry: &mut Registry, name: &str) {
    if registry.types.contains_key(name) {
        return;
    }
    let (about, fields) = match name {
        "Node" => ("Anything with an id of its own.", vec![id(), super::viewer_can::field()]),
        "Record" => {
            let moment = <chrono::DateTime<chrono::Utc> as Scalar>::register(registry);
            let fields = vec![
                id(),
                super::viewer_can::field(),
                field("version", "Int!", "Counts the changes: send it back as `expectedVersion`."),
                field("createdAt", &moment, "When it was made."),
                field("updatedAt", &moment, "When it was changed last."),
            ];
            ("Something that people make and change.", fields)
        }
        "UserError" => {
            let code = <UserErrorCode as InputType>::create_type_info(registry);
            let fields = vec![
                field("code", &code, "What kind of mistake, for programs."),
                field("message", "String!", "What is wrong and what would be right, for people."),
                field("path", "[String!]!", "Where in the arguments: `[\"input\", \"value\"]`."),
            ];
            ("Something that the person can mend.", fields)
        }
        _ => {
            let cursor = <EventCursor as Scalar>::register(registry);
            let moment = <chrono::DateTime<chrono::Utc> as Scalar>::register(registry);
            let fields = vec![
                field(
                    "cursor",
                    &cursor,
                    "The place in the organization's events: subscribe `after` it to miss nothing.",
                ),
                field("occurredAt", &moment, "When it happened."),
            ];
            ("Something that happened.", fields)
        }
    };
    let fields = fields.into_iter().map(|field: MetaField| (field.name.clone(), field)).collect();
    let interface = MetaType::Interface {
        name: name.to_owned(),
        description: Some(about.to_owned()),
        fields,
        possible_types: IndexSet::new(),
        extends: false,
        inaccessible: false,
        tags: Vec::new(),
        // async-graphql leaves out what no field returns, unless it has a key: taken away again by `Keyless`
        keys: Some(vec!["id".to_owned()]),
        visible: None,
        rust_typename: None,
        directive_invocations: Vec::new(),
        requires_scopes: Vec::new(),
    };
    registry.types.insert(name.to_owned(), interface);
}

fn id() -> MetaField {
    field("id", "ID!", "Unique and stable; says its type: `deal_01jd3v…`.")
}

/// Registered last, when what nothing refers to has been left out: takes the keys from the interfaces, which would
/// make the schema one of a federation, and marks what is deprecated, wherever its type was declared.
pub struct Keyless;

impl OutputType for Keyless {
    fn type_name() -> Cow<'static, str> {
        "Query".into()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        for ty in registry.types.values_mut() {
            if let MetaType::Interface { keys, .. } = ty {
                *keys = None;
            }
        }
        deprecated::mark(registry, deprecated::DEPRECATED);
        Self::type_name().into_owned()
    }

    async fn resolve(&self, _: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        Err(ServerError::new("nothing is ever of this type", Some(field.pos)))
    }
}
