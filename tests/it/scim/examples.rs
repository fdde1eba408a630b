//! The examples of RFC 7644 §3, as they stand there but for ids and addresses.
use serde_json::{Value, json};

use super::{Directory, PATCH, USER, path};

/// §3.3: a user is made, and §3.4.1: found again.
#[tokio::test]
async fn creating_and_retrieving() {
    let directory = Directory::found().await;
    let body = json!({
        "schemas": [USER],
        "userName": "bjensen",
        "externalId": "bjensen",
        "name": { "formatted": "Ms. Barbara J Jensen III", "familyName": "Jensen", "givenName": "Barbara" },
    });
    let reply = directory.post("/Users", body.clone()).await;
    assert_eq!(reply.status, 201, "{:#}", reply.body);
    let (location, version) = (reply.header("location").to_owned(), reply.header("etag").to_owned());
    assert_eq!(reply.header("content-type"), "application/scim+json; charset=utf-8");
    let made = reply.body;
    let base = format!("http://{}/scim/v2", directory.server.address());
    assert_eq!(location, format!("{base}{}", path("Users", &made)));
    assert_eq!((&made["meta"]["location"], &made["meta"]["version"]), (&json!(location), &json!(version)));
    assert!(version.starts_with("W/\""), "{version}");
    assert_eq!((&made["meta"]["resourceType"], &made["active"]), (&json!("User"), &json!(true)));
    assert!(made["meta"]["created"].is_string() && made["meta"]["lastModified"].is_string());
    for said in ["userName", "externalId", "name"] {
        assert_eq!(made[said], body[said], "{said}");
    }
    assert_eq!(directory.get(&path("Users", &made)).await.ok(200), made);

    // §3.3: a name that is taken
    let again = directory.post("/Users", json!({ "schemas": [USER], "userName": "BJensen" })).await;
    assert_eq!(again.refusal(), (409, "uniqueness"));
    // §3.4.1 with attributes
    let some = directory.get(&format!("{}?attributes=userName,name.familyName", path("Users", &made))).await;
    let wanted = json!({
        "schemas": [USER], "id": made["id"], "userName": "bjensen", "name": { "familyName": "Jensen" },
    });
    assert_eq!(some.ok(200), wanted);
    let less =
        directory.get(&format!("{}?excludedAttributes=meta,name.formatted,id", path("Users", &made))).await;
    let less = less.ok(200);
    assert_eq!(
        (&less["meta"], &less["id"], &less["name"]["formatted"]),
        (&Value::Null, &made["id"], &Value::Null)
    );
    // §3.4.2: lists
    let list = directory.get("/Users?attributes=userName").await.ok(200);
    assert_eq!(list["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:ListResponse"]));
    assert_eq!(
        (&list["totalResults"], &list["startIndex"], &list["itemsPerPage"]),
        (&json!(2), &json!(1), &json!(2))
    );
    let names: Vec<&Value> =
        list["Resources"].as_array().unwrap().iter().map(|user| &user["userName"]).collect();
    assert_eq!(names, [&json!(directory.owner.email), &json!("bjensen")]);
    // §3.4.2.4: pages
    let page = directory.get("/Users?startIndex=2&count=10&attributes=userName").await.ok(200);
    assert_eq!((&page["startIndex"], &page["itemsPerPage"]), (&json!(2), &json!(1)));
    assert_eq!(page["Resources"][0]["userName"], "bjensen");
    for (query, start, items) in [("startIndex=0&count=-1", 1, 0), ("count=0", 1, 0), ("startIndex=9", 9, 0)]
    {
        let page = directory.get(&format!("/Users?{query}")).await.ok(200);
        let seen = (&page["totalResults"], &page["startIndex"], &page["itemsPerPage"]);
        assert_eq!(seen, (&json!(2), &json!(start), &json!(items)), "{query}");
    }
    // §3.4.3: a search by POST
    let search = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
        "attributes": ["displayName", "userName"],
        "filter": "userName sw \"bjen\"",
        "startIndex": 1,
        "count": 10,
    });
    let found = directory.post("/Users/.search", search).await.ok(200);
    assert_eq!((&found["totalResults"], &found["Resources"][0]["id"]), (&json!(1), &made["id"]));
}

/// §3.5.1: a user is replaced, and §3.6: deleted.
#[tokio::test]
async fn replacing_and_deleting() {
    let directory = Directory::found().await;
    let made = directory.user("bjensen").await;
    let home = format!("babs-{}@example.org", directory.owner.slug);
    let body = json!({
        "schemas": [USER],
        "id": made["id"],
        "userName": "bjensen",
        "externalId": "bjensen",
        "name": {
            "formatted": "Ms. Barbara J Jensen III",
            "familyName": "Jensen",
            "givenName": "Barbara",
            "middleName": "Jane",
        },
        "roles": [],
        "emails": [{ "value": made["emails"][0]["value"] }, { "value": home }],
    });
    let replaced = directory.put(&path("Users", &made), body.clone()).await.ok(200);
    assert_eq!((&replaced["id"], &replaced["emails"]), (&made["id"], &body["emails"]));
    assert_eq!(replaced["name"]["givenName"], "Barbara");
    assert_ne!(replaced["meta"]["version"], made["meta"]["version"]);
    // nothing else is said, so nothing changes
    let version = &directory.put(&path("Users", &made), body).await.ok(200)["meta"]["version"];
    assert_eq!(version, &replaced["meta"]["version"]);
    let missing = directory.put("/Users/user_01jd3v00000000000000000000", json!({ "userName": "x" })).await;
    assert_eq!(missing.refusal(), (404, ""));

    let gone = directory.delete(&path("Users", &made)).await;
    assert_eq!((gone.status, &gone.body), (204, &Value::Null));
    for reply in [directory.get(&path("Users", &made)).await, directory.delete(&path("Users", &made)).await] {
        assert_eq!(reply.refusal(), (404, ""));
    }
    assert_eq!(directory.names("userName eq \"bjensen\"").await, Vec::<String>::new());
}

/// §3.5.2: additions, removals and replacements.
#[tokio::test]
async fn patching_a_user() {
    let directory = Directory::found().await;
    let made = directory.user("bjensen").await;
    let (user, work) = (path("Users", &made), made["emails"][0].clone());
    let body = json!([{
        "op": "add",
        "value": { "emails": [{ "value": "babs@jensen.example.org", "type": "home" }], "nickname": "Babs" },
    }]);
    let home = json!({ "value": "babs@jensen.example.org", "type": "home" });
    for _ in 0..2 {
        let changed = directory.patch(&user, body.clone()).await.ok(200);
        assert_eq!(changed["emails"], json!([work, home]));
    }
    let gone = json!([{ "op": "remove", "path": "emails[type eq \"work\" and value ew \"example.com\"]" }]);
    assert_eq!(directory.patch(&user, gone).await.ok(200)["emails"], json!([home]));
    let replaced = json!([{ "op": "replace", "value": { "emails": [work, home], "nickname": "Babs" } }]);
    assert_eq!(directory.patch(&user, replaced).await.ok(200)["emails"], json!([work, home]));
    let one = json!([{ "op": "replace", "path": "emails[type eq \"home\"].value", "value": "b@jensen.example.org" }]);
    assert_eq!(directory.patch(&user, one).await.ok(200)["emails"][1]["value"], "b@jensen.example.org");
    let first = json!([{ "op": "replace", "path": "emails[type eq \"home\"].primary", "value": true }]);
    let emails = directory.patch(&user, first).await.ok(200)["emails"].clone();
    assert_eq!((&emails[0]["primary"], &emails[1]["primary"]), (&Value::Null, &json!(true)));
    let named = json!([
        { "op": "add", "path": "name.familyName", "value": "Jensen" },
        { "op": "replace", "path": "name", "value": { "givenName": "Barbara" } },
        { "op": "add", "path": format!("{USER}:title"), "value": "Tour Guide" },
    ]);
    let changed = directory.patch(&user, named).await.ok(200);
    assert_eq!(changed["name"], json!({ "familyName": "Jensen", "givenName": "Barbara" }));
    assert_eq!(changed["title"], "Tour Guide");
    // what the standard knows and is not kept here changes nothing
    let address = json!([{ "op": "replace", "path": "addresses[type eq \"work\"].streetAddress", "value": "1010 Broadway" }]);
    assert_eq!(directory.patch(&user, address).await.ok(200)["meta"]["version"], changed["meta"]["version"]);
}

#[tokio::test]
async fn what_cannot_be_patched_is_said_and_nothing_is_done() {
    let directory = Directory::found().await;
    let made = directory.user("bjensen").await;
    let user = path("Users", &made);
    for (operation, refusal) in [
        (
            json!({ "op": "replace", "path": "emails[type eq \"home\"].value", "value": "x@example.org" }),
            (400, "noTarget"),
        ),
        (json!({ "op": "remove" }), (400, "noTarget")),
        (json!({ "op": "remove", "path": "userName" }), (400, "mutability")),
        (json!({ "op": "replace", "path": "id", "value": "user_1" }), (400, "mutability")),
        (json!({ "op": "add", "path": "shoeSize", "value": 42 }), (400, "invalidPath")),
        (json!({ "op": "add", "path": "emails[type eq", "value": "x" }), (400, "invalidPath")),
        (json!({ "op": "add", "path": "active", "value": "perhaps" }), (400, "invalidValue")),
        (json!({ "op": "add", "value": "x" }), (400, "invalidValue")),
        (json!({ "op": "add", "path": "displayName", "value": { "a": 1 } }), (400, "invalidValue")),
        (json!({ "op": "replace", "path": "displayName", "value": "x".repeat(201) }), (400, "invalidValue")),
        (json!({ "op": "move", "path": "title" }), (400, "invalidSyntax")),
        (json!("nonsense"), (400, "invalidSyntax")),
    ] {
        let first = json!({ "op": "add", "path": "title", "value": "Changed" });
        let reply = directory.patch(&user, json!([first, operation])).await;
        assert_eq!(reply.refusal(), refusal, "{operation}");
    }
    assert_eq!(directory.patch(&user, json!([])).await.refusal(), (400, "invalidSyntax"));
    let many = vec![json!({ "op": "add", "path": "title", "value": "x" }); 1001];
    assert_eq!(directory.patch(&user, json!(many)).await.refusal(), (413, "tooMany"));
    assert_eq!(directory.get(&user).await.ok(200), made);
    // a body that is no patch at all
    let body = json!({ "schemas": [PATCH] });
    let reply = directory.send(reqwest::Method::PATCH, &user, Some(body), &[]).await;
    assert_eq!(reply.refusal(), (400, "invalidSyntax"));
}
