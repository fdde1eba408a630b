//! Groups are the teams of the organization.
use serde_json::{Value, json};

use super::{Directory, GROUP, PATCH, key_of, path};
use crate::identity::house::{global_id, text};

fn values(group: &Value) -> Vec<String> {
    let members = group["members"].as_array().cloned().unwrap_or_default();
    let mut values: Vec<String> = members.iter().map(|member| text(&member["value"])).collect();
    values.sort();
    values
}

fn ids<const N: usize>(users: [&Value; N]) -> Vec<String> {
    let mut ids = users.map(|user| text(&user["id"])).to_vec();
    ids.sort();
    ids
}

/// RFC 7644 §3.5.2.1 to §3.5.2.3, for groups.
#[tokio::test]
async fn the_examples_of_the_standard_fill_and_empty_a_group() {
    let directory = Directory::found().await;
    let (babs, james) = (directory.user("babs").await, directory.user("james").await);
    let body = json!({ "schemas": [GROUP], "displayName": "Tour Guides", "externalId": "g1", "members": [] });
    let reply = directory.post("/Groups", body).await;
    assert_eq!(
        (reply.status, reply.header("location")),
        (201, text(&reply.body["meta"]["location"]).as_str())
    );
    let made = reply.body;
    assert_eq!(
        (&made["displayName"], &made["externalId"], &made["members"]),
        (&json!("Tour Guides"), &json!("g1"), &Value::Null)
    );
    let group = path("Groups", &made);

    let member = json!({ "display": "Babs Jensen", "$ref": babs["meta"]["location"], "value": babs["id"] });
    let add = json!([{ "op": "add", "path": "members", "value": [member] }]);
    for _ in 0..2 {
        let filled = directory.patch(&group, add.clone()).await.ok(200);
        assert_eq!(values(&filled), ids([&babs]));
        let seen = &filled["members"][0];
        assert_eq!((&seen["$ref"], &seen["type"]), (&babs["meta"]["location"], &json!("User")));
    }
    let both = json!([{ "op": "add", "path": "members", "value": [{ "value": james["id"] }] }]);
    assert_eq!(values(&directory.patch(&group, both).await.ok(200)), ids([&babs, &james]));
    let one = json!([{ "op": "remove", "path": format!("members[value eq {}]", babs["id"]) }]);
    assert_eq!(values(&directory.patch(&group, one).await.ok(200)), ids([&james]));
    let swap = json!([
        { "op": "remove", "path": format!("members[value eq {}]", james["id"]) },
        { "op": "add", "path": "members", "value": [{ "display": "Babs", "value": babs["id"] }] },
    ]);
    assert_eq!(values(&directory.patch(&group, swap).await.ok(200)), ids([&babs]));
    let replaced = json!([{ "op": "replace", "path": "members", "value": [{ "value": james["id"] }, { "value": james["id"] }] }]);
    assert_eq!(values(&directory.patch(&group, replaced).await.ok(200)), ids([&james]));
    let emptied = json!([{ "op": "remove", "path": "members" }]);
    assert_eq!(values(&directory.patch(&group, emptied).await.ok(200)), ids([]));

    let put = json!({ "schemas": [GROUP], "displayName": "Guides", "members": [{ "value": babs["id"] }] });
    let put = directory.put(&group, put).await.ok(200);
    assert_eq!(
        (&put["displayName"], &put["externalId"], values(&put)),
        (&json!("Guides"), &Value::Null, ids([&babs]))
    );
    assert_eq!(directory.delete(&group).await.status, 204);
    assert_eq!(directory.get(&group).await.refusal(), (404, ""));
    let acts = "SELECT string_agg(DISTINCT actor_type || ' ' || action, ', ') FROM audit.audit_logs WHERE organization_id = $org AND action LIKE 'team.%'";
    let known = "api_key team.created, api_key team.members_added, api_key team.members_removed, api_key team.removed, api_key team.updated";
    assert_eq!(directory.look(acts).await, known);
}

#[tokio::test]
async fn groups_are_found_by_name_id_and_members() {
    let directory = Directory::found().await;
    let (ada, bob) = (directory.user("ada").await, directory.user("bob").await);
    let make = async |name: &str, number: &str, members: Value| {
        let body =
            json!({ "schemas": [GROUP], "displayName": name, "externalId": number, "members": members });
        directory.post("/Groups", body).await.ok(201)
    };
    let sales = make("Sales", "g1", json!([{ "value": ada["id"] }])).await;
    let all = make("Everybody", "g2", json!([{ "value": ada["id"] }, { "value": bob["id"] }])).await;
    make("Nobody", "G1", json!([])).await;
    let names = async |filter: String| {
        let found = directory.find("Groups", &filter).await.ok(200);
        let list = found["Resources"].as_array().unwrap().iter().map(|group| text(&group["displayName"]));
        list.collect::<Vec<_>>().join(" ")
    };
    for (filter, found) in [
        ("displayName eq \"SALES\"".to_owned(), "Sales"),
        ("displayName co \"body\"".to_owned(), "Everybody Nobody"),
        ("externalId eq \"g1\"".to_owned(), "Sales"),
        (format!("id eq {} and members eq {}", all["id"], bob["id"]), "Everybody"),
        (format!("id eq {} and members eq {}", sales["id"], bob["id"]), ""),
        (format!("members[value eq {}]", ada["id"]), "Sales Everybody"),
        (format!("not (members.value eq {})", bob["id"]), "Sales Nobody"),
        ("members pr".to_owned(), "Sales Everybody"),
        (format!("members eq {}", sales["id"]), ""),
        (
            "meta.resourceType eq \"Group\" and meta.created gt \"2020-01-01T00:00:00Z\"".to_owned(),
            "Sales Everybody Nobody",
        ),
    ] {
        assert_eq!(names(filter.clone()).await, found, "{filter}");
    }
    assert_eq!(directory.find("Groups", "userName eq \"x\"").await.refusal(), (400, "invalidFilter"));
    let few = directory.get("/Groups?excludedAttributes=members&count=1&startIndex=2").await.ok(200);
    let seen = (&few["totalResults"], &few["Resources"][0]["displayName"], &few["Resources"][0]["members"]);
    assert_eq!(seen, (&json!(3), &json!("Everybody"), &Value::Null));
    let shown = directory.get(&format!("{}?attributes=members.value", path("Groups", &sales))).await.ok(200);
    assert_eq!(shown, json!({ "schemas": [GROUP], "id": sales["id"], "members": [{ "value": ada["id"] }] }));
}

#[tokio::test]
async fn what_cannot_be_in_a_group_is_refused_and_nothing_is_done() {
    let (directory, elsewhere) = (Directory::found().await, Directory::found().await);
    let stranger = elsewhere.user("eve").await;
    let theirs = elsewhere.post("/Groups", json!({ "displayName": "Theirs" })).await.ok(201);
    let made = directory.post("/Groups", json!({ "displayName": "Ours" })).await.ok(201);
    let group = path("Groups", &made);
    let gone = directory.user("gone").await;
    directory.delete(&path("Users", &gone)).await;
    for member in [&stranger["id"], &made["id"], &gone["id"], &json!("nonsense"), &json!(7)] {
        let add = json!([{ "op": "replace", "path": "displayName", "value": "Changed" }, { "op": "add", "path": "members", "value": [{ "value": member }] }]);
        assert_eq!(directory.patch(&group, add).await.refusal(), (400, "invalidValue"), "{member}");
    }
    let taken = directory.post("/Groups", json!({ "displayName": "OURS" })).await;
    assert_eq!(taken.refusal(), (409, "uniqueness"));
    let long = directory.post("/Groups", json!({ "displayName": "x".repeat(101) })).await;
    assert_eq!(long.refusal(), (400, "invalidValue"));
    assert_eq!(directory.post("/Groups", json!({ "members": [] })).await.refusal(), (400, "invalidValue"));
    let missing = path("Groups", &theirs);
    for reply in [
        directory.get(&missing).await,
        directory.put(&missing, json!({ "displayName": "Mine" })).await,
        directory.patch(&missing, json!([{ "op": "remove", "path": "members" }])).await,
        directory.delete(&missing).await,
        directory.get("/Groups/nonsense").await,
    ] {
        assert_eq!(reply.refusal(), (404, ""));
    }
    assert_eq!(directory.get(&group).await.ok(200), made);
}

#[tokio::test]
async fn a_group_has_another_version_when_somebody_comes_or_goes() {
    let directory = Directory::found().await;
    let ada = directory.user("ada").await;
    let made = directory.post("/Groups", json!({ "displayName": "Sales" })).await.ok(201);
    let group = path("Groups", &made);
    let add =
        json!({ "Operations": [{ "op": "add", "path": "members", "value": [{ "value": ada["id"] }] }] });
    let stale = text(&made["meta"]["version"]);
    let patch = async |version: &str, body: &Value| {
        directory.send(reqwest::Method::PATCH, &group, Some(body.clone()), &[("if-match", version)]).await
    };
    let filled = patch(&stale, &add).await.ok(200);
    assert_ne!(filled["meta"]["version"], made["meta"]["version"]);
    assert!(text(&filled["meta"]["lastModified"]) > text(&made["meta"]["lastModified"]));
    let remove = json!({ "Operations": [{ "op": "remove", "path": "members" }] });
    assert_eq!(patch(&stale, &remove).await.refusal(), (412, ""));
    patch(&text(&filled["meta"]["version"]), &remove).await.ok(200);
    // the team's own version, which people send back, is another matter
    let version = "SELECT revision FROM access.teams WHERE organization_id = $org";
    assert_eq!(directory.look(version).await, "1");
}

/// Nobody reaches beyond a key by way of a group.
#[tokio::test]
async fn a_key_fills_no_team_that_has_rights_beyond_its_scopes() {
    let directory = Directory::found().await;
    let house = &directory.house;
    let (ada, owner) = (directory.user("ada").await, house.token(&directory.owner).await);
    let made = directory.post("/Groups", json!({ "displayName": "Readers" })).await.ok(201);
    let group = path("Groups", &made);
    let document = "mutation ($input: PermissionGrantInput!) { permissionGrant(input: $input) { userErrors { code path } } }";
    for name in ["deal.read", "deal.delete"] {
        let permission = format!(
            "SELECT id FROM access.permissions WHERE organization_id = '{}' AND name = '{name}'",
            uuid::Uuid::nil()
        );
        let permission = global_id("perm", house.look(&permission).await.parse().unwrap());
        let input = json!({ "input": { "teamId": made["id"], "permissionId": permission } });
        let given = house.get(Some(&owner), document, input).await;
        assert_eq!(given["permissionGrant"]["userErrors"], json!([]));
    }

    let fill = async |key: &str| {
        let add = json!({ "schemas": [PATCH], "Operations": [{ "op": "add", "path": "members", "value": [{ "value": ada["id"] }] }] });
        directory.send_as(Some(key), reqwest::Method::PATCH, &group, Some(add), &[]).await
    };
    let in_it = "SELECT count(*) FROM access.team_members WHERE user_id = $user";
    let some = key_of(house, &directory.owner, json!(["scim.provision", "deal.read"])).await;
    for key in [&directory.key, &some] {
        assert_eq!(fill(key).await.refusal().0, 403);
        assert_eq!(directory.look_at(&ada, in_it).await, "0");
    }
    // nor by making one anew with the same people
    let body = json!({ "schemas": [GROUP], "displayName": "Readers", "members": [{ "value": ada["id"] }] });
    let put = directory.send_as(Some(&some), reqwest::Method::PUT, &group, Some(body), &[]).await;
    assert_eq!((put.refusal().0, directory.look_at(&ada, in_it).await.as_str()), (403, "0"));
    let all = key_of(house, &directory.owner, json!(["scim.provision", "deal.read", "deal.delete"])).await;
    assert_eq!(values(&fill(&all).await.ok(200)), ids([&ada]));
}
