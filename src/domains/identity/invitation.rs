//! Invitations (B003): a token by mail lets whoever has the address join the organization, once, in one role.
use chrono::Duration;
use uuid::Uuid;

use super::{
    membership::{Membership, MembershipStatus},
    organization::OrganizationStatus,
    organization_settings, outbox, password,
    session::{self, lower},
    sign_in::Workplace,
    user::{User, UserFilter, UserStatus},
};
use crate::{
    credential::{hash, one_time_token},
    domains::{
        access::{
            authority, automatic, permission_grant,
            role::{Role, RoleFilter},
            role_assignment,
        },
        prelude::*,
    },
    graph::{fault::Fault, mutation::Payload, visit::Visit},
    store::tables::identity::{invitations, memberships, organizations, users},
};

/// How long a token works.
const LIFETIME: Duration = Duration::days(7);

text_enum! {
    /// What has become of an invitation.
    InvitationStatus {
        /// It can be accepted.
        Pending = "pending",
        /// It was accepted.
        Accepted = "accepted",
        /// It was withdrawn.
        Revoked = "revoked",
        /// Its token is too old; sent again, it can be accepted.
        Expired = "expired",
    }
}

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = invitations, check_for_backend(Pg))]
pub struct Invitation {
    pub id: Id<Invitation>,
    pub email: String,
    pub role_id: Id<Role>,
    pub invited_by: Option<Id<User>>,
    pub sent_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub accepted_at: Option<DateTime<Utc>>,
    pub accepted_by: Option<Id<User>>,
    pub revoked_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub revision: i32,
}

entity!(Invitation, "invite", identity::invitations, needs "invitation.read", version revision);

impl Entity for Invitation {
    fn fields(invitation: &mut Fields<Self>) {
        columns! { invitation: Invitation {
            id, email needs "user.email.read", sent_at, expires_at, accepted_at, revoked_at,
            revision as "version", created_at, updated_at,
        } keeps { role_id, invited_by, accepted_by } }
        invitation.derived("status", Self::status).about("What has become of it at this moment.");
        invitation.one("role", |invitation| Some(invitation.role_id)).about_column("role_id").required();
        invitation.one("invitedBy", |invitation| invitation.invited_by).about_column("invited_by");
        invitation.one("acceptedBy", |invitation| invitation.accepted_by).about_column("accepted_by");
        invitation
            .aggregate()
            .ranges(&["createdAt", "expiresAt", "acceptedAt"])
            .by(&["role", "invitedBy"])
            .by_period(&["createdAt", "acceptedAt", "revokedAt"]);
    }
}

impl Invitation {
    fn status(&self) -> InvitationStatus {
        match self {
            Self { accepted_at: Some(_), .. } => InvitationStatus::Accepted,
            Self { revoked_at: Some(_), .. } => InvitationStatus::Revoked,
            Self { expires_at, .. } if *expires_at <= clock::now() => InvitationStatus::Expired,
            _ => InvitationStatus::Pending,
        }
    }

    /// Refused once there is nothing more to be done with it.
    fn is_open(&self) -> Outcome<()> {
        let over = match self.status() {
            InvitationStatus::Accepted => say!("it was accepted"),
            InvitationStatus::Revoked => say!("it is withdrawn already"),
            InvitationStatus::Pending | InvitationStatus::Expired => return Ok(()),
        };
        Err(UserError::state(over, &["input", "id"], &[]).into())
    }
}

filter! { InvitationFilter for Invitation in invitations {
    id: Compare<Id<Invitation>>,
    email: Compare<String> => needs "user.email.read",
    created_at: Compare<DateTime<Utc>>,
    sent_at: Compare<DateTime<Utc>>,
    expires_at: Compare<DateTime<Utc>>,
    accepted_at: Compare<DateTime<Utc>>,
    revoked_at: Compare<DateTime<Utc>>,
    role: RoleFilter => through role_id,
    invited_by: UserFilter => through invited_by,
    accepted_by: UserFilter => through accepted_by,
} }

order! { InvitationOrder, InvitationOrderField for Invitation {
    /// When it was made.
    CreatedAt = created_at,
    /// When it was sent last.
    SentAt = sent_at,
    /// When it ends.
    ExpiresAt = expires_at,
    /// The name of the role that they are to have.
    RoleName = role_id -> Role.name,
} default [CreatedAt Desc] }

pub fn queries(query: &mut Fields<Query>) {
    query
        .by_id::<Invitation>("invitation")
        .about("An invitation by its id; null when there is none that you may see.");
    query
        .list::<Invitation>("invitations")
        .about("The invitations to the organization, newest first unless ordered otherwise.");
}

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .action_in_visit("invitationCreate", |visit, write, input| create(visit, write, input).boxed(), invited)
        .needs("invitation.write")
        .in_person()
        .about(
            "Invites whoever has an e-mail address to join the organization in a role. A token is sent to them by mail, which \
             works once, for a week. You can invite only into a role that gives no more than you hold yourself; the \
             organization can send 100 invitations an hour. Errors: NOT_FOUND, NOT_UNIQUE, INVALID, STATE, LIMIT_REACHED.",
        );
    mutations
        .action_in_visit("invitationResend", |visit, write, input| resend(visit, write, input).boxed(), invited)
        .needs("invitation.write")
        .in_person()
        .about(
            "Sends an invitation again with a new token, good for another week; the one of before is good for nothing. You \
             are who invites from then on, and need what `invitationCreate` needs. Errors: NOT_FOUND, CONFLICT, STATE, LIMIT_REACHED.",
        );
    mutations
        .change("invitationRevoke", revoke)
        .needs("invitation.write")
        .in_person()
        .about("Withdraws an invitation: it can be accepted no more. Errors: NOT_FOUND, CONFLICT, STATE.");
    mutations
        .action_in_visit(
            "invitationAccept",
            |_, write, input| accept(write, input).boxed(),
            |payload: &mut Fields<Payload<Workplace>>| {
                payload.derived("done", |payload| payload.result.is_some()).about("Whether you have joined.");
                payload
                    .part("organization", |payload, _| payload.result.clone())
                    .about("The organization that you have joined: sign in with its slug; null when you have not.");
            },
        )
        .public()
        .once()
        .about(
            "Joins the organization that a mail invites you to. Who has no account yet gets one, with the address of the mail; \
             who has one signs in before. Errors: QUOTA_EXCEEDED where no seat is left, INVALID for a token that is unknown, used, withdrawn, too old or for \
             another address, which of them is not told, and for a password that may not be chosen; REQUIRED, TOO_LONG; \
             STATE for who has an account and is not signed in, and where nobody else may have the role.",
        );
}

fn invited(payload: &mut Fields<Payload<Id<Invitation>>>) {
    payload
        .one("invitation", |payload| payload.result)
        .about("The record as it is now; null when nothing was done.");
}

/// Whom to invite.
#[derive(InputObject)]
struct InvitationCreateInput {
    /// Their e-mail address.
    email: String,
    /// The role that they are given.
    role_id: Id<Role>,
}

async fn create(visit: &Visit, write: &mut Write, input: InvitationCreateInput) -> Outcome<Id<Invitation>> {
    let email = input.email.trim().to_owned();
    is_no_member(write, &email).await?;
    offer(write, input.role_id, &["input", "roleId"]).await?;
    let token = one_time_token::write().map_err(Fault::internal)?;
    let now = clock::now();
    let invitation = Changes::default()
        .set(invitations::email, email)
        .set(invitations::role_id, input.role_id)
        .set(invitations::invited_by, write.caller().user)
        .set(invitations::token_hash, hash(&token))
        .set(invitations::sent_at, now)
        .set(invitations::expires_at, now + LIFETIME);
    let invitation = Invitation::insert(write, Id::fresh(), invitation).await?;
    send(visit, write, &invitation.email, &token).await?;
    record::created(write, &invitation).await
}

/// Refused for who works here already; who has left may come back.
async fn is_no_member(write: &mut Write, email: &str) -> Outcome<()> {
    let member = memberships::table
        .inner_join(users::table)
        .filter(memberships::organization_id.eq(write.organization()))
        .filter(memberships::status.eq_any([MembershipStatus::Active, MembershipStatus::Suspended]))
        .filter(lower(users::email).eq(lower(email)))
        .filter(users::deleted_at.is_null());
    if diesel::select(diesel::dsl::exists(member)).get_result(write).await? {
        let message = say!("a person with this address is a member already");
        return Err(UserError::new(UserErrorCode::NotUnique, message, &["input", "email"]).into());
    }
    Ok(())
}

/// Refused unless the caller may hand out the role. `role.grant.any` is of no help: the address may be one's own.
async fn offer(write: &mut Write, role: Id<Role>, path: &[&str]) -> Outcome<()> {
    // the lock keeps the role from gaining permissions between this check and the commit
    let role = record::find(write, role, path).await?;
    if !role.is_assignable {
        return Err(UserError::state(say!("this role cannot be given to people"), path, &[]).into());
    }
    authority::may_define_role(write, &role).await
}

async fn send(visit: &Visit, write: &mut Write, email: &str, token: &str) -> Outcome<()> {
    let name = organizations::table.find(write.organization()).select(organizations::name);
    let name: String = name.first(write).await?;
    let body = format!(
        "You are invited to join {name} at Portico.\n\n\
         This lets you do so, once and within a week:\n\n{}\n\n\
         It is for this address alone. If you do not know what it is about, there is nothing to do.",
        outbox::shown(visit, "invitation", token)
    );
    outbox::post(write, email, "You are invited to join an organization at Portico", &body).await
}

async fn resend(visit: &Visit, write: &mut Write, input: RecordInput<Invitation>) -> Outcome<Id<Invitation>> {
    let before = input.lock_living(write).await?;
    before.is_open()?;
    is_no_member(write, &before.email).await.map_err(|stop| stop.at(&["input", "id"]))?;
    offer(write, before.role_id, &["input", "id"]).await?;
    let token = one_time_token::write().map_err(Fault::internal)?;
    let now = clock::now();
    let changes = Changes::default()
        .set(invitations::invited_by, write.caller().user)
        .set(invitations::token_hash, hash(&token))
        .set(invitations::sent_at, now)
        .set(invitations::expires_at, now + LIFETIME);
    send(visit, write, &before.email, &token).await?;
    record::change(write, "resent", before, changes).await
}

async fn revoke(write: &mut Write, input: RecordInput<Invitation>) -> Outcome<Id<Invitation>> {
    let before = input.lock_living(write).await?;
    before.is_open()?;
    let changes = Changes::default().set(invitations::revoked_at, Some(clock::now()));
    record::change(write, "revoked", before, changes).await
}

/// The token of an invitation, and who you are if nobody knows you yet.
#[derive(InputObject)]
struct InvitationAcceptInput {
    /// The token of the mail that came last.
    #[graphql(secret)]
    token: String,
    /// Your name as shown to others, if you have no account yet.
    display_name: Option<String>,
    /// The password that you will sign in with, if you have no account yet: 8 to 200 characters, more where the
    /// organization wants that; none that everybody would guess.
    #[graphql(secret)]
    password: Option<String>,
}

async fn accept(write: &mut Write, input: InvitationAcceptInput) -> Outcome<Workplace> {
    let token = hash(input.token.trim());
    let invitation = shown(write, &token).await?;
    let account = session::account(write, &invitation.email).await?;
    let (caller, program) = (write.caller().user, write.caller().api_key.is_some());
    let newcomer = match (caller, account) {
        (Some(caller), Some(account)) if caller == account.id => None,
        (None, Some(_)) if !program => return Err(known().into()),
        (None, None) if !program => Some(Newcomer::of(write, input).await?),
        _ => return Err(spent().into()),
    };
    // hashing has taken its time, and another request may have been faster: from here on it waits for this one
    let invitation = shown(write, &token).await?;
    let invitation = Invitation::lock(write, invitation.id).await?.ok_or_else(spent)?;
    if invitation.status() != InvitationStatus::Pending {
        return Err(spent().into());
    }
    let person = match newcomer {
        None => Id::of(caller.unwrap_or_default()),
        Some(newcomer) => newcomer.welcome(write, &invitation.email).await?,
    };
    let unproved = users::table.find(person).filter(users::email_verified_at.is_null());
    diesel::update(unproved).set(users::email_verified_at.eq(clock::now())).execute(write).await?;
    let rules = automatic::hold_rules(write).await?;
    join(write, person).await?;
    let full = || say!("nobody else may have the role that you are invited to: ask who invited you");
    role_assignment::give_to_joined(
        write,
        person,
        invitation.role_id,
        invitation.invited_by,
        "accepted an invitation",
    )
    .await
    .map_err(|stop| match stop {
        Stop::User(_) => UserError::state(full(), &["input", "token"], &[]).into(),
        other => other,
    })?;
    rules.apply(write, person).await?;
    let changes = Changes::default()
        .set(invitations::accepted_at, Some(clock::now()))
        .set(invitations::accepted_by, Some(person));
    record::change(write, "accepted", invitation, changes).await?;
    let place = organizations::table.find(write.organization()).select((
        organizations::id,
        organizations::slug,
        organizations::name,
        organizations::status,
    ));
    Ok(place.first(write).await?)
}

/// The invitation that a token came with, if it is still good; what is its organization's can be seen from then on.
async fn shown(write: &mut Write, token: &str) -> Outcome<Invitation> {
    write.as_redeeming(token).await?;
    let found: Option<(Uuid, Invitation)> = invitations::table
        .filter(invitations::token_hash.eq(token))
        .select((invitations::organization_id, Invitation::as_select()))
        .first(write)
        .await
        .optional()?;
    let pending = |(_, invitation): &(Uuid, Invitation)| invitation.status() == InvitationStatus::Pending;
    let (organization, invitation) = found.filter(pending).ok_or_else(spent)?;
    write.enter_organization(organization).await?;
    let living = organizations::table
        .find(organization)
        .filter(organizations::status.eq(OrganizationStatus::Active))
        .filter(organizations::deleted_at.is_null());
    if !diesel::select(diesel::dsl::exists(living)).get_result(write).await? {
        return Err(spent().into());
    }
    if let Some(inviter) = invitation.invited_by {
        let member = memberships::table
            .find((organization, inviter))
            .filter(memberships::status.eq(MembershipStatus::Active));
        if !diesel::select(diesel::dsl::exists(member)).get_result(write).await? {
            return Err(spent().into());
        }
    }
    Ok(invitation)
}

/// Who has no account yet.
struct Newcomer {
    display_name: String,
    password_hash: String,
}

impl Newcomer {
    async fn of(write: &mut Write, input: InvitationAcceptInput) -> Outcome<Self> {
        let missing = |field| {
            UserError::new(UserErrorCode::Required, say!("you have no account yet"), &["input", field])
        };
        let display_name = input.display_name.ok_or_else(|| missing("displayName"))?;
        let chosen = input.password.ok_or_else(|| missing("password"))?;
        password::acceptable(&chosen, &["input", "password"])?;
        let shortest = organization_settings::shortest_password(write).await?;
        if chosen.chars().count() < shortest {
            let message = say!("the organization wants passwords of at least {shortest} characters");
            return Err(UserError::new(UserErrorCode::Invalid, message, &["input", "password"]).into());
        }
        let password_hash = write.aside(password::hash(chosen)).await??;
        Ok(Self { display_name, password_hash })
    }

    /// Makes the account, which acts from now on.
    async fn welcome(self, write: &mut Write, email: &str) -> Outcome<Id<User>> {
        let person = Id::<User>::fresh();
        write.proved(person.0, None).await?;
        let account = Changes::default()
            .set(users::email, email.to_owned())
            .set(users::display_name, Some(self.display_name))
            .set(users::password_hash, Some(self.password_hash))
            .set(users::password_changed_at, Some(clock::now()))
            .set(users::email_verified_at, Some(clock::now()))
            .set(users::status, UserStatus::Active);
        let account =
            User::insert(write, person, account).await.map_err(|error| match Stop::from(error) {
                // somebody with this address has joined another organization in the same moment
                Stop::User(errors) if errors.iter().any(|error| error.code == UserErrorCode::NotUnique) => {
                    known().into()
                }
                stop => stop,
            })?;
        record::created(write, &account).await
    }
}

/// Makes a person an active member, with nothing of what they may have had here before.
async fn join(write: &mut Write, person: Id<User>) -> Outcome<()> {
    let id = person.cast::<Membership>();
    let joined = Changes::default().set(memberships::joined_at, Some(clock::now()));
    match Membership::lock(write, id).await? {
        None => {
            let membership = Membership::insert(write, id, joined).await?;
            record::created(write, &membership).await?;
        }
        Some(Membership { status: MembershipStatus::Active, .. }) => {}
        Some(Membership { status: MembershipStatus::Suspended, .. }) => return Err(spent().into()),
        Some(before) => {
            role_assignment::take_from_returning(write, person).await?;
            permission_grant::take_from_returning(write, person).await?;
            let joined = joined.set(memberships::status, MembershipStatus::Active);
            record::change(write, "joined", before, joined).await?;
        }
    }
    Ok(())
}

/// The answer to whoever shows a token that is good for nothing.
fn spent() -> UserError {
    let message = say!(
        "the token is unknown, used, withdrawn or too old, or was sent to another address: ask for another"
    );
    UserError::new(UserErrorCode::Invalid, message, &["input", "token"])
}

/// The answer to whoever was sent the token and has an account: only they learn it.
fn known() -> UserError {
    let message = say!("there is an account with this address: sign in, and accept then");
    UserError::state(message, &["input", "token"], &["signIn"])
}
