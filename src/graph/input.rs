//! Input types that are put together, not derived.
use async_graphql::{
    InputType,
    registry::{MetaInputValue, MetaType, Registry},
};

/// Makes an input type known: its name, what it is, its fields. Types that differ in Rust alone, such as the filters
/// of ids of different kinds, share a name and with it one place in the schema.
pub fn input_object<T: InputType>(
    registry: &mut Registry,
    about: &str,
    fields: impl Fn(&mut Registry) -> Vec<MetaInputValue>,
) -> String {
    input_type(registry, &T::type_name(), about, false, &fields);
    T::qualified_type_name()
}

/// The same of a type that has no type here: an input of which just one field is given.
pub fn one_of(
    registry: &mut Registry,
    name: &str,
    about: &str,
    fields: impl Fn(&mut Registry) -> Vec<MetaInputValue>,
) -> String {
    input_type(registry, name, about, true, &fields);
    name.to_owned()
}

fn input_type(
    registry: &mut Registry,
    name: &str,
    about: &str,
    oneof: bool,
    fields: &dyn Fn(&mut Registry) -> Vec<MetaInputValue>,
) {
    if registry.types.contains_key(name) {
        return;
    }
    let object = |fields: Vec<MetaInputValue>| MetaType::InputObject {
        name: name.to_owned(),
        description: Some(about.to_owned()),
        input_fields: fields.into_iter().map(|field| (field.name.clone(), field)).collect(),
        visible: None,
        inaccessible: false,
        tags: Vec::new(),
        rust_typename: None,
        oneof,
        directive_invocations: Vec::new(),
    };
    // known before its fields are, since they may lead back to it
    registry.types.insert(name.to_owned(), object(Vec::new()));
    let fields = fields(registry);
    registry.types.insert(name.to_owned(), object(fields));
}
