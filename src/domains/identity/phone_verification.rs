//! Proving a telephone number (B004): with a code of six digits by text message, tried five times at most.
use chrono::Duration;
use uuid::Uuid;

use super::{
    outbox,
    session::{self, Note, note},
    user::User,
};
use crate::{
    credential::{hash, one_time_token},
    domains::prelude::*,
    graph::{
        fault::Fault,
        mutation::{NoInput, Payload},
    },
    store::tables::identity::{phone_codes, users},
};

/// How long a code works.
const LIFETIME: Duration = Duration::minutes(10);

/// So many codes are sent to one account within an hour.
const MOST: i64 = 3;

/// So often a code is tried.
const ATTEMPTS: i32 = 5;

pub fn mutations(mutations: &mut Mutations) {
    mutations.change("phoneUpdate", update).personal().about(
        "Sets your telephone number, or clears it; another one is not proved yet. Errors: INVALID for what is no number in \
         international form.",
    );
    mutations
        .action("phoneVerificationRequest", request, |payload: &mut Fields<Payload<bool>>| {
            payload
                .derived("done", |payload| payload.result.unwrap_or_default())
                .about("Whether a code is on its way.");
        })
        .personal()
        .once()
        .about(
            "Sends a code of six digits for `phoneVerify` to your telephone. It works once, for ten minutes, and replaces \
             those sent before. Errors: STATE when there is no number, or it is proved already, LIMIT_REACHED after three \
             within an hour.",
        );
    mutations
        .action("phoneVerify", verify, |payload: &mut Fields<Payload<bool>>| {
            payload
                .derived("done", |payload| payload.result.unwrap_or_default())
                .about("Whether the number is proved to be yours.");
        })
        .personal()
        .once()
        .about("Proves your telephone number with the code that was sent to it. Errors: INVALID, also after five attempts.");
}

/// The number.
#[derive(InputObject)]
struct PhoneUpdateInput {
    /// The version you read; refused when it is another by now.
    expected_version: Option<i32>,
    /// Your telephone number in international form, `+49 30 901820`; null for none.
    phone: Option<String>,
}

async fn update(write: &mut Write, input: PhoneUpdateInput) -> Outcome<Id<User>> {
    let id = Id::of(write.caller().user.unwrap_or_default());
    let before: User = record::lock(write, id, input.expected_version).await?;
    let phone = input.phone.as_deref().map(international).transpose()?;
    let after = if phone == before.phone {
        before.clone()
    } else {
        void(write, id.0).await?;
        User::update(write, id, Changes::default().set(users::phone, phone)).await?
    };
    session::in_some_organization(write).await?;
    record::updated(write, &before, &after).await
}

/// A number in international form, without what makes it easier to read.
fn international(phone: &str) -> Outcome<String> {
    let spared = |letter: &char| !matches!(letter, ' ' | '-' | '.' | '/' | '(' | ')');
    let number: String = phone.chars().filter(spared).collect();
    let digits = number.strip_prefix('+').unwrap_or_default();
    let whole = (7..=15).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit());
    if whole && !digits.starts_with('0') {
        return Ok(number);
    }
    let message = say!("this is no telephone number in international form, such as `+49 30 901820`");
    Err(UserError::new(UserErrorCode::Invalid, message, &["input", "phone"]).into())
}

/// Makes good for nothing what was sent to a person until now.
async fn void(write: &mut Write, user: Uuid) -> Outcome<()> {
    let now = clock::now();
    let open = phone_codes::table
        .filter(phone_codes::user_id.eq(user))
        .filter(phone_codes::used_at.is_null())
        .filter(phone_codes::expires_at.gt(now));
    diesel::update(open).set(phone_codes::expires_at.eq(now)).execute(write).await?;
    Ok(())
}

async fn request(write: &mut Write, _: NoInput) -> Outcome<bool> {
    let user = write.caller().user.unwrap_or_default();
    // the lock makes several requests at once wait for each other, so that each is counted
    let account =
        users::table.find(user).for_no_key_update().select((users::phone, users::phone_verified_at));
    let (phone, verified_at): (Option<String>, Option<DateTime<Utc>>) = account.first(write).await?;
    let Some(phone) = phone else {
        return Err(
            UserError::state(say!("there is no telephone number"), &["input"], &["phoneUpdate"]).into()
        );
    };
    if verified_at.is_some() {
        return Err(UserError::state(say!("your number is proved already"), &["input"], &[]).into());
    }
    let now = clock::now();
    let recent = phone_codes::table
        .filter(phone_codes::user_id.eq(user))
        .filter(phone_codes::created_at.gt(now - Duration::hours(1)));
    if recent.count().get_result::<i64>(write).await? >= MOST {
        let message = say!("three codes were sent within an hour: try again later");
        return Err(UserError::new(UserErrorCode::LimitReached, message, &["input"]).into());
    }
    void(write, user).await?;
    let (id, code) = (clock::new_id(), one_time_token::digits().map_err(Fault::internal)?);
    diesel::insert_into(phone_codes::table)
        .values((
            phone_codes::id.eq(id),
            phone_codes::user_id.eq(user),
            phone_codes::phone.eq(&phone),
            phone_codes::code_hash.eq(kept(id, &code)),
            phone_codes::expires_at.eq(now + LIFETIME),
            phone_codes::created_at.eq(now),
        ))
        .execute(write)
        .await?;
    outbox::text(
        write,
        &phone,
        &format!("{code} proves to Portico that this number is yours, for ten minutes."),
    )
    .await?;
    note(write, Note { action: "user.phone_verification_requested", ..Note::of(user) }).await?;
    Ok(true)
}

/// What is kept of a code: of two that are alike, not the same.
fn kept(id: Uuid, code: &str) -> String {
    hash(&format!("{id} {code}"))
}

/// The code.
#[derive(InputObject)]
struct PhoneVerifyInput {
    /// The six digits that were sent last.
    #[graphql(secret)]
    code: String,
}

async fn verify(write: &mut Write, input: PhoneVerifyInput) -> Outcome<bool> {
    let user = write.caller().user.unwrap_or_default();
    let before = User::lock(write, Id::of(user)).await?.ok_or_else(wrong)?;
    let now = clock::now();
    let open = phone_codes::table
        .filter(phone_codes::user_id.eq(user))
        .filter(phone_codes::phone.nullable().eq(&before.phone))
        .filter(phone_codes::used_at.is_null())
        .filter(phone_codes::expires_at.gt(now))
        .filter(phone_codes::attempts.lt(ATTEMPTS));
    // counted before it is looked at, in one statement: of many at once none is free
    let tried: Option<(Uuid, String)> = diesel::update(open)
        .set(phone_codes::attempts.eq(phone_codes::attempts + 1))
        .returning((phone_codes::id, phone_codes::code_hash))
        .get_result(write)
        .await
        .optional()?;
    let (id, hash) = tried.ok_or_else(wrong)?;
    if kept(id, input.code.trim()) != hash {
        note(write, Note { action: "user.phone_refused", error: Some("wrong code"), ..Note::of(user) })
            .await?;
        return Err(Stop::Kept(vec![wrong()]));
    }
    diesel::update(phone_codes::table.find(id)).set(phone_codes::used_at.eq(now)).execute(write).await?;
    session::in_some_organization(write).await?;
    if before.phone_verified_at.is_some() {
        // proved once is proved: the stamp says since when
        note(write, Note { action: "user.phone_verified", ..Note::of(user) }).await?;
        return Ok(true);
    }
    let proved = Changes::default().set(users::phone_verified_at, Some(now));
    record::change(write, "phone_verified", before, proved).await?;
    Ok(true)
}

/// The answer to whoever shows a code that is good for nothing.
fn wrong() -> UserError {
    let message = say!("the code is wrong, used, too old, or was tried too often: ask for another");
    UserError::new(UserErrorCode::Invalid, message, &["input", "code"])
}
