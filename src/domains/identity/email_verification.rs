//! Proving an e-mail address (B004), the one of the account or one that is to take its place: with a token by mail.
use std::time::Duration as Pause;

use chrono::Duration;
use futures_util::join;
use uuid::Uuid;

use super::{
    one_time::{self, Purpose},
    outbox, password_change,
    password_reset::PASSWORD_RESET,
    session::{self, Note, note},
    sign_in,
    user::User,
};
use crate::{
    credential::hash,
    domains::{access::automatic, prelude::*},
    graph::{mutation::Payload, visit::Visit},
    store::tables::identity::users,
};

/// Sent to an address, to prove that it is its person's.
pub(super) const EMAIL_VERIFICATION: Purpose =
    Purpose { name: "email_verification", lifetime: Duration::hours(24) };

/// Every request takes this long, and more than any needs: whether somebody else has the address must not show in its time.
const ANSWER: Pause = Pause::from_millis(200);

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .action_in_visit(
            "emailVerificationRequest",
            |visit, write, input| request(visit, write, input).boxed(),
            |payload: &mut Fields<Payload<bool>>| {
                payload
                    .derived("done", |payload| payload.result.unwrap_or_default())
                    .about("Whether the request was taken: not whether the address is free.");
            },
        )
        .personal()
        .once()
        .about(
            "Sends a token for `emailVerify` by mail to your address, or to another one that is to take its place; until then \
             nothing changes. It works once, for a day, and replaces those sent before. To an address that another account \
             has nothing is sent, and the answer is the same. Errors: STATE when your address is proved already, REQUIRED \
             and INVALID for the password and the address, ACCOUNT_LOCKED, LIMIT_REACHED after three within an hour.",
        );
    mutations
        .action_in_visit(
            "emailVerify",
            |_, write, input| verify(write, input).boxed(),
            |payload: &mut Fields<Payload<bool>>| {
                payload
                    .derived("done", |payload| payload.result.unwrap_or_default())
                    .about("Whether the address is proved, and from now on that of the account.");
            },
        )
        .public()
        .once()
        .about(
            "Proves an e-mail address with the token of a mail. Where it takes the place of another, one signs in with it from \
             then on. Errors: INVALID for a token that is unknown, used or too old, which of them is not told.",
        );
}

/// Which address to prove.
#[derive(InputObject)]
struct EmailVerificationRequestInput {
    /// The address that is to take the place of yours; when absent, yours is proved.
    email: Option<String>,
    /// Your password, for another address than yours.
    #[graphql(secret)]
    current_password: Option<String>,
}

async fn request(visit: &Visit, write: &mut Write, input: EmailVerificationRequestInput) -> Outcome<bool> {
    let user = write.caller().user.unwrap_or_default();
    let account = users::table.find(user).select((users::email, users::email_verified_at));
    let (own, verified_at): (String, Option<DateTime<Utc>>) = account.first(write).await?;
    let wanted = input.email.as_deref().map(str::trim);
    let other = wanted.filter(|wanted| wanted.to_lowercase() != own.to_lowercase());
    let email = other.unwrap_or(&own).to_owned();
    if other.is_none() {
        if verified_at.is_some() {
            return Err(
                UserError::state(say!("your address is proved already"), &["input", "email"], &[]).into()
            );
        }
    } else {
        is_address(&email)?;
        // whoever finds a session open does not take the account over by it
        password_change::show(visit, write, input.current_password, &["input", "currentPassword"]).await?;
    }
    let sent = write
        .aside(async {
            let (sent, ()) = join!(send(visit, user, &own, &email), tokio::time::sleep(ANSWER));
            sent
        })
        .await?;
    sent?;
    write.changed_nothing();
    Ok(true)
}

/// Refused unless it has the form of an address.
fn is_address(email: &str) -> Outcome<()> {
    let parts = email.split_once('@').filter(|(name, host)| !name.is_empty() && !host.is_empty());
    let whole = parts.is_some_and(|(_, host)| !host.contains('@')) && !email.contains(char::is_whitespace);
    if whole && email.chars().count() <= 320 {
        return Ok(());
    }
    Err(UserError::new(UserErrorCode::Invalid, say!("this is no e-mail address"), &["input", "email"]).into())
}

/// Sends a token, in a transaction of its own.
async fn send(visit: &Visit, user: Uuid, own: &str, email: &str) -> Outcome<()> {
    let mut write = visit.door.write(visit.caller.clone()).await?;
    let Some(token) = one_time::issue(&mut write, EMAIL_VERIFICATION, user, email).await? else {
        let message = say!("three mails were sent within an hour: try again later");
        return Err(UserError::new(UserErrorCode::LimitReached, message, &["input", "email"]).into());
    };
    let taken = session::account(&mut write, email).await?.is_some_and(|account| account.id != user);
    if !taken {
        let what =
            if email == own { "prove that it is yours" } else { "use it for your account from now on" };
        let body = format!(
            "Somebody, you we hope, wants to {what}: this address at Portico.\n\n\
             This lets you do so, once and within a day:\n\n{}\n\n\
             If it was not you, there is nothing to do.",
            outbox::shown(visit, "email-verification", &token)
        );
        outbox::post(&mut write, email, "Your e-mail address at Portico", &body).await?;
    }
    note(&mut write, Note { action: "user.email_verification_requested", ..Note::of(user) }).await?;
    Ok(write.commit().await?)
}

/// The token.
#[derive(InputObject)]
struct EmailVerifyInput {
    /// The token of the mail that came last.
    #[graphql(secret)]
    token: String,
}

async fn verify(write: &mut Write, input: EmailVerifyInput) -> Outcome<bool> {
    let token = hash(input.token.trim());
    let bearer = one_time::bearer(write, EMAIL_VERIFICATION, &token).await?;
    let (user, email) = bearer.ok_or_else(spent)?;
    // the same order of locks as wherever else tokens are used: the person first
    let account = session::account_of(write, user).await?;
    account.filter(session::Account::is_usable).ok_or_else(spent)?;
    if !one_time::spend(write, &token).await? {
        return Err(spent().into());
    }
    write.proved(user, None).await?;
    let before = User::lock(write, Id::of(user)).await?.ok_or_else(spent)?;
    let home = sign_in::home(write, user).await?;
    write.enter_organization(home).await?;
    let now = Some(clock::now());
    let moved = before.email.to_lowercase() != email.to_lowercase();
    let changes = match before.email_verified_at {
        // proved once is proved: the stamp says since when
        Some(_) if !moved => {
            note(write, Note { action: "user.email_verified", organization: Some(home), ..Note::of(user) })
                .await?;
            return Ok(true);
        }
        None if !moved => Changes::default().set(users::email_verified_at, now),
        _ => Changes::default().set(users::email, email.clone()).set(users::email_verified_at, now),
    };
    let old = before.email.clone();
    record::change(write, "email_verified", before, changes).await.map_err(|stop| match stop {
        // somebody else has taken the address meanwhile
        Stop::User(_) => spent().into(),
        other => other,
    })?;
    // rules may ask about the address, in every organization
    for place in sign_in::workplaces(write, user).await? {
        write.enter_organization(place.id.0).await?;
        let rules = automatic::hold_rules(write).await?;
        rules.apply(write, Id::of(user)).await?;
    }
    write.enter_organization(home).await?;
    if moved {
        // what was sent to the old address does not open the account any more
        one_time::void(write, PASSWORD_RESET, user).await?;
        one_time::void(write, EMAIL_VERIFICATION, user).await?;
        let body = format!(
            "The address of your account at Portico is {email} from now on.\n\n\
             If it was not you who changed it, tell an administrator at once."
        );
        outbox::post(write, &old, "Your account at Portico has another address", &body).await?;
    }
    Ok(true)
}

/// The answer to whoever shows a token that is good for nothing.
fn spent() -> UserError {
    let message = say!("the token is unknown, used or too old: ask for another");
    UserError::new(UserErrorCode::Invalid, message, &["input", "token"])
}
