//! What `portico doctor` looks at: a database that is not fit to serve is recognised.
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use portico::store::connect::connect;
use portico::store::{inspect, migrate};

use crate::world::postgres::{empty, fresh, shared};

async fn found(connection: &mut AsyncPgConnection) -> Vec<String> {
    let findings = inspect::tables(connection).await.unwrap();
    findings.into_iter().filter(|finding| !finding.good).map(|finding| finding.found).collect()
}

#[tokio::test]
async fn a_migrated_database_is_fit() {
    let database = shared().await;
    let mut owner = connect(&database.owner_url).await.unwrap();
    let mut findings = inspect::server(&mut owner).await.unwrap();
    findings.extend(inspect::roles(&mut owner).await.unwrap());
    findings.extend(inspect::tables(&mut owner).await.unwrap());
    findings.push(inspect::pending(&migrate::status(&database.owner_url).await.unwrap()));
    findings.push(inspect::speed(&migrate::not_leakproof(&mut owner).await.unwrap()));
    findings.push(inspect::takes_role(&mut connect(&database.app_url).await.unwrap()).await);
    let wrong: Vec<_> = findings.iter().filter(|finding| !finding.good).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn a_database_without_tables_is_named() {
    let mut connection = connect(&empty().await.owner_url).await.unwrap();
    assert_eq!(found(&mut connection).await, ["there are no tables of Portico"]);
}

#[tokio::test]
async fn a_tenants_table_without_forced_row_level_security_is_named() {
    let mut connection = connect(&fresh().await.owner_url).await.unwrap();
    let open = "CREATE SCHEMA zoo;
                CREATE TABLE zoo.lions (organization_id uuid);
                CREATE TABLE zoo.tigers (organization_id uuid);
                ALTER TABLE zoo.tigers ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;";
    connection.batch_execute(open).await.unwrap();
    assert_eq!(found(&mut connection).await, ["row level security is not forced on: zoo.lions"]);
}
