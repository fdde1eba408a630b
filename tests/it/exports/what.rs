//! What is exported: what the list shows, and nothing that it does not.
use futures_util::StreamExt;
use serde_json::json;

use super::{EXPORTS, NODES, Office, lines, listed, uuid};

const KEEPS: &[&str] = &["masking_policy.read", "masking_policy.write", "deal.read"];

#[tokio::test]
async fn a_file_holds_what_the_list_shows_in_its_order() {
    let office = Office::open().await;
    office.deals(57).await;
    let ann = office.person("Ann", EXPORTS).await;
    for list in [
        "deals",
        "deals(orderBy: [{ field: VALUE, direction: DESC }])",
        "deals(filter: { region: { eq: EUROPE } }, orderBy: [{ field: NAME }])",
        "deals(filter: { name: { eq: \"no such deal\" } })",
    ] {
        let file = office.export(&ann, &format!("{{ {list} {{ {NODES} }} }}"), "NDJSON").await;
        let rows = listed(&ann, list, NODES).await;
        assert_eq!(lines(&file), rows, "{list}");
        // to the letter: the fields stand in the order in which they are asked for
        assert!(rows.is_empty() || file.starts_with("{\"id\":\"deal_"), "{file}");
    }
}

#[tokio::test]
async fn conditions_of_a_right_hold_in_files() {
    let office = Office::open().await;
    office.deals(40).await;
    let ann = office.person("Ann", EXPORTS).await;
    office
        .sql(&format!(
            "UPDATE access.permission_grants g SET additional_conditions =
               '{{\"attribute\": \"resource.region\", \"operator\": \"eq\", \"value\": \"EUROPE\"}}'
             FROM access.permissions p WHERE p.id = g.permission_id AND g.user_id = '{}' AND p.name = 'deal.read'",
            ann.user
        ))
        .await;
    let file = office.export(&ann, &format!("{{ deals {{ {NODES} }} }}"), "NDJSON").await;
    let rows = lines(&file);
    assert_eq!(rows.len(), 13);
    assert!(rows.iter().all(|row| row["region"] == "EUROPE"));
    assert_eq!(rows, listed(&ann, "deals", NODES).await);
    // a field that is shown of some records alone is null of the others, as in lists
    office
        .sql(&format!(
            "UPDATE access.permission_grants g SET additional_conditions = CASE p.name WHEN 'deal.value.read' THEN
               '{{\"attribute\": \"resource.region\", \"operator\": \"eq\", \"value\": \"EUROPE\"}}'::jsonb ELSE '{{}}' END
             FROM access.permissions p WHERE p.id = g.permission_id AND g.user_id = '{}' AND p.name IN ('deal.read', 'deal.value.read')",
            ann.user
        ))
        .await;
    let file = office.export(&ann, &format!("{{ deals {{ {NODES} }} }}"), "NDJSON").await;
    let rows = lines(&file);
    assert_eq!(rows, listed(&ann, "deals", NODES).await);
    let with_value = rows.iter().filter(|row| !row["value"].is_null()).count();
    assert_eq!((rows.len(), with_value), (40, 13));
}

#[tokio::test]
async fn what_is_masked_in_lists_is_masked_in_files() {
    let office = Office::open().await;
    office.deals(12).await;
    let ann = office.person("Ann", EXPORTS).await;
    let keeper = office.person("Keeper", KEEPS).await;
    for (name, field, method) in [("names", "Deal.name", "PARTIAL"), ("values", "Deal.value", "REDACT")] {
        let input = json!({ "name": name, "fields": [field], "method": method });
        keeper.do_("maskingPolicyCreate", input, "maskingPolicy { id }").await;
    }
    let file = office.export(&ann, &format!("{{ deals {{ {NODES} }} }}"), "NDJSON").await;
    let rows = lines(&file);
    assert!(
        rows.iter().all(|row| row["name"].as_str().unwrap().starts_with("•••") && row["value"].is_null()),
        "{file}"
    );
    assert_eq!(rows, listed(&ann, "deals", NODES).await);
    let file = office.export(&ann, "{ deals { nodes { name value { amount } } } }", "CSV").await;
    assert!(
        file.starts_with("name,value.amount\r\n•••") && file.lines().skip(1).all(|line| line.ends_with(',')),
        "{file}"
    );
    // nor is it ordered or filtered by
    for list in ["deals(orderBy: [{ field: NAME }])", "deals(filter: { value: { gt: \"10\" } })"] {
        let input = json!({ "document": format!("{{ {list} {{ nodes {{ id }} }} }}"), "format": "NDJSON" });
        let (code, path, _) = ann.refused("exportCreate", input).await;
        assert_eq!((code.as_str(), path.join(".").as_str()), ("FORBIDDEN", "input.document.deals"), "{list}");
    }
}

#[tokio::test]
async fn what_one_may_not_see_is_refused_at_once_with_its_place() {
    let office = Office::open().await;
    let viewer = office.person("Viewer", &["export.create", "export.read", "deal.read"]).await;
    // there is not one deal of which it could be found out
    for (document, place) in [
        ("{ deals { nodes { id value { amount } } } }", "deals.nodes.value"),
        (
            "{ deals { nodes { ...part } } } fragment part on Deal { worth: weightedValue { amount } }",
            "deals.nodes.worth",
        ),
        ("{ deals { nodes { owner { displayName } } } }", "deals.nodes.owner"),
        ("{ all: deals { nodes { account { name } } } }", "all.nodes.account"),
        ("{ accounts { nodes { id } } }", "accounts"),
        ("{ deals(orderBy: [{ field: VALUE }]) { nodes { id } } }", "deals"),
        ("{ deals(filter: { value: { gt: \"1\" } }) { nodes { id } } }", "deals"),
    ] {
        let input = json!({ "document": document, "format": "NDJSON" });
        let (code, path, error) = viewer.refused("exportCreate", input).await;
        let place = format!("input.document.{place}");
        assert_eq!((code.as_str(), path.join(".")), ("FORBIDDEN", place), "{document}: {error}");
    }
    let both = "{ deals { nodes { value { amount } owner { displayName } } } }";
    let payload =
        viewer.change("exportCreate", json!({ "document": both, "format": "CSV" }), "export { id }").await;
    assert_eq!(payload["userErrors"].as_array().unwrap().len(), 2, "{payload:#}");
    assert_eq!(payload["export"], json!(null));
    assert_eq!(office.look("SELECT count(*) FROM ops.exports WHERE organization_id = '$org'").await, "0");
}

#[tokio::test]
async fn what_is_no_list_or_too_much_is_refused_with_its_place() {
    let office = Office::open().await;
    let ann = office.person("Ann", EXPORTS).await;
    let deals =
        |inner: String| format!("deals(first: 10) {{ nodes {{ stage {{ pipeline {{ {inner} }} }} }} }}");
    let deep = deals(deals(deals(deals(deals("deals(first: 10) { nodes { id } }".to_owned())))));
    let deep = format!("{{ deals {{ nodes {{ stage {{ pipeline {{ {deep} }} }} }} }} }}");
    for (document, format, place, says) in [
        ("{ viewer { permissions } }", "NDJSON", "viewer", "no list"),
        ("{ deals { nodes { id } } users { nodes { id } } }", "NDJSON", "", "one list"),
        ("{ deals { nodes { id } totalCount { value } } }", "NDJSON", "deals", "`nodes`"),
        ("{ deals(last: 3) { nodes { id } } }", "NDJSON", "deals", "`last`"),
        ("mutation { signOut { userErrors { code } } }", "NDJSON", "", "one query"),
        ("{ deals { nodes { nothing } } }", "NDJSON", "", "Unknown field"),
        ("{ deals(filter: { name: 1 }) { nodes { id } } }", "NDJSON", "", ""),
        (
            "query($region: DealRegion!) { deals(filter: { region: { eq: $region } }) { nodes { id } } }",
            "NDJSON",
            "",
            "region",
        ),
        ("{ deals {", "NDJSON", "", ""),
        ("", "NDJSON", "", ""),
        ("{ pipelines { nodes { name stages { name } } } }", "CSV", "stages", "lists"),
        (&deep, "NDJSON", "", "levels deep"),
    ] {
        let (code, path, error) =
            ann.refused("exportCreate", json!({ "document": document, "format": format })).await;
        let at = path.join(".");
        assert_eq!(code, "INVALID", "{document}: {error}");
        assert!(at.starts_with("input.document") && at.ends_with(place), "{document}: {at}");
        assert!(error["message"].as_str().unwrap().contains(says), "{document}: {error}");
    }
    // values of variables are the document's
    let document =
        "query($region: DealRegion!) { deals(filter: { region: { eq: $region } }) { nodes { name } } }";
    office.deals(6).await;
    let input = json!({ "document": document, "variables": { "region": "EUROPE" }, "format": "NDJSON" });
    let asked = ann.do_("exportCreate", input, "export { id variables }").await["export"].clone();
    assert_eq!(asked["variables"], json!({ "region": "EUROPE" }));
    office.write().await;
    assert_eq!(lines(&office.file(asked["id"].as_str().unwrap()).await).len(), 2);
}

#[tokio::test]
async fn an_export_is_nobodys_but_whoever_asked_for_it() {
    let office = Office::open().await;
    office.deals(30).await;
    let ann = office.person("Ann", EXPORTS).await;
    let boss = office
        .person("Boss", &[EXPORTS, &["conversation.read_all", "approval.read", "audit.read"]].concat())
        .await;
    let other = Office::open().await;
    let stranger = other.person("Stranger", EXPORTS).await;
    let follow = "subscription { recordEvents(types: [\"Export\"]) { __typename
        ... on RecordCreated { kind record { ... on Export { rowCount } } }
        ... on RecordUpdated { kind record { ... on Export { status progress rowCount downloadUrl } } } } }";
    let (mut hers, mut his) = (ann.follow(follow, json!({})), boss.follow(follow, json!({})));
    hers.next().await.unwrap();
    his.next().await.unwrap();
    let id = office.ask(&ann, &format!("{{ deals {{ {NODES} }} }}"), "NDJSON").await;
    office.write().await;
    // she hears how it goes on, to its end
    let mut heard = Vec::new();
    loop {
        let told = hers.next().await.unwrap()["data"]["recordEvents"].clone();
        heard.push(told["kind"].as_str().unwrap().to_owned());
        if told["kind"] == "export.completed" {
            assert_eq!((&told["record"]["progress"], &told["record"]["rowCount"]), (&json!(100), &json!(30)));
            assert!(told["record"]["downloadUrl"].as_str().unwrap().contains("/exports/export_"), "{told}");
            break;
        }
    }
    assert_eq!(heard.first().map(String::as_str), Some("export.created"));
    assert!(heard.iter().filter(|kind| *kind == "export.progressed").count() >= 4, "{heard:?}");
    // who may see everything else hears and sees nothing of it
    let quiet = tokio::time::timeout(std::time::Duration::from_millis(300), his.next()).await;
    assert!(quiet.is_err(), "{quiet:?}");
    let look = "query($id: ID!) { export(id: $id) { id } node(id: $id) { id } exports(first: 5) { nodes { id } totalCount { value } } }";
    for person in [&boss, &stranger] {
        let seen = person.get(look, json!({ "id": id })).await;
        let nothing =
            json!({ "export": null, "node": null, "exports": { "nodes": [], "totalCount": { "value": 0 } } });
        assert_eq!(seen, nothing);
        assert_eq!(person.refused("exportCancel", json!({ "id": id })).await.0, "NOT_FOUND");
    }
    let own = ann.get(look, json!({ "id": id })).await;
    assert_eq!(own["exports"], json!({ "nodes": [{ "id": id }], "totalCount": { "value": 1 } }));
    // what was done is in the audit trail, by whom
    let trail = format!(
        "SELECT string_agg(action || ' ' || actor_type, ', ' ORDER BY id) FROM audit.audit_logs WHERE resource_id = '{}'",
        uuid(&id)
    );
    assert_eq!(office.look(&trail).await, "export.created human, export.completed system");
}
