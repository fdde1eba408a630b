//! Checkpoints: how far the audit log of each organization had come, signed and kept outside of the database.
//!
//! A chain whose end is cut off, or that is worked out anew as a whole, looks sound by itself: only somebody who
//! remembers how far it went can tell. One file per organization holds one line, the latest checkpoint.
use std::{
    fs,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::{Engine, prelude::BASE64_STANDARD};
use uuid::Uuid;

use crate::store::{audit_chain::Link, clock, value::Hash};

/// The file with the private key.
const KEY: &str = "key";

/// The checkpoints of this server.
pub struct Checkpoints {
    folder: PathBuf,
    key: Ed25519KeyPair,
}

impl Checkpoints {
    /// Those of a server with this data directory, and the key that signs them; it is made when there is none.
    pub fn open(data: &Path) -> Result<Self> {
        let folder = data.join("checkpoints");
        fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        let path = folder.join(KEY);
        if !path.exists() {
            make_key(&folder, &path).with_context(|| format!("{} cannot be made", path.display()))?;
        }
        let seed = fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        Self::signed_with(folder, &seed).with_context(|| format!("{} is not a key", path.display()))
    }

    fn signed_with(folder: PathBuf, seed: &[u8]) -> Result<Self> {
        Ok(Self { folder, key: Ed25519KeyPair::from_seed_unchecked(seed)? })
    }

    /// The latest checkpoint of an organization; none when there is no file. One that was not signed here, or not
    /// for this organization, is an error.
    pub fn read(&self, organization: Uuid) -> io::Result<Option<Link>> {
        let path = self.path(organization);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let forged = || io::Error::other(format!("{} was not written by this server", path.display()));
        self.parse(organization, text.trim_end()).map(Some).ok_or_else(forged)
    }

    /// Replaces the checkpoint of an organization, all at once.
    pub fn write(&self, organization: Uuid, link: &Link) -> io::Result<()> {
        let fresh = self.folder.join(format!("{organization}.{}.new", clock::new_id()));
        let mut file = fs::File::create(&fresh)?;
        writeln!(file, "{}", self.line(organization, link))?;
        file.sync_all()?;
        fs::rename(fresh, self.path(organization))
    }

    /// The public key, for whoever keeps copies of the checkpoints elsewhere.
    pub fn public_key(&self) -> String {
        BASE64_STANDARD.encode(self.key.public_key().as_ref())
    }

    fn path(&self, organization: Uuid) -> PathBuf {
        self.folder.join(organization.to_string())
    }

    /// `organization number hash time signature`
    fn line(&self, organization: Uuid, link: &Link) -> String {
        let text = format!("{organization} {} {} {}", link.seq, link.hash, clock::now().to_rfc3339());
        let signature = BASE64_STANDARD.encode(self.key.sign(text.as_bytes()).as_ref());
        format!("{text} {signature}")
    }

    fn parse(&self, organization: Uuid, line: &str) -> Option<Link> {
        let (text, signature) = line.rsplit_once(' ')?;
        let signature = BASE64_STANDARD.decode(signature).ok()?;
        UnparsedPublicKey::new(&ED25519, self.key.public_key()).verify(text.as_bytes(), &signature).ok()?;
        let mut parts = text.split(' ');
        if parts.next()?.parse() != Ok(organization) {
            return None;
        }
        Some(Link { seq: parts.next()?.parse().ok()?, hash: Hash::parse(parts.next()?)? })
    }
}

/// The key appears complete or not at all, and the first of several servers wins.
fn make_key(folder: &Path, path: &Path) -> io::Result<()> {
    let mut seed = [0; 32];
    aws_lc_rs::rand::fill(&mut seed).map_err(io::Error::other)?;
    let fresh = folder.join(format!("{KEY}.{}.new", clock::new_id()));
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?.write_all(&seed)?;
    let made = fs::hard_link(&fresh, path);
    fs::remove_file(&fresh)?;
    made.or_else(|error| if error.kind() == io::ErrorKind::AlreadyExists { Ok(()) } else { Err(error) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_is_read_by_whoever_signed_it_for_the_same_organization_only() {
        let here = |seed: u8| Checkpoints::signed_with(PathBuf::from("nowhere"), &[seed; 32]).unwrap();
        let (organization, end) = (Uuid::max(), Link { seq: 7, hash: Hash(vec![0xab; 32]) });
        let line = here(1).line(organization, &end);
        assert_eq!(here(1).parse(organization, &line), Some(end));
        assert_eq!(here(2).parse(organization, &line), None);
        assert_eq!(here(1).parse(Uuid::nil(), &line), None);
        assert_eq!(here(1).parse(organization, &line.replacen(" 7 ", " 8 ", 1)), None);
    }
}
