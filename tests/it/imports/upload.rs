//! Uploading: to an address that was signed, once, for a while, and nothing else takes a file.
use reqwest::{Client, Response, StatusCode};
use serde_json::json;

use super::{CREATE, Desk, IMPORTS, fresh};
use crate::exports::{download::path, uuid};

async fn is_missing(response: Response) -> bool {
    let status = response.status();
    status == StatusCode::NOT_FOUND && response.text().await.unwrap() == "There is no such file.\n"
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_taken_once() {
    let desk = Desk::open().await;
    let ann = desk.ann().await;
    let import = desk.ask(&ann, CREATE, "NDJSON", json!({})).await;
    let url = import["uploadUrl"].as_str().unwrap();
    let answer = desk.send(url, fresh(3)).await;
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    assert_eq!(answer.headers()["content-type"], "application/json");
    let told: serde_json::Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!(told, json!({ "bytes": fresh(3).len(), "rows": 3 }));
    let again = desk.send(url, fresh(5)).await;
    assert_eq!(again.status(), StatusCode::CONFLICT);
    desk.work().await;
    assert_eq!(desk.send(url, fresh(5)).await.status(), StatusCode::CONFLICT);
    assert_eq!(desk.accounts().await, "3 3 3");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_wrong_with_an_address_there_is_no_such_file() {
    let desk = Desk::open().await;
    let (ann, bob) = (desk.ann().await, desk.office.person("Bob", IMPORTS).await);
    let hers = desk.ask(&ann, CREATE, "NDJSON", json!({})).await;
    let his = desk.ask(&bob, CREATE, "NDJSON", json!({})).await;
    let (good, foreign) = (hers["uploadUrl"].as_str().unwrap(), his["uploadUrl"].as_str().unwrap());
    let (at, query) = good.split_once('?').unwrap();
    let of_his = foreign.split_once('?').unwrap().1;
    // what is signed for a download opens no upload, and the other way round
    desk.office.deals(1).await;
    let export = desk.office.ask(&ann, "{ deals { nodes { id } } }", "CSV").await;
    desk.office.write().await;
    let download = desk.office.shown(&ann, &export).await["downloadUrl"].as_str().unwrap().to_owned();
    let id = good.split_once("/imports/").unwrap().1.split_once('?').unwrap().0;
    let mut wrong = vec![
        at.to_owned(),
        format!("{at}?"),
        format!("{at}?{of_his}"),
        format!("{good}&for=AAAA"),
        format!("https://portico.example.com/imports/nothing?{query}"),
        format!("https://portico.example.com/imports/deal_01h455vb4pex5vsknk084sn02q?{query}"),
        format!("{at}?{}", download.split_once('?').unwrap().1),
        download.replace("/exports/", "/imports/"),
        download.replace("/exports/", "/imports/").replace(&export, id),
    ];
    for part in query.split('&') {
        let (name, value) = part.split_once('=').unwrap();
        let without: Vec<&str> = query.split('&').filter(|known| *known != part).collect();
        wrong.push(format!("{at}?{}", without.join("&")));
        for other in ["", "9999999999", &value[1..], &format!("{value}A")] {
            wrong.push(format!("{at}?{}", query.replace(part, &format!("{name}={other}"))));
        }
    }
    assert!(wrong.len() > 20);
    for wrong in wrong {
        assert!(is_missing(desk.send(&wrong, fresh(1)).await).await, "{wrong}");
    }
    let crossed = format!("http://{}{}", desk.server.address(), path(good).replace("/imports/", "/exports/"));
    assert!(is_missing(Client::new().get(crossed).send().await.unwrap()).await);
    // only by sending it whole
    let post =
        Client::new().post(format!("http://{}{}", desk.server.address(), path(good))).send().await.unwrap();
    assert_eq!(post.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(desk.send(good, fresh(1)).await.status(), StatusCode::ACCEPTED);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_good_for_a_while_and_as_long_as_whoever_it_was_made_for_may() {
    for (what, end) in [
        ("signed out", "UPDATE identity.sessions SET revoked_at = now() WHERE id = '$session'"),
        ("locked", "UPDATE identity.users SET locked_at = now() WHERE id = '$user'"),
        ("suspended", "UPDATE identity.organizations SET status = 'suspended' WHERE id = '$org'"),
        (
            "without the right",
            "DELETE FROM access.permission_grants g USING access.permissions p WHERE p.id = g.permission_id AND g.user_id = '$user' AND p.name = 'import.create'",
        ),
    ] {
        let desk = Desk::open().await;
        let ann = desk.ann().await;
        let import = desk.ask(&ann, CREATE, "NDJSON", json!({})).await;
        let end = end.replace("$user", &ann.user.to_string());
        desk.office.sql(&end.replace("$session", &ann.caller.session.unwrap().to_string())).await;
        let answer = desk.send(import["uploadUrl"].as_str().unwrap(), fresh(1)).await;
        assert!(is_missing(answer).await, "{what}");
    }
    // its own end: the import waits no longer
    let desk = Desk::with(|parts| parts.imports.address = chrono::Duration::seconds(1)).await;
    let ann = desk.ann().await;
    let import = desk.ask(&ann, CREATE, "NDJSON", json!({})).await;
    let id = import["id"].as_str().unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(1_600)).await;
    assert!(is_missing(desk.send(import["uploadUrl"].as_str().unwrap(), fresh(1)).await).await);
    assert_eq!(desk.shown(&ann, id).await["uploadUrl"], json!(null));
    Box::pin(portico::domains::ops::import::sweep(desk.office.schema.door())).await.unwrap();
    let shown = desk.shown(&ann, id).await;
    assert_eq!((&shown["status"], shown["finishedAt"].is_string()), (&json!("EXPIRED"), true), "{shown:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_file_can_be_is_refused_at_once_and_can_be_sent_again() {
    let desk = Desk::with(|parts| {
        parts.imports.most_bytes = 2_000;
        parts.imports.most_row_bytes = 200;
        parts.imports.most_rows = 20;
    })
    .await;
    let ann = desk.ann().await;
    let long = format!("{{\"name\": \"{}\"}}\n", "x".repeat(300));
    for (format, file, status, says) in [
        ("NDJSON", b"".to_vec(), 400, "empty"),
        ("NDJSON", b"\n \n".to_vec(), 400, "empty"),
        ("CSV", b"name\n\xff\n".to_vec(), 400, "record 2"),
        (
            "NDJSON",
            [
                b"{\"name\": \"a\"}\n",
                "{}\n".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>().as_slice(),
                b"\xfe",
            ]
            .concat(),
            400,
            "UTF-8",
        ),
        ("NDJSON", fresh(50).into_bytes(), 413, "2000 bytes"),
        ("NDJSON", "{}\n".repeat(21).into_bytes(), 413, "20 rows"),
        ("NDJSON", long.into_bytes(), 413, "Record 1"),
        ("CSV", format!("name\n\"A\n{}", "B\n".repeat(120)).into_bytes(), 413, "quotation mark"),
    ] {
        let import = desk.ask(&ann, CREATE, format, json!({})).await;
        let url = import["uploadUrl"].as_str().unwrap();
        let answer = desk.send(url, file).await;
        let (found, text) = (answer.status().as_u16(), answer.text().await.unwrap());
        assert!(found == status && text.contains(says), "{found} {text}");
        // it waits still, and takes a better one
        let shown = desk.shown(&ann, import["id"].as_str().unwrap()).await;
        assert_eq!((&shown["status"], shown["uploadUrl"].is_string()), (&json!("AWAITING_UPLOAD"), true));
        let good = if format == "CSV" { "name\n".to_owned() } else { fresh(2) };
        assert_eq!(desk.send(url, good).await.status(), StatusCode::ACCEPTED);
        desk.work().await;
    }
    // what is said to be too long is not waited for, and nothing is unpacked
    let import = desk.ask(&ann, CREATE, "NDJSON", json!({})).await;
    let url = format!("http://{}{}", desk.server.address(), path(import["uploadUrl"].as_str().unwrap()));
    let packed = Client::new().put(url).header("content-encoding", "gzip").body("x").send().await.unwrap();
    assert_eq!(packed.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_begins_anew_ends_what_they_began_before() {
    let desk = Desk::open().await;
    let ann = desk.ann().await;
    let import = desk.ask(&ann, CREATE, "NDJSON", json!({})).await;
    let url = import["uploadUrl"].as_str().unwrap().to_owned();
    // one that has sent a part, and then nothing for a while
    let (send, parts) = tokio::sync::mpsc::channel::<Result<Vec<u8>, std::io::Error>>(4);
    let slow = reqwest::Body::wrap_stream(futures_util::stream::unfold(parts, |mut parts| async move {
        Some((parts.recv().await?, parts))
    }));
    let line = format!("{{\"nothing\": \"{}\"}}\n", "x".repeat(8_000));
    send.send(Ok(line.repeat(100).into_bytes())).await.unwrap();
    let address = format!("http://{}{}", desk.server.address(), path(&url));
    let sending = tokio::spawn(async move { Client::new().put(address).body(slow).send().await.unwrap() });
    let parts = format!(
        "SELECT count(*) FROM ops.import_parts WHERE import_id = '{}'",
        uuid(import["id"].as_str().unwrap())
    );
    while desk.office.look(&parts).await != "1" {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(desk.send(&url, fresh(4)).await.status(), StatusCode::ACCEPTED);
    drop(send);
    assert_eq!(sending.await.unwrap().status(), StatusCode::CONFLICT);
    desk.work().await;
    assert_eq!(desk.accounts().await, "4 4 4");
}
