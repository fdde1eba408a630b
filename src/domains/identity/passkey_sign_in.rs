//! Signing in with a passkey: alone, since a device that has seen its person is two factors at once and tells who it is;
//! or instead of a code, as the second step after a password.
use uuid::Uuid;

use super::{
    mfa::Proof,
    mfa_challenge,
    passkey::{self, Challenge, asked, prove, recall, remember, site, unaccepted},
    session::{self, Account, Proved, account_of},
    sign_in::{self, SignedIn, signed_in},
};
use crate::{
    credential::{
        hash,
        passkey::{Shown, Site},
    },
    domains::prelude::*,
    graph::{mutation::NoInput, visit::Visit},
    store::{
        detection::{Rule, Sighting},
        select::PLATFORM,
    },
};

const ALONE: &str = "sign_in";
const SECOND: &str = "second_factor";

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .action_in_visit("passkeySignInBegin", |visit, write, _: NoInput| begin(visit, write).boxed(), asked)
        .public()
        .once()
        .about(
            "Begins a sign-in with a passkey: `passkeySignIn` takes what the device answers. Errors: STATE where passkeys are \
             not set up.",
        );
    mutations
        .action_in_visit("passkeySignIn", |visit, write, input| sign_in(visit, write, input).boxed(), signed_in)
        .public()
        .once()
        .about(
            "Signs in with a passkey, which stands for password and second factor. Who works in several organizations and \
             has named none gets a session in none: `sessionRefresh` chooses one. Errors: INVALID for an answer that is not \
             to what was asked, is too late or was given before, or of a passkey that is not known; ACCOUNT_LOCKED; \
             NOT_FOUND for an organization you are not a member of; STATE for one that is suspended.",
        );
    mutations
        .action_in_visit("passkeyChallengeBegin", |visit, write, input| second(visit, write, input).boxed(), asked)
        .public()
        .once()
        .about(
            "Asks for a passkey as the second factor: `mfaChallenge` takes what the device answers. Errors: INVALID for a \
             token that is unknown, used or too old, STATE for who has no passkey.",
        );
}

async fn begin(visit: &Visit, write: &mut Write) -> Outcome<Challenge> {
    let asked = site(visit)?.ask(&[]);
    remember(write, ALONE, None, asked).await
}

/// What the device has answered.
#[derive(InputObject)]
struct PasskeySignInInput {
    /// The token that `passkeySignInBegin` gave.
    #[graphql(secret)]
    token: String,
    /// What the device has answered, as `PublicKeyCredential.toJSON()` tells it.
    #[graphql(secret)]
    passkey: Json,
    /// The short name of the organization to work in; not needed by members of one.
    organization: Option<String>,
}

async fn sign_in(visit: &Visit, write: &mut Write, input: PasskeySignInInput) -> Outcome<SignedIn> {
    let site = site(visit)?;
    let asked = recall(write, ALONE, &input.token).await?;
    let answer = asked.zip(Shown::read(input.passkey.0).ok());
    let answer = answer.and_then(|((_, state), shown)| Some((state, shown.person()?, shown)));
    // whatever was shown: it was shown once
    let refused = || Stop::Kept(vec![unaccepted()]);
    let (state, person, shown) = answer.ok_or_else(refused)?;
    write.as_user(person).await?;
    let account = account_of(write, person).await?.filter(Account::is_usable);
    let proved = match &account {
        Some(_) => prove(write, &site, person, &shown, state).await?,
        None => false,
    };
    let Some(account) = account.as_ref().filter(|_| proved) else {
        failed(write, account.map(|_| person)).await?;
        return Err(refused());
    };
    sign_in::welcome(write, account).await.map_err(|stop| match stop {
        Stop::User(errors) => Stop::Kept(errors),
        other => other,
    })?;
    let organizations = sign_in::workplaces(write, person).await?;
    let place = sign_in::chosen(input.organization.as_deref(), &organizations)?;
    let proved = Proved { mfa: true, confined: false };
    let tokens = session::begin(write, &visit.keys, person, place, proved).await?;
    Ok(SignedIn { tokens: Some(tokens), organizations, challenge: None })
}

/// Counts what was not accepted: for the account that it names, if that is one, else for where it comes from.
async fn failed(write: &mut Write, person: Option<Uuid>) -> Outcome<()> {
    let sighting = match (person, write.caller().ip) {
        (Some(person), _) => {
            let home = sign_in::home(write, person).await?;
            Sighting { target: Some(person), ..Sighting::new(Rule::PasskeyFailures, home, &person) }
        }
        (None, Some(ip)) => Sighting::new(Rule::PasskeyFailures, PLATFORM, &ip),
        (None, None) => return Ok(()),
    };
    Ok(write.notice(sighting).await?)
}

/// Whose second factor it is to be.
#[derive(InputObject)]
struct PasskeyChallengeBeginInput {
    /// The token that `signIn` gave.
    #[graphql(secret)]
    token: String,
}

async fn second(visit: &Visit, write: &mut Write, input: PasskeyChallengeBeginInput) -> Outcome<Challenge> {
    let site = site(visit)?;
    let token = hash(input.token.trim());
    write.as_redeeming(&token).await?;
    let person = mfa_challenge::bearer(write, &token).await?;
    write.as_user(person).await?;
    let known = passkey::known(write, person).await?;
    if known.is_empty() {
        return Err(UserError::state(say!("there is no passkey"), &["input"], &["mfaChallenge"]).into());
    }
    remember(write, SECOND, Some(person), site.ask(&known)).await
}

/// A passkey that is shown as the second factor.
pub(super) struct Assertion {
    site: Site,
    shown: Shown,
    token: String,
}

impl Assertion {
    /// With the token of what was asked.
    pub(super) fn read(visit: &Visit, token: Option<String>, passkey: Json) -> Outcome<Proof> {
        let missing =
            || UserError::new(UserErrorCode::Required, say!("show its token"), &["input", "passkeyToken"]);
        let token = token.ok_or_else(missing)?;
        let shown = Shown::read(passkey.0).ok().ok_or_else(unaccepted)?;
        Ok(Proof::Passkey(Box::new(Self { site: site(visit)?, shown, token })))
    }

    /// Whether `person`, who is locked, has signed what they were asked.
    pub(super) async fn prove(&self, write: &mut Write, person: Uuid) -> Outcome<bool> {
        match recall(write, SECOND, &self.token).await? {
            Some((Some(whose), state)) if whose == person => {
                prove(write, &self.site, person, &self.shown, state).await
            }
            _ => Ok(false),
        }
    }
}
