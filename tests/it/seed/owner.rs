//! An owner of the tables that is no superuser fills them too, with every foreign key checked on the way.
use portico::domains::access::catalogue;
use portico::seed::{Plan, bulk, demo, is_fast};
use portico::store::connect::connect;
use portico::store::migrate;
use rust_decimal::Decimal;

use super::{assert_whole, found, looking_into};
use crate::world::postgres::{Database, empty};

/// An empty database that belongs to a role without privileges, migrated by it.
pub async fn owned() -> (Database, Database) {
    let database = empty().await;
    let superuser = looking_into(&database).await;
    let name: String = superuser.query_one("SELECT current_database()::text", &[]).await.unwrap().get(0);
    // The run of the tests before may have left the role.
    let own = format!(
        "DROP ROLE IF EXISTS {name}_owner; CREATE ROLE {name}_owner LOGIN CREATEROLE NOSUPERUSER; GRANT portico_app, portico_worker TO {name}_owner WITH ADMIN OPTION;
         ALTER DATABASE {name} OWNER TO {name}_owner; ALTER SCHEMA public OWNER TO {name}_owner"
    );
    superuser.batch_execute(&own).await.unwrap();
    let mut url: url::Url = database.owner_url.parse().unwrap();
    url.set_username(&format!("{name}_owner")).unwrap();
    let owner = Database { owner_url: url.to_string(), app_url: database.app_url.clone() };
    migrate::up(&owner.owner_url, None).await.unwrap();
    catalogue::sync(&mut connect(&owner.owner_url).await.unwrap()).await.unwrap();
    (owner, database)
}

#[tokio::test]
async fn an_owner_without_privileges_fills_the_tables_too() {
    let (owner, database) = owned().await;
    assert!(!is_fast(&owner.owner_url).await.unwrap());
    assert!(demo(&owner.owner_url).await.unwrap());
    assert!(!demo(&owner.owner_url).await.unwrap());
    let plan = Plan { organizations: 1, scale: Decimal::new(1, 2) };
    bulk(&owner.owner_url, &plan, |_| Ok(())).await.unwrap();

    let superuser = looking_into(&database).await;
    assert_whole(&superuser).await;
    let resting = "SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE tgenabled = 'D'";
    assert!(found(&superuser, resting).await.is_empty(), "triggers work again");
}
