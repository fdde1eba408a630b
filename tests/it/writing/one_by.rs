//! One record by what else is its own than its id.
use diesel_async::SimpleAsyncConnection;
use serde_json::{Value, json};

use super::House;
use crate::world::city::{Person, Reply, Town};

async fn by(person: &Person, field: &str, by: Value) -> Reply {
    let name = field[..1].to_uppercase() + &field[1..];
    person
        .ask(&format!("query($by: {name}By) {{ found: {field}(by: $by) {{ id }} }}"), json!({ "by": by }))
        .await
}

/// Null, and no error.
fn is_nothing(answer: &Value) -> bool {
    answer["data"] == json!({ "found": null }) && answer.get("errors").is_none()
}

/// A deal of another system, made by the owner of the tables: its id, as the API writes it.
async fn imported(house: &House, id: &str) -> Value {
    let made = house.made(id).await;
    let link = format!(
        "UPDATE sales.deals SET external_system = 'crm', external_deal_id = '{id}' WHERE name = '{id}' AND organization_id = '{}'",
        house.town.organization
    );
    house.town.owner().await.batch_execute(&link).await.unwrap();
    made
}

fn external(id: &str) -> Value {
    json!({ "external": { "system": "crm", "id": id } })
}

#[tokio::test]
async fn a_deal_is_found_by_the_id_of_another_system_in_one_statement() {
    let house = House::found().await;
    let (id, other) = (imported(&house, "D-1").await, imported(&house, "D-2").await);
    let query = "query($id: ID) { found: deal(id: $id) { id } }";
    let by_id = house.ann.ask(query, json!({ "id": id })).await;
    let found = by(&house.ann, "deal", external("D-1")).await;
    assert_eq!(found.body["data"], json!({ "found": { "id": id } }), "{:#}", found.body);
    assert_eq!(found.statements, by_id.statements);
    assert_eq!(by(&house.ann, "deal", external("D-2")).await.body["data"]["found"]["id"], other);
    let elsewhere = json!({ "external": { "system": "erp", "id": "D-1" } });
    assert!(is_nothing(&by(&house.ann, "deal", elsewhere).await.body));
    // one that is deleted is found by its id alone
    house.ann.do_("dealDelete", json!({ "id": id }), "").await;
    assert_eq!(by(&house.ann, "deal", external("D-1")).await.body["data"]["found"], Value::Null);
    assert_eq!(house.ann.ask(query, json!({ "id": id })).await.body["data"]["found"]["id"], id);
}

#[tokio::test]
async fn a_hidden_record_is_found_by_nothing() {
    let house = House::found().await;
    imported(&house, "D-1").await;
    let ben = house.town.person("Ben", &["deal.read"]).await;
    house.only_in(&ben, "deal.read", "LATIN_AMERICA").await;
    let stranger = Town::found().await.person("Sue", &["deal.read"]).await;
    for (who, person) in [("a colleague", &ben), ("a stranger", &stranger)] {
        let (hidden, missing) =
            (by(person, "deal", external("D-1")).await, by(person, "deal", external("D-9")).await);
        assert!(is_nothing(&hidden.body), "{who}: {:#}", hidden.body);
        assert_eq!((hidden.body, hidden.statements), (missing.body, missing.statements), "{who}");
    }
}

#[tokio::test]
async fn just_one_of_the_two_is_given() {
    let house = House::found().await;
    let id = imported(&house, "D-1").await;
    for (arguments, code) in [
        ("", "BAD_USER_INPUT"),
        ("id: null", "BAD_USER_INPUT"),
        ("id: $id, by: { external: { system: \"crm\", id: \"D-1\" } }", "BAD_USER_INPUT"),
        ("by: {}", "GRAPHQL_VALIDATION_FAILED"),
        ("by: { external: null }", "GRAPHQL_VALIDATION_FAILED"),
        ("by: { name: \"x\" }", "GRAPHQL_VALIDATION_FAILED"),
    ] {
        let arguments = if arguments.is_empty() { String::new() } else { format!("({arguments})") };
        let document = format!("query($id: ID) {{ deal{arguments} {{ id }} other: deal(id: $id) {{ id }} }}");
        let answer = house.ann.ask(&document, json!({ "id": id })).await.body;
        assert_eq!(answer["errors"][0]["extensions"]["code"], code, "{arguments}: {answer:#}");
    }
    let sdl = portico::graph::schema::sdl();
    assert!(sdl.contains("input DealBy @oneOf"), "clients are told");
}

#[tokio::test]
async fn others_are_found_by_number_code_name_and_address() {
    let town = Town::found().await;
    let rights = [
        "control.read",
        "cost_center.read",
        "department.read",
        "role.read",
        "team.read",
        "user.read",
        "user.email.read",
        "deal.read",
    ];
    let ann = town.person("Ann", &rights).await;
    let made = format!(
        "INSERT INTO finance.cost_centers (organization_id, id, name, code) VALUES ('{0}', gen_random_uuid(), 'Offices', 'CC-7');
         INSERT INTO finance.departments (organization_id, id, name, code) VALUES ('{0}', gen_random_uuid(), 'Sales', 'SA');
         INSERT INTO access.roles (organization_id, id, name) VALUES ('{0}', gen_random_uuid(), 'reader');
         INSERT INTO access.teams (organization_id, id, name) VALUES ('{0}', gen_random_uuid(), 'North');
         INSERT INTO sales.pipelines (organization_id, id, name) VALUES ('{0}', gen_random_uuid(), 'New business');
         INSERT INTO governance.compliance_frameworks (organization_id, id, name) VALUES ('{0}', '{0}', 'SOX');
         INSERT INTO governance.compliance_controls (organization_id, id, control_id, framework_id, framework_org_id, category, name, frequency)
           VALUES ('{0}', gen_random_uuid(), 'SOX-AC-001', '{0}', '{0}', 'access', 'Reviews', 'quarterly')",
        town.organization
    );
    town.owner().await.batch_execute(&made).await.unwrap();
    let email = format!("ann-{}@example.com", ann.user).to_uppercase();
    for (field, key, value) in [
        ("costCenter", "code", "CC-7"),
        ("department", "code", "SA"),
        ("role", "name", "reader"),
        ("team", "name", "NORTH"),
        ("pipeline", "name", "New business"),
        ("complianceControl", "key", "SOX-AC-001"),
        ("user", "email", email.as_str()),
    ] {
        let found = by(&ann, field, json!({ key: value })).await;
        assert!(found.body["data"]["found"]["id"].is_string(), "{field}: {:#}", found.body);
        let none = by(&ann, field, json!({ key: format!("{value}x") })).await;
        assert!(is_nothing(&none.body), "{field}: {:#}", none.body);
        assert_eq!(none.statements, found.statements, "{field}");
    }
}

/// Otherwise an address that is masked could be guessed.
#[tokio::test]
async fn what_somebody_is_not_shown_they_find_nobody_by() {
    let town = Town::found().await;
    let (ann, ben) = (town.person("Ann", &["user.read"]).await, town.person("Ben", &[]).await);
    let mask = format!(
        "INSERT INTO security.masking_policies (organization_id, id, name, fields, method)
         VALUES ('{}', gen_random_uuid(), 'addresses', '{{User.email}}', 'redact')",
        town.organization
    );
    town.owner().await.batch_execute(&mask).await.unwrap();
    let guess = json!({ "email": format!("Ben-{}@example.com", ben.user) });
    let answer = by(&ann, "user", guess).await.body;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN", "{answer:#}");
}
