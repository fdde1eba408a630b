//! Figures for Prometheus, after requests that are known.
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use reqwest::Client;
use serde_json::{Value, json};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Message, client::IntoClientRequest, http::HeaderValue},
};

use super::{House, market, token};

impl House {
    /// The figures whose names and labels begin so.
    async fn figures(&self, begin: &str) -> Vec<(String, f64)> {
        let text = Client::new().get(self.url("/metrics")).send().await.unwrap().text().await.unwrap();
        let lines = text.lines().filter(|line| line.starts_with(begin));
        lines
            .map(|line| {
                let (name, value) = line.rsplit_once(' ').unwrap();
                (name.to_owned(), value.parse().unwrap())
            })
            .collect()
    }

    async fn figure(&self, name: &str) -> f64 {
        self.figures(name).await.first().map_or(0.0, |(_, value)| *value)
    }
}

#[tokio::test]
async fn operations_are_counted_by_name_and_code_and_statements_by_class() {
    let (town, ann, _) = market().await;
    let house = House::open(&town, &[("PORTICO_METRICS_OPERATIONS", "FiguresKnown,FiguresDenied")]).await;
    let class = "portico_statements_total{class=\"SELECT sales.deals\"}";
    let (statements, others) = (house.figure(class).await, "portico_operations_total{name=\"other\"");
    for _ in 0..3 {
        house.ask(&ann, "query FiguresKnown { deals { nodes { id } } }", json!({})).await;
    }
    let nobody = town.person("Nobody", &[]).await;
    house.ask(&nobody, "query FiguresDenied { deals { nodes { id } } }", json!({})).await;
    house.ask(&ann, "query MadeUpByAClient { deals { nodes { id } } }", json!({})).await;
    for (name, operation, code, times) in
        [("FiguresKnown", "query", "", 3.0), ("FiguresDenied", "query", "FORBIDDEN", 1.0)]
    {
        let line =
            format!("portico_operations_total{{name=\"{name}\",operation=\"{operation}\",code=\"{code}\"}}");
        assert!((house.figure(&line).await - times).abs() < f64::EPSILON, "{line}");
    }
    assert!(
        (house.figure("portico_operation_seconds_count{name=\"FiguresKnown\"}").await - 3.0).abs()
            < f64::EPSILON
    );
    assert!(house.figure(class).await >= statements + 4.0);
    assert!(house.figure("portico_statement_microseconds_total{class=\"SELECT sales.deals\"}").await > 0.0);
    // whatever clients make up is one name
    assert!(!house.figures(others).await.is_empty());
    let all = Client::new().get(house.url("/metrics")).send().await.unwrap().text().await.unwrap();
    assert!(!all.contains("MadeUpByAClient"));
    for expected in [
        "portico_database_connections{state=\"busy\"}",
        "portico_database_waiting ",
        "portico_database_wait_seconds_count",
        "portico_requests_total{operation=\"query\",transport=\"http\",outcome=\"errors\"}",
    ] {
        assert!(all.contains(expected), "{expected} in {all}");
    }
}

#[tokio::test]
async fn open_sockets_and_how_late_events_are_can_be_seen() {
    let (town, ann, deal) = market().await;
    let house = House::open(&town, &[]).await;
    let (open, lag) = ("portico_streams_open{transport=\"websocket\"}", "portico_events_lag_seconds_count");
    let (open_before, told_before) = (house.figure(open).await, house.figure(lag).await);
    let mut request = format!("ws://{}/graphql", house.server.address()).into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static("graphql-transport-ws"));
    let (mut socket, _) = connect_async(request).await.unwrap();
    let init = json!({ "type": "connection_init", "payload": { "token": token(&ann) } });
    let query = "subscription { recordEvents(types: [\"Deal\"]) { __typename } }";
    let subscribe = json!({ "type": "subscribe", "id": "1", "payload": { "query": query } });
    for message in [init, subscribe] {
        socket.send(Message::text(message.to_string())).await.unwrap();
    }
    let mut next = async || {
        let message = tokio::time::timeout(Duration::from_secs(20), socket.next()).await.unwrap();
        serde_json::from_str::<Value>(message.unwrap().unwrap().to_text().unwrap()).unwrap()
    };
    assert_eq!(next().await["type"], "connection_ack");
    assert_eq!(next().await["payload"]["data"]["recordEvents"]["__typename"], "StreamOpened");
    assert!(house.figure(open).await > open_before);
    ann.do_("dealUpdate", json!({ "id": deal["id"], "name": "Hammers" }), "deal { id }").await;
    assert_eq!(next().await["payload"]["data"]["recordEvents"]["__typename"], "RecordUpdated");
    assert!(house.figure(lag).await > told_before);
}
