use diesel_async::SimpleAsyncConnection;
use portico::domains::governance::overdue;
use serde_json::{Value, json};

use super::{OFFICER, control};
use crate::world::city::{Person, Town};

async fn tested(officer: &Person, control: &Value, result: &str, at: Option<&str>) -> Value {
    let evidence = json!([{ "name": "List of accounts", "reference": "https://files.example/1" }]);
    let input =
        json!({ "controlId": control["id"], "result": result, "performedAt": at, "evidence": evidence });
    let selection = "controlTest { result performedBy { displayName }
        control { status lastVerifiedAt nextVerificationAt isOverdue version } }";
    officer.do_("controlTestRecord", input, selection).await["controlTest"].clone()
}

#[tokio::test]
async fn the_newest_test_gives_the_control_its_status_and_due_date() {
    let town = Town::found().await;
    let officer = town.person("officer", OFFICER).await;
    let control = control(&officer, "SOX-AC-001").await;
    let test = tested(&officer, &control, "PASS", Some("2026-01-15T12:00:00Z")).await;
    assert_eq!(test["performedBy"]["displayName"], "officer");
    assert_eq!(
        test["control"],
        json!({
            // it passed, but so long ago that it verifies nothing any more
            "status": "NOT_VERIFIED", "lastVerifiedAt": "2026-01-15T12:00:00.000000Z",
            "nextVerificationAt": "2026-04-15T12:00:00.000000Z", "isOverdue": true, "version": 2,
        })
    );
    let earlier = tested(&officer, &control, "FAIL", Some("2026-01-01T12:00:00Z")).await;
    assert_eq!(earlier["control"]["status"], "NOT_VERIFIED");
    let now = tested(&officer, &control, "WARNING", None).await;
    assert_eq!((&now["control"]["status"], &now["control"]["isOverdue"]), (&json!("WARNING"), &json!(false)));

    let listed = officer
        .get(
            r#"{ controlTests(filter: { control: { key: { eq: "SOX-AC-001" } } }) { nodes { result } } }"#,
            json!({}),
        )
        .await;
    let results = json!([{ "result": "WARNING" }, { "result": "PASS" }, { "result": "FAIL" }]);
    assert_eq!(listed["controlTests"]["nodes"], results);

    let future =
        json!({ "controlId": control["id"], "result": "PASS", "performedAt": "2999-01-01T00:00:00Z" });
    let (code, path, _) = officer.refused("controlTestRecord", future).await;
    assert_eq!((code.as_str(), path.last().unwrap().as_str()), ("OUT_OF_RANGE", "performedAt"));
}

#[tokio::test]
async fn a_test_is_a_fact_even_for_the_owner_of_the_table() {
    let town = Town::found().await;
    let officer = town.person("officer", OFFICER).await;
    let control = control(&officer, "SOX-AC-001").await;
    tested(&officer, &control, "FAIL", None).await;
    let mut owner = town.owner().await;
    for statement in
        ["UPDATE governance.control_tests SET result = 'pass'", "DELETE FROM governance.control_tests"]
    {
        let statement = format!("{statement} WHERE organization_id = '{}'", town.organization);
        let refused = owner.batch_execute(&statement).await.unwrap_err().to_string();
        assert!(refused.contains("never changed or deleted"), "{refused}");
    }
}

#[tokio::test]
async fn nothing_passes_without_the_evidence_it_requires() {
    let town = Town::found().await;
    let officer = town.person("officer", OFFICER).await;
    let control = control(&officer, "SOX-AC-001").await;
    let record = |result: &str, evidence: Value| json!({ "controlId": control["id"], "result": result, "evidence": evidence });
    for evidence in [
        json!([]),
        json!([{ "name": "List of accounts", "reference": " " }]),
        json!([{ "name": "Other", "reference": "x" }]),
    ] {
        let (code, path, error) = officer.refused("controlTestRecord", record("PASS", evidence)).await;
        assert_eq!((code.as_str(), path.join(".").as_str()), ("REQUIRED", "input.evidence"));
        assert!(error["message"].as_str().unwrap().contains("List of accounts"), "{error}");
    }
    officer.do_("controlTestRecord", record("FAIL", json!([])), "").await;
    let shown = json!([{ "name": "List of accounts", "reference": "https://files.example/1" }]);
    let selection = "controlTest { evidence { name reference } control { status } }";
    let test = officer.do_("controlTestRecord", record("PASS", shown.clone()), selection).await;
    assert_eq!(test["controlTest"], json!({ "evidence": shown, "control": { "status": "PASS" } }));
}

#[tokio::test]
async fn what_becomes_overdue_is_no_longer_verified() {
    let town = Town::found().await;
    let officer = town.person("officer", &[OFFICER, &["audit.read"]].concat()).await;
    let control = control(&officer, "SOX-AC-001").await;
    tested(&officer, &control, "PASS", None).await;
    let later = format!(
        "UPDATE governance.compliance_controls SET next_verification_at = now() - interval '1 minute' WHERE organization_id = '{}'",
        town.organization
    );
    town.owner().await.batch_execute(&later).await.unwrap();
    let concerned = overdue::sweep(&town.door()).await.unwrap();
    assert!(concerned.contains(&town.organization));
    let query = "query($id: ID!) { complianceControl(id: $id) { status isOverdue version auditTrail(first: 1) { nodes { action actorName } } } }";
    let found = officer.get(query, json!({ "id": control["id"] })).await["complianceControl"].clone();
    let told = json!({ "nodes": [{ "action": "compliance_control.overdue", "actorName": "Portico" }] });
    assert_eq!(
        (&found["status"], &found["isOverdue"], &found["auditTrail"]),
        (&json!("NOT_VERIFIED"), &json!(true), &told)
    );
    overdue::sweep(&town.door()).await.unwrap();
    let again =
        officer.get(query, json!({ "id": control["id"] })).await["complianceControl"]["version"].clone();
    assert_eq!(again, found["version"]);
}
