//! What of a field is the same whatever it is a field of: what the schema shows of it.
use async_graphql::registry::Registry;

use super::argument::Argument;
use crate::store::select::Columns;

/// What of a field is the same whatever it is a field of.
pub(super) struct Face {
    pub about: String,
    /// The column that it shows, if it shows one as it is.
    pub column: Option<&'static str>,
    /// The columns that are read for it.
    pub reads: Columns,
    /// The fields, by type and name, that it is worked out from or a copy of: it is masked as the first of them is that is.
    pub follows: &'static [(&'static str, &'static str)],
    pub origin: Origin,
    pub needs: Option<&'static str>,
    /// Everybody may, on purpose.
    pub public: bool,
    /// The permission of the type it leads to.
    pub target_needs: Option<&'static str>,
    pub arguments: Vec<Argument>,
    pub ty: TypeOf,
    /// It may be null although its type says otherwise: a caller may lack it, or it may fail.
    pub fallible: bool,
    /// Null only ever comes with an error.
    pub semantic_non_null: bool,
    /// A value of it as the database has it.
    pub stored: StoredAs,
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// It is a column, or leads elsewhere.
    Stated,
    /// It is worked out from the row.
    WorkedOut,
}

/// Registers a type and says its name.
pub(super) type TypeOf = Box<dyn Fn(&mut Registry) -> String + Send + Sync>;
pub(super) type StoredAs = fn(serde_json::Value) -> serde_json::Value;

impl Face {
    /// Whether null may stand here because the caller lacks it, or because it fails.
    pub const fn nullable(&self) -> bool {
        self.fallible || self.needs.is_some() || self.target_needs.is_some()
    }

    /// The type as the schema shows it, and whether null there only ever comes with an error.
    pub fn shown_type(&self, registry: &mut Registry) -> (String, bool) {
        let ty = (self.ty)(registry);
        match ty.strip_suffix('!') {
            Some(nullable) if self.nullable() => (nullable.to_owned(), true),
            _ => (ty, self.semantic_non_null),
        }
    }
}
