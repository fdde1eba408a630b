//! The statements: rows, rows of many parents at once, and how many there are.
use std::{
    any::TypeId,
    collections::HashMap,
    marker::PhantomData,
    sync::{Arc, LazyLock, PoisonError, RwLock},
};

use diesel::{
    QueryResult, Selectable,
    expression::Expression,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{self, Array},
};
use uuid::Uuid;

use super::{Fetch, Owner, Selection, Table, Within, write_column};

/// Rows of one table, all of one organization.
pub struct Rows {
    pub table: &'static Table,
    pub within: Within,
    pub fetch: Fetch,
    pub selection: Arc<Selection>,
    /// Where they are wanted for each of many parents, these: then the parent stands before each row.
    pub parents: Option<Vec<Uuid>>,
}

pub type SelectOf<T> = <T as Selectable<Pg>>::SelectExpression;

impl Query for Rows {
    type SqlType = sql_types::Untyped;
}
impl QueryId for Rows {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
impl QueryFragment<Pg> for Rows {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        if let Some(parents) = &self.parents {
            out.push_sql("SELECT parent.id, child.* FROM unnest(");
            out.push_bind_param::<Array<sql_types::Uuid>, _>(parents)?;
            out.push_sql(") AS parent(id) CROSS JOIN LATERAL (");
        }
        out.push_sql("SELECT ");
        self.write_columns(&mut out)?;
        self.fetch.walk(self.table, &self.within, &mut out)?;
        if self.parents.is_some() {
            out.push_sql(") AS child");
        }
        Ok(())
    }
}

impl Rows {
    /// What a column looks up elsewhere by the organization, or by the parent, is said to be the same for all rows: so
    /// it is looked up once.
    fn write_columns<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let mut rest = self.selection.text.as_str();
        if !rest.contains("(SELECT ") || self.table.owner != Owner::Organization {
            out.push_sql(rest);
            return Ok(());
        }
        let own = |column| format!("{}.\"{column}\"", self.table.name);
        let organization = own("organization_id");
        let parent = self.parents.as_ref().and(self.fetch.condition.parent_column()).map(own);
        let places = |rest: &str| {
            let of = |column: &String| Some((rest.find(column.as_str())?, column.len()));
            let (organization, parent) = (of(&organization), parent.as_ref().and_then(of));
            organization.map(|at| (at, true)).into_iter().chain(parent.map(|at| (at, false))).min()
        };
        while let Some(((at, length), is_organization)) = places(rest) {
            out.push_sql(rest.get(..at).unwrap_or_default());
            if is_organization {
                out.push_bind_param::<sql_types::Uuid, _>(&self.within.organization)?;
            } else {
                out.push_sql("parent.id");
            }
            rest = rest.get(at + length..).unwrap_or_default();
        }
        out.push_sql(rest);
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
pub struct Locked<T> {
    pub table: &'static Table,
    pub within: Within,
    pub fetch: Fetch,
    pub row: PhantomData<fn() -> T>,
}

impl<T: Selectable<Pg>> Query for Locked<T> {
    type SqlType = <SelectOf<T> as Expression>::SqlType;
}
impl<T, Conn> diesel::RunQueryDsl<Conn> for Locked<T> {}
impl<T> QueryId for Locked<T> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
impl<T: Selectable<Pg> + 'static> QueryFragment<Pg> for Locked<T>
where
    SelectOf<T>: QueryFragment<Pg>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT ");
        write_selection::<T>(&mut out)?;
        self.fetch.walk(self.table, &self.within, &mut out)?;
        out.push_sql(" FOR UPDATE");
        Ok(())
    }
}
