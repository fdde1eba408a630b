//! Reading for several at once: subscribers to whom row-level security shows the same rows read each row once.
//!
//! What each of them may see of a row is not decided here: that goes by their own permissions, field by field.
use std::{
    any::{Any, TypeId},
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::OnceCell;
use uuid::Uuid;

use super::{
    Caller, Door, Snapshot, Standing,
    snapshot::{Entry, Source},
};
use crate::store::{batch::Batch, error::Result, grants::ALL_CONVERSATIONS, select::Table};

/// Those to whom row-level security shows the same rows of an organization.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Audience {
    region: Option<String>,
    department: Option<Uuid>,
    /// The person and the key of who sees their own conversations only, and so is an audience by themselves.
    alone: Option<(Option<Uuid>, Option<Uuid>)>,
    /// Where they ask from, where a right of theirs may depend on it.
    from: Option<IpAddr>,
}

impl Audience {
    pub fn of(caller: &Caller, standing: &Standing) -> Self {
        // conditions are about the person too
        let limited = standing.grants.are_limited();
        let all = standing.grants.hold(ALL_CONVERSATIONS) && !limited;
        Self {
            region: standing.region.clone(),
            department: standing.department,
            alone: (!all).then_some((caller.user, caller.api_key)),
            from: caller.ip.filter(|_| limited),
        }
    }
}

/// Tables of which row-level security shows each person their own rows, whoever else is in the audience.
/// (`identity.users` does so too, but those who are let in are members, whom all see.)
pub const PERSONAL: [&str; 22] = [
    "access.approval_decisions",
    "access.approval_requests",
    "identity.api_keys",
    "identity.invitations",
    "identity.memberships",
    "identity.one_time_tokens",
    "identity.organizations",
    "identity.passkey_challenges",
    "identity.passkeys",
    "identity.phone_codes",
    "identity.platform_admins",
    "identity.recovery_codes",
    "identity.scim_users",
    "identity.sessions",
    "identity.sso_accounts",
    "identity.sso_providers",
    "identity.sso_requests",
    "identity.user_profiles",
    "ops.exports",
    "ops.import_errors",
    "ops.imports",
    "security.security_events",
];

/// Whether an audience may read this table together.
pub fn is_shared(table: &Table) -> bool {
    // a name is quoted: "identity"."sessions"
    let is = |name: &&str| table.name.split('"').filter(|part| part.len() > 1).eq(name.split('.'));
    !PERSONAL.iter().any(is)
}

/// One moment, as an audience sees it. Nothing is sent before the first question; the transaction ends with the last
/// who reads in it.
pub struct Shared {
    snapshot: Option<Arc<Snapshot>>,
    /// For each type of key, what was loaded.
    loaded: Mutex<HashMap<TypeId, Box<dyn Any + Send>>>,
}

/// What exists of a set of keys, asked by whoever comes first.
type Found<K> = Arc<OnceCell<HashMap<K, <K as Batch>::Value>>>;

impl Shared {
    /// For the audience of a caller, whose standing is `standing`.
    pub fn new(door: &Door, caller: &Caller, standing: Arc<Standing>) -> Arc<Self> {
        let Audience { alone, from: ip, .. } = Audience::of(caller, &standing);
        let (user, api_key) = alone.unwrap_or_default();
        let (organization, request) = (caller.organization, "live".to_owned());
        let reader = Caller { organization, user, api_key, request, ip, ..Caller::default() };
        let snapshot =
            Snapshot::of(door.clone(), Arc::new(reader), Entry::Trusted(standing), Source::Nowhere);
        Arc::new(Self { snapshot: Some(Arc::new(snapshot)), loaded: Mutex::default() })
    }

    /// Begins; whoever comes first does.
    pub async fn begin(&self) -> Result<()> {
        match &self.snapshot {
            Some(snapshot) => snapshot.begin().await,
            None => Ok(()),
        }
    }

    /// What exists of `keys`.
    pub async fn load<K: Batch>(&self, keys: &[K]) -> Result<HashMap<K, K::Value>> {
        let Some(snapshot) = &self.snapshot else { return Ok(HashMap::new()) };
        let found = self.found(keys);
        Ok(found.get_or_try_init(|| K::load(snapshot, keys)).await?.clone())
    }

    fn found<K: Batch>(&self, keys: &[K]) -> Found<K> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let empty = || -> Box<dyn Any + Send> { Box::new(HashMap::<Vec<K>, Found<K>>::new()) };
        let of_type = loaded.entry(TypeId::of::<K>()).or_insert_with(empty);
        match of_type.downcast_mut::<HashMap<Vec<K>, Found<K>>>() {
            Some(of_type) => match of_type.get(keys) {
                Some(found) => found.clone(),
                None => of_type.entry(keys.to_vec()).or_default().clone(),
            },
            None => Found::<K>::default(),
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Some(snapshot) = self.snapshot.take() {
            snapshot.close();
        }
    }
}
