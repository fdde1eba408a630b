//! Rights under conditions: whatever is asked, the rows to which a right extends are there, all of them, and no others.
use diesel_async::SimpleAsyncConnection;
use futures_util::StreamExt;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{id_of, keeper, make_role, permission, town};
use crate::world::city::{Person, Town};
use portico::store::door::Caller;

const SELLS: &[&str] =
    &["deal.read", "deal.write", "deal.delete", "deal.value.read", "deal.history.read", "user.read"];
const KEEPS: &[&str] = &[
    "access.explain",
    "role.grant.any",
    "resource.read",
    "resource.write",
    "deal.read",
    "deal.write",
    "event.read",
];

/// Somebody who sells everywhere, somebody who gives rights, and somebody of Europe who has none yet.
pub(super) struct House {
    pub town: Town,
    pub ann: Person,
    pub keeper: Person,
    pub wei: Person,
    stage: Value,
}

impl House {
    pub async fn of(wei_holds: &[&str]) -> Self {
        let town = town().await;
        let ann = town.person("Ann", SELLS).await;
        let keeper = keeper(&town, "Keeper", KEEPS).await;
        let wei = town.person("Wei", wei_holds).await;
        let (pipeline, stage) = (Uuid::now_v7(), Uuid::now_v7());
        let made = format!(
            "INSERT INTO sales.pipelines (organization_id, id, name) VALUES ('{0}', '{pipeline}', 'P');
             INSERT INTO sales.pipeline_stages (organization_id, id, pipeline_id, name, kind, position, default_probability)
             VALUES ('{0}', '{stage}', '{pipeline}', 'open', 'open', 0, 20);
             UPDATE identity.memberships SET region = 'europe' WHERE organization_id = '{0}' AND user_id = '{1}'",
            town.organization, wei.user
        );
        town.owner().await.batch_execute(&made).await.unwrap();
        let found = ann.get("{ pipelines { nodes { stages { id } } } }", json!({})).await;
        let stage = found["pipelines"]["nodes"][0]["stages"][0]["id"].clone();
        Self { town, ann, keeper, wei, stage }
    }

    fn deal(&self, name: &str, region: &str) -> Value {
        json!({ "name": name, "region": region, "segment": "SMB", "lob": "SOFTWARE", "stageId": self.stage,
                "value": { "amount": "1000.00", "currency": "EUR" } })
    }

    /// A deal of Ann's; its id.
    pub async fn sell(&self, name: &str, region: &str) -> Value {
        self.ann.do_("dealCreate", self.deal(name, region), "deal { id }").await["deal"]["id"].clone()
    }

    /// Gives Wei a permission, limited as `more` says; the grant's id.
    pub async fn give(&self, name: &str, more: Value) -> Value {
        let mut input =
            json!({ "userId": id_of(&self.wei), "permissionId": permission(&self.keeper, name).await });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let given = self.keeper.do_("permissionGrant", input, "permissionGrant { id }").await;
        given["permissionGrant"]["id"].clone()
    }

    /// The names of the deals that Wei is shown.
    async fn seen(&self, arguments: &str) -> Vec<String> {
        let found = self.wei.get(&format!("{{ deals{arguments} {{ nodes {{ name }} }} }}"), json!({})).await;
        let nodes = found["deals"]["nodes"].as_array().unwrap().clone();
        nodes.iter().map(|deal| deal["name"].as_str().unwrap().to_owned()).collect()
    }
}

pub(super) fn in_europe() -> Value {
    json!({ "condition": { "attribute": "resource.region", "operator": "eq", "value": "EUROPE" } })
}

/// The code and the missing permissions of the first error.
async fn denied(person: &Person, document: &str, variables: Value) -> (Value, Value) {
    let reply = person.ask(document, variables).await;
    let error = &reply.body["errors"][0]["extensions"];
    (error["code"].clone(), error["requires"].clone())
}

const FORBIDDEN: &str = "FORBIDDEN";

#[tokio::test]
async fn lists_counts_pages_and_lookups_see_what_the_condition_lets_through() {
    let house = House::of(&[]).await;
    let mut ids = Vec::new();
    for (name, region) in
        [("a", "EUROPE"), ("b", "MIDDLE_EAST"), ("c", "EUROPE"), ("d", "ASIA_PACIFIC"), ("e", "EUROPE")]
    {
        ids.push(house.sell(name, region).await);
    }
    assert_eq!(denied(&house.wei, "{ deals { nodes { id } } }", json!({})).await.0, FORBIDDEN);
    let to_their_region =
        json!({ "condition": { "attribute": "resource.region", "operator": "eq", "to": "subject.region" } });
    let grant = house.give("deal.read", to_their_region).await;

    assert_eq!(house.seen("(orderBy: [{ field: NAME }])").await, ["a", "c", "e"]);
    let document = "query P($after: String) { deals(first: 2, after: $after, orderBy: [{ field: NAME }]) {
        nodes { name } totalCount { value } pageInfo { endCursor hasNextPage } } }";
    let page = house.wei.get(document, json!({})).await["deals"].clone();
    assert_eq!(page["nodes"], json!([{ "name": "a" }, { "name": "c" }]));
    assert_eq!((&page["totalCount"]["value"], &page["pageInfo"]["hasNextPage"]), (&json!(3), &json!(true)));
    let after = json!({ "after": page["pageInfo"]["endCursor"] });
    let page = house.wei.get(document, after).await["deals"].clone();
    assert_eq!(
        (&page["nodes"], &page["pageInfo"]["hasNextPage"]),
        (&json!([{ "name": "e" }]), &json!(false))
    );
    assert_eq!(
        house.seen("(filter: { not: { name: { eq: \"a\" } } }, orderBy: [{ field: NAME }])").await,
        ["c", "e"]
    );
    assert_eq!(house.seen("(filter: { region: { eq: MIDDLE_EAST } })").await, Vec::<String>::new());

    let one = "query O($id: ID!) { deal(id: $id) { name } node(id: $id) { id } }";
    let hidden = house.wei.get(one, json!({ "id": ids[1] })).await;
    let gone = house.wei.get(one, json!({ "id": "deal_01jd3vmthye2pv1t7m0a0q5h8k" })).await;
    assert_eq!(hidden, gone, "a hidden row looks like a missing one");
    assert_eq!(house.wei.get(one, json!({ "id": ids[0] })).await["deal"]["name"], "a");

    house.keeper.do_("permissionGrantRevoke", json!({ "id": grant, "reason": "over" }), "").await;
    assert_eq!(denied(&house.wei, "{ deals { nodes { id } } }", json!({})).await.0, FORBIDDEN);
}

#[tokio::test]
async fn what_is_part_of_a_record_is_seen_with_it() {
    let house = House::of(&["deal.history.read"]).await;
    let (here, there) = (house.sell("here", "EUROPE").await, house.sell("there", "MIDDLE_EAST").await);
    for id in [&here, &there] {
        house.ann.do_("dealUpdate", json!({ "id": id, "name": "renamed" }), "deal { id }").await;
    }
    let history = "query H($id: ID!) { deal(id: $id) { history { nodes { id } totalCount { value } } } }";
    let of_there =
        house.ann.get(history, json!({ "id": there })).await["deal"]["history"]["nodes"][0]["id"].clone();
    let of_here =
        house.ann.get(history, json!({ "id": here })).await["deal"]["history"]["nodes"][0]["id"].clone();
    house.give("deal.read", in_europe()).await;
    let node = "query N($id: ID!) { node(id: $id) { id } }";
    assert_eq!(house.wei.get(node, json!({ "id": of_here })).await["node"]["id"], of_here);
    assert_eq!(house.wei.get(node, json!({ "id": of_there })).await["node"], Value::Null);
    let shown = house.wei.get(history, json!({ "id": here })).await;
    assert!(shown["deal"]["history"]["totalCount"]["value"].as_i64() > Some(0));
    // the stages are set-up: whoever sees some deals sees them all
    let stages = house.wei.get("{ pipelines { nodes { stages { name } } } }", json!({})).await;
    assert_eq!(stages["pipelines"]["nodes"][0]["stages"][0]["name"], "open");
}

#[tokio::test]
async fn a_field_that_is_seen_in_some_rows_fails_in_the_others_alone() {
    let house = House::of(&["deal.read"]).await;
    house.sell("a", "EUROPE").await;
    house.sell("b", "MIDDLE_EAST").await;
    house.give("deal.value.read", in_europe()).await;
    let document = "{ deals(orderBy: [{ field: NAME }]) { nodes { name value { amount } } } }";
    let reply = house.wei.ask(document, json!({})).await.body;
    assert_eq!(
        reply["data"]["deals"]["nodes"],
        json!([{ "name": "a", "value": { "amount": "1000.00" } }, { "name": "b", "value": null }])
    );
    assert_eq!(reply["errors"].as_array().unwrap().len(), 1);
    assert_eq!(reply["errors"][0]["path"], json!(["deals", "nodes", 1, "value"]));
    assert_eq!(reply["errors"][0]["extensions"]["requires"], json!(["deal.value.read"]));
    for arguments in ["filter: { value: { gt: \"1\" } }", "orderBy: [{ field: VALUE }]"] {
        let document = format!("{{ deals({arguments}) {{ nodes {{ id }} }} }}");
        let (code, requires) = denied(&house.wei, &document, json!({})).await;
        assert_eq!((code, requires), (json!(FORBIDDEN), json!(["deal.value.read"])), "{arguments}");
    }
}

#[tokio::test]
async fn what_is_written_meets_the_condition_before_and_after() {
    let house = House::of(&["deal.read"]).await;
    let (here, there) = (house.sell("here", "EUROPE").await, house.sell("there", "MIDDLE_EAST").await);
    house.give("deal.write", in_europe()).await;
    let update = "mutation U($input: DealUpdateInput!) { dealUpdate(input: $input) { deal { name region } userErrors { code } } }";
    let ok = house.wei.get(update, json!({ "input": { "id": here, "name": "mine" } })).await;
    assert_eq!(ok["dealUpdate"]["deal"], json!({ "name": "mine", "region": "EUROPE" }));
    for input in [json!({ "id": there, "name": "mine" }), json!({ "id": here, "region": "MIDDLE_EAST" })] {
        let (code, requires) = denied(&house.wei, update, json!({ "input": input })).await;
        assert_eq!((code, requires), (json!(FORBIDDEN), json!(["deal.write"])), "{input}");
    }
    let create = "mutation C($input: DealCreateInput!) { dealCreate(input: $input) { deal { name } userErrors { code } } }";
    assert_eq!(
        denied(&house.wei, create, json!({ "input": house.deal("new", "MIDDLE_EAST") })).await.0,
        FORBIDDEN
    );
    let made = house.wei.get(create, json!({ "input": house.deal("new", "EUROPE") })).await;
    assert_eq!(made["dealCreate"]["deal"]["name"], "new");
    assert_eq!(house.seen("(orderBy: [{ field: NAME }])").await, ["mine", "new", "there"]);
}

#[tokio::test]
async fn a_right_for_a_record_reaches_what_lies_within_it() {
    let house = House::of(&[]).await;
    let (whole, part, other) = (
        house.sell("whole", "EUROPE").await,
        house.sell("part", "EUROPE").await,
        house.sell("other", "EUROPE").await,
    );
    house.give("deal.read", json!({ "withinId": whole })).await;
    assert_eq!(house.seen("").await, ["whole"]);
    let resources =
        house.keeper.get("{ resources { nodes { id resourceType { name } version } } }", json!({})).await;
    let resource = resources["resources"]["nodes"][0].clone();
    assert_eq!(resource["resourceType"]["name"], "deal");
    let input = json!({ "recordId": part, "parentResourceId": resource["id"], "name": "A part" });
    let made =
        house.keeper.do_("resourceCreate", input, "resource { id parent { id } }").await["resource"].clone();
    assert_eq!(house.seen("(orderBy: [{ field: NAME }])").await, ["part", "whole"]);
    // a circle is refused, a second registration too
    let (code, path, _) = house
        .keeper
        .refused("resourceUpdate", json!({ "id": resource["id"], "parentResourceId": made["id"] }))
        .await;
    assert_eq!((code.as_str(), path.join(".")), ("INVALID", "input.parentResourceId".to_owned()));
    assert_eq!(house.keeper.refused("resourceCreate", json!({ "recordId": part })).await.0, "NOT_UNIQUE");
    // a role that is given for the record gives what is about records, there alone
    let role = make_role(&house.keeper, "seller", None, &["deal.read", "deal.write", "event.read"]).await;
    let input = json!({ "userId": id_of(&house.wei), "roleId": role, "withinId": other });
    house.keeper.do_("roleAssign", input, "roleAssignment { resource { resourceId } }").await;
    assert_eq!(house.seen("(orderBy: [{ field: NAME }])").await, ["other", "part", "whole"]);
    let update = "mutation U($input: DealUpdateInput!) { dealUpdate(input: $input) { deal { name } } }";
    assert_eq!(
        denied(&house.wei, update, json!({ "input": { "id": whole, "name": "x" } })).await.0,
        FORBIDDEN
    );
    assert_eq!(
        house.wei.get(update, json!({ "input": { "id": other, "name": "x" } })).await["dealUpdate"]["deal"]["name"],
        "x"
    );
    let held = house.wei.get("{ viewer { permissions } }", json!({})).await["viewer"]["permissions"].clone();
    assert!(held.as_array().unwrap().contains(&json!("deal.write")));
    // what ceases to count for rights hides all that lies within it
    house
        .keeper
        .do_("resourceUpdate", json!({ "id": resource["id"], "isActive": false }), "resource { id }")
        .await;
    assert_eq!(house.seen("").await, ["x"]);
}

#[tokio::test]
async fn subscribers_are_told_of_what_they_may_see() {
    let house = House::of(&["event.read"]).await;
    house.give("deal.read", in_europe()).await;
    let document = "subscription { recordEvents(types: [\"Deal\"]) { __typename ... on RecordCreated { record { ... on Deal { name } } } } }";
    let mut events = house.wei.follow(document, json!({}));
    assert_eq!(events.next().await.unwrap()["data"]["recordEvents"]["__typename"], "StreamOpened");
    house.sell("there", "MIDDLE_EAST").await;
    house.sell("here", "EUROPE").await;
    let told = events.next().await.unwrap();
    assert_eq!(told["data"]["recordEvents"]["record"]["name"], "here", "{told:#}");
}

#[tokio::test]
async fn conditions_may_be_about_the_time_the_place_and_the_person() {
    let house = House::of(&[]).await;
    house.sell("a", "EUROPE").await;
    let never = json!({ "condition": { "attribute": "request.time", "operator": "lt", "value": "2001-01-01T00:00:00Z" } });
    let grant = house.give("deal.read", never).await;
    assert_eq!(denied(&house.wei, "{ deals { nodes { id } } }", json!({})).await.0, FORBIDDEN);
    house.keeper.do_("permissionGrantRevoke", json!({ "id": grant, "reason": "over" }), "").await;

    let person = json!({ "attribute": "subject.id", "operator": "eq", "value": id_of(&house.wei) });
    let office =
        json!({ "attribute": "request.ip", "operator": "in", "value": ["10.0.0.0/8", "192.168.1.7"] });
    house.give("deal.read", json!({ "condition": { "all": [person, office] } })).await;
    // from nowhere, nothing is known of the place
    assert_eq!(denied(&house.wei, "{ deals { nodes { id } } }", json!({})).await.0, FORBIDDEN);
    let mut wei = house.wei.caller.clone();
    for (place, seen) in [("10.1.2.3", true), ("192.168.1.7", true), ("192.168.1.8", false)] {
        wei.ip = Some(place.parse().unwrap());
        let there = Person { user: house.wei.user, caller: wei.clone(), schema: house.wei.schema.clone() };
        let reply =
            there.ask("{ deals(orderBy: [{ field: VALUE }]) { nodes { id } } }", json!({})).await.body;
        // without conditions on rows it is held as a whole: what is missing is the value's own permission
        let missing = if seen { "deal.value.read" } else { "deal.read" };
        assert_eq!(reply["errors"][0]["extensions"]["requires"], json!([missing]), "{place}");
    }
}

/// What counts in sessions with a second factor only is nothing to a session without, nor to any key.
#[tokio::test]
async fn conditions_may_be_about_whether_a_second_factor_was_shown() {
    let house = House::of(&[]).await;
    house.sell("there", "MIDDLE_EAST").await;
    house.sell("here", "EUROPE").await;
    let shown = json!({ "attribute": "request.mfa", "operator": "eq", "value": true });
    let europe = json!({ "attribute": "resource.region", "operator": "eq", "value": "EUROPE" });
    house.give("deal.read", json!({ "condition": { "any": [shown, europe] } })).await;
    let key = Uuid::now_v7();
    let insert = format!(
        "INSERT INTO identity.api_keys (organization_id, id, name, prefix, hashed_key, created_by) VALUES ('{}', '{key}', 'A key', '{key}', '{key}', '{}')",
        house.town.organization, house.wei.user
    );
    house.town.owner().await.batch_execute(&insert).await.unwrap();
    let caller = Caller {
        user: None,
        session: None,
        api_key: Some(key),
        api_key_hash: Some(key.to_string()),
        ..house.wei.caller.clone()
    };
    let program = Person { caller, ..house.wei.clone() };
    let seen = async |person: &Person| {
        let found = person.get("{ deals { nodes { name } } }", json!({})).await;
        found["deals"]["nodes"].as_array().unwrap().len()
    };
    let explained = async || {
        let asked = "{ viewer { explainAccess(permission: \"deal.read\") { grants { verdict } } } }";
        house.wei.get(asked, json!({})).await["viewer"]["explainAccess"]["grants"][0]["verdict"].clone()
    };
    assert_eq!((seen(&house.wei).await, seen(&program).await), (1, 1));
    assert_eq!(explained().await, "ELSEWHERE");
    let session = house.wei.caller.session.unwrap();
    let mfa = format!("UPDATE identity.sessions SET mfa = true WHERE id = '{session}'");
    house.town.owner().await.batch_execute(&mfa).await.unwrap();
    assert_eq!((seen(&house.wei).await, seen(&program).await), (2, 1));
    assert_eq!(explained().await, "ALLOWS");
}

#[tokio::test]
async fn what_is_malformed_is_refused_when_it_is_written_and_denied_when_it_is_read() {
    let house = House::of(&[]).await;
    house.sell("a", "EUROPE").await;
    let permission = permission(&house.keeper, "deal.read").await;
    let given = |condition: Value| json!({ "userId": id_of(&house.wei), "permissionId": permission, "condition": condition });
    for (condition, path) in [
        (json!({ "attribute": "resource.colour", "operator": "eq", "value": 1 }), "attribute"),
        (
            json!({ "all": [{ "not": { "attribute": "subject.salary", "operator": "eq", "value": 1 } }] }),
            "all.0.not.attribute",
        ),
        (json!({ "attribute": "resource.region", "operator": "eq", "value": "MOON" }), ""),
        (json!({ "attribute": "resource.value", "operator": "gt", "value": "1; DROP TABLE x" }), ""),
        (json!({ "attribute": "resource.region", "operator": "~", "value": "x" }), "operator"),
        (json!({ "none": [] }), ""),
    ] {
        let (code, at, _) = house.keeper.refused("permissionGrant", given(condition.clone())).await;
        let path = ["input.condition", path].join(".");
        assert_eq!(
            (code.as_str(), at.join(".")),
            ("INVALID", path.trim_end_matches('.').to_owned()),
            "{condition}"
        );
    }
    let users = super::permission(&house.keeper, "user.read").await;
    let input = json!({ "userId": id_of(&house.wei), "permissionId": users, "withinId": id_of(&house.wei) });
    assert_eq!(house.keeper.refused("permissionGrant", input).await.1.join("."), "input.withinId");

    // whatever gets into the table some other way opens nothing
    for condition in [
        json!({ "none": [] }),
        json!({ "not": { "attribute": "resource.colour", "operator": "eq", "value": 1 } }),
        json!({ "any": [{ "attribute": "resource.value", "operator": "eq", "value": "' OR ''='" }] }),
        json!({ "not": { "attribute": "subject.departmentId", "operator": "eq", "value": id_of(&house.wei) } }),
    ] {
        let grant = house.give("deal.read", in_europe()).await;
        let hostile = format!(
            "UPDATE access.permission_grants SET additional_conditions = '{}' WHERE organization_id = '{}' AND user_id = '{}' AND revoked_at IS NULL",
            condition.to_string().replace('\'', "''"),
            house.town.organization,
            house.wei.user
        );
        house.town.owner().await.batch_execute(&hostile).await.unwrap();
        assert_eq!(
            denied(&house.wei, "{ deals { nodes { id } } }", json!({})).await.0,
            FORBIDDEN,
            "{condition}"
        );
        house.keeper.do_("permissionGrantRevoke", json!({ "id": grant, "reason": "over" }), "").await;
    }
}

#[tokio::test]
async fn what_is_said_of_a_registered_record_can_be_asked() {
    let house = House::of(&[]).await;
    house.sell("plain", "EUROPE").await;
    let secret = house.sell("secret", "EUROPE").await;
    let said = json!({ "recordId": secret, "attributes": { "level": 3, "code": "red" } });
    let thing =
        house.keeper.do_("resourceCreate", said, "resource { id attributes }").await["resource"].clone();
    assert_eq!(thing["attributes"], json!({ "level": 3, "code": "red" }));
    let about = |name: &str, operator: &str, value: Value| json!({ "condition": { "attribute": format!("resource.attributes.{name}"), "operator": operator, "value": value } });
    for (condition, seen) in [
        (about("code", "eq", json!("red")), &["secret"][..]),
        (about("code", "ne", json!("red")), &["plain"]),
        (about("code", "isNull", json!(true)), &["plain"]),
        (about("level", "gte", json!(3)), &["secret"]),
        (about("level", "lt", json!(3)), &[]),
        // a text is no number, and is not read as one
        (about("code", "lt", json!(3)), &[]),
        (about("level", "in", json!(["3", 3])), &["secret"]),
    ] {
        let grant = house.give("deal.read", condition.clone()).await;
        assert_eq!(house.seen("(orderBy: [{ field: NAME }])").await, seen, "{condition}");
        house.keeper.do_("permissionGrantRevoke", json!({ "id": grant, "reason": "next" }), "").await;
    }
    house.give("deal.read", about("code", "eq", json!("blue"))).await;
    assert_eq!(house.seen("").await, [""; 0]);
    // what is said anew counts with the next request
    let anew = json!({ "id": thing["id"], "attributes": { "code": "blue" } });
    house.keeper.do_("resourceUpdate", anew, "resource { id }").await;
    assert_eq!(house.seen("").await, ["secret"]);
}
