//! What operations cost, what callers may spend, and the documents that are trusted.
use std::time::Duration;

use portico::{
    graph::{
        limits::Limits,
        rates::{Rate, RateSettings},
        schema::{Schema, SchemaParts},
    },
    live::Hub,
    store::clock::Steady,
};
use serde_json::json;

use crate::world::{
    city::{Person, Town},
    server,
};

mod documents;
mod validation;

/// The person at a server of the town that is built in another way.
fn at_another_server(town: &Town, person: &Person, change: impl FnOnce(&mut SchemaParts)) -> Person {
    let door = server::door(&town.database.app_url, 4);
    let mut parts = server::parts(door.clone(), Hub::new(door), Limits::default());
    change(&mut parts);
    Person { schema: Schema::new(parts), ..person.clone() }
}

#[tokio::test]
async fn an_answer_tells_what_it_cost() {
    let town = Town::found().await;
    let ann = town.person("ann", &["account.read", "account.write", "account.create"]).await;
    let cost = |body: &serde_json::Value| body["extensions"]["cost"].clone();
    let made = ann
        .ask(
            "mutation($input: AccountCreateInput!) { accountCreate(input: $input) { account { id } userErrors { code } } }",
            json!({ "input": { "name": "Acme" } }),
        )
        .await
        .body;
    assert!(made.get("errors").is_none(), "{made:#}");
    // ten for the change, its payload, what it shows, and room for ten errors
    assert_eq!(cost(&made)["requested"], 10 + 1 + 1 + 10);
    assert_eq!(
        cost(&made)["actual"],
        10 + 1 + u64::from(made["data"]["accountCreate"]["account"].is_object())
    );
    let listed =
        "{ accounts(first: 5) { nodes { id owner { id } } totalCount { value } } viewer { user { id } } }";
    let listed = ann.ask(listed, json!({})).await.body;
    let nodes = listed["data"]["accounts"]["nodes"].as_array().unwrap();
    let owners = nodes.iter().filter(|node| node["owner"].is_object()).count();
    assert_eq!(
        cost(&listed),
        json!({ "requested": 5 * 2 + 10 + 2, "actual": nodes.len() + owners + 10 + 2, "limit": 50_000 })
    );
    let refused = ann.ask("{ nothing }", json!({})).await.body;
    assert!(refused.get("extensions").is_none(), "{refused:#}");
}

#[tokio::test]
async fn the_viewer_sees_what_is_left() {
    let town = Town::found().await;
    let ann = town.person("ann", &[]).await;
    let clock = Steady::stopped();
    let ann = at_another_server(&town, &ann, |parts| {
        let rate = |burst| Rate { per_minute: 60, burst };
        parts.rates = RateSettings { person: rate(100), organization: rate(120), ..RateSettings::NONE };
        parts.clock = clock.clone();
    });
    let query = "{ viewer { rateLimit { limit perMinute remaining used cost resetAt } } }";
    let left = |data: &serde_json::Value| data["viewer"]["rateLimit"].clone();
    let first = left(&ann.get(query, json!({})).await);
    assert_eq!(
        (&first["limit"], &first["perMinute"], &first["remaining"], &first["used"], &first["cost"]),
        (&json!(100), &json!(60), &json!(98), &json!(2), &json!(2))
    );
    clock.pass(Duration::from_secs(1));
    assert_eq!(left(&ann.get(query, json!({})).await)["remaining"], 97);
    // a colleague has their own, until the organization's is the scarcer
    let bob = Person { schema: ann.schema.clone(), ..town.person("bob", &[]).await };
    assert_eq!(left(&bob.get(query, json!({})).await)["remaining"], 98);
    for _ in 0..25 {
        drop(ann.get(query, json!({})).await);
    }
    let shared = left(&bob.get(query, json!({})).await);
    assert_eq!((&shared["limit"], &shared["remaining"]), (&json!(120), &json!(120 - 2 * 29 + 1)));
    // in another organization nothing was spent
    let elsewhere = Town::found().await;
    let eve = Person { schema: ann.schema.clone(), ..elsewhere.person("eve", &[]).await };
    assert_eq!(left(&eve.get(query, json!({})).await)["remaining"], 98);
}

#[tokio::test]
async fn what_is_followed_takes_points_once() {
    use futures_util::StreamExt;
    let town = Town::found().await;
    let ann = town.person("ann", &["event.read", "deal.read"]).await;
    let ann = at_another_server(&town, &ann, |parts| {
        parts.rates = RateSettings { person: Rate { per_minute: 1, burst: 25 }, ..RateSettings::NONE };
        parts.clock = Steady::stopped();
    });
    let follow = "subscription { recordEvents(types: [\"Deal\"]) { __typename } }";
    let (mut one, mut two) = (ann.follow(follow, json!({})), ann.follow(follow, json!({})));
    assert_eq!(one.next().await.unwrap()["data"]["recordEvents"]["__typename"], "StreamOpened");
    assert_eq!(two.next().await.unwrap()["data"]["recordEvents"]["__typename"], "StreamOpened");
    let refused = ann.follow(follow, json!({})).next().await.unwrap();
    assert_eq!(refused["errors"][0]["extensions"]["code"], "RATE_LIMITED");
}
