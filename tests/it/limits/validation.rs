//! What a document has to be: a bad one for each rule of the specification's chapter on validation, and good ones beside.
use std::time::{Duration, Instant};

use portico::{
    graph::schema::{Asked, Request, Variables},
    language::Language,
};
use serde_json::{Value, json};

use crate::world::city::{Person, Town};

/// Rules, and documents that break them.
const BAD: &[(&str, &[&str])] = &[
    ("executable definitions", &["type A { b: Int } { __typename }"]),
    ("unique operation names", &["query A { __typename } query A { __typename }"]),
    ("lone anonymous operation", &["{ __typename } query A { __typename }"]),
    (
        "one root field in a subscription",
        &[
            "subscription { recordEvents(types: []) { __typename } conversationEvents { __typename } }",
            "subscription { a: recordEvents(types: []) { __typename } b: recordEvents(types: []) { __typename } }",
            "subscription { ...F } fragment F on Subscription { recordEvents(types: []) { __typename } conversationEvents { __typename } }",
            "subscription { __typename }",
            "subscription { recordEvents(types: []) { __typename } __typename }",
            "subscription($a: Boolean!) { recordEvents(types: []) @skip(if: $a) { __typename } }",
            "subscription { ... @include(if: true) { recordEvents(types: []) { __typename } } }",
        ],
    ),
    (
        "fields on their types",
        &["{ nothing }", "{ deals { nodes { nothing } } }", "{ node(id: 1) { name } }"],
    ),
    (
        "fields that are told under one name",
        &[
            "{ deals { nodes { name name: region } } }",
            "{ deals { nodes { id ...F } } } fragment F on Deal { id: name }",
            "{ a: deals { nodes { id } } a: accounts { nodes { id } } }",
            "{ deals(first: 1) { nodes { id } } deals(first: 2) { nodes { id } } }",
            "{ deals { nodes { account { x: name } } nodes { account { x: domain } } } }",
            "{ deals { nodes { id } } ... on Query { deals { nodes { id: name } } } }",
            "{ node(id: 1) { id ... on Deal { id: name } } }",
            "{ node(id: 1) { ... on Deal { x: name } ... on Account { x: version } } }",
            "{ node(id: 1) { ... on Deal { name } ... on Account { name } } }",
            "{ node(id: 1) { ... on Deal { x: account { id } } ... on Account { x: name } } }",
            "{ node(id: 1) { ... on Deal { owner { x: id } } ... on Account { owner { x: createdAt } } } }",
            "{ deals { nodes { __typename __typename: name } } }",
        ],
    ),
    (
        "leaves, and only leaves, without a selection",
        &["{ deals }", "{ deals { nodes { id { x } } } }", "{ __typename { x } }"],
    ),
    (
        "known arguments",
        &[
            "{ deals(nothing: 1) { nodes { id } } }",
            "{ __typename(a: 1) }",
            "{ a: __typename @skip(when: true) }",
        ],
    ),
    ("unique arguments", &["{ deals(first: 1, first: 1) { nodes { id } } }"]),
    (
        "required arguments",
        &[
            "{ node { id } }",
            "{ deals @include { nodes { id } } }",
            "{ __typename @include }",
            "{ __type { name } }",
        ],
    ),
    (
        "unique fragment names",
        &["{ ...F } fragment F on Query { __typename } fragment F on Query { __typename }"],
    ),
    ("fragments on known types", &["{ ... on Nothing { id } }", "{ ...F } fragment F on Nothing { id }"]),
    (
        "fragments on composite types",
        &["{ ... on String { id } }", "{ ...F } fragment F on DealInput { id }"],
    ),
    ("used fragments", &["{ __typename } fragment F on Query { __typename }"]),
    ("known fragments", &["{ ...F }"]),
    (
        "fragments without cycles",
        &[
            "{ ...F } fragment F on Query { ...F }",
            "{ ...F } fragment F on Query { ...G } fragment G on Query { ...F }",
        ],
    ),
    (
        "fragments that can be spread there",
        &["{ deals { ... on Account { id } } }", "{ deals { nodes { ...F } } } fragment F on Account { id }"],
    ),
    (
        "values of their types",
        &[
            "{ deals(first: \"1\") { nodes { id } } }",
            "{ deals(first: 1.5) { nodes { id } } }",
            "{ deals(first: ONE) { nodes { id } } }",
            "{ deals(first: [1]) { nodes { id } } }",
            "{ deals(search: word) { nodes { id } } }",
            "{ deals(search: 1) { nodes { id } } }",
            "{ nodes(ids: [true]) { id } }",
            "{ nodes(ids: null) { id } }",
            "{ nodes(ids: [null]) { id } }",
            "{ deals(deleted: \"ONLY\") { nodes { id } } }",
            "{ deals(deleted: NEVER) { nodes { id } } }",
            "{ deals(filter: {status: {eq: \"OPEN\"}}) { nodes { id } } }",
            "{ deals(filter: 1) { nodes { id } } }",
            "{ deals(filter: [{}]) { nodes { id } } }",
            "{ deals(filter: {name: \"a\"}) { nodes { id } } }",
            "query($a: ID) { deals(filter: {and: [{id: {eq: $a}}, {name: {eq: 1}}]}) { nodes { id } } }",
            "{ __typename @include(if: 1) }",
        ],
    ),
    (
        "parts of objects by their names",
        &[
            "{ deals(filter: {nothing: 1}) { nodes { id } } }",
            "query($a: ID) { deals(filter: {id: {eq: $a}, nothing: 1}) { nodes { id } } }",
        ],
    ),
    (
        "each part of an object once",
        &[
            "{ deals(filter: {id: {}, id: {}}) { nodes { id } } }",
            "query($a: DealFilter = {name: {eq: \"a\", eq: \"b\"}}) { deals(filter: $a) { nodes { id } } }",
        ],
    ),
    ("required parts of objects", &["{ deals(orderBy: [{direction: ASC}]) { nodes { id } } }"]),
    (
        "one of its parts",
        &[
            "{ deal(by: {}) { id } }",
            "{ deal(by: {external: null}) { id } }",
            "query($a: ExternalRef) { deal(by: {external: $a}) { id } }",
            "query($a: ExternalRef = {system: \"a\", id: \"b\"}) { deal(by: {external: $a}) { id } }",
        ],
    ),
    (
        "known directives in their places",
        &[
            "{ __typename @nothing }",
            "{ deals @nothing { nodes { id } } }",
            "query @include(if: true) { __typename }",
            "{ ...F } fragment F on Query @skip(if: true) { __typename }",
            "query($a: Int @skip(if: true)) { deals(first: $a) { nodes { id } } }",
            "{ ... @idempotent(key: \"a\") { __typename } }",
        ],
    ),
    ("each directive once", &["{ deals @skip(if: true) @skip(if: true) { nodes { id } } }"]),
    ("unique variables", &["query($a: Int, $a: Int) { deals(first: $a) { nodes { id } } }"]),
    (
        "variables of input types",
        &[
            "query($a: Deal) { deals(first: $a) { nodes { id } } }",
            "query($a: Nothing) { deals(first: $a) { nodes { id } } }",
        ],
    ),
    (
        "defined variables",
        &[
            "{ deals(first: $a) { nodes { id } } }",
            "{ deals { nodes { id @include(if: $a) } } }",
            "query A($a: Int) { ...F } query B { ...F } fragment F on Query { deals(first: $a) { nodes { id } } }",
            "{ __typename @include(if: $a) }",
        ],
    ),
    ("used variables", &["query($a: Int) { __typename }"]),
    (
        "variables where their types are expected",
        &[
            "mutation($a: AccountUpdateInput!) { accountCreate(input: $a) { userErrors { code } } }",
            "mutation($a: AccountCreateInput) { accountCreate(input: $a) { userErrors { code } } }",
            "query($a: String) { deals(first: $a) { nodes { id } } }",
            "query($a: String!) { deal(id: $a) { id } }",
            "query($a: ID) { node(id: $a) { id } }",
            "query($a: ID = null) { node(id: $a) { id } }",
            "query($a: ID!) { nodes(ids: $a) { id } }",
            "query($a: [ID]!) { nodes(ids: $a) { id } }",
            "query($a: ID) { nodes(ids: [$a]) { id } }",
            "query($a: [Int]) { deals(first: $a) { nodes { id } } }",
            "query($a: DealStatus) { deals(deleted: $a) { nodes { id } } }",
            "query($a: String) { deals(filter: {status: {eq: $a}}) { nodes { id } } }",
            "query($a: IDFilter) { deals(filter: {or: [{name: $a}]}) { nodes { id } } }",
            "query($a: DealFilter) { deals(filter: {and: [$a]}) { nodes { id } } }",
            "query($a: DealOrderField) { deals(orderBy: [{field: $a}]) { nodes { id } } }",
            "query($a: String!) { deals { nodes { id @include(if: $a) } } }",
            "query($a: Boolean) { ... @skip(if: $a) { deals { nodes { id } } } }",
            "query($a: String) { ...F } fragment F on Query { ...G } fragment G on Query { deals(first: $a) { nodes { id } } }",
            "query A($a: Int) { ...F } query B($a: String) { ...F } fragment F on Query { deals(first: $a) { nodes { id } } }",
        ],
    ),
];

const GOOD: &[&str] = &[
    "query A { __typename } query B { __typename }",
    "query($a: Int) { deals(first: $a) { nodes { id } } }",
    "query($a: Int!) { deals(first: $a) { nodes { id } } }",
    "query($a: [ID!]!) { nodes(ids: $a) { id } }",
    "query($a: ID!) { nodes(ids: [$a]) { id } }",
    "query($a: ID! = 1) { node(id: $a) { id } }",
    "query($a: ID = \"x\") { node(id: $a) { id } }",
    // what is not given is made up for by the default of the place
    "query($a: SortDirection) { deals(orderBy: [{field: NAME, direction: $a}]) { nodes { id } } }",
    "query($a: DealOrder!) { deals(orderBy: [$a]) { nodes { id } } }",
    "query($a: [DealOrder!]) { deals(orderBy: $a) { nodes { id } } }",
    "query($a: [DealOrder!]! = []) { deals(orderBy: $a) { nodes { id } } }",
    "query($a: DealStatus, $b: String) { deals(filter: {status: {eq: $a}, and: {name: {eq: $b}}}) { nodes { id } } }",
    "query($a: ExternalRef!) { deal(by: {external: $a}) { id } }",
    "query($a: Boolean!) { ...F @include(if: $a) } fragment F on Query { deals(first: 1) { nodes { id @skip(if: $a) } } }",
    "{ deals(filter: {or: [{status: {eq: OPEN}}, {name: {in: \"one\"}}]}) { nodes { id } } }",
    "{ nodes(ids: 1) { id } }",
    "{ deals(first: 1) { nodes { id } } deals(first: 1) { nodes { name } } }",
    "{ deals { nodes { id ...F ... on Deal { x: name } ... on Node { id } } } } fragment F on Deal { x: name id }",
    "{ node(id: 1) { ... on Deal { x: version } ... on Account { x: version y: name } ... on Deal { z: status } } }",
    "{ node(id: 1) { ... on Deal { owner { x: id } } ... on Account { owner { x: id y: email } } ... on Deal { y: channel } } }",
    "{ deals(filter: {id: {eq: 1}, name: {eq: \"{id: 1, id: 2}\"}}) { nodes { id } } }",
    "{ __schema { types { name } } __type(name: \"Deal\") { name fields { name args { name } } } }",
];

/// What `$a` is, where it has to be something: what fits where it is used, so that nothing is wrong but the document.
fn given(document: &str) -> Value {
    let a = match document {
        _ if !document.contains("$a") => return json!({}),
        _ if document.contains("(if: $a)") => json!(true),
        _ if document.contains("accountCreate") => json!({ "name": "Acme" }),
        _ if document.contains("!) { node(id: $a)") || document.contains("!) { deal(id: $a)") => json!("x"),
        _ if document.contains("nodes(ids: $a)") => json!(["x"]),
        _ if document.contains("nodes(ids: [$a])") => json!("x"),
        _ => return json!({}),
    };
    json!({ "a": a })
}

async fn errors(person: &Person, document: &str) -> Vec<Value> {
    let body = person.ask(document, given(document)).await.body;
    assert!(!body.to_string().contains("INTERNAL"), "{document}: {body:#}");
    body["errors"].as_array().cloned().unwrap_or_default()
}

#[tokio::test]
async fn a_bad_document_is_refused_by_each_rule() {
    let town = Town::found().await;
    let ann =
        town.person("ann", &["deal.read", "account.read", "account.create", "user.read", "event.read"]).await;
    let mut wrong = Vec::new();
    for (rule, documents) in BAD {
        for document in *documents {
            let errors = errors(&ann, document).await;
            let code = errors.first().map_or(Value::Null, |first| first["extensions"]["code"].clone());
            let is_refused =
                matches!(code.as_str(), Some("GRAPHQL_VALIDATION_FAILED" | "GRAPHQL_PARSE_FAILED"));
            // what cannot be measured is not looked at any further
            let is_endless = *rule == "fragments without cycles";
            let is_located =
                is_endless || errors.iter().all(|error| error["locations"][0]["line"].is_number());
            if !is_refused || !is_located {
                wrong.push(format!("{rule}: {document}\n    {}", Value::from(errors)));
            }
        }
    }
    assert!(wrong.is_empty(), "{} pass:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn a_good_document_is_not() {
    let town = Town::found().await;
    let ann = town.person("ann", &["deal.read", "account.read", "user.read"]).await;
    let mut wrong = Vec::new();
    for document in GOOD {
        let errors = errors(&ann, document).await;
        if errors.iter().any(|error| error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED") {
            wrong.push(format!("{document}\n    {}", Value::from(errors)));
        }
    }
    assert!(wrong.is_empty(), "{} are refused:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn it_is_said_what_was_expected_and_where() {
    let town = Town::found().await;
    let ann = town.person("ann", &[]).await;
    let document =
        "mutation(\n  $a: AccountUpdateInput!\n) {\n  accountCreate(input: $a) { userErrors { code } }\n}";
    let english = errors(&ann, document).await;
    assert_eq!(english.len(), 1);
    assert_eq!(
        english[0]["message"],
        "`$a` has to be of type `AccountCreateInput!`, not `AccountUpdateInput!`"
    );
    assert_eq!(english[0]["locations"], json!([{ "line": 4, "column": 24 }, { "line": 2, "column": 3 }]));
    let mut caller = ann.caller.clone();
    caller.language = Language::Portuguese;
    let asked = Asked::from(Request::new(document).variables(Variables::from_json(given(document))));
    let answer = Box::pin(ann.schema.execute(caller, asked)).await;
    let answer: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(
        answer["errors"][0]["message"],
        "`$a` deve ser do tipo `AccountCreateInput!`, não `AccountUpdateInput!`"
    );
    let value = errors(&ann, "{ deals(filter: {status: {eq: \"OPEN\"}}) { nodes { id } } }").await;
    assert_eq!(value[0]["message"], "`\"OPEN\"` stands where `DealStatus` is expected");
    // all that is wrong, in the order of the document
    let both = "query($a: String) { deals(first: $a, filter: {status: {eq: \"OPEN\"}}) { nodes { id } } accounts(first: $a) { nodes { id } } }";
    let columns: Vec<_> =
        errors(&ann, both).await.iter().map(|error| error["locations"][0]["column"].clone()).collect();
    assert_eq!(columns, [34, 46, 103]);
}

/// Each operation is looked at with the whole of its fragments.
#[tokio::test]
async fn what_takes_long_to_compare_is_refused_soon() {
    let town = Town::found().await;
    let ann = town.person("ann", &[]).await;
    let operations: String = (0..500).map(|at| format!("query a{at}{{...F}}")).collect();
    let document = format!("{operations} fragment F on Query {{ {} }}", "__typename ".repeat(1000));
    let started = Instant::now();
    let errors = errors(&ann, &document).await;
    assert_eq!(errors[0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED");
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
}
