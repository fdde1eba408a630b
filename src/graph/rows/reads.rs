//! Which columns of the rows of a level are looked at: those that the selected fields read.
use async_graphql::parser::types::{Selection, SelectionSet};

use super::{
    declare::{Declared, Fields, Object, fields_of},
    plan::Env,
};
use crate::store::select::Columns;

/// The places of columns.
type Places = &'static [usize];

/// A type, its columns, and which of them each of its fields reads.
type Row = (&'static str, &'static [&'static str], &'static [(&'static str, Places)]);

/// Each entity with its columns and what its fields read of them, as far as that is known: written down by the build
/// script.
const ROWS: &[Row] = include!(concat!(env!("OUT_DIR"), "/rows.rs"));

/// The columns of rows of `T` that are looked at where `sets` are selected of them.
pub fn columns_for<T: Object>(env: Env<'_>, sets: &[&SelectionSet]) -> Columns {
    let fields = fields_of::<T>();
    let mut columns = fields.column_at("id");
    sets.iter().for_each(|set| fields.add_columns(env, set, &mut columns));
    columns
}

impl<T> Fields<T> {
    /// Learns what is known of the fields of the entity `name`.
    pub(super) fn learn_columns(&mut self, name: &str) {
        let width = self.stored.as_ref().map_or(0, |stored| stored.width);
        let known = ROWS.iter().find(|(known, columns, _)| *known == name && columns.len() == width);
        debug_assert!(known.is_some() || width == 0, "the source does not say which columns {name} has");
        let Some((_, columns, reads)) = known else { return };
        self.columns = columns;
        let at = |column: &str| columns.iter().position(|known| *known == column);
        for (field, declared) in &mut self.declared {
            let read = reads.iter().find(|(known, _)| known == field);
            match (read, declared.column.and_then(at)) {
                (Some((_, places)), _) => {
                    declared.reads =
                        places.iter().fold(Columns::NONE, |all, place| all.and(Columns::at(*place)));
                }
                (None, Some(place)) => declared.reads = Columns::at(place),
                (None, None) => {}
            }
        }
    }

    /// The column of this name; all, where the columns are not known.
    pub fn column_at(&self, name: &str) -> Columns {
        self.columns.iter().position(|known| *known == name).map_or(Columns::ALL, Columns::at)
    }

    /// The permission to see what is in a column, if it takes one.
    pub(super) fn need_of(&self, column: &str) -> Option<&'static str> {
        self.declared
            .values()
            .find(|declared| declared.column == Some(column))
            .and_then(|declared| declared.needs)
    }

    fn add_columns(&self, env: Env<'_>, set: &SelectionSet, columns: &mut Columns) {
        for selection in &set.items {
            // what a fragment selects of another type is not declared, or read for nothing
            match &selection.node {
                Selection::Field(field) => {
                    if let Some(declared) = self.declared.get(field.node.name.node.as_str()) {
                        *columns = columns.and(declared.columns(env));
                    }
                }
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = env.document.query.fragments.get(&spread.node.fragment_name.node)
                    {
                        self.add_columns(env, &fragment.node.selection_set.node, columns);
                    }
                }
                Selection::InlineFragment(fragment) => {
                    self.add_columns(env, &fragment.node.selection_set.node, columns);
                }
            }
        }
    }
}

impl<T> Declared<T> {
    /// What it reads for this caller: whose row it is and how it is masked is told by the row.
    fn columns(&self, env: Env<'_>) -> Columns {
        if self.own.is_some() || (self.masked_as.is_some() && !env.grants.masks().is_empty()) {
            return Columns::ALL;
        }
        self.reads
    }
}
