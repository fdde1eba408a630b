//! Entering: what the database says of a caller when a transaction begins.
use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{BigInt, Nullable, Text, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use uuid::Uuid;

use super::Caller;
use crate::store::{
    clock,
    error::{Denied, Error, Result},
};

/// What the database says of the caller when a transaction begins.
#[derive(Clone, Debug)]
pub struct Entry {
    credential: String,
    membership: Option<String>,
    organization: Option<String>,
    pub epoch: i64,
    /// The caller sees rows of this region only.
    pub region: Option<String>,
    /// The caller sees rows of this department only.
    pub department: Option<Uuid>,
}

impl Entry {
    /// Whether the caller may go on at all; who has not signed in may, but holds no permission.
    fn admit(&self, caller: &Caller) -> Result<(), Denied> {
        if caller.is_anonymous() {
            return Ok(());
        }
        if caller.expires_at.is_some_and(|end| end <= clock::now()) || self.credential == "expired" {
            return Err(Denied::Expired);
        }
        if self.credential != "valid" {
            return Err(Denied::Ended);
        }
        if caller.organization.is_some() {
            match self.organization.as_deref() {
                Some("active") => {}
                Some("suspended") => return Err(Denied::Suspended),
                _ => return Err(Denied::Ended),
            }
            // of a key: the membership of who made it; a key that the platform made has none
            let member = self.membership.as_deref();
            if member != Some("active") && (caller.user.is_some() || member.is_some()) {
                return Err(Denied::Ended);
            }
        }
        Ok(())
    }
}

/// Begins a transaction and enters it as `caller`, in one round trip: both statements are pipelined.
///
/// `sees_all_at` is the epoch at which the caller was known to read everybody's conversations.
pub(super) async fn enter(
    connection: &AsyncPgConnection,
    begin: &str,
    caller: &Caller,
    sees_all_at: Option<i64>,
) -> Result<Entry> {
    let question = Enter {
        organization: caller.organization,
        user: caller.user,
        session: caller.session,
        api_key: caller.api_key,
        api_key_hash: caller.api_key_hash.clone(),
        request: caller.request.clone(),
        sees_all_at,
    };
    let (mut first, mut second) = (connection, connection);
    let (begun, entries) =
        futures_util::join!(first.batch_execute(begin), question.load::<EntryRow>(&mut second));
    begun?;
    let row = entries?.into_iter().next().ok_or_else(|| Error::Internal("no entry".into()))?;
    let (credential, membership, organization, epoch, region, department) = row;
    let entry = Entry { credential, membership, organization, epoch, region, department };
    entry.admit(caller).map_err(Error::Denied)?;
    Ok(entry)
}

type EntryRow = (String, Option<String>, Option<String>, i64, Option<String>, Option<Uuid>);

/// The call of `access.enter`: a fragment of its own so that it is prepared once per connection.
#[derive(QueryId)]
struct Enter {
    organization: Option<Uuid>,
    user: Option<Uuid>,
    session: Option<Uuid>,
    api_key: Option<Uuid>,
    api_key_hash: Option<String>,
    request: String,
    sees_all_at: Option<i64>,
}

impl Query for Enter {
    type SqlType = (Text, Nullable<Text>, Nullable<Text>, BigInt, Nullable<Text>, Nullable<SqlUuid>);
}
impl<C> diesel::RunQueryDsl<C> for Enter {}
impl QueryFragment<Pg> for Enter {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "SELECT credential, membership, organization, epoch, region, department FROM access.enter(",
        );
        for id in [&self.organization, &self.user, &self.session, &self.api_key] {
            out.push_bind_param::<Nullable<SqlUuid>, _>(id)?;
            out.push_sql(", ");
        }
        out.push_bind_param::<Nullable<Text>, _>(&self.api_key_hash)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(&self.request)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<BigInt>, _>(&self.sees_all_at)?;
        out.push_sql(")");
        Ok(())
    }
}
