//! Permissions of an organization's own: a built-in right, given under its conditions, or with a second factor only.
use diesel::sql_query;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use futures_util::StreamExt;
use portico::store::{connect::connect, door::Caller};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    approval::{Office, delete},
    assign,
    conditions::House,
    forbidden, id_of, keeper, make_role, permission, reads_deals,
};
use crate::world::city::Person;

const MAKES: &[&str] = &[
    "deal.read",
    "deal.delete",
    "deal.value.read",
    "permission.write",
    "permission.delete",
    "role.grant.any",
    "event.read",
];

async fn maker(house: &House) -> Person {
    keeper(&house.town, "Maker", MAKES).await
}

/// Makes a permission, and gives it to Wei in a role; its id.
async fn give(house: &House, maker: &Person, right: &str, more: Value) -> Value {
    let name = right.replace('.', "_") + "_own";
    let mut input = json!({ "name": name, "right": right });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let made = maker.do_("permissionCreate", input, "permission { id }").await["permission"]["id"].clone();
    let role = make_role(maker, &format!("with_{name}"), None, &[]).await;
    maker.do_("rolePermissionAdd", json!({ "roleId": role, "permissionId": made }), "").await;
    assign(maker, &house.wei, &role).await;
    made
}

/// The person in a session in which a second factor was shown.
async fn with_second_factor(house: &House, person: &Person) -> Person {
    let session = Uuid::now_v7();
    let begin = format!(
        "INSERT INTO identity.sessions (id, user_id, organization_id, refresh_token_hash, mfa, expires_at)
         VALUES ('{session}', '{}', '{}', '{session}', true, now() + interval '1 hour')",
        person.user, house.town.organization
    );
    house.town.owner().await.batch_execute(&begin).await.unwrap();
    Person { caller: Caller { session: Some(session), ..person.caller.clone() }, ..person.clone() }
}

#[tokio::test]
async fn it_gives_the_built_in_right_as_it_says() {
    let house = House::of(&[]).await;
    let maker = maker(&house).await;
    for (name, region) in [("here", "EUROPE"), ("there", "MIDDLE_EAST")] {
        house.sell(name, region).await;
    }
    let in_europe = json!({ "attribute": "resource.region", "operator": "eq", "value": "EUROPE" });
    let made = give(
        &house,
        &maker,
        "deal.read",
        json!({ "displayName": "Deals of Europe", "condition": in_europe }),
    )
    .await;
    let names = async || {
        let seen = house.wei.get("{ deals { nodes { name } } }", json!({})).await;
        seen["deals"]["nodes"].clone()
    };
    assert_eq!(names().await, json!([{ "name": "here" }]));
    let shown = "query($id: ID!) { permission(id: $id) { name right action displayName isSystemPermission version resourceType { name } roles { name } } }";
    let shown = maker.get(shown, json!({ "id": made })).await["permission"].clone();
    assert_eq!(
        shown,
        json!({ "name": "deal_read_own", "right": "deal.read", "action": "read", "displayName": "Deals of Europe", "isSystemPermission": false,
                "version": 1, "resourceType": { "name": "deal" }, "roles": [{ "name": "with_deal_read_own" }] })
    );
    // changed, it is changed for all who have it
    maker.do_("permissionUpdate", json!({ "id": made, "expectedVersion": 1, "condition": null }), "").await;
    assert_eq!(names().await.as_array().unwrap().len(), 2);
    assert_eq!(
        maker.refused("permissionUpdate", json!({ "id": made, "expectedVersion": 1 })).await.0,
        "CONFLICT"
    );
    maker.do_("permissionUpdate", json!({ "id": made, "validUntil": portico::store::clock::now() + chrono::TimeDelta::milliseconds(50) }), "").await;
    super::moments(100).await;
    assert!(!reads_deals(&house.wei).await);
}

#[tokio::test]
async fn one_makes_it_only_of_what_one_holds_and_says_what_exists() {
    let house = House::of(&[]).await;
    let maker = maker(&house).await;
    let poor = keeper(&house.town, "Poor", &["permission.write", "permission.delete"]).await;
    let missing = json!(["deal.delete"]);
    let made = json!({ "name": "mine", "right": "deal.delete" });
    assert_eq!(forbidden(&poor, "permissionCreate", made.clone()).await, missing);
    let id =
        maker.do_("permissionCreate", made.clone(), "permission { id }").await["permission"]["id"].clone();
    assert_eq!(
        forbidden(&poor, "permissionUpdate", json!({ "id": id, "requiresMfa": false })).await,
        missing
    );
    let document = "mutation($input: PermissionRecordInput!) { permissionDelete(input: $input) { userErrors { code } } }";
    let reply = poor.ask(document, json!({ "input": { "id": id } })).await.body;
    assert_eq!(reply["errors"][0]["extensions"]["requires"], missing);
    let empty = make_role(&poor, "trojan", None, &[]).await;
    assert_eq!(
        forbidden(&poor, "rolePermissionAdd", json!({ "roleId": empty, "permissionId": id })).await,
        missing
    );

    let wrong = async |input: Value| {
        let (code, path, _) = maker.refused("permissionCreate", input).await;
        (code, path.join("."))
    };
    let is = |code: &str, path: &str| (code.to_owned(), path.to_owned());
    assert_eq!(wrong(made).await, is("NOT_UNIQUE", "input.name"));
    assert_eq!(wrong(json!({ "name": "x", "right": "deal.destroy" })).await, is("NOT_FOUND", "input.right"));
    assert_eq!(
        wrong(json!({ "name": "deal.delete", "right": "deal.delete" })).await,
        is("INVALID", "input.name")
    );
    let colour = json!({ "attribute": "resource.colour", "operator": "eq", "value": "red" });
    let coloured = json!({ "name": "x", "right": "deal.delete", "condition": colour });
    assert_eq!(wrong(coloured).await, is("INVALID", "input.condition.attribute"));
    let nothing = "flow_01jd3v0000000000000000000a";
    let unknown = json!({ "name": "x", "right": "deal.delete", "requiresApproval": true, "approvalWorkflowId": nothing });
    assert_eq!(wrong(unknown).await, is("NOT_FOUND", "input.approvalWorkflowId"));

    // what is in use is ended, not deleted
    let role = make_role(&maker, "user_of_it", None, &[]).await;
    let held = maker
        .do_("rolePermissionAdd", json!({ "roleId": role, "permissionId": id }), "rolePermission { id }")
        .await;
    assert_eq!(maker.refused("permissionDelete", json!({ "id": id })).await.0, "IN_USE");
    maker.do_("rolePermissionRemove", json!({ "id": held["rolePermission"]["id"] }), "").await;
    assert_eq!(maker.do_("permissionDelete", json!({ "id": id }), "deletedId").await["deletedId"], id);
}

#[tokio::test]
async fn built_in_permissions_stay_as_they_are() {
    let house = House::of(&[]).await;
    let maker = maker(&house).await;
    let built_in = permission(&maker, "deal.delete").await;
    assert_eq!(
        maker.refused("permissionUpdate", json!({ "id": built_in, "requiresMfa": true })).await.0,
        "STATE"
    );
    assert_eq!(maker.refused("permissionDelete", json!({ "id": built_in })).await.0, "STATE");
    // the database says so too, and that nobody invents a right
    let mut server = connect(&house.town.database.app_url).await.unwrap();
    let enter = format!(
        "SET ROLE portico_app; SELECT set_config('app.organization_id', '{}', false)",
        house.town.organization
    );
    server.batch_execute(&enter).await.unwrap();
    let insert = |values: &str| {
        format!(
        "INSERT INTO access.permissions (organization_id, id, name, right_name, action, is_system_permission, resource_type_id, resource_type_org_id)
         SELECT '{}', gen_random_uuid(), {values}, p.resource_type_id, p.resource_type_org_id FROM access.permissions p WHERE p.name = 'deal.delete' AND p.is_system_permission",
        house.town.organization
    )
    };
    for (forbidden, why) in [
        (insert("'a', 'deal.delete', 'delete', true"), "cannot make a built-in permission"),
        (insert("'b', 'deal.destroy', 'destroy', false"), "no built-in right"),
        (insert("'c', 'budget.approve', 'delete', false"), "no built-in right"),
    ] {
        let refused = sql_query(&forbidden).execute(&mut server).await.unwrap_err().to_string();
        assert!(refused.contains(why), "{forbidden}: {refused}");
    }
    let untouched = sql_query("UPDATE access.permissions SET requires_mfa = true WHERE is_system_permission")
        .execute(&mut server)
        .await;
    assert_eq!(untouched.unwrap(), 0);
}

#[tokio::test]
async fn what_needs_a_second_factor_is_had_in_a_session_that_has_shown_one() {
    let house = House::of(&["event.read"]).await;
    let maker = maker(&house).await;
    let deal = house.sell("a", "EUROPE").await;
    let secured = json!({ "requiresMfa": true });
    let given = give(&house, &maker, "deal.delete", secured.clone()).await;
    give(&house, &maker, "deal.value.read", secured.clone()).await;
    let code = |reply: &Value| {
        (
            reply["errors"][0]["extensions"]["code"].clone(),
            reply["errors"][0]["extensions"]["requires"].clone(),
        )
    };
    let required = |permission: &str| (json!("MFA_REQUIRED"), json!([permission]));

    // mutations, fields and orders
    let plain = give(&house, &maker, "deal.read", json!({})).await;
    assert_eq!(
        delete(&house.wei, &deal).await,
        Some(("MFA_REQUIRED".to_owned(), json!(["deal.delete"]), Value::Null))
    );
    let document = "{ deals { nodes { name value { amount } viewerCan(permission: \"deal.delete\") } } }";
    let shown = house.wei.ask(document, json!({})).await.body;
    assert_eq!(shown["data"]["deals"]["nodes"][0], json!({ "name": "a", "value": null, "viewerCan": false }));
    assert_eq!(code(&shown), required("deal.value.read"));
    let ordered =
        house.wei.ask("{ deals(orderBy: [{ field: VALUE }]) { nodes { id } } }", json!({})).await.body;
    assert_eq!(code(&ordered), required("deal.value.read"));
    let secure = with_second_factor(&house, &house.wei).await;
    let shown = secure.get(document, json!({})).await;
    assert_eq!(
        shown["deals"]["nodes"][0],
        json!({ "name": "a", "value": { "amount": "1000.00" }, "viewerCan": true })
    );

    // lists, lookups and streams
    maker.do_("permissionUpdate", json!({ "id": plain, "requiresMfa": true }), "").await;
    assert_eq!(
        code(&house.wei.ask("{ deals { nodes { id } } }", json!({})).await.body),
        required("deal.read")
    );
    let node = "query($id: ID!) { node(id: $id) { id } }";
    assert_eq!(code(&house.wei.ask(node, json!({ "id": deal })).await.body), required("deal.read"));
    secure.get("{ deals { nodes { id } } }", json!({})).await;
    let stream = "subscription { recordEvents(types: [\"Deal\"]) { __typename ... on RecordUpdated { record { id } } } }";
    let (mut without, mut with) = (house.wei.follow(stream, json!({})), secure.follow(stream, json!({})));
    for opened in [without.next().await.unwrap(), with.next().await.unwrap()] {
        assert_eq!(opened["data"]["recordEvents"]["__typename"], "StreamOpened");
    }
    house.ann.do_("dealUpdate", json!({ "id": deal, "name": "b" }), "").await;
    let heard = with.next().await.unwrap();
    assert_eq!(heard["data"]["recordEvents"]["record"]["id"], deal, "{heard:#}");
    let kept = without.next().await.unwrap();
    assert!(kept["data"]["recordEvents"]["record"].is_null(), "{kept:#}");
    assert_eq!(code(&kept), required("deal.read"));

    // it is told by explanations, of others as if they had shown none
    let own = "{ viewer { explainAccess(permission: \"deal.delete\") { allowed grants { verdict requiresMfa requiresApproval permissionId } } } }";
    let way = |verdict: &str| json!([{ "verdict": verdict, "requiresMfa": true, "requiresApproval": false, "permissionId": given }]);
    let told = house.wei.get(own, json!({})).await["viewer"]["explainAccess"].clone();
    assert_eq!(told, json!({ "allowed": false, "grants": way("NEEDS_MFA") }));
    let told = secure.get(own, json!({})).await["viewer"]["explainAccess"].clone();
    assert_eq!(told, json!({ "allowed": true, "grants": way("ALLOWS") }));
    let report = "query($deal: ID!) { accessReport(recordId: $deal, permission: \"deal.delete\", first: 100) { people { user { id } } lacking { user { id } grants { verdict } } } }";
    let shown = house.keeper.get(report, json!({ "deal": deal })).await["accessReport"].clone();
    assert_eq!(
        shown["lacking"],
        json!([{ "user": { "id": id_of(&house.wei) }, "grants": [{ "verdict": "NEEDS_MFA" }] }])
    );

    // shown later in the same session, it counts from the next request on
    let later =
        format!("UPDATE identity.sessions SET mfa = true WHERE id = '{}'", house.wei.caller.session.unwrap());
    house.town.owner().await.batch_execute(&later).await.unwrap();
    assert!(reads_deals(&house.wei).await);
    assert_eq!(delete(&house.wei, &deal).await, None);
}

#[tokio::test]
async fn a_key_never_shows_a_second_factor() {
    let house = House::of(&[]).await;
    let maker = maker(&house).await;
    let made = give(&house, &maker, "deal.read", json!({})).await;
    let key = Uuid::now_v7();
    let insert = format!(
        "INSERT INTO identity.api_keys (organization_id, id, name, prefix, hashed_key, created_by) VALUES ('{}', '{key}', 'A key', '{key}', '{key}', '{}')",
        house.town.organization, house.wei.user
    );
    house.town.owner().await.batch_execute(&insert).await.unwrap();
    let caller = Caller {
        user: None,
        session: None,
        api_key: Some(key),
        api_key_hash: Some(key.to_string()),
        ..house.wei.caller.clone()
    };
    let program = Person { caller, ..house.wei.clone() };
    assert!(reads_deals(&program).await);
    maker.do_("permissionUpdate", json!({ "id": made, "requiresMfa": true }), "").await;
    let reply = program.ask("{ deals { nodes { id } } }", json!({})).await.body;
    assert_eq!(reply["errors"][0]["extensions"]["code"], "MFA_REQUIRED", "{reply:#}");
}

#[tokio::test]
async fn approved_or_not_a_second_factor_is_needed_where_both_are_demanded() {
    let office = Office::open(json!({ "requiresMfa": true })).await;
    let deal = office.house.sell("a", "EUROPE").await;
    let secure = with_second_factor(&office.house, &office.house.wei).await;
    for person in [&office.house.wei, &secure] {
        assert_eq!(delete(person, &deal).await.unwrap().0, "APPROVAL_REQUIRED");
    }
    let asked = json!({ "permissionId": office.asked, "reason": "both", "durationMinutes": 5 });
    let asked = secure.do_("accessRequest", asked, "approvalRequest { id }").await;
    let dee = office.house.town.person("Dee", &["approval.decide"]).await;
    let agree = json!({ "requestId": asked["approvalRequest"]["id"], "verdict": "APPROVED" });
    dee.do_("approvalDecide", agree, "").await;
    assert_eq!(delete(&office.house.wei, &deal).await.unwrap().0, "MFA_REQUIRED");
    assert_eq!(delete(&secure, &deal).await, None);
}
