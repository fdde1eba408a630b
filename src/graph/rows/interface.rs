//! The interfaces of the schema: what many types have in common.
use async_graphql::{
    InputType,
    indexmap::IndexSet,
    registry::{MetaField, MetaType, Registry},
};

use super::register::field;
use crate::graph::{scalar::Scalar, user_error::UserErrorCode};

/// Makes an interface known.
pub fn register(registry: &mut Registry, name: &str) {
    if registry.types.contains_key(name) {
        return;
    }
    let (about, fields) = match name {
        "Node" => ("Anything with an id of its own.", vec![id()]),
        "Record" => {
            let moment = <chrono::DateTime<chrono::Utc> as Scalar>::register(registry);
            let fields = vec![
                id(),
                field("version", "Int!", "Counts the changes: send it back as `expectedVersion`."),
                field("createdAt", &moment, "When it was made."),
                field("updatedAt", &moment, "When it was changed last."),
            ];
            ("Something that people make and change.", fields)
        }
        "UserError" => {
            let code = UserErrorCode::create_type_info(registry);
            let fields = vec![
                field("code", &code, "What kind of mistake, for programs."),
                field("message", "String!", "What is wrong and what would be right, for people."),
                field("path", "[String!]!", "Where in the arguments: `[\"input\", \"value\"]`."),
            ];
            ("Something that the person can mend.", fields)
        }
        _ => {
            let moment = <chrono::DateTime<chrono::Utc> as Scalar>::register(registry);
            let fields = vec![
                field(
                    "cursor",
                    "String!",
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
        // async-graphql leaves out what no field returns, unless it has a key; only federation would show it
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
