//! `UPDATE … SET` of just those columns that an input names.
use async_graphql::MaybeUndefined;
use diesel::{
    AppearsOnTable, Column, QueryResult, QuerySource,
    expression::AsExpression,
    pg::Pg,
    query_builder::{AsChangeset, AstPass, QueryFragment, QueryId},
    sql_types::SqlType,
};

type Value = Box<dyn QueryFragment<Pg> + Send>;

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
        V::Expression: AppearsOnTable<T> + QueryFragment<Pg> + Send + 'static,
    {
        self.set.push((C::NAME, Box::new(value.as_expression())));
        self
    }

    /// Sets a column that may not be null, where the input names it.
    pub fn given<C, V>(self, column: C, value: Option<V>) -> Self
    where
        C: Column<Table = T>,
        C::SqlType: SqlType,
        V: AsExpression<C::SqlType>,
        V::Expression: AppearsOnTable<T> + QueryFragment<Pg> + Send + 'static,
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
            AppearsOnTable<T> + QueryFragment<Pg> + Send + 'static,
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

impl<T: QuerySource> AsChangeset for Changes<T> {
    type Target = T;
    type Changeset = Self;
    fn as_changeset(self) -> Self {
        self
    }
}

impl<T> QueryFragment<Pg> for Changes<T> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
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

impl<T> QueryId for Changes<T> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
