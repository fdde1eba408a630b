//! Enums as leaves of the graph.
use async_graphql::{InputType, registry::Registry, resolver_utils::EnumType};

use super::{
    order::{Direction, Nulls},
    scalar::Scalar,
    user_error::UserErrorCode,
};

/// Writes the GraphQL name of a value.
pub fn json<E: EnumType>(value: E, out: &mut Vec<u8>) {
    let name = E::items().iter().find(|item| item.value == value).map_or("", |item| item.name);
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.push(b'"');
}

/// The value with a GraphQL name.
pub fn named<E: EnumType>(name: &str) -> Option<E> {
    E::items().iter().find(|item| item.name == name).map(|item| item.value)
}

macro_rules! leaves {
    ($($type:ty),*) => { $(
        impl Scalar for $type {
            fn register(registry: &mut Registry) -> String {
                <Self as InputType>::create_type_info(registry)
            }
            fn json(&self, out: &mut Vec<u8>) {
                json(*self, out);
            }
        }
    )* };
}
leaves!(Direction, Nulls, UserErrorCode);

/// A closed list of values: TEXT with a CHECK in the database, an enum here and in GraphQL.
#[macro_export]
macro_rules! text_enum {
    ($(#[doc = $about:literal])* $name:ident { $($(#[doc = $of_value:literal])* $value:ident = $text:literal),* $(,)? }) => {
        $(#[doc = $about])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash, async_graphql::Enum,
            diesel::expression::AsExpression, diesel::deserialize::FromSqlRow,
        )]
        #[diesel(sql_type = diesel::sql_types::Text)]
        pub enum $name {
            $($(#[doc = $of_value])* $value,)*
        }

        impl $name {
            /// As the database has it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$value => $text,)*
                }
            }

            /// The value that the database has so.
            pub fn named(text: &str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$value),)*
                    _ => None,
                }
            }
        }

        impl diesel::serialize::ToSql<diesel::sql_types::Text, diesel::pg::Pg> for $name {
            fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>) -> diesel::serialize::Result {
                diesel::serialize::ToSql::<diesel::sql_types::Text, diesel::pg::Pg>::to_sql(self.as_str(), &mut out.reborrow())
            }
        }
        impl diesel::deserialize::FromSql<diesel::sql_types::Text, diesel::pg::Pg> for $name {
            fn from_sql(value: diesel::pg::PgValue<'_>) -> diesel::deserialize::Result<Self> {
                match value.as_bytes() {
                    $(text if text == $text.as_bytes() => Ok(Self::$value),)*
                    _ if $crate::store::select::is_blank(&value) => {
                        let [any, ..] = [$(Self::$value),*];
                        Ok(any)
                    }
                    other => Err(format!("{} has no value {}", stringify!($name), String::from_utf8_lossy(other)).into()),
                }
            }
        }

        impl $crate::graph::scalar::Scalar for $name {
            fn register(registry: &mut async_graphql::registry::Registry) -> String {
                <Self as async_graphql::InputType>::create_type_info(registry)
            }
            fn json(&self, out: &mut Vec<u8>) {
                $crate::graph::leaf_enum::json(*self, out);
            }
            fn stored(value: serde_json::Value) -> serde_json::Value {
                let named = value.as_str().and_then($crate::graph::leaf_enum::named::<Self>);
                named.map_or(serde_json::Value::Null, |named| named.as_str().into())
            }
        }

        impl $crate::graph::filter::Comparable for $name {
            const ORDERED: bool = false;
            fn filter_name() -> std::borrow::Cow<'static, str> {
                concat!(stringify!($name), "Filter").into()
            }
            fn bind(self) -> $crate::store::select::Bind {
                $crate::store::select::Bind::Text(self.as_str().to_owned())
            }
            fn bind_all(values: Vec<Self>) -> $crate::store::select::Bind {
                $crate::store::select::Bind::Texts(values.into_iter().map(|value| value.as_str().to_owned()).collect())
            }
        }

        impl $crate::graph::order::SortValue for $name {
            const SQL: &'static str = "text";
            fn text(&self) -> Option<String> {
                Some(self.as_str().to_owned())
            }
        }
    };
}
