//! The schema, made from the same declarations that answer queries.
use std::collections::BTreeSet;

use async_graphql::{
    InputType, Name, Value,
    indexmap::{IndexMap, IndexSet},
    registry::{MetaDirectiveInvocation, MetaField, MetaInputValue, MetaType, ObjectBuilder, Registry},
};

use super::{
    declare::{Fields, Object, fields_of},
    face::Face,
    page_info::PageInfo,
    pages::Listed,
    union::Union,
};
use crate::graph::page::Deleted;

/// Makes an object type known; says its name.
pub fn object<T: Object>(registry: &mut Registry) -> String {
    object_of(registry, T::NAME, T::about(), T::NEEDS, fields_of::<T>())
}

/// The same with fields of the caller's own.
pub fn object_of<T>(
    registry: &mut Registry,
    name: &str,
    about: String,
    needs: Option<&'static str>,
    fields: &'static Fields<T>,
) -> String {
    let faces = fields.declared.iter().map(|(name, declared)| (*name, &**declared));
    object_type(registry, name, (about, needs), &fields.interfaces, Box::new(faces));
    name.to_owned()
}

/// An object type, whatever its rows are.
fn object_type(
    registry: &mut Registry,
    name: &str,
    (about, needs): (String, Option<&'static str>),
    interfaces: &[&'static str],
    fields: Box<dyn Iterator<Item = (&'static str, &Face)>>,
) {
    if registry.types.contains_key(name) {
        return;
    }
    // known before its fields are, since they may lead back to it
    registry.types.insert(name.to_owned(), ObjectBuilder::new(name, IndexMap::new()).build());
    let shown = fields.map(|(field, face)| (field.to_owned(), meta_field(registry, field, face)));
    let shown: IndexMap<_, _> = shown.collect();
    let mut object = ObjectBuilder::new(name, shown).description(Some(describe(about, needs)));
    if let Some(permission) = needs {
        object = object.directive_invocations(vec![requires(permission)]);
    }
    registry.types.insert(name.to_owned(), object.build());
    for interface in interfaces {
        super::interface::register(registry, interface);
        registry.add_implements(name, interface);
        // what the interface cannot name itself, such as a connection of the product, it takes over from a member
        let trail = match registry.types.get(name) {
            Some(MetaType::Object { fields, .. }) => fields.get("auditTrail").cloned(),
            _ => None,
        };
        if let Some(MetaType::Interface { possible_types, fields, .. }) = registry.types.get_mut(*interface) {
            possible_types.insert(name.to_owned());
            if let (Some(trail), "Record") = (trail, *interface) {
                fields.entry(trail.name.clone()).or_insert(trail);
            }
        }
    }
}

pub(super) fn meta_field(registry: &mut Registry, name: &str, face: &Face) -> MetaField {
    let (ty, semantic_non_null) = face.shown_type(registry);
    let mut field = MetaField::new(name, ty);
    let needs = face.needs.or(face.target_needs);
    field.description = Some(describe(face.about.clone(), needs));
    field.args = face
        .arguments
        .iter()
        .map(|argument| {
            let value = (argument.0)(registry);
            (value.name.clone(), value)
        })
        .collect();
    if let Some(permission) = needs {
        field.directive_invocations.push(requires(permission));
    }
    if semantic_non_null {
        field.directive_invocations.push(directive("semanticNonNull", IndexMap::new()));
    }
    field
}

/// Describes a field and says which permission it needs.
pub fn declare_permission(field: &mut MetaField, about: String, needs: Option<&'static str>) {
    field.description = Some(describe(about, needs));
    if let Some(permission) = needs {
        field.directive_invocations.push(requires(permission));
    }
}

/// A description whose last line names the permission: introspection does not show applied directives.
fn describe(about: String, needs: Option<&str>) -> String {
    match needs {
        Some(permission) => format!("{about}\nRequires: `{permission}`."),
        None => about,
    }
}

fn requires(permission: &str) -> MetaDirectiveInvocation {
    let any_of = Value::List(vec![Value::String(permission.to_owned())]);
    directive("requires", IndexMap::from([("anyOf".to_owned(), any_of)]))
}

/// Every permission that stands in a registry.
pub fn permissions_in(registry: &Registry) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for ty in registry.types.values() {
        let of_type = match ty {
            MetaType::Object { directive_invocations, .. } => directive_invocations.as_slice(),
            _ => &[],
        };
        let of_fields = ty.fields().into_iter().flatten().flat_map(|(_, field)| &field.directive_invocations);
        found.extend(of_type.iter().chain(of_fields).flat_map(permissions_in_one).map(str::to_owned));
    }
    found
}

/// The permissions that these directives ask for.
pub fn permissions_of(directives: &[MetaDirectiveInvocation]) -> Vec<&str> {
    directives.iter().flat_map(permissions_in_one).collect()
}

fn permissions_in_one(directive: &MetaDirectiveInvocation) -> impl Iterator<Item = &str> {
    let names = match directive.args.get("anyOf").filter(|_| directive.name == "requires") {
        Some(Value::List(names)) => names.as_slice(),
        _ => &[],
    };
    names.iter().filter_map(|name| if let Value::String(name) = name { Some(name.as_str()) } else { None })
}

fn directive(name: &str, args: IndexMap<String, Value>) -> MetaDirectiveInvocation {
    MetaDirectiveInvocation { name: name.to_owned(), args }
}

/// `DealConnection`.
pub fn connection_name<U: Object>() -> &'static str {
    named::<U>("Connection")
}

/// `DealEdge`.
pub fn edge_name<U: Object>() -> &'static str {
    named::<U>("Edge")
}

/// Type names are few and live as long as the server: each is made once.
pub(super) fn named<U: Object>(suffix: &'static str) -> &'static str {
    use std::{
        collections::HashMap,
        sync::{LazyLock, PoisonError, RwLock},
    };
    type Names = RwLock<HashMap<(&'static str, &'static str), &'static str>>;
    static NAMES: LazyLock<Names> = LazyLock::new(Names::default);
    if let Some(name) = NAMES.read().unwrap_or_else(PoisonError::into_inner).get(&(U::NAME, suffix)) {
        return name;
    }
    let name = format!("{}{suffix}", U::NAME).leak();
    NAMES.write().unwrap_or_else(PoisonError::into_inner).insert((U::NAME, suffix), name);
    name
}

/// Makes the connection of an entity known; says its name.
pub fn connection<U: Listed>(registry: &mut Registry) -> String {
    let name = connection_name::<U>();
    if !registry.types.contains_key(name) {
        registry.types.insert(name.to_owned(), ObjectBuilder::new(name, IndexMap::new()).build());
        object::<U>(registry);
        if U::DELETED.is_some() {
            <Deleted as InputType>::create_type_info(registry);
        }
        let fields = connection_fields(registry, <U as Object>::NAME, edge_name::<U>());
        let fields = fields.into_iter().chain(super::aggregate::connection_fields::<U>(registry));
        let fields = fields.map(|field| (field.name.clone(), field)).collect();
        let about = format!("A page of a list of {}.", <U as Object>::NAME);
        let connection = ObjectBuilder::new(name, fields).description(Some(about));
        registry.types.insert(name.to_owned(), connection.build());
    }
    name.to_owned()
}

/// What every connection has, of whichever `node`.
fn connection_fields(registry: &mut Registry, node: &str, edge: &str) -> [MetaField; 4] {
    let string = <String as InputType>::create_type_info(registry);
    object::<PageInfo>(registry);
    count(registry);
    let edge = plain(
        registry,
        edge,
        &format!("One {node} in a list, with its place."),
        vec![
            ("cursor", string, "Its place in the list, for `after` and `before`."),
            ("node", format!("{node}!"), "What stands there."),
        ],
    );
    let mut total = field(
        "totalCount",
        "Count",
        "How many there are in all; counted only when asked for, and no further than `limit`.",
    );
    let mut limit = MetaInputValue::new("limit", "Int");
    limit.description = Some("Where counting stops, at most 1,000,000.".to_owned());
    limit.default_value = Some("10000".to_owned());
    total.args.insert("limit".to_owned(), limit);
    [
        field("edges", &format!("[{edge}!]!"), "The rows with their places."),
        field("nodes", &format!("[{node}!]!"), "The rows alone."),
        field("pageInfo", "PageInfo!", "Where this page begins and ends, and whether there is more."),
        total,
    ]
}

fn count(registry: &mut Registry) {
    let precision = "CountPrecision";
    enumeration(
        registry,
        precision,
        "Whether a count is exact.",
        &[
            ("EXACT", "There are exactly so many."),
            ("AT_LEAST", "Counting stopped at the limit: there are more."),
        ],
    );
    plain(
        registry,
        "Count",
        "How many there are.",
        vec![
            ("value", "Int!".to_owned(), "The number, at most the limit of the count."),
            ("precision", format!("{precision}!"), "Whether the number is exact."),
        ],
    );
}

/// An enum that no Rust type stands for.
pub fn enumeration(registry: &mut Registry, name: &str, about: &str, values: &[(&str, &str)]) {
    let values = values.iter().map(|(value, about)| {
        let mut meta = async_graphql::registry::MetaEnumValue::new(*value);
        meta.description = Some((*about).to_owned());
        ((*value).to_owned(), meta)
    });
    let values = values.collect();
    registry.types.entry(name.to_owned()).or_insert_with(|| MetaType::Enum {
        name: name.to_owned(),
        description: Some(about.to_owned()),
        enum_values: values,
        visible: None,
        inaccessible: false,
        tags: Vec::new(),
        rust_typename: None,
        directive_invocations: Vec::new(),
        requires_scopes: Vec::new(),
    });
}

/// An object type of plain fields; says its name.
fn plain(registry: &mut Registry, name: &str, about: &str, fields: Vec<(&str, String, &str)>) -> String {
    let fields =
        fields.into_iter().map(|(name, ty, about)| (name.to_owned(), field(name, &ty, about))).collect();
    let object = ObjectBuilder::new(name, fields).description(Some(about.to_owned())).build();
    registry.types.entry(name.to_owned()).or_insert(object);
    name.to_owned()
}

pub(super) fn field(name: &str, ty: &str, about: &str) -> MetaField {
    let mut field = MetaField::new(name, ty);
    field.description = Some(about.to_owned());
    field
}

/// Makes a union, or an interface of parts, known; says its name.
pub fn union<U: Union>(registry: &mut Registry) -> String {
    if registry.types.contains_key(U::NAME) {
        return U::NAME.to_owned();
    }
    if U::INTERFACE {
        super::interface::register(registry, U::NAME);
    } else {
        let union = MetaType::Union {
            name: U::NAME.to_owned(),
            description: Some(U::about()),
            possible_types: IndexSet::new(),
            visible: None,
            inaccessible: false,
            tags: Vec::new(),
            rust_typename: Some(std::any::type_name::<U>()),
            directive_invocations: Vec::new(),
        };
        registry.types.insert(U::NAME.to_owned(), union);
    }
    let members: Vec<String> =
        super::union::members_of::<U>().iter().map(|member| member.register(registry)).collect();
    if let Some(MetaType::Union { possible_types, .. }) = registry.types.get_mut(U::NAME) {
        possible_types.extend(members);
    }
    U::NAME.to_owned()
}

/// The directives of the schema that async-graphql does not know.
pub fn directives(registry: &mut Registry) {
    use async_graphql::registry::{__DirectiveLocation as Location, MetaDirective};
    let mut add = |name: &str, about: &str, locations: Vec<Location>, args: Vec<(&str, &str, &str)>| {
        let args = args.into_iter().map(|(name, ty, about)| {
            let mut value = MetaInputValue::new(name, ty);
            value.description = Some(about.to_owned());
            (name.to_owned(), value)
        });
        registry.add_directive(MetaDirective {
            name: name.to_owned(),
            description: Some(about.to_owned()),
            locations,
            args: args.collect(),
            is_repeatable: false,
            visible: None,
            composable: None,
        });
    };
    add(
        "requires",
        "The caller needs one of these permissions; the last line of the description says the same, because introspection does not show applied directives.",
        vec![Location::FIELD_DEFINITION, Location::OBJECT],
        vec![("anyOf", "[String!]!", "The permissions, one of which is enough.")],
    );
    add(
        "semanticNonNull",
        "Null only together with an error: a client that throws on errors may treat the field as never null.",
        vec![Location::FIELD_DEFINITION],
        vec![],
    );
    add(
        "idempotent",
        "Runs the mutation at most once per key, caller and organization for 24 hours: a repetition gets the first result.",
        vec![Location::FIELD],
        vec![(
            "key",
            "String!",
            "Chosen by the client, at most 200 characters; unique per change it wants to make.",
        )],
    );
}

/// The name of a value in an enum, for messages.
pub fn name(text: &str) -> Name {
    Name::new(text)
}
