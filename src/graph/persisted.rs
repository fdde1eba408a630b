//! Documents that come by a name instead of their text: those that clients have published, which are trusted, and those
//! that this server has seen before (automatic persisted queries).
use std::{sync::Arc, time::Duration};

use moka::sync::Cache;
use uuid::Uuid;

use super::fault::{Code, Fault};
use crate::{
    credential,
    store::{
        door::{Caller, Door},
        trusted_documents::{self as trusted, LONGEST_ID},
    },
};

/// By what a document is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// `documentId`: the id by which it was published.
    Id(String),
    /// `extensions.persistedQuery`: its SHA-256, in hexadecimal digits.
    Hash(String),
}

/// Organization, and id or hash.
type Key = (Option<Uuid>, String);

/// What this server remembers of documents by their names.
pub struct Persisted {
    /// Those that were sent with their hash, unless the settings say not to.
    seen: Option<Cache<String, Arc<str>>>,
    published: Cache<Key, Arc<str>>,
    missing: Cache<Key, ()>,
}

impl Persisted {
    /// How many bytes of text are remembered of each kind.
    const CAPACITY: u64 = 16 << 20;
    /// How long a document is still answered after it was retired.
    const PUBLISHED: Duration = Duration::from_mins(1);
    /// How long one is still missed after it was published.
    const MISSING: Duration = Duration::from_secs(2);

    pub fn new(seen: bool) -> Self {
        fn weigh<K>(_: &K, text: &Arc<str>) -> u32 {
            u32::try_from(text.len() + 128).unwrap_or(u32::MAX)
        }
        let seen = seen.then(|| Cache::builder().max_capacity(Self::CAPACITY).weigher(weigh).build());
        let published = Cache::builder().max_capacity(Self::CAPACITY).weigher(weigh);
        Self {
            seen,
            published: published.time_to_live(Self::PUBLISHED).build(),
            missing: Cache::builder().max_capacity(10_000).time_to_live(Self::MISSING).build(),
        }
    }

    /// Puts the text that `reference` stands for into `text`, if it is not there already. Says whether somebody has
    /// published it; nothing where that was not looked for.
    pub async fn find(
        &self,
        door: &Door,
        caller: &Caller,
        reference: &Reference,
        text: &mut String,
    ) -> Result<Option<bool>, Fault> {
        let (Reference::Id(name) | Reference::Hash(name)) = reference;
        if name.is_empty() || name.len() > LONGEST_ID {
            return Err(Fault::bad_input(say!("a document's id or hash has 1 to {LONGEST_ID} characters")));
        }
        match reference {
            Reference::Id(_) if !text.is_empty() => {
                Err(Fault::bad_input(say!("give `query` or `documentId`, not both")))
            }
            Reference::Id(id) => {
                let key = id.strip_prefix("sha256:").unwrap_or(id);
                let Some(found) = self.published(door, caller, key, None, true).await? else {
                    let id = id.escape_default();
                    let message = say!("no document is published with the id `{id}`");
                    return Err(Fault::new(Code::PersistedQueryNotFound, message));
                };
                *text = found.to_string();
                Ok(Some(true))
            }
            Reference::Hash(hash) if !text.is_empty() => {
                let hash = hash.to_ascii_lowercase();
                if credential::hash(text) != hash {
                    return Err(Fault::bad_input(say!("`sha256Hash` is not the SHA-256 of `query`")));
                }
                if let Some(seen) = self.seen.as_ref().filter(|seen| !seen.contains_key(&hash)) {
                    seen.insert(hash, text.as_str().into());
                }
                Ok(None)
            }
            Reference::Hash(hash) => {
                let hash = hash.to_ascii_lowercase();
                if let Some(found) = self.seen.as_ref().and_then(|seen| seen.get(&hash)) {
                    *text = found.to_string();
                    return Ok(None);
                }
                if let Some(found) = self.published(door, caller, &hash, None, false).await? {
                    *text = found.to_string();
                    return Ok(Some(true));
                }
                // as clients look for it
                Err(match self.seen {
                    Some(_) => Fault::new(Code::PersistedQueryNotFound, say!("PersistedQueryNotFound")),
                    None => Fault::new(Code::PersistedQueryNotSupported, say!("PersistedQueryNotSupported")),
                })
            }
        }
    }

    /// Refuses a text that nobody has published.
    pub async fn check_trusted(
        &self,
        door: &Door,
        caller: &Caller,
        text: &str,
        operation: Option<&str>,
    ) -> Result<(), Fault> {
        let found = self.published(door, caller, &credential::hash(text), operation, true).await?;
        if found.is_some_and(|found| *found == *text) {
            return Ok(());
        }
        let message = say!(
            "only documents that were published are answered here: ask whoever operates this server to \
                       publish it with `portico documents publish`"
        );
        Err(Fault::new(Code::DocumentNotTrusted, message))
    }

    /// What was published under a name; if nothing was, that is noted where it `is_noted`.
    async fn published(
        &self,
        door: &Door,
        caller: &Caller,
        name: &str,
        operation: Option<&str>,
        is_noted: bool,
    ) -> Result<Option<Arc<str>>, Fault> {
        let key = (caller.organization, name.to_owned());
        if let Some(found) = self.published.get(&key) {
            return Ok(Some(found));
        }
        if self.missing.contains_key(&key) {
            return Ok(None);
        }
        if let Some(found) = trusted::find(door, caller.organization, name).await? {
            let found: Arc<str> = found.into();
            self.published.insert(key, found.clone());
            return Ok(Some(found));
        }
        if is_noted {
            // who only says to be a key of an organization does not fill its list
            let organization = caller.organization.filter(|_| door.is_genuine(caller));
            trusted::note_unknown(door, organization, name, operation).await?;
        }
        self.missing.insert(key, ());
        Ok(None)
    }
}
