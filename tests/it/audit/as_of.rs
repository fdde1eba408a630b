//! `asOf`: records as they were.
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::{
    sales::deal::{SELLS, deal, pipeline},
    world::city::{Person, Town},
};

const READS: &[&str] = &["audit.read", "account.read"];

/// The moment between what was done before and what is done after.
async fn now() -> DateTime<Utc> {
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    let now = portico::store::clock::now();
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    now
}

const DEAL: &str = "query($id: ID!, $at: DateTime) { deal(id: $id, asOf: $at) {
    name version region status probability expectedCloseDate value { amount currency } weightedValue { amount }
    owner { displayName } stage { name } deletedAt } }";

async fn at(person: &Person, id: &Value, moment: DateTime<Utc>) -> Value {
    person.get(DEAL, json!({ "id": id, "at": moment })).await["deal"].clone()
}

#[tokio::test]
async fn a_record_is_shown_as_it_was() {
    let town = Town::found().await;
    let ann = town.person("Ann", &[SELLS, READS].concat()).await;
    let ann_id = portico::store::id::text("user", ann.user);
    let stages = pipeline(&town, &ann).await;
    let before = now().await;
    let id = ann.do_("dealCreate", deal(&stages["open"], "Alpha"), "deal { id }").await["deal"]["id"].clone();
    let created = now().await;
    let created_like = ann.get(DEAL, json!({ "id": id })).await["deal"].clone();
    let change = json!({ "id": id, "name": "Beta", "region": "NORTH_AMERICA", "ownerId": ann_id,
        "expectedCloseDate": "2027-02-03", "value": { "amount": "5.50", "currency": "USD" } });
    ann.do_("dealUpdate", change, "").await;
    let changed = now().await;
    let changed_like = ann.get(DEAL, json!({ "id": id })).await["deal"].clone();
    ann.do_("dealStageChange", json!({ "id": id, "stageId": stages["won"] }), "").await;
    let won = now().await;
    let won_like = ann.get(DEAL, json!({ "id": id })).await["deal"].clone();
    ann.do_("dealDelete", json!({ "id": id }), "").await;

    assert_eq!(at(&ann, &id, before).await, Value::Null);
    assert_eq!(at(&ann, &id, created).await, created_like);
    assert_eq!(at(&ann, &id, changed).await, changed_like);
    assert_eq!(at(&ann, &id, won).await, won_like);
    assert_eq!(
        (
            &created_like["name"],
            &created_like["region"],
            &created_like["owner"],
            &created_like["stage"]["name"]
        ),
        (&json!("Alpha"), &json!("EUROPE"), &Value::Null, &json!("open"))
    );
    assert_eq!(
        (&changed_like["owner"]["displayName"], &changed_like["value"]["amount"], &won_like["status"]),
        (&json!("Ann"), &json!("5.50"), &json!("WON"))
    );
    assert!(at(&ann, &id, now().await).await["deletedAt"].is_string());
}

#[tokio::test]
async fn how_a_record_was_is_for_those_who_read_the_audit_trail_and_see_the_field() {
    let town = Town::found().await;
    let ann = town.person("Ann", &[SELLS, READS].concat()).await;
    let stages = pipeline(&town, &ann).await;
    let id = ann.do_("dealCreate", deal(&stages["open"], "Alpha"), "deal { id }").await["deal"]["id"].clone();
    let created = now().await;
    ann.do_("dealUpdate", json!({ "id": id, "name": "Beta" }), "").await;

    let bob = town.person("Bob", &["deal.read"]).await;
    let refused = bob.ask(DEAL, json!({ "id": id, "at": created })).await.body;
    assert_eq!(refused["errors"][0]["extensions"]["requires"], json!(["audit.read"]), "{refused:#}");

    let cid = town.person("Cid", &["deal.read", "audit.read"]).await;
    let partly = cid.ask(DEAL, json!({ "id": id, "at": created })).await.body;
    assert_eq!(
        (&partly["data"]["deal"]["name"], &partly["data"]["deal"]["value"]),
        (&json!("Alpha"), &Value::Null)
    );
    assert_eq!(partly["errors"][0]["extensions"]["requires"], json!(["deal.value.read"]), "{partly:#}");

    // nor is there anything for another organization
    let elsewhere = Town::found().await;
    let eve = elsewhere.person("Eve", &[SELLS, READS].concat()).await;
    assert_eq!(at(&eve, &id, created).await, Value::Null);
}

#[tokio::test]
async fn records_are_found_by_what_they_are_called_now() {
    let town = Town::found().await;
    let ann = town.person("Ann", &["account.read", "account.write", "audit.read"]).await;
    let made = json!({ "name": "Old", "externalSystem": "crm", "externalId": "7" });
    let id = ann.do_("accountCreate", made, "account { id }").await["account"]["id"].clone();
    let created = now().await;
    ann.do_("accountUpdate", json!({ "id": id, "name": "New" }), "").await;
    let query = "query($at: DateTime) { account(by: { external: { system: \"crm\", id: \"7\" } }, asOf: $at) { id name } }";
    let found = ann.get(query, json!({ "at": created })).await;
    assert_eq!(found["account"], json!({ "id": id, "name": "Old" }));
    assert_eq!(ann.get(query, json!({})).await["account"]["name"], "New");
}
