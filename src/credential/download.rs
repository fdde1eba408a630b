//! Addresses from which a file can be downloaded for a while, without any other credential: signed, and good for the
//! file and the person or API key that they were made for alone.
use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Keys;
use crate::store::{clock, export_file::Whose};

/// What an address says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Download {
    pub export: Uuid,
    pub organization: Uuid,
    pub whose: Whose,
    pub expires: DateTime<Utc>,
}

impl Download {
    fn whom(&self) -> Vec<u8> {
        let ids = match self.whose {
            Whose::Person { user, session } => vec![self.organization, user, session],
            Whose::Key(key) => vec![self.organization, key],
        };
        ids.iter().flat_map(|id| *id.as_bytes()).collect()
    }
}

/// What is signed.
fn signed(export: Uuid, whom: &[u8], expires: i64) -> Vec<u8> {
    [export.as_bytes().as_slice(), &expires.to_be_bytes(), whom].concat()
}

impl Keys {
    /// The query of the address: `expires=…&for=…&signature=…`.
    pub fn sign_download(&self, download: &Download) -> String {
        let (whom, expires) = (download.whom(), download.expires.timestamp());
        let signature = hmac::sign(&self.downloading, &signed(download.export, &whom, expires));
        let (whom, signature) =
            (BASE64_URL_SAFE_NO_PAD.encode(&whom), BASE64_URL_SAFE_NO_PAD.encode(signature.as_ref()));
        format!("expires={expires}&for={whom}&signature={signature}")
    }

    /// What the address of a file says; nothing where it was not signed here for it, or is over.
    pub fn read_download(&self, export: Uuid, query: &[(String, String)]) -> Option<Download> {
        let one = |name: &str| {
            let mut found = query.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
            found.next().filter(|_| found.next().is_none())
        };
        let expires: i64 = one("expires")?.parse().ok()?;
        let whom = BASE64_URL_SAFE_NO_PAD.decode(one("for")?).ok()?;
        let signature = BASE64_URL_SAFE_NO_PAD.decode(one("signature")?).ok()?;
        hmac::verify(&self.downloading, &signed(export, &whom, expires), &signature).ok()?;
        let expires = DateTime::from_timestamp(expires, 0).filter(|end| *end > clock::now())?;
        let ids: Option<Vec<Uuid>> = whom.chunks(16).map(|id| Uuid::from_slice(id).ok()).collect();
        let (organization, whose) = match ids?.as_slice() {
            [organization, user, session] => {
                (*organization, Whose::Person { user: *user, session: *session })
            }
            [organization, key] => (*organization, Whose::Key(*key)),
            _ => return None,
        };
        Some(Download { export, organization, whose, expires })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(keys: &Keys, export: Uuid, query: &str) -> Option<Download> {
        let query: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        keys.read_download(export, &query)
    }

    #[test]
    fn only_what_was_signed_here_opens_and_only_for_a_while() {
        let keys = Keys::new(&[7; 32]).unwrap();
        let expires = DateTime::from_timestamp(clock::now().timestamp() + 60, 0).unwrap();
        let (export, organization) = (Uuid::from_u128(1), Uuid::from_u128(2));
        for whose in [
            Whose::Person { user: Uuid::from_u128(3), session: Uuid::from_u128(4) },
            Whose::Key(Uuid::from_u128(5)),
        ] {
            let download = Download { export, organization, whose, expires };
            let query = keys.sign_download(&download);
            assert_eq!(read(&keys, export, &query), Some(download));
            assert_eq!(read(&keys, Uuid::from_u128(9), &query), None, "another file");
            assert_eq!(read(&Keys::new(&[8; 32]).unwrap(), export, &query), None, "another server");
            let longer =
                query.replace(&expires.timestamp().to_string(), &(expires.timestamp() + 60).to_string());
            assert_eq!(read(&keys, export, &longer), None, "a later end");
            for at in 0..query.len() {
                let other = |letter| if letter == 'A' { 'B' } else { 'A' };
                let letters = query.chars().enumerate();
                let forged: String =
                    letters.map(|(place, letter)| if place == at { other(letter) } else { letter }).collect();
                // the last letter of a part holds bits that mean nothing: they have to be zero
                assert_eq!(read(&keys, export, &forged), None, "{forged}");
            }
            assert_eq!(read(&keys, export, &format!("{query}&signature=AAAA")), None, "two signatures");
            let over = Download { expires: clock::now() - chrono::Duration::seconds(2), ..download };
            assert_eq!(read(&keys, export, &keys.sign_download(&over)), None, "an end that is over");
        }
    }
}
