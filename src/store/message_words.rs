//! The words of messages, written after the commit: appending a message is what is done most, and waits for no index.
//!
//! What was appended, the outbox tells in the order of commits; how far it was followed stands in the same transaction as
//! the words, so whoever is stopped anywhere goes on where it stood, and of several servers one at a time is at it.
use std::time::Duration;

use anyhow::Context;
use diesel::{
    QueryableByName, sql_query,
    sql_types::{Array, BigInt, Bool, Integer, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use uuid::Uuid;

use super::{
    connect::connect,
    door::{Door, Work},
    error::Result,
    prepared::Prepared,
    select::Bind,
};

/// Where there is something to do.
#[derive(Clone, Debug, QueryableByName)]
pub struct Due {
    /// The oldest transaction that is still running: everything before it is on the list, or was on an earlier one.
    #[diesel(sql_type = BigInt)]
    pub horizon: i64,
    /// Organizations to whose messages some were added.
    #[diesel(sql_type = Array<SqlUuid>)]
    pub appended: Vec<Uuid>,
    /// Organizations whose messages are to be gone through, all of them.
    #[diesel(sql_type = Array<SqlUuid>)]
    pub older: Vec<Uuid>,
}

/// Where messages have come since a horizon, and where there are older ones without words.
pub async fn due(door: &Door, since: i64) -> Result<Due> {
    let mut work = door.work().await?;
    work.as_worker().await?;
    let due = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS horizon,
        ARRAY(SELECT DISTINCT organization_id FROM ops.events
               WHERE xact >= $::text::xid8 AND xact < pg_snapshot_xmin(pg_current_snapshot()) AND subject_type = 'Message') AS appended,
        ARRAY(SELECT organization_id FROM ops.search_progress WHERE through IS NOT NULL ORDER BY organization_id) AS older";
    let due = Prepared::new(due, [Bind::Text(since.to_string())]).get_result(&mut *work).await?;
    work.commit().await?;
    Ok(due)
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, QueryableByName)]
pub struct Done {
    /// How many messages were looked at.
    #[diesel(sql_type = Integer)]
    pub indexed: i32,
    /// Whether that was all there is; not, too, while another is at it.
    #[diesel(sql_type = Bool)]
    pub finished: bool,
}

/// Writes the words of what was appended to the messages of an organization, for about so long.
pub async fn append(door: &Door, organization: Uuid, patience: Duration) -> Result<Done> {
    index(
        door,
        organization,
        patience,
        "SELECT * FROM ops.index_messages(make_interval(secs => $::bigint / 1000.0))",
    )
    .await
}

/// The same of messages that have none, the oldest first.
pub async fn fill(door: &Door, organization: Uuid, patience: Duration) -> Result<Done> {
    let fill = "SELECT * FROM ops.index_older_messages(make_interval(secs => $::bigint / 1000.0))";
    index(door, organization, patience, fill).await
}

async fn index(door: &Door, organization: Uuid, patience: Duration, how: &'static str) -> Result<Done> {
    let mut work: Work = door.work().await?;
    work.enter(organization).await?;
    let patience = Bind::Int(i64::try_from(patience.as_millis()).unwrap_or(i64::MAX));
    let done = Prepared::new(how, [patience]).get_result(&mut *work).await?;
    work.commit().await?;
    Ok(done)
}

/// Takes in hand the index of an organization: its records are complete then, words of messages that are no more are gone,
/// and its messages are to be gone through. With `anew` everything is written once more.
pub async fn begin(owner_url: &str, organization: Uuid, anew: bool) -> anyhow::Result<()> {
    let mut owner = connect(owner_url).await?;
    let enter = format!(
        "BEGIN; SET LOCAL app.organization_id = '{organization}'; SET LOCAL app.conversations = 'all';
         SELECT pg_advisory_xact_lock(ops.lock_words('{organization}'))"
    );
    owner.batch_execute(&enter).await?;
    let gone = if anew {
        format!(
            "DELETE FROM ops.message_words WHERE organization_id = '{organization}';
             DELETE FROM ops.search_entries WHERE organization_id = '{organization}';"
        )
    } else {
        format!(
            "DELETE FROM ops.message_words w WHERE w.organization_id = '{organization}' AND NOT EXISTS (
               SELECT FROM chat.messages m WHERE m.organization_id = w.organization_id AND m.id = w.message_id);"
        )
    };
    // one that was interrupted goes on where it stood
    let again =
        if anew { "'00000000-0000-0000-0000-000000000000'" } else { "coalesce(p.through, excluded.through)" };
    let begin = format!(
        "{gone}
         INSERT INTO ops.search_progress AS p (organization_id, through) VALUES ('{organization}', '00000000-0000-0000-0000-000000000000')
         ON CONFLICT (organization_id) DO UPDATE SET through = {again};
         COMMIT; BEGIN; CALL ops.index_all_words('{organization}'); COMMIT"
    );
    owner.batch_execute(&begin).await.context("the index cannot be written")
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Of how many organizations older messages are not found by their words yet; none where nothing is known of that.
pub async fn unfinished(server: &mut AsyncPgConnection) -> anyhow::Result<Option<i64>> {
    let known = sql_query(
        "SELECT count(*) AS count FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'ops' AND c.relname = 'search_progress'",
    );
    if known.get_result::<Count>(server).await?.count == 0 {
        return Ok(None);
    }
    if server.batch_execute("BEGIN; SET LOCAL ROLE portico_worker").await.is_err() {
        // what keeps the server from it is told elsewhere
        return Ok(None);
    }
    let count = sql_query("SELECT count(*) AS count FROM ops.search_progress WHERE through IS NOT NULL");
    let count: Count = count.get_result(server).await?;
    server.batch_execute("COMMIT").await?;
    Ok(Some(count.count))
}
