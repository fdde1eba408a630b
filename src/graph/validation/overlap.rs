//! Fields that are told under one name have to be one field with the same arguments, wherever both can be told, and of
//! one shape everywhere. async-graphql compares those that stand beside each other under the same type condition.
use std::collections::HashSet;

use async_graphql::{
    Name, Positioned, ServerError,
    indexmap::IndexMap,
    parser::types::{ExecutableDocument, Field, Selection, SelectionSet},
    registry::{MetaType, MetaTypeName, Registry},
};

use super::{root, wrong};
use crate::language::Said;

/// A field, and the type of whose fields it is.
#[derive(Clone, Copy)]
struct Selected<'d> {
    of: Option<&'d MetaType>,
    field: &'d Positioned<Field>,
}

/// Selections of one object, each with the type that it is written for.
type Sets<'d> = Vec<(Option<&'d MetaType>, &'d SelectionSet)>;

struct Overlaps<'d> {
    registry: &'d Registry,
    document: &'d ExecutableDocument,
    /// How many fields may still be looked at: types in which fields are shared can multiply them.
    patience: usize,
    conflicts: Vec<ServerError>,
    /// Pairs that were told of.
    told: HashSet<(usize, usize)>,
}

/// So many fields are compared in one document: fifty times what one operation may have.
const PATIENCE: usize = 100_000;

pub(super) fn conflicts(registry: &Registry, document: &ExecutableDocument) -> Vec<ServerError> {
    let mut overlaps =
        Overlaps { registry, document, patience: PATIENCE, conflicts: Vec::new(), told: HashSet::new() };
    for (_, operation) in document.operations.iter() {
        let operation = &operation.node;
        let sets = vec![(root(registry, operation.ty), &operation.selection_set.node)];
        overlaps.same_shapes(&sets);
        overlaps.same_fields(&sets);
        if overlaps.patience == 0 {
            let pos = operation.selection_set.pos;
            overlaps.conflicts.push(wrong(
                say!("the document has too many fields to be compared: send its operations one by one"),
                [pos],
            ));
            break;
        }
    }
    overlaps.conflicts
}

impl<'d> Overlaps<'d> {
    /// The fields of all sets, by the names under which they are told.
    fn by_name(&mut self, sets: &Sets<'d>) -> IndexMap<&'d Name, Vec<Selected<'d>>> {
        let (mut found, mut fragments) = (IndexMap::new(), HashSet::new());
        for (of, set) in sets {
            self.collect(*of, set, &mut found, &mut fragments);
        }
        found
    }

    fn collect(
        &mut self,
        of: Option<&'d MetaType>,
        set: &'d SelectionSet,
        found: &mut IndexMap<&'d Name, Vec<Selected<'d>>>,
        fragments: &mut HashSet<&'d Name>,
    ) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    self.patience = self.patience.saturating_sub(1);
                    let key = &field.node.response_key().node;
                    found.entry(key).or_default().push(Selected { of, field });
                }
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    if let Some(fragment) = self.document.fragments.get(name)
                        && fragments.insert(name)
                    {
                        let on = fragment.node.type_condition.node.on.node.as_str();
                        let on = self.registry.types.get(on);
                        self.collect(on, &fragment.node.selection_set.node, found, fragments);
                    }
                }
                Selection::InlineFragment(fragment) => {
                    let on = fragment.node.type_condition.as_ref();
                    let on = on.and_then(|on| self.registry.types.get(on.node.on.node.as_str()));
                    self.collect(on.or(of), &fragment.node.selection_set.node, found, fragments);
                }
            }
        }
    }

    /// Whether what is told under one name is always a list, or never; always the same kind of text or number.
    fn same_shapes(&mut self, sets: &Sets<'d>) {
        if self.patience == 0 {
            return;
        }
        for (_, fields) in self.by_name(sets) {
            let Some((first, others)) = fields.split_first() else { continue };
            for other in others {
                if !self.is_same_shape(*first, *other) {
                    let key = &first.field.node.response_key().node;
                    let message = say!("`{key}` is told of fields of different types: use different aliases");
                    self.tell(message, *first, *other);
                }
            }
            let below = self.below(&fields);
            if !below.is_empty() {
                self.same_shapes(&below);
            }
        }
    }

    fn is_same_shape(&self, one: Selected<'d>, other: Selected<'d>) -> bool {
        match (ty(one), ty(other)) {
            (Some(one), Some(other)) => alike(self.registry, one, other),
            _ => true,
        }
    }

    /// Whether what is told under one name of one object is one field, asked for in one way.
    fn same_fields(&mut self, sets: &Sets<'d>) {
        if self.patience == 0 {
            return;
        }
        for (_, fields) in self.by_name(sets) {
            for together in self.that_meet(fields) {
                let Some((first, others)) = together.split_first() else { continue };
                for other in others {
                    let (one, two) = (&first.field.node, &other.field.node);
                    let key = &one.response_key().node;
                    let (name, second) = (&one.name.node, &two.name.node);
                    if name != second {
                        let message = say!("`{key}` is both `{name}` and `{second}`: use different aliases");
                        self.tell(message, *first, *other);
                    } else if !has_same_arguments(one, two) {
                        let message =
                            say!("`{key}` is asked for with different arguments: use different aliases");
                        self.tell(message, *first, *other);
                    }
                }
                let below = self.below(&together);
                if !below.is_empty() {
                    self.same_fields(&below);
                }
            }
        }
    }

    /// Fields that can be told of one object: those of one type, and of what it may be besides.
    fn that_meet(&self, fields: Vec<Selected<'d>>) -> Vec<Vec<Selected<'d>>> {
        let mut objects: IndexMap<&str, Vec<Selected<'d>>> = IndexMap::new();
        let mut anywhere = Vec::new();
        for field in &fields {
            match field.of {
                Some(MetaType::Object { name, .. }) => objects.entry(name).or_default().push(*field),
                _ => anywhere.push(*field),
            }
        }
        match objects.len() {
            0 | 1 => vec![fields],
            _ => objects.into_values().map(|of_one| [anywhere.as_slice(), &of_one].concat()).collect(),
        }
    }

    fn below(&self, fields: &[Selected<'d>]) -> Sets<'d> {
        let below = fields.iter().map(|field| {
            let of = ty(*field).and_then(|ty| self.registry.concrete_type_by_name(ty));
            (of, &field.field.node.selection_set.node)
        });
        below.filter(|(_, set)| !set.items.is_empty()).collect()
    }

    fn tell(&mut self, message: Said, one: Selected<'d>, other: Selected<'d>) {
        let address = |selected: Selected<'d>| std::ptr::from_ref(selected.field).addr();
        if self.told.insert((address(one), address(other))) {
            self.conflicts.push(wrong(message, [one.field.pos, other.field.pos]));
        }
    }
}

/// The type of what a field tells.
fn ty(selected: Selected<'_>) -> Option<&str> {
    match selected.field.node.name.node.as_str() {
        "__typename" => Some("String!"),
        name => selected.of?.field_by_name(name).map(|field| field.ty.as_str()),
    }
}

/// Whether both are lists or null alike, and leaves of one type or objects.
fn alike(registry: &Registry, one: &str, other: &str) -> bool {
    match (MetaTypeName::create(one), MetaTypeName::create(other)) {
        (MetaTypeName::NonNull(one), MetaTypeName::NonNull(other))
        | (MetaTypeName::List(one), MetaTypeName::List(other)) => alike(registry, one, other),
        (MetaTypeName::Named(one), MetaTypeName::Named(other)) => {
            let is_leaf = |name: &str| registry.types.get(name).is_some_and(MetaType::is_leaf);
            one == other || !is_leaf(one) && !is_leaf(other)
        }
        _ => false,
    }
}

fn has_same_arguments(one: &Field, other: &Field) -> bool {
    one.arguments.len() == other.arguments.len()
        && one
            .arguments
            .iter()
            .all(|(name, value)| other.get_argument(&name.node).is_some_and(|other| other.node == value.node))
}
