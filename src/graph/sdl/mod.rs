//! The schema as its readers get it, read back from its own language: what the reference shows, and what is compared
//! with an older one.
//!
//! * [`compare`]: what has changed since, and whom it breaks
//! * [`compatible`]: which changes of a type break nobody
//! * [`announced`]: what was to go, and when
pub mod announced;
pub mod compare;
mod compatible;

use std::collections::BTreeMap;

use async_graphql::{
    Positioned, Value,
    indexmap::{IndexMap, IndexSet},
    parser::{
        parse_schema,
        types::{
            BaseType, ConstDirective, DirectiveDefinition, EnumValueDefinition, FieldDefinition,
            InputValueDefinition, TypeDefinition, TypeKind, TypeSystemDefinition,
        },
    },
};

pub use async_graphql::parser::types::Type;

/// A schema: its types and directives, by name.
#[derive(Debug, Default)]
pub struct Sdl {
    pub types: BTreeMap<String, Named>,
    pub directives: BTreeMap<String, Directive>,
}

/// A type.
#[derive(Debug)]
pub struct Named {
    pub about: String,
    pub kind: Kind,
    /// The permissions of which it needs one.
    pub needs: Vec<String>,
}

#[derive(Debug)]
pub enum Kind {
    Scalar,
    Object(Composite),
    Interface(Composite),
    Union(IndexSet<String>),
    Enum(IndexMap<String, EnumValue>),
    Input { one_of: bool, fields: IndexMap<String, Input> },
}

/// What an object and an interface have.
#[derive(Debug, Default)]
pub struct Composite {
    pub implements: IndexSet<String>,
    pub fields: IndexMap<String, Field>,
}

#[derive(Debug)]
pub struct Field {
    pub about: String,
    pub ty: Type,
    pub arguments: IndexMap<String, Input>,
    pub needs: Vec<String>,
    /// Null only ever comes with an error.
    pub semantic_non_null: bool,
    pub deprecated: Option<String>,
}

/// An argument, or a field of an input.
#[derive(Debug)]
pub struct Input {
    pub about: String,
    pub ty: Type,
    pub default: Option<String>,
    pub deprecated: Option<String>,
}

#[derive(Debug)]
pub struct EnumValue {
    pub about: String,
    pub deprecated: Option<String>,
}

#[derive(Debug)]
pub struct Directive {
    pub about: String,
    pub arguments: IndexMap<String, Input>,
    pub locations: Vec<String>,
    pub is_repeatable: bool,
}

impl Sdl {
    /// Reads a schema; says where it cannot be read.
    pub fn read(text: &str) -> Result<Self, String> {
        let document = parse_schema(text).map_err(|error| error.to_string())?;
        let mut sdl = Self::default();
        for definition in document.definitions {
            match definition {
                TypeSystemDefinition::Schema(_) => {}
                TypeSystemDefinition::Type(ty) => {
                    let (name, named, extends) = named(ty.node);
                    match sdl.types.get_mut(&name) {
                        Some(known) if extends => known.extend(named),
                        _ => drop(sdl.types.insert(name, named)),
                    }
                }
                TypeSystemDefinition::Directive(directive) => {
                    let name = directive.node.name.node.to_string();
                    sdl.directives.insert(name, read_directive(directive.node, text));
                }
            }
        }
        Ok(sdl)
    }

    /// The fields of an object or interface.
    pub fn fields(&self, of: &str) -> Option<&IndexMap<String, Field>> {
        self.types.get(of).and_then(Named::fields)
    }

    pub fn field(&self, of: &str, name: &str) -> Option<&Field> {
        self.fields(of)?.get(name)
    }

    /// Whether there is something with these coordinates: `Deal`, `Deal.value`, `Query.deals(first:)`, `DealRegion.EUROPE`.
    pub fn has(&self, coordinates: &str) -> bool {
        let Some((of, member)) = coordinates.split_once('.') else {
            return self.types.contains_key(coordinates);
        };
        match (self.types.get(of).map(|named| &named.kind), member.split_once('(')) {
            (Some(Kind::Object(of) | Kind::Interface(of)), Some((field, argument))) => {
                let argument = argument.strip_suffix(":)").unwrap_or_default();
                of.fields.get(field).is_some_and(|field| field.arguments.contains_key(argument))
            }
            (Some(Kind::Object(of) | Kind::Interface(of)), None) => of.fields.contains_key(member),
            (Some(Kind::Enum(values)), None) => values.contains_key(member),
            (Some(Kind::Input { fields, .. }), None) => fields.contains_key(member),
            _ => false,
        }
    }

    /// Everything that is deprecated, by its coordinates, with the reason.
    pub fn deprecated<'s>(&'s self) -> Vec<(String, &'s str)> {
        let mut found = Vec::new();
        for (name, named) in &self.types {
            let mut note = |member: String, reason: &'s Option<String>| {
                found.extend(reason.as_deref().map(|reason| (format!("{name}.{member}"), reason)));
            };
            match &named.kind {
                Kind::Object(of) | Kind::Interface(of) => {
                    for (field, declared) in &of.fields {
                        note(field.clone(), &declared.deprecated);
                        for (argument, input) in &declared.arguments {
                            note(format!("{field}({argument}:)"), &input.deprecated);
                        }
                    }
                }
                Kind::Input { fields, .. } => {
                    fields.iter().for_each(|(field, input)| note(field.clone(), &input.deprecated));
                }
                Kind::Enum(values) => {
                    values.iter().for_each(|(value, declared)| note(value.clone(), &declared.deprecated));
                }
                Kind::Scalar | Kind::Union(_) => {}
            }
        }
        found
    }
}

impl Named {
    pub const fn fields(&self) -> Option<&IndexMap<String, Field>> {
        match &self.kind {
            Kind::Object(of) | Kind::Interface(of) => Some(&of.fields),
            _ => None,
        }
    }

    /// What it is, in one word.
    pub const fn word(&self) -> &'static str {
        match self.kind {
            Kind::Scalar => "scalar",
            Kind::Object(_) => "type",
            Kind::Interface(_) => "interface",
            Kind::Union(_) => "union",
            Kind::Enum(_) => "enum",
            Kind::Input { .. } => "input",
        }
    }

    /// The types that its fields, arguments and members are of, with where they are: `owner`, `history(first:)`.
    pub fn leads_to(&self) -> Vec<(String, &str)> {
        let mut found = Vec::new();
        match &self.kind {
            Kind::Object(of) | Kind::Interface(of) => {
                for (name, field) in &of.fields {
                    found.push((name.clone(), target(&field.ty)));
                    let arguments = field.arguments.iter();
                    found.extend(
                        arguments
                            .map(|(argument, input)| (format!("{name}({argument}:)"), target(&input.ty))),
                    );
                }
                found.extend(of.implements.iter().map(|interface| (String::new(), interface.as_str())));
            }
            Kind::Input { fields, .. } => {
                found.extend(fields.iter().map(|(name, input)| (name.clone(), target(&input.ty))));
            }
            Kind::Union(members) => {
                found.extend(members.iter().map(|member| (String::new(), member.as_str())));
            }
            Kind::Scalar | Kind::Enum(_) => {}
        }
        found
    }

    fn extend(&mut self, more: Self) {
        match (&mut self.kind, more.kind) {
            (Kind::Object(of) | Kind::Interface(of), Kind::Object(more) | Kind::Interface(more)) => {
                of.implements.extend(more.implements);
                of.fields.extend(more.fields);
            }
            (Kind::Union(members), Kind::Union(more)) => members.extend(more),
            (Kind::Enum(values), Kind::Enum(more)) => values.extend(more),
            (Kind::Input { fields, .. }, Kind::Input { fields: more, .. }) => fields.extend(more),
            _ => {}
        }
    }
}

impl Input {
    /// Whether it has to be given.
    pub const fn is_required(&self) -> bool {
        !self.ty.nullable && self.default.is_none()
    }
}

/// The type itself, lists and all else aside.
pub fn target(ty: &Type) -> &str {
    match &ty.base {
        BaseType::Named(name) => name.as_str(),
        BaseType::List(of) => target(of),
    }
}

/// Whether it is a list.
pub const fn is_list(ty: &Type) -> bool {
    matches!(ty.base, BaseType::List(_))
}

fn named(ty: TypeDefinition) -> (String, Named, bool) {
    let one_of = ty.directives.iter().any(|directive| directive.node.name.node == "oneOf");
    let names = |names: Vec<Positioned<async_graphql::Name>>| -> IndexSet<String> {
        names.into_iter().map(|name| name.node.to_string()).collect()
    };
    let kind = match ty.kind {
        TypeKind::Scalar => Kind::Scalar,
        TypeKind::Object(of) => {
            Kind::Object(Composite { implements: names(of.implements), fields: fields(of.fields) })
        }
        TypeKind::Interface(of) => {
            Kind::Interface(Composite { implements: names(of.implements), fields: fields(of.fields) })
        }
        TypeKind::Union(of) => Kind::Union(names(of.members)),
        TypeKind::Enum(of) => Kind::Enum(of.values.into_iter().map(|value| enum_value(value.node)).collect()),
        TypeKind::InputObject(of) => Kind::Input { one_of, fields: inputs(of.fields) },
    };
    let named = Named { about: words(ty.description), kind, needs: requires(&ty.directives) };
    (ty.name.node.to_string(), named, ty.extend)
}

fn fields(fields: Vec<Positioned<FieldDefinition>>) -> IndexMap<String, Field> {
    let read = |field: FieldDefinition| {
        let semantic_non_null = find(&field.directives, "semanticNonNull").is_some();
        let read = Field {
            about: words(field.description),
            ty: field.ty.node,
            arguments: inputs(field.arguments),
            needs: requires(&field.directives),
            semantic_non_null,
            deprecated: deprecated(&field.directives),
        };
        (field.name.node.to_string(), read)
    };
    fields.into_iter().map(|field| read(field.node)).collect()
}

fn inputs(inputs: Vec<Positioned<InputValueDefinition>>) -> IndexMap<String, Input> {
    let read = |input: InputValueDefinition| {
        let read = Input {
            about: words(input.description),
            ty: input.ty.node,
            default: input.default_value.map(|value| value.node.to_string()),
            deprecated: deprecated(&input.directives),
        };
        (input.name.node.to_string(), read)
    };
    inputs.into_iter().map(|input| read(input.node)).collect()
}

fn enum_value(value: EnumValueDefinition) -> (String, EnumValue) {
    let read = EnumValue { about: words(value.description), deprecated: deprecated(&value.directives) };
    (value.value.node.to_string(), read)
}

/// Whether `repeatable on` stands before the first location: the parser takes every directive for one that is.
fn is_repeatable(directive: &DirectiveDefinition, text: &str) -> bool {
    let before = |location: &Positioned<_>| {
        let lines: Vec<&str> = text.lines().take(location.pos.line).collect();
        let (last, lines) = lines.split_last()?;
        let last: String = last.chars().take(location.pos.column.saturating_sub(1)).collect();
        Some(format!("{}\n{last}", lines.last().copied().unwrap_or_default()))
    };
    let before = directive.locations.first().and_then(before).unwrap_or_default();
    let before = before.trim_end().trim_end_matches('|').trim_end().trim_end_matches("on");
    before.trim_end().ends_with("repeatable")
}

fn read_directive(directive: DirectiveDefinition, text: &str) -> Directive {
    let is_repeatable = is_repeatable(&directive, text);
    let location = |location: &Positioned<_>| compatible::location(location.node).to_owned();
    Directive {
        about: words(directive.description),
        locations: directive.locations.iter().map(location).collect(),
        arguments: inputs(directive.arguments),
        is_repeatable,
    }
}

/// A description, without the line that says again what `@requires` says.
fn words(description: Option<Positioned<String>>) -> String {
    let text = description.map(|text| text.node).unwrap_or_default();
    let lines = text.lines().filter(|line| !line.starts_with("Requires: `"));
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}

fn find<'d>(directives: &'d [Positioned<ConstDirective>], name: &str) -> Option<&'d ConstDirective> {
    directives.iter().map(|directive| &directive.node).find(|directive| directive.name.node == name)
}

fn requires(directives: &[Positioned<ConstDirective>]) -> Vec<String> {
    match find(directives, "requires").and_then(|directive| directive.get_argument("anyOf")) {
        Some(Positioned { node: Value::List(names), .. }) => {
            let text = |name: &Value| match name {
                Value::String(name) => Some(name.clone()),
                _ => None,
            };
            names.iter().filter_map(text).collect()
        }
        _ => Vec::new(),
    }
}

/// Why something is deprecated, if it is.
fn deprecated(directives: &[Positioned<ConstDirective>]) -> Option<String> {
    Some(match find(directives, "deprecated")?.get_argument("reason").map(|reason| &reason.node) {
        Some(Value::String(reason)) => reason.clone(),
        _ => "No longer supported".to_owned(),
    })
}
