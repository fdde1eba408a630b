//! While it goes on: servers end and others go on, rights are taken, somebody has had enough. Each row is done once.
use portico::domains::ops::importing;
use serde_json::{Value, json};

use super::{CREATE, Desk, another, counts, fresh};
use crate::exports::uuid;

/// So many rows that nothing is over too soon.
const MANY: usize = 600;

fn is_done_once(shown: &Value, accounts: &str) {
    assert_eq!((&shown["status"], counts(shown)), (&json!("COMPLETED"), [600, 0, 0]), "{shown:#}");
    // as many names as accounts, and an audit row for each
    assert_eq!(accounts, "600 600 600");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_ends_in_the_middle_loses_and_repeats_nothing() {
    for format in ["NDJSON", "CSV"] {
        let desk = Desk::open().await;
        let ann = desk.ann().await;
        let file = match format {
            "CSV" => (1..=MANY).fold("name\r\n".to_owned(), |file, n| file + &format!("Account {n}\r\n")),
            _ => fresh(MANY),
        };
        let id = desk.queue(&ann, CREATE, format, json!({}), &file).await;
        let working = desk.begin(&desk.office.schema, &id).await;
        working.abort();
        assert!(working.await.unwrap_err().is_cancelled());
        let shown = desk.shown(&ann, &id).await;
        assert_eq!(shown["status"], "RUNNING");
        assert!((1..100).contains(&shown["progress"].as_i64().unwrap()), "{shown:#}");
        // another server looks for work, and waits until the first one is taken for lost
        let other = another(&desk);
        let organization = desk.office.town.organization;
        assert!(!Box::pin(importing::next_of(&other, organization)).await.unwrap());
        tokio::time::sleep(std::time::Duration::from_millis(2_100)).await;
        assert!(Box::pin(importing::next_of(&other, organization)).await.unwrap());
        is_done_once(&desk.shown(&ann, &id).await, &desk.accounts().await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_taken_for_lost_does_no_more() {
    let desk = Desk::open().await;
    let ann = desk.ann().await;
    let id = desk.queue(&ann, CREATE, "NDJSON", json!({}), &fresh(MANY)).await;
    let slow = desk.begin(&desk.office.schema, &id).await;
    // as if it had not been heard of for long, while it goes on all the same
    let other = another(&desk);
    let left = format!(
        "UPDATE ops.imports SET lease_until = now() WHERE id = '{}' AND status = 'running'",
        uuid(&id)
    );
    let taken = loop {
        desk.office.sql(&left).await;
        if Box::pin(importing::next_of(&other, desk.office.town.organization)).await.unwrap() {
            break true;
        }
        if slow.is_finished() {
            break false;
        }
    };
    assert!(taken, "the first server was done too soon");
    slow.await.unwrap();
    is_done_once(&desk.shown(&ann, &id).await, &desk.accounts().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_servers_do_each_import_once() {
    let desk = Desk::with(|parts| parts.imports.per_caller = 5).await;
    let ann = desk.ann().await;
    for part in 0..4 {
        let lines = (0..150).map(|n| format!("{{\"name\": \"Account {}\"}}\n", part * 150 + n));
        desk.queue(&ann, CREATE, "NDJSON", json!({}), &lines.collect::<String>()).await;
    }
    let servers = (0..6).map(|_| {
        let (schema, organization) = (another(&desk), desk.office.town.organization);
        tokio::spawn(async move {
            let mut done = 0;
            while Box::pin(importing::next_of(&schema, organization)).await.unwrap() {
                done += 1;
            }
            done
        })
    });
    let done = futures_util::future::join_all(servers).await.into_iter().map(Result::unwrap);
    assert_eq!(done.sum::<i32>(), 4);
    assert_eq!(desk.accounts().await, "600 600 600");
    let facts = "SELECT string_agg(DISTINCT status || ' ' || created_count, ', ') FROM ops.imports WHERE organization_id = '$org'";
    assert_eq!(desk.office.look(facts).await, "completed 150");
}

/// What is done, and what is said then: of `$user` and `$session`.
const ENDS: &[(&str, &str, &str)] = &[
    (
        "the right to write accounts",
        "DELETE FROM access.permission_grants g USING access.permissions p WHERE p.id = g.permission_id AND g.user_id = '$user' AND p.name = 'account.write'",
        "FORBIDDEN",
    ),
    (
        "the right to import",
        "DELETE FROM access.permission_grants g USING access.permissions p WHERE p.id = g.permission_id AND g.user_id = '$user' AND p.name = 'import.create'",
        "FORBIDDEN",
    ),
    ("the account", "UPDATE identity.users SET locked_at = now() WHERE id = '$user'", "UNAUTHENTICATED"),
    (
        "the session",
        "UPDATE identity.sessions SET revoked_at = now() WHERE id = '$session'",
        "UNAUTHENTICATED",
    ),
    (
        "the organization",
        "UPDATE identity.organizations SET status = 'suspended' WHERE id = '$org'",
        "TENANT_SUSPENDED",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_in_the_middle_ends_it_and_what_was_done_stays() {
    for (what, end, code) in ENDS {
        let desk = Desk::open().await;
        let ann = desk.ann().await;
        let id = desk.queue(&ann, CREATE, "NDJSON", json!({}), &fresh(MANY)).await;
        let working = desk.begin(&desk.office.schema, &id).await;
        let end = end.replace("$user", &ann.user.to_string());
        desk.office.sql(&end.replace("$session", &ann.caller.session.unwrap().to_string())).await;
        working.await.unwrap();
        let facts = format!(
            "SELECT status || ' ' || error_code || ' ' || (created_count BETWEEN 1 AND 599) || ' ' ||
               (SELECT count(*) = created_count FROM sales.accounts a WHERE a.organization_id = i.organization_id) || ' ' ||
               (SELECT count(*) FROM ops.import_parts WHERE import_id = i.id) || ' ' ||
               (SELECT string_agg(action, ' ' ORDER BY id) FROM audit.audit_logs WHERE resource_id = i.id::text)
             FROM ops.imports i WHERE id = '{}'",
            uuid(&id)
        );
        let expected = format!("failed {code} true true 0 import.created import.uploaded import.failed");
        assert_eq!(desk.office.look(&facts).await, expected, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asked_for_it_cancels_it_before_its_file_has_come_while_it_waits_and_while_it_runs() {
    let desk = Desk::open().await;
    let ann = desk.ann().await;
    let cancelled = async |id: &str| {
        let done = ann
            .do_("importCancel", json!({ "id": id }), "import { status finishedAt uploadUrl createdCount }")
            .await;
        assert_eq!(
            (&done["import"]["status"], &done["import"]["uploadUrl"]),
            (&json!("CANCELLED"), &json!(null))
        );
        let (code, path, _) = ann.refused("importCancel", json!({ "id": id })).await;
        assert_eq!((code.as_str(), path.join(".").as_str()), ("STATE", "input.id"));
        done["import"]["createdCount"].as_i64().unwrap()
    };
    let import = desk.ask(&ann, CREATE, "NDJSON", json!({})).await;
    assert_eq!(cancelled(import["id"].as_str().unwrap()).await, 0);
    let answer = desk.send(import["uploadUrl"].as_str().unwrap(), fresh(1)).await;
    assert_eq!(answer.status(), reqwest::StatusCode::CONFLICT);

    let waiting = desk.queue(&ann, CREATE, "NDJSON", json!({}), &fresh(3)).await;
    assert_eq!(cancelled(&waiting).await, 0);
    desk.work().await;
    assert_eq!(desk.accounts().await, "0 0 0");

    let running = desk.queue(&ann, CREATE, "NDJSON", json!({}), &fresh(MANY)).await;
    let working = desk.begin(&desk.office.schema, &running).await;
    let done = cancelled(&running).await;
    working.await.unwrap();
    // just as many were done as it says, and no more are
    assert!((1..600).contains(&done), "{done}");
    assert_eq!(desk.accounts().await, format!("{done} {done} {done}"));
    let left = "SELECT count(*) FROM ops.import_parts WHERE organization_id = '$org'";
    assert_eq!(desk.office.look(left).await, "0");
}
