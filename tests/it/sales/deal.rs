use diesel_async::SimpleAsyncConnection;
use futures_util::{StreamExt, stream::BoxStream};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::city::{Person, Town};

pub const SELLS: &[&str] =
    &["deal.read", "deal.write", "deal.delete", "deal.value.read", "deal.history.read", "user.read"];

const SELECTION: &str = "deal { id version name status probability actualCloseDate closeReason daysInPipeline
    value { amount currency } weightedValue { amount currency } stage { name } stageEnteredAt }";

/// A pipeline of three stages; their ids, by what they mean.
pub async fn pipeline(town: &Town, person: &Person) -> Value {
    let pipeline = Uuid::now_v7();
    let made = format!(
        "INSERT INTO sales.pipelines (organization_id, id, name) VALUES ('{0}', '{pipeline}', 'P');
         INSERT INTO sales.pipeline_stages (organization_id, id, pipeline_id, name, kind, position, default_probability)
           SELECT '{0}', gen_random_uuid(), '{pipeline}', kind, kind, place, chance
           FROM (VALUES ('open', 0, 20), ('won', 1, 100), ('lost', 2, 0)) AS s (kind, place, chance)",
        town.organization
    );
    town.owner().await.batch_execute(&made).await.unwrap();
    let found = person.get("{ pipelines { nodes { stages { id name } } } }", json!({})).await;
    let stages = found["pipelines"]["nodes"][0]["stages"].as_array().unwrap().clone();
    stages
        .into_iter()
        .map(|stage| (stage["name"].as_str().unwrap().to_owned(), stage["id"].clone()))
        .collect()
}

pub fn deal(stage: &Value, name: &str) -> Value {
    json!({ "name": name, "region": "EUROPE", "segment": "SMB", "lob": "SOFTWARE", "stageId": stage,
            "value": { "amount": "1000.00", "currency": "EUR" } })
}

#[tokio::test]
async fn a_stage_brings_status_probability_and_dates_with_it() {
    let town = Town::found().await;
    let ann = town.person("Ann", SELLS).await;
    let stages = pipeline(&town, &ann).await;
    let made = ann.do_("dealCreate", deal(&stages["open"], "Acme"), SELECTION).await["deal"].clone();
    assert_eq!(
        (&made["status"], &made["probability"], &made["weightedValue"]["amount"], &made["daysInPipeline"]),
        (&json!("OPEN"), &json!("20.00"), &json!("200.00"), &json!(0)),
        "{made:#}"
    );
    let to = |stage: &str| json!({ "id": made["id"], "stageId": stages[stage] });
    let won = ann.do_("dealStageChange", to("won"), SELECTION).await["deal"].clone();
    assert_eq!((&won["status"], &won["weightedValue"]["amount"]), (&json!("WON"), &json!("1000.00")));
    assert!(won["actualCloseDate"].is_string());
    assert!(won["stageEnteredAt"].as_str() > made["stageEnteredAt"].as_str());

    let (code, path, _) = ann.refused("dealStageChange", to("lost")).await;
    assert_eq!((code.as_str(), path.join(".").as_str()), ("REQUIRED", "input.closeReason"));
    let mut lost = to("lost");
    lost["closeReason"] = json!("Price");
    let lost = ann.do_("dealStageChange", lost, SELECTION).await["deal"].clone();
    assert_eq!(
        (&lost["status"], &lost["closeReason"], &lost["probability"]),
        (&json!("LOST"), &json!("Price"), &json!("0.00"))
    );
    let open = ann.do_("dealStageChange", to("open"), SELECTION).await["deal"].clone();
    assert_eq!(
        (&open["status"], &open["closeReason"], &open["actualCloseDate"]),
        (&json!("OPEN"), &json!(null), &json!(null))
    );
}

#[tokio::test]
async fn every_change_of_a_deal_is_history() {
    let town = Town::found().await;
    let ann = town.person("Ann", SELLS).await;
    let stages = pipeline(&town, &ann).await;
    let made = ann.do_("dealCreate", deal(&stages["open"], "Acme"), SELECTION).await["deal"].clone();
    let update = json!({ "id": made["id"], "expectedVersion": 1, "name": "Acme 2", "value": { "amount": "500", "currency": "EUR" } });
    ann.do_("dealUpdate", update.clone(), "").await;
    let (code, ..) = ann.refused("dealUpdate", update).await;
    assert_eq!(code, "CONFLICT");
    let query = "query($id: ID!) { deal(id: $id) { history { nodes { fieldChanged oldValue newValue changedBy { displayName } changeSource deal { id } } } } }";
    let found = ann.get(query, json!({ "id": made["id"] })).await;
    let mut changed: Vec<String> = found["deal"]["history"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| {
            assert_eq!(
                (&line["changedBy"]["displayName"], &line["deal"]["id"]),
                (&json!("Ann"), &made["id"])
            );
            line["fieldChanged"].as_str().unwrap().to_owned()
        })
        .collect();
    changed.sort();
    assert_eq!(changed, ["name", "value"]);
}

#[tokio::test]
async fn what_could_not_be_kept_is_not_looked_for_either() {
    let town = Town::found().await;
    let ann = town.person("Ann", SELLS).await;
    let query = "query($filter: DealFilter, $pipelines: PipelineFilter) {
        deals(filter: $filter) { nodes { id } } pipelines(filter: $pipelines) { nodes { id } } }";
    let ask = async |filter: Value| ann.ask(query, json!({ "filter": filter, "pipelines": {} })).await.body;
    for (filter, message) in [
        (json!({ "name": { "eq": "a\u{0}b" } }), "a text contains the character U+0000"),
        (json!({ "expectedCloseDate": { "lt": "-4713-01-01" } }), "years are those from 1 to 9999"),
        (json!({ "expectedCloseDate": { "lt": "0000-12-31" } }), "years are those from 1 to 9999"),
    ] {
        let answer = ask(filter).await;
        let errors = answer["errors"].as_array().unwrap();
        let error = errors.iter().find(|error| error["extensions"]["code"] == "BAD_USER_INPUT").unwrap();
        assert!(error["message"].as_str().unwrap().contains(message), "{answer:#}");
        // what was asked together with it was read before, or is said not to have been
        let other = errors.iter().find(|error| error["path"][0] == "pipelines");
        assert!(answer["data"]["pipelines"].is_object() || other.is_some(), "{answer:#}");
        assert!(!answer.to_string().contains("INTERNAL"), "{answer:#}");
    }
    assert!(
        ask(json!({ "expectedCloseDate": { "gte": "0001-01-01", "lte": "9999-12-31" } }))
            .await
            .get("errors")
            .is_none()
    );
}

#[tokio::test]
async fn deals_are_deleted_restored_and_paged_both_ways() {
    let town = Town::found().await;
    let ann = town.person("Ann", SELLS).await;
    let stages = pipeline(&town, &ann).await;
    let mut ids = Vec::new();
    for name in ["a", "b", "c"] {
        ids.push(ann.do_("dealCreate", deal(&stages["open"], name), SELECTION).await["deal"]["id"].clone());
    }
    ann.do_("dealDelete", json!({ "id": ids[1] }), "").await;
    let names = async |arguments: &str| {
        let query = format!(
            "{{ deals({arguments} orderBy: [{{ field: NAME }}]) {{ nodes {{ name }} totalCount {{ value }} pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}"
        );
        ann.get(&query, json!({})).await["deals"].clone()
    };
    assert_eq!(names("").await["nodes"], json!([{ "name": "a" }, { "name": "c" }]));
    assert_eq!(names("deleted: ONLY").await["nodes"], json!([{ "name": "b" }]));
    let (code, ..) = ann.refused("dealUpdate", json!({ "id": ids[1], "name": "x" })).await;
    assert_eq!(code, "STATE");
    ann.do_("dealRestore", json!({ "id": ids[1] }), "").await;
    let first = names("first: 2").await;
    assert_eq!(
        (&first["nodes"], &first["totalCount"]["value"]),
        (&json!([{ "name": "a" }, { "name": "b" }]), &json!(3))
    );
    assert_eq!(
        (&first["pageInfo"]["hasNextPage"], &first["pageInfo"]["hasPreviousPage"]),
        (&json!(true), &json!(false))
    );
    let rest = names(&format!("first: 2, after: {}", first["pageInfo"]["endCursor"])).await;
    assert_eq!(rest["nodes"], json!([{ "name": "c" }]));
    let back = names(&format!("last: 1, before: {}", rest["pageInfo"]["startCursor"])).await;
    assert_eq!(
        (&back["nodes"], &back["pageInfo"]["hasPreviousPage"]),
        (&json!([{ "name": "b" }]), &json!(true))
    );
}

/// Row-level security refuses what lies outside the caller's region, in words and without its own.
#[tokio::test]
async fn a_deal_of_another_region_is_refused_in_plain_words() {
    let town = Town::found().await;
    let (ann, ben) = (town.person("Ann", SELLS).await, town.person("Ben", &[]).await);
    let stages = pipeline(&town, &ann).await;
    let role = Uuid::now_v7();
    let limited = format!(
        "INSERT INTO access.roles (organization_id, id, name, metadata) VALUES ('{0}', '{role}', 'of_region', '{{\"row_scope\": \"region\"}}');
         INSERT INTO access.role_permissions (organization_id, id, role_id, permission_id, permission_org_id)
           SELECT '{0}', gen_random_uuid(), '{role}', id, '{0}' FROM access.permissions WHERE organization_id = '{0}';
         INSERT INTO access.role_assignments (organization_id, id, user_id, role_id) VALUES ('{0}', gen_random_uuid(), '{1}', '{role}');
         UPDATE identity.memberships SET region = 'north_america' WHERE organization_id = '{0}' AND user_id = '{1}'",
        town.organization, ben.user
    );
    town.owner().await.batch_execute(&limited).await.unwrap();
    let (code, path, error) = ben.refused("dealCreate", deal(&stages["open"], "Elsewhere")).await;
    assert_eq!((code.as_str(), path), ("INVALID", vec!["input".to_owned()]));
    let text = error.to_string();
    assert!(text.contains("region") && !text.contains("policy") && !text.contains("deals"), "{text}");
}

#[tokio::test]
async fn every_change_of_a_deal_is_told_and_told_again_after_a_cursor() {
    let town = Town::found().await;
    let ann = town.person("Ann", &[SELLS, &["event.read"]].concat()).await;
    let stages = pipeline(&town, &ann).await;
    const FOLLOW: &str =
        "subscription($after: EventCursor) { recordEvents(types: [\"Deal\"], after: $after) { __typename
        ... on Event { cursor } ... on RecordCreated { record { ... on Deal { name } } }
        ... on RecordUpdated { changedFields } ... on RecordDeleted { record { ... on Deal { name } } } } }";
    let start = ann.get("{ viewer { eventCursor } }", json!({})).await["viewer"]["eventCursor"].clone();
    let made = ann.do_("dealCreate", deal(&stages["open"], "Acme"), SELECTION).await["deal"].clone();
    let mut stream = ann.follow(FOLLOW, json!({ "after": start }));
    assert_eq!(next(&mut stream).await["__typename"], "StreamOpened");
    let created = next(&mut stream).await;
    assert_eq!(created["record"], json!({ "name": "Acme" }));
    ann.do_("dealUpdate", json!({ "id": made["id"], "name": "Acme 2" }), "").await;
    let updated = next(&mut stream).await;
    assert!(updated["changedFields"].as_array().unwrap().contains(&json!("name")), "{updated}");
    drop(stream);
    ann.do_("dealDelete", json!({ "id": made["id"] }), "").await;
    let mut stream = ann.follow(FOLLOW, json!({ "after": updated["cursor"] }));
    assert_eq!(next(&mut stream).await["__typename"], "StreamOpened");
    let deleted = next(&mut stream).await;
    assert_eq!(
        (&deleted["__typename"], &deleted["record"]),
        (&json!("RecordDeleted"), &json!({ "name": "Acme 2" }))
    );
}

async fn next(stream: &mut BoxStream<'static, Value>) -> Value {
    stream.next().await.unwrap()["data"]["recordEvents"].clone()
}
