//! The keys of this server. All are derived from one secret, which servers behind one balancer share.
use std::{
    fs,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use anyhow::{Context, Result, bail};
use aws_lc_rs::{
    aead::RandomizedNonceKey,
    hmac,
    signature::{Ed25519KeyPair, KeyPair},
};
use jsonwebtoken::{DecodingKey, EncodingKey};
use moka::sync::Cache;

use super::{
    access_token::Claims,
    text::{base32, random},
};
use crate::settings::Settings;

/// A secret shorter than this could be guessed.
const SHORTEST: usize = 32;

/// How long credentials last, how many guesses are allowed, and how long what is deleted can be restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    pub access_token_minutes: u32,
    pub refresh_token_days: u32,
    pub lock_after_failures: u32,
    pub lock_minutes: u32,
    pub purge_after_days: u32,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            access_token_minutes: 15,
            refresh_token_days: 30,
            lock_after_failures: 10,
            lock_minutes: 15,
            purge_after_days: 30,
        }
    }
}

/// How many access tokens are remembered as genuine.
const RECOGNISED: u64 = 100_000;

/// Signs and recognises what callers show. Built once.
pub struct Keys {
    pub rules: Rules,
    pub(super) signing: EncodingKey,
    pub(super) verifying: DecodingKey,
    pub(super) renewing: hmac::Key,
    pub(super) keeping: RandomizedNonceKey,
    pub(super) masking: hmac::Key,
    pub(super) addressing: hmac::Key,
    /// Tokens that were recognised before, by their hash: a signature takes longer to verify than a row to read.
    pub(super) recognised: Cache<[u8; 32], Claims>,
    sealing: [u8; 32],
}

impl Keys {
    /// The keys of the secret that the settings name; it is made when there is none yet.
    pub fn of(settings: &Settings) -> Result<Self> {
        let keys = match &settings.secret {
            Some(secret) => Self::new(secret.reveal().as_bytes())?,
            None => Self::new(&kept(&settings.data.join("secret"))?)?,
        };
        let rules = Rules {
            access_token_minutes: settings.access_token_minutes,
            refresh_token_days: settings.refresh_token_days,
            lock_after_failures: settings.lock_after_failures,
            lock_minutes: settings.lock_minutes,
            purge_after_days: settings.purge_after_days,
        };
        Ok(Self { rules, ..keys })
    }

    /// The keys that follow from `secret`, always the same ones, and the usual rules.
    pub fn new(secret: &[u8]) -> Result<Self> {
        if secret.len() < SHORTEST {
            bail!("The secret must have at least {SHORTEST} characters: `openssl rand -hex 32` makes one.");
        }
        let pair = Ed25519KeyPair::from_seed_unchecked(&derive(secret, b"access token"))
            .context("the signing key cannot be derived")?;
        let private = pair.to_pkcs8().context("the signing key cannot be written")?;
        Ok(Self {
            rules: Rules::default(),
            signing: EncodingKey::from_ed_der(private.as_ref()),
            verifying: DecodingKey::from_ed_der(pair.public_key().as_ref()),
            renewing: hmac::Key::new(hmac::HMAC_SHA256, &derive(secret, b"refresh token")),
            keeping: Self::keeping(&derive(secret, b"kept secrets"))
                .context("no key for secrets can be derived")?,
            masking: hmac::Key::new(hmac::HMAC_SHA256, &derive(secret, b"masked values")),
            addressing: hmac::Key::new(hmac::HMAC_SHA256, &derive(secret, b"address")),
            recognised: Cache::new(RECOGNISED),
            sealing: derive(secret, b"cursor"),
        })
    }

    /// From which cursors are sealed.
    pub const fn sealing(&self) -> &[u8; 32] {
        &self.sealing
    }
}

/// One key per purpose, so that what is signed for one never passes for another.
fn derive(secret: &[u8], purpose: &[u8]) -> [u8; 32] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), purpose);
    let mut key = [0; 32];
    key.copy_from_slice(tag.as_ref());
    key
}

/// The secret in this file, which only its owner may read; made at the first start.
fn kept(path: &Path) -> Result<Vec<u8>> {
    let unreadable = || format!("{} cannot be used as the server's secret", path.display());
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory).with_context(unreadable)?;
    }
    // written aside and linked into place: whoever comes second finds a whole file, and nobody's is overwritten
    let fresh = path.with_extension(base32(&random::<8>().context("the system gives no random numbers")?));
    match fs::read_to_string(path) {
        Ok(secret) => return Ok(secret.trim().into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(unreadable),
    }
    let secret = base32(&random::<32>().context("the system gives no random numbers")?);
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&fresh)
        .with_context(unreadable)?;
    file.write_all(secret.as_bytes()).and_then(|()| file.sync_all()).with_context(unreadable)?;
    let linked = fs::hard_link(&fresh, path);
    fs::remove_file(&fresh).with_context(unreadable)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error).with_context(unreadable),
        _ => Ok(fs::read_to_string(path).with_context(unreadable)?.trim().into()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_secret_is_made_once_and_only_its_owner_reads_it() {
        let directory = std::env::temp_dir().join(format!("portico-keys-{}", std::process::id()));
        let path = directory.join("secret");
        let first = kept(&path).unwrap();
        assert_eq!(first.len(), 52);
        assert_eq!(kept(&path).unwrap(), first);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
        fs::remove_dir_all(&directory).unwrap();
    }

    #[test]
    fn a_short_secret_is_refused() {
        assert!(Keys::new(b"secret").is_err());
    }
}
