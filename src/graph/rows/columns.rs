//! The columns of a row: declared all at once, and written all at once.
use super::declare::{How, Object, fields_of};

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
        $($($fields.keep($crate::graph::rows::camel(stringify!($kept)), |row: &$row| &row.$kept);)*)?
    };
    (@name $column:ident $shown:literal) => { $shown };
    (@name $column:ident) => { $crate::graph::rows::camel(stringify!($column)) };
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

/// The columns of a row, shown and kept, as one JSON object.
pub fn columns_json<T: Object>(row: &T) -> Vec<u8> {
    let fields = fields_of::<T>();
    let shown = fields.declared.iter().filter_map(|(name, declared)| match &declared.how {
        How::Leaf(leaf) => Some((*name, leaf)),
        How::Relation(_) => None,
    });
    let mut out = vec![b'{'];
    for (index, (name, leaf)) in shown.chain(fields.kept.iter().map(|(name, leaf)| (*name, leaf))).enumerate()
    {
        if index > 0 {
            out.push(b',');
        }
        crate::graph::scalar::text(name, &mut out);
        out.push(b':');
        leaf(row, &mut out);
    }
    out.push(b'}');
    out
}
