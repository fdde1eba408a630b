//! Refresh tokens: `ptr_<session>_<secret>`, each good for one renewal of its session.
//!
//! Half of the secret is random, half proves that this server made it. So a token that is no longer the session's
//! current one is known to have been stolen or used twice, while one that somebody made up ends nobody's session.
use aws_lc_rs::{constant_time, hmac};
use uuid::Uuid;

use super::{
    Keys,
    text::{base32, random},
};
use crate::store::id;

const PREFIX: &str = "ptr";

impl Keys {
    /// A token that renews `session`.
    pub fn renewal(&self, session: Uuid) -> Result<String, aws_lc_rs::error::Unspecified> {
        let random = base32(&random::<16>()?);
        let proof = self.proof(session, &random);
        let mut token = Vec::with_capacity(84);
        id::write(PREFIX, session, &mut token);
        Ok(format!("{}_{random}{proof}", String::from_utf8_lossy(&token)))
    }

    /// The session of a token that this server made; whether it is still the current one the database knows.
    pub fn renewed(&self, token: &str) -> Option<Uuid> {
        let (session, secret) = token.rsplit_once('_')?;
        let (prefix, session) = id::split(session)?;
        let (random, proof) = secret.split_at_checked(26)?;
        let genuine = self.proof(session, random);
        let same = constant_time::verify_slices_are_equal(proof.as_bytes(), genuine.as_bytes()).is_ok();
        (prefix == PREFIX && same).then_some(session)
    }

    fn proof(&self, session: Uuid, random: &str) -> String {
        let tag = hmac::sign(&self.renewing, format!("{session} {random}").as_bytes());
        base32(tag.as_ref().first_chunk::<16>().map_or(&[], |half| half.as_slice()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_tokens_name_a_session() {
        let keys = Keys::new(&[7; 32]).unwrap();
        let session = Uuid::from_u128(5);
        let token = keys.renewal(session).unwrap();
        assert_eq!(keys.renewed(&token), Some(session));
        assert_ne!(keys.renewal(session).unwrap(), token);
        let others = token.replacen("ptr_00000000000000000000000005", "ptr_00000000000000000000000006", 1);
        let made_up = Keys::new(&[8; 32]).unwrap().renewal(session).unwrap();
        for wrong in [others, made_up, format!("{token}0"), token.replacen("ptr", "ptx", 1), String::new()] {
            assert_eq!(keys.renewed(&wrong), None, "{wrong}");
        }
    }
}
