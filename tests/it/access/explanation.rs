//! Everybody can find out why: lists, single records, `viewerCan`, `explainAccess` and `accessReport` say the same.
use std::collections::BTreeSet;

use diesel_async::SimpleAsyncConnection;
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    conditions::{House, in_europe},
    id_of, make_role,
};
use crate::world::city::Person;

const EXPLAIN: &str = "query E($user: ID!, $permission: String!, $record: ID) {
    explainAccess(userId: $user, permission: $permission, recordId: $record) { allowed permission user { id }
      grants { verdict rolePath conditions validUntil within { resourceId } roleAssignment { id } permissionGrant { id } } } }";

async fn explained(house: &House, who: &Person, permission: &str, record: &Value) -> Value {
    let asked = json!({ "user": id_of(who), "permission": permission, "record": record });
    house.keeper.get(EXPLAIN, asked).await["explainAccess"].clone()
}

#[tokio::test]
async fn each_right_is_told_with_what_it_comes_to() {
    let house = House::of(&[]).await;
    let (here, there) = (house.sell("here", "EUROPE").await, house.sell("there", "MIDDLE_EAST").await);
    let told = explained(&house, &house.wei, "deal.read", &here).await;
    assert_eq!((&told["allowed"], &told["grants"]), (&json!(false), &json!([])));

    let grant = house.give("deal.read", in_europe()).await;
    let parent = make_role(&house.keeper, "reader", None, &["deal.read"]).await;
    let role = make_role(&house.keeper, "trainee", Some(&parent), &[]).await;
    let later = json!({ "userId": id_of(&house.wei), "roleId": role, "validFrom": "2999-01-01T00:00:00Z" });
    let assignment =
        house.keeper.do_("roleAssign", later, "roleAssignment { id }").await["roleAssignment"]["id"].clone();
    for (record, verdict) in [(&here, "ALLOWS"), (&there, "ELSEWHERE")] {
        let told = explained(&house, &house.wei, "deal.read", record).await;
        assert_eq!(told["allowed"], verdict == "ALLOWS");
        assert_eq!(told["user"]["id"], id_of(&house.wei));
        let ways = told["grants"].as_array().unwrap();
        let direct = ways.iter().find(|way| way["permissionGrant"]["id"] == grant).unwrap();
        assert_eq!((&direct["verdict"], &direct["rolePath"]), (&json!(verdict), &json!([])));
        assert_eq!(direct["conditions"][0]["value"], "EUROPE");
        let by_role = ways.iter().find(|way| way["roleAssignment"]["id"] == assignment).unwrap();
        assert_eq!(
            (&by_role["verdict"], &by_role["rolePath"]),
            (&json!("NOT_YET"), &json!(["trainee", "reader"]))
        );
    }
    // about oneself everybody may ask
    let own = "query V($record: ID) { viewer { explainAccess(permission: \"deal.read\", recordId: $record) { allowed grants { verdict } } } }";
    let told = house.wei.get(own, json!({ "record": there })).await["viewer"]["explainAccess"].clone();
    assert_eq!(told["allowed"], false);
    let reply =
        house.wei.ask(EXPLAIN, json!({ "user": id_of(&house.ann), "permission": "deal.read" })).await.body;
    assert_eq!(reply["errors"][0]["extensions"]["requires"], json!(["access.explain"]));
    // whoever is out has no rights, whatever stands in the tables
    let out =
        format!("UPDATE identity.memberships SET status = 'suspended' WHERE user_id = '{}'", house.wei.user);
    house.town.owner().await.batch_execute(&out).await.unwrap();
    let told = explained(&house, &house.wei, "deal.read", &here).await;
    assert_eq!((&told["allowed"], &told["grants"]), (&json!(false), &json!([])));
}

#[tokio::test]
async fn a_report_names_everybody_who_may_page_by_page() {
    let house = House::of(&[]).await;
    let (here, there) = (house.sell("here", "EUROPE").await, house.sell("there", "MIDDLE_EAST").await);
    house.give("deal.read", in_europe()).await;
    let document = "query R($record: ID!, $after: ID) { accessReport(recordId: $record, permission: \"deal.read\", first: 2, after: $after) {
        people { user { id } grants { verdict } } next } }";
    for (record, wei_too) in [(&here, true), (&there, false)] {
        let (mut found, mut after) = (BTreeSet::new(), Value::Null);
        loop {
            let asked = json!({ "record": record, "after": after });
            let page = house.keeper.get(document, asked).await["accessReport"].clone();
            found.extend(
                page["people"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|one| one["user"]["id"].as_str().unwrap().to_owned()),
            );
            after = page["next"].clone();
            if after.is_null() {
                break;
            }
        }
        let mut expected = BTreeSet::from([id_of(&house.ann), id_of(&house.keeper)]);
        if wei_too {
            expected.insert(id_of(&house.wei));
        }
        assert_eq!(found, expected);
    }
}

#[tokio::test]
async fn nobody_can_approve_what_they_submitted() {
    let house = House::of(&[]).await;
    let finance = ["budget.read", "budget.write", "budget.submit", "budget.approve"];
    let (fay, gus) = (house.town.person("Fay", &finance).await, house.town.person("Gus", &finance).await);
    let input = json!({ "name": "Plan", "fiscalYear": 2027, "versionName": "v1", "currency": "EUR" });
    let budget = fay.do_("budgetCreate", input, "budget { id }").await["budget"]["id"].clone();
    let can = "query C($id: ID!) { budget(id: $id) { write: viewerCan(permission: \"budget.write\")
        submit: viewerCan(permission: \"budget.submit\") approve: viewerCan(permission: \"budget.approve\") } }";
    let shown = fay.get(can, json!({ "id": budget })).await["budget"].clone();
    assert_eq!(shown, json!({ "write": true, "submit": true, "approve": false }));
    fay.do_("budgetSubmit", json!({ "id": budget }), "budget { id }").await;
    for (person, approve) in [(&fay, false), (&gus, true)] {
        let shown = person.get(can, json!({ "id": budget })).await["budget"].clone();
        assert_eq!(shown, json!({ "write": false, "submit": false, "approve": approve }));
    }
    assert_eq!(fay.refused("budgetApprove", json!({ "id": budget })).await.0, "SELF_APPROVAL");
    gus.do_("budgetApprove", json!({ "id": budget }), "budget { id }").await;
}

/// A row as the test knows it.
struct Row {
    id: Value,
    region: &'static str,
    value: i64,
    owner: Option<usize>,
    /// What is said of it where it is registered as a thing that rights are limited to.
    stars: Option<i64>,
}

const REGIONS: [&str; 3] = ["europe", "middle_east", "asia_pacific"];

/// A condition, made up.
fn condition(random: &mut StdRng, people: &[Person], depth: usize) -> Value {
    let test = |attribute: &str, operator: &str, value: Value| json!({ "attribute": attribute, "operator": operator, "value": value });
    let many = |random: &mut StdRng| -> Vec<Value> {
        let count = random.random_range(1..3);
        (0..count).map(|_| condition(random, people, depth + 1)).collect()
    };
    match random.random_range(if depth < 3 { 0 } else { 3 }..13) {
        0 => json!({ "all": many(random) }),
        1 => json!({ "any": many(random) }),
        2 => json!({ "not": condition(random, people, depth + 1) }),
        3 => test("resource.region", "eq", json!(REGIONS.choose(random))),
        4 => test("resource.region", "in", json!([REGIONS.choose(random), REGIONS.choose(random)])),
        5 => test(
            "resource.value",
            ["gt", "gte", "lt", "lte", "eq", "ne"].choose(random).unwrap(),
            json!(random.random_range(0..5) * 100),
        ),
        6 => json!({ "attribute": "resource.ownerId", "operator": "eq", "to": "subject.id" }),
        7 => test("resource.ownerId", "isNull", json!(random.random_bool(0.5))),
        8 => json!({ "attribute": "resource.region", "operator": "ne", "to": "subject.region" }),
        9 => test("subject.region", "eq", json!(REGIONS.choose(random))),
        10 => test(
            "resource.attributes.stars",
            ["gt", "lte", "eq", "ne"].choose(random).unwrap(),
            json!(random.random_range(0..4)),
        ),
        11 => test("resource.attributes.stars", "isNull", json!(random.random_bool(0.5))),
        _ => test("subject.id", "in", json!([id_of(people.choose(random).unwrap())])),
    }
}

/// Whether it lets the person have the row, worked out without the server's help; none where something is not known.
fn holds(condition: &Value, person: usize, people: &[Person], row: &Row) -> Option<bool> {
    let all = |list: &Value| {
        list.as_array().unwrap().iter().map(|one| holds(one, person, people, row)).collect::<Option<Vec<_>>>()
    };
    if let Some(list) = condition.get("all") {
        return Some(all(list)?.into_iter().all(|holds| holds));
    }
    if let Some(list) = condition.get("any") {
        return Some(all(list)?.into_iter().any(|holds| holds));
    }
    if let Some(inner) = condition.get("not") {
        return Some(!holds(inner, person, people, row)?);
    }
    // the last of the people has no region
    let their_region = REGIONS.get(person);
    let (operator, value) = (condition["operator"].as_str().unwrap(), &condition["value"]);
    Some(match condition["attribute"].as_str().unwrap() {
        "resource.region" if condition.get("to").is_some() => row.region != *their_region?,
        "resource.region" if operator == "eq" => value == row.region,
        "resource.region" => value.as_array().unwrap().contains(&json!(row.region)),
        "resource.value" => {
            let order = row.value.cmp(&value.as_i64().unwrap());
            match operator {
                "gt" => order.is_gt(),
                "gte" => order.is_ge(),
                "lt" => order.is_lt(),
                "lte" => order.is_le(),
                "eq" => order.is_eq(),
                _ => order.is_ne(),
            }
        }
        "resource.attributes.stars" if operator == "isNull" => {
            row.stars.is_none() == value.as_bool().unwrap()
        }
        "resource.attributes.stars" => {
            let wanted = value.as_i64().unwrap();
            match operator {
                "gt" => row.stars.is_some_and(|stars| stars > wanted),
                "lte" => row.stars.is_some_and(|stars| stars <= wanted),
                "eq" => row.stars == Some(wanted),
                _ => row.stars != Some(wanted),
            }
        }
        "resource.ownerId" if operator == "isNull" => row.owner.is_none() == value.as_bool().unwrap(),
        "resource.ownerId" => row.owner == Some(person),
        "subject.region" => value == their_region?,
        _ => value.as_array().unwrap().contains(&json!(id_of(&people[person]))),
    })
}

/// Random conditions, rows and people: however it is asked, the answer is that of the plain reading of the condition.
#[tokio::test]
async fn lists_checks_and_explanations_agree() {
    let house = House::of(&[]).await;
    let mut random = StdRng::seed_from_u64(4);
    let mut people = Vec::new();
    for name in ["Ada", "Bob", "Cy", "Di"] {
        people.push(house.town.person(name, &[]).await);
    }
    let mut rows = Vec::new();
    let mut sql = String::new();
    for at in 0..12 {
        let row = Row {
            id: house.sell(&format!("deal {at:02}"), "EUROPE").await,
            region: REGIONS.choose(&mut random).unwrap(),
            value: random.random_range(0..5) * 100,
            owner: random.random_bool(0.7).then(|| random.random_range(0..people.len())),
            stars: random.random_bool(0.6).then(|| random.random_range(0..4)),
        };
        if let Some(stars) = row.stars {
            let registered = json!({ "recordId": row.id, "attributes": { "stars": stars } });
            house.keeper.do_("resourceCreate", registered, "resource { id }").await;
        }
        let owner = row.owner.map_or("NULL".to_owned(), |owner| format!("'{}'", people[owner].user));
        sql += &format!(
            "UPDATE sales.deals SET region = '{}', value = {}, owner_id = {owner} WHERE organization_id = '{}' AND name = 'deal {at:02}';",
            row.region, row.value, house.town.organization
        );
        rows.push(row);
    }
    for (person, region) in people.iter().zip(REGIONS) {
        sql += &format!(
            "UPDATE identity.memberships SET region = '{region}' WHERE user_id = '{}';",
            person.user
        );
    }
    house.town.owner().await.batch_execute(&sql).await.unwrap();
    // the first two are in a team, and a role of a region is given to some in each round
    let (team, scoped) = (Uuid::now_v7(), Uuid::now_v7());
    let made = format!(
        "INSERT INTO access.teams (organization_id, id, name) VALUES ('{0}', '{team}', 'Two');
         INSERT INTO access.team_members (organization_id, team_id, user_id) VALUES ('{0}', '{team}', '{1}'), ('{0}', '{team}', '{2}');
         INSERT INTO access.roles (organization_id, id, name, metadata) VALUES ('{0}', '{scoped}', 'of_region', '{{\"row_scope\": \"region\"}}');
         INSERT INTO access.role_permissions (organization_id, id, role_id, permission_id, permission_org_id)
           SELECT '{0}', gen_random_uuid(), '{scoped}', id, organization_id FROM access.permissions
            WHERE organization_id = '00000000-0000-0000-0000-000000000000' AND name = 'deal.read'",
        house.town.organization, people[0].user, people[1].user
    );
    house.town.owner().await.batch_execute(&made).await.unwrap();
    let permission = super::permission(&house.keeper, "deal.read").await;
    let permission = portico::store::id::split(permission.as_str().unwrap()).unwrap().1;

    let mut unlike = BTreeSet::new();
    for round in 0..20 {
        let conditions: Vec<Value> =
            (0..random.random_range(1..3)).map(|_| condition(&mut random, &people, 0)).collect();
        let by_team = random.random_bool(0.4);
        let of_region: Vec<bool> = people.iter().map(|_| random.random_bool(0.3)).collect();
        let mut given = format!(
            "DELETE FROM access.permission_grants WHERE organization_id = '{0}' AND grant_reason = 'random';
             DELETE FROM access.role_assignments WHERE organization_id = '{0}' AND role_id = '{scoped}';",
            house.town.organization
        );
        let mut holders: Vec<_> =
            people.iter().map(|person| ("user_id", person.user)).skip(if by_team { 2 } else { 0 }).collect();
        holders.extend(by_team.then_some(("team_id", team)));
        for (column, holder) in holders {
            given += &format!(
                "INSERT INTO access.permission_grants (organization_id, id, {column}, permission_id, permission_org_id, grant_reason, additional_conditions)
                 VALUES ('{0}', gen_random_uuid(), '{holder}', '{permission}', '00000000-0000-0000-0000-000000000000', 'random', '{1}');",
                house.town.organization, conditions[0]
            );
        }
        for (person, _) in people.iter().zip(&of_region).filter(|(_, scoped)| **scoped) {
            given += &format!(
                "INSERT INTO access.role_assignments (organization_id, id, user_id, role_id) VALUES ('{0}', gen_random_uuid(), '{1}', '{scoped}');",
                house.town.organization, person.user
            );
        }
        house.town.owner().await.batch_execute(&given).await.unwrap();
        for (at, person) in people.iter().enumerate() {
            let near = |row: &Row| of_region[at] && REGIONS.get(at) == Some(&row.region);
            let expected: Vec<bool> = rows
                .iter()
                .map(|row| near(row) || holds(&conditions[0], at, &people, row).unwrap_or_default())
                .collect();
            let about = format!("round {round}, person {at}, {of_region:?}, {}", conditions[0]);
            agree(&house, person, &rows, &expected, &about).await;
            unlike.insert(expected);
        }
    }
    assert!(unlike.len() > 10, "the conditions were too much alike: {}", unlike.len());
}

/// Asks in every way, and compares.
async fn agree(house: &House, person: &Person, rows: &[Row], expected: &[bool], about: &str) {
    let ids: BTreeSet<String> =
        rows.iter().zip(expected).filter(|(_, yes)| **yes).map(|(row, _)| row.id.to_string()).collect();
    let listed = person.ask("{ deals(first: 100) { nodes { id viewerCan(permission: \"deal.read\") } totalCount { value } } }", json!({})).await.body;
    let single: String =
        rows.iter().enumerate().map(|(at, row)| format!("d{at}: node(id: {}) {{ id }} ", row.id)).collect();
    let single = person.ask(&format!("{{ {single} }}"), json!({})).await.body;
    let explained: String = rows
        .iter()
        .enumerate()
        .map(|(at, row)| format!("d{at}: explainAccess(userId: \"{}\", permission: \"deal.read\", recordId: {}) {{ allowed }} ", id_of(person), row.id))
        .collect();
    let explained = house.keeper.get(&format!("{{ {explained} }}"), json!({})).await;
    for (at, yes) in expected.iter().enumerate() {
        let key = format!("d{at}");
        assert_eq!(single["data"][&key].is_object(), *yes, "{about}: {key} alone");
        assert_eq!(explained[&key]["allowed"], *yes, "{about}: {key} explained");
    }
    if listed.get("errors").is_some() {
        assert_eq!(listed["errors"][0]["extensions"]["code"], "FORBIDDEN", "{about}");
        assert!(ids.is_empty(), "{about}");
        return;
    }
    let nodes = listed["data"]["deals"]["nodes"].as_array().unwrap();
    assert_eq!(nodes.iter().map(|node| node["id"].to_string()).collect::<BTreeSet<_>>(), ids, "{about}");
    assert!(nodes.iter().all(|node| node["viewerCan"] == true), "{about}");
    assert_eq!(listed["data"]["deals"]["totalCount"]["value"], ids.len(), "{about}");
}
