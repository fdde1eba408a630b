//! Signing in (B005, B006) and renewing a session (B008): e-mail address and password, or a refresh token, for an
//! access token.
use chrono::Duration;
use uuid::Uuid;

use super::{
    lockout::{self, Failure},
    mfa_challenge::{self, Challenge},
    organization_settings,
    password::{self, Verdict},
    session::{self, Account, Note, Proved, Session, Tokens, Whose, note},
};
use crate::{
    credential::{Keys, hash},
    domains::{identity::organization::Organization, prelude::*},
    graph::{mutation::Payload, user_error::Stop, visit::Visit},
    store::{
        detection::{Rule, Sighting},
        select::PLATFORM,
        tables::identity::{memberships, organizations, sessions, users},
    },
};

/// A refresh token that was used a moment ago is not taken for a stolen one: two tabs may both have tried.
const GRACE: Duration = Duration::seconds(10);

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .action_in_visit("signIn", |visit, write, input| sign_in(visit, write, input).boxed(), signed_in)
        .public()
        .once()
        .about(
            "Signs in with e-mail address and password. Who works in several organizations and names none gets no tokens \
             but the list to choose from; who has a second factor gets a token for `mfaChallenge`. Errors: INVALID when address or password are wrong, which of the two is not \
             told; ACCOUNT_LOCKED after too many wrong passwords and codes; NOT_FOUND for an organization you are not a member of; STATE for one \
             that is suspended.",
        );
    mutations
        .action_in_visit("sessionRefresh", |visit, write, input| renew(visit, write, input).boxed(), signed_in)
        .public()
        .once()
        .about(
            "Exchanges a refresh token for a new pair of tokens, of another organization if you like. A refresh token works \
             once: used again it ends the session. Errors: INVALID when the session has ended, CONFLICT when another \
             request has just used the token, NOT_FOUND for an organization you are not a member of.",
        );
}

/// What a sign-in comes to.
#[derive(Clone, Default, serde::Serialize, serde::Deserialize)]
pub(super) struct SignedIn {
    pub tokens: Option<Tokens>,
    pub organizations: Vec<Workplace>,
    /// The second factor is asked for.
    pub challenge: Option<Challenge>,
}

/// An organization as one sees it before one is in it.
#[derive(Clone, Queryable, serde::Serialize, serde::Deserialize)]
pub(super) struct Workplace {
    pub id: Id<Organization>,
    pub slug: String,
    pub name: String,
    pub status: String,
}

impl Object for Workplace {
    const NAME: &'static str = "SignInOrganization";
    const PUBLIC: Option<&'static str> = Some("only those are listed that the person is a member of");

    fn about() -> String {
        "An organization that the person can sign in to.".to_owned()
    }

    fn fields(place: &mut Fields<Self>) {
        place.column("id", |place| &place.id).about("Its id.");
        place.column("slug", |place| &place.slug).about("Its short name, by which a sign-in chooses it.");
        place.column("name", |place| &place.name).about("Its name.");
    }
}

pub(super) fn signed_in(payload: &mut Fields<Payload<SignedIn>>) {
    fn tokens(payload: &Payload<SignedIn>) -> Option<&Tokens> {
        payload.result.as_ref()?.tokens.as_ref()
    }
    fn challenge(payload: &Payload<SignedIn>) -> Option<&Challenge> {
        payload.result.as_ref()?.challenge.as_ref()
    }
    payload
        .derived("accessToken", |payload| tokens(payload).map(|tokens| tokens.access_token.clone()))
        .about("Send it as `Authorization: Bearer …`.");
    payload
        .derived("accessTokenExpiresAt", |payload| {
            tokens(payload).map(|tokens| tokens.access_token_expires_at)
        })
        .about("Until when the access token is good; refresh the session before.");
    payload
        .derived("refreshToken", |payload| tokens(payload).map(|tokens| tokens.refresh_token.clone()))
        .about("Good for one `sessionRefresh`; keep it where only you can read it.");
    payload
        .derived("mfaToken", |payload| challenge(payload).map(|challenge| challenge.token.clone()))
        .about("Where a second factor is asked for: good for one `mfaChallenge`, and for nothing else.");
    payload
        .derived("mfaTokenExpiresAt", |payload| challenge(payload).map(|challenge| challenge.expires_at))
        .about("Until when the second factor can be shown; sign in again after that.");
    payload
        .parts("organizations", |payload, _| {
            payload.result.as_ref().map_or_else(Vec::new, |result| result.organizations.clone())
        })
        .about("The organizations that you are a member of.")
        .always();
}

/// Who you are.
#[derive(InputObject)]
struct SignInInput {
    /// Your e-mail address.
    email: String,
    /// Your password.
    #[graphql(secret)]
    password: String,
    /// The short name of the organization to work in; not needed by members of one.
    organization: Option<String>,
}

async fn sign_in(visit: &Visit, write: &mut Write, input: SignInInput) -> Outcome<SignedIn> {
    let email = input.email.trim().to_owned();
    let account = session::account(write, &email).await?;
    let closed = match &account {
        Some(account) => account.locked_until,
        None => lockout::stranger_closed(&email),
    };
    if let Some(until) = closed.filter(|end| *end > clock::now()) {
        return Err(lockout::closed(until).into());
    }
    let known = account
        .as_ref()
        .filter(|account| account.is_usable())
        .and_then(|account| account.password_hash.clone());
    let (verdict, renewed) = write.aside(judge(input.password, known)).await??;
    let account = match account {
        Some(account) if verdict != Verdict::Wrong => account,
        wrong => return Err(refuse(visit, write, &email, wrong, input.organization.as_deref()).await?),
    };
    write.as_user(account.id).await?;
    renew_hash(write, account.id, renewed).await?;
    if account.mfa_enabled {
        still_open(write, &account).await?;
        return mfa_challenge::pose(write, account.id, input.organization, false).await;
    }
    welcome(write, &account).await?;
    let organizations = workplaces(write, account.id).await?;
    let place = match (input.organization, organizations.as_slice()) {
        (Some(slug), all) => Some(named(all, &slug)?),
        (None, [only]) => Some(only.open()?),
        (None, []) => None,
        (None, _) => {
            note(write, Note { action: "user.recognised", ..Note::of(account.id) }).await?;
            return Ok(SignedIn { organizations, ..SignedIn::default() });
        }
    };
    let tokens = session::begin(write, &visit.keys, account.id, place, Proved::default()).await?;
    Ok(SignedIn { tokens: Some(tokens), organizations, challenge: None })
}

/// Begins a session for the person with this address, whom somebody vouches for who reaches the database anyway.
pub async fn vouch(
    write: &mut Write,
    keys: &Keys,
    email: &str,
    organization: Option<&str>,
) -> Outcome<Tokens> {
    let account = session::account(write, email).await?.filter(Account::is_usable).ok_or_else(|| {
        UserError::new(UserErrorCode::NotFound, say!("nobody with the address `{email}` can sign in"), &[])
    })?;
    write.as_user(account.id).await?;
    let organizations = workplaces(write, account.id).await?;
    let place = match (organization, organizations.as_slice()) {
        (Some(slug), all) => Some(named(all, slug)?),
        (None, [only]) => Some(only.open()?),
        (None, []) => None,
        (None, several) => {
            let slugs = several.iter().map(|place| place.slug.as_str()).collect::<Vec<_>>().join(", ");
            let message = say!("a member of several organizations has to choose one: {slugs}");
            return Err(UserError::new(UserErrorCode::Required, message, &[]).into());
        }
    };
    session::begin(write, keys, account.id, place, Proved::default()).await
}

/// Whether the password is right, and its new hash if the old one is of a kind that is no longer used.
async fn judge(password: String, known: Option<String>) -> Outcome<(Verdict, Option<String>)> {
    let verdict = password::verify(password.clone(), known).await?;
    let renewed = if verdict == Verdict::RightButOld { Some(password::hash(password).await?) } else { None };
    Ok((verdict, renewed))
}

/// Counts and records a wrong password. The answer is the same whether or not there is such an account.
async fn refuse(
    visit: &Visit,
    write: &mut Write,
    email: &str,
    account: Option<Account>,
    organization: Option<&str>,
) -> Outcome<Stop> {
    let rules = visit.keys.rules;
    let (failure, mut told) = match account {
        Some(account) => {
            write.as_signing_in(email).await?;
            let failure = lockout::failed(write, rules, account.id).await?;
            write.as_user(account.id).await?;
            let places = workplaces(write, account.id).await?;
            let place = concerned(&places, organization);
            (failure, Note { organization: place, ..Note::of(account.id) })
        }
        None => (lockout::stranger_failed(rules, email), Note { user: None, ..Note::of(Uuid::nil()) }),
    };
    told.error = Some("wrong password or unknown address");
    told.action = match failure {
        Failure::Locked => "user.locked",
        Failure::Counted(_) | Failure::Closed(_) => "user.sign_in_refused",
    };
    note(write, told).await?;
    lockout::noticed(write, failure, told.user, Some(email)).await?;
    let error = match failure {
        Failure::Closed(until) => lockout::closed(until),
        Failure::Counted(_) | Failure::Locked => UserError::new(
            UserErrorCode::Invalid,
            say!("the e-mail address or the password is wrong"),
            &["input"],
        ),
    };
    Ok(Stop::Kept(vec![error]))
}

/// Where it is written down that somebody did not get in: in the organization that they named, else in their first.
pub(super) fn concerned(places: &[Workplace], slug: Option<&str>) -> Option<Uuid> {
    let named = slug.map(|slug| places.iter().find(|place| place.slug == slug));
    named.unwrap_or_else(|| places.first()).map(|place| place.id.0)
}

/// Refused where the account was locked while the password was being verified.
pub(super) async fn still_open(write: &mut Write, account: &Account) -> Outcome<()> {
    if account.locked_at.is_some() {
        return Err(lockout::closed_for_good().into());
    }
    let open = users::table
        .find(account.id)
        .filter(users::locked_until.is_null().or(users::locked_until.le(clock::now())));
    let open: Option<Uuid> = open.for_no_key_update().select(users::id).first(write).await.optional()?;
    open.map(drop).ok_or_else(|| lockout::closed(clock::now()).into())
}

/// Keeps the hash of a right password that was hashed in a way no longer used.
async fn renew_hash(write: &mut Write, user: Uuid, renewed: Option<String>) -> Outcome<()> {
    if let Some(hash) = renewed {
        diesel::update(users::table.find(user)).set(users::password_hash.eq(hash)).execute(write).await?;
    }
    Ok(())
}

/// Notes that all was shown that there is to show, unless the account was locked meanwhile.
pub(super) async fn welcome(write: &mut Write, account: &Account) -> Outcome<()> {
    if account.locked_at.is_some() {
        return Err(lockout::closed_for_good().into());
    }
    let now = clock::now();
    let ip = write.caller().ip.map(ipnet::IpNet::from);
    let open = users::table
        .find(account.id)
        .filter(users::locked_at.is_null())
        .filter(users::locked_until.is_null().or(users::locked_until.le(now)));
    let opened = diesel::update(open)
        .set((
            users::failed_login_attempts.eq(0),
            users::locked_until.eq(None::<DateTime<Utc>>),
            users::last_login_at.eq(now),
            users::last_login_ip.eq(ip),
            users::login_count.eq(users::login_count + 1),
        ))
        .execute(write)
        .await?;
    if opened == 0 {
        return Err(lockout::closed(now).into());
    }
    Ok(())
}

/// Where a person can work, by name.
pub(super) async fn workplaces(write: &mut Write, user: Uuid) -> Outcome<Vec<Workplace>> {
    let found = memberships::table
        .inner_join(organizations::table)
        .filter(memberships::user_id.eq(user))
        .filter(memberships::status.eq("active"))
        .filter(organizations::deleted_at.is_null())
        .order((organizations::name, organizations::id))
        .select((organizations::id, organizations::slug, organizations::name, organizations::status))
        .load(write)
        .await?;
    Ok(found)
}

impl Workplace {
    /// The organization, unless it is closed.
    pub(super) fn open(&self) -> Outcome<Uuid> {
        if self.status != "active" {
            let path = ["input", "organization"];
            return Err(UserError::state(say!("the organization is suspended"), &path, &[]).into());
        }
        Ok(self.id.0)
    }
}

/// The one of these organizations that the person has named.
pub(super) fn named(all: &[Workplace], slug: &str) -> Outcome<Uuid> {
    let path = ["input", "organization"];
    let place = all.iter().find(|place| place.slug == slug.to_lowercase()).ok_or_else(|| {
        UserError::new(
            UserErrorCode::NotFound,
            say!("you are not a member of an organization `{slug}`"),
            &path,
        )
    })?;
    place.open()
}

/// Where somebody works who has shown all there is to show: where they said, or where there is nothing to choose.
pub(super) fn chosen(slug: Option<&str>, all: &[Workplace]) -> Outcome<Option<Uuid>> {
    Ok(match (slug, all) {
        (Some(slug), all) => Some(named(all, slug)?),
        (None, [only]) => Some(only.open()?),
        (None, _) => None,
    })
}

/// Which session to go on with.
#[derive(InputObject)]
struct SessionRefreshInput {
    /// The refresh token that was given last.
    #[graphql(secret)]
    refresh_token: String,
    /// The short name of the organization to work in from now on; the same as before when absent.
    organization: Option<String>,
}

/// What a renewal knows of a session.
#[derive(Queryable, Selectable)]
#[diesel(table_name = sessions, check_for_backend(Pg))]
struct Renewed {
    user_id: Uuid,
    organization_id: Option<Uuid>,
    refresh_token_hash: String,
    expires_at: DateTime<Utc>,
    last_activity_at: DateTime<Utc>,
    revoked_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    confined: bool,
}

async fn renew(visit: &Visit, write: &mut Write, input: SessionRefreshInput) -> Outcome<SignedIn> {
    let path = ["input", "refreshToken"];
    let ended =
        || UserError::new(UserErrorCode::Invalid, say!("the session has ended: sign in again"), &path);
    let id = visit.keys.renewed(&input.refresh_token).ok_or_else(ended)?;
    write.as_renewing(id).await?;
    // the lock makes of several renewals with one token one that succeeds
    let found: Option<Renewed> =
        sessions::table.find(id).for_update().select(Renewed::as_select()).first(write).await.optional()?;
    let now = clock::now();
    let session = found.filter(|it| it.revoked_at.is_none() && it.expires_at > now).ok_or_else(ended)?;
    if session.refresh_token_hash != hash(&input.refresh_token) {
        if now - session.last_activity_at < GRACE {
            let message =
                say!("another request has just renewed the session: go on with the tokens that it was given");
            return Err(UserError::new(UserErrorCode::Conflict, message, &path).into());
        }
        write.proved(session.user_id, Some(id)).await?;
        if let Some(organization) = session.organization_id {
            write.enter_organization(organization).await?;
        }
        session::end(write, Whose::One(id), "token_reused").await?;
        noticed(write, Rule::RefreshTokenReused, &session, id).await?;
        return Err(Stop::Kept(vec![ended()]));
    }
    write.proved(session.user_id, Some(id)).await?;
    let account =
        users::table.find(session.user_id).filter(users::deleted_at.is_null()).select(Account::as_select());
    let account: Option<Account> = account.first(write).await.optional()?;
    account.filter(|account| account.is_usable() && account.locked_at.is_none()).ok_or_else(ended)?;
    let organizations = workplaces(write, session.user_id).await?;
    let place = match &input.organization {
        Some(slug) => match named(&organizations, slug) {
            Err(Stop::User(errors))
                if !organizations.iter().any(|place| place.slug == slug.to_lowercase()) =>
            {
                noticed(write, Rule::ForeignOrganization, &session, id).await?;
                return Err(Stop::Kept(errors));
            }
            place => Some(place?),
        },
        None => {
            session.organization_id.filter(|before| organizations.iter().any(|place| place.id.0 == *before))
        }
    };
    if session.confined && place != session.organization_id {
        let message =
            say!("the session stays in its organization: sign in with your password to work in others");
        let error = UserError::new(UserErrorCode::NotFound, message, &["input", "organization"]);
        noticed(write, Rule::ForeignOrganization, &session, id).await?;
        return Err(Stop::Kept(vec![error]));
    }
    let ends = organization_settings::session_ends(write, &visit.keys, place, session.created_at).await?;
    if ends <= now {
        session::end(write, Whose::One(id), "lifetime").await?;
        return Err(Stop::Kept(vec![ended()]));
    }
    let issue = session::issue(&visit.keys, session.user_id, id, place, ends)?;
    let caller = write.caller().clone();
    diesel::update(sessions::table.find(id))
        .set((
            sessions::organization_id.eq(place),
            sessions::refresh_token_hash.eq(issue.refresh_token_hash),
            sessions::access_token_jti.eq(issue.access_token_jti),
            sessions::ip_address.eq(caller.ip.map(ipnet::IpNet::from)),
            sessions::user_agent.eq(caller.user_agent.as_deref()),
            sessions::expires_at.eq(issue.expires_at),
            sessions::last_activity_at.eq(now),
        ))
        .execute(write)
        .await?;
    let told = Note {
        action: "session.renewed",
        organization: place,
        session: Some(id),
        ..Note::of(session.user_id)
    };
    note(write, told).await?;
    Ok(SignedIn { tokens: Some(issue.tokens), organizations, challenge: None })
}

/// Writes down what somebody tried with a session, where it works or else at its person's home.
async fn noticed(write: &mut Write, rule: Rule, session: &Renewed, id: Uuid) -> Outcome<()> {
    let organization = match session.organization_id {
        Some(organization) => organization,
        None => home(write, session.user_id).await?,
    };
    let sighting = Sighting {
        target: Some(session.user_id),
        resource: Some(Id::<Session>::of(id).to_string()),
        ..Sighting::new(rule, organization, &id)
    };
    Ok(write.notice(sighting).await?)
}

/// Where what concerns a person alone is written down: in their only organization, else where the platform's acts are.
pub(super) async fn home(write: &mut Write, user: Uuid) -> Outcome<Uuid> {
    Ok(match workplaces(write, user).await?.as_slice() {
        [only] => only.id.0,
        _ => PLATFORM,
    })
}
