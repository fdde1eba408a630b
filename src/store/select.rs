//! What is wanted of a table: conditions, order, keyset and limit, as one SQL statement.
//!
//! Columns are named by Diesel's column types (see [`name`]), so a column that does not exist or has another
//! type does not compile; the statement itself is put together at run time, once for all entities.
use std::marker::PhantomData;

use chrono::{DateTime, Utc};
use diesel::{
    Column, QueryResult, Selectable,
    expression::Expression,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{self, Array},
};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::value::Date;

/// The name of a Diesel column.
pub fn name<C: Column>(_: C) -> &'static str {
    C::NAME
}

/// A table, as statements name it.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// Schema and table in one, quoted: `"sales"."deals"`.
    pub name: &'static str,
    /// The column that identifies a row within its organization.
    pub key: &'static str,
    pub owner: Owner,
}

/// Whose rows a table holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Each row belongs to one organization.
    Organization,
    /// So it does, or to the platform, whose rows all may read.
    OrganizationOrPlatform,
    /// To none: row-level security alone says who sees it.
    Nobody,
}

/// The organization that owns what is built in.
pub const PLATFORM: Uuid = Uuid::nil();

/// A value bound to a statement.
#[derive(Clone, Debug)]
pub enum Bind {
    Bool(bool),
    Int(i64),
    Decimal(Decimal),
    Text(String),
    Uuid(Uuid),
    Date(Date),
    Time(DateTime<Utc>),
    Bools(Vec<bool>),
    Ints(Vec<i64>),
    Decimals(Vec<Decimal>),
    Texts(Vec<String>),
    Uuids(Vec<Uuid>),
    Dates(Vec<Date>),
    Times(Vec<DateTime<Utc>>),
}

impl Bind {
    fn walk<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match self {
            Self::Bool(value) => out.push_bind_param::<sql_types::Bool, _>(value),
            Self::Int(value) => out.push_bind_param::<sql_types::BigInt, _>(value),
            Self::Decimal(value) => out.push_bind_param::<sql_types::Numeric, _>(value),
            Self::Text(value) => out.push_bind_param::<sql_types::Text, _>(value),
            Self::Uuid(value) => out.push_bind_param::<sql_types::Uuid, _>(value),
            Self::Date(value) => out.push_bind_param::<sql_types::Date, _>(value),
            Self::Time(value) => out.push_bind_param::<sql_types::Timestamptz, _>(value),
            Self::Bools(values) => out.push_bind_param::<Array<sql_types::Bool>, _>(values),
            Self::Ints(values) => out.push_bind_param::<Array<sql_types::BigInt>, _>(values),
            Self::Decimals(values) => out.push_bind_param::<Array<sql_types::Numeric>, _>(values),
            Self::Texts(values) => out.push_bind_param::<Array<sql_types::Text>, _>(values),
            Self::Uuids(values) => out.push_bind_param::<Array<sql_types::Uuid>, _>(values),
            Self::Dates(values) => out.push_bind_param::<Array<sql_types::Date>, _>(values),
            Self::Times(values) => out.push_bind_param::<Array<sql_types::Timestamptz>, _>(values),
        }
    }
}

/// A comparison of a column with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    Eq,
    Ne,
    Gt,
    Gte,
    Lt,
    Lte,
    /// Case-insensitive pattern.
    Like,
    /// One of a list.
    In,
}

/// Which rows of a table are meant.
#[derive(Clone, Debug)]
pub enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Compare(&'static str, Operator, Bind),
    IsNull(&'static str),
    /// The row is one of these.
    Ids(Vec<Uuid>),
    /// The column is the id of the current parent of a [`Each`] statement.
    OfParent(&'static str),
    /// The same for a column that keeps ids of any kind as text.
    OfParentText(&'static str),
    /// The column holds the id of a row of `table` that meets the condition.
    Through {
        column: &'static str,
        table: &'static Table,
        condition: Box<Condition>,
    },
    /// The row's id is linked to the current parent by a table of pairs.
    Linked {
        table: &'static Table,
        parent: &'static str,
        child: &'static str,
    },
    /// Beyond the row whose order keys are given.
    Beyond(Vec<Key>, Vec<Option<String>>),
}

impl Condition {
    /// Always true.
    pub const ANYTHING: Self = Self::All(Vec::new());

    pub fn and(self, other: Self) -> Self {
        match self {
            Self::All(mut all) => {
                all.push(other);
                Self::All(all)
            }
            one => Self::All(vec![one, other]),
        }
    }

    fn walk<'b>(
        &'b self,
        table: &'static Table,
        organization: &'b Uuid,
        out: &mut AstPass<'_, 'b, Pg>,
    ) -> QueryResult<()> {
        match self {
            Self::All(all) => list(all, " AND ", "TRUE", table, organization, out),
            Self::Any(any) => list(any, " OR ", "FALSE", table, organization, out),
            Self::Not(not) => {
                // a comparison with null is neither true nor false: for the reader of an API it does not hold
                out.push_sql("(");
                not.walk(table, organization, out)?;
                out.push_sql(") IS NOT TRUE");
                Ok(())
            }
            Self::Compare(column, operator, value) => {
                write_column(table, column, out)?;
                out.push_sql(match operator {
                    Operator::Eq => " = ",
                    Operator::Ne => " IS DISTINCT FROM ",
                    Operator::Gt => " > ",
                    Operator::Gte => " >= ",
                    Operator::Lt => " < ",
                    Operator::Lte => " <= ",
                    Operator::Like => " ILIKE ",
                    Operator::In => " = ANY(",
                });
                value.walk(out)?;
                if *operator == Operator::In {
                    out.push_sql(")");
                }
                Ok(())
            }
            Self::IsNull(column) => {
                write_column(table, column, out)?;
                out.push_sql(" IS NULL");
                Ok(())
            }
            Self::Ids(ids) => {
                write_column(table, table.key, out)?;
                out.push_sql(" = ANY(");
                out.push_bind_param::<Array<sql_types::Uuid>, _>(ids)?;
                out.push_sql(")");
                Ok(())
            }
            Self::OfParent(column) => {
                write_column(table, column, out)?;
                out.push_sql(" = parent.id");
                Ok(())
            }
            Self::OfParentText(column) => {
                write_column(table, column, out)?;
                out.push_sql(" = parent.id::text");
                Ok(())
            }
            Self::Through { column, table: other, condition } => {
                write_column(table, column, out)?;
                out.push_sql(" IN (SELECT ");
                write_column(other, other.key, out)?;
                write_from(other, organization, out)?;
                out.push_sql(" AND ");
                condition.walk(other, organization, out)?;
                out.push_sql(")");
                Ok(())
            }
            Self::Linked { table: pairs, parent, child } => {
                write_column(table, table.key, out)?;
                out.push_sql(" IN (SELECT ");
                write_column(pairs, child, out)?;
                write_from(pairs, organization, out)?;
                out.push_sql(" AND ");
                write_column(pairs, parent, out)?;
                out.push_sql(" = parent.id)");
                Ok(())
            }
            Self::Beyond(keys, at) => beyond(keys, at, table, out),
        }
    }
}

fn list<'b>(
    conditions: &'b [Condition],
    between: &str,
    none: &str,
    table: &'static Table,
    organization: &'b Uuid,
    out: &mut AstPass<'_, 'b, Pg>,
) -> QueryResult<()> {
    if conditions.is_empty() {
        out.push_sql(none);
        return Ok(());
    }
    out.push_sql("(");
    for (index, condition) in conditions.iter().enumerate() {
        if index > 0 {
            out.push_sql(between);
        }
        condition.walk(table, organization, out)?;
    }
    out.push_sql(")");
    Ok(())
}

fn write_column(table: &Table, column: &str, out: &mut AstPass<'_, '_, Pg>) -> QueryResult<()> {
    out.push_sql(table.name);
    out.push_sql(".");
    out.push_identifier(column)
}

fn write_from<'b>(
    table: &'static Table,
    organization: &'b Uuid,
    out: &mut AstPass<'_, 'b, Pg>,
) -> QueryResult<()> {
    out.push_sql(" FROM ");
    out.push_sql(table.name);
    out.push_sql(" WHERE ");
    if table.owner == Owner::Nobody {
        out.push_sql("TRUE");
        return Ok(());
    }
    write_column(table, "organization_id", out)?;
    if table.owner == Owner::Organization {
        out.push_sql(" = ");
        return out.push_bind_param::<sql_types::Uuid, _>(organization);
    }
    out.push_sql(" IN (");
    out.push_bind_param::<sql_types::Uuid, _>(organization)?;
    out.push_sql(", ");
    out.push_bind_param::<sql_types::Uuid, _>(&PLATFORM)?;
    out.push_sql(")");
    Ok(())
}

/// One order key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pub column: &'static str,
    /// The SQL type, for the values of a cursor.
    pub sql: &'static str,
    pub nullable: bool,
    pub descending: bool,
    pub nulls_first: bool,
}

impl Key {
    /// The id, which makes every order total.
    pub const fn id(table: &Table, descending: bool) -> Self {
        Self { column: table.key, sql: "uuid", nullable: false, descending, nulls_first: false }
    }

    /// The same key, read the other way.
    pub fn reversed(&self) -> Self {
        Self { descending: !self.descending, nulls_first: !self.nulls_first, ..self.clone() }
    }
}

/// `(a, b) > ($1, $2)` where one index range serves it, else the same spelled out key by key.
fn beyond<'b>(
    keys: &'b [Key],
    at: &'b [Option<String>],
    table: &'static Table,
    out: &mut AstPass<'_, 'b, Pg>,
) -> QueryResult<()> {
    let same = keys.windows(2).all(|pair| matches!(pair, [one, two] if one.descending == two.descending));
    let (Some(first), true) = (keys.first(), same && keys.iter().all(|key| !key.nullable)) else {
        return stepwise(keys, at, table, out);
    };
    out.push_sql("(");
    for (index, key) in keys.iter().enumerate() {
        if index > 0 {
            out.push_sql(", ");
        }
        write_column(table, key.column, out)?;
    }
    out.push_sql(if first.descending { ") < (" } else { ") > (" });
    for (index, (key, value)) in keys.iter().zip(at).enumerate() {
        if index > 0 {
            out.push_sql(", ");
        }
        write_value(key, value.as_ref(), out)?;
    }
    out.push_sql(")");
    Ok(())
}

fn stepwise<'b>(
    keys: &'b [Key],
    at: &'b [Option<String>],
    table: &'static Table,
    out: &mut AstPass<'_, 'b, Pg>,
) -> QueryResult<()> {
    let (Some((key, later_keys)), Some((value, later_values))) = (keys.split_first(), at.split_first())
    else {
        out.push_sql("FALSE");
        return Ok(());
    };
    out.push_sql("(");
    match value {
        Some(_) => {
            write_column(table, key.column, out)?;
            out.push_sql(if key.descending { " < " } else { " > " });
            write_value(key, value.as_ref(), out)?;
            if key.nullable && !key.nulls_first {
                out.push_sql(" OR ");
                write_column(table, key.column, out)?;
                out.push_sql(" IS NULL");
            }
        }
        None if key.nulls_first => {
            write_column(table, key.column, out)?;
            out.push_sql(" IS NOT NULL");
        }
        None => out.push_sql("FALSE"),
    }
    out.push_sql(" OR (");
    write_column(table, key.column, out)?;
    if value.is_some() {
        out.push_sql(" = ");
        write_value(key, value.as_ref(), out)?;
    } else {
        out.push_sql(" IS NULL");
    }
    out.push_sql(" AND ");
    stepwise(later_keys, later_values, table, out)?;
    out.push_sql("))");
    Ok(())
}

fn write_value<'b>(key: &Key, value: Option<&'b String>, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
    match value {
        Some(value) => out.push_bind_param::<sql_types::Text, _>(value)?,
        None => out.push_sql("NULL"),
    }
    out.push_sql("::");
    out.push_sql(key.sql);
    Ok(())
}

/// Which rows, in which order, how many.
#[derive(Clone, Debug)]
pub struct Fetch {
    pub condition: Condition,
    pub order: Vec<Key>,
    pub limit: Option<i64>,
}

impl Fetch {
    pub const fn all(condition: Condition) -> Self {
        Self { condition, order: Vec::new(), limit: None }
    }

    fn walk<'b>(
        &'b self,
        table: &'static Table,
        organization: &'b Uuid,
        out: &mut AstPass<'_, 'b, Pg>,
    ) -> QueryResult<()> {
        write_from(table, organization, out)?;
        out.push_sql(" AND ");
        self.condition.walk(table, organization, out)?;
        for (index, key) in self.order.iter().enumerate() {
            out.push_sql(if index == 0 { " ORDER BY " } else { ", " });
            write_column(table, key.column, out)?;
            if key.descending {
                out.push_sql(" DESC");
            }
            // said only where it differs from what PostgreSQL does anyway: the index stays usable
            if key.nullable && key.nulls_first != key.descending {
                out.push_sql(if key.nulls_first { " NULLS FIRST" } else { " NULLS LAST" });
            }
        }
        if let Some(limit) = &self.limit {
            out.push_sql(" LIMIT ");
            out.push_bind_param::<sql_types::BigInt, _>(limit)?;
        }
        Ok(())
    }
}

/// Rows of one table, all of one organization.
pub struct Rows<T> {
    pub table: &'static Table,
    pub organization: Uuid,
    pub fetch: Fetch,
    pub row: PhantomData<fn() -> T>,
}

/// The same for each of many parents: `(parent, row)`, one statement for all.
pub struct Each<T> {
    pub rows: Rows<T>,
    pub parents: Vec<Uuid>,
}

type SelectOf<T> = <T as Selectable<Pg>>::SelectExpression;

impl<T: Selectable<Pg>> Query for Rows<T> {
    type SqlType = <SelectOf<T> as Expression>::SqlType;
}
impl<T, Conn> diesel::RunQueryDsl<Conn> for Rows<T> {}
impl<T> QueryId for Rows<T> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
impl<T: Selectable<Pg>> QueryFragment<Pg> for Rows<T>
where
    SelectOf<T>: QueryFragment<Pg>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT ");
        write_selection::<T>(&mut out)?;
        self.fetch.walk(self.table, &self.organization, &mut out)
    }
}

impl<T: Selectable<Pg>> Query for Each<T> {
    type SqlType = (sql_types::Uuid, <SelectOf<T> as Expression>::SqlType);
}
impl<T, Conn> diesel::RunQueryDsl<Conn> for Each<T> {}
impl<T> QueryId for Each<T> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
impl<T: Selectable<Pg>> QueryFragment<Pg> for Each<T>
where
    SelectOf<T>: QueryFragment<Pg>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT parent.id, child.* FROM unnest(");
        out.push_bind_param::<Array<sql_types::Uuid>, _>(&self.parents)?;
        out.push_sql(") AS parent(id) CROSS JOIN LATERAL (SELECT ");
        write_selection::<T>(&mut out)?;
        self.rows.fetch.walk(self.rows.table, &self.rows.organization, &mut out)?;
        out.push_sql(") AS child");
        Ok(())
    }
}

/// A selection holds columns only, never a value: nothing of it is bound to the statement.
fn write_selection<T: Selectable<Pg>>(out: &mut AstPass<'_, '_, Pg>) -> QueryResult<()>
where
    SelectOf<T>: QueryFragment<Pg>,
{
    let mut builder = <Pg as diesel::backend::Backend>::QueryBuilder::default();
    T::construct_selection().to_sql(&mut builder, &Pg)?;
    out.push_sql(&diesel::query_builder::QueryBuilder::finish(builder));
    Ok(())
}

/// How many rows there are, counting no further than the limit of `fetch`; per parent where there are any.
pub struct Count {
    pub table: &'static Table,
    pub organization: Uuid,
    pub fetch: Fetch,
    pub parents: Vec<Uuid>,
}

impl Query for Count {
    type SqlType = (sql_types::Uuid, sql_types::BigInt);
}
impl<Conn> diesel::RunQueryDsl<Conn> for Count {}
impl QueryId for Count {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
impl QueryFragment<Pg> for Count {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT parent.id, (SELECT count(*) FROM (SELECT 1");
        self.fetch.walk(self.table, &self.organization, &mut out)?;
        out.push_sql(") AS few) FROM unnest(");
        out.push_bind_param::<Array<sql_types::Uuid>, _>(&self.parents)?;
        out.push_sql(") AS parent(id)");
        Ok(())
    }
}
