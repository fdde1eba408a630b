//! Cost centers, departments and budgets.
mod budget;
mod department;

use serde_json::{Value, json};

use crate::world::city::{Person, Town};

/// What a person needs to plan.
const PLANS: &[&str] = &[
    "budget.read",
    "budget.write",
    "budget.submit",
    "budget.amount.read",
    "cost_center.read",
    "cost_center.write",
    "department.read",
    "department.write",
    "user.read",
];

/// What a person needs to approve besides.
const APPROVES: &[&str] = &[
    "budget.read",
    "budget.submit",
    "budget.approve",
    "budget.reject",
    "budget.lock",
    "budget.amount.read",
    "user.read",
];

async fn planners() -> (Town, Person) {
    let town = Town::found().await;
    let ann = town.person("Ann", PLANS).await;
    (town, ann)
}

fn usd(amount: &str) -> Value {
    json!({ "amount": amount, "currency": "USD" })
}
