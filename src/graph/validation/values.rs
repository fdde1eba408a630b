//! Values and variables where a type is expected: in arguments of fields and directives, in parts of objects, in lists.
//! async-graphql has a rule for variables, and never asks it; it takes texts for members of enums and anything for an
//! object, looks at nothing where a variable is not given, and does not look at `__typename` and at what is declared.
use std::{
    collections::{HashMap, HashSet},
    convert::Infallible,
};

use async_graphql::{
    Name, Pos, Positioned, ServerError, Value,
    parser::types::{
        Directive, ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet,
        VariableDefinition,
    },
    registry::{MetaType, MetaTypeName, Registry},
};

use super::{root, wrong};
use crate::language::Said;

/// Where a value stands.
#[derive(Clone, Copy)]
struct Place<'d> {
    ty: &'d str,
    /// Whether something is taken where nothing is given.
    has_default: bool,
    /// Whether it is what was chosen of a `@oneOf`, which is never null.
    is_chosen: bool,
    pos: Pos,
}

/// What an operation or a fragment says of variables, and the fragments in it.
#[derive(Default)]
struct Scope<'d> {
    used: Vec<(String, Place<'d>)>,
    /// Variables in places that async-graphql does not look at.
    unseen: Vec<(String, Pos)>,
    spreads: Vec<&'d Name>,
}

struct Walk<'d> {
    registry: &'d Registry,
    scope: Scope<'d>,
    errors: Vec<ServerError>,
}

/// What is wrong with the values in a document. Each fragment is looked at once, and its variables once for each
/// operation.
pub(super) fn wrong_in(registry: &Registry, document: &ExecutableDocument) -> Vec<ServerError> {
    let mut walk = Walk { registry, scope: Scope::default(), errors: Vec::new() };
    let mut fragments = HashMap::new();
    for (name, fragment) in &document.fragments {
        let on = registry.types.get(fragment.node.type_condition.node.on.node.as_str());
        walk.directives(&fragment.node.directives);
        walk.set(&fragment.node.selection_set.node, on);
        fragments.insert(name, std::mem::take(&mut walk.scope));
    }
    for (_, operation) in document.operations.iter() {
        walk.declared(&operation.node.variable_definitions);
        walk.directives(&operation.node.directives);
        walk.set(&operation.node.selection_set.node, root(registry, operation.node.ty));
        let scope = std::mem::take(&mut walk.scope);
        walk.variables(&operation.node, &scope, &fragments);
    }
    walk.errors
}

impl<'d> Walk<'d> {
    fn refuse(&mut self, message: Said, pos: Pos) {
        self.errors.push(wrong(message, [pos]));
    }

    /// Variables have no directives, and their defaults are of their types.
    fn declared(&mut self, definitions: &'d [Positioned<VariableDefinition>]) {
        for definition in definitions.iter().map(|definition| &definition.node) {
            for directive in &definition.directives {
                let name = &directive.node.name.node;
                self.refuse(say!("`@{name}` may not be used on a variable"), directive.pos);
            }
        }
    }

    fn set(&mut self, set: &'d SelectionSet, of: Option<&'d MetaType>) {
        for selection in &set.items {
            self.directives(selection.node.directives());
            match &selection.node {
                Selection::Field(field) if field.node.name.node == "__typename" => self.typename(field),
                Selection::Field(field) => {
                    let meta = of.and_then(|of| of.field_by_name(&field.node.name.node));
                    for (name, value) in &field.node.arguments {
                        if let Some(input) = meta.and_then(|meta| meta.args.get(name.node.as_str())) {
                            let has_default = input.default_value.is_some();
                            let place =
                                Place { ty: &input.ty, has_default, is_chosen: false, pos: value.pos };
                            let value = value
                                .node
                                .clone()
                                .into_const_with(|name| Ok::<_, Infallible>(named(&name)))
                                .unwrap_or_default();
                            self.value(place, &value);
                        }
                    }
                    let below = meta.and_then(|meta| self.registry.concrete_type_by_name(&meta.ty));
                    self.set(&field.node.selection_set.node, below);
                }
                Selection::FragmentSpread(spread) => {
                    self.scope.spreads.push(&spread.node.fragment_name.node);
                }
                Selection::InlineFragment(fragment) => {
                    let on = fragment.node.type_condition.as_ref();
                    let on = on.and_then(|on| self.registry.types.get(on.node.on.node.as_str()));
                    self.set(&fragment.node.selection_set.node, on.or(of));
                }
            }
        }
    }

    /// `__typename` is a name, and nothing else.
    fn typename(&mut self, field: &'d Positioned<Field>) {
        if !field.node.arguments.is_empty() || !field.node.selection_set.node.items.is_empty() {
            self.refuse(say!("`__typename` takes no arguments and has no fields"), field.pos);
        }
        for directive in &field.node.directives {
            let name = &directive.node.name.node;
            let Some(meta) = self.registry.directives.get(name.as_str()) else {
                self.refuse(say!("there is no directive `@{name}`"), directive.pos);
                continue;
            };
            for (argument, value) in &directive.node.arguments {
                if !meta.args.contains_key(argument.node.as_str()) {
                    let part = &argument.node;
                    self.refuse(say!("`@{name}` has no `{part}`"), argument.pos);
                }
                let written = value
                    .node
                    .clone()
                    .into_const_with(|name| Ok::<_, Infallible>(named(&name)))
                    .unwrap_or_default();
                each_variable(&written, &mut |variable| {
                    self.scope.unseen.push((variable.to_owned(), value.pos));
                });
            }
            for (part, input) in &meta.args {
                let is_given = directive.node.get_argument(part).is_some();
                if !is_given && input.ty.ends_with('!') && input.default_value.is_none() {
                    self.refuse(say!("`@{name}` needs `{part}`"), directive.pos);
                }
            }
        }
    }

    fn directives(&mut self, directives: &'d [Positioned<Directive>]) {
        for directive in directives.iter().map(|directive| &directive.node) {
            let meta = self.registry.directives.get(directive.name.node.as_str());
            for (name, value) in &directive.arguments {
                if let Some(input) = meta.and_then(|meta| meta.args.get(name.node.as_str())) {
                    let has_default = input.default_value.is_some();
                    let place = Place { ty: &input.ty, has_default, is_chosen: false, pos: value.pos };
                    let value = value
                        .node
                        .clone()
                        .into_const_with(|name| Ok::<_, Infallible>(named(&name)))
                        .unwrap_or_default();
                    self.value(place, &value);
                }
            }
        }
    }

    fn value(&mut self, place: Place<'d>, value: &Value) {
        let inside = |ty| Place { ty, has_default: false, is_chosen: false, pos: place.pos };
        match (MetaTypeName::create(place.ty), value) {
            (_, Value::Binary(name)) => {
                self.scope.used.push((String::from_utf8_lossy(name).into_owned(), place));
            }
            (MetaTypeName::NonNull(_), Value::Null) => self.other(place, value),
            (_, Value::Null) if place.is_chosen => self.other(place, value),
            (_, Value::Null) => {}
            (MetaTypeName::NonNull(of), _) => self.value(Place { ty: of, ..place }, value),
            (MetaTypeName::List(of), Value::List(items)) => {
                items.iter().for_each(|item| self.value(inside(of), item));
            }
            (MetaTypeName::List(of), one) => self.value(inside(of), one),
            (MetaTypeName::Named(name), value) => match (self.registry.types.get(name), value) {
                (Some(MetaType::InputObject { input_fields, oneof, .. }), Value::Object(given)) => {
                    for (part, value) in given {
                        match input_fields.get(part.as_str()) {
                            Some(field) => {
                                let has_default = field.default_value.is_some();
                                let place =
                                    Place { ty: &field.ty, has_default, is_chosen: *oneof, pos: place.pos };
                                self.value(place, value);
                            }
                            None => self.refuse(say!("`{name}` has no `{part}`"), place.pos),
                        }
                    }
                    for (part, field) in input_fields {
                        let is_needed = field.ty.ends_with('!') && field.default_value.is_none();
                        if is_needed && !given.contains_key(part.as_str()) {
                            self.refuse(say!("`{name}` needs `{part}`"), place.pos);
                        }
                    }
                    if *oneof && given.len() != 1 {
                        let given = given.len();
                        let message = say!("`{name}` takes just one of its parts, not {given}");
                        self.refuse(message, place.pos);
                    }
                }
                (Some(MetaType::InputObject { .. }), value) => self.other(place, value),
                (Some(MetaType::Enum { enum_values, .. }), value) => {
                    let is_member =
                        matches!(value, Value::Enum(member) if enum_values.contains_key(member.as_str()));
                    if !is_member {
                        self.other(place, value);
                    }
                }
                (Some(MetaType::Scalar { is_valid, .. }), value) => {
                    // in what is any JSON, variables are of any type
                    let is_whole = !holds_variables(value);
                    if is_whole && is_valid.as_ref().is_some_and(|valid| !valid(value)) {
                        self.other(place, value);
                    }
                }
                _ => {}
            },
        }
    }

    /// It is something else than what is expected.
    fn other(&mut self, place: Place<'d>, value: &Value) {
        let (given, ty) = (shortened(&value.to_string()), place.ty);
        self.refuse(say!("`{given}` stands where `{ty}` is expected"), place.pos);
    }

    /// Every variable that an operation uses, in its fragments too, may stand where it does.
    fn variables(
        &mut self,
        operation: &'d OperationDefinition,
        scope: &Scope<'d>,
        fragments: &HashMap<&'d Name, Scope<'d>>,
    ) {
        let definitions: HashMap<&str, _> = operation
            .variable_definitions
            .iter()
            .map(|definition| (definition.node.name.node.as_str(), definition))
            .collect();
        let mut seen = HashSet::new();
        let mut scopes = vec![scope];
        while let Some(scope) = scopes.pop() {
            for (name, place) in &scope.used {
                let Some(definition) = definitions.get(name.as_str()) else { continue };
                let expects = Expects { ty: place.ty, has_default: place.has_default };
                let found = match check_variable(&definition.node, expects) {
                    Ok(()) if place.is_chosen && definition.node.var_type.node.nullable => {
                        Err(mistyped(&definition.node, &format!("{}!", place.ty)))
                    }
                    found => found,
                };
                if let Err(message) = found {
                    self.errors.push(wrong(message, [place.pos, definition.pos]));
                }
            }
            for (name, pos) in &scope.unseen {
                if !definitions.contains_key(name.as_str()) {
                    self.errors.push(wrong(say!("there is no variable `${name}`"), [*pos]));
                }
            }
            let new = scope.spreads.iter().filter(|name| seen.insert(**name));
            scopes.extend(new.filter_map(|name| fragments.get(*name)));
        }
    }
}

/// What is expected where a variable stands.
#[derive(Clone, Copy)]
pub struct Expects<'t> {
    pub ty: &'t str,
    pub has_default: bool,
}

/// Whether a variable may stand there; if not, why.
pub fn check_variable(variable: &VariableDefinition, expects: Expects<'_>) -> Result<(), Said> {
    let given = variable.var_type.node.to_string();
    let is_never_null = |value: &Positioned<Value>| value.node != Value::Null;
    let has_default = expects.has_default || variable.default_value.as_ref().is_some_and(is_never_null);
    let ty = match MetaTypeName::create(expects.ty) {
        // what is not given is made up for; a null is refused when it comes
        MetaTypeName::NonNull(of) if has_default && variable.var_type.node.nullable => of,
        _ => expects.ty,
    };
    if is_within(&given, ty) { Ok(()) } else { Err(mistyped(variable, expects.ty)) }
}

fn mistyped(variable: &VariableDefinition, ty: &str) -> Said {
    let (name, given) = (&variable.name.node, &variable.var_type.node);
    say!("`${name}` has to be of type `{ty}`, not `{given}`")
}

/// Whether all values of the one type are values of the other.
fn is_within(one: &str, other: &str) -> bool {
    match (MetaTypeName::create(one), MetaTypeName::create(other)) {
        (MetaTypeName::NonNull(one), MetaTypeName::NonNull(other))
        | (MetaTypeName::List(one), MetaTypeName::List(other)) => is_within(one, other),
        (_, MetaTypeName::NonNull(_))
        | (MetaTypeName::List(_), MetaTypeName::Named(_))
        | (MetaTypeName::Named(_), MetaTypeName::List(_)) => false,
        (MetaTypeName::NonNull(one), _) => is_within(one, other),
        (MetaTypeName::Named(one), MetaTypeName::Named(other)) => one == other,
    }
}

/// A variable as what no document can write: its name in bytes.
fn named(variable: &Name) -> Value {
    Value::Binary(variable.as_bytes().to_vec().into())
}

fn each_variable(value: &Value, found: &mut impl FnMut(&str)) {
    match value {
        Value::Binary(name) => found(&String::from_utf8_lossy(name)),
        Value::List(items) => items.iter().for_each(|item| each_variable(item, found)),
        Value::Object(parts) => parts.values().for_each(|part| each_variable(part, found)),
        _ => {}
    }
}

fn holds_variables(value: &Value) -> bool {
    let mut holds = false;
    each_variable(value, &mut |_| holds = true);
    holds
}

/// So much of what was written that one sees which it is.
fn shortened(text: &str) -> String {
    const SHOWN: usize = 40;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
