//! A document written out again from what was read of it, with what walks its pages.
use std::fmt::{self, Display, Write};

use async_graphql::{
    Name, Positioned,
    parser::types::{
        Directive, ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet,
        VariableDefinition,
    },
};

/// What a page asks besides what was asked for.
pub const AFTER: &str = "porticoAfter";
pub const FIRST: &str = "porticoFirst";
pub const COUNTED: &str = "porticoCounted";
pub const PAGE: &str = "porticoPage";
pub const TOTAL: &str = "porticoTotal";

/// The document that asks for a page of `list`, the only root field of `operation`, and may count all of it up to
/// `most`.
pub fn page(
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    list: &Field,
    most: i32,
) -> Result<String, fmt::Error> {
    let mut out = String::new();
    out.write_str("query(")?;
    for definition in &operation.variable_definitions {
        variable(&mut out, &definition.node)?;
        out.write_str(" ")?;
    }
    write!(out, "${AFTER}: String ${FIRST}: Int! ${COUNTED}: Boolean!) {{ ")?;
    named(&mut out, list)?;
    out.write_str("(")?;
    for (name, value) in &list.arguments {
        write!(out, "{}: {} ", name.node, value.node)?;
    }
    write!(out, "first: ${FIRST} after: ${AFTER}) {{ ")?;
    selections(&mut out, &list.selection_set.node)?;
    write!(
        out,
        " {PAGE}: pageInfo {{ hasNextPage endCursor }} \
         {TOTAL}: totalCount(limit: {most}) @include(if: ${COUNTED}) {{ value precision }} }} }}"
    )?;
    let mut fragments: Vec<_> = document.fragments.iter().collect();
    // always the same text for the same document
    fragments.sort_unstable_by_key(|(name, _)| name.as_str());
    for (name, fragment) in fragments {
        write!(out, " fragment {name} on {}", fragment.node.type_condition.node.on.node)?;
        directives(&mut out, &fragment.node.directives)?;
        set(&mut out, &fragment.node.selection_set.node)?;
    }
    Ok(out)
}

fn variable(out: &mut String, definition: &VariableDefinition) -> fmt::Result {
    write!(out, "${}: {}", definition.name.node, definition.var_type.node)?;
    if let Some(default) = &definition.default_value {
        write!(out, " = {}", default.node)?;
    }
    directives(out, &definition.directives)
}

fn named(out: &mut String, field: &Field) -> fmt::Result {
    match &field.alias {
        Some(alias) => write!(out, "{}: {}", alias.node, field.name.node),
        None => write!(out, "{}", field.name.node),
    }
}

fn set(out: &mut String, set: &SelectionSet) -> fmt::Result {
    if set.items.is_empty() {
        return Ok(());
    }
    out.write_str(" { ")?;
    selections(out, set)?;
    out.write_str(" }")
}

fn selections(out: &mut String, set: &SelectionSet) -> fmt::Result {
    for (index, selection) in set.items.iter().enumerate() {
        if index > 0 {
            out.write_str(" ")?;
        }
        self::selection(out, &selection.node)?;
    }
    Ok(())
}

fn selection(out: &mut String, selection: &Selection) -> fmt::Result {
    match selection {
        Selection::Field(field) => {
            named(out, &field.node)?;
            arguments(out, &field.node.arguments)?;
            directives(out, &field.node.directives)?;
            set(out, &field.node.selection_set.node)
        }
        Selection::FragmentSpread(spread) => {
            write!(out, "...{}", spread.node.fragment_name.node)?;
            directives(out, &spread.node.directives)
        }
        Selection::InlineFragment(fragment) => {
            out.write_str("...")?;
            if let Some(condition) = &fragment.node.type_condition {
                write!(out, " on {}", condition.node.on.node)?;
            }
            directives(out, &fragment.node.directives)?;
            set(out, &fragment.node.selection_set.node)
        }
    }
}

fn directives(out: &mut String, directives: &[Positioned<Directive>]) -> fmt::Result {
    for directive in directives {
        write!(out, " @{}", directive.node.name.node)?;
        arguments(out, &directive.node.arguments)?;
    }
    Ok(())
}

fn arguments<V: Display>(out: &mut String, arguments: &[(Positioned<Name>, Positioned<V>)]) -> fmt::Result {
    if arguments.is_empty() {
        return Ok(());
    }
    out.write_str("(")?;
    for (index, (name, value)) in arguments.iter().enumerate() {
        write!(out, "{}{}: {}", if index > 0 { " " } else { "" }, name.node, value.node)?;
    }
    out.write_str(")")
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::{parse_query, types::Selection};

    use super::page;

    fn printed(text: &str) -> String {
        let document = parse_query(text).unwrap();
        let (_, operation) = document.operations.iter().next().unwrap();
        let Selection::Field(list) = &operation.node.selection_set.node.items[0].node else {
            panic!("{text}")
        };
        page(&document, &operation.node, &list.node, 10).unwrap()
    }

    /// What is printed can be read, and says the same when it is printed again.
    #[test]
    fn a_document_is_printed_as_it_was_meant() {
        let text = "query Mine($region: DealRegion! = EUROPE, $names: [String!]) {
            all: deals(filter: {region: {eq: $region}, name: {in: $names}, or: [{id: {eq: \"a\\\"b\\n\"}}]}, orderBy: [{field: NAME}]) {
              nodes { id ...part ... on Deal @include(if: true) { name } history(first: 2) { nodes { id } } } } }
            fragment part on Deal { owner { displayName } }";
        let printed = printed(text);
        let again = parse_query(&printed).unwrap();
        assert_eq!(again.fragments.len(), 1, "{printed}");
        for part in [
            "$region: DealRegion! = EUROPE",
            "$names: [String!]",
            "all: deals(filter: {region: {eq: $region}",
            "\"a\\\"b\\n\"",
            "first: $porticoFirst after: $porticoAfter",
            "...part ... on Deal @include(if: true) { name }",
            "history(first: 2) { nodes { id } }",
            "totalCount(limit: 10) @include(if: $porticoCounted)",
            "fragment part on Deal { owner { displayName } }",
        ] {
            assert!(printed.contains(part), "{part} is not in {printed}");
        }
    }
}
