//! Column types that PostgreSQL, JSON and GraphQL share.
use std::fmt;

use chrono::NaiveDate;
use diesel::{
    deserialize::{self, FromSql, FromSqlRow},
    expression::AsExpression,
    pg::{Pg, PgValue},
    serialize::{self, Output, ToSql},
    sql_types,
};
use serde::{Deserialize, Serialize};

use super::select::is_blank;
use crate::language::Said;

macro_rules! column_type {
    ($(#[doc = $doc:literal])* $name:ident($inner:ty) as $($sql:ident),+) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, AsExpression, FromSqlRow)]
        $(#[diesel(sql_type = sql_types::$sql)])+
        #[serde(transparent)]
        pub struct $name(pub $inner);

        $(
            impl ToSql<sql_types::$sql, Pg> for $name {
                fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
                    ToSql::<sql_types::$sql, Pg>::to_sql(&self.0, out)
                }
            }
            impl FromSql<sql_types::$sql, Pg> for $name {
                fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
                    FromSql::<sql_types::$sql, Pg>::from_sql(value).map(Self)
                }
            }
        )+
    };
}

column_type! {
    /// A calendar day.
    Date(NaiveDate) as Date
}
column_type! {
    /// A free-form JSON document.
    Json(serde_json::Value) as Jsonb
}

column_type! {
    /// Under which condition a right counts, as it is written down.
    AccessCondition(serde_json::Value) as Jsonb
}

column_type! {
    /// A digest, written in hexadecimal digits.
    Hash(Vec<u8>) as Bytea
}

/// A list of texts without nulls. (PostgreSQL cannot say that an array holds none, so Diesel expects them.)
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql_types::Array<sql_types::Nullable<sql_types::Text>>)]
#[serde(transparent)]
pub struct Texts(pub Vec<String>);

impl ToSql<sql_types::Array<sql_types::Nullable<sql_types::Text>>, Pg> for Texts {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        ToSql::<sql_types::Array<sql_types::Text>, Pg>::to_sql(&self.0, out)
    }
}
impl FromSql<sql_types::Array<sql_types::Nullable<sql_types::Text>>, Pg> for Texts {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        FromSql::<sql_types::Array<sql_types::Text>, Pg>::from_sql(value).map(Self)
    }
}

impl Eq for Hash {}
impl Eq for Date {}
impl Copy for Date {}

impl PartialOrd for Date {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Date {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
impl Hash {
    /// Reads hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
        let bytes = digits?
            .chunks(2)
            .map(|pair| match pair {
                [high, low] => u8::try_from(high * 16 + low).ok(),
                _ => None,
            })
            .collect::<Option<Vec<u8>>>()?;
        Some(Self(bytes))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// An ISO 4217 currency code, `USD`: three capital letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql_types::Text)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

impl Currency {
    pub fn parse(text: &str) -> Result<Self, Said> {
        match <[u8; 3]>::try_from(text.as_bytes()) {
            Ok(letters) if letters.iter().all(u8::is_ascii_uppercase) => Ok(Self(letters)),
            _ => Err(say!("expected an ISO 4217 currency code such as `USD`, got `{text}`")),
        }
    }

    pub fn as_str(&self) -> &str {
        // made of ASCII letters alone
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl TryFrom<String> for Currency {
    type Error = Said;
    fn try_from(text: String) -> Result<Self, Said> {
        Self::parse(&text)
    }
}
impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.as_str().to_owned()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl ToSql<sql_types::Text, Pg> for Currency {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        ToSql::<sql_types::Text, Pg>::to_sql(self.as_str(), out)
    }
}
impl FromSql<sql_types::Text, Pg> for Currency {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        if is_blank(&value) {
            return Ok(Self(*b"XXX"));
        }
        Self::parse(std::str::from_utf8(value.as_bytes())?).map_err(|wrong| wrong.to_string().into())
    }
}
