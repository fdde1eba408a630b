//! Migrations: folders of `migrations/`, built into the binary, run by the owner of the tables under a lock, so that
//! several servers may start at once. Afterwards partitions are made ahead and operators marked fit for indexes.
use anyhow::{Context, Result, anyhow, bail};
use chrono::{DateTime, Utc};
use diesel::migration::{Migration, MigrationSource, MigrationVersion};
use diesel::pg::Pg;
use diesel::sql_types::{Bool, Text, Timestamptz};
use diesel::{OptionalExtension, QueryableByName, sql_query};
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::{connect::connect, inspect, partitions};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!();

/// Nobody else locks this number.
const LOCK: &str = "SELECT pg_advisory_lock(7070194853)";

/// A migration by its names; diesel's own may not leave their thread.
struct Step {
    version: String,
    name: String,
}

/// Runs what is pending, up to and including `target` if given, and names what was run.
pub async fn up(url: &str, target: Option<&str>) -> Result<Vec<String>> {
    let steps = steps()?;
    let end = match target {
        Some(target) => position(&steps, target)? + 1,
        None => steps.len(),
    };
    let mut connection = locked(url).await?;
    let applied = applied(&mut connection).await?;
    let pending: Vec<Step> = steps.into_iter().take(end).filter(|step| !is_in(&applied, step)).collect();
    if !pending.is_empty() {
        // said before anything is half done
        let server = inspect::server(&mut connection).await?;
        if let Some(unfit) = server.into_iter().find(|finding| !finding.good) {
            bail!("{}. {}", unfit.found, unfit.advice);
        }
    }
    let (run, mut connection) =
        each(connection, pending, |harness, step| harness.run_migration(step)).await?;
    finish(&mut connection).await?;
    Ok(run)
}

/// Takes the newest migration back, or all that came after `target`, and names them. With `record_only` the tables
/// stay as they are and only the record of the migration goes.
pub async fn down(url: &str, target: Option<&str>, record_only: bool) -> Result<Vec<String>> {
    let steps = steps()?;
    let mut connection = locked(url).await?;
    let applied = applied(&mut connection).await?;
    let keep = match target {
        Some(target) => position(&steps, target)? + 1,
        None => steps.iter().rposition(|step| is_in(&applied, step)).unwrap_or_default(),
    };
    let mut unwanted: Vec<Step> = steps.into_iter().skip(keep).filter(|step| is_in(&applied, step)).collect();
    unwanted.reverse();
    if !record_only {
        return Ok(each(connection, unwanted, |harness, step| harness.revert_migration(step)).await?.0);
    }
    let mut names = Vec::with_capacity(unwanted.len());
    for step in unwanted {
        sql_query("DELETE FROM __diesel_schema_migrations WHERE version = $1")
            .bind::<Text, _>(step.version)
            .execute(&mut connection)
            .await?;
        names.push(step.name);
    }
    Ok(names)
}

/// Every migration in order, and when it was applied; none for a pending one.
pub async fn status(url: &str) -> Result<Vec<(String, Option<DateTime<Utc>>)>> {
    let applied = applied(&mut connect(url).await?).await?;
    let status = steps()?.into_iter().map(|step| {
        let record = applied.iter().find(|done| done.version == step.version);
        (step.name, record.map(|done| done.applied_at))
    });
    Ok(status.collect())
}

/// Operators that filters and pages use, which PostgreSQL does not let reach an index below a policy because they are
/// not declared to keep their operands secret: comparison of numbers, of days with times, the matching of text, and searching it.
/// None of them says more of its operands than true or false.
const NOT_LEAKPROOF: &str = "SELECT DISTINCT proc.oid::regprocedure::text AS name
    FROM pg_operator AS operator
    JOIN pg_proc AS proc ON proc.oid = operator.oprcode
    WHERE NOT proc.proleakproof AND operator.oprnamespace = 'pg_catalog'::regnamespace
      AND ((operator.oprname IN ('=', '<>', '<', '<=', '>', '>=')
            AND ((operator.oprleft = 'numeric'::regtype AND operator.oprright = 'numeric'::regtype)
              OR (operator.oprleft IN ('date'::regtype, 'timestamptz'::regtype)
                  AND operator.oprright IN ('date'::regtype, 'timestamptz'::regtype))))
        OR (operator.oprname IN ('~~', '!~~', '~~*', '!~~*', '^@')
            AND operator.oprleft = 'text'::regtype AND operator.oprright = 'text'::regtype)
        OR (operator.oprname = '@@' AND operator.oprleft = 'tsvector'::regtype AND operator.oprright = 'tsquery'::regtype))
    UNION
    SELECT proc.oid::regprocedure::text FROM pg_proc AS proc
    WHERE NOT proc.proleakproof AND proc.oid IN ('pg_catalog.lower(text)'::regprocedure, 'pg_catalog.upper(text)'::regprocedure)
    ORDER BY name";

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

/// The operators that slow filters down on large organizations until a superuser marks them.
pub async fn not_leakproof(connection: &mut AsyncPgConnection) -> Result<Vec<String>> {
    let names: Vec<Name> = sql_query(NOT_LEAKPROOF).load(connection).await?;
    Ok(names.into_iter().map(|name| name.name).collect())
}

/// Marks those operators, where the connection belongs to a superuser; says whether it does.
pub async fn mark_leakproof(connection: &mut AsyncPgConnection) -> Result<bool> {
    #[derive(QueryableByName)]
    struct Superuser {
        #[diesel(sql_type = Bool)]
        rolsuper: bool,
    }
    let role: Superuser = sql_query("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        .get_result(connection)
        .await?;
    if role.rolsuper {
        for name in not_leakproof(connection).await? {
            connection.batch_execute(&format!("ALTER FUNCTION {name} LEAKPROOF")).await?;
        }
    }
    Ok(role.rolsuper)
}

fn built_in() -> Result<Vec<Box<dyn Migration<Pg>>>> {
    MigrationSource::<Pg>::migrations(&MIGRATIONS).map_err(|error| anyhow!(error))
}

fn steps() -> Result<Vec<Step>> {
    let step = |migration: Box<dyn Migration<Pg>>| Step {
        version: migration.name().version().to_string(),
        name: migration.name().to_string(),
    };
    let mut steps: Vec<Step> = built_in()?.into_iter().map(step).collect();
    steps.sort_by(|one, other| one.version.cmp(&other.version));
    Ok(steps)
}

/// A migration is named in full, by its number, or by what follows the number.
fn position(steps: &[Step], target: &str) -> Result<usize> {
    let is_target = |step: &Step| {
        let short = step.name.split_once('_').map(|(_, short)| short);
        step.name == target || step.version == target || short == Some(target)
    };
    steps.iter().position(is_target).ok_or_else(|| {
        let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
        anyhow!("there is no migration {target}; there are {}", names.join(", "))
    })
}

fn is_in(applied: &[Applied], step: &Step) -> bool {
    applied.iter().any(|done| done.version == step.version)
}

/// A connection that holds the lock until it closes.
async fn locked(url: &str) -> Result<AsyncPgConnection> {
    let mut connection = connect(url).await?;
    connection.batch_execute(LOCK).await.context("the lock of the migrations cannot be taken")?;
    Ok(connection)
}

#[derive(QueryableByName)]
struct Applied {
    #[diesel(sql_type = Text)]
    version: String,
    #[diesel(sql_type = Timestamptz)]
    applied_at: DateTime<Utc>,
}

async fn applied(connection: &mut AsyncPgConnection) -> Result<Vec<Applied>> {
    let table: Option<Name> = sql_query(
        "SELECT relname::text AS name FROM pg_class WHERE oid = to_regclass('__diesel_schema_migrations')",
    )
    .get_result(connection)
    .await
    .optional()?;
    if table.is_none() {
        return Ok(Vec::new());
    }
    let applied = sql_query(
        "SELECT version::text, run_on AT TIME ZONE current_setting('TimeZone') AS applied_at
         FROM __diesel_schema_migrations ORDER BY version",
    );
    let applied = applied.load(connection).await;
    applied.context(
        "the record of the migrations cannot be read: DATABASE_OWNER_URL has to name the owner of the tables",
    )
}

type Harness = AsyncConnectionWrapper<AsyncPgConnection>;
type Act = fn(&mut Harness, &dyn Migration<Pg>) -> diesel::migration::Result<MigrationVersion<'static>>;

/// Diesel's migrations block, so they have a thread of their own; whoever waits may be cancelled, a migration is not.
async fn each(
    connection: AsyncPgConnection,
    steps: Vec<Step>,
    act: Act,
) -> Result<(Vec<String>, AsyncPgConnection)> {
    let work = move || {
        let mut harness = Harness::from(connection);
        // Makes the table that records the migrations.
        harness.applied_migrations().map_err(|error| anyhow!(error))?;
        let migrations = built_in()?;
        let mut names = Vec::with_capacity(steps.len());
        for step in steps {
            for migration in migrations.iter().filter(|one| one.name().to_string() == step.name) {
                act(&mut harness, migration).map_err(|error| anyhow!("{}: {error}", step.name))?;
            }
            names.push(step.name);
        }
        Ok((names, harness.into_inner()))
    };
    tokio::task::spawn_blocking(work).await?
}

/// What migrations leave to do, also when none was pending.
async fn finish(connection: &mut AsyncPgConnection) -> Result<()> {
    let comment = "COMMENT ON TABLE __diesel_schema_migrations IS 'Which migrations were applied, and when.'";
    connection.batch_execute(comment).await?;
    let known: Option<Name> = sql_query(
        "SELECT proname::text AS name FROM pg_proc WHERE oid = to_regprocedure('ops.ensure_partitions(regclass, timestamptz, timestamptz)')",
    )
    .get_result(connection)
    .await
    .optional()?;
    if known.is_some() {
        connection
            .batch_execute(partitions::AHEAD)
            .await
            .context("the partitions of the coming months cannot be made")?;
    }
    mark_leakproof(connection).await?;
    Ok(())
}
