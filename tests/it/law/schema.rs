//! `schema.graphql` is what the code says; `UPDATE=1` rewrites it.
use super::{repository, sdl::Sdl};

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

#[test]
fn an_object_has_the_fields_of_its_interfaces() {
    let sdl = Sdl::read();
    for (name, ty) in &sdl.0 {
        for interface in &ty.implements {
            for (field, through) in &sdl.0[interface].fields {
                let own = &ty.fields[field];
                let fits = own.target == through.target && (through.nullable || !own.nullable);
                assert!(fits, "{name}.{field} is a {}, {interface}.{field} a {}", own.target, through.target);
            }
        }
    }
}
