//! Every table of an organization's rows is isolated, whichever way it is reached.
use diesel::{QueryableByName, sql_query, sql_types::Text};
use diesel_async::RunQueryDsl;
use portico::store::door::PERSONAL;

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
     WHERE n.nspname !~ '^(pg_|information_schema$|public$)' AND c.relkind IN ('r','p'))";

#[tokio::test]
async fn every_table_forces_row_level_security() {
    let open = faults(&format!(
        "{TABLES} SELECT name AS fault FROM tables WHERE NOT relispartition AND NOT (relrowsecurity AND relforcerowsecurity)"
    )).await;
    assert_eq!(open, Vec::<String>::new());
}

#[tokio::test]
async fn keys_of_an_organizations_tables_begin_with_it() {
    // people, what they come in with and what they are written belong to no organization, nor do administrators; an
    // organization is one
    let faults = faults(&format!(
        "{TABLES} SELECT name AS fault FROM tables WHERE NOT relispartition
            AND name NOT IN ('identity.organizations', 'identity.users', 'identity.sessions', 'identity.platform_admins',
                             'identity.one_time_tokens', 'identity.mail', 'identity.recovery_codes', 'identity.passkeys', 'identity.phone_codes', 'identity.passkey_challenges',
                             'identity.user_profiles')
            AND NOT EXISTS (SELECT FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
                             WHERE k.conrelid = tables.oid AND k.contype = 'p' AND a.attname = 'organization_id')"
    )).await;
    assert_eq!(faults, Vec::<String>::new());
}

#[tokio::test]
async fn references_stay_within_the_organization() {
    // what the platform shares is named with whose it is; people belong to no organization
    let faults = faults(
        "SELECT conrelid::regclass || ' ' || conname AS fault FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace
          WHERE n.nspname !~ '^(pg_|information_schema$|public$)' AND k.contype = 'f' AND k.conparentid = 0
            AND k.confrelid NOT IN ('identity.organizations'::regclass, 'identity.users'::regclass, 'identity.sessions'::regclass)
            AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
                             AND (a.attname = 'organization_id' OR a.attname LIKE '%\\_org\\_id'))
         UNION ALL
         SELECT a.attrelid::regclass || ' may belong to no organization' FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
          WHERE a.attname = 'organization_id' AND NOT a.attnotnull AND c.relkind IN ('r', 'p')
            -- who has signed in and not chosen yet
            AND a.attrelid <> 'identity.sessions'::regclass",
    )
    .await;
    assert_eq!(faults, Vec::<String>::new());
}

#[tokio::test]
async fn every_command_that_the_server_may_use_has_a_policy() {
    let faults = faults(&format!(
        "{TABLES}
         SELECT name || ' for ' || privilege AS fault
           FROM tables, (VALUES ('r', 'SELECT'), ('a', 'INSERT'), ('w', 'UPDATE'), ('d', 'DELETE')) AS command (letter, privilege)
          WHERE NOT relispartition
            AND CASE privilege WHEN 'DELETE' THEN has_table_privilege('portico_app', tables.oid, 'DELETE')
                               ELSE has_any_column_privilege('portico_app', tables.oid, privilege) END
            AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = tables.oid AND p.polpermissive
                             AND p.polcmd IN (letter::\"char\", '*')
                             AND (0 = ANY (p.polroles) OR 'portico_app'::regrole = ANY (p.polroles)))
         UNION ALL
         SELECT 'not a single policy on ' || name FROM tables
          WHERE NOT relispartition AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = tables.oid)"
    ))
    .await;
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
          WHERE n.nspname !~ '^(pg_|information_schema$|public$)' AND p.prosecdef
            -- they make and drop partitions, and purge what they find due themselves: they are told no organization
            AND p.proname NOT IN ('ensure_partitions', 'drop_old_words', 'purge_organization', 'purge_person')"
    )).await;
    assert_eq!(faults, Vec::<String>::new());
}

/// Subscribers read a table together only if row-level security does not ask who of them looks, or asks what an
/// audience has in common. Of `users` everybody in an organization is a member, and so sees themselves as others do.
#[tokio::test]
async fn what_shows_each_person_their_own_rows_is_not_read_together() {
    let personal = faults(
        "SELECT DISTINCT p.schemaname || '.' || p.tablename AS fault
           FROM pg_policies p, regexp_matches(p.qual, 'app\\.([a-z_]+)|(ops\\.actor)', 'g') AS asked
          WHERE p.schemaname !~ '^pg_' AND p.cmd IN ('SELECT', 'ALL') AND NOT 'portico_worker' = ANY (p.roles)
            AND coalesce(asked[1], '') NOT IN ('organization_id', 'region', 'department_id', 'conversations')
            AND p.qual !~ 'app\\.conversations' ORDER BY 1",
    )
    .await;
    assert!(personal.contains(&"identity.sessions".to_owned()), "{personal:?}");
    let shared: Vec<_> = personal
        .iter()
        .filter(|table| *table != "identity.users" && *table != "chat.messages")
        .filter(|table| !PERSONAL.contains(&table.as_str()))
        .collect();
    assert_eq!(shared, Vec::<&String>::new());
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
        "identity.one_time_tokens",
        "identity.recovery_codes",
        "identity.sso_accounts",
        "identity.sso_providers",
        "identity.sso_requests",
        "identity.invitations",
        "identity.scim_users",
        "identity.user_profiles",
        "identity.api_keys",
    ] {
        let count: Vec<Count> =
            sql_query(format!("SELECT count(*) AS rows FROM {table}")).load(&mut connection).await.unwrap();
        assert_eq!(count[0].rows, 0, "{table}");
    }
}
