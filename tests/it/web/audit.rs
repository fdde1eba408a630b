//! The audits of the npm package graphql-http, where Node is there to run them.
use std::path::Path;

use tokio::process::Command;

use super::World;

#[tokio::test]
async fn the_audits_of_graphql_over_http_pass() {
    let playground = Path::new(env!("CARGO_MANIFEST_DIR")).join("playground");
    if !playground.join("node_modules/graphql-http").exists() {
        println!("skipped: `npm ci` in playground/ brings the audits");
        return;
    }
    let world = World::start(&[]).await;
    let audit = Command::new("node")
        .args(["--test", "test/audit.test.mjs"])
        .current_dir(playground)
        .env("PORTICO_URL", world.url(""))
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&audit.stdout);
    assert!(audit.status.success(), "{said}");
}
