//! What another system knows is brought here by the id that it has there, and overwrites nobody's work unasked (B081).
use diesel_async::SimpleAsyncConnection;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{House, errors, of};

const TOLD: &str = "created deal { id version name status syncedAt syncedVersion externalSystem externalDealId stage { name } }";

impl House {
    /// A deal as the CRM knows it.
    fn known(&self, id: &str, name: &str) -> Value {
        let mut deal = self.deal(name);
        deal["external"] = json!({ "system": "crm", "id": id });
        deal
    }

    async fn brings(&self, deal: Value) -> Value {
        self.ann.change("dealUpsert", deal, TOLD).await
    }
}

fn only(id: &str, more: Value) -> Value {
    let Value::Object(mut deal) = more else { panic!("{more}") };
    deal.insert("external".to_owned(), json!({ "system": "crm", "id": id }));
    Value::Object(deal)
}

#[tokio::test]
async fn a_deal_is_made_and_from_then_on_changed() {
    let house = House::found().await;
    let made = house.brings(house.known("D-1", "Acme")).await;
    let deal = &made["deal"];
    assert_eq!(
        (&made["created"], &made["userErrors"], &deal["version"]),
        (&json!(true), &json!([]), &json!(1))
    );
    assert_eq!((&deal["externalSystem"], &deal["externalDealId"]), (&json!("crm"), &json!("D-1")));
    assert!(deal["syncedAt"].is_string() && deal["syncedVersion"] == 1, "{made:#}");
    // what is not told stays; the stage comes along, with all that follows from it
    let next = only("D-1", json!({ "name": "Acme 2", "stageId": house.stages["won"] }));
    let changed = house.brings(next).await;
    let deal = &changed["deal"];
    assert_eq!((&changed["created"], &deal["id"]), (&json!(false), &made["deal"]["id"]), "{changed:#}");
    assert_eq!(
        (&deal["status"], &deal["name"], &deal["syncedVersion"]),
        (&json!("WON"), &json!("Acme 2"), &deal["version"])
    );
    // nothing new is no change, neither audited nor told, but was compared
    let same = json!({ "name": "Acme 2", "stageId": house.stages["won"], "value": { "amount": "1000", "currency": "EUR" } });
    for same in [same, json!({})] {
        let again = house.brings(only("D-1", same)).await;
        assert_eq!(
            (&again["deal"]["version"], &again["userErrors"]),
            (&deal["version"], &json!([])),
            "{again:#}"
        );
        assert!(again["deal"]["syncedAt"].as_str() > deal["syncedAt"].as_str());
    }
    let audited = "{ auditLogs { nodes { action } } }";
    let audited = house.ann.get(audited, json!({})).await["auditLogs"]["nodes"].clone();
    assert_eq!(audited.as_array().unwrap().len(), 2, "{audited:#}");
    assert_eq!(house.deals().await.len(), 1);
}

#[tokio::test]
async fn its_history_says_that_it_was_a_sync() {
    let house = House::found().await;
    let id = house.brings(house.known("D-1", "Acme")).await["deal"]["id"].clone();
    house.brings(only("D-1", json!({ "name": "Acme 2" }))).await;
    house.ann.do_("dealUpdate", json!({ "id": id, "name": "Acme 3" }), "").await;
    let query = "query($id: ID) { deal(id: $id) { history { nodes { fieldChanged newValue changeSource changedBy { displayName } } }
                   auditTrail { nodes { action } } } }";
    let told = house.ann.get(query, json!({ "id": id })).await["deal"].clone();
    let lines = told["history"]["nodes"].as_array().unwrap();
    let lines: Vec<_> =
        lines.iter().map(|line| (&line["newValue"], &line["changeSource"], &line["changedBy"])).collect();
    let ann = json!({ "displayName": "Ann" });
    assert_eq!(lines, [(&json!("Acme 3"), &json!("USER"), &ann), (&json!("Acme 2"), &json!("SYNC"), &ann)]);
    let actions: Vec<_> =
        told["auditTrail"]["nodes"].as_array().unwrap().iter().map(|entry| &entry["action"]).collect();
    for action in ["deal.created", "deal.synced", "deal.updated"] {
        assert!(actions.contains(&&json!(action)), "{actions:?}");
    }
}

#[tokio::test]
async fn a_sync_does_not_overwrite_what_was_changed_here_unasked() {
    let house = House::found().await;
    let id = house.brings(house.known("D-1", "Acme")).await["deal"]["id"].clone();
    house.ann.do_("dealUpdate", json!({ "id": id, "name": "Ann's" }), "").await;
    let theirs = |more: Value| {
        let mut deal = only("D-1", json!({ "name": "Theirs" }));
        deal.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        deal
    };
    let refused = house.brings(theirs(json!({}))).await;
    assert_eq!(errors(&refused), of(&[("CONFLICT", "input.expectedVersion")]), "{refused:#}");
    assert_eq!(
        (&refused["userErrors"][0]["currentVersion"], &refused["created"]),
        (&json!(2), &json!(false))
    );
    assert_eq!(house.deals().await, [("Ann's".to_owned(), 2)]);
    // whoever knows of it may
    assert_eq!(house.brings(theirs(json!({ "expectedVersion": 1 }))).await["deal"], Value::Null);
    let done = house.brings(theirs(json!({ "expectedVersion": 2 }))).await;
    assert_eq!(
        (&done["deal"]["name"], &done["deal"]["syncedVersion"]),
        (&json!("Theirs"), &json!(3)),
        "{done:#}"
    );
    // and from then on nothing was changed here
    assert_eq!(house.brings(theirs(json!({ "probability": "42" }))).await["userErrors"], json!([]));
}

#[tokio::test]
async fn a_time_does_as_well_as_a_version() {
    let house = House::found().await;
    let id = house.brings(house.known("D-1", "Acme")).await["deal"]["id"].clone();
    let changed =
        house.ann.do_("dealUpdate", json!({ "id": id, "name": "Ann's" }), "deal { updatedAt }").await;
    let changed = changed["deal"]["updatedAt"].clone();
    let since = |time: &Value| only("D-1", json!({ "name": "Theirs", "ifUnchangedSince": time }));
    let early = house.brings(since(&json!("2020-01-01T00:00:00Z"))).await;
    assert_eq!(errors(&early), of(&[("CONFLICT", "input.expectedVersion")]), "{early:#}");
    assert_eq!(house.brings(since(&changed)).await["deal"]["name"], "Theirs");
}

#[tokio::test]
async fn fifty_who_bring_the_same_make_one() {
    let house = House::found().await;
    let brought =
        join_all((0..50).map(|index| house.brings(house.known("D-1", &format!("Acme {index}"))))).await;
    assert!(brought.iter().all(|one| one["userErrors"] == json!([])), "{brought:#?}");
    assert_eq!(brought.iter().filter(|one| one["created"] == true).count(), 1);
    assert!(brought.iter().all(|one| one["deal"]["id"] == brought[0]["deal"]["id"]));
    assert_eq!(house.deals().await.len(), 1);
}

#[tokio::test]
async fn what_a_new_one_lacks_is_told_all_at_once() {
    let house = House::found().await;
    let bare = house.brings(only("D-1", json!({ "name": "Acme", "region": "EUROPE" }))).await;
    let lacks = [
        ("REQUIRED", "input.segment"),
        ("REQUIRED", "input.lob"),
        ("REQUIRED", "input.stageId"),
        ("REQUIRED", "input.value"),
    ];
    assert_eq!(errors(&bare), of(&lacks), "{bare:#}");
    let unknown = house.brings(only("D-1", json!({ "expectedVersion": 1 }))).await;
    assert_eq!(errors(&unknown), of(&[("NOT_FOUND", "input.external")]));
    let mut nameless = house.known("", "Acme");
    assert_eq!(errors(&house.brings(nameless.clone()).await), of(&[("INVALID", "input.external.id")]));
    nameless["external"] = json!({ "system": " ", "id": "D-1" });
    assert_eq!(errors(&house.brings(nameless).await), of(&[("INVALID", "input.external.system")]));
}

#[tokio::test]
async fn what_was_deleted_here_is_made_anew() {
    let house = House::found().await;
    let first = house.brings(house.known("D-1", "Acme")).await["deal"]["id"].clone();
    house.ann.do_("dealDelete", json!({ "id": first }), "").await;
    let second = house.brings(house.known("D-1", "Acme")).await;
    assert_eq!((&second["created"], second["deal"]["id"] == first), (&json!(true), false));
    let (code, ..) = house.ann.refused("dealRestore", json!({ "id": first })).await;
    assert_eq!(code, "NOT_UNIQUE");
}

/// It takes the right of what it does, as far as that extends; what is hidden is neither changed nor told of.
#[tokio::test]
async fn nobody_syncs_what_they_may_not_change() {
    let house = House::found().await;
    let id = house.brings(house.known("D-1", "Acme")).await["deal"]["id"].clone();
    let (reader, keeper) = (
        house.town.person("Rae", &["deal.read"]).await,
        house.town.person("Kim", &["deal.read", "deal.write"]).await,
    );
    let document = "mutation($input: DealUpsertInput!) { dealUpsert(input: $input) { deal { id } userErrors { code path } } }";
    let refused = reader.ask(document, json!({ "input": house.known("D-2", "x") })).await.body;
    assert_eq!(refused["errors"][0]["extensions"]["requires"], json!(["deal.write"]), "{refused:#}");
    house.only_in(&keeper, "deal.write", "LATIN_AMERICA").await;
    for deal in [house.known("D-1", "x"), house.known("D-2", "x")] {
        let refused = keeper.ask(document, json!({ "input": deal })).await.body;
        assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN", "{refused:#}");
    }
    house.only_in(&keeper, "deal.read", "LATIN_AMERICA").await;
    let hidden = keeper.ask(document, json!({ "input": only("D-1", json!({ "name": "x" })) })).await.body;
    assert_eq!(
        hidden["data"]["dealUpsert"]["userErrors"][0]["code"], "REQUIRED",
        "as if there were none: {hidden:#}"
    );
    assert_eq!(house.deals().await, [("Acme".to_owned(), 1)]);
    assert!(id.is_string());
}

#[tokio::test]
async fn accounts_are_kept_in_step_as_well() {
    let house = House::found().await;
    let told = "created account { id version name domain syncedVersion }";
    let brings = async |more: Value| {
        let mut account = json!({ "external": { "system": "crm", "id": "A-1" } });
        account.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        house.ann.change("accountUpsert", account, told).await
    };
    assert_eq!(errors(&brings(json!({ "domain": "acme.example" })).await), of(&[("REQUIRED", "input.name")]));
    let made = brings(json!({ "name": "Acme", "domain": "acme.example" })).await;
    assert_eq!((&made["created"], &made["account"]["syncedVersion"]), (&json!(true), &json!(1)), "{made:#}");
    let changed = brings(json!({ "domain": null })).await;
    assert_eq!((&changed["account"]["name"], &changed["account"]["domain"]), (&json!("Acme"), &json!(null)));
    house.ann.do_("accountUpdate", json!({ "id": made["account"]["id"], "name": "Acme Inc." }), "").await;
    assert_eq!(
        errors(&brings(json!({ "name": "Acme" })).await),
        of(&[("CONFLICT", "input.expectedVersion")])
    );
}

/// A version is kept by the database, whoever writes.
#[tokio::test]
async fn nobody_says_which_version_was_compared() {
    let house = House::found().await;
    house.brings(house.known("D-1", "Acme")).await;
    let write = format!(
        "UPDATE sales.deals SET synced_revision = 7, synced_at = now() WHERE organization_id = '{}'",
        house.town.organization
    );
    house.town.owner().await.batch_execute(&write).await.unwrap();
    let found = house.ann.get("{ deals { nodes { version syncedVersion } } }", json!({})).await;
    assert_eq!(found["deals"]["nodes"], json!([{ "version": 1, "syncedVersion": 1 }]));
}

/// Who brings a deal need not know what its account is called here.
#[tokio::test]
async fn a_deal_names_its_account_as_another_system_does() {
    let house = House::found().await;
    let account = async |id: &str| {
        let account = json!({ "external": { "system": "crm", "id": id }, "name": id });
        house.ann.change("accountUpsert", account, "account { id }").await["account"]["id"].clone()
    };
    let (acme, birch) = (account("A-1").await, account("A-2").await);
    let with = |mut deal: Value, account: Value| {
        deal["account"] = account;
        deal
    };
    let external = |id: &str| json!({ "external": { "system": "crm", "id": id } });
    let bring = async |deal: Value| {
        house.ann.change("dealUpsert", deal, "created deal { version account { id } }").await
    };
    let made = bring(with(house.known("D-1", "Acme"), external("A-1"))).await;
    assert_eq!((&made["created"], &made["deal"]["account"]["id"]), (&json!(true), &acme), "{made:#}");
    // the same account is no change, another one is, and null clears it
    let version = |brought: &Value| brought["deal"]["version"].as_i64().unwrap();
    let again = bring(with(only("D-1", json!({})), external("A-1"))).await;
    assert_eq!(version(&again), version(&made), "{again:#}");
    let moved = bring(with(only("D-1", json!({})), external("A-2"))).await;
    assert_eq!((&moved["deal"]["account"]["id"], version(&moved)), (&birch, version(&made) + 1), "{moved:#}");
    let by_id = bring(with(only("D-1", json!({})), json!({ "id": acme }))).await;
    assert_eq!(by_id["deal"]["account"]["id"], acme, "{by_id:#}");
    let cleared = bring(with(only("D-1", json!({})), Value::Null)).await;
    assert_eq!(cleared["deal"]["account"], Value::Null, "{cleared:#}");
    // where there is none, or it is said twice, nothing is done
    for (more, expected) in [
        (json!({ "account": external("A-9") }), ("NOT_FOUND", "input.account.external")),
        (
            json!({ "account": { "external": { "system": "erp", "id": "A-1" } } }),
            ("NOT_FOUND", "input.account.external"),
        ),
        (json!({ "account": external("A-1"), "accountId": acme }), ("INVALID", "input.account")),
        (json!({ "account": null, "accountId": acme }), ("INVALID", "input.account")),
    ] {
        let refused = bring(only("D-1", more)).await;
        assert_eq!(errors(&refused), of(&[expected]), "{refused:#}");
    }
    house.ann.do_("accountDelete", json!({ "id": birch }), "").await;
    let gone = bring(with(only("D-1", json!({})), external("A-2"))).await;
    assert_eq!(errors(&gone), of(&[("NOT_FOUND", "input.account.external")]), "{gone:#}");
    let document = "mutation($input: DealUpsertInput!) { dealUpsert(input: $input) { deal { id } userErrors { code path } } }";
    for account in [json!({}), json!({ "id": acme, "external": { "system": "crm", "id": "A-1" } })] {
        let refused =
            house.ann.ask(document, json!({ "input": with(only("D-1", json!({})), account) })).await.body;
        assert!(refused["errors"][0]["extensions"]["code"].is_string(), "{refused:#}");
    }
    assert_eq!(house.deals().await, [("Acme".to_owned(), version(&cleared))]);
}

/// By what another system calls it, nobody finds an account that they do not see.
#[tokio::test]
async fn an_account_that_one_does_not_see_is_not_found_by_what_others_call_it() {
    let house = House::found().await;
    let account = json!({ "external": { "system": "crm", "id": "A-1" }, "name": "Acme" });
    house.ann.change("accountUpsert", account, "account { id }").await;
    let document = "mutation($input: DealUpsertInput!) { dealUpsert(input: $input) { deal { id } userErrors { code path } } }";
    let mut deal = house.known("D-1", "Acme");
    deal["account"] = json!({ "external": { "system": "crm", "id": "A-1" } });
    let kim = house.town.person("Kim", &["deal.read", "deal.write"]).await;
    let refused = kim.ask(document, json!({ "input": deal })).await.body;
    assert_eq!(refused["errors"][0]["extensions"]["requires"], json!(["account.read"]), "{refused:#}");
    let lou = house.town.person("Lou", &["deal.read", "deal.write", "account.read"]).await;
    house.only_where(&lou, "account.read", "resource.vertical", "retail").await;
    let hidden = lou.ask(document, json!({ "input": deal })).await.body;
    assert_eq!(
        hidden["data"]["dealUpsert"]["userErrors"],
        json!([{ "code": "NOT_FOUND", "path": ["input", "account", "external"] }]),
        "{hidden:#}"
    );
    let stranger = House::found().await;
    deal["stageId"] = stranger.stages["open"].clone();
    let elsewhere = stranger.brings(deal).await;
    assert_eq!(errors(&elsewhere), of(&[("NOT_FOUND", "input.account.external")]), "{elsewhere:#}");
    assert_eq!(house.deals().await, []);
}

const EACH: &str = "count results { index created deal { id name version } userErrors { code path } }";

async fn bring_all(house: &House, items: Vec<Value>, on_error: &str) -> Value {
    house.ann.change("dealBulkUpsert", json!({ "items": items, "onError": on_error }), EACH).await
}

#[tokio::test]
async fn many_are_brought_at_a_time_each_as_if_it_were_alone() {
    let house = House::found().await;
    let kept = house.brings(house.known("D-1", "kept")).await["deal"]["id"].clone();
    house.brings(house.known("D-2", "old")).await;
    house.ann.do_("dealUpdate", json!({ "id": kept, "name": "changed here" }), "").await;
    let items = vec![
        house.known("D-3", "new"),
        only("D-2", json!({ "name": "changed there" })),
        // somebody has changed it here; it is not there yet, and too little is said of it
        only("D-1", json!({ "name": "overwritten" })),
        only("D-4", json!({ "name": "half" })),
        // what the first has made, and the second has changed
        only("D-3", json!({ "probability": "30" })),
        only("D-2", json!({ "name": "changed there" })),
    ];
    let wrong = of(&[
        ("CONFLICT", "input.items.2"),
        ("REQUIRED", "input.items.3.region"),
        ("REQUIRED", "input.items.3.segment"),
        ("REQUIRED", "input.items.3.lob"),
        ("REQUIRED", "input.items.3.stageId"),
        ("REQUIRED", "input.items.3.value"),
    ]);
    let shortened = |payload: &Value| -> Vec<_> {
        // a conflict is told where its version would stand
        let cut = |path: String| path.strip_suffix(".expectedVersion").map(str::to_owned).unwrap_or(path);
        errors(payload).into_iter().map(|(code, path)| (code, cut(path))).collect()
    };
    let before = house.deals().await;
    let nothing = bring_all(&house, items.clone(), "REJECT_ALL").await;
    assert_eq!((shortened(&nothing), &nothing["count"]), (wrong.clone(), &json!(0)), "{nothing:#}");
    assert_eq!(house.deals().await, before);

    let some = bring_all(&house, items, "REJECT_FAILED").await;
    assert_eq!((shortened(&some), &some["count"]), (wrong, &json!(4)), "{some:#}");
    let results = some["results"].as_array().unwrap();
    let created: Vec<_> = results.iter().map(|result| result["created"].clone()).collect();
    assert_eq!(created, [true, false, false, false, false, false]);
    let versions: Vec<_> = results.iter().map(|result| result["deal"]["version"].clone()).collect();
    // what brings nothing new is no change
    assert_eq!(versions, [json!(2), json!(2), json!(null), json!(null), json!(2), json!(2)]);
    let now = ["changed here", "changed there", "new"].map(|name| (name.to_owned(), 2));
    assert_eq!(house.deals().await, now);
}

#[tokio::test]
async fn many_are_brought_once_however_often_they_are_sent() {
    let house = House::found().await;
    let items: Vec<Value> = (0..5).map(|at| house.known(&format!("D-{at}"), &format!("Deal {at}"))).collect();
    let document =
        "mutation($input: DealBulkUpsertInput!) { dealBulkUpsert(input: $input) @idempotent(key: \"all\") {
        count results { created deal { id } } userErrors { code } } }";
    let answers =
        join_all((0..4).map(|_| house.ann.ask(document, json!({ "input": { "items": items } })))).await;
    let first = &answers[0].body["data"]["dealBulkUpsert"];
    assert_eq!(first["count"], 5, "{first:#}");
    assert!(answers.iter().all(|answer| answer.body["data"]["dealBulkUpsert"] == *first));
    assert_eq!(house.deals().await.len(), 5);
}
