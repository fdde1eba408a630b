//! What a document uses that is on its way out, in a schema that has everything of it.
use async_graphql::{
    Enum, InputObject, Object, OutputType, Variables,
    parser::parse_query,
    registry::{Deprecation, MetaType, Registry},
};
use chrono::NaiveDate;
use portico::graph::deprecated::{Deprecated, Uses, mark};
use serde_json::{Value, json};

struct Query;

struct Item;

#[derive(Clone, Copy, PartialEq, Eq, Enum)]
enum Colour {
    Red,
    Crimson,
}

#[derive(InputObject)]
struct Filter {
    colour: Option<Colour>,
    hue: Option<i32>,
    and: Option<Vec<Filter>>,
}

#[Object]
impl Item {
    async fn name(&self) -> i32 {
        1
    }
    async fn label(&self) -> i32 {
        1
    }
}

#[Object]
#[expect(unused_variables, reason = "the schema alone is looked at")]
impl Query {
    async fn items(
        &self,
        filter: Option<Filter>,
        skip: Option<i32>,
        colours: Option<Vec<Colour>>,
    ) -> Vec<Item> {
        Vec::new()
    }
}

const fn one(what: &'static str, instead: &'static str) -> Deprecated {
    Deprecated { what, instead, since: NaiveDate::MIN, removal: NaiveDate::MAX }
}

static LEAVING: &[Deprecated] = &[
    one("Item.label", "Item.name"),
    one("Query.items(skip:)", "Query.items(filter:)"),
    one("Filter.hue", "Filter.colour"),
    one("Colour.CRIMSON", "Colour.RED"),
];

fn registry() -> Registry {
    let mut registry = Registry::default();
    <Query as OutputType>::create_type_info(&mut registry);
    registry
}

/// The coordinates that are found.
fn used(document: &str, variables: Value) -> Vec<&'static str> {
    let uses = Uses::of(&registry(), LEAVING);
    let parsed = parse_query(document).unwrap();
    let (_, operation) = parsed.operations.iter().next().unwrap();
    let variables = Variables::from_json(variables);
    let found = uses.find(uses.may_be_in(document), &parsed, &operation.node, &variables);
    found.iter().map(|one| one.what).collect()
}

#[test]
fn everything_on_the_list_is_marked() {
    let mut registry = registry();
    mark(&mut registry, LEAVING);
    let reason = |deprecation: &Deprecation| deprecation.reason().unwrap_or_default().to_owned();
    let (MetaType::Object { fields: item, .. }, MetaType::Object { fields: query, .. }) =
        (&registry.types["Item"], &registry.types["Query"])
    else {
        panic!("no objects")
    };
    assert!(reason(&item["label"].deprecation).starts_with("Use `Item.name`. Removal on "));
    assert!(!item["name"].deprecation.is_deprecated());
    assert!(reason(&query["items"].args["skip"].deprecation).starts_with("Use `Query.items(filter:)`."));
    assert!(!query["items"].deprecation.is_deprecated());
    let MetaType::InputObject { input_fields, .. } = &registry.types["Filter"] else { panic!("no input") };
    assert!(reason(&input_fields["hue"].deprecation).starts_with("Use `Filter.colour`."));
    let MetaType::Enum { enum_values, .. } = &registry.types["Colour"] else { panic!("no enum") };
    assert!(reason(&enum_values["CRIMSON"].deprecation).starts_with("Use `Colour.RED`."));
}

#[test]
fn what_is_used_is_found_wherever_it_stands() {
    let nothing = json!({});
    for (document, variables, found) in [
        ("{ items(filter: {colour: RED}) { name } }", &nothing, vec![]),
        // the word alone is no use of it
        ("{ items(filter: {colour: RED}) { label: name hue: name } }", &nothing, vec![]),
        ("{ items { name label } }", &nothing, vec!["Item.label"]),
        ("{ items { name other: label } }", &nothing, vec!["Item.label"]),
        ("{ items { ...a } } fragment a on Item { ... on Item { label } }", &nothing, vec!["Item.label"]),
        ("{ items(skip: 1) { name } }", &nothing, vec!["Query.items(skip:)"]),
        ("{ items(filter: {and: [{hue: 1}]}) { name } }", &nothing, vec!["Filter.hue"]),
        ("{ items(filter: {colour: CRIMSON}) { name } }", &nothing, vec!["Colour.CRIMSON"]),
        ("{ items(colours: [RED, CRIMSON]) { name } }", &nothing, vec!["Colour.CRIMSON"]),
        (
            "{ items(filter: {hue: 1, colour: CRIMSON}, skip: 1) { label } }",
            &nothing,
            vec!["Colour.CRIMSON", "Filter.hue", "Item.label", "Query.items(skip:)"],
        ),
        // in variables, by their types
        (
            "query ($f: Filter) { items(filter: $f) { name } }",
            &json!({ "f": { "and": [{ "hue": 1 }, { "colour": "CRIMSON" }] } }),
            vec!["Colour.CRIMSON", "Filter.hue"],
        ),
        (
            "query ($c: [Colour!]) { items(colours: $c) { name } }",
            &json!({ "c": ["CRIMSON"] }),
            vec!["Colour.CRIMSON"],
        ),
        (
            "query ($c: Colour = CRIMSON) { items(filter: {colour: $c}) { name } }",
            &nothing,
            vec!["Colour.CRIMSON"],
        ),
        (
            "query ($c: Colour = CRIMSON) { items(filter: {colour: $c}) { name } }",
            &json!({ "c": "RED" }),
            vec![],
        ),
        // a text that happens to be the same
        ("query ($t: String) { items { name @skip(if: $t) } }", &json!({ "t": "CRIMSON" }), vec![]),
    ] {
        let mut found = found;
        found.sort_unstable();
        let mut used = used(document, variables.clone());
        used.sort_unstable();
        assert_eq!(used, found, "{document} {variables}");
    }
}
