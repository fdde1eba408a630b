//! When API keys were last used (B010), and when people were last there; and that a key was used which is withdrawn: written at most once a minute for each, beside
//! the request and never in its way.
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
    detection::{Rule, Sighting, notice},
    door::{Caller, Door, Snapshot},
    error::{Denied, Result},
    id,
    journal::{Audit, write_audit},
    tables::identity::{api_keys, memberships},
};

const EVERY: Duration = Duration::minutes(1);

/// Who was let in: a key, or a person in an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Guest {
    Key {
        organization: Uuid,
        key: Uuid,
    },
    Member {
        organization: Uuid,
        user: Uuid,
    },
    /// Somebody who shows a key that was withdrawn.
    Withdrawn {
        organization: Uuid,
        key: Uuid,
    },
}

/// When this server has last written down that each was there.
#[derive(Default)]
pub(super) struct LastSeen(Mutex<HashMap<Guest, DateTime<Utc>>>);

impl LastSeen {
    /// Beyond this many the list begins anew.
    const CAPACITY: usize = 100_000;

    /// Whether it is to be written down now that `guest` is there; the next time is a minute later.
    fn is_due(&self, guest: Guest, now: DateTime<Utc>) -> bool {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if written.get(&guest).is_some_and(|last| now - *last < EVERY) {
            return false;
        }
        if written.len() >= Self::CAPACITY {
            written.clear();
        }
        written.insert(guest, now);
        true
    }
}

/// When the key ends with which the caller came; none when they came with another credential, or it has no end.
pub async fn key_ends(db: &Snapshot) -> Result<Option<DateTime<Utc>>> {
    let Some(key) = db.caller().api_key else { return Ok(None) };
    let key = api_keys::table.find((db.organization(), key));
    let ends = db
        .load(key.select((api_keys::hashed_key, api_keys::expires_at, api_keys::previous_valid_until)))
        .await?;
    let Some(ends) = ends.into_iter().next() else { return Ok(None) };
    let (hash, expires_at, previous): (String, Option<DateTime<Utc>>, Option<DateTime<Utc>>) = ends;
    let replaced = previous.filter(|_| db.caller().api_key_hash.as_ref() != Some(&hash));
    Ok(expires_at.into_iter().chain(replaced).min())
}

impl Door {
    /// The caller was let in, which is written down, unless somebody else acts as them.
    pub(super) fn note_presence(&self, caller: &Caller) {
        let Some(organization) = caller.organization.filter(|_| caller.impersonator.is_none()) else {
            return;
        };
        let guest = match (caller.api_key, caller.user) {
            (Some(key), _) => Guest::Key { organization, key },
            (None, Some(user)) => Guest::Member { organization, user },
            (None, None) => return,
        };
        if !self.last_seen.is_due(guest, clock::now()) {
            return;
        }
        let (door, ip) = (self.clone(), caller.ip.map(IpNet::from));
        tokio::spawn(async move {
            if let Err(error) = door.write_presence(guest, ip).await {
                tracing::warn!(%error, "that somebody was there could not be written down");
            }
        });
    }

    /// Somebody showed a key that was withdrawn or replaced: its owner should know, at most once a minute.
    pub(super) fn note_reuse(&self, caller: &Caller) {
        let (Some(organization), Some(key)) = (caller.organization, caller.api_key) else { return };
        // it may have been withdrawn in this moment
        if caller.unattended || !self.last_seen.is_due(Guest::Withdrawn { organization, key }, clock::now()) {
            return;
        }
        let (door, caller) = (self.clone(), caller.clone());
        tokio::spawn(async move {
            if let Err(error) = door.write_reuse(organization, key, &caller).await {
                tracing::warn!(%error, "that a withdrawn key was used could not be written down");
            }
        });
    }

    async fn write_reuse(&self, organization: Uuid, key: Uuid, caller: &Caller) -> Result<()> {
        let mut work = self.work().await?;
        work.enter(organization).await?;
        let audit = Audit {
            organization,
            action: "api_key.reused".to_owned(),
            resource_type: Some("ApiKey"),
            resource_id: Some(id::text("apikey", key)),
            resource_name: None,
            before: None,
            after: None,
            changed: Vec::new(),
            error: Some(Denied::Withdrawn.to_string()),
        };
        write_audit(&work, caller, &audit).await?;
        let reuse = Sighting {
            resource: audit.resource_id,
            ..Sighting::new(Rule::WithdrawnKeyUsed, organization, &key)
        };
        notice(&work, caller, &reuse).await?;
        work.commit().await
    }

    async fn write_presence(&self, guest: Guest, ip: Option<IpNet>) -> Result<()> {
        let mut work = self.work().await?;
        match guest {
            Guest::Key { organization, key } => {
                work.enter(organization).await?;
                diesel::update(api_keys::table.find((organization, key)))
                    .set((api_keys::last_used_at.eq(clock::now()), api_keys::last_used_ip.eq(ip)))
                    .execute(&mut *work)
                    .await?;
            }
            Guest::Member { organization, user } => {
                work.enter(organization).await?;
                diesel::update(memberships::table.find((organization, user)))
                    .set(memberships::last_seen_at.eq(clock::now()))
                    .execute(&mut *work)
                    .await?;
            }
            // that is not the same as having been there
            Guest::Withdrawn { .. } => {}
        }
        work.commit().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presence_is_written_once_a_minute() {
        let seen = LastSeen::default();
        let key = |number| Guest::Key { organization: Uuid::nil(), key: Uuid::from_u128(number) };
        let now = clock::now();
        assert!(seen.is_due(key(1), now));
        assert!(!seen.is_due(key(1), now + Duration::seconds(59)));
        assert!(seen.is_due(key(2), now));
        assert!(seen.is_due(key(1), now + EVERY));
    }
}
