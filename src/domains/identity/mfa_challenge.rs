//! The second step of a sign-in (B007): whoever has shown their password gets a token, and for the token and a code a
//! session. Wrong codes count like wrong passwords, so that neither is guessed by trying the other.
use chrono::Duration;
use uuid::Uuid;

use super::{
    mfa::{Factor, Proof},
    passkey_sign_in::Assertion,
    session::{self, Account, Note, Proved, note},
    sign_in::{self, SignedIn},
};
use crate::{
    credential::{hash, one_time_token},
    domains::prelude::*,
    graph::{fault::Fault, visit::Visit},
    store::tables::identity::{one_time_tokens, users},
};

const PURPOSE: &str = "mfa_challenge";

/// How long a token works.
const LIFETIME: Duration = Duration::minutes(5);

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .action_in_visit("mfaChallenge", |visit, write, input| answer(visit, write, input).boxed(), sign_in::signed_in)
        .public()
        .once()
        .about(
            "Ends a sign-in that asks for a second factor: gives a session for the token of `signIn` and a code or a passkey. Who works \
             in several organizations and has named none gets a session in none: `sessionRefresh` chooses one. Errors: \
             REQUIRED, INVALID for a token that is unknown, used or too old and for a code that is wrong or was used \
             before, ACCOUNT_LOCKED after too many wrong ones, STATE for an organization that is suspended, NOT_FOUND for \
             one you are not a member of.",
        );
}

/// What a sign-in comes to that asks for a second factor.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
pub(super) struct Challenge {
    pub token: String,
    pub expires_at: DateTime<Utc>,
}

/// Asks a person who has shown the first factor for the second. `confined`: their session will stay in the organization.
pub(super) async fn pose(
    write: &mut Write,
    user: Uuid,
    organization: Option<String>,
    confined: bool,
) -> Outcome<SignedIn> {
    write.as_user(user).await?;
    let token = one_time_token::write().map_err(Fault::internal)?;
    let expires_at = clock::now() + LIFETIME;
    let email: String = users::table.find(user).select(users::email).first(write).await?;
    diesel::insert_into(one_time_tokens::table)
        .values((
            one_time_tokens::id.eq(clock::new_id()),
            one_time_tokens::user_id.eq(user),
            one_time_tokens::purpose.eq(PURPOSE),
            one_time_tokens::email.eq(email),
            one_time_tokens::token_hash.eq(hash(&token)),
            // no organization has a longer name; whoever names one is told so after the second factor
            one_time_tokens::organization
                .eq(organization.map(|slug| shortened(&slug)).filter(|slug| !slug.is_empty())),
            one_time_tokens::confined.eq(confined),
            one_time_tokens::expires_at.eq(expires_at),
            one_time_tokens::created_at.eq(clock::now()),
        ))
        .execute(write)
        .await?;
    let home = Some(sign_in::home(write, user).await?);
    note(write, Note { action: "user.mfa_asked", organization: home, ..Note::of(user) }).await?;
    Ok(SignedIn { challenge: Some(Challenge { token, expires_at }), ..SignedIn::default() })
}

fn shortened(slug: &str) -> String {
    slug.chars().take(200).collect()
}

/// The token and a code.
#[derive(InputObject)]
struct MfaChallengeInput {
    /// The token that `signIn` gave.
    #[graphql(secret)]
    token: String,
    /// The six digits that the app shows.
    #[graphql(secret)]
    code: Option<String>,
    /// A recovery code instead.
    #[graphql(secret)]
    recovery_code: Option<String>,
    /// What a device has answered instead, as `PublicKeyCredential.toJSON()` tells it.
    #[graphql(secret)]
    passkey: Option<Json>,
    /// The token that `passkeyChallengeBegin` gave, shown with the passkey.
    #[graphql(secret)]
    passkey_token: Option<String>,
}

async fn answer(visit: &Visit, write: &mut Write, input: MfaChallengeInput) -> Outcome<SignedIn> {
    let proof = match input.passkey {
        None => Proof::of(input.code, input.recovery_code)?,
        Some(passkey) if input.code.is_none() && input.recovery_code.is_none() => {
            Assertion::read(visit, input.passkey_token, passkey)?
        }
        Some(_) => {
            let message = say!("show a code or a passkey, not both");
            return Err(UserError::new(UserErrorCode::Invalid, message, &["input", "passkey"]).into());
        }
    };
    let token = hash(input.token.trim());
    write.as_redeeming(&token).await?;
    let (user, slug, confined) = good(write, &token).await?;
    write.as_user(user).await?;
    // who comes second finds the token used or the code, and is not counted for a token that is
    let factor = Factor::lock(write, user).await?;
    good(write, &token).await?;
    let account: Account = users::table.find(user).select(Account::as_select()).first(write).await?;
    if !factor.mfa_enabled || !account.is_usable() {
        return Err(spent().into());
    }
    let organizations = sign_in::workplaces(write, user).await?;
    if !factor.prove(write, &visit.keys, &proof).await? {
        let place = sign_in::concerned(&organizations, slug.as_deref());
        return Err(factor.refuse(write, &visit.keys, &proof, place).await?);
    }
    let this = one_time_tokens::table.filter(one_time_tokens::token_hash.eq(&token));
    diesel::update(this).set(one_time_tokens::used_at.eq(clock::now())).execute(write).await?;
    sign_in::welcome(write, &account).await?;
    let place = sign_in::chosen(slug.as_deref(), &organizations)?;
    let tokens = session::begin(write, &visit.keys, user, place, Proved { mfa: true, confined }).await?;
    let action = match proof {
        Proof::RecoveryCode(_) => Some("user.recovery_code_used"),
        Proof::Passkey(_) => Some("user.passkey_used"),
        Proof::Code(_) => None,
    };
    if let Some(action) = action {
        note(write, Note { action, ..Note::of(user) }).await?;
    }
    Ok(SignedIn { tokens: Some(tokens), organizations, challenge: None })
}

/// Whose a token is that is still good; it is shown already.
pub(super) async fn bearer(write: &mut Write, token: &str) -> Outcome<Uuid> {
    Ok(good(write, token).await?.0)
}

/// Whose a token is that is still good, the organization that they named, and whether they stay there.
async fn good(write: &mut Write, token: &str) -> Outcome<(Uuid, Option<String>, bool)> {
    let found = one_time_tokens::table
        .filter(one_time_tokens::token_hash.eq(token))
        .filter(one_time_tokens::purpose.eq(PURPOSE))
        .filter(one_time_tokens::used_at.is_null())
        .filter(one_time_tokens::expires_at.gt(clock::now()))
        .select((one_time_tokens::user_id, one_time_tokens::organization, one_time_tokens::confined))
        .first(write)
        .await
        .optional()?;
    Ok(found.ok_or_else(spent)?)
}

/// The answer to whoever shows a token that is good for nothing.
fn spent() -> UserError {
    let message = say!("the sign-in is unknown, ended or too old: sign in again");
    UserError::new(UserErrorCode::Invalid, message, &["input", "token"])
}
