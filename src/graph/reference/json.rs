//! JSON in the order in which it was asked for, written as people read it.
use std::fmt::{self, Write};

#[derive(Clone, Debug)]
pub(super) enum Json {
    Text(String),
    /// A number, or `true`.
    Plain(&'static str),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    fn write(&self, f: &mut fmt::Formatter<'_>, level: usize) -> fmt::Result {
        let line = |f: &mut fmt::Formatter<'_>, level: usize| write!(f, "\n{:width$}", "", width = level * 2);
        match self {
            Self::Text(text) => f.write_str(&serde_json::Value::from(text.as_str()).to_string()),
            Self::Plain(plain) => f.write_str(plain),
            Self::List(items) if items.iter().all(|item| matches!(item, Self::Text(_) | Self::Plain(_))) => {
                f.write_char('[')?;
                for (at, item) in items.iter().enumerate() {
                    f.write_str(if at > 0 { ", " } else { "" })?;
                    item.write(f, level)?;
                }
                f.write_char(']')
            }
            Self::List(items) => {
                f.write_char('[')?;
                for (at, item) in items.iter().enumerate() {
                    f.write_str(if at > 0 { "," } else { "" })?;
                    line(f, level + 1)?;
                    item.write(f, level + 1)?;
                }
                line(f, level)?;
                f.write_char(']')
            }
            Self::Object(fields) if fields.is_empty() => f.write_str("{}"),
            Self::Object(fields) => {
                f.write_char('{')?;
                for (at, (name, value)) in fields.iter().enumerate() {
                    f.write_str(if at > 0 { "," } else { "" })?;
                    line(f, level + 1)?;
                    write!(f, "\"{name}\": ")?;
                    value.write(f, level + 1)?;
                }
                line(f, level)?;
                f.write_char('}')
            }
        }
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, 0)
    }
}
