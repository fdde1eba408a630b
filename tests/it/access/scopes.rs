//! Roles of a region or department reach the rows of where their holder works, whatever else they hold (B014).
use std::{collections::BTreeSet, sync::Arc};

use diesel::{QueryableByName, sql_query, sql_types::Text};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use futures_util::StreamExt;
use portico::store::{grants::SCOPED, select};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{assign, conditions::House, id_of, make_role, role};

/// The region beyond which row-level security shows Wei nothing.
async fn closed_beyond(house: &House) -> Option<String> {
    let snapshot = house.town.door().snapshot(Arc::new(house.wei.caller.clone()));
    let region = snapshot.standing().await.unwrap().region.clone();
    snapshot.close();
    region
}

async fn seen(house: &House, arguments: &str) -> Vec<String> {
    let document = format!(
        "{{ deals(orderBy: [{{ field: NAME }}]{arguments}) {{ nodes {{ name }} totalCount {{ value }} }} }}"
    );
    let found = house.wei.get(&document, json!({})).await["deals"].clone();
    let nodes = found["nodes"].as_array().unwrap();
    assert_eq!(found["totalCount"]["value"], nodes.len());
    nodes.iter().map(|deal| deal["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn an_analyst_of_europe_sees_europe_and_the_one_record_that_was_given_besides() {
    let house = House::of(&["event.read"]).await;
    let mut ids = Vec::new();
    for (name, region) in [("a", "EUROPE"), ("b", "MIDDLE_EAST"), ("c", "EUROPE"), ("d", "ASIA_PACIFIC")] {
        ids.push(house.sell(name, region).await);
    }
    let analyst = role(&house.keeper, "analyst").await;
    let input = json!({ "userId": id_of(&house.wei), "roleId": analyst });
    house.keeper.do_("roleAssign", input, "").await;
    assert_eq!(seen(&house, "").await, ["a", "c"]);
    assert_eq!(closed_beyond(&house).await.as_deref(), Some("europe"));
    // what is seen in every row that one sees can be asked for
    assert_eq!(seen(&house, ", filter: { value: { gt: \"1\" } }").await, ["a", "c"]);
    let values = house
        .wei
        .get("{ deals(orderBy: [{ field: VALUE }]) { nodes { value { amount } } } }", json!({}))
        .await;
    assert_eq!(values["deals"]["nodes"][1]["value"]["amount"], "1000.00");

    // a role that says nothing of deals lifts nothing
    let other = make_role(&house.keeper, "helper", None, &["user.read"]).await;
    assign(&house.keeper, &house.wei, &other).await;
    assert_eq!(seen(&house, "").await, ["a", "c"]);
    assert_eq!(closed_beyond(&house).await.as_deref(), Some("europe"));

    let start = house.wei.get("{ viewer { eventCursor } }", json!({})).await["viewer"]["eventCursor"].clone();
    let reader = make_role(&house.keeper, "reader", None, &["deal.read"]).await;
    let input = json!({ "userId": id_of(&house.wei), "roleId": reader, "withinId": ids[1] });
    house.keeper.do_("roleAssign", input, "").await;
    assert_eq!(seen(&house, "").await, ["a", "b", "c"]);
    assert_eq!(closed_beyond(&house).await, None);
    assert_eq!(seen(&house, ", filter: { region: { eq: MIDDLE_EAST } }").await, ["b"]);
    assert_eq!(seen(&house, ", filter: { region: { eq: ASIA_PACIFIC } }").await, Vec::<String>::new());
    for (at, visible) in [true, true, true, false].into_iter().enumerate() {
        let document = "query N($id: ID!) { node(id: $id) { id } deal(id: $id) { viewerCan(permission: \"deal.read\") } }";
        let found = house.wei.get(document, json!({ "id": ids[at] })).await;
        assert_eq!(
            (found["node"].is_object(), found["deal"]["viewerCan"] == true),
            (visible, visible),
            "{at}"
        );
        let document = "query E($user: ID!, $record: ID!) { explainAccess(userId: $user, permission: \"deal.read\", recordId: $record) {
            allowed grants { verdict rolePath rowScopes conditions } } }";
        let asked = json!({ "user": id_of(&house.wei), "record": ids[at] });
        let told = house.keeper.get(document, asked).await["explainAccess"].clone();
        assert_eq!(told["allowed"], visible);
        let ways = told["grants"].as_array().unwrap();
        let way = ways.iter().find(|way| way["rolePath"] == json!(["analyst"])).unwrap();
        let verdict = if at % 2 == 0 { "ALLOWS" } else { "ELSEWHERE" };
        let expected = json!({ "verdict": verdict, "rolePath": ["analyst"], "rowScopes": ["REGION"], "conditions": null });
        assert_eq!(*way, expected);
    }
    // the amount is seen where the analyst sees it, and so nobody can ask for it any more
    let reply = house
        .wei
        .ask("{ deals(orderBy: [{ field: NAME }]) { nodes { name value { amount } } } }", json!({}))
        .await
        .body;
    let amounts: Vec<bool> = reply["data"]["deals"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|deal| deal["value"].is_object())
        .collect();
    assert_eq!(amounts, [true, false, true]);
    let reply =
        house.wei.ask("{ deals(filter: { value: { gt: \"1\" } }) { nodes { id } } }", json!({})).await.body;
    assert_eq!(reply["errors"][0]["extensions"]["requires"], json!(["deal.value.read"]));

    // streams tell of what lists show
    for id in [&ids[3], &ids[1], &ids[0]] {
        house.ann.do_("dealUpdate", json!({ "id": id, "probability": "50" }), "deal { id }").await;
    }
    let follow = "subscription F($after: EventCursor) { recordEvents(types: [\"Deal\"], after: $after) { __typename ... on RecordUpdated { record { id } } } }";
    let mut stream = house.wei.follow(follow, json!({ "after": start }));
    assert_eq!(stream.next().await.unwrap()["data"]["recordEvents"]["__typename"], "StreamOpened");
    for id in [&ids[1], &ids[0]] {
        assert_eq!(stream.next().await.unwrap()["data"]["recordEvents"]["record"]["id"], *id);
    }
}

#[tokio::test]
async fn a_scope_reaches_what_is_inherited_and_what_is_written() {
    let house = House::of(&[]).await;
    let (here, there) = (house.sell("here", "EUROPE").await, house.sell("there", "MIDDLE_EAST").await);
    let input = json!({ "name": "regional", "rowScope": "REGION" });
    let regional = house.keeper.do_("roleCreate", input, "role { id rowScope }").await["role"].clone();
    assert_eq!(regional["rowScope"], "REGION");
    for name in ["deal.read", "deal.write"] {
        let permission = super::permission(&house.keeper, name).await;
        let input = json!({ "roleId": regional["id"], "permissionId": permission });
        house.keeper.do_("rolePermissionAdd", input, "").await;
    }
    let child = make_role(&house.keeper, "child", Some(&regional["id"]), &[]).await;
    assign(&house.keeper, &house.wei, &child).await;
    assert_eq!(seen(&house, "").await, ["here"]);
    house.wei.do_("dealUpdate", json!({ "id": here, "name": "mine" }), "deal { id }").await;
    assert_eq!(house.wei.refused("dealUpdate", json!({ "id": there, "name": "mine" })).await.0, "NOT_FOUND");
    let (code, path, _) =
        house.wei.refused("dealUpdate", json!({ "id": here, "region": "MIDDLE_EAST" })).await;
    assert_eq!((code.as_str(), path), ("INVALID", vec!["input".to_owned()]));
    // somebody of no region has nothing of it
    let nowhere =
        format!("UPDATE identity.memberships SET region = NULL WHERE user_id = '{}'", house.wei.user);
    house.town.owner().await.batch_execute(&nowhere).await.unwrap();
    assert_eq!(closed_beyond(&house).await.as_deref(), Some("-"));
    assert_eq!(seen(&house, "").await, Vec::<String>::new());
    // a right to everything is one
    house.give("deal.read", json!({})).await;
    assert_eq!(seen(&house, "").await, ["mine", "there"]);
}

#[tokio::test]
async fn who_is_limited_gives_only_what_is_limited_in_the_same_way() {
    let house = House::of(&[]).await;
    let wei = &house.wei;
    let input = json!({ "name": "regional", "rowScope": "REGION" });
    let regional = house.keeper.do_("roleCreate", input, "role { id }").await["role"]["id"].clone();
    for name in ["deal.read", "role.assign", "role.read", "role.assignment.read"] {
        let input =
            json!({ "roleId": regional, "permissionId": super::permission(&house.keeper, name).await });
        let keeps = house
            .town
            .person(
                "Second",
                &[
                    "role.write",
                    "deal.read",
                    "role.assign",
                    "role.read",
                    "role.assignment.read",
                    "permission.read",
                ],
            )
            .await;
        keeps.do_("rolePermissionAdd", input, "").await;
    }
    let everywhere = make_role(&house.keeper, "everywhere", None, &["deal.read"]).await;
    assign(&house.keeper, wei, &regional).await;
    // the one record besides changes nothing of that
    let reader = make_role(&house.keeper, "reader", None, &["deal.read"]).await;
    let input =
        json!({ "userId": id_of(wei), "roleId": reader, "withinId": house.sell("a", "MIDDLE_EAST").await });
    house.keeper.do_("roleAssign", input, "").await;
    let ben = house.town.person("Ben", &[]).await;
    let give = |role: &Value| json!({ "userId": id_of(&ben), "roleId": role });
    assert_eq!(wei.refused("roleAssign", give(&everywhere)).await.0, "STATE");
    wei.do_("roleAssign", give(&regional), "").await;
}

/// A department limits budgets and departments, and what it costs to ask is the same with a scope as without.
#[tokio::test]
async fn a_department_limits_in_the_same_way_at_no_cost() {
    let house = House::of(&[]).await;
    let (one, other) = (Uuid::now_v7(), Uuid::now_v7());
    let made = format!(
        "INSERT INTO finance.departments (organization_id, id, name, code) VALUES ('{0}', '{one}', 'One', 'ONE'), ('{0}', '{other}', 'Other', 'OTHER');
         INSERT INTO finance.budgets (organization_id, id, name, fiscal_year, department_id) VALUES
           ('{0}', gen_random_uuid(), 'of one', 2040, '{one}'), ('{0}', gen_random_uuid(), 'of other', 2040, '{other}'), ('{0}', gen_random_uuid(), 'of all', 2040, NULL);
         INSERT INTO access.roles (organization_id, id, name, metadata) VALUES ('{0}', '{one}', 'planner', '{{\"row_scope\": \"department\"}}');
         INSERT INTO access.role_permissions (organization_id, id, role_id, permission_id, permission_org_id)
           SELECT '{0}', gen_random_uuid(), '{one}', p.id, p.organization_id FROM access.permissions p
            WHERE p.organization_id = '00000000-0000-0000-0000-000000000000' AND p.name IN ('budget.read', 'department.read', 'deal.read');
         INSERT INTO access.role_assignments (organization_id, id, user_id, role_id) VALUES ('{0}', gen_random_uuid(), '{1}', '{one}');
         UPDATE identity.memberships SET department_id = '{one}' WHERE user_id = '{1}'",
        house.town.organization, house.wei.user
    );
    house.town.owner().await.batch_execute(&made).await.unwrap();
    house.sell("anywhere", "MIDDLE_EAST").await;
    let document = "{ budgets { nodes { name department { name } } } departments { nodes { name } } deals { nodes { name } } }";
    house.wei.get(document, json!({})).await;
    let scoped = house.wei.ask(document, json!({})).await;
    let expected = json!({ "budgets": { "nodes": [{ "name": "of one", "department": { "name": "One" } }] },
        "departments": { "nodes": [{ "name": "One" }] }, "deals": { "nodes": [{ "name": "anywhere" }] } });
    assert_eq!(scoped.body["data"], expected);
    let all = house.town.person("All", &["budget.read", "department.read", "deal.read"]).await;
    all.get(document, json!({})).await;
    assert_eq!(scoped.statements, all.ask(document, json!({})).await.statements);
}

#[derive(QueryableByName)]
struct Policy {
    #[diesel(sql_type = Text)]
    place: String,
    #[diesel(sql_type = Text)]
    text: String,
}

/// The first line and the second know of the same tables and columns.
#[tokio::test]
async fn rights_and_policies_know_the_same_scopes() {
    let house = House::of(&[]).await;
    let policies: Vec<Policy> = sql_query(
        "SELECT format('%I.%I', schemaname, tablename) AS place, qual AS text FROM pg_policies WHERE policyname = 'row_scope'",
    )
    .load(&mut house.town.owner().await)
    .await
    .unwrap();
    let mut known = BTreeSet::new();
    for scoped in &SCOPED {
        let table = select::about(scoped.read).unwrap().name.replace('"', "");
        let policy = policies.iter().find(|policy| policy.place == table).unwrap();
        let setting = match scoped.scope.as_str() {
            "region" => "app.region",
            _ => "app.department_id",
        };
        assert!(
            policy.text.contains(setting) && policy.text.contains(&format!("({} = ", scoped.column)),
            "{}",
            policy.text
        );
        known.insert(table);
    }
    // these are parts of others, and say nothing themselves
    known.extend(["sales.deal_history", "finance.budget_line_items"].map(ToOwned::to_owned));
    assert_eq!(policies.into_iter().map(|policy| policy.place).collect::<BTreeSet<_>>(), known);
}
