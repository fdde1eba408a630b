//! Rights come and go with the next request: by inheritance, in their time, and when they are withdrawn.
use chrono::TimeDelta;
use futures_util::future::join_all;
use portico::store::clock;
use serde_json::json;

use super::{assign, id_of, keeper, make_role, moments, permission, reads_deals, town};

#[tokio::test]
async fn a_role_has_what_its_parents_have() {
    let town = town().await;
    let keeper = keeper(&town, "Keeper", &["deal.read"]).await;
    let wei = town.person("Wei", &[]).await;
    let parent = make_role(&keeper, "reader", None, &[]).await;
    let middle = make_role(&keeper, "seller", Some(&parent), &[]).await;
    let child = make_role(&keeper, "trainee", Some(&middle), &[]).await;
    assign(&keeper, &wei, &child).await;
    assert!(!reads_deals(&wei).await);

    let input = json!({ "roleId": parent, "permissionId": permission(&keeper, "deal.read").await });
    let held = keeper
        .do_("rolePermissionAdd", input, "rolePermission { id permission { name } role { name } }")
        .await;
    assert_eq!(held["rolePermission"]["permission"]["name"], "deal.read");
    assert_eq!(held["rolePermission"]["role"]["name"], "reader");
    assert!(reads_deals(&wei).await);
    let document = "query R($id: ID!) { role(id: $id) { roleLevel effectivePermissions permissions { id }
        permissionSources { name role { name } rolePermission { id } }
        parent { name permissions { permission { name } } parent { children { nodes { name } } } } assignments { nodes { user { id } } } } }";
    let shown = keeper.get(document, json!({ "id": child })).await["role"].clone();
    assert_eq!(shown["roleLevel"], 2);
    assert_eq!(shown["effectivePermissions"], json!(["deal.read"]));
    assert_eq!(shown["permissions"], json!([]));
    let source = json!({ "name": "deal.read", "role": { "name": "reader" }, "rolePermission": { "id": held["rolePermission"]["id"] } });
    assert_eq!(shown["permissionSources"], json!([source]));
    assert_eq!(shown["parent"]["parent"]["children"]["nodes"], json!([{ "name": "seller" }]));
    assert_eq!(shown["assignments"]["nodes"], json!([{ "user": { "id": id_of(&wei) } }]));

    keeper.do_("rolePermissionRemove", json!({ "id": held["rolePermission"]["id"] }), "role { id }").await;
    assert!(!reads_deals(&wei).await);
}

#[tokio::test]
async fn a_circle_of_roles_is_refused() {
    let town = town().await;
    let keeper = keeper(&town, "Keeper", &[]).await;
    let parent = make_role(&keeper, "one", None, &[]).await;
    let child = make_role(&keeper, "two", Some(&parent), &[]).await;
    let (code, path, _) = keeper.refused("roleUpdate", json!({ "id": parent, "parentRoleId": child })).await;
    assert_eq!((code.as_str(), path), ("INVALID", vec!["input".to_owned(), "parentRoleId".to_owned()]));
}

#[tokio::test]
async fn rights_begin_and_end_by_the_clock_alone() {
    let town = town().await;
    let keeper = keeper(&town, "Keeper", &["deal.read"]).await;
    let (role, permission) =
        (make_role(&keeper, "reader", None, &["deal.read"]).await, permission(&keeper, "deal.read").await);
    let (by_role, directly) = (town.person("Wei", &[]).await, town.person("Ana", &[]).await);
    let from = clock::now() + TimeDelta::milliseconds(1500);
    let window = |key: &str, of: &str| json!({ "userId": of, key: null, "validFrom": from, "validUntil": from + TimeDelta::milliseconds(1500) });
    let mut given = window("roleId", &id_of(&by_role));
    given["roleId"] = role;
    keeper.do_("roleAssign", given, "").await;
    let mut given = window("permissionId", &id_of(&directly));
    given["permissionId"] = permission;
    keeper.do_("permissionGrant", given, "").await;

    assert!(!reads_deals(&by_role).await && !reads_deals(&directly).await);
    moments((from - clock::now()).num_milliseconds().max(0).unsigned_abs() + 200).await;
    assert!(reads_deals(&by_role).await && reads_deals(&directly).await);
    moments(1500).await;
    assert!(!reads_deals(&by_role).await && !reads_deals(&directly).await);
}

#[tokio::test]
async fn what_is_withdrawn_is_gone_with_the_next_request() {
    let town = town().await;
    let keeper = keeper(&town, "Keeper", &["deal.read"]).await;
    let wei = town.person("Wei", &[]).await;
    let role = make_role(&keeper, "reader", None, &["deal.read"]).await;
    let given = assign(&keeper, &wei, &role).await;
    assert!(reads_deals(&wei).await);
    let input = json!({ "id": given, "reason": "left the team" });
    let selection = "roleAssignment { isActive isInForce revocationReason revokedBy { id } }";
    let revoked = keeper.do_("roleRevoke", input.clone(), selection).await["roleAssignment"].clone();
    assert!(!reads_deals(&wei).await);
    assert_eq!(revoked["isActive"], false);
    assert_eq!(revoked["revocationReason"], "left the team");
    assert_eq!(revoked["revokedBy"]["id"], id_of(&keeper));
    assert_eq!(keeper.refused("roleRevoke", input).await.0, "STATE");

    let permission = permission(&keeper, "deal.read").await;
    let input = json!({ "userId": id_of(&wei), "permissionId": permission, "reason": "for a day" });
    let grant =
        keeper.do_("permissionGrant", input.clone(), "permissionGrant { id }").await["permissionGrant"]["id"]
            .clone();
    assert!(reads_deals(&wei).await);
    assert_eq!(keeper.refused("permissionGrant", input).await.0, "NOT_UNIQUE");
    keeper.do_("permissionGrantRevoke", json!({ "id": grant, "reason": "over" }), "").await;
    assert!(!reads_deals(&wei).await);
}

#[tokio::test]
async fn no_more_people_than_allowed_hold_a_role_however_many_are_given_it_at_once() {
    let town = town().await;
    let keeper = keeper(&town, "Keeper", &[]).await;
    let input = json!({ "name": "few", "maxAssignments": 3 });
    let role = keeper.do_("roleCreate", input, "role { id }").await["role"]["id"].clone();
    let mut people = Vec::new();
    for number in 0..50 {
        people.push(town.person(&format!("Person {number}"), &[]).await);
    }
    let given = people.iter().map(|person| {
        let input = json!({ "userId": id_of(person), "roleId": role });
        keeper.change("roleAssign", input, "roleAssignment { id }")
    });
    let given = join_all(given).await;
    let codes =
        given.iter().filter_map(|payload| payload["userErrors"][0]["code"].as_str()).collect::<Vec<_>>();
    assert_eq!(codes, ["LIMIT_REACHED"; 47]);
    let document = "query R($id: ID!) { role(id: $id) { assignments { totalCount { value } } } }";
    let count = keeper.get(document, json!({ "id": role })).await;
    assert_eq!(count["role"]["assignments"]["totalCount"]["value"], 3);
}
