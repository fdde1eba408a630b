//! Whether a filter holds for something at hand: one of several values that a change is about.
use serde_json::Value;

use super::{
    error::{Error, Result},
    filter::{Filter, Operator, Path},
    schema::{Attribute, Type},
};

/// Finds the attribute that a path names; none where it is never there.
type Find<'f> = &'f dyn Fn(&Path) -> Result<Option<&'static Attribute>>;

/// Whether `filter` holds for `value`, an object.
pub fn matches(filter: &Filter, value: &Value, find: Find<'_>) -> Result<bool> {
    Ok(match filter {
        Filter::And(parts) => {
            parts.iter().try_fold(true, |all, part| Ok::<_, Error>(all && matches(part, value, find)?))?
        }
        Filter::Or(parts) => {
            parts.iter().try_fold(false, |any, part| Ok::<_, Error>(any || matches(part, value, find)?))?
        }
        Filter::Not(part) => !matches(part, value, find)?,
        Filter::Present(path) => find(path)?.is_some_and(|attribute| value.get(attribute.name).is_some()),
        Filter::Has(path, _) => return Err(Error::filter(format!("`{path}` has no values of its own"))),
        Filter::Compare(path, operator, wanted) => match find(path)? {
            Some(attribute) => compare(attribute, *operator, value.get(attribute.name), wanted)?,
            None => *operator == Operator::Ne,
        },
    })
}

fn compare(attribute: &Attribute, operator: Operator, found: Option<&Value>, wanted: &Value) -> Result<bool> {
    let is = |found: &Value, wanted: &Value| match (found, wanted) {
        (Value::String(found), Value::String(wanted)) if !attribute.is_exact() => {
            found.to_lowercase() == wanted.to_lowercase()
        }
        _ => found == wanted,
    };
    let wanted = wanted_of(attribute, operator, wanted)?;
    let (found, wanted) = match (operator, found, wanted) {
        (Operator::Eq, found, None) => return Ok(found.is_none()),
        (Operator::Ne, found, None) => return Ok(found.is_some()),
        (Operator::Eq, found, Some(wanted)) => return Ok(found.is_some_and(|found| is(found, &wanted))),
        (Operator::Ne, found, Some(wanted)) => return Ok(!found.is_some_and(|found| is(found, &wanted))),
        (_, Some(Value::String(found)), Some(Value::String(wanted))) => {
            (found.to_lowercase(), wanted.to_lowercase())
        }
        _ => return Ok(false),
    };
    Ok(match operator {
        Operator::Co => found.contains(&wanted),
        Operator::Sw => found.starts_with(&wanted),
        Operator::Ew => found.ends_with(&wanted),
        Operator::Gt => found > wanted,
        Operator::Ge => found >= wanted,
        Operator::Lt => found < wanted,
        Operator::Le => found <= wanted,
        Operator::Eq | Operator::Ne => false,
    })
}

/// What an attribute is compared with, in its own form; refused where the two do not go together. Null is none.
pub fn wanted_of(attribute: &Attribute, operator: Operator, value: &Value) -> Result<Option<Value>> {
    let equal = matches!(operator, Operator::Eq | Operator::Ne);
    let wrong = || Error::filter(format!("`{}` cannot be compared like that", attribute.name));
    match (attribute.ty, value) {
        (_, Value::Null) if equal => Ok(None),
        (Type::Bool, Value::Bool(_) | Value::String(_)) if equal => {
            attribute.read_one(value).map_err(|_other| wrong())
        }
        (Type::Text | Type::Reference(_), Value::String(text)) => Ok(Some(text.as_str().into())),
        _ => Err(wrong()),
    }
}
