//! Typed ids: the column type, the GraphQL `ID` (`deal_01jd3v…`) and the loader key in one.
use std::{
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    marker::PhantomData,
};

use diesel::{
    deserialize::{self, FromSql, FromSqlRow},
    expression::AsExpression,
    pg::{Pg, PgValue},
    serialize::{self, Output, ToSql},
    sql_types,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use super::clock;
use crate::language::Said;

/// What an id can belong to.
pub trait Kind: Send + Sync + 'static {
    /// The GraphQL type, `Deal`.
    const NAME: &'static str;
    /// What its ids begin with, `deal`.
    const PREFIX: &'static str;
}

/// The id of a `T`. The organization is not part of it: it comes from the session.
#[derive(AsExpression, FromSqlRow)]
#[diesel(sql_type = sql_types::Uuid)]
pub struct Id<T: 'static>(pub Uuid, PhantomData<fn() -> T>);

impl<T> Id<T> {
    pub const fn of(uuid: Uuid) -> Self {
        Self(uuid, PhantomData)
    }

    /// An id nothing has yet.
    pub fn fresh() -> Self {
        Self::of(clock::new_id())
    }

    /// The same id under another kind: for tables whose key is a person in both.
    pub const fn cast<U>(self) -> Id<U> {
        Id::of(self.0)
    }
}

impl<T: Kind> Id<T> {
    /// Reads the text form; the error says what was expected.
    pub fn parse(text: &str) -> Result<Self, Said> {
        let expected = || {
            say!(
                "expected an id of {kind} such as `{prefix}_01jd3v…`, got `{text}`",
                kind = T::NAME,
                prefix = T::PREFIX
            )
        };
        let (prefix, uuid) = split(text).ok_or_else(expected)?;
        if prefix == T::PREFIX { Ok(Self::of(uuid)) } else { Err(expected()) }
    }
}

/// An id as text, where its kind is no type of this room.
pub fn text(prefix: &str, uuid: Uuid) -> String {
    let mut text = Vec::new();
    write(prefix, uuid, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

/// `deal_01jd3v…` as its prefix and UUID.
pub fn split(text: &str) -> Option<(&str, Uuid)> {
    let (prefix, suffix) = text.rsplit_once('_')?;
    Some((prefix, decode(suffix)?))
}

/// Writes `prefix_` and the UUID in Crockford's base 32, 26 characters, as TypeID does.
pub fn write(prefix: &str, uuid: Uuid, out: &mut Vec<u8>) {
    out.extend_from_slice(prefix.as_bytes());
    out.push(b'_');
    out.extend_from_slice(&encode(uuid));
}

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The 26 characters alone, for texts that say by their form what they are.
pub fn encoded(uuid: Uuid) -> String {
    String::from_utf8_lossy(&encode(uuid)).into_owned()
}

fn encode(uuid: Uuid) -> [u8; 26] {
    let mut bits = uuid.as_u128();
    let mut text = [b'0'; 26];
    for place in text.iter_mut().rev() {
        let digit = usize::try_from(bits & 31).unwrap_or_default();
        *place = ALPHABET.get(digit).copied().unwrap_or(b'0');
        bits >>= 5;
    }
    text
}

/// The UUID of 26 characters.
pub fn decode(text: &str) -> Option<Uuid> {
    // 26 digits hold 130 bits: the first one may not exceed 7
    if text.len() != 26 || text.as_bytes().first()? > &b'7' {
        return None;
    }
    let mut bits = 0_u128;
    for digit in text.bytes() {
        let value = ALPHABET.iter().position(|&known| known == digit)?;
        bits = bits << 5 | u128::try_from(value).ok()?;
    }
    Some(Uuid::from_u128(bits))
}

impl<T: Kind> fmt::Display for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::with_capacity(40);
        write(T::PREFIX, self.0, &mut text);
        f.write_str(&String::from_utf8_lossy(&text))
    }
}

impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Id<T> {}
impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<T> Eq for Id<T> {}
impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}
impl<T> Hash for Id<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<T> ToSql<sql_types::Uuid, Pg> for Id<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        ToSql::<sql_types::Uuid, Pg>::to_sql(&self.0, out)
    }
}
impl<T> FromSql<sql_types::Uuid, Pg> for Id<T> {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        FromSql::<sql_types::Uuid, Pg>::from_sql(value).map(Self::of)
    }
}

/// Stored in JSON (audit, replayed answers) as the bare UUID.
impl<T> Serialize for Id<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}
impl<'de, T> Deserialize<'de> for Id<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Uuid::deserialize(deserializer).map(Self::of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Deal;
    impl Kind for Deal {
        const NAME: &'static str = "Deal";
        const PREFIX: &'static str = "deal";
    }

    /// The vectors of the TypeID specification.
    #[test]
    fn text_form_is_that_of_typeid() {
        for (uuid, text) in [
            ("00000000-0000-0000-0000-000000000000", "deal_00000000000000000000000000"),
            ("00000000-0000-0000-0000-00000000000a", "deal_0000000000000000000000000a"),
            ("00000000-0000-0000-0000-000000000010", "deal_0000000000000000000000000g"),
            ("ffffffff-ffff-ffff-ffff-ffffffffffff", "deal_7zzzzzzzzzzzzzzzzzzzzzzzzz"),
            ("01890a5d-ac96-774b-bcce-b302099a8057", "deal_01h455vb4pex5vsknk084sn02q"),
        ] {
            let id = Id::<Deal>::of(uuid.parse().unwrap());
            assert_eq!(id.to_string(), text);
            assert_eq!(Id::parse(text), Ok(id));
        }
    }

    #[test]
    fn other_kinds_and_broken_text_are_refused_with_what_was_expected() {
        for text in [
            "user_01h455vb4pex5vsknk084sn02q",
            "deal_01h455vb4pex5vsknk084sn02",
            "deal_81h455vb4pex5vsknk084sn02q",
            "deal",
            "",
            "deal_01H455VB4PEX5VSKNK084SN02Q",
        ] {
            assert!(
                Id::<Deal>::parse(text).unwrap_err().english().contains("expected an id of Deal"),
                "{text}"
            );
        }
    }
}
