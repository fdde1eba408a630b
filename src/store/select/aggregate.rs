//! What the rows of a list amount to: counted, added up and compared, in all or in groups, in one statement for all parents.
use std::sync::Arc;

use chrono::{DateTime, Utc};
use diesel::{
    QueryResult,
    deserialize::FromSql,
    pg::{Pg, PgValue},
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    result::Error::DeserializationError,
    row::{Field as _, Row as _},
    sql_types::{self, Array},
};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::{Condition, Fetch, Readable, Selection, Sent, Table, Within, write_column};
use crate::store::value::{Currency, Date};

/// A span of time that days are put together by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

impl Period {
    pub const ALL: [Self; 5] = [Self::Day, Self::Week, Self::Month, Self::Quarter, Self::Year];

    const fn sql(self) -> &'static str {
        match self {
            Self::Day => "'day', ",
            Self::Week => "'week', ",
            Self::Month => "'month', ",
            Self::Quarter => "'quarter', ",
            Self::Year => "'year', ",
        }
    }
}

/// What can be said of the values of a column together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// They are added up and compared.
    Numbers,
    /// They are compared.
    Dates,
    Times,
}

/// What is asked of the rows of a list.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    /// Columns that have the same value in all rows of a group; none where there are none.
    pub keys: Option<Arc<Selection>>,
    /// Columns whose day lies in the same period, and whether they hold times.
    pub periods: Vec<(&'static str, Period, bool)>,
    /// How the currency is selected that tells amounts apart.
    pub currency: Option<Arc<Selection>>,
    pub measures: Vec<(&'static str, Values)>,
    /// What groups are ordered by, before the order of their keys.
    pub order: Vec<GroupKey>,
    /// How many groups of each parent.
    pub groups: Option<i64>,
}

/// What groups are ordered by.
#[derive(Clone, Copy, Debug)]
pub struct GroupKey {
    pub by: Amounted,
    /// The one currency whose amounts count.
    pub currency: Option<Currency>,
    pub descending: bool,
    pub nulls_first: bool,
}

/// What the rows of a group amount to: how many they are, or something of the measure at this place.
#[derive(Clone, Copy, Debug)]
pub enum Amounted {
    Rows,
    Sum(usize),
    Mean(usize),
    Least(usize),
    Most(usize),
}

/// What some rows amount to: all of a group that are of one currency.
#[derive(Clone, Debug, Default)]
pub struct Amounts {
    pub periods: Vec<Option<Date>>,
    pub currency: Option<Currency>,
    pub count: i64,
    /// Of each measure, in order.
    pub of: Vec<Amount>,
    /// Which group of its parent it belongs to.
    pub rank: i64,
}

/// What the values of one column amount to.
#[derive(Clone, Debug, Default)]
pub struct Amount {
    pub sum: Option<Decimal>,
    /// How many there are.
    pub count: i64,
    pub least: Option<Extreme>,
    pub most: Option<Extreme>,
}

/// The smallest or largest of some values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Extreme {
    Number(Decimal),
    Date(Date),
    Time(DateTime<Utc>),
}

impl Amount {
    /// What these values and `other` ones amount to.
    pub fn and(self, other: &Self) -> Self {
        let sum = match (self.sum, other.sum) {
            (Some(one), Some(another)) => one.checked_add(another),
            (one, another) => one.or(another),
        };
        Self {
            sum,
            count: self.count + other.count,
            least: [self.least, other.least].into_iter().flatten().min(),
            most: self.most.max(other.most),
        }
    }
}

/// The statement.
pub struct Aggregate {
    pub table: &'static Table,
    pub within: Within,
    pub fetch: Fetch,
    pub parents: Vec<Uuid>,
    pub ask: Ask,
}

impl Aggregate {
    pub fn new(
        table: &'static Table,
        within: Within,
        condition: Condition,
        parents: Vec<Uuid>,
        ask: Ask,
    ) -> Self {
        Self { table, within, fetch: Fetch::all(condition), parents, ask }
    }

    /// What tells the groups apart, said as often as it is needed.
    fn write_keys(&self, out: &mut AstPass<'_, '_, Pg>) -> usize {
        let mut written = 0;
        if let Some(keys) = &self.ask.keys {
            out.push_sql(&keys.text);
            written = keys.width();
        }
        for (column, period, is_time) in &self.ask.periods {
            if written > 0 {
                out.push_sql(", ");
            }
            out.push_sql("date_trunc(");
            out.push_sql(period.sql());
            write_column(self.table, column, out);
            out.push_sql(if *is_time { " AT TIME ZONE 'UTC')::date" } else { "::timestamp)::date" });
            written += 1;
        }
        written
    }

    /// What stands around the groups where they are ordered by what they amount to: of a group that has several currencies,
    /// all of it together, or what it has of one of them.
    fn write_order<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("ordered.*, dense_rank() OVER (ORDER BY ");
        for (place, key) in self.ask.order.iter().enumerate() {
            for part in ["order_", &place.to_string(), if key.descending { " DESC" } else { "" }] {
                out.push_sql(part);
            }
            out.push_sql(if key.nulls_first { " NULLS FIRST, " } else { " NULLS LAST, " });
        }
        out.push_sql("keyed) AS rank FROM (SELECT grouped.*");
        for (place, key) in self.ask.order.iter().enumerate() {
            out.push_sql(", ");
            match key.by {
                Amounted::Rows => key.whole("sum(rows", "", out)?,
                Amounted::Sum(of) => key.whole("sum(sum_", &of.to_string(), out)?,
                Amounted::Least(of) => key.whole("min(least_", &of.to_string(), out)?,
                Amounted::Most(of) => key.whole("max(most_", &of.to_string(), out)?,
                Amounted::Mean(of) => {
                    key.whole("sum(sum_", &of.to_string(), out)?;
                    out.push_sql(" / nullif(");
                    key.whole("sum(count_", &of.to_string(), out)?;
                    out.push_sql(", 0)");
                }
            }
            for part in [" AS order_", &place.to_string()] {
                out.push_sql(part);
            }
        }
        out.push_sql(" FROM (SELECT ");
        Ok(())
    }
}

impl GroupKey {
    /// A function of a column of all rows of a group, or of those of its currency.
    fn whole<'b>(&'b self, function: &str, column: &str, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        for part in [function, column, ")"] {
            out.push_sql(part);
        }
        if let Some(currency) = &self.currency {
            out.push_sql(" FILTER (WHERE of_currency = ");
            out.push_bind_param::<sql_types::Text, _>(currency)?;
            out.push_sql(")");
        }
        out.push_sql(" OVER whole");
        Ok(())
    }
}

impl Query for Aggregate {
    type SqlType = sql_types::Untyped;
}
impl QueryId for Aggregate {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
impl QueryFragment<Pg> for Aggregate {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT parent.id, amounts.* FROM unnest(");
        out.push_bind_param::<Array<sql_types::Uuid>, _>(&self.parents)?;
        out.push_sql(") AS parent(id) CROSS JOIN LATERAL (SELECT * FROM (SELECT ");
        if !self.ask.order.is_empty() {
            self.write_order(&mut out)?;
        }
        let mut grouped = self.write_keys(&mut out);
        let by = grouped;
        if let Some(currency) = &self.ask.currency {
            out.push_sql(if grouped > 0 { ", " } else { "" });
            out.push_sql(&currency.text);
            out.push_sql(" AS of_currency");
            grouped += 1;
        }
        out.push_sql(if grouped > 0 { ", count(*) AS rows" } else { "count(*) AS rows" });
        for (place, (column, values)) in self.ask.measures.iter().enumerate() {
            let place = place.to_string();
            let as_it_is = match values {
                Values::Numbers => "::numeric",
                Values::Dates | Values::Times => "",
            };
            if *values == Values::Numbers {
                out.push_sql(", sum(");
                write_column(self.table, column, &mut out);
                for part in [")::numeric AS sum_", &place] {
                    out.push_sql(part);
                }
            }
            for (function, cast, name) in [
                (", count(", "", " AS count_"),
                (", min(", as_it_is, " AS least_"),
                (", max(", as_it_is, " AS most_"),
            ] {
                out.push_sql(function);
                write_column(self.table, column, &mut out);
                for part in [")", cast, name, &place] {
                    out.push_sql(part);
                }
            }
        }
        if by > 0 {
            // those of one group are of one rank, whatever their currency
            out.push_sql(", dense_rank() OVER (ORDER BY ");
            self.write_keys(&mut out);
            out.push_sql(if self.ask.order.is_empty() { ") AS rank" } else { ") AS keyed" });
        }
        self.fetch.walk(self.table, &self.within, &mut out)?;
        for place in 1..=grouped {
            out.push_sql(if place == 1 { " GROUP BY " } else { ", " });
            out.push_sql(&place.to_string());
        }
        out.push_sql(") AS grouped");
        if !self.ask.order.is_empty() {
            out.push_sql(" WINDOW whole AS (PARTITION BY keyed)) AS ordered) AS ranked");
        }
        if let (Some(most), true) = (self.ask.groups, by > 0) {
            out.push_sql(" WHERE rank <= ");
            out.push_sql(&most.to_string());
            out.push_sql(" ORDER BY rank");
        }
        out.push_sql(") AS amounts");
        Ok(())
    }
}

impl Ask {
    /// What a row of the answer says: its parent, the row whose columns are the keys, and the amounts.
    pub fn read<T: Readable>(&self, sent: &Sent) -> QueryResult<(Uuid, Option<T>, Amounts)> {
        let mut places = 0..;
        let mut next = || places.next().unwrap_or_default();
        let parent = value::<sql_types::Uuid, Uuid>(sent, next())?.unwrap_or_default();
        let keyed = match &self.keys {
            Some(keys) => {
                let lead = next();
                for _ in 1..keys.width() {
                    next();
                }
                Some(T::read(&keys.row(sent, lead))?)
            }
            None => None,
        };
        let mut amounts = Amounts::default();
        for _ in &self.periods {
            amounts.periods.push(value::<sql_types::Date, Date>(sent, next())?);
        }
        if self.currency.is_some() {
            amounts.currency = value::<sql_types::Text, Currency>(sent, next())?;
        }
        amounts.count = value::<sql_types::BigInt, i64>(sent, next())?.unwrap_or_default();
        for (_, values) in &self.measures {
            let mut amount = Amount::default();
            if *values == Values::Numbers {
                amount.sum = value::<sql_types::Numeric, Decimal>(sent, next())?;
            }
            amount.count = value::<sql_types::BigInt, i64>(sent, next())?.unwrap_or_default();
            let mut extreme = || {
                let place = next();
                QueryResult::Ok(match values {
                    Values::Numbers => {
                        value::<sql_types::Numeric, Decimal>(sent, place)?.map(Extreme::Number)
                    }
                    Values::Dates => value::<sql_types::Date, Date>(sent, place)?.map(Extreme::Date),
                    Values::Times => value::<sql_types::Timestamptz, _>(sent, place)?.map(Extreme::Time),
                })
            };
            (amount.least, amount.most) = (extreme()?, extreme()?);
            amounts.of.push(amount);
        }
        if self.keys.is_some() || !self.periods.is_empty() {
            if !self.order.is_empty() {
                // the order of the keys, and what comes before it
                for _ in 0..=self.order.len() {
                    next();
                }
            }
            amounts.rank = value::<sql_types::BigInt, i64>(sent, next())?.unwrap_or_default();
        }
        Ok((parent, keyed, amounts))
    }
}

/// A value of a row; none where it is null.
fn value<S, V: FromSql<S, Pg>>(sent: &Sent, place: usize) -> QueryResult<Option<V>> {
    let field = sent.get(place);
    let value: Option<PgValue<'_>> = field.as_ref().and_then(|field| field.value());
    value.map(V::from_sql).transpose().map_err(DeserializationError)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sum: i64, least: i64, most: i64) -> Amount {
        let number = |value: i64| Some(Extreme::Number(value.into()));
        Amount { sum: Some(sum.into()), count: 1, least: number(least), most: number(most) }
    }

    #[test]
    fn amounts_of_several_currencies_are_put_together() {
        let both = of(3, 1, 2).and(&of(9, 4, 5));
        assert_eq!((both.sum, both.count), (Some(12.into()), 2));
        assert_eq!(
            (both.least, both.most),
            (Some(Extreme::Number(1.into())), Some(Extreme::Number(5.into())))
        );
        let with_nothing = Amount::default().and(&of(3, 1, 2));
        assert_eq!((with_nothing.sum, with_nothing.least), (Some(3.into()), Some(Extreme::Number(1.into()))));
    }
}
