//! Changes of a resource (RFC 7644 §3.5.2), done to the resource as it is told: what comes out is then written like a
//! whole new one. Directories differ in how they say the same; what can only mean one thing is taken.
use serde_json::{Map, Value, json};

use super::{
    error::{Error, Kind, Result},
    filter::{Filter, Operator, Path, Target},
    matches::matches,
    schema::{Attribute, Found, Resource, Type, entry},
};

pub const SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// More changes at once are refused.
const MOST: usize = 1000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Add,
    Remove,
    Replace,
}

/// `before` as the operations of `body` leave it.
pub fn apply(
    resource: &'static Resource,
    before: Map<String, Value>,
    body: &Value,
) -> Result<Map<String, Value>> {
    let body =
        body.as_object().ok_or_else(|| Error::bad(Kind::InvalidSyntax, "the body is no JSON object"))?;
    let operations = entry(body, "Operations").and_then(Value::as_array);
    let operations = operations
        .filter(|operations| !operations.is_empty())
        .ok_or_else(|| Error::bad(Kind::InvalidSyntax, "the body has no `Operations`"))?;
    if operations.len() > MOST {
        let detail = format!("at most {MOST} operations at once");
        return Err(Error { kind: Some(Kind::TooMany), ..Error::new(413, detail) });
    }
    let mut change = Change { resource, now: before };
    operations.iter().try_for_each(|operation| change.operation(operation))?;
    Ok(change.now)
}

struct Change {
    resource: &'static Resource,
    now: Map<String, Value>,
}

impl Change {
    fn operation(&mut self, operation: &Value) -> Result<()> {
        let syntax = |detail: &str| Error::bad(Kind::InvalidSyntax, detail);
        let operation = operation.as_object().ok_or_else(|| syntax("an operation is no JSON object"))?;
        let act = entry(operation, "op").and_then(Value::as_str).unwrap_or_default();
        let act = match act.to_ascii_lowercase().as_str() {
            "add" => Act::Add,
            "remove" => Act::Remove,
            "replace" => Act::Replace,
            _ => return Err(syntax("`op` is add, remove or replace")),
        };
        let value = entry(operation, "value").unwrap_or(&Value::Null);
        match (entry(operation, "path").filter(|path| !path.is_null()), act) {
            (Some(Value::String(path)), _) => self.at(act, path, value, true),
            (Some(_), _) => Err(Error::bad(Kind::InvalidPath, "`path` is no text")),
            (None, Act::Remove) => Err(Error::bad(Kind::NoTarget, "say by `path` what to remove")),
            (None, _) => {
                let parts = value
                    .as_object()
                    .ok_or_else(|| Error::value("without a `path`, the value is an object of attributes"))?;
                parts.iter().try_for_each(|(path, value)| self.at(act, path, value, false))
            }
        }
    }

    /// `named` says that the client has named the attribute, instead of sending along all that it knows.
    fn at(&mut self, act: Act, path: &str, value: &Value, named: bool) -> Result<()> {
        if !named && path.eq_ignore_ascii_case("schemas") {
            return Ok(());
        }
        if let Some((schema, _)) = self.resource.extension.filter(|(id, _)| id.eq_ignore_ascii_case(path)) {
            return self.extension(act, schema, value);
        }
        let target = Target::parse(path)?;
        let found = match self.resource.find(&target.path, Kind::InvalidPath) {
            Err(_) if !named => None,
            found => found?,
        };
        let Some(found) = found else { return Ok(()) };
        let read_only = found.attribute.read_only || found.sub.is_some_and(|sub| sub.read_only);
        if read_only && !named {
            return Ok(());
        }
        if read_only || act == Act::Remove && found.attribute.required && found.sub.is_none() {
            return Err(Error::bad(Kind::Mutability, format!("`{path}` cannot be changed like that")));
        }
        // what is set to nothing is removed
        let act = if value.is_null() && act == Act::Replace { Act::Remove } else { act };
        match found.attribute.several {
            true => self.several(act, found, target.filter.as_ref(), value),
            false if target.filter.is_some() => {
                Err(Error::bad(Kind::InvalidPath, format!("`{}` has one value", found.attribute.name)))
            }
            false => self.single(act, found, value),
        }
    }

    /// All that is said of the extension at once.
    fn extension(&mut self, act: Act, schema: &'static str, value: &Value) -> Result<()> {
        if act == Act::Remove {
            self.now.remove(schema);
            return Ok(());
        }
        let parts = value.as_object().ok_or_else(|| Error::value(format!("`{schema}` is an object")))?;
        parts.iter().try_for_each(|(name, value)| {
            let path = if name.to_ascii_lowercase().starts_with("urn:") {
                name.clone()
            } else {
                format!("{schema}:{name}")
            };
            self.at(act, &path, value, false)
        })
    }

    /// Where the attribute stands.
    fn place(&mut self, found: Found) -> &mut Map<String, Value> {
        match self.resource.extension.filter(|_| found.extended) {
            Some((schema, _)) => object(&mut self.now, schema),
            None => &mut self.now,
        }
    }

    fn single(&mut self, act: Act, found: Found, value: &Value) -> Result<()> {
        let name = found.attribute.name;
        let place = self.place(found);
        match (act, found.sub) {
            (Act::Remove, None) => {
                place.remove(name);
            }
            (Act::Remove, Some(sub)) => {
                object(place, name).remove(sub.name);
            }
            (_, Some(sub)) => set(object(place, name), sub, sub.read(value)?),
            (_, None) => match found.attribute.read(value)? {
                // of a name, the parts that are told change
                Some(Value::Object(parts)) => object(place, name).extend(parts),
                read => set(place, found.attribute, read),
            },
        }
        Ok(())
    }

    fn several(&mut self, act: Act, found: Found, filter: Option<&Filter>, value: &Value) -> Result<()> {
        let attribute = found.attribute;
        let Found { sub, .. } = found;
        let place = self.place(found);
        let mut values = match place.remove(attribute.name) {
            Some(Value::Array(values)) => values,
            _ => Vec::new(),
        };
        let mut chosen = Vec::with_capacity(values.len());
        for value in &values {
            chosen.push(match filter {
                Some(filter) => matches(filter, value, &|path| part_of(attribute, path))?,
                None => sub.is_some(),
            });
        }
        let mut preferred = None;
        match (act, sub, filter) {
            (Act::Remove, Some(sub), _) => {
                for value in values
                    .iter_mut()
                    .zip(&chosen)
                    .filter(|(_, chosen)| **chosen)
                    .filter_map(|(value, _)| value.as_object_mut())
                {
                    value.remove(sub.name);
                }
                values.retain(|value| value.get("value").is_some());
            }
            (Act::Remove, None, Some(_)) => {
                let mut chosen = chosen.iter();
                values.retain(|_| chosen.next() != Some(&true));
            }
            // Entra tells whom to remove by the value
            (Act::Remove, None, None) => match attribute.read(value)? {
                Some(Value::Array(gone)) => {
                    values.retain(|value| !gone.iter().any(|gone| same(gone, value)));
                }
                _ => values.clear(),
            },
            (_, None, None) => {
                if act == Act::Replace {
                    values.clear();
                }
                if let Some(Value::Array(more)) = attribute.read(value)? {
                    for value in more {
                        let first = is_primary(&value);
                        preferred = Some(merge(&mut values, value)).filter(|_| first).or(preferred);
                    }
                }
            }
            _ => {
                if !chosen.contains(&true) {
                    let fresh = filter.map_or_else(|| Some(Map::new()), |filter| told_by(attribute, filter));
                    let fresh = fresh.filter(|_| act == Act::Add || filter.is_none());
                    let Some(fresh) = fresh else {
                        let detail = format!("no value of `{}` is meant by the path", attribute.name);
                        return Err(Error::bad(Kind::NoTarget, detail));
                    };
                    values.push(Value::Object(fresh));
                    chosen.push(true);
                }
                for (index, slot) in values.iter_mut().enumerate() {
                    if chosen.get(index) != Some(&true) {
                        continue;
                    }
                    let Value::Object(parts) = slot else { continue };
                    match (sub, attribute.read_one(value)) {
                        (Some(sub), _) => set(parts, sub, sub.read(value)?),
                        (None, read) => match read? {
                            Some(Value::Object(new)) if act == Act::Replace => *parts = new,
                            Some(Value::Object(new)) => parts.extend(new),
                            _ => {
                                return Err(Error::value(format!(
                                    "`{}` has objects as values",
                                    attribute.name
                                )));
                            }
                        },
                    }
                    preferred = is_primary(slot).then_some(index).or(preferred);
                }
                values.retain(|value| value.get("value").is_some());
            }
        }
        if let Some(preferred) = preferred.filter(|_| attribute.name != "members") {
            for (index, value) in values.iter_mut().enumerate() {
                if let Some(parts) = value.as_object_mut().filter(|_| index != preferred) {
                    parts.remove("primary");
                }
            }
        }
        if !values.is_empty() {
            place.insert(attribute.name.to_owned(), Value::Array(values));
        }
        Ok(())
    }
}

/// The attribute of a value that a filter in brackets names.
fn part_of(attribute: &'static Attribute, path: &Path) -> Result<Option<&'static Attribute>> {
    let Type::Complex(subs) = attribute.ty else { return Ok(None) };
    let sub =
        subs.iter().find(|sub| sub.name.eq_ignore_ascii_case(&path.name)).filter(|_| path.sub.is_none());
    let unknown = || Error::bad(Kind::InvalidPath, format!("`{}` has no `{path}`", attribute.name));
    sub.map(Some).ok_or_else(unknown)
}

/// A value as a filter describes it that names it in full: `[type eq "work"]`.
fn told_by(attribute: &'static Attribute, filter: &Filter) -> Option<Map<String, Value>> {
    match filter {
        Filter::Compare(path, Operator::Eq, value) => {
            let sub = part_of(attribute, path).ok()??;
            Some(Map::from_iter([(sub.name.to_owned(), sub.read(value).ok()??)]))
        }
        Filter::And(parts) => {
            let parts = parts.iter().map(|part| told_by(attribute, part)).collect::<Option<Vec<_>>>()?;
            Some(parts.into_iter().flatten().collect())
        }
        _ => None,
    }
}

#[expect(clippy::expect_used, reason = "it was just made one")]
fn object<'m>(place: &'m mut Map<String, Value>, name: &str) -> &'m mut Map<String, Value> {
    let value = place.entry(name.to_owned()).or_insert_with(|| json!({}));
    if !value.is_object() {
        *value = json!({});
    }
    value.as_object_mut().expect("an object")
}

fn set(place: &mut Map<String, Value>, attribute: &Attribute, value: Option<Value>) {
    match value {
        Some(value) => drop(place.insert(attribute.name.to_owned(), value)),
        None => drop(place.remove(attribute.name)),
    }
}

/// Whether two values are about the same thing.
fn same(one: &Value, other: &Value) -> bool {
    let kind = |value: &Value| value.get("type").and_then(Value::as_str).map(str::to_ascii_lowercase);
    one.get("value") == other.get("value")
        && (kind(one).is_none() || kind(other).is_none() || kind(one) == kind(other))
}

/// What is there already is not added twice; where it stands.
fn merge(values: &mut Vec<Value>, value: Value) -> usize {
    let Some(known) = values.iter().position(|known| same(known, &value)) else {
        values.push(value);
        return values.len() - 1;
    };
    if let (Some(Value::Object(known)), Value::Object(value)) = (values.get_mut(known), value) {
        known.extend(value);
    }
    known
}

fn is_primary(value: &Value) -> bool {
    value.get("primary") == Some(&Value::Bool(true))
}
