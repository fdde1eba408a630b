//! What is masked is masked with all that tells something of it, and one's own is shown as it is (B084).
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::city::{Person, Town};

async fn mask(keeper: &Person, name: &str, fields: Value, method: &str) -> Value {
    let input = json!({ "name": name, "fields": fields, "method": method });
    keeper.do_("maskingPolicyCreate", input, "maskingPolicy { id }").await["maskingPolicy"]["id"].clone()
}

const KEEPS: &[&str] = &["masking_policy.read", "masking_policy.write", "user.read", "user.email.read"];

#[tokio::test]
async fn ones_own_is_shown_as_it_is_with_the_permission_and_without() {
    let town = Town::found().await;
    let keeper = town.person("Keeper", KEEPS).await;
    let (may, may_not) = (
        town.person("May", &["user.read", "user.email.read"]).await,
        town.person("Not", &["user.read"]).await,
    );
    mask(&keeper, "addresses", json!(["User.email"]), "REDACT").await;
    let document = "{ users { nodes { id email } } viewer { user { email } } }";
    for person in [&may, &may_not] {
        let id =
            portico::store::id::Id::<portico::domains::identity::user::User>::of(person.user).to_string();
        let own = format!("-{}@example.com", person.user);
        let body = person.ask(document, json!({})).await.body;
        let email = |of: &Value| of["email"].as_str().map(str::to_owned);
        assert!(email(&body["data"]["viewer"]["user"]).unwrap().ends_with(&own), "{body:#}");
        for user in body["data"]["users"]["nodes"].as_array().unwrap() {
            match email(user) {
                Some(shown) if user["id"] == id.as_str() => assert!(shown.ends_with(&own), "{user}"),
                other => assert_eq!(other.as_deref(), (person.user == may.user).then_some("•••"), "{user}"),
            }
        }
    }
    // but nobody looks for the addresses of others by guessing
    let find = "{ users(filter: { email: { contains: \"may\" } }) { nodes { id } } }";
    assert_eq!(may.ask(find, json!({})).await.body["errors"][0]["extensions"]["code"], "FORBIDDEN");
}

#[tokio::test]
async fn names_and_addresses_are_masked_wherever_they_are_told() {
    let town = Town::found().await;
    let keeper = town.person("Keeper", &[KEEPS, &["account.write", "account.read"]].concat()).await;
    let reader = town
        .person(
            "Reader",
            &["user.read", "user.email.read", "audit.read", "audit.personal.read", "audit.values.read"],
        )
        .await;
    keeper.do_("accountCreate", json!({ "name": "Globex" }), "account { id }").await;
    let names = async || {
        let document = "{ auditLogs(filter: { action: { eq: \"account.created\" } }) { nodes { actorName actorEmail actor { displayName email } } } }";
        let node = reader.get(document, json!({})).await["auditLogs"]["nodes"][0].clone();
        let text = |value: &Value| value.as_str().unwrap().split('-').next().unwrap().to_owned();
        [&node["actorName"], &node["actorEmail"], &node["actor"]["displayName"], &node["actor"]["email"]]
            .map(text)
    };
    assert_eq!(names().await, ["Keeper"; 4]);
    let addresses = mask(&keeper, "addresses", json!(["User.email"]), "REDACT").await;
    assert_eq!(names().await, ["Keeper", "•••", "Keeper", "•••"]);
    keeper.do_("maskingPolicyDelete", json!({ "id": addresses }), "deletedId").await;
    // a name is made of names
    let families = mask(&keeper, "families", json!(["User.lastName"]), "REDACT").await;
    assert_eq!(names().await, ["•••", "Keeper", "•••", "Keeper"]);
    let order = "{ users(orderBy: [{ field: DISPLAY_NAME }]) { nodes { id } } }";
    assert_eq!(reader.ask(order, json!({})).await.body["errors"][0]["extensions"]["code"], "FORBIDDEN");
    // unless a policy says that the name itself is shown
    let input = json!({ "name": "but", "fields": ["User.displayName"], "method": "NONE", "priority": 1 });
    keeper.do_("maskingPolicyCreate", input, "maskingPolicy { id }").await;
    assert_eq!(names().await, ["Keeper"; 4]);
    keeper.do_("maskingPolicyDelete", json!({ "id": families }), "deletedId").await;
}

#[tokio::test]
async fn somebody_without_a_name_is_not_told_by_their_address() {
    let town = Town::found().await;
    let keeper = town.person("Keeper", &[KEEPS, &["account.write", "account.read"]].concat()).await;
    let reader = town.person("Reader", &["audit.read", "audit.personal.read"]).await;
    let nameless = format!("UPDATE identity.users SET display_name = NULL WHERE id = '{}'", keeper.user);
    diesel_async::SimpleAsyncConnection::batch_execute(&mut town.owner().await, &nameless).await.unwrap();
    keeper.do_("accountCreate", json!({ "name": "Globex" }), "account { id }").await;
    let name = async || {
        let document =
            "{ auditLogs(filter: { action: { eq: \"account.created\" } }) { nodes { actorName } } }";
        reader.get(document, json!({})).await["auditLogs"]["nodes"][0]["actorName"].clone()
    };
    assert!(name().await.as_str().unwrap().ends_with("@example.com"));
    mask(&keeper, "addresses", json!(["User.email"]), "PARTIAL").await;
    assert_eq!(name().await, "•••.com");
}

#[tokio::test]
async fn the_value_of_a_deal_is_left_out_with_what_is_reckoned_from_it() {
    let town = Town::found().await;
    let sells = [
        "deal.read",
        "deal.write",
        "deal.value.read",
        "deal.history.read",
        "audit.read",
        "audit.values.read",
    ];
    let keeper = town.person("Keeper", &[KEEPS, &sells].concat()).await;
    let (pipeline, stage) = (Uuid::now_v7(), Uuid::now_v7());
    let made = format!(
        "INSERT INTO sales.pipelines (organization_id, id, name) VALUES ('{0}', '{pipeline}', 'P');
         INSERT INTO sales.pipeline_stages (organization_id, id, pipeline_id, name, kind, position, default_probability)
         VALUES ('{0}', '{stage}', '{pipeline}', 'open', 'open', 0, 20)",
        town.organization
    );
    diesel_async::SimpleAsyncConnection::batch_execute(&mut town.owner().await, &made).await.unwrap();
    let stages = keeper.get("{ pipelines { nodes { stages { id } } } }", json!({})).await;
    let input = json!({ "name": "Nightingale", "region": "EUROPE", "segment": "SMB", "lob": "SOFTWARE",
        "stageId": stages["pipelines"]["nodes"][0]["stages"][0]["id"], "value": { "amount": "1234.00", "currency": "EUR" } });
    let deal = keeper.do_("dealCreate", input, "deal { id }").await["deal"]["id"].clone();
    let update = json!({ "id": deal, "value": { "amount": "4321.00", "currency": "EUR" } });
    keeper.do_("dealUpdate", update, "deal { id }").await;
    let document = "query D($id: ID!) { deal(id: $id) { name value { amount } weightedValue { amount } daysInPipeline
        history { nodes { fieldChanged oldValue newValue } } auditTrail { nodes { oldValues newValues } } } }";
    let before = keeper.get(document, json!({ "id": deal })).await["deal"].clone();
    assert_eq!((&before["value"]["amount"], &before["daysInPipeline"]), (&json!("4321.00"), &json!(0)));
    mask(&keeper, "values", json!(["Deal.value", "Deal.actualCloseDate"]), "REDACT").await;
    let after = keeper.get(document, json!({ "id": deal })).await["deal"].clone();
    assert_eq!(
        (&after["name"], &after["value"], &after["weightedValue"]),
        (&json!("Nightingale"), &Value::Null, &Value::Null)
    );
    assert_eq!(after["daysInPipeline"], Value::Null, "it tells when the deal was closed");
    let text = after.to_string();
    for told in ["4321", "1234", "864.2", "246.8"] {
        assert!(before.to_string().contains(told), "{told}: {before:#}");
        assert!(!text.contains(told), "{told}: {after:#}");
    }
    for arguments in ["filter: { value: { gt: \"1\" } }", "orderBy: [{ field: VALUE }]"] {
        let body =
            keeper.ask(&format!("{{ deals({arguments}) {{ nodes {{ id }} }} }}"), json!({})).await.body;
        assert_eq!(body["errors"][0]["extensions"]["code"], "FORBIDDEN", "{arguments}");
    }
}
