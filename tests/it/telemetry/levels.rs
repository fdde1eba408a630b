//! `extensions.trace`: what was done for a request, level by level, for those who may know.
use serde_json::{Value, json};

use super::{House, market};

const QUERY: &str = "{ deals { nodes { name theirs: account { name } } } }";

#[tokio::test]
async fn who_may_and_asks_is_told_what_was_done_level_by_level() {
    let (town, ann, _) = market().await;
    let house = House::open(&town, &[("PORTICO_TRACE", "person")]).await;
    let body = json!({ "query": QUERY, "extensions": { "trace": true } });
    let answer: Value = house.post(&ann).json(&body).send().await.unwrap().json().await.unwrap();
    let trace = &answer["extensions"]["trace"];
    assert!(trace["requestId"].is_string() && trace["ms"].as_f64().unwrap() > 0.0, "{answer:#}");
    assert!(trace["waitingMs"].is_number() && trace["serializingMs"].is_number(), "{trace:#}");
    let levels = trace["levels"].as_array().unwrap();
    let seen = |level: &Value| {
        let statements = level["statements"].as_array().unwrap().iter();
        let statements = statements.map(|one| json!([one["class"], one["rows"], one["failed"]]));
        json!([level["path"], level["field"], level["parents"], statements.collect::<Vec<_>>()])
    };
    assert_eq!(
        levels.iter().map(seen).collect::<Vec<_>>(),
        [
            json!([["deals"], "Query.deals", 1, [["SELECT sales.deals", 1, false]]]),
            json!([["deals", "theirs"], "Deal.account", 1, [["SELECT sales.accounts", 1, false]]]),
        ],
        "{trace:#}"
    );
    assert_eq!(levels[1]["fields"], json!(["name"]));
    assert!(
        levels
            .iter()
            .all(|level| level["ms"].as_f64().unwrap() >= level["statements"][0]["ms"].as_f64().unwrap())
    );
    assert!(!trace.to_string().contains("Acme"), "{trace:#}");
    // by a header too
    let answer =
        house.post(&ann).header("portico-trace", "true").json(&json!({ "query": QUERY })).send().await;
    assert!(answer.unwrap().json::<Value>().await.unwrap()["extensions"]["trace"]["levels"].is_array());
}

#[tokio::test]
async fn nobody_else_is_told() {
    let (town, ann, _) = market().await;
    for (may, asks) in [("none", true), ("anonymous,api_key", true), ("person", false)] {
        let house = House::open(&town, &[("PORTICO_TRACE", may)]).await;
        let body = json!({ "query": QUERY, "extensions": { "trace": asks } });
        let answer: Value = house.post(&ann).json(&body).send().await.unwrap().json().await.unwrap();
        assert!(
            answer["data"]["deals"].is_object() && answer["extensions"].get("trace").is_none(),
            "{answer:#}"
        );
    }
}
