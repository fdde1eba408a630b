mod approval;
mod automatic;
mod catalogue;
mod conditions;
mod deciding;
mod delegation;
mod explanation;
mod permission;
mod processes;
mod protection;
mod rights;
mod scopes;
mod team;
mod team_rights;

use std::{sync::Arc, time::Duration};

use portico::{
    domains::{
        access::{catalogue as permissions, role_rows},
        identity::user::User,
    },
    store::{
        door::{Caller, Door, DoorSettings},
        id::Id,
    },
};
use serde_json::{Value, json};

use crate::world::city::{Person, Town, input_type};

/// A town with the built-in permissions and roles.
async fn town() -> Town {
    let town = Town::found().await;
    permissions::sync(&mut town.owner().await).await.unwrap();
    copy_roles(&town).await;
    town
}

/// Gives a town its rows of the built-in roles.
async fn copy_roles(town: &Town) {
    let settings = DoorSettings {
        url: town.database.app_url.clone(),
        pool_size: 1,
        statement_timeout: Duration::from_secs(10),
        pool_wait: Duration::from_secs(5),
    };
    let caller =
        Caller { organization: Some(town.organization), request: "test".to_owned(), ..Caller::default() };
    let mut write = Door::new(&settings).unwrap().write(Arc::new(caller)).await.unwrap();
    role_rows::copy_into(&mut write).await.unwrap();
    write.commit().await.unwrap();
}

/// Somebody who looks after roles, and holds these permissions besides.
async fn keeper(town: &Town, name: &str, besides: &[&str]) -> Person {
    let of_a_keeper = [
        "role.read",
        "role.write",
        "role.delete",
        "role.assign",
        "role.assignment.read",
        "permission.read",
        "permission.grant",
        "permission.grant.read",
        "user.read",
    ];
    town.person(name, &[&of_a_keeper, besides].concat()).await
}

pub fn id_of(person: &Person) -> String {
    Id::<User>::of(person.user).to_string()
}

/// The id of a built-in permission.
async fn permission(keeper: &Person, name: &str) -> Value {
    let filter = json!({ "filter": { "name": { "eq": name }, "isSystemPermission": { "eq": true } } });
    let document = "query P($filter: PermissionFilter) { permissions(filter: $filter) { nodes { id } } }";
    keeper.get(document, filter).await["permissions"]["nodes"][0]["id"].clone()
}

/// The id of a role by its name.
async fn role(keeper: &Person, name: &str) -> Value {
    let document = "query R($name: String) { roles(filter: { name: { eq: $name } }) { nodes { id } } }";
    keeper.get(document, json!({ "name": name })).await["roles"]["nodes"][0]["id"].clone()
}

/// A role of the organization's own that contains these permissions.
async fn make_role(keeper: &Person, name: &str, parent: Option<&Value>, permissions: &[&str]) -> Value {
    let input = json!({ "name": name, "parentRoleId": parent });
    let made = keeper.do_("roleCreate", input, "role { id }").await["role"]["id"].clone();
    for name in permissions {
        let permission = permission(keeper, name).await;
        keeper.do_("rolePermissionAdd", json!({ "roleId": made, "permissionId": permission }), "").await;
    }
    made
}

/// Gives a role; the id of the assignment.
async fn assign(keeper: &Person, person: &Person, role: &Value) -> Value {
    let input = json!({ "userId": id_of(person), "roleId": role, "reason": "a test" });
    keeper.do_("roleAssign", input, "roleAssignment { id isInForce }").await["roleAssignment"]["id"].clone()
}

/// Whether a person may read deals at this moment.
async fn reads_deals(person: &Person) -> bool {
    let reply = person.ask("{ deals(first: 1) { nodes { id } } }", json!({})).await;
    match reply.body["errors"][0]["extensions"]["code"].as_str() {
        None => true,
        Some("FORBIDDEN") => false,
        Some(_) => panic!("{:#}", reply.body),
    }
}

/// What is missing where a mutation is forbidden.
async fn forbidden(person: &Person, name: &str, input: Value) -> Value {
    let mut letters = name.chars();
    let type_name: String = letters.next().unwrap().to_uppercase().chain(letters).collect();
    let input_type = input_type(&type_name, &input);
    let document = format!(
        "mutation M($input: {input_type}!) {{ {name}(input: $input) {{ userErrors {{ code message }} }} }}"
    );
    let reply = person.ask(&document, json!({ "input": input })).await;
    assert_eq!(reply.body["errors"][0]["extensions"]["code"], "FORBIDDEN", "{:#}", reply.body);
    reply.body["errors"][0]["extensions"]["requires"].clone()
}

async fn moments(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}
