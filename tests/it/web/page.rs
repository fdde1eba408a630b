//! The playground's page. It may be missing from the binary under test: then the server says how to build it.
use reqwest::Client;
use serde_json::{Value, json};

use super::World;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#[tokio::test]
async fn the_page_is_served_or_its_absence_explained() {
    let world = World::start(&[]).await;
    let response = Client::new().get(world.url("/")).send().await.unwrap();
    if response.status().as_u16() == 503 {
        assert!(response.text().await.unwrap().contains("make playground"));
        return;
    }
    assert_eq!(response.status().as_u16(), 200);
    assert_eq!(response.headers()["content-security-policy"], POLICY);
    assert_eq!(response.headers()["cache-control"], "no-cache");
    assert_eq!(response.headers()["content-type"], "text/html; charset=utf-8");
    let tag = response.headers()["etag"].clone();
    let again = Client::new().get(world.url("/")).header("if-none-match", tag).send().await.unwrap();
    assert_eq!(again.status().as_u16(), 304);

    let page = response.text().await.unwrap();
    let is_script = |part: &&str| part.contains("assets/") && part.ends_with(".js");
    let script = page.split('"').find(is_script).unwrap().trim_start_matches("./");
    let get = async |encoding: &str| {
        let request = Client::new().get(world.url(&format!("/{script}"))).header("accept-encoding", encoding);
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["cache-control"], "public, max-age=31536000, immutable");
        assert_eq!(response.headers()["vary"], "accept-encoding");
        let used = response.headers().get("content-encoding").map(|value| value.to_str().unwrap().to_owned());
        (used, response.bytes().await.unwrap().len())
    };
    let (brotli, gzip, plain) = (get("br, gzip").await, get("gzip").await, get("identity").await);
    assert_eq!((brotli.0.as_deref(), gzip.0.as_deref(), plain.0), (Some("br"), Some("gzip"), None));
    assert!(brotli.1 < gzip.1 && gzip.1 < plain.1);
}

#[tokio::test]
async fn what_is_not_part_of_the_page_is_not_there() {
    let world = World::start(&[]).await;
    for path in ["/.gitkeep", "/assets/none.js", "/../Cargo.toml", "/index.html.br", "/graphiql"] {
        assert_eq!(Client::new().get(world.url(path)).send().await.unwrap().status().as_u16(), 404, "{path}");
    }
}

#[tokio::test]
async fn the_demo_is_told_anew_each_time() {
    let world = World::start(&[]).await;
    let response = Client::new().get(world.url("/playground/demo.json")).send().await.unwrap();
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert_eq!(response.json::<Value>().await.unwrap(), json!({ "demo": true, "personas": [] }));
}
