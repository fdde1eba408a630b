//! A forgotten password (B005): a token that comes by mail lets its person choose a new one, once.
use std::time::Duration as Pause;

use chrono::Duration;
use futures_util::join;
use uuid::Uuid;

use super::{
    one_time::{self, Purpose},
    outbox, password, password_change,
    session::{self, Account, Note, Whose, note},
    sign_in,
};
use crate::{
    credential::hash,
    domains::prelude::*,
    graph::{mutation::Payload, visit::Visit},
    store::{door::Caller, tables::identity::users},
};

/// Sent to who has forgotten their password.
pub(super) const PASSWORD_RESET: Purpose = Purpose { name: "password_reset", lifetime: Duration::hours(1) };

/// Every request takes this long, and more than any needs: what it does must not show in its time.
const ANSWER: Pause = Pause::from_millis(200);

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .action_in_visit(
            "passwordResetRequest",
            |visit, write, input| request(visit, write, input).boxed(),
            |payload: &mut Fields<Payload<bool>>| {
                payload
                    .derived("done", |payload| payload.result.unwrap_or_default())
                    .about("Always true: whether there is such an account is not told.");
            },
        )
        .public()
        .once()
        .about(
            "Sends a token for `passwordReset` by mail to a person who has forgotten their password. It works once, for an \
             hour, and replaces those sent before; three at most are sent in an hour. The answer is the same whether or \
             not anybody has the address. Errors: none.",
        );
    mutations
        .action_in_visit(
            "passwordReset",
            |_, write, input| reset(write, input).boxed(),
            |payload: &mut Fields<Payload<bool>>| {
                payload
                    .derived("done", |payload| payload.result.unwrap_or_default())
                    .about("Whether the password was changed.");
            },
        )
        .public()
        .once()
        .about(
            "Chooses a new password with the token of a mail, and ends all sessions of its person; wrong passwords of before \
             are forgotten, an administrator's lock stays. Errors: INVALID for a password that may not be chosen, and for a \
             token that is unknown, used or too old, which of them is not told; TOO_LONG.",
        );
}

/// Who has forgotten their password.
#[derive(InputObject)]
struct PasswordResetRequestInput {
    /// Your e-mail address.
    email: String,
}

async fn request(visit: &Visit, write: &mut Write, input: PasswordResetRequestInput) -> Outcome<bool> {
    // whoever asks, they have proved nothing
    let before = write.caller();
    let caller = Caller {
        request: before.request.clone(),
        ip: before.ip,
        user_agent: before.user_agent.clone(),
        ..Caller::default()
    };
    let sent = write
        .aside(async {
            let (sent, ()) = join!(send(visit, caller, input.email.trim()), tokio::time::sleep(ANSWER));
            sent
        })
        .await?;
    sent?;
    write.changed_nothing();
    Ok(true)
}

/// Sends a token to whoever has this address, in a transaction of its own.
async fn send(visit: &Visit, caller: Caller, email: &str) -> Outcome<()> {
    let mut write = visit.door.write(caller.into()).await?;
    let account = session::account(&mut write, email).await?.filter(resettable);
    let told = match account {
        Some(account) => issue(visit, &mut write, account.id).await?,
        None => Note { user: None, error: Some("nobody to send it to"), ..Note::of(Uuid::nil()) },
    };
    note(&mut write, Note { action: "user.password_reset_requested", ..told }).await?;
    Ok(write.commit().await?)
}

/// Whether there is a password to choose anew: who signs in another way has none.
fn resettable(account: &Account) -> bool {
    account.is_usable() && account.password_hash.is_some()
}

async fn issue(visit: &Visit, write: &mut Write, user: Uuid) -> Outcome<Note<'static>> {
    write.as_user(user).await?;
    let recipient: String = users::table.find(user).select(users::email).first(write).await?;
    let organization = Some(sign_in::home(write, user).await?);
    let Some(token) = one_time::issue(write, PASSWORD_RESET, user, &recipient).await? else {
        return Ok(Note { organization, error: Some("too many within an hour"), ..Note::of(user) });
    };
    let body = format!(
        "Somebody, you we hope, has asked to choose a new password for your account at Portico.\n\n\
         This lets you do so, once and within an hour:\n\n{}\n\n\
         If it was not you, there is nothing to do: your password stays as it is.",
        outbox::shown(visit, "password-reset", &token)
    );
    outbox::post(write, &recipient, "A new password for Portico", &body).await?;
    Ok(Note { organization, ..Note::of(user) })
}

/// The token, and the password from now on.
#[derive(InputObject)]
struct PasswordResetInput {
    /// The token of the mail that came last.
    #[graphql(secret)]
    token: String,
    /// The password from now on: 8 to 200 characters, more where an organization of yours wants that; none that
    /// everybody would guess.
    #[graphql(secret)]
    new_password: String,
}

async fn reset(write: &mut Write, input: PasswordResetInput) -> Outcome<bool> {
    password::acceptable(&input.new_password, &["input", "newPassword"])?;
    let token = hash(input.token.trim());
    // looked at before anything is hashed: who has no token costs nothing
    let user = bearer(write, &token).await?;
    password_change::acceptable(write, user, &input.new_password).await?;
    let chosen = write.aside(password::hash(input.new_password)).await??;
    // a password change takes the same locks in the same order: the person first, then their tokens
    bearer(write, &token).await?;
    let account = session::account_of(write, user).await?;
    account.filter(resettable).ok_or_else(spent)?;
    if !one_time::spend(write, &token).await? {
        return Err(spent().into());
    }
    write.proved(user, None).await?;
    diesel::update(users::table.find(user))
        .set((
            users::password_hash.eq(chosen),
            users::password_changed_at.eq(clock::now()),
            users::failed_login_attempts.eq(0),
            users::locked_until.eq(None::<DateTime<Utc>>),
        ))
        .execute(write)
        .await?;
    let home = sign_in::home(write, user).await?;
    write.enter_organization(home).await?;
    session::end(write, Whose::AllBut(None), "password_reset").await?;
    note(write, Note { action: "user.password_reset", organization: Some(home), ..Note::of(user) }).await?;
    Ok(true)
}

/// Whom a token that is still good was sent to; what is theirs can be seen from then on.
async fn bearer(write: &mut Write, token: &str) -> Outcome<Uuid> {
    let bearer = one_time::bearer(write, PASSWORD_RESET, token).await?;
    Ok(bearer.map(|(user, _)| user).ok_or_else(spent)?)
}

/// The answer to whoever shows a token that is good for nothing.
fn spent() -> UserError {
    let message = say!("the token is unknown, used or too old: ask for another");
    UserError::new(UserErrorCode::Invalid, message, &["input", "token"])
}
