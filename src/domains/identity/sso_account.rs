//! Accounts that a person has with providers of single sign-on (B009): linked and unlinked by nobody but themselves.
use std::collections::HashMap;

use uuid::Uuid;

use super::{
    session::{Account, Note, note},
    sso::{self, Arrival, Departure, SsoSignInBeginInput, SsoSignInCompleteInput},
    sso_provider::SsoProvider,
};
use crate::{
    domains::{identity::user::User, prelude::*},
    graph::{mutation::Payload, visit::Visit},
    store::tables::identity::{sessions, sso_accounts, users},
};

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = sso_accounts, check_for_backend(Pg))]
pub struct SsoAccount {
    pub id: Id<SsoAccount>,
    pub user_id: Id<User>,
    pub provider_id: Id<SsoProvider>,
    pub issuer: String,
    pub external_id: String,
    pub external_username: Option<String>,
    pub external_email: Option<String>,
    pub linked_at: DateTime<Utc>,
    pub last_used_at: Option<DateTime<Utc>>,
}

entity!(SsoAccount, "ssoacct", identity::sso_accounts, public "everybody sees their own accounts only", owner Nobody);

impl Entity for SsoAccount {
    fn fields(account: &mut Fields<Self>) {
        columns! { account: SsoAccount {
            id, issuer, external_id, external_username, external_email, linked_at, last_used_at,
        } keeps { user_id, provider_id } }
        account.one("provider", |account| Some(account.provider_id)).about_column("provider_id");
    }
}

/// The accounts of a person, in the order they were linked.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SsoAccountsOf(pub Uuid);

impl Batch for SsoAccountsOf {
    type Value = Vec<SsoAccount>;

    async fn load(db: &Snapshot, keys: &[Self]) -> StoreResult<HashMap<Self, Self::Value>> {
        let query = sso_accounts::table
            .filter(sso_accounts::user_id.eq_any(keys.iter().map(|key| key.0).collect::<Vec<_>>()))
            .order(sso_accounts::id)
            .limit(1000)
            .select(SsoAccount::as_select());
        let mut found = HashMap::<Self, Self::Value>::new();
        for account in db.load(query).await? {
            found.entry(Self(account.user_id.0)).or_default().push(account);
        }
        Ok(found)
    }
}

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .action_in_visit(
            "ssoAccountLink",
            |visit, write, input| begin(visit, write, input).boxed(),
            sso::departed,
        )
        .personal()
        .once()
        .about(
            "Begins to link an account that you have with a provider, as `ssoSignInBegin` does; `ssoAccountLinkComplete` ends \
             it. Errors: NOT_FOUND, INVALID, STATE.",
        );
    mutations
        .action_in_visit(
            "ssoAccountLinkComplete",
            |visit, write, input| complete(visit, write, input).boxed(),
            |payload: &mut Fields<Payload<Id<SsoAccount>>>| {
                payload
                    .one("ssoAccount", |payload| payload.result)
                    .about("The account with which you can sign in from now on; null when nothing was done.");
            },
        )
        .personal()
        .once()
        .about(
            "Links the account with which you came back: it signs you in from now on. Errors: INVALID, NOT_UNIQUE when it is \
             linked already.",
        );
    mutations
        .action("ssoAccountUnlink", unlink, |payload: &mut Fields<Payload<Id<SsoAccount>>>| {
            payload
                .derived("unlinkedSsoAccountId", |payload| payload.result)
                .about("The id of the link that is gone; null when nothing was done.");
        })
        .personal()
        .about(
            "Unlinks an account of yours. Errors: NOT_FOUND, STATE when it is the only way in which you can sign in.",
        );
}

async fn begin(visit: &Visit, write: &mut Write, input: SsoSignInBeginInput) -> Outcome<Departure> {
    let user = write.caller().user;
    let session = sessions::table.find(write.caller().session.unwrap_or_default());
    let confined: Option<bool> = session.select(sessions::confined).first(write).await.optional()?;
    if confined != Some(false) {
        // another account could open what this session does not
        let message = say!(
            "sign in with your password first: this session was opened by the provider of an organization"
        );
        return Err(UserError::state(message, &["input"], &[]).into());
    }
    sso::depart(visit, write, input, user).await
}

async fn complete(
    visit: &Visit,
    write: &mut Write,
    input: SsoSignInCompleteInput,
) -> Outcome<Id<SsoAccount>> {
    let user = write.caller().user;
    let arrival = sso::arrive(visit, write, input, user).await?;
    if owner(write, &arrival).await?.is_some() {
        let message = say!("the account is linked already");
        return Err(UserError::new(UserErrorCode::NotUnique, message, &["input", "code"]).into());
    }
    let user = user.unwrap_or_default();
    let id = link(write, &arrival, user).await?;
    note(write, Note { action: "user.sso_linked", detail: Some(&arrival.provider.name), ..Note::of(user) })
        .await?;
    Ok(id)
}

/// Which account to unlink.
#[derive(InputObject)]
struct SsoAccountUnlinkInput {
    /// The account.
    id: Id<SsoAccount>,
}

async fn unlink(write: &mut Write, input: SsoAccountUnlinkInput) -> Outcome<Id<SsoAccount>> {
    let user = write.caller().user.unwrap_or_default();
    // the lock keeps two from going at once
    let account = users::table.find(user).for_no_key_update().select(Account::as_select());
    let account: Account = account.first(write).await?;
    let found: SsoAccount = record::find(write, input.id, &["input", "id"]).await?;
    let all: i64 =
        sso_accounts::table.filter(sso_accounts::user_id.eq(user)).count().get_result(write).await?;
    if account.password_hash.is_none() && all < 2 {
        let message = say!("you have no password: without this account you could not sign in any more");
        return Err(UserError::state(message, &["input", "id"], &[]).into());
    }
    diesel::delete(sso_accounts::table.filter(sso_accounts::id.eq(found.id))).execute(write).await?;
    note(write, Note { action: "user.sso_unlinked", detail: Some(&found.issuer), ..Note::of(user) }).await?;
    Ok(found.id)
}

/// Whose account it is with which somebody has come back, if anybody's.
pub(super) async fn owner(write: &mut Write, arrival: &Arrival) -> Outcome<Option<Uuid>> {
    write.as_choosing_provider(arrival.provider.id.0).await?;
    write.as_vouched_for(&arrival.subject).await?;
    let owner = sso_accounts::table
        .filter(sso_accounts::organization_id.eq(arrival.organization))
        .filter(sso_accounts::provider_id.eq(arrival.provider.id))
        .filter(sso_accounts::issuer.eq(&arrival.vouched.issuer))
        .filter(sso_accounts::external_id.eq(&arrival.subject))
        .select(sso_accounts::user_id)
        .first(write)
        .await
        .optional()?;
    Ok(owner)
}

/// Links the account with which somebody has come back to `user`, as whom the transaction runs.
pub(super) async fn link(write: &mut Write, arrival: &Arrival, user: Uuid) -> Outcome<Id<SsoAccount>> {
    let id = Id::<SsoAccount>::fresh();
    diesel::insert_into(sso_accounts::table)
        .values((
            sso_accounts::organization_id.eq(arrival.organization),
            sso_accounts::id.eq(id),
            sso_accounts::user_id.eq(user),
            sso_accounts::provider_id.eq(arrival.provider.id),
            sso_accounts::issuer.eq(&arrival.vouched.issuer),
            sso_accounts::external_id.eq(&arrival.subject),
            sso_accounts::external_email.eq(told(arrival, "email", "email")),
            sso_accounts::external_username.eq(told(arrival, "username", "preferred_username")),
        ))
        .execute(write)
        .await?;
    Ok(id)
}

/// Notes what the provider tells of a person who signs in.
pub(super) async fn used(write: &mut Write, arrival: &Arrival) -> Outcome<()> {
    let this = sso_accounts::table
        .filter(sso_accounts::provider_id.eq(arrival.provider.id))
        .filter(sso_accounts::issuer.eq(&arrival.vouched.issuer))
        .filter(sso_accounts::external_id.eq(&arrival.subject));
    diesel::update(this)
        .set((
            sso_accounts::last_used_at.eq(clock::now()),
            sso_accounts::external_email.eq(told(arrival, "email", "email")),
            sso_accounts::external_username.eq(told(arrival, "username", "preferred_username")),
        ))
        .execute(write)
        .await?;
    Ok(())
}

fn told(arrival: &Arrival, name: &str, usual: &str) -> Option<String> {
    let told = arrival.provider.attribute(&arrival.vouched.claims, name, usual).as_str()?;
    Some(told.chars().take(320).collect())
}
