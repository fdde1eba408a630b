//! API keys: `ptk_<key><organization><secret><checksum>`, 26, 26, 32 and 6 characters.
//!
//! The checksum tells a key from a text that only looks like one without asking anybody, so that scanners for lost
//! keys do not cry wolf: CRC-32 of all that is before it, in base 62. As a pattern: `ptk_[0-9a-z]{84}[0-9A-Za-z]{6}`.
use uuid::Uuid;

use super::text::{base32, random};
use crate::store::id;

/// What all keys begin with.
pub const PREFIX: &str = "ptk_";
/// How much of a key is shown to recognise it by: the prefix and a part of its id.
const SHOWN: usize = 16;

/// What a key says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApiKeyText {
    pub id: Uuid,
    pub organization: Uuid,
}

/// A new key for `id` in `organization`.
pub fn write(id: Uuid, organization: Uuid) -> Result<String, aws_lc_rs::error::Unspecified> {
    let secret = base32(&random::<20>()?);
    let key = format!("{PREFIX}{}{}{secret}", id::encoded(id), id::encoded(organization));
    let checksum = checksum(&key);
    Ok(key + &checksum)
}

/// What a key says, if its checksum is right.
pub fn read(key: &str) -> Option<ApiKeyText> {
    let (body, tail) = key.split_at_checked(key.len().checked_sub(6)?)?;
    let rest = body.strip_prefix(PREFIX)?;
    let (id, rest) = rest.split_at_checked(26)?;
    let (organization, secret) = rest.split_at_checked(26)?;
    if secret.len() != 32 || checksum(body) != tail {
        return None;
    }
    Some(ApiKeyText { id: id::decode(id)?, organization: id::decode(organization)? })
}

/// The part of a key that may be shown.
pub fn shown(key: &str) -> String {
    key.chars().take(SHOWN).collect()
}

fn checksum(body: &str) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut rest = crc32(body.as_bytes());
    let mut text = ['0'; 6];
    for place in text.iter_mut().rev() {
        let digit = usize::try_from(rest % 62).unwrap_or_default();
        *place = DIGITS.get(digit).copied().map_or('0', char::from);
        rest /= 62;
    }
    text.iter().collect()
}

/// CRC-32 as zip and PNG have it.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| {
                if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 }
            },
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_zip() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn a_key_says_which_it_is_and_a_wrong_letter_is_noticed() {
        let (id, organization) = (Uuid::from_u128(11), Uuid::from_u128(12));
        let key = write(id, organization).unwrap();
        assert_eq!(key.len(), 94);
        assert_eq!(read(&key), Some(ApiKeyText { id, organization }));
        assert!(key.starts_with(&shown(&key)));
        for at in 0..key.len() {
            let mut wrong = key.clone().into_bytes();
            wrong[at] = if wrong[at] == b'z' { b'0' } else { b'z' };
            assert_eq!(read(std::str::from_utf8(&wrong).unwrap()), None);
        }
        for wrong in ["", "ptk_", "ptk_üüüüüü", key.get(..93).unwrap(), &format!("{key}0")] {
            assert_eq!(read(wrong), None);
        }
    }
}
