//! Lockout (B006): after so many wrong passwords and codes in a row an account is closed for a while, even to the right one.
//! Addresses that nobody has are counted alike, so that the answer does not tell who has an account.
use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex, PoisonError},
};

use chrono::Duration;
use diesel::{
    sql_query,
    sql_types::{Integer, Nullable, Timestamptz, Uuid as SqlUuid},
};
use uuid::Uuid;

use crate::{
    credential::{Rules, hash},
    domains::prelude::*,
    store::{
        detection::{Rule, Sighting},
        select::PLATFORM,
    },
};

/// The answer to whoever may not try.
pub fn closed(until: DateTime<Utc>) -> UserError {
    let minutes = (until - clock::now()).num_minutes() + 1;
    let message = say!("too many wrong passwords or codes: the account is locked for {minutes} more minutes");
    UserError::new(UserErrorCode::AccountLocked, message, &["input"])
}

/// The answer to whoever knows the password of an account that an administrator has locked.
pub fn closed_for_good() -> UserError {
    let message = say!("the account was locked by an administrator: ask for it to be opened");
    UserError::new(UserErrorCode::AccountLocked, message, &["input"])
}

/// What a wrong password has led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// So many in a row.
    Counted(i32),
    /// This was the last one allowed.
    Locked,
    /// It was locked meanwhile: one does not even learn that the password was wrong.
    Closed(DateTime<Utc>),
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = Integer)]
    failed_login_attempts: i32,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    locked_until: Option<DateTime<Utc>>,
}

/// Counts a wrong password or code for `user`. One statement, so that of many at once each is counted, and none after the lock.
pub async fn failed(write: &mut Write, rules: Rules, user: Uuid) -> StoreResult<Failure> {
    let counted: Vec<Count> = sql_query(
        "WITH rule(most, minutes) AS (VALUES ($2, $3))
         UPDATE identity.users u SET
           failed_login_attempts = CASE WHEN u.locked_until <= now() THEN 1 ELSE u.failed_login_attempts + 1 END,
           locked_until = CASE WHEN CASE WHEN u.locked_until <= now() THEN 1 ELSE u.failed_login_attempts + 1 END >= rule.most
                               THEN now() + make_interval(mins => rule.minutes) END
         FROM rule WHERE u.id = $1 AND (u.locked_until IS NULL OR u.locked_until <= now())
         RETURNING u.failed_login_attempts, u.locked_until",
    )
    .bind::<SqlUuid, _>(user)
    .bind::<Integer, _>(number(rules.lock_after_failures))
    .bind::<Integer, _>(number(rules.lock_minutes))
    .load(write)
    .await?;
    Ok(match counted.into_iter().next() {
        Some(Count { locked_until: Some(_), .. }) => Failure::Locked,
        Some(Count { failed_login_attempts, .. }) => Failure::Counted(failed_login_attempts),
        None => Failure::Closed(clock::now() + minutes(rules)),
    })
}

/// Writes down what a wrong password or code, for the account of `user` or an address that nobody has, may be a sign of.
/// It comes after the note in the audit trail, which says in which organization.
pub async fn noticed(
    write: &mut Write,
    failure: Failure,
    user: Option<Uuid>,
    email: Option<&str>,
) -> StoreResult<()> {
    let email = email.map(str::to_lowercase);
    let here = write.organization();
    if failure == Failure::Locked {
        let locked = match (user, &email) {
            (Some(user), _) => {
                Sighting { target: Some(user), ..Sighting::new(Rule::AccountLocked, here, &user) }
            }
            // the address may be anything that somebody typed: it is not kept
            (None, email) => {
                let key = hash(email.as_deref().unwrap_or_default());
                Sighting::new(Rule::UnknownAccountLocked, PLATFORM, &key)
            }
        };
        write.notice(locked).await?;
    }
    match (email, write.caller().ip) {
        (Some(email), Some(ip)) => {
            let spraying = Sighting::new(Rule::PasswordSpraying, PLATFORM, &ip);
            write.notice(Sighting { subject: &email, ..spraying }).await
        }
        _ => Ok(()),
    }
}

fn number(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

fn minutes(rules: Rules) -> Duration {
    Duration::minutes(rules.lock_minutes.into())
}

/// Addresses that nobody has, with the wrong passwords tried for them on this server.
static STRANGERS: LazyLock<Mutex<Strangers>> = LazyLock::new(Mutex::default);

#[derive(Default)]
struct Strangers(HashMap<String, (u32, Option<DateTime<Utc>>)>);

impl Strangers {
    /// Beyond this many addresses the count begins anew: it must not fill the memory.
    const CAPACITY: usize = 10_000;

    fn failed(&mut self, rules: Rules, email: &str, now: DateTime<Utc>) -> Failure {
        if self.0.len() >= Self::CAPACITY && !self.0.contains_key(email) {
            self.0.clear();
        }
        let (count, until) = self.0.entry(email.to_owned()).or_default();
        match *until {
            Some(end) if end > now => return Failure::Closed(end),
            Some(_) => (*count, *until) = (1, None),
            None => *count = count.saturating_add(1),
        }
        if *count >= rules.lock_after_failures {
            *until = Some(now + minutes(rules));
            return Failure::Locked;
        }
        Failure::Counted(number(*count))
    }
}

/// Until when an address that nobody has is closed, as an account of that address would be.
pub fn stranger_closed(email: &str) -> Option<DateTime<Utc>> {
    let strangers = STRANGERS.lock().unwrap_or_else(PoisonError::into_inner);
    strangers.0.get(&email.to_lowercase()).and_then(|(_, until)| *until)
}

/// Counts a wrong password for an address that nobody has.
pub fn stranger_failed(rules: Rules, email: &str) -> Failure {
    let mut strangers = STRANGERS.lock().unwrap_or_else(PoisonError::into_inner);
    strangers.failed(rules, &email.to_lowercase(), clock::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_are_locked_out_like_everybody() {
        let rules = Rules { lock_after_failures: 3, lock_minutes: 15, ..Rules::default() };
        let mut strangers = Strangers::default();
        let now = clock::now();
        assert_eq!(strangers.failed(rules, "a", now), Failure::Counted(1));
        assert_eq!(strangers.failed(rules, "a", now), Failure::Counted(2));
        assert_eq!(strangers.failed(rules, "b", now), Failure::Counted(1));
        assert_eq!(strangers.failed(rules, "a", now), Failure::Locked);
        assert_eq!(strangers.failed(rules, "a", now), Failure::Closed(now + minutes(rules)));
        assert_eq!(strangers.failed(rules, "a", now + minutes(rules)), Failure::Counted(1));
    }
}
