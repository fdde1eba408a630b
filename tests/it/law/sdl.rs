//! The schema as its readers get it: what each field needs, and what each field leads to.
use std::collections::{BTreeMap, BTreeSet};

use async_graphql::{
    Positioned,
    parser::{
        parse_schema,
        types::{
            BaseType, ConstDirective, FieldDefinition, InputValueDefinition, ServiceDocument, Type, TypeKind,
            TypeSystemDefinition,
        },
    },
};

/// An object or interface.
pub struct Declared {
    pub needs: BTreeSet<String>,
    pub implements: Vec<String>,
    pub is_interface: bool,
    pub fields: BTreeMap<String, Field>,
}

pub struct Field {
    /// Its own `@requires`.
    pub needs: BTreeSet<String>,
    pub about: String,
    pub nullable: bool,
    /// Its arguments, and whether each has to be given.
    pub arguments: BTreeMap<String, bool>,
    /// The type it leads to, lists aside.
    pub target: String,
}

/// All objects and interfaces of the schema, by name, the names of its unions, and what the fields of its inputs take.
pub struct Sdl(pub BTreeMap<String, Declared>, BTreeSet<String>, pub BTreeMap<String, Input>);

/// The fields of an input, and the types that they take, lists aside.
pub type Input = BTreeMap<String, String>;

impl Sdl {
    pub fn read() -> Self {
        let document: ServiceDocument = parse_schema(portico::graph::schema::sdl()).unwrap();
        let (mut types, mut unions, mut inputs) = (BTreeMap::new(), BTreeSet::new(), BTreeMap::new());
        for definition in document.definitions {
            let TypeSystemDefinition::Type(Positioned { node: ty, .. }) = definition else { continue };
            let needs = requires(&ty.directives);
            let (implements, fields, is_interface) = match ty.kind {
                TypeKind::Object(object) => (object.implements, object.fields, false),
                TypeKind::Interface(interface) => (interface.implements, interface.fields, true),
                TypeKind::Union(_) => {
                    unions.insert(ty.name.node.to_string());
                    continue;
                }
                TypeKind::InputObject(input) => {
                    let field = |field: &Positioned<InputValueDefinition>| {
                        (field.node.name.node.to_string(), target(&field.node.ty.node))
                    };
                    inputs.insert(ty.name.node.to_string(), input.fields.iter().map(field).collect());
                    continue;
                }
                _ => continue,
            };
            let implements = implements.into_iter().map(|name| name.node.to_string()).collect();
            let fields = fields.into_iter().map(|field| read(field.node)).collect();
            types.insert(ty.name.node.to_string(), Declared { needs, implements, is_interface, fields });
        }
        Self(types, unions, inputs)
    }

    /// All that a caller must hold to see a field: what its type needs, it itself, and the type it leads to. One that says
    /// nothing of what it leads to is open on purpose: it shows what is one's own.
    pub fn needs<'s>(&'s self, of: &'s Declared, field: &'s Field) -> BTreeSet<&'s str> {
        let target = self.0.get(&field.target).filter(|_| !field.needs.is_empty());
        let target = target.into_iter().flat_map(|target| &target.needs);
        of.needs.iter().chain(&field.needs).chain(target).map(String::as_str).collect()
    }

    pub fn is_union(&self, name: &str) -> bool {
        self.1.contains(name)
    }

    /// Whether a field shows objects that need a permission to whoever lacks it.
    pub fn opens(&self, field: &Field) -> bool {
        field.needs.is_empty() && self.0.get(&field.target).is_some_and(|target| !target.needs.is_empty())
    }
}

fn read(field: FieldDefinition) -> (String, Field) {
    // one of the two has to be given
    let is_one_by = field.arguments.iter().any(|argument| argument.node.name.node == "by");
    let read = Field {
        needs: requires(&field.directives),
        about: field.description.map(|about| about.node).unwrap_or_default(),
        nullable: field.ty.node.nullable,
        arguments: field
            .arguments
            .into_iter()
            .map(|Positioned { node, .. }| {
                let must = !node.ty.node.nullable && node.default_value.is_none();
                (node.name.node.to_string(), must || is_one_by && node.name.node == "id")
            })
            .collect(),
        target: target(&field.ty.node),
    };
    (field.name.node.to_string(), read)
}

fn target(ty: &Type) -> String {
    match &ty.base {
        BaseType::Named(name) => name.to_string(),
        BaseType::List(of) => target(of),
    }
}

fn requires(directives: &[Positioned<ConstDirective>]) -> BTreeSet<String> {
    let requires = directives.iter().filter(|directive| directive.node.name.node == "requires");
    let names = requires.filter_map(|directive| directive.node.get_argument("anyOf"));
    names
        .flat_map(|names| {
            serde_json::from_value::<Vec<String>>(names.node.clone().into_json().unwrap()).unwrap()
        })
        .collect()
}
