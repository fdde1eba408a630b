//! Many pages, while the records change, servers end and others go on: nothing is lost, nothing stands there twice.
use std::{collections::BTreeSet, time::Duration};

use portico::domains::ops::exporting;
use serde_json::{Value, json};

use super::{EXPORTS, NODES, Office, lines, listed, serve, uuid};

fn ids(rows: &[Value]) -> Vec<String> {
    rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_records_are_those_of_one_moment_whatever_happens_meanwhile() {
    let office = Office::alone().await;
    office.deals(6_000).await;
    let schema = serve(&office.town, |parts| parts.pages.most = 100);
    let ann = office.person("Ann", EXPORTS).await;
    let (list, nodes) = ("deals(orderBy: [{ field: UPDATED_AT }])", "nodes { id name }");
    let id = office.ask(&ann, &format!("{{ {list} {{ {nodes} }} }}"), "NDJSON").await;
    let before = listed(&ann, list, nodes).await;
    let writing = office.begin(&schema, &id).await;
    // each change moves the record in this order, and some are gone or new
    office.sql("UPDATE sales.deals SET name = name || ' changed' WHERE organization_id = '$org' AND right(name, 1) = '7'").await;
    office.sql("UPDATE sales.deals SET deleted_at = now() WHERE organization_id = '$org' AND right(name, 1) = '3'").await;
    office.deals(50).await;
    writing.await.unwrap();
    let shown = office.shown(&ann, &id).await;
    assert_eq!(
        (&shown["status"], &shown["snapshotCount"], &shown["rowCount"], &shown["expectedRowCount"]),
        (&json!("COMPLETED"), &json!(1), &json!(6_000), &json!(6_000)),
        "{shown:#}"
    );
    let file = lines(&office.file(&id).await);
    assert!(file == before, "the file is not what the list was when it began");
    assert_ne!(listed(&ann, list, nodes).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_that_changes_begins_another_moment_and_every_record_that_stays_is_there_once() {
    let office = Office::open().await;
    office.deals(1_500).await;
    let ann = office.person("Ann", EXPORTS).await;
    let id = office.ask(&ann, &format!("{{ deals {{ {NODES} }} }}"), "NDJSON").await;
    let before = listed(&ann, "deals", NODES).await;
    let writing = office.begin(&office.schema, &id).await;
    // somebody else's right: hers are asked anew
    office.person("Somebody", &["deal.read"]).await;
    office.deals(20).await;
    writing.await.unwrap();
    let shown = office.shown(&ann, &id).await;
    assert_eq!(shown["status"], "COMPLETED", "{shown:#}");
    assert!(shown["snapshotCount"].as_i64().unwrap() > 1, "{shown:#}");
    let file = lines(&office.file(&id).await);
    let (written, there) = (ids(&file), ids(&before));
    let distinct: BTreeSet<_> = written.iter().collect();
    assert_eq!(distinct.len(), written.len(), "a record stands there twice");
    assert!(there.iter().all(|id| distinct.contains(id)), "a record that was there all the time is missing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_ends_in_the_middle_loses_nothing() {
    for format in ["NDJSON", "CSV"] {
        let office = Office::open().await;
        office.deals(900).await;
        let ann = office.person("Ann", EXPORTS).await;
        let id = office.ask(&ann, "{ deals { nodes { id name value { amount } } } }", format).await;
        let writing = office.begin(&office.schema, &id).await;
        writing.abort();
        assert!(writing.await.unwrap_err().is_cancelled());
        let shown = office.shown(&ann, &id).await;
        assert_eq!(shown["status"], "RUNNING");
        assert!((1..100).contains(&shown["progress"].as_i64().unwrap()), "{shown:#}");
        // another server looks for work, and waits until the first one is taken for lost
        let other = serve(&office.town, |_| {});
        assert!(!exporting::next_of(&other, office.town.organization).await.unwrap());
        tokio::time::sleep(Duration::from_millis(2_100)).await;
        assert!(exporting::next_of(&other, office.town.organization).await.unwrap());
        let shown = office.shown(&ann, &id).await;
        assert_eq!((&shown["status"], &shown["rowCount"]), (&json!("COMPLETED"), &json!(900)), "{shown:#}");
        let resumed = office.file(&id).await;
        assert_eq!(resumed.len(), shown["byteCount"].as_str().unwrap().parse::<usize>().unwrap());
        let whole = office.export(&ann, "{ deals { nodes { id name value { amount } } } }", format).await;
        assert!(resumed == whole, "{format}: what was resumed is not what is written at once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_taken_for_lost_writes_no_more() {
    let office = Office::open().await;
    office.deals(900).await;
    let ann = office.person("Ann", EXPORTS).await;
    let id = office.ask(&ann, "{ deals { nodes { id name } } }", "NDJSON").await;
    let slow = office.begin(&office.schema, &id).await;
    // as if it had not been heard of for long, while it goes on all the same
    let other = serve(&office.town, |_| {});
    let taken = loop {
        office
            .sql(&format!(
                "UPDATE ops.exports SET lease_until = now() WHERE id = '{}' AND status = 'running'",
                uuid(&id)
            ))
            .await;
        if exporting::next_of(&other, office.town.organization).await.unwrap() {
            break true;
        }
        if slow.is_finished() {
            break false;
        }
    };
    assert!(taken, "the first server was done too soon");
    slow.await.unwrap();
    let shown = office.shown(&ann, &id).await;
    assert_eq!((&shown["status"], &shown["rowCount"]), (&json!("COMPLETED"), &json!(900)), "{shown:#}");
    assert_eq!(lines(&office.file(&id).await), listed(&ann, "deals", "nodes { id name }").await);
    assert_eq!(
        office.look(&format!("SELECT attempts FROM ops.exports WHERE id = '{}'", uuid(&id))).await,
        "2"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn several_servers_write_each_export_once() {
    let office = Office::with(|parts| parts.exports.per_caller = 5).await;
    office.deals(200).await;
    let ann = office.person("Ann", EXPORTS).await;
    let mut asked = Vec::new();
    for _ in 0..4 {
        asked.push(office.ask(&ann, "{ deals { nodes { id } } }", "CSV").await);
    }
    let servers = (0..6).map(|_| {
        let (schema, organization) = (serve(&office.town, |_| {}), office.town.organization);
        tokio::spawn(async move {
            let mut written = 0;
            while exporting::next_of(&schema, organization).await.unwrap() {
                written += 1;
            }
            written
        })
    });
    let written = futures_util::future::join_all(servers).await.into_iter().map(Result::unwrap);
    assert_eq!(written.sum::<i32>(), 4);
    let first = office.file(&asked[0]).await;
    assert_eq!(first.lines().count(), 201);
    for id in &asked {
        assert_eq!(office.file(id).await, first);
        let facts = "SELECT status || ' ' || attempts || ' ' || row_count FROM ops.exports WHERE id = ";
        assert_eq!(office.look(&format!("{facts} '{}'", uuid(id))).await, "completed 1 200");
    }
}
