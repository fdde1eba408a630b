//! Variables: all there, and not too much of them.
use async_graphql::{Value, Variables, parser::types::OperationDefinition};

use super::Limits;
use crate::graph::fault::{Code, Fault};

/// Refuses an operation whose variables are not all there, before anything of it is executed.
pub(super) fn check_given(operation: &OperationDefinition, variables: &Variables) -> Result<(), Fault> {
    for definition in operation.variable_definitions.iter().map(|definition| &definition.node) {
        let name = &definition.name.node;
        let given = !matches!(variables.get(name), None | Some(Value::Null));
        if !given && !definition.var_type.node.nullable && definition.default_value.is_none() {
            let kind = &definition.var_type.node;
            return Err(Fault::bad_input(say!("the variable `${name}` of type `{kind}` is not given")));
        }
    }
    Ok(())
}

/// Refuses variables that are too large or too deep, naming the one.
pub(super) fn check_size(limits: &Limits, variables: &Variables) -> Result<(), Fault> {
    let mut all = 0_usize;
    for (name, value) in variables.iter() {
        let (bytes, depth) = size(value);
        all = all.saturating_add(bytes);
        for (what, found, limit) in
            [("bytes", all, limits.variable_bytes), ("levels", depth, limits.variable_depth)]
        {
            if found > limit {
                let message = say!(
                    "with `${name}` the variables have {found} {what}; {limit} are allowed: send less at once"
                );
                let fault = Fault::new(Code::VariablesTooLarge, message);
                return Err(fault.with("limit", limit).with("requested", found));
            }
        }
    }
    Ok(())
}

/// About as many bytes as JSON takes for it, and how deep lists and objects stand in each other.
fn size(value: &Value) -> (usize, usize) {
    let inside = |parts: &mut dyn Iterator<Item = (usize, &Value)>| {
        let (bytes, depth) = parts.fold((2, 0), |(bytes, depth): (usize, usize), (key, value)| {
            let (inner, deep) = size(value);
            (bytes.saturating_add(key).saturating_add(inner).saturating_add(1), depth.max(deep))
        });
        (bytes, depth + 1)
    };
    match value {
        Value::String(text) => (text.len() + 2, 0),
        Value::Enum(name) => (name.len(), 0),
        Value::Binary(bytes) => (bytes.len(), 0),
        Value::List(items) => inside(&mut items.iter().map(|item| (0, item))),
        Value::Object(fields) => inside(&mut fields.iter().map(|(key, value)| (key.len() + 3, value))),
        Value::Null | Value::Number(_) | Value::Boolean(_) => (5, 0),
    }
}
