//! What is asked for too often, documents by their hashes, and the schema for whom it is shown to.
use std::time::Duration;

use aws_lc_rs::digest;
use futures_util::future::join_all;
use portico::{
    graph::{
        limits::ByKind,
        rates::{Rate, RateSettings},
    },
    store::clock::Steady,
};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};

use super::{World, socket};

/// A server on which a person may spend 20 points at once, and gets one back in a second.
async fn frugal(clock: &Steady) -> World {
    let clock = clock.clone();
    World::with(&[], |parts| {
        let rate = Rate { per_minute: 60, burst: 20 };
        parts.rates = RateSettings { person: rate, address: rate, ..RateSettings::NONE };
        parts.clock = clock;
    })
    .await
}

fn ask(world: &World, credential: &str, body: &Value) -> RequestBuilder {
    let request = Client::new().post(world.url("/graphql")).json(body);
    if credential.is_empty() { request } else { request.bearer_auth(credential) }
}

async fn typename(world: &World, credential: &str) -> Response {
    ask(world, credential, &json!({ "query": "{ __typename }" })).send().await.unwrap()
}

fn code(body: &Value) -> &str {
    body["errors"][0]["extensions"]["code"].as_str().unwrap_or_default()
}

async fn body(request: RequestBuilder) -> Value {
    request.send().await.unwrap().json().await.unwrap()
}

fn sha256(text: &str) -> String {
    digest::digest(&digest::SHA256, text.as_bytes())
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[tokio::test]
async fn who_asks_for_too_much_is_told_when_to_come_back() {
    let clock = Steady::stopped();
    let world = frugal(&clock).await;
    for _ in 0..20 {
        assert_eq!(typename(&world, "ada").await.status(), 200);
    }
    for accept in ["application/json", "application/graphql-response+json", "text/event-stream"] {
        let request = ask(&world, "ada", &json!({ "query": "{ __typename }" })).header("accept", accept);
        let refused = request.send().await.unwrap();
        assert_eq!(refused.status(), 429, "{accept}");
        let header = |name: &str| refused.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("retry-after"), "1");
        assert_eq!(header("ratelimit"), "\"person\";r=0;t=20");
        assert_eq!(header("ratelimit-policy"), "\"person\";q=60;w=60");
        let body: Value = refused.json().await.unwrap();
        assert_eq!(
            (code(&body), &body["errors"][0]["extensions"]["retryAfterMs"]),
            ("RATE_LIMITED", &json!(1000))
        );
    }
    // others are others, nobody in particular too, and whoever watches over the server asks as often as they like
    assert_eq!(typename(&world, "bob").await.status(), 200);
    assert_eq!(typename(&world, "").await.status(), 200);
    for _ in 0..50 {
        assert_eq!(Client::new().get(world.url("/healthz")).send().await.unwrap().status(), 200);
    }
    clock.pass(Duration::from_secs(1));
    assert_eq!(typename(&world, "ada").await.status(), 200);
    assert_eq!(typename(&world, "ada").await.status(), 429);
}

#[tokio::test]
async fn they_are_told_so_in_their_language() {
    let world = frugal(&Steady::stopped()).await;
    for _ in 0..20 {
        assert_eq!(typename(&world, "ada").await.status(), 200);
    }
    for (language, says) in [
        (
            "pt-BR",
            "isto custa 1 pontos, e restam 0 para a sua pessoa, com 60 por minuto: tente novamente em 1000 ms",
        ),
        (
            "en",
            "this costs 1 points, and 0 are left for your person, which gets 60 a minute: try again in 1000 ms",
        ),
    ] {
        let request =
            ask(&world, "ada", &json!({ "query": "{ __typename }" })).header("accept-language", language);
        let refused = request.send().await.unwrap();
        assert_eq!(
            (refused.status().as_u16(), &refused.headers()["content-language"]),
            (429, &language.parse().unwrap())
        );
        let body: Value = refused.json().await.unwrap();
        assert_eq!(body["errors"][0]["message"], says);
        assert_eq!(code(&body), "RATE_LIMITED");
    }
}

#[tokio::test]
async fn fifty_at_once_get_what_the_bucket_holds_and_no_more() {
    let world = frugal(&Steady::stopped()).await;
    let answers = join_all((0..50).map(|_| typename(&world, "ada"))).await;
    let answered = answers.iter().filter(|answer| answer.status() == 200).count();
    let refused = answers.iter().filter(|answer| answer.status() == 429).count();
    assert_eq!((answered, refused), (20, 30));
}

#[tokio::test]
async fn a_request_that_is_refused_costs_as_well() {
    let world = frugal(&Steady::stopped()).await;
    let wrong = || ask(&world, "ada", &json!({ "query": "{" }));
    assert_eq!(code(&body(wrong()).await), "GRAPHQL_PARSE_FAILED");
    assert_eq!(code(&body(wrong()).await), "GRAPHQL_PARSE_FAILED");
    assert_eq!(code(&body(wrong()).await), "RATE_LIMITED");
}

#[tokio::test]
async fn sockets_and_directories_take_from_the_same_bucket() {
    let world = frugal(&Steady::stopped()).await;
    let mut client = socket::Client::introduced(&world, json!({ "token": "ada" })).await;
    for id in 0..10 {
        client.subscribe(&id.to_string(), "{ __typename }").await;
        assert_eq!(client.hear().await["type"], "next");
        assert_eq!(client.hear().await["type"], "complete");
    }
    let directory =
        || Client::new().get(world.url("/scim/v2/ServiceProviderConfig")).bearer_auth("ada").send();
    assert_ne!(directory().await.unwrap().status(), 429);
    client.subscribe("x", "{ __typename }").await;
    let refused = client.hear().await;
    assert_eq!(
        (&refused["type"], &refused["payload"][0]["extensions"]["code"]),
        (&json!("error"), &json!("RATE_LIMITED"))
    );
    // ten points come back in ten seconds, as everybody else is told
    let refused = directory().await.unwrap();
    assert_eq!(refused.status(), 429);
    let header = |name: &str| refused.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(
        [header("retry-after"), header("ratelimit"), header("ratelimit-policy")],
        ["10", "\"person\";r=0;t=20", "\"person\";q=60;w=60"]
    );
    let told: Value = refused.json().await.unwrap();
    let detail =
        "this costs 10 points, and 0 are left for your person, which gets 60 a minute: try again in 10000 ms";
    assert_eq!((&told["status"], &told["detail"]), (&json!("429"), &json!(detail)));
}

#[tokio::test]
async fn a_document_that_was_sent_with_its_hash_needs_not_be_sent_again() {
    let world = World::start(&[]).await;
    let query = "query A { __typename }";
    let hash = sha256(query);
    let named = |hash: &str| json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } });
    let with =
        |query: Value, hash: &str| ask(&world, "", &json!({ "query": query, "extensions": named(hash) }));
    let data = json!({ "__typename": "Query" });
    assert_eq!(body(with(query.into(), &hash)).await["data"], data);
    assert_eq!(body(with(Value::Null, &hash)).await["data"], data);
    assert_eq!(body(with(Value::Null, &hash.to_uppercase())).await["data"], data);
    let get = |hash: &str| {
        let address =
            format!("/graphql?extensions={{\"persistedQuery\":{{\"version\":1,\"sha256Hash\":\"{hash}\"}}}}");
        Client::new().get(world.url(&address)).send()
    };
    assert_eq!(get(&hash).await.unwrap().json::<Value>().await.unwrap()["data"], data);
    // a hash stands for what it is of
    assert_eq!(code(&body(with("{ __typename }".into(), &hash)).await), "BAD_USER_INPUT");
    // what changes something does so by POST alone, however it is named
    let change = "mutation { signOut { userErrors { code } } }";
    drop(body(with(change.into(), &sha256(change))).await);
    assert_eq!(get(&sha256(change)).await.unwrap().status(), 405);
}

#[tokio::test]
async fn hashes_are_not_taken_where_the_settings_say_so() {
    let world = World::with(&[], |parts| parts.persisted_queries = false).await;
    let query = "{ __typename }";
    let extensions = json!({ "persistedQuery": { "version": 1, "sha256Hash": sha256(query) } });
    let sent = body(ask(&world, "", &json!({ "query": query, "extensions": extensions }))).await;
    assert_eq!(sent["data"]["__typename"], "Query");
}

#[tokio::test]
async fn the_schema_is_shown_to_whom_the_settings_say() {
    let world = World::start(&[("PORTICO_INTROSPECTION", "person, api_key")]).await;
    let asked = [
        "{ __schema { queryType { name } } }",
        "{ x: __type(name: \"Deal\") { name } }",
        "{ ...a } fragment a on Query { ...b } fragment b on Query { ... on Query { y: __schema { queryType { name } } } }",
        "query { viewer { __typename } ...a @include(if: true) } fragment a on Query { __type(name: \"Deal\") { name } }",
    ];
    for query in &asked[..3] {
        let asked = json!({ "query": query });
        let refused = body(ask(&world, "", &asked)).await;
        assert_eq!(code(&refused), "INTROSPECTION_DISABLED", "{query}");
        assert!(refused.get("data").is_none());
        let shown = body(ask(&world, "ada", &asked)).await;
        assert!(shown.get("errors").is_none(), "{shown}");
    }
    assert_eq!(code(&body(ask(&world, "", &json!({ "query": asked[3] }))).await), "INTROSPECTION_DISABLED");
    // the name of a type tells nothing that was not asked for
    assert_eq!(
        body(ask(&world, "", &json!({ "query": "{ __typename }" }))).await["data"]["__typename"],
        "Query"
    );

    let nearly = json!({ "query": "{ deal { id } viewr { id } }" });
    let said = |body: Value| body["errors"].to_string();
    let to_nobody = said(body(ask(&world, "", &nearly)).await);
    assert!(to_nobody.contains("Unknown field") && !to_nobody.contains("Did you mean"), "{to_nobody}");
    let to_ada = said(body(ask(&world, "ada", &nearly)).await);
    assert!(to_ada.contains("Did you mean \\\"viewer\\\"?"), "{to_ada}");

    let sdl = || Client::new().get(world.url("/schema.graphql"));
    assert_eq!(sdl().send().await.unwrap().status(), 404);
    assert_eq!(sdl().bearer_auth("ada").send().await.unwrap().status(), 200);
    assert_eq!(sdl().bearer_auth("late").send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn each_kind_of_caller_may_ask_for_so_much_at_once() {
    let world = World::with(&[], |parts| {
        parts.limits.cost = ByKind { anonymous: 50, person: 5000, api_key: 5000 };
    })
    .await;
    let query = json!({ "query": "{ __schema { types { name kind } } deals(first: 100) { __typename nodes { id } } }" });
    let refused = body(ask(&world, "", &query)).await;
    let error = &refused["errors"][0];
    assert_eq!(code(&refused), "QUERY_TOO_COMPLEX");
    assert_eq!(
        error["message"],
        "`deals`: 100 rows; the operation may cost 50 points at most, and this one 111; `first: 39` would fit"
    );
    assert_eq!(
        (&error["extensions"]["limit"], &error["extensions"]["path"]),
        (&json!(50), &json!(["deals"]))
    );
    let told = body(ask(&world, "ada", &json!({ "query": "{ __type(name: \"Deal\") { name } }" }))).await;
    assert_eq!(told["extensions"]["cost"], json!({ "requested": 1, "actual": 1, "limit": 5000 }));
}
