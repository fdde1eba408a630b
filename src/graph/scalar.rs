//! Column types as GraphQL writes them: straight into the answer's text.
use std::io::Write as _;

use async_graphql::{
    InputType, InputValueError, InputValueResult, Value,
    registry::{MetaType, Registry},
};
use chrono::{DateTime, Datelike, NaiveDate, Timelike, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::{fault::Code, rows::AnyId};
use crate::{
    language::Said,
    store::{
        id::{self, Id, Kind},
        value::{Currency, Date, Hash, Json, Texts},
    },
};

/// A leaf of the graph.
pub trait Scalar {
    /// Makes the type known and says how a field of it is typed: `String!`.
    fn register(registry: &mut Registry) -> String;
    fn json(&self, out: &mut Vec<u8>);
    /// What `json` has written, as the database has it.
    fn stored(value: serde_json::Value) -> serde_json::Value {
        value
    }
}

/// Text as JSON: quoted and escaped.
pub fn text(text: &str, out: &mut Vec<u8>) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    let mut rest = text.as_bytes();
    // most text has nothing to escape: that is seen in whole chunks, and copied at once
    while !rest.is_empty() {
        let plain: usize = rest.chunks(CHUNK).take_while(|chunk| !is_odd(chunk)).map(<[u8]>::len).sum();
        let (plain, odd) = rest.split_at(plain);
        let (odd, after) = odd.split_at(odd.len().min(CHUNK));
        out.extend_from_slice(plain);
        escape(odd, out);
        rest = after;
    }
    out.push(b'"');
}

const CHUNK: usize = 32;

fn is_odd(chunk: &[u8]) -> bool {
    let odd = |byte: &u8| u8::from(*byte < b' ' || *byte == b'"' || *byte == b'\\');
    chunk.iter().fold(0, |sum, byte| sum | odd(byte)) > 0
}

fn escape(bytes: &[u8], out: &mut Vec<u8>) {
    for byte in bytes {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0..=0x1f => show(format_args!("\\u{byte:04x}"), out),
            _ => out.push(*byte),
        }
    }
}

/// Writes what needs no escaping.
fn show(what: impl std::fmt::Display, out: &mut Vec<u8>) {
    // writing to memory does not fail
    let _ = write!(out, "{what}");
}

/// The same between quotes.
fn quote(what: impl std::fmt::Display, out: &mut Vec<u8>) {
    out.push(b'"');
    show(what, out);
    out.push(b'"');
}

impl Scalar for str {
    fn register(registry: &mut Registry) -> String {
        <String as InputType>::create_type_info(registry)
    }
    fn json(&self, out: &mut Vec<u8>) {
        text(self, out);
    }
}

impl Scalar for String {
    fn register(registry: &mut Registry) -> String {
        str::register(registry)
    }
    fn json(&self, out: &mut Vec<u8>) {
        text(self, out);
    }
}

/// In the language into which it was put.
impl Scalar for Said {
    fn register(registry: &mut Registry) -> String {
        str::register(registry)
    }
    fn json(&self, out: &mut Vec<u8>) {
        text(self.english(), out);
    }
}

impl Scalar for bool {
    fn register(registry: &mut Registry) -> String {
        <Self as InputType>::create_type_info(registry)
    }
    fn json(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(if *self { b"true" } else { b"false" });
    }
}

macro_rules! whole_number {
    ($($type:ty),*) => { $(
        impl Scalar for $type {
            fn register(registry: &mut Registry) -> String {
                <i32 as InputType>::create_type_info(registry)
            }
            fn json(&self, out: &mut Vec<u8>) {
                number((*self).into(), out);
            }
        }
    )* };
}
whole_number!(i16, i32);

impl Scalar for f64 {
    fn register(registry: &mut Registry) -> String {
        <Self as InputType>::create_type_info(registry)
    }
    fn json(&self, out: &mut Vec<u8>) {
        // what is no number has no form in JSON
        out.extend_from_slice(serde_json::json!(self).to_string().as_bytes());
    }
}

/// 64-bit numbers do not fit a JSON reader's double: they are written as text.
impl Scalar for i64 {
    fn register(registry: &mut Registry) -> String {
        scalar(registry, "BigInt", "A whole number of up to 64 bits, as text: `\"9007199254740993\"`.", None)
    }
    fn json(&self, out: &mut Vec<u8>) {
        out.push(b'"');
        number(*self, out);
        out.push(b'"');
    }
}

/// A whole number.
fn number(number: i64, out: &mut Vec<u8>) {
    if number < 0 {
        out.push(b'-');
    }
    let (from, mut left) = (out.len(), number.unsigned_abs());
    loop {
        out.push(b'0' + u8::try_from(left % 10).unwrap_or_default());
        left /= 10;
        if left == 0 {
            break;
        }
    }
    if let Some(written) = out.get_mut(from..) {
        written.reverse();
    }
}

impl Scalar for Decimal {
    fn register(registry: &mut Registry) -> String {
        <Self as InputType>::create_type_info(registry)
    }
    fn json(&self, out: &mut Vec<u8>) {
        quote(self, out);
    }
}

impl<T: Kind> Scalar for Id<T> {
    fn register(registry: &mut Registry) -> String {
        <async_graphql::ID as InputType>::create_type_info(registry)
    }
    fn json(&self, out: &mut Vec<u8>) {
        out.push(b'"');
        id::write(T::PREFIX, self.0, out);
        out.push(b'"');
    }
    fn stored(value: serde_json::Value) -> serde_json::Value {
        let uuid = value.as_str().and_then(id::split).map(|(_, uuid)| uuid.to_string());
        uuid.map_or(serde_json::Value::Null, Into::into)
    }
}

impl Scalar for DateTime<Utc> {
    fn register(registry: &mut Registry) -> String {
        <Self as InputType>::create_type_info(registry)
    }
    /// `2026-11-21T07:00:00.000000Z`, always that long.
    fn json(&self, out: &mut Vec<u8>) {
        let Ok(year @ ..=9999) = u32::try_from(self.year()) else { return quote(self.to_rfc3339(), out) };
        let mut text = *b"\"0000-00-00T00:00:00.000000Z\"";
        let (hour, minute, second) = (self.hour(), self.minute(), self.second());
        let microsecond = self.nanosecond() / 1000 % 1_000_000;
        let days = [(1..5, year), (6..8, self.month()), (9..11, self.day())];
        let times = [(12..14, hour), (15..17, minute), (18..20, second), (21..27, microsecond)];
        for (place, number) in days.into_iter().chain(times) {
            text.get_mut(place).into_iter().for_each(|place| digits(place, number));
        }
        out.extend_from_slice(&text);
    }
}

/// Writes a number over all of `place`.
fn digits(place: &mut [u8], mut number: u32) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
}

impl Scalar for Date {
    fn register(registry: &mut Registry) -> String {
        <Self as InputType>::create_type_info(registry)
    }
    fn json(&self, out: &mut Vec<u8>) {
        let Ok(year @ ..=9999) = u32::try_from(self.0.year()) else { return quote(self, out) };
        let mut text = *b"\"0000-00-00\"";
        for (place, number) in [(1..5, year), (6..8, self.0.month()), (9..11, self.0.day())] {
            text.get_mut(place).into_iter().for_each(|place| digits(place, number));
        }
        out.extend_from_slice(&text);
    }
}

impl Scalar for Currency {
    fn register(registry: &mut Registry) -> String {
        <Self as InputType>::create_type_info(registry)
    }
    fn json(&self, out: &mut Vec<u8>) {
        text(self.as_str(), out);
    }
}

impl Scalar for Json {
    fn register(registry: &mut Registry) -> String {
        <Self as InputType>::create_type_info(registry)
    }
    fn json(&self, out: &mut Vec<u8>) {
        show(&self.0, out);
    }
}

/// An id whose kind another column names.
impl Scalar for Uuid {
    fn register(registry: &mut Registry) -> String {
        <Self as InputType>::create_type_info(registry)
    }
    fn json(&self, out: &mut Vec<u8>) {
        quote(self, out);
    }
}

/// A place in an organization's events, as clients hold it; read where it is used.
#[derive(Clone, Debug)]
pub struct EventCursor(pub String);

impl Scalar for EventCursor {
    fn register(registry: &mut Registry) -> String {
        <Self as InputType>::create_type_info(registry)
    }
    fn json(&self, out: &mut Vec<u8>) {
        text(&self.0, out);
    }
}

impl Scalar for Hash {
    fn register(registry: &mut Registry) -> String {
        str::register(registry)
    }
    fn json(&self, out: &mut Vec<u8>) {
        quote(self, out);
    }
}

impl Scalar for Texts {
    fn register(registry: &mut Registry) -> String {
        <Vec<String> as Scalar>::register(registry)
    }
    fn json(&self, out: &mut Vec<u8>) {
        self.0.json(out);
    }
}

/// An address alone, a network with the length of its prefix.
impl Scalar for ipnet::IpNet {
    fn register(registry: &mut Registry) -> String {
        str::register(registry)
    }
    fn json(&self, out: &mut Vec<u8>) {
        let alone = self.prefix_len() == self.max_prefix_len();
        text(&if alone { self.addr().to_string() } else { self.to_string() }, out);
    }
}

impl<C: Scalar> Scalar for Option<C> {
    fn register(registry: &mut Registry) -> String {
        let mut ty = C::register(registry);
        ty.truncate(ty.trim_end_matches('!').len());
        ty
    }
    fn json(&self, out: &mut Vec<u8>) {
        match self {
            Some(value) => value.json(out),
            None => out.extend_from_slice(b"null"),
        }
    }
    fn stored(value: serde_json::Value) -> serde_json::Value {
        if value.is_null() { value } else { C::stored(value) }
    }
}

impl<C: Scalar> Scalar for Vec<C> {
    fn register(registry: &mut Registry) -> String {
        format!("[{}]!", C::register(registry))
    }
    fn json(&self, out: &mut Vec<u8>) {
        out.push(b'[');
        for (index, item) in self.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            item.json(out);
        }
        out.push(b']');
    }
}

/// Makes a scalar known.
pub fn scalar(registry: &mut Registry, name: &str, about: &str, specified_by: Option<&str>) -> String {
    registry.types.entry(name.to_owned()).or_insert_with(|| MetaType::Scalar {
        name: name.to_owned(),
        description: Some(about.to_owned()),
        is_valid: None,
        visible: None,
        inaccessible: false,
        tags: Vec::new(),
        specified_by_url: specified_by.map(ToOwned::to_owned),
        directive_invocations: Vec::new(),
        requires_scopes: Vec::new(),
    });
    format!("{name}!")
}

/// The scalars that async-graphql registers itself get descriptions for the readers of our schema.
pub fn describe(registry: &mut Registry) {
    for (name, about) in [
        ("DateTime", "A moment in UTC, to the microsecond: `2026-11-21T07:00:00.000000Z`."),
        (
            "Decimal",
            "An exact decimal number as text, `\"1999.90\"`: never a JSON number, which would round it.",
        ),
    ] {
        if let Some(MetaType::Scalar { description, .. }) = registry.types.get_mut(name) {
            *description = Some(about.to_owned());
        }
    }
}

/// Scalars that are read from text.
macro_rules! read_from_text {
    ($([$($generic:tt)*] $type:ty, $name:literal, $about:literal, |$text:ident| $read:expr, |$value:ident| $write:expr;)*) => { $(
        impl $($generic)* InputType for $type {
            type RawValueType = Self;
            fn type_name() -> std::borrow::Cow<'static, str> {
                $name.into()
            }
            fn create_type_info(registry: &mut Registry) -> String {
                scalar(registry, $name, $about, None)
            }
            fn parse(value: Option<Value>) -> InputValueResult<Self> {
                match value {
                    Some(Value::String($text)) => $read,
                    other => Err(InputValueError::expected_type(other.unwrap_or_default())),
                }
            }
            fn to_value(&self) -> Value {
                let $value = self;
                Value::String($write)
            }
            fn as_raw_value(&self) -> Option<&Self> {
                Some(self)
            }
        }
    )* };
}

read_from_text! {
    [<T: Kind>] Id<T>, "ID", "An opaque id with the type in front: `deal_01jd3v…`.",
        |text| Self::parse(&text).map_err(|expected| InputValueError::custom(expected).with_extension("code", Code::InvalidId.as_str())),
        |id| id.to_string();
    [] AnyId, "ID", "An opaque id with the type in front: `deal_01jd3v…`.",
        |text| Self::parse(&text).map_err(|fault| InputValueError::custom(fault.message).with_extension("code", Code::InvalidId.as_str())),
        |id| id.to_string();
    [] Date, "Date", "A calendar day, `2026-11-21`.",
        |text| day(&text).map(Self).map_err(InputValueError::custom),
        |date| date.to_string();
    [] EventCursor, "EventCursor", "An opaque place in the order of the organization's events.",
        |text| Ok(Self(text)),
        |cursor| cursor.0.clone();
    [] Currency, "CurrencyCode", "An ISO 4217 currency code: `USD`.",
        |text| Self::parse(&text).map_err(InputValueError::custom),
        |currency| currency.to_string();
}

/// A day that GraphQL can write and PostgreSQL can keep.
fn day(text: &str) -> Result<NaiveDate, Said> {
    let wrong = |why: &str| say!("expected a day such as `2026-11-21`, got `{text}`: {why}");
    let day: NaiveDate = text.parse().map_err(|error: chrono::ParseError| wrong(&error.to_string()))?;
    if (1..=9999).contains(&day.year()) { Ok(day) } else { Err(wrong("years are those from 1 to 9999")) }
}

/// JSON in and out; always an object, at most 64 KiB.
impl InputType for Json {
    type RawValueType = Self;
    fn type_name() -> std::borrow::Cow<'static, str> {
        "JSONObject".into()
    }
    fn create_type_info(registry: &mut Registry) -> String {
        scalar(registry, "JSONObject", "A free-form JSON object of at most 64 KiB.", None)
    }
    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        match value {
            Some(value @ Value::Object(_)) => {
                let json = value.into_json().map_err(InputValueError::custom)?;
                if json.to_string().len() > 65_536 {
                    return Err(InputValueError::custom(say!(
                        "a JSON object of at most 65,536 bytes is allowed"
                    )));
                }
                Ok(Self(json))
            }
            other => Err(InputValueError::expected_type(other.unwrap_or_default())),
        }
    }
    fn to_value(&self) -> Value {
        Value::from_json(self.0.clone()).unwrap_or_default()
    }
    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: &(impl Scalar + ?Sized)) -> String {
        let mut out = Vec::new();
        value.json(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn text_is_escaped_as_json_demands() {
        for sample in
            ["", "plain", "\"quoted\" \\ back", "line\nbreak\ttab\r", "\u{0}\u{1f}", "ünïcödé 🦀 \u{2028}"]
        {
            assert_eq!(serde_json::from_str::<String>(&written(sample)).unwrap(), sample);
        }
    }

    #[test]
    fn whole_numbers_and_days_are_as_they_are_elsewhere() {
        for sample in [0, 7, -1, 10, 1_234_567_890_123, i64::MAX, i64::MIN] {
            assert_eq!(written(&sample), format!("\"{sample}\""));
        }
        assert_eq!(written(&i32::MIN), i32::MIN.to_string());
        for sample in ["2026-11-21", "0001-01-02", "9999-12-31"] {
            assert_eq!(written(&Date(sample.parse().unwrap())), format!("\"{sample}\""));
        }
    }

    #[test]
    fn moments_are_utc_to_the_microsecond() {
        let moment: DateTime<Utc> = "2026-11-21T07:00:00.5Z".parse().unwrap();
        assert_eq!(written(&moment), "\"2026-11-21T07:00:00.500000Z\"");
    }

    #[test]
    fn large_numbers_and_money_are_text() {
        assert_eq!(written(&9_007_199_254_740_993_i64), "\"9007199254740993\"");
        assert_eq!(written(&"1999.90".parse::<Decimal>().unwrap()), "\"1999.90\"");
        assert_eq!(written(&vec![Some(1_i32), None]), "[1,null]");
    }
}
