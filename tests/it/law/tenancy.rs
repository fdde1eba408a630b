//! Every table of an organization's rows is isolated, whichever way it is reached.
use diesel::{QueryableByName, sql_query, sql_types::Text};
use diesel_async::RunQueryDsl;

#[derive(QueryableByName)]
struct Fault {
    #[diesel(sql_type = Text)]
    fault: String,
}

async fn faults(query: &str) -> Vec<String> {
    let faults: Vec<Fault> = sql_query(query).load(&mut super::owner().await).await.unwrap();
    faults.into_iter().map(|fault| fault.fault).collect()
}

const TABLES: &str = "WITH tables AS (
    SELECT c.oid, c.oid::regclass::text AS name, c.relrowsecurity, c.relforcerowsecurity, c.relispartition
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname IN ('identity','access','chat','sales','finance','governance','audit','ops') AND c.relkind IN ('r','p'))";

#[tokio::test]
async fn every_table_forces_row_level_security() {
    let open = faults(&format!(
        "{TABLES} SELECT name AS fault FROM tables WHERE NOT relispartition AND NOT (relrowsecurity AND relforcerowsecurity)"
    )).await;
    assert_eq!(open, Vec::<String>::new());
}

#[tokio::test]
async fn keys_of_an_organizations_tables_begin_with_it() {
    // people, sessions and administrators belong to no organization; an organization is one
    let faults = faults(&format!(
        "{TABLES} SELECT name AS fault FROM tables WHERE NOT relispartition
            AND name NOT IN ('identity.organizations', 'identity.users', 'identity.sessions', 'identity.platform_admins')
            AND NOT EXISTS (SELECT FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
                             WHERE k.conrelid = tables.oid AND k.contype = 'p' AND a.attname = 'organization_id')"
    )).await;
    assert_eq!(faults, Vec::<String>::new());
}

#[tokio::test]
async fn the_server_owns_nothing_and_reaches_no_partition() {
    let faults = faults(&format!(
        "{TABLES}
         SELECT 'the server may read the partition ' || name AS fault FROM tables
          WHERE relispartition AND has_table_privilege('portico_app', oid, 'SELECT, INSERT, UPDATE, DELETE')
         UNION ALL SELECT 'the server may empty ' || name FROM tables WHERE has_table_privilege('portico_app', oid, 'TRUNCATE')
         UNION ALL SELECT 'the server owns ' || name FROM tables JOIN pg_class c USING (oid) WHERE pg_get_userbyid(c.relowner) = 'portico_app'
         UNION ALL SELECT 'the server bypasses row level security' FROM pg_roles WHERE rolname = 'portico_app' AND (rolbypassrls OR rolsuper)
         UNION ALL SELECT 'a function runs as its owner: ' || p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
          WHERE n.nspname IN ('identity','access','chat','sales','finance','governance','audit','ops') AND p.prosecdef
            -- it makes partitions and is told no organization
            AND p.proname <> 'ensure_partitions'"
    )).await;
    assert_eq!(faults, Vec::<String>::new());
}

#[tokio::test]
async fn without_an_organization_the_server_sees_nothing() {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        rows: i64,
    }
    let mut connection = super::owner().await;
    sql_query("SET ROLE portico_app").execute(&mut connection).await.unwrap();
    for table in [
        "sales.deals",
        "chat.messages",
        "finance.budgets",
        "governance.compliance_controls",
        "audit.audit_logs",
        "identity.users",
        "identity.sessions",
        "identity.api_keys",
    ] {
        let count: Vec<Count> =
            sql_query(format!("SELECT count(*) AS rows FROM {table}")).load(&mut connection).await.unwrap();
        assert_eq!(count[0].rows, 0, "{table}");
    }
}
