//! A subscription is one stream: it has one field, whatever its variables are. async-graphql would mix several.
use std::collections::HashSet;

use async_graphql::{
    Name, Positioned, ServerError,
    parser::types::{Directive, ExecutableDocument, Field, OperationType, Selection, SelectionSet},
};

use super::wrong;

#[derive(Default)]
struct Roots<'d> {
    fields: Vec<&'d Positioned<Field>>,
    conditions: Vec<&'d Positioned<Directive>>,
    fragments: HashSet<&'d Name>,
}

pub(super) fn wrong_in(document: &ExecutableDocument) -> Vec<ServerError> {
    let mut errors = Vec::new();
    let operations = document.operations.iter().map(|(_, operation)| &operation.node);
    for operation in operations.filter(|operation| operation.ty == OperationType::Subscription) {
        let mut roots = Roots::default();
        roots.set(&operation.selection_set.node, document);
        let Some((first, others)) = roots.fields.split_first() else { continue };
        let one = &first.node.response_key().node;
        let other = others.iter().find(|other| other.node.response_key().node != *one);
        if let Some((at, other)) = other.map(|other| (other.pos, &other.node.response_key().node)) {
            let message = say!("a subscription has one field, not both `{one}` and `{other}`");
            errors.push(wrong(message, [first.pos, at]));
        }
        errors.extend(roots.conditions.iter().map(|condition| {
            let name = &condition.node.name.node;
            wrong(say!("the field of a subscription takes no `@{name}`"), [condition.pos])
        }));
    }
    errors
}

impl<'d> Roots<'d> {
    fn set(&mut self, set: &'d SelectionSet, document: &'d ExecutableDocument) {
        for selection in &set.items {
            let conditions = selection.node.directives().iter();
            self.conditions
                .extend(conditions.filter(|one| matches!(one.node.name.node.as_str(), "skip" | "include")));
            match &selection.node {
                Selection::Field(field) => self.fields.push(field),
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    if let Some(fragment) = document.fragments.get(name)
                        && self.fragments.insert(name)
                    {
                        self.set(&fragment.node.selection_set.node, document);
                    }
                }
                Selection::InlineFragment(fragment) => {
                    self.set(&fragment.node.selection_set.node, document);
                }
            }
        }
    }
}
