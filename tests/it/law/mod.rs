//! What holds for the whole product, whatever is added to it.
mod aggregates;
mod batching;
mod cli;
mod constraints;
mod cost;
mod deprecations;
mod docs;
mod doors;
mod gate;
mod hidden;
mod impersonation;
mod language;
mod leaks;
mod lists;
mod matrix;
mod migrations;
mod reads;
mod related;
mod relations;
mod repeats;
mod rooms;
mod schema;
mod sdl;
mod size;
pub mod statements;
mod tables;
mod tenancy;

use std::path::{Path, PathBuf};

use diesel_async::AsyncPgConnection;
use portico::store::connect::connect;

use crate::world::postgres;

/// The root of the repository.
fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All Rust files below `directory`, with their text; generated ones aside.
fn rust_files(directory: &str) -> Vec<(PathBuf, String)> {
    fn walk(directory: &Path, files: &mut Vec<(PathBuf, String)>) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                if !text.starts_with("// @generated") {
                    files.push((path.strip_prefix(repository()).unwrap().to_owned(), text));
                }
            }
        }
    }
    let mut files = Vec::new();
    walk(&repository().join(directory), &mut files);
    assert!(!files.is_empty());
    files
}

/// The migrated database, as the owner of the tables.
async fn owner() -> AsyncPgConnection {
    connect(&postgres::shared().await.owner_url).await.unwrap()
}
