//! The outbox, read in commit order.
//!
//! An id is drawn before its transaction commits, so reading "after the last id" loses what commits late. Events are
//! ordered by (transaction, id) and read only below the horizon: the oldest transaction still running.
use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeZone, Utc};
use diesel::{
    QueryDsl, QueryResult, QueryableByName,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_query,
    sql_types::{BigInt, Bool, Jsonb, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use serde_json::Value;
use uuid::Uuid;

use super::{
    clock,
    door::{Door, Snapshot},
    error::Result,
    sql_types::{Xact, Xid8},
    tables::ops::event_floors,
};

/// What an event is about that tells of the end of a session.
pub const SESSION: &str = "Session";

/// What is listened to for the end of this session.
pub fn session_topic(session: Uuid) -> String {
    format!("session:{session}")
}

/// A place in an organization's events: all up to and including it have been seen.
#[derive(Clone, Copy, Debug)]
pub struct Position {
    pub transaction: i64,
    pub id: Uuid,
    /// When the place was current, so that one that is too old is known without looking.
    pub at: DateTime<Utc>,
}

impl PartialEq for Position {
    fn eq(&self, other: &Self) -> bool {
        (self.transaction, self.id) == (other.transaction, other.id)
    }
}
impl Eq for Position {}
impl PartialOrd for Position {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Position {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.transaction, self.id).cmp(&(other.transaction, other.id))
    }
}

impl Position {
    /// Before everything that the oldest running transaction may still write.
    pub fn before(horizon: i64) -> Self {
        Self { transaction: horizon.saturating_sub(1), id: Uuid::max(), at: clock::now() }
    }

    /// As clients hold it.
    pub fn write(&self) -> String {
        let mut bytes = Vec::with_capacity(32);
        bytes.extend_from_slice(&self.transaction.to_be_bytes());
        bytes.extend_from_slice(self.id.as_bytes());
        bytes.extend_from_slice(&self.at.timestamp_millis().to_be_bytes());
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    pub fn read(text: &str) -> Option<Self> {
        let bytes: [u8; 32] = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        let (transaction, rest) = bytes.split_first_chunk::<8>()?;
        let (id, at) = rest.split_first_chunk::<16>()?;
        let at = i64::from_be_bytes(at.try_into().ok()?);
        Some(Self {
            transaction: i64::from_be_bytes(*transaction),
            id: Uuid::from_bytes(*id),
            at: Utc.timestamp_millis_opt(at).single()?,
        })
    }
}

/// Something that happened in an organization.
#[derive(Clone, Debug)]
pub struct Event {
    pub position: Position,
    pub topic: String,
    pub subject_type: String,
    pub subject_id: Uuid,
    pub kind: String,
    pub payload: Value,
}

type EventRow = (i64, Uuid, String, String, Uuid, String, Value, DateTime<Utc>);

/// The next events after `after`, oldest first, as far as they can be told in order.
pub async fn after(db: &Snapshot, after: Position, limit: i64) -> Result<Vec<Event>> {
    let question = After { organization: db.organization(), after, limit };
    let rows: Vec<EventRow> = db.load(question).await?;
    Ok(rows
        .into_iter()
        .map(|(transaction, id, topic, subject_type, subject_id, kind, payload, at)| Event {
            position: Position { transaction, id, at },
            topic,
            subject_type,
            subject_id,
            kind,
            payload,
        })
        .collect())
}

/// How far the events of an organization can be told.
#[derive(Clone, Copy, Debug)]
pub struct Horizon {
    /// The place before everything that may still come.
    pub place: Position,
    /// Whether events wait behind it.
    pub waiting: bool,
    /// The epoch of all rights in the organization, at the same moment.
    pub epoch: i64,
}

/// How far events can be told now.
pub async fn horizon(db: &Snapshot) -> Result<Horizon> {
    let rows: Vec<(i64, bool, i64)> = db.load(AskHorizon { organization: db.organization() }).await?;
    let (horizon, waiting, epoch) = rows.into_iter().next().unwrap_or_default();
    Ok(Horizon { place: Position::before(horizon), waiting, epoch })
}

/// The last event that was deleted: what comes after an earlier place is no longer complete. None yet: it all is.
pub async fn floor(db: &Snapshot) -> Result<Option<Position>> {
    let floor = event_floors::table.find(db.organization());
    let floor =
        db.load(floor.select((event_floors::xact, event_floors::id, event_floors::deleted_at))).await?;
    let floor: Option<(Xact, Uuid, DateTime<Utc>)> = floor.into_iter().next();
    Ok(floor.map(|(Xact(transaction), id, at)| Position { transaction: transaction.cast_signed(), id, at }))
}

/// Forgets the oldest events that are older than `before`, a batch of all organizations together; says how many.
///
/// They go in the order in which they are told, so that one place per organization says what is left.
pub async fn forget(door: &Door, before: DateTime<Utc>, batch: i64) -> Result<usize> {
    let mut work = door.work().await?;
    work.as_worker().await?;
    let oldest: Vec<Oldest> = sql_query(
        "SELECT organization_id, xact, id, created_at FROM ops.events
          WHERE xact < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY xact, id LIMIT $1",
    )
    .bind::<BigInt, _>(batch)
    .load(&mut *work)
    .await?;
    work.commit().await?;
    let (mut forgotten, mut last) = (0, BTreeMap::new());
    for event in oldest.into_iter().take_while(|event| event.created_at < before) {
        last.insert(event.organization_id, (event.xact, event.id));
    }
    for (organization, (xact, id)) in last {
        let mut work = door.work().await?;
        work.enter(organization).await?;
        let floor = "INSERT INTO ops.event_floors AS floor (organization_id, xact, id) VALUES ($1, $2, $3)
             ON CONFLICT (organization_id) DO UPDATE SET xact = excluded.xact, id = excluded.id, deleted_at = now()
             WHERE (floor.xact, floor.id) < (excluded.xact, excluded.id)";
        let gone = "DELETE FROM ops.events WHERE organization_id = $1 AND (xact, id) <= ($2, $3)";
        for (statement, counts) in [(floor, 0), (gone, 1)] {
            let statement = sql_query(statement).bind::<SqlUuid, _>(organization);
            let done = statement.bind::<Xid8, _>(xact).bind::<SqlUuid, _>(id).execute(&mut *work).await?;
            forgotten += done * counts;
        }
        work.commit().await?;
    }
    Ok(forgotten)
}

#[derive(QueryableByName)]
struct Oldest {
    #[diesel(sql_type = SqlUuid)]
    organization_id: Uuid,
    #[diesel(sql_type = Xid8)]
    xact: Xact,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Timestamptz)]
    created_at: DateTime<Utc>,
}

struct After {
    organization: Uuid,
    after: Position,
    limit: i64,
}

impl Query for After {
    type SqlType = (BigInt, SqlUuid, Text, Text, SqlUuid, Text, Jsonb, Timestamptz);
}
impl<C> diesel::RunQueryDsl<C> for After {}
impl QueryId for After {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
impl QueryFragment<Pg> for After {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "SELECT xact::text::bigint, id, topic, subject_type, subject_id, kind, payload, created_at
               FROM ops.events WHERE organization_id = ",
        );
        out.push_bind_param::<SqlUuid, _>(&self.organization)?;
        out.push_sql(" AND (xact, id) > (");
        out.push_bind_param::<BigInt, _>(&self.after.transaction)?;
        out.push_sql("::text::xid8, ");
        out.push_bind_param::<SqlUuid, _>(&self.after.id)?;
        // the limit is said in the text: how few rows are wanted decides how they are found
        out.push_sql(") AND xact < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY xact, id LIMIT ");
        out.push_sql(&self.limit.to_string());
        Ok(())
    }
}

#[derive(QueryId)]
struct AskHorizon {
    organization: Uuid,
}

impl Query for AskHorizon {
    type SqlType = (BigInt, Bool, BigInt);
}
impl<C> diesel::RunQueryDsl<C> for AskHorizon {}
impl QueryFragment<Pg> for AskHorizon {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
                    EXISTS (SELECT FROM ops.events WHERE xact >= pg_snapshot_xmin(pg_current_snapshot()) AND organization_id = ",
        );
        out.push_bind_param::<SqlUuid, _>(&self.organization)?;
        out.push_sql(
            "), (SELECT coalesce(sum(epoch), 0)::bigint FROM access.epochs
                  WHERE organization_id IN ('00000000-0000-0000-0000-000000000000', ",
        );
        out.push_bind_param::<SqlUuid, _>(&self.organization)?;
        out.push_sql("))");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_survives_being_written() {
        let position =
            Position { transaction: 4711, id: Uuid::max(), at: "2026-11-21T07:00:00Z".parse().unwrap() };
        let read = Position::read(&position.write()).unwrap();
        assert_eq!((read, read.at), (position, position.at));
        assert_eq!(Position::read("nonsense"), None);
    }
}
