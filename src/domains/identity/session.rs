//! Sessions (B008): a sign-in of a person on one device. Its access tokens are short-lived, its refresh token is
//! another one after every use, and whoever ends it ends both at once.
use ipnet::IpNet;
use std::collections::HashMap;
use uuid::Uuid;

use crate::{
    credential::{Keys, access_token::Claims, hash},
    domains::{
        identity::{organization::Organization, organization_settings, user::User},
        prelude::*,
    },
    graph::{
        fault::Fault,
        mutation::{NoInput, Payload},
    },
    store::{
        journal::Audit,
        select::PLATFORM,
        tables::identity::{sessions, users},
    },
};

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = sessions, check_for_backend(Pg))]
pub struct Session {
    pub id: Id<Session>,
    pub user_id: Id<User>,
    pub organization_id: Option<Id<Organization>>,
    pub ip_address: Option<IpNet>,
    pub user_agent: Option<String>,
    pub mfa: bool,
    pub confined: bool,
    pub expires_at: DateTime<Utc>,
    pub last_activity_at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
    pub revoke_reason: Option<String>,
    pub created_at: DateTime<Utc>,
    pub impersonated_by: Option<Id<User>>,
    pub impersonation_reason: Option<String>,
}

entity!(Session, "sess", identity::sessions, public "everybody sees their own sessions only", owner Nobody);

impl Entity for Session {
    fn fields(session: &mut Fields<Self>) {
        columns! { session: Session {
            id, ip_address, user_agent, mfa, confined, expires_at, last_activity_at, revoked_at, revoke_reason, created_at,
            impersonation_reason,
        } keeps { user_id, organization_id, impersonated_by } }
        session
            .computed("isCurrent", |session, view| view.caller().session == Some(session.id.0))
            .about("Whether it is the one in which you ask.");
        session
            .lookup("organization", |_, session| Ok(session.organization_id))
            .about_column("organization_id");
        session
            .one("impersonatedBy", |session| session.impersonated_by)
            .about("Who acts as you in it; null where you act yourself, or for nobody you share an organization with.");
    }
}

/// The sessions of a person that have not ended, the latest first.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionsOf(pub Uuid);

impl Batch for SessionsOf {
    type Value = Vec<Session>;

    async fn load(db: &Snapshot, keys: &[Self]) -> StoreResult<HashMap<Self, Self::Value>> {
        let query = sessions::table
            .filter(sessions::user_id.eq_any(keys.iter().map(|key| key.0).collect::<Vec<_>>()))
            .filter(sessions::revoked_at.is_null())
            .filter(sessions::expires_at.gt(clock::now()))
            .order((sessions::last_activity_at.desc(), sessions::id))
            .limit(1000)
            .select(Session::as_select());
        let mut found = HashMap::<Self, Self::Value>::new();
        for session in db.load(query).await? {
            found.entry(Self(session.user_id.0)).or_default().push(session);
        }
        Ok(found)
    }
}

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .action("signOut", sign_out, |payload: &mut Fields<Payload<bool>>| {
            payload
                .derived("done", |payload| payload.result.unwrap_or_default())
                .about("Whether the session has ended.");
        })
        .personal()
        .for_impersonators()
        .without_mfa()
        .about("Ends this session: its tokens are good for nothing from now on, and who repeats it is not let in any more. Errors: none.");
    mutations.change("sessionRevoke", revoke).personal().about(
        "Ends one of your own sessions, or one in which you act as somebody else. Errors: NOT_FOUND, STATE.",
    );
    mutations
        .action("sessionsRevokeAll", revoke_all, |payload: &mut Fields<Payload<i32>>| {
            payload.derived("count", |payload| payload.result).about("How many sessions have ended.");
        })
        .personal()
        .about("Ends all your sessions. Errors: none.");
}

async fn sign_out(write: &mut Write, _: NoInput) -> Outcome<bool> {
    let Some(session) = write.caller().session else { return Ok(false) };
    end(write, Whose::One(session), "signed_out").await?;
    Ok(true)
}

/// Which session to end.
#[derive(InputObject)]
struct SessionRevokeInput {
    /// The session.
    id: Id<Session>,
}

async fn revoke(write: &mut Write, input: SessionRevokeInput) -> Outcome<Id<Session>> {
    let session = record::find(write, input.id, &["input", "id"]).await?;
    if session.revoked_at.is_some() {
        return Err(UserError::state(say!("it has ended already"), &["input", "id"], &[]).into());
    }
    end_of(write, session.user_id.0, Whose::One(session.id.0), "revoked").await?;
    Ok(session.id)
}

/// Which sessions to end.
#[derive(InputObject)]
struct SessionsRevokeAllInput {
    /// Whether the one in which you ask goes on; it does unless you say otherwise.
    keep_current: Option<bool>,
}

async fn revoke_all(write: &mut Write, input: SessionsRevokeAllInput) -> Outcome<i32> {
    let kept = write.caller().session.filter(|_| input.keep_current.unwrap_or(true));
    let ended = end(write, Whose::AllBut(kept), "revoked").await?;
    Ok(i32::try_from(ended).unwrap_or(i32::MAX))
}

/// Which sessions of a person.
#[derive(Clone, Copy)]
pub(super) enum Whose {
    One(Uuid),
    AllBut(Option<Uuid>),
}

/// Ends sessions of the caller; says how many.
pub(super) async fn end(write: &mut Write, which: Whose, reason: &str) -> Outcome<usize> {
    let user = write.caller().user.unwrap_or_default();
    end_of(write, user, which, reason).await
}

/// Ends sessions of `user`, whose belongings can be seen; says how many.
pub(super) async fn end_of(write: &mut Write, user: Uuid, which: Whose, reason: &str) -> Outcome<usize> {
    let mark = (sessions::revoked_at.eq(clock::now()), sessions::revoke_reason.eq(reason));
    let living = sessions::table.filter(sessions::user_id.eq(user)).filter(sessions::revoked_at.is_null());
    let (ended, session): (Vec<Uuid>, _) = match which {
        Whose::One(id) => {
            let one = living.filter(sessions::id.eq(id));
            (diesel::update(one).set(mark).returning(sessions::id).load(write).await?, Some(id))
        }
        Whose::AllBut(kept) => {
            // no session has the nil id: all but that one are all
            let others = living.filter(sessions::id.ne(kept.unwrap_or_default()));
            (diesel::update(others).set(mark).returning(sessions::id).load(write).await?, None)
        }
    };
    let as_others = end_impersonations(write, user, &ended, reason).await?;
    write.sessions_ended(&[ended.as_slice(), as_others.as_slice()].concat()).await?;
    note(write, Note { action: "session.revoked", session, detail: Some(reason), ..Note::of(user) }).await?;
    Ok(ended.len())
}

/// With the sessions of a person end those in which they act as others, each told where they did.
async fn end_impersonations(
    write: &mut Write,
    user: Uuid,
    ended: &[Uuid],
    reason: &str,
) -> Outcome<Vec<Uuid>> {
    let begun = sessions::table
        .filter(sessions::impersonated_by.eq(user))
        .filter(sessions::impersonator_session_id.eq_any(ended.to_vec()))
        .filter(sessions::revoked_at.is_null());
    let mark = (sessions::revoked_at.eq(clock::now()), sessions::revoke_reason.eq(reason));
    let begun: Vec<(Uuid, Uuid, Option<Uuid>)> = diesel::update(begun)
        .set(mark)
        .returning((sessions::id, sessions::user_id, sessions::organization_id))
        .load(write)
        .await?;
    let here = write.organization();
    for (_, person, organization) in &begun {
        let action = "user.impersonation_ended";
        let told = Note { action, organization: *organization, detail: Some(reason), ..Note::of(*person) };
        note(write, told).await?;
    }
    if !begun.is_empty() {
        write.enter_organization(here).await?;
    }
    Ok(begun.into_iter().map(|(session, ..)| session).collect())
}

/// What the audit trail is told of a person and their sessions.
#[derive(Clone, Copy)]
pub(super) struct Note<'a> {
    pub action: &'static str,
    /// Where; the platform when no organization is concerned.
    pub organization: Option<Uuid>,
    pub user: Option<Uuid>,
    pub session: Option<Uuid>,
    pub detail: Option<&'a str>,
    /// Why it was refused, if so.
    pub error: Option<&'a str>,
}

impl Note<'_> {
    pub(super) const fn of(user: Uuid) -> Self {
        Self { action: "", organization: None, user: Some(user), session: None, detail: None, error: None }
    }
}

/// Tells the audit trail of the organization concerned, else the one where the caller is, else the platform's.
pub(super) async fn note(write: &mut Write, note: Note<'_>) -> StoreResult<()> {
    match note.organization {
        Some(organization) if organization != write.organization() => {
            write.enter_organization(organization).await?;
        }
        Some(_) => {}
        None => in_some_organization(write).await?,
    }
    let organization = write.organization();
    let (resource_type, resource_id) = match note.session {
        Some(session) => ("Session", Some(Id::<Session>::of(session).to_string())),
        None => ("User", note.user.map(|user| Id::<User>::of(user).to_string())),
    };
    write
        .audit(&Audit {
            organization,
            action: note.action.to_owned(),
            resource_type: Some(resource_type),
            resource_id,
            resource_name: note.detail.map(ToOwned::to_owned),
            before: None,
            after: None,
            changed: Vec::new(),
            error: note.error.map(ToOwned::to_owned),
        })
        .await
}

/// What a person does who has chosen no organization is written down where the platform's own acts are.
pub(super) async fn in_some_organization(write: &mut Write) -> StoreResult<()> {
    match write.caller().organization {
        None if write.organization() == Uuid::max() => write.enter_organization(PLATFORM).await,
        _ => Ok(()),
    }
}

/// What whoever signed in gets.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Tokens {
    pub access_token: String,
    pub access_token_expires_at: DateTime<Utc>,
    pub refresh_token: String,
}

/// Tokens for a session, as they are shown and as the database keeps them.
pub(super) struct Issue {
    pub tokens: Tokens,
    pub refresh_token_hash: String,
    pub access_token_jti: String,
    pub expires_at: DateTime<Utc>,
}

pub(super) fn issue(
    keys: &Keys,
    user: Uuid,
    session: Uuid,
    organization: Option<Uuid>,
    ends: DateTime<Utc>,
) -> Result<Issue, Fault> {
    let claims = Claims::now(user, session, organization, keys.rules.access_token_minutes);
    let refresh_token = keys.renewal(session).map_err(Fault::internal)?;
    Ok(Issue {
        refresh_token_hash: hash(&refresh_token),
        access_token_jti: claims.jti.to_string(),
        expires_at: ends,
        tokens: Tokens {
            access_token: keys.sign(&claims).map_err(Fault::internal)?,
            access_token_expires_at: claims.expires_at().unwrap_or_else(clock::now),
            refresh_token,
        },
    })
}

/// How a person has proved who they are.
#[derive(Clone, Copy, Debug, Default)]
pub struct Proved {
    /// With a second factor.
    pub mfa: bool,
    /// On the word of an organization's own provider, which counts nowhere else: the session stays there.
    pub confined: bool,
}

/// Begins a session of `user`, who has proved to be that; the rest of the transaction is theirs.
pub async fn begin(
    write: &mut Write,
    keys: &Keys,
    user: Uuid,
    organization: Option<Uuid>,
    proved: Proved,
) -> Outcome<Tokens> {
    let session = clock::new_id();
    write.proved(user, Some(session)).await?;
    let ends = organization_settings::session_ends(write, keys, organization, clock::now()).await?;
    let issue = issue(keys, user, session, organization, ends)?;
    let caller = write.caller().clone();
    diesel::insert_into(sessions::table)
        .values((
            sessions::id.eq(session),
            sessions::user_id.eq(user),
            sessions::organization_id.eq(organization),
            sessions::refresh_token_hash.eq(issue.refresh_token_hash),
            sessions::access_token_jti.eq(issue.access_token_jti),
            sessions::ip_address.eq(caller.ip.map(IpNet::from)),
            sessions::user_agent.eq(caller.user_agent.as_deref()),
            sessions::mfa.eq(proved.mfa),
            sessions::confined.eq(proved.confined),
            sessions::expires_at.eq(issue.expires_at),
            sessions::last_activity_at.eq(clock::now()),
        ))
        .execute(write)
        .await?;
    note(write, Note { action: "user.signed_in", organization, session: Some(session), ..Note::of(user) })
        .await?;
    Ok(issue.tokens)
}

diesel::define_sql_function! {
    /// Letters made small as the database does it.
    fn lower(text: diesel::sql_types::Text) -> diesel::sql_types::Text;
}

/// The account that has this address, if any, as a sign-in must know it.
pub async fn account(write: &mut Write, email: &str) -> Outcome<Option<Account>> {
    write.as_signing_in(email).await?;
    let account = users::table
        .filter(lower(users::email).eq(lower(email)))
        .filter(users::deleted_at.is_null())
        .select(Account::as_select())
        .first(write)
        .await
        .optional()?;
    Ok(account)
}

/// The account of `user`, whose belongings can be seen, locked.
pub(super) async fn account_of(write: &mut Write, user: Uuid) -> Outcome<Option<Account>> {
    let living = users::table.find(user).filter(users::deleted_at.is_null());
    let account = living.for_no_key_update().select(Account::as_select());
    Ok(account.first(write).await.optional()?)
}

/// What a sign-in knows of an account.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = users, check_for_backend(Pg))]
pub struct Account {
    pub id: Uuid,
    pub password_hash: Option<String>,
    pub status: String,
    pub locked_at: Option<DateTime<Utc>>,
    pub locked_until: Option<DateTime<Utc>>,
    pub mfa_enabled: bool,
}

impl Account {
    /// Whether anybody may sign in with it at all.
    pub fn is_usable(&self) -> bool {
        self.status == "active"
    }
}
