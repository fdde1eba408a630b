//! Downloading: by an address that was signed, for a while, and nothing else opens it.
use std::sync::Arc;

use portico::{
    domains::ops::export,
    settings::Settings,
    store::error::Denied,
    web::{Parts, Server},
};
use reqwest::{Client, Response, StatusCode};
use serde_json::json;

use super::{EXPORTS, Office, uuid};

/// A server that can be reached.
pub async fn open(office: &Office) -> Server {
    let settings = [("PORTICO_LISTEN".to_owned(), "127.0.0.1:0".to_owned())];
    let parts = Parts {
        schema: office.schema.clone(),
        settings: Arc::new(Settings::read(settings, None).unwrap()),
        read_credential: Arc::new(|_| Err(Denied::Ended)),
        demo: Arc::new(|| json!({})),
    };
    Server::start(parts).await.unwrap()
}

/// What follows the server in an address.
pub fn path(url: &str) -> &str {
    url.strip_prefix("https://portico.example.com").unwrap()
}

async fn get(server: &Server, path: &str) -> Response {
    Client::new().get(format!("http://{}{path}", server.address())).send().await.unwrap()
}

/// What somebody is answered who finds nothing.
async fn is_missing(response: Response) -> bool {
    let status = response.status();
    status == StatusCode::NOT_FOUND && response.text().await.unwrap() == "There is no such file.\n"
}

const ALL: &str = "{ deals(orderBy: [{ field: NAME }]) { nodes { id name value { amount } } } }";

#[tokio::test(flavor = "multi_thread")]
async fn the_file_comes_as_it_was_written_to_whoever_has_the_address() {
    let office = Office::open().await;
    office.deals(700).await;
    let server = open(&office).await;
    let ann = office.person("Ann", EXPORTS).await;
    for (format, media, ending) in [
        ("CSV", "text/csv; charset=utf-8; header=present", ".csv\""),
        ("NDJSON", "application/x-ndjson", ".ndjson\""),
    ] {
        let id = office.ask(&ann, ALL, format).await;
        office.write().await;
        let shown = office.shown(&ann, &id).await;
        let url = shown["downloadUrl"].as_str().unwrap();
        let answer = get(&server, path(url)).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), media);
        assert_eq!(header("content-length"), shown["byteCount"].as_str().unwrap());
        assert_eq!(
            (header("cache-control"), header("x-content-type-options")),
            ("no-store".to_owned(), "nosniff".to_owned())
        );
        let disposition = header("content-disposition");
        assert!(
            disposition.starts_with("attachment; filename=\"export-") && disposition.ends_with(ending),
            "{disposition}"
        );
        let whole = office.file(&id).await;
        assert!(answer.text().await.unwrap() == whole && whole.len() > 20_000);
        // pressed together where that is taken
        let client = Client::new().get(format!("http://{}{}", server.address(), path(url)));
        let pressed = client.header("accept-encoding", "gzip").send().await.unwrap();
        assert_eq!(pressed.headers()["content-encoding"], "gzip");
        let bytes = pressed.bytes().await.unwrap();
        let mut unpacked = String::new();
        std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&bytes[..]), &mut unpacked).unwrap();
        assert!(unpacked == whole && bytes.len() < whole.len());
        // each time it is written down who took it
        let trail = format!(
            "SELECT string_agg(actor_id || ' ' || (ip_address IS NOT NULL), ', ') FROM audit.audit_logs
             WHERE action = 'export.downloaded' AND resource_id = '{}'",
            uuid(&id)
        );
        assert_eq!(office.look(&trail).await, format!("{0} true, {0} true", ann.user));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_wrong_with_an_address_there_is_no_such_file() {
    let office = Office::open().await;
    office.deals(3).await;
    let server = open(&office).await;
    let (ann, bob) = (office.person("Ann", EXPORTS).await, office.person("Bob", EXPORTS).await);
    let (hers, his) = (office.ask(&ann, ALL, "CSV").await, office.ask(&bob, ALL, "CSV").await);
    office.write().await;
    let url = office.shown(&ann, &hers).await["downloadUrl"].as_str().unwrap().to_owned();
    let other = office.shown(&bob, &his).await["downloadUrl"].as_str().unwrap().to_owned();
    let (good, foreign) = (path(&url), path(&other));
    assert_eq!(get(&server, good).await.status(), StatusCode::OK);
    let (at, query) = good.split_once('?').unwrap();
    let parts: Vec<(&str, &str)> = query.split('&').map(|part| part.split_once('=').unwrap()).collect();
    let of_his = |name: &str| {
        let query = foreign.split_once('?').unwrap().1;
        query
            .split('&')
            .map(|part| part.split_once('=').unwrap())
            .find(|(known, _)| *known == name)
            .unwrap()
            .1
            .to_owned()
    };
    let mut wrong = vec![
        at.to_owned(),
        format!("{at}?"),
        format!("/exports/{his}?{query}"),
        format!("{}?{}", foreign.split_once('?').unwrap().0, query),
        format!("/exports/nothing?{query}"),
        format!("/exports/deal_01h455vb4pex5vsknk084sn02q?{query}"),
        format!("{good}&for={}", of_his("for")),
    ];
    for (name, value) in &parts {
        let replaced = |by: &str| {
            let parts = parts.iter().map(|(known, value)| {
                if known == name { format!("{known}={by}") } else { format!("{known}={value}") }
            });
            format!("{at}?{}", parts.collect::<Vec<_>>().join("&"))
        };
        let left_out: Vec<_> = parts
            .iter()
            .filter(|(known, _)| known != name)
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        wrong.push(format!("{at}?{}", left_out.join("&")));
        wrong.extend([
            replaced(""),
            replaced("9999999999"),
            replaced(&format!("{value}A")),
            replaced(&value[1..]),
        ]);
        if *name != "expires" {
            wrong.push(replaced(&of_his(name)));
        }
    }
    assert!(wrong.len() > 20);
    for wrong in wrong {
        assert!(is_missing(get(&server, &wrong).await).await, "{wrong}");
    }
    // only by reading it
    let post = Client::new().post(format!("http://{}{good}", server.address())).send().await.unwrap();
    assert_eq!(post.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(office.look("SELECT count(*) FROM audit.audit_logs WHERE organization_id = '$org' AND action = 'export.downloaded'").await, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_good_for_a_while_and_as_long_as_whoever_it_was_made_for_may() {
    for (what, end) in [
        ("signed out", "UPDATE identity.sessions SET revoked_at = now() WHERE id = '$session'"),
        ("locked", "UPDATE identity.users SET locked_at = now() WHERE id = '$user'"),
        ("suspended", "UPDATE identity.organizations SET status = 'suspended' WHERE id = '$org'"),
        (
            "without the right",
            "DELETE FROM access.permission_grants g USING access.permissions p WHERE p.id = g.permission_id AND g.user_id = '$user' AND p.name = 'export.read'",
        ),
        ("its time is over", "UPDATE ops.exports SET expires_at = now() WHERE organization_id = '$org'"),
    ] {
        let office = Office::open().await;
        office.deals(3).await;
        let server = open(&office).await;
        let ann = office.person("Ann", EXPORTS).await;
        let id = office.ask(&ann, ALL, "CSV").await;
        office.write().await;
        let url = office.shown(&ann, &id).await["downloadUrl"].as_str().unwrap().to_owned();
        assert_eq!(get(&server, path(&url)).await.status(), StatusCode::OK);
        let end = end.replace("$user", &ann.user.to_string());
        office.sql(&end.replace("$session", &ann.caller.session.unwrap().to_string())).await;
        assert!(is_missing(get(&server, path(&url)).await).await, "{what}");
    }
    let office = Office::with(|parts| parts.exports.address = chrono::Duration::seconds(1)).await;
    let server = open(&office).await;
    let ann = office.person("Ann", EXPORTS).await;
    let id = office.ask(&ann, ALL, "CSV").await;
    office.write().await;
    let url = office.shown(&ann, &id).await["downloadUrl"].as_str().unwrap().to_owned();
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    assert!(is_missing(get(&server, path(&url)).await).await);
    // another one is given as long as there is a file
    assert_ne!(office.shown(&ann, &id).await["downloadUrl"], json!(url));
}

#[tokio::test]
async fn a_file_is_gone_when_its_time_is_over() {
    let office = Office::open().await;
    office.deals(3).await;
    let ann = office.person("Ann", EXPORTS).await;
    let id = office.ask(&ann, ALL, "CSV").await;
    office.write().await;
    export::sweep(office.schema.door()).await.unwrap();
    assert!(office.file(&id).await.starts_with("id,name"), "it is kept until then");
    office.sql("UPDATE ops.exports SET expires_at = now() WHERE organization_id = '$org'").await;
    // nobody is told an address that opens nothing, even before it is deleted
    assert_eq!(office.shown(&ann, &id).await["downloadUrl"], json!(null));
    export::sweep(office.schema.door()).await.unwrap();
    let shown = office.shown(&ann, &id).await;
    assert_eq!(
        (&shown["status"], &shown["rowCount"], &shown["downloadUrl"]),
        (&json!("EXPIRED"), &json!(3), &json!(null))
    );
    assert_eq!(office.file(&id).await, "");
}
