use serde_json::json;

use super::{OFFICER, control, framework, id_of};
use crate::world::city::Town;

#[tokio::test]
async fn a_control_serves_requirements_of_several_frameworks_both_ways() {
    let town = Town::found().await;
    let officer = town.person("officer", OFFICER).await;
    let control = control(&officer, "SOX-AC-001").await;
    assert_eq!(
        (&control["status"], &control["evidenceRequired"]),
        (&json!("NOT_VERIFIED"), &json!(["List of accounts"]))
    );
    let (sox, gdpr) = (framework(&officer, "SOX").await, framework(&officer, "GDPR").await);
    let (of_sox, of_gdpr) = (&sox["requirements"]["nodes"][2]["id"], &gdpr["requirements"]["nodes"][6]["id"]);

    let set = |ids| json!({ "controlId": control["id"], "requirementIds": ids });
    let selection =
        "complianceControl { requirements { nodes { code framework { name } controls { nodes { key } } } } }";
    let both = officer.do_("controlRequirementsSet", set(vec![of_sox, of_gdpr, of_sox]), selection).await;
    let requirements = both["complianceControl"]["requirements"]["nodes"].as_array().unwrap().clone();
    assert_eq!(requirements.len(), 2);
    for (code, name) in [("404", "SOX"), ("Art. 32", "GDPR")] {
        let expected = json!({ "code": code, "framework": { "name": name }, "controls": { "nodes": [{ "key": "SOX-AC-001" }] } });
        assert!(requirements.contains(&expected), "{requirements:?}");
    }

    let auditor = town.person("auditor", &["audit.read", "audit.values.read"]).await;
    let trail =
        auditor.get("{ auditLogs(first: 1) { nodes { action oldValues newValues } } }", json!({})).await;
    let entry = &trail["auditLogs"]["nodes"][0];
    assert_eq!(
        (&entry["action"], &entry["oldValues"]["requirementIds"]),
        (&json!("compliance_control.requirements_set"), &json!([]))
    );
    assert_eq!(entry["newValues"]["requirementIds"].as_array().unwrap().len(), 2);

    let one = officer.do_("controlRequirementsSet", set(vec![of_gdpr]), selection).await;
    assert_eq!(one["complianceControl"]["requirements"]["nodes"].as_array().unwrap().len(), 1);
    let none = officer.do_("controlRequirementsSet", set(vec![]), selection).await;
    assert_eq!(none["complianceControl"]["requirements"]["nodes"], json!([]));

    let elsewhere = "requirement_7zzzzzzzzzzzzzzzzzzzzzzzzz";
    let (code, path, _) = officer.refused("controlRequirementsSet", set(vec![&json!(elsewhere)])).await;
    assert_eq!((code.as_str(), path.last().unwrap().as_str()), ("NOT_FOUND", "requirementIds"));
}

#[tokio::test]
async fn a_control_is_changed_under_its_version_and_keeps_its_key_to_itself() {
    let town = Town::found().await;
    let officer = town.person("officer", OFFICER).await;
    let first = control(&officer, "SOX-AC-001").await;
    control(&officer, "SOX-AC-002").await;
    let change =
        json!({ "id": first["id"], "expectedVersion": 1, "ownerId": id_of(&officer), "frequency": "DAILY" });
    let changed = officer
        .do_(
            "complianceControlUpdate",
            change.clone(),
            "complianceControl { version frequency owner { displayName } isOverdue framework { name } }",
        )
        .await;
    assert_eq!(
        changed["complianceControl"],
        json!({ "version": 2, "frequency": "DAILY", "owner": { "displayName": "officer" }, "isOverdue": false, "framework": { "name": "SOX" } })
    );
    let (code, ..) = officer.refused("complianceControlUpdate", change).await;
    assert_eq!(code, "CONFLICT");
    for (input, code, field) in [
        (json!({ "key": "SOX-AC-002" }), "NOT_UNIQUE", "key"),
        (json!({ "key": " " }), "INVALID", "key"),
        (json!({ "name": "" }), "INVALID", "name"),
        (json!({ "ownerId": "user_7zzzzzzzzzzzzzzzzzzzzzzzzz" }), "NOT_FOUND", "ownerId"),
    ] {
        let mut input = input;
        input["id"] = first["id"].clone();
        let (refused, path, error) = officer.refused("complianceControlUpdate", input).await;
        assert_eq!((refused.as_str(), path.last().unwrap().as_str()), (code, field), "{error}");
        assert!(!error["message"].as_str().unwrap().contains("violates"), "{error}");
    }
    let listed = officer
        .get(
            r#"{ complianceControls(filter: { key: { startsWith: "SOX" }, owner: { displayName: { eq: "officer" } } }, orderBy: [{ field: KEY, direction: DESC }]) { nodes { key } } }"#,
            json!({}),
        )
        .await;
    assert_eq!(listed["complianceControls"]["nodes"], json!([{ "key": "SOX-AC-001" }]));
}

#[tokio::test]
async fn lists_within_lists_take_the_same_number_of_statements_whatever_their_size() {
    let officer = Town::found().await.person("officer", OFFICER).await;
    let query = "{ complianceFrameworks(first: 20) { nodes { name requirements(first: 5) { nodes { code controls { nodes { key owner { displayName } } } } }
                   controls { nodes { key tests { nodes { result } } issues { nodes { description } } } } } } }";
    let before = officer.ask(query, json!({})).await;
    for key in ["A-1", "A-2", "A-3"] {
        control(&officer, key).await;
    }
    let after = officer.ask(query, json!({})).await;
    assert!(after.body.get("errors").is_none(), "{}", after.body);
    assert!(after.statements <= 8 && before.statements <= after.statements, "{}", after.statements);
}
