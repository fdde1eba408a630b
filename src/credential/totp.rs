//! Time-based one-time codes (RFC 6238): six digits, another one every half minute, of a secret that the server shares
//! with an authenticator app.
use aws_lc_rs::error::Unspecified;
use chrono::{DateTime, Utc};
use totp_rs::{Builder, Secret, Totp, TotpError};

use super::text::random;

/// What apps show the codes under.
const ISSUER: &str = "Portico";

/// A new secret of 160 bits.
pub fn secret() -> Result<[u8; 20], Unspecified> {
    random()
}

/// The secret as a person types it into an app.
pub fn text(secret: &[u8]) -> String {
    Secret::new(secret.into()).to_base32()
}

/// The secret as an app reads it from a picture.
pub fn uri(secret: &[u8], email: &str) -> Result<String, TotpError> {
    // a colon would end the issuer's name
    totp(secret, &email.replace(':', " "))?.to_url()
}

/// The half minute, counted since 1970, whose code this is; none when it is the code of none that may be taken now.
/// Clocks may be off by one half minute.
pub fn step(secret: &[u8], code: &str, now: DateTime<Utc>) -> Option<i64> {
    let code: String = code.chars().filter(|letter| !letter.is_whitespace()).collect();
    let step = totp(secret, "-").ok()?.check(&code, u64::try_from(now.timestamp()).ok()?)?;
    i64::try_from(step).ok()
}

fn totp(secret: &[u8], account: &str) -> Result<Totp, TotpError> {
    Builder::new()
        .with_secret(Secret::new(secret.into()))
        .with_skew(1)
        .with_issuer(Some(ISSUER))
        .with_account_name(account)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn codes_are_those_of_the_standard() {
        // RFC 6238, appendix B: the last six of eight digits
        let secret = b"12345678901234567890";
        assert_eq!(step(secret, "287082", at(59)), Some(1));
        assert_eq!(step(secret, "081804", at(1_111_111_109)), Some(37_037_036));
        assert_eq!(step(secret, "353 130", at(20_000_000_000)), Some(666_666_666));
    }

    #[test]
    fn a_code_is_good_for_its_half_minute_and_those_beside_it() {
        let secret = b"12345678901234567890";
        for (now, good) in [(0, true), (29, true), (59, true), (89, true), (90, false)] {
            assert_eq!(step(secret, "287082", at(now)).is_some(), good, "{now}");
        }
        for wrong in ["", "287083", "+87082", "28708", "2870820", "２８７０８２"] {
            assert_eq!(step(secret, wrong, at(59)), None, "{wrong}");
        }
    }

    #[test]
    fn an_app_reads_the_secret_from_its_address() {
        let secret = secret().unwrap();
        let uri = uri(&secret, "ann:lee@example.com").unwrap();
        assert!(uri.starts_with("otpauth://totp/Portico:ann%20lee%40example.com?secret="), "{uri}");
        assert!(uri.contains(&text(&secret)) && uri.contains("issuer=Portico"), "{uri}");
    }
}
