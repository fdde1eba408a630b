//! Providers of single sign-on (B009): houses whose word is taken for who somebody is.
use std::collections::HashMap;

use uuid::Uuid;

use super::oidc::{Addresses, Client};
use crate::{
    credential::{Keys, sealed::Place},
    domains::{
        access::{authority, role::Role},
        prelude::*,
    },
    graph::{fault::Fault, mutation::Payload, visit::Visit},
    store::tables::identity::{sso_provider_roles, sso_providers},
};

text_enum! {
    /// How a provider speaks.
    SsoProviderType {
        /// OpenID Connect: the provider describes itself, and signs who somebody is.
        Oidc = "oidc",
        /// OAuth 2.0, with an address that tells who somebody is.
        Oauth2 = "oauth2",
    }
}

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = sso_providers, check_for_backend(Pg))]
pub struct SsoProvider {
    pub id: Id<SsoProvider>,
    pub name: String,
    pub provider_type: SsoProviderType,
    pub client_id: String,
    pub discovery_url: Option<String>,
    pub authorization_url: Option<String>,
    pub token_url: Option<String>,
    pub userinfo_url: Option<String>,
    pub redirect_uris: Vec<Option<String>>,
    pub scopes: Vec<Option<String>>,
    pub attribute_mapping: Json,
    pub auto_create_users: bool,
    pub is_active: bool,
    pub revision: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

entity!(
    SsoProvider, "sso", identity::sso_providers,
    needs "sso_provider.read", owner OrganizationOrPlatform, version revision
);

impl Entity for SsoProvider {
    fn fields(provider: &mut Fields<Self>) {
        columns! { provider: SsoProvider {
            id, name, provider_type, client_id, discovery_url, authorization_url, token_url, userinfo_url,
            attribute_mapping, auto_create_users, is_active, revision as "version", created_at, updated_at,
        } keeps { redirect_uris, scopes } }
        provider
            .derived("redirectUris", |provider| texts(&provider.redirect_uris))
            .about_column("redirect_uris");
        provider.derived("scopes", |provider| texts(&provider.scopes)).about_column("scopes");
        provider
            .many("roles", |provider| RolesBy(provider.id))
            .about("The roles that are given to whom an account is made for.");
        provider.aggregate().by(&["providerType", "autoCreateUsers", "isActive"]).by_period(&["createdAt"]);
    }
}

pub(super) fn texts(texts: &[Option<String>]) -> Vec<String> {
    texts.iter().flatten().cloned().collect()
}

impl SsoProvider {
    /// As it is talked to.
    pub(super) fn client(&self, secret: Option<String>) -> Client {
        let address = |address: &Option<String>| address.clone().unwrap_or_default();
        let provider = match self.provider_type {
            SsoProviderType::Oidc => Addresses::Oidc { discovery: address(&self.discovery_url) },
            SsoProviderType::Oauth2 => Addresses::OAuth2 {
                authorization: address(&self.authorization_url),
                token: address(&self.token_url),
                userinfo: address(&self.userinfo_url),
            },
        };
        Client { id: self.client_id.clone(), secret, scopes: texts(&self.scopes), provider }
    }

    /// What a provider tells under the name of an attribute, or under another that the mapping says.
    pub(super) fn attribute<'c>(
        &self,
        claims: &'c serde_json::Value,
        name: &str,
        usual: &str,
    ) -> &'c serde_json::Value {
        let mapped = self.attribute_mapping.0.get(name).and_then(serde_json::Value::as_str);
        claims.get(mapped.unwrap_or(usual)).unwrap_or(&serde_json::Value::Null)
    }
}

/// Where the secret is kept that a provider has given this server.
const fn place(row: &[Uuid]) -> Place<'_> {
    Place { column: "identity.sso_providers.client_secret_encrypted", row }
}

/// The secret as it is kept.
pub(super) fn secret(
    keys: &Keys,
    organization: Uuid,
    id: Id<SsoProvider>,
    kept: Option<Vec<u8>>,
) -> Result<Option<String>, Fault> {
    let Some(kept) = kept else { return Ok(None) };
    let secret =
        keys.decrypt(place(&[organization, id.0]), &kept).and_then(|text| String::from_utf8(text).ok());
    let ours = || Fault::internal("a secret was kept by a server with another secret");
    secret.map(Some).ok_or_else(ours)
}

/// The roles that a provider brings.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct RolesBy(Id<SsoProvider>);

impl Batch for RolesBy {
    type Value = Vec<Role>;

    async fn load(db: &Snapshot, keys: &[Self]) -> StoreResult<HashMap<Self, Self::Value>> {
        let pairs = sso_provider_roles::table
            .filter(sso_provider_roles::organization_id.eq(db.organization()))
            .filter(sso_provider_roles::provider_id.eq_any(keys.iter().map(|key| key.0).collect::<Vec<_>>()))
            .order(sso_provider_roles::role_id)
            .select((sso_provider_roles::provider_id, sso_provider_roles::role_id));
        let pairs: Vec<(Id<SsoProvider>, Id<Role>)> = db.load(pairs).await?;
        let roles =
            <Id<Role> as Batch>::load(db, &pairs.iter().map(|pair| pair.1).collect::<Vec<_>>()).await?;
        let mut found = HashMap::<Self, Self::Value>::new();
        for (provider, role) in pairs {
            found.entry(Self(provider)).or_default().extend(roles.get(&role).cloned());
        }
        Ok(found)
    }
}

pairs!(ROLES of identity::sso_provider_roles: provider_id, role_id);

filter! { SsoProviderFilter for SsoProvider in sso_providers {
    id: Compare<Id<SsoProvider>>,
    name: Compare<String>,
    provider_type: Compare<SsoProviderType>,
    is_active: Compare<bool>,
    created_at: Compare<DateTime<Utc>>,
    roles: Related<Role> => paired ROLES,
} }

order! { SsoProviderOrder, SsoProviderOrderField for SsoProvider {
    /// When the record was made.
    CreatedAt = created_at,
    /// Its name.
    Name = name,
} default [Name Asc] }

pub fn queries(query: &mut Fields<Query>) {
    query
        .by_id::<SsoProvider>("ssoProvider")
        .about("A provider of single sign-on by its id; null when there is none that you may see.");
    query
        .list::<SsoProvider>("ssoProviders")
        .about("The providers of single sign-on of the organization and of the platform, by name unless ordered otherwise.");
}

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .action_in_visit("ssoProviderCreate", |visit, write, input| create(visit, write, input).boxed(), provider)
        .needs("sso_provider.write")
        .in_person()
        .about(
            "Sets up a provider of single sign-on. The roles that it gives you must be able to give yourself. Errors: INVALID, \
             NOT_UNIQUE, NOT_FOUND, REQUIRED.",
        );
    mutations
        .action_in_visit(
            "ssoProviderUpdate",
            |visit, write, input| update(visit, write, input).boxed(),
            provider,
        )
        .needs("sso_provider.write")
        .in_person()
        .about("Changes a provider of single sign-on. Errors: NOT_FOUND, CONFLICT, INVALID, NOT_UNIQUE.");
    mutations
        .action("ssoProviderDelete", delete, |payload: &mut Fields<Payload<Id<SsoProvider>>>| {
            payload
                .derived("deletedSsoProviderId", |payload| payload.result)
                .about("The id of the provider that is gone; null when nothing was done.");
        })
        .needs("sso_provider.delete")
        .in_person()
        .about(
            "Deletes a provider for good, and with it the links of accounts: whoever has no password cannot sign in any more. \
             Errors: NOT_FOUND, CONFLICT.",
        );
}

fn provider(payload: &mut Fields<Payload<Id<SsoProvider>>>) {
    payload
        .one("ssoProvider", |payload| payload.result)
        .about("The record as it is now; null when nothing was done.");
}

/// A provider to be set up.
#[derive(InputObject)]
struct SsoProviderCreateInput {
    /// Its name as people choose it.
    name: String,
    /// How it speaks.
    provider_type: SsoProviderType,
    /// The name by which it knows this server.
    client_id: String,
    /// The secret that it has given this server. It is never shown again.
    #[graphql(secret)]
    client_secret: Option<String>,
    /// Where an OpenID provider describes itself: `https://…/.well-known/openid-configuration`.
    discovery_url: Option<String>,
    /// Where people sign in, of an OAuth 2.0 provider.
    authorization_url: Option<String>,
    /// Where codes are exchanged for tokens, of an OAuth 2.0 provider.
    token_url: Option<String>,
    /// Where it tells who somebody is, of an OAuth 2.0 provider.
    userinfo_url: Option<String>,
    /// Addresses to which people may come back, exactly.
    redirect_uris: Option<Vec<String>>,
    /// What it is asked to tell: `openid`, `email` and `profile` when absent.
    scopes: Option<Vec<String>>,
    /// Under which names it tells who somebody is: `{"subject": "id", "email": "mail"}`.
    attribute_mapping: Option<Json>,
    /// Whether an account is made for who signs in for the first time; not when absent.
    auto_create_users: Option<bool>,
    /// The roles that are given to whom an account is made for.
    role_ids: Option<Vec<Id<Role>>>,
}

async fn create(visit: &Visit, write: &mut Write, input: SsoProviderCreateInput) -> Outcome<Id<SsoProvider>> {
    let id = Id::<SsoProvider>::fresh();
    let organization = write.organization();
    let kept = sealed(&visit.keys, organization, id, input.client_secret)?;
    let addresses = [
        ("discoveryUrl", &input.discovery_url),
        ("authorizationUrl", &input.authorization_url),
        ("tokenUrl", &input.token_url),
        ("userinfoUrl", &input.userinfo_url),
    ];
    for (name, address) in addresses {
        permitted(visit, name, address.as_deref())?;
    }
    returnable(input.redirect_uris.as_deref())?;
    let changes = Changes::default()
        .set(sso_providers::name, input.name)
        .set(sso_providers::provider_type, input.provider_type)
        .set(sso_providers::client_id, input.client_id)
        .set(sso_providers::client_secret_encrypted, kept)
        .set(sso_providers::discovery_url, input.discovery_url)
        .set(sso_providers::authorization_url, input.authorization_url)
        .set(sso_providers::token_url, input.token_url)
        .set(sso_providers::userinfo_url, input.userinfo_url)
        .given(sso_providers::redirect_uris, input.redirect_uris)
        .given(sso_providers::scopes, input.scopes)
        .given(sso_providers::attribute_mapping, input.attribute_mapping)
        .given(sso_providers::auto_create_users, input.auto_create_users);
    let row = SsoProvider::insert(write, id, changes).await?;
    if let Some(roles) = input.role_ids {
        bring(write, id, roles).await?;
    }
    record::created(write, &row).await
}

/// What to change of a provider. Absent: unchanged. Null: cleared.
#[derive(InputObject)]
struct SsoProviderUpdateInput {
    /// Which provider.
    id: Id<SsoProvider>,
    /// The version you read; refused when it is another by now.
    expected_version: Option<i32>,
    /// Its name as people choose it.
    name: Option<String>,
    /// The name by which it knows this server.
    client_id: Option<String>,
    /// The secret that it has given this server.
    #[graphql(secret)]
    client_secret: Option<String>,
    /// Addresses to which people may come back, exactly.
    redirect_uris: Option<Vec<String>>,
    /// What it is asked to tell.
    scopes: Option<Vec<String>>,
    /// Under which names it tells who somebody is.
    attribute_mapping: Option<Json>,
    /// Whether an account is made for who signs in for the first time.
    auto_create_users: Option<bool>,
    /// Whether anybody signs in there.
    is_active: Option<bool>,
    /// The roles that are given to whom an account is made for, instead of those of before.
    role_ids: Option<Vec<Id<Role>>>,
}

async fn update(visit: &Visit, write: &mut Write, input: SsoProviderUpdateInput) -> Outcome<Id<SsoProvider>> {
    let before = record::lock(write, input.id, input.expected_version).await?;
    returnable(input.redirect_uris.as_deref())?;
    let kept = sealed(&visit.keys, write.organization(), before.id, input.client_secret)?;
    if let Some(roles) = input.role_ids {
        bring(write, before.id, roles).await?;
    }
    let changes = Changes::default()
        .given(sso_providers::name, input.name)
        .given(sso_providers::client_id, input.client_id)
        .given(sso_providers::client_secret_encrypted, kept.map(Some))
        .given(sso_providers::redirect_uris, input.redirect_uris)
        .given(sso_providers::scopes, input.scopes)
        .given(sso_providers::attribute_mapping, input.attribute_mapping)
        .given(sso_providers::auto_create_users, input.auto_create_users)
        .given(sso_providers::is_active, input.is_active);
    let after = if changes.is_empty() {
        before.clone()
    } else {
        SsoProvider::update(write, before.id, changes).await?
    };
    record::updated(write, &before, &after).await
}

async fn delete(write: &mut Write, input: RecordInput<SsoProvider>) -> Outcome<Id<SsoProvider>> {
    let row = input.lock_living(write).await?;
    diesel::delete(sso_providers::table.find((write.organization(), row.id))).execute(write).await?;
    record::removed(write, &row).await
}

/// The roles that a provider gives from now on: each of them the caller could give by hand.
async fn bring(write: &mut Write, id: Id<SsoProvider>, roles: Vec<Id<Role>>) -> Outcome<()> {
    let organization = write.organization();
    for role in &roles {
        let role: Role = record::find(write, *role, &["input", "roleIds"]).await?;
        authority::may_define_role(write, &role).await?;
    }
    let before = sso_provider_roles::table
        .filter(sso_provider_roles::organization_id.eq(organization))
        .filter(sso_provider_roles::provider_id.eq(id));
    diesel::delete(before).execute(write).await?;
    let row = |role: &Id<Role>| {
        (
            sso_provider_roles::organization_id.eq(organization),
            sso_provider_roles::provider_id.eq(id),
            sso_provider_roles::role_id.eq(*role),
        )
    };
    let rows: Vec<_> = roles.iter().map(row).collect();
    diesel::insert_into(sso_provider_roles::table)
        .values(rows)
        .on_conflict_do_nothing()
        .execute(write)
        .await?;
    Ok(())
}

fn sealed(
    keys: &Keys,
    organization: Uuid,
    id: Id<SsoProvider>,
    secret: Option<String>,
) -> Outcome<Option<Vec<u8>>> {
    let seal = |secret: String| keys.encrypt(place(&[organization, id.0]), secret.as_bytes());
    Ok(secret.map(seal).transpose().map_err(Fault::internal)?)
}

/// Refused where this server would not ask an address.
fn permitted(visit: &Visit, name: &str, address: Option<&str>) -> Outcome<()> {
    let Some(address) = address else { return Ok(()) };
    visit
        .outbound
        .permits(address)
        .map_err(|refused| UserError::new(UserErrorCode::Invalid, refused, &["input", name]).into())
}

/// Refused where people would come back to no page, or in the clear.
fn returnable(redirects: Option<&[String]>) -> Outcome<()> {
    let fine = |address: &String| {
        let url = url::Url::parse(address).ok();
        url.is_some_and(|url| {
            url.fragment().is_none() && (url.scheme() == "https" || super::sso::is_here(&url))
        })
    };
    match redirects.unwrap_or_default().iter().find(|address| !fine(address)) {
        Some(wrong) => {
            let message =
                say!("`{wrong}` is no address to come back to: it begins with https:// and has no #");
            Err(UserError::new(UserErrorCode::Invalid, message, &["input", "redirectUris"]).into())
        }
        None => Ok(()),
    }
}
