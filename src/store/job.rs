//! Jobs that servers do in the background for whoever asked for them: exports and imports. A server takes one for a time; if
//! it does not say by then that it goes on, another takes it up.
use chrono::Duration;
use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl, QueryableByName, sql_query,
    sql_types::{BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::{
    clock,
    door::{Caller, Door, Write},
    error::{Denied, Error, Result},
    tables::identity::api_keys,
};

/// The jobs of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jobs {
    Exports,
    Imports,
}

impl Jobs {
    /// The table that they stand in.
    pub(super) const fn table(self) -> &'static str {
        match self {
            Self::Exports => "ops.exports",
            Self::Imports => "ops.imports",
        }
    }
}

/// Who asked for a job: a person in a session of theirs, or an API key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    Person { user: Uuid, session: Uuid },
    Key(Uuid),
}

impl Whose {
    /// Who the caller is, where they may have jobs: nobody may who acts as somebody else.
    pub fn of(caller: &Caller) -> Option<Self> {
        match (caller.api_key, caller.user, caller.session) {
            _ if caller.impersonator.is_some() => None,
            (Some(key), ..) => Some(Self::Key(key)),
            (None, Some(user), Some(session)) => Some(Self::Person { user, session }),
            _ => None,
        }
    }

    /// Whose the job is that has these written down: person, session and key.
    pub const fn noted(user: Option<Uuid>, session: Option<Uuid>, key: Option<Uuid>) -> Option<Self> {
        match (user, session, key) {
            (Some(user), Some(session), None) => Some(Self::Person { user, session }),
            (None, None, Some(key)) => Some(Self::Key(key)),
            _ => None,
        }
    }

    /// What is written down of it: person, session and key.
    pub const fn ids(self) -> (Option<Uuid>, Option<Uuid>, Option<Uuid>) {
        match self {
            Self::Person { user, session } => (Some(user), Some(session), None),
            Self::Key(key) => (None, None, Some(key)),
        }
    }

    /// The same as a caller. Whether they are let in, the door says as ever: the session or key has to be good.
    pub async fn caller(self, door: &Door, organization: Uuid, request: String) -> Result<Caller> {
        let caller =
            Caller { organization: Some(organization), request, unattended: true, ..Caller::default() };
        match self {
            Self::Person { user, session } => {
                Ok(Caller { user: Some(user), session: Some(session), ..caller })
            }
            Self::Key(key) => {
                let snapshot = door.snapshot_of(organization);
                // a key that was withdrawn is not tried
                let hash = api_keys::table
                    .find((organization, key))
                    .filter(api_keys::revoked_at.is_null())
                    .select(api_keys::hashed_key);
                let hash: Result<Vec<String>> = snapshot.as_ref().load(hash).await;
                snapshot.close();
                let hash = hash?.into_iter().next().ok_or(Error::Denied(Denied::Ended))?;
                Ok(Caller { api_key: Some(key), api_key_hash: Some(hash), ..caller })
            }
        }
    }
}

/// A job that is in this server's hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    pub job: Uuid,
    /// Names this server as long as it has it.
    pub id: Uuid,
}

#[derive(QueryableByName)]
struct Taken {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// Takes for `time` the job of the organization that waits longest, or that a server has left. Nobody else takes one that
/// is being taken.
pub async fn take(write: &mut Write, jobs: Jobs, time: Duration) -> Result<Option<Lease>> {
    let (now, lease) = (clock::now(), clock::new_id());
    let table = jobs.table();
    let take = format!(
        "UPDATE {table} SET status = 'running', lease_id = $1, lease_until = $2, attempts = attempts + 1,
           started_at = coalesce(started_at, $3)
         WHERE organization_id = $4 AND id = (
           SELECT id FROM {table} WHERE organization_id = $4
             AND (status = 'queued' OR status = 'running' AND lease_until <= $3)
           ORDER BY created_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
         RETURNING id"
    );
    let taken = sql_query(take)
        .bind::<SqlUuid, _>(lease)
        .bind::<Timestamptz, _>(now + time)
        .bind::<Timestamptz, _>(now)
        .bind::<SqlUuid, _>(write.organization());
    let taken: Option<Taken> = taken.get_result(&mut **write).await.optional()?;
    Ok(taken.map(|taken| Lease { job: taken.id, id: lease }))
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = BigInt)]
    own: i64,
    #[diesel(sql_type = BigInt)]
    all: i64,
}

/// How many jobs of `whose` have not ended, and of the organization; until the end of the transaction nobody adds one.
pub async fn open(write: &mut Write, jobs: Jobs, whose: Whose) -> Result<(i64, i64)> {
    write.as_keeper_of_jobs(true).await?;
    let (organization, table) = (write.organization(), jobs.table());
    sql_query("SELECT pg_advisory_xact_lock(hashtextextended($1 || $2::text, 0))")
        .bind::<Text, _>(table)
        .bind::<SqlUuid, _>(organization)
        .execute(&mut **write)
        .await?;
    let count = format!(
        "SELECT count(*) AS \"all\", count(*) FILTER (WHERE user_id = $2 OR api_key_id = $3) AS own FROM {table}
         WHERE organization_id = $1 AND finished_at IS NULL"
    );
    let (user, _, key) = whose.ids();
    let counted: Counted = sql_query(count)
        .bind::<SqlUuid, _>(organization)
        .bind::<Nullable<SqlUuid>, _>(user)
        .bind::<Nullable<SqlUuid>, _>(key)
        .get_result(&mut **write)
        .await?;
    write.as_keeper_of_jobs(false).await?;
    Ok((counted.own, counted.all))
}
