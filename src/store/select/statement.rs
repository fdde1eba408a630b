//! The statements: rows, rows of many parents at once, and how many there are.
use std::{
    any::TypeId,
    collections::HashMap,
    marker::PhantomData,
    sync::{LazyLock, PoisonError, RwLock},
};

use diesel::{
    QueryResult, Selectable,
    expression::Expression,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{self, Array},
};
use uuid::Uuid;

use super::{Fetch, Table, Within, write_column};

/// Rows of one table, all of one organization.
pub struct Rows<T> {
    pub table: &'static Table,
    pub within: Within,
    pub fetch: Fetch,
    pub row: PhantomData<fn() -> T>,
}

/// The same for each of many parents: `(parent, row)`, one statement for all.
pub struct Each<T> {
    pub rows: Rows<T>,
    pub parents: Vec<Uuid>,
}

pub type SelectOf<T> = <T as Selectable<Pg>>::SelectExpression;

impl<T: Selectable<Pg>> Query for Rows<T> {
    type SqlType = <SelectOf<T> as Expression>::SqlType;
}
impl<T, Conn> diesel::RunQueryDsl<Conn> for Rows<T> {}
impl<T> QueryId for Rows<T> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
impl<T: Selectable<Pg> + 'static> QueryFragment<Pg> for Rows<T>
where
    SelectOf<T>: QueryFragment<Pg>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT ");
        write_selection::<T>(&mut out)?;
        self.fetch.walk(self.table, &self.within, &mut out)
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
impl<T: Selectable<Pg> + 'static> QueryFragment<Pg> for Each<T>
where
    SelectOf<T>: QueryFragment<Pg>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT parent.id, child.* FROM unnest(");
        out.push_bind_param::<Array<sql_types::Uuid>, _>(&self.parents)?;
        out.push_sql(") AS parent(id) CROSS JOIN LATERAL (SELECT ");
        write_selection::<T>(&mut out)?;
        self.rows.fetch.walk(self.rows.table, &self.rows.within, &mut out)?;
        out.push_sql(") AS child");
        Ok(())
    }
}

/// A selection holds columns only, never a value: its text is made once for each type of row.
pub(in crate::store) fn write_selection<T: Selectable<Pg> + 'static>(
    out: &mut AstPass<'_, '_, Pg>,
) -> QueryResult<()>
where
    SelectOf<T>: QueryFragment<Pg>,
{
    static TEXTS: LazyLock<RwLock<HashMap<TypeId, String>>> = LazyLock::new(RwLock::default);
    let of = TypeId::of::<T>();
    if let Some(text) = TEXTS.read().unwrap_or_else(PoisonError::into_inner).get(&of) {
        out.push_sql(text);
        return Ok(());
    }
    let mut builder = <Pg as diesel::backend::Backend>::QueryBuilder::default();
    T::construct_selection().to_sql(&mut builder, &Pg)?;
    let text = diesel::query_builder::QueryBuilder::finish(builder);
    out.push_sql(&text);
    TEXTS.write().unwrap_or_else(PoisonError::into_inner).insert(of, text);
    Ok(())
}

/// How many rows there are, counting no further than the limit of `fetch`; per parent where there are any.
pub struct Count {
    pub table: &'static Table,
    pub within: Within,
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
        self.fetch.walk(self.table, &self.within, &mut out)?;
        out.push_sql(") AS few) FROM unnest(");
        out.push_bind_param::<Array<sql_types::Uuid>, _>(&self.parents)?;
        out.push_sql(") AS parent(id)");
        Ok(())
    }
}

/// The keys of rows alone.
pub struct Keys {
    pub table: &'static Table,
    pub within: Within,
    pub fetch: Fetch,
}

impl Query for Keys {
    type SqlType = sql_types::Uuid;
}
impl<Conn> diesel::RunQueryDsl<Conn> for Keys {}
impl QueryId for Keys {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
impl QueryFragment<Pg> for Keys {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT ");
        write_column(self.table, self.table.key, &mut out);
        self.fetch.walk(self.table, &self.within, &mut out)
    }
}

/// Rows, locked for the rest of the transaction.
pub struct Locked<T>(pub Rows<T>);

impl<T> Query for Locked<T>
where
    Rows<T>: Query,
{
    type SqlType = <Rows<T> as Query>::SqlType;
}
impl<T, Conn> diesel::RunQueryDsl<Conn> for Locked<T> {}
impl<T> QueryId for Locked<T> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
impl<T> QueryFragment<Pg> for Locked<T>
where
    Rows<T>: QueryFragment<Pg>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk_ast(out.reborrow())?;
        out.push_sql(" FOR UPDATE");
        Ok(())
    }
}
