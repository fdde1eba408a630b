//! `search` on lists, and the root field `search`: what is found, in which order, and by whom.
mod indexing;
mod messages;
mod snippets;

use diesel_async::SimpleAsyncConnection;
use portico::graph::rows::SearchedColumn;
use serde_json::{Value, json};

use crate::{
    sales::deal::{SELLS, deal, pipeline},
    world::city::{Person, Town},
};

const SEES: &[&str] = &[
    "account.read",
    "account.write",
    "conversation.read",
    "conversation.write",
    "department.read",
    "department.write",
];

async fn sellers() -> (Town, Person, Value) {
    let town = Town::found().await;
    let ann = town.person("Ann", &[SELLS, SEES].concat()).await;
    let stages = pipeline(&town, &ann).await;
    (town, ann, stages)
}

async fn sell(person: &Person, stages: &Value, name: &str, vertical: &str) -> Value {
    let mut input = deal(&stages["open"], name);
    input["vertical"] = json!(vertical);
    person.do_("dealCreate", input, "deal { id }").await["deal"]["id"].clone()
}

/// The names of the deals that are found, in their order.
async fn deals(person: &Person, words: &str) -> Vec<String> {
    let query = "query($words: String!) { deals(search: $words) { nodes { name } totalCount { value } } }";
    let found = person.get(query, json!({ "words": words })).await["deals"].clone();
    let nodes = found["nodes"].as_array().unwrap();
    assert_eq!(found["totalCount"]["value"], nodes.len(), "{words}");
    nodes.iter().map(|node| node["name"].as_str().unwrap().to_owned()).collect()
}

/// What is found among records of all kinds: type and score of each.
async fn found(person: &Person, arguments: &str) -> Vec<(String, f64)> {
    let query =
        format!("{{ search({arguments}) {{ edges {{ score node {{ __typename id }} }} nodes {{ id }} }} }}");
    let found = person.get(&query, json!({})).await["search"].clone();
    let edges = found["edges"].as_array().unwrap();
    let ids: Vec<_> = edges.iter().map(|edge| &edge["node"]["id"]).collect();
    let nodes: Vec<_> = found["nodes"].as_array().unwrap().iter().map(|node| &node["id"]).collect();
    assert_eq!(ids, nodes);
    let one = |edge: &Value| {
        (edge["node"]["__typename"].as_str().unwrap().to_owned(), edge["score"].as_f64().unwrap())
    };
    edges.iter().map(one).collect()
}

#[tokio::test]
async fn words_phrases_alternatives_and_what_must_not_occur_are_understood() {
    let (_town, ann, stages) = sellers().await;
    for (name, vertical) in [
        ("Renewal of the São Paulo licences", "Banking"),
        ("Paulo's new licence", "Retail"),
        ("Coffee machines", "Banking"),
        ("O'Brien's \\ backslash: it's 'quoted'", "Retail"),
    ] {
        sell(&ann, &stages, name, vertical).await;
    }
    let (sao, paulo, coffee) =
        ("Renewal of the São Paulo licences", "Paulo's new licence", "Coffee machines");
    for (words, expected) in [
        ("coffee", &[coffee][..]),
        ("COFFEE mach", &[coffee]),
        ("sao paulo", &[sao]),
        ("SÃO", &[sao]),
        ("\"paulo licences\"", &[sao]),
        ("\"licences paulo\"", &[]),
        ("licence -new", &[sao]),
        ("renewal or coffee", &[coffee, sao]),
        ("bank", &[coffee, sao]),
        ("nowhere", &[]),
        // nothing that has to occur finds nothing
        ("-coffee", &[]),
        ("coffee or -new", &[]),
        ("!!! ((", &[]),
        ("o'brien", &["O'Brien's \\ backslash: it's 'quoted'"]),
        ("'quoted'", &["O'Brien's \\ backslash: it's 'quoted'"]),
    ] {
        let mut names = deals(&ann, words).await;
        names.sort();
        assert_eq!(names, expected, "{words}");
    }
    assert_eq!(deals(&ann, "paulo licence").await.len(), 2, "{paulo}");
}

#[tokio::test]
async fn the_best_comes_first_and_pages_go_on_behind_it() {
    let (_town, ann, stages) = sellers().await;
    for (name, vertical) in
        [("Something", "solar panels"), ("Solar roof", "Energy"), ("Solar solar", "solar"), ("Other", "None")]
    {
        sell(&ann, &stages, name, vertical).await;
    }
    assert_eq!(deals(&ann, "solar").await, ["Solar solar", "Solar roof", "Something"]);
    let page = "query($after: String, $before: String, $first: Int, $last: Int) {
        deals(search: \"solar\", first: $first, after: $after, last: $last, before: $before) {
          edges { cursor node { name } } pageInfo { hasNextPage hasPreviousPage } } }";
    let mut names = Vec::new();
    let mut after = Value::Null;
    loop {
        let found = ann.get(page, json!({ "first": 1, "after": after })).await["deals"].clone();
        names.push(found["edges"][0]["node"]["name"].as_str().unwrap().to_owned());
        after = found["edges"][0]["cursor"].clone();
        if found["pageInfo"]["hasNextPage"] == false {
            break;
        }
    }
    assert_eq!(names, ["Solar solar", "Solar roof", "Something"]);
    let back = ann.get(page, json!({ "last": 2, "before": after })).await["deals"].clone();
    assert_eq!(back["edges"][0]["node"]["name"], "Solar solar");
    assert_eq!(back["edges"][1]["node"]["name"], "Solar roof");

    // another order may be asked for, and with other words a cursor has no place
    let query =
        "{ deals(search: \"solar\", orderBy: [{ field: NAME, direction: DESC }]) { nodes { name } } }";
    assert_eq!(ann.get(query, json!({})).await["deals"]["nodes"][0]["name"], "Something");
    let other = "query($after: String) { deals(search: \"roof\", after: $after) { nodes { name } } }";
    let refused = ann.ask(other, json!({ "after": after })).await.body;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "INVALID_CURSOR", "{refused:#}");
}

#[tokio::test]
async fn what_is_found_follows_the_record() {
    let (town, ann, stages) = sellers().await;
    let id = sell(&ann, &stages, "Alpha", "Energy").await;
    assert_eq!(deals(&ann, "alpha").await, ["Alpha"]);
    ann.do_("dealUpdate", json!({ "id": id, "name": "Beta" }), "").await;
    assert_eq!(deals(&ann, "alpha").await, Vec::<String>::new());
    assert_eq!(deals(&ann, "beta").await, ["Beta"]);
    ann.do_("dealDelete", json!({ "id": id }), "").await;
    assert_eq!(deals(&ann, "beta").await, Vec::<String>::new());
    let gone = "{ deals(search: \"beta\", deleted: ONLY) { nodes { name } } search(query: \"beta\") { nodes { id } } }";
    let gone = ann.get(gone, json!({})).await;
    assert_eq!(gone["deals"]["nodes"][0]["name"], "Beta");
    assert_eq!(gone["search"]["nodes"], json!([]));

    let sql = format!("UPDATE identity.users SET display_name = 'Annabel Lee' WHERE id = '{}'", ann.user);
    let enter = format!("SELECT set_config('app.organization_id', '{}', false); {sql}", town.organization);
    town.owner().await.batch_execute(&enter).await.unwrap();
    let people = ann.get("{ users(search: \"lee\") { nodes { displayName } } }", json!({})).await;
    assert_eq!(people["users"]["nodes"], json!([{ "displayName": "Annabel Lee" }]));
}

#[tokio::test]
async fn records_of_many_kinds_are_found_together() {
    let (_town, ann, stages) = sellers().await;
    ann.do_("accountCreate", json!({ "name": "Orion", "domain": "orion.example" }), "").await;
    ann.do_("departmentCreate", json!({ "name": "Project Orion" }), "").await;
    ann.do_("conversationCreate", json!({ "title": "About it", "description": "Orion again" }), "").await;
    sell(&ann, &stages, "Orion, orion and orion", "orion").await;

    let all = found(&ann, "query: \"orion\"").await;
    assert!(all.is_sorted_by(|one, next| one.1 >= next.1), "{all:?}");
    let mut types: Vec<_> = all.iter().map(|(ty, _)| ty.as_str()).collect();
    assert_eq!(types.last(), Some(&"Conversation"));
    types.sort_unstable();
    assert_eq!(types, ["Account", "Conversation", "Deal", "Department"]);

    let few = found(&ann, "query: \"orion\", types: [DEPARTMENT, ACCOUNT]").await;
    assert_eq!(few.len(), 2);
    let where_found = "{ search(query: \"orion\") { edges { fields node { ... on Account { name } ... on Deal { title: name } } } } }";
    let edges = ann.get(where_found, json!({})).await["search"]["edges"].clone();
    let edges = edges.as_array().unwrap();
    let account = edges.iter().find(|edge| edge["node"]["name"] == "Orion").unwrap();
    assert_eq!(account["fields"], json!(["name", "domain"]));
    let deal = edges.iter().find(|edge| edge["node"]["title"] == "Orion, orion and orion").unwrap();
    assert_eq!(deal["fields"], json!(["name", "vertical"]));

    // one at a time, and nothing twice
    let page = "query($after: String) { search(query: \"orion\", first: 1, after: $after) {
        nodes { id } pageInfo { hasNextPage hasPreviousPage endCursor startCursor } } }";
    let (mut ids, mut after) = (std::collections::BTreeSet::new(), Value::Null);
    for turn in 0..4 {
        let found = ann.get(page, json!({ "after": after })).await["search"].clone();
        let info = &found["pageInfo"];
        assert_eq!((&info["hasPreviousPage"], &info["hasNextPage"]), (&json!(turn > 0), &json!(turn < 3)));
        assert_eq!(info["startCursor"], info["endCursor"]);
        assert!(ids.insert(found["nodes"][0]["id"].to_string()));
        after = info["endCursor"].clone();
    }
    assert_eq!(ids.len(), 4);
}

#[tokio::test]
async fn nobody_finds_what_they_may_not_see() {
    let (town, ann, stages) = sellers().await;
    sell(&ann, &stages, "Secret plan", "Energy").await;
    ann.do_("conversationCreate", json!({ "title": "Secret talk" }), "").await;
    ann.do_("accountCreate", json!({ "name": "Secret company" }), "").await;
    assert_eq!(found(&ann, "query: \"secret\"").await.len(), 3);

    // another person has no permission for companies, and conversations of their own
    let bob = town.person("Bob", &["deal.read", "conversation.read"]).await;
    let types: Vec<_> = found(&bob, "query: \"secret\"").await.into_iter().map(|(ty, _)| ty).collect();
    assert_eq!(types, ["Deal"]);
    let named =
        bob.ask("{ search(query: \"secret\", types: [ACCOUNT]) { nodes { id } } }", json!({})).await.body;
    assert_eq!(named["errors"][0]["extensions"]["requires"], json!(["account.read"]), "{named:#}");

    // another organization finds nothing, although it may see everything of its own
    let (_elsewhere, eve, their_stages) = sellers().await;
    assert_eq!(found(&eve, "query: \"secret\"").await, []);
    assert_eq!(deals(&eve, "secret").await, Vec::<String>::new());
    sell(&eve, &their_stages, "Secret too", "Energy").await;
    assert_eq!(deals(&eve, "secret").await, ["Secret too"]);
    assert_eq!(deals(&ann, "secret").await, ["Secret plan"]);

    let nobody = town.person("Nobody", &[]).await;
    assert_eq!(found(&nobody, "query: \"secret\"").await, []);
}

#[tokio::test]
async fn what_is_shown_in_part_is_not_searched() {
    let (town, ann, stages) = sellers().await;
    sell(&ann, &stages, "Quantum", "Quartz").await;
    let masked = format!(
        "SELECT set_config('app.organization_id', '{0}', false);
         INSERT INTO security.masking_policies (organization_id, id, name, fields, method, priority)
           VALUES ('{0}', gen_random_uuid(), 'Verticals', ARRAY['Deal.vertical'], 'redact', 1)",
        town.organization
    );
    town.owner().await.batch_execute(&masked).await.unwrap();
    let bob = town.person("Bob", &["deal.read"]).await;
    assert_eq!(deals(&bob, "quantum").await, ["Quantum"]);
    assert_eq!(deals(&bob, "quartz").await, Vec::<String>::new());
    assert_eq!(found(&bob, "query: \"quartz\"").await, []);
}

#[tokio::test]
async fn a_search_says_what_it_takes() {
    let (_town, ann, _) = sellers().await;
    let long = "x".repeat(201);
    for words in ["", "   ", long.as_str()] {
        for query in [
            "query($words: String!) { deals(search: $words) { nodes { id } } }",
            "query($words: String!) { search(query: $words) { nodes { id } } }",
        ] {
            let refused = ann.ask(query, json!({ "words": words })).await.body;
            let error = &refused["errors"][0];
            assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT", "{refused:#}");
            assert!(error["message"].as_str().unwrap().contains("1 to 200 characters"), "{refused:#}");
        }
    }
    let refused = ann.ask("{ search(query: \"a\", after: \"b\") { nodes { id } } }", json!({})).await.body;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "INVALID_CURSOR", "{refused:#}");
    let refused = ann.ask("{ search(query: \"a\", first: 101) { nodes { id } } }", json!({})).await.body;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "PAGE_SIZE_EXCEEDED", "{refused:#}");
}

/// The columns that the code says are searched are those that the database indexes, and each is shown by a field.
#[tokio::test]
async fn what_is_searched_is_what_is_indexed() {
    use diesel::{QueryableByName, sql_query, sql_types::Text};
    use diesel_async::RunQueryDsl;

    #[derive(QueryableByName)]
    struct Indexed {
        #[diesel(sql_type = Text)]
        arguments: String,
    }
    let town = Town::found().await;
    let indexed: Vec<Indexed> = sql_query(
        "SELECT replace(encode(t.tgargs, 'escape'), E'\\\\000', ' ') AS arguments FROM pg_trigger t JOIN pg_proc f ON f.oid = t.tgfoid
          WHERE f.proname = 'index_words' ORDER BY 1",
    )
    .load(&mut town.owner().await)
    .await
    .unwrap();
    let mut declared = Vec::new();
    for (kind, columns) in portico::graph::rows::searched() {
        let hidden: Vec<_> = columns.iter().filter(|(_, field)| field.is_none()).collect();
        assert_eq!(hidden, Vec::<&SearchedColumn>::new(), "{kind} is searched by what nobody sees");
        let names: Vec<_> = columns.iter().map(|(column, _)| *column).collect();
        declared.push(format!("{kind} {} ", names.join(" ")));
    }
    declared.sort();
    // people are indexed in each of their organizations, by a trigger of their own, and messages later
    declared
        .retain(|kind| !["User display_name email username ", "Message content "].contains(&kind.as_str()));
    let indexed: Vec<_> = indexed.into_iter().map(|index| index.arguments).collect();
    assert_eq!(declared, indexed);
}

/// With what stands in front of each word in the index, a word as long as PostgreSQL takes would be too long for it.
#[tokio::test]
async fn a_record_with_a_word_of_any_length_is_written_and_found_by_the_others() {
    let town = Town::found().await;
    let ann = town.person("Ann", &["conversation.read", "conversation.write"]).await;
    for length in [1_999, 2_010, 2_040, 2_046, 2_047, 4_000] {
        let description = format!("{} reach{length}", "x".repeat(length));
        let input = json!({ "title": "Long", "description": description });
        ann.do_("conversationCreate", input, "").await;
        let found = found(&ann, &format!("query: \"reach{length}\"")).await;
        assert_eq!(found.len(), 1, "{length}");
    }
}
