//! Whatever a record leads to can be asked about: a filter goes on along every relation, by an index.
use std::collections::{BTreeMap, BTreeSet};

use super::{
    lists::{indexes, tables},
    rust_files,
    sdl::Sdl,
};

/// Relations that no filter goes along, each with the reason.
const EXEMPT: &[(&str, &str)] = &[
    ("Export.apiKey", "everybody sees their own exports only"),
    ("Export.user", "everybody sees their own exports only"),
    ("Import.apiKey", "everybody sees their own imports only"),
    ("Import.user", "everybody sees their own imports only"),
    (
        "Membership.roles",
        "worked out at the moment, from one's own roles and the teams': `user: { roleAssignments: … }`",
    ),
    ("Organization.memberships", "one sees the members of the organization only in which one works"),
    ("Organization.quotas", "one sees the quotas of the organization only in which one works"),
    ("Organization.subscription", "one sees the subscription of the organization only in which one works"),
    ("Permission.roles", "worked out: a built-in role contains what the platform's of the same name does"),
    ("User.effectiveRoleAssignments", "worked out at the moment: `roleAssignments` and `teams`"),
];

/// Of every record: no foreign key leads to the trail, which names records of all kinds by texts, month by month.
const TRAIL: &str = "auditTrail";

/// The filter of each type, as `filter!` says: `filter! { DealFilter for Deal in deals {`.
fn filters(text: &str) -> BTreeMap<String, String> {
    let declared = text.split("filter! { ").skip(1);
    let words = declared.map(|filter| filter.split_whitespace().take(3).collect::<Vec<_>>());
    words.map(|words| (words[2].to_owned(), words[0].to_owned())).collect()
}

#[test]
fn every_relation_can_be_filtered_along() {
    let sdl = Sdl::read();
    let text: String = rust_files("src/domains").into_iter().map(|(_, text)| text).collect();
    let (filters, mut missing, mut exempt) = (filters(&text), Vec::new(), BTreeSet::new());
    let mut found = 0;
    for (of, filter) in &filters {
        // what stands in no list has no filter in the schema
        let Some(asked) = sdl.2.get(filter) else { continue };
        for (name, field) in sdl.0[of].fields.iter().filter(|(name, _)| *name != TRAIL) {
            let list = field.target.strip_suffix("Connection");
            let Some(theirs) = filters.get(list.unwrap_or(&field.target)) else { continue };
            let place = format!("{of}.{name}");
            if EXEMPT.iter().any(|(exempt, _)| *exempt == place) {
                exempt.insert(place);
                continue;
            }
            let wanted = [theirs.clone(), format!("{}ListFilter", theirs.strip_suffix("Filter").unwrap())];
            if asked.get(name).is_some_and(|takes| wanted.contains(takes)) {
                found += 1;
            } else {
                missing.push(place);
            }
        }
    }
    assert_eq!(
        missing,
        Vec::<String>::new(),
        "these lead to what has a filter, and their own names them not"
    );
    let listed: BTreeSet<_> = EXEMPT.iter().map(|(place, _)| (*place).to_owned()).collect();
    assert_eq!(listed, exempt, "an exception for what is none");
    assert!(found > 180, "only {found} relations were found");
}

/// A relation that takes a right of its own is not asked about without it.
#[test]
fn a_filter_asks_for_what_its_relation_needs() {
    let sdl = Sdl::read();
    let mut faults = Vec::new();
    for (of, declared) in &sdl.0 {
        let Some(asked) = sdl.2.get(&format!("{of}Filter")) else { continue };
        for (name, field) in declared.fields.iter().filter(|(name, _)| asked.contains_key(*name)) {
            let target = field.target.strip_suffix("Connection").unwrap_or(&field.target);
            let Some(target) = sdl.0.get(target).filter(|_| asked[name].ends_with("Filter")) else {
                continue;
            };
            if !target.fields.contains_key("id") {
                continue;
            }
            if !field.needs.is_subset(&target.needs) {
                faults.push(format!("{of}.{name} needs {:?}, its records {:?}", field.needs, target.needs));
            }
        }
    }
    assert_eq!(faults, Vec::<String>::new());
}

/// `history: Related<DealHistoryEntry> => by deal_history::deal_id,` and `pairs!(MEMBERS of access::team_members: …, …)`.
#[tokio::test]
async fn what_hangs_on_a_row_is_found_by_an_index() {
    let text: String = rust_files("src/domains").into_iter().map(|(_, text)| text).collect();
    let (tables, indexes) = (tables(&text), indexes().await);
    let mut wanted = BTreeSet::new();
    for related in text.split(": Related<").skip(1) {
        let (child, rest) = related.split_once("> => ").unwrap();
        let Some(column) = rest.strip_prefix("by ") else { continue };
        let column = column.split(',').next().unwrap().split("::").nth(1).unwrap();
        wanted.insert(format!("{} organization_id {column} ", tables[child]));
    }
    let hanging = wanted.len();
    for pairs in text.split("pairs!").skip(1) {
        let declared: String = pairs.split([')', '}']).next().unwrap().to_owned();
        let Some((_, pairs)) = declared.rsplit_once(" of ") else { continue };
        let (table, columns) = pairs.split_once(": ").unwrap();
        for column in columns.split(',') {
            wanted.insert(format!("{} organization_id {} ", table.replace("::", "."), column.trim()));
        }
    }
    assert!(hanging > 60 && wanted.len() == hanging + 10, "{hanging} of {}", wanted.len());
    let slow: Vec<_> =
        wanted.iter().filter(|wanted| !indexes.iter().any(|index| index.starts_with(*wanted))).collect();
    assert_eq!(slow, Vec::<&String>::new(), "these columns need an index");
}
