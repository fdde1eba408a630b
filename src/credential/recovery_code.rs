//! Recovery codes: `xxxx-xxxx-xxxx-xxxx`, 80 random bits each, for who has lost their second factor.
use super::{
    hash,
    text::{base32, random},
};

/// A new code.
pub fn write() -> Result<String, aws_lc_rs::error::Unspecified> {
    let letters = base32(&random::<10>()?);
    let groups: Vec<&str> = (0..4).filter_map(|group| letters.get(group * 4..group * 4 + 4)).collect();
    Ok(groups.join("-"))
}

/// What is kept of a code, however it is typed.
pub fn kept(code: &str) -> String {
    let letters = code.chars().filter(|letter| letter.is_alphanumeric());
    hash(&letters.flat_map(char::to_lowercase).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_recognised_however_it_is_typed() {
        let code = write().unwrap();
        assert_eq!(code.len(), 19);
        assert_ne!(write().unwrap(), code);
        assert_eq!(kept(&code), kept(&code.to_uppercase().replace('-', " ")));
        assert_ne!(kept(&code), kept(&code.replace('-', "0")));
    }
}
