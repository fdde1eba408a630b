//! Passkeys: keys on people's devices that sign them in, alone or as their second factor. What a device has to sign is
//! asked once, for a few minutes, and answered once, rightly or wrongly.
use std::collections::HashMap;

use uuid::Uuid;

use super::{
    password_change,
    session::{Note, note},
    user::User,
};
use crate::{
    credential::{
        hash, one_time_token,
        passkey::{Asked, Kept, LIFETIME, Refusal, Shown, Site},
    },
    domains::prelude::*,
    graph::{fault::Fault, mutation::Payload, visit::Visit},
    store::tables::identity::{passkey_challenges, passkeys, sessions, users},
};

/// A person has no more passkeys than these.
const MOST: usize = 20;

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = passkeys, check_for_backend(Pg))]
pub struct Passkey {
    pub id: Id<Passkey>,
    pub user_id: Id<User>,
    pub name: String,
    pub last_used_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
}

entity!(Passkey, "passkey", identity::passkeys, public "everybody sees their own passkeys only", owner Nobody);

impl Entity for Passkey {
    fn fields(passkey: &mut Fields<Self>) {
        columns! { passkey: Passkey { id, name, last_used_at, created_at } keeps { user_id } }
    }
}

/// The passkeys of a person.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PasskeysOf(pub Uuid);

impl Batch for PasskeysOf {
    type Value = Vec<Passkey>;

    async fn load(db: &Snapshot, keys: &[Self]) -> StoreResult<HashMap<Self, Self::Value>> {
        let query = passkeys::table
            .filter(passkeys::user_id.eq_any(keys.iter().map(|key| key.0).collect::<Vec<_>>()))
            .order(passkeys::id)
            .limit(1000)
            .select(Passkey::as_select());
        let mut found = HashMap::<Self, Self::Value>::new();
        for passkey in db.load(query).await? {
            found.entry(Self(passkey.user_id.0)).or_default().push(passkey);
        }
        Ok(found)
    }
}

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .action_in_visit("passkeyRegistrationBegin", |visit, write, input| begin(visit, write, input).boxed(), asked)
        .personal()
        .without_mfa()
        .once()
        .about(
            "Prepares a passkey for your account: `passkeyRegister` takes what the device makes of the options. Errors: \
             REQUIRED, INVALID when the password is wrong, ACCOUNT_LOCKED, LIMIT_REACHED, STATE where you have a second \
             factor and have not signed in with it, and where passkeys are not set up.",
        );
    mutations
        .action_in_visit(
            "passkeyRegister",
            |visit, write, input| register(visit, write, input).boxed(),
            |payload: &mut Fields<Payload<Id<Passkey>>>| {
                payload
                    .one("passkey", |payload| payload.result)
                    .about("The record as it is now; null when nothing was done.");
            },
        )
        .personal()
        .without_mfa()
        .once()
        .about(
            "Adds the passkey that a device has made: from now on it signs you in, and counts as a second factor. Errors: \
             INVALID for an answer that is not to what was asked, is too late or was given before, NOT_UNIQUE for a passkey \
             that is there already, STATE.",
        );
    mutations
        .change("passkeyRename", rename)
        .personal()
        .about("Names one of your passkeys. Errors: NOT_FOUND, INVALID.");
    mutations
        .action_in_visit(
            "passkeyDelete",
            |visit, write, input| delete(visit, write, input).boxed(),
            |payload: &mut Fields<Payload<Id<Passkey>>>| {
                payload
                    .derived("deletedPasskeyId", |payload| payload.result)
                    .about("Which passkey is gone; null when nothing was done.");
            },
        )
        .personal()
        .once()
        .about(
            "Removes one of your passkeys: it signs nobody in any more. Errors: NOT_FOUND, REQUIRED, INVALID when the \
             password is wrong, ACCOUNT_LOCKED, STATE where you have not signed in with your second factor.",
        );
}

/// What a device is asked, and the token of its answer.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
pub(super) struct Challenge {
    token: String,
    options: Json,
}

pub(super) fn asked(payload: &mut Fields<Payload<Challenge>>) {
    payload
        .derived("token", |payload| payload.result.as_ref().map(|challenge| challenge.token.clone()))
        .about("Shown with the answer: good for one, within five minutes.");
    payload
        .derived("options", |payload| payload.result.as_ref().map(|challenge| challenge.options.clone()))
        .about("What the device is asked, as `navigator.credentials` takes it once it is parsed (WebAuthn).");
}

/// Where passkeys are used: the web application, else the address of the server.
pub(super) fn site(visit: &Visit) -> Outcome<Site> {
    let addresses: Vec<&str> =
        visit.web_url.as_deref().into_iter().chain(visit.public_url.as_deref()).collect();
    let message = say!("there are no passkeys here: the server does not know its own address");
    Ok(Site::of(&addresses).ok_or_else(|| UserError::state(message, &["input"], &[]))?)
}

/// Remembers what a device was asked: a person, or whoever answers.
pub(super) async fn remember(
    write: &mut Write,
    purpose: &str,
    person: Option<Uuid>,
    asked: Result<Asked, Refusal>,
) -> Outcome<Challenge> {
    let asked = asked.map_err(Fault::internal)?;
    let token = one_time_token::write().map_err(Fault::internal)?;
    diesel::insert_into(passkey_challenges::table)
        .values((
            passkey_challenges::id.eq(clock::new_id()),
            passkey_challenges::user_id.eq(person),
            passkey_challenges::purpose.eq(purpose),
            passkey_challenges::token_hash.eq(hash(&token)),
            passkey_challenges::state.eq(Json(asked.state)),
            passkey_challenges::expires_at.eq(clock::now() + LIFETIME),
            passkey_challenges::created_at.eq(clock::now()),
        ))
        .execute(write)
        .await?;
    write.changed_nothing();
    Ok(Challenge { token, options: Json(asked.options) })
}

/// What the bearer of a token was asked, who answers now and not again.
pub(super) async fn recall(
    write: &mut Write,
    purpose: &str,
    token: &str,
) -> Outcome<Option<(Option<Uuid>, serde_json::Value)>> {
    let (token, now) = (hash(token.trim()), clock::now());
    write.as_redeeming(&token).await?;
    let open = passkey_challenges::table
        .filter(passkey_challenges::token_hash.eq(&token))
        .filter(passkey_challenges::purpose.eq(purpose))
        .filter(passkey_challenges::used_at.is_null())
        .filter(passkey_challenges::expires_at.gt(now));
    let asked: Option<(Option<Uuid>, Json)> = diesel::update(open)
        .set(passkey_challenges::used_at.eq(now))
        .returning((passkey_challenges::user_id, passkey_challenges::state))
        .get_result(write)
        .await
        .optional()?;
    Ok(asked.map(|(person, state)| (person, state.0)))
}

/// The answer to whoever shows what is good for nothing.
pub(super) fn unaccepted() -> UserError {
    let message = say!("the passkey is not accepted: begin again");
    UserError::new(UserErrorCode::Invalid, message, &["input", "passkey"])
}

/// The numbers of the passkeys of `person`, whose belongings can be seen.
pub(super) async fn known(write: &mut Write, person: Uuid) -> Outcome<Vec<Vec<u8>>> {
    let all = passkeys::table.filter(passkeys::user_id.eq(person)).order(passkeys::id);
    Ok(all.select(passkeys::credential_id).load(write).await?)
}

/// Whether `person`, whose belongings can be seen and are locked, has signed with a passkey what they were asked.
pub(super) async fn prove(
    write: &mut Write,
    site: &Site,
    person: Uuid,
    shown: &Shown,
    state: serde_json::Value,
) -> Outcome<bool> {
    if shown.person().is_some_and(|named| named != person) {
        return Ok(false);
    }
    let this =
        passkeys::table.filter(passkeys::user_id.eq(person)).filter(passkeys::credential_id.eq(shown.id()));
    let kept = this.for_update().select((passkeys::id, passkeys::name, passkeys::credential));
    let kept: Option<(Uuid, String, Json)> = kept.first(write).await.optional()?;
    let Some((id, name, Json(credential))) = kept else { return Ok(false) };
    match site.verify(shown, state, credential) {
        Ok(Kept { credential, sign_count, .. }) => {
            let used = (
                passkeys::credential.eq(Json(credential)),
                passkeys::sign_count.eq(sign_count),
                passkeys::last_used_at.eq(clock::now()),
            );
            diesel::update(passkeys::table.find(id)).set(used).execute(write).await?;
            Ok(true)
        }
        Err(refusal) => {
            let (action, error) = ("user.passkey_refused", refusal.to_string());
            let home = Some(super::sign_in::home(write, person).await?);
            let told = Note {
                action,
                organization: home,
                detail: Some(&name),
                error: Some(&error),
                ..Note::of(person)
            };
            note(write, told).await?;
            Ok(false)
        }
    }
}

/// Refused where the caller has a second factor and has not shown it in this session: who knows the password alone gives
/// themselves none, and takes none away.
pub(super) async fn with_second_factor(write: &mut Write) -> Outcome<()> {
    let caller = write.caller().clone();
    let person = caller.user.unwrap_or_default();
    let shown = sessions::table.find(caller.session.unwrap_or_default()).select(sessions::mfa);
    let shown: Option<bool> = shown.first(write).await.optional()?;
    let enabled: bool = users::table.find(person).select(users::mfa_enabled).first(write).await?;
    if shown == Some(true) || !enabled && known(write, person).await?.is_empty() {
        return Ok(());
    }
    let message = say!("you have a second factor: sign in with it first");
    Err(UserError::state(message, &["input"], &["mfaChallenge", "passkeySignIn"]).into())
}

/// Who wants a passkey.
#[derive(InputObject)]
struct PasskeyRegistrationBeginInput {
    /// Your password; left out by who has none.
    #[graphql(secret)]
    current_password: Option<String>,
}

async fn begin(visit: &Visit, write: &mut Write, input: PasskeyRegistrationBeginInput) -> Outcome<Challenge> {
    let (site, person) = (site(visit)?, write.caller().user.unwrap_or_default());
    password_change::show(visit, write, input.current_password, &["input", "currentPassword"]).await?;
    with_second_factor(write).await?;
    let known = known(write, person).await?;
    if known.len() >= MOST {
        let message = say!("you have {MOST} passkeys: remove one first");
        return Err(UserError::new(UserErrorCode::LimitReached, message, &["input"]).into());
    }
    let names = users::table.find(person).select((users::email, users::display_name));
    let (email, shown): (String, Option<String>) = names.first(write).await?;
    let asked = site.ask_for_new(person, &email, shown.as_deref().unwrap_or(&email), known);
    remember(write, "registration", Some(person), asked).await
}

/// What a device has made.
#[derive(InputObject)]
struct PasskeyRegisterInput {
    /// The token that `passkeyRegistrationBegin` gave.
    #[graphql(secret)]
    token: String,
    /// What the device has made of the options, as `PublicKeyCredential.toJSON()` tells it.
    #[graphql(secret)]
    passkey: Json,
    /// What to call it, such as the device it is on: at most 100 characters.
    name: String,
}

async fn register(visit: &Visit, write: &mut Write, input: PasskeyRegisterInput) -> Outcome<Id<Passkey>> {
    let (site, person) = (site(visit)?, write.caller().user.unwrap_or_default());
    with_second_factor(write).await?;
    let asked = recall(write, "registration", &input.token).await?;
    let Some((_, state)) = asked.filter(|(whose, _)| *whose == Some(person)) else {
        return Err(Stop::Kept(vec![unaccepted()]));
    };
    let kept = match site.accept_new(input.passkey.0, state) {
        Ok(kept) => kept,
        Err(refusal) => {
            told(write, "user.passkey_refused", input.name.trim(), Some(&refusal.to_string())).await?;
            return Err(Stop::Kept(vec![unaccepted()]));
        }
    };
    let id = Id::<Passkey>::fresh();
    diesel::insert_into(passkeys::table)
        .values((
            passkeys::id.eq(id),
            passkeys::user_id.eq(person),
            passkeys::name.eq(input.name.trim()),
            passkeys::credential_id.eq(kept.id),
            passkeys::credential.eq(Json(kept.credential)),
            passkeys::sign_count.eq(kept.sign_count),
            passkeys::created_at.eq(clock::now()),
        ))
        .execute(write)
        .await?;
    told(write, "user.passkey_added", input.name.trim(), None).await?;
    Ok(id)
}

/// What to call a passkey.
#[derive(InputObject)]
struct PasskeyRenameInput {
    /// Which passkey.
    id: Id<Passkey>,
    /// Its name from now on: at most 100 characters.
    name: String,
}

async fn rename(write: &mut Write, input: PasskeyRenameInput) -> Outcome<Id<Passkey>> {
    let passkey = record::find(write, input.id, &["input", "id"]).await?;
    let renamed = passkeys::name.eq(input.name.trim());
    diesel::update(passkeys::table.find(passkey.id)).set(renamed).execute(write).await?;
    told(write, "user.passkey_renamed", input.name.trim(), None).await?;
    Ok(passkey.id)
}

/// Which passkey to remove.
#[derive(InputObject)]
struct PasskeyDeleteInput {
    /// Which passkey.
    id: Id<Passkey>,
    /// Your password; left out by who has none.
    #[graphql(secret)]
    current_password: Option<String>,
}

async fn delete(visit: &Visit, write: &mut Write, input: PasskeyDeleteInput) -> Outcome<Id<Passkey>> {
    password_change::show(visit, write, input.current_password, &["input", "currentPassword"]).await?;
    let passkey = record::find(write, input.id, &["input", "id"]).await?;
    with_second_factor(write).await?;
    diesel::delete(passkeys::table.find(passkey.id)).execute(write).await?;
    told(write, "user.passkey_removed", &passkey.name, None).await?;
    Ok(passkey.id)
}

/// Tells what a person did with a passkey, where they work or at home.
async fn told(write: &mut Write, action: &'static str, name: &str, error: Option<&str>) -> Outcome<()> {
    let person = write.caller().user.unwrap_or_default();
    let organization = match write.caller().organization {
        Some(_) => None,
        None => Some(super::sign_in::home(write, person).await?),
    };
    Ok(note(write, Note { action, organization, detail: Some(name), error, ..Note::of(person) }).await?)
}
