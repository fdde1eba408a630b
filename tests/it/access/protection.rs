//! Nobody gives what they do not hold, and nobody changes what is built in.
use diesel::sql_query;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use portico::store::connect::connect;
use serde_json::json;

use super::{assign, forbidden, id_of, keeper, make_role, permission, reads_deals, role, town};

#[tokio::test]
async fn nobody_gives_takes_or_bundles_what_they_do_not_hold() {
    let town = town().await;
    let rich = keeper(&town, "Rich", &["deal.read"]).await;
    let poor = keeper(&town, "Poor", &[]).await;
    let wei = town.person("Wei", &[]).await;
    let reader = make_role(&rich, "reader", None, &["deal.read"]).await;
    let deal_read = permission(&rich, "deal.read").await;
    let missing = json!(["deal.read"]);

    let give = json!({ "userId": id_of(&wei), "roleId": reader });
    assert_eq!(forbidden(&poor, "roleAssign", give.clone()).await, missing);
    let grant = json!({ "userId": id_of(&wei), "permissionId": deal_read });
    assert_eq!(forbidden(&poor, "permissionGrant", grant).await, missing);
    let bundle = json!({ "name": "trojan", "parentRoleId": reader });
    assert_eq!(forbidden(&poor, "roleCreate", bundle).await, missing);
    let empty = make_role(&poor, "empty", None, &[]).await;
    let add = json!({ "roleId": empty, "permissionId": deal_read });
    assert_eq!(forbidden(&poor, "rolePermissionAdd", add).await, missing);
    assert_eq!(forbidden(&poor, "roleUpdate", json!({ "id": empty, "parentRoleId": reader })).await, missing);
    let owner = role(&rich, "owner").await;
    forbidden(&rich, "roleAssign", json!({ "userId": id_of(&rich), "roleId": owner })).await;

    let given = assign(&rich, &wei, &reader).await;
    assert_eq!(forbidden(&poor, "roleRevoke", json!({ "id": given, "reason": "envy" })).await, missing);
    assert!(reads_deals(&wei).await);
    let roles = poor.get("{ roles(filter: { name: { eq: \"trojan\" } }) { nodes { id } } }", json!({})).await;
    assert_eq!(roles["roles"]["nodes"], json!([]));
}

#[tokio::test]
async fn the_right_to_give_anything_helps_others_and_never_oneself() {
    let town = town().await;
    let rich = keeper(&town, "Rich", &["deal.read"]).await;
    let guard = keeper(&town, "Guard", &["role.grant.any"]).await;
    let wei = town.person("Wei", &[]).await;
    let reader = make_role(&rich, "reader", None, &["deal.read"]).await;
    let to_oneself = json!({ "userId": id_of(&guard), "roleId": reader });
    assert_eq!(forbidden(&guard, "roleAssign", to_oneself).await, json!(["deal.read"]));
    let own = make_role(&guard, "own", None, &[]).await;
    assign(&guard, &guard, &own).await;
    let add = json!({ "roleId": own, "permissionId": permission(&guard, "deal.read").await });
    assert_eq!(forbidden(&guard, "rolePermissionAdd", add).await, json!(["deal.read"]));
    assign(&guard, &wei, &reader).await;
    assert!(reads_deals(&wei).await && !reads_deals(&guard).await);
}

#[tokio::test]
async fn built_in_roles_and_permissions_stay_as_they_are() {
    let town = town().await;
    let keeper = keeper(&town, "Keeper", &["deal.read"]).await;
    let viewer = role(&keeper, "viewer").await;
    assert_eq!(keeper.refused("roleUpdate", json!({ "id": viewer, "displayName": "Mine" })).await.0, "STATE");
    assert_eq!(keeper.refused("roleDelete", json!({ "id": viewer })).await.0, "STATE");
    let add = json!({ "roleId": viewer, "permissionId": permission(&keeper, "deal.read").await });
    assert_eq!(keeper.refused("rolePermissionAdd", add).await.0, "STATE");
    let document = "query R($id: ID!) { role(id: $id) { isSystemRole permissions { id role { id } permission { name } } } }";
    let shown = keeper.get(document, json!({ "id": viewer })).await["role"].clone();
    let held = shown["permissions"].as_array().unwrap();
    let names = held.iter().map(|held| held["permission"]["name"].as_str().unwrap()).collect::<Vec<_>>();
    assert!(names.contains(&"deal.read") && !names.contains(&"deal.value.read"), "{names:?}");
    assert!(held.iter().all(|held| held["role"]["id"] == viewer), "{shown:#}");
    assert_eq!(keeper.refused("rolePermissionRemove", json!({ "id": held[0]["id"] })).await.0, "STATE");

    // the database says so too, whatever the server does
    let mut server = connect(&town.database.app_url).await.unwrap();
    server.batch_execute("SET ROLE portico_app").await.unwrap();
    let enter = format!("SELECT set_config('app.organization_id', '{}', false)", town.organization);
    server.batch_execute(&enter).await.unwrap();
    for forbidden in [
        "UPDATE access.roles SET description = 'mine' WHERE name = 'viewer' AND organization_id <> '00000000-0000-0000-0000-000000000000'",
        "DELETE FROM access.roles WHERE name = 'viewer' AND organization_id <> '00000000-0000-0000-0000-000000000000'",
        "INSERT INTO access.roles (organization_id, id, name, is_system_role)
         VALUES (current_setting('app.organization_id')::uuid, gen_random_uuid(), 'emperor', true)",
    ] {
        let refused = sql_query(forbidden).execute(&mut server).await.unwrap_err().to_string();
        assert!(refused.contains("built-in role"), "{refused}");
    }
}

#[tokio::test]
async fn a_role_that_is_or_was_in_use_is_not_deleted() {
    let town = town().await;
    let keeper = keeper(&town, "Keeper", &["deal.read"]).await;
    let wei = town.person("Wei", &[]).await;
    let used = make_role(&keeper, "used", None, &["deal.read"]).await;
    let given = assign(&keeper, &wei, &used).await;
    assert_eq!(keeper.refused("roleDelete", json!({ "id": used })).await.0, "IN_USE");
    keeper.do_("roleRevoke", json!({ "id": given, "reason": "over" }), "").await;
    assert_eq!(keeper.refused("roleDelete", json!({ "id": used })).await.0, "IN_USE");
    let unused = make_role(&keeper, "unused", None, &["deal.read"]).await;
    let gone = keeper.do_("roleDelete", json!({ "id": unused }), "deletedRoleId").await;
    assert_eq!(gone["deletedRoleId"], unused);
}

#[tokio::test]
async fn what_cannot_be_given_is_refused_and_somebody_remains_owner() {
    let town = town().await;
    let keeper = keeper(&town, "Keeper", &["role.grant.any"]).await;
    let (wei, ana) = (town.person("Wei", &[]).await, town.person("Ana", &[]).await);
    let base =
        keeper.do_("roleCreate", json!({ "name": "base", "isAssignable": false }), "role { id }").await;
    let give = json!({ "userId": id_of(&wei), "roleId": base["role"]["id"] });
    assert_eq!(keeper.refused("roleAssign", give).await.0, "STATE");

    let owner = role(&keeper, "owner").await;
    let first = assign(&keeper, &wei, &owner).await;
    assert_eq!(keeper.refused("roleRevoke", json!({ "id": first, "reason": "coup" })).await.0, "STATE");
    assign(&keeper, &ana, &owner).await;
    keeper.do_("roleRevoke", json!({ "id": first, "reason": "handed over" }), "").await;
    assert!(reads_deals(&ana).await && !reads_deals(&wei).await);
}
