//! Law: who may see and do what stands in a file that people read, and changes only knowingly.
use std::{collections::BTreeMap, fmt::Write, fs, path::Path};

use portico::domains::access::{
    catalogue,
    system_roles::{ROLES, SystemRole, matches},
};

use super::sdl::Sdl;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/snapshots/permissions.txt");

#[test]
fn the_matrix_of_roles_and_fields_is_as_reviewed() {
    let now = matrix();
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(Path::new(FILE).parent().unwrap()).unwrap();
        return fs::write(FILE, now).unwrap();
    }
    let reviewed = fs::read_to_string(FILE).unwrap_or_default();
    let differs =
        now.lines().zip(reviewed.lines().chain(std::iter::repeat(""))).find(|(now, then)| now != then);
    assert!(
        now == reviewed,
        "who may see what has changed, first here: {differs:#?}\nread it through, then: UPDATE=1 cargo test matrix"
    );
}

#[test]
fn no_role_names_a_permission_that_is_not_there() {
    let names = catalogue::names();
    for role in ROLES {
        for pattern in role.may.iter().chain(role.but_not) {
            assert!(
                names.iter().any(|name| matches(pattern, name)),
                "{} of {} covers nothing",
                pattern,
                role.name
            );
        }
    }
}

#[test]
fn the_owner_holds_everything_and_a_viewer_changes_nothing() {
    let role = |name: &str| *ROLES.iter().find(|role| role.name == name).unwrap();
    for name in catalogue::names() {
        assert!(role("owner").holds(&name), "{name}");
        assert!(name.ends_with(".read") || !role("viewer").holds(&name), "a viewer holds {name}");
        let talks = name.starts_with("conversation.") || name.starts_with("message.");
        assert!(name.ends_with(".read") || talks || !role("analyst").holds(&name), "an analyst holds {name}");
    }
}

/// One line per set of permissions that fields of a type need, and one column per role.
fn matrix() -> String {
    let sdl = Sdl::read();
    let mut text = String::from(
        "# Who may see and do what. Written by the law `matrix`; UPDATE=1 cargo test matrix writes it anew.\n\
         # A type's own line says what each of its fields needs besides; x: allowed, . : not.\n\n",
    );
    for (index, role) in ROLES.iter().enumerate() {
        let bars = "| ".repeat(index);
        writeln!(text, "  {bars}{} ({})", role.name, role.display_name).unwrap();
    }
    for (title, only) in [("Mutations", "Mutation"), ("Subscriptions", "Subscription"), ("Queries", "Query")]
    {
        section(&mut text, &sdl, title, |name| name == only);
    }
    let root = |name: &str| matches!(name, "Mutation" | "Subscription" | "Query");
    let plain =
        |name: &str| ["Connection", "Edge", "Payload", "Result"].iter().any(|end| name.ends_with(end));
    section(&mut text, &sdl, "Types", |name| !root(name) && !plain(name));
    text
}

fn section(text: &mut String, sdl: &Sdl, title: &str, wanted: impl Fn(&str) -> bool) {
    writeln!(text, "\n== {title}").unwrap();
    for (name, ty) in sdl.0.iter().filter(|(name, ty)| wanted(name) && !ty.is_interface) {
        let mut groups = BTreeMap::<Vec<&str>, Vec<&str>>::new();
        for (field, declared) in &ty.fields {
            groups.entry(sdl.needs(ty, declared).into_iter().collect()).or_default().push(field);
        }
        writeln!(text).unwrap();
        for (needs, fields) in groups {
            let may = |role: &SystemRole| needs.iter().all(|permission| role.holds(permission));
            let marks = ROLES.iter().map(|role| if may(role) { "x" } else { "." }).collect::<Vec<_>>();
            let needs = if needs.is_empty() { "nothing".to_owned() } else { needs.join(" + ") };
            writeln!(text, "  {}  {name}: {needs}", marks.join(" ")).unwrap();
            for line in fields.chunks(6) {
                writeln!(text, "  {}    {}", " ".repeat(2 * ROLES.len() - 1), line.join(", ")).unwrap();
            }
        }
    }
}
