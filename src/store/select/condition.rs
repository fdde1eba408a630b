//! Which rows are meant.
use chrono::{DateTime, Utc};
use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::AstPass,
    sql_types::{self, Array},
};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::{
    Pairs, Table, Within,
    attribute::Attribute,
    keyset::{Key, beyond},
    search::Search,
    write_column, write_from,
};
use crate::store::{
    batch::Stored,
    value::{Date, Hash},
};

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
    Hashes(Vec<Option<Hash>>),
}

impl Bind {
    pub(in crate::store) fn walk<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
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
            Self::Hashes(values) => {
                out.push_bind_param::<Array<sql_types::Nullable<sql_types::Bytea>>, _>(values)
            }
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

impl Operator {
    /// What stands between the column and the value; a list follows it in brackets.
    pub(super) const fn sign(self) -> &'static str {
        match self {
            Self::Eq => " = ",
            Self::Ne => " IS DISTINCT FROM ",
            Self::Gt => " > ",
            Self::Gte => " >= ",
            Self::Lt => " < ",
            Self::Lte => " <= ",
            Self::Like => " ILIKE ",
            Self::In => " = ANY(",
        }
    }
}

/// Which rows of a table are meant.
#[derive(Clone, Debug)]
pub enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Compare(&'static str, Operator, Bind),
    IsNull(&'static str),
    /// The text in the column is this, in whatever case.
    Word(&'static str, String),
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
    /// Whether there is a row of `table` whose column holds this row's id and that meets the condition.
    Hanging {
        table: &'static Table,
        column: &'static str,
        condition: Box<Condition>,
        exists: bool,
    },
    /// The row is paired with the current parent.
    PairedWithParent(Pairs),
    /// A comparison with values whose type only the database knows: they are written out and read as `sql` there.
    Read {
        column: &'static str,
        operator: Operator,
        sql: &'static str,
        values: Vec<String>,
    },
    /// Its texts contain what is searched.
    Found(Search),
    /// The row is one of these things that rights are limited to, or lies within one of them.
    WithinResources(Vec<Uuid>),
    /// The row is registered with such an attribute.
    Attribute(Attribute),
    /// Beyond the row whose order keys are given.
    Beyond(Vec<Key>, Vec<Option<String>>),
}

impl Condition {
    /// Always true.
    pub const ANYTHING: Self = Self::All(Vec::new());
    /// Never true.
    pub const NOTHING: Self = Self::Any(Vec::new());

    pub const fn is_anything(&self) -> bool {
        matches!(self, Self::All(all) if all.is_empty())
    }

    pub const fn is_nothing(&self) -> bool {
        matches!(self, Self::Any(any) if any.is_empty())
    }

    /// All of `conditions`; what always holds is left out.
    pub fn all(conditions: impl IntoIterator<Item = Self>) -> Self {
        let mut all: Vec<_> = conditions.into_iter().filter(|one| !one.is_anything()).collect();
        if all.iter().any(Self::is_nothing) {
            return Self::NOTHING;
        }
        if all.len() == 1 { all.swap_remove(0) } else { Self::All(all) }
    }

    /// At least one of `conditions`; what never holds is left out.
    pub fn any(conditions: impl IntoIterator<Item = Self>) -> Self {
        let mut any: Vec<_> = conditions.into_iter().filter(|one| !one.is_nothing()).collect();
        if any.iter().any(Self::is_anything) {
            return Self::ANYTHING;
        }
        if any.len() == 1 { any.swap_remove(0) } else { Self::Any(any) }
    }

    /// What does not meet `condition`.
    pub fn outside(condition: Self) -> Self {
        match condition {
            always if always.is_anything() => Self::NOTHING,
            never if never.is_nothing() => Self::ANYTHING,
            other => Self::Not(Box::new(other)),
        }
    }

    pub fn and(self, other: Self) -> Self {
        match self {
            Self::All(mut all) => {
                all.push(other);
                Self::All(all)
            }
            one => Self::All(vec![one, other]),
        }
    }

    /// The column that holds the id of the parent, where it says so first of all.
    pub(super) fn parent_column(&self) -> Option<&'static str> {
        match self {
            Self::All(all) => all.iter().find_map(Self::parent_column),
            Self::OfParent(column) => Some(column),
            _ => None,
        }
    }

    /// The ids that rows must have to meet it, where it says so first of all.
    fn of_key(&self, table: &Table) -> Option<(Operator, &Bind)> {
        match self {
            Self::All(all) => all.iter().find_map(|one| one.of_key(table)),
            Self::Compare(column, operator @ (Operator::Eq | Operator::In), ids) if *column == table.key => {
                Some((*operator, ids))
            }
            _ => None,
        }
    }

    /// The same of rows that are not deleted.
    pub fn living<T: Stored>(self) -> Self {
        match T::DELETED {
            Some(deleted) => self.and(Self::IsNull(deleted)),
            None => self,
        }
    }

    pub(super) fn walk<'b>(
        &'b self,
        table: &'static Table,
        within: &'b Within,
        out: &mut AstPass<'_, 'b, Pg>,
    ) -> QueryResult<()> {
        match self {
            Self::All(all) => list(all, " AND ", "TRUE", table, within, out),
            Self::Any(any) => list(any, " OR ", "FALSE", table, within, out),
            Self::Not(not) => {
                // a comparison with null is neither true nor false: for the reader of an API it does not hold
                out.push_sql("(");
                not.walk(table, within, out)?;
                out.push_sql(") IS NOT TRUE");
                Ok(())
            }
            Self::Compare(column, operator, value) => compare(table, column, *operator, value, out),
            Self::IsNull(column) => {
                write_column(table, column, out);
                out.push_sql(" IS NULL");
                Ok(())
            }
            Self::Word(column, word) => {
                out.push_sql("lower(");
                write_column(table, column, out);
                out.push_sql(") = lower(");
                out.push_bind_param::<sql_types::Text, _>(word)?;
                out.push_sql(")");
                Ok(())
            }
            Self::Ids(ids) => {
                write_column(table, table.key, out);
                if let [id] = ids.as_slice() {
                    out.push_sql(" = ");
                    return out.push_bind_param::<sql_types::Uuid, _>(id);
                }
                out.push_sql(" = ANY(");
                out.push_bind_param::<Array<sql_types::Uuid>, _>(ids)?;
                out.push_sql(")");
                Ok(())
            }
            Self::OfParent(column) => {
                write_column(table, column, out);
                out.push_sql(" = parent.id");
                Ok(())
            }
            Self::OfParentText(column) => {
                write_column(table, column, out);
                out.push_sql(" = parent.id::text");
                Ok(())
            }
            Self::Through { column, table: other, condition } => {
                // what is said of the other row's id holds for the column too, and there an index knows the order
                if let Some((operator, ids)) = condition.of_key(other) {
                    compare(table, column, operator, ids, out)?;
                    out.push_sql(" AND ");
                }
                write_column(table, column, out);
                out.push_sql(" IN (SELECT ");
                write_column(other, other.key, out);
                write_from(other, within, out)?;
                out.push_sql(" AND ");
                condition.walk(other, within, out)?;
                out.push_sql(")");
                Ok(())
            }
            Self::Hanging { table: other, column, condition, exists } => {
                // a table that hangs on itself has one name for both: there the ids are compared from outside
                let is_itself = *other == table;
                if is_itself {
                    write_column(table, table.key, out);
                    out.push_sql(" IN (SELECT ");
                    write_column(other, column, out);
                } else {
                    out.push_sql(if *exists { "EXISTS (SELECT" } else { "NOT EXISTS (SELECT" });
                }
                write_from(other, within, out)?;
                if !is_itself {
                    out.push_sql(" AND ");
                    write_column(other, column, out);
                    out.push_sql(" = ");
                    write_column(table, table.key, out);
                }
                out.push_sql(" AND ");
                condition.walk(other, within, out)?;
                out.push_sql(if is_itself && !exists { ") IS NOT TRUE" } else { ")" });
                Ok(())
            }
            Self::PairedWithParent(pairs) => {
                write_column(table, table.key, out);
                out.push_sql(" IN (SELECT ");
                write_column(pairs.table, pairs.other, out);
                write_from(pairs.table, within, out)?;
                out.push_sql(" AND ");
                write_column(pairs.table, pairs.this, out);
                out.push_sql(" = parent.id)");
                Ok(())
            }
            Self::Read { column, operator, sql, values } => {
                write_column(table, column, out);
                match (operator, values.as_slice()) {
                    (Operator::In, _) => {
                        out.push_sql(" = ANY(");
                        out.push_bind_param::<Array<sql_types::Text>, _>(values)?;
                        for part in ["::", sql, "[])"] {
                            out.push_sql(part);
                        }
                    }
                    (_, [value]) => {
                        out.push_sql(operator.sign());
                        out.push_bind_param::<sql_types::Text, _>(value)?;
                        for part in ["::", sql] {
                            out.push_sql(part);
                        }
                    }
                    // whoever wrote such a condition gave no value: nothing is equal to that
                    _ => out.push_sql(" IS NULL AND FALSE"),
                }
                Ok(())
            }
            Self::WithinResources(scopes) => {
                write_column(table, table.key, out);
                out.push_sql("::text IN (WITH RECURSIVE inside(id, resource_id) AS (SELECT r.id, r.resource_id FROM access.resources r WHERE r.organization_id = ");
                out.push_bind_param::<sql_types::Uuid, _>(&within.organization)?;
                out.push_sql(" AND r.is_active AND r.id = ANY(");
                out.push_bind_param::<Array<sql_types::Uuid>, _>(scopes)?;
                out.push_sql(") UNION SELECT r.id, r.resource_id FROM inside JOIN access.resources r ON r.parent_resource_id = inside.id AND r.is_active AND r.organization_id = ");
                out.push_bind_param::<sql_types::Uuid, _>(&within.organization)?;
                out.push_sql(") SELECT resource_id FROM inside)");
                Ok(())
            }
            Self::Found(search) => search.walk(table, within, out),
            Self::Attribute(attribute) => attribute.walk(table, within, out),
            Self::Beyond(keys, at) => beyond(keys, at, table, within, out),
        }
    }
}

fn compare<'b>(
    table: &'static Table,
    column: &'static str,
    operator: Operator,
    value: &'b Bind,
    out: &mut AstPass<'_, 'b, Pg>,
) -> QueryResult<()> {
    write_column(table, column, out);
    out.push_sql(operator.sign());
    value.walk(out)?;
    if operator == Operator::In {
        out.push_sql(")");
    }
    Ok(())
}

fn list<'b>(
    conditions: &'b [Condition],
    between: &str,
    none: &str,
    table: &'static Table,
    within: &'b Within,
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
        condition.walk(table, within, out)?;
    }
    out.push_sql(")");
    Ok(())
}
