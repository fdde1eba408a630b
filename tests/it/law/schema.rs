//! `schema.graphql` is what the code says; `UPDATE=1` rewrites it.
use super::repository;

#[test]
fn the_file_is_the_schema() {
    let path = repository().join("schema.graphql");
    let schema = format!("{}\n", portico::graph::schema::sdl().trim_end());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &schema).unwrap();
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(known == schema, "schema.graphql is not the schema of the code: `make schema` writes it");
}
