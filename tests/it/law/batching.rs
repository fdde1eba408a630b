//! Law: what a field costs does not depend on how many objects it is asked of. Every field of every type is asked of two
//! parents and of fifty: its rows take one statement, their number another, however many parents there are.
use std::collections::{BTreeMap, VecDeque};

use super::{
    doors::City,
    sdl::{Declared, Field, Sdl},
};

/// Types that no query leads to, and why. May only shrink.
const UNREACHED: &[(&str, &str)] = &[
    ("AccessExplanation", "about one person at a time"),
    ("AccessGrant", "about one person at a time"),
    ("AccessReport", "each member it looks at is let in for it"),
    ("AccessRevoked", "an event"),
    ("ConflictError", "of a payload"),
    ("ConversationUpdated", "an event"),
    ("Count", "of a page"),
    ("MessageCreated", "an event"),
    ("PageInfo", "of a page"),
    ("QuotaExceededError", "of a payload"),
    ("RecordCreated", "an event"),
    ("RecordDeleted", "an event"),
    ("RecordUpdated", "an event"),
    ("SearchHighlight", "of what was searched; it is worked out from the snippet"),
    ("SearchSnippet", "of what was searched; a test of its own counts"),
    ("SignInOrganization", "of a payload"),
    ("StateError", "of a payload"),
    ("StreamOpened", "an event"),
    ("StreamReset", "an event"),
    ("ValidationError", "of a payload"),
];

/// Types of which a caller sees one or two, and why. May only shrink.
const FEW: &[(&str, &str)] = &[
    ("ControlEvidence", "part of a test of a control"),
    ("Organization", "one works in one"),
    ("OrganizationSettings", "one per organization"),
    ("RecoveryCode", "one's own"),
    ("RateLimit", "one's own, and none where nothing is limited"),
    ("Session", "one's own"),
    ("SsoAccount", "one's own"),
    ("Viewer", "oneself"),
];

/// Fields that take more, and why. May only shrink.
const EXEMPT: &[(&str, &str)] =
    &[("AuditLog.resource", "a statement for each type of record that it leads to")];

/// The rows, and how many there are.
const MOST: usize = 2;

/// The fields from `Query` to a type.
pub(super) type Path<'s> = Vec<(&'s str, &'s Field)>;

/// Whether it can be asked for without knowing anything.
pub(super) fn is_open(field: &Field) -> bool {
    !field.arguments.values().any(|required| *required)
}

/// Where a field leads, pages being passed through.
fn reaches<'s>(sdl: &'s Sdl, field: &'s Field) -> &'s str {
    let page = sdl.0.get(&field.target).filter(|_| field.target.ends_with("Connection"));
    page.map_or(&field.target, |page| &page.fields["nodes"].target)
}

/// The shortest way from `Query` to each type.
pub(super) fn paths(sdl: &Sdl) -> BTreeMap<&str, Path<'_>> {
    let mut paths = BTreeMap::from([("Query", Path::new())]);
    let mut next = VecDeque::from(["Query"]);
    while let Some(from) = next.pop_front() {
        for (name, field) in sdl.0[from].fields.iter().filter(|(_, field)| is_open(field)) {
            let to = reaches(sdl, field);
            if sdl.0.get(to).is_some_and(|ty| !ty.is_interface) && !paths.contains_key(to) {
                let path = paths[from].iter().copied().chain([(name.as_str(), field)]).collect();
                paths.insert(to, path);
                next.push_back(to);
            }
        }
    }
    paths
}

/// A query that asks `inner` of as many objects as `first` gives on each level.
pub(super) fn along(path: &Path<'_>, first: usize, inner: &str) -> String {
    path.iter().rev().fold(inner.to_owned(), |inner, (name, field)| {
        if field.arguments.contains_key("first") {
            format!("{name}(first: {first}) {{ nodes {{ {inner} }} }}")
        } else {
            format!("{name} {{ {inner} }}")
        }
    })
}

/// What to select of a field.
fn selection(sdl: &Sdl, name: &str, field: &Field) -> String {
    match sdl.0.get(&field.target) {
        Some(page) if page.fields.contains_key("totalCount") => {
            format!("{name} {{ nodes {{ __typename }} totalCount {{ value }} }}")
        }
        Some(_) => format!("{name} {{ __typename }}"),
        None if sdl.is_union(&field.target) => format!("{name} {{ __typename }}"),
        None => name.to_owned(),
    }
}

fn is_record(name: &str, ty: &Declared) -> bool {
    let root = matches!(name, "Query" | "Mutation" | "Subscription");
    let wrapping = ["Connection", "Edge", "Payload", "Result", "Aggregate", "Group"]
        .iter()
        .any(|end| name.ends_with(end));
    !root && !wrapping && !ty.is_interface
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_parents_cost_as_many_statements_as_two() {
    let (city, sdl) = (City::found().await, Sdl::read());
    let owner = city.owner().await;
    let paths = paths(&sdl);
    let mut complaints = Vec::new();
    let mut tried = 0;
    for (name, ty) in sdl.0.iter().filter(|(name, ty)| is_record(name, ty)) {
        let Some(path) = paths.get(name.as_str()) else {
            if !UNREACHED.iter().any(|(known, _)| known == name) {
                complaints.push(format!("no query leads to {name}"));
            }
            continue;
        };
        let ask = async |first: usize, inner: &str| {
            let query = format!("{{ {} }}", along(path, first, &format!("lawParent: __typename {inner}")));
            let (statements, text) = city.count(&owner, &query).await;
            (statements, text.matches(&format!("\"lawParent\":\"{name}\"")).count())
        };
        let (few, _) = ask(2, "").await;
        let (many, parents) = ask(50, "").await;
        if parents <= 2 && !FEW.iter().any(|(known, _)| known == name) {
            complaints.push(format!("there are only {parents} of {name}"));
        }
        for (field, declared) in ty.fields.iter().filter(|(_, field)| is_open(field)) {
            let inner = selection(&sdl, field, declared);
            let few = ask(2, &inner).await.0 - few;
            let many = ask(50, &inner).await.0 - many;
            tried += 1;
            let exempt = EXEMPT.iter().any(|(known, _)| *known == format!("{name}.{field}"));
            // of two parents perhaps none has one
            if !exempt && (many > MOST || few != many && few != 0) {
                complaints.push(format!("{name}.{field} takes {few} statements for 2, {many} for {parents}"));
            }
        }
    }
    for (name, _) in UNREACHED.iter().chain(FEW).filter(|(name, _)| !sdl.0.contains_key(*name)) {
        complaints.push(format!("{name} is exempt, and not there"));
    }
    let reached = UNREACHED.iter().filter(|(name, _)| paths.contains_key(name));
    complaints.extend(reached.map(|(name, _)| format!("{name} is exempt, but a query leads to it")));
    assert!(tried > 300, "{tried}");
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
