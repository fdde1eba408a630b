//! Rights that are taken in the middle end an export, and its file is gone.
use portico::language::Language;
use serde_json::json;

use super::{EXPORTS, NODES, Office, uuid};
use crate::{web::language::is_portuguese, world::city::Person};

/// What is done, and what is said then: of `$user` and `$session`.
const ENDS: &[(&str, &str, &str)] = &[
    (
        "the right to see deals",
        "DELETE FROM access.permission_grants g USING access.permissions p WHERE p.id = g.permission_id AND g.user_id = '$user' AND p.name = 'deal.read'",
        "FORBIDDEN",
    ),
    (
        "the right to a field",
        "DELETE FROM access.permission_grants g USING access.permissions p WHERE p.id = g.permission_id AND g.user_id = '$user' AND p.name = 'deal.value.read'",
        "FORBIDDEN",
    ),
    (
        "the right to export",
        "DELETE FROM access.permission_grants g USING access.permissions p WHERE p.id = g.permission_id AND g.user_id = '$user' AND p.name = 'export.create'",
        "FORBIDDEN",
    ),
    ("the account", "UPDATE identity.users SET locked_at = now() WHERE id = '$user'", "UNAUTHENTICATED"),
    (
        "the session",
        "UPDATE identity.sessions SET revoked_at = now() WHERE id = '$session'",
        "UNAUTHENTICATED",
    ),
    (
        "the membership",
        "UPDATE identity.memberships SET status = 'suspended' WHERE organization_id = '$org' AND user_id = '$user'",
        "UNAUTHENTICATED",
    ),
    (
        "the organization",
        "UPDATE identity.organizations SET status = 'suspended' WHERE id = '$org'",
        "TENANT_SUSPENDED",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_in_the_middle_ends_it_and_the_file_is_gone() {
    for (what, end, code) in ENDS {
        let office = Office::open().await;
        office.deals(1_200).await;
        let ann = office.person("Ann", EXPORTS).await;
        let id = office.ask(&ann, &format!("{{ deals {{ {NODES} }} }}"), "NDJSON").await;
        let writing = office.begin(&office.schema, &id).await;
        let end = end.replace("$user", &ann.user.to_string());
        office.sql(&end.replace("$session", &ann.caller.session.unwrap().to_string())).await;
        writing.await.unwrap();
        let facts = format!(
            "SELECT status || ' ' || error_code || ' ' || (row_count BETWEEN 1 AND 1199) || ' ' ||
               (SELECT count(*) FROM ops.export_parts WHERE export_id = e.id) || ' ' ||
               (SELECT string_agg(action, ' ' ORDER BY id) FROM audit.audit_logs WHERE resource_id = e.id::text)
             FROM ops.exports e WHERE id = '{}'",
            uuid(&id)
        );
        let expected = format!("failed {code} true 0 export.created export.failed");
        assert_eq!(office.look(&facts).await, expected, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_masked_in_the_middle_is_masked_from_the_next_page_on() {
    let office = Office::open().await;
    office.deals(1_200).await;
    let ann = office.person("Ann", EXPORTS).await;
    let keeper = office.person("Keeper", &["masking_policy.read", "masking_policy.write", "deal.read"]).await;
    let id = office.ask(&ann, "{ deals { nodes { name } } }", "NDJSON").await;
    let writing = office.begin(&office.schema, &id).await;
    let input = json!({ "name": "names", "fields": ["Deal.name"], "method": "REDACT" });
    keeper.do_("maskingPolicyCreate", input, "maskingPolicy { id }").await;
    writing.await.unwrap();
    let file = office.file(&id).await;
    let masked: Vec<bool> = file.lines().map(|line| line == "{\"name\":\"•••\"}").collect();
    assert_eq!(masked.len(), 1_200);
    let since = masked.iter().position(|masked| *masked).expect("nothing is masked");
    assert!(since > 0 && masked.iter().skip(since).all(|masked| *masked), "{since}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asked_for_it_cancels_it_while_it_waits_and_while_it_runs() {
    let office = Office::open().await;
    office.deals(1_200).await;
    let ann = office.person("Ann", EXPORTS).await;
    let cancelled = async |id: &str| {
        let done =
            ann.do_("exportCancel", json!({ "id": id }), "export { status finishedAt downloadUrl }").await;
        assert_eq!(done["export"]["status"], "CANCELLED");
        assert!(done["export"]["finishedAt"].is_string());
        let (code, path, _) = ann.refused("exportCancel", json!({ "id": id })).await;
        assert_eq!((code.as_str(), path.join(".").as_str()), ("STATE", "input.id"));
    };
    let waiting = office.ask(&ann, "{ deals { nodes { id } } }", "CSV").await;
    cancelled(&waiting).await;
    office.write().await;
    assert_eq!(office.file(&waiting).await, "");

    let running = office.ask(&ann, "{ deals { nodes { id } } }", "CSV").await;
    let writing = office.begin(&office.schema, &running).await;
    cancelled(&running).await;
    writing.await.unwrap();
    let shown = office.shown(&ann, &running).await;
    assert_eq!((&shown["status"], &shown["error"]), (&json!("CANCELLED"), &json!(null)));
    assert_eq!(office.file(&running).await, "");
}

#[tokio::test]
async fn why_it_has_failed_is_told_in_the_language_of_whoever_looks() {
    let office = Office::open().await;
    office.deals(5).await;
    let ann = office.person("Ann", EXPORTS).await;
    let id = office.ask(&ann, &format!("{{ deals {{ {NODES} }} }}"), "NDJSON").await;
    let (_, end, _) = ENDS[0];
    office.sql(&end.replace("$user", &ann.user.to_string())).await;
    office.write().await;
    let mut ana: Person = ann.clone();
    ana.caller.language = Language::Portuguese;
    let (english, portuguese) = (office.shown(&ann, &id).await, office.shown(&ana, &id).await);
    let of = |shown: &serde_json::Value| {
        let text = |part: &str| shown["error"][part].as_str().unwrap().to_owned();
        (text("code"), text("message"))
    };
    assert_eq!(
        of(&english),
        ("FORBIDDEN".to_owned(), "requires the permission `deal.read` at `deals`".to_owned())
    );
    let (code, told) = of(&portuguese);
    assert_eq!(code, "FORBIDDEN");
    assert!(is_portuguese(&told) && told.contains("`deal.read`") && told.contains("`deals`"), "{told}");
    assert_eq!(portuguese["status"], json!("FAILED"));
}
