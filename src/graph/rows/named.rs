//! The records that the input of a mutation names, wherever in it they stand.
use async_graphql::{
    Any, Context, Value,
    registry::{MetaType, Registry},
};

use super::AnyId;
use crate::graph::{schema::REGISTRY, visit::Args};

/// A record, and where it is named: `["input", "accountId"]`, `["input", "items", "3", "accountId"]`.
pub struct Named {
    pub path: Vec<String>,
    pub id: AnyId,
}

/// The records that the argument `input` of a mutation names.
pub fn named_in(ctx: &Context<'_>) -> Vec<Named> {
    match Args::of(ctx).get("input") {
        Ok(Any(value)) => in_value(&ctx.schema_env.registry, ctx.item.node.name.node.as_str(), &value),
        Err(_) => Vec::new(),
    }
}

/// The records that `input` names, which is given to `mutation`.
pub fn named_of(mutation: &str, input: &Value) -> Vec<Named> {
    in_value(&REGISTRY, mutation, input)
}

fn in_value(registry: &Registry, mutation: &str, value: &Value) -> Vec<Named> {
    let Some(MetaType::Object { fields, .. }) = registry.types.get("Mutation") else { return Vec::new() };
    let mut named = Vec::new();
    if let Some(input) = fields.get(mutation).and_then(|field| field.args.get("input")) {
        walk(registry, &input.ty, value, &["input"], &mut named);
    }
    named
}

fn walk(registry: &Registry, ty: &str, value: &Value, path: &[&str], named: &mut Vec<Named>) {
    let ty = ty.trim_end_matches('!');
    if let Some(item) = ty.strip_prefix('[').and_then(|ty| ty.strip_suffix(']')) {
        let values = match value {
            Value::List(values) => values.as_slice(),
            // one stands for a list of one
            one => std::slice::from_ref(one),
        };
        let objects =
            matches!(registry.types.get(item.trim_end_matches('!')), Some(MetaType::InputObject { .. }));
        for (index, value) in values.iter().enumerate() {
            let index = index.to_string();
            let below = if objects { &[index.as_str()][..] } else { &[] };
            walk(registry, item, value, &[path, below].concat(), named);
        }
        return;
    }
    match (value, registry.types.get(ty)) {
        (Value::String(text), _) if ty == "ID" => {
            // what is no id is refused where it is read
            if let Ok(id) = AnyId::parse(text) {
                named.push(Named { path: path.iter().map(|step| (*step).to_owned()).collect(), id });
            }
        }
        (Value::Object(parts), Some(MetaType::InputObject { input_fields, .. })) => {
            for (name, value) in parts {
                if let Some(field) = input_fields.get(name.as_str()) {
                    walk(registry, &field.ty, value, &[path, &[name.as_str()]].concat(), named);
                }
            }
        }
        _ => {}
    }
}
