//! The columns of a table that is made of a document: one for each value that a record shows, also of what it leads to.
use async_graphql::{
    parser::types::{ExecutableDocument, Selection, SelectionSet},
    registry::{MetaTypeName, Registry},
};

use super::Wrong;

/// Where the value of a column stands in a record: `owner`, `displayName`.
pub type Column = Vec<String>;

/// The columns of what `set` selects of records of type `of`; refused where there is a list among it.
pub fn of_set(
    registry: &Registry,
    document: &ExecutableDocument,
    set: &SelectionSet,
    of: &str,
) -> Result<Vec<Column>, Wrong> {
    let mut columns = Vec::new();
    Look { registry, document }.collect(set, of, &mut Vec::new(), &mut columns)?;
    Ok(columns)
}

struct Look<'l> {
    registry: &'l Registry,
    document: &'l ExecutableDocument,
}

impl Look<'_> {
    fn collect(
        &self,
        set: &SelectionSet,
        of: &str,
        path: &mut Column,
        columns: &mut Vec<Column>,
    ) -> Result<(), Wrong> {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    let field = &field.node;
                    path.push(field.response_key().node.to_string());
                    let meta = self.registry.types.get(of).and_then(|ty| ty.field_by_name(&field.name.node));
                    match meta.filter(|_| !field.selection_set.node.items.is_empty()) {
                        None if !columns.contains(path) => columns.push(path.clone()),
                        None => {}
                        Some(meta) => {
                            let target = MetaTypeName::concrete_typename(&meta.ty);
                            if meta.ty.contains('[') || self.is_connection(target) {
                                let message =
                                    say!("a table has no place for lists: leave it out, or choose NDJSON");
                                return Err(Wrong::invalid(message, path.clone()));
                            }
                            self.collect(&field.selection_set.node, target, path, columns)?;
                        }
                    }
                    path.pop();
                }
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = self.document.fragments.get(&spread.node.fragment_name.node) {
                        let on = &fragment.node.type_condition.node.on.node;
                        self.collect(&fragment.node.selection_set.node, on, path, columns)?;
                    }
                }
                Selection::InlineFragment(fragment) => {
                    let on = fragment.node.type_condition.as_ref().map(|on| on.node.on.node.as_str());
                    self.collect(&fragment.node.selection_set.node, on.unwrap_or(of), path, columns)?;
                }
            }
        }
        Ok(())
    }

    fn is_connection(&self, ty: &str) -> bool {
        self.registry.types.get(ty).is_some_and(|ty| ty.field_by_name("pageInfo").is_some())
    }
}
