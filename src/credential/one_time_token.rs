//! One-time tokens: `pto_<secret>`, or six digits, sent to a person, who shows with it that what was sent has reached them.
use super::text::{base32, random};

/// A new token of 256 random bits; of it only the hash is kept.
pub fn write() -> Result<String, aws_lc_rs::error::Unspecified> {
    Ok(format!("pto_{}", base32(&random::<32>()?)))
}

/// Six digits, for who types them: to be tried a few times only.
pub fn digits() -> Result<String, aws_lc_rs::error::Unspecified> {
    let number = u64::from_be_bytes(random::<8>()?) % 1_000_000;
    Ok(format!("{number:06}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_tokens_are_the_same() {
        let token = write().unwrap();
        assert_eq!(token.len(), 56);
        assert_ne!(write().unwrap(), token);
        assert_eq!(digits().unwrap().len(), 6);
    }
}
