//! Where a page begins: order keys, and the rows beyond the one that a cursor names.
use diesel::{QueryResult, pg::Pg, query_builder::AstPass, sql_types};

use super::{Search, Table, Within, write_column, write_from};

/// One order key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pub column: &'static str,
    /// Where rows are ordered by what the column leads to, that.
    pub led: Option<Led>,
    /// The SQL type, for the values of a cursor.
    pub sql: &'static str,
    pub nullable: bool,
    pub descending: bool,
    pub nulls_first: bool,
}

/// What rows are ordered by that stands elsewhere, looked up by the id in a column of theirs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Led {
    /// A column of the row of another table, where the caller sees that row.
    To { table: &'static Table, column: &'static str },
    /// How well the row fits what is searched.
    Score(Search),
}

impl Led {
    /// Its value; `id` writes whose.
    fn walk<'b>(
        &'b self,
        within: &'b Within,
        out: &mut AstPass<'_, 'b, Pg>,
        id: impl FnOnce(&mut AstPass<'_, 'b, Pg>) -> QueryResult<()>,
    ) -> QueryResult<()> {
        let (table, column) = match self {
            Self::To { table, column } => (table, column),
            Self::Score(search) => return search.walk_score_of(within, out, id),
        };
        // under a name of its own, since a table may lead to itself
        out.push_sql("(SELECT led.value FROM (SELECT ");
        write_column(table, table.key, out);
        out.push_sql(" AS id, ");
        write_column(table, column, out);
        out.push_sql(" AS value");
        write_from(table, within, out)?;
        out.push_sql(") AS led WHERE led.id = ");
        id(out)?;
        out.push_sql(")");
        Ok(())
    }
}

impl Key {
    /// The id, which makes every order total.
    pub const fn id(table: &Table, descending: bool) -> Self {
        Self { column: table.key, led: None, sql: "uuid", nullable: false, descending, nulls_first: false }
    }

    /// How well rows of `table` fit what is searched, the best first.
    pub const fn score(table: &Table, search: Search) -> Self {
        Self {
            column: table.key,
            led: Some(Led::Score(search)),
            sql: "uuid",
            nullable: true,
            descending: true,
            nulls_first: false,
        }
    }

    /// The same key, read the other way.
    pub fn reversed(&self) -> Self {
        Self { descending: !self.descending, nulls_first: !self.nulls_first, ..self.clone() }
    }

    /// What rows of `table` are ordered by.
    pub(super) fn walk<'b>(
        &'b self,
        table: &'static Table,
        within: &'b Within,
        out: &mut AstPass<'_, 'b, Pg>,
    ) -> QueryResult<()> {
        let Some(led) = &self.led else {
            write_column(table, self.column, out);
            return Ok(());
        };
        led.walk(within, out, |out| {
            write_column(table, self.column, out);
            Ok(())
        })
    }

    /// The same of the row that a cursor names, which holds `value` in the column.
    fn walk_value<'b>(
        &'b self,
        value: Option<&'b String>,
        within: &'b Within,
        out: &mut AstPass<'_, 'b, Pg>,
    ) -> QueryResult<()> {
        match &self.led {
            None => write_value(self, value, out),
            Some(led) => led.walk(within, out, |out| write_value(self, value, out)),
        }
    }
}

/// `(a, b) > ($1, $2)` where one index range serves it, else the same spelled out key by key.
pub(super) fn beyond<'b>(
    keys: &'b [Key],
    at: &'b [Option<String>],
    table: &'static Table,
    within: &'b Within,
    out: &mut AstPass<'_, 'b, Pg>,
) -> QueryResult<()> {
    let same = keys.windows(2).all(|pair| matches!(pair, [one, two] if one.descending == two.descending));
    let (Some(first), true) = (keys.first(), same && keys.iter().all(|key| !key.nullable)) else {
        return stepwise(keys, at, table, within, out);
    };
    out.push_sql("(");
    for (index, key) in keys.iter().enumerate() {
        if index > 0 {
            out.push_sql(", ");
        }
        write_column(table, key.column, out);
    }
    out.push_sql(if first.descending { ") < (" } else { ") > (" });
    for (index, (key, value)) in keys.iter().zip(at).enumerate() {
        if index > 0 {
            out.push_sql(", ");
        }
        write_value(key, value.as_ref(), out)?;
    }
    out.push_sql(")");
    Ok(())
}

fn stepwise<'b>(
    keys: &'b [Key],
    at: &'b [Option<String>],
    table: &'static Table,
    within: &'b Within,
    out: &mut AstPass<'_, 'b, Pg>,
) -> QueryResult<()> {
    let (Some((key, later_keys)), Some((value, later_values))) = (keys.split_first(), at.split_first())
    else {
        out.push_sql("FALSE");
        return Ok(());
    };
    out.push_sql("(");
    match value {
        // whether what it leads to has a value only the database knows
        Some(_) if key.led.is_some() => beyond_led(key, value.as_ref(), table, within, out)?,
        Some(_) => {
            write_column(table, key.column, out);
            out.push_sql(if key.descending { " < " } else { " > " });
            write_value(key, value.as_ref(), out)?;
            if key.nullable && !key.nulls_first {
                out.push_sql(" OR ");
                write_column(table, key.column, out);
                out.push_sql(" IS NULL");
            }
        }
        None if key.nulls_first => {
            key.walk(table, within, out)?;
            out.push_sql(" IS NOT NULL");
        }
        None => out.push_sql("FALSE"),
    }
    out.push_sql(" OR (");
    key.walk(table, within, out)?;
    if value.is_some() {
        out.push_sql(if key.led.is_some() { " IS NOT DISTINCT FROM " } else { " = " });
        key.walk_value(value.as_ref(), within, out)?;
    } else {
        out.push_sql(" IS NULL");
    }
    out.push_sql(" AND ");
    stepwise(later_keys, later_values, table, within, out)?;
    out.push_sql("))");
    Ok(())
}

/// The values that come after that of the cursor's row, either of which may be missing.
fn beyond_led<'b>(
    key: &'b Key,
    value: Option<&'b String>,
    table: &'static Table,
    within: &'b Within,
    out: &mut AstPass<'_, 'b, Pg>,
) -> QueryResult<()> {
    key.walk(table, within, out)?;
    out.push_sql(if key.descending { " < " } else { " > " });
    key.walk_value(value, within, out)?;
    out.push_sql(" OR (");
    let (missing, there) =
        if key.nulls_first { (" IS NOT NULL", " IS NULL") } else { (" IS NULL", " IS NOT NULL") };
    key.walk(table, within, out)?;
    out.push_sql(missing);
    out.push_sql(" AND ");
    key.walk_value(value, within, out)?;
    out.push_sql(there);
    out.push_sql(")");
    Ok(())
}

fn write_value<'b>(key: &Key, value: Option<&'b String>, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
    match value {
        Some(value) => out.push_bind_param::<sql_types::Text, _>(value)?,
        None => out.push_sql("NULL"),
    }
    out.push_sql("::");
    out.push_sql(key.sql);
    Ok(())
}
