use serde_json::{Value, json};

use super::{APPROVES, PLANS, planners, usd};
use crate::world::city::Person;

const BUDGET: &str = "budget { id status version total { amount currency } submittedBy { displayName }
    approvedBy { displayName } lockedBy { displayName } createdBy { displayName } submittedAt approvedAt lockedAt }";
const LINE: &str = "budgetLineItem { id version annualAmount { amount currency } q1Amount { amount } } budget { version total { amount } }";

async fn draft(person: &Person, name: &str) -> Value {
    let input = json!({ "name": name, "fiscalYear": 2027, "versionName": name });
    person.do_("budgetCreate", input, BUDGET).await["budget"].clone()
}

#[tokio::test]
async fn the_total_is_the_sum_of_the_lines() {
    let (_town, ann) = planners().await;
    let budget = draft(&ann, "v1").await;
    assert_eq!(budget["total"], usd("0.00"));
    assert_eq!(budget["createdBy"]["displayName"], "Ann");
    let input = json!({
        "budgetId": budget["id"], "category": "Payroll", "q1Amount": usd("100.10"), "q2Amount": usd("200.20"),
        "q3Amount": usd("300.30"), "q4Amount": usd("400.40"),
    });
    let payroll = ann.do_("budgetLineItemCreate", input, LINE).await;
    assert_eq!(payroll["budgetLineItem"]["annualAmount"], usd("1001.00"));
    assert_eq!(payroll["budget"]["total"]["amount"], "1001.00");
    let input = json!({ "budgetId": budget["id"], "category": "Software", "q1Amount": usd("0.5") });
    let software = ann.do_("budgetLineItemCreate", input, LINE).await;
    assert_eq!(software["budget"]["total"]["amount"], "1001.50");

    let line = &software["budgetLineItem"];
    let input =
        json!({ "id": line["id"], "expectedVersion": 1, "q4Amount": usd("9.50"), "description": "Licences" });
    let changed = ann.do_("budgetLineItemUpdate", input.clone(), LINE).await;
    assert_eq!(changed["budgetLineItem"]["annualAmount"]["amount"], "10.00");
    assert_eq!(changed["budget"]["total"]["amount"], "1011.00");
    let (code, ..) = ann.refused("budgetLineItemUpdate", input).await;
    assert_eq!(code, "CONFLICT");
    let euros = json!({ "amount": "1", "currency": "EUR" });
    let (code, path, _) =
        ann.refused("budgetLineItemUpdate", json!({ "id": line["id"], "q1Amount": euros })).await;
    assert_eq!((code.as_str(), path.join(".").as_str()), ("CURRENCY_MISMATCH", "input.q1Amount.currency"));

    let huge = json!({ "id": line["id"], "q1Amount": usd("1000000000000000000000") });
    assert_eq!(ann.refused("budgetLineItemUpdate", huge).await.0, "OUT_OF_RANGE");

    let gone = ann
        .do_("budgetLineItemDelete", json!({ "id": line["id"] }), "deletedId budget { total { amount } }")
        .await;
    assert_eq!(gone["deletedId"], line["id"]);
    assert_eq!(gone["budget"]["total"]["amount"], "1001.00");

    let read = ann
        .get(
            "query($id: ID!) { budget(id: $id) { lineItems { totalCount { value } nodes { category annualAmount { amount currency } budget { name } } } } }",
            json!({ "id": budget["id"] }),
        )
        .await;
    let lines = &read["budget"]["lineItems"];
    assert_eq!(lines["totalCount"]["value"], 1);
    assert_eq!(
        lines["nodes"],
        json!([{ "category": "Payroll", "annualAmount": usd("1001.00"), "budget": { "name": "v1" } }])
    );
}

#[tokio::test]
async fn a_budget_goes_from_draft_to_locked_and_never_back() {
    let (town, ann) = planners().await;
    let both: Vec<&str> = PLANS.iter().chain(APPROVES).copied().collect();
    let boss = town.person("Boss", &both).await;
    let budget = draft(&ann, "v1").await;
    let id = json!({ "id": budget["id"] });
    let line = json!({ "budgetId": budget["id"], "category": "Payroll", "q1Amount": usd("100") });
    let made = ann.do_("budgetLineItemCreate", line.clone(), LINE).await["budgetLineItem"].clone();
    let state = async |person: &Person, name: &str, input: Value| {
        let (code, _, error) = person.refused(name, input).await;
        (code, error["allowed"].clone())
    };
    assert_eq!(
        state(&boss, "budgetApprove", id.clone()).await,
        ("STATE".to_owned(), json!(["update", "submit"]))
    );
    assert_eq!(state(&boss, "budgetLock", id.clone()).await.0, "STATE");

    let submitted = ann.do_("budgetSubmit", id.clone(), BUDGET).await["budget"].clone();
    assert_eq!(
        (&submitted["status"], &submitted["submittedBy"]["displayName"]),
        (&json!("SUBMITTED"), &json!("Ann"))
    );
    let waits = json!(["approve", "reject"]);
    assert_eq!(state(&ann, "budgetSubmit", id.clone()).await, ("STATE".to_owned(), waits.clone()));
    assert_eq!(state(&ann, "budgetLineItemCreate", line.clone()).await, ("STATE".to_owned(), waits.clone()));
    let refused = async |name: &str, input: Value| ann.refused(name, input).await.1.join(".");
    assert_eq!(refused("budgetLineItemCreate", line.clone()).await, "input.budgetId");
    let change = json!({ "id": made["id"], "q1Amount": usd("1") });
    assert_eq!(refused("budgetLineItemUpdate", change.clone()).await, "input.id");
    assert_eq!(state(&ann, "budgetLineItemUpdate", change).await, ("STATE".to_owned(), waits.clone()));
    assert_eq!(state(&ann, "budgetLineItemDelete", json!({ "id": made["id"] })).await.0, "STATE");
    let change = json!({ "id": budget["id"], "name": "Other" });
    assert_eq!(state(&ann, "budgetUpdate", change.clone()).await, ("STATE".to_owned(), waits));

    let rejected = boss.do_("budgetReject", id.clone(), BUDGET).await["budget"].clone();
    assert_eq!((&rejected["status"], &rejected["submittedAt"]), (&json!("DRAFT"), &json!(null)));
    ann.do_("budgetUpdate", change, BUDGET).await;

    // nobody approves what they submitted themselves
    boss.do_("budgetSubmit", id.clone(), BUDGET).await;
    let (code, _, error) = boss.refused("budgetApprove", id.clone()).await;
    assert_eq!(code, "SELF_APPROVAL");
    assert!(error["message"].as_str().unwrap().contains("another person"));
    let other = town.person("Other boss", APPROVES).await;
    let approved = other.do_("budgetApprove", id.clone(), BUDGET).await["budget"].clone();
    assert_eq!(
        (&approved["status"], &approved["approvedBy"]["displayName"]),
        (&json!("APPROVED"), &json!("Other boss"))
    );
    assert_eq!(state(&other, "budgetReject", id.clone()).await, ("STATE".to_owned(), json!(["lock"])));
    let locked = other.do_("budgetLock", id.clone(), BUDGET).await["budget"].clone();
    assert_eq!(
        (&locked["status"], &locked["lockedBy"]["displayName"]),
        (&json!("LOCKED"), &json!("Other boss"))
    );
    for act in ["budgetSubmit", "budgetApprove", "budgetReject", "budgetLock"] {
        assert_eq!(state(&boss, act, id.clone()).await, ("STATE".to_owned(), json!([])), "{act}");
    }
}

#[tokio::test]
async fn versions_are_unique_and_permissions_hold() {
    let (town, ann) = planners().await;
    let budget = draft(&ann, "v1").await;
    let input = json!({ "name": "Again", "fiscalYear": 2027, "versionName": "v1" });
    let (code, path, error) = ann.refused("budgetCreate", input).await;
    assert_eq!((code.as_str(), path.join(".").as_str()), ("NOT_UNIQUE", "input.versionName"));
    assert!(!error["message"].as_str().unwrap().contains("budgets_"), "{error}");

    let reader = town.person("Reader", &["budget.read"]).await;
    let reply = reader
        .ask(
            "query($id: ID!) { budget(id: $id) { name total { amount } createdBy { displayName } } }",
            json!({ "id": budget["id"] }),
        )
        .await;
    assert_eq!(reply.body["data"]["budget"], json!({ "name": "v1", "total": null, "createdBy": null }));
    assert!(reply.body["errors"].to_string().contains("budget.amount.read"), "{:#}", reply.body);
    let reply =
        reader.ask("{ budgets(orderBy: [{ field: TOTAL_AMOUNT }]) { nodes { id } } }", json!({})).await;
    assert_eq!(reply.body["errors"][0]["extensions"]["code"], "FORBIDDEN", "{:#}", reply.body);
    let mutation =
        "mutation($input: BudgetRecordInput!) { budgetApprove(input: $input) { userErrors { code } } }";
    let reply = ann.ask(mutation, json!({ "input": { "id": budget["id"] } })).await;
    assert_eq!(reply.body["errors"][0]["extensions"]["code"], "FORBIDDEN");
}

#[tokio::test]
async fn budgets_with_lines_take_as_many_statements_as_levels() {
    let (_town, ann) = planners().await;
    for number in 1..=4 {
        let budget = draft(&ann, &format!("v{number}")).await;
        for _ in 0..number {
            let line = json!({ "budgetId": budget["id"], "category": "Payroll", "q1Amount": usd("1") });
            ann.do_("budgetLineItemCreate", line, "budget { id }").await;
        }
    }
    let document = "query($first: Int) { budgets(first: $first) { nodes { total { amount } createdBy { displayName }
        lineItems(first: $first) { nodes { q1Amount { amount currency } q2Amount { amount } annualAmount { amount currency } } } } } }";
    for first in [1, 4, 100] {
        let reply = ann.ask(document, json!({ "first": first })).await;
        assert!(reply.body.get("errors").is_none(), "{:#}", reply.body);
        assert_eq!(reply.statements, 3);
    }
}
