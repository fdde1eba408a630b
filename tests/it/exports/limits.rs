//! How much may be exported: at one time, in one file, and without being noticed.
use futures_util::future::join_all;
use portico::store::door::Caller;
use serde_json::json;
use uuid::Uuid;

use super::{EXPORTS, Office, uuid};
use crate::world::city::Person;

const ALL: &str = "{ deals { nodes { id name } } }";

#[tokio::test(flavor = "multi_thread")]
async fn no_more_exports_wait_or_run_than_are_allowed_to_a_person_and_to_an_organization() {
    let office = Office::with(|parts| parts.exports.per_organization = 3).await;
    office.deals(5).await;
    let (ann, bob) = (office.person("Ann", EXPORTS).await, office.person("Bob", EXPORTS).await);
    let input = || json!({ "document": ALL, "format": "NDJSON" });
    // exact, however many ask at once
    let asked = join_all((0..5).map(|_| ann.change("exportCreate", input(), "export { id }"))).await;
    let refused: Vec<_> = asked.iter().filter(|payload| payload["export"].is_null()).collect();
    assert_eq!(refused.len(), 3, "{asked:?}");
    for payload in refused {
        let error = &payload["userErrors"][0];
        assert_eq!(
            (&error["code"], &error["path"]),
            (&json!("LIMIT_REACHED"), &json!(["input"])),
            "{payload}"
        );
    }
    bob.do_("exportCreate", input(), "export { id }").await;
    let (code, _, error) = bob.refused("exportCreate", input()).await;
    assert_eq!(code, "LIMIT_REACHED");
    assert!(error["message"].as_str().unwrap().contains("of the organization"), "{error}");
    office.write().await;
    bob.do_("exportCreate", input(), "export { id }").await;
}

#[tokio::test]
async fn an_export_that_grows_too_large_is_given_up() {
    for (rows, bytes, says) in [(30, 1 << 20, "30 records"), (1_000, 600, "600 bytes")] {
        let office = Office::with(|parts| {
            parts.exports.most_rows = rows;
            parts.exports.most_bytes = bytes;
        })
        .await;
        office.deals(31).await;
        let ann = office.person("Ann", EXPORTS).await;
        let id = office.ask(&ann, ALL, "NDJSON").await;
        office.write().await;
        let shown = office.shown(&ann, &id).await;
        assert_eq!(
            (&shown["status"], &shown["error"]["code"]),
            (&json!("FAILED"), &json!("EXPORT_TOO_LARGE")),
            "{shown:#}"
        );
        assert!(shown["error"]["message"].as_str().unwrap().contains(says), "{shown:#}");
        assert_eq!(office.file(&id).await, "");
        // what fits is written, to the last record
        let fits = "{ deals(filter: { name: { in: [\"Deal 1\", \"Deal 2\"] } }) { nodes { id name } } }";
        assert_eq!(office.export(&ann, fits, "NDJSON").await.lines().count(), 2);
    }
}

#[tokio::test]
async fn very_many_records_of_one_person_within_a_day_are_noticed_once() {
    let office = Office::open().await;
    office.deals(3).await;
    let ann = office.person("Ann", EXPORTS).await;
    let events = "SELECT string_agg(detection_rule || ' ' || severity || ' ' || occurrences || ' ' || (event_data ->> 'rows') || ' ' || (source_user_id = '$user'), ', ')
        FROM security.security_events WHERE organization_id = '$org'"
        .replace("$user", &ann.user.to_string());
    let before = |rows: i32, hours: i32| {
        format!(
            "INSERT INTO ops.exports (organization_id, id, user_id, session_id, format, document, status, row_count, started_at, finished_at, expires_at)
             VALUES ('$org', ops.uuid_v7(), '{}', '{}', 'csv', '{{}}', 'completed', {rows}, now(), now() - interval '{hours} hours', now() + interval '1 day')",
            ann.user,
            ann.caller.session.unwrap()
        )
    };
    office.sql(&before(49_990, 1)).await;
    office.sql(&before(400_000, 25)).await;
    office.export(&ann, ALL, "CSV").await;
    assert_eq!(office.look(&events).await, "");
    office.sql(&before(10, 2)).await;
    office.export(&ann, ALL, "CSV").await;
    assert_eq!(office.look(&events).await, "mass_export medium 1 50006 true");
    office.export(&ann, ALL, "CSV").await;
    assert_eq!(office.look(&events).await, "mass_export medium 2 50006 true");
}

/// An API key of Ann's.
async fn key_of(office: &Office, ann: &Person) -> Person {
    let id = Uuid::now_v7();
    office
        .sql(&format!(
            "INSERT INTO identity.api_keys (organization_id, id, name, prefix, hashed_key, created_by)
             VALUES ('$org', '{id}', 'A key', 'exports', '{id}', '{}')",
            ann.user
        ))
        .await;
    let caller = Caller {
        organization: Some(office.town.organization),
        api_key: Some(id),
        api_key_hash: Some(id.to_string()),
        request: "key".to_owned(),
        ..Caller::default()
    };
    Person { caller, ..ann.clone() }
}

fn with(key: &Person, secret: &str) -> Person {
    Person { caller: Caller { api_key_hash: Some(secret.to_owned()), ..key.caller.clone() }, ..key.clone() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_has_exports_of_its_own_which_end_with_it() {
    let office = Office::open().await;
    office.deals(1_000).await;
    let ann = office.person("Ann", EXPORTS).await;
    let key = key_of(&office, &ann).await;
    let id = office.ask(&key, ALL, "NDJSON").await;
    office.write().await;
    let shown = office.shown(&key, &id).await;
    assert_eq!((&shown["status"], &shown["rowCount"]), (&json!("COMPLETED"), &json!(1_000)), "{shown:#}");
    assert!(shown["downloadUrl"].is_string());
    let whose = "query($id: ID!) { export(id: $id) { user { id } apiKey { id } } }";
    assert_eq!(ann.get(whose, json!({ "id": id })).await["export"], json!(null));
    // it is replaced by a new one: the program goes on with that, and so does its export
    let second = office.ask(&key, ALL, "NDJSON").await;
    let writing = office.begin(&office.schema, &second).await;
    let secret = |text: &str| {
        let key = key.caller.api_key.unwrap();
        format!("UPDATE identity.api_keys SET hashed_key = '{text}' WHERE id = '{key}'")
    };
    office.sql(&secret("another")).await;
    writing.await.unwrap();
    assert_eq!(office.shown(&with(&key, "another"), &second).await["status"], "COMPLETED");
    let key = with(&key, "another");
    let third = office.ask(&key, ALL, "NDJSON").await;
    let writing = office.begin(&office.schema, &third).await;
    let end = format!(
        "UPDATE identity.api_keys SET revoked_at = now() WHERE id = '{}'",
        key.caller.api_key.unwrap()
    );
    office.sql(&end).await;
    writing.await.unwrap();
    let facts = format!("SELECT status || ' ' || error_code FROM ops.exports WHERE id = '{}'", uuid(&third));
    assert_eq!(office.look(&facts).await, "failed UNAUTHENTICATED");
    // that it went on is no use of the key that anybody made
    let noticed = "SELECT count(*) FROM security.security_events WHERE organization_id = '$org'";
    assert_eq!(office.look(noticed).await, "0");
}
