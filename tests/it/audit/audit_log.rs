use diesel_async::SimpleAsyncConnection;
use portico::store::connect::connect;
use serde_json::json;

use crate::world::city::{Person, Town};

const AUDITOR: &[&str] = &["user.read", "audit.read", "audit.values.read", "audit.review", "account.read"];

async fn account(person: &Person, name: &str) -> serde_json::Value {
    person.do_("accountCreate", json!({ "name": name }), "account { id version }").await["account"].clone()
}

#[tokio::test]
async fn a_change_leaves_one_entry_with_what_was_before_and_after() {
    let town = Town::found().await;
    let seller = town.person("seller", &["account.read", "account.write"]).await;
    let auditor = town.person("auditor", AUDITOR).await;
    let made = account(&seller, "Acme").await;
    let update = json!({ "id": made["id"], "domain": "acme.example" });
    seller.do_("accountUpdate", update, "account { version }").await;

    let query = "query($id: ID!) { auditLogs(filter: { resource: { eq: $id } }) { nodes {
        id action actorType actorName actor { displayName } resourceType resource { ... on Account { name } } success
        changedFields oldValues newValues requestId } totalCount { value } } }";
    let trail = auditor.get(query, json!({ "id": made["id"] })).await;
    assert_eq!(trail["auditLogs"]["totalCount"]["value"], 2);
    let last = &trail["auditLogs"]["nodes"][0];
    assert_eq!(
        (
            &last["action"],
            &last["actorType"],
            &last["actorName"],
            &last["actor"]["displayName"],
            &last["resource"]["name"],
            &last["requestId"]
        ),
        (
            &json!("account.updated"),
            &json!("HUMAN"),
            &json!("seller"),
            &json!("seller"),
            &json!("Acme"),
            &json!("test-seller")
        )
    );
    assert_eq!(
        (&last["oldValues"]["domain"], &last["newValues"]["domain"]),
        (&json!(null), &json!("acme.example"))
    );
    let changed = last["changedFields"].as_array().unwrap();
    assert!(changed.contains(&json!("domain")) && !changed.contains(&json!("name")), "{changed:?}");
    assert_eq!(trail["auditLogs"]["nodes"][1]["action"], "account.created");

    let own = auditor
        .get(
            "query($id: ID!) { account(id: $id) { auditTrail(first: 1) { nodes { action } totalCount { value } } }
               node(id: $id) { ... on Record { auditTrail { nodes { action } } } } }",
            json!({ "id": made["id"] }),
        )
        .await;
    assert_eq!(
        own["account"]["auditTrail"],
        json!({ "nodes": [{ "action": "account.updated" }], "totalCount": { "value": 2 } })
    );
    assert_eq!(own["node"]["auditTrail"]["nodes"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_is_refused_leaves_no_entry_and_what_is_denied_leaves_one() {
    let town = Town::found().await;
    let seller = town.person("seller", &["account.read", "account.write"]).await;
    let auditor = town.person("auditor", AUDITOR).await;
    seller.refused("accountCreate", json!({ "name": " " })).await;
    let count = "{ auditLogs { totalCount { value } nodes { action success } } }";
    assert_eq!(auditor.get(count, json!({})).await["auditLogs"]["totalCount"]["value"], 0);
    let delete =
        "mutation { accountDelete(input: { id: \"acct_7zzzzzzzzzzzzzzzzzzzzzzzzz\" }) { account { id } } }";
    let denied = seller.ask(delete, json!({})).await.body;
    assert_eq!(denied["errors"][0]["extensions"]["code"], "FORBIDDEN");
    assert_eq!(
        auditor.get(count, json!({})).await["auditLogs"]["nodes"],
        json!([{ "action": "accountDelete.denied", "success": false }])
    );
}

#[tokio::test]
async fn entries_are_for_auditors_and_values_for_those_who_may_see_them() {
    let (town, other) = (Town::found().await, Town::found().await);
    let seller = town.person("seller", &["account.read", "account.write"]).await;
    account(&seller, "Acme").await;
    let query = "{ auditLogs { nodes { action newValues ipAddress } } }";
    let denied = seller.ask(query, json!({})).await.body;
    assert_eq!(denied["errors"][0]["extensions"]["requires"], json!(["audit.read"]));
    let reader = town.person("reader", &["audit.read"]).await;
    let partly = reader.ask(query, json!({})).await.body;
    assert_eq!(
        partly["data"]["auditLogs"]["nodes"],
        json!([{ "action": "account.created", "newValues": null, "ipAddress": null }])
    );
    assert_eq!(partly["errors"].as_array().unwrap().len(), 2);
    let stranger = other.person("stranger", AUDITOR).await;
    let nothing = stranger.get("{ auditLogs { nodes { action } } }", json!({})).await;
    assert_eq!(nothing["auditLogs"]["nodes"], json!([]));
}

#[tokio::test]
async fn an_entry_is_reviewed_by_somebody_else() {
    let town = Town::found().await;
    let both = [AUDITOR, &["account.write"]].concat();
    let (seller, auditor) = (town.person("seller", &both).await, town.person("auditor", AUDITOR).await);
    account(&seller, "Acme").await;
    let found = auditor.get("{ auditLogs { nodes { id } } }", json!({})).await;
    let entry = &found["auditLogs"]["nodes"][0]["id"];
    let input = json!({ "auditLogId": entry, "outcome": "ESCALATED", "notes": "Why at night?" });
    let (code, ..) = seller.refused("auditReviewCreate", input.clone()).await;
    assert_eq!(code, "SELF_APPROVAL");
    let selection =
        "auditReview { outcome reviewedBy { displayName } auditLog { action reviews { nodes { notes } } } }";
    let review = auditor.do_("auditReviewCreate", input, selection).await;
    assert_eq!(
        review["auditReview"],
        json!({ "outcome": "ESCALATED", "reviewedBy": { "displayName": "auditor" },
                "auditLog": { "action": "account.created", "reviews": { "nodes": [{ "notes": "Why at night?" }] } } })
    );
}

#[tokio::test]
async fn nobody_changes_or_deletes_entries_not_even_the_owner() {
    let town = Town::found().await;
    let seller = town.person("seller", &["account.read", "account.write"]).await;
    account(&seller, "Acme").await;
    let here = format!("WHERE organization_id = '{}'", town.organization);
    let statements = [
        format!("UPDATE audit.audit_logs SET action = 'nothing' {here}"),
        format!("UPDATE audit.audit_logs SET seq = 1, hash = 'x', occurred_at = now() {here}"),
        format!("DELETE FROM audit.audit_logs {here}"),
        "TRUNCATE audit.audit_logs CASCADE".to_owned(),
        "TRUNCATE audit.audit_logs_default CASCADE".to_owned(),
        format!("TRUNCATE audit.audit_logs_{} CASCADE", chrono::Utc::now().format("%Y_%m")),
    ];
    for role in ["", "SET ROLE portico_app; ", "SET ROLE portico_worker; "] {
        for statement in &statements {
            let mut connection = connect(&town.database.owner_url).await.unwrap();
            let entered = format!(
                "{role}SELECT set_config('app.organization_id', '{}', false); {statement}",
                town.organization
            );
            let refused = connection.batch_execute(&entered).await.unwrap_err().to_string();
            assert!(
                refused.contains("never changed or deleted") || refused.contains("permission denied"),
                "{role}{statement}: {refused}"
            );
        }
    }
}
