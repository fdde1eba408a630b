//! Deleting for good what was deleted before: the database finds itself what is due, and nobody can tell it to take
//! something else (`migrations/…purge` says how, and what stays).
use diesel::{
    QueryableByName, sql_query,
    sql_types::{BigInt, Bool, Integer, Jsonb, Uuid as SqlUuid},
};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use serde_json::Value;
use uuid::Uuid;

use super::{door::Write, error::Result};

/// About so many rows are deleted in one transaction, so that none holds up what is told live.
const BATCH: i32 = 2_000;

/// A part of the purge of an organization.
#[derive(Debug, QueryableByName)]
pub struct Step {
    #[diesel(sql_type = SqlUuid)]
    pub purged: Uuid,
    /// Whether it began with this part.
    #[diesel(sql_type = Bool)]
    pub started: bool,
    /// Whether nothing is left.
    #[diesel(sql_type = Bool)]
    pub finished: bool,
    /// How many rows went with this part.
    #[diesel(sql_type = BigInt)]
    pub deleted: i64,
    /// What went until now, and where the audit log ended.
    #[diesel(sql_type = Jsonb)]
    pub report: Value,
}

/// Somebody who was purged.
#[derive(Debug, QueryableByName)]
pub struct Erased {
    #[diesel(sql_type = SqlUuid)]
    pub purged: Uuid,
    #[diesel(sql_type = Jsonb)]
    pub report: Value,
}

/// The next part of the purge of an organization that is due; none where nothing is, or other servers are at it.
pub async fn organization(write: &mut Write) -> Result<Option<Step>> {
    as_worker(write).await?;
    let part = sql_query("SELECT * FROM ops.purge_organization($1) WHERE purged IS NOT NULL");
    let part: Vec<Step> = part.bind::<Integer, _>(BATCH).load(&mut **write).await?;
    as_server(write).await?;
    Ok(part.into_iter().next())
}

/// Purges the next person who is due.
pub async fn person(write: &mut Write) -> Result<Option<Erased>> {
    as_worker(write).await?;
    let erased = sql_query("SELECT * FROM ops.purge_person() WHERE purged IS NOT NULL");
    let erased: Vec<Erased> = erased.load(&mut **write).await?;
    as_server(write).await?;
    Ok(erased.into_iter().next())
}

/// What refers to itself in circles is deleted at once, however long that takes.
async fn as_worker(write: &mut Write) -> Result<()> {
    Ok(write.batch_execute("SET LOCAL ROLE portico_worker; SET LOCAL statement_timeout = '1h'").await?)
}

async fn as_server(write: &mut Write) -> Result<()> {
    Ok(write.batch_execute("SET LOCAL ROLE portico_app").await?)
}
