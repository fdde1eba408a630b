//! Who is let in, what the server says of itself, and versions.
use reqwest::Method;
use serde_json::{Value, json};

use super::{Directory, ENTERPRISE, GROUP, USER, key_of, path};

/// Everything that can be asked for.
const DOORS: &[(&str, &str)] = &[
    ("GET", "/ServiceProviderConfig"),
    ("GET", "/ResourceTypes"),
    ("GET", "/Schemas"),
    ("GET", "/Schemas/urn:ietf:params:scim:schemas:core:2.0:User"),
    ("GET", "/Users"),
    ("GET", "/Users/user_01jd3v00000000000000000000"),
    ("POST", "/Users"),
    ("POST", "/Users/.search"),
    ("PUT", "/Users/user_01jd3v00000000000000000000"),
    ("PATCH", "/Users/user_01jd3v00000000000000000000"),
    ("DELETE", "/Users/user_01jd3v00000000000000000000"),
    ("GET", "/Groups"),
    ("GET", "/Groups/team_01jd3v00000000000000000000"),
    ("POST", "/Groups"),
    ("POST", "/Groups/.search"),
    ("PUT", "/Groups/team_01jd3v00000000000000000000"),
    ("PATCH", "/Groups/team_01jd3v00000000000000000000"),
    ("DELETE", "/Groups/team_01jd3v00000000000000000000"),
];

#[tokio::test]
async fn nobody_is_let_in_without_the_permission() {
    let directory = Directory::found().await;
    let house = &directory.house;
    let other = key_of(house, &directory.owner, json!(["user.*", "membership.*", "team.*"])).await;
    let owner = house.token(&directory.owner).await;
    let forged = format!("{}0", &directory.key[..directory.key.len() - 1]);
    for (method, door) in DOORS {
        // good for every door: what is refused is who asks
        let body = match (*method, *door) {
            ("GET" | "DELETE", _) => None,
            ("PATCH", _) => {
                Some(json!({ "Operations": [{ "op": "add", "path": "displayName", "value": "x" }] }))
            }
            _ => Some(json!({ "userName": "x", "displayName": "x" })),
        };
        for (credential, status) in
            [(None, 401), (Some(&forged), 401), (Some(&other), 403), (Some(&owner), 403)]
        {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let reply =
                directory.send_as(credential.map(String::as_str), method, door, body.clone(), &[]).await;
            assert_eq!(reply.refusal(), (status, ""), "{door}");
            assert_eq!(reply.header("www-authenticate").is_empty(), status != 401, "{door}");
            if let Some(told) = reply.body["detail"].as_str() {
                assert!(!told.contains("identity.") && !told.contains("SELECT"), "{told}");
            }
        }
    }
    assert_eq!(
        directory.look("SELECT count(*) FROM identity.memberships WHERE organization_id = $org").await,
        "1"
    );
    let denied = "SELECT string_agg(DISTINCT action, ' ') FROM audit.audit_logs WHERE organization_id = $org AND event_type = 'denied'";
    assert_eq!(
        directory.look(denied).await,
        "scimGroupChange.denied scimGroupCreate.denied scimGroupDelete.denied scimUserChange.denied scimUserCreate.denied scimUserDelete.denied"
    );
    // a key that is withdrawn opens nothing from then on
    assert_eq!(directory.get("/Users").await.status, 200);
    house
        .sql(&format!(
            "UPDATE identity.api_keys SET revoked_at = now() WHERE created_by = '{}'",
            directory.owner.id
        ))
        .await;
    assert_eq!(directory.get("/Users").await.refusal(), (401, ""));
}

#[tokio::test]
async fn owners_and_administrators_have_the_permission_and_nobody_else() {
    let directory = Directory::found().await;
    let holders = "SELECT string_agg(r.name, ' ' ORDER BY r.name) FROM access.roles r JOIN access.role_permissions p ON p.role_id = r.id
        JOIN access.permissions q ON q.id = p.permission_id
        WHERE r.organization_id = '00000000-0000-0000-0000-000000000000' AND q.name = 'scim.provision'";
    assert_eq!(directory.look(holders).await, "admin owner super_admin");
}

#[tokio::test]
async fn the_server_says_what_it_can() {
    let directory = Directory::found().await;
    let config = directory.get("/ServiceProviderConfig").await.ok(200);
    for (what, can) in [
        ("patch", true),
        ("filter", true),
        ("etag", true),
        ("bulk", false),
        ("sort", false),
        ("changePassword", false),
    ] {
        assert_eq!(config[what]["supported"], can, "{what}");
    }
    assert_eq!(
        (&config["filter"]["maxResults"], &config["authenticationSchemes"][0]["type"]),
        (&json!(200), &json!("oauthbearertoken"))
    );
    let types = directory.get("/ResourceTypes").await.ok(200);
    assert_eq!(types["totalResults"], 2);
    for ty in types["Resources"].as_array().unwrap() {
        let place = format!("/ResourceTypes/{}", ty["id"].as_str().unwrap());
        assert_eq!(&directory.get(&place).await.ok(200), ty);
        // each is where it says, and its schemas are told
        assert_eq!(directory.get(ty["endpoint"].as_str().unwrap()).await.status, 200);
        let extensions =
            ty["schemaExtensions"].as_array().unwrap().iter().map(|extension| &extension["schema"]);
        for schema in extensions.chain([&ty["schema"]]) {
            let schema = directory.get(&format!("/Schemas/{}", schema.as_str().unwrap())).await.ok(200);
            assert!(!schema["attributes"].as_array().unwrap().is_empty());
        }
    }
    let schemas = directory.get("/Schemas").await.ok(200);
    let ids: Vec<&Value> =
        schemas["Resources"].as_array().unwrap().iter().map(|schema| &schema["id"]).collect();
    assert_eq!(ids, [&json!(USER), &json!(ENTERPRISE), &json!(GROUP)]);
    // what the schemas tell is what a resource can have, and can be changed
    let user = &schemas["Resources"][0];
    let names: Vec<&str> =
        user["attributes"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    let known = [
        "userName",
        "name",
        "displayName",
        "title",
        "locale",
        "timezone",
        "active",
        "emails",
        "phoneNumbers",
    ];
    assert_eq!(names, known);
    let name = &user["attributes"][0];
    assert_eq!(
        (&name["required"], &name["uniqueness"], &name["caseExact"]),
        (&json!(true), &json!("server"), &json!(false))
    );

    assert_eq!(directory.find("Schemas", "id pr").await.refusal(), (403, ""));
    for (door, status) in [
        ("/Nonsense", 404),
        ("/Schemas/nonsense", 404),
        ("/Users/a/b", 404),
        ("/Me", 501),
        ("/Bulk", 501),
        ("", 501),
    ] {
        assert_eq!(directory.get(door).await.refusal(), (status, ""), "{door}");
    }
    assert_eq!(directory.delete("/Users").await.refusal(), (405, ""));
    assert_eq!(directory.post("/Schemas", json!({})).await.refusal(), (405, ""));
}

#[tokio::test]
async fn versions_keep_one_from_overwriting_what_one_has_not_seen() {
    let directory = Directory::found().await;
    let ada = directory.user("ada").await;
    let (user, first) = (path("Users", &ada), ada["meta"]["version"].as_str().unwrap().to_owned());
    let send = async |method: Method, body: Option<Value>, name: &str, version: &str| {
        directory.send(method, &user, body, &[(name, version)]).await
    };
    let put = || Some(json!({ "userName": "ada", "title": "Countess" }));
    let changed = send(Method::PUT, put(), "if-match", &first).await.ok(200);
    let second = changed["meta"]["version"].as_str().unwrap().to_owned();
    assert_ne!(first, second);
    for (method, body) in [(Method::PUT, put()), (Method::DELETE, None)] {
        assert_eq!(send(method, body, "if-match", &first).await.refusal(), (412, ""));
    }
    assert_eq!(send(Method::PUT, put(), "if-match", "*").await.status, 200);
    assert_eq!(send(Method::PUT, put(), "if-match", &format!("{first}, {second}")).await.status, 200);
    let known = send(Method::GET, None, "if-none-match", &second).await;
    assert_eq!((known.status, known.header("etag"), &known.body), (304, second.as_str(), &Value::Null));
    assert_eq!(send(Method::GET, None, "if-none-match", &first).await.status, 200);
    // what is changed elsewhere counts as well
    let member = format!(
        "UPDATE identity.memberships SET title = 'Analyst' WHERE user_id = '{}'",
        super::uuid_of(&ada)
    );
    directory.house.sql(&member).await;
    assert_eq!(send(Method::DELETE, None, "if-match", &second).await.refusal(), (412, ""));
}

#[tokio::test]
async fn what_is_no_resource_is_refused() {
    let directory = Directory::found().await;
    let client = reqwest::Client::new();
    let url = format!("http://{}/scim/v2/Users", directory.server.address());
    let send = async |kind: &str, body: String| {
        let request = client.post(&url).bearer_auth(&directory.key).header("content-type", kind).body(body);
        let response = request.send().await.unwrap();
        let (status, body) = (response.status().as_u16(), response.json::<Value>().await.unwrap());
        (status, body["scimType"].as_str().unwrap_or_default().to_owned())
    };
    let json = "application/scim+json";
    assert_eq!(send("text/plain", "{}".to_owned()).await, (415, String::new()));
    assert_eq!(send(json, "{".to_owned()).await, (400, "invalidSyntax".to_owned()));
    assert_eq!(send(json, "[]".to_owned()).await, (400, "invalidSyntax".to_owned()));
    assert_eq!(
        send(json, format!("{}1{}", "[".repeat(5000), "]".repeat(5000))).await,
        (400, "invalidSyntax".to_owned())
    );
    assert_eq!(send(json, format!("\"{}\"", "x".repeat(2_000_000))).await, (413, String::new()));
    for wrong in [
        json!({}),
        json!({ "userName": " " }),
        json!({ "userName": 5 }),
        json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "userName": "x" }),
        json!({ "userName": "x", "active": "perhaps" }),
        json!({ "userName": "x", "emails": [{ "type": "work" }] }),
        json!({ "userName": "x", "emails": "x@example.com", "name": "X" }),
        json!({ "userName": "x".repeat(400) }),
        json!({ "userName": "x\u{0}" }),
        json!({ "userName": "x", "locale": "x".repeat(40) }),
    ] {
        let text = wrong.to_string();
        assert_eq!(send("application/json", text).await, (400, "invalidValue".to_owned()), "{wrong}");
    }
    assert_eq!(
        directory.look("SELECT count(*) FROM identity.memberships WHERE organization_id = $org").await,
        "1"
    );
}
