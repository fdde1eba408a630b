//! An administrator's lock (B006): it has no end until an administrator opens it, and whoever is signed in is out at once.
use super::{
    session::{self, Note, Whose, note},
    sign_in,
    user::User,
};
use crate::{
    domains::prelude::*,
    graph::mutation::Payload,
    store::{select::PLATFORM, tables::identity::users},
};

pub fn mutations(mutations: &mut Mutations) {
    mutations.action("userLock", lock, judged).for_platform_admins().about(
        "Locks an account until it is unlocked: its person's sessions and keys are good for nothing at once, in every \
         organization. Nobody locks themselves. Errors: NOT_FOUND, STATE, INVALID.",
    );
    mutations.action("userUnlock", unlock, judged).for_platform_admins().about(
        "Opens an account that an administrator has locked, and forgets wrong passwords; sessions that have ended stay \
         so. Errors: NOT_FOUND, STATE, INVALID.",
    );
}

/// Whose account, and why.
#[derive(InputObject)]
struct UserLockInput {
    /// The person.
    id: Id<User>,
    /// Why, for the audit trail: at most 500 characters.
    reason: String,
}

fn judged(payload: &mut Fields<Payload<Id<User>>>) {
    payload.derived("userId", |payload| payload.result).about("Whose account; null when nothing was done.");
    payload.derived("done", |payload| payload.result.is_some()).about("Whether it was done.");
}

async fn lock(write: &mut Write, input: UserLockInput) -> Outcome<Id<User>> {
    judge(write, input, true).await
}

async fn unlock(write: &mut Write, input: UserLockInput) -> Outcome<Id<User>> {
    judge(write, input, false).await
}

/// What an administrator of the platform does is written down there and wherever the person works (B011).
async fn judge(write: &mut Write, input: UserLockInput, locks: bool) -> Outcome<Id<User>> {
    let (person, administrator) = (input.id, write.caller().user.unwrap_or_default());
    let reason = input.reason.trim();
    if !(1..=500).contains(&reason.chars().count()) {
        let message = say!("a reason has 1 to 500 characters");
        return Err(UserError::new(UserErrorCode::Invalid, message, &["input", "reason"]).into());
    }
    if person.0 == administrator {
        return Err(UserError::state(say!("nobody locks themselves"), &["input", "id"], &[]).into());
    }
    write.enter_organization(PLATFORM).await?;
    write.as_user(person.0).await?;
    let living = users::table.find(person).filter(users::deleted_at.is_null());
    let found: Option<Option<DateTime<Utc>>> =
        living.for_no_key_update().select(users::locked_at).first(write).await.optional()?;
    let locked_at = found.ok_or_else(|| UserError::not_found(person, &["input", "id"]))?;
    let account = users::table.find(person);
    match (locked_at.is_some(), locks) {
        (true, true) => {
            return Err(
                UserError::state(say!("it is locked already"), &["input", "id"], &["userUnlock"]).into()
            );
        }
        (false, false) => {
            return Err(UserError::state(say!("it is not locked"), &["input", "id"], &["userLock"]).into());
        }
        (false, true) => {
            diesel::update(account).set(users::locked_at.eq(clock::now())).execute(write).await?;
            session::end_of(write, person.0, Whose::AllBut(None), "account_locked").await?;
        }
        (true, false) => {
            let open = (
                users::locked_at.eq(None::<DateTime<Utc>>),
                users::locked_until.eq(None::<DateTime<Utc>>),
                users::failed_login_attempts.eq(0),
            );
            diesel::update(account).set(open).execute(write).await?;
        }
    }
    let places = sign_in::workplaces(write, person.0).await?;
    write.as_user(administrator).await?;
    let action = if locks { "user.locked_by_administrator" } else { "user.unlocked_by_administrator" };
    for place in places.iter().map(|place| place.id.0).chain([PLATFORM]) {
        let told = Note { action, organization: Some(place), detail: Some(reason), ..Note::of(person.0) };
        note(write, told).await?;
    }
    Ok(person)
}
