//! Addresses from which a file can be downloaded, or to which one can be uploaded, for a while and without any other
//! credential: signed, and good for that alone, for the job and the person or API key that they were made for.
use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Keys;
use crate::store::{clock, job::Whose};

/// What an address is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To download the file of an export.
    Download,
    /// To upload the file of an import.
    Upload,
}

/// What an address says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    pub purpose: Purpose,
    /// The export or import.
    pub job: Uuid,
    pub organization: Uuid,
    pub whose: Whose,
    pub expires: DateTime<Utc>,
}

impl Address {
    fn whom(&self) -> Vec<u8> {
        let ids = match self.whose {
            Whose::Person { user, session } => vec![self.organization, user, session],
            Whose::Key(key) => vec![self.organization, key],
        };
        ids.iter().flat_map(|id| *id.as_bytes()).collect()
    }
}

/// What is signed.
fn signed(purpose: Purpose, job: Uuid, whom: &[u8], expires: i64) -> Vec<u8> {
    let purpose = match purpose {
        Purpose::Download => b"d",
        Purpose::Upload => b"u",
    };
    [purpose.as_slice(), job.as_bytes(), &expires.to_be_bytes(), whom].concat()
}

impl Keys {
    /// The query of the address: `expires=…&for=…&signature=…`.
    pub fn sign_address(&self, address: &Address) -> String {
        let (whom, expires) = (address.whom(), address.expires.timestamp());
        let signature = hmac::sign(&self.addressing, &signed(address.purpose, address.job, &whom, expires));
        let (whom, signature) =
            (BASE64_URL_SAFE_NO_PAD.encode(&whom), BASE64_URL_SAFE_NO_PAD.encode(signature.as_ref()));
        format!("expires={expires}&for={whom}&signature={signature}")
    }

    /// What the address of a job's file says; nothing where it was not signed here for that, or is over.
    pub fn read_address(&self, purpose: Purpose, job: Uuid, query: &[(String, String)]) -> Option<Address> {
        let one = |name: &str| {
            let mut found = query.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
            found.next().filter(|_| found.next().is_none())
        };
        let expires: i64 = one("expires")?.parse().ok()?;
        let whom = BASE64_URL_SAFE_NO_PAD.decode(one("for")?).ok()?;
        let signature = BASE64_URL_SAFE_NO_PAD.decode(one("signature")?).ok()?;
        hmac::verify(&self.addressing, &signed(purpose, job, &whom, expires), &signature).ok()?;
        let expires = DateTime::from_timestamp(expires, 0).filter(|end| *end > clock::now())?;
        let ids: Option<Vec<Uuid>> = whom.chunks(16).map(|id| Uuid::from_slice(id).ok()).collect();
        let (organization, whose) = match ids?.as_slice() {
            [organization, user, session] => {
                (*organization, Whose::Person { user: *user, session: *session })
            }
            [organization, key] => (*organization, Whose::Key(*key)),
            _ => return None,
        };
        Some(Address { purpose, job, organization, whose, expires })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(keys: &Keys, job: Uuid, query: &str) -> Option<Address> {
        let query: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        keys.read_address(Purpose::Download, job, &query)
    }

    #[test]
    fn only_what_was_signed_here_opens_and_only_for_a_while() {
        let keys = Keys::new(&[7; 32]).unwrap();
        let expires = DateTime::from_timestamp(clock::now().timestamp() + 60, 0).unwrap();
        let (job, organization) = (Uuid::from_u128(1), Uuid::from_u128(2));
        for whose in [
            Whose::Person { user: Uuid::from_u128(3), session: Uuid::from_u128(4) },
            Whose::Key(Uuid::from_u128(5)),
        ] {
            let purpose = Purpose::Download;
            let download = Address { purpose, job, organization, whose, expires };
            let query = keys.sign_address(&download);
            assert_eq!(read(&keys, job, &query), Some(download));
            assert_eq!(read(&keys, Uuid::from_u128(9), &query), None, "another file");
            let upload = keys.sign_address(&Address { purpose: Purpose::Upload, ..download });
            assert_eq!(read(&keys, job, &upload), None, "another purpose");
            assert_eq!(read(&Keys::new(&[8; 32]).unwrap(), job, &query), None, "another server");
            let longer =
                query.replace(&expires.timestamp().to_string(), &(expires.timestamp() + 60).to_string());
            assert_eq!(read(&keys, job, &longer), None, "a later end");
            for at in 0..query.len() {
                let other = |letter| if letter == 'A' { 'B' } else { 'A' };
                let letters = query.chars().enumerate();
                let forged: String =
                    letters.map(|(place, letter)| if place == at { other(letter) } else { letter }).collect();
                // the last letter of a part holds bits that mean nothing: they have to be zero
                assert_eq!(read(&keys, job, &forged), None, "{forged}");
            }
            assert_eq!(read(&keys, job, &format!("{query}&signature=AAAA")), None, "two signatures");
            let over = Address { expires: clock::now() - chrono::Duration::seconds(2), ..download };
            assert_eq!(read(&keys, job, &keys.sign_address(&over)), None, "an end that is over");
        }
    }
}
