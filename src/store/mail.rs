//! The outbox. The server that answers requests may only add to it; background work delivers it, and the owner of the
//! tables reads it.
use anyhow::Result;
use chrono::{DateTime, Utc};
use diesel::{
    QueryableByName, sql_query,
    sql_types::{BigInt, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::{
    connect::connect,
    door::{Door, Work},
    error,
};

/// One mail.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Mail {
    #[diesel(sql_type = Text)]
    pub recipient: String,
    #[diesel(sql_type = Text)]
    pub subject: String,
    #[diesel(sql_type = Text)]
    pub body: String,
    #[diesel(sql_type = Timestamptz)]
    pub created_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub sent_at: Option<DateTime<Utc>>,
    /// Why it was not delivered when that was tried last.
    #[diesel(sql_type = Nullable<Text>)]
    pub failure: Option<String>,
}

/// All mail, or that to one address, the oldest first.
pub async fn written(owner_url: &str, to: Option<&str>) -> Result<Vec<Mail>> {
    let mail = sql_query(
        "SELECT recipient, subject, body, created_at, sent_at, failure FROM identity.mail
         WHERE $1 IS NULL OR lower(recipient) = lower($1) ORDER BY id",
    );
    Ok(mail.bind::<Nullable<Text>, _>(to).load(&mut connect(owner_url).await?).await?)
}

/// A mail that was taken to be delivered.
#[derive(Debug, QueryableByName)]
pub struct Due {
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    #[diesel(sql_type = Text)]
    pub recipient: String,
    #[diesel(sql_type = Text)]
    pub subject: String,
    #[diesel(sql_type = Text)]
    pub body: String,
    #[diesel(sql_type = Timestamptz)]
    pub created_at: DateTime<Utc>,
    /// How often it was tried, this time included.
    #[diesel(sql_type = Integer)]
    pub attempts: i32,
}

/// What waits longer than this is given up: the tokens in it are too old, or nobody expects it any more.
const TOO_OLD: &str = "
    UPDATE identity.mail SET failed_at = now(), failure = coalesce(failure, 'it was not delivered within a day')
     WHERE sent_at IS NULL AND failed_at IS NULL AND next_attempt_at <= now() AND created_at < now() - interval '1 day'";

/// Nobody else takes a mail that is being taken, nor for five minutes after that.
const TAKE: &str = "
    UPDATE identity.mail AS m SET attempts = m.attempts + 1, next_attempt_at = now() + interval '5 minutes'
      FROM (SELECT id FROM identity.mail WHERE channel = 'mail' AND sent_at IS NULL AND failed_at IS NULL AND next_attempt_at <= now()
             ORDER BY next_attempt_at LIMIT $1 FOR UPDATE SKIP LOCKED) AS due
     WHERE m.id = due.id RETURNING m.id, m.recipient, m.subject, m.body, m.created_at, m.attempts";

/// Takes mail that is due, `most` at a time; whoever took it has five minutes to say what came of it.
pub async fn take(door: &Door, most: i64) -> error::Result<Vec<Due>> {
    let mut work = worker(door).await?;
    sql_query(TOO_OLD).execute(&mut *work).await?;
    let taken = sql_query(TAKE).bind::<BigInt, _>(most).load(&mut *work).await?;
    work.commit().await?;
    Ok(taken)
}

/// Notes that a mail has arrived. What it said is kept no longer: a token in it may still be good.
pub async fn sent(door: &Door, id: Uuid) -> error::Result<()> {
    let mut work = worker(door).await?;
    let sent =
        sql_query("UPDATE identity.mail SET sent_at = now(), failure = NULL, body = '(sent)' WHERE id = $1");
    sent.bind::<SqlUuid, _>(id).execute(&mut *work).await?;
    work.commit().await
}

/// Notes why a mail was not delivered. Unless that is final it is tried again after half a minute, then after twice as
/// long each time, up to an hour.
pub async fn failed(door: &Door, due: &Due, reason: &str, is_final: bool) -> error::Result<()> {
    let mut work = worker(door).await?;
    let failed = sql_query(
        "UPDATE identity.mail SET failure = left($2, 2000), failed_at = CASE WHEN $3 THEN now() END,
           next_attempt_at = now() + least(interval '30 seconds' * 2 ^ least($4 - 1, 10), interval '1 hour')
         WHERE id = $1 AND sent_at IS NULL",
    );
    failed
        .bind::<SqlUuid, _>(due.id)
        .bind::<Text, _>(reason)
        .bind::<diesel::sql_types::Bool, _>(is_final)
        .bind::<Integer, _>(due.attempts)
        .execute(&mut *work)
        .await?;
    work.commit().await
}

/// Deletes what was delivered or given up a week ago, and tokens that ended a week ago; text messages and challenges after a
/// day.
pub async fn forget(door: &Door) -> error::Result<usize> {
    let mut work = worker(door).await?;
    let mut forgotten = 0;
    for old in [
        "DELETE FROM identity.mail WHERE coalesce(sent_at, failed_at) < now() - interval '7 days'",
        "DELETE FROM identity.one_time_tokens WHERE expires_at < now() - interval '7 days'",
        "DELETE FROM identity.mail WHERE channel = 'sms' AND created_at < now() - interval '1 day'",
        "DELETE FROM identity.phone_codes WHERE expires_at < now() - interval '1 day'",
        "DELETE FROM identity.passkey_challenges WHERE expires_at < now() - interval '1 day'",
    ] {
        forgotten += sql_query(old).execute(&mut *work).await?;
    }
    work.commit().await?;
    Ok(forgotten)
}

async fn worker(door: &Door) -> error::Result<Work> {
    let mut work = door.work().await?;
    work.as_worker().await?;
    Ok(work)
}
