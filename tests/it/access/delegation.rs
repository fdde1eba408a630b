//! Delegation: roles are passed on by who has them, as far as the role allows it, and count while all they come from does.
use chrono::TimeDelta;
use diesel_async::SimpleAsyncConnection;
use portico::store::clock;
use serde_json::{Value, json};

use super::{
    assign,
    conditions::{House, in_europe},
    id_of, keeper, moments, permission, reads_deals, town,
};
use crate::world::city::{Person, Town};

const FOR_LONG: &str = "2990-01-01T00:00:00Z";

/// The input of `roleDelegate`.
fn passing(assignment: &Value, to: &Person) -> Value {
    json!({ "assignmentId": assignment, "userId": id_of(to), "reason": "on leave", "validUntil": FOR_LONG })
}

fn with(mut input: Value, key: &str, value: impl Into<Value>) -> Value {
    input[key] = value.into();
    input
}

/// Passes an assignment on; the id of the new one.
async fn delegate(from: &Person, assignment: &Value, to: &Person) -> Value {
    let payload = from.do_("roleDelegate", passing(assignment, to), "roleAssignment { id }").await;
    payload["roleAssignment"]["id"].clone()
}

/// A role that lets one read deals and may be passed on so many times.
async fn role(keeper: &Person, depth: i32) -> Value {
    let input = json!({ "name": "reader", "maxDelegationDepth": depth });
    let made = keeper.do_("roleCreate", input, "role { id maxDelegationDepth }").await["role"].clone();
    assert_eq!(made["maxDelegationDepth"], depth);
    let contained = json!({ "roleId": made["id"], "permissionId": permission(keeper, "deal.read").await });
    keeper.do_("rolePermissionAdd", contained, "").await;
    made["id"].clone()
}

/// Four people, of whom each has a role from the one before.
struct Chain {
    town: Town,
    keeper: Person,
    people: Vec<Person>,
    assignments: Vec<Value>,
}

impl Chain {
    async fn of_four() -> Self {
        let town = town().await;
        let keeper = keeper(&town, "Keeper", &["deal.read"]).await;
        let role = role(&keeper, 3).await;
        let mut people = Vec::new();
        for name in ["Ann", "Ben", "Cleo", "Dan"] {
            people.push(town.person(name, &[]).await);
        }
        let mut assignments = vec![assign(&keeper, &people[0], &role).await];
        for (from, to) in people.iter().zip(&people[1..]) {
            assignments.push(delegate(from, assignments.last().unwrap(), to).await);
        }
        Self { town, keeper, people, assignments }
    }

    async fn who_reads(&self) -> Vec<bool> {
        let mut reads = Vec::new();
        for person in &self.people {
            reads.push(reads_deals(person).await);
        }
        reads
    }

    /// What the keeper is shown of each assignment: whether it counts.
    async fn in_force(&self) -> Vec<bool> {
        let document = "query A($id: ID!) { roleAssignment(id: $id) { isInForce } }";
        let mut counts = Vec::new();
        for id in &self.assignments {
            let shown = self.keeper.get(document, json!({ "id": id })).await;
            counts.push(shown["roleAssignment"]["isInForce"].as_bool().unwrap());
        }
        counts
    }

    async fn expect(&self, counts: [bool; 4]) {
        assert_eq!(self.who_reads().await, counts);
        assert_eq!(self.in_force().await, counts);
    }

    async fn sql(&self, statement: &str) {
        self.town.owner().await.batch_execute(statement).await.unwrap();
    }
}

#[tokio::test]
async fn a_role_is_passed_on_from_one_to_the_next_as_often_as_it_allows() {
    let chain = Chain::of_four().await;
    chain.expect([true; 4]).await;
    let [ann, .., dan] = chain.people.as_slice() else { unreachable!() };
    let shown = ann.get("{ viewer { roleAssignments { id isDelegated delegationDepth } } }", json!({})).await;
    let own = json!([{ "id": chain.assignments[0], "isDelegated": false, "delegationDepth": 0 }]);
    assert_eq!(shown["viewer"]["roleAssignments"], own);
    let document = "query A($id: ID!) { roleAssignment(id: $id) { delegationDepth delegatedBy { id } delegatedFrom { id }
        role { name } user { id roleAssignments { nodes { id } } } } }";
    let last =
        chain.keeper.get(document, json!({ "id": chain.assignments[3] })).await["roleAssignment"].clone();
    assert_eq!((&last["delegationDepth"], &last["role"]["name"]), (&json!(3), &json!("reader")));
    assert_eq!(last["delegatedBy"]["id"], id_of(&chain.people[2]));
    assert_eq!(last["delegatedFrom"]["id"], chain.assignments[2]);

    let eve = chain.town.person("Eve", &[]).await;
    let (code, path, _) = dan.refused("roleDelegate", passing(&chain.assignments[3], &eve)).await;
    assert_eq!((code.as_str(), path[1].as_str()), ("LIMIT_REACHED", "assignmentId"));
    assert!(!reads_deals(&eve).await);
}

#[tokio::test]
async fn what_is_withdrawn_in_the_middle_is_withdrawn_below_and_nowhere_else() {
    let chain = Chain::of_four().await;
    let input = json!({ "id": chain.assignments[1], "reason": "back from leave" });
    chain.keeper.do_("roleRevoke", input, "roleAssignment { id }").await;
    chain.expect([true, false, false, false]).await;
    let document = "query A($id: ID!) { roleAssignment(id: $id) { revocationReason revokedBy { id } } }";
    for id in &chain.assignments[1..] {
        let shown = chain.keeper.get(document, json!({ "id": id })).await["roleAssignment"].clone();
        assert_eq!(
            shown,
            json!({ "revocationReason": "back from leave", "revokedBy": { "id": id_of(&chain.keeper) } })
        );
    }
    let auditor = chain.town.person("Auditor", &["audit.read"]).await;
    let document =
        "{ auditLogs(filter: { action: { eq: \"role_assignment.revoked\" } }) { totalCount { value } } }";
    let told = auditor.get(document, json!({})).await;
    assert_eq!(told["auditLogs"]["totalCount"]["value"], 3, "one row of the audit trail for each");
    // nothing comes from what is withdrawn
    let eve = chain.town.person("Eve", &[]).await;
    let refused = chain.people[1].refused("roleDelegate", passing(&chain.assignments[1], &eve)).await;
    assert_eq!(refused.0, "STATE");
}

#[tokio::test]
async fn nothing_counts_of_what_somebody_passed_on_who_is_not_here() {
    let chain = Chain::of_four().await;
    let (organization, ben) = (chain.town.organization, chain.people[1].user);
    let standing = |status: &str| {
        format!(
            "UPDATE identity.memberships SET status = '{status}' WHERE organization_id = '{organization}' AND user_id = '{ben}'"
        )
    };
    chain.sql(&standing("suspended")).await;
    for person in &chain.people[2..] {
        assert!(!reads_deals(person).await);
    }
    assert!(reads_deals(&chain.people[0]).await);
    assert_eq!(chain.in_force().await[2..], [false, false]);
    // whoever has it no more passes nothing on
    let eve = chain.town.person("Eve", &[]).await;
    let refused = chain.people[2].refused("roleDelegate", passing(&chain.assignments[2], &eve)).await;
    assert_eq!(refused.0, "STATE");
    chain.sql(&standing("active")).await;
    chain.expect([true; 4]).await;
    chain.sql(&format!("UPDATE identity.users SET locked_at = now() WHERE id = '{ben}'")).await;
    assert!(!reads_deals(&chain.people[3]).await);
}

#[tokio::test]
async fn what_was_passed_on_ends_with_what_it_comes_from() {
    let chain = Chain::of_four().await;
    let soon = clock::now() + TimeDelta::milliseconds(1200);
    let end = format!(
        "UPDATE access.role_assignments SET valid_until = '{soon}' WHERE user_id = '{}'",
        chain.people[0].user
    );
    chain.sql(&end).await;
    assert_eq!(chain.who_reads().await, [true; 4]);
    moments((soon - clock::now()).num_milliseconds().max(0).unsigned_abs() + 200).await;
    chain.expect([false; 4]).await;
}

#[tokio::test]
async fn nobody_passes_on_what_they_lack_or_for_longer_or_to_themselves() {
    let town = town().await;
    let keeper = keeper(&town, "Keeper", &["deal.read"]).await;
    let (wei, ana) = (town.person("Wei", &[]).await, town.person("Ana", &[]).await);
    let role = role(&keeper, 1).await;
    let until = clock::now() + TimeDelta::hours(1);
    let input = json!({ "userId": id_of(&wei), "roleId": role, "validUntil": until });
    let assignment =
        keeper.do_("roleAssign", input, "roleAssignment { id }").await["roleAssignment"]["id"].clone();
    let refused = |person: Person, input: Value| async move {
        let (code, path, _) = person.refused("roleDelegate", input).await;
        (code, path.last().unwrap().clone())
    };
    let is = |code: &str, at: &str| (code.to_owned(), at.to_owned());
    let own = with(passing(&assignment, &ana), "validUntil", until.to_rfc3339());
    // of somebody else's it is not even told that it is there
    assert_eq!(refused(ana.clone(), own.clone()).await, is("NOT_FOUND", "assignmentId"));
    assert_eq!(refused(keeper.clone(), own.clone()).await, is("NOT_FOUND", "assignmentId"));
    assert_eq!(refused(wei.clone(), passing(&assignment, &ana)).await, is("OUT_OF_RANGE", "validUntil"));
    assert_eq!(refused(wei.clone(), with(own.clone(), "userId", id_of(&wei))).await, is("INVALID", "userId"));
    let stranger = self::town().await.person("Stranger", &[]).await;
    assert_eq!(
        refused(wei.clone(), with(own.clone(), "userId", id_of(&stranger))).await,
        is("NOT_FOUND", "userId")
    );
    assert!(!reads_deals(&ana).await);

    keeper.do_("roleUpdate", json!({ "id": role, "maxDelegationDepth": 0 }), "role { id }").await;
    assert_eq!(refused(wei.clone(), own.clone()).await, is("LIMIT_REACHED", "assignmentId"));
    keeper.do_("roleUpdate", json!({ "id": role, "maxDelegationDepth": 1 }), "role { id }").await;
    wei.do_("roleDelegate", own.clone(), "roleAssignment { id isInForce }").await;
    assert!(reads_deals(&ana).await);
    assert_eq!(refused(wei, own).await.0, "NOT_UNIQUE");
    let refused = keeper.refused("roleUpdate", json!({ "id": role, "maxDelegationDepth": 11 })).await;
    assert_eq!(refused.1.last().unwrap(), "maxDelegationDepth");
}

#[tokio::test]
async fn what_was_passed_on_reaches_no_further_than_what_it_comes_from() {
    let house = House::of(&[]).await;
    let (here, there) = (house.sell("here", "EUROPE").await, house.sell("there", "MIDDLE_EAST").await);
    let role = role(&house.keeper, 2).await;
    let ana = house.town.person("Ana", &[]).await;
    let mut input = json!({ "userId": id_of(&house.wei), "roleId": role });
    input.as_object_mut().unwrap().extend(in_europe().as_object().unwrap().clone());
    let assignment =
        house.keeper.do_("roleAssign", input, "roleAssignment { id }").await["roleAssignment"]["id"].clone();
    delegate(&house.wei, &assignment, &ana).await;
    let names = "{ deals { nodes { name } } }";
    assert_eq!(ana.get(names, json!({})).await["deals"]["nodes"], json!([{ "name": "here" }]));

    // for one thing alone
    let dan = house.town.person("Dan", &[]).await;
    let narrow = with(passing(&assignment, &dan), "withinId", here.clone());
    let narrow =
        house.wei.do_("roleDelegate", narrow, "roleAssignment { id }").await["roleAssignment"]["id"].clone();
    assert_eq!(dan.get(names, json!({})).await["deals"]["nodes"], json!([{ "name": "here" }]));
    let eve = house.town.person("Eve", &["deal.read"]).await;
    let (code, path, _) = dan.refused("roleDelegate", with(passing(&narrow, &eve), "withinId", there)).await;
    assert_eq!((code.as_str(), path.last().unwrap().as_str()), ("NOT_FOUND", "withinId"));
    let further = house.sell("further", "EUROPE").await;
    let wide = house.keeper.do_("resourceCreate", json!({ "recordId": further }), "resource { id }").await;
    let wide = with(passing(&narrow, &eve), "withinId", wide["resource"]["id"].clone());
    let (code, path, _) = dan.refused("roleDelegate", wide).await;
    assert_eq!((code.as_str(), path.last().unwrap().as_str()), ("OUT_OF_RANGE", "withinId"));
    // what is said of nothing else goes for the same
    let same = dan.do_("roleDelegate", passing(&narrow, &eve), "roleAssignment { id }").await;
    assert!(same["roleAssignment"].is_object());
}
