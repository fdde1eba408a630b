//! Accounts: the companies that deals are made with.
use crate::{
    domains::{
        identity::user::{User, UserFilter},
        prelude::*,
        sales::deal::Deal,
    },
    graph::sync::{self, Upserted, upserted},
    store::tables::sales::{accounts, deals},
};

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = accounts, check_for_backend(Pg))]
pub struct Account {
    pub id: Id<Account>,
    pub name: String,
    pub domain: Option<String>,
    pub vertical: Option<String>,
    pub owner_id: Option<Id<User>>,
    pub external_system: Option<String>,
    pub external_id: Option<String>,
    pub revision: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub deleted_at: Option<DateTime<Utc>>,
    pub synced_at: Option<DateTime<Utc>>,
    pub synced_revision: Option<i32>,
}

entity!(Account, "acct", sales::accounts, needs "account.read", version revision, deleted deleted_at);
external!(Account, accounts: external_system, external_id);

impl Entity for Account {
    const SEARCHED: &'static [&'static str] = &["name", "domain", "external_id", "vertical"];

    fn fields(account: &mut Fields<Self>) {
        columns! { account: Account {
            id, name, domain, vertical, external_system, external_id,
            revision as "version", created_at, updated_at, deleted_at, synced_at, synced_revision as "syncedVersion",
        } keeps { owner_id } }
        account.one("owner", |account| account.owner_id).about_column("owner_id");
        account.children::<Deal>("deals", deals::account_id).about("The deals made with this company.");
        account.aggregate().by(&["vertical", "owner"]).by_period(&["createdAt"]);
    }
}

filter! { AccountFilter for Account in accounts {
    id: Compare<Id<Account>>,
    name: Compare<String>,
    domain: Compare<String>,
    vertical: Compare<String>,
    owner: UserFilter => through owner_id,
    created_at: Compare<DateTime<Utc>>,
    deals: Related<Deal> => by deals::account_id,
} }

order! { AccountOrder, AccountOrderField for Account {
    /// When the record was made.
    CreatedAt = created_at,
    /// When the record was changed last.
    UpdatedAt = updated_at,
    /// The company's name.
    Name = name,
    /// The name of whoever looks after it.
    OwnerName = owner_id -> User.display_name,
} default [Name Asc] }

pub fn queries(query: &mut Fields<Query>) {
    query
        .one_by::<Account>("account", [By::external(accounts::external_system, accounts::external_id)])
        .about(
            "A company by its id, or by that of the system it comes from; null when there is none that you may see.",
        );
    query.list::<Account>("accounts").about("Companies, by name unless ordered otherwise.");
}

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .change("accountCreate", create)
        .needs("account.write")
        .about("Makes a company known. Errors: INVALID, NOT_UNIQUE, NOT_FOUND.")
        .in_bulk();
    mutations
        .change("accountUpdate", update)
        .needs("account.write")
        .about("Changes a company. Errors: NOT_FOUND, CONFLICT, INVALID, NOT_UNIQUE.")
        .in_bulk();
    mutations
        .action("accountUpsert", upsert, upserted)
        .needs("account.write")
        .about(
            "Makes known or changes the company that another system calls so, as that system knows it. Refused where it was \
             changed here since it was compared last, unless you say which version or time you know of. \
             Errors: CONFLICT, REQUIRED, INVALID, NOT_FOUND, NOT_UNIQUE.",
        )
        .in_bulk();
    mutations
        .change("accountDelete", record::delete::<Account>)
        .needs("account.delete")
        .about("Deletes a company; it can be restored. Errors: NOT_FOUND, CONFLICT, STATE.")
        .in_bulk();
    mutations
        .change("accountRestore", record::restore::<Account>)
        .needs("account.delete")
        .about("Brings a deleted company back. Errors: NOT_FOUND, CONFLICT, STATE, NOT_UNIQUE.");
}

/// A company to be made known.
#[derive(InputObject)]
struct AccountCreateInput {
    /// Its name.
    name: String,
    /// Its domain in the internet, `example.com`.
    domain: Option<String>,
    /// The industry it works in.
    vertical: Option<String>,
    /// Who looks after it.
    owner_id: Option<Id<User>>,
    /// The system it was imported from, together with `externalId`.
    external_system: Option<String>,
    /// Its id in that system.
    external_id: Option<String>,
}

async fn create(write: &mut Write, input: AccountCreateInput) -> Outcome<Id<Account>> {
    let account = Changes::default()
        .set(accounts::name, input.name)
        .set(accounts::domain, input.domain)
        .set(accounts::vertical, input.vertical)
        .set(accounts::owner_id, input.owner_id)
        .set(accounts::external_system, input.external_system)
        .set(accounts::external_id, input.external_id);
    record::create(write, account).await
}

/// What to change of a company. Absent: unchanged. Null: cleared.
#[derive(InputObject)]
struct AccountUpdateInput {
    /// Which company.
    id: Id<Account>,
    /// The version you read; refused when it is another by now.
    expected_version: Option<i32>,
    /// Its name.
    name: Option<String>,
    /// Its domain in the internet, `example.com`.
    domain: MaybeUndefined<String>,
    /// The industry it works in.
    vertical: MaybeUndefined<String>,
    /// Who looks after it.
    owner_id: MaybeUndefined<Id<User>>,
}

async fn update(write: &mut Write, input: AccountUpdateInput) -> Outcome<Id<Account>> {
    let before = record::lock(write, input.id, input.expected_version).await?;
    let changes = Changes::default()
        .given(accounts::name, input.name)
        .patch(accounts::domain, input.domain)
        .patch(accounts::vertical, input.vertical)
        .patch(accounts::owner_id, input.owner_id);
    record::update(write, before, changes).await
}

/// A company as another system knows it. Absent: unchanged, or unknown where it is new. Null: cleared.
#[derive(InputObject)]
struct AccountUpsertInput {
    /// The system, and its id there.
    external: ExternalRef,
    /// The version of the company here that you read; refused when it is another by now.
    expected_version: Option<i32>,
    /// Until when you know the company here; refused when it was changed after that.
    if_unchanged_since: Option<DateTime<Utc>>,
    /// Its name; required where it is new.
    name: Option<String>,
    /// Its domain in the internet, `example.com`.
    domain: MaybeUndefined<String>,
    /// The industry it works in.
    vertical: MaybeUndefined<String>,
    /// Who looks after it.
    owner_id: MaybeUndefined<Id<User>>,
}

async fn upsert(write: &mut Write, input: AccountUpsertInput) -> Outcome<Upserted<Account>> {
    let known =
        sync::find::<Account>(write, &input.external, input.expected_version, input.if_unchanged_since);
    let known = known.await?;
    if known.is_none() && input.name.is_none() {
        return Err(sync::missing(&[("name", false)]));
    }
    let account = Changes::default()
        .given(accounts::name, input.name)
        .patch(accounts::domain, input.domain)
        .patch(accounts::vertical, input.vertical)
        .patch(accounts::owner_id, input.owner_id);
    sync::write(write, input.external, known, account).await
}
