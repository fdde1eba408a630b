use serde_json::json;

use super::{OFFICER, framework};
use crate::world::city::Town;

#[tokio::test]
async fn built_in_frameworks_are_read_by_all_and_changed_by_none() {
    let officer = Town::found().await.person("officer", OFFICER).await;
    let sox = framework(&officer, "SOX").await;
    assert_eq!(sox["requirements"]["nodes"][0]["code"], "302");
    let (code, path, _) = officer
        .refused("complianceFrameworkUpdate", json!({ "id": sox["id"], "description": "Ours now" }))
        .await;
    assert_eq!((code.as_str(), path), ("STATE", vec!["input".to_owned(), "id".to_owned()]));
}

#[tokio::test]
async fn an_organization_has_frameworks_of_its_own_that_no_other_sees() {
    let (here, there) = (Town::found().await, Town::found().await);
    let (officer, stranger) =
        (here.person("officer", OFFICER).await, there.person("stranger", OFFICER).await);
    let input = json!({ "name": "House rules", "versionName": "2", "jurisdiction": "EU" });
    let made = officer
        .do_("complianceFrameworkCreate", input.clone(), "complianceFramework { id version versionName }")
        .await["complianceFramework"]
        .clone();
    assert_eq!((&made["version"], &made["versionName"]), (&json!(1), &json!("2")));
    let (code, path, _) = officer.refused("complianceFrameworkCreate", input).await;
    assert_eq!((code.as_str(), path.last().unwrap().as_str()), ("NOT_UNIQUE", "name"));

    let update = json!({ "id": made["id"], "expectedVersion": 1, "versionName": null, "isActive": false });
    let changed = officer
        .do_(
            "complianceFrameworkUpdate",
            update.clone(),
            "complianceFramework { version versionName isActive jurisdiction }",
        )
        .await;
    assert_eq!(
        changed["complianceFramework"],
        json!({ "version": 2, "versionName": null, "isActive": false, "jurisdiction": "EU" })
    );
    let (code, _, error) = officer.refused("complianceFrameworkUpdate", update.clone()).await;
    assert_eq!((code.as_str(), &error["currentVersion"]), ("CONFLICT", &json!(2)));

    let by_id = "query($id: ID!) { complianceFramework(id: $id) { name } }";
    let seen = stranger.get(by_id, json!({ "id": made["id"] })).await;
    assert!(seen["complianceFramework"].is_null());
    let (code, ..) = stranger.refused("complianceFrameworkUpdate", update).await;
    assert_eq!(code, "NOT_FOUND");
    let control = json!({
        "key": "X-1", "frameworkId": made["id"], "category": "Any", "name": "Any", "frequency": "DAILY",
    });
    let (code, path, _) = stranger.refused("complianceControlCreate", control.clone()).await;
    assert_eq!((code.as_str(), path.last().unwrap().as_str()), ("NOT_FOUND", "frameworkId"));
    // no new controls for a framework that is no longer active
    let (code, ..) = officer.refused("complianceControlCreate", control).await;
    assert_eq!(code, "STATE");
}

#[tokio::test]
async fn requirements_are_found_through_their_framework() {
    let officer = Town::found().await.person("officer", OFFICER).await;
    let found = officer
        .get(
            r#"{ complianceRequirements(first: 3, filter: { framework: { name: { eq: "GDPR" } } }) {
                 nodes { code framework { name } parent { code } children { nodes { code } } } totalCount { value } } }"#,
            json!({}),
        )
        .await;
    let requirements = &found["complianceRequirements"];
    assert_eq!(requirements["totalCount"]["value"], 9);
    assert_eq!(
        requirements["nodes"][0],
        json!({ "code": "Art. 5", "framework": { "name": "GDPR" }, "parent": null, "children": { "nodes": [] } })
    );
}
