//! The second factor (B007): six digits of an authenticator app besides the password, or a recovery code of whoever
//! has lost the app. Switched on by the first code that is right; each code is taken once.
use uuid::Uuid;

use super::{
    lockout::{self, Failure},
    organization_settings, passkey,
    passkey_sign_in::Assertion,
    password_change, recovery_code,
    session::{self, Note, Whose, note},
    sign_in,
};
use crate::{
    credential::{Keys, sealed::Place, totp},
    domains::prelude::*,
    graph::{fault::Fault, mutation::Payload, visit::Visit},
    store::{
        detection::{Rule, Sighting},
        tables::identity::{sessions, users},
    },
};

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .action_in_visit(
            "mfaEnroll",
            |visit, write, input| enroll(visit, write, input).boxed(),
            |payload: &mut Fields<Payload<Enrolment>>| {
                payload
                    .derived("uri", |payload| payload.result.as_ref().map(|made| made.uri.clone()))
                    .about("What an authenticator app reads as a QR code, which is shown this once: `otpauth://totp/…`.");
                payload
                    .derived("secret", |payload| payload.result.as_ref().map(|made| made.secret.clone()))
                    .about("The same secret for who types it into the app.");
            },
        )
        .personal()
        .without_mfa()
        .once()
        .about(
            "Prepares a second factor for your account; `mfaConfirm` switches it on. Asked again before that, it gives \
             another secret. Errors: INVALID when the password is wrong, ACCOUNT_LOCKED, STATE when it is on already, and for who has passkeys \
             and has not signed in with one.",
        );
    mutations
        .action_in_visit("mfaConfirm", |visit, write, input| confirm(visit, write, input).boxed(), codes)
        .personal()
        .without_mfa()
        .once()
        .about(
            "Switches your second factor on, with the first code of the app: from now on every sign-in asks for one. Your \
             other sessions end. Errors: INVALID when the code is wrong, ACCOUNT_LOCKED, STATE when there is none to \
             confirm.",
        );
    mutations
        .action_in_visit(
            "mfaDisable",
            |visit, write, input| disable(visit, write, input).boxed(),
            |payload: &mut Fields<Payload<bool>>| {
                payload
                    .derived("done", |payload| payload.result.unwrap_or_default())
                    .about("Whether it was switched off.");
            },
        )
        .personal()
        .once()
        .about(
            "Switches your second factor off; your recovery codes are good for nothing any more. Errors: REQUIRED, INVALID \
             when the password or the code is wrong, ACCOUNT_LOCKED, STATE when there is none, or an organization of yours \
             demands it.",
        );
    mutations
        .action_in_visit("recoveryCodesRenew", |visit, write, input| renew(visit, write, input).boxed(), codes)
        .personal()
        .once()
        .about(
            "Gives you new recovery codes, which take the place of the old ones. Errors: REQUIRED, INVALID when the code is \
             wrong, ACCOUNT_LOCKED, STATE when there is no second factor.",
        );
}

fn codes(payload: &mut Fields<Payload<Vec<String>>>) {
    payload.derived("recoveryCodes", |payload| payload.result.clone().unwrap_or_default()).about(
        "Ten codes, each of which stands once for the second factor when you have lost it; shown this once.",
    );
}

/// A second factor to be confirmed.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
struct Enrolment {
    uri: String,
    secret: String,
}

/// What a person's row says of their second factor; locked, so that of several codes at once each is judged after the
/// one before.
#[derive(Queryable, Selectable)]
#[diesel(table_name = users, check_for_backend(Pg))]
pub(super) struct Factor {
    id: Uuid,
    email: String,
    pub(super) mfa_enabled: bool,
    mfa_secret_encrypted: Option<Vec<u8>>,
    mfa_last_step: Option<i64>,
    pub(super) locked_until: Option<DateTime<Utc>>,
}

impl Factor {
    /// That of a living account, if nobody has closed it for the time being.
    pub(super) async fn lock(write: &mut Write, user: Uuid) -> Outcome<Self> {
        let living = users::table.find(user).filter(users::deleted_at.is_null());
        let factor: Self = living.for_no_key_update().select(Self::as_select()).first(write).await?;
        match factor.locked_until.filter(|end| *end > clock::now()) {
            Some(until) => Err(lockout::closed(until).into()),
            None => Ok(factor),
        }
    }

    /// The same, where it is switched on.
    async fn lock_enabled(write: &mut Write, user: Uuid) -> Outcome<Self> {
        let factor = Self::lock(write, user).await?;
        if !factor.mfa_enabled {
            return Err(
                UserError::state(say!("there is no second factor"), &["input"], &["mfaEnroll"]).into()
            );
        }
        Ok(factor)
    }

    /// Whether the proof is good, which it is once.
    pub(super) async fn prove(&self, write: &mut Write, keys: &Keys, proof: &Proof) -> Outcome<bool> {
        let code = match proof {
            Proof::RecoveryCode(code) => return recovery_code::redeem(write, self.id, code).await,
            Proof::Passkey(assertion) => return assertion.prove(write, self.id).await,
            Proof::Code(code) => code,
        };
        let kept = self.mfa_secret_encrypted.as_deref().unwrap_or_default();
        let secret = keys
            .decrypt(place(&[self.id]), kept)
            .ok_or_else(|| Fault::internal("a second factor was kept by a server with another secret"))?;
        let step = totp::step(&secret, code, clock::now());
        let Some(step) = step.filter(|step| self.mfa_last_step.is_none_or(|last| *step > last)) else {
            return Ok(false);
        };
        diesel::update(users::table.find(self.id)).set(users::mfa_last_step.eq(step)).execute(write).await?;
        Ok(true)
    }

    /// Counts a wrong code like a wrong password, and writes it down in this organization.
    pub(super) async fn refuse(
        &self,
        write: &mut Write,
        keys: &Keys,
        proof: &Proof,
        organization: Option<Uuid>,
    ) -> Outcome<Stop> {
        let failure = lockout::failed(write, keys.rules, self.id).await?;
        let action = if failure == Failure::Locked { "user.locked" } else { "user.mfa_refused" };
        note(write, Note { action, organization, error: Some("wrong code"), ..Note::of(self.id) }).await?;
        let wrong = Sighting::new(Rule::SecondFactorFailures, write.organization(), &self.id);
        write.notice(Sighting { target: Some(self.id), ..wrong }).await?;
        lockout::noticed(write, failure, Some(self.id), None).await?;
        let error = match failure {
            Failure::Closed(until) => lockout::closed(until),
            Failure::Counted(_) | Failure::Locked => proof.wrong(),
        };
        Ok(Stop::Kept(vec![error]))
    }
}

/// Where it is written down what a person does who works in no organization for want of a second factor: at home.
async fn concerned(write: &mut Write, user: Uuid) -> Outcome<Option<Uuid>> {
    match write.caller().organization {
        Some(_) => Ok(None),
        None => Ok(Some(sign_in::home(write, user).await?)),
    }
}

/// Where the secret of a person's second factor is kept.
const fn place(user: &[Uuid]) -> Place<'_> {
    Place { column: "identity.users.mfa_secret_encrypted", row: user }
}

/// What a person shows as their second factor.
pub(super) enum Proof {
    Code(String),
    RecoveryCode(String),
    Passkey(Box<Assertion>),
}

impl Proof {
    /// One of the two is needed.
    pub(super) fn of(code: Option<String>, recovery_code: Option<String>) -> Result<Self, UserError> {
        match (code, recovery_code) {
            (Some(code), None) => Ok(Self::Code(code)),
            (None, Some(code)) => Ok(Self::RecoveryCode(code)),
            (None, None) => {
                Err(UserError::new(UserErrorCode::Required, say!("show a code"), &["input", "code"]))
            }
            (Some(_), Some(_)) => Err(UserError::new(
                UserErrorCode::Invalid,
                say!("show a code of the app or a recovery code, not both"),
                &["input", "recoveryCode"],
            )),
        }
    }

    fn wrong(&self) -> UserError {
        let (message, path) = match self {
            Self::Code(_) => (say!("the code is wrong, too old, or was used before"), ["input", "code"]),
            Self::RecoveryCode(_) => {
                (say!("the code is wrong or was used before"), ["input", "recoveryCode"])
            }
            Self::Passkey(_) => (say!("the passkey is not accepted: begin again"), ["input", "passkey"]),
        };
        UserError::new(UserErrorCode::Invalid, message, &path)
    }
}

/// Who wants a second factor.
#[derive(InputObject)]
struct MfaEnrollInput {
    /// Your password; left out by who has none.
    #[graphql(secret)]
    password: Option<String>,
}

async fn enroll(visit: &Visit, write: &mut Write, input: MfaEnrollInput) -> Outcome<Enrolment> {
    let user = write.caller().user.unwrap_or_default();
    password_change::show(visit, write, input.password, &["input", "password"]).await?;
    let factor = Factor::lock(write, user).await?;
    if !factor.mfa_enabled {
        passkey::with_second_factor(write).await?;
    }
    if factor.mfa_enabled {
        return Err(UserError::state(say!("it is switched on already"), &["input"], &["mfaDisable"]).into());
    }
    let secret = totp::secret().map_err(Fault::internal)?;
    let kept = visit.keys.encrypt(place(&[user]), &secret).map_err(Fault::internal)?;
    diesel::update(users::table.find(user))
        .set((users::mfa_secret_encrypted.eq(kept), users::mfa_last_step.eq(None::<i64>)))
        .execute(write)
        .await?;
    let organization = concerned(write, user).await?;
    note(write, Note { action: "user.mfa_prepared", organization, ..Note::of(user) }).await?;
    Ok(Enrolment {
        uri: totp::uri(&secret, &factor.email).map_err(Fault::internal)?,
        secret: totp::text(&secret),
    })
}

/// The first code.
#[derive(InputObject)]
struct MfaConfirmInput {
    /// The six digits that the app shows.
    #[graphql(secret)]
    code: String,
}

async fn confirm(visit: &Visit, write: &mut Write, input: MfaConfirmInput) -> Outcome<Vec<String>> {
    let (user, session) = (write.caller().user.unwrap_or_default(), write.caller().session);
    let factor = Factor::lock(write, user).await?;
    if factor.mfa_enabled || factor.mfa_secret_encrypted.is_none() {
        let message = say!("there is no second factor that waits to be confirmed");
        return Err(UserError::state(message, &["input"], &["mfaEnroll"]).into());
    }
    let proof = Proof::Code(input.code);
    if !factor.prove(write, &visit.keys, &proof).await? {
        return Err(factor.refuse(write, &visit.keys, &proof, None).await?);
    }
    diesel::update(users::table.find(user))
        .set((users::mfa_enabled.eq(true), users::failed_login_attempts.eq(0)))
        .execute(write)
        .await?;
    let here = sessions::table.find(session.unwrap_or_default());
    diesel::update(here).set(sessions::mfa.eq(true)).execute(write).await?;
    let codes = recovery_code::issue(write, user).await?;
    session::end(write, Whose::AllBut(session), "mfa_enabled").await?;
    let organization = concerned(write, user).await?;
    note(write, Note { action: "user.mfa_enabled", organization, ..Note::of(user) }).await?;
    Ok(codes)
}

/// The password and a code.
#[derive(InputObject)]
struct MfaDisableInput {
    /// Your password; left out by who has none.
    #[graphql(secret)]
    password: Option<String>,
    /// The six digits that the app shows.
    #[graphql(secret)]
    code: Option<String>,
    /// A recovery code instead.
    #[graphql(secret)]
    recovery_code: Option<String>,
}

async fn disable(visit: &Visit, write: &mut Write, input: MfaDisableInput) -> Outcome<bool> {
    let user = write.caller().user.unwrap_or_default();
    let proof = Proof::of(input.code, input.recovery_code)?;
    password_change::show(visit, write, input.password, &["input", "password"]).await?;
    if let Some(slug) = demanded(write, user).await? {
        let message = say!("the organization `{slug}` demands a second factor");
        return Err(UserError::state(message, &["input"], &[]).into());
    }
    let factor = Factor::lock_enabled(write, user).await?;
    if !factor.prove(write, &visit.keys, &proof).await? {
        return Err(factor.refuse(write, &visit.keys, &proof, None).await?);
    }
    diesel::update(users::table.find(user))
        .set((
            users::mfa_enabled.eq(false),
            users::mfa_secret_encrypted.eq(None::<Vec<u8>>),
            users::mfa_last_step.eq(None::<i64>),
            users::failed_login_attempts.eq(0),
        ))
        .execute(write)
        .await?;
    recovery_code::withdraw(write, user).await?;
    note(write, Note { action: "user.mfa_disabled", ..Note::of(user) }).await?;
    Ok(true)
}

/// The organization of a person, if any, that lets nobody in without a second factor.
async fn demanded(write: &mut Write, user: Uuid) -> Outcome<Option<String>> {
    let here = write.organization();
    let mut demanded = None;
    for place in sign_in::workplaces(write, user).await? {
        write.enter_organization(place.id.0).await?;
        if organization_settings::session_policy(write).await?.mfa_required {
            demanded = Some(place.slug);
            break;
        }
    }
    write.enter_organization(here).await?;
    Ok(demanded)
}

/// A code.
#[derive(InputObject)]
struct RecoveryCodesRenewInput {
    /// The six digits that the app shows.
    #[graphql(secret)]
    code: Option<String>,
    /// A recovery code instead.
    #[graphql(secret)]
    recovery_code: Option<String>,
}

async fn renew(visit: &Visit, write: &mut Write, input: RecoveryCodesRenewInput) -> Outcome<Vec<String>> {
    let user = write.caller().user.unwrap_or_default();
    let proof = Proof::of(input.code, input.recovery_code)?;
    let factor = Factor::lock_enabled(write, user).await?;
    if !factor.prove(write, &visit.keys, &proof).await? {
        return Err(factor.refuse(write, &visit.keys, &proof, None).await?);
    }
    diesel::update(users::table.find(user)).set(users::failed_login_attempts.eq(0)).execute(write).await?;
    let codes = recovery_code::issue(write, user).await?;
    note(write, Note { action: "user.recovery_codes_renewed", ..Note::of(user) }).await?;
    Ok(codes)
}
