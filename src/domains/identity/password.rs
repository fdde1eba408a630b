//! Passwords: hashed with argon2id as OWASP recommends (19 MiB, two passes), verified in bounded numbers at a time,
//! and in the same time whether or not there is anything to verify against.
use std::sync::LazyLock;

use argon2::{Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version};
use tokio::{sync::Semaphore, task::spawn_blocking};

use crate::{domains::prelude::*, graph::fault::Fault};

/// Each takes a core and 19 MiB: no more at a time than leave room for everybody else's requests.
static TURNS: LazyLock<Semaphore> = LazyLock::new(|| {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Semaphore::new((cores / 2).max(1))
});

/// The hash of a password that nobody has, for accounts that do not exist.
static NOBODYS: LazyLock<String> = LazyLock::new(|| hashed("").unwrap_or_default());

/// What came of a verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Wrong,
    Right,
    /// Right, and hashed in a way that is no longer used: hash it anew.
    RightButOld,
}

/// Whether `password` is the one of `hash`; without a hash it is wrong, after the same time.
pub async fn verify(password: String, hash: Option<String>) -> Result<Verdict, Fault> {
    in_turn(move || match &hash {
        Some(hash) => verdict(&password, hash),
        None => {
            verdict(&password, &NOBODYS);
            Verdict::Wrong
        }
    })
    .await
}

/// The hash to be stored of a password.
pub async fn hash(password: String) -> Result<String, Fault> {
    in_turn(move || hashed(&password)).await?.map_err(Fault::internal)
}

async fn in_turn<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
    let _turn = TURNS.acquire().await.map_err(Fault::internal)?;
    spawn_blocking(work).await.map_err(Fault::internal)
}

fn argon2() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT)
}

fn hashed(password: &str) -> Result<String, argon2::password_hash::Error> {
    Ok(argon2().hash_password(password.as_bytes())?.to_string())
}

fn verdict(password: &str, hash: &str) -> Verdict {
    if hash.starts_with("$2") {
        // bcrypt reads no more than 72 bytes, and so did whoever made this hash
        return match bcrypt::verify(password, hash) {
            Ok(true) => Verdict::RightButOld,
            Ok(false) | Err(_) => Verdict::Wrong,
        };
    }
    let Ok(hash) = PasswordHash::new(hash) else { return Verdict::Wrong };
    if argon2().verify_password(password.as_bytes(), &hash).is_err() {
        return Verdict::Wrong;
    }
    let current = Params::try_from(&hash).is_ok_and(|params| {
        let usual = Params::DEFAULT;
        (params.m_cost(), params.t_cost(), params.p_cost())
            == (usual.m_cost(), usual.t_cost(), usual.p_cost())
    });
    if current && hash.algorithm.as_str() == "argon2id" { Verdict::Right } else { Verdict::RightButOld }
}

/// Why `password` may not be chosen, if so: it is too short or too long, or the first that anybody would guess. No
/// rules about digits and signs: they make passwords worse.
pub fn acceptable(password: &str, path: &[&str]) -> Result<(), UserError> {
    let length = password.chars().count();
    if length < 8 {
        return Err(UserError::new(
            UserErrorCode::Invalid,
            say!("a password has at least 8 characters"),
            path,
        ));
    }
    if length > 200 {
        return Err(UserError::new(
            UserErrorCode::TooLong,
            say!("a password has at most 200 characters"),
            path,
        ));
    }
    let plain = password.to_lowercase();
    let same = plain.chars().all(|letter| plain.starts_with(letter));
    if same || WORST.contains(&plain.as_str()) {
        return Err(UserError::new(
            UserErrorCode::Invalid,
            say!("this password is among the first that are guessed"),
            path,
        ));
    }
    Ok(())
}

/// Of the passwords used most, those that are long enough to be chosen here.
const WORST: &[&str] = &[
    "00000000",
    "01234567",
    "0123456789",
    "11111111",
    "11112222",
    "11223344",
    "12121212",
    "12341234",
    "12344321",
    "123123123",
    "12345678",
    "123456789",
    "1234567890",
    "12345678910",
    "123456abc",
    "123654789",
    "123qweasd",
    "147258369",
    "1q2w3e4r",
    "1q2w3e4r5t",
    "1qaz2wsx",
    "1qaz2wsx3edc",
    "789456123",
    "87654321",
    "987654321",
    "9876543210",
    "a1b2c3d4",
    "aa123456",
    "aa12345678",
    "abc12345",
    "abcd1234",
    "abcdefgh",
    "admin123",
    "admin1234",
    "administrator",
    "adminadmin",
    "asdasdasd",
    "asdf1234",
    "asdfasdf",
    "asdfghjk",
    "asdfghjkl",
    "baseball",
    "basketball",
    "butterfly",
    "changeme",
    "changeme123",
    "chocolate",
    "computer",
    "consumer",
    "corvette",
    "danielle",
    "dragon123",
    "elephant",
    "football",
    "forever1",
    "gwerty123",
    "hello123",
    "iloveyou",
    "iloveyou1",
    "internet",
    "jennifer",
    "jonathan",
    "letmein1",
    "letmein123",
    "liverpool",
    "login123",
    "lovelove",
    "master123",
    "mercedes",
    "michelle",
    "monkey123",
    "p@ssw0rd",
    "p@ssword",
    "pa$$w0rd",
    "pass1234",
    "passw0rd",
    "password",
    "password!",
    "password1",
    "password1!",
    "password12",
    "password123",
    "password1234",
    "passwort",
    "princess",
    "princess1",
    "q1w2e3r4",
    "q1w2e3r4t5",
    "qazwsxedc",
    "qwer1234",
    "qwerqwer",
    "qwert123",
    "qwerty12",
    "qwerty123",
    "qwerty1234",
    "qwertyui",
    "qwertyuiop",
    "qwertz123",
    "samantha",
    "scorpion",
    "secret123",
    "spiderman",
    "sunshine",
    "superman",
    "test1234",
    "testtest",
    "trustno1",
    "victoria",
    "welcome1",
    "welcome123",
    "whatever",
    "zaq12wsx",
    "zxcvbnm1",
    "zxcvbnm123",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_recognised_by_its_hash() {
        let stored = hash("correct horse".to_owned()).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert_eq!(verify("correct horse".to_owned(), Some(stored.clone())).await.unwrap(), Verdict::Right);
        assert_eq!(verify("correct house".to_owned(), Some(stored)).await.unwrap(), Verdict::Wrong);
        assert_eq!(verify(String::new(), None).await.unwrap(), Verdict::Wrong);
    }

    #[tokio::test]
    async fn hashes_of_before_are_recognised_and_renewed() {
        let bcrypt = bcrypt::hash("correct horse", 4).unwrap();
        assert_eq!(verdict("correct horse", &bcrypt), Verdict::RightButOld);
        assert_eq!(verdict("correct house", &bcrypt), Verdict::Wrong);
        let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(64, 1, 1, None).unwrap());
        let weak = weak.hash_password(b"correct horse").unwrap().to_string();
        assert_eq!(verdict("correct horse", &weak), Verdict::RightButOld);
        for nonsense in ["", "$2b$nonsense", "$argon2id$nonsense", "plain"] {
            assert_eq!(verdict("plain", nonsense), Verdict::Wrong);
        }
    }

    #[test]
    fn what_is_guessed_first_is_refused() {
        for refused in ["short", "Password123", "aaaaaaaaaa", &"x".repeat(201)] {
            assert!(acceptable(refused, &[]).is_err(), "{refused}");
        }
        for fine in ["correct horse battery", "pässwörter sind länger", &"xy".repeat(100)] {
            assert!(acceptable(fine, &[]).is_ok(), "{fine}");
        }
    }
}
