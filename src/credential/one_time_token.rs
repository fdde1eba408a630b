//! One-time tokens: `pto_<secret>`, sent to a person, who shows with it that what was sent has reached them.
use super::text::{base32, random};

/// A new token of 256 random bits; of it only the hash is kept.
pub fn write() -> Result<String, aws_lc_rs::error::Unspecified> {
    Ok(format!("pto_{}", base32(&random::<32>()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_tokens_are_the_same() {
        let token = write().unwrap();
        assert_eq!(token.len(), 56);
        assert_ne!(write().unwrap(), token);
    }
}
