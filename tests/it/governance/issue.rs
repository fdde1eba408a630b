use serde_json::{Value, json};

use super::{OFFICER, control, id_of};
use crate::world::city::{Person, Town};

const SELECTION: &str = "complianceIssue { id version status resolvedAt resolvedBy { displayName } resolutionNotes isOverdue assignedTo { displayName } control { key } }";

async fn issue(officer: &Person) -> Value {
    let control = control(officer, "SOX-AC-001").await;
    let input = json!({
        "controlId": control["id"], "description": "Nobody looked", "severity": "HIGH", "dueDate": "2026-01-31",
        "assignedTo": id_of(officer),
    });
    officer.do_("complianceIssueCreate", input, SELECTION).await["complianceIssue"].clone()
}

/// Runs `complianceIssueStart` and the like; gives the payload.
async fn act(person: &Person, step: &str, input_type: &str, input: Value, selection: &str) -> Value {
    let document = format!(
        "mutation($input: ComplianceIssue{input_type}Input!) {{ complianceIssue{step}(input: $input) {{ {selection}
           userErrors {{ code path ... on StateError {{ allowed }} }} }} }}"
    );
    person.get(&document, json!({ "input": input })).await[format!("complianceIssue{step}")].clone()
}

#[tokio::test]
async fn an_issue_goes_from_open_over_in_progress_to_resolved_and_back() {
    let officer = Town::found().await.person("officer", OFFICER).await;
    let made = issue(&officer).await;
    assert_eq!((&made["status"], &made["isOverdue"]), (&json!("OPEN"), &json!(true)));
    assert_eq!(
        (&made["control"]["key"], &made["assignedTo"]["displayName"]),
        (&json!("SOX-AC-001"), &json!("officer"))
    );
    let id = json!({ "id": made["id"] });
    let end = json!({ "id": made["id"], "notes": "Looked" });

    let early = act(&officer, "Resolve", "End", end.clone(), "").await;
    assert_eq!(early["userErrors"][0]["code"], "STATE", "an open issue is not resolved: {early}");
    let started = act(&officer, "Start", "Record", id.clone(), SELECTION).await;
    assert_eq!(started["complianceIssue"]["status"], "IN_PROGRESS");
    let again = act(&officer, "Start", "Record", id.clone(), "").await;
    assert_eq!(again["userErrors"][0]["allowed"], json!(["resolve", "acceptRisk"]));

    let resolved = act(&officer, "Resolve", "End", end.clone(), SELECTION).await;
    let resolved = &resolved["complianceIssue"];
    assert_eq!(
        (
            &resolved["status"],
            &resolved["resolutionNotes"],
            &resolved["resolvedBy"]["displayName"],
            &resolved["isOverdue"]
        ),
        (&json!("RESOLVED"), &json!("Looked"), &json!("officer"), &json!(false))
    );
    assert!(resolved["resolvedAt"].is_string());
    let twice = act(&officer, "Resolve", "End", end, "").await;
    assert_eq!(twice["userErrors"][0]["allowed"], json!(["reopen"]));

    let reopened = act(&officer, "Reopen", "Record", id, SELECTION).await;
    let reopened = &reopened["complianceIssue"];
    assert_eq!(
        (&reopened["status"], &reopened["resolvedAt"], &reopened["resolvedBy"], &reopened["resolutionNotes"]),
        (&json!("OPEN"), &json!(null), &json!(null), &json!(null))
    );
}

#[tokio::test]
async fn a_risk_is_accepted_by_those_who_may_and_the_attempt_of_others_is_recorded() {
    let town = Town::found().await;
    let officer = town.person("officer", OFFICER).await;
    let chief = town.person("chief", &["issue.read", "issue.accept_risk", "audit.read"]).await;
    let made = issue(&officer).await;
    act(&officer, "Start", "Record", json!({ "id": made["id"] }), "").await;
    let accept = "mutation($input: ComplianceIssueEndInput!) { complianceIssueAcceptRisk(input: $input) { complianceIssue { status } } }";
    let input = json!({ "input": { "id": made["id"], "notes": "It costs more than it can harm" } });
    let denied = officer.ask(accept, input.clone()).await.body;
    assert_eq!(denied["errors"][0]["extensions"]["code"], "FORBIDDEN");
    let accepted = chief.get(accept, input).await;
    assert_eq!(accepted["complianceIssueAcceptRisk"]["complianceIssue"]["status"], "ACCEPTED_RISK");
    let trail = chief
        .get(
            r"{ auditLogs(filter: { success: { eq: false } }) { nodes { action errorMessage riskLevel } } }",
            json!({}),
        )
        .await;
    assert_eq!(
        trail["auditLogs"]["nodes"],
        json!([{ "action": "complianceIssueAcceptRisk.denied", "errorMessage": "requires issue.accept_risk", "riskLevel": "MEDIUM" }])
    );
}

#[tokio::test]
async fn the_end_of_an_issue_needs_words() {
    let officer = Town::found().await.person("officer", OFFICER).await;
    let made = issue(&officer).await;
    act(&officer, "Start", "Record", json!({ "id": made["id"] }), "").await;
    let end = json!({ "id": made["id"], "notes": "  " });
    let payload = act(&officer, "Resolve", "End", end, "").await;
    let error = &payload["userErrors"][0];
    assert_eq!((&error["code"], &error["path"]), (&json!("INVALID"), &json!(["input", "notes"])));
}
