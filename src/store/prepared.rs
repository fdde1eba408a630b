//! A statement written out by hand that is prepared once for each connection. (Diesel's own `sql_query` is prepared,
//! and planned, each time it runs: over the partitions of years that takes longer than the work itself.)
use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::Untyped,
};

use super::select::Bind;

/// Its text has a `$` where each value stands.
pub struct Prepared {
    text: &'static str,
    binds: Vec<Bind>,
}

impl Prepared {
    pub fn new(text: &'static str, binds: impl Into<Vec<Bind>>) -> Self {
        Self { text, binds: binds.into() }
    }
}

impl Query for Prepared {
    type SqlType = Untyped;
}
impl<C> diesel::RunQueryDsl<C> for Prepared {}
impl QueryId for Prepared {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
impl QueryFragment<Pg> for Prepared {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let mut binds = self.binds.iter();
        for (index, text) in self.text.split('$').enumerate() {
            if index > 0
                && let Some(bind) = binds.next()
            {
                bind.walk(&mut out)?;
            }
            out.push_sql(text);
        }
        Ok(())
    }
}
