//! Single sign-on (B009): a person is sent to a provider and comes back with its word for who they are. Who they are is
//! its issuer and its subject, never their address alone.
use chrono::Duration;
use serde_json::Value;
use url::{Host, Url};
use uuid::Uuid;

use super::{
    mfa_challenge,
    oidc::{Client, Journey, Mistrust, Vouched},
    provisioning,
    session::{self, Account, Note, Proved, note},
    sign_in::{self, SignedIn},
    sso_account,
    sso_provider::{self, SsoProvider, SsoProviderType, texts},
};
use crate::{
    credential::{Keys, hash, one_time_token, sealed::Place},
    domains::{
        access::{automatic, role::Role, role_assignment},
        identity::membership::Membership,
        prelude::*,
    },
    graph::{fault::Fault, mutation::Payload, visit::Visit},
    store::{
        door::Caller,
        select::PLATFORM,
        tables::identity::{memberships, sso_provider_roles, sso_providers, sso_requests, users},
    },
};

/// How long a person may take at the provider.
const LIFETIME: Duration = Duration::minutes(10);

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .action_in_visit(
            "ssoSignInBegin",
            |visit, write, input: SsoSignInBeginInput| depart(visit, write, input, None).boxed(),
            departed,
        )
        .public()
        .once()
        .about(
            "Begins a sign-in at a provider: send the person to `authorizationUrl`, keep `state` in their browser, and take no \
             other when they come back. Errors: NOT_FOUND, INVALID for an address to come back to that is not listed, STATE \
             when the provider cannot be reached.",
        );
    mutations
        .action_in_visit(
            "ssoSignInComplete",
            |visit, write, input| complete(visit, write, input).boxed(),
            sign_in::signed_in,
        )
        .public()
        .once()
        .about(
            "Ends a sign-in at a provider: gives what `signIn` gives, for the state and the code with which the person came \
             back, each good for once. Errors: INVALID for a state that is unknown, used or too old, and when the provider \
             does not vouch for the person; NOT_FOUND when no account is linked; STATE when there is an account with the same \
             address, which its person can link; ACCOUNT_LOCKED.",
        );
}

pub(super) fn departed(payload: &mut Fields<Payload<Departure>>) {
    payload
        .derived("authorizationUrl", |payload| payload.result.as_ref().map(|begun| begun.url.clone()))
        .about("Where the person signs in.");
    payload
        .derived("state", |payload| payload.result.as_ref().map(|begun| begun.state.clone()))
        .about("With what they come back; good for once.");
    payload
        .derived("expiresAt", |payload| payload.result.as_ref().map(|begun| begun.expires_at))
        .about("Until when they have to be back.");
}

/// A person on their way.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
pub(super) struct Departure {
    url: String,
    state: String,
    expires_at: DateTime<Utc>,
}

/// Where to sign in.
#[derive(InputObject)]
pub(super) struct SsoSignInBeginInput {
    /// The provider.
    provider: Id<SsoProvider>,
    /// Where the person comes back: one of the provider's `redirectUris`, or a page of this server's public address.
    redirect_uri: String,
}

/// A provider that was named, and whose it is.
struct Chosen {
    organization: Uuid,
    provider: SsoProvider,
    client: Client,
}

async fn chosen(write: &mut Write, keys: &Keys, id: Id<SsoProvider>) -> Outcome<Chosen> {
    write.as_choosing_provider(id.0).await?;
    let found: Option<(Uuid, Option<Vec<u8>>, SsoProvider)> = sso_providers::table
        .filter(sso_providers::id.eq(id))
        .filter(sso_providers::is_active)
        .select((
            sso_providers::organization_id,
            sso_providers::client_secret_encrypted,
            SsoProvider::as_select(),
        ))
        .first(write)
        .await
        .optional()?;
    let (organization, kept, provider) =
        found.ok_or_else(|| UserError::not_found(id, &["input", "provider"]))?;
    let client = provider.client(sso_provider::secret(keys, organization, id, kept)?);
    Ok(Chosen { organization, provider, client })
}

/// Whether an address is on the machine of who asks, as programs on it use it to be told.
pub(super) fn is_here(url: &Url) -> bool {
    let here = match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(_)) | None => false,
    };
    here && url.scheme() == "http"
}

/// Whether a person may come back to an address: one that is listed, or a page of this server.
fn returns(visit: &Visit, provider: &SsoProvider, address: &str) -> bool {
    if texts(&provider.redirect_uris).iter().any(|listed| listed == address) {
        return true;
    }
    let (Some(public), Ok(url)) = (&visit.public_url, Url::parse(address)) else { return false };
    let ours = Url::parse(public).is_ok_and(|public| public.origin() == url.origin());
    ours && url.username().is_empty() && url.password().is_none() && url.fragment().is_none()
}

/// Where the secrets of a request are kept.
const fn place(row: &[Uuid]) -> Place<'_> {
    Place { column: "identity.sso_requests.secrets_encrypted", row }
}

/// Sends a person to a provider: to sign in, or to link an account of theirs.
pub(super) async fn depart(
    visit: &Visit,
    write: &mut Write,
    input: SsoSignInBeginInput,
    linking: Option<Uuid>,
) -> Outcome<Departure> {
    let Chosen { organization, provider, client } = chosen(write, &visit.keys, input.provider).await?;
    if let Some(user) = linking {
        let places = sign_in::workplaces(write, user).await?;
        if organization != PLATFORM && !places.iter().any(|place| place.id.0 == organization) {
            return Err(UserError::not_found(provider.id, &["input", "provider"]).into());
        }
    }
    if !returns(visit, &provider, &input.redirect_uri) {
        let message = say!("people come back only to an address that the provider lists");
        return Err(UserError::new(UserErrorCode::Invalid, message, &["input", "redirectUri"]).into());
    }
    let fresh = || one_time_token::write().map_err(Fault::internal);
    let journey =
        Journey { state: fresh()?, nonce: fresh()?, verifier: fresh()?, redirect: input.redirect_uri };
    let url = write.aside(client.begin(&visit.outbound, &journey)).await?.map_err(|mistrust| {
        tracing::warn!(provider = %provider.id, %mistrust, "nobody can be sent to sign in");
        let message = say!("the provider cannot be reached, or does not say where to sign in");
        UserError::state(message, &["input", "provider"], &[])
    })?;
    let id = clock::new_id();
    let secrets = format!("{} {}", journey.nonce, journey.verifier);
    let kept = visit.keys.encrypt(place(&[organization, id]), secrets.as_bytes()).map_err(Fault::internal)?;
    let (state_hash, expires_at) = (hash(&journey.state), clock::now() + LIFETIME);
    write.as_redeeming(&state_hash).await?;
    diesel::insert_into(sso_requests::table)
        .values((
            sso_requests::organization_id.eq(organization),
            sso_requests::id.eq(id),
            sso_requests::provider_id.eq(provider.id),
            sso_requests::state_hash.eq(state_hash),
            sso_requests::secrets_encrypted.eq(kept),
            sso_requests::redirect_uri.eq(journey.redirect),
            sso_requests::user_id.eq(linking),
            sso_requests::expires_at.eq(expires_at),
        ))
        .execute(write)
        .await?;
    // what matters is written down when they are back
    write.changed_nothing();
    Ok(Departure { url, state: journey.state, expires_at })
}

/// With what a person comes back.
#[derive(InputObject)]
pub(super) struct SsoSignInCompleteInput {
    /// The `state` of the address to which they came back; compare it with the one that you kept.
    #[graphql(secret)]
    state: String,
    /// The `code` of the address.
    #[graphql(secret)]
    code: String,
}

/// What is kept of a person on their way.
#[derive(Queryable, Selectable)]
#[diesel(table_name = sso_requests, check_for_backend(Pg))]
struct Request {
    organization_id: Uuid,
    id: Uuid,
    provider_id: Id<SsoProvider>,
    secrets_encrypted: Vec<u8>,
    redirect_uri: String,
    user_id: Option<Uuid>,
}

/// A person who is back.
pub(super) struct Arrival {
    pub organization: Uuid,
    pub provider: SsoProvider,
    pub vouched: Vouched,
    pub subject: String,
}

/// The answer to whoever shows a state that is good for nothing.
fn spent() -> UserError {
    let message = say!("the sign-in is unknown, ended or too old: begin again");
    UserError::new(UserErrorCode::Invalid, message, &["input", "state"])
}

/// Asks the provider who has come back. Whatever it says, the state is used up: that is committed before it is asked.
pub(super) async fn arrive(
    visit: &Visit,
    write: &mut Write,
    input: SsoSignInCompleteInput,
    linking: Option<Uuid>,
) -> Outcome<Arrival> {
    let before = write.caller();
    let nobody = Caller {
        request: before.request.clone(),
        ip: before.ip,
        user_agent: before.user_agent.clone(),
        ..Caller::default()
    };
    let state = hash(input.state.trim());
    let asked = async {
        let (chosen, journey) = claim(visit, nobody, &state, linking).await?;
        let vouched = chosen.client.complete(&visit.outbound, journey, input.code).await;
        Outcome::Ok((chosen.organization, chosen.provider, vouched))
    };
    let (organization, provider, vouched) = write.aside(asked).await??;
    let named = vouched.and_then(|vouched| match subject(&provider, &vouched.claims) {
        Some(subject) => Ok((vouched, subject)),
        None => Err(Mistrust::Refused("it does not say who it is".to_owned())),
    });
    match named {
        Ok((vouched, subject)) => Ok(Arrival { organization, provider, vouched, subject }),
        Err(mistrust) => {
            tracing::info!(provider = %provider.id, %mistrust, "a sign-in failed");
            let told = Note {
                action: "user.sso_refused",
                organization: Some(organization),
                user: None,
                detail: Some(&provider.name),
                error: Some("the provider does not vouch"),
                ..Note::of(Uuid::nil())
            };
            note(write, told).await?;
            let message = say!("the provider does not vouch for this sign-in: begin again");
            let error = UserError::new(UserErrorCode::Invalid, message, &["input", "code"]);
            Err(Stop::Kept(vec![error]))
        }
    }
}

/// Uses up a state, in a transaction of its own.
async fn claim(
    visit: &Visit,
    caller: Caller,
    state: &str,
    linking: Option<Uuid>,
) -> Outcome<(Chosen, Journey)> {
    let mut write = visit.door.write(caller.into()).await?;
    write.as_redeeming(state).await?;
    let open = sso_requests::table
        .filter(sso_requests::state_hash.eq(state))
        .filter(sso_requests::used_at.is_null())
        .filter(sso_requests::expires_at.gt(clock::now()));
    let request: Option<Request> = diesel::update(open)
        .set(sso_requests::used_at.eq(clock::now()))
        .returning(Request::as_returning())
        .get_result(&mut write)
        .await
        .optional()?;
    let request = request.ok_or_else(spent)?;
    let chosen = chosen(&mut write, &visit.keys, request.provider_id).await?;
    write.commit().await?;
    // whoever began to link an account must be the one who ends it, and does not sign in with it
    if request.user_id != linking {
        return Err(spent().into());
    }
    let row = [request.organization_id, request.id];
    let secrets = visit.keys.decrypt(place(&row), &request.secrets_encrypted).ok_or_else(spent)?;
    let secrets = String::from_utf8_lossy(&secrets).into_owned();
    let (nonce, verifier) = secrets.split_once(' ').ok_or_else(spent)?;
    let journey = Journey {
        state: String::new(),
        nonce: nonce.to_owned(),
        verifier: verifier.to_owned(),
        redirect: request.redirect_uri,
    };
    Ok((chosen, journey))
}

/// How the provider names a person for good.
fn subject(provider: &SsoProvider, claims: &Value) -> Option<String> {
    let subject = match provider.provider_type {
        SsoProviderType::Oidc => claims.get("sub")?,
        SsoProviderType::Oauth2 => provider.attribute(claims, "subject", "sub"),
    };
    match subject {
        Value::String(subject) if !subject.is_empty() && subject.len() <= 500 => Some(subject.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

async fn complete(visit: &Visit, write: &mut Write, input: SsoSignInCompleteInput) -> Outcome<SignedIn> {
    let arrival = arrive(visit, write, input, None).await?;
    let user = match sso_account::owner(write, &arrival).await? {
        Some(user) => user,
        None => join(write, &arrival).await?,
    };
    write.as_user(user).await?;
    sso_account::used(write, &arrival).await?;
    let living = users::table.find(user).filter(users::deleted_at.is_null());
    let account: Option<Account> = living.select(Account::as_select()).first(write).await.optional()?;
    let account = account.filter(Account::is_usable).ok_or_else(unknown)?;
    let organizations = sign_in::workplaces(write, user).await?;
    let here = organizations.iter().find(|place| place.id.0 == arrival.organization);
    let place = match (arrival.organization, here, organizations.as_slice()) {
        (PLATFORM, _, [only]) => Some(only),
        (PLATFORM, ..) => None,
        (_, None, _) => return Err(unknown().into()),
        (_, here, _) => here,
    };
    let methods = arrival.vouched.claims.get("amr").and_then(Value::as_array);
    let mfa = methods.is_some_and(|methods| methods.iter().any(|method| method == "mfa"));
    // who runs an organization's provider could be anybody in it, and must not be them elsewhere
    let confined = arrival.organization != PLATFORM;
    if account.mfa_enabled && !mfa {
        let slug = place.map(|place| place.slug.clone());
        sign_in::still_open(write, &account).await?;
        return mfa_challenge::pose(write, user, slug, confined).await;
    }
    sign_in::welcome(write, &account).await?;
    let place = place.map(sign_in::Workplace::open).transpose()?;
    let tokens = session::begin(write, &visit.keys, user, place, Proved { mfa, confined }).await?;
    Ok(SignedIn { tokens: Some(tokens), organizations, challenge: None })
}

/// The answer to who has no account here.
fn unknown() -> UserError {
    let message = say!(
        "no account here is linked to the one of the provider: sign in and link it, or ask to be invited"
    );
    UserError::new(UserErrorCode::NotFound, message, &["input", "code"])
}

/// Makes an account for who signs in for the first time, where the provider's house wants that. Nobody gets an account
/// that is there already: an address proves nothing.
async fn join(write: &mut Write, arrival: &Arrival) -> Outcome<Uuid> {
    let Arrival { organization, provider, vouched, .. } = arrival;
    let told = |name, usual| provider.attribute(&vouched.claims, name, usual).as_str().map(shortened);
    let verified = match provider.attribute(&vouched.claims, "emailVerified", "email_verified") {
        Value::Bool(verified) => *verified,
        other => other == "true",
    };
    let email = told("email", "email").filter(|_| verified).ok_or_else(unknown)?;
    if let Some(user) = provisioned(write, arrival, &email).await? {
        return Ok(user);
    }
    if !provider.auto_create_users {
        return Err(unknown().into());
    }
    if session::account(write, &email).await?.is_some() {
        let message = say!("there is an account with this address: sign in to it and link the provider");
        return Err(UserError::state(message, &["input", "code"], &["ssoAccountLink"]).into());
    }
    let user = clock::new_id();
    write.as_user(user).await?;
    diesel::insert_into(users::table)
        .values((
            users::id.eq(user),
            users::email.eq(&email),
            users::first_name.eq(told("firstName", "given_name")),
            users::last_name.eq(told("lastName", "family_name")),
            users::display_name.eq(told("displayName", "name")),
            users::status.eq("active"),
            // the word of an organization's own provider binds nobody else
            users::email_verified_at.eq((*organization == PLATFORM).then(clock::now)),
        ))
        .execute(write)
        .await?;
    write.enter_organization(*organization).await?;
    if *organization != PLATFORM {
        let rules = automatic::hold_rules(write).await?;
        let joined = Changes::default().set(memberships::joined_at, Some(clock::now()));
        let membership = Membership::insert(write, Id::of(user), joined).await?;
        record::created(write, &membership).await?;
        give_roles(write, arrival, user).await?;
        rules.apply(write, Id::of(user)).await?;
    }
    sso_account::link(write, arrival, user).await?;
    let told = Note {
        action: "user.created",
        organization: Some(*organization),
        detail: Some(&provider.name),
        ..Note::of(user)
    };
    note(write, told).await?;
    Ok(user)
}

/// The roles that the provider brings, for who signs in for the first time.
async fn give_roles(write: &mut Write, arrival: &Arrival, user: Uuid) -> Outcome<()> {
    let roles: Vec<Id<Role>> = sso_provider_roles::table
        .filter(sso_provider_roles::organization_id.eq(arrival.organization))
        .filter(sso_provider_roles::provider_id.eq(arrival.provider.id))
        .select(sso_provider_roles::role_id)
        .load(write)
        .await?;
    for role in roles {
        role_assignment::give_to_joined(write, Id::of(user), role, None, "signed in for the first time")
            .await?;
    }
    Ok(())
}

/// The account that the organization's directory has made for who signs in for the first time, linked; if there is one.
async fn provisioned(write: &mut Write, arrival: &Arrival, email: &str) -> Outcome<Option<Uuid>> {
    if arrival.organization == PLATFORM {
        return Ok(None);
    }
    write.enter_organization(arrival.organization).await?;
    let Some(user) = provisioning::awaited(write, email).await? else { return Ok(None) };
    give_roles(write, arrival, user).await?;
    sso_account::link(write, arrival, user).await?;
    let told = Note {
        action: "user.sso_linked",
        organization: Some(arrival.organization),
        detail: Some(&arrival.provider.name),
        ..Note::of(user)
    };
    note(write, told).await?;
    Ok(Some(user))
}

fn shortened(text: &str) -> String {
    text.trim().chars().take(200).collect()
}
