//! `filter`: typed operators per column, `and`, `or`, `not`, and one step along a relation.
use std::{borrow::Cow, marker::PhantomData};

use async_graphql::{
    InputType, InputValueError, InputValueResult, Name, Value,
    indexmap::IndexMap,
    registry::{MetaInputValue, Registry},
};
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::{
    fault::Fault,
    input::input_object,
    rows::{AnyId, Env, Object},
};
use crate::store::{
    batch::Stored,
    id::{Id, Kind},
    select::{Bind, Condition, Operator},
    value::Date,
};

/// How deep `and`, `or`, `not` and relations may nest, and how many comparisons a filter may hold.
const DEEPEST: usize = 5;
const MOST_TERMS: usize = 50;

/// A filter of one entity.
pub trait Filter: InputType {
    type Row: Stored;
    /// The permission to see such rows at all.
    const NEEDS: Option<&'static str>;

    /// What it means in SQL. Columns that the caller may not see may not be asked about either.
    fn condition(self, scope: &mut Scope<'_>) -> Result<Condition, Fault>;

    /// Whether there is no such row at all, where it follows a relation.
    fn take_is_null(&mut self) -> Option<bool>;

    /// The same for the row that `column` of another table refers to.
    fn through(mut self, column: &'static str, scope: &mut Scope<'_>) -> Result<Condition, Fault> {
        scope.enter(Self::NEEDS)?;
        let is_null = self.take_is_null();
        let condition = Box::new(scope.nested(self)?);
        let through = Condition::Through { column, table: Self::Row::TABLE, condition };
        let Some(null) = is_null else { return Ok(through) };
        scope.term()?;
        let is_null = if column == "id" {
            // every row has an id, but not every row something else of the same id
            let there = Condition::Through {
                column,
                table: Self::Row::TABLE,
                condition: Box::new(Condition::ANYTHING),
            };
            Condition::outside(there)
        } else {
            Condition::IsNull(column)
        };
        let missing = if null { is_null } else { Condition::outside(is_null) };
        let says_more = !matches!(&through, Condition::Through { condition, .. } if condition.is_anything());
        Ok(if says_more { missing.and(through) } else { missing })
    }
}

/// A row that has a filter.
pub trait Filtered: Stored {
    type Filter: Filter<Row = Self>;
}

/// Where in a filter we are, and what may still come.
pub struct Scope<'g> {
    env: Env<'g>,
    depth: usize,
    terms: usize,
}

impl<'g> Scope<'g> {
    pub const fn new(env: Env<'g>) -> Self {
        Self { env, depth: 0, terms: 0 }
    }

    /// Whether rows of a kind may be asked about: those that the caller sees.
    pub fn enter(&self, permission: Option<&'static str>) -> Result<(), Fault> {
        self.env.right(permission).map(drop)
    }

    /// Whether a column with its own permission may be asked about: if the caller sees it in every row that they see.
    pub fn permit<T: Stored>(&self, permission: Option<&'static str>) -> Result<(), Fault> {
        self.env.permit(permission, T::TABLE)
    }

    /// Whether a column may be asked about: if the caller is shown it as it is.
    pub fn shown<T: Object>(&self, column: &str) -> Result<(), Fault> {
        self.env.shown::<T>(column)
    }

    /// One comparison more.
    fn term(&mut self) -> Result<(), Fault> {
        self.terms += 1;
        if self.terms > MOST_TERMS {
            return Err(Fault::bad_input(say!("a filter may hold at most {MOST_TERMS} comparisons")));
        }
        Ok(())
    }

    /// One level deeper.
    pub fn nested<F: Filter>(&mut self, filter: F) -> Result<Condition, Fault> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Fault::bad_input(say!("a filter may be nested at most {DEEPEST} deep")));
        }
        let condition = filter.condition(self)?;
        self.depth -= 1;
        Ok(condition)
    }

    /// The same of the rows that hang on a row, which is looked up like any comparison.
    pub fn hanging<F: Filter>(&mut self, filter: F) -> Result<Condition, Fault> {
        self.term()?;
        self.nested(filter)
    }

    pub fn all<F: Filter>(&mut self, filters: Vec<F>) -> Result<Condition, Fault> {
        filters.into_iter().map(|filter| self.nested(filter)).collect::<Result<_, _>>().map(Condition::All)
    }

    pub fn any<F: Filter>(&mut self, filters: Vec<F>) -> Result<Condition, Fault> {
        filters.into_iter().map(|filter| self.nested(filter)).collect::<Result<_, _>>().map(Condition::Any)
    }
}

/// A type that the comparisons of a filter take.
pub trait Comparable: InputType + Clone + 'static {
    /// The name of its filter, `DecimalFilter`.
    fn filter_name() -> Cow<'static, str>;
    /// Whether `gt`, `gte`, `lt` and `lte` make sense.
    const ORDERED: bool;
    /// Whether `contains` and `startsWith` make sense.
    const TEXT: bool = false;
    fn bind(self) -> Bind;
    fn bind_all(values: Vec<Self>) -> Bind;
}

macro_rules! comparable {
    ($($type:ty: $name:literal, ordered $ordered:literal, text $text:literal, $one:ident, $many:ident;)*) => { $(
        impl Comparable for $type {
            const ORDERED: bool = $ordered;
            const TEXT: bool = $text;
            fn filter_name() -> Cow<'static, str> {
                $name.into()
            }
            fn bind(self) -> Bind {
                Bind::$one(self)
            }
            fn bind_all(values: Vec<Self>) -> Bind {
                Bind::$many(values)
            }
        }
    )* };
}

comparable! {
    String: "TextFilter", ordered false, text true, Text, Texts;
    Decimal: "DecimalFilter", ordered true, text false, Decimal, Decimals;
    Date: "DateFilter", ordered true, text false, Date, Dates;
    DateTime<Utc>: "DateTimeFilter", ordered true, text false, Time, Times;
}

impl Comparable for i32 {
    const ORDERED: bool = true;
    fn filter_name() -> Cow<'static, str> {
        "IntFilter".into()
    }
    fn bind(self) -> Bind {
        Bind::Int(self.into())
    }
    fn bind_all(values: Vec<Self>) -> Bind {
        Bind::Ints(values.into_iter().map(Into::into).collect())
    }
}

impl Comparable for bool {
    const ORDERED: bool = false;
    fn filter_name() -> Cow<'static, str> {
        "BooleanFilter".into()
    }
    fn bind(self) -> Bind {
        Bind::Bool(self)
    }
    fn bind_all(values: Vec<Self>) -> Bind {
        Bind::Bools(values)
    }
}

impl<T: Kind> Comparable for Id<T> {
    const ORDERED: bool = false;
    fn filter_name() -> Cow<'static, str> {
        "IDFilter".into()
    }
    fn bind(self) -> Bind {
        Bind::Uuid(self.0)
    }
    fn bind_all(values: Vec<Self>) -> Bind {
        Bind::Uuids(values.into_iter().map(|id| id.0).collect())
    }
}

/// An id of any kind, compared with a column that keeps it as text.
impl Comparable for AnyId {
    const ORDERED: bool = false;
    fn filter_name() -> Cow<'static, str> {
        "IDFilter".into()
    }
    fn bind(self) -> Bind {
        Bind::Text(self.uuid.to_string())
    }
    fn bind_all(values: Vec<Self>) -> Bind {
        Bind::Texts(values.into_iter().map(|id| id.uuid.to_string()).collect())
    }
}

/// Comparisons with a column of type `V`; all that are given must hold.
pub struct Compare<V> {
    conditions: Vec<(Operator, Bind)>,
    is_null: Option<bool>,
    of: PhantomData<fn() -> V>,
}

impl<V: Comparable> Compare<V> {
    /// The comparisons, put to `column`.
    pub fn on(self, column: &'static str, scope: &mut Scope<'_>) -> Result<Condition, Fault> {
        let mut all = Vec::with_capacity(self.conditions.len());
        for (operator, value) in self.conditions {
            scope.term()?;
            all.push(Condition::Compare(column, operator, value));
        }
        if let Some(null) = self.is_null {
            scope.term()?;
            let is_null = Condition::IsNull(column);
            all.push(if null { is_null } else { Condition::Not(Box::new(is_null)) });
        }
        Ok(Condition::All(all))
    }
}

impl<V: Comparable> InputType for Compare<V> {
    type RawValueType = Self;

    fn type_name() -> Cow<'static, str> {
        V::filter_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        // the ids of all kinds share one filter, which the registry would take for a clash of names
        if registry.types.contains_key(&*Self::type_name()) {
            return Self::qualified_type_name();
        }
        let about = "Comparisons with one value; all that are given must hold.";
        input_object::<Self>(registry, about, |registry| {
            let one = <Option<V> as InputType>::create_type_info(registry);
            let many = <Option<Vec<V>> as InputType>::create_type_info(registry);
            let null = <Option<bool> as InputType>::create_type_info(registry);
            let mut fields = vec![
                described("eq", &one, "Equal to this."),
                described("ne", &one, "Other than this, or null."),
                described("in", &many, "One of these, at most 100."),
                described("isNull", &null, "Whether there is no value."),
            ];
            if V::ORDERED {
                fields.push(described("gt", &one, "Greater or later than this."));
                fields.push(described("gte", &one, "This or more."));
                fields.push(described("lt", &one, "Less or earlier than this."));
                fields.push(described("lte", &one, "This or less."));
            }
            if V::TEXT {
                fields.push(described("contains", &one, "Contains this text, in any case."));
                fields.push(described("startsWith", &one, "Begins with this text, in any case."));
            }
            fields
        })
    }

    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        let Some(Value::Object(object)) = value else {
            return Err(InputValueError::expected_type(value.unwrap_or_default()));
        };
        let mut compare = Self { conditions: Vec::new(), is_null: None, of: PhantomData };
        for (name, value) in object {
            // null says nothing here: asking for null is what `isNull` is for
            if value == Value::Null {
                continue;
            }
            let one = |value| V::parse(Some(value)).map_err(InputValueError::propagate);
            let (operator, bind) = match name.as_str() {
                "isNull" => {
                    compare.is_null = Some(bool::parse(Some(value)).map_err(InputValueError::propagate)?);
                    continue;
                }
                "in" => {
                    let values = <Vec<V>>::parse(Some(value)).map_err(InputValueError::propagate)?;
                    if values.len() > 100 {
                        return Err(InputValueError::custom(say!("`in` takes at most 100 values")));
                    }
                    (Operator::In, V::bind_all(values))
                }
                "eq" => (Operator::Eq, one(value)?.bind()),
                "ne" => (Operator::Ne, one(value)?.bind()),
                "gt" => (Operator::Gt, one(value)?.bind()),
                "gte" => (Operator::Gte, one(value)?.bind()),
                "lt" => (Operator::Lt, one(value)?.bind()),
                "lte" => (Operator::Lte, one(value)?.bind()),
                "contains" | "startsWith" => {
                    let Bind::Text(text) = one(value)?.bind() else { continue };
                    let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
                    let before = if name == "contains" { "%" } else { "" };
                    (Operator::Like, Bind::Text(format!("{before}{escaped}%")))
                }
                _ => return Err(InputValueError::custom(say!("there is no comparison `{name}`"))),
            };
            compare.conditions.push((operator, bind));
        }
        Ok(compare)
    }

    fn to_value(&self) -> Value {
        Value::Object(IndexMap::<Name, Value>::new())
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }
}

/// An input field with its description.
pub fn described(name: &str, ty: &str, about: &str) -> MetaInputValue {
    let mut value = MetaInputValue::new(name, ty);
    value.description = Some(about.to_owned());
    value
}

/// Of `isNull` where there is no relation that it could be said of.
pub fn misplaced_is_null() -> Fault {
    Fault::bad_input(say!("`isNull` stands right below a relation: leave it out here"))
}

/// Declares the filter of an entity: its columns, and relations one step away.
#[macro_export]
macro_rules! filter {
    ($filter:ident for $row:ident in $table:ident {
        $($field:ident: $type:ty $(=> through $key:ident)? $(=> by $child:ident :: $parent:ident)? $(=> paired $pairs:ident)? $(=> column $column:ident)? $(=> needs $permission:literal)?),* $(,)?
    }) => {
        #[doc = concat!("Which rows of ", stringify!($row), " are meant.")]
        pub struct $filter {
            and: Option<Vec<$filter>>,
            or: Option<Vec<$filter>>,
            not: Option<Box<$filter>>,
            is_null: Option<bool>,
            $($field: Option<$crate::filter!(@held $type $(, through $key)?)>,)*
        }

        impl $crate::graph::filter::Filtered for $row {
            type Filter = $filter;
        }

        impl $crate::graph::filter::Filter for $filter {
            type Row = $row;
            const NEEDS: Option<&'static str> = <$row as $crate::graph::rows::Object>::NEEDS;

            fn take_is_null(&mut self) -> Option<bool> {
                self.is_null.take()
            }

            fn condition(
                self,
                scope: &mut $crate::graph::filter::Scope<'_>,
            ) -> Result<$crate::store::select::Condition, $crate::graph::fault::Fault> {
                if self.is_null.is_some() {
                    return Err($crate::graph::filter::misplaced_is_null());
                }
                let mut all = Vec::new();
                if let Some(filters) = self.and {
                    all.push(scope.all(filters)?);
                }
                if let Some(filters) = self.or {
                    all.push(scope.any(filters)?);
                }
                if let Some(filter) = self.not {
                    all.push($crate::store::select::Condition::Not(Box::new(scope.nested(*filter)?)));
                }
                $(if let Some(filter) = self.$field {
                    let needs: &[&'static str] = &[$($permission)?];
                    scope.permit::<$row>(needs.first().copied())?;
                    $crate::filter!(@shown $row, $table, $field, scope $(, through $key)? $(, by $child::$parent)? $(, paired $pairs)? $(, column $column)?);
                    all.push($crate::filter!(@on $row, $table, $field, filter, scope $(, through $key)? $(, by $child::$parent)? $(, paired $pairs)? $(, column $column)?)?);
                })*
                Ok($crate::store::select::Condition::All(all))
            }
        }

        impl async_graphql::InputType for $filter {
            type RawValueType = Self;

            fn type_name() -> std::borrow::Cow<'static, str> {
                stringify!($filter).into()
            }

            fn create_type_info(registry: &mut async_graphql::registry::Registry) -> String {
                let about = concat!("Which rows of ", stringify!($row), " are meant: all that is given must hold.");
                $crate::graph::input::input_object::<Self>(registry, about, |registry| {
                    use $crate::graph::filter::described;
                    let list = format!("[{}!]", stringify!($filter));
                    vec![
                        described("and", &list, "All of these must hold."),
                        described("or", &list, "At least one of these must hold."),
                        described("not", stringify!($filter), "This must not hold."),
                        described("isNull", "Boolean", "Whether there is none at all: right below a relation only, `owner: { isNull: true }`."),
                        $({
                            let ty = <Option<$type> as async_graphql::InputType>::create_type_info(registry);
                            let name = $crate::filter!(@name $field);
                            described(name, &ty, &format!("By `{name}`."))
                        },)*
                    ]
                })
            }

            fn parse(value: Option<async_graphql::Value>) -> async_graphql::InputValueResult<Self> {
                use async_graphql::InputValueError;
                let Some(async_graphql::Value::Object(mut object)) = value else {
                    return Err(InputValueError::expected_type(value.unwrap_or_default()));
                };
                Ok(Self {
                    and: async_graphql::InputType::parse(object.swap_remove("and")).map_err(InputValueError::propagate)?,
                    or: async_graphql::InputType::parse(object.swap_remove("or")).map_err(InputValueError::propagate)?,
                    not: async_graphql::InputType::parse(object.swap_remove("not")).map_err(InputValueError::propagate)?,
                    is_null: async_graphql::InputType::parse(object.swap_remove("isNull")).map_err(InputValueError::propagate)?,
                    $($field: async_graphql::InputType::parse(
                        object.swap_remove($crate::filter!(@name $field))
                    ).map_err(InputValueError::propagate)?,)*
                })
            }

            fn to_value(&self) -> async_graphql::Value {
                async_graphql::Value::Null
            }

            fn as_raw_value(&self) -> Option<&Self> {
                Some(self)
            }
        }
    };
    // filters lead to each other, and back to themselves
    (@held $type:ty) => { $type };
    (@held $type:ty, through $key:ident) => { Box<$type> };
    // made once for each field: filters are read with every request
    (@name $field:ident) => {{
        static NAME: std::sync::LazyLock<&str> =
            std::sync::LazyLock::new(|| $crate::graph::rows::camel(stringify!($field)));
        *NAME
    }};
    (@shown $row:ident, $table:ident, $field:ident, $scope:ident) => {
        $scope.shown::<$row>($crate::store::select::name($table::$field))?
    };
    (@shown $row:ident, $table:ident, $field:ident, $scope:ident, column $column:ident) => {
        $scope.shown::<$row>($crate::store::select::name($table::$column))?
    };
    // what it leads to is asked about by its own filter
    (@shown $row:ident, $table:ident, $field:ident, $scope:ident, through $key:ident) => {};
    (@shown $row:ident, $table:ident, $field:ident, $scope:ident, by $child:ident :: $parent:ident) => {};
    (@shown $row:ident, $table:ident, $field:ident, $scope:ident, paired $pairs:ident) => {};
    (@on $row:ident, $table:ident, $field:ident, $filter:ident, $scope:ident) => {
        $filter.on($crate::store::select::name($table::$field), $scope)
    };
    (@on $row:ident, $table:ident, $field:ident, $filter:ident, $scope:ident, column $column:ident) => {
        $filter.on($crate::store::select::name($table::$column), $scope)
    };
    (@on $row:ident, $table:ident, $field:ident, $filter:ident, $scope:ident, through $key:ident) => {
        $filter.through($crate::store::select::name($table::$key), $scope)
    };
    (@on $row:ident, $table:ident, $field:ident, $filter:ident, $scope:ident, by $child:ident :: $parent:ident) => {
        $filter.by($crate::store::select::name($child::$parent), $scope)
    };
    (@on $row:ident, $table:ident, $field:ident, $filter:ident, $scope:ident, paired $pairs:ident) => {
        $filter.paired($pairs, $scope)
    };
}
