//! The catalogue in the database is that of the schema.
use diesel::{QueryableByName, sql_query, sql_types::BigInt};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use portico::domains::access::{catalogue, system_roles};
use serde_json::json;

use super::{keeper, town};
use crate::world::postgres;

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

const EPOCH: &str = "SELECT epoch AS number FROM access.epochs WHERE organization_id = '00000000-0000-0000-0000-000000000000'";

#[tokio::test]
async fn bringing_it_up_to_date_twice_changes_nothing_and_what_is_gone_is_retired() {
    let database = postgres::fresh().await;
    let mut owner = portico::store::connect::connect(&database.owner_url).await.unwrap();
    let mut number =
        async |question: &str| sql_query(question).get_result::<Number>(&mut owner).await.unwrap().number;
    let mut other = portico::store::connect::connect(&database.owner_url).await.unwrap();
    catalogue::sync(&mut other).await.unwrap();
    let epoch = number(EPOCH).await;
    catalogue::sync(&mut other).await.unwrap();
    assert_eq!(number(EPOCH).await, epoch);
    let living = "SELECT count(*) AS number FROM access.permissions WHERE valid_until IS NULL";
    assert_eq!(number(living).await, i64::try_from(catalogue::names().len()).unwrap());
    other
        .batch_execute(
            "INSERT INTO access.permissions (organization_id, id, name, resource_type_id, resource_type_org_id, action, is_system_permission, valid_from)
             SELECT organization_id, gen_random_uuid(), 'deal.juggle', resource_type_id, organization_id, 'juggle', true, '2000-01-01'
               FROM access.permissions WHERE name = 'deal.read';
             UPDATE access.permissions SET valid_until = now() WHERE name = 'deal.read'",
        )
        .await
        .unwrap();
    catalogue::sync(&mut other).await.unwrap();
    let retired = "SELECT count(*) AS number FROM access.permissions WHERE name = 'deal.juggle' AND valid_until <= now()";
    let revived =
        "SELECT count(*) AS number FROM access.permissions WHERE name = 'deal.read' AND valid_until IS NULL";
    assert_eq!((number(retired).await, number(revived).await), (1, 1));
}

#[tokio::test]
async fn permissions_have_kinds_and_roles_that_contain_them() {
    let town = town().await;
    let keeper = keeper(&town, "Keeper", &[]).await;
    let document = "{ permissions(filter: { name: { eq: \"deal.value.read\" }, isSystemPermission: { eq: true } }) { nodes {
        displayName action resourceType { name availableActions permissions(first: 50) { nodes { name } } } roles { name } } } }";
    let shown = keeper.get(document, json!({})).await["permissions"]["nodes"][0].clone();
    assert_eq!(shown["displayName"], "See the value of deals");
    assert_eq!(shown["action"], "value.read");
    assert_eq!(shown["resourceType"]["name"], "deal");
    let roles = shown["roles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|role| role["name"].as_str().unwrap())
        .collect::<Vec<_>>();
    assert!(
        roles.contains(&"owner") && roles.contains(&"analyst") && !roles.contains(&"viewer"),
        "{roles:?}"
    );
    assert!(!roles.contains(&"super_admin"), "{roles:?}");
}

#[tokio::test]
async fn an_organization_gets_its_rows_of_the_built_in_roles() {
    let town = town().await;
    let keeper = keeper(&town, "Keeper", &[]).await;
    let document = "{ roles(first: 50) { totalCount { value } nodes { name isSystemRole rowScope effectivePermissions } } }";
    let shown = keeper.get(document, json!({})).await["roles"].clone();
    assert_eq!(shown["totalCount"]["value"], system_roles::ROLES.len());
    let analyst = shown["nodes"].as_array().unwrap().iter().find(|role| role["name"] == "analyst").unwrap();
    assert_eq!(analyst["rowScope"], "REGION");
    assert!(analyst["effectivePermissions"].as_array().unwrap().contains(&json!("deal.value.read")));
}
