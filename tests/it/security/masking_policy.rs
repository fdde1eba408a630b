//! Fields that some people see in part: in every answer in the same way, and never by asking around them (B084).
use futures_util::StreamExt;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::city::{Person, Town};

const KEEPS: &[&str] = &["masking_policy.read", "masking_policy.write", "user.read", "role.read"];
const READS: &[&str] = &["account.read", "account.write", "audit.read", "audit.values.read", "event.read"];

struct House {
    town: Town,
    keeper: Person,
    ann: Person,
    account: Value,
}

impl House {
    async fn new() -> Self {
        let town = Town::found().await;
        let keeper = town.person("Keeper", &[KEEPS, READS].concat()).await;
        let ann = town.person("Ann", READS).await;
        let input = json!({ "name": "Globex Corporation" });
        let account = keeper.do_("accountCreate", input, "account { id }").await["account"]["id"].clone();
        Self { town, keeper, ann, account }
    }

    /// A policy about the name of accounts; its id.
    async fn mask(&self, name: &str, method: &str, more: Value) -> Value {
        let mut input = json!({ "name": name, "fields": ["Account.name"], "method": method });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let made = self
            .keeper
            .do_("maskingPolicyCreate", input, "maskingPolicy { id fields method priority }")
            .await;
        made["maskingPolicy"]["id"].clone()
    }

    async fn name_for(&self, person: &Person) -> String {
        let document = "query A($id: ID!) { account(id: $id) { name } }";
        let shown = person.get(document, json!({ "id": self.account })).await;
        shown["account"]["name"].as_str().unwrap().to_owned()
    }
}

fn id_of(person: &Person) -> String {
    portico::store::id::Id::<portico::domains::identity::user::User>::of(person.user).to_string()
}

#[tokio::test]
async fn each_method_shows_what_it_says_from_the_next_request_on() {
    let house = House::new().await;
    let everybody = house.mask("names", "REDACT", json!({})).await;
    assert_eq!(house.name_for(&house.ann).await, "•••");
    let turn = async |method: &str| {
        let input = json!({ "id": everybody, "method": method });
        house.keeper.do_("maskingPolicyUpdate", input, "maskingPolicy { version }").await;
        house.name_for(&house.ann).await
    };
    assert_eq!(turn("PARTIAL").await, "•••tion");
    let hash = turn("HASH").await;
    assert_eq!((hash.len(), hash.contains("Globex")), (16, false));
    let token = turn("TOKENIZE").await;
    assert!(token.starts_with("tok_") && !token.contains(&hash), "{token}");
    assert_eq!(turn("TOKENIZE").await, token, "the same value has the same token");
    assert_eq!(turn("NONE").await, "Globex Corporation");
    // of another organization, the same value has another token
    let other = House::new().await;
    other.mask("names", "TOKENIZE", json!({})).await;
    assert_ne!(other.name_for(&other.ann).await, token);
    turn("REDACT").await;
    house.keeper.do_("maskingPolicyDelete", json!({ "id": everybody }), "deletedId").await;
    assert_eq!(house.name_for(&house.ann).await, "Globex Corporation");
}

#[tokio::test]
async fn the_smallest_priority_counts_of_what_concerns_somebody() {
    let house = House::new().await;
    let role = Uuid::now_v7();
    let given = format!(
        "INSERT INTO access.roles (organization_id, id, name) VALUES ('{0}', '{role}', 'trainee');
         INSERT INTO access.role_assignments (organization_id, id, user_id, role_id) VALUES ('{0}', gen_random_uuid(), '{1}', '{role}')",
        house.town.organization, house.ann.user
    );
    diesel_async::SimpleAsyncConnection::batch_execute(&mut house.town.owner().await, &given).await.unwrap();
    let roles = house.keeper.get("{ roles { nodes { id name } } }", json!({})).await;
    let role = roles["roles"]["nodes"][0]["id"].clone();
    house.mask("trainees", "REDACT", json!({ "roleIds": [role], "priority": 50 })).await;
    assert_eq!(house.name_for(&house.ann).await, "•••");
    assert_eq!(house.name_for(&house.keeper).await, "Globex Corporation");
    house.mask("everybody", "PARTIAL", json!({ "keep": 2 })).await;
    assert_eq!(house.name_for(&house.ann).await, "•••");
    assert_eq!(house.name_for(&house.keeper).await, "•••on");
    let ann = house.mask("but Ann", "NONE", json!({ "userIds": [id_of(&house.ann)], "priority": 1 })).await;
    assert_eq!(house.name_for(&house.ann).await, "Globex Corporation");
    let document = "query P($id: ID!) { maskingPolicy(id: $id) { people { nodes { id } } roles { nodes { id } } createdBy { id } } }";
    let shown = house.keeper.get(document, json!({ "id": ann })).await["maskingPolicy"].clone();
    assert_eq!(shown["people"]["nodes"], json!([{ "id": id_of(&house.ann) }]));
    assert_eq!(shown["createdBy"]["id"], id_of(&house.keeper));
}

#[tokio::test]
async fn nobody_finds_by_the_whole_what_they_see_in_part() {
    let house = House::new().await;
    house.mask("names", "PARTIAL", json!({ "userIds": [id_of(&house.ann)] })).await;
    for arguments in [
        "filter: { name: { eq: \"Globex Corporation\" } }",
        "filter: { not: { name: { contains: \"Glob\" } } }",
        "orderBy: [{ field: NAME }]",
    ] {
        let document = format!("{{ accounts({arguments}) {{ nodes {{ id }} totalCount {{ value }} }} }}");
        let reply = house.ann.ask(&document, json!({})).await.body;
        assert_eq!(reply["errors"][0]["extensions"]["code"], "FORBIDDEN", "{arguments}: {reply:#}");
        assert!(house.keeper.ask(&document, json!({})).await.body.get("errors").is_none());
    }
    // accounts are listed by name unless ordered otherwise: for whoever does not see it whole, by id
    let listed = house.ann.get("{ accounts { nodes { name } } }", json!({})).await;
    assert_eq!(listed["accounts"]["nodes"], json!([{ "name": "•••tion" }]));
}

#[tokio::test]
async fn streams_payloads_and_the_audit_trail_show_the_same() {
    let house = House::new().await;
    house.mask("names", "PARTIAL", json!({ "userIds": [id_of(&house.ann)] })).await;
    let document = "subscription { recordEvents(types: [\"Account\"]) { __typename ... on RecordUpdated { record { ... on Account { name } } } } }";
    let mut events = house.ann.follow(document, json!({}));
    assert_eq!(events.next().await.unwrap()["data"]["recordEvents"]["__typename"], "StreamOpened");
    let input = json!({ "id": house.account, "name": "Initech Limited" });
    house.keeper.do_("accountUpdate", input, "account { id }").await;
    let told = events.next().await.unwrap();
    assert_eq!(told["data"]["recordEvents"]["record"]["name"], "•••ited", "{told:#}");

    let input = json!({ "id": house.account, "name": "Umbrella Holding" });
    let payload = house.ann.do_("accountUpdate", input, "account { name }").await;
    assert_eq!(payload["account"]["name"], "•••ding");

    let trail =
        "query T($id: ID!) { account(id: $id) { auditTrail(first: 1) { nodes { oldValues newValues } } } }";
    let entry = |shown: Value| shown["account"]["auditTrail"]["nodes"][0].clone();
    let seen = entry(house.ann.get(trail, json!({ "id": house.account })).await);
    assert_eq!(
        (&seen["oldValues"]["name"], &seen["newValues"]["name"]),
        (&json!("•••ited"), &json!("•••ding")),
        "{seen:#}"
    );
    let seen = entry(house.keeper.get(trail, json!({ "id": house.account })).await);
    assert_eq!(seen["newValues"]["name"], "Umbrella Holding");
}

#[tokio::test]
async fn what_cannot_be_masked_is_refused_with_why() {
    let house = House::new().await;
    for (fields, method, at) in [
        (json!(["Account.nothing"]), "REDACT", "0"),
        (json!(["name"]), "REDACT", "0"),
        (json!(["Account.name", "Nothing.name"]), "REDACT", "1"),
        // nothing of money can be shown in part, and other records are not what is masked
        (json!(["Deal.value"]), "PARTIAL", "0"),
        (json!(["Deal.owner"]), "REDACT", "0"),
        // never null, and no text
        (json!(["Deal.probability"]), "REDACT", "0"),
        (json!(["Deal.actualCloseDate"]), "HASH", "0"),
    ] {
        let input = json!({ "name": "x", "fields": fields, "method": method });
        let (code, path, _) = house.keeper.refused("maskingPolicyCreate", input).await;
        assert_eq!((code.as_str(), path.join(".")), ("INVALID", format!("input.fields.{at}")), "{fields}");
    }
    let input = json!({ "name": "days", "fields": ["Deal.actualCloseDate"], "method": "REDACT" });
    house.keeper.do_("maskingPolicyCreate", input, "maskingPolicy { id }").await;
}

#[tokio::test]
async fn the_history_of_a_deal_tells_of_a_field_what_the_deal_does() {
    let house = House::new().await;
    let sells = ["deal.read", "deal.write", "deal.value.read", "deal.history.read"];
    let (sam, joe) = (house.town.person("Sam", &sells).await, house.town.person("Joe", &sells).await);
    let (pipeline, stage) = (Uuid::now_v7(), Uuid::now_v7());
    let made = format!(
        "INSERT INTO sales.pipelines (organization_id, id, name) VALUES ('{0}', '{pipeline}', 'P');
         INSERT INTO sales.pipeline_stages (organization_id, id, pipeline_id, name, kind, position, default_probability)
         VALUES ('{0}', '{stage}', '{pipeline}', 'open', 'open', 0, 20)",
        house.town.organization
    );
    diesel_async::SimpleAsyncConnection::batch_execute(&mut house.town.owner().await, &made).await.unwrap();
    let stages = sam.get("{ pipelines { nodes { stages { id } } } }", json!({})).await;
    let stage = &stages["pipelines"]["nodes"][0]["stages"][0]["id"];
    let input = json!({ "name": "Project Nightingale", "region": "EUROPE", "segment": "SMB", "lob": "SOFTWARE",
        "stageId": stage, "value": { "amount": "1000.00", "currency": "EUR" } });
    let deal = sam.do_("dealCreate", input, "deal { id }").await["deal"]["id"].clone();
    sam.do_("dealUpdate", json!({ "id": deal, "name": "Project Skylark" }), "deal { id }").await;
    let more = json!({ "fields": ["Deal.name"], "userIds": [id_of(&joe)] });
    house.mask("deals", "PARTIAL", more).await;
    let document =
        "query H($id: ID!) { deal(id: $id) { name history { nodes { fieldChanged oldValue newValue } } } }";
    let shown = async |person: &Person| {
        let deal = person.get(document, json!({ "id": deal })).await["deal"].clone();
        let history = deal["history"]["nodes"].as_array().unwrap().clone();
        let of_name = history.into_iter().find(|entry| entry["fieldChanged"] == "name").unwrap();
        (deal["name"].clone(), of_name["oldValue"].clone(), of_name["newValue"].clone())
    };
    assert_eq!(shown(&joe).await, (json!("•••lark"), json!("•••gale"), json!("•••lark")));
    assert_eq!(
        shown(&sam).await,
        (json!("Project Skylark"), json!("Project Nightingale"), json!("Project Skylark"))
    );
}
