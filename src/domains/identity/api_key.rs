//! API keys (B010): with which a program acts in one organization, within the key's scopes: for who made the key, or with
//! the rights of a role, for nobody.
use chrono::Duration;
use ipnet::IpNet;

use crate::{
    credential::{api_key, hash},
    domains::{
        access::{
            authority,
            role::{Role, RoleFilter},
        },
        identity::user::{User, UserFilter},
        prelude::*,
    },
    graph::{fault::Fault, mutation::Payload},
    store::tables::identity::api_keys,
};

/// A key that was replaced works no longer than this.
const LONGEST_OVERLAP: Duration = Duration::days(30);

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
    pub last_used_ip: Option<IpNet>,
    pub rotated_at: Option<DateTime<Utc>>,
    pub previous_valid_until: Option<DateTime<Utc>>,
    pub expires_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
}

entity!(ApiKey, "apikey", identity::api_keys, needs "api_key.read");

impl Entity for ApiKey {
    fn fields(key: &mut Fields<Self>) {
        columns! { key: ApiKey {
            id, name, prefix, last_used_at, last_used_ip, rotated_at, previous_valid_until, expires_at, created_at,
            revoked_at,
        } keeps { created_by, role_id, scopes } }
        key.derived("scopes", |key| key.scopes.iter().flatten().cloned().collect::<Vec<_>>())
            .about_column("scopes");
        key.one("role", |key| key.role_id).about_column("role_id");
        key.one("createdBy", |key| key.created_by).about_column("created_by");
        key.aggregate()
            .ranges(&["createdAt", "expiresAt", "lastUsedAt"])
            .by(&["role", "createdBy"])
            .by_period(&["createdAt", "expiresAt", "lastUsedAt", "revokedAt"]);
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
    rotated_at: Compare<DateTime<Utc>>,
    role: RoleFilter => through role_id,
    created_by: UserFilter => through created_by,
} }

order! { ApiKeyOrder, ApiKeyOrderField for ApiKey {
    /// When the key was made.
    CreatedAt = created_at,
    /// What it is for.
    Name = name,
    /// When it stops working.
    ExpiresAt = expires_at,
    /// When it was last used.
    LastUsedAt = last_used_at,
} default [CreatedAt Desc] }

pub fn queries(query: &mut Fields<Query>) {
    query.by_id::<ApiKey>("apiKey").about("An API key by its id; null when there is none that you may see.");
    query
        .list::<ApiKey>("apiKeys")
        .about("The API keys of the organization, newest first unless ordered otherwise.");
}

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .action("apiKeyCreate", create, made)
        .needs("api_key.write")
        .in_person()
        .once()
        .about(
            "Makes an API key. It may what you may, within its scopes, for as long as you may it and are a member; or what a \
             role may, whatever becomes of you. Errors: REQUIRED, INVALID, OUT_OF_RANGE, NOT_FOUND, STATE.",
        );
    mutations
        .action("apiKeyRotate", rotate, made)
        .needs("api_key.write")
        .in_person()
        .once()
        .about(
            "Replaces an API key by a new one with the same rights; the old one works until a time that you choose. A key that \
             acts for its maker is replaced by its maker alone. Errors: NOT_FOUND, STATE, OUT_OF_RANGE.",
        );
    mutations
        .change("apiKeyRevoke", revoke)
        .needs("api_key.write")
        .in_person()
        .about("Withdraws an API key, at once and for good. Errors: NOT_FOUND, STATE.");
}

fn made(payload: &mut Fields<Payload<Made>>) {
    payload
        .one("apiKey", |payload| payload.result.as_ref().map(|made| made.id))
        .about("The key as it is kept; null when none was made.");
    payload
        .derived("secret", |payload| payload.result.as_ref().map(|made| made.secret.clone()))
        .about("The key itself, which is shown this once: send it as `Authorization: Bearer ptk_…`.");
}

/// An API key to be made.
#[derive(InputObject)]
struct ApiKeyCreateInput {
    /// What it is for.
    name: String,
    /// The permissions that it is limited to: `deal.read`, or `deal.*` for all that begin so. At most 100; empty means
    /// all of its role.
    scopes: Vec<String>,
    /// The role whose rights it has: you must hold all of them. Yours when absent.
    role_id: Option<Id<Role>>,
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
        return Err(
            UserError::state(say!("only a person makes keys, not another key"), &["input"], &[]).into()
        );
    };
    match input.role_id {
        Some(role) => {
            let given = as_role(write, role, &["input", "roleId"]).await?;
            within(&given, &input.scopes, |scope| say!("the role does not have the permission `{scope}`"))?;
        }
        None if input.scopes.is_empty() => {
            let path = ["input", "scopes"];
            return Err(
                UserError::new(UserErrorCode::Required, say!("say what the key may do"), &path).into()
            );
        }
        None => {
            let own = write.grants().permissions();
            within(&own, &input.scopes, |scope| say!("you do not have the permission yourself: `{scope}`"))?;
        }
    }
    if input.expires_at.is_some_and(|end| end <= clock::now()) {
        return Err(UserError::new(
            UserErrorCode::OutOfRange,
            say!("it would have ended already"),
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
        .set(api_keys::role_id, input.role_id)
        .set(api_keys::created_by, maker)
        .set(api_keys::expires_at, input.expires_at);
    let key = ApiKey::insert(write, id, key).await?;
    record::created(write, &key).await?;
    Ok(Made { id, secret })
}

/// What a role gives, which the caller must hold themselves to let a key have it.
async fn as_role(write: &mut Write, id: Id<Role>, path: &[&str]) -> Outcome<Vec<String>> {
    let role: Role = record::find(write, id, path).await?;
    authority::may_define_role(write, &role).await?;
    if !role.is_assignable || role.row_scope().is_some() {
        let message = if role.is_assignable {
            say!("the role shows the records of one's region or department, and a key belongs to none")
        } else {
            say!("the role is given to nobody")
        };
        return Err(UserError::state(message, path, &[]).into());
    }
    authority::permissions_of(write, &role).await
}

/// Every scope has to mean something, and nothing beyond `held`.
fn within(held: &[String], scopes: &[String], otherwise: fn(&str) -> Said) -> Result<(), UserError> {
    let path = ["input", "scopes"];
    if scopes.len() > 100 {
        return Err(UserError::new(UserErrorCode::OutOfRange, say!("a key has at most 100 scopes"), &path));
    }
    let means_nothing = scopes.iter().find(|scope| match scope.strip_suffix(".*") {
        Some(resource) => !held
            .iter()
            .any(|permission| permission.strip_prefix(resource).is_some_and(|rest| rest.starts_with('.'))),
        None => !held.contains(scope),
    });
    match means_nothing {
        Some(scope) => Err(UserError::new(UserErrorCode::Invalid, otherwise(scope), &path)),
        None => Ok(()),
    }
}

/// Which key to replace.
#[derive(InputObject)]
struct ApiKeyRotateInput {
    /// The key.
    id: Id<ApiKey>,
    /// Until when the old key works, at most thirty days; it ends at once when absent.
    previous_valid_until: Option<DateTime<Utc>>,
}

async fn rotate(write: &mut Write, input: ApiKeyRotateInput) -> Outcome<Made> {
    let (before, now): (ApiKey, _) = (record::lock(write, input.id, None).await?, clock::now());
    if before.revoked_at.is_some() || before.expires_at.is_some_and(|end| end <= now) {
        return Err(UserError::state(say!("it works no more"), &["input", "id"], &[]).into());
    }
    // whoever has the new key can do what the key can do
    match before.role_id {
        Some(role) => drop(as_role(write, role, &["input", "id"]).await?),
        None if before.created_by.is_some_and(|maker| write.caller().user == Some(maker.0)) => {}
        None => {
            let message = say!("it acts for its maker, who alone can replace it");
            return Err(UserError::state(message, &["input", "id"], &["revoke"]).into());
        }
    }
    let until = input.previous_valid_until.unwrap_or(now);
    if until < now || until > now + LONGEST_OVERLAP {
        let path = ["input", "previousValidUntil"];
        let message = say!("the old key can work until some time within the next thirty days");
        return Err(UserError::new(UserErrorCode::OutOfRange, message, &path).into());
    }
    let old: String = api_keys::table
        .find((write.organization(), before.id))
        .select(api_keys::hashed_key)
        .first(write)
        .await?;
    let id = before.id;
    let secret = api_key::write(id.0, write.organization()).map_err(Fault::internal)?;
    let changes = Changes::default()
        .set(api_keys::prefix, api_key::shown(&secret))
        .set(api_keys::hashed_key, hash(&secret))
        .set(api_keys::previous_hashed_key, Some(old))
        .set(api_keys::previous_valid_until, Some(until))
        .set(api_keys::rotated_at, Some(now));
    record::change(write, "rotated", before, changes).await?;
    Ok(Made { id, secret })
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
        return Err(UserError::state(say!("it is withdrawn already"), &["input", "id"], &[]).into());
    }
    let changes = Changes::default().set(api_keys::revoked_at, Some(clock::now()));
    record::change(write, "revoked", before, changes).await
}
