//! Which attributes of a resource are told: all, but for what a request wants or does not want (RFC 7644 §3.9).
use serde_json::{Map, Value};

use super::{
    error::Result,
    filter::Path,
    schema::{Resource, entry},
};

#[derive(Clone, Debug, Default)]
pub struct Projection {
    only: Vec<Path>,
    without: Vec<Path>,
}

/// What is told in any case.
const ALWAYS: &[&str] = &["id", "schemas"];

impl Projection {
    pub fn new<'n>(
        resource: &Resource,
        only: impl IntoIterator<Item = &'n str>,
        without: impl IntoIterator<Item = &'n str>,
    ) -> Result<Self> {
        // the path of a whole extension is that of a schema
        let read = |name: &str| match resource.extension {
            Some((schema, _)) if schema.eq_ignore_ascii_case(name) => {
                Ok(Path { schema: None, name: schema.to_owned(), sub: None })
            }
            _ => Path::parse(name),
        };
        let all = |names: Vec<&str>| {
            let names = names.into_iter().flat_map(|names| names.split(',')).map(str::trim);
            names.filter(|name| !name.is_empty()).map(read).collect::<Result<Vec<_>>>()
        };
        Ok(Self { only: all(only.into_iter().collect())?, without: all(without.into_iter().collect())? })
    }

    /// Whether any of this attribute is told.
    pub fn shows(&self, name: &str) -> bool {
        let is = |path: &Path| path.name.eq_ignore_ascii_case(name);
        (self.only.is_empty() || self.only.iter().any(is))
            && !self.without.iter().any(|path| is(path) && path.sub.is_none())
    }

    /// What is told of a resource.
    pub fn apply(&self, resource: &Resource, mut told: Map<String, Value>) -> Value {
        let extension = |path: &Path| {
            let (schema, _) = resource.extension?;
            path.schema.as_ref().is_some_and(|said| said.eq_ignore_ascii_case(schema)).then_some(schema)
        };
        if !self.only.is_empty() {
            let mut kept = Map::new();
            for path in &self.only {
                match extension(path).or_else(|| inherited(resource, &told, path)) {
                    Some(schema) => {
                        if let Some(Value::Object(from)) = told.get(schema) {
                            let into = kept.entry(schema).or_insert_with(|| Value::Object(Map::new()));
                            if let Value::Object(into) = into {
                                keep(from, into, path);
                            }
                        }
                    }
                    None => keep(&told, &mut kept, path),
                }
            }
            told.retain(|name, _| ALWAYS.contains(&name.as_str()));
            told.extend(kept);
        }
        for path in &self.without {
            match extension(path).or_else(|| inherited(resource, &told, path)) {
                Some(schema) => {
                    if let Some(Value::Object(place)) = told.get_mut(schema) {
                        leave_out(place, path);
                    }
                }
                None if ALWAYS.iter().any(|name| name.eq_ignore_ascii_case(&path.name)) => {}
                None => leave_out(&mut told, path),
            }
        }
        Value::Object(told)
    }
}

/// An attribute of the extension may be named without its schema.
fn inherited(resource: &Resource, told: &Map<String, Value>, path: &Path) -> Option<&'static str> {
    let (schema, attributes) = resource.extension.filter(|_| path.schema.is_none())?;
    let there = attributes.iter().any(|attribute| attribute.name.eq_ignore_ascii_case(&path.name));
    (there && told.contains_key(schema)).then_some(schema)
}

fn keep(from: &Map<String, Value>, into: &mut Map<String, Value>, path: &Path) {
    let Some((name, value)) = from.iter().find(|(name, _)| name.eq_ignore_ascii_case(&path.name)) else {
        return;
    };
    let part = |value: &Value, sub: &str| match value {
        Value::Object(parts) => {
            let kept = parts.iter().filter(|(name, _)| name.eq_ignore_ascii_case(sub));
            Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
        }
        other => other.clone(),
    };
    let kept = match (&path.sub, value) {
        (None, value) => value.clone(),
        (Some(sub), Value::Array(values)) => values.iter().map(|value| part(value, sub)).collect(),
        (Some(sub), value) => part(value, sub),
    };
    // several parts of one may be wanted
    match (into.get_mut(name), kept) {
        (Some(Value::Object(known)), Value::Object(kept)) => known.extend(kept),
        (Some(Value::Array(known)), Value::Array(kept)) => {
            for (known, kept) in known.iter_mut().zip(kept) {
                if let (Value::Object(known), Value::Object(kept)) = (known, kept) {
                    known.extend(kept);
                }
            }
        }
        (_, kept) => drop(into.insert(name.clone(), kept)),
    }
}

fn leave_out(place: &mut Map<String, Value>, path: &Path) {
    let Some(sub) = &path.sub else {
        place.retain(|name, _| !name.eq_ignore_ascii_case(&path.name));
        return;
    };
    if entry(place, &path.name).is_none() {
        return;
    }
    for (_, value) in place.iter_mut().filter(|(name, _)| name.eq_ignore_ascii_case(&path.name)) {
        let parts = match value {
            Value::Array(values) => values.iter_mut().collect(),
            value => vec![value],
        };
        for parts in parts.into_iter().filter_map(Value::as_object_mut) {
            parts.retain(|name, _| !name.eq_ignore_ascii_case(sub));
        }
    }
}
