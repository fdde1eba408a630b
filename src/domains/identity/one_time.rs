//! One-time tokens: sent to a person, who shows with one, once, that what was sent to an address of theirs has reached them.
use chrono::Duration;
use uuid::Uuid;

use crate::{
    credential::{hash, one_time_token},
    domains::prelude::*,
    graph::fault::Fault,
    store::tables::identity::{one_time_tokens, users},
};

/// What a token is good for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Purpose {
    pub name: &'static str,
    /// How long it works.
    pub lifetime: Duration,
}

/// So many tokens for one purpose are sent to one account within an hour.
const MOST: i64 = 3;

/// A new token for a person, who can see nothing else meanwhile; those sent before are good for nothing. None where too
/// many were sent within an hour.
pub(super) async fn issue(
    write: &mut Write,
    purpose: Purpose,
    user: Uuid,
    email: &str,
) -> Outcome<Option<String>> {
    write.as_user(user).await?;
    // the lock makes several requests at once wait for each other, so that each is counted
    users::table.find(user).for_no_key_update().select(users::id).execute(write).await?;
    let now = clock::now();
    let recent: i64 = one_time_tokens::table
        .filter(one_time_tokens::user_id.eq(user))
        .filter(one_time_tokens::purpose.eq(purpose.name))
        .filter(one_time_tokens::created_at.gt(now - Duration::hours(1)))
        .count()
        .get_result(write)
        .await?;
    if recent >= MOST {
        return Ok(None);
    }
    void(write, purpose, user).await?;
    let token = one_time_token::write().map_err(Fault::internal)?;
    diesel::insert_into(one_time_tokens::table)
        .values((
            one_time_tokens::id.eq(clock::new_id()),
            one_time_tokens::user_id.eq(user),
            one_time_tokens::purpose.eq(purpose.name),
            one_time_tokens::email.eq(email),
            one_time_tokens::token_hash.eq(hash(&token)),
            one_time_tokens::expires_at.eq(now + purpose.lifetime),
            one_time_tokens::created_at.eq(now),
        ))
        .execute(write)
        .await?;
    Ok(Some(token))
}

/// Makes good for nothing what was sent to a person until now.
pub(super) async fn void(write: &mut Write, purpose: Purpose, user: Uuid) -> Outcome<()> {
    let now = clock::now();
    let open = one_time_tokens::table
        .filter(one_time_tokens::user_id.eq(user))
        .filter(one_time_tokens::purpose.eq(purpose.name))
        .filter(one_time_tokens::used_at.is_null())
        .filter(one_time_tokens::expires_at.gt(now));
    diesel::update(open).set(one_time_tokens::expires_at.eq(now)).execute(write).await?;
    Ok(())
}

/// Whom a token that is still good was sent to, and at which address; what is theirs can be seen from then on.
pub(super) async fn bearer(
    write: &mut Write,
    purpose: Purpose,
    token: &str,
) -> Outcome<Option<(Uuid, String)>> {
    write.as_redeeming(token).await?;
    let bearer: Option<(Uuid, String)> = one_time_tokens::table
        .filter(one_time_tokens::token_hash.eq(token))
        .filter(one_time_tokens::purpose.eq(purpose.name))
        .filter(one_time_tokens::used_at.is_null())
        .filter(one_time_tokens::expires_at.gt(clock::now()))
        .select((one_time_tokens::user_id, one_time_tokens::email))
        .first(write)
        .await
        .optional()?;
    if let Some((user, _)) = &bearer {
        write.as_user(*user).await?;
    }
    Ok(bearer)
}

/// Uses a token up; false where somebody else was faster.
pub(super) async fn spend(write: &mut Write, token: &str) -> Outcome<bool> {
    let now = clock::now();
    let good = one_time_tokens::table
        .filter(one_time_tokens::token_hash.eq(token))
        .filter(one_time_tokens::used_at.is_null())
        .filter(one_time_tokens::expires_at.gt(now));
    Ok(diesel::update(good).set(one_time_tokens::used_at.eq(now)).execute(write).await? > 0)
}
