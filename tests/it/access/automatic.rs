//! Roles that members get by themselves: those of whom the role's rule holds, as long as it does (B022).
use diesel::{
    QueryableByName, sql_query,
    sql_types::{BigInt, Text},
};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use futures_util::future::join_all;
use portico::{domains::identity::membership::Membership, store::id::Id};
use serde_json::{Value, json};

use super::{assign, id_of, keeper, make_role, reads_deals, town};
use crate::world::city::{Person, Town};

const KEEPS: &[&str] = &["deal.read", "membership.read", "membership.write", "team.write", "team.read"];

fn in_europe() -> Value {
    json!({ "attribute": "subject.region", "operator": "eq", "value": "europe" })
}

fn move_to(person: &Person, region: &Value) -> Value {
    json!({ "id": Id::<Membership>::of(person.user).to_string(), "region": region })
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

async fn count(town: &Town, sql: &str) -> i64 {
    let rows: Vec<Count> = sql_query(format!("SELECT count(*) FROM ({sql}) counted"))
        .load(&mut town.owner().await)
        .await
        .unwrap();
    rows[0].count
}

/// The reasons that are written with the automatic assignments of a person.
async fn living(town: &Town, person: &Person) -> i64 {
    let sql = format!(
        "SELECT 1 FROM access.role_assignments WHERE user_id = '{}' AND is_automatic AND revoked_at IS NULL",
        person.user
    );
    count(town, &sql).await
}

#[tokio::test]
async fn a_role_comes_and_goes_with_what_its_rule_asks() {
    let town = town().await;
    let keeper = keeper(&town, "Keeper", KEEPS).await;
    let (ann, ben) = (town.person("Ann", &[]).await, town.person("Ben", &[]).await);
    let reader = make_role(&keeper, "reader", None, &["deal.read"]).await;
    keeper
        .do_("roleUpdate", json!({ "id": reader, "autoAssignConditions": in_europe() }), "role { id }")
        .await;
    assert!(!reads_deals(&ann).await);
    keeper.do_("membershipUpdate", move_to(&ann, &json!("EUROPE")), "membership { id }").await;
    assert!(reads_deals(&ann).await && !reads_deals(&ben).await);
    let document = "query A($user: ID!) { user(id: $user) { effectiveRoleAssignments { id isAutomatic assignmentReason assignedBy { id } } } }";
    let shown =
        keeper.get(document, json!({ "user": id_of(&ann) })).await["user"]["effectiveRoleAssignments"][0]
            .clone();
    assert_eq!(
        (&shown["isAutomatic"], &shown["assignmentReason"], &shown["assignedBy"]),
        (&json!(true), &json!("automatic"), &Value::Null)
    );
    // nobody withdraws it by hand: the rule would give it again
    assert_eq!(keeper.refused("roleRevoke", json!({ "id": shown["id"], "reason": "no" })).await.0, "STATE");

    // one that is given by hand stays
    assign(&keeper, &ann, &reader).await;
    keeper.do_("membershipUpdate", move_to(&ann, &json!("MIDDLE_EAST")), "membership { id }").await;
    assert_eq!(living(&town, &ann).await, 0);
    assert!(reads_deals(&ann).await);
    let auditor = town.person("Auditor", &["audit.read"]).await;
    let document =
        "{ auditLogs(filter: { action: { eq: \"role_assignment.revoked\" } }) { totalCount { value } } }";
    assert_eq!(auditor.get(document, json!({})).await["auditLogs"]["totalCount"]["value"], 1);

    // whoever is out has none, and who comes back has it again
    let status = |status: &str| json!({ "id": Id::<Membership>::of(ben.user).to_string(), "status": status });
    keeper.do_("membershipUpdate", move_to(&ben, &json!("EUROPE")), "membership { id }").await;
    for (now, held) in [("SUSPENDED", 0), ("ACTIVE", 1), ("LEFT", 0)] {
        keeper.do_("membershipUpdate", status(now), "membership { id }").await;
        assert_eq!(living(&town, &ben).await, held, "{now}");
    }
}

#[tokio::test]
async fn a_rule_asks_about_the_person_alone_and_its_faults_are_named() {
    let town = town().await;
    let keeper = keeper(&town, "Keeper", KEEPS).await;
    let reader = make_role(&keeper, "reader", None, &["deal.read"]).await;
    let test = |attribute: &str, value: Value| json!({ "all": [{ "attribute": attribute, "operator": "eq", "value": value }] });
    for rule in [
        test("subject.colour", json!("red")),
        test("resource.region", json!("europe")),
        test("request.hour", json!(9)),
        test("subject.roles", json!("reader")),
    ] {
        let input = json!({ "id": reader, "autoAssignConditions": rule });
        let (code, path, _) = keeper.refused("roleUpdate", input).await;
        assert_eq!(code, "INVALID", "{rule}");
        assert_eq!(path, ["input", "autoAssignConditions", "all", "0", "attribute"], "{rule}");
    }
    // a role that may not be given is not given by a rule; one that gives more than one has gets none
    let input = json!({ "name": "abstract", "isAssignable": false, "autoAssignConditions": in_europe() });
    assert_eq!(keeper.refused("roleCreate", input).await.0, "STATE");
    let owner = super::role(&keeper, "owner").await;
    let input = json!({ "id": owner, "autoAssignConditions": in_europe() });
    assert_eq!(keeper.refused("roleUpdate", input).await.0, "STATE");
    let input = json!({ "name": "mighty", "parentRoleId": owner, "autoAssignConditions": in_europe() });
    super::forbidden(&keeper, "roleCreate", input).await;
}

#[tokio::test]
async fn a_changed_rule_is_applied_to_a_thousand_members_at_once() {
    let town = town().await;
    let keeper = keeper(&town, "Keeper", KEEPS).await;
    let reader = make_role(&keeper, "reader", None, &["deal.read"]).await;
    let many = format!(
        "WITH made AS (INSERT INTO identity.users (id, email, status, email_verified_at)
           SELECT gen_random_uuid(), 'many-' || gen_random_uuid() || CASE WHEN n % 2 = 0 THEN '@Even.example' ELSE '@odd.example' END,
             'active', CASE WHEN n % 4 <> 0 THEN now() END
           FROM generate_series(1, 1000) n RETURNING id)
         INSERT INTO identity.memberships (organization_id, user_id, title, joined_at) SELECT '{0}', id, 'Many', now() FROM made",
        town.organization
    );
    town.owner().await.batch_execute(&many).await.unwrap();
    let change = |rule: Value| json!({ "id": reader, "autoAssignConditions": rule });
    let rule = json!({ "attribute": "subject.title", "operator": "eq", "value": "Many" });
    keeper.do_("roleUpdate", change(rule), "role { autoAssignConditions }").await;
    let uuid = portico::store::id::split(reader.as_str().unwrap()).unwrap().1;
    let of_role = format!("FROM access.role_assignments WHERE role_id = '{uuid}'");
    assert_eq!(count(&town, &format!("SELECT 1 {of_role} AND revoked_at IS NULL")).await, 1000);
    // rows of one statement share the number of their command
    assert_eq!(count(&town, &format!("SELECT DISTINCT xmin::text, cmin::text {of_role}")).await, 1);
    let told = format!(
        "FROM audit.audit_logs WHERE organization_id = '{}' AND action = 'role_assignment.created'",
        town.organization
    );
    assert_eq!(count(&town, &format!("SELECT 1 {told}")).await, 1000);
    assert_eq!(count(&town, &format!("SELECT DISTINCT xmin::text, cmin::text {told}")).await, 1);

    // an address that was not proved says nothing of its domain
    let rule = json!({ "attribute": "subject.emailDomain", "operator": "eq", "value": "even.example" });
    keeper.do_("roleUpdate", change(rule), "role { id }").await;
    assert_eq!(count(&town, &format!("SELECT 1 {of_role} AND revoked_at IS NULL")).await, 250);
    keeper.do_("roleUpdate", change(Value::Null), "role { id }").await;
    assert_eq!(count(&town, &format!("SELECT 1 {of_role} AND revoked_at IS NULL")).await, 0);
}

#[derive(QueryableByName)]
struct Left {
    #[diesel(sql_type = Text)]
    ids: String,
}

#[tokio::test]
async fn who_joined_first_has_it_where_it_is_not_for_all() {
    let town = town().await;
    let keeper = keeper(&town, "Keeper", KEEPS).await;
    let mut people = Vec::new();
    for name in ["Ann", "Ben", "Cleo"] {
        let person = town.person(name, &[]).await;
        let joined = format!(
            "UPDATE identity.memberships SET region = 'europe', joined_at = now() - interval '{} days' WHERE user_id = '{}'",
            9 - people.len(),
            person.user
        );
        town.owner().await.batch_execute(&joined).await.unwrap();
        people.push(person);
    }
    let reader = make_role(&keeper, "reader", None, &["deal.read"]).await;
    let input = json!({ "id": reader, "maxAssignments": 2, "autoAssignConditions": in_europe() });
    keeper.do_("roleUpdate", input, "role { id }").await;
    let reading = async || {
        let mut reading = Vec::new();
        for person in &people {
            reading.push(reads_deals(person).await);
        }
        reading
    };
    assert_eq!(reading().await, [true, true, false]);
    let left: Vec<Left> = sql_query(format!(
        "SELECT new_values::text AS ids FROM audit.audit_logs WHERE organization_id = '{}' AND action = 'role.automatic_limit_reached'",
        town.organization
    ))
    .load(&mut town.owner().await)
    .await
    .unwrap();
    assert_eq!(left.len(), 1);
    assert!(left[0].ids.contains(&id_of(&people[2])) && !left[0].ids.contains(&id_of(&people[0])));
    keeper.do_("roleUpdate", json!({ "id": reader, "maxAssignments": 3 }), "role { id }").await;
    assert_eq!(reading().await, [true; 3]);
}

/// Members and rules that change at the same time: in the end everybody has what the last rule says.
#[tokio::test]
async fn members_and_rules_that_change_at_once_come_to_the_same() {
    let town = town().await;
    let keeper = keeper(&town, "Keeper", KEEPS).await;
    let reader = make_role(&keeper, "reader", None, &["deal.read"]).await;
    let mut people = Vec::new();
    for number in 0..10 {
        people.push(town.person(&format!("Person {number}"), &[]).await);
    }
    for round in 0..3 {
        let regions = ["EUROPE", "MIDDLE_EAST"];
        let moves = people.iter().enumerate().map(|(at, person)| {
            let input = move_to(person, &json!(regions[(at + round) % 2]));
            keeper.ask(
                "mutation M($input: MembershipUpdateInput!) { membershipUpdate(input: $input) { userErrors { code } } }",
                json!({ "input": input }),
            )
        });
        let value = ["europe", "middle_east"][round % 2];
        let rule = json!({ "attribute": "subject.region", "operator": "eq", "value": value });
        let input = json!({ "id": reader, "autoAssignConditions": rule });
        let (moved, _) = tokio::join!(join_all(moves), keeper.do_("roleUpdate", input, "role { id }"));
        assert!(moved.iter().all(|reply| reply.body.get("errors").is_none()), "{moved:?}");
        for (at, person) in people.iter().enumerate() {
            let meant = regions[(at + round) % 2].eq_ignore_ascii_case(value);
            assert_eq!(living(&town, person).await, i64::from(meant), "round {round}, person {at}");
        }
    }
}
