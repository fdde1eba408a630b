//! Frameworks, requirements, controls, tests of controls and issues.
mod control;
mod control_test;
mod framework;
mod issue;

use portico::{domains::identity::user::User, store::id::Id};
use serde_json::{Value, json};

use crate::world::city::Person;

/// All that somebody needs who keeps controls and issues.
const OFFICER: &[&str] = &[
    "user.read",
    "framework.read",
    "framework.write",
    "control.read",
    "control.write",
    "control.test",
    "issue.read",
    "issue.write",
];

/// The built-in framework of this name.
async fn framework(person: &Person, name: &str) -> Value {
    let found = person
        .get(
            "query($name: String!) { complianceFrameworks(filter: { name: { eq: $name } }) { nodes {
               id name version requirements(first: 20) { nodes { id code } } } } }",
            json!({ "name": name }),
        )
        .await;
    found["complianceFrameworks"]["nodes"][0].clone()
}

/// A control for SOX.
async fn control(person: &Person, key: &str) -> Value {
    let sox = framework(person, "SOX").await;
    let input = json!({
        "key": key, "frameworkId": sox["id"], "category": "Access Control", "name": "Access is reviewed",
        "frequency": "QUARTERLY", "evidenceRequired": ["List of accounts"],
    });
    let payload = person
        .do_("complianceControlCreate", input, "complianceControl { id key version status evidenceRequired }")
        .await;
    payload["complianceControl"].clone()
}

/// The id of a person, as the API writes it.
fn id_of(person: &Person) -> String {
    Id::<User>::of(person.user).to_string()
}
