//! The values of a record, as the audit trail keeps them: made once, and sent as they are.
use std::{borrow::Cow, io::Write as _, ops::Range};

use diesel::{
    pg::Pg,
    serialize::{self, IsNull, Output, ToSql},
    sql_types::Jsonb,
};
use serde_json::Value;

/// The text of a JSON object. Where each value stands in it is known, so that two are compared without being read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values {
    /// What stands between the braces.
    text: Vec<u8>,
    places: Vec<(Cow<'static, str>, Range<usize>)>,
}

impl Values {
    /// Adds a value, which `write` writes as JSON.
    pub fn put(&mut self, name: impl Into<Cow<'static, str>>, write: impl FnOnce(&mut Vec<u8>)) {
        let name = name.into();
        if !self.places.is_empty() {
            self.text.push(b',');
        }
        // a vector takes whatever is written
        let _ = serde_json::to_writer(&mut self.text, &*name);
        self.text.push(b':');
        let begin = self.text.len();
        write(&mut self.text);
        self.places.push((name, begin..self.text.len()));
    }

    /// The names of what is new, or another than `before`.
    pub fn changed_since(&self, before: &Self) -> Vec<String> {
        let changed = self.places.iter().enumerate().filter(|(index, (name, place))| {
            // mostly they have the same places
            let there = before.places.get(*index).filter(|(there, _)| there == name);
            let there = there.or_else(|| before.places.iter().find(|(there, _)| there == name));
            there.is_none_or(|(_, there)| before.text.get(there.clone()) != self.text.get(place.clone()))
        });
        let mut names: Vec<String> = changed.map(|(_, (name, _))| name.to_string()).collect();
        names.sort_unstable();
        names
    }
}

/// Of an object; of anything else nothing is kept.
impl From<Value> for Values {
    fn from(value: Value) -> Self {
        let mut values = Self::default();
        if let Value::Object(object) = value {
            for (name, value) in object {
                values.put(name, |text| {
                    let _ = serde_json::to_writer(text, &value);
                });
            }
        }
        values
    }
}

impl ToSql<Jsonb, Pg> for Values {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        // the version of the format comes first
        out.write_all(b"\x01{")?;
        out.write_all(&self.text)?;
        out.write_all(b"}")?;
        Ok(IsNull::No)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_has_changed_is_told_by_name() {
        let of = |value: Value| Values::from(value);
        let before = of(json!({ "name": "A", "size": 1, "gone": true }));
        assert_eq!(of(json!({ "size": 1, "name": "A" })).changed_since(&before), Vec::<String>::new());
        let after = of(json!({ "size": 2, "name": "A", "fresh": null, "a\"b": 1 }));
        assert_eq!(after.changed_since(&before), ["a\"b", "fresh", "size"]);
        assert_eq!(of(json!("text")), Values::default());
    }
}
