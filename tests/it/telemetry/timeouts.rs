//! Out of time: what was read is answered, what was not changed is said not to be, and PostgreSQL does not go on working
//! for somebody who no longer waits.
use std::time::{Duration, Instant};

use diesel::{QueryableByName, sql_query, sql_types::Text};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use portico::store::door::{Caller, Patience, Snapshot};
use serde_json::{Value, json};

use super::{House, hold, market};
use crate::world::{city::Town, server};

const SHORT: (&str, &str) = ("PORTICO_REQUEST_TIMEOUT_MS", "1000");

/// Code, path, and what has become of a change.
fn errors(answer: &Value) -> Vec<Value> {
    let errors = answer["errors"].as_array().cloned().unwrap_or_default();
    let seen =
        |error: &Value| json!([error["extensions"]["code"], error["path"], error["extensions"]["outcome"]]);
    errors.iter().map(seen).collect()
}

#[tokio::test]
async fn what_was_read_in_time_is_answered_and_the_rest_is_null() {
    let (town, ann, _) = market().await;
    let house = House::open(&town, &[SHORT]).await;
    let held = hold(&town, "sales.accounts").await;
    let begun = Instant::now();
    let query = "{ deals { nodes { name account { name } stage { name } } } accounts { nodes { id } } viewer { user { id } } }";
    let answer = house.ask(&ann, query, json!({})).await;
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    let deal = &answer["data"]["deals"]["nodes"][0];
    assert_eq!(deal["name"], "Anvils", "{answer:#}");
    assert_eq!(deal["account"], Value::Null);
    assert_eq!(answer["data"]["accounts"], Value::Null);
    let mut late = errors(&answer);
    late.sort_by_key(ToString::to_string);
    assert!(late.contains(&json!(["TIMEOUT", ["accounts"], null])), "{late:?}");
    assert!(late.contains(&json!(["TIMEOUT", ["deals", "nodes", 0, "account"], null])), "{late:?}");
    // whoever asks next finds connections that are free
    drop(held);
    let answer = house.ask(&ann, query, json!({})).await;
    assert_eq!(answer["data"]["deals"]["nodes"][0]["account"]["name"], "Acme", "{answer:#}");
}

#[tokio::test]
async fn whoever_changes_something_is_told_whether_it_was_changed() {
    let (town, ann, deal) = market().await;
    let house = House::open(&town, &[SHORT]).await;
    let change = "mutation($input: DealUpdateInput!) { dealUpdate(input: $input) {
        deal { name account { name } } userErrors { code } } }";
    let rename = |name: &str| json!({ "input": { "id": deal["id"], "name": name } });
    let named = async || {
        ann.get("{ deals { nodes { name } } }", json!({})).await["deals"]["nodes"][0]["name"].clone()
    };

    // the row is somebody else's for now: nothing is changed, not even when it becomes free
    let mut other = town.owner().await;
    other.batch_execute("BEGIN; SELECT FROM sales.deals FOR UPDATE").await.unwrap();
    let answer = house.ask(&ann, change, rename("Hammers")).await;
    assert_eq!(errors(&answer), [json!(["TIMEOUT", ["dealUpdate"], "ROLLED_BACK"])], "{answer:#}");
    assert!(answer["errors"][0]["message"].as_str().unwrap().contains("nothing was changed"));
    other.batch_execute("ROLLBACK").await.unwrap();
    nothing_runs(&town, "sales").await;
    assert_eq!(named().await, "Anvils");

    // the change is made, and only what is shown of it is late
    let held = hold(&town, "sales.accounts").await;
    let answer = house.ask(&ann, change, rename("Tongs")).await;
    assert_eq!(
        answer["data"]["dealUpdate"]["deal"],
        json!({ "name": "Tongs", "account": null }),
        "{answer:#}"
    );
    assert_eq!(errors(&answer), [json!(["TIMEOUT", ["dealUpdate", "deal", "account"], "COMMITTED"])]);
    drop(held);
    assert_eq!(named().await, "Tongs");

    // of several changes, each says so for itself
    let mut other = town.owner().await;
    other.batch_execute("BEGIN; SELECT FROM sales.deals FOR UPDATE").await.unwrap();
    let both = "mutation($input: DealUpdateInput!) {
        made: accountCreate(input: { name: \"Made\" }) { account { name } userErrors { code } }
        not: dealUpdate(input: $input) { deal { name } userErrors { code } } }";
    let answer = house.ask(&ann, both, rename("Nails")).await;
    assert_eq!(answer["data"]["made"]["account"]["name"], "Made", "{answer:#}");
    assert_eq!(errors(&answer), [json!(["TIMEOUT", ["not"], "ROLLED_BACK"])]);
    drop(other);
    assert_eq!(named().await, "Tongs");
}

#[tokio::test]
async fn the_statements_of_a_client_that_hangs_up_are_stopped() {
    let (town, ann, _) = market().await;
    let house = House::open(&town, &[]).await;
    let _held = hold(&town, "sales.accounts").await;
    let request = house.post(&ann).json(&json!({ "query": "{ accounts { nodes { id } } }" }));
    let asking = tokio::spawn(request.send());
    let patience = Instant::now() + Duration::from_secs(10);
    while running(&town, "accounts").await.is_empty() {
        assert!(Instant::now() < patience, "it never began");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    asking.abort();
    nothing_runs(&town, "accounts").await;
}

#[derive(QueryableByName)]
struct Said {
    #[diesel(sql_type = Text)]
    said: String,
}

/// What the server asks PostgreSQL for at this moment about something.
async fn running(town: &Town, about: &str) -> Vec<String> {
    let asked = "SELECT query AS said FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'
                   AND pid <> pg_backend_pid() AND query LIKE '%' || $1 || '%' AND query NOT LIKE '%pg_stat_activity%'
                   AND wait_event_type = 'Lock'";
    let found: Vec<Said> =
        sql_query(asked).bind::<Text, _>(about).load(&mut town.owner().await).await.unwrap();
    found.into_iter().map(|found| found.said).collect()
}

async fn nothing_runs(town: &Town, about: &str) {
    let patience = Instant::now() + Duration::from_secs(5);
    loop {
        let running = running(town, about).await;
        if running.is_empty() {
            return;
        }
        assert!(Instant::now() < patience, "still running: {running:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn statements_may_take_as_long_as_their_kind_of_caller_has() {
    let (town, ann, _) = market().await;
    let patience =
        Patience { api_key: Some(Duration::from_millis(2500)), anonymous: Some(Duration::from_millis(1500)) };
    let door = server::door(&town.database.app_url, 2).with_patience(patience);
    for (caller, expected) in [(Caller::default(), "1500ms"), (ann.caller.clone(), "20s")] {
        // known and not yet known callers begin in different ways
        for _ in 0..2 {
            let snapshot = door.snapshot(caller.clone().into());
            let asked = sql_query("SELECT current_setting('statement_timeout') AS said");
            let said: Vec<Said> = Snapshot::load(&snapshot, asked).await.unwrap();
            snapshot.close();
            assert_eq!(said[0].said, expected);
        }
    }
}

/// Ends the connection of a change while its commit waits, which alone decides whether it is made.
async fn lose_the_commit(town: &Town) {
    let patience = Instant::now() + Duration::from_secs(10);
    // only then is it ended: conditions are in no order
    let lost = "WITH waiting AS MATERIALIZED (
            SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query = 'COMMIT' AND wait_event = 'advisory')
        SELECT pid::text AS said FROM waiting WHERE pg_terminate_backend(pid)";
    loop {
        let lost: Vec<Said> = sql_query(lost).load(&mut town.owner().await).await.unwrap();
        if !lost.is_empty() {
            return;
        }
        assert!(Instant::now() < patience, "nothing is committed");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn where_the_commit_is_not_answered_it_is_said_that_nobody_knows() {
    let (town, ann, deal) = market().await;
    let house = House::open(&town, &[]).await;
    let mut other = town.owner().await;
    other
        .batch_execute(
            "CREATE FUNCTION sales.wait_to_commit() RETURNS trigger LANGUAGE plpgsql AS
               $$ BEGIN PERFORM pg_advisory_xact_lock(42); RETURN NULL; END $$;
             CREATE CONSTRAINT TRIGGER waits AFTER UPDATE ON sales.deals DEFERRABLE INITIALLY DEFERRED
               FOR EACH ROW EXECUTE FUNCTION sales.wait_to_commit();
             SELECT pg_advisory_lock(42)",
        )
        .await
        .unwrap();
    let change = "mutation($input: DealUpdateInput!) { dealUpdate(input: $input) @idempotent(key: \"once\") {
        deal { name } userErrors { code } } }";
    let body = json!({ "query": change, "variables": { "input": { "id": deal["id"], "name": "Hammers" } } });
    for (language, says) in [
        (
            "en",
            "the database did not say whether it was changed: look before repeating it, or repeat it with the same \
             `@idempotent` key",
        ),
        (
            "pt-BR",
            "o banco de dados não informou se a alteração foi feita: verifique antes de repetir, ou repita com a mesma \
             chave `@idempotent`",
        ),
    ] {
        let ask = house.post(&ann).header("accept-language", language).json(&body).send();
        let (answer, ()) = tokio::join!(ask, lose_the_commit(&town));
        let answer: Value = answer.unwrap().json().await.unwrap();
        assert_eq!(errors(&answer), [json!(["TIMEOUT", ["dealUpdate"], "UNKNOWN"])], "{answer:#}");
        assert_eq!(answer["errors"][0]["message"], says);
    }
    // the key says what has become of it: it was not made, so it is made now, and once
    other.batch_execute("SELECT pg_advisory_unlock(42)").await.unwrap();
    for _ in 0..2 {
        let answer: Value = house.post(&ann).json(&body).send().await.unwrap().json().await.unwrap();
        assert_eq!(answer["data"]["dealUpdate"]["deal"]["name"], "Hammers", "{answer:#}");
    }
    let now = ann.get("{ deals { nodes { version name } } }", json!({})).await;
    assert_eq!(now["deals"]["nodes"], json!([{ "version": 2, "name": "Hammers" }]));
}
