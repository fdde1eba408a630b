//! A dry run: what an operation would cost, and nothing else of it.
use serde_json::{Value, json};

use super::{House, market};

const MAKE: &str = "mutation($name: String!) { accountCreate(input: { name: $name }) { account { id } userErrors { code } } }";

#[tokio::test]
async fn what_an_operation_would_cost_is_told_without_doing_it() {
    let (town, ann, _) = market().await;
    let house = House::open(&town, &[]).await;
    let ask = async |body: Value| -> Value {
        house.post(&ann).json(&body).send().await.unwrap().json().await.unwrap()
    };
    let variables = json!({ "name": "Never" });
    let dry = json!({ "query": MAKE, "variables": variables, "extensions": { "costOnly": true } });
    let told = ask(dry).await;
    let request = house.post(&ann).header("portico-cost-only", "true");
    let response = request.json(&json!({ "query": MAKE, "variables": variables })).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let by_header: Value = response.json().await.unwrap();
    let accounts = ask(json!({ "query": "{ accounts { nodes { name } } }" })).await;
    assert_eq!(accounts["data"]["accounts"]["nodes"], json!([{ "name": "Acme" }]));
    // and then in earnest, it costs that
    let done = ask(json!({ "query": MAKE, "variables": variables })).await;
    assert!(done["data"]["accountCreate"]["account"]["id"].is_string(), "{done:#}");
    for told in [told, by_header] {
        assert_eq!(told["data"], json!({}), "{told:#}");
        assert_eq!(told["extensions"]["cost"]["requested"], done["extensions"]["cost"]["requested"]);
        assert_eq!(told["extensions"]["cost"]["limit"], done["extensions"]["cost"]["limit"]);
        assert_eq!(told["extensions"]["cost"]["actual"], 0);
    }
}

#[tokio::test]
async fn what_would_be_refused_is_refused() {
    let (town, ann, _) = market().await;
    let house = House::open(&town, &[]).await;
    let code = async |query: &str| {
        let body = json!({ "query": query, "extensions": { "costOnly": true } });
        let answer: Value = house.post(&ann).json(&body).send().await.unwrap().json().await.unwrap();
        answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(code("{ nothing }").await, "GRAPHQL_VALIDATION_FAILED");
    assert_eq!(code("{ deals(first: 100) { nodes { account { deals(first: 100) { nodes { account { deals(first: 100) { nodes { id } } } } } } } } }").await, "QUERY_TOO_COMPLEX");
    assert_eq!(code("subscription { recordEvents(types: [\"Deal\"]) { __typename } }").await, "");
}
