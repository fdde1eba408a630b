//! How many messages may be written (B033): exact under load, at the price of a counter.
use std::time::Duration;

use diesel_async::SimpleAsyncConnection;
use futures_util::{StreamExt, future::join_all, stream};
use portico::store::connect::connect;
use serde_json::{Value, json};

use crate::{
    identity::house::House,
    world::{
        city::{Person, Town},
        postgres,
    },
};

const MAY: &[&str] = &[
    "conversation.read",
    "conversation.write",
    "message.read",
    "message.write",
    "quota.read",
    "usage.read",
    "event.read",
    "audit.read",
];

async fn quota(house: &House, town: &Town, period: &str, limit: i64, enforcement: &str) {
    house
        .sql(&format!(
            "INSERT INTO billing.quotas (organization_id, id, metric, period, limit_value, enforcement)
             VALUES ('{}', gen_random_uuid(), 'messages', '{period}', {limit}, '{enforcement}')",
            town.organization
        ))
        .await;
}

async fn talks(person: &Person, number: usize) -> Vec<Value> {
    let mut talks = Vec::new();
    for _ in 0..number {
        let made = person.do_("conversationCreate", json!({ "title": "Talk" }), "conversation { id }").await;
        talks.push(made["conversation"]["id"].clone());
    }
    talks
}

/// Sends a message; what the quota says where it refuses.
async fn send(person: &Person, talk: &Value) -> Option<Value> {
    let document =
        "mutation ($input: MessageSendInput!) { messageSend(input: $input) { messageEdge { node { seq } }
        userErrors { code message path ... on QuotaExceededError { metric limit used resetsAt } } } }";
    let input = json!({ "input": { "conversationId": talk, "content": "Hello" } });
    let payload = person.get(document, input).await["messageSend"].clone();
    assert_eq!(payload["messageEdge"].is_null(), payload["userErrors"] != json!([]), "{payload:#}");
    payload["userErrors"].get(0).cloned()
}

/// Sends so many, 16 at a time, in several conversations; what was refused.
async fn send_many(person: &Person, talks: &[Value], number: usize) -> Vec<Value> {
    let sent = stream::iter((0..number).map(|turn| send(person, &talks[turn % talks.len()])));
    sent.buffer_unordered(16).filter_map(|refused| async { refused }).collect().await
}

async fn counted(house: &House, town: &Town, period: &str) -> [String; 2] {
    let organization = town.organization;
    let messages = format!("SELECT count(*) FROM chat.messages WHERE organization_id = '{organization}'");
    let used = format!(
        "SELECT sum(messages) FROM billing.usage WHERE organization_id = '{organization}' AND period = '{period}'"
    );
    [house.look(&messages).await, house.look(&used).await]
}

async fn town() -> (House, Town, Person) {
    let database = postgres::shared().await;
    let town = Town::found_in(database.clone()).await;
    let person = town.person("Ann", MAY).await;
    (House::of(&database), town, person)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hard_quota_is_never_exceeded_under_load() {
    let (house, town, ann) = town().await;
    quota(&house, &town, "day", 20, "hard").await;
    quota(&house, &town, "month", 100, "hard").await;
    let talks = talks(&ann, 10).await;
    let refused = join_all((0..50).map(|turn| send(&ann, &talks[turn % 10]))).await;
    let refused: Vec<Value> = refused.into_iter().flatten().collect();
    assert_eq!(refused.len(), 30);
    assert_eq!(counted(&house, &town, "day").await, ["20", "20"]);
    let quotas = "{ quotas { nodes { period used remaining resetsAt } } }";
    let quotas = ann.get(quotas, json!({})).await["quotas"]["nodes"].clone();
    let day = quotas.as_array().unwrap().iter().find(|quota| quota["period"] == "DAY").unwrap();
    assert_eq!((&day["used"], &day["remaining"]), (&json!("20"), &json!("0")));
    for error in &refused {
        let expected = json!({
            "code": "QUOTA_EXCEEDED", "path": ["input"], "metric": "MESSAGES", "limit": "20", "used": "20",
            "message": "The organization has sent the 20 messages that it may send in a day.", "resetsAt": day["resetsAt"],
        });
        assert_eq!(*error, expected);
    }
    // the conversations have no gaps for what was refused
    let gaps = format!(
        "SELECT count(*) FROM chat.conversations c WHERE c.organization_id = '{}' AND c.message_count <>
           (SELECT coalesce(max(m.seq), 0) FROM chat.messages m WHERE m.organization_id = c.organization_id AND m.conversation_id = c.id)",
        town.organization
    );
    assert_eq!(house.look(&gaps).await, "0");
}

/// Far from the limit writers do not wait for each other; close to it they take turns: all that is allowed is let in.
#[tokio::test(flavor = "multi_thread")]
async fn a_limit_is_met_to_the_message_from_far_away() {
    let (house, town, ann) = town().await;
    let running: i64 = house.look("SELECT current_setting('max_connections')").await.parse().unwrap();
    let limit = 1_000_000;
    quota(&house, &town, "month", limit, "hard").await;
    let talks = talks(&ann, 8).await;
    // all but so many were used before: the first ones are written far from the limit
    let left = 2 * running + 30;
    house
        .sql(&format!(
            "INSERT INTO billing.usage (organization_id, period, starts_on, shard, messages)
             VALUES ('{}', 'month', billing.period_start('month', now()), 3, {})",
            town.organization,
            limit - left
        ))
        .await;
    let refused = send_many(&ann, &talks, usize::try_from(left).unwrap() + 25).await;
    assert_eq!(refused.len(), 25, "{refused:?}");
    assert_eq!(counted(&house, &town, "month").await, [left.to_string(), limit.to_string()]);
}

/// A transaction that takes its time keeps nobody from writing in another conversation.
#[tokio::test(flavor = "multi_thread")]
async fn conversations_do_not_wait_for_each_other() {
    let database = postgres::shared().await;
    let (house, town, ann) = town().await;
    quota(&house, &town, "day", 1_000_000, "hard").await;
    let talks = talks(&ann, 12).await;
    // ids are in the order in which they were made
    let places = format!(
        "SELECT string_agg(id || ' ' || billing.shard(id), ',' ORDER BY id) FROM chat.conversations WHERE organization_id = '{}'",
        town.organization
    );
    let places = house.look(&places).await;
    let places: Vec<(&str, &str)> = places.split(',').map(|place| place.split_once(' ').unwrap()).collect();
    let (held, shard_of_held) = places[0];
    let mut slow = connect(&database.owner_url).await.unwrap();
    slow.batch_execute(&format!(
        "BEGIN; INSERT INTO chat.messages (organization_id, id, conversation_id, role, content)
         VALUES ('{}', ops.uuid_v7(), '{held}', 'system', 'slow')",
        town.organization
    ))
    .await
    .unwrap();
    let mut others = 0;
    for (talk, (_, shard)) in talks.iter().zip(&places) {
        if *shard != shard_of_held {
            let sent = tokio::time::timeout(Duration::from_secs(5), send(&ann, talk)).await;
            assert_eq!(sent.expect("waited for another conversation"), None);
            others += 1;
        }
    }
    assert!(others > 0);
    slow.batch_execute("COMMIT").await.unwrap();
}

#[tokio::test]
async fn without_a_quota_nothing_is_limited_and_all_is_counted() {
    let (house, town, ann) = town().await;
    let talks = talks(&ann, 3).await;
    assert!(send_many(&ann, &talks, 12).await.is_empty());
    house
        .sql(&format!(
            "INSERT INTO chat.messages (organization_id, id, conversation_id, role, content, total_tokens, estimated_cost)
             SELECT organization_id, ops.uuid_v7(), id, 'assistant', 'Hi', 150, 0.0025 FROM chat.conversations
             WHERE organization_id = '{}'",
            town.organization
        ))
        .await;
    for period in ["day", "month"] {
        assert_eq!(counted(&house, &town, period).await, ["15", "15"], "{period}");
    }
    let seen = ann.get("{ viewer { organization { dailyUsage { messages tokensUsed costUsd } quotas { nodes { id } } } } }", json!({})).await;
    let usage = &seen["viewer"]["organization"]["dailyUsage"];
    assert_eq!((&usage[0]["messages"], &usage[0]["tokensUsed"]), (&json!("15"), &json!("450")));
    assert_eq!(usage[0]["costUsd"].as_str().unwrap().trim_end_matches('0'), "0.0075");
    assert_eq!(seen["viewer"]["organization"]["quotas"]["nodes"], json!([]));
}

#[tokio::test]
async fn beyond_a_soft_quota_it_is_told_once() {
    let (house, town, ann) = town().await;
    quota(&house, &town, "day", 2, "soft").await;
    let talks = talks(&ann, 2).await;
    let mut events = ann.follow(
        "subscription { recordEvents(types: [\"Quota\"]) { __typename ... on RecordUpdated { kind changedFields record { ... on Quota { exceededAt used remaining } } } } }",
        json!({}),
    );
    let mut next = async || {
        tokio::time::timeout(Duration::from_secs(10), events.next()).await.unwrap().unwrap()["data"]["recordEvents"].clone()
    };
    assert_eq!(next().await["__typename"], "StreamOpened");
    let exceeded = "{ quotas { nodes { exceededAt } } }";
    for _ in 0..2 {
        assert_eq!(send(&ann, &talks[0]).await, None);
    }
    assert_eq!(ann.get(exceeded, json!({})).await["quotas"]["nodes"][0]["exceededAt"], Value::Null);
    assert!(
        join_all((0..6).map(|turn| send(&ann, &talks[turn % 2])))
            .await
            .into_iter()
            .flatten()
            .next()
            .is_none()
    );
    let told = next().await;
    assert_eq!((&told["kind"], &told["changedFields"]), (&json!("quota.exceeded"), &json!(["exceededAt"])));
    assert!(told["record"]["exceededAt"].is_string() && told["record"]["remaining"] == "0", "{told:#}");
    let organization = town.organization;
    for log in [
        format!(
            "SELECT count(*) FROM ops.events WHERE organization_id = '{organization}' AND kind = 'quota.exceeded'"
        ),
        format!(
            "SELECT count(*) FROM audit.audit_logs WHERE organization_id = '{organization}' AND action = 'quota.exceeded'"
        ),
    ] {
        assert_eq!(house.look(&log).await, "1", "{log}");
    }
}

/// The server itself cannot write what was used, nor another organization's quotas.
#[tokio::test]
async fn what_was_used_is_counted_by_messages_alone() {
    let (_, town, ann) = town().await;
    let talks = talks(&ann, 1).await;
    assert_eq!(send(&ann, &talks[0]).await, None);
    let mut server = connect(&town.database.app_url).await.unwrap();
    let enter = format!("SELECT set_config('app.organization_id', '{}', false)", town.organization);
    server.batch_execute(&enter).await.unwrap();
    let refused = server.batch_execute("UPDATE billing.usage SET messages = 0").await.unwrap_err();
    assert!(refused.to_string().contains("follows from the messages"), "{refused}");
    let refused = server.batch_execute("DELETE FROM billing.usage").await.unwrap_err();
    assert!(refused.to_string().contains("permission denied"), "{refused}");
}
