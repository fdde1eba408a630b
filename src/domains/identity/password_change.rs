//! Changing a password (B005), and showing it again before what only its person may do.
use uuid::Uuid;

use super::{
    lockout::{self, Failure},
    one_time, organization_settings,
    password::{self, Verdict},
    password_reset::PASSWORD_RESET,
    session::{self, Account, Note, Whose, note},
    sign_in::workplaces,
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

/// Whether a person may choose this password: what the strictest of their organizations wants counts.
pub(super) async fn acceptable(write: &mut Write, user: Uuid, password: &str) -> Outcome<()> {
    let path = ["input", "newPassword"];
    password::acceptable(password, &path)?;
    let shortest = shortest_password(write, user).await?;
    if password.chars().count() < shortest {
        let message = say!("your organization wants passwords of at least {shortest} characters");
        return Err(UserError::new(UserErrorCode::Invalid, message, &path).into());
    }
    Ok(())
}

/// What the strictest of a person's organizations wants.
async fn shortest_password(write: &mut Write, user: Uuid) -> Outcome<usize> {
    let here = write.organization();
    let mut shortest = 0;
    for place in workplaces(write, user).await? {
        write.enter_organization(place.id.0).await?;
        shortest = shortest.max(organization_settings::shortest_password(write).await?);
    }
    write.enter_organization(here).await?;
    Ok(shortest)
}

async fn change(visit: &Visit, write: &mut Write, input: PasswordChangeInput) -> Outcome<bool> {
    let user = write.caller().user.unwrap_or_default();
    acceptable(write, user, &input.new_password).await?;
    let account: Account = users::table.find(user).select(Account::as_select()).first(write).await?;
    if let Some(until) = account.locked_until.filter(|end| *end > clock::now()) {
        return Err(lockout::closed(until).into());
    }
    let work = async {
        let verdict = password::verify(input.current_password, account.password_hash).await?;
        let hash =
            if verdict == Verdict::Wrong { None } else { Some(password::hash(input.new_password).await?) };
        Outcome::Ok(hash)
    };
    let Some(hash) = write.aside(work).await?? else {
        return Err(refuse(visit, write, user, &["input", "currentPassword"]).await?);
    };
    diesel::update(users::table.find(user))
        .set((
            users::password_hash.eq(hash),
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

/// The caller shows their password once more, unless they have none. For the beginning of a mutation: what was written
/// before is lost.
pub(super) async fn show(
    visit: &Visit,
    write: &mut Write,
    shown: Option<String>,
    path: &[&str],
) -> Outcome<()> {
    let user = write.caller().user.unwrap_or_default();
    let account: Account = users::table.find(user).select(Account::as_select()).first(write).await?;
    if let Some(until) = account.locked_until.filter(|end| *end > clock::now()) {
        return Err(lockout::closed(until).into());
    }
    let Some(hash) = account.password_hash else { return Ok(()) };
    let Some(shown) = shown else {
        return Err(UserError::new(UserErrorCode::Required, say!("show your password"), path).into());
    };
    let verdict = write.aside(password::verify(shown, Some(hash))).await??;
    if verdict == Verdict::Wrong { Err(refuse(visit, write, user, path).await?) } else { Ok(()) }
}

/// Guesses by whoever holds a stolen token count like those at the front door.
async fn refuse(visit: &Visit, write: &mut Write, user: Uuid, path: &[&str]) -> Outcome<Stop> {
    let failure = lockout::failed(write, visit.keys.rules, user).await?;
    let error = match failure {
        Failure::Closed(until) => lockout::closed(until),
        _ => UserError::new(UserErrorCode::Invalid, say!("this is not your password"), path),
    };
    let told = Note { action: "user.password_refused", error: Some("wrong password"), ..Note::of(user) };
    note(write, told).await?;
    Ok(Stop::Kept(vec![error]))
}
