//! What is wanted of a table: conditions, order, keyset and limit, as one SQL statement.
//!
//! Columns are named by Diesel's column types (see [`name`]), so a column that does not exist or has another
//! type does not compile; the statement itself is put together at run time, once for all entities.
mod aggregate;
mod attribute;
mod condition;
mod keyset;
mod pairs;
mod past;
mod search;
mod selection;
mod statement;
mod texts;
mod within;

use diesel::{Column, QueryResult, pg::Pg, query_builder::AstPass, sql_types};
use uuid::Uuid;

pub use aggregate::{Aggregate, Amount, Amounted, Amounts, Ask, Extreme, GroupKey, Period, Values};
pub use attribute::Attribute;
pub use condition::{Bind, Condition, Operator};
pub use keyset::{Key, Led};
pub use pairs::{Pairs, pairs_in};
pub use past::Past;
pub use search::{Hits, Search, Wanted, WordsIn};
pub use selection::{Columns, Readable, Selection, Sent, is_blank};
pub(super) use statement::write_selection;
pub use statement::{Count, Keys, Locked, Rows, SelectOf};
pub use texts::{Text, Texts, TextsOf};
pub use within::{Limited, Limits, Within, about, know, top};

/// The name of a Diesel column.
pub fn name<C: Column>(_: C) -> &'static str {
    C::NAME
}

/// A table, as statements name it.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Table {
    /// Schema and table in one, quoted: `"sales"."deals"`.
    pub name: &'static str,
    /// The column that identifies a row within its organization.
    pub key: &'static str,
    pub owner: Owner,
    pub limited: Limited,
}

/// Whose rows a table holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    /// Each row belongs to one organization.
    Organization,
    /// So it does, or to the platform, whose rows all may read.
    OrganizationOrPlatform,
    /// To none: row-level security alone says who sees it.
    Nobody,
}

/// The organization that owns what is built in.
pub const PLATFORM: Uuid = Uuid::nil();

/// Which rows, in which order, how many, and what of them.
#[derive(Clone, Debug)]
pub struct Fetch {
    pub condition: Condition,
    pub order: Vec<Key>,
    pub limit: Option<i64>,
    pub columns: Columns,
}

impl Fetch {
    pub const fn all(condition: Condition) -> Self {
        Self { condition, order: Vec::new(), limit: None, columns: Columns::ALL }
    }

    /// About how many rows there can be, as far as that is said.
    pub fn most(&self) -> usize {
        match (&self.condition, self.limit) {
            (Condition::Ids(ids), _) => ids.len(),
            (_, limit) => limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or_default(),
        }
    }

    fn walk<'b>(
        &'b self,
        table: &'static Table,
        within: &'b Within,
        out: &mut AstPass<'_, 'b, Pg>,
    ) -> QueryResult<()> {
        write_from(table, within, out)?;
        out.push_sql(" AND ");
        self.condition.walk(table, within, out)?;
        for (index, key) in self.order.iter().enumerate() {
            out.push_sql(if index == 0 { " ORDER BY " } else { ", " });
            key.walk(table, within, out)?;
            if key.descending {
                out.push_sql(" DESC");
            }
            // said only where it differs from what PostgreSQL does anyway: the index stays usable
            if key.nullable && key.nulls_first != key.descending {
                out.push_sql(if key.nulls_first { " NULLS FIRST" } else { " NULLS LAST" });
            }
        }
        if let Some(limit) = &self.limit {
            // said in the text: how few rows are wanted decides how they are found
            out.push_sql(" LIMIT ");
            out.push_sql(&limit.to_string());
        }
        Ok(())
    }
}

pub(super) fn write_column(table: &Table, column: &'static str, out: &mut AstPass<'_, '_, Pg>) {
    // a column that is named in the source needs no escaping
    for part in [table.name, ".\"", column, "\""] {
        out.push_sql(part);
    }
}

/// Every statement about rows begins here: those of the organization, as far as the caller's rights extend.
fn write_from<'b>(
    table: &'static Table,
    within: &'b Within,
    out: &mut AstPass<'_, 'b, Pg>,
) -> QueryResult<()> {
    out.push_sql(" FROM ");
    out.push_sql(table.name);
    out.push_sql(" WHERE ");
    write_owner(table, within, out)?;
    within.walk(table, out)
}

fn write_owner<'b>(
    table: &'static Table,
    within: &'b Within,
    out: &mut AstPass<'_, 'b, Pg>,
) -> QueryResult<()> {
    if table.owner == Owner::Nobody {
        out.push_sql("TRUE");
        return Ok(());
    }
    write_column(table, "organization_id", out);
    if table.owner == Owner::Organization {
        out.push_sql(" = ");
        return out.push_bind_param::<sql_types::Uuid, _>(&within.organization);
    }
    out.push_sql(" IN (");
    out.push_bind_param::<sql_types::Uuid, _>(&within.organization)?;
    out.push_sql(", ");
    out.push_bind_param::<sql_types::Uuid, _>(&PLATFORM)?;
    out.push_sql(")");
    Ok(())
}
