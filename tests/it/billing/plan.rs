//! Plans are the platform's.
use serde_json::json;

use super::{administrator, change, done, founded, house, plan};
use crate::identity::house::House;

#[tokio::test]
async fn administrators_make_plans_and_say_with_which_one_begins() {
    let house = house().await;
    let admin = administrator(&house).await;
    let quotas = json!([{ "metric": "MESSAGES", "period": "MONTH", "limit": 7, "enforcement": "SOFT" }]);
    let input = json!({
        "key": "pilot", "name": "Pilot", "price": { "amount": "12.50", "currency": "EUR" },
        "billingCycle": "ANNUAL", "trialDays": 30, "quotas": quotas,
    });
    let selection =
        "plan { id isDefault price { amount currency } quotas { metric period limit enforcement } }";
    let made = done(&house, &admin, "planCreate", input.clone(), selection).await;
    assert_eq!(made["plan"]["price"], json!({ "amount": "12.50", "currency": "EUR" }));
    assert_eq!(
        made["plan"]["quotas"],
        json!([{ "metric": "MESSAGES", "period": "MONTH", "limit": "7", "enforcement": "SOFT" }])
    );
    assert_eq!(House::code(&change(&house, &admin, "planCreate", input.clone(), "").await), "NOT_UNIQUE");
    for (field, value, code) in [
        ("price", json!({ "amount": "0.001", "currency": "EUR" }), "INVALID"),
        ("price", json!({ "amount": "-1", "currency": "EUR" }), "OUT_OF_RANGE"),
        ("key", json!("No key"), "INVALID"),
        ("quotas", json!([quotas[0], quotas[0]]), "NOT_UNIQUE"),
        (
            "quotas",
            json!([{ "metric": "SEATS", "period": "DAY", "limit": 7, "enforcement": "SOFT" }]),
            "INVALID",
        ),
    ] {
        let mut wrong = input.clone();
        wrong["key"] = json!("other");
        wrong[field] = value;
        assert_eq!(House::code(&change(&house, &admin, "planCreate", wrong, "").await), code, "{field}");
    }

    let first = json!({ "id": made["plan"]["id"], "isDefault": true });
    assert_eq!(done(&house, &admin, "planUpdate", first, selection).await["plan"]["isDefault"], true);
    let defaults = "SELECT string_agg(key, ' ') FROM billing.plans WHERE is_default";
    assert_eq!(house.look(defaults).await, "pilot");
    for kept in ["isDefault", "isActive"] {
        let input = json!({ "id": made["plan"]["id"], kept: false });
        let refused = change(&house, &admin, "planUpdate", input, "").await;
        assert_eq!(House::code(&refused), "STATE");
        assert_eq!(refused["userErrors"][0]["path"], json!(["input", kept]));
    }
    let founded = founded(&house).await;
    let billing = founded.billing(&house).await;
    assert_eq!(
        (&billing["subscription"]["plan"]["key"], &billing["subscription"]["billingCycle"]),
        (&json!("pilot"), &json!("ANNUAL"))
    );
    assert_eq!(founded.limits(&house).await, [["MESSAGES", "MONTH", "7", "SOFT"].map(str::to_owned)]);

    // who has it keeps it as it was
    let dearer =
        json!({ "id": made["plan"]["id"], "price": { "amount": "99.00", "currency": "EUR" }, "quotas": [] });
    done(&house, &admin, "planUpdate", dearer, selection).await;
    let after = founded.billing(&house).await;
    assert_eq!(after["subscription"]["price"]["amount"], "12.50");
    assert_eq!(after["quotas"], billing["quotas"]);
    let told = "SELECT count(*) FROM audit.audit_logs WHERE resource_type = 'Plan' AND organization_id = '00000000-0000-0000-0000-000000000000'";
    assert_eq!(house.look(told).await, "4");
}

/// What is no longer offered cannot be taken, and is still seen where it was.
#[tokio::test]
async fn a_plan_that_is_no_longer_offered_cannot_be_taken() {
    let house = house().await;
    let admin = administrator(&house).await;
    let founded = founded(&house).await;
    let growth = plan(&house, "growth").await;
    done(&house, &admin, "planUpdate", json!({ "id": growth, "isActive": false }), "plan { isActive }").await;
    let subscription = founded.billing(&house).await["subscription"]["id"].clone();
    let input = json!({ "id": subscription, "planId": growth });
    let refused = change(&house, &founded.token, "billingSubscriptionPlanChange", input, "").await;
    assert_eq!(House::code(&refused), "STATE");
    assert_eq!(refused["userErrors"][0]["path"], json!(["input", "planId"]));
    let seen = house
        .get(Some(&founded.token), "query ($id: ID!) { plan(id: $id) { isActive } }", json!({ "id": growth }))
        .await;
    assert_eq!(seen["plan"]["isActive"], false);
}
