//! GraphQL over HTTP, case by case.
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use super::World;

const GRAPHQL: &str = "application/graphql-response+json";
const JSON: &str = "application/json";

fn post(world: &World) -> RequestBuilder {
    Client::new().post(world.url("/graphql"))
}

fn header<'r>(response: &'r Response, name: &str) -> &'r str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

/// Status and code of the first error.
async fn outcome(request: RequestBuilder) -> (u16, String) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let id = header(&response, "x-request-id").to_owned();
    assert!(!id.is_empty());
    let body: Value = response.json().await.unwrap();
    let Some(error) = body["errors"].get(0) else { return (status, String::new()) };
    assert_eq!(error["extensions"]["requestId"], id, "{body}");
    assert!(!error["message"].as_str().unwrap().is_empty());
    (status, error["extensions"]["code"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn bodies_and_their_answers() {
    let world = World::start(&[("PORTICO_MAX_BODY_BYTES", "4096")]).await;
    let large = format!("{{\"query\":\"{{ __typename }}{}\"}}", " ".repeat(5000));
    for (body, strict, loose, code) in [
        (r#"{"query":"{ __typename }"}"#, 200, 200, ""),
        (
            r#"{"query":"{ __typename }","operationName":null,"variables":null,"extensions":null,"more":1}"#,
            200,
            200,
            "",
        ),
        (r#"{"query":"query A { __typename } query B { __typename }","operationName":"B"}"#, 200, 200, ""),
        (
            r#"{"query":"query A { __typename } query B { __typename }"}"#,
            400,
            200,
            "OPERATION_RESOLUTION_FAILED",
        ),
        (
            r#"{"query":"query A { __typename }","operationName":"C"}"#,
            400,
            200,
            "OPERATION_RESOLUTION_FAILED",
        ),
        (r#"{"query":"{"}"#, 400, 200, "GRAPHQL_PARSE_FAILED"),
        (r#"{"query":"{ nothing }"}"#, 400, 200, "GRAPHQL_VALIDATION_FAILED"),
        (r#"{"query":"query($n: String!) { __type(name: $n) { name } }"}"#, 400, 200, "BAD_USER_INPUT"),
        (r#"{"query":"subscription { __typename }"}"#, 400, 400, "OPERATION_RESOLUTION_FAILED"),
        (r#"[{"query":"{ __typename }"}]"#, 400, 400, "BATCH_NOT_ALLOWED"),
        (r#"{"query":7}"#, 400, 400, "BAD_USER_INPUT"),
        (r#"{"query":"{ __typename }","variables":[]}"#, 400, 400, "BAD_USER_INPUT"),
        (r#"{"extensions":{"persistedQuery":{"version":2}}}"#, 400, 400, "PERSISTED_QUERY_NOT_SUPPORTED"),
        (r#"{"extensions":{"persistedQuery":{"version":1}}}"#, 400, 400, "BAD_USER_INPUT"),
        (r#"{"query": "#, 400, 400, "BAD_USER_INPUT"),
        ("", 400, 400, "BAD_USER_INPUT"),
        (large.as_str(), 413, 413, "DOCUMENT_TOO_LARGE"),
    ] {
        for (accept, status) in [(GRAPHQL, strict), (JSON, loose)] {
            let request =
                post(&world).header("content-type", JSON).header("accept", accept).body(body.to_owned());
            assert_eq!(outcome(request).await, (status, code.to_owned()), "{accept}: {body:.80}");
        }
    }
}

#[tokio::test]
async fn a_refused_request_has_no_data_and_an_executed_one_has() {
    let world = World::start(&[]).await;
    let ask = async |query: &str| -> Value {
        post(&world).json(&json!({ "query": query })).send().await.unwrap().json().await.unwrap()
    };
    assert_eq!(ask("{ nothing }").await.get("data"), None);
    let cost = json!({ "requested": 1, "actual": 1, "limit": 50_000 });
    let answer = json!({ "data": { "__typename": "Query" }, "extensions": { "cost": cost } });
    assert_eq!(ask("{ __typename }").await, answer);
}

#[tokio::test]
async fn only_json_is_read() {
    let world = World::start(&[]).await;
    for (kind, status) in [
        (JSON, 200),
        ("application/json; charset=utf-8", 200),
        ("Application/JSON;charset=\"UTF-8\"", 200),
        ("application/json; charset=latin1", 415),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
        ("application/graphql", 415),
        ("", 415),
    ] {
        for query in ["{ __typename }", "mutation { __typename }"] {
            let body = json!({ "query": query }).to_string();
            let (found, _) = outcome(post(&world).header("content-type", kind).body(body)).await;
            assert_eq!(found, status, "{kind}: {query}");
        }
    }
    let bare = post(&world).body(r#"{"query":"{ __typename }"}"#);
    assert_eq!(outcome(bare).await.0, 415);
}

#[tokio::test]
async fn the_form_of_the_answer_is_negotiated() {
    let world = World::start(&[]).await;
    for (accept, status, kind) in [
        (GRAPHQL, 200, GRAPHQL),
        (JSON, 200, JSON),
        ("*/*", 200, JSON),
        ("application/json;q=0.5, application/graphql-response+json", 200, GRAPHQL),
        ("text/html", 406, JSON),
        ("application/json; charset=iso-8859-1", 406, JSON),
    ] {
        let request = post(&world).json(&json!({ "query": "{ __typename }" })).header("accept", accept);
        let response = request.send().await.unwrap();
        let found = header(&response, "content-type");
        assert_eq!(
            (response.status().as_u16(), found),
            (status, format!("{kind}; charset=utf-8").as_str()),
            "{accept}"
        );
    }
}

#[tokio::test]
async fn a_get_asks_and_changes_nothing() {
    let world = World::start(&[]).await;
    let get = |query: &str| Client::new().get(world.url(&format!("/graphql?{query}")));
    assert_eq!(outcome(get("query={__typename}")).await, (200, String::new()));
    let chosen = "query=query+A{__typename}query+B($n:String!){__type(name:$n){name}}&operationName=B&variables=%7B%22n%22:%22Query%22%7D";
    assert_eq!(outcome(get(chosen)).await, (200, String::new()));
    for wrong in ["", "query={a}&variables=7", "query={a}&extensions={", "query={__typename}&query={b}"] {
        assert_eq!(outcome(get(wrong)).await, (400, "BAD_USER_INPUT".to_owned()), "{wrong}");
    }
    let response = get("query=mutation{__typename}").send().await.unwrap();
    assert_eq!((response.status(), header(&response, "allow")), (StatusCode::METHOD_NOT_ALLOWED, "POST"));
    for method in [Method::PUT, Method::DELETE, Method::PATCH] {
        let response = Client::new().request(method, world.url("/graphql")).send().await.unwrap();
        assert_eq!(
            (response.status(), header(&response, "allow")),
            (StatusCode::METHOD_NOT_ALLOWED, "GET, POST")
        );
    }
}

#[tokio::test]
async fn a_credential_is_read_from_its_header_alone() {
    let world = World::start(&[]).await;
    let ask = |path: &str| Client::new().post(world.url(path)).json(&json!({ "query": "{ __typename }" }));
    for (authorization, status, code) in [
        ("Bearer ada", 200, ""),
        ("bearer ada", 200, ""),
        ("Bearer late", 401, "TOKEN_EXPIRED"),
        ("Bearer nobody", 401, "UNAUTHENTICATED"),
        ("Bearer", 401, "UNAUTHENTICATED"),
        ("Basic YTpi", 401, "UNAUTHENTICATED"),
        ("ada", 401, "UNAUTHENTICATED"),
    ] {
        let request = ask("/graphql").header("authorization", authorization);
        assert_eq!(outcome(request).await, (status, code.to_owned()), "{authorization}");
    }
    let response = ask("/graphql").bearer_auth("late").send().await.unwrap();
    let challenge = header(&response, "www-authenticate");
    assert!(challenge.starts_with("Bearer realm=\"portico\", error=\"invalid_token\""), "{challenge}");
    assert_eq!(outcome(ask("/graphql?token=nobody&access_token=nobody")).await.0, 200);
}

#[tokio::test]
async fn a_request_has_an_id() {
    let world = World::start(&[]).await;
    let id = async |own: Option<&str>| {
        let request = Client::new().get(world.url("/healthz"));
        let request = own.into_iter().fold(request, |request, own| request.header("x-request-id", own));
        header(&request.send().await.unwrap(), "x-request-id").to_owned()
    };
    assert_eq!(id(Some("mine-1")).await, "mine-1");
    assert_eq!(id(Some("not sane\"")).await.len(), 36);
    assert_ne!(id(None).await, id(None).await);
}

#[tokio::test]
async fn what_is_not_answered_in_time_is_null() {
    let world = World::start(&[("PORTICO_REQUEST_TIMEOUT_MS", "300")]).await;
    let ask = |accept: &'static str| {
        let query = json!({ "query": "{ node(id: \"deal_01jd3vf1x0e8k9m2n3p4q5r6s7\") { id } }" });
        post(&world).bearer_auth("ada").header("accept", accept).json(&query)
    };
    for accept in [GRAPHQL, JSON] {
        assert_eq!(outcome(ask(accept)).await, (200, "TIMEOUT".to_owned()));
        let answer: Value = ask(accept).send().await.unwrap().json().await.unwrap();
        assert_eq!(
            (&answer["data"], &answer["errors"][0]["path"]),
            (&json!({ "node": null }), &json!(["node"]))
        );
    }
}

#[tokio::test]
async fn other_origins_ask_leave() {
    let world = World::start(&[("PORTICO_CORS_ORIGINS", "https://app.example")]).await;
    for (origin, allowed) in [("https://app.example", "https://app.example"), ("https://evil.example", "")] {
        let request = Client::new().request(Method::OPTIONS, world.url("/graphql"));
        let request = request.header("origin", origin).header("access-control-request-method", "POST");
        let response =
            request.header("access-control-request-headers", "authorization").send().await.unwrap();
        assert_eq!(header(&response, "access-control-allow-origin"), allowed);
        assert_eq!(header(&response, "access-control-allow-credentials"), "");
    }
}

#[tokio::test]
async fn large_answers_are_compressed() {
    let world = World::start(&[]).await;
    for (accepted, used) in [("gzip", "gzip"), ("br, gzip", "br"), ("identity", "")] {
        let request = Client::new().get(world.url("/schema.graphql")).header("accept-encoding", accepted);
        let response = request.send().await.unwrap();
        assert_eq!((response.status(), header(&response, "content-encoding")), (StatusCode::OK, used));
    }
    let small =
        Client::new().get(world.url("/healthz")).header("accept-encoding", "gzip").send().await.unwrap();
    assert_eq!(header(&small, "content-encoding"), "");
}

#[tokio::test]
async fn operators_see_life_readiness_and_figures() {
    let world = World::start(&[]).await;
    let get = async |path: &str| {
        let response = Client::new().get(world.url(path)).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    assert_eq!(get("/healthz").await.0, 200);
    let (status, reason) = get("/readyz").await;
    assert_eq!(status, 503);
    assert!(reason.contains("the database does not answer"), "{reason}");
    assert_eq!(outcome(post(&world).json(&json!({ "query": "{ __typename }" }))).await.0, 200);
    let (status, figures) = get("/metrics").await;
    assert_eq!(status, 200);
    for expected in [
        "portico_requests_total{operation=\"query\",transport=\"http\",outcome=\"ok\"}",
        "portico_request_seconds_bucket",
        "portico_database_connections{state=\"idle\"}",
    ] {
        assert!(figures.contains(expected), "{expected} in {figures}");
    }
    let (status, schema) = get("/schema.graphql").await;
    assert!(status == 200 && schema.contains("type Query"));
}

#[tokio::test]
async fn what_is_switched_off_is_not_shown() {
    let world = World::start(&[("PORTICO_INTROSPECTION", "false"), ("PORTICO_METRICS", "false")]).await;
    for path in ["/schema.graphql", "/metrics"] {
        assert_eq!(Client::new().get(world.url(path)).send().await.unwrap().status(), StatusCode::NOT_FOUND);
    }
    let query = json!({ "query": "{ __schema { queryType { name } } }" });
    let body: Value = post(&world).json(&query).send().await.unwrap().json().await.unwrap();
    assert!(!body.to_string().contains("\"Query\""), "{body}");
}
