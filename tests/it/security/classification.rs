//! Classifications, and the fields that they mask for whoever lacks the permission of their level (B084, B088).
use diesel::{QueryableByName, sql_query, sql_types::Text};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use portico::graph::{rows, schema};
use serde_json::{Value, json};

use crate::world::city::{Person, Town};

const KEEPS: &[&str] = &[
    "data_classification.read",
    "data_classification.write",
    "masking_policy.read",
    "masking_policy.write",
    "user.read",
    "user.email.read",
    "account.read",
    "account.write",
];

struct House {
    town: Town,
    keeper: Person,
    ann: Person,
    cleared: Person,
    account: Value,
}

impl House {
    async fn new() -> Self {
        let town = Town::found().await;
        let keeper = town.person("Keeper", KEEPS).await;
        let ann = town.person("Ann", &["account.read", "user.read", "user.email.read"]).await;
        let cleared = town.person("Cleared", &["account.read", "data.confidential.read"]).await;
        let input = json!({ "name": "Globex Corporation" });
        let account = keeper.do_("accountCreate", input, "account { id }").await["account"]["id"].clone();
        Self { town, keeper, ann, cleared, account }
    }

    async fn classification(&self, more: Value) -> Value {
        let mut input = json!({ "name": "customers", "sensitivityLevel": 3, "maskingRequired": true });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let made = self.keeper.do_("dataClassificationCreate", input, "dataClassification { id }").await;
        made["dataClassification"]["id"].clone()
    }

    async fn element(&self, field: &str, classification: &Value) -> Value {
        let input = json!({ "field": field, "elementType": "NAME", "classificationId": classification });
        self.keeper.do_("dataElementCreate", input, "dataElement { id }").await["dataElement"]["id"].clone()
    }

    async fn name_for(&self, person: &Person) -> String {
        let document = "query A($id: ID!) { account(id: $id) { name } }";
        let shown = person.get(document, json!({ "id": self.account })).await;
        shown["account"]["name"].as_str().unwrap().to_owned()
    }

    async fn built_in(&self, name: &str) -> Value {
        let document = "{ dataClassifications { nodes { id name sensitivityLevel maskingRequired elements { nodes { field } } } } }";
        let all = self.keeper.get(document, json!({})).await["dataClassifications"]["nodes"].clone();
        let found = all.as_array().unwrap().iter().find(|one| one["name"] == name).cloned();
        found.unwrap_or_else(|| panic!("{name}: {all:#}"))
    }

    /// How many events tell that less is masked.
    async fn weakened(&self) -> i32 {
        #[derive(QueryableByName)]
        struct Count {
            #[diesel(sql_type = diesel::sql_types::Integer)]
            count: i32,
        }
        let count = "SELECT coalesce(sum(occurrences), 0)::integer AS count FROM security.security_events
            WHERE organization_id = $1 AND detection_rule = 'masking_weakened'";
        let count = sql_query(count).bind::<diesel::sql_types::Uuid, _>(self.town.organization);
        count.get_result::<Count>(&mut self.town.owner().await).await.unwrap().count
    }
}

#[tokio::test]
async fn the_platform_brings_five_and_says_how_personal_fields_are_classified() {
    let house = House::new().await;
    let document = "{ dataClassifications { nodes { name sensitivityLevel maskingRequired } } }";
    let all = house.keeper.get(document, json!({})).await["dataClassifications"]["nodes"].clone();
    let names: Vec<String> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            format!(
                "{}{}",
                one["name"].as_str().unwrap(),
                if one["maskingRequired"] == true { "*" } else { "" }
            )
        })
        .collect();
    assert_eq!(names, ["public", "internal", "confidential", "restricted*", "top_secret*"]);
    assert!(schema::sdl().contains("type DataElement "));
    let elements = house.keeper.get("{ dataElements(first: 100) { nodes { field } } }", json!({})).await;
    let elements = elements["dataElements"]["nodes"].as_array().unwrap().clone();
    assert!(elements.len() > 15);
    for element in elements {
        let (ty, field) = element["field"].as_str().unwrap().split_once('.').unwrap();
        let shown = rows::leaf_of_type(ty, field).unwrap_or_else(|| panic!("{element} is not there"));
        assert!(shown.starts_with("String") || !shown.ends_with('!'), "{element} cannot be masked");
    }
    let restricted = house.built_in("restricted").await;
    let fields = restricted["elements"]["nodes"].to_string();
    assert!(fields.contains("UserProfile.dateOfBirth") && !fields.contains("User.email"), "{fields}");
    let (code, ..) = house
        .keeper
        .refused("dataClassificationUpdate", json!({ "id": restricted["id"], "maskingRequired": false }))
        .await;
    assert_eq!(code, "STATE");
}

#[tokio::test]
async fn what_is_classified_is_masked_for_whoever_lacks_the_permission_of_its_level() {
    let house = House::new().await;
    let id = house.classification(json!({ "maskingMethod": "PARTIAL" })).await;
    assert_eq!(house.name_for(&house.ann).await, "Globex Corporation");
    let element = house.element("Account.name", &id).await;
    assert_eq!(house.name_for(&house.ann).await, "•••tion");
    assert_eq!(house.name_for(&house.cleared).await, "Globex Corporation");
    let find = "{ accounts(filter: { name: { contains: \"Glob\" } }) { nodes { id } } }";
    assert_eq!(house.ann.ask(find, json!({})).await.body["errors"][0]["extensions"]["code"], "FORBIDDEN");
    assert!(house.cleared.ask(find, json!({})).await.body.get("errors").is_none());
    // how the element itself is masked comes first, and a higher level takes another permission
    let change = async |name: &str, record: &str, input: Value| {
        house.keeper.do_(name, input, &format!("{record} {{ version }}")).await
    };
    let own = json!({ "id": element, "maskingMethod": "PARTIAL", "keep": 2 });
    change("dataElementUpdate", "dataElement", own).await;
    assert_eq!(house.name_for(&house.ann).await, "•••on");
    change("dataClassificationUpdate", "dataClassification", json!({ "id": id, "sensitivityLevel": 4 }))
        .await;
    assert_eq!(house.name_for(&house.cleared).await, "•••on");
    assert_eq!(house.weakened().await, 0);
    change("dataElementUpdate", "dataElement", json!({ "id": element, "isActive": false })).await;
    assert_eq!(
        (house.name_for(&house.ann).await.as_str(), house.weakened().await),
        ("Globex Corporation", 1)
    );
    change("dataElementUpdate", "dataElement", json!({ "id": element, "isActive": true })).await;
    let off = format!(
        "INSERT INTO identity.organization_settings (organization_id, masking_enabled) VALUES ('{}', false)",
        house.town.organization
    );
    house.town.owner().await.batch_execute(&off).await.unwrap();
    assert_eq!(
        house.name_for(&house.ann).await,
        "Globex Corporation",
        "the organization masks nothing by classification"
    );
    let on = "UPDATE identity.organization_settings SET masking_enabled = true";
    house.town.owner().await.batch_execute(on).await.unwrap();
    assert_eq!(house.name_for(&house.ann).await, "•••on");
    let (code, ..) = house.keeper.refused("dataClassificationDelete", json!({ "id": id })).await;
    assert_eq!(code, "IN_USE");
    house.keeper.do_("dataElementDelete", json!({ "id": element }), "deletedId").await;
    house.keeper.do_("dataClassificationDelete", json!({ "id": id }), "deletedId").await;
    assert_eq!(house.name_for(&house.ann).await, "Globex Corporation");
}

#[tokio::test]
async fn policies_count_before_classifications_and_may_be_about_one() {
    let house = House::new().await;
    let id = house.classification(json!({})).await;
    house.element("Account.name", &id).await;
    assert_eq!(house.name_for(&house.ann).await, "•••");
    let ann =
        portico::store::id::Id::<portico::domains::identity::user::User>::of(house.ann.user).to_string();
    let policy = json!({ "name": "for Ann", "classificationId": id, "method": "PARTIAL", "userIds": [ann] });
    let shown = "maskingPolicy { id fields classification { name } }";
    let made = house.keeper.do_("maskingPolicyCreate", policy, shown).await["maskingPolicy"].clone();
    assert_eq!((&made["fields"], &made["classification"]["name"]), (&json!([]), &json!("customers")));
    assert_eq!(house.name_for(&house.ann).await, "•••tion");
    let exception = json!({ "name": "not for Ann", "fields": ["Account.name"], "method": "NONE", "userIds": [ann], "priority": 1 });
    house.keeper.do_("maskingPolicyCreate", exception, "maskingPolicy { id }").await;
    assert_eq!(house.name_for(&house.ann).await, "Globex Corporation");
    assert_eq!(house.weakened().await, 1);
    for (input, code, at) in [
        (json!({ "name": "x", "method": "REDACT" }), "REQUIRED", "fields"),
        (
            json!({ "name": "x", "method": "REDACT", "fields": ["Account.name"], "classificationId": id }),
            "INVALID",
            "classificationId",
        ),
    ] {
        let (refused, path, _) = house.keeper.refused("maskingPolicyCreate", input).await;
        assert_eq!((refused.as_str(), path.join(".")), (code, format!("input.{at}")));
    }
    let turned = json!({ "id": made["id"], "fields": ["Account.domain"] });
    let turned = house.keeper.do_("maskingPolicyUpdate", turned, shown).await["maskingPolicy"].clone();
    assert_eq!((&turned["fields"], &turned["classification"]), (&json!(["Account.domain"]), &Value::Null));
}

#[tokio::test]
async fn what_an_organization_says_of_a_field_takes_the_place_of_what_the_platform_says() {
    let (house, other) = (House::new().await, House::new().await);
    let input = json!({ "field": "User.email", "elementType": "EMAIL", "classificationId": house.built_in("top_secret").await["id"] });
    house.keeper.do_("dataElementCreate", input.clone(), "dataElement { classification { name } }").await;
    let emails = async |person: &Person| {
        let users = person.get("{ users { nodes { id email } } }", json!({})).await["users"]["nodes"].clone();
        let others = users.as_array().unwrap().iter().filter(|user| !user["id"].as_str().unwrap().is_empty());
        others.filter(|user| user["email"] == "•••").count()
    };
    assert_eq!((emails(&house.ann).await, emails(&other.ann).await), (2, 0), "one's own is shown");
    let (code, path, _) = house.keeper.refused("dataElementCreate", input).await;
    assert_eq!((code.as_str(), path.join(".")), ("NOT_UNIQUE", "input.field".to_owned()));
    for (field, at) in [("User.nothing", "field"), ("Deal.probability", "field")] {
        let input = json!({ "field": field, "elementType": "OTHER", "classificationId": house.built_in("internal").await["id"] });
        let (code, path, _) = house.keeper.refused("dataElementCreate", input).await;
        assert_eq!((code.as_str(), path.join(".")), ("INVALID", format!("input.{at}")), "{field}");
    }
    // of another organization there is nothing to refer to
    let theirs = other.classification(json!({})).await;
    let input = json!({ "field": "Account.domain", "elementType": "OTHER", "classificationId": theirs });
    let (code, path, _) = house.keeper.refused("dataElementCreate", input).await;
    assert_eq!((code.as_str(), path.join(".")), ("NOT_FOUND", "input.classificationId".to_owned()));
    let (code, path, _) = house
        .keeper
        .refused(
            "dataClassificationCreate",
            json!({ "name": "x", "sensitivityLevel": 1, "maskingRequired": true }),
        )
        .await;
    assert_eq!((code.as_str(), path.join(".")), ("INVALID", "input.maskingRequired".to_owned()));
}

#[derive(QueryableByName)]
struct Holder {
    #[diesel(sql_type = Text)]
    name: String,
}

#[tokio::test]
async fn the_levels_are_permissions_of_the_catalogue() {
    let database = crate::world::postgres::fresh().await;
    let mut owner = portico::store::connect::connect(&database.owner_url).await.unwrap();
    portico::domains::access::catalogue::sync(&mut owner).await.unwrap();
    let held = "SELECT r.name || ' ' || string_agg(split_part(p.name, '.', 2), ' ' ORDER BY p.name) AS name
        FROM access.role_permissions h JOIN access.roles r ON r.organization_id = h.organization_id AND r.id = h.role_id
        JOIN access.permissions p ON p.organization_id = h.permission_org_id AND p.id = h.permission_id
        WHERE p.name LIKE 'data.%' AND r.name IN ('admin', 'cfo', 'manager', 'user', 'viewer') GROUP BY r.name ORDER BY r.name";
    let held: Vec<Holder> = sql_query(held).load(&mut owner).await.unwrap();
    let held: Vec<&str> = held.iter().map(|holder| holder.name.as_str()).collect();
    assert_eq!(
        held,
        [
            "admin confidential internal restricted top_secret",
            "cfo confidential internal restricted",
            "manager confidential internal",
            "user internal"
        ]
    );
}
