//! What is used that is on its way out: told in the answer and in headers, and counted for operators.
use portico::graph::deprecated::DEPRECATED;
use reqwest::Client;
use serde_json::{Value, json};

use super::{House, token};
use crate::world::{city::Town, postgres};

/// On its way out today. When nothing is, this file has to wait for the next.
const WHAT: &str = "MessageRole.FUNCTION";

#[tokio::test]
async fn its_use_is_told_and_counted() {
    let town = Town::found_in(postgres::fresh().await).await;
    let ann = town.person("Ann", &["conversation.read", "event.read"]).await;
    let house =
        House::open(&town, &[("PORTICO_METRICS_OPERATIONS", "LeavingInText,LeavingInVariables")]).await;
    let one = DEPRECATED.iter().find(|one| one.what == WHAT).unwrap();
    let messages = |filter: &str| {
        format!("conversations {{ nodes {{ messages(filter: {filter}) {{ nodes {{ id }} }} }} }}")
    };
    let in_text = format!("query LeavingInText {{ {} }}", messages("{role: {eq: FUNCTION}}"));
    let in_variables =
        format!("query LeavingInVariables($filter: MessageFilter) {{ {} }}", messages("$filter"));
    let leaving = json!({ "filter": { "role": { "in": ["USER", "FUNCTION"] } } });
    for (query, variables) in [(&in_text, json!({})), (&in_variables, leaving)] {
        let request = house.post(&ann).json(&json!({ "query": query, "variables": variables }));
        let response = request.send().await.unwrap();
        let headers = response.headers().clone();
        let since = one.since.and_hms_opt(0, 0, 0).unwrap().and_utc().timestamp();
        assert_eq!(headers["deprecation"], format!("@{since}"));
        assert_eq!(headers["sunset"], one.removal.format("%a, %d %b %Y 00:00:00 GMT").to_string());
        assert!(headers["link"].to_str().unwrap().starts_with("</docs#deprecated>; rel=\"deprecation\""));
        let body: Value = response.json().await.unwrap();
        assert_eq!(body["extensions"]["deprecations"], json!([WHAT]), "{body}");
        assert!(body["errors"].is_null() && body["extensions"]["cost"].is_object(), "{body}");
    }
    // what is right costs nobody a word
    let right = json!({ "filter": { "role": { "eq": "TOOL" } } });
    let request = house.post(&ann).json(&json!({ "query": in_variables, "variables": right }));
    let response = request.send().await.unwrap();
    assert!(response.headers().get("deprecation").is_none() && response.headers().get("sunset").is_none());
    assert!(response.json::<Value>().await.unwrap()["extensions"]["deprecations"].is_null());
    // and whoever was refused has used nothing
    let request =
        house.post(&ann).json(&json!({ "query": in_text.replace("nodes { id }", "nodes { id nothing }") }));
    let response = request.send().await.unwrap();
    assert!(response.headers().get("deprecation").is_none());
    assert!(response.json::<Value>().await.unwrap()["extensions"].is_null());

    let figures = Client::new().get(house.url("/metrics")).send().await.unwrap().text().await.unwrap();
    for name in ["LeavingInText", "LeavingInVariables"] {
        let line =
            format!("portico_deprecated_total{{coordinates=\"{WHAT}\",name=\"{name}\",client=\"person\"}} 1");
        assert!(figures.lines().any(|found| found == line), "{line}\n{figures}");
    }
}

#[tokio::test]
async fn an_event_stream_says_so_when_it_begins_and_with_what_it_tells() {
    let town = Town::found_in(postgres::fresh().await).await;
    let ann = town.person("Ann", &["conversation.read"]).await;
    let house = House::open(&town, &[]).await;
    let query = "{ conversations { nodes { messages(filter: {role: {eq: FUNCTION}}) { nodes { id } } } } }";
    let request = Client::new().post(house.url("/graphql")).bearer_auth(token(&ann));
    let request = request.header("accept", "text/event-stream").json(&json!({ "query": query }));
    let response = request.send().await.unwrap();
    assert!(response.headers().contains_key("deprecation") && response.headers().contains_key("sunset"));
    assert!(response.text().await.unwrap().contains("\"deprecations\":[\"MessageRole.FUNCTION\"]"));
}
