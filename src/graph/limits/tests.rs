//! The limits against the product's own schema.
use std::sync::LazyLock;

use async_graphql::{Variables, parser::parse_query};
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::graph::{schema, visit::PageSizes};

static SHAPES: LazyLock<Shapes> =
    LazyLock::new(|| Shapes::of(&schema::registry(), PageSizes { root: 20, nested: 10, most: 100 }));

fn check_with(limits: &Limits, document: &str, variables: Value) -> Result<Cost, Fault> {
    limits.check_text(document)?;
    let document = parse_query(document).unwrap();
    limits.check(&document, None, &Variables::from_json(variables), &SHAPES, &Caller::default())
}

fn check(document: &str) -> Result<Cost, Fault> {
    check_with(&Limits::default(), document, json!({}))
}

fn cost(document: &str, variables: Value) -> usize {
    check_with(&Limits::default(), document, variables).unwrap().requested
}

#[test]
fn a_record_that_may_be_shown_costs_a_point() {
    for (document, points) in [
        ("{ __typename }", 1),
        ("{ viewer { permissions } }", 1),
        ("{ viewer { user { id } organization { id } } }", 3),
        // a page of the root has 20 rows where nobody says, one below has 10
        ("{ deals { nodes { id } } }", 20),
        ("{ deals { edges { node { id } } pageInfo { endCursor } } }", 20),
        ("{ deals { edges { cursor } } }", 20),
        ("{ deals { pageInfo { hasNextPage } } }", 1),
        ("{ deals(first: 3) { nodes { owner { id } history { nodes { id } } } } }", 3 * (1 + 1 + 10)),
        ("{ deals(last: 4) { nodes { ...deal } } } fragment deal on Deal { owner { id } }", 8),
        (
            "{ deals(first: 2) { ...page } } fragment page on DealConnection { nodes { id } edges { node { id } } }",
            4,
        ),
        ("{ ... on Query { deals(first: 2) { ... { nodes { id } } } } }", 2),
        // counting is cheaper than showing
        ("{ deals(first: 1) { totalCount { value } nodes { id } } }", 11),
        ("{ deals(first: 1) { totalCount(limit: 500) { value } } }", 1),
        // adding up looks at all rows, and each group may show records
        ("{ deals(first: 1) { aggregate { count } } }", 50),
        (
            "{ deals(first: 1) { groupBy(keys: [STAGE], first: 3) { stage { name } aggregate { count } } } }",
            56,
        ),
        ("{ deals(first: 1) { groupBy(keys: [STAGE]) { stage { name } } } }", 100),
        // no index is in the order of what a relation leads to
        ("{ deals(first: 1, orderBy: [{field: NAME}]) { nodes { id } } }", 1),
        ("{ deals(first: 1, orderBy: [{field: ACCOUNT_NAME}]) { nodes { id } } }", 51),
        ("{ deals(first: 1, orderBy: {field: OWNER_NAME}) { nodes { id } } }", 51),
        (
            "{ accounts(first: 2) { nodes { deals(first: 1, orderBy: [{field: ACCOUNT_NAME}, {field: OWNER_NAME}]) { nodes { id } } } } }",
            2 * (1 + 100 + 1),
        ),
        // a list that nobody limits is taken for ten
        ("{ viewer { sessions { id } } }", 11),
        ("{ nodes(ids: [\"a\", \"b\", \"c\"]) { id } }", 3),
        // a change is work, besides what its payload shows
        ("mutation { dealDelete(input: { id: \"x\" }) { deal { id owner { id } } } }", 13),
        // many changes are as many times work, whatever else they show
        (
            "mutation { dealBulkDelete(input: { items: [{ id: \"x\" }, { id: \"y\" }] }) { results { deal { id owner { id } } } } }",
            1 + 2 * 12,
        ),
        ("mutation { dealBulkDelete(input: { items: { id: \"x\" } }) { count } }", 11),
        ("subscription { recordEvents { ... on StreamOpened { cursor } } }", 11),
    ] {
        assert_eq!(cost(document, json!({})), points, "{document}");
    }
}

#[test]
fn variables_and_their_defaults_say_how_much() {
    let pages = "query($n: Int = 7) { deals(first: $n) { nodes { id } } }";
    assert_eq!(cost(pages, json!({})), 7);
    assert_eq!(cost(pages, json!({ "n": 40 })), 40);
    assert_eq!(cost(pages, json!({ "n": null })), 20);
    let many = "mutation($input: DealBulkRecordInput!) { dealBulkDelete(input: $input) { results { deal { id } } } }";
    assert_eq!(cost(many, json!({ "input": { "items": [{ "id": "x" }, { "id": "y" }] } })), 23);
    let many = "mutation($e: BulkErrorPolicy, $items: [DealRecordInput!]!) { dealBulkDelete(input: { onError: $e, items: $items }) { count } }";
    assert_eq!(cost(many, json!({ "items": [{ "id": "x" }, { "id": "y" }, { "id": "z" }] })), 31);
    let ids = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    assert_eq!(cost(ids, json!({ "ids": ["a", "b"] })), 2);
}

#[test]
fn steps_of_a_filter_along_relations_are_work() {
    let literal = "{ deals(first: 1, filter: { name: { eq: \"x\" }, account: { name: { eq: \"y\" } } }) { nodes { id } } }";
    assert_eq!(cost(literal, json!({})), 11);
    let given = "query($f: DealFilter) { deals(first: 1, filter: $f) { nodes { id } } }";
    let filter = json!({ "f": { "or": [{ "account": { "name": { "eq": "y" } } }, { "owner": { "or": [{ "name": { "eq": "z" } }] } }] } });
    assert_eq!(cost(given, filter), 21);
    assert_eq!(cost(given, json!({ "f": { "and": [{ "name": { "eq": "y" } }] } })), 1);
    let partly =
        "query($a: AccountFilter) { deals(first: 1, filter: { not: { account: $a } }) { nodes { id } } }";
    assert_eq!(cost(partly, json!({ "a": { "owner": { "name": { "eq": "y" } } } })), 11);
}

#[test]
fn what_is_too_costly_is_named_with_what_would_fit() {
    let cost = ByKind { anonymous: 5000, person: 5000, api_key: 5000 };
    let limits = Limits { cost, ..Limits::default() };
    let told = |document: &str| {
        let fault = check_with(&limits, document, json!({})).unwrap_err();
        assert_eq!(fault.code, Code::QueryTooComplex, "{document}");
        fault
    };
    let nested = "{ deals(first: 100) { nodes { history(first: 100) { nodes { id } } } } }";
    assert_eq!(
        told(nested).message.english(),
        "`deals.nodes.history`: 100 × 100 = 10,000 rows; the operation may cost 5,000 points at most, and this one \
         10,100; `first: 49` would fit"
    );
    assert_eq!(
        told("{ all: deals(first: 60000) { nodes { id } } viewer { permissions } }").message.english(),
        "`all`: 60,000 rows; the operation may cost 5,000 points at most, and this one 60,001; `first: 100` would fit"
    );
    // where no page of the innermost list would fit, one of an outer list does
    assert_eq!(
        told("{ deals(first: 6000) { nodes { history(first: 99) { nodes { id } } } } }").message.english(),
        "`deals.nodes.history`: 6,000 × 99 = 594,000 rows; the operation may cost 5,000 points at most, and this one \
         600,000; `first: 50` of `deals` would fit"
    );
    // the lists of an answer are called what they are called there, and what is beside them counts
    assert_eq!(
        told("{ d: deals(first: 100) { nodes { h: history(first: 60) { nodes { deal { id } } } } } }")
            .message
            .english(),
        "`d.nodes.h`: 100 × 60 = 6,000 rows; the operation may cost 5,000 points at most, and this one 12,100; \
         `first: 24` would fit"
    );
    let details = told(nested).details.into_iter().collect::<std::collections::BTreeMap<_, _>>();
    assert_eq!(
        serde_json::to_value(details).unwrap(),
        json!({ "limit": 5000, "requested": 10_100, "first": 49, "path": ["deals", "nodes", "history"] })
    );
}

#[test]
fn what_is_too_large_is_named() {
    let deep = "{ deals { nodes { account { owner { memberships { nodes { user { id } } } } } } } }";
    let limits =
        Limits { depth: 5, fields: 6, aliases: 2, directives: 1, root_fields: 2, ..Limits::default() };
    let told = |document: &str| {
        let fault = check_with(&limits, document, json!({})).unwrap_err();
        (fault.code, fault.message.to_string())
    };
    assert_eq!(
        told(deep),
        (
            Code::QueryTooDeep,
            "`deals.nodes.account.owner.memberships.nodes.user.id` is 8 levels deep; 5 are allowed"
                .to_owned()
        )
    );
    assert_eq!(
        told("{ viewer { user { a b c d e } } }"),
        (
            Code::QueryTooComplex,
            "the document has 7 fields, most below `viewer.user`; 6 are allowed".to_owned()
        )
    );
    assert_eq!(told("{ viewer { a: id b: id c: id } }").0, Code::TooManyAliases);
    assert_eq!(told("query @a { viewer @b { id } }").0, Code::TooManyDirectives);
    assert_eq!(told("{ a b c }").0, Code::TooManyRootFields);
}

#[test]
fn doubling_fragments_are_measured_without_being_walked() {
    let mut document = "query { ...f60 } fragment f0 on Query { __typename }".to_owned();
    for level in 1..=60 {
        document += &format!(" fragment f{level} on Query {{ ...f{} ...f{} }}", level - 1, level - 1);
    }
    assert_eq!(check(&document).unwrap_err().code, Code::QueryTooComplex);
}

#[test]
fn a_fragment_that_contains_itself_is_refused() {
    assert!(check("{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }").is_err());
}

#[test]
fn what_stands_too_deep_in_each_other_does_not_reach_the_stack() {
    let mut chain = "query { ...f1 }".to_owned();
    (1..600).for_each(|at| chain += &format!(" fragment f{at} on Query {{ ...f{} }}", at + 1));
    chain += " fragment f600 on Query { __typename }";
    let large = Limits { bytes: 1 << 20, ..Limits::default() };
    assert_eq!(check_with(&large, &chain, json!({})).unwrap_err().code, Code::QueryTooDeep);
    for bracket in ["{a", "[", "{ a(b: ["] {
        assert_eq!(check(&bracket.repeat(1000)).unwrap_err().code, Code::QueryTooDeep, "{bracket}");
    }
}

#[test]
fn a_text_of_too_many_tokens_is_refused_before_it_is_parsed() {
    let limits = Limits { tokens: 10, ..Limits::default() };
    let refused = limits.check_text(&"{".repeat(11)).unwrap_err();
    assert_eq!(refused.code, Code::DocumentTooLarge);
    assert_eq!(refused.message.english(), "the document has more than 10 tokens");
    assert!(limits.check_text("{ viewer { __typename } }").is_ok());
}

#[test]
fn variables_have_a_size_and_a_depth() {
    let limits = Limits { variable_bytes: 100, variable_depth: 3, ..Limits::default() };
    let check = |variables| check_with(&limits, "{ __typename }", variables).map(drop);
    check(json!({ "a": { "b": [{ "c": 1 }] }, "d": "x".repeat(40) })).unwrap();
    let deep = check(json!({ "a": [[[[1]]]] })).unwrap_err();
    assert_eq!(deep.code, Code::VariablesTooLarge);
    assert_eq!(
        deep.message.english(),
        "with `$a` the variables have 4 levels; 3 are allowed: send less at once"
    );
    let large = check(json!({ "a": "x".repeat(99) })).unwrap_err();
    assert_eq!(
        large.message.english(),
        "with `$a` the variables have 101 bytes; 100 are allowed: send less at once"
    );
}

#[test]
fn each_kind_of_caller_has_a_limit_of_its_own() {
    let cost = ByKind { anonymous: 1, person: 2, api_key: 3 };
    let person = Caller { user: Some(Uuid::nil()), ..Caller::default() };
    let key = Caller { api_key: Some(Uuid::nil()), ..Caller::default() };
    assert_eq!([&Caller::default(), &person, &key].map(|caller| cost.of(caller)), [1, 2, 3]);
}

/// How much of a document and its variables was looked at.
fn looked_at(document: &str, variables: Value) -> usize {
    let document = parse_query(document).unwrap();
    let operation = operation(&document, None).unwrap();
    let variables = Variables::from_json(variables);
    let mut measure = Measure::new(&document.fragments, Some(operation), &variables, &SHAPES);
    measure.operation(operation).unwrap();
    measure.looked_at
}

#[test]
fn measuring_takes_steps_in_proportion_to_the_size() {
    // fields, spreads of one fragment, fragments that double, and a filter used again and again
    let shapes: [fn(usize) -> (String, Value); 4] = [
        |size| (format!("{{ viewer {{ {} }} }}", "id ".repeat(size)), json!({})),
        |size| {
            let spreads = "...deal ".repeat(size);
            let fields = "id ".repeat(size);
            (
                format!("{{ deals {{ nodes {{ {spreads} }} }} }} fragment deal on Deal {{ {fields} }}"),
                json!({}),
            )
        },
        |size| {
            let doubling = (1..=50).map(|level| {
                let below = format!("...f{} ", level - 1).repeat(size / 50);
                format!(" fragment f{level} on Query {{ {below} }}")
            });
            let doubling: String = doubling.collect();
            (format!("{{ ...f50 }} fragment f0 on Query {{ __typename }}{doubling}"), json!({}))
        },
        |size| {
            let lists: String =
                (0..size).map(|at| format!("a{at}: deals(filter: $f) {{ __typename }} ")).collect();
            let names = vec![json!({ "name": { "eq": "x" } }); size];
            (format!("query($f: DealFilter) {{ {lists} }}"), json!({ "f": { "or": names } }))
        },
    ];
    for (at, shape) in shapes.iter().enumerate() {
        let steps = |size| {
            let (document, variables) = shape(size);
            looked_at(&document, variables)
        };
        let (small, large) = (steps(400), steps(4000));
        assert!(large <= small * 11, "{at}: {small} steps, ten times as much took {large}");
    }
}

#[test]
fn the_schema_that_is_asked_about_is_noticed_wherever_it_stands() {
    for document in [
        "{ __schema { types { name } } }",
        "{ x: __type(name: \"Deal\") { name } }",
        "{ ...a } fragment a on Query { ...b } fragment b on Query { ... { y: __schema { queryType { name } } } }",
    ] {
        assert!(check(document).unwrap().introspects, "{document}");
    }
    assert!(!check("{ __typename viewer { __typename } }").unwrap().introspects);
}

#[test]
fn introspection_that_multiplies_itself_is_too_costly() {
    // what graphql-js asks, and with it most tools
    let types = (0..9).fold("kind name".to_owned(), |inner, _| format!("kind name ofType {{ {inner} }}"));
    let usual = format!(
        "query IntrospectionQuery {{ __schema {{ queryType {{ name }} mutationType {{ name }} subscriptionType {{ name }}
           types {{ ...FullType }} directives {{ name locations args {{ ...InputValue }} }} }} }}
         fragment FullType on __Type {{ kind name fields {{ name args {{ ...InputValue }} type {{ ...TypeRef }} }}
           inputFields {{ ...InputValue }} interfaces {{ ...TypeRef }} enumValues {{ name }} possibleTypes {{ ...TypeRef }} }}
         fragment InputValue on __InputValue {{ name type {{ ...TypeRef }} defaultValue }}
         fragment TypeRef on __Type {{ {types} }}"
    );
    let usual = cost(&usual, json!({}));
    let anonymous: usize = crate::settings::Settings::read([], None).unwrap().max_cost_anonymous;
    assert!((10_000..anonymous).contains(&usual), "{usual}");
    let deep = "{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }";
    assert_eq!(check(deep).unwrap_err().code, Code::QueryTooComplex);
}

#[test]
fn an_order_along_a_relation_is_found_wherever_it_stands() {
    let points = |document: &str, variables| cost(&format!("{document} {{ nodes {{ id }} }} }}"), variables);
    for (document, variables) in [
        (
            "query($o: [DealOrder!]) { deals(first: 1, orderBy: $o)",
            json!({ "o": [{ "field": "ACCOUNT_NAME" }] }),
        ),
        (
            "query($o: DealOrder!) { deals(first: 1, orderBy: [$o])",
            json!({ "o": { "field": "ACCOUNT_NAME" } }),
        ),
        (
            "query($o: DealOrderField!) { deals(first: 1, orderBy: [{field: $o}])",
            json!({ "o": "ACCOUNT_NAME" }),
        ),
        ("query($o: DealOrderField! = ACCOUNT_NAME) { deals(first: 1, orderBy: [{field: $o}])", json!({})),
    ] {
        assert_eq!(points(document, variables), 51, "{document}");
    }
    let own = "query($o: DealOrderField!) { deals(first: 1, orderBy: [{field: $o}])";
    assert_eq!(points(own, json!({ "o": "NAME" })), 1);
    let limits = Limits { cost: ByKind { anonymous: 1000, person: 0, api_key: 0 }, ..Limits::default() };
    let document = "{ accounts(first: 40) { nodes { mine: deals(first: 1, orderBy: [{field: OWNER_NAME}]) { nodes { id } } } } }";
    let fault = check_with(&limits, document, json!({})).unwrap_err();
    assert_eq!(
        fault.message.english(),
        "`accounts.nodes.mine`: an order along a relation costs 50 points, here 40 times; the operation may cost 1,000 points \
         at most, and this one 2,080; order it by what is its own"
    );
}
