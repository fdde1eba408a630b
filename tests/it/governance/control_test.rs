use diesel_async::SimpleAsyncConnection;
use serde_json::{Value, json};

use super::{OFFICER, control};
use crate::world::city::{Person, Town};

async fn tested(officer: &Person, control: &Value, result: &str, at: Option<&str>) -> Value {
    let input = json!({ "controlId": control["id"], "result": result, "performedAt": at });
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
            "status": "PASS", "lastVerifiedAt": "2026-01-15T12:00:00.000000Z",
            "nextVerificationAt": "2026-04-15T12:00:00.000000Z", "isOverdue": true, "version": 2,
        })
    );
    let earlier = tested(&officer, &control, "FAIL", Some("2026-01-01T12:00:00Z")).await;
    assert_eq!(earlier["control"]["status"], "PASS");
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
