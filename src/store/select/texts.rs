//! The texts of records in which something was found, cut down to where it stands.
use diesel::{QueryResult, Queryable, pg::Pg, query_builder::AstPass, sql_types};
use uuid::Uuid;

use super::{Table, Within, write_column, write_from};

/// Texts of which records of one kind.
#[derive(Clone, Debug)]
pub struct TextsOf {
    /// The kind, `Deal`.
    pub kind: &'static str,
    pub table: &'static Table,
    pub columns: Vec<&'static str>,
    pub ids: Vec<Uuid>,
}

/// Texts of records of several kinds, all in one statement.
pub struct Texts {
    pub within: Within,
    /// What was looked for.
    pub words: String,
    pub of: Vec<TextsOf>,
}

/// Part of a text.
#[derive(Clone, Debug, Queryable)]
pub struct Text {
    pub kind: String,
    pub id: Uuid,
    /// Which of the columns that were asked for it stands in, counted from 1.
    pub place: i64,
    pub text: String,
    /// The same as it is compared: in small letters, without accents.
    pub folded: String,
    /// Whether the whole text begins here.
    pub begins: bool,
    /// Whether it ends here.
    pub ends: bool,
    /// The words that are looked for, as they are compared.
    pub terms: Vec<String>,
}

impl diesel::query_builder::Query for Texts {
    type SqlType = (
        sql_types::Text,
        sql_types::Uuid,
        sql_types::BigInt,
        sql_types::Text,
        sql_types::Text,
        sql_types::Bool,
        sql_types::Bool,
        sql_types::Array<sql_types::Text>,
    );
}
impl<Conn> diesel::RunQueryDsl<Conn> for Texts {}
impl diesel::query_builder::QueryId for Texts {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
impl diesel::query_builder::QueryFragment<Pg> for Texts {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "SELECT r.kind, r.id, t.place, w.part, w.folded, w.begins, w.ends, a.terms FROM (SELECT ops.search_terms(",
        );
        out.push_bind_param::<sql_types::Text, _>(&self.words)?;
        out.push_sql(") AS terms) AS a, (");
        for (index, of) in self.of.iter().enumerate() {
            if index > 0 {
                out.push_sql(" UNION ALL ");
            }
            of.walk(&self.within, &mut out)?;
        }
        out.push_sql(
            ") AS r (kind, id, texts), unnest(r.texts) WITH ORDINALITY AS t (content, place), ops.search_window(t.content, a.terms) AS w
             WHERE t.content IS NOT NULL",
        );
        Ok(())
    }
}

impl TextsOf {
    fn walk<'b>(&'b self, within: &'b Within, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT ");
        out.push_bind_param::<sql_types::Text, _>(self.kind)?;
        out.push_sql(", ");
        write_column(self.table, self.table.key, out);
        out.push_sql(", ARRAY[");
        for (index, column) in self.columns.iter().enumerate() {
            if index > 0 {
                out.push_sql(", ");
            }
            write_column(self.table, column, out);
            out.push_sql("::text");
        }
        out.push_sql("]");
        write_from(self.table, within, out)?;
        out.push_sql(" AND ");
        write_column(self.table, self.table.key, out);
        out.push_sql(" = ANY(");
        out.push_bind_param::<sql_types::Array<sql_types::Uuid>, _>(&self.ids)?;
        out.push_sql(")");
        Ok(())
    }
}
