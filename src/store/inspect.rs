//! What must be true of a database before a server may trust it: asked of PostgreSQL's own catalogs.
use anyhow::Result;
use chrono::{DateTime, Utc};
use diesel::sql_types::{Array, Bool, Integer, Nullable, Text};
use diesel::{QueryableByName, sql_query};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at.
    pub subject: &'static str,
    /// How it is, in a sentence.
    pub found: String,
    /// Whether it is as it must be.
    pub good: bool,
    /// What to do about it when it is not.
    pub advice: &'static str,
}

impl Finding {
    fn good(subject: &'static str, found: String) -> Self {
        Self { subject, found, good: true, advice: "" }
    }

    fn bad(subject: &'static str, found: String, advice: &'static str) -> Self {
        Self { subject, found, good: false, advice }
    }

    /// Bad when anything is on the list.
    fn none_of(
        subject: &'static str,
        list: &[String],
        good: String,
        bad: &str,
        advice: &'static str,
    ) -> Self {
        if list.is_empty() {
            Self::good(subject, good)
        } else {
            Self::bad(subject, format!("{bad}: {}", list.join(", ")), advice)
        }
    }
}

#[derive(QueryableByName)]
struct Server {
    #[diesel(sql_type = Integer)]
    number: i32,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Nullable<Text>)]
    vector_offered: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    vector_installed: Option<String>,
}

/// The server itself: its version, and the extension for vectors.
pub async fn server(connection: &mut AsyncPgConnection) -> Result<Vec<Finding>> {
    let server: Server = sql_query(
        "SELECT current_setting('server_version_num')::int AS number,
                current_setting('server_version') AS name,
                (SELECT default_version FROM pg_available_extensions WHERE name = 'vector') AS vector_offered,
                (SELECT extversion FROM pg_extension WHERE extname = 'vector') AS vector_installed",
    )
    .get_result(connection)
    .await?;
    let version = if server.number >= 150_000 {
        Finding::good("version", format!("PostgreSQL {}", server.name))
    } else {
        Finding::bad(
            "version",
            format!("PostgreSQL {}", server.name),
            "Portico needs PostgreSQL 15 or newer.",
        )
    };
    let vector = match (server.vector_installed, server.vector_offered) {
        (Some(version), _) => Finding::good("vector", format!("pgvector {version} is installed")),
        (None, Some(version)) => Finding::good("vector", format!("pgvector {version} can be installed")),
        (None, None) => Finding::bad(
            "vector",
            "the extension vector is not on this server".to_owned(),
            "Install pgvector for this PostgreSQL (Debian: postgresql-<version>-pgvector).",
        ),
    };
    Ok(vec![version, vector])
}

#[derive(QueryableByName)]
struct Role {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Bool)]
    missing: bool,
    #[diesel(sql_type = Bool)]
    too_mighty: bool,
    #[diesel(sql_type = Integer)]
    owned: i32,
}

/// The roles that the server works as: they are bound by row level security and own nothing.
pub async fn roles(connection: &mut AsyncPgConnection) -> Result<Vec<Finding>> {
    let roles: Vec<Role> = sql_query(
        "SELECT wanted.name,
                role.oid IS NULL AS missing,
                coalesce(role.rolsuper OR role.rolbypassrls OR role.rolcreaterole OR role.rolcreatedb, false)
                    AS too_mighty,
                (SELECT count(*) FROM pg_class WHERE relowner = role.oid)::int AS owned
         FROM unnest(ARRAY['portico_app', 'portico_worker']) AS wanted (name)
         LEFT JOIN pg_roles AS role ON role.rolname = wanted.name
         ORDER BY wanted.name",
    )
    .load(connection)
    .await?;
    Ok(roles
        .into_iter()
        .map(|role| {
            let name = role.name;
            if role.missing {
                let advice = "Run `portico migrate up`; it makes the roles.";
                Finding::bad("role", format!("{name} does not exist"), advice)
            } else if role.too_mighty {
                let advice = "ALTER ROLE … NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB.";
                Finding::bad("role", format!("{name} may do more than the server needs"), advice)
            } else if role.owned > 0 {
                let advice = "REASSIGN OWNED BY … TO the owner of the other tables.";
                Finding::bad("role", format!("{name} owns {} relations", role.owned), advice)
            } else {
                Finding::good("role", format!("{name} is bound by row level security and owns nothing"))
            }
        })
        .collect())
}

/// Whether the address that the server connects with can take the server's role.
pub async fn takes_role(connection: &mut AsyncPgConnection) -> Finding {
    match sql_query("SET ROLE portico_app").execute(connection).await {
        Ok(_) => Finding::good("server", "it can work as portico_app".to_owned()),
        Err(error) => Finding::bad(
            "server",
            format!("it cannot work as portico_app: {error}"),
            "GRANT portico_app TO the role in DATABASE_URL.",
        ),
    }
}

#[derive(QueryableByName)]
struct Tables {
    #[diesel(sql_type = Integer)]
    tenant: i32,
    #[diesel(sql_type = Array<Text>)]
    unforced: Vec<String>,
    #[diesel(sql_type = Array<Text>)]
    open_partitions: Vec<String>,
}

/// Every table of the tenants forces row level security, and no partition can be read beside its table.
pub async fn tables(connection: &mut AsyncPgConnection) -> Result<Vec<Finding>> {
    let tables: Tables = sql_query(
        "WITH tenant AS (
             SELECT class.oid, format('%I.%I', space.nspname, class.relname) AS name, class.relispartition,
                    class.relrowsecurity AND class.relforcerowsecurity AS forced
             FROM pg_class AS class
             JOIN pg_namespace AS space ON space.oid = class.relnamespace
             JOIN pg_attribute AS attribute
               ON attribute.attrelid = class.oid AND attribute.attname = 'organization_id'
              AND NOT attribute.attisdropped
             WHERE class.relkind IN ('r', 'p') AND space.nspname !~ '^(pg_|information_schema$)'
         )
         SELECT count(*) FILTER (WHERE NOT relispartition)::int AS tenant,
                coalesce(array_agg(name ORDER BY name) FILTER (WHERE NOT relispartition AND NOT forced), '{}')
                    AS unforced,
                coalesce(array_agg(name ORDER BY name) FILTER (WHERE relispartition AND EXISTS (
                    SELECT FROM pg_roles
                    WHERE rolname IN ('portico_app', 'portico_worker')
                      AND has_table_privilege(pg_roles.oid, tenant.oid, 'SELECT, INSERT, UPDATE, DELETE')
                )), '{}') AS open_partitions
         FROM tenant",
    )
    .get_result(connection)
    .await?;
    if tables.tenant == 0 {
        let advice = "Run `portico migrate up`.";
        return Ok(vec![Finding::bad("tables", "there are no tables of Portico".to_owned(), advice)]);
    }
    Ok(vec![
        Finding::none_of(
            "tables",
            &tables.unforced,
            format!("row level security is enabled and forced on all {} tables of tenants", tables.tenant),
            "row level security is not forced on",
            "ALTER TABLE … ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY.",
        ),
        Finding::none_of(
            "partitions",
            &tables.open_partitions,
            "none can be read beside its table".to_owned(),
            "rights were granted on",
            "REVOKE ALL ON the partitions FROM the server's roles; rights belong to the table alone.",
        ),
    ])
}

/// Whether the tables are those of this version.
pub fn pending(migrations: &[(String, Option<DateTime<Utc>>)]) -> Finding {
    let pending: Vec<String> =
        migrations.iter().filter(|(_, applied)| applied.is_none()).map(|(name, _)| name.clone()).collect();
    Finding::none_of(
        "migrations",
        &pending,
        format!("all {} are applied", migrations.len()),
        "pending",
        "Run `portico migrate up`.",
    )
}

/// Whether what was written before there was an index of words is in it, as far as this number of organizations goes.
pub fn searchable(unfinished: i64) -> Finding {
    if unfinished == 0 {
        return Finding::good("search", "messages are found by their words".to_owned());
    }
    Finding::bad(
        "search",
        format!("older messages of {unfinished} organizations are not found by their words yet"),
        "A running server sees to it, one organization at a time; `portico search index` does so at once.",
    )
}

/// Below row level security an operator that is not marked reaches no index: filters and orders that use it read
/// every row of the organization.
pub fn speed(not_leakproof: &[String]) -> Finding {
    let Some(first) = not_leakproof.first() else {
        return Finding::good("speed", "filters reach their indexes below row level security".to_owned());
    };
    Finding::bad(
        "speed",
        format!(
            "{} functions, such as {first}, keep filters and orders from their indexes, which costs large \
             organizations up to a second a page",
            not_leakproof.len()
        ),
        "Run `portico migrate up --database-url …` once as a superuser: it marks them LEAKPROOF.",
    )
}
