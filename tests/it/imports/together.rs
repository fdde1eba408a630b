//! All rows or none.
use std::time::Duration;

use portico::domains::ops::importing;
use serde_json::json;

use super::{CREATE, Desk, another, counts, fresh, wrong};
use crate::exports::uuid;

#[tokio::test(flavor = "multi_thread")]
async fn one_row_that_fails_keeps_all_others_from_being_done() {
    let desk = Desk::open().await;
    let ann = desk.ann().await;
    let all = json!({ "onError": "REJECT_ALL" });
    let file = fresh(30) + "{}\n{\"name\": \"\"}\n" + &fresh(1).replace("Account 1", "Last");
    let shown = desk.import(&ann, CREATE, "NDJSON", all.clone(), &file).await;
    assert_eq!(
        (&shown["status"], &shown["error"]["code"], &shown["rowCount"], counts(&shown)),
        (&json!("FAILED"), &json!("IMPORT_REJECTED"), &json!(33), [0, 0, 2]),
        "{shown:#}"
    );
    assert!(shown["error"]["message"].as_str().unwrap().contains("2 of 33"), "{shown:#}");
    assert_eq!(wrong(&shown), ["31 REQUIRED input.name", "32 INVALID input.name"]);
    assert_eq!(desk.accounts().await, "0 0 0");
    let shown = desk.import(&ann, CREATE, "NDJSON", all, &fresh(33)).await;
    assert_eq!((&shown["status"], counts(&shown)), (&json!("COMPLETED"), [33, 0, 0]), "{shown:#}");
    assert_eq!(desk.accounts().await, "33 33 33");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_ends_in_the_middle_leaves_nothing_and_another_begins_anew() {
    let desk = Desk::open().await;
    let ann = desk.ann().await;
    let id = desk.queue(&ann, CREATE, "NDJSON", json!({ "onError": "REJECT_ALL" }), &fresh(600)).await;
    let working = desk.begin(&desk.office.schema, &id).await;
    assert_eq!(desk.accounts().await, "0 0 0");
    working.abort();
    assert!(working.await.unwrap_err().is_cancelled());
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    let other = another(&desk);
    assert!(Box::pin(importing::next_of(&other, desk.office.town.organization)).await.unwrap());
    let shown = desk.shown(&ann, &id).await;
    assert_eq!((&shown["status"], counts(&shown)), (&json!("COMPLETED"), [600, 0, 0]), "{shown:#}");
    assert_eq!(desk.accounts().await, "600 600 600");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_cancelled_or_forbidden_in_the_middle_was_never_done() {
    for (end, status) in [
        ("", "cancelled -"),
        (
            "DELETE FROM access.permission_grants g USING access.permissions p WHERE p.id = g.permission_id AND g.user_id = '$user' AND p.name = 'account.write'",
            "failed FORBIDDEN",
        ),
    ] {
        let desk = Desk::open().await;
        let ann = desk.ann().await;
        let id = desk.queue(&ann, CREATE, "NDJSON", json!({ "onError": "REJECT_ALL" }), &fresh(600)).await;
        let working = desk.begin(&desk.office.schema, &id).await;
        if end.is_empty() {
            ann.do_("importCancel", json!({ "id": id }), "import { status }").await;
        } else {
            desk.office.sql(&end.replace("$user", &ann.user.to_string())).await;
        }
        working.await.unwrap();
        let facts = format!(
            "SELECT status || ' ' || coalesce(error_code, '-') FROM ops.imports WHERE id = '{}'",
            uuid(&id)
        );
        assert_eq!(desk.office.look(&facts).await, status);
        assert_eq!(desk.accounts().await, "0 0 0");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_rows_are_done_together_than_is_allowed() {
    let desk = Desk::with(|parts| parts.imports.most_rows_together = 5).await;
    let ann = desk.ann().await;
    for (more, count, status) in [
        (json!({ "onError": "REJECT_ALL" }), 6, 413),
        (json!({ "onError": "REJECT_ALL" }), 5, 202),
        (json!({ "onError": "REJECT_ALL", "dryRun": true }), 6, 202),
        (json!({}), 6, 202),
    ] {
        let import = desk.ask(&ann, CREATE, "NDJSON", more.clone()).await;
        let answer = desk.send(import["uploadUrl"].as_str().unwrap(), fresh(count)).await;
        assert_eq!(answer.status().as_u16(), status, "{more} {count}");
        if status == 413 {
            assert!(answer.text().await.unwrap().contains("at most 5 rows"));
        }
        ann.do_("importCancel", json!({ "id": import["id"] }), "import { id }").await;
    }
}
