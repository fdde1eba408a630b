//! An import is nobody's but whoever asked for it.
use futures_util::StreamExt;
use serde_json::json;
use uuid::Uuid;

use super::{CREATE, Desk, IMPORTS, fresh};
use crate::{exports::uuid, world::city::Person};
use portico::store::door::Caller;

#[tokio::test(flavor = "multi_thread")]
async fn only_whoever_asked_for_it_sees_and_hears_of_it() {
    let desk = Desk::open().await;
    let ann = desk.ann().await;
    let boss = [IMPORTS, &["conversation.read_all", "approval.read", "audit.read"]].concat();
    let boss = desk.office.person("Boss", &boss).await;
    let other = Desk::open().await;
    let stranger = other.office.person("Stranger", IMPORTS).await;
    let follow = "subscription { recordEvents(types: [\"Import\"]) { __typename
        ... on RecordCreated { kind record { ... on Import { rowCount uploadUrl } } }
        ... on RecordUpdated { kind record { ... on Import { status progress rowCount failedCount } } } } }";
    let (mut hers, mut his) = (ann.follow(follow, json!({})), boss.follow(follow, json!({})));
    hers.next().await.unwrap();
    his.next().await.unwrap();
    let id = desk.queue(&ann, CREATE, "NDJSON", json!({}), &(fresh(40) + "{}")).await;
    desk.work().await;
    let mut heard = Vec::new();
    loop {
        let told = hers.next().await.unwrap()["data"]["recordEvents"].clone();
        heard.push(told["kind"].as_str().unwrap().to_owned());
        if told["kind"] == "import.completed" {
            let record = &told["record"];
            assert_eq!(
                (&record["progress"], &record["rowCount"], &record["failedCount"]),
                (&json!(100), &json!(41), &json!(1))
            );
            break;
        }
    }
    assert_eq!(heard[..2], ["import.created", "import.uploaded"]);
    assert!(heard.iter().filter(|kind| *kind == "import.progressed").count() >= 4, "{heard:?}");
    let quiet = tokio::time::timeout(std::time::Duration::from_millis(300), his.next()).await;
    assert!(quiet.is_err(), "{quiet:?}");

    let error =
        ann.get("query($id: ID!) { import(id: $id) { errors { nodes { id } } } }", json!({ "id": id })).await;
    let error = error["import"]["errors"]["nodes"][0]["id"].clone();
    assert!(error.is_string());
    let look = "query($id: ID!, $error: ID!) { import(id: $id) { id } node(id: $id) { id } error: node(id: $error) { id }
        imports(first: 5) { nodes { id } totalCount { value } } }";
    for person in [&boss, &stranger] {
        let seen = person.get(look, json!({ "id": id, "error": error })).await;
        let none = json!({ "nodes": [], "totalCount": { "value": 0 } });
        assert_eq!(seen, json!({ "import": null, "node": null, "error": null, "imports": none }));
        assert_eq!(person.refused("importCancel", json!({ "id": id })).await.0, "NOT_FOUND");
    }
    let own = ann.get(look, json!({ "id": id, "error": error })).await;
    assert_eq!((&own["imports"]["nodes"], &own["error"]), (&json!([{ "id": id }]), &json!({ "id": error })));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_for_twice_with_a_key_is_asked_for_once() {
    let desk = Desk::open().await;
    let ann = desk.ann().await;
    let document = "mutation($input: ImportCreateInput!) {
        importCreate(input: $input) @idempotent(key: \"once\") { import { id uploadUrl } userErrors { code } } }";
    let input = json!({ "input": { "mutation": CREATE, "format": "NDJSON" } });
    let asked = futures_util::future::join_all((0..4).map(|_| ann.get(document, input.clone()))).await;
    assert!(
        asked
            .iter()
            .all(|answer| answer["importCreate"]["import"]["id"] == asked[0]["importCreate"]["import"]["id"]),
        "{asked:#?}"
    );
    assert_eq!(
        desk.office.look("SELECT count(*) FROM ops.imports WHERE organization_id = '$org'").await,
        "1"
    );
    let url = asked[3]["importCreate"]["import"]["uploadUrl"].as_str().unwrap().to_owned();
    assert_eq!(desk.send(&url, fresh(1)).await.status().as_u16(), 202);
    // the address is not kept with the answer: it is gone with its use
    let again = ann.get(document, input).await;
    assert_eq!(again["importCreate"]["import"]["uploadUrl"], json!(null));
    let other = json!({ "input": { "mutation": CREATE, "format": "CSV" } });
    let reused = ann.ask(document, other).await.body;
    assert_eq!(reused["errors"][0]["extensions"]["code"], "IDEMPOTENCY_KEY_REUSED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_has_imports_of_its_own_which_end_with_it() {
    let desk = Desk::open().await;
    let ann = desk.ann().await;
    let id = Uuid::now_v7();
    desk.office
        .sql(&format!(
            "INSERT INTO identity.api_keys (organization_id, id, name, prefix, hashed_key, created_by)
             VALUES ('$org', '{id}', 'A key', 'imports', '{id}', '{}')",
            ann.user
        ))
        .await;
    let caller = Caller {
        organization: Some(desk.office.town.organization),
        api_key: Some(id),
        api_key_hash: Some(id.to_string()),
        request: "key".to_owned(),
        ..Caller::default()
    };
    let key = Person { caller, ..ann.clone() };
    let done = desk.import(&key, CREATE, "NDJSON", json!({}), &fresh(3)).await;
    assert_eq!((&done["status"], &done["createdCount"]), (&json!("COMPLETED"), &json!(3)), "{done:#}");
    let whose = "query($id: ID!) { import(id: $id) { user { id } apiKey { id } } }";
    assert_eq!(ann.get(whose, json!({ "id": done["id"] })).await["import"], json!(null));
    let second = desk.queue(&key, CREATE, "NDJSON", json!({}), &fresh(600)).await;
    let working = desk.begin(&desk.office.schema, &second).await;
    desk.office.sql(&format!("UPDATE identity.api_keys SET revoked_at = now() WHERE id = '{id}'")).await;
    working.await.unwrap();
    let facts = format!("SELECT status || ' ' || error_code FROM ops.imports WHERE id = '{}'", uuid(&second));
    assert_eq!(desk.office.look(&facts).await, "failed UNAUTHENTICATED");
}
