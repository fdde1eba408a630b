//! Filters, from their text to their rows.
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use serde_json::{Value, json};

use super::{Directory, ENTERPRISE, USER};

/// The people of these tests.
async fn people(directory: &Directory) {
    let people = [
        json!({ "userName": "bjensen", "externalId": "E1", "title": "Tour Guide", "name": { "familyName": "Jensen" },
            "emails": [{ "value": "bjensen@example.com", "type": "work", "primary": true }, { "value": "babs@jensen.org", "type": "home" }] }),
        json!({ "userName": "John", "externalId": "e1", "displayName": "John", "name": { "familyName": "O'Malley" },
            "emails": [{ "value": "john@example.org", "type": "home" }], ENTERPRISE: { "department": "Tour Operations" } }),
        json!({ "userName": "jsmith", "active": false, "phoneNumbers": [{ "value": "+1 201 555 0123", "type": "mobile" }] }),
    ];
    for mut person in people {
        person["schemas"] = json!([USER]);
        // addresses are the platform's: each test has its own
        let text =
            person.to_string().replace("@example.com", &format!("@{}.example.com", directory.owner.slug));
        let text = text.replace("@example.org", &format!("@{}.example.org", directory.owner.slug));
        directory.post("/Users", serde_json::from_str(&text).unwrap()).await.ok(201);
    }
}

#[tokio::test]
async fn the_examples_of_the_standard_find_whom_they_describe() {
    let directory = Directory::found().await;
    people(&directory).await;
    let owner = directory.owner.email.as_str();
    let all = || [owner, "John", "bjensen", "jsmith"];
    for (filter, mut found) in [
        ("userName eq \"bjensen\"", vec!["bjensen"]),
        ("userName Eq \"john\"", vec!["John"]),
        ("Username eq \"BJENSEN\"", vec!["bjensen"]),
        ("name.familyName co \"O'Malley\"", vec!["John"]),
        ("userName sw \"J\"", vec!["John", "jsmith"]),
        ("urn:ietf:params:scim:schemas:core:2.0:User:userName sw \"J\"", vec!["John", "jsmith"]),
        ("title pr", vec!["bjensen"]),
        ("meta.lastModified gt \"2011-05-13T04:42:34Z\"", all().to_vec()),
        ("meta.lastModified ge \"2011-05-13T04:42:34Z\"", all().to_vec()),
        ("meta.lastModified lt \"2011-05-13T04:42:34Z\"", vec![]),
        ("meta.lastModified le \"2011-05-13T04:42:34+02:00\"", vec![]),
        ("title pr and userType eq \"Employee\"", vec![]),
        ("title pr or userType eq \"Intern\"", vec!["bjensen"]),
        ("schemas eq \"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User\"", vec!["John"]),
        ("schemas eq \"urn:ietf:params:scim:schemas:core:2.0:User\"", all().to_vec()),
        (
            "userType eq \"Employee\" and (emails co \"example.com\" or emails.value co \"example.org\")",
            vec![],
        ),
        (
            "userType ne \"Employee\" and not (emails co \"example.com\" or emails.value co \"example.org\")",
            vec!["jsmith"],
        ),
        ("userType ne \"Employee\" and (emails.type eq \"work\")", vec![owner, "bjensen"]),
        (
            "emails[type eq \"work\" and value co \"bjensen@\"] or ims[type eq \"xmpp\" and value co \"@foo.com\"]",
            vec!["bjensen"],
        ),
        ("emails[type eq \"home\" and value co \"bjensen@\"]", vec![]),
        ("emails[not (type eq \"work\")]", vec!["John", "bjensen"]),
        ("emails[primary eq true]", vec![owner, "bjensen"]),
        ("emails pr and not (emails.primary pr)", vec!["John"]),
        ("active eq false", vec!["jsmith"]),
        ("active eq \"True\" and title pr", vec!["bjensen"]),
        ("active ne true", vec!["jsmith"]),
        ("externalId eq \"E1\"", vec!["bjensen"]),
        ("externalId eq \"e1\" or externalId sw \"E\"", vec!["John", "bjensen"]),
        ("externalId eq null", vec![owner, "jsmith"]),
        ("externalId ne null", vec!["John", "bjensen"]),
        ("title ne \"tour guide\"", vec![owner, "John", "jsmith"]),
        ("not (title co \"Guide\")", vec![owner, "John", "jsmith"]),
        (
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department ew \"operations\"",
            vec!["John"],
        ),
        ("phoneNumbers.value co \"555\" and phoneNumbers[type eq \"MOBILE\"]", vec!["jsmith"]),
        ("manager eq \"user_01jd3v00000000000000000000\"", vec![]),
        ("manager.value ne \"nonsense\"", all().to_vec()),
        ("name pr", vec!["John", "bjensen"]),
        ("displayName ge \"j\" and displayName lt \"k\"", vec!["John"]),
        ("userName co \"%\" or userName co \"_\" or userName eq \"' OR true --\"", vec![]),
    ] {
        found.sort_unstable();
        assert_eq!(directory.names(filter).await, found, "{filter}");
    }
}

#[tokio::test]
async fn what_is_no_filter_is_refused() {
    let directory = Directory::found().await;
    let deep = format!("{}title pr{}", "(".repeat(2000), ")".repeat(2000));
    let many = vec!["title pr"; 300].join(" and ");
    for filter in [
        "userName",
        "userName eq",
        "userName eq \"x",
        "userName is \"x\"",
        "(userName pr",
        "userName pr)",
        "shoeSize gt 42",
        "name.shoeSize.left pr",
        "active gt true",
        "active eq \"perhaps\"",
        "userName eq 5",
        "name eq \"x\"",
        "title[value eq \"x\"]",
        "emails[shoeSize eq \"x\"]",
        "meta.lastModified gt \"yesterday\"",
        "meta.lastModified co \"2011-05-13T04:42:34Z\"",
        "id sw \"user_\"",
        "meta.version pr and title pr or",
        deep.as_str(),
    ] {
        assert_eq!(directory.find("Users", filter).await.refusal(), (400, "invalidFilter"), "{filter:.60}");
    }
    assert_eq!(directory.find("Users", &many).await.refusal(), (400, "tooMany"));
}

/// A filter over two texts of a user, as it is written and as it is meant.
fn filter() -> impl Strategy<Value = (String, Meant)> {
    let value = "[abAB%_' ]{0,3}";
    let leaf = (0..2_usize, 0..9_usize, value).prop_map(|(attribute, operator, value)| {
        let name = ["title", "displayName"][attribute];
        let sign = ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"][operator];
        (format!("{name} {sign} {}", Value::from(value.clone())), Meant::Compare(attribute, operator, value))
    });
    let there = (0..2_usize).prop_map(|attribute| {
        (format!("{} pr", ["title", "displayName"][attribute]), Meant::Present(attribute))
    });
    prop_oneof![4 => leaf, 1 => there].prop_recursive(3, 12, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(one, other)| {
                (
                    format!("({}) and {}", one.0, closed(&other.0)),
                    Meant::And(Box::new(one.1), Box::new(other.1)),
                )
            }),
            (inner.clone(), inner.clone()).prop_map(|(one, other)| {
                (format!("({}) or ({})", one.0, other.0), Meant::Or(Box::new(one.1), Box::new(other.1)))
            }),
            inner.prop_map(|inner| (format!("not ({})", inner.0), Meant::Not(Box::new(inner.1)))),
        ]
    })
}

fn closed(filter: &str) -> String {
    format!("({filter})")
}

/// What a filter of these tests means.
#[derive(Debug, Clone)]
enum Meant {
    Present(usize),
    Compare(usize, usize, String),
    And(Box<Meant>, Box<Meant>),
    Or(Box<Meant>, Box<Meant>),
    Not(Box<Meant>),
}

impl Meant {
    fn holds(&self, of: &[Option<String>; 2]) -> bool {
        match self {
            Self::Present(attribute) => of[*attribute].is_some(),
            Self::And(one, other) => one.holds(of) && other.holds(of),
            Self::Or(one, other) => one.holds(of) || other.holds(of),
            Self::Not(one) => !one.holds(of),
            Self::Compare(attribute, operator, value) => {
                let Some(found) = &of[*attribute] else { return *operator == 1 };
                let (found, value) = (found.to_lowercase(), value.to_lowercase());
                match operator {
                    0 => found == value,
                    1 => found != value,
                    2 => found.contains(&value),
                    3 => found.starts_with(&value),
                    4 => found.ends_with(&value),
                    5 => found > value,
                    6 => found >= value,
                    7 => found < value,
                    _ => found <= value,
                }
            }
        }
    }
}

/// Any filter finds just those for whom it holds, whatever signs of SQL its values have.
#[tokio::test]
async fn filters_mean_what_they_say() {
    let directory = Directory::found().await;
    let values = [None, Some("a"), Some("aB"), Some("B%"), Some("b'_")];
    let mut people = Vec::new();
    for (index, title) in values.iter().enumerate() {
        let shown = values[(index * 2 + 1) % values.len()];
        let name = format!("p{index}");
        let body = json!({ "schemas": [USER], "userName": name, "title": title, "displayName": shown });
        directory.post("/Users", body).await.ok(201);
        people.push((name, [title.map(str::to_owned), shown.map(str::to_owned)]));
    }
    // the owner is nobody's example
    people.push((directory.owner.email.clone(), [None, Some("Somebody".to_owned())]));
    let mut runner = TestRunner::deterministic();
    for _ in 0..200 {
        let (text, meant) = filter().new_tree(&mut runner).unwrap().current();
        let mut found: Vec<String> =
            people.iter().filter(|(_, of)| meant.holds(of)).map(|(name, _)| name.clone()).collect();
        found.sort();
        assert_eq!(directory.names(&text).await, found, "{text}");
    }
}
