//! Which of what is deprecated a document uses: its fields and arguments, and what stands in its values and variables.
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    convert::Infallible,
};

use async_graphql::{
    Name, Value, Variables,
    parser::types::{
        BaseType, ExecutableDocument, OperationDefinition, OperationType, Selection, SelectionSet, Type,
    },
    registry::{MetaInputValue, MetaType, Registry},
};

use super::Deprecated;

/// What is deprecated, and the types in which it is found.
#[derive(Debug, Default)]
pub struct Uses {
    list: &'static [Deprecated],
    types: HashMap<String, HashMap<String, Member>>,
}

/// A field, a field of an input, a value of an enum.
#[derive(Debug, Default)]
struct Member {
    deprecated: Option<&'static Deprecated>,
    /// The type below it, where there is more to look at.
    of: String,
    arguments: HashMap<String, Member>,
}

impl Uses {
    pub fn of(registry: &Registry, list: &'static [Deprecated]) -> Self {
        if list.is_empty() {
            return Self::default();
        }
        let input = |of: String, input: &MetaInputValue| Member {
            deprecated: list.iter().find(|one| one.what == of),
            of: bare(&input.ty).to_owned(),
            arguments: HashMap::new(),
        };
        let members = |name: &str, ty: &MetaType| -> HashMap<String, Member> {
            let at = |member: &str| format!("{name}.{member}");
            match ty {
                MetaType::InputObject { input_fields, .. } => input_fields
                    .iter()
                    .map(|(field, value)| (field.clone(), input(at(field), value)))
                    .collect(),
                MetaType::Enum { enum_values, .. } => {
                    let value = |value: &String| {
                        let deprecated = list.iter().find(|one| one.what == at(value));
                        (value.clone(), Member { deprecated, ..Member::default() })
                    };
                    enum_values.keys().map(value).collect()
                }
                ty => {
                    let fields = ty.fields().into_iter().flatten();
                    let field = |(name, field): (&String, &async_graphql::registry::MetaField)| {
                        let argument = |(argument, value): (&String, &MetaInputValue)| {
                            (argument.clone(), input(format!("{}({argument}:)", at(name)), value))
                        };
                        let member = Member {
                            deprecated: list.iter().find(|one| one.what == at(name)),
                            of: bare(&field.ty).to_owned(),
                            arguments: field.args.iter().map(argument).collect(),
                        };
                        (name.clone(), member)
                    };
                    fields.map(field).collect()
                }
            }
        };
        let types = registry.types.iter().map(|(name, ty)| (name.clone(), members(name, ty)));
        Self { list, types: types.collect() }
    }

    fn words(&self) -> impl Iterator<Item = (&'static str, Option<&'static str>)> {
        self.list.iter().filter_map(|one| one.parts().map(|(_, member, argument)| (member, argument)))
    }

    /// Whether a text has any of the words: nearly none has.
    pub fn may_be_in(&self, text: &str) -> bool {
        self.words().any(|(member, argument)| text.contains(argument.unwrap_or(member)))
    }

    /// What `operation` and `variables` use of it. Each fragment is looked at once; a document that is not valid is
    /// looked at as far as it can be understood.
    pub fn find(
        &self,
        may_be_in_text: bool,
        document: &ExecutableDocument,
        operation: &OperationDefinition,
        variables: &Variables,
    ) -> Vec<&'static Deprecated> {
        let may_be = |value: &Value| {
            self.words().any(|(member, argument)| argument.is_none() && mentions(value, member))
        };
        if !may_be_in_text && !variables.values().any(may_be) {
            return Vec::new();
        }
        let mut looking = Looking { uses: self, document, fragments: HashSet::new(), found: BTreeSet::new() };
        let root = match operation.ty {
            OperationType::Query => "Query",
            OperationType::Mutation => "Mutation",
            OperationType::Subscription => "Subscription",
        };
        looking.set(&operation.selection_set.node, root);
        for definition in &operation.variable_definitions {
            let definition = &definition.node;
            let of = named(&definition.var_type.node);
            let default = definition.default_value.as_ref().map(|default| &default.node);
            if let Some(value) = variables.get(&definition.name.node).or(default) {
                looking.value(value, of);
            }
        }
        looking.found.into_iter().collect()
    }
}

struct Looking<'d> {
    uses: &'d Uses,
    document: &'d ExecutableDocument,
    fragments: HashSet<&'d Name>,
    found: BTreeSet<&'static Deprecated>,
}

impl<'d> Looking<'d> {
    fn set(&mut self, set: &'d SelectionSet, of: &'d str) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    let field = &field.node;
                    let members = self.uses.types.get(of);
                    let Some(member) = members.and_then(|members| members.get(field.name.node.as_str()))
                    else {
                        continue;
                    };
                    self.found.extend(member.deprecated);
                    for (name, value) in &field.arguments {
                        if let Some(argument) = member.arguments.get(name.node.as_str()) {
                            self.found.extend(argument.deprecated);
                            // what stands in variables is looked at by their types
                            let value =
                                value.node.clone().into_const_with(|_| Ok::<_, Infallible>(Value::Null));
                            self.value(&value.unwrap_or_default(), &argument.of);
                        }
                    }
                    self.set(&field.selection_set.node, &member.of);
                }
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    if let Some(fragment) = self.document.fragments.get(name)
                        && self.fragments.insert(name)
                    {
                        let on = fragment.node.type_condition.node.on.node.as_str();
                        self.set(&fragment.node.selection_set.node, on);
                    }
                }
                Selection::InlineFragment(fragment) => {
                    let on = fragment.node.type_condition.as_ref().map(|on| on.node.on.node.as_str());
                    self.set(&fragment.node.selection_set.node, on.unwrap_or(of));
                }
            }
        }
    }

    /// A value: names of enums are texts in variables.
    fn value(&mut self, value: &Value, of: &str) {
        match value {
            Value::List(items) => items.iter().for_each(|item| self.value(item, of)),
            Value::Enum(name) => self.member(of, name),
            Value::String(name) => self.member(of, name),
            Value::Object(fields) => {
                for (name, value) in fields {
                    if let Some(below) = self.below(of, name) {
                        self.value(value, below);
                    }
                }
            }
            _ => {}
        }
    }

    fn member(&mut self, of: &str, name: &str) {
        let member = self.uses.types.get(of).and_then(|members| members.get(name));
        self.found.extend(member.and_then(|member| member.deprecated));
    }

    /// The type of a field of an input, which is noted.
    fn below(&mut self, of: &str, name: &str) -> Option<&'d str> {
        let member = self.uses.types.get(of)?.get(name)?;
        self.found.extend(member.deprecated);
        Some(&member.of)
    }
}

/// Whether a word stands in a value, as a text or as the name of a field.
fn mentions(value: &Value, word: &str) -> bool {
    match value {
        Value::List(items) => items.iter().any(|item| mentions(item, word)),
        Value::Object(fields) => fields.iter().any(|(name, value)| name == word || mentions(value, word)),
        Value::String(text) => text == word,
        Value::Enum(name) => name == word,
        _ => false,
    }
}

fn bare(ty: &str) -> &str {
    ty.trim_matches(['[', ']', '!'])
}

fn named(ty: &Type) -> &str {
    match &ty.base {
        BaseType::Named(name) => name.as_str(),
        BaseType::List(of) => named(of),
    }
}
