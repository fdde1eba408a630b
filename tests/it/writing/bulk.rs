//! Many changes in one transaction: each is what it would be alone.
use diesel_async::SimpleAsyncConnection;
use futures_util::StreamExt;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{House, errors, of};
use crate::{
    law::statements,
    sales::deal::SELLS,
    world::city::{Person, Town},
};

const TOLD: &str = "count results { index deal { id name version } userErrors { code path ... on ConflictError { currentVersion current { id } } } }";

async fn bulk(person: &Person, name: &str, items: Vec<Value>, on_error: &str) -> Value {
    person.change(name, json!({ "items": items, "onError": on_error }), TOLD).await
}

#[tokio::test]
async fn many_are_made_changed_and_deleted() {
    let house = House::found().await;
    let (ann, names) = (&house.ann, ["a", "b", "c"]);
    let made = bulk(ann, "dealBulkCreate", names.map(|name| house.deal(name)).to_vec(), "REJECT_ALL").await;
    assert_eq!((&made["count"], &made["userErrors"]), (&json!(3), &json!([])), "{made:#}");
    let results = made["results"].as_array().unwrap();
    for (index, (result, name)) in results.iter().zip(names).enumerate() {
        assert_eq!(
            (&result["index"], &result["deal"]["name"]),
            (&json!(index), &json!(name)),
            "in their order"
        );
    }
    let each = |change: fn(&str) -> Value| -> Vec<Value> {
        let item = |result: &Value| {
            let mut item = change(result["deal"]["name"].as_str().unwrap());
            item["id"] = result["deal"]["id"].clone();
            item["expectedVersion"] = json!(if item["name"].is_null() { 2 } else { 1 });
            item
        };
        results.iter().map(item).collect()
    };
    let changed =
        bulk(ann, "dealBulkUpdate", each(|name| json!({ "name": format!("{name}2") })), "REJECT_ALL").await;
    assert_eq!(changed["count"], 3, "{changed:#}");
    assert_eq!(house.deals().await, ["a2", "b2", "c2"].map(|name| (name.to_owned(), 2)));
    let gone = bulk(ann, "dealBulkDelete", each(|_| json!({})), "REJECT_ALL").await;
    assert_eq!(gone["count"], 3, "{gone:#}");
    assert!(house.deals().await.is_empty());
}

/// An unknown record, one that was changed meanwhile, a broken rule, and two that are well.
async fn mixed(house: &House) -> Vec<Value> {
    let (a, b, c) = (house.made("a").await, house.made("b").await, house.made("c").await);
    house.ann.do_("dealUpdate", json!({ "id": b, "probability": "30" }), "").await;
    let nobody = house.made("gone").await;
    let forget = format!(
        "DELETE FROM sales.deals WHERE name = 'gone' AND organization_id = '{}'",
        house.town.organization
    );
    house.town.owner().await.batch_execute(&forget).await.unwrap();
    vec![
        json!({ "id": a, "name": "a2" }),
        json!({ "id": nobody, "name": "x" }),
        json!({ "id": b, "expectedVersion": 1, "name": "b2" }),
        json!({ "id": c, "value": { "amount": "-1", "currency": "EUR" } }),
    ]
}

const WRONG: &[(&str, &str)] = &[
    ("NOT_FOUND", "input.items.1.id"),
    ("CONFLICT", "input.items.2.expectedVersion"),
    ("INVALID", "input.items.3.value"),
];

#[tokio::test]
async fn nothing_is_done_where_one_cannot_be_and_all_that_stands_in_the_way_is_told() {
    let house = House::found().await;
    let items = mixed(&house).await;
    let before = house.deals().await;
    let payload = bulk(&house.ann, "dealBulkUpdate", items, "REJECT_ALL").await;
    assert_eq!(errors(&payload), of(WRONG), "{payload:#}");
    assert_eq!(payload["count"], 0);
    let results = payload["results"].as_array().unwrap();
    let told: Vec<_> =
        results.iter().map(|result| (result["index"].as_i64().unwrap(), errors(result))).collect();
    assert_eq!(told, [(1, of(&WRONG[..1])), (2, of(&WRONG[1..2])), (3, of(&WRONG[2..]))]);
    assert!(results.iter().all(|result| result["deal"].is_null()));
    let conflict = &results[1]["userErrors"][0];
    assert_eq!((&conflict["currentVersion"], conflict["current"]["id"].is_string()), (&json!(2), true));
    assert_eq!(house.deals().await, before);
}

#[tokio::test]
async fn or_what_can_be_done_is_done_and_the_rest_told() {
    let house = House::found().await;
    let items = mixed(&house).await;
    let payload = bulk(&house.ann, "dealBulkUpdate", items, "REJECT_FAILED").await;
    assert_eq!(errors(&payload), of(WRONG), "{payload:#}");
    assert_eq!((&payload["count"], payload["results"].as_array().unwrap().len()), (&json!(1), 4));
    assert_eq!(
        (&payload["results"][0]["deal"]["name"], &payload["results"][0]["userErrors"]),
        (&json!("a2"), &json!([]))
    );
    assert_eq!(house.deals().await, [("a2".to_owned(), 2), ("b".to_owned(), 2), ("c".to_owned(), 1)]);
    // nothing of what was undone is history, audited or told
    let query =
        "{ auditLogs(first: 100, filter: { action: { eq: \"deal.updated\" } }) { totalCount { value } }
                   deals { nodes { history { totalCount { value } } } } }";
    let kept = house.ann.get(query, json!({})).await;
    assert_eq!(kept["auditLogs"]["totalCount"]["value"], 2, "that of before, and one: {kept:#}");
}

#[tokio::test]
async fn where_all_fail_nothing_happens_and_that_is_no_fault() {
    let house = House::found().await;
    for policy in ["REJECT_ALL", "REJECT_FAILED"] {
        let payload = bulk(&house.ann, "dealBulkCreate", vec![house.deal(" "), house.deal("")], policy).await;
        assert_eq!(
            errors(&payload),
            of(&[("INVALID", "input.items.0.name"), ("INVALID", "input.items.1.name")])
        );
        let none = bulk(&house.ann, "dealBulkCreate", Vec::new(), policy).await;
        assert_eq!(
            (&none["count"], &none["results"], &none["userErrors"]),
            (&json!(0), &json!([]), &json!([]))
        );
    }
    assert!(house.deals().await.is_empty());
}

#[tokio::test]
async fn a_record_is_named_once() {
    let house = House::found().await;
    let id = house.made("a").await;
    let items = vec![json!({ "id": id, "name": "b" }), json!({ "id": id, "name": "c" })];
    let payload = bulk(&house.ann, "dealBulkUpdate", items.clone(), "REJECT_ALL").await;
    assert_eq!(errors(&payload), of(&[("INVALID", "input.items.1.id")]), "{payload:#}");
    let payload = bulk(&house.ann, "dealBulkUpdate", items, "REJECT_FAILED").await;
    assert_eq!(errors(&payload), of(&[("INVALID", "input.items.1.id")]));
    assert_eq!(house.deals().await, [("b".to_owned(), 2)]);
}

#[tokio::test]
async fn there_are_a_hundred_at_most() {
    let house = House::found().await;
    let document = "mutation($input: DealBulkCreateInput!) { dealBulkCreate(input: $input) { count } }";
    let items: Vec<Value> = (0..101).map(|index| house.deal(&index.to_string())).collect();
    let refused = house.ann.ask(document, json!({ "input": { "items": items } })).await.body;
    assert!(refused["errors"][0]["message"].as_str().unwrap().contains("at most 100"), "{refused}");
    let made = house.ann.get(document, json!({ "input": { "items": items[..100] } })).await;
    assert_eq!(made["dealBulkCreate"]["count"], 100);
}

/// A right that extends to some records extends to the same ones here.
#[tokio::test]
async fn each_item_is_measured_by_the_rights_it_takes() {
    let house = House::found().await;
    let ben = house.town.person("Ben", SELLS).await;
    house.only_in(&ben, "deal.write", "EUROPE").await;
    let (here, too) = (house.made("here").await, house.made("here, too").await);
    let mut there = house.deal("there");
    there["region"] = json!("LATIN_AMERICA");
    let there = house.ann.do_("dealCreate", there, "deal { id }").await["deal"]["id"].clone();
    let alone = "mutation($id: ID!) { dealUpdate(input: { id: $id, name: \"x\" }) { deal { id } } }";
    let alone = ben.ask(alone, json!({ "id": there })).await.body;
    assert_eq!(alone["errors"][0]["extensions"]["code"], "FORBIDDEN");

    let named = |id: &Value, name: &str| json!({ "id": id, "name": name });
    let mut away = named(&too, "away");
    away["region"] = json!("LATIN_AMERICA");
    // in whichever order: what extends to the one before does not extend to the one after
    let items = vec![named(&here, "done"), named(&there, "x"), away];
    let wrong = of(&[("FORBIDDEN", "input.items.1"), ("FORBIDDEN", "input.items.2")]);
    let payload = bulk(&ben, "dealBulkUpdate", items.clone(), "REJECT_ALL").await;
    assert_eq!(errors(&payload), wrong, "{payload:#}");
    let payload = bulk(&ben, "dealBulkUpdate", items, "REJECT_FAILED").await;
    assert_eq!((errors(&payload), &payload["count"]), (wrong, &json!(1)), "{payload:#}");
    let names: Vec<String> = house.deals().await.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["done", "here, too", "there"]);
    // who may not at all is refused as a whole
    let cleo = house.town.person("Cleo", &["deal.read"]).await;
    let document = "mutation($input: DealBulkUpdateInput!) { dealBulkUpdate(input: $input) { count } }";
    let refused = cleo.ask(document, json!({ "input": { "items": [named(&here, "y")] } })).await.body;
    assert_eq!(refused["errors"][0]["extensions"]["requires"], json!(["deal.write"]), "{refused}");
}

/// What somebody does not see is not there for their items either.
#[tokio::test]
async fn an_item_that_names_a_hidden_record_says_where() {
    let house = House::found().await;
    let ben = house.town.person("Ben", &["deal.read", "deal.write", "account.read"]).await;
    let account = house.ann.do_("accountCreate", json!({ "name": "Hidden" }), "account { id }").await;
    let condition = json!({ "attribute": "resource.name", "operator": "eq", "value": "Other" });
    let limit = format!(
        "UPDATE access.permission_grants g SET additional_conditions = '{condition}' FROM access.permissions p
         WHERE g.organization_id = '{}' AND g.user_id = '{}' AND p.id = g.permission_id AND p.name = 'account.read'",
        house.town.organization, ben.user
    );
    house.town.owner().await.batch_execute(&limit).await.unwrap();
    let mut with = house.deal("b");
    with["accountId"] = account["account"]["id"].clone();
    let payload = bulk(&ben, "dealBulkCreate", vec![house.deal("a"), with], "REJECT_FAILED").await;
    assert_eq!(
        (errors(&payload), &payload["count"]),
        (of(&[("NOT_FOUND", "input.items.1.accountId")]), &json!(1))
    );
}

#[tokio::test]
async fn followers_hear_of_each_that_was_done() {
    let house = House::found().await;
    let mut stream = house.ann.follow(
        "subscription { recordEvents(types: [\"Deal\"]) { __typename ... on RecordCreated { record { ... on Deal { name } } } } }",
        json!({}),
    );
    stream.next().await.unwrap();
    bulk(
        &house.ann,
        "dealBulkCreate",
        vec![house.deal("a"), house.deal(" "), house.deal("c")],
        "REJECT_FAILED",
    )
    .await;
    for name in ["a", "c"] {
        let event = stream.next().await.unwrap();
        assert_eq!(event["data"]["recordEvents"]["record"], json!({ "name": name }), "{event}");
    }
}

/// Opening and closing the transaction is paid once, and what an item takes does not grow with their number.
#[tokio::test]
async fn an_item_takes_as_many_statements_as_it_would_alone_and_one() {
    statements::watch();
    let house = House::found().await;
    // that somebody was there is written down beside some request
    let least = async |document: &str, input: &dyn Fn(i32) -> Value| {
        let mut least = usize::MAX;
        for turn in 0..4 {
            let (answer, asked) =
                statements::heard(house.ann.get(document, json!({ "input": input(turn) }))).await;
            assert!(!answer.to_string().contains("code"), "{answer:#}");
            least = least.min(asked.len());
        }
        least
    };
    let chance = |id: &Value, turn: i32| json!({ "id": id, "probability": (50 + turn).to_string() });
    let id = house.made("alone").await;
    let alone = "mutation($input: DealUpdateInput!) { dealUpdate(input: $input) { userErrors { code } } }";
    let alone = least(alone, &|turn| chance(&id, turn)).await;
    let document = "mutation($input: DealBulkUpdateInput!) { dealBulkUpdate(input: $input) { count userErrors { code } } }";
    let mut taken = Vec::new();
    for many in [1, 11, 51] {
        let items: Vec<Value> = (0..many).map(|index| house.deal(&format!("{many} {index}"))).collect();
        let made = bulk(&house.ann, "dealBulkCreate", items, "REJECT_ALL").await;
        let made = made["results"].as_array().unwrap();
        let input = |turn| {
            let items: Vec<Value> = made.iter().map(|result| chance(&result["deal"]["id"], turn)).collect();
            json!({ "items": items })
        };
        taken.push(least(document, &input).await);
    }
    let each = (taken[1] - taken[0]) / 10;
    assert_eq!((taken[0], taken[1] - taken[0], taken[2] - taken[0]), (alone + 1, 10 * each, 50 * each));
    // its mark; it is found and locked, changed, and written down
    assert_eq!(each, 4);
}

/// The bulk of another entity is declared in a word, and is the same.
#[tokio::test]
async fn lines_of_a_budget_are_bulk_as_well_with_the_total_that_follows() {
    let town = Town::found().await;
    let rights = ["budget.read", "budget.write", "budget.amount.read"];
    let ann = town.person("Ann", &rights).await;
    let budget = Uuid::now_v7();
    let draft = format!(
        "INSERT INTO finance.budgets (organization_id, id, name, fiscal_year) VALUES ('{}', '{budget}', 'Draft', 2031)",
        town.organization
    );
    town.owner().await.batch_execute(&draft).await.unwrap();
    let found = ann.get("{ budgets { nodes { id } } }", json!({})).await;
    let id = &found["budgets"]["nodes"][0]["id"];
    let line = |category: &str, currency: &str| json!({ "budgetId": id, "category": category, "q1Amount": { "amount": "10.00", "currency": currency } });
    let told = "count results { index budgetLineItem { id category } budget { total { amount } } userErrors { code path } }";
    let items = vec![line("Rent", "USD"), line("Pay", "EUR"), line("Travel", "USD")];
    let made = ann
        .change("budgetLineItemBulkCreate", json!({ "items": items, "onError": "REJECT_FAILED" }), told)
        .await;
    assert_eq!(errors(&made), of(&[("CURRENCY_MISMATCH", "input.items.1.q1Amount.currency")]), "{made:#}");
    assert_eq!(made["results"][2]["budget"]["total"]["amount"], "20.00");
    let items: Vec<Value> =
        [0, 2].map(|at| json!({ "id": made["results"][at]["budgetLineItem"]["id"] })).to_vec();
    let gone = "count results { index deletedId budget { total { amount } } userErrors { code } }";
    let gone = ann.do_("budgetLineItemBulkDelete", json!({ "items": items }), gone).await;
    assert_eq!((&gone["count"], &gone["results"][1]["deletedId"]), (&json!(2), &items[1]["id"]));
    assert_eq!(gone["results"][0]["budget"]["total"]["amount"], "0.00");
}
