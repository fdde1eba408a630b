//! Law: a record that somebody may not see looks like one that is not there: by its id, in filters, in counts, in the input
//! of mutations, to the letter, and at the same price, since the same statements are sent. Two kinds of records are tried:
//! those of another organization, and those that a condition of the caller's rights keeps from them.
use std::collections::BTreeMap;

use diesel_async::AsyncPgConnection;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    doors::{City, FOR_ADMINISTRATORS, Guest, Kind, MARK, Marked, Standing, Words},
    sdl::Sdl,
    statements,
};

/// Types of which one who sees any row sees them all, although they can be limited: why.
const ALWAYS_SEEN: &[(&str, &str)] = &[("OrganizationSettings", "an organization has one row of them")];

/// Places that tell whether a record is there to whoever does not see it, on purpose.
const TOLD: &[(&str, &str)] = &[
    (
        "accessReport.recordId",
        "`access.explain` is the right to be told about all records of the organization",
    ),
    ("accessReport.after", "a place in the order of ids, whether or not somebody stands there"),
    ("messageSend.input.id", "an id to be given: who chooses one that is taken has chosen it before"),
    ("ssoAccountLink.input.provider", ANYBODY),
    ("ssoSignInBegin.input.provider", ANYBODY),
    (
        "explainAccess.recordId",
        "`access.explain` is the right to be told about all records of the organization",
    ),
];

/// Places of which something else is said first, whether the record is there or not.
const FIRST: &[(&str, &str)] =
    &[("permissionCreate.input.approvalWorkflowId", "a workflow decides only about what requires approval")];

const ANYBODY: &str = "whoever signs in through a provider need not see how it is set up";

/// Ids of one type: of records that the reader is not shown, of another organization's, and of nothing.
#[derive(Default)]
struct Ids {
    hidden: Vec<String>,
    elsewhere: Vec<String>,
    made_up: Vec<String>,
}

/// What keeps records from the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hiding {
    /// Of each type that can be limited every second row, by a condition.
    Condition,
    /// The rows of other regions, by a role that is limited to one's own.
    Region,
}

/// How many ids are asked for at once.
const SEVERAL: usize = 8;

struct House {
    city: City,
    words: Words,
    sdl: Sdl,
    reader: Guest,
    ids: BTreeMap<String, Ids>,
}

impl House {
    /// Everything is held by a reader, who does not see everything.
    async fn found(hiding: Hiding) -> Self {
        statements::watch();
        let (city, words) = (City::found().await, Words::read());
        let caller = city.holder(city.organization).await;
        let mut tables = city.tables().await;
        if hiding == Hiding::Region {
            city.run(&format!(
                "UPDATE identity.memberships SET region = 'europe' WHERE user_id = '{1}';
                 INSERT INTO access.roles (organization_id, id, name, metadata)
                   VALUES ('{0}', '{2}', 'doors_region', '{{\"row_scope\": \"region\"}}');
                 INSERT INTO access.role_permissions (organization_id, id, role_id, permission_id, permission_org_id)
                   SELECT organization_id, gen_random_uuid(), '{2}', permission_id, permission_org_id
                   FROM access.permission_grants WHERE user_id = '{1}';
                 DELETE FROM access.permission_grants WHERE user_id = '{1}';
                 INSERT INTO access.role_assignments (organization_id, id, user_id, role_id) VALUES ('{0}', '{2}', '{1}', '{2}')",
                city.organization,
                caller.user.unwrap(),
                Uuid::now_v7()
            ))
            .await;
        }
        for kind in words.kinds.iter().filter(|_| hiding == Hiding::Condition) {
            let Some(permission) = &kind.limited else { continue };
            let rows = Words::rows(&mut tables, city.organization, kind).await;
            let kept: Vec<_> = rows.into_iter().skip(1).step_by(2).map(|id| kind.id(id)).collect();
            if kept.is_empty() {
                continue;
            }
            let attribute = format!("resource.{}", camel(&kind.key));
            let among = json!({ "attribute": attribute, "operator": "in", "value": kept });
            city.run(&format!(
                "UPDATE access.permission_grants g SET additional_conditions = '{}' FROM access.permissions p
                 WHERE g.user_id = '{}' AND p.id = g.permission_id AND p.name = '{permission}'",
                json!({ "not": among }),
                caller.user.unwrap()
            ))
            .await;
        }
        let reader = Guest { name: "a reader".to_owned(), standing: Standing::Nobody, caller };
        let mut house = Self { city, words, sdl: Sdl::read(), reader, ids: BTreeMap::new() };
        for kind in &house.words.kinds {
            let ids = house.ids_of(kind, &mut tables).await;
            house.ids.insert(kind.name.clone(), ids);
        }
        house
    }

    async fn ids_of(&self, kind: &Kind, tables: &mut AsyncPgConnection) -> Ids {
        let text = |ids: Vec<Uuid>| ids.into_iter().map(|id| kind.id(id)).collect::<Vec<_>>();
        let ours = text(Words::rows(tables, self.city.organization, kind).await);
        let (seen, all) =
            (self.shown(&self.reader, &ours).await, self.shown(&self.city.owner().await, &ours).await);
        let theirs =
            self.city.id_of("SELECT id FROM identity.organizations WHERE slug = 'nimbus-labs'").await;
        let theirs = text(Words::rows(tables, theirs, kind).await);
        let known = self.shown(&self.reader, &theirs).await;
        let hidden = all.into_iter().filter(|id| !seen.contains(id));
        let elsewhere = theirs.into_iter().filter(|id| !known.contains(id));
        Ids {
            hidden: hidden.take(SEVERAL).collect(),
            elsewhere: elsewhere.take(SEVERAL).collect(),
            made_up: text((0..SEVERAL).map(|_| Uuid::now_v7()).collect()),
        }
    }

    /// Those of `ids` that somebody is shown.
    async fn shown(&self, guest: &Guest, ids: &[String]) -> Vec<String> {
        let answer = self.city.answer(guest, &format!("{{ nodes(ids: {ids:?}) {{ id }} }}")).await;
        let nodes = answer["data"]["nodes"].as_array().cloned().unwrap_or_default();
        nodes.iter().filter_map(|node| node["id"].as_str()).map(str::to_owned).collect()
    }

    /// What to ask of a root field of `Query`.
    fn selection(&self, field: &str) -> &'static str {
        let target = &self.sdl.0["Query"].fields[field].target;
        if target.ends_with("Connection") {
            "{ nodes { id } totalCount { value } }"
        } else {
            "{ __typename }"
        }
    }

    /// The answer to a document about `ids`, which are all called alike in it, and the statements that it took.
    async fn told(&self, document: &str, ids: &[String]) -> (String, Vec<String>) {
        let named = marking(document, &ids[0]).replace("[MARKS]", &format!("{ids:?}"));
        let (answer, statements) = statements::heard(self.city.answer(&self.reader, &named)).await;
        let statements = statements.into_iter().map(|text| without_ids(&text)).collect();
        let answer = ids.iter().fold(answer.to_string(), |text, id| text.replace(id.as_str(), "ID"));
        (answer, statements)
    }

    /// What is wrong with a document that names records of a type; the answer for a record that is not there.
    async fn compare(&self, about: &str, document: &str, kind: &str) -> (Vec<String>, String) {
        let Ids { hidden, elsewhere, made_up } = &self.ids[kind];
        let mut complaints = Vec::new();
        for (what, ids) in [("hidden", hidden), ("another organization's", elsewhere)] {
            if ids.is_empty() {
                continue;
            }
            let as_many = &made_up[..ids.len()];
            let (mut one, mut took) = self.told(document, ids).await;
            let (mut none, mut sent) = self.told(document, as_many).await;
            // that somebody was there is written down beside some request
            for _ in 0..3 {
                if took == sent && one == none {
                    break;
                }
                (one, took) = self.told(document, ids).await;
                (none, sent) = self.told(document, as_many).await;
            }
            if one != none {
                complaints.push(format!("{about} tells that a {kind} is {what}:\n  {one}\n  {none}"));
            } else if took != sent {
                complaints
                    .push(format!("{about} takes other statements for {what} {kind}:\n{took:#?}\n{sent:#?}"));
            }
        }
        (complaints, self.told(document, &made_up[..1]).await.0)
    }

    /// The types whose ids a place takes, as it says when it is given another.
    async fn kinds(&self, operation: &str, call: &Marked) -> Vec<String> {
        let wrong = marking(&call.arguments, "zzz");
        let answer = self
            .city
            .answer(&self.reader, &format!("{operation} {{ {}{wrong} {{ __typename }} }}", call.field))
            .await;
        let message = answer["errors"][0]["message"].as_str().unwrap_or_default();
        match message.split_once("expected an id of ") {
            Some((_, rest)) => {
                let name = rest.split(|letter: char| !letter.is_alphanumeric()).next().unwrap_or_default();
                vec![name.to_owned()]
            }
            None if message.contains("expected an id") => {
                ["Deal", "Account", "Message"].map(str::to_owned).to_vec()
            }
            None => panic!("{}.{} takes no ids: {answer}", call.field, call.place),
        }
    }
}

/// A statement whose settings name whom it is for.
fn without_ids(text: &str) -> String {
    let uuid = |word: &&str| word.len() == 36 && Uuid::parse_str(word).is_ok();
    text.split('\'').map(|word| if uuid(&word) { "…" } else { word }).collect::<Vec<_>>().join("'")
}

/// The text with an id in place of the mark.
fn marking(text: &str, id: &str) -> String {
    text.replace(&format!("\"{MARK}\""), &format!("\"{id}\""))
}

fn camel(column: &str) -> String {
    let mut words = column.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| name + &word[..1].to_uppercase() + &word[1..])
}

fn assert_none(complaints: &[String]) {
    assert!(complaints.is_empty(), "{} places tell:\n{}", complaints.len(), complaints.join("\n"));
}

#[tokio::test]
async fn a_hidden_record_looks_like_a_missing_one_wherever_an_id_is_asked_for() {
    let house = House::found(Hiding::Condition).await;
    let mut complaints = Vec::new();
    for kind in &house.words.kinds {
        let can_be = kind.limited.is_some() || kind.is_part;
        let is_exempt = ALWAYS_SEEN.iter().any(|(known, _)| *known == kind.name);
        if house.ids[&kind.name].hidden.is_empty() && can_be != is_exempt {
            complaints.push(format!("no {} is hidden from the reader: add rows to rows.sql", kind.name));
        }
        let permission = kind.limited.as_deref().unwrap_or("deal.read");
        let own = format!(
            "viewer {{ explainAccess(permission: \"{permission}\", recordId: \"@\") {{ allowed grants {{ verdict }} }} }}"
        );
        for field in ["node(id: \"@\") { id }", "nodes(ids: [MARKS]) { id }", &own] {
            complaints.extend(house.compare(field, &format!("{{ {field} }}"), &kind.name).await.0);
        }
    }
    let mut tables = house.city.tables().await;
    let calls = house.words.marked("Query", &mut tables, house.city.organization).await;
    assert!(calls.len() > 30, "{}", calls.len());
    for call in &calls {
        let about = format!("{}.{}", call.field, call.place);
        if TOLD.iter().any(|(known, _)| *known == about) {
            continue;
        }
        for kind in house.kinds("query", call).await {
            let document = format!("{{ {}{} {} }}", call.field, call.arguments, house.selection(&call.field));
            complaints.extend(house.compare(&about, &document, &kind).await.0);
        }
    }
    assert_none(&complaints);
}

#[tokio::test]
async fn a_hidden_record_looks_like_a_missing_one_to_filters_and_counts() {
    let house = House::found(Hiding::Condition).await;
    let (mut complaints, mut tried, mut found) = (Vec::new(), 0, 0);
    for (list, filter) in house.words.lists() {
        const TESTS: [&str; 3] = ["{ in: [MARKS] }", "{ eq: \"@\" }", "{ ne: \"@\" }"];
        let paths = house.words.filters(filter, 2).into_iter().map(|path| (path, &TESTS[..]));
        let of_lists = house.words.filters_of_lists(filter).into_iter().map(|path| (path, &TESTS[..1]));
        for ((path, kind), tests) in paths.chain(of_lists) {
            for test in tests {
                let inner = path
                    .iter()
                    .rev()
                    .fold((*test).to_owned(), |inner, step| format!("{{ {step}: {inner} }}"));
                for filter in [inner.clone(), format!("{{ not: {inner} }}")] {
                    let document = format!(
                        "{{ {list}(first: 100, filter: {filter}) {{ nodes {{ id }} totalCount {{ value }} }} }}"
                    );
                    let (wrong, none) = house.compare(&format!("{list}({filter})"), &document, &kind).await;
                    complaints.extend(wrong);
                    tried += 1;
                    found += usize::from(none.contains("\"nodes\":[{"));
                    if none.contains("\"errors\"") {
                        complaints.push(format!("{list}({filter}): {none}"));
                    }
                }
            }
        }
    }
    assert!(tried > 300 && found > 50, "{tried} {found}");
    assert_none(&complaints);
}

#[tokio::test]
async fn a_hidden_record_looks_like_a_missing_one_to_mutations() {
    for hiding in [Hiding::Condition, Hiding::Region] {
        mutations_take_hidden_for_missing(hiding).await;
    }
}

async fn mutations_take_hidden_for_missing(hiding: Hiding) {
    let house = House::found(hiding).await;
    let some = |kind: &str| !house.ids[kind].hidden.is_empty();
    assert!(some("Deal") && some("Budget"), "{hiding:?}");
    let mut tables = house.city.tables().await;
    let calls = house.words.marked("Mutation", &mut tables, house.city.organization).await;
    assert!(calls.len() > 80, "{}", calls.len());
    let queries = house.words.marked("Query", &mut tables, house.city.organization).await;
    for (told, _) in TOLD {
        let is = |call: &&Marked| format!("{}.{}", call.field, call.place) == *told;
        assert!(calls.iter().chain(&queries).any(|call| is(&call)), "{told} is exempt, and not there");
    }
    let before = house.city.state().await;
    let mut complaints = Vec::new();
    // administrators of the platform see all there is of what they name
    for call in calls.iter().filter(|call| !FOR_ADMINISTRATORS.contains(&call.field.as_str())) {
        let about = format!("{}.{}", call.field, call.place);
        if TOLD.iter().any(|(known, _)| *known == about) {
            continue;
        }
        for kind in house.kinds("mutation", call).await {
            let document = format!(
                "mutation {{ {}{} {{ userErrors {{ code message path }} }} }}",
                call.field, call.arguments
            );
            let (wrong, none) = house.compare(&about, &document, &kind).await;
            complaints.extend(wrong);
            let first = FIRST.iter().any(|(known, says)| *known == about && none.contains(says));
            if hiding == Hiding::Condition && !first && !none.contains("NOT_FOUND") {
                complaints.push(format!("{about} does not say of a {kind} that it is not there: {none}"));
            }
        }
    }
    assert_none(&complaints);
    assert_eq!(before, house.city.state().await, "what names nothing changes nothing");
}

#[tokio::test]
async fn a_hidden_record_looks_like_a_missing_one_to_subscribers() {
    let house = House::found(Hiding::Condition).await;
    let mut tables = house.city.tables().await;
    let calls = house.words.marked("Subscription", &mut tables, house.city.organization).await;
    let mut complaints = Vec::new();
    for call in &calls {
        for kind in house.kinds_of_stream(call).await {
            let Ids { hidden, elsewhere, made_up } = &house.ids[&kind];
            let none = house.first(call, &made_up[0]).await;
            for id in hidden.first().into_iter().chain(elsewhere.first()) {
                let one = house.first(call, id).await;
                if one != none {
                    complaints
                        .push(format!("{}.{} tells of {kind}: {one}, not {none}", call.field, call.place));
                }
            }
        }
    }
    assert!(!calls.is_empty());
    assert_none(&complaints);
}

impl House {
    /// The first that a subscription tells about a record.
    async fn first(&self, call: &Marked, id: &str) -> String {
        let document =
            format!("subscription {{ {}{} {{ __typename }} }}", call.field, marking(&call.arguments, id));
        self.city.first_answer(&self.reader, &document).await.to_string().replace(id, "ID")
    }

    async fn kinds_of_stream(&self, call: &Marked) -> Vec<String> {
        let said: Value = serde_json::from_str(&self.first(call, "zzz").await).unwrap();
        let message = said["errors"][0]["message"].as_str().unwrap_or_default();
        let kind = self.words.kinds.iter().find(|kind| message.contains(&format!("an id of {}", kind.name)));
        vec![kind.unwrap_or_else(|| panic!("{}: {said}", call.field)).name.clone()]
    }
}
