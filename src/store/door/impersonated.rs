//! Somebody who acts as somebody else: both are let in, or neither. Whoever acts needs their own session, account and
//! right for as long as it lasts, and may do all that the person may; only administrators of the platform act as
//! whomever they like, one another aside.
use std::sync::Arc;

use diesel::{
    ExpressionMethods, QueryDsl,
    dsl::{exists, select},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use uuid::Uuid;

use super::{
    Caller, Standing,
    standing::{self, Purpose},
};
use crate::store::{
    error::{Denied, Error, Result},
    tables::identity::platform_admins,
};

/// The permission to act as colleagues.
pub const IMPERSONATE: &str = "user.impersonate";

/// Who acts as somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Impersonator {
    pub user: Uuid,
    /// Their own session.
    pub session: Uuid,
}

/// What is known of them.
#[derive(Debug)]
pub(super) struct Behind {
    standing: Standing,
    /// Whether they administer the platform.
    pub(super) administers: bool,
}

impl Behind {
    /// Whether they may act as somebody of this standing, now.
    pub(super) fn may_be(&self, person: &Standing) -> bool {
        let own = &self.standing;
        self.administers || own.is_timely() && own.grants.hold(IMPERSONATE) && own.covers(person)
    }
}

/// Begins a transaction of a caller as whom `who` acts, asking everything about both.
pub(super) async fn ask(
    mut connection: &AsyncPgConnection,
    purpose: Purpose,
    caller: &Caller,
    who: Impersonator,
) -> Result<Standing> {
    let own =
        Caller { user: Some(who.user), session: Some(who.session), impersonator: None, ..caller.clone() };
    connection.batch_execute(&standing::begin(purpose, &own)).await?;
    let administers = is_administrator(connection, who.user).await?;
    // an administrator is a member of no organization
    let own = Caller { organization: own.organization.filter(|_| !administers), ..own };
    let behind = standing::known(connection, &own, &standing::settings(purpose, &own)).await?;
    let person = standing::known(connection, caller, &standing::settings(purpose, caller)).await?;
    let untouchable = is_administrator(connection, caller.user.unwrap_or_default()).await?;
    let behind = Behind { standing: behind, administers };
    if untouchable || !behind.may_be(&person) {
        return Err(Error::Denied(Denied::Ended));
    }
    Ok(Standing { behind: Some(Arc::new(behind)), ..person })
}

/// Whether `person`, for whom the transaction runs, administers the platform.
async fn is_administrator(mut connection: &AsyncPgConnection, person: Uuid) -> Result<bool> {
    let listed = platform_admins::table.filter(platform_admins::user_id.eq(person));
    Ok(select(exists(listed)).get_result(&mut connection).await?)
}
