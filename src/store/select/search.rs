//! Searching: which records have certain words in their texts, and how well they fit.
use diesel::{QueryResult, pg::Pg, query_builder::AstPass, sql_types};
use uuid::Uuid;

use super::{Condition, Owner, Table, Within, write_column, write_from};

/// Words that are looked for in the texts of one kind of record.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Search {
    /// The kind, `Deal`.
    pub kind: &'static str,
    pub words_in: WordsIn,
    /// All words, "phrases", or, -not; a word stands for those that begin with it.
    pub words: String,
    /// In which of its texts: letters from A to D.
    pub labels: String,
}

/// Where the words of a kind of record stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum WordsIn {
    /// With those of all kinds that are written together with their words.
    #[default]
    Entries,
    /// On their own, since they are written later.
    Messages,
}

static ENTRIES: &Table = &Table {
    name: "\"ops\".\"search_entries\"",
    key: "subject_id",
    owner: Owner::Organization,
    limited: super::Limited::Never,
};

static MESSAGES: &Table = &Table {
    name: "\"ops\".\"message_words\"",
    key: "message_id",
    owner: Owner::Organization,
    limited: super::Limited::Never,
};

impl WordsIn {
    const fn table(self) -> &'static Table {
        match self {
            Self::Entries => ENTRIES,
            Self::Messages => MESSAGES,
        }
    }
}

impl Search {
    /// The texts of a record in which it is looked, by their place: as many as four.
    pub const LABELS: [char; 4] = ['A', 'B', 'C', 'D'];

    /// ` FROM …`: the entries of the kind.
    fn walk_from<'b>(&'b self, within: &'b Within, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        write_from(self.words_in.table(), within, out)?;
        if self.words_in == WordsIn::Messages {
            return Ok(());
        }
        out.push_sql(" AND ");
        write_column(ENTRIES, "subject_type", out);
        out.push_sql(" = ");
        out.push_bind_param::<sql_types::Text, _>(self.kind)
    }

    fn write_subject(&self, out: &mut AstPass<'_, '_, Pg>) {
        let table = self.words_in.table();
        write_column(table, table.key, out);
    }

    fn write_words(&self, out: &mut AstPass<'_, '_, Pg>) {
        write_column(self.words_in.table(), "words", out);
    }

    /// What is looked for, made once for all rows.
    fn walk_query<'b>(&'b self, within: &'b Within, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("(SELECT ops.search_query(");
        out.push_bind_param::<sql_types::Uuid, _>(&within.organization)?;
        for text in [self.kind, &self.words, &self.labels] {
            out.push_sql(", ");
            out.push_bind_param::<sql_types::Text, _>(text)?;
        }
        out.push_sql("))");
        Ok(())
    }

    /// Whether the row of `table` is found.
    pub(super) fn walk<'b>(
        &'b self,
        table: &'static Table,
        within: &'b Within,
        out: &mut AstPass<'_, 'b, Pg>,
    ) -> QueryResult<()> {
        write_column(table, table.key, out);
        out.push_sql(" IN (SELECT ");
        self.write_subject(out);
        self.walk_from(within, out)?;
        out.push_sql(" AND ");
        self.write_words(out);
        out.push_sql(" @@ ");
        self.walk_query(within, out)?;
        out.push_sql(")");
        Ok(())
    }

    fn walk_score<'b>(&'b self, within: &'b Within, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("ts_rank(");
        self.write_words(out);
        out.push_sql(", ");
        self.walk_query(within, out)?;
        out.push_sql(")");
        Ok(())
    }

    /// How well the record fits whose id is written by `id`.
    pub(super) fn walk_score_of<'b>(
        &'b self,
        within: &'b Within,
        out: &mut AstPass<'_, 'b, Pg>,
        id: impl FnOnce(&mut AstPass<'_, 'b, Pg>) -> QueryResult<()>,
    ) -> QueryResult<()> {
        out.push_sql("(SELECT ");
        self.walk_score(within, out)?;
        self.walk_from(within, out)?;
        out.push_sql(" AND ");
        self.write_subject(out);
        out.push_sql(" = ");
        id(out)?;
        out.push_sql(")");
        Ok(())
    }
}

/// What is found among records of several kinds, those first that fit best.
pub struct Hits {
    pub within: Within,
    pub kinds: Vec<Wanted>,
    /// Beyond the one with this score and id.
    pub after: Option<(f32, Uuid)>,
    pub limit: i64,
}

/// One kind of record that is searched, and which of its rows count.
pub struct Wanted {
    pub search: Search,
    pub table: &'static Table,
    pub condition: Condition,
}

impl diesel::query_builder::Query for Hits {
    /// The kind, the id, how well it fits, and the labels of the texts that contain something of it.
    type SqlType = (sql_types::Text, sql_types::Uuid, sql_types::Float, sql_types::Text);
}
impl<Conn> diesel::RunQueryDsl<Conn> for Hits {}
impl diesel::query_builder::QueryId for Hits {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
impl diesel::query_builder::QueryFragment<Pg> for Hits {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT kind, id, score, (SELECT coalesce(string_agg(label, '' ORDER BY label), '') FROM unnest(labels) AS l(label)");
        out.push_sql(" WHERE words @@ ops.search_any(");
        out.push_bind_param::<sql_types::Uuid, _>(&self.within.organization)?;
        out.push_sql(", kind, asked, label)) FROM (SELECT * FROM (");
        for (index, wanted) in self.kinds.iter().enumerate() {
            if index > 0 {
                out.push_sql(" UNION ALL ");
            }
            wanted.walk(self, &mut out)?;
        }
        // only what is on the page is looked at once more, for where it was found
        out.push_sql(") AS every ORDER BY score DESC, id DESC");
        self.write_limit(&mut out);
        out.push_sql(") AS found ORDER BY score DESC, id DESC");
        Ok(())
    }
}

impl Hits {
    fn write_limit(&self, out: &mut AstPass<'_, '_, Pg>) {
        out.push_sql(" LIMIT ");
        out.push_sql(&self.limit.to_string());
    }
}

impl Wanted {
    fn walk<'b>(&'b self, hits: &'b Hits, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let (search, within) = (&self.search, &hits.within);
        out.push_sql("(SELECT * FROM (SELECT ");
        out.push_bind_param::<sql_types::Text, _>(search.kind)?;
        out.push_sql(" AS kind, ");
        search.write_subject(out);
        out.push_sql(" AS id, ");
        search.walk_score(within, out)?;
        out.push_sql(" AS score, ");
        search.write_words(out);
        out.push_sql(" AS words, string_to_array(");
        out.push_bind_param::<sql_types::Text, _>(&search.labels)?;
        out.push_sql(", NULL) AS labels, ");
        out.push_bind_param::<sql_types::Text, _>(&search.words)?;
        out.push_sql(" AS asked");
        search.walk_from(within, out)?;
        out.push_sql(" AND ");
        search.write_words(out);
        out.push_sql(" @@ ");
        search.walk_query(within, out)?;
        out.push_sql(" AND ");
        search.write_subject(out);
        out.push_sql(" IN (SELECT ");
        write_column(self.table, self.table.key, out);
        write_from(self.table, within, out)?;
        out.push_sql(" AND ");
        self.condition.walk(self.table, within, out)?;
        out.push_sql(")) AS one");
        if let Some((score, id)) = &hits.after {
            out.push_sql(" WHERE (score, id) < (");
            out.push_bind_param::<sql_types::Float, _>(score)?;
            out.push_sql(", ");
            out.push_bind_param::<sql_types::Uuid, _>(id)?;
            out.push_sql(")");
        }
        out.push_sql(" ORDER BY score DESC, id DESC");
        hits.write_limit(out);
        out.push_sql(")");
        Ok(())
    }
}
