//! A column of the row that a foreign key refers to, read along with the row: a line's amounts are in the currency of
//! its budget.
use std::marker::PhantomData;

use diesel::{
    AppearsOnTable, Column, Expression, QueryResult, QuerySource, SelectableExpression,
    backend::Backend,
    expression::{ValidGrouping, is_aggregate},
    pg::Pg,
    query_builder::{AstPass, QueryBuilder, QueryFragment, QueryId},
};

/// `Referred<budget_line_items::budget_id, budgets::currency>`: found by the primary key, one look-up per row.
/// The key may not be null. A reference to the organization itself is `organization_id`.
#[derive(Clone, Copy)]
pub struct Referred<K, C>(PhantomData<fn() -> (K, C)>);

impl<K, C> Referred<K, C> {
    pub const fn column() -> Self {
        Self(PhantomData)
    }
}

impl<K, C: Column> Expression for Referred<K, C> {
    type SqlType = C::SqlType;
}
impl<K: Column, C: Column> AppearsOnTable<K::Table> for Referred<K, C> {}
impl<K: Column, C: Column> SelectableExpression<K::Table> for Referred<K, C> {}
impl<K, C, G> ValidGrouping<G> for Referred<K, C> {
    type IsAggregate = is_aggregate::No;
}
impl<K: 'static, C: 'static> QueryId for Referred<K, C> {
    type QueryId = Self;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<K, C> QueryFragment<Pg> for Referred<K, C>
where
    K: Column + Default + QueryFragment<Pg>,
    C: Column + Default + QueryFragment<Pg>,
    K::Table: Default + QuerySource,
    C::Table: Default + QuerySource,
    <K::Table as QuerySource>::FromClause: QueryFragment<Pg>,
    <C::Table as QuerySource>::FromClause: QueryFragment<Pg>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let from = text(&C::Table::default().from_clause())?;
        let (column, key) = (text(&C::default())?, text(&K::default())?);
        out.push_sql(&format!("(SELECT {column} FROM {from} WHERE {from}.id = {key}"));
        if K::NAME != "organization_id" {
            let here = text(&K::Table::default().from_clause())?;
            out.push_sql(&format!(" AND {from}.organization_id = {here}.\"organization_id\""));
        }
        out.push_sql(")");
        Ok(())
    }
}

/// A column or table as SQL names it.
fn text(name: &impl QueryFragment<Pg>) -> QueryResult<String> {
    let mut builder = <Pg as Backend>::QueryBuilder::default();
    name.to_sql(&mut builder, &Pg)?;
    Ok(builder.finish())
}
