//! Cursors are sealed: they can be neither read nor made up, and they fit only the list they come from.
use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

/// The key that seals.
pub struct Seal(LessSafeKey);

impl Seal {
    /// Derives the key from the server's secret.
    pub fn new(secret: &[u8]) -> Result<Self, aws_lc_rs::error::Unspecified> {
        let key = aws_lc_rs::hmac::sign(
            &aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret),
            b"cursor",
        );
        Ok(Self(LessSafeKey::new(UnboundKey::new(&AES_256_GCM_SIV, key.as_ref())?)))
    }

    /// Seals `text` for the list that `context` describes. The same text always gives the same cursor, so that
    /// clients may compare them: a repeated nonce is what this cipher is made for.
    pub fn seal(&self, context: &[u8], text: &[u8]) -> String {
        let mut sealed = text.to_vec();
        let nonce = Nonce::assume_unique_for_key([0; NONCE_LEN]);
        match self.0.seal_in_place_append_tag(nonce, Aad::from(context), &mut sealed) {
            Ok(()) => BASE64_URL_SAFE_NO_PAD.encode(sealed),
            Err(_) => String::new(),
        }
    }

    /// What was sealed for the same context; nothing for anything else.
    pub fn open(&self, context: &[u8], cursor: &str) -> Option<Vec<u8>> {
        let mut sealed = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let nonce = Nonce::assume_unique_for_key([0; NONCE_LEN]);
        let text = self.0.open_in_place(nonce, Aad::from(context), &mut sealed).ok()?;
        Some(text.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_list_opens_a_cursor() {
        let seal = Seal::new(b"secret").unwrap();
        let cursor = seal.seal(b"deals by value", b"[\"12\"]");
        assert_eq!(seal.open(b"deals by value", &cursor).unwrap(), b"[\"12\"]");
        assert_eq!(seal.open(b"deals by name", &cursor), None);
        assert_eq!(Seal::new(b"other").unwrap().open(b"deals by value", &cursor), None);
        assert_eq!(seal.open(b"deals by value", "nonsense"), None);
        assert_eq!(cursor, seal.seal(b"deals by value", b"[\"12\"]"));
    }
}
