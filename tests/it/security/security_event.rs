//! Security events on their way from open to their end, with the clock of those that an authority has to be told of (B089).
use chrono::{DateTime, Duration, Utc};
use diesel_async::SimpleAsyncConnection;
use portico::{
    domains::security::security_event::SecurityEvent,
    store::{door::Caller, id::Id},
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::city::{Person, Town};

const KEEPS: &[&str] = &["security_event.read", "security_event.write", "user.read", "audit.read"];

fn input() -> Value {
    json!({ "eventType": "DATA_BREACH", "severity": "HIGH", "title": "A list was sent to the wrong people",
            "affectedDataTypes": ["email"], "regulatoryNotificationRequired": true })
}

async fn report(keeper: &Person) -> Value {
    let event = "securityEvent { id version status detectionMethod detectionRule occurrences notificationDueAt detectedAt
        isNotificationOverdue }";
    keeper.do_("securityEventReport", input(), event).await["securityEvent"].clone()
}

/// Mutations of one record share an input.
async fn act(person: &Person, name: &str, id: &Value) -> Value {
    let document = format!(
        "mutation ($input: SecurityEventRecordInput!) {{ {name}(input: $input) {{
           securityEvent {{ status version assignedTo {{ id }} resolutionNotes resolvedAt notificationSentAt isNotificationOverdue }}
           userErrors {{ code path ... on StateError {{ allowed }} }} }} }}"
    );
    person.get(&document, json!({ "input": { "id": id } })).await[name].clone()
}

async fn end(person: &Person, name: &str, input: Value) -> Value {
    let document = format!(
        "mutation ($input: SecurityEventEndInput!) {{ {name}(input: $input) {{
           securityEvent {{ status resolutionNotes resolvedAt resolvedBy {{ id }} version }} userErrors {{ code path }} }} }}"
    );
    person.get(&document, json!({ "input": input })).await[name].clone()
}

#[tokio::test]
async fn it_goes_from_open_over_investigating_to_its_end_and_may_be_opened_again() {
    let town = Town::found().await;
    let keeper = town.person("Keeper", KEEPS).await;
    let event = report(&keeper).await;
    let id = &event["id"];
    assert_eq!(
        (&event["status"], &event["detectionMethod"], &event["detectionRule"], &event["occurrences"]),
        (&json!("OPEN"), &json!("MANUAL_REVIEW"), &Value::Null, &json!(1))
    );
    let early = end(&keeper, "securityEventResolve", json!({ "id": id, "notes": "x" })).await;
    assert_eq!(early["userErrors"][0]["code"], "STATE");
    let begun = act(&keeper, "securityEventInvestigate", id).await["securityEvent"].clone();
    let keeper_id = Id::<portico::domains::identity::user::User>::of(keeper.user).to_string();
    assert_eq!((&begun["status"], &begun["assignedTo"]["id"]), (&json!("INVESTIGATING"), &json!(keeper_id)));
    assert_eq!(
        act(&keeper, "securityEventInvestigate", id).await["userErrors"][0]["allowed"],
        json!(["resolve", "dismiss"])
    );
    let silent = end(&keeper, "securityEventResolve", json!({ "id": id, "notes": "  " })).await;
    assert_eq!(silent["userErrors"], json!([{ "code": "INVALID", "path": ["input", "notes"] }]));
    let late =
        end(&keeper, "securityEventResolve", json!({ "id": id, "notes": "x", "expectedVersion": 1 })).await;
    assert_eq!(late["userErrors"][0]["code"], "CONFLICT");
    let ended = end(&keeper, "securityEventResolve", json!({ "id": id, "notes": "They deleted it." })).await;
    let ended = &ended["securityEvent"];
    assert_eq!(
        (&ended["status"], &ended["resolutionNotes"]),
        (&json!("RESOLVED"), &json!("They deleted it."))
    );
    assert_eq!((&ended["resolvedBy"]["id"], ended["resolvedAt"].is_string()), (&json!(keeper_id), true));
    let reopened = act(&keeper, "securityEventReopen", id).await["securityEvent"].clone();
    assert_eq!(
        (&reopened["status"], &reopened["resolutionNotes"], &reopened["resolvedAt"]),
        (&json!("OPEN"), &Value::Null, &Value::Null)
    );
    let dismissed =
        end(&keeper, "securityEventDismiss", json!({ "id": id, "notes": "It was a test." })).await;
    assert_eq!(dismissed["securityEvent"]["status"], "FALSE_POSITIVE");
    let trail = "query T($id: ID!) { securityEvent(id: $id) { auditTrail { nodes { action } } } }";
    let trail = keeper.get(trail, json!({ "id": id })).await["securityEvent"]["auditTrail"]["nodes"].clone();
    let actions: Vec<&str> =
        trail.as_array().unwrap().iter().rev().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(
        actions.join(" "),
        "security_event.created security_event.investigated security_event.resolved security_event.reopened security_event.dismissed"
    );
}

#[tokio::test]
async fn an_authority_is_told_within_72_hours() {
    let town = Town::found().await;
    let keeper = town.person("Keeper", KEEPS).await;
    let event = report(&keeper).await;
    let id = &event["id"];
    let time = |value: &Value| value.as_str().unwrap().parse::<DateTime<Utc>>().unwrap();
    assert_eq!(time(&event["notificationDueAt"]) - time(&event["detectedAt"]), Duration::hours(72));
    assert_eq!(event["isNotificationOverdue"], false);
    let late = format!(
        "UPDATE security.security_events SET detected_at = now() - interval '73 hours' WHERE organization_id = '{}'",
        town.organization
    );
    town.owner().await.batch_execute(&late).await.unwrap();
    let told = act(&keeper, "securityEventNotified", id).await["securityEvent"].clone();
    assert_eq!(
        (told["notificationSentAt"].is_string(), &told["isNotificationOverdue"]),
        (true, &json!(true))
    );
    assert_eq!(act(&keeper, "securityEventNotified", id).await["userErrors"][0]["code"], "STATE");
    let undone = json!({ "id": id, "regulatoryNotificationRequired": false });
    let (code, path, _) = keeper.refused("securityEventUpdate", undone).await;
    assert_eq!((code.as_str(), path.join(".")), ("STATE", "input.regulatoryNotificationRequired".to_owned()));
    let mut plain = input();
    plain["regulatoryNotificationRequired"] = json!(false);
    let plain = keeper.do_("securityEventReport", plain, "securityEvent { id notificationDueAt }").await;
    assert_eq!(plain["securityEvent"]["notificationDueAt"], Value::Null);
    assert_eq!(
        act(&keeper, "securityEventNotified", &plain["securityEvent"]["id"]).await["userErrors"][0]["code"],
        "STATE"
    );
}

#[tokio::test]
async fn it_is_assigned_to_members_and_reported_about_members_alone() {
    let (town, elsewhere) = (Town::found().await, Town::found().await);
    let (keeper, ann) =
        (town.person("Keeper", KEEPS).await, town.person("Ann", &["security_event.read"]).await);
    let stranger = elsewhere.person("Stranger", KEEPS).await;
    let person = |person: &Person| Id::<portico::domains::identity::user::User>::of(person.user).to_string();
    let event = report(&keeper).await;
    let assign = |to: String| json!({ "id": event["id"], "assignedTo": to });
    let done =
        keeper.do_("securityEventAssign", assign(person(&ann)), "securityEvent { assignedTo { id } }").await;
    assert_eq!(done["securityEvent"]["assignedTo"]["id"], person(&ann));
    let (code, path, _) = keeper.refused("securityEventAssign", assign(person(&stranger))).await;
    assert_eq!((code.as_str(), path.join(".")), ("NOT_FOUND", "input.assignedTo".to_owned()));
    let mut about = input();
    about["sourceUserId"] = json!(person(&stranger));
    let (code, path, _) = keeper.refused("securityEventReport", about).await;
    assert_eq!((code.as_str(), path.join(".")), ("NOT_FOUND", "input.sourceUserId".to_owned()));
    // to others there is no such event
    let document = "query E($id: ID!) { securityEvent(id: $id) { id } node(id: $id) { id } }";
    let seen = stranger.get(document, json!({ "id": event["id"] })).await;
    assert_eq!((&seen["securityEvent"], &seen["node"]), (&Value::Null, &Value::Null));
    assert!(ann.get(document, json!({ "id": event["id"] })).await["node"]["id"].is_string());
}

#[tokio::test]
async fn what_repeats_itself_after_the_end_is_another_event_and_a_count_is_no_new_version() {
    let town = Town::found().await;
    let keeper = town.person("Keeper", KEEPS).await;
    let joe = town.person("Joe", &[]).await;
    let deny = async |times: usize| {
        for _ in 0..times {
            joe.ask("mutation { accountCreate(input: { name: \"x\" }) { account { id } } }", json!({})).await;
        }
    };
    let events = async || {
        let all = "{ securityEvents(orderBy: [{ field: DETECTED_AT, direction: ASC }]) { nodes { id version occurrences status } } }";
        keeper.get(all, json!({})).await["securityEvents"]["nodes"].clone()
    };
    deny(12).await;
    let first = events().await;
    assert_eq!(
        (&first[0]["occurrences"], &first[0]["version"], first.as_array().unwrap().len()),
        (&json!(12), &json!(1), 1)
    );
    let ended = end(
        &keeper,
        "securityEventDismiss",
        json!({ "id": first[0]["id"], "expectedVersion": 1, "notes": "A bug." }),
    )
    .await;
    assert_eq!(ended["userErrors"], json!([]));
    deny(1).await;
    let both = events().await;
    assert_eq!((&both[0]["occurrences"], &both[0]["status"]), (&json!(12), &json!("FALSE_POSITIVE")));
    assert_eq!((&both[1]["status"], both.as_array().unwrap().len()), (&json!("OPEN"), 2));
}

#[tokio::test]
async fn what_concerns_no_organization_is_for_those_who_administer_the_platform() {
    let town = Town::found().await;
    let (keeper, admin) = (town.person("Keeper", KEEPS).await, town.person("Admin", &["user.read"]).await);
    let event = Uuid::now_v7();
    let made = format!(
        "INSERT INTO identity.platform_admins (id, email, user_id) VALUES ('{0}', '{0}@example.com', '{1}');
         INSERT INTO security.security_events (organization_id, id, event_type, severity, title) VALUES ('{2}', '{0}', 'other', 'low', 'of the platform')",
        event,
        admin.user,
        Uuid::nil()
    );
    town.owner().await.batch_execute(&made).await.unwrap();
    let id = Id::<SecurityEvent>::of(event).to_string();
    let shows = async |person: &Person| {
        let shown = person.get("{ viewer { platformSecurityEvents { id title } } }", json!({})).await;
        let shown = shown["viewer"]["platformSecurityEvents"].as_array().unwrap().clone();
        shown.iter().any(|event| event["id"] == id.as_str())
    };
    let outside = Person { caller: Caller { organization: None, ..admin.caller.clone() }, ..admin.clone() };
    assert_eq!((shows(&admin).await, shows(&outside).await, shows(&keeper).await), (true, true, false));
    let none = "query E($id: ID!) { securityEvent(id: $id) { id } securityEvents { nodes { id } } }";
    let none = keeper.get(none, json!({ "id": id })).await;
    assert_eq!(none, json!({ "securityEvent": null, "securityEvents": { "nodes": [] } }));
    let input = json!({ "id": id, "isFalsePositive": false, "notes": "Blocked at the firewall." });
    let document = "mutation ($input: PlatformSecurityEventEndInput!) { platformSecurityEventEnd(input: $input) { endedId userErrors { code } } }";
    let refused = keeper.ask(document, json!({ "input": input })).await.body;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN");
    let ended = outside.get(document, json!({ "input": input })).await["platformSecurityEventEnd"].clone();
    assert_eq!(ended, json!({ "endedId": id, "userErrors": [] }));
    let again = outside.get(document, json!({ "input": input })).await["platformSecurityEventEnd"].clone();
    assert_eq!(again["userErrors"], json!([{ "code": "STATE" }]));
}
