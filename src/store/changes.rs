//! `INSERT` and `UPDATE … SET` of just those columns that an input names.
use async_graphql::MaybeUndefined;
use diesel::{
    AppearsOnTable, Column, QueryResult, QuerySource, Selectable,
    expression::{AsExpression, Expression},
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{self, SqlType},
};
use uuid::Uuid;

use super::{
    batch::Stored,
    select::{Owner, SelectOf, write_column, write_selection},
};

type Value = Box<dyn QueryFragment<Pg> + Send + Sync>;

/// The columns of a table to be set, each with its value. Absent inputs are left alone, nulls are cleared.
pub struct Changes<T> {
    table: std::marker::PhantomData<fn() -> T>,
    set: Vec<(&'static str, Value)>,
    /// One that the input might have named.
    left: Option<&'static str>,
}

impl<T> Default for Changes<T> {
    fn default() -> Self {
        Self { table: std::marker::PhantomData, set: Vec::new(), left: None }
    }
}

impl<T: QuerySource> Changes<T> {
    /// Whether the input names nothing.
    pub const fn is_empty(&self) -> bool {
        self.set.is_empty()
    }

    /// Sets a column.
    pub fn set<C, V>(mut self, _: C, value: V) -> Self
    where
        C: Column<Table = T>,
        C::SqlType: SqlType,
        V: AsExpression<C::SqlType>,
        V::Expression: AppearsOnTable<T> + QueryFragment<Pg> + Send + Sync + 'static,
    {
        self.set.push((C::NAME, Box::new(value.as_expression())));
        self
    }

    /// Sets a column that may not be null, where the input names it; a new row has the table's default instead.
    pub fn given<C, V>(self, column: C, value: Option<V>) -> Self
    where
        C: Column<Table = T>,
        C::SqlType: SqlType,
        V: AsExpression<C::SqlType>,
        V::Expression: AppearsOnTable<T> + QueryFragment<Pg> + Send + Sync + 'static,
    {
        match value {
            Some(value) => self.set(column, value),
            None => self.leave(column),
        }
    }

    /// Sets or clears a column, where the input names it.
    pub fn patch<C, V>(self, column: C, value: MaybeUndefined<V>) -> Self
    where
        C: Column<Table = T>,
        C::SqlType: SqlType,
        Option<V>: AsExpression<C::SqlType>,
        <Option<V> as AsExpression<C::SqlType>>::Expression:
            AppearsOnTable<T> + QueryFragment<Pg> + Send + Sync + 'static,
    {
        match value {
            MaybeUndefined::Undefined => self.leave(column),
            MaybeUndefined::Null => self.set(column, None),
            MaybeUndefined::Value(value) => self.set(column, Some(value)),
        }
    }

    fn leave<C: Column>(mut self, _: C) -> Self {
        self.left = Some(C::NAME);
        self
    }
}

impl<T> Changes<T> {
    fn walk<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        // an input that names nothing sets a column to itself: one that the server may set, unlike the key
        if let (true, Some(column)) = (self.set.is_empty(), self.left) {
            out.push_identifier(column)?;
            out.push_sql(" = ");
            out.push_identifier(column)?;
        }
        for (index, (column, value)) in self.set.iter().enumerate() {
            if index > 0 {
                out.push_sql(", ");
            }
            out.push_identifier(column)?;
            out.push_sql(" = ");
            value.walk_ast(out.reborrow())?;
        }
        Ok(())
    }
}

/// A new row.
pub struct Insert<T: Stored> {
    pub organization: Uuid,
    pub id: Uuid,
    pub values: Changes<T::Source>,
}

/// What becomes of a row.
pub struct Update<T: Stored> {
    pub organization: Uuid,
    pub id: Uuid,
    pub changes: Changes<T::Source>,
}

impl<T: Stored + Selectable<Pg>> Query for Insert<T> {
    type SqlType = <SelectOf<T> as Expression>::SqlType;
}
impl<T: Stored, Conn> diesel::RunQueryDsl<Conn> for Insert<T> {}
impl<T: Stored> QueryId for Insert<T> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
impl<T: Stored + Selectable<Pg>> QueryFragment<Pg> for Insert<T>
where
    SelectOf<T>: QueryFragment<Pg>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let owned = T::TABLE.owner != Owner::Nobody;
        out.push_sql("INSERT INTO ");
        out.push_sql(T::TABLE.name);
        out.push_sql(if owned { " (organization_id, " } else { " (" });
        out.push_identifier(T::TABLE.key)?;
        for (column, _) in &self.values.set {
            out.push_sql(", ");
            out.push_identifier(column)?;
        }
        out.push_sql(") VALUES (");
        if owned {
            out.push_bind_param::<sql_types::Uuid, _>(&self.organization)?;
            out.push_sql(", ");
        }
        out.push_bind_param::<sql_types::Uuid, _>(&self.id)?;
        for (_, value) in &self.values.set {
            out.push_sql(", ");
            value.walk_ast(out.reborrow())?;
        }
        out.push_sql(") RETURNING ");
        write_selection::<T>(&mut out)
    }
}

impl<T: Stored + Selectable<Pg>> Query for Update<T> {
    type SqlType = <SelectOf<T> as Expression>::SqlType;
}
impl<T: Stored, Conn> diesel::RunQueryDsl<Conn> for Update<T> {}
impl<T: Stored> QueryId for Update<T> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
impl<T: Stored + Selectable<Pg>> QueryFragment<Pg> for Update<T>
where
    SelectOf<T>: QueryFragment<Pg>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("UPDATE ");
        out.push_sql(T::TABLE.name);
        out.push_sql(" SET ");
        self.changes.walk(&mut out)?;
        out.push_sql(" WHERE ");
        if T::TABLE.owner != Owner::Nobody {
            write_column(T::TABLE, "organization_id", &mut out);
            out.push_sql(" = ");
            out.push_bind_param::<sql_types::Uuid, _>(&self.organization)?;
            out.push_sql(" AND ");
        }
        write_column(T::TABLE, T::TABLE.key, &mut out);
        out.push_sql(" = ");
        out.push_bind_param::<sql_types::Uuid, _>(&self.id)?;
        out.push_sql(" RETURNING ");
        write_selection::<T>(&mut out)
    }
}

/// The key of a row, where these changes would make it another.
pub struct Differing<'c, T: Stored> {
    pub organization: Uuid,
    pub id: Uuid,
    pub changes: &'c Changes<T::Source>,
}

impl<T: Stored> Query for Differing<'_, T> {
    type SqlType = sql_types::Uuid;
}
impl<T: Stored, Conn> diesel::RunQueryDsl<Conn> for Differing<'_, T> {}
impl<T: Stored> QueryId for Differing<'_, T> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
impl<T: Stored> QueryFragment<Pg> for Differing<'_, T> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT ");
        write_column(T::TABLE, T::TABLE.key, &mut out);
        out.push_sql(" FROM ");
        out.push_sql(T::TABLE.name);
        out.push_sql(" WHERE ");
        write_column(T::TABLE, "organization_id", &mut out);
        out.push_sql(" = ");
        out.push_bind_param::<sql_types::Uuid, _>(&self.organization)?;
        out.push_sql(" AND ");
        write_column(T::TABLE, T::TABLE.key, &mut out);
        out.push_sql(" = ");
        out.push_bind_param::<sql_types::Uuid, _>(&self.id)?;
        out.push_sql(" AND (FALSE");
        for (column, value) in &self.changes.set {
            out.push_sql(" OR ");
            write_column(T::TABLE, column, &mut out);
            out.push_sql(" IS DISTINCT FROM ");
            value.walk_ast(out.reborrow())?;
        }
        out.push_sql(")");
        Ok(())
    }
}
