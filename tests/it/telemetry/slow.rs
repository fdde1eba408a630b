//! Operations that take too long are noted, with their statements and how the slowest is carried out.
use std::time::Duration;

use diesel_async::SimpleAsyncConnection;
use portico::store::slow_operations::{self, Noted};
use serde_json::{Value, json};

use super::{House, hold, market};
use crate::{command::portico, world::city::Town};

/// Asks while the companies are held for a while.
async fn slowly(town: &Town, ask: impl Future<Output = Value>) -> Value {
    let mut held = hold(town, "sales.accounts").await;
    let release = async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        held.batch_execute("ROLLBACK").await.unwrap();
    };
    tokio::join!(ask, release).0
}

async fn noted(town: &Town, many: usize) -> Vec<Noted> {
    for _ in 0..200 {
        let noted = slow_operations::latest(&town.database.owner_url, None, 20).await.unwrap();
        if noted.len() >= many {
            return noted;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("nothing was noted")
}

#[tokio::test]
async fn a_slow_operation_is_kept_with_the_plan_of_its_slowest_statement() {
    let (town, ann, _) = market().await;
    let house = House::open(&town, &[("PORTICO_SLOW_OPERATION_MS", "200")]).await;
    house.ask(&ann, "query Quick { deals { nodes { id } } }", json!({})).await;
    let query = "query Slow($name: String!) {
        accounts(filter: { and: [{ name: { contains: $name } }, { domain: { eq: \"hunter2.example\" } }] }) { nodes { name } } }";
    let answer = slowly(&town, house.ask(&ann, query, json!({ "name": "hunter2" }))).await;
    assert_eq!(answer["data"]["accounts"]["nodes"], json!([]), "{answer:#}");

    let all = noted(&town, 1).await;
    assert_eq!(all.len(), 1, "{all:#?}");
    let slow = &all[0];
    assert_eq!((slow.kind.as_deref(), slow.operation.as_deref()), (Some("query"), Some("Slow")));
    assert_eq!(slow.organization, Some(format!("town-{}", town.organization.simple())));
    assert!(slow.took_ms >= 200 && slow.database_ms >= 200 && slow.cost > 0, "{slow:#?}");
    assert_eq!(slow.slowest.as_deref(), Some("SELECT sales.accounts"));
    assert!(slow.slowest_ms.unwrap() >= 200);
    let classes = slow.statements.as_array().unwrap();
    let accounts = classes.iter().find(|class| class["class"] == "SELECT sales.accounts").unwrap();
    assert_eq!((&accounts["times"], &accounts["rows"]), (&json!(1), &json!(0)));
    let plan = slow.plan.as_deref().unwrap();
    // generic, and below row-level security
    assert!(plan.contains("accounts") && plan.contains('$') && plan.contains("cost="), "{plan}");
    assert!(!plan.contains("actual time"), "{plan}");
    assert!(!format!("{all:?}").contains("hunter2"), "{all:#?}");

    // and whoever operates the server reads it
    let output = tokio::task::spawn_blocking({
        let database = town.database.clone();
        move || {
            let mut command = portico("telemetry-slow");
            command.arg("slow").env("DATABASE_URL", &database.app_url);
            command.env("DATABASE_OWNER_URL", &database.owner_url).output().unwrap()
        }
    });
    let output = output.await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    for expected in
        ["query Slow", "SELECT sales.accounts: 1 times", "slowest: SELECT sales.accounts", "cost="]
    {
        assert!(said.contains(expected), "{expected} in {said}{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[tokio::test]
async fn a_slow_change_is_explained_without_being_made_again() {
    let (town, ann, deal) = market().await;
    let house = House::open(&town, &[("PORTICO_SLOW_OPERATION_MS", "200")]).await;
    let mut other = town.owner().await;
    other.batch_execute("BEGIN; SELECT FROM sales.deals FOR UPDATE").await.unwrap();
    let change = "mutation Rename($input: DealUpdateInput!) { dealUpdate(input: $input) { deal { version } userErrors { code } } }";
    let input = json!({ "input": { "id": deal["id"], "name": "Hammers" } });
    let release = async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        other.batch_execute("ROLLBACK").await.unwrap();
    };
    let (answer, ()) = tokio::join!(house.ask(&ann, change, input), release);
    let version = answer["data"]["dealUpdate"]["deal"]["version"].clone();
    let all = noted(&town, 1).await;
    assert_eq!((all[0].kind.as_deref(), all[0].operation.as_deref()), (Some("mutation"), Some("Rename")));
    assert!(all[0].plan.as_deref().unwrap().contains("deals"), "{all:#?}");
    let now = ann.get("{ deals { nodes { version name } } }", json!({})).await;
    assert_eq!(now["deals"]["nodes"], json!([{ "version": version, "name": "Hammers" }]));
}

#[tokio::test]
async fn only_the_latest_are_kept() {
    let (town, ann, _) = market().await;
    let many = format!(
        "INSERT INTO ops.slow_operations (organization_id, id, request_id, took_ms, database_ms, waiting_ms, cost, statements)
         SELECT '{}', ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'old', 1, 1, 0, 1, '[]'
           FROM generate_series(1, {}) AS n",
        town.organization,
        slow_operations::MOST + 5
    );
    town.owner().await.batch_execute(&many).await.unwrap();
    let house = House::open(&town, &[("PORTICO_SLOW_OPERATION_MS", "1")]).await;
    slowly(&town, house.ask(&ann, "query Newest { accounts { nodes { id } } }", json!({}))).await;
    for _ in 0..200 {
        let all = slow_operations::latest(&town.database.owner_url, None, 5000).await.unwrap();
        if all[0].operation.as_deref() == Some("Newest") {
            assert_eq!(i64::try_from(all.len()).unwrap(), slow_operations::MOST);
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("the newest was not noted");
}
