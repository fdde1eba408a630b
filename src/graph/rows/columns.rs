//! The columns of a row: declared all at once, and written all at once.
use super::{
    declare::{Fields, How, Leaf, Object, fields_of},
    face::StoredAs,
};
use crate::{graph::scalar::Scalar, store::values::Values};

/// Declares the columns of a row. Every field of the struct is either shown or kept back: a forgotten one does not
/// compile. A column's description is the comment it has in the database, unless one is written here.
#[macro_export]
macro_rules! columns {
    ($fields:ident: $row:ident {
        $($(#[doc = $about:literal])* $column:ident $(as $shown:literal)? $(needs $permission:literal)?),* $(,)?
    } $(keeps { $($kept:ident),* $(,)? })?) => {
        let _ = |row: &$row| { let $row { $($column: _,)* $($($kept: _,)*)? } = row; };
        $({
            let shown = $crate::columns!(@name $column $($shown)?);
            let _field = $fields.column(shown, |row: &$row| &row.$column).of_column(stringify!($column));
            let about: &str = concat!($($about),*);
            let _field = if about.is_empty() { _field.about_column(stringify!($column)) } else { _field.about(about.trim_ascii()) };
            $(_field.needs($permission);)?
        })*
        $($($fields.keep(stringify!($kept), |row: &$row| &row.$kept);)*)?
    };
    (@name $column:ident $shown:literal) => { $shown };
    (@name $column:ident) => { $crate::graph::rows::camel(stringify!($column)) };
}

/// A column that is not shown but recorded in the audit trail.
pub(super) struct Kept<T> {
    pub column: &'static str,
    /// As the audit trail calls it.
    pub name: &'static str,
    pub leaf: Leaf<T>,
    /// A value of it as the database has it.
    pub stored: StoredAs,
}

impl<T: Send + Sync + 'static> Fields<T> {
    /// A column that is not shown but recorded in the audit trail.
    pub fn keep<C: Scalar + 'static>(
        &mut self,
        column: &'static str,
        get: impl Fn(&T) -> &C + Send + Sync + 'static,
    ) {
        let leaf = Box::new(move |row: &T, out: &mut Vec<u8>| get(row).json(out));
        self.kept.push(Kept { column, name: camel(column), leaf, stored: C::stored });
    }
}

/// `created_at` as GraphQL writes it; kept for ever, since a type is declared once.
pub fn camel(name: &str) -> &'static str {
    let mut words = name.split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    camel.leak()
}

/// The columns of a row, shown and kept.
pub fn values<T: Object>(row: &T) -> Values {
    let fields = fields_of::<T>();
    let shown = fields.declared.iter().filter_map(|(name, declared)| match &declared.how {
        How::Leaf(leaf) => Some((*name, leaf)),
        How::Relation(_) => None,
    });
    let mut values = Values::default();
    for (name, leaf) in shown.chain(fields.kept.iter().map(|kept| (kept.name, &kept.leaf))) {
        values.put(name, |out| leaf(row, out));
    }
    values
}

/// The fields of `T` with the permission each needs, and whether it is open to everybody on purpose.
pub fn access<T: Object>() -> impl Iterator<Item = (&'static str, Option<&'static str>, bool)> {
    let fields = fields_of::<T>().declared.iter();
    fields.map(|(name, declared)| (*name, declared.needs.or(declared.target_needs), declared.public))
}
