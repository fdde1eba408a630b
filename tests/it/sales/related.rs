//! Lists that are filtered and ordered by what their records lead to, and by the lists that hang on those.
use diesel_async::SimpleAsyncConnection;
use serde_json::{Value, json};

use super::deal::{SELLS, deal, pipeline};
use crate::world::city::{Person, Town};

const SEES: &[&str] = &["account.read", "account.write"];

/// Three companies: Ann's with two deals, one of them won, Bob's with one that was never changed, nobody's with a deleted one.
async fn sellers() -> (Town, Person) {
    let town = Town::found().await;
    let ann = town.person("Ann", &[SELLS, SEES].concat()).await;
    let bob = town.person("Bob", SELLS).await;
    let stages = pipeline(&town, &ann).await;
    let [ann_id, bob_id] = [&ann, &bob].map(|person| portico::store::id::text("user", person.user));
    let mut ids = Vec::new();
    for (name, owner) in [("Acme", json!(ann_id)), ("Birch", json!(bob_id)), ("Cedar", Value::Null)] {
        let input = json!({ "name": name, "ownerId": owner });
        ids.push(ann.do_("accountCreate", input, "account { id }").await["account"]["id"].clone());
    }
    let sell = async |name: &str, account: &Value, owner: &Value| {
        let mut input = deal(&stages["open"], name);
        input["accountId"] = account.clone();
        input["ownerId"] = owner.clone();
        ann.do_("dealCreate", input, "deal { id }").await["deal"]["id"].clone()
    };
    let won = sell("one", &ids[0], &json!(bob_id)).await;
    ann.do_("dealStageChange", json!({ "id": won, "stageId": stages["won"] }), "").await;
    sell("two", &ids[0], &Value::Null).await;
    sell("three", &ids[1], &json!(ann_id)).await;
    let gone = sell("four", &ids[2], &json!(ann_id)).await;
    ann.do_("dealDelete", json!({ "id": gone }), "").await;
    sell("five", &Value::Null, &json!(ann_id)).await;
    (town, ann)
}

async fn names(person: &Person, list: &str, arguments: &str) -> Vec<String> {
    let found = person.get(&format!("{{ {list}({arguments}) {{ nodes {{ name }} }} }}"), json!({})).await;
    let nodes = found[list]["nodes"].as_array().unwrap();
    nodes.iter().map(|node| node["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn some_every_and_none_ask_about_the_records_of_a_list() {
    let (_town, ann) = sellers().await;
    for (filter, expected) in [
        ("deals: { some: { status: { eq: WON } } }", &["Acme"][..]),
        ("deals: { some: {} }", &["Acme", "Birch"]),
        // a deleted deal is none
        ("deals: { none: {} }", &["Cedar"]),
        ("deals: { none: { status: { eq: WON } } }", &["Birch", "Cedar"]),
        ("deals: { every: { status: { eq: OPEN } } }", &["Birch", "Cedar"]),
        ("deals: { some: {}, every: { status: { eq: OPEN } } }", &["Birch"]),
        ("deals: { some: { history: { some: { fieldChanged: { eq: \"status\" } } } } }", &["Acme"]),
        ("deals: { some: { owner: { displayName: { eq: \"Bob\" } } } }", &["Acme"]),
        ("not: { deals: { some: { status: { eq: WON } } } }", &["Birch", "Cedar"]),
        ("or: [{ deals: { none: {} } }, { deals: { some: { status: { eq: WON } } } }]", &["Acme", "Cedar"]),
    ] {
        let arguments = format!("filter: {{ {filter} }}, orderBy: [{{ field: NAME }}]");
        assert_eq!(names(&ann, "accounts", &arguments).await, expected, "{filter}");
        let counted = format!("{{ accounts(filter: {{ {filter} }}) {{ totalCount {{ value }} }} }}");
        let counted = ann.get(&counted, json!({})).await["accounts"]["totalCount"]["value"].clone();
        assert_eq!(counted, expected.len(), "{filter}");
    }
}

#[tokio::test]
async fn records_that_hang_on_their_own_kind_are_asked_about_too() {
    let town = Town::found().await;
    let ann = town.person("Ann", &["department.read", "department.write"]).await;
    let mut parent = Value::Null;
    for name in ["Company", "Sales", "Presales"] {
        let input = json!({ "name": name, "parentId": parent });
        parent = ann.do_("departmentCreate", input, "department { id }").await["department"]["id"].clone();
    }
    for (filter, expected) in [
        ("children: { some: {} }", &["Company", "Sales"][..]),
        ("children: { none: {} }", &["Presales"]),
        ("children: { some: { name: { eq: \"Presales\" } } }", &["Sales"]),
        ("children: { every: { name: { eq: \"Presales\" } } }", &["Presales", "Sales"]),
        ("children: { some: { children: { some: {} } } }", &["Company"]),
        ("parent: { isNull: true }", &["Company"]),
        ("parent: { name: { eq: \"Company\" } }", &["Sales"]),
        ("parent: { parent: { isNull: false } }", &["Presales"]),
        ("parent: { children: { some: { name: { eq: \"Presales\" } } } }", &["Presales"]),
    ] {
        let arguments = format!("filter: {{ {filter} }}, orderBy: [{{ field: NAME }}]");
        assert_eq!(names(&ann, "departments", &arguments).await, expected, "{filter}");
    }
}

/// What belongs together by pairs is asked about from both sides.
#[tokio::test]
async fn records_that_are_paired_are_asked_about_too() {
    let town = Town::found().await;
    let ann = town.person("Ann", &["team.read", "user.read", "membership.read"]).await;
    let bob = town.person("Bob", &[]).await;
    let made = format!(
        "INSERT INTO access.teams (organization_id, id, name)
              SELECT '{org}', gen_random_uuid(), name FROM unnest('{{Both,Bobs,Nobodys}}'::text[]) AS name;
         INSERT INTO access.team_members (organization_id, team_id, user_id)
              SELECT '{org}', t.id, u.id FROM access.teams t, identity.users u
               WHERE t.organization_id = '{org}' AND u.id IN ('{}', '{}')
                 AND (t.name = 'Both' OR t.name = 'Bobs' AND u.id = '{}')",
        ann.user,
        bob.user,
        bob.user,
        org = town.organization,
    );
    town.owner().await.batch_execute(&made).await.unwrap();
    for (filter, expected) in [
        ("members: { some: { displayName: { eq: \"Ann\" } } }", &["Both"][..]),
        ("members: { some: {} }", &["Bobs", "Both"]),
        ("members: { none: {} }", &["Nobodys"]),
        ("members: { every: { displayName: { eq: \"Bob\" } } }", &["Bobs", "Nobodys"]),
        ("members: { none: { displayName: { eq: \"Ann\" } }, some: {} }", &["Bobs"]),
        ("members: { some: { teams: { some: { name: { eq: \"Bobs\" } } } } }", &["Bobs", "Both"]),
        ("members: { every: { teams: { every: { name: { eq: \"Both\" } } } } }", &["Nobodys"]),
        // of whom nobody is anybody's manager
        ("members: { some: { membership: { manager: { isNull: false } } } }", &[]),
        ("members: { some: { membership: { isNull: false } } }", &["Bobs", "Both"]),
        ("members: { some: { membership: { isNull: true } } }", &[]),
    ] {
        let arguments = format!("filter: {{ {filter} }}, orderBy: [{{ field: NAME }}]");
        assert_eq!(names(&ann, "teams", &arguments).await, expected, "{filter}");
    }
    let dee = town.person("Dee", &["team.read"]).await;
    let refused =
        dee.ask("{ teams(filter: { members: { none: {} } }) { nodes { id } } }", json!({})).await.body;
    assert_eq!(refused["errors"][0]["extensions"]["requires"], json!(["user.read"]), "{refused:#}");
}

#[tokio::test]
async fn a_relation_that_leads_nowhere_is_null() {
    let (_town, ann) = sellers().await;
    for (filter, expected) in [
        ("owner: { isNull: true }", &["two"][..]),
        ("owner: { isNull: false }", &["five", "one", "three"]),
        ("owner: { isNull: false, displayName: { eq: \"Bob\" } }", &["one"]),
        ("owner: { isNull: true, displayName: { eq: \"Bob\" } }", &[]),
        ("account: { owner: { isNull: true } }", &[]),
        ("account: { isNull: true }", &["five"]),
        ("or: [{ owner: { isNull: true } }, { account: { isNull: true } }]", &["five", "two"]),
    ] {
        let arguments = format!("filter: {{ {filter} }}, orderBy: [{{ field: NAME }}]");
        assert_eq!(names(&ann, "deals", &arguments).await, expected, "{filter}");
    }
    let misplaced = ann.ask("{ deals(filter: { isNull: true }) { nodes { id } } }", json!({})).await.body;
    assert_eq!(misplaced["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{misplaced:#}");
    assert!(misplaced["errors"][0]["message"].as_str().unwrap().contains("right below a relation"));
}

#[tokio::test]
async fn lists_are_ordered_and_paged_by_what_their_records_lead_to() {
    let (_town, ann) = sellers().await;
    for (order, expected) in [
        ("{ field: ACCOUNT_NAME }, { field: NAME }", ["one", "two", "three", "five"]),
        ("{ field: ACCOUNT_NAME, nulls: FIRST }, { field: NAME }", ["five", "one", "two", "three"]),
        ("{ field: ACCOUNT_NAME, direction: DESC }, { field: NAME }", ["three", "one", "two", "five"]),
        (
            "{ field: ACCOUNT_NAME, direction: DESC, nulls: FIRST }, { field: NAME, direction: DESC }",
            ["five", "three", "two", "one"],
        ),
        ("{ field: OWNER_NAME }, { field: NAME }", ["five", "three", "one", "two"]),
        ("{ field: STAGE_POSITION, direction: DESC }, { field: NAME }", ["one", "five", "three", "two"]),
    ] {
        assert_eq!(names(&ann, "deals", &format!("orderBy: [{order}]")).await, expected, "{order}");
        // one at a time, there and back
        for (size, at, end, more) in [
            ("first", "after", "endCursor", "hasNextPage"),
            ("last", "before", "startCursor", "hasPreviousPage"),
        ] {
            let (mut found, mut cursor) = (Vec::new(), Value::Null);
            loop {
                let query = format!(
                    "query($at: String) {{ deals({size}: 1, {at}: $at, orderBy: [{order}]) {{
                        nodes {{ name }} pageInfo {{ {end} {more} }} }} }}"
                );
                let page = ann.get(&query, json!({ "at": cursor })).await["deals"].clone();
                found.push(page["nodes"][0]["name"].as_str().unwrap().to_owned());
                cursor = page["pageInfo"][end].clone();
                if page["pageInfo"][more] != true {
                    break;
                }
            }
            if size == "last" {
                found.reverse();
            }
            assert_eq!(found, expected, "{order}, {size}");
        }
    }
}

/// A record that leads to its own kind is ordered by what it leads to, and paged, like any other.
#[tokio::test]
async fn lists_are_ordered_by_records_of_their_own_kind() {
    let town = Town::found().await;
    let ann = town.person("Ann", &["department.read", "department.write"]).await;
    let make = async |name: &str, parent: &Value| {
        let input = json!({ "name": name, "parentId": parent });
        ann.do_("departmentCreate", input, "department { id }").await["department"]["id"].clone()
    };
    let top = make("B", &Value::Null).await;
    let (zeta, alpha) = (make("Zeta", &top).await, make("Alpha", &top).await);
    make("1", &zeta).await;
    make("2", &alpha).await;
    for (order, expected) in [
        ("{ field: PARENT_NAME }, { field: NAME }", ["2", "Alpha", "Zeta", "1", "B"]),
        ("{ field: PARENT_NAME, nulls: FIRST }, { field: NAME }", ["B", "2", "Alpha", "Zeta", "1"]),
        (
            "{ field: PARENT_NAME, direction: DESC }, { field: NAME, direction: DESC }",
            ["1", "Zeta", "Alpha", "2", "B"],
        ),
    ] {
        assert_eq!(names(&ann, "departments", &format!("orderBy: [{order}]")).await, expected, "{order}");
        let (mut found, mut cursor) = (Vec::new(), Value::Null);
        loop {
            let query = format!(
                "query($at: String) {{ departments(first: 2, after: $at, orderBy: [{order}]) {{
                    nodes {{ name }} pageInfo {{ endCursor hasNextPage }} }} }}"
            );
            let page = ann.get(&query, json!({ "at": cursor })).await["departments"].clone();
            let nodes = page["nodes"].as_array().unwrap().iter();
            found.extend(nodes.map(|node| node["name"].as_str().unwrap().to_owned()));
            cursor = page["pageInfo"]["endCursor"].clone();
            if page["pageInfo"]["hasNextPage"] != true {
                break;
            }
        }
        assert_eq!(found, expected, "{order}");
    }
}

#[tokio::test]
async fn what_one_may_not_see_one_does_not_ask_about_along_a_relation_either() {
    let (town, _) = sellers().await;
    let cid = town.person("Cid", &["deal.read", "account.read"]).await;
    for (query, requires) in [
        ("{ deals(filter: { owner: { isNull: true } }) { nodes { id } } }", "user.read"),
        ("{ deals(filter: { history: { some: {} } }) { nodes { id } } }", "deal.history.read"),
        (
            "{ accounts(filter: { deals: { none: { value: { gt: \"1\" } } } }) { nodes { id } } }",
            "deal.value.read",
        ),
        ("{ deals(orderBy: [{ field: OWNER_NAME }]) { nodes { id } } }", "user.read"),
    ] {
        let error = cid.ask(query, json!({})).await.body["errors"][0].clone();
        assert_eq!(error["extensions"]["code"], "FORBIDDEN", "{query}: {error:#}");
        assert_eq!(error["extensions"]["requires"], json!([requires]), "{query}");
    }
}
