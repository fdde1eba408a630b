//! Snippets: in which words something was found, of what the caller is shown, and in how many statements.
use diesel_async::SimpleAsyncConnection;
use serde_json::{Value, json};

use super::{
    indexing::indexed,
    messages::{TALKS, say, start},
    sell,
};
use crate::{
    sales::deal::{SELLS, pipeline},
    world::city::{Person, Town},
};

const SNIPPETS: &str = "query($words: String!, $first: Int) { search(query: $words, first: $first) { edges {
    fields node { __typename } snippets { field text highlights { text start end } } } } }";

async fn edges(person: &Person, words: &str) -> Vec<Value> {
    let found = person.get(SNIPPETS, json!({ "words": words })).await;
    found["search"]["edges"].as_array().unwrap().clone()
}

/// The marked words of the hit of this type, by field.
fn marked(edges: &[Value], ty: &str) -> Value {
    let edge = edges.iter().find(|edge| edge["node"]["__typename"] == ty).unwrap();
    let snippets = edge["snippets"].as_array().unwrap();
    let fields: Vec<_> = snippets.iter().map(|snippet| snippet["field"].clone()).collect();
    assert_eq!(edge["fields"], json!(fields));
    for snippet in snippets {
        let text: Vec<u16> = snippet["text"].as_str().unwrap().encode_utf16().collect();
        for mark in snippet["highlights"].as_array().unwrap() {
            let at = |end: &str| usize::try_from(mark[end].as_u64().unwrap()).unwrap();
            assert_eq!(String::from_utf16(&text[at("start")..at("end")]).unwrap(), mark["text"]);
        }
    }
    let words = |snippet: &Value| {
        let marks = snippet["highlights"].as_array().unwrap();
        marks.iter().map(|mark| mark["text"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    json!(
        snippets
            .iter()
            .map(|snippet| (snippet["field"].as_str().unwrap(), words(snippet)))
            .collect::<Vec<_>>()
    )
}

#[tokio::test]
async fn a_hit_shows_the_words_that_were_found() {
    let town = Town::found().await;
    let ann = town.person("Ann", &[SELLS, TALKS].concat()).await;
    let stages = pipeline(&town, &ann).await;
    sell(&ann, &stages, "Renewal of the São Paulo licences", "Paulista banking").await;
    let talk = start(&ann, "Nothing").await;
    let long = format!(
        "🎉 {} <b>Paulo</b> came from sao\nPaulo, he said. {}",
        "and on ".repeat(100),
        "so it went ".repeat(50)
    );
    say(&ann, &talk, &long).await;
    indexed(&town).await;

    let hits = edges(&ann, "paul sao").await;
    assert_eq!(marked(&hits, "Deal"), json!([["name", ["São", "Paulo"]], ["vertical", ["Paulista"]]]));
    assert_eq!(marked(&hits, "Message"), json!([["content", ["Paulo", "sao", "Paulo"]]]));
    let deal = hits.iter().find(|edge| edge["node"]["__typename"] == "Deal").unwrap();
    assert_eq!(deal["snippets"][0]["text"], "Renewal of the São Paulo licences");
    let message = hits.iter().find(|edge| edge["node"]["__typename"] == "Message").unwrap();
    let text = message["snippets"][0]["text"].as_str().unwrap();
    assert!(text.starts_with('…') && text.ends_with('…') && text.chars().count() <= 202, "{text}");
    // plain text, which means nothing else than itself
    assert!(text.contains("<b>Paulo</b> came from sao\nPaulo, he said."), "{text}");

    // a phrase, what must not occur, and marks that mean something to PostgreSQL
    assert_eq!(
        marked(&edges(&ann, "\"paulo licences\" -retail").await, "Deal"),
        json!([["name", ["Paulo", "licences"]], ["vertical", []]])
            .as_array()
            .map(|all| json!(all[..1]))
            .unwrap()
    );
    sell(&ann, &stages, "O'Brien's \\ state-by-the-art ann@example.com", "Retail").await;
    for (words, found) in [
        ("o'brien", json!([["name", ["O", "Brien"]]])),
        ("ann@example.com", json!([["name", ["ann@example.com"]]])),
        ("art", json!([["name", ["art"]]])),
    ] {
        assert_eq!(marked(&edges(&ann, words).await, "Deal"), found, "{words}");
    }
}

#[tokio::test]
async fn nothing_is_shown_that_the_caller_may_not_read() {
    let town = Town::found().await;
    let ann = town.person("Ann", SELLS).await;
    let stages = pipeline(&town, &ann).await;
    sell(&ann, &stages, "Quartz quarry", "Quartz and secrets").await;
    let masked = format!(
        "SELECT set_config('app.organization_id', '{0}', false);
         INSERT INTO security.masking_policies (organization_id, id, name, fields, method, priority)
           VALUES ('{0}', gen_random_uuid(), 'Verticals', ARRAY['Deal.vertical'], 'redact', 1)",
        town.organization
    );
    town.owner().await.batch_execute(&masked).await.unwrap();
    let bob = town.person("Bob", &["deal.read"]).await;
    let hits = edges(&bob, "quartz").await;
    assert_eq!(marked(&hits, "Deal"), json!([["name", ["Quartz"]]]));
    assert!(!json!(hits).to_string().contains("secrets"));
}

#[tokio::test]
async fn the_snippets_of_a_page_take_one_statement() {
    let town = Town::found().await;
    let ann = town.person("Ann", &[SELLS, TALKS].concat()).await;
    let stages = pipeline(&town, &ann).await;
    let talk = start(&ann, "Krill").await;
    for number in 0..4 {
        say(&ann, &talk, &format!("krill {number}")).await;
        sell(&ann, &stages, &format!("Krill {number}"), "Krill").await;
    }
    indexed(&town).await;
    let ask = async |query: &str, first: i32| {
        let reply = ann.ask(query, json!({ "words": "krill", "first": first })).await;
        assert_eq!(
            reply.body["data"]["search"]["edges"].as_array().unwrap().len(),
            usize::try_from(first).unwrap()
        );
        reply.statements
    };
    // once more than needed, so that whatever is learned once is known
    ask(SNIPPETS, 9).await;
    let without =
        "query($words: String!, $first: Int) { search(query: $words, first: $first) { edges { fields } } }";
    let with = "query($words: String!, $first: Int) { search(query: $words, first: $first) { edges { fields snippets { text } } } }";
    let (none, one, nine) = (ask(without, 9).await, ask(with, 1).await, ask(with, 9).await);
    assert_eq!((one, nine), (none + 1, none + 1));
}
