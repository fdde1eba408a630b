//! When API keys were last used (B010): written at most once a minute for each, beside the request and never in its way.
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, Duration, Utc};
use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;
use ipnet::IpNet;
use uuid::Uuid;

use super::{
    clock,
    door::{Caller, Door},
    error::Result,
    tables::identity::api_keys,
};

const EVERY: Duration = Duration::minutes(1);

/// When this server has last written down the use of each key.
#[derive(Default)]
pub(super) struct KeyUse(Mutex<HashMap<Uuid, DateTime<Utc>>>);

impl KeyUse {
    /// Beyond this many keys the list begins anew.
    const CAPACITY: usize = 100_000;

    /// Whether the use of `key` is to be written down now; the next time is a minute later.
    fn is_due(&self, key: Uuid, now: DateTime<Utc>) -> bool {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if written.get(&key).is_some_and(|last| now - *last < EVERY) {
            return false;
        }
        if written.len() >= Self::CAPACITY {
            written.clear();
        }
        written.insert(key, now);
        true
    }
}

impl Door {
    /// The caller was let in; if by a key, that is written down.
    pub(super) fn note_use(&self, caller: &Caller) {
        let (Some(key), Some(organization)) = (caller.api_key, caller.organization) else { return };
        if !self.key_use.is_due(key, clock::now()) {
            return;
        }
        let (door, ip) = (self.clone(), caller.ip.map(IpNet::from));
        tokio::spawn(async move {
            if let Err(error) = door.write_use(organization, key, ip).await {
                tracing::warn!(%error, "the use of an API key could not be written down");
            }
        });
    }

    async fn write_use(&self, organization: Uuid, key: Uuid, ip: Option<IpNet>) -> Result<()> {
        let mut work = self.work().await?;
        work.enter(organization).await?;
        diesel::update(api_keys::table.find((organization, key)))
            .set((api_keys::last_used_at.eq(clock::now()), api_keys::last_used_ip.eq(ip)))
            .execute(&mut *work)
            .await?;
        work.commit().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_use_is_written_once_a_minute() {
        let uses = KeyUse::default();
        let (key, now) = (Uuid::from_u128(1), clock::now());
        assert!(uses.is_due(key, now));
        assert!(!uses.is_due(key, now + Duration::seconds(59)));
        assert!(uses.is_due(Uuid::from_u128(2), now));
        assert!(uses.is_due(key, now + EVERY));
    }
}
