//! Reads the schema: an operation that does not fit it does not compile.
fn main() {
    let schema = "../../schema.graphql";
    println!("cargo::rerun-if-changed={schema}");
    cynic_codegen::register_schema("portico")
        .from_sdl_file(schema)
        .expect("a readable schema")
        .as_default()
        .expect("room for it");
}
