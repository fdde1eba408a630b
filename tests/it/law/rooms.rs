//! What each room may know: read from the paths that its files name.
use super::{repository, rust_files};

/// A room, and what no file of it may name.
const ROOMS: &[(&str, &[&str])] = &[
    (
        "src/command",
        &[
            "axum",
            "hyper",
            "async_graphql",
            "diesel",
            "diesel_async",
            "tokio_postgres",
            "crate::store::tables",
        ],
    ),
    (
        "src/seed",
        &["axum", "hyper", "async_graphql", "crate::domains", "crate::graph", "crate::live", "crate::web"],
    ),
    ("src/web", &["diesel", "tokio_postgres", "crate::domains", "crate::store::tables", "crate::seed"]),
    (
        "src/graph",
        &["axum", "hyper", "tokio_postgres", "crate::store::tables::", "crate::scim", "crate::web"],
    ),
    (
        "src/store",
        &[
            "axum",
            "hyper",
            "async_graphql",
            "crate::web",
            "crate::graph",
            "crate::domains",
            "crate::live",
            "crate::scim",
            "crate::seed",
        ],
    ),
    (
        "src/mail",
        &["axum", "async_graphql", "diesel", "crate::web", "crate::domains", "crate::graph", "crate::live"],
    ),
    (
        "src/scim",
        &["axum", "hyper", "async_graphql", "tokio_postgres", "crate::live", "crate::seed", "crate::web"],
    ),
    (
        "src/language",
        &[
            "axum",
            "async_graphql",
            "diesel",
            "crate::credential",
            "crate::domains",
            "crate::graph",
            "crate::live",
            "crate::outbound",
            "crate::scim",
            "crate::seed",
            "crate::settings",
            "crate::store",
            "crate::telemetry",
            "crate::web",
        ],
    ),
    ("src/live", &["axum", "async_graphql", "crate::web", "crate::domains", "crate::graph"]),
    ("src/domains", &["axum", "hyper", "reqwest", "tokio::spawn", "crate::scim", "crate::web", "deadpool"]),
    (
        "src/outbound",
        &[
            "axum",
            "async_graphql",
            "diesel",
            "crate::credential",
            "crate::domains",
            "crate::graph",
            "crate::live",
            "crate::scim",
            "crate::seed",
            "crate::store",
            "crate::web",
        ],
    ),
    (
        "src/settings",
        &[
            "axum",
            "async_graphql",
            "diesel",
            "crate::domains",
            "crate::graph",
            "crate::live",
            "crate::store",
            "crate::web",
        ],
    ),
    (
        "src/telemetry",
        &[
            "axum",
            "async_graphql",
            "diesel",
            "crate::domains",
            "crate::graph",
            "crate::live",
            "crate::seed",
            "crate::settings",
            "crate::store",
            "crate::web",
        ],
    ),
    ("src/credential", &["axum", "async_graphql", "crate::domains", "crate::graph", "crate::web"]),
];

/// Where a room has to know more, and why.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("src/graph/roots.rs", "crate::domains", "the only list of domains"),
    ("src/graph/rows/declare.rs", "crate::store::tables::", "the comments of columns are their descriptions"),
    (
        "src/store/changes.rs",
        "async_graphql",
        "the input type that tells what was left out from what was emptied",
    ),
];

#[test]
fn no_room_knows_what_it_must_not() {
    let mut found = Vec::new();
    for (room, forbidden) in ROOMS {
        for (path, text) in rust_files(room) {
            let path = path.display().to_string();
            // what stands in a macro is expanded in the room that uses it
            let code =
                text.lines().filter(|line| !line.trim_start().starts_with("//") && !line.contains("$crate"));
            for line in code.map(|line| line.trim().to_owned()).chain(imports(&text)) {
                for name in *forbidden {
                    let excepted = EXCEPTIONS.iter().any(|(file, known, _)| *file == path && known == name);
                    if names(&line, name) && !excepted {
                        found.push(format!("{path} names {name}: {line}"));
                    }
                }
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_room_is_listed() {
    let rooms = std::fs::read_dir(repository().join("src")).unwrap().map(|entry| entry.unwrap());
    let unlisted: Vec<_> = rooms
        .filter(|entry| entry.path().is_dir())
        .map(|entry| format!("src/{}", entry.file_name().display()))
        .filter(|room| !ROOMS.iter().any(|(known, _)| known == room))
        .collect();
    assert!(unlisted.is_empty(), "say what these may not know: {unlisted:?}");
    let text =
        "use crate::{\n    graph::{a, b::{c, d}},\n    store,\n};\n    use axum::Router;\nlet used = 1;";
    assert_eq!(
        imports(text),
        ["crate::graph::a;", "crate::graph::b::c;", "crate::graph::b::d;", "crate::store;", "axum::Router;"]
    );
}

/// Every path that a file imports, written out: `crate::{graph::{…}}` names `crate::graph`.
fn imports(text: &str) -> Vec<String> {
    fn write_out(before: &str, tree: &str, paths: &mut Vec<String>) {
        let (mut depth, mut start) = (0, 0);
        for (at, letter) in tree.char_indices().chain([(tree.len(), ',')]) {
            match letter {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    let item = tree[start..at].trim();
                    match item.split_once('{') {
                        Some((head, rest)) => {
                            write_out(&format!("{before}{head}"), rest.strip_suffix('}').unwrap(), paths);
                        }
                        None if item.is_empty() => {}
                        None => paths.push(format!("{before}{item};")),
                    }
                    start = at + 1;
                }
                _ => {}
            }
        }
    }
    let mut paths = Vec::new();
    let mut lines = text.lines().map(str::trim).filter(|line| !line.contains("$crate"));
    while let Some(line) = lines.next() {
        let Some(tree) = line.strip_prefix("use ").or_else(|| line.strip_prefix("pub use ")) else {
            continue;
        };
        let mut tree = tree.to_owned();
        while !tree.contains(';') {
            tree += lines.next().unwrap();
        }
        write_out("", tree.split(';').next().unwrap(), &mut paths);
    }
    paths
}

/// Whether a line names a path that begins with `name`.
fn names(line: &str, name: &str) -> bool {
    line.match_indices(name).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + name.len()..].chars().next();
        let begins = before.is_none_or(|letter| {
            !letter.is_alphanumeric() && letter != '_' && letter != ':' && letter != '"'
        });
        let ends = name.ends_with(':')
            || after.is_some_and(|letter| letter == ':' || letter == ';' || letter == '(');
        begins && ends
    })
}

/// `domains` imports by `crate::{…}` are found too: the tables of another domain belong to that domain.
#[test]
fn no_domain_reads_the_tables_of_another() {
    let mut found = Vec::new();
    for (path, text) in rust_files("src/domains") {
        let path = path.display().to_string();
        let Some((domain, _)) = path.trim_start_matches("src/domains/").split_once('/') else { continue };
        for schema in [
            "access",
            "audit",
            "billing",
            "chat",
            "finance",
            "governance",
            "identity",
            "ops",
            "sales",
            "security",
        ] {
            let own = schema == domain;
            if !own && text.contains(&format!("tables::{schema}::")) {
                found.push(format!("{path} reads the tables of {schema}"));
            }
        }
    }
    // each line is a debt, named: a relation of another domain whose column is needed to declare it
    found.retain(|line| !ALLOWED.iter().any(|(path, _)| line.starts_with(path)));
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Files that reach into another domain, and why; may only shrink.
const ALLOWED: &[(&str, &str)] = &[
    (
        "src/domains/identity/user.rs",
        "connections from a person to what they own name the other table's column",
    ),
    (
        "src/domains/identity/organization.rs",
        "a new organization gets roles, a pipeline and its first assignment at once",
    ),
    ("src/domains/identity/membership.rs", "a membership's department is checked"),
    ("src/domains/identity/viewer.rs", "the place in the events is part of who you are now"),
];
