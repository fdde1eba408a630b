//! What the directories of the world send, in the order they send it.
use serde_json::{Value, json};

use super::{Directory, ENTERPRISE, GROUP, USER, path};

#[tokio::test]
async fn as_okta_does_it() {
    let directory = Directory::found().await;
    let address = format!("isaac.brock@{}.example.com", directory.owner.slug);
    // the connection is tried, then each person is looked for and made
    assert_eq!(directory.get("/Users?startIndex=1&count=2").await.ok(200)["startIndex"], 1);
    let look = format!("userName eq \"{address}\"");
    assert_eq!(directory.find("Users", &look).await.ok(200)["totalResults"], 0);
    let body = json!({
        "schemas": [USER],
        "userName": address,
        "name": { "givenName": "Isaac", "familyName": "Brock" },
        "emails": [{ "primary": true, "value": address, "type": "work" }],
        "displayName": "Isaac Brock",
        "locale": "en-US",
        "externalId": "00ujl29u0le5T6Aj10h7",
        "groups": [],
        "password": "1mz050nq",
        "active": true,
    });
    let made = directory.post("/Users", body.clone()).await.ok(201);
    assert_eq!(
        (&made["active"], &made["password"], &made["groups"]),
        (&json!(true), &Value::Null, &Value::Null)
    );
    let has_password = "SELECT password_hash IS NOT NULL FROM identity.users WHERE id = $user";
    assert_eq!(directory.look_at(&made, has_password).await, "false");
    assert_eq!(directory.post("/Users", body).await.refusal(), (409, "uniqueness"));
    // then the whole person again, as Okta has them
    let mut profile = directory.get(&path("Users", &made)).await.ok(200);
    profile["name"]["familyName"] = json!("Brocq");
    let put = directory.put(&path("Users", &made), profile).await.ok(200);
    assert_eq!(put["name"]["familyName"], "Brocq");
    assert_eq!(directory.find("Users", &look).await.ok(200)["Resources"][0], put);

    let group = json!({ "schemas": [GROUP], "displayName": "Test SCIMv2", "members": [] });
    let group = directory.post("/Groups", group).await.ok(201);
    let push = json!([
        { "op": "replace", "value": { "id": group["id"], "displayName": "Test SCIMv2 renamed" } },
        { "op": "add", "path": "members", "value": [{ "value": made["id"], "display": address }] },
    ]);
    let pushed = directory.patch(&path("Groups", &group), push).await.ok(200);
    assert_eq!(
        (&pushed["displayName"], &pushed["members"][0]["value"]),
        (&json!("Test SCIMv2 renamed"), &made["id"])
    );
    let off = json!([{ "op": "replace", "value": { "active": false } }]);
    assert_eq!(directory.patch(&path("Users", &made), off).await.ok(200)["active"], false);
}

#[tokio::test]
async fn as_entra_does_it() {
    let directory = Directory::found().await;
    let slug = &directory.owner.slug;
    let name = format!("test_user@{slug}.example.com");
    let tried = directory.find("Users", "userName eq \"1a2b3c4d-0000-4000-8000-000000000000\"").await.ok(200);
    assert_eq!(tried["totalResults"], 0);
    let body = json!({
        "schemas": [USER, ENTERPRISE],
        "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",
        "userName": name,
        "active": true,
        "displayName": "Test User",
        "emails": [{ "primary": true, "type": "work", "value": name }],
        "meta": { "resourceType": "User" },
        "name": { "formatted": "Test User", "familyName": "User", "givenName": "Test" },
        "addresses": [{ "type": "work", "locality": "Redmond" }],
        "preferredLanguage": "en-US",
        "roles": [],
        ENTERPRISE: { "employeeNumber": "701984", "department": "Sales", "manager": "" },
    });
    let made = directory.post("/Users", body).await.ok(201);
    let user = path("Users", &made);
    assert_eq!(made[ENTERPRISE], json!({ "department": "Sales" }));
    let changes = json!([
        { "op": "Replace", "path": "emails[type eq \"work\"].value", "value": format!("updated@{slug}.example.com") },
        { "op": "Add", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "+1 425 555 0100" },
        { "op": "Add", "path": "addresses[type eq \"work\"].locality", "value": "Seattle" },
        { "op": "Replace", "path": "name.familyName", "value": "Updated" },
        { "op": "Add", "path": format!("{ENTERPRISE}:employeeNumber"), "value": "701985" },
        { "op": "Replace", "path": format!("{ENTERPRISE}:department"), "value": "Support" },
        { "op": "Replace", "path": "externalId", "value": "another" },
    ]);
    let changed = directory.patch(&user, changes).await.ok(200);
    assert_eq!(
        changed["emails"],
        json!([{ "primary": true, "type": "work", "value": format!("updated@{slug}.example.com") }])
    );
    assert_eq!(changed["phoneNumbers"], json!([{ "type": "mobile", "value": "+1 425 555 0100" }]));
    assert_eq!(
        (&changed["name"]["familyName"], &changed[ENTERPRISE]["department"]),
        (&json!("Updated"), &json!("Support"))
    );
    // without a path, all in one object, dotted names and filters among them
    let flat = json!([{ "op": "replace", "value": {
        "displayName": "Flat", "name.givenName": "Tess", "emails[type eq \"work\"].value": name,
        format!("{ENTERPRISE}:department"): "Sales", "active": "False",
    } }]);
    let flat = directory.patch(&user, flat).await.ok(200);
    let seen =
        (&flat["displayName"], &flat["name"]["givenName"], &flat["emails"][0]["value"], &flat["active"]);
    assert_eq!(seen, (&json!("Flat"), &json!("Tess"), &json!(name), &json!(false)));
    let back = json!([{ "op": "Add", "path": "active", "value": "True" }]);
    assert_eq!(directory.patch(&user, back).await.ok(200)["active"], true);

    // groups: looked for without members, filled one by one, asked about one by one
    let group = json!({ "schemas": [GROUP, "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
        "externalId": "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159", "displayName": "displayName", "meta": { "resourceType": "Group" } });
    let group = directory.post("/Groups", group).await.ok(201);
    let looked = directory
        .get("/Groups?excludedAttributes=members&filter=displayName%20eq%20%22displayName%22")
        .await
        .ok(200);
    assert_eq!(looked["Resources"][0]["id"], group["id"]);
    let add = json!([{ "op": "Add", "path": "members", "value": [{ "$ref": null, "value": made["id"] }] }]);
    assert_eq!(
        directory.patch(&path("Groups", &group), add).await.ok(200)["members"][0]["value"],
        made["id"]
    );
    let asked = format!("id eq {} and members eq {}", group["id"], made["id"]);
    assert_eq!(directory.find("Groups", &asked).await.ok(200)["totalResults"], 1);
    let remove =
        json!([{ "op": "Remove", "path": "members", "value": [{ "$ref": null, "value": made["id"] }] }]);
    assert_eq!(directory.patch(&path("Groups", &group), remove).await.ok(200)["members"], Value::Null);
    assert_eq!(directory.delete(&user).await.status, 204);
}
