//! What is wrong: with a row, with the file, with what is asked for.
use serde_json::json;

use super::{CREATE, Desk, IMPORTS, UPDATE, UPSERT, counts, wrong};

#[tokio::test(flavor = "multi_thread")]
async fn each_row_that_fails_says_why_and_the_others_are_done() {
    let desk = Desk::open().await;
    let ann = desk.ann().await;
    let long = "x".repeat(3_000);
    let file = [
        r#"{"external": {"system": "crm", "id": "1"}, "name": "One"}"#,
        r#"{"external": {"system": "crm", "id": "2"}"#,
        r#"["One"]"#,
        r#"{"external": {"system": "crm", "id": "3"}}"#,
        r#"{"external": {"system": "crm"}, "name": "One"}"#,
        r#"{"external": {"system": "crm", "id": "4"}, "name": "Four", "nmae": "Four"}"#,
        r#"{"external": {"system": "crm", "id": "5"}, "name": "Five", "ownerId": "user_01h455vb4pex5vsknk084sn02q"}"#,
        r#"{"external": {"system": "crm", "id": "6"}, "name": "Six", "ownerId": "deal_01h455vb4pex5vsknk084sn02q"}"#,
        r#"{"external": {"system": "crm", "id": "7"}, "name": 7}"#,
        r#"{"external": {"system": "crm", "id": "8"}, "name": "A\u0000B"}"#,
        r#"{"external": {"system": "crm", "id": "9"}, "name": "Nine", "expectedVersion": 4}"#,
        r#"{"external": {"system": "crm", "id": "1"}, "name": "One", "expectedVersion": 7}"#,
        &format!(r#"{{"external": {{"system": "crm", "id": "10"}}, "name": "{long}"}}"#),
        r#"{"external": {"system": "crm", "id": "11"}, "name": "Eleven"}"#,
    ]
    .join("\n");
    let shown = desk.import(&ann, UPSERT, "NDJSON", json!({ "onError": "REJECT_FAILED" }), &file).await;
    assert_eq!((&shown["status"], &shown["error"]), (&json!("COMPLETED"), &json!(null)), "{shown:#}");
    assert_eq!(
        wrong(&shown),
        [
            "2 INVALID input",
            "3 INVALID input",
            "4 REQUIRED input.name",
            "5 REQUIRED input.external.id",
            "6 INVALID input.nmae",
            "7 NOT_FOUND input.ownerId",
            "8 INVALID input",
            "9 INVALID input.name",
            "10 INVALID input",
            "11 NOT_FOUND input.external",
            "12 CONFLICT input.expectedVersion",
            "13 INVALID input.name",
        ],
        "{shown:#}"
    );
    assert_eq!(counts(&shown), [2, 0, 12]);
    assert_eq!(desk.accounts().await, "2 2 2");
    assert!(shown["errorsUntil"].is_string());
    // they are found as other records are
    let some =
        "query($id: ID!) { import(id: $id) { errors(first: 1, filter: { code: { eq: \"CONFLICT\" } }) {
        nodes { rowNumber import { id } } pageInfo { hasNextPage } } } }";
    let found = ann.get(some, json!({ "id": shown["id"] })).await["import"]["errors"].clone();
    assert_eq!(
        found,
        json!({ "nodes": [{ "rowNumber": 12, "import": { "id": shown["id"] } }], "pageInfo": { "hasNextPage": false } })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_whose_columns_are_unknown_is_not_begun_with() {
    let desk = Desk::open().await;
    let ann = desk.ann().await;
    for (file, says) in [
        ("name,turnover\nA,1\n", "no column `turnover`"),
        ("name,owner.email\nA,a@example.com\n", "no column `owner.email`"),
        ("name,name\nA,B\n", "about the same"),
        ("name;domain\nA;a.example.com\n", "no column `name;domain`"),
        ("\"name\nA\n", "quotation mark is missing"),
    ] {
        let shown = desk.import(&ann, CREATE, "CSV", json!({}), file).await;
        assert_eq!(
            (&shown["status"], &shown["error"]["code"], &shown["rowCount"]),
            (&json!("FAILED"), &json!("IMPORT_COLUMNS"), &json!(0)),
            "{shown:#}"
        );
        assert!(shown["error"]["message"].as_str().unwrap().contains(says), "{shown:#}");
    }
    // rows that do not fit their columns fail alone
    let file = "name,domain\nA\nB,b.example.com,more\n\"C\"x,\nD,d.example.com\n";
    let shown = desk.import(&ann, CREATE, "CSV", json!({}), file).await;
    assert_eq!(wrong(&shown), ["1 INVALID input", "2 INVALID input", "3 INVALID input"]);
    assert_eq!(desk.accounts().await, "1 1 1");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_first_errors_are_kept_and_for_a_while() {
    let desk = Desk::with(|parts| parts.imports.most_errors = 15).await;
    let ann = desk.ann().await;
    let shown = desk.import(&ann, CREATE, "NDJSON", json!({}), &"{}\n".repeat(40)).await;
    assert_eq!((counts(&shown), &shown["errors"]["totalCount"]["value"]), ([0, 0, 40], &json!(15)));
    desk.office.sql("UPDATE ops.imports SET errors_until = now() WHERE organization_id = '$org'").await;
    Box::pin(portico::domains::ops::import::sweep(desk.office.schema.door())).await.unwrap();
    let shown = desk.shown(&ann, shown["id"].as_str().unwrap()).await;
    assert_eq!(
        (
            &shown["errors"]["totalCount"]["value"],
            &shown["errorsUntil"],
            &shown["failedCount"],
            &shown["status"]
        ),
        (&json!(0), &json!(null), &json!(40), &json!("COMPLETED"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_imported_by_is_refused_at_once() {
    let desk = Desk::open().await;
    let ann = desk.ann().await;
    for (mutation, says, path) in [
        ("{ accounts { nodes { id } } }", "one mutation", "input.mutation"),
        ("mutation(", "expected", "input.mutation"),
        (
            "mutation($input: AccountRecordInput!) { accountDelete(input: $input) { userErrors { code } } }",
            "none that files",
            "input.mutation.accountDelete",
        ),
        (
            "mutation($input: AccountBulkCreateInput!) { accountBulkCreate(input: $input) { count } }",
            "none that files",
            "input.mutation.accountBulkCreate",
        ),
        (
            "mutation($input: RoleCreateInput!) { roleCreate(input: $input) { userErrors { code } } }",
            "none that files",
            "input.mutation.roleCreate",
        ),
        // it has to be valid, and what is given has to be what is taken
        (
            "mutation($input: AccountCreateInput!) { accountCreate(input: $input) { no } }",
            "Unknown field",
            "input.mutation",
        ),
        (
            "mutation($input: AccountUpdateInput!) { accountCreate(input: $input) { userErrors { code } } }",
            "AccountCreateInput!",
            "input.mutation.accountCreate",
        ),
    ] {
        let input = json!({ "mutation": mutation, "format": "CSV" });
        let payload = ann.change("importCreate", input, "").await;
        assert_ne!(payload["userErrors"], json!([]), "{mutation}");
        let error = &payload["userErrors"][0];
        let found: Vec<&str> =
            error["path"].as_array().unwrap().iter().map(|step| step.as_str().unwrap()).collect();
        assert_eq!((&error["code"], found.join(".").as_str()), (&json!("INVALID"), path), "{error}");
        assert!(error["message"].as_str().unwrap().contains(says), "{error}");
    }
    // who may not use the mutation may not import by it, and who may only use it may not import
    let reader = desk.office.person("Reader", &["import.create", "import.read", "account.read"]).await;
    let input = || json!({ "mutation": UPDATE, "format": "CSV" });
    let (code, path, error) = reader.refused("importCreate", input()).await;
    assert_eq!((code.as_str(), path.join(".").as_str()), ("FORBIDDEN", "input.mutation.accountUpdate"));
    assert!(error["message"].as_str().unwrap().contains("account.write"), "{error}");
    let writer = desk.office.person("Writer", &["account.read", "account.write"]).await;
    let document = "mutation($input: ImportCreateInput!) { importCreate(input: $input) { import { id } } }";
    let reply = writer.ask(document, json!({ "input": input() })).await;
    assert_eq!(reply.body["errors"][0]["extensions"]["code"], "FORBIDDEN", "{}", reply.body);
    assert_eq!(
        desk.office.look("SELECT count(*) FROM ops.imports WHERE organization_id = '$org'").await,
        "0"
    );
}

/// A right that extends to some records extends to the same ones here.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_beyond_ones_rights_fails_alone() {
    let desk = Desk::open().await;
    let ann = desk.ann().await;
    desk.office.deals(9).await;
    let bob = desk.office.person("Bob", IMPORTS).await;
    desk.office
        .sql(&format!(
            "UPDATE access.permission_grants g SET additional_conditions =
               '{{\"attribute\": \"resource.region\", \"operator\": \"eq\", \"value\": \"EUROPE\"}}'
             FROM access.permissions p WHERE p.id = g.permission_id AND p.name = 'deal.write' AND g.user_id = '{}'",
            bob.user
        ))
        .await;
    let deals = ann.get("{ deals(orderBy: [{ field: NAME }]) { nodes { id region } } }", json!({})).await;
    let deals = deals["deals"]["nodes"].as_array().unwrap().clone();
    let file: String =
        deals.iter().map(|deal| json!({ "id": deal["id"], "name": "Taken" }).to_string() + "\n").collect();
    let update = "mutation($input: DealUpdateInput!) { dealUpdate(input: $input) { userErrors { code } } }";
    let shown = desk.import(&bob, update, "NDJSON", json!({}), &file).await;
    let beyond = deals.iter().enumerate().filter(|(_, deal)| deal["region"] != "EUROPE");
    let beyond: Vec<String> = beyond.map(|(at, _)| format!("{} FORBIDDEN input", at + 1)).collect();
    assert_eq!((wrong(&shown), counts(&shown)), (beyond, [0, 3, 6]), "{shown:#}");
    let taken = "SELECT string_agg(DISTINCT region, ', ') FROM sales.deals WHERE organization_id = '$org' AND name = 'Taken'";
    assert_eq!(desk.office.look(taken).await, "europe");
}
