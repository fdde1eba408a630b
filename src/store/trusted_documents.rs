//! Documents that clients have published ahead. Whoever answers requests finds them by id or hash, as a worker; the
//! owner of the tables publishes and retires them.
use anyhow::{Result, bail};
use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    OptionalExtension, QueryableByName, sql_query,
    sql_types::{Array, BigInt, Date, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::{connect::connect, door::Door, error};

/// What is published for all.
const PLATFORM: Uuid = Uuid::nil();

/// Ids and hashes are no longer than this.
pub const LONGEST_ID: usize = 200;

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Text)]
    body: String,
}

/// What the organization has published comes before what the platform has.
const FIND: &str = "
    WITH found AS (
      SELECT organization_id, id, body FROM ops.trusted_documents
       WHERE organization_id = ANY ($1) AND (id = $2 OR sha256 = $2)
       ORDER BY organization_id <> $3, id LIMIT 1),
    used AS (
      UPDATE ops.trusted_documents AS d SET last_used_on = current_date FROM found
       WHERE d.organization_id = found.organization_id AND d.id = found.id
         AND d.last_used_on IS DISTINCT FROM current_date)
    SELECT body FROM found";

/// The text of the document that is called, or hashes to, `key`, for a client of `organization`; noted as used today.
pub async fn find(door: &Door, organization: Option<Uuid>, key: &str) -> error::Result<Option<String>> {
    let mut work = door.work().await?;
    work.as_worker().await?;
    let own = organization.unwrap_or(PLATFORM);
    let found = sql_query(FIND)
        .bind::<Array<SqlUuid>, _>(vec![own, PLATFORM])
        .bind::<Text, _>(key)
        .bind::<SqlUuid, _>(own);
    let found: Option<Found> = found.get_result(&mut *work).await.optional()?;
    work.commit().await?;
    Ok(found.map(|found| found.body))
}

/// So many are remembered of each organization: they are there to be read.
const MOST_UNKNOWN: i64 = 1000;

const NOTE: &str = "
    INSERT INTO ops.unknown_documents AS u (organization_id, id, operation)
    SELECT $1, $2, $3
     WHERE (SELECT count(*) FROM (SELECT FROM ops.unknown_documents WHERE organization_id = $1 LIMIT $4) AS known) < $4
        OR EXISTS (SELECT FROM ops.unknown_documents WHERE organization_id = $1 AND id = $2)
    ON CONFLICT (organization_id, id) DO UPDATE
      SET times = u.times + 1, last_seen_at = now(), operation = coalesce(excluded.operation, u.operation)";

/// Notes that a document was asked for which nobody has published.
pub async fn note_unknown(
    door: &Door,
    organization: Option<Uuid>,
    key: &str,
    operation: Option<&str>,
) -> error::Result<()> {
    let mut work = door.work().await?;
    work.as_worker().await?;
    let note = sql_query(NOTE)
        .bind::<SqlUuid, _>(organization.unwrap_or(PLATFORM))
        .bind::<Text, _>(key)
        .bind::<Nullable<Text>, _>(operation)
        .bind::<BigInt, _>(MOST_UNKNOWN);
    note.execute(&mut *work).await?;
    work.commit().await
}

/// A document to be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    pub id: String,
    pub sha256: String,
    pub operation: Option<String>,
    pub body: String,
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = Text)]
    id: String,
}

#[derive(QueryableByName)]
struct OrganizationId {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// The id of the organization with a short name; without one, the platform's.
pub async fn organization(owner_url: &str, slug: Option<&str>) -> Result<Uuid> {
    let Some(slug) = slug else { return Ok(PLATFORM) };
    let found = sql_query("SELECT id FROM identity.organizations WHERE slug = $1 AND deleted_at IS NULL");
    let found = found.bind::<Text, _>(slug);
    let found: Option<OrganizationId> = found.get_result(&mut connect(owner_url).await?).await.optional()?;
    found.map(|found| found.id).ok_or_else(|| anyhow::anyhow!("there is no organization {slug}"))
}

/// What an id means never changes: those that mean something else already.
const TAKEN: &str = "
    SELECT d.id FROM ops.trusted_documents d JOIN unnest($2, $3) AS new (id, sha256) ON new.id = d.id
     WHERE d.organization_id = $1 AND d.sha256 <> new.sha256 ORDER BY 1";

const PUBLISH: &str = "
    WITH new AS (SELECT * FROM unnest($3, $4, $5, $6) AS new (id, sha256, operation, body)),
    known AS (DELETE FROM ops.unknown_documents AS u USING new WHERE u.organization_id = $1 AND u.id IN (new.id, new.sha256))
    INSERT INTO ops.trusted_documents (organization_id, client, id, sha256, operation, body)
    SELECT $1, $2, id, sha256, operation, body FROM new ON CONFLICT (organization_id, id) DO NOTHING";

/// Publishes all of them or none, and says how many are new.
pub async fn publish(
    owner_url: &str,
    organization: Uuid,
    client: &str,
    documents: &[Document],
) -> Result<usize> {
    let mut connection = connect(owner_url).await?;
    let texts = |of: fn(&Document) -> &str| documents.iter().map(of).collect::<Vec<_>>();
    let ids = texts(|document| &document.id);
    let hashes = texts(|document| &document.sha256);
    let taken = sql_query(TAKEN).bind::<SqlUuid, _>(organization);
    let taken = taken.bind::<Array<Text>, _>(&ids).bind::<Array<Text>, _>(&hashes);
    let taken: Vec<Id> = taken.load(&mut connection).await?;
    if !taken.is_empty() {
        let taken: Vec<String> = taken.into_iter().map(|taken| taken.id).collect();
        bail!("nothing is published, since these ids mean other documents already: {}", taken.join(", "));
    }
    let operations: Vec<Option<&str>> =
        documents.iter().map(|document| document.operation.as_deref()).collect();
    let publish = sql_query(PUBLISH)
        .bind::<SqlUuid, _>(organization)
        .bind::<Text, _>(client)
        .bind::<Array<Text>, _>(&ids)
        .bind::<Array<Text>, _>(&hashes)
        .bind::<Array<Nullable<Text>>, _>(&operations)
        .bind::<Array<Text>, _>(texts(|document| &document.body));
    Ok(publish.execute(&mut connection).await?)
}

/// A document that was published.
#[derive(Debug, QueryableByName)]
pub struct Published {
    #[diesel(sql_type = Text)]
    pub id: String,
    #[diesel(sql_type = Text)]
    pub client: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub operation: Option<String>,
    #[diesel(sql_type = Timestamptz)]
    pub published_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Date>)]
    pub last_used_on: Option<NaiveDate>,
}

/// What an organization has published; only what nobody has used for so many days, where they are said.
pub async fn published(
    owner_url: &str,
    organization: Uuid,
    unused_days: Option<i32>,
) -> Result<Vec<Published>> {
    let published = sql_query(
        "SELECT id, client, operation, published_at, last_used_on FROM ops.trusted_documents
          WHERE organization_id = $1
            AND ($2 IS NULL OR coalesce(last_used_on, published_at::date) <= current_date - $2)
          ORDER BY client, operation, id",
    );
    let published = published.bind::<SqlUuid, _>(organization).bind::<Nullable<Integer>, _>(unused_days);
    Ok(published.load(&mut connect(owner_url).await?).await?)
}

/// Retires documents, and says how many there were.
pub async fn retire(owner_url: &str, organization: Uuid, ids: &[String]) -> Result<usize> {
    let retire = sql_query("DELETE FROM ops.trusted_documents WHERE organization_id = $1 AND id = ANY ($2)");
    let retire = retire.bind::<SqlUuid, _>(organization).bind::<Array<Text>, _>(ids);
    Ok(retire.execute(&mut connect(owner_url).await?).await?)
}

/// A document that was refused.
#[derive(Debug, QueryableByName)]
pub struct Unknown {
    #[diesel(sql_type = Text)]
    pub id: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub operation: Option<String>,
    #[diesel(sql_type = BigInt)]
    pub times: i64,
    #[diesel(sql_type = Timestamptz)]
    pub last_seen_at: DateTime<Utc>,
}

/// What was asked for in an organization, and refused, the latest first.
pub async fn unknown(owner_url: &str, organization: Uuid) -> Result<Vec<Unknown>> {
    let unknown = sql_query(
        "SELECT id, operation, times, last_seen_at FROM ops.unknown_documents WHERE organization_id = $1
          ORDER BY last_seen_at DESC, id",
    );
    Ok(unknown.bind::<SqlUuid, _>(organization).load(&mut connect(owner_url).await?).await?)
}
