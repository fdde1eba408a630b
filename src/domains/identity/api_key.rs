//! API keys (B010): with which a program acts in one organization, for who made the key and within its scopes.
use crate::{
    credential::{api_key, hash},
    domains::{access::role::Role, identity::user::User, prelude::*},
    graph::{fault::Fault, mutation::Payload},
    store::tables::identity::api_keys,
};

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = api_keys, check_for_backend(Pg))]
pub struct ApiKey {
    pub id: Id<ApiKey>,
    pub name: String,
    pub prefix: String,
    pub scopes: Vec<Option<String>>,
    pub role_id: Option<Id<Role>>,
    pub created_by: Option<Id<User>>,
    pub last_used_at: Option<DateTime<Utc>>,
    pub expires_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
}

entity!(ApiKey, "apikey", identity::api_keys, needs "api_key.read");

impl Entity for ApiKey {
    fn fields(key: &mut Fields<Self>) {
        columns! { key: ApiKey {
            id, name, prefix, last_used_at, expires_at, created_at, revoked_at,
        } keeps { created_by, role_id, scopes } }
        key.derived("scopes", |key| key.scopes.iter().flatten().cloned().collect::<Vec<_>>())
            .about_column("scopes");
        key.one("role", |key| key.role_id).about_column("role_id");
        key.one("createdBy", |key| key.created_by).about_column("created_by");
    }
}

filter! { ApiKeyFilter for ApiKey in api_keys {
    id: Compare<Id<ApiKey>>,
    name: Compare<String>,
    prefix: Compare<String>,
    created_at: Compare<DateTime<Utc>>,
    expires_at: Compare<DateTime<Utc>>,
    revoked_at: Compare<DateTime<Utc>>,
    last_used_at: Compare<DateTime<Utc>>,
} }

order! { ApiKeyOrder, ApiKeyOrderField for ApiKey {
    /// When the key was made.
    CreatedAt = created_at,
    /// What it is for.
    Name = name,
    /// When it stops working.
    ExpiresAt = expires_at,
} default [CreatedAt Desc] }

pub fn queries(query: &mut Fields<Query>) {
    query.by_id::<ApiKey>("apiKey").about("An API key by its id; null when there is none that you may see.");
    query
        .list::<ApiKey>("apiKeys")
        .about("The API keys of the organization, newest first unless ordered otherwise.");
}

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .action("apiKeyCreate", create, |payload: &mut Fields<Payload<Made>>| {
            payload
                .one("apiKey", |payload| payload.result.as_ref().map(|made| made.id))
                .about("The key as it is kept; null when none was made.");
            payload
                .derived("secret", |payload| payload.result.as_ref().map(|made| made.secret.clone()))
                .about("The key itself, which is shown this once: send it as `Authorization: Bearer ptk_…`.");
        })
        .needs("api_key.write")
        .once()
        .about(
            "Makes an API key. It may what you may, within its scopes, for as long as you may it and are a member. Errors: \
             REQUIRED, INVALID, OUT_OF_RANGE.",
        );
    mutations
        .change("apiKeyRevoke", revoke)
        .needs("api_key.write")
        .about("Withdraws an API key, at once and for good. Errors: NOT_FOUND, STATE.");
}

/// An API key to be made.
#[derive(InputObject)]
struct ApiKeyCreateInput {
    /// What it is for.
    name: String,
    /// The permissions that it is limited to: `deal.read`, or `deal.*` for all that begin so. At most 100.
    scopes: Vec<String>,
    /// When it stops working; never when absent.
    expires_at: Option<DateTime<Utc>>,
}

/// A key just made.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
struct Made {
    id: Id<ApiKey>,
    secret: String,
}

async fn create(write: &mut Write, input: ApiKeyCreateInput) -> Outcome<Made> {
    let caller = write.caller().clone();
    let Some(maker) = caller.user else {
        return Err(UserError::state("only a person makes keys, not another key", &["input"], &[]).into());
    };
    within_own(write, &input.scopes)?;
    if input.expires_at.is_some_and(|end| end <= clock::now()) {
        return Err(UserError::new(
            UserErrorCode::OutOfRange,
            "it would have ended already",
            &["input", "expiresAt"],
        )
        .into());
    }
    let id = Id::<ApiKey>::fresh();
    let secret = api_key::write(id.0, write.organization()).map_err(Fault::internal)?;
    let key = Changes::default()
        .set(api_keys::name, input.name)
        .set(api_keys::prefix, api_key::shown(&secret))
        .set(api_keys::hashed_key, hash(&secret))
        .set(api_keys::scopes, input.scopes)
        .set(api_keys::created_by, maker)
        .set(api_keys::expires_at, input.expires_at);
    let key = ApiKey::insert(write, id, key).await?;
    record::created(write, &key).await?;
    Ok(Made { id, secret })
}

/// A key can do no more than who makes it, and every scope has to mean something.
fn within_own(write: &Write, scopes: &[String]) -> Result<(), UserError> {
    let path = ["input", "scopes"];
    if scopes.is_empty() {
        return Err(UserError::new(UserErrorCode::Required, "say what the key may do", &path));
    }
    if scopes.len() > 100 {
        return Err(UserError::new(UserErrorCode::OutOfRange, "a key has at most 100 scopes", &path));
    }
    let own = write.grants().permissions();
    let means_nothing = scopes.iter().find(|scope| match scope.strip_suffix(".*") {
        Some(resource) => !own
            .iter()
            .any(|permission| permission.strip_prefix(resource).is_some_and(|rest| rest.starts_with('.'))),
        None => !own.contains(scope),
    });
    match means_nothing {
        Some(scope) => Err(UserError::new(
            UserErrorCode::Invalid,
            format!("you do not have the permission `{scope}` yourself"),
            &path,
        )),
        None => Ok(()),
    }
}

/// Which key to withdraw.
#[derive(InputObject)]
struct ApiKeyRevokeInput {
    /// The key.
    id: Id<ApiKey>,
}

async fn revoke(write: &mut Write, input: ApiKeyRevokeInput) -> Outcome<Id<ApiKey>> {
    let before = record::lock(write, input.id, None).await?;
    if before.revoked_at.is_some() {
        return Err(UserError::state("it is withdrawn already", &["input", "id"], &[]).into());
    }
    let changes = Changes::default().set(api_keys::revoked_at, Some(clock::now()));
    record::change(write, "revoked", before, changes).await
}
