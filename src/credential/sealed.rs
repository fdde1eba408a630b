//! Secrets that the server has to read again: encrypted for the one place where they are kept.
//!
//! AES-256-GCM with a random nonce; the column and the ids of the row are its associated data, so that a secret that
//! is moved to another row, column or organization opens no more. The first byte says how, for keys to come.
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    error::Unspecified,
};
use uuid::Uuid;

use super::Keys;

const FIRST: u8 = 1;

/// Where a secret is kept: a column, and the ids of its row.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    pub column: &'static str,
    pub row: &'a [Uuid],
}

impl Place<'_> {
    fn written(&self) -> String {
        self.row.iter().fold(self.column.to_owned(), |text, id| format!("{text} {id}"))
    }
}

impl Keys {
    /// `secret`, as it may be kept at `place`.
    pub fn encrypt(&self, place: Place<'_>, secret: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let mut sealed = secret.to_vec();
        let nonce =
            self.keeping.seal_in_place_append_tag(Aad::from(place.written().as_bytes()), &mut sealed)?;
        Ok([&[FIRST], nonce.as_ref().as_slice(), &sealed].concat())
    }

    /// What was kept at `place`; nothing where it was meant for another place, or is not ours.
    pub fn decrypt(&self, place: Place<'_>, kept: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = kept.strip_prefix(&[FIRST])?.split_first_chunk::<NONCE_LEN>()?;
        let mut sealed = sealed.to_vec();
        let nonce = Nonce::from(nonce);
        let aad = Aad::from(place.written());
        Some(self.keeping.open_in_place(nonce, aad, &mut sealed).ok()?.to_vec())
    }

    pub(super) fn keeping(key: &[u8; 32]) -> Result<RandomizedNonceKey, Unspecified> {
        RandomizedNonceKey::new(&AES_256_GCM, key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_only_where_it_is_kept() {
        let keys = Keys::new(&[7; 32]).unwrap();
        let (one, two) = ([Uuid::from_u128(1)], [Uuid::from_u128(2)]);
        let place = |column, row| Place { column, row };
        let kept = keys.encrypt(place("users.secret", &one), b"secret").unwrap();
        assert_eq!(keys.decrypt(place("users.secret", &one), &kept).unwrap(), b"secret");
        assert!(!kept.windows(6).any(|part| part == b"secret"));
        assert_ne!(keys.encrypt(place("users.secret", &one), b"secret").unwrap(), kept);
        assert_eq!(keys.decrypt(place("users.secret", &two), &kept), None);
        assert_eq!(keys.decrypt(place("users.other", &one), &kept), None);
        assert_eq!(Keys::new(&[8; 32]).unwrap().decrypt(place("users.secret", &one), &kept), None);
        for at in 0..kept.len() {
            let mut wrong = kept.clone();
            wrong[at] ^= 1;
            assert_eq!(keys.decrypt(place("users.secret", &one), &wrong), None);
        }
        assert_eq!(keys.decrypt(place("users.secret", &one), &[]), None);
    }
}
