//! Up, down, and up again give the same database.
use diesel::{QueryableByName, sql_query, sql_types::Text};
use diesel_async::RunQueryDsl;
use portico::{
    domains::access::catalogue,
    store::{connect::connect, migrate},
};

use crate::world::postgres;

#[derive(QueryableByName, PartialEq, Eq, Debug)]
struct Thing {
    #[diesel(sql_type = Text)]
    thing: String,
}

async fn catalog(url: &str) -> Vec<Thing> {
    sql_query(
        "WITH ours AS (SELECT oid, nspname FROM pg_namespace WHERE
                nspname !~ '^(pg_|information_schema$|public$)')
         SELECT c.oid::regclass || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull AS thing
           FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN ours ON ours.oid = c.relnamespace WHERE a.attnum > 0
         UNION ALL SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(k.oid) FROM pg_constraint k JOIN ours ON ours.oid = connamespace
         UNION ALL SELECT pg_get_functiondef(p.oid) FROM pg_proc p JOIN ours ON ours.oid = p.pronamespace
         UNION ALL SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN ours ON ours.oid = c.relnamespace WHERE NOT tgisinternal
         UNION ALL SELECT schemaname || '.' || tablename || ' ' || policyname || coalesce(qual, '') || coalesce(with_check, '') FROM pg_policies
         UNION ALL SELECT indexdef FROM pg_indexes JOIN ours ON nspname = schemaname
         ORDER BY 1",
    )
    .load(&mut connect(url).await.unwrap())
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn up_down_up_gives_the_same_database() {
    let database = postgres::empty().await;
    let applied = migrate::up(&database.owner_url, None).await.unwrap();
    assert!(!applied.is_empty());
    // as a server does with its first start: its roles and permissions go with the tables
    catalogue::sync(&mut connect(&database.owner_url).await.unwrap()).await.unwrap();
    let before = catalog(&database.owner_url).await;
    assert!(before.len() > 500);
    for _ in &applied {
        migrate::down(&database.owner_url, None, false).await.unwrap();
    }
    assert_eq!(catalog(&database.owner_url).await, []);
    migrate::up(&database.owner_url, None).await.unwrap();
    assert_eq!(catalog(&database.owner_url).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_record_alone_is_taken_back_where_that_is_asked_for() {
    let database = postgres::empty().await;
    let applied = migrate::up(&database.owner_url, None).await.unwrap();
    let before = catalog(&database.owner_url).await;
    let taken = migrate::down(&database.owner_url, None, true).await.unwrap();
    assert_eq!(taken, applied[applied.len() - 1..]);
    assert_eq!(catalog(&database.owner_url).await, before);
    let pending = migrate::status(&database.owner_url).await.unwrap();
    assert_eq!(pending.iter().filter(|(_, applied_at)| applied_at.is_none()).count(), 1);
}
