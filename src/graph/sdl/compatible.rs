//! Which changes of a type break nobody: what is given may become more certain, what is taken less so.
use async_graphql::parser::types::{BaseType, DirectiveLocation, Type};

/// Whether whoever reads a field of the type `before` can read one of `after`: never null is still never null.
pub fn can_be_read_as(before: &Type, after: &Type) -> bool {
    (before.nullable || !after.nullable) && of_one_kind(before, after, can_be_read_as)
}

/// Whether whoever gives a value of the type `before` may give it where `after` is taken: null is still taken.
pub fn can_be_given_as(before: &Type, after: &Type) -> bool {
    (after.nullable || !before.nullable) && of_one_kind(before, after, can_be_given_as)
}

fn of_one_kind(before: &Type, after: &Type, items: fn(&Type, &Type) -> bool) -> bool {
    match (&before.base, &after.base) {
        (BaseType::Named(before), BaseType::Named(after)) => before == after,
        (BaseType::List(before), BaseType::List(after)) => items(before, after),
        _ => false,
    }
}

/// As the schema's language writes it.
pub const fn location(location: DirectiveLocation) -> &'static str {
    match location {
        DirectiveLocation::Query => "QUERY",
        DirectiveLocation::Mutation => "MUTATION",
        DirectiveLocation::Subscription => "SUBSCRIPTION",
        DirectiveLocation::Field => "FIELD",
        DirectiveLocation::FragmentDefinition => "FRAGMENT_DEFINITION",
        DirectiveLocation::FragmentSpread => "FRAGMENT_SPREAD",
        DirectiveLocation::InlineFragment => "INLINE_FRAGMENT",
        DirectiveLocation::Schema => "SCHEMA",
        DirectiveLocation::Scalar => "SCALAR",
        DirectiveLocation::Object => "OBJECT",
        DirectiveLocation::FieldDefinition => "FIELD_DEFINITION",
        DirectiveLocation::ArgumentDefinition => "ARGUMENT_DEFINITION",
        DirectiveLocation::Interface => "INTERFACE",
        DirectiveLocation::Union => "UNION",
        DirectiveLocation::Enum => "ENUM",
        DirectiveLocation::EnumValue => "ENUM_VALUE",
        DirectiveLocation::InputObject => "INPUT_OBJECT",
        DirectiveLocation::InputFieldDefinition => "INPUT_FIELD_DEFINITION",
        DirectiveLocation::VariableDefinition => "VARIABLE_DEFINITION",
    }
}
