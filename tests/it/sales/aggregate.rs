//! `aggregate` and `groupBy`: what all rows of a list amount to, whatever the page.
use diesel_async::SimpleAsyncConnection;
use serde_json::{Value, json};

use super::deal::{SELLS, deal, pipeline};
use crate::world::city::{Person, Town};

const ALL: &str = "aggregate { count sumValue { amount currency } avgValue { amount currency } minValue { amount currency }
    maxValue { amount currency } sumWeightedValue { amount currency } avgProbability minProbability maxExpectedCloseDate }";

async fn sell(person: &Person, stage: &Value, more: Value) -> Value {
    let mut input = deal(stage, "One");
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    person.do_("dealCreate", input, "deal { id }").await["deal"]["id"].clone()
}

fn money(amount: &str, currency: &str) -> Value {
    json!({ "amount": amount, "currency": currency })
}

/// Four deals in two regions, stages and currencies, and a deleted one.
async fn sellers() -> (Town, Person, Value) {
    let town = Town::found().await;
    let ann = town.person("Ann", SELLS).await;
    let stages = pipeline(&town, &ann).await;
    for (stage, region, value, close) in [
        ("open", "EUROPE", money("100.00", "EUR"), json!("2026-01-15")),
        ("open", "EUROPE", money("50.50", "USD"), json!("2026-02-01")),
        ("won", "EUROPE", money("200.00", "EUR"), json!("2026-03-31")),
        ("open", "MIDDLE_EAST", money("7.00", "EUR"), json!(null)),
    ] {
        sell(&ann, &stages[stage], json!({ "region": region, "value": value, "expectedCloseDate": close }))
            .await;
    }
    let gone = sell(&ann, &stages["open"], json!({ "value": money("999", "EUR") })).await;
    ann.do_("dealDelete", json!({ "id": gone }), "").await;
    (town, ann, stages)
}

#[tokio::test]
async fn amounts_are_added_up_for_each_currency_by_itself() {
    let (_town, ann, _) = sellers().await;
    let asked = ann.get(&format!("{{ deals(first: 1) {{ nodes {{ name }} {ALL} }} }}"), json!({})).await;
    assert_eq!(asked["deals"]["nodes"].as_array().unwrap().len(), 1);
    assert_eq!(
        asked["deals"]["aggregate"],
        json!({
            "count": 4,
            "sumValue": [money("307.00", "EUR"), money("50.50", "USD")],
            "avgValue": [money("102.3333", "EUR"), money("50.50", "USD")],
            "minValue": [money("7.00", "EUR"), money("50.50", "USD")],
            "maxValue": [money("200.00", "EUR"), money("50.50", "USD")],
            "sumWeightedValue": [money("221.40", "EUR"), money("10.10", "USD")],
            "avgProbability": "40.00", "minProbability": "20.00", "maxExpectedCloseDate": "2026-03-31",
        })
    );
    let few = "{ deals(filter: { region: { eq: MIDDLE_EAST } }) { aggregate { count sumValue { amount } maxExpectedCloseDate } }
        none: deals(filter: { name: { eq: \"?\" } }) { aggregate { count sumValue { amount } avgProbability } }
        gone: deals(deleted: ONLY) { aggregate { count sumValue { amount } } } }";
    assert_eq!(
        ann.get(few, json!({})).await,
        json!({
            "deals": { "aggregate": { "count": 1, "sumValue": [{ "amount": "7.00" }], "maxExpectedCloseDate": null } },
            "none": { "aggregate": { "count": 0, "sumValue": [], "avgProbability": null } },
            "gone": { "aggregate": { "count": 1, "sumValue": [{ "amount": "999.00" }] } },
        })
    );
}

#[tokio::test]
async fn rows_are_put_together_by_what_they_have_in_common() {
    let (_town, ann, _) = sellers().await;
    let query = "{ deals { groupBy(keys: [REGION, STAGE]) { region stage { name } status owner { id }
        aggregate { count sumValue { amount currency } } } } }";
    let groups = ann.get(query, json!({})).await["deals"]["groupBy"].clone();
    let mut groups = groups.as_array().unwrap().clone();
    groups.sort_by_key(|group| format!("{}{}", group["region"], group["stage"]["name"]));
    let group = |region: &str, stage: &str, count: i32, sum: Value| {
        json!({ "region": region, "stage": { "name": stage }, "status": null, "owner": null,
                "aggregate": { "count": count, "sumValue": sum } })
    };
    assert_eq!(
        groups,
        [
            group("EUROPE", "open", 2, json!([money("100.00", "EUR"), money("50.50", "USD")])),
            group("EUROPE", "won", 1, json!([money("200.00", "EUR")])),
            group("MIDDLE_EAST", "open", 1, json!([money("7.00", "EUR")])),
        ]
    );
}

#[tokio::test]
async fn days_are_put_together_by_their_period() {
    let (_town, ann, _) = sellers().await;
    let query = "query($keys: [DealGroupKey!]!, $first: Int) { deals { groupBy(keys: $keys, first: $first) {
        expectedCloseDateMonth expectedCloseDateQuarter createdAtYear aggregate { count } } } }";
    let ask = async |keys: Value, first: Value| {
        let groups =
            ann.get(query, json!({ "keys": keys, "first": first })).await["deals"]["groupBy"].clone();
        let group = |group: &Value| {
            let of = |name: &str| group[name].as_str().unwrap_or("-").to_owned();
            (
                of("expectedCloseDateMonth"),
                of("expectedCloseDateQuarter"),
                group["aggregate"]["count"].as_i64().unwrap(),
            )
        };
        groups.as_array().unwrap().iter().map(group).collect::<Vec<_>>()
    };
    let group = |month: &str, quarter: &str, count: i64| (month.to_owned(), quarter.to_owned(), count);
    // in their order, those without a day last
    let months = ["2026-01-01", "2026-02-01", "2026-03-01", "-"].map(|month| group(month, "-", 1));
    assert_eq!(ask(json!(["EXPECTED_CLOSE_DATE_MONTH"]), json!(50)).await, months);
    assert_eq!(ask(json!(["EXPECTED_CLOSE_DATE_MONTH"]), json!(2)).await, months[..2]);
    let quarters = [group("-", "2026-01-01", 3), group("-", "-", 1)];
    assert_eq!(ask(json!(["EXPECTED_CLOSE_DATE_QUARTER"]), json!(null)).await, quarters);
    let years = ask(json!(["CREATED_AT_YEAR", "EXPECTED_CLOSE_DATE_QUARTER"]), json!(null)).await;
    assert_eq!(years, quarters);
}

/// The regions of the deals that are asked for, in the order in which they come.
async fn regions(person: &Person, order: &str) -> Vec<String> {
    let query = format!("{{ deals {{ groupBy(keys: [REGION], {order}) {{ region }} }} }}");
    let groups = person.get(&query, json!({})).await["deals"]["groupBy"].clone();
    groups.as_array().unwrap().iter().map(|group| group["region"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn groups_are_ordered_by_what_they_amount_to() {
    let (_town, ann, stages) = sellers().await;
    for (region, value, probability) in [
        ("LATIN_AMERICA", money("150.00", "EUR"), "90"),
        ("LATIN_AMERICA", money("900.00", "USD"), "90"),
        ("ASIA_PACIFIC", money("5000.00", "USD"), "10"),
    ] {
        let more = json!({ "region": region, "value": value, "probability": probability });
        sell(&ann, &stages["open"], more).await;
    }
    let euros = r#"measure: SUM_VALUE, direction: DESC, currency: "EUR""#;
    for (order, expected) in [
        // of each currency only what is in it: the dollars of others do not count, and who has no euros comes last
        (
            format!("orderBy: [{{ {euros} }}]"),
            &["EUROPE", "LATIN_AMERICA", "MIDDLE_EAST", "ASIA_PACIFIC"][..],
        ),
        (format!("first: 2, orderBy: [{{ {euros} }}]"), &["EUROPE", "LATIN_AMERICA"]),
        (format!("first: 1, orderBy: [{{ {euros}, nulls: FIRST }}]"), &["ASIA_PACIFIC"]),
        (
            r#"orderBy: [{ measure: SUM_VALUE, direction: DESC, currency: "USD" }]"#.to_owned(),
            &["ASIA_PACIFIC", "LATIN_AMERICA", "EUROPE", "MIDDLE_EAST"],
        ),
        (
            r#"orderBy: [{ measure: AVG_VALUE, currency: "EUR" }]"#.to_owned(),
            &["MIDDLE_EAST", "EUROPE", "LATIN_AMERICA", "ASIA_PACIFIC"],
        ),
        // whatever the currency where it is no money, and by the key between equals
        (
            "orderBy: [{ measure: COUNT, direction: DESC }]".to_owned(),
            &["EUROPE", "LATIN_AMERICA", "ASIA_PACIFIC", "MIDDLE_EAST"],
        ),
        (
            "orderBy: [{ measure: AVG_PROBABILITY, direction: DESC }]".to_owned(),
            &["LATIN_AMERICA", "EUROPE", "MIDDLE_EAST", "ASIA_PACIFIC"],
        ),
        (
            "orderBy: [{ measure: COUNT }, { measure: MIN_PROBABILITY, direction: DESC }]".to_owned(),
            &["MIDDLE_EAST", "ASIA_PACIFIC", "LATIN_AMERICA", "EUROPE"],
        ),
        (
            "orderBy: [{ measure: MAX_EXPECTED_CLOSE_DATE, direction: DESC }]".to_owned(),
            &["EUROPE", "ASIA_PACIFIC", "LATIN_AMERICA", "MIDDLE_EAST"],
        ),
    ] {
        assert_eq!(regions(&ann, &order).await, expected, "{order}");
    }
    // one statement, whatever is shown besides
    let query = format!(
        "{{ deals {{ groupBy(keys: [REGION], first: 2, orderBy: [{{ {euros} }}]) {{ region
            aggregate {{ count sumValue {{ amount currency }} }} }} }} }}"
    );
    let reply = ann.ask(&query, json!({})).await;
    let group = |region: &str, count: i32, sums: Value| json!({ "region": region, "aggregate": { "count": count, "sumValue": sums } });
    assert_eq!(
        reply.body["data"]["deals"]["groupBy"],
        json!([
            group("EUROPE", 3, json!([money("300.00", "EUR"), money("50.50", "USD")])),
            group("LATIN_AMERICA", 2, json!([money("150.00", "EUR"), money("900.00", "USD")])),
        ]),
        "{:#}",
        reply.body
    );
    let plain = ann.ask("{ deals { groupBy(keys: [REGION]) { region } } }", json!({})).await;
    assert_eq!(reply.statements, plain.statements);
}

#[tokio::test]
async fn lists_of_many_records_take_one_statement_for_each_question() {
    let (town, ann, stages) = sellers().await;
    let owner = town.person("Olga", &[]).await;
    for who in [ann.user, owner.user] {
        let made = format!(
            "INSERT INTO sales.accounts (organization_id, id, name, owner_id) VALUES ('{}', gen_random_uuid(), 'A', '{who}')",
            town.organization
        );
        town.owner().await.batch_execute(&made).await.unwrap();
    }
    let with = town.person("Bob", &[SELLS, &["account.read"]].concat()).await;
    let accounts = with.get("{ accounts { nodes { id } } }", json!({})).await["accounts"]["nodes"].clone();
    for account in accounts.as_array().unwrap() {
        for region in ["EUROPE", "EUROPE", "LATIN_AMERICA"] {
            sell(&ann, &stages["open"], json!({ "accountId": account["id"], "region": region })).await;
        }
    }
    let query = "query($first: Int) { accounts(first: $first) { nodes { deals(first: 1) { aggregate { count sumValue { amount } }
        groupBy(keys: [REGION]) { region aggregate { count } } } } } }";
    let (one, both) =
        (with.ask(query, json!({ "first": 1 })).await, with.ask(query, json!({ "first": 2 })).await);
    assert_eq!((one.statements, both.statements), (3, 3));
    for account in both.body["data"]["accounts"]["nodes"].as_array().unwrap() {
        assert_eq!(
            account["deals"]["aggregate"],
            json!({ "count": 3, "sumValue": [{ "amount": "3000.00" }] })
        );
        let mut counts: Vec<_> = account["deals"]["groupBy"].as_array().unwrap().clone();
        counts.sort_by_key(|group| group["region"].to_string());
        assert_eq!(
            json!(counts),
            json!([{ "region": "EUROPE", "aggregate": { "count": 2 } }, { "region": "LATIN_AMERICA", "aggregate": { "count": 1 } }])
        );
    }
}

#[tokio::test]
async fn what_one_may_not_see_is_not_added_up_and_the_rest_is() {
    let (town, ann, _) = sellers().await;
    let lee = town.person("Lee", &["deal.read"]).await;
    for (order, code) in [(r#"measure: SUM_VALUE, currency: "EUR""#, "FORBIDDEN"), ("measure: COUNT", "")] {
        let query = format!(
            "{{ deals {{ groupBy(keys: [REGION], orderBy: [{{ {order} }}]) {{ aggregate {{ count }} }} }} }}"
        );
        let reply = lee.ask(&query, json!({})).await.body;
        assert_eq!(reply["errors"][0]["extensions"]["code"].as_str().unwrap_or(""), code, "{reply:#}");
    }
    let query = "{ deals { aggregate { count sumValue { amount } avgProbability }
        groupBy(keys: [OWNER]) { aggregate { count } } } }";
    let reply = lee.ask(query, json!({})).await.body;
    assert_eq!(
        reply["data"]["deals"],
        json!({ "aggregate": { "count": 4, "sumValue": null, "avgProbability": "40.00" }, "groupBy": null })
    );
    let errors = reply["errors"].as_array().unwrap();
    let told: Vec<_> = errors.iter().map(|error| (&error["path"], &error["extensions"]["code"])).collect();
    assert_eq!(
        told,
        [
            (&json!(["deals", "aggregate", "sumValue"]), &json!("FORBIDDEN")),
            (&json!(["deals", "groupBy"]), &json!("FORBIDDEN")),
        ],
        "{reply:#}"
    );
    // whoever sees some rows alone adds up those
    let scoped = format!(
        "UPDATE access.permission_grants SET additional_conditions =
            '{{\"attribute\": \"resource.region\", \"operator\": \"eq\", \"value\": \"MIDDLE_EAST\"}}'
         WHERE organization_id = '{}' AND user_id = '{}'",
        town.organization, ann.user
    );
    town.owner().await.batch_execute(&scoped).await.unwrap();
    let seen = ann.get(&format!("{{ deals {{ nodes {{ region }} {ALL} groupBy(keys: [REGION]) {{ region aggregate {{ count }} }} }} }}"), json!({})).await;
    assert_eq!(seen["deals"]["nodes"], json!([{ "region": "MIDDLE_EAST" }]));
    assert_eq!(seen["deals"]["aggregate"]["sumValue"], json!([money("7.00", "EUR")]));
    assert_eq!(seen["deals"]["groupBy"], json!([{ "region": "MIDDLE_EAST", "aggregate": { "count": 1 } }]));
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_and_named() {
    let (_town, ann, _) = sellers().await;
    for (argument, code) in [
        ("keys: []", "BAD_USER_INPUT"),
        ("keys: [REGION, SEGMENT, LOB, STATUS, OWNER]", "BAD_USER_INPUT"),
        ("keys: [REGION], first: 1001", "PAGE_SIZE_EXCEEDED"),
        ("keys: [NAME]", "GRAPHQL_VALIDATION_FAILED"),
        ("keys: [REGION], orderBy: [{ measure: NAME }]", "GRAPHQL_VALIDATION_FAILED"),
        // money is not compared across currencies
        ("keys: [REGION], orderBy: [{ measure: SUM_VALUE }]", "BAD_USER_INPUT"),
        (r#"keys: [REGION], orderBy: [{ measure: COUNT, currency: "EUR" }]"#, "BAD_USER_INPUT"),
        (
            "keys: [REGION], orderBy: [{ measure: COUNT }, { measure: COUNT }, { measure: COUNT }, { measure: COUNT }, { measure: COUNT }]",
            "BAD_USER_INPUT",
        ),
    ] {
        let query = format!("{{ deals {{ groupBy({argument}) {{ aggregate {{ count }} }} }} }}");
        let reply = ann.ask(&query, json!({})).await.body;
        assert_eq!(reply["errors"][0]["extensions"]["code"], code, "{argument}: {reply:#}");
    }
}
