//! Law: a row answers the same, whether only those of its columns were read that the question needs, or all. Which those are,
//! the build script finds in the source.
use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    batching::{along, is_open, paths},
    doors::City,
    rust_files,
    sdl::{Field, Sdl},
};

#[path = "../../../build/reads.rs"]
mod source;

/// What to select of a field so that it tells which objects it leads to.
fn selection(sdl: &Sdl, name: &str, field: &Field) -> String {
    let inner = |ty: &str| match sdl.0.get(ty) {
        Some(ty) if ty.fields.contains_key("id") => "{ __typename id }",
        Some(ty) if ty.fields.contains_key("amount") => "{ amount currency }",
        _ => "{ __typename }",
    };
    match sdl.0.get(&field.target) {
        Some(page) if page.fields.contains_key("totalCount") => {
            format!("{name} {{ nodes {} totalCount {{ value }} }}", inner(&page.fields["nodes"].target))
        }
        Some(_) => format!("{name} {}", inner(&field.target)),
        None if sdl.is_union(&field.target) => format!("{name} {{ __typename }}"),
        None => name.to_owned(),
    }
}

/// Takes away what made everything be read.
fn without_viewer_can(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.remove("viewerCan");
            fields.values_mut().for_each(without_viewer_can);
        }
        Value::Array(items) => items.iter_mut().for_each(without_viewer_can),
        _ => {}
    }
}

/// Whether anything but names of types and empty pages is told.
fn tells(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.iter().any(|(name, value)| name != "__typename" && tells(value)),
        Value::Array(items) => items.iter().any(tells),
        other => !other.is_null(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_says_the_same_whether_all_columns_were_read_or_those_it_needs() {
    let (city, sdl) = (City::found().await, Sdl::read());
    let owner = city.owner().await;
    let (mut told, mut different) = (BTreeSet::new(), Vec::new());
    for (ty, path) in paths(&sdl) {
        let fields = &sdl.0[ty].fields;
        if !fields.contains_key("viewerCan") {
            continue;
        }
        for (name, field) in fields.iter().filter(|(_, field)| is_open(field)) {
            let asked = selection(&sdl, name, field);
            let few = along(&path, 50, &asked);
            // whether something may be done with a row can depend on any of its columns
            let all = along(&path, 50, &format!("{asked} viewerCan(permission: \"deal.write\")"));
            let (_, answer) = city.count(&owner, &format!("{{ few: {few} all: {all} }}")).await;
            let mut answer: Value = serde_json::from_str(&answer).unwrap();
            let mut all = answer["data"]["all"].take();
            without_viewer_can(&mut all);
            if tells(&all) {
                told.insert(format!("{ty}.{name}"));
            }
            if answer["data"]["few"] != all {
                different.push(format!("{ty}.{name}: {} and not {all}", answer["data"]["few"]));
            }
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
    assert!(told.len() > 300, "only {} fields told anything: {told:?}", told.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_stands_where_its_row_does_whatever_else_was_read() {
    let (city, sdl) = (City::found().await, Sdl::read());
    let owner = city.owner().await;
    let mut followed = 0;
    for (name, field) in
        sdl.0["Query"].fields.iter().filter(|(_, field)| field.target.ends_with("Connection"))
    {
        if !is_open(field) {
            continue;
        }
        let ids = |answer: &str| {
            let answer: Value = serde_json::from_str(answer).unwrap();
            let nodes = answer["data"][name]["nodes"].as_array().unwrap().iter();
            nodes.map(|node| node["id"].to_string()).collect::<Vec<_>>()
        };
        let (_, three) = city.count(&owner, &format!("{{ {name}(first: 3) {{ nodes {{ id }} }} }}")).await;
        let (_, edge) = city
            .count(
                &owner,
                &format!("{{ {name}(first: 1) {{ edges {{ cursor }} pageInfo {{ endCursor }} }} }}"),
            )
            .await;
        let edge: Value = serde_json::from_str(&edge).unwrap();
        let page = &edge["data"][name];
        for cursor in [&page["edges"][0]["cursor"], &page["pageInfo"]["endCursor"]] {
            let Some(cursor) = cursor.as_str() else { continue };
            let query = format!("{{ {name}(first: 2, after: \"{cursor}\") {{ nodes {{ id }} }} }}");
            let (_, rest) = city.count(&owner, &query).await;
            assert_eq!(ids(&rest), ids(&three)[1..], "{name}");
            followed += 1;
        }
    }
    assert!(followed > 30, "only {followed} cursors were followed");
}

#[test]
fn the_columns_of_every_entity_are_found() {
    let (mut entities, mut unknown) = (0, Vec::new());
    for (path, text) in rust_files("src/domains") {
        let found = source::entities(&text);
        let declared = text.matches("\nimpl Entity for ").count();
        let known = found.iter().filter(|entity| entity.columns.iter().any(|column| column == "id")).count();
        if declared != known {
            unknown.push(path);
        }
        entities += declared;
    }
    assert!(unknown.is_empty() && entities > 40, "{entities} entities, not found: {unknown:?}");
}

#[test]
fn what_a_closure_reads_is_what_stands_behind_its_parameter() {
    let entity = |fields: &str| {
        let text = format!(
            "pub struct Row {{ pub id: Id<Row>, /// {{ }}\n #[x(y = z)] pub a: Option<Vec<u8>>, pub b: HashMap<A, B>, pub c: i32, }}
             impl Entity for Row {{ fn bars(&self) {{}} fn fields(row: &mut Fields<Self>) {{ {fields}\n }} }}
             fn worked_out(it: &Row) -> i32 {{ it.c + other.it.a }}
             mod inner {{ fn hidden(row: &Row) {{ row.a }} }}"
        );
        source::entities(&text).remove(0)
    };
    let reads = |field: &str| entity(field).reads.get("x").cloned();
    assert_eq!(entity("").columns, ["id", "a", "b", "c"]);
    for (field, columns) in [
        (r#"row.one("x", |row| row.a);"#, Some(vec![1])),
        (r#"row.one::<A<B>, _>("x", |row| Some(row.a)).about_column("b");"#, Some(vec![1])),
        (r#"row.part("x", move |it, view| Money::of(it.c, it.b.len(), view.c));"#, Some(vec![2, 3])),
        (r#"row.derived("x", worked_out);"#, Some(vec![3])),
        (r#"row.computed("x", |_, view| view.a);"#, Some(vec![])),
        (r#"row.derived("x", |row| format!("}}{}", row.a)); row.one("y", |row| row.c);"#, Some(vec![1])),
        // what is not understood may read anything
        (r#"row.derived("x", |row| row.total());"#, None),
        (r#"row.derived("x", |row| total(row));"#, None),
        (r#"row.derived("x", |row| Row { a: 1, ..*row });"#, None),
        (r#"row.derived("x", |row| Row { a: 1, ..row.clone() });"#, None),
        (r#"row.derived("x", |row| format!("{row}"));"#, None),
        (r#"row.derived("x", |row| row.unknown);"#, None),
        (r#"row.derived("x", |Row { a, .. }| a);"#, None),
        (r#"row.derived("x", Self::status);"#, None),
        (r#"row.derived("x", hidden);"#, None),
        (r#"row.derived("x", elsewhere);"#, None),
        (r#"row.lookup("x", |_, row| row.a);"#, None),
        (r#"// row.one("x", |row| row.a);"#, None),
    ] {
        assert_eq!(reads(field), columns, "{field}");
    }
}
