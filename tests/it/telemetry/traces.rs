//! Traces: an operation is a span of the caller's trace, each statement one below it; nothing of what was sent is in them.
use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind, status::StatusCode};
use serde_json::{Value, json};

use portico::telemetry::{Trace, Wants};

use super::{
    House,
    collector::{Collector, about, hex},
    market,
};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

fn root(spans: &[Span]) -> &Span {
    let mut roots = spans.iter().filter(|span| span.kind() == SpanKind::Server);
    let root = roots.next().unwrap();
    assert!(roots.next().is_none(), "one request, one span: {spans:#?}");
    root
}

fn below<'s>(spans: &'s [Span], span: &Span) -> Vec<&'s Span> {
    spans.iter().filter(|below| below.parent_span_id == span.span_id).collect()
}

#[tokio::test]
async fn a_request_and_each_of_its_statements_are_spans_of_the_callers_trace() {
    let (town, ann, _) = market().await;
    let collector = Collector::open().await;
    let endpoint = collector.endpoint();
    let settings = [("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()), ("OTEL_SERVICE_NAME", "the-shop")];
    let house = House::open(&town, &settings).await;
    let query = "query Companies($name: String!) {
        accounts(filter: { and: [{ name: { eq: $name } }, { domain: { eq: \"very-secret.example\" } }] }) { nodes { id } }
        deals { nodes { name account { name } } } }";
    let request = house
        .post(&ann)
        .header("traceparent", format!("00-{TRACE}-{PARENT}-01"))
        .header("tracestate", "vendor=opaque");
    let request = request.json(&json!({ "query": query, "variables": { "name": "hunter2@example.com" } }));
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["data"]["deals"]["nodes"][0]["account"]["name"], "Acme", "{answer:#}");
    house.server.stop().await;

    let spans = collector.spans();
    assert!(collector.services().iter().all(|service| service == "the-shop"));
    let request = root(&spans);
    assert_eq!((hex(&request.trace_id), hex(&request.parent_span_id)), (TRACE.to_owned(), PARENT.to_owned()));
    assert_eq!((request.name.as_str(), request.trace_state.as_str()), ("query", "vendor=opaque"));
    for (key, expected) in [
        ("graphql.operation.name", json!("Companies")),
        ("graphql.operation.type", json!("query")),
        ("portico.outcome", json!("ok")),
        ("portico.transport", json!("http")),
        ("portico.organization.id", json!(town.organization.to_string())),
        ("portico.cost.requested", answer["extensions"]["cost"]["requested"].clone()),
        ("portico.cost.actual", answer["extensions"]["cost"]["actual"].clone()),
    ] {
        assert_eq!(about(request, key), expected, "{key}");
    }
    // every statement is one child, and there is nothing else
    let statements = below(&spans, request);
    assert_eq!(spans.len(), 1 + statements.len());
    assert_eq!(about(request, "portico.statements"), json!(statements.len()));
    let named = |name: &str| statements.iter().filter(|span| span.name == name).collect::<Vec<_>>();
    assert_eq!(
        (named("SELECT sales.accounts").len(), named("SELECT sales.deals").len()),
        (2, 1),
        "{statements:#?}"
    );
    let deals = named("SELECT sales.deals")[0];
    assert_eq!(about(deals, "db.system.name"), "postgresql");
    assert_eq!(about(deals, "db.operation.name"), "SELECT");
    assert_eq!(about(deals, "db.collection.name"), "sales.deals");
    assert_eq!(about(deals, "db.response.returned_rows"), 1);
    for span in &statements {
        assert_eq!((&span.trace_id, span.kind()), (&request.trace_id, SpanKind::Client));
        assert!(span.start_time_unix_nano >= request.start_time_unix_nano);
        assert!(span.start_time_unix_nano <= span.end_time_unix_nano);
        assert!(span.end_time_unix_nano <= request.end_time_unix_nano);
    }
    let all = format!("{spans:?}");
    for secret in ["hunter2", "very-secret", "Acme", "Anvils", "Ann"] {
        assert!(!all.contains(secret), "{secret} in {all}");
    }
}

#[tokio::test]
async fn a_change_is_traced_to_its_commit_and_a_failed_request_says_so() {
    let (town, ann, deal) = market().await;
    let collector = Collector::open().await;
    let endpoint = collector.endpoint();
    let house = House::open(&town, &[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)]).await;
    let change = "mutation Rename($input: DealUpdateInput!) { dealUpdate(input: $input) { deal { name } userErrors { code } } }";
    let input = json!({ "input": { "id": deal["id"], "name": "Hammers" } });
    let changed = house.ask(&ann, change, input).await;
    assert_eq!(changed["data"]["dealUpdate"]["deal"]["name"], "Hammers", "{changed:#}");
    let nobody = town.person("Nobody", &[]).await;
    let denied = house.ask(&nobody, "query Denied { deals { nodes { id } } }", json!({})).await;
    let ill = house.ask(&ann, "query Ill { not in a document", json!({})).await;
    for (answer, code) in [(&denied, "FORBIDDEN"), (&ill, "GRAPHQL_PARSE_FAILED")] {
        assert_eq!(answer["errors"][0]["extensions"]["code"], code);
    }
    house.server.stop().await;

    let spans = collector.spans();
    let request = |said: &str, value: &str| {
        let said = |span: &&Span| span.kind() == SpanKind::Server && about(span, said) == value;
        spans.iter().find(said).unwrap_or_else(|| panic!("{value} among {spans:#?}"))
    };
    let change = request("graphql.operation.name", "Rename");
    let statements: Vec<&str> = below(&spans, change).iter().map(|span| span.name.as_str()).collect();
    for expected in ["BEGIN", "UPDATE sales.deals", "COMMIT"] {
        assert!(statements.contains(&expected), "{expected} among {statements:?}");
    }
    let (begin, commit) = (
        statements.iter().position(|name| *name == "BEGIN"),
        statements.iter().position(|name| *name == "COMMIT"),
    );
    assert!(begin < commit);
    assert_eq!(change.status.clone().unwrap_or_default().code(), StatusCode::Unset);
    for (name, code) in [("FORBIDDEN", "errors"), ("GRAPHQL_PARSE_FAILED", "refused")] {
        let failed = request("error.type", name);
        assert_eq!(about(failed, "portico.outcome"), code);
        let status = failed.status.clone().unwrap();
        assert_eq!((status.code(), status.message.as_str()), (StatusCode::Error, name));
        assert!(failed.parent_span_id.is_empty(), "without a caller's trace it begins one");
    }
}

#[tokio::test]
async fn what_the_caller_does_not_sample_is_not_sent_and_neither_is_anything_when_it_is_off() {
    let (town, ann, _) = market().await;
    let collector = Collector::open().await;
    let endpoint = collector.endpoint();
    let ask = async |settings: &[(&str, &str)], flags: &str| {
        let house = House::open(&town, settings).await;
        let request = house.post(&ann).header("traceparent", format!("00-{TRACE}-{PARENT}-{flags}"));
        let answer = request.json(&json!({ "query": "{ deals { nodes { id } } }" })).send().await.unwrap();
        assert!(answer.status().is_success());
        house.server.stop().await;
        collector.spans().len()
    };
    let on = ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str());
    assert_eq!(ask(&[], "01").await, 0);
    assert_eq!(ask(&[on], "00").await, 0);
    assert_eq!(ask(&[on, ("OTEL_TRACES_SAMPLER", "always_off")], "01").await, 0);
    assert_eq!(
        ask(&[on, ("OTEL_TRACES_SAMPLER", "traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", "0")], "01").await,
        0
    );
    assert!(ask(&[on, ("OTEL_TRACES_SAMPLER", "always_on")], "00").await > 1);
}

#[tokio::test]
async fn whoever_asks_for_levels_gets_them_as_spans_too() {
    let (town, ann, _) = market().await;
    let collector = Collector::open().await;
    let endpoint = collector.endpoint();
    let settings = [("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()), ("PORTICO_TRACE", "person")];
    let house = House::open(&town, &settings).await;
    let query =
        json!({ "query": "{ deals { nodes { account { name } } } }", "extensions": { "trace": true } });
    house.post(&ann).json(&query).send().await.unwrap();
    house.server.stop().await;
    let spans = collector.spans();
    let deals = below(&spans, root(&spans)).into_iter().find(|span| span.name == "Query.deals").unwrap();
    let account = below(&spans, deals).into_iter().find(|span| span.name == "Deal.account").unwrap();
    let asked: Vec<&str> = below(&spans, account).iter().map(|span| span.name.as_str()).collect();
    assert_eq!(asked, ["SELECT sales.accounts"]);
    assert_eq!(about(account, "portico.parents"), 1);
}

#[tokio::test]
async fn a_collector_that_is_away_holds_nothing_up() {
    let (town, ann, _) = market().await;
    let house = House::open(&town, &[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")]).await;
    let answer = house.ask(&ann, "{ deals { nodes { id } } }", json!({})).await;
    assert!(answer["data"]["deals"]["nodes"][0]["id"].is_string());
    let begun = std::time::Instant::now();
    house.server.stop().await;
    assert!(begun.elapsed().as_secs() < 9, "{:?}", begun.elapsed());
}

/// Measured in allocations, which are the same on every machine: what is counted for figures and log takes a handful for
/// an operation, and each of its statements none.
#[test]
fn switched_off_it_takes_next_to_nothing() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (_town, ann, _) = runtime.block_on(market());
    let query = "{ deals { nodes { name account { name } stage { name } } } }";
    let least = |noted: bool| {
        let measured = (0..15).map(|_| {
            let allocations = allocation_counter::measure(|| {
                runtime.block_on(async {
                    let ask = ann.ask(query, json!({}));
                    if noted {
                        let trace = Trace::begin("request".to_owned(), None, None, Wants::default());
                        std::sync::Arc::new(trace).along(None, ask).await;
                    } else {
                        ask.await;
                    }
                });
            });
            allocations.count_total
        });
        measured.min().unwrap()
    };
    let (without, with) = (least(false), least(true));
    assert!(with <= without + 5, "{with} allocations, {without} without");
}
