//! Law: the examples of the reference are true. Each is valid with its variables as they stand, and what it asks for is
//! answered in the form that it shows, for what the doors know to be there.
use async_graphql::{Request, Variables};
use portico::graph::{
    reference::{Example, Reference, Root},
    schema::{Asked, Schema},
};
use serde_json::Value;

use super::{Call, City, FOR_ADMINISTRATORS, LAST, Words};

/// What is selected of the root field.
fn selection(example: &Example) -> String {
    let lines: Vec<&str> = example.document.lines().collect();
    if !lines[1].ends_with('{') {
        return String::new();
    }
    format!("{{ {}", lines[2..lines.len() - 1].join("\n"))
}

/// What stands before the 26 characters of an id.
fn kind_of_id(text: &str) -> Option<&str> {
    let (kind, rest) = text.rsplit_once('_')?;
    let is_id =
        rest.len() == 26 && rest.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase());
    is_id.then_some(kind)
}

/// Where an answer is not of the form of another. Null may stand for anything that is not there.
fn differences(real: &Value, shown: &Value, path: &str, found: &mut Vec<String>) {
    match (real, shown) {
        (Value::String(real), Value::String(shown)) => {
            let (real, shown) = (kind_of_id(real), kind_of_id(shown));
            if real != shown {
                found.push(format!("{path}: an id of {real:?} and not of {shown:?}"));
            }
        }
        (Value::Null, _) | (Value::Number(_), Value::Number(_)) | (Value::Bool(_), Value::Bool(_)) => {}
        // free form
        (Value::Object(_), Value::Object(shown)) if shown.is_empty() => {}
        (Value::Object(real), Value::Object(shown)) => {
            if real.get("__typename") != shown.get("__typename") {
                return;
            }
            if real.keys().ne(shown.keys()) {
                found.push(format!("{path}: {:?} and not {:?}", real.keys(), shown.keys()));
            }
            for (name, real) in real {
                if let Some(shown) = shown.get(name) {
                    differences(real, shown, &format!("{path}.{name}"), found);
                }
            }
        }
        (Value::Array(real), Value::Array(shown)) => {
            if let (Some(real), Some(shown)) = (real.first(), shown.first()) {
                differences(real, shown, &format!("{path}.0"), found);
            }
        }
        (real, shown) => found.push(format!("{path}: {real} and not {shown}")),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_of_the_reference_is_valid_with_its_variables() {
    let city = City::found().await;
    let (reference, owner) = (Reference::of(&city.schema), city.owner().await);
    let (mut wrong, mut tried) = (Vec::new(), 0);
    for root in Root::ALL {
        for (name, _) in reference.operations(root) {
            let operation = reference.operation(root, name).unwrap();
            let Example { document, variables, .. } = &operation.example;
            let variables = Variables::from_json(serde_json::from_str(variables).unwrap());
            let request = Request::new(document).variables(variables);
            let asked = Asked { cost_only: true, ..Asked::from(request) };
            let answer = Box::pin(Schema::execute(&city.schema, owner.caller.clone(), asked)).await;
            let body = String::from_utf8(answer.body).unwrap();
            // what it costs is told as it is said
            let cost = operation.cost.map(|cost| format!("\"requested\":{cost},")).unwrap_or_default();
            if answer.errors > 0 || !answer.executed || cost.is_empty() || !body.contains(&cost) {
                wrong.push(format!("{document}\n{}\n{body}", operation.example.variables));
            }
            tried += 1;
        }
    }
    assert!(tried > 200, "{tried}");
    assert!(wrong.is_empty(), "{} examples are not valid:\n{}", wrong.len(), wrong.join("\n\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_of_the_reference_is_answered_as_it_shows() {
    let city = City::found().await;
    let reference = Reference::of(&city.schema);
    let mut wrong = Vec::new();
    // what ends sessions comes last
    for root in [Root::Query, Root::Subscription, Root::Mutation] {
        let mut calls = Words::read().calls(root.name(), &mut city.tables().await, city.organization).await;
        calls.sort_by_key(|call| {
            LAST.iter().position(|last| *last == call.field).map_or(0, |place| place + 1)
        });
        for call in &calls {
            let operation = reference.operation(root, &call.field).unwrap();
            let Call { field, arguments, .. } = call;
            let document =
                format!("{} {{ {field}{arguments} {} }}", root.word(), selection(&operation.example));
            let owner = match FOR_ADMINISTRATORS.contains(&field.as_str()) {
                true => city.administrator().await,
                false => city.owner().await,
            };
            let real = match root {
                Root::Subscription => city.first_answer(&owner, &document).await,
                _ => city.answer(&owner, &document).await,
            };
            let shown: Value = serde_json::from_str(&operation.example.answer).unwrap();
            let mut found = Vec::new();
            // who administers the platform is in no organization, and is shown nothing that takes one
            let errors = real["errors"].as_array().into_iter().flatten();
            let errors = errors.filter(|error| {
                let below = error["path"].as_array().is_some_and(|path| path.len() > 1);
                !(below && error["extensions"]["code"] == "TENANT_REQUIRED")
            });
            found.extend(errors.map(ToString::to_string));
            differences(&real["data"], &shown["data"], "data", &mut found);
            if root == Root::Query && real["data"][field].is_null() {
                found.push("nothing is answered".to_owned());
            }
            if !found.is_empty() {
                wrong.push(format!("{document}\n{}", found.join("\n")));
            }
        }
    }
    assert!(wrong.is_empty(), "{} examples are not answered so:\n{}", wrong.len(), wrong.join("\n\n"));
}

#[test]
fn a_difference_is_seen() {
    let differ = |real: Value, shown: Value| {
        let mut found = Vec::new();
        differences(&real, &shown, "data", &mut found);
        !found.is_empty()
    };
    use serde_json::json;
    assert!(!differ(json!({ "a": [{ "b": 1 }] }), json!({ "a": [{ "b": 2 }] })));
    assert!(!differ(json!({ "a": null }), json!({ "a": [1] })));
    assert!(differ(json!({ "a": 1, "b": 1 }), json!({ "a": 1 })));
    assert!(differ(json!({ "a": "1" }), json!({ "a": 1 })));
    let id = |kind: &str| json!({ "id": format!("{kind}_01jdqhx300fn59p71zbrn7138p") });
    assert!(!differ(id("deal"), id("deal")) && differ(id("deal"), id("user")));
    assert!(differ(json!({ "a": [{ "b": "1" }] }), json!({ "a": [{ "b": 2 }] })));
}
