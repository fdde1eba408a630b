//! `orderBy`: a list of keys, each with its direction and the place of nulls; the id makes every order total.
use async_graphql::{
    Enum, InputType, InputValueError, InputValueResult, Value,
    registry::{MetaInputValue, MetaType, Registry},
    resolver_utils::EnumType,
};
use chrono::{DateTime, SecondsFormat, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::{
    fault::Fault,
    input::input_object,
    limits::AMOUNTS,
    rows::{Env, Object},
};
use crate::store::{
    batch::Stored,
    id::Id,
    select::{Key, Led, Table},
    value::{Currency, Date},
};

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "SortDirection")]
pub enum Direction {
    /// Smallest, earliest, A first.
    Asc,
    /// Largest, latest, Z first.
    Desc,
}

/// Where rows without a value go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum Nulls {
    /// Before all others.
    First,
    /// After all others.
    Last,
}

/// A column that rows can be ordered by.
pub struct Sort<T> {
    pub column: &'static str,
    pub sql: &'static str,
    pub nullable: bool,
    /// The permission to see it: what one may not see, one may not order by.
    pub needs: Option<&'static str>,
    /// Where rows are ordered by what the column leads to, that.
    pub led: Option<Sorted>,
    /// Its value in a cursor.
    pub text: fn(&T) -> Option<String>,
}

/// A column of another record that rows are ordered by.
#[derive(Clone, Copy)]
pub struct Sorted {
    pub table: &'static Table,
    pub column: &'static str,
    /// Refused where the caller may not know what is in it.
    pub may: fn(Env<'_>, &'static str) -> Result<(), Fault>,
}

/// The columns of `T` that the API orders by: one enum per entity, made by `order!`.
pub trait OrderField<T>: InputType + EnumType + Copy + Send + Sync + 'static {
    /// The name of the input, `DealOrder`.
    const INPUT: &'static str;
    /// What holds when nothing is asked for.
    fn default_order() -> Vec<Order<Self>>;
    fn sort(self) -> Sort<T>;
}

/// A row that has an order.
pub trait Ordered: Sized {
    type Order: OrderField<Self>;
}

/// One key of `orderBy`.
#[derive(Clone, Copy, Debug)]
pub struct Order<F> {
    pub field: F,
    pub direction: Direction,
    pub nulls: Nulls,
}

impl<F> Order<F> {
    pub const fn by(field: F, direction: Direction) -> Self {
        Self { field, direction, nulls: Nulls::Last }
    }

    pub fn key<T: Stored>(&self) -> Key
    where
        F: OrderField<T>,
    {
        let sort = self.field.sort();
        Key {
            // the id stands in the column that identifies a row, whatever that is called
            column: if sort.column == "id" { T::TABLE.key } else { sort.column },
            led: sort.led.map(|led| Led::To { table: led.table, column: led.column }),
            sql: sort.sql,
            nullable: sort.nullable,
            descending: self.direction == Direction::Desc,
            nulls_first: self.nulls == Nulls::First,
        }
    }
}

/// How the schema knows keys along relations: no index is in their order, so that all rows are sorted.
pub const ALONG: &str = "along a relation";

/// Marks them, for whoever counts what they cost, and for whoever reads of them.
fn mark_keys_along<T, F: OrderField<T>>(registry: &mut Registry) {
    let Some(MetaType::Enum { enum_values, .. }) = registry.types.get_mut(&*F::type_name()) else { return };
    for item in F::items().iter().filter(|item| item.value.sort().led.is_some()) {
        if let Some(member) = enum_values.get_mut(item.name) {
            member.tags.push(ALONG.to_owned());
            let about = member.description.get_or_insert_default();
            about.push_str(&format!(" Costs {AMOUNTS} points: all rows are sorted by it."));
        }
    }
}

/// Ties an order input to its entity, so that one generic type serves all.
pub struct OrderInput<T, F>(pub Order<F>, std::marker::PhantomData<fn() -> T>);

impl<T, F> OrderInput<T, F> {
    pub const fn of(order: Order<F>) -> Self {
        Self(order, std::marker::PhantomData)
    }
}

impl<T: 'static, F: OrderField<T>> InputType for OrderInput<T, F> {
    type RawValueType = Self;

    fn type_name() -> std::borrow::Cow<'static, str> {
        F::INPUT.into()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        input_object::<Self>(registry, "One key of an order: earlier keys count more.", |registry| {
            let mut field = MetaInputValue::new("field", F::create_type_info(registry));
            mark_keys_along::<T, F>(registry);
            field.description = Some("What to order by.".to_owned());
            let mut direction = MetaInputValue::new("direction", Direction::create_type_info(registry));
            direction.description = Some("Which way.".to_owned());
            direction.default_value = Some("ASC".to_owned());
            let mut nulls = MetaInputValue::new("nulls", Nulls::create_type_info(registry));
            nulls.description = Some("Where rows without a value go.".to_owned());
            nulls.default_value = Some("LAST".to_owned());
            vec![field, direction, nulls]
        })
    }

    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        let Some(Value::Object(mut object)) = value else {
            return Err(InputValueError::expected_type(value.unwrap_or_default()));
        };
        let field = F::parse(object.swap_remove("field")).map_err(InputValueError::propagate)?;
        let direction = <Option<Direction>>::parse(object.swap_remove("direction"))
            .map_err(InputValueError::propagate)?;
        let nulls =
            <Option<Nulls>>::parse(object.swap_remove("nulls")).map_err(InputValueError::propagate)?;
        let (direction, nulls) = (direction.unwrap_or(Direction::Asc), nulls.unwrap_or(Nulls::Last));
        Ok(Self::of(Order { field, direction, nulls }))
    }

    fn to_value(&self) -> Value {
        Value::Object(
            [
                (async_graphql::Name::new("field"), self.0.field.to_value()),
                (async_graphql::Name::new("direction"), self.0.direction.to_value()),
                (async_graphql::Name::new("nulls"), self.0.nulls.to_value()),
            ]
            .into_iter()
            .collect(),
        )
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }
}

/// How a column type stands in a cursor.
pub trait SortValue {
    const SQL: &'static str;
    const NULLABLE: bool = false;
    fn text(&self) -> Option<String>;
}

macro_rules! sort_values {
    ($($type:ty: $sql:literal, |$value:ident| $text:expr;)*) => { $(
        impl SortValue for $type {
            const SQL: &'static str = $sql;
            fn text(&self) -> Option<String> {
                let $value = self;
                Some($text)
            }
        }
    )* };
}

sort_values! {
    String: "text", |value| value.clone();
    bool: "boolean", |value| value.to_string();
    i16: "smallint", |value| value.to_string();
    i32: "integer", |value| value.to_string();
    i64: "bigint", |value| value.to_string();
    Decimal: "numeric", |value| value.to_string();
    Uuid: "uuid", |value| value.to_string();
    Date: "date", |value| value.to_string();
    Currency: "text", |value| value.to_string();
    DateTime<Utc>: "timestamptz", |value| value.to_rfc3339_opts(SecondsFormat::Micros, true);
}

impl<T> SortValue for Id<T> {
    const SQL: &'static str = "uuid";
    fn text(&self) -> Option<String> {
        Some(self.0.to_string())
    }
}

impl<V: SortValue> SortValue for Option<V> {
    const SQL: &'static str = V::SQL;
    const NULLABLE: bool = true;
    fn text(&self) -> Option<String> {
        self.as_ref().and_then(SortValue::text)
    }
}

/// A sort by the column that `get` reads: its type says the rest.
pub const fn sort<T, V: SortValue>(
    column: &'static str,
    needs: Option<&'static str>,
    _: fn(&T) -> &V,
    text: fn(&T) -> Option<String>,
) -> Sort<T> {
    Sort { column, sql: V::SQL, nullable: V::NULLABLE, needs, led: None, text }
}

/// A sort by `theirs` of the `U` whose id is in the column; of what is missing or hidden there is no value. A cursor
/// holds the id: what it stands for is looked up when the list goes on.
pub const fn sort_led<T, U: Object + Stored, V: SortValue>(
    column: &'static str,
    theirs: &'static str,
    _: fn(&U) -> &V,
    text: fn(&T) -> Option<String>,
) -> Sort<T> {
    let may = |env: Env<'_>, column| env.may_sort::<U>(column);
    Sort {
        column,
        sql: "uuid",
        nullable: true,
        needs: None,
        led: Some(Sorted { table: U::TABLE, column: theirs, may }),
        text,
    }
}

/// Declares what an entity's lists can be ordered by; the first one marked is the default.
#[macro_export]
macro_rules! order {
    ($input:ident, $field:ident for $row:ident {
        $($(#[doc = $about:literal])* $name:ident = $column:ident $(-> $other:ident . $theirs:ident)? $(needs $permission:literal)?),* $(,)?
    } default [$($default:ident $direction:ident),*]) => {
        #[doc = concat!("What lists of ", stringify!($row), " can be ordered by.")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
        pub enum $field {
            $($(#[doc = $about])* $name,)*
        }

        impl $crate::graph::order::Ordered for $row {
            type Order = $field;
        }

        impl $crate::graph::order::OrderField<$row> for $field {
            const INPUT: &'static str = stringify!($input);

            fn default_order() -> Vec<$crate::graph::order::Order<Self>> {
                vec![$($crate::graph::order::Order::by(Self::$default, $crate::graph::order::Direction::$direction)),*]
            }

            fn sort(self) -> $crate::graph::order::Sort<$row> {
                match self {
                    $(Self::$name => $crate::order!(@sort $row, $column $(-> $other . $theirs)? $(needs $permission)?),)*
                }
            }
        }
    };
    (@sort $row:ident, $column:ident $(needs $permission:literal)?) => {{
        let needs: &[&str] = &[$($permission)?];
        $crate::graph::order::sort(
            stringify!($column),
            needs.first().copied(),
            |row: &$row| &row.$column,
            |row: &$row| $crate::graph::order::SortValue::text(&row.$column),
        )
    }};
    (@sort $row:ident, $column:ident -> $other:ident . $theirs:ident) => {
        $crate::graph::order::sort_led(
            stringify!($column),
            stringify!($theirs),
            |other: &$other| &other.$theirs,
            |row: &$row| $crate::graph::order::SortValue::text(&row.$column),
        )
    };
}
