//! What a caller shows to be let in: access tokens, API keys, refresh tokens, codes of a second factor, passkeys; and how
//! secrets are kept. Text and keys only: whether a session or key still stands is asked of the database, when its
//! transaction begins.
pub mod access_token;
pub mod address;
pub mod api_key;
pub mod keys;
pub mod one_time_token;
pub mod passkey;
mod pseudonym;
pub mod recovery_code;
pub mod refresh_token;
pub mod sealed;
mod text;
pub mod totp;

pub use keys::{Keys, Rules};

use aws_lc_rs::digest;

use crate::store::{
    door::{Caller, Impersonator},
    error::Denied,
};

/// Who shows this credential, an access token or an API key. The caller's request and address are the transport's to
/// fill in.
pub fn read(keys: &Keys, credential: &str) -> Result<Caller, Denied> {
    if credential.starts_with(api_key::PREFIX) {
        let key = api_key::read(credential).ok_or(Denied::Ended)?;
        return Ok(Caller {
            organization: Some(key.organization),
            api_key: Some(key.id),
            api_key_hash: Some(hash(credential)),
            ..Caller::default()
        });
    }
    let claims = keys.open(credential)?;
    Ok(Caller {
        organization: claims.org,
        user: Some(claims.sub),
        session: Some(claims.sid),
        impersonator: claims.act.map(|actor| Impersonator { user: actor.sub, session: actor.sid }),
        expires_at: claims.expires_at(),
        ..Caller::default()
    })
}

/// What the database keeps of a secret: enough to recognise it, useless to whoever reads it there.
pub fn hash(secret: &str) -> String {
    let hash = digest::digest(&digest::SHA256, secret.as_bytes());
    hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
