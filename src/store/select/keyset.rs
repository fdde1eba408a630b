//! Where a page begins: order keys, and the rows beyond the one that a cursor names.
use diesel::{QueryResult, pg::Pg, query_builder::AstPass, sql_types};

use super::{Table, write_column};

/// One order key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pub column: &'static str,
    /// The SQL type, for the values of a cursor.
    pub sql: &'static str,
    pub nullable: bool,
    pub descending: bool,
    pub nulls_first: bool,
}

impl Key {
    /// The id, which makes every order total.
    pub const fn id(table: &Table, descending: bool) -> Self {
        Self { column: table.key, sql: "uuid", nullable: false, descending, nulls_first: false }
    }

    /// The same key, read the other way.
    pub fn reversed(&self) -> Self {
        Self { descending: !self.descending, nulls_first: !self.nulls_first, ..self.clone() }
    }
}

/// `(a, b) > ($1, $2)` where one index range serves it, else the same spelled out key by key.
pub(super) fn beyond<'b>(
    keys: &'b [Key],
    at: &'b [Option<String>],
    table: &'static Table,
    out: &mut AstPass<'_, 'b, Pg>,
) -> QueryResult<()> {
    let same = keys.windows(2).all(|pair| matches!(pair, [one, two] if one.descending == two.descending));
    let (Some(first), true) = (keys.first(), same && keys.iter().all(|key| !key.nullable)) else {
        return stepwise(keys, at, table, out);
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
    out: &mut AstPass<'_, 'b, Pg>,
) -> QueryResult<()> {
    let (Some((key, later_keys)), Some((value, later_values))) = (keys.split_first(), at.split_first())
    else {
        out.push_sql("FALSE");
        return Ok(());
    };
    out.push_sql("(");
    match value {
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
            write_column(table, key.column, out);
            out.push_sql(" IS NOT NULL");
        }
        None => out.push_sql("FALSE"),
    }
    out.push_sql(" OR (");
    write_column(table, key.column, out);
    if value.is_some() {
        out.push_sql(" = ");
        write_value(key, value.as_ref(), out)?;
    } else {
        out.push_sql(" IS NULL");
    }
    out.push_sql(" AND ");
    stepwise(later_keys, later_values, table, out)?;
    out.push_sql("))");
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
