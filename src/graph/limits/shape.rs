//! What the fields of the schema give, as far as that decides what they may cost.
use std::collections::HashMap;

use async_graphql::registry::{MetaField, MetaType, Registry};

use super::measure::{AMOUNTS, COUNTED, LIST, WORK};
use crate::graph::{order::ALONG, visit::PageSizes};

/// What stands below a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gives {
    /// One record, or an object that counts as one.
    One,
    /// A connection, whose page has so many rows where nobody says.
    Page(usize),
    /// The rows of a connection.
    Rows,
    /// The edges of a connection, the results of many changes: what they hold counts, they themselves do not.
    Edges,
    /// How many rows a connection has.
    Count,
    /// What all rows of a connection amount to, in so many groups where nobody says.
    Amounts(usize),
    /// What counts for nothing by itself.
    Nothing,
    /// As many objects as its arguments say, else as many as are assumed of a list.
    List,
    /// What a change has come to, or a stream.
    Work,
    /// What many changes have come to: as many as its input has items.
    Changes,
}

/// A field, and the type below it.
#[derive(Debug)]
pub(super) struct Shape {
    pub gives: Gives,
    pub of: String,
    /// The keys of its order that lead along a relation.
    pub sorted_along: Vec<String>,
}

/// The fields of every type that have something below them.
#[derive(Debug)]
pub struct Shapes {
    types: HashMap<String, Fields>,
    /// How many rows a page has at most.
    pub(super) largest_page: usize,
}

pub(super) type Fields = HashMap<String, Shape>;

/// The schema of the schema, which async-graphql adds by itself.
const INTROSPECTION: &[(&str, &str, &str, Gives)] = &[
    ("Query", "__schema", "__Schema", Gives::One),
    ("Query", "__type", "__Type", Gives::One),
    ("__Schema", "types", "__Type", Gives::List),
    ("__Schema", "queryType", "__Type", Gives::One),
    ("__Schema", "mutationType", "__Type", Gives::One),
    ("__Schema", "subscriptionType", "__Type", Gives::One),
    ("__Schema", "directives", "__Directive", Gives::List),
    ("__Directive", "args", "__InputValue", Gives::List),
    ("__Type", "fields", "__Field", Gives::List),
    ("__Type", "interfaces", "__Type", Gives::List),
    ("__Type", "possibleTypes", "__Type", Gives::List),
    ("__Type", "enumValues", "__EnumValue", Gives::List),
    ("__Type", "inputFields", "__InputValue", Gives::List),
    ("__Type", "ofType", "__Type", Gives::One),
    ("__Field", "args", "__InputValue", Gives::List),
    ("__Field", "type", "__Type", Gives::One),
    ("__InputValue", "type", "__Type", Gives::One),
];

impl Shapes {
    pub fn of(registry: &Registry, pages: PageSizes) -> Self {
        let size = |rows: i64| usize::try_from(rows).unwrap_or(1);
        let is_page = |of: &str| {
            registry
                .types
                .get(of)
                .and_then(MetaType::fields)
                .is_some_and(|fields| fields.contains_key("pageInfo"))
        };
        let is_bulk = |of: &str| {
            of.ends_with("Payload")
                && registry
                    .types
                    .get(of)
                    .and_then(MetaType::fields)
                    .is_some_and(|fields| fields.contains_key("results"))
        };
        let sorted_along = |field: &MetaField| {
            let order = registry.concrete_type_by_name(&field.args.get("orderBy")?.ty)?;
            let MetaType::InputObject { input_fields, .. } = order else { return None };
            let keys = registry.concrete_type_by_name(&input_fields.get("field")?.ty)?;
            let MetaType::Enum { enum_values, .. } = keys else { return None };
            let along = enum_values.values().filter(|key| key.tags.iter().any(|tag| tag == ALONG));
            Some(along.map(|key| key.name.clone()).collect())
        };
        let shape = |parent: &str, name: &str, field: &MetaField| {
            let ty = field.ty.as_str();
            let of = ty.trim_matches(['[', ']', '!']);
            let composite = matches!(
                registry.types.get(of)?,
                MetaType::Object { .. } | MetaType::Interface { .. } | MetaType::Union { .. }
            );
            let gives = match name {
                "nodes" if is_page(parent) => Gives::Rows,
                "edges" if is_page(parent) => Gives::Edges,
                "totalCount" if is_page(parent) => Gives::Count,
                "aggregate" if is_page(parent) => Gives::Amounts(1),
                "groupBy" if is_page(parent) => Gives::Amounts(50),
                "pageInfo" if is_page(parent) => Gives::Nothing,
                "results" if is_bulk(parent) => Gives::Edges,
                _ if parent == "Mutation" && is_bulk(of) => Gives::Changes,
                _ if matches!(parent, "Mutation" | "Subscription") => Gives::Work,
                _ if is_page(of) && parent == "Query" => Gives::Page(size(pages.root)),
                _ if is_page(of) => Gives::Page(size(pages.nested)),
                _ if ty.contains('[') => Gives::List,
                _ => Gives::One,
            };
            let sorted_along = sorted_along(field).unwrap_or_default();
            composite.then(|| (name.to_owned(), Shape { gives, of: of.to_owned(), sorted_along }))
        };
        let of_type = |(parent, ty): (&String, &MetaType)| {
            let fields = ty.fields()?.iter();
            let fields = fields.filter_map(|(name, field)| shape(parent, name, field));
            Some((parent.clone(), fields.collect()))
        };
        let mut shapes: HashMap<String, Fields> = registry.types.iter().filter_map(of_type).collect();
        for &(parent, name, of, gives) in INTROSPECTION {
            shapes
                .entry(parent.to_owned())
                .or_default()
                .insert(name.to_owned(), Shape { gives, of: of.to_owned(), sorted_along: Vec::new() });
        }
        Self { types: shapes, largest_page: size(pages.most) }
    }

    /// How many rows a page has at most.
    pub const fn largest_page(&self) -> usize {
        self.largest_page
    }

    /// What a root field costs, in words.
    pub fn rule(&self, root: &str, field: &str) -> String {
        let gives = self.fields(root).and_then(|fields| fields.get(field)).map(|shape| shape.gives);
        match gives {
            Some(Gives::Page(rows)) => format!(
                "A point for each record that may stand on the page, which is `first` or `last`, else {rows}, times what \
                 is asked of each; {WORK} for each step of the filter along a relation; for `totalCount` one for each \
                 {COUNTED} that may be counted; {AMOUNTS} each for `aggregate`, `groupBy` and an order along a relation."
            ),
            Some(Gives::Work) if root == "Subscription" => {
                format!("{} points to begin, and what is asked of one event.", WORK + 1)
            }
            Some(Gives::Work) => {
                format!("{WORK} points for the change, one for its payload, and what is asked of that.")
            }
            Some(Gives::Changes) => format!(
                "{WORK} points for each of `items`, one for the payload, and what is asked of each result."
            ),
            Some(Gives::List) => {
                format!(
                    "A point for each object, as many as its arguments name, else {LIST}, and what is asked of each."
                )
            }
            Some(_) => "A point for the object, and what is asked of it.".to_owned(),
            None => "One point, as the least that any operation costs.".to_owned(),
        }
    }

    pub(super) fn fields(&self, of: &str) -> Option<&Fields> {
        self.types.get(of)
    }
}
