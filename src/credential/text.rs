//! Secrets as text: 32 digits and letters, none of which looks like another.
use aws_lc_rs::rand;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Five bits per letter; what is left over is filled with zeros.
pub(super) fn base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 8 / 5 + 1);
    let (mut held, mut bits) = (0_u16, 0_u8);
    for byte in bytes {
        held = held << 8 | u16::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(letter(held >> bits));
        }
    }
    if bits > 0 {
        text.push(letter(held << (5 - bits)));
    }
    text
}

fn letter(bits: u16) -> char {
    ALPHABET.get(usize::from(bits & 31)).copied().map_or('0', char::from)
}

/// Bytes that nobody can guess.
pub(super) fn random<const N: usize>() -> Result<[u8; N], aws_lc_rs::error::Unspecified> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_become_letters() {
        assert_eq!(base32(&[]), "");
        assert_eq!(base32(&[0xff]), "zw");
        assert_eq!(base32(&[0; 5]), "00000000");
        assert_eq!(base32(b"hello"), "d1jprv3f");
        assert_eq!(base32(&[0xff; 20]).len(), 32);
        assert_eq!(base32(&[0xff; 32]).len(), 52);
    }
}
