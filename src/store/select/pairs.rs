//! Tables of pairs: which rows of two tables belong together.
use super::{Condition, Limited, Owner, Table};

/// A table of pairs, as it is seen from one of the two sides.
#[derive(Clone, Copy, Debug)]
pub struct Pairs {
    pub(super) table: &'static Table,
    /// The column that holds the ids of this side.
    pub(super) this: &'static str,
    /// The column that holds those of the other.
    pub(super) other: &'static str,
}

impl Pairs {
    pub const fn new(table: &'static Table, this: &'static str, other: &'static str) -> Self {
        Self { table, this, other }
    }

    /// The same as it is seen from the other side.
    pub const fn back(self) -> Self {
        Self { table: self.table, this: self.other, other: self.this }
    }

    /// Whether a row is paired with one of `table` that meets `condition`.
    pub fn leads(self, table: &'static Table, condition: Condition, exists: bool) -> Condition {
        let condition =
            Box::new(Condition::Through { column: self.other, table, condition: Box::new(condition) });
        Condition::Hanging { table: self.table, column: self.this, condition, exists }
    }
}

/// A table that holds nothing but pairs, of one organization each.
pub const fn pairs_in(name: &'static str, key: &'static str) -> Table {
    Table { name, key, owner: Owner::Organization, limited: Limited::Never }
}

/// Declares a table of pairs as it is seen from the side that its first column stands for:
/// `pairs!(MEMBERS of access::team_members: team_id, user_id);`
#[macro_export]
macro_rules! pairs {
    ($(#[doc = $about:literal])* $visible:vis $name:ident of $schema:ident :: $table:ident: $this:ident, $other:ident) => {
        $(#[doc = $about])*
        $visible const $name: $crate::store::select::Pairs = {
            use $crate::store::tables::$schema::$table;
            const THIS: &str = <$table::$this as diesel::Column>::NAME;
            const OTHER: &str = <$table::$other as diesel::Column>::NAME;
            const TABLE: &$crate::store::select::Table = &$crate::store::select::pairs_in(
                concat!("\"", stringify!($schema), "\".\"", stringify!($table), "\""),
                OTHER,
            );
            $crate::store::select::Pairs::new(TABLE, THIS, OTHER)
        };
    };
}
