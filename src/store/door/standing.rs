//! Who a transaction runs for, and what the database knows of them.
//!
//! Everything about a caller is asked once and kept. With each later transaction only two things are asked, in the same
//! round trip that begins it: whether the credential is still good, and whether the organization's epoch is still the
//! same, which every change of a right, a membership or the organization raises.
use std::{
    fmt::{self, Display, Write as _},
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, Utc};
use diesel::{
    ExpressionMethods, NullableExpressionMethods, QueryDsl, QueryResult,
    dsl::{exists, select},
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{BigInt, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use moka::sync::Cache;
use uuid::Uuid;

use super::{
    Caller,
    impersonated::{self, Behind},
};
use crate::store::{
    clock,
    error::{Denied, Error, Result},
    grants::{ALL_APPROVALS, ALL_CONVERSATIONS, Grants},
    tables::identity::users,
};

/// What is known of a caller who was let in.
#[derive(Debug, Default)]
pub struct Standing {
    pub grants: Arc<Grants>,
    /// Raised by whatever may change any of this.
    pub epoch: i64,
    /// Row-level security shows the caller rows of this region only.
    pub region: Option<String>,
    /// The same of a department.
    pub department: Option<Uuid>,
    /// A second factor was shown in the session.
    pub mfa: bool,
    /// When time alone will change it.
    pub(super) until: Option<DateTime<Utc>>,
    /// Who acts as the caller, and what is known of them.
    pub(super) behind: Option<Arc<Behind>>,
}

/// The standing of callers who were let in before.
#[derive(Clone)]
pub(super) struct Standings {
    known: Cache<Key, Arc<Standing>>,
    /// The hashes of the API keys that opened the door.
    keys: Cache<String, ()>,
}

/// Organization, person, session and API key.
type Key = [Option<Uuid>; 4];

const fn key(caller: &Caller) -> Key {
    [caller.organization, caller.user, caller.session, caller.api_key]
}

impl Standing {
    /// Of a caller who holds `grants`, and whose roles time alone does not change `until` then.
    fn of(grants: Grants, epoch: i64, mfa: bool, until: Option<DateTime<Utc>>) -> Self {
        let until = [until, grants.until()].into_iter().flatten().min();
        let (region, department) = (grants.region(), grants.department());
        Self { grants: Arc::new(grants), epoch, region, department, mfa, until, behind: None }
    }

    /// When time alone will change it.
    pub const fn until(&self) -> Option<DateTime<Utc>> {
        self.until
    }

    /// Whether it is still so at this epoch, as far as time goes.
    pub fn holds(&self, epoch: i64) -> bool {
        self.epoch == epoch
            && self.is_timely()
            && self.behind.as_ref().is_none_or(|behind| behind.may_be(self))
    }

    pub(super) fn is_timely(&self) -> bool {
        self.until.is_none_or(|end| clock::now() < end)
    }

    /// Whether whoever stands like this may do, and see as plainly, all that somebody may who stands like `other`.
    pub fn covers(&self, other: &Self) -> bool {
        self.grants.cover(&other.grants)
            && (self.region.is_none() || self.region == other.region)
            && (self.department.is_none() || self.department == other.department)
    }

    /// Whether an administrator of the platform acts as the caller.
    pub fn is_of_administrator(&self) -> bool {
        self.behind.as_ref().is_some_and(|behind| behind.administers)
    }
}

impl Standings {
    /// Whoever is beyond is asked about again: it costs two statements.
    const CAPACITY: u64 = 100_000;

    pub(super) fn new() -> Self {
        Self { known: Cache::new(Self::CAPACITY), keys: Cache::new(Self::CAPACITY) }
    }

    /// What was known of the caller when they were let in last.
    pub(super) fn of(&self, caller: &Caller) -> Option<Arc<Standing>> {
        let standing = self.known.get(&key(caller))?;
        standing.holds(standing.epoch).then_some(standing)
    }

    /// Whether the caller's credential is none that anybody could make up: tokens are signed, and a key has opened the door
    /// before.
    pub(super) fn is_genuine(&self, caller: &Caller) -> bool {
        match &caller.api_key_hash {
            Some(hash) => self.keys.contains_key(hash),
            None => caller.api_key.is_none(),
        }
    }

    pub(super) fn forget(&self, caller: &Caller) {
        self.known.invalidate(&key(caller));
        if let Some(hash) = &caller.api_key_hash {
            self.keys.invalidate(hash);
        }
    }

    pub(super) fn keep(&self, caller: &Caller, standing: Arc<Standing>) {
        if !caller.is_anonymous() {
            self.known.insert(key(caller), standing);
        }
        if let Some(hash) = &caller.api_key_hash {
            self.keys.insert(hash.clone(), ());
        }
    }
}

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// One moment, as a whole.
    Read,
    Write,
}

/// Begins a transaction of a caller whose standing is known from a read of the same moment.
pub(super) async fn enter(
    mut connection: &AsyncPgConnection,
    purpose: Purpose,
    caller: &Caller,
    standing: &Standing,
) -> Result<()> {
    let mut begin = begin(purpose, caller);
    limit(&mut begin, standing);
    Ok(connection.batch_execute(&begin).await?)
}

/// Begins a transaction of the caller whose standing was known, in one round trip. False where that is no longer so.
pub(super) async fn confirm(
    connection: &AsyncPgConnection,
    purpose: Purpose,
    caller: &Caller,
    standing: &Standing,
    patience: Option<Duration>,
) -> Result<bool> {
    not_over(caller)?;
    let mut begin = begin(purpose, caller);
    limit(&mut begin, standing);
    begin.push_str(&patient(patience));
    let (mut first, mut second) = (connection, connection);
    let (begun, found) = futures_util::join!(
        first.batch_execute(&begin),
        Check { mfa: standing.mfa, ..Check::of(caller) }.load::<(i64, bool)>(&mut second)
    );
    begun?;
    Ok(found?.into_iter().next() == Some((standing.epoch, true)))
}

/// Begins a transaction of the caller, asking everything about them.
pub(super) async fn ask(
    connection: &AsyncPgConnection,
    purpose: Purpose,
    caller: &Caller,
    patience: Option<Duration>,
) -> Result<Standing> {
    not_over(caller)?;
    let standing = match caller.impersonator {
        None => known(connection, caller, &(begin(purpose, caller) + &patient(patience))).await?,
        Some(who) => impersonated::ask(connection, purpose, caller, who).await?,
    };
    let mut connection = connection;
    connection.batch_execute(&limits(&standing)).await?;
    Ok(standing)
}

/// What the database knows of the caller after it was told `settings`, where it lets them in.
pub(super) async fn known(
    connection: &AsyncPgConnection,
    caller: &Caller,
    settings: &str,
) -> Result<Standing> {
    let (mut first, mut second) = (connection, connection);
    let (set, found) = futures_util::join!(
        first.batch_execute(settings),
        Ask(Check::of(caller)).load::<Answer>(&mut second)
    );
    set?;
    let answer = found?.into_iter().next().ok_or_else(|| Error::Internal("no standing".into()))?;
    let (credential, membership, organization, epoch, until, mfa) = answer;
    admit(caller, &credential, membership.as_deref(), organization.as_deref())?;
    let grants =
        if caller.is_anonymous() { Grants::default() } else { Grants::of(connection, caller, mfa).await? };
    Ok(Standing::of(grants, epoch, mfa, until))
}

/// The same for somebody who did not ask: none where they are no member, or, inside, would not be let in.
pub(super) async fn of_member(
    mut connection: &AsyncPgConnection,
    caller: &Caller,
) -> Result<Option<Option<Standing>>> {
    connection.batch_execute(&begin(Purpose::Read, caller)).await?;
    let found = Ask(Check::of(caller)).load::<Answer>(&mut connection).await?;
    let answer = found.into_iter().next().ok_or_else(|| Error::Internal("no standing".into()))?;
    let (_, membership, organization, epoch, until, mfa) = answer;
    let open = users::table
        .filter(users::id.nullable().eq(caller.user))
        .filter(users::deleted_at.is_null())
        .filter(users::locked_at.is_null())
        .filter(users::status.eq_any(["pending", "active"]));
    let is_open: bool = select(exists(open)).get_result(&mut connection).await?;
    if !is_open || membership.as_deref() != Some("active") || organization.as_deref() != Some("active") {
        return Ok(membership.map(|_| None));
    }
    let grants = Grants::of(connection, caller, mfa).await?;
    let standing = Standing::of(grants, epoch, mfa, until);
    connection.batch_execute(&limits(&standing)).await?;
    Ok(Some(Some(standing)))
}

/// A token says itself when it ends.
pub(super) fn not_over(caller: &Caller) -> Result<()> {
    match caller.expires_at {
        Some(end) if end <= clock::now() => Err(Error::Denied(Denied::Expired)),
        _ => Ok(()),
    }
}

/// Whether the caller may go on at all; who has not signed in may, but holds no permission.
fn admit(
    caller: &Caller,
    credential: &str,
    membership: Option<&str>,
    organization: Option<&str>,
) -> Result<()> {
    let refused = |why| Err(Error::Denied(why));
    if caller.is_anonymous() {
        return Ok(());
    }
    match credential {
        "valid" | "mfa_required" => {}
        "expired" => return refused(Denied::Expired),
        "revoked" | "replaced" if caller.api_key.is_some() => return refused(Denied::Withdrawn),
        _ => return refused(Denied::Ended),
    }
    if caller.organization.is_some() {
        match organization {
            Some("active") => {}
            Some("suspended") => return refused(Denied::Suspended),
            _ => return refused(Denied::Ended),
        }
        // of a key: the membership of who made it; a key that the platform made has none
        if membership != Some("active") && (caller.user.is_some() || membership.is_some()) {
            return refused(Denied::Ended);
        }
    }
    if credential == "mfa_required" { refused(Denied::MfaRequired) } else { Ok(()) }
}

/// What a transaction begins with.
pub(super) fn begin(purpose: Purpose, caller: &Caller) -> String {
    let mut sql = String::with_capacity(ROOM);
    sql.push_str(match purpose {
        Purpose::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        Purpose::Write => "BEGIN",
    });
    identify(&mut sql, purpose, caller);
    sql
}

/// Room for all that a transaction mostly begins with.
const ROOM: usize = 768;

/// Row-level security and triggers go by these settings until the transaction ends.
pub(super) fn settings(purpose: Purpose, caller: &Caller) -> String {
    let mut sql = String::with_capacity(ROOM);
    identify(&mut sql, purpose, caller);
    sql
}

fn identify(sql: &mut String, purpose: Purpose, caller: &Caller) {
    let ids = [
        ("organization_id", caller.organization),
        ("user_id", caller.user),
        ("session_id", caller.session),
        ("api_key_id", caller.api_key),
        ("impersonator_id", caller.impersonator.map(|who| who.user)),
    ];
    for (name, id) in ids {
        set(sql, name, id);
    }
    if purpose == Purpose::Write {
        // only what is written names where it comes from
        set(sql, "change_source", Some("user"));
        set(sql, "request_id", Some(&caller.request));
    }
}

/// To which rows the caller is limited.
pub(super) fn limits(standing: &Standing) -> String {
    let mut sql = String::new();
    limit(&mut sql, standing);
    sql
}

fn limit(sql: &mut String, standing: &Standing) {
    set(sql, "region", standing.region.as_deref());
    set(sql, "department_id", standing.department);
    set(sql, "conversations", standing.grants.hold(ALL_CONVERSATIONS).then_some("all"));
    set(sql, "approvals", standing.grants.hold(ALL_APPROVALS).then_some("all"));
    set(sql, "deciding", standing.grants.deciding());
}

/// How long each statement may run, where it is not as long as always.
fn patient(patience: Option<Duration>) -> String {
    let say = |patience: Duration| format!("; SET LOCAL statement_timeout = {}", patience.as_millis());
    patience.map(say).unwrap_or_default()
}

/// A setting that is not set is empty: it ended with the transaction before.
fn set(sql: &mut String, name: &str, value: Option<impl Display>) {
    if let Some(value) = value {
        // writing to a string does not fail
        let _ = write!(sql, "; SET LOCAL app.{name} = '");
        let _ = write!(Quoted(sql), "{value}");
        sql.push('\'');
    }
}

/// Text between quotes, which it cannot end.
struct Quoted<'s>(&'s mut String);

impl fmt::Write for Quoted<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for (index, part) in text.split('\'').enumerate() {
            self.0.push_str(if index > 0 { "''" } else { "" });
            self.0.push_str(part);
        }
        Ok(())
    }
}

/// Whether the credential is good, and which epoch it is.
struct Check {
    organization: Option<Uuid>,
    user: Option<Uuid>,
    session: Option<Uuid>,
    api_key: Option<Uuid>,
    api_key_hash: Option<String>,
    /// Whether a second factor was shown in the session, as far as is known.
    mfa: bool,
}

impl Check {
    fn of(caller: &Caller) -> Self {
        Self {
            organization: caller.organization,
            user: caller.user,
            session: caller.session,
            api_key: caller.api_key,
            api_key_hash: caller.api_key_hash.clone(),
            mfa: false,
        }
    }
}

impl Query for Check {
    type SqlType = (BigInt, Bool);
}
impl<C> diesel::RunQueryDsl<C> for Check {}
impl QueryId for Check {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
impl QueryFragment<Pg> for Check {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT coalesce(sum(e.epoch), 0)::bigint, EXISTS (SELECT FROM ");
        if self.api_key.is_some() {
            out.push_sql("identity.api_keys c WHERE c.organization_id = ");
            out.push_bind_param::<Nullable<SqlUuid>, _>(&self.organization)?;
            out.push_sql(" AND c.id = ");
            out.push_bind_param::<Nullable<SqlUuid>, _>(&self.api_key)?;
            // a key that was replaced works for a while
            out.push_sql(" AND (c.hashed_key = ");
            out.push_bind_param::<Nullable<Text>, _>(&self.api_key_hash)?;
            out.push_sql(" OR c.previous_valid_until > now() AND c.previous_hashed_key = ");
            out.push_bind_param::<Nullable<Text>, _>(&self.api_key_hash)?;
            out.push_sql(")");
        } else {
            out.push_sql("identity.sessions c WHERE c.id = ");
            out.push_bind_param::<Nullable<SqlUuid>, _>(&self.session)?;
            out.push_sql(" AND c.user_id = ");
            out.push_bind_param::<Nullable<SqlUuid>, _>(&self.user)?;
            // somebody who shows one meanwhile may do more
            out.push_sql(" AND c.mfa = ");
            out.push_bind_param::<Bool, _>(&self.mfa)?;
        }
        out.push_sql(
            " AND c.revoked_at IS NULL AND (c.expires_at IS NULL OR c.expires_at > now())) \
             FROM access.epochs e WHERE e.organization_id IN ('00000000-0000-0000-0000-000000000000', ",
        );
        out.push_bind_param::<Nullable<SqlUuid>, _>(&self.organization)?;
        out.push_sql(")");
        Ok(())
    }
}

/// The call of `access.standing`.
struct Ask(Check);

type Answer = (String, Option<String>, Option<String>, i64, Option<DateTime<Utc>>, bool);

impl Query for Ask {
    type SqlType = (Text, Nullable<Text>, Nullable<Text>, BigInt, Nullable<Timestamptz>, Bool);
}
impl<C> diesel::RunQueryDsl<C> for Ask {}
impl QueryId for Ask {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
impl QueryFragment<Pg> for Ask {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT credential, membership, organization, epoch, until, mfa FROM access.standing(");
        for id in [&self.0.organization, &self.0.user, &self.0.session, &self.0.api_key] {
            out.push_bind_param::<Nullable<SqlUuid>, _>(id)?;
            out.push_sql(", ");
        }
        out.push_bind_param::<Nullable<Text>, _>(&self.0.api_key_hash)?;
        out.push_sql(")");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_cannot_end_its_own_quotes() {
        let caller = Caller { request: "'; DROP TABLE x; --".to_owned(), ..Caller::default() };
        assert!(
            begin(Purpose::Write, &caller).ends_with("; SET LOCAL app.request_id = '''; DROP TABLE x; --'")
        );
    }
}
