//! Another password, chosen by who knows the one of before (B005).
use uuid::Uuid;

use super::{
    lockout::{self, Failure},
    one_time,
    password::{self, Verdict},
    password_reset::PASSWORD_RESET,
    session::{self, Account, Note, Whose, note},
    sign_in,
};
use crate::{
    domains::prelude::*,
    graph::{mutation::Payload, visit::Visit},
    store::tables::identity::users,
};

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .action_in_visit(
            "passwordChange",
            |visit, write, input| change(visit, write, input).boxed(),
            |payload: &mut Fields<Payload<bool>>| {
                payload
                    .derived("done", |payload| payload.result.unwrap_or_default())
                    .about("Whether the password was changed.");
            },
        )
        .personal()
        .once()
        .about(
            "Changes your password and ends your other sessions. Errors: INVALID, TOO_LONG, ACCOUNT_LOCKED.",
        );
}

/// The password of before and the one from now on.
#[derive(InputObject)]
struct PasswordChangeInput {
    /// The password of before.
    #[graphql(secret)]
    current_password: String,
    /// The password from now on: 8 to 200 characters, more where an organization of yours wants that; none that
    /// everybody would guess.
    #[graphql(secret)]
    new_password: String,
}

/// Refused unless whoever is signed in as `user` knows their password: guesses by whoever holds a stolen token count like
/// those at the front door.
pub(super) async fn prove(
    visit: &Visit,
    write: &mut Write,
    user: Uuid,
    shown: String,
    path: &[&str],
) -> Outcome<()> {
    let account: Account = users::table.find(user).select(Account::as_select()).first(write).await?;
    if let Some(until) = account.locked_until.filter(|end| *end > clock::now()) {
        return Err(lockout::closed(until).into());
    }
    if write.aside(password::verify(shown, account.password_hash)).await?? != Verdict::Wrong {
        return Ok(());
    }
    let error = match lockout::failed(write, visit.keys.rules, user).await? {
        Failure::Closed(until) => lockout::closed(until),
        Failure::Counted(_) | Failure::Locked => {
            UserError::new(UserErrorCode::Invalid, "this is not your password", path)
        }
    };
    let told = Note { action: "user.password_refused", error: Some("wrong password"), ..Note::of(user) };
    note(write, told).await?;
    Err(Stop::Kept(vec![error]))
}

async fn change(visit: &Visit, write: &mut Write, input: PasswordChangeInput) -> Outcome<bool> {
    let user = write.caller().user.unwrap_or_default();
    sign_in::acceptable(write, user, &input.new_password).await?;
    prove(visit, write, user, input.current_password, &["input", "currentPassword"]).await?;
    let chosen = write.aside(password::hash(input.new_password)).await??;
    diesel::update(users::table.find(user))
        .set((
            users::password_hash.eq(chosen),
            users::password_changed_at.eq(clock::now()),
            users::failed_login_attempts.eq(0),
        ))
        .execute(write)
        .await?;
    one_time::void(write, PASSWORD_RESET, user).await?;
    let current = write.caller().session;
    session::end(write, Whose::AllBut(current), "password_changed").await?;
    note(write, Note { action: "user.password_changed", ..Note::of(user) }).await?;
    Ok(true)
}
