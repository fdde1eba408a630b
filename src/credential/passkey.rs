//! Passkeys (WebAuthn): keys on people's devices, each good for one web address and for nothing that looks like it. The
//! device asks its person for a finger or a number before it signs, so a passkey is two factors at once.
use std::time::Duration;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;
use webauthn_rs::{
    Webauthn, WebauthnBuilder,
    prelude::{Passkey, PublicKeyCredential, RegisterPublicKeyCredential, WebauthnError},
};

/// How long a challenge can be answered.
pub const LIFETIME: Duration = Duration::from_mins(5);

/// Where passkeys are used: the web application, and the server's own page where it has a place below that.
pub struct Site(Webauthn);

/// What a device is asked, and what has to be remembered of it.
pub struct Asked {
    /// For `navigator.credentials`, as JSON.
    pub options: Value,
    pub state: Value,
}

/// A passkey as it is kept.
pub struct Kept {
    pub id: Vec<u8>,
    pub credential: Value,
    pub sign_count: i64,
}

/// Why an answer is not accepted.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("it is no answer of a passkey")]
    Malformed,
    /// The device has counted less than before.
    #[error("the passkey may have been copied: it was used elsewhere")]
    Copied,
    #[error("{0}")]
    Wrong(String),
}

impl From<serde_json::Error> for Refusal {
    fn from(_: serde_json::Error) -> Self {
        Self::Malformed
    }
}

impl From<WebauthnError> for Refusal {
    fn from(error: WebauthnError) -> Self {
        match error {
            WebauthnError::CredentialPossibleCompromise => Self::Copied,
            other => Self::Wrong(other.to_string()),
        }
    }
}

/// What a device has signed, not yet verified.
pub struct Shown(PublicKeyCredential);

impl Shown {
    pub fn read(answer: Value) -> Result<Self, Refusal> {
        Ok(Self(serde_json::from_value(answer)?))
    }

    /// Which passkey it says that it is.
    pub fn id(&self) -> &[u8] {
        self.0.get_credential_id()
    }

    /// Whose it says that it is, if it says so.
    pub fn person(&self) -> Option<Uuid> {
        self.0.get_user_unique_id().and_then(|bytes| Uuid::from_slice(bytes).ok())
    }
}

impl Site {
    /// That of the first of these addresses; none where it is no address with a name.
    pub fn of(addresses: &[&str]) -> Option<Self> {
        let addresses: Vec<Url> = addresses.iter().filter_map(|address| Url::parse(address).ok()).collect();
        let main = addresses.first()?;
        let id = main.domain()?;
        let mut site = WebauthnBuilder::new(id, main).ok()?.rp_name("Portico").timeout(LIFETIME);
        let below = format!(".{id}");
        for other in addresses.iter().skip(1) {
            if other.domain().is_some_and(|domain| domain == id || domain.ends_with(&below)) {
                site = site.append_allowed_origin(other);
            }
        }
        site.build().ok().map(Self)
    }

    /// Asks a device to make a passkey for a person who has `known` ones already.
    pub fn ask_for_new(
        &self,
        person: Uuid,
        name: &str,
        shown: &str,
        known: Vec<Vec<u8>>,
    ) -> Result<Asked, Refusal> {
        let (options, state) = self.0.start_passkey_registration(person, name, shown, Some(known))?;
        let mut asked = Asked::of(&options, &state)?;
        // found by the device itself, so that nobody types an address
        if let Some(Value::Object(wanted)) = asked.options.pointer_mut("/publicKey/authenticatorSelection") {
            wanted.insert("residentKey".to_owned(), json!("required"));
            wanted.insert("requireResidentKey".to_owned(), json!(true));
        }
        Ok(asked)
    }

    /// The passkey that a device has made.
    pub fn accept_new(&self, answer: Value, state: Value) -> Result<Kept, Refusal> {
        let answer: RegisterPublicKeyCredential = serde_json::from_value(answer)?;
        let state = serde_json::from_value(state)?;
        Kept::of(&self.0.finish_passkey_registration(&answer, &state)?)
    }

    /// Asks a device for one of the passkeys `known`, or for whichever it has.
    pub fn ask(&self, known: &[Vec<u8>]) -> Result<Asked, Refusal> {
        let (options, state) = self.0.start_discoverable_authentication()?;
        let mut asked = Asked::of(&options, &state)?;
        if let Some(options) = asked.options.as_object_mut() {
            // whether it is asked for by a button or while typing is the page's choice
            options.remove("mediation");
        }
        if let Some(wanted) = asked.options.pointer_mut("/publicKey/allowCredentials") {
            let one = |id: &Vec<u8>| json!({ "type": "public-key", "id": BASE64_URL_SAFE_NO_PAD.encode(id) });
            *wanted = known.iter().map(one).collect();
        }
        Ok(asked)
    }

    /// The passkey `kept` as it is from now on, if it has signed what was asked, with its person there.
    pub fn verify(&self, shown: &Shown, state: Value, kept: Value) -> Result<Kept, Refusal> {
        let mut passkey: Passkey = serde_json::from_value(kept)?;
        let state = serde_json::from_value(state)?;
        let result = self.0.finish_discoverable_authentication_v2(&shown.0, state, &passkey)?;
        if !result.user_verified() {
            return Err(Refusal::Wrong("the device has not seen who its person is".to_owned()));
        }
        passkey.update_credential(&result);
        let sign_count = i64::from(result.counter());
        Ok(Kept { sign_count, ..Kept::of(&passkey)? })
    }
}

impl Kept {
    fn of(passkey: &Passkey) -> Result<Self, Refusal> {
        let credential = serde_json::to_value(passkey)?;
        let sign_count = credential.pointer("/cred/counter").and_then(Value::as_i64).unwrap_or_default();
        Ok(Self { id: passkey.cred_id().clone(), credential, sign_count })
    }
}

impl Asked {
    fn of(options: &impl serde::Serialize, state: &impl serde::Serialize) -> Result<Self, Refusal> {
        Ok(Self { options: serde_json::to_value(options)?, state: serde_json::to_value(state)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_need_an_address_with_a_name() {
        assert!(Site::of(&[]).is_none());
        assert!(Site::of(&["http://127.0.0.1:8080"]).is_none());
        assert!(Site::of(&["http://localhost:8080"]).is_some());
        let site =
            Site::of(&["https://example.com", "https://api.example.com", "https://example.org"]).unwrap();
        let origins: Vec<&str> = site.0.get_allowed_origins().iter().map(Url::as_str).collect();
        assert_eq!(origins, ["https://example.com/", "https://api.example.com/"]);
        let asked = site.ask(&[]).unwrap();
        assert_eq!(asked.options["publicKey"]["rpId"], "example.com");
        assert_eq!(asked.options["publicKey"]["userVerification"], "required");
        assert!(asked.options.get("mediation").is_none());
        let new = site.ask_for_new(Uuid::nil(), "a@example.com", "A", Vec::new()).unwrap();
        assert_eq!(new.options["publicKey"]["authenticatorSelection"]["residentKey"], "required");
    }
}
