//! A row as it was: as it is, with some columns as they were then.
use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{self, Jsonb},
};
use serde_json::Value;
use uuid::Uuid;

use super::{Table, Within, write_column, write_from};

/// One row of a table, with the columns that `then` names as they stand there.
pub struct Past {
    pub table: &'static Table,
    pub within: Within,
    pub id: Uuid,
    pub then: Value,
    /// What is selected, of the row under its own name.
    pub selection: String,
}

impl Past {
    pub fn new(table: &'static Table, within: Within, id: Uuid, then: Value, selection: &str) -> Self {
        let selection = selection.replace(&format!("{}.", table.name), "past.");
        Self { table, within, id, then, selection }
    }
}

impl Query for Past {
    type SqlType = sql_types::Untyped;
}
impl QueryId for Past {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
impl QueryFragment<Pg> for Past {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        for part in
            ["SELECT ", &self.selection, " FROM (SELECT (jsonb_populate_record(", self.table.name, ".*, "]
        {
            out.push_sql(part);
        }
        out.push_bind_param::<Jsonb, _>(&self.then)?;
        out.push_sql(")).*");
        write_from(self.table, &self.within, &mut out)?;
        out.push_sql(" AND ");
        write_column(self.table, self.table.key, &mut out);
        out.push_sql(" = ");
        out.push_bind_param::<sql_types::Uuid, _>(&self.id)?;
        out.push_sql(") AS past");
        Ok(())
    }
}
