//! `@idempotent`: a key stands for one change. That every mutation keeps to it is the law `repeats`.
use diesel_async::RunQueryDsl;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::House;
use crate::world::city::Person;

const CREATE: &str = "mutation($input: DealCreateInput!, $key: String = \"k\") {
    dealCreate(input: $input) @idempotent(key: $key) { deal { id name } userErrors { code } } }";

async fn create(ann: &Person, variables: Value) -> Value {
    ann.ask(CREATE, variables).await.body
}

fn code(answer: &Value) -> &str {
    answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn a_change_is_done_once_and_its_answer_given_again() {
    let house = House::found().await;
    let ask = json!({ "input": house.deal("Acme"), "key": "first" });
    let answers = join_all((0..10).map(|_| create(&house.ann, ask.clone()))).await;
    let again = create(&house.ann, ask).await;
    assert!(answers[0]["data"]["dealCreate"]["deal"]["id"].is_string(), "{:#}", answers[0]);
    assert!(answers.iter().all(|answer| answer["data"] == again["data"]), "{answers:#?}");
    assert_eq!(house.deals().await, [("Acme".to_owned(), 1)]);
}

#[tokio::test]
async fn a_key_stands_for_what_is_asked_and_not_for_how_it_is_written() {
    let house = House::found().await;
    let first = create(&house.ann, json!({ "input": house.deal("Acme") })).await;
    // in the document instead of in variables, in another order, a variable that is not given
    let stage = &house.stages["open"];
    let literal = format!(
        "mutation($name: String = \"Acme\", $vertical: String) {{ dealCreate(input: {{
           value: {{ currency: \"EUR\", amount: \"1000.00\" }}, stageId: {stage}, lob: SOFTWARE, segment: SMB, region: EUROPE,
           name: $name, vertical: $vertical }}) @idempotent(key: \"k\") {{ deal {{ id name }} userErrors {{ code }} }} }}"
    );
    let again = house.ann.ask(&literal, json!({})).await.body;
    assert_eq!(first["data"], again["data"], "{again:#}");
    // what differs in one value is something else, even where another variable is not given
    for other in [json!({ "name": "Other" }), json!({ "vertical": "Retail" }), json!({ "name": null })] {
        assert_eq!(
            code(&house.ann.ask(&literal, other.clone()).await.body),
            "IDEMPOTENCY_KEY_REUSED",
            "{other}"
        );
    }
    assert_eq!(house.deals().await, [("Acme".to_owned(), 1)]);
}

#[tokio::test]
async fn the_key_of_one_mutation_is_not_good_for_another() {
    let house = House::found().await;
    let id = house.made("Acme").await;
    let run = async |name: &str| {
        let document = format!(
            "mutation($input: DealRecordInput!) {{ {name}(input: $input) @idempotent(key: \"k\") {{ deal {{ id }} userErrors {{ code }} }} }}"
        );
        house.ann.ask(&document, json!({ "input": { "id": id } })).await.body
    };
    assert_eq!(run("dealDelete").await["data"]["dealDelete"]["userErrors"], json!([]));
    assert_eq!(code(&run("dealRestore").await), "IDEMPOTENCY_KEY_REUSED");
}

#[tokio::test]
async fn what_was_refused_can_be_mended_under_the_same_key() {
    let house = House::found().await;
    let nameless = create(&house.ann, json!({ "input": house.deal("  ") })).await;
    assert_eq!(nameless["data"]["dealCreate"]["userErrors"][0]["code"], "INVALID", "{nameless:#}");
    let mended = create(&house.ann, json!({ "input": house.deal("Acme") })).await;
    assert_eq!(mended["data"]["dealCreate"]["deal"]["name"], "Acme", "{mended:#}");
}

#[tokio::test]
async fn keys_are_of_one_person_and_one_organization() {
    let house = House::found().await;
    let ben = house.town.person("Ben", &["deal.write", "deal.read"]).await;
    create(&house.ann, json!({ "input": house.deal("Ann's") })).await;
    let bens = create(&ben, json!({ "input": house.deal("Ben's") })).await;
    assert_eq!(bens["data"]["dealCreate"]["deal"]["name"], "Ben's", "{bens:#}");
}

/// Who has chosen no organization has keys too: what they change is their own.
#[tokio::test]
async fn who_has_no_organization_can_repeat_as_well() {
    let house = House::found().await;
    let mut ann = house.ann.clone();
    ann.caller.organization = None;
    let called = |name: &str| {
        format!(
            "mutation {{ userUpdate(input: {{ expectedVersion: 1, firstName: \"{name}\" }}) @idempotent(key: \"k\") {{
               userErrors {{ code }} }} }}"
        )
    };
    let document = called("Anna");
    let (first, again) = tokio::join!(ann.ask(&document, json!({})), ann.ask(&document, json!({})));
    assert_eq!(first.body["data"]["userUpdate"]["userErrors"], json!([]), "{:#}", first.body);
    assert_eq!(first.body["data"], again.body["data"], "the second is no conflict with the first");
    assert_eq!(code(&ann.ask(&called("Annie"), json!({})).await.body), "IDEMPOTENCY_KEY_REUSED");
    ann.caller.user = None;
    ann.caller.session = None;
    assert_eq!(code(&ann.ask(&document, json!({})).await.body), "BAD_USER_INPUT");
}

#[tokio::test]
async fn a_bulk_is_repeated_with_all_that_it_told() {
    let house = House::found().await;
    let document =
        "mutation($input: DealBulkCreateInput!) { dealBulkCreate(input: $input) @idempotent(key: \"k\") {
        count results { index deal { id name } userErrors { code path } } userErrors { code path } } }";
    let items = json!([house.deal("a"), house.deal(" "), house.deal("c")]);
    let ask = json!({ "input": { "items": items, "onError": "REJECT_FAILED" } });
    let (first, again) = (house.ann.get(document, ask.clone()).await, house.ann.get(document, ask).await);
    assert_eq!(first["dealBulkCreate"]["count"], 2, "{first:#}");
    assert_eq!(first, again);
    assert_eq!(house.deals().await.len(), 2);
}

#[tokio::test]
async fn a_key_is_forgotten_when_its_day_is_over() {
    let (house, other) = (House::found().await, House::found().await);
    let ask = json!({ "input": house.deal("Acme") });
    let first = create(&house.ann, ask.clone()).await;
    create(&other.ann, json!({ "input": other.deal("Acme"), "key": "other" })).await;
    let aged = "UPDATE ops.idempotency_keys SET created_at = created_at - interval '25 hours',
        expires_at = expires_at - interval '25 hours' WHERE organization_id = $1";
    let aged = diesel::sql_query(aged).bind::<diesel::sql_types::Uuid, _>(house.town.organization);
    aged.execute(&mut house.town.owner().await).await.unwrap();
    // other tests keep their keys for a day: nobody else's is over
    assert_eq!(portico::store::journal::forget_keys(&house.town.door()).await.unwrap(), 1);
    assert_eq!(portico::store::journal::forget_keys(&house.town.door()).await.unwrap(), 0);
    let again = create(&house.ann, ask).await;
    assert_ne!(first["data"]["dealCreate"]["deal"]["id"], again["data"]["dealCreate"]["deal"]["id"]);
    assert_eq!(house.deals().await.len(), 2);
    let kept = create(&other.ann, json!({ "input": other.deal("Acme"), "key": "other" })).await;
    assert!(kept["data"]["dealCreate"]["deal"]["id"].is_string(), "{kept:#}");
    assert_eq!(other.deals().await.len(), 1);
}
