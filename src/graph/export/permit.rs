//! What a document asks for that its caller may not see: known before there is a row to be asked.
use std::sync::Arc;

use async_graphql::{
    Name,
    parser::types::{ExecutableDocument, Selection, SelectionSet},
    registry::{MetaDirectiveInvocation, MetaType, MetaTypeName, Registry},
};

use super::Wrong;
use crate::{
    graph::{gate, rows::permissions_of},
    store::{door::Caller, grants::Grants, select::Limits},
};

/// By what it is decided.
pub struct Permit<'p> {
    pub registry: &'p Registry,
    pub document: &'p ExecutableDocument,
    pub caller: &'p Caller,
    pub grants: &'p Grants,
    pub limits: Option<Arc<Limits>>,
}

impl Permit<'_> {
    /// Everything below `set`, of type `of`, that is not for the caller to see.
    pub fn denied(&self, set: &SelectionSet, of: &str) -> Vec<Wrong> {
        let mut found = Vec::new();
        self.look(set, of, &mut Vec::new(), &mut found);
        found
    }

    fn look<'d>(&'d self, set: &'d SelectionSet, of: &str, path: &mut Vec<&'d Name>, found: &mut Vec<Wrong>) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    let meta =
                        self.registry.types.get(of).and_then(|ty| ty.field_by_name(&field.node.name.node));
                    let Some(meta) = meta else { continue };
                    path.push(&field.node.response_key().node);
                    let target = MetaTypeName::concrete_typename(&meta.ty);
                    self.ask(&meta.directive_invocations, target, path, found);
                    self.look(&field.node.selection_set.node, target, path, found);
                    path.pop();
                }
                Selection::FragmentSpread(spread) => {
                    let Some(fragment) = self.document.fragments.get(&spread.node.fragment_name.node) else {
                        continue;
                    };
                    let on = &fragment.node.type_condition.node.on.node;
                    self.look(&fragment.node.selection_set.node, on, path, found);
                }
                Selection::InlineFragment(fragment) => {
                    let on = fragment.node.type_condition.as_ref().map(|on| on.node.on.node.as_str());
                    self.look(&fragment.node.selection_set.node, on.unwrap_or(of), path, found);
                }
            }
        }
    }

    /// A field that needs something leads to what needs something too; one that needs nothing shows what is one's own.
    fn ask(&self, field: &[MetaDirectiveInvocation], target: &str, path: &[&Name], found: &mut Vec<Wrong>) {
        let needs = permissions_of(field);
        let of_target = match self.registry.types.get(target) {
            Some(MetaType::Object { directive_invocations, .. }) if !needs.is_empty() => {
                permissions_of(directive_invocations)
            }
            _ => Vec::new(),
        };
        for permission in needs.iter().chain(&of_target) {
            if let Err(fault) =
                gate::right(self.caller, self.grants, || self.limits.clone(), Some(permission))
            {
                let path = path.iter().map(ToString::to_string).collect();
                return found.push(Wrong {
                    code: fault.code.as_str().to_owned(),
                    message: fault.message,
                    path,
                });
            }
        }
    }
}
