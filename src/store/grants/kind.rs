//! What attributes are: how their values are written in conditions, compared, and told to the database.
use std::net::IpAddr;

use chrono::{DateTime, NaiveDate, Utc};
use ipnet::IpNet;
use rust_decimal::Decimal;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::{
    language::Said,
    store::{id, select::Operator},
};

/// The type of an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// One of a closed list.
    Choice(Vec<&'static str>),
    Number,
    Bool,
    Id,
    Date,
    Time,
    Address,
    /// A list of texts; it equals a text that is in it.
    Texts,
}

/// A value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Typed {
    Text(String),
    Number(Decimal),
    Bool(bool),
    Id(Uuid),
    Date(NaiveDate),
    Time(DateTime<Utc>),
    Address(IpAddr),
    Network(IpNet),
    Texts(Vec<String>),
}

impl Kind {
    /// The kind of a column of this type; none where it cannot be compared.
    pub fn of_column(ty: &str, values: Vec<&'static str>) -> Option<Self> {
        let ty = ty.strip_prefix("Nullable<").and_then(|ty| ty.strip_suffix('>')).unwrap_or(ty);
        Some(match ty {
            "Text" if !values.is_empty() => Self::Choice(values),
            "Text" => Self::Text,
            "Int2" | "Int4" | "Int8" | "Numeric" | "Float8" => Self::Number,
            "Bool" => Self::Bool,
            "Uuid" => Self::Id,
            "Date" => Self::Date,
            "Timestamptz" => Self::Time,
            _ => return None,
        })
    }

    /// Its type in SQL, where columns have it.
    pub const fn sql(&self) -> Option<&'static str> {
        Some(match self {
            Self::Text | Self::Choice(_) => "text",
            Self::Number => "numeric",
            Self::Bool => "boolean",
            Self::Id => "uuid",
            Self::Date => "date",
            Self::Time => "timestamptz",
            Self::Address | Self::Texts => return None,
        })
    }

    pub fn describe(&self) -> Said {
        match self {
            Self::Text => say!("a text"),
            Self::Choice(values) => {
                let values = values.join(", ");
                say!("one of {values}")
            }
            Self::Number => say!("a number"),
            Self::Bool => say!("true or false"),
            Self::Id => say!("an id"),
            Self::Date => say!("a day, \"2026-12-31\""),
            Self::Time => say!("a time, \"2026-12-31T23:59:59Z\""),
            Self::Address => say!("an address, or a network, \"10.0.0.0/8\""),
            Self::Texts => say!("a list of texts"),
        }
    }

    pub const fn allows(&self, operator: Operator) -> bool {
        match operator {
            Operator::Eq | Operator::Ne | Operator::In => true,
            Operator::Gt | Operator::Gte | Operator::Lt | Operator::Lte => {
                matches!(self, Self::Number | Self::Date | Self::Time)
            }
            Operator::Like => false,
        }
    }

    /// Whether its values can stand in JSON as what they are.
    pub const fn is_json(&self) -> bool {
        matches!(self, Self::Text | Self::Choice(_) | Self::Number | Self::Bool)
    }

    pub fn compares_with(&self, other: &Self) -> bool {
        let text = |kind: &Self| matches!(kind, Self::Text | Self::Choice(_));
        self == other || (text(self) && text(other))
    }

    /// A value as it is written in a condition.
    pub fn read(&self, json: &Json) -> Option<Typed> {
        Some(match (self, json) {
            (Self::Text | Self::Texts, Json::String(text)) => Typed::Text(text.clone()),
            (Self::Choice(values), Json::String(text)) => {
                // as the API writes it, or as the database does
                let known = values.iter().find(|known| known.eq_ignore_ascii_case(text))?;
                Typed::Text((*known).to_owned())
            }
            (Self::Number, Json::Number(number)) => {
                let text = number.to_string();
                Typed::Number(text.parse().or_else(|_| Decimal::from_scientific(&text)).ok()?)
            }
            (Self::Number, Json::String(text)) => Typed::Number(text.parse().ok()?),
            (Self::Bool, Json::Bool(value)) => Typed::Bool(*value),
            (Self::Id, Json::String(text)) => {
                Typed::Id(id::split(text).map(|(_, id)| id).or_else(|| text.parse().ok())?)
            }
            (Self::Date, Json::String(text)) => Typed::Date(text.parse().ok()?),
            (Self::Time, Json::String(text)) => {
                Typed::Time(DateTime::parse_from_rfc3339(text).ok()?.with_timezone(&Utc))
            }
            (Self::Address, Json::String(text)) => {
                Typed::Network(text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).ok()?)
            }
            _ => return None,
        })
    }

    /// A value of another attribute, where it is one of this kind.
    pub fn accept(&self, value: Typed) -> Option<Typed> {
        let fits = match self {
            Self::Text | Self::Choice(_) => matches!(value, Typed::Text(_)),
            Self::Number => matches!(value, Typed::Number(_)),
            Self::Bool => matches!(value, Typed::Bool(_)),
            Self::Id => matches!(value, Typed::Id(_)),
            Self::Time => matches!(value, Typed::Time(_)),
            Self::Date | Self::Address | Self::Texts => false,
        };
        fits.then_some(value)
    }
}

impl Typed {
    /// As the database reads it.
    pub fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Bool(value) => value.to_string(),
            Self::Id(id) => id.to_string(),
            Self::Date(date) => date.to_string(),
            Self::Time(time) => time.to_rfc3339(),
            Self::Address(address) => address.to_string(),
            Self::Network(network) => network.to_string(),
            Self::Texts(texts) => texts.join(","),
        }
    }

    /// As JSON has it; none where it has nothing like it.
    pub fn json(self) -> Option<Json> {
        Some(match self {
            Self::Text(text) => Json::String(text),
            Self::Number(number) => Json::Number(number.to_string().parse().ok()?),
            Self::Bool(value) => Json::Bool(value),
            _ => return None,
        })
    }

    /// Whether the comparison holds; none where it makes no sense.
    pub fn compare(&self, operator: Operator, values: &[Self]) -> Option<bool> {
        let equal = |value: &Self| match (self, value) {
            (Self::Texts(texts), Self::Text(text)) => texts.contains(text),
            (Self::Address(address), Self::Network(network)) => network.contains(address),
            _ => self == value,
        };
        let order = |value: &Self| match (self, value) {
            (Self::Number(one), Self::Number(other)) => Some(one.cmp(other)),
            (Self::Date(one), Self::Date(other)) => Some(one.cmp(other)),
            (Self::Time(one), Self::Time(other)) => Some(one.cmp(other)),
            _ => None,
        };
        let first = values.first()?;
        Some(match operator {
            Operator::Eq => equal(first),
            Operator::Ne => !equal(first),
            Operator::In => values.iter().any(equal),
            Operator::Gt => order(first)?.is_gt(),
            Operator::Gte => order(first)?.is_ge(),
            Operator::Lt => order(first)?.is_lt(),
            Operator::Lte => order(first)?.is_le(),
            Operator::Like => return None,
        })
    }
}
