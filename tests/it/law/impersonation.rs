//! Law: what somebody may do who acts as somebody else stands in a file that people read. What is about who the person
//! is, or about the rights of people, is never in it.
use std::{collections::BTreeMap, fmt::Write, fs};

use portico::graph::mutation::{Access, mutations};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/snapshots/impersonation.txt");

/// What is about the rights of people begins with one of these.
const RIGHTS: &[&str] = &[
    "access.",
    "api_key.",
    "approval.",
    "conversation.share",
    "data_classification.",
    "invitation.",
    "masking_policy.",
    "membership.",
    "organization.delete",
    "organization.settings.",
    "permission.",
    "resource.",
    "role.",
    "security_event.",
    "sso_provider.",
    "team.",
    "user.",
];

/// Reviewed: it takes no permission, and is neither about credentials nor about rights.
const HARMLESS: &[&str] =
    &["impersonationEnd", "membershipPreferencesUpdate", "signOut", "userProfileUpdate", "userUpdate"];

#[test]
fn what_one_may_do_as_somebody_else_is_as_reviewed() {
    let mut now = String::from(
        "# What is done in person, and what somebody may do who acts as somebody else. Written by the law `impersonation`;\n\
         # UPDATE=1 cargo test --test it law::impersonation writes it anew.\n",
    );
    let mut lists = BTreeMap::<bool, Vec<&str>>::new();
    mutations().in_person().for_each(|(name, in_person)| lists.entry(!in_person).or_default().push(name));
    for (open, mut names) in lists {
        names.sort_unstable();
        let title = if open { "Also as somebody else" } else { "In person" };
        write!(now, "\n== {title}\n{}\n", names.join("\n")).unwrap();
    }
    if std::env::var_os("UPDATE").is_some() {
        return fs::write(FILE, now).unwrap();
    }
    let reviewed = fs::read_to_string(FILE).unwrap_or_default();
    assert!(
        now == reviewed,
        "what one may do as somebody else has changed: read it through, then UPDATE=1:\n{now}"
    );
}

#[test]
fn credentials_and_rights_are_for_people_themselves() {
    let in_person: BTreeMap<_, _> = mutations().in_person().collect();
    let open = mutations().access().filter(|(name, access)| {
        let about_rights = match access {
            Access::Permission(permission) | Access::PermissionOrAdmin(permission) => {
                RIGHTS.iter().any(|right| permission.starts_with(right))
            }
            _ => !HARMLESS.contains(name),
        };
        about_rights && !in_person[name]
    });
    assert_eq!(open.map(|(name, _)| name).collect::<Vec<_>>(), Vec::<&str>::new());
}
