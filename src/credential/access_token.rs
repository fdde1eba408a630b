//! Access tokens: short-lived JWTs that say who asks, in which session and organization (RFC 9068).
use aws_lc_rs::digest;
use chrono::{DateTime, Duration, Utc};
use jsonwebtoken::{Algorithm, Header, Validation, errors::ErrorKind};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Keys;
use crate::store::{clock, error::Denied};

const AUDIENCE: &str = "portico";
const TYPE: &str = "at+jwt";

/// What an access token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    aud: String,
    pub sub: Uuid,
    pub sid: Uuid,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org: Option<Uuid>,
    exp: i64,
    iat: i64,
    pub jti: Uuid,
    /// Who acts as the person, where they do not act themselves (RFC 8693).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Actor>,
}

/// Who acts as somebody else, and in which session of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    pub sub: Uuid,
    pub sid: Uuid,
}

impl Claims {
    /// That `user` works in `organization` from now on, for so many minutes.
    pub fn now(user: Uuid, session: Uuid, organization: Option<Uuid>, minutes: u32) -> Self {
        let now = clock::now();
        Self {
            aud: AUDIENCE.to_owned(),
            sub: user,
            sid: session,
            org: organization,
            exp: (now + Duration::minutes(minutes.into())).timestamp(),
            iat: now.timestamp(),
            jti: clock::new_id(),
            act: None,
        }
    }

    /// The same until `end`, for somebody who acts as that person.
    pub fn of_actor(self, actor: Actor, end: DateTime<Utc>) -> Self {
        Self { act: Some(actor), exp: end.timestamp(), ..self }
    }

    /// When the token ends.
    pub const fn expires_at(&self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp(self.exp, 0)
    }
}

impl Keys {
    /// The token that says so.
    pub fn sign(&self, claims: &Claims) -> jsonwebtoken::errors::Result<String> {
        let header = Header { typ: Some(TYPE.to_owned()), ..Header::new(Algorithm::EdDSA) };
        jsonwebtoken::encode(&header, claims, &self.signing)
    }

    /// What a token says, if it is one of ours and still valid.
    pub fn open(&self, token: &str) -> Result<Claims, Denied> {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
        if let Some(claims) = self.recognised.get(&hash) {
            return if clock::now().timestamp() < claims.exp { Ok(claims) } else { Err(Denied::Expired) };
        }
        let claims = self.verify(token)?;
        self.recognised.insert(hash, claims.clone());
        Ok(claims)
    }

    /// The algorithm and the key are ours to choose: nothing in the token's header is listened to.
    fn verify(&self, token: &str) -> Result<Claims, Denied> {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.leeway = 0;
        validation.validate_nbf = true;
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "aud", "sub"]);
        let token =
            jsonwebtoken::decode::<Claims>(token, &self.verifying, &validation).map_err(
                |error| match error.kind() {
                    ErrorKind::ExpiredSignature => Denied::Expired,
                    _ => Denied::Ended,
                },
            )?;
        if token.header.typ.as_deref() == Some(TYPE) { Ok(token.claims) } else { Err(Denied::Ended) }
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    use serde_json::{Value, json};

    use super::*;

    fn keys() -> Keys {
        Keys::new(&[7; 32]).unwrap()
    }

    fn claims() -> Claims {
        Claims::now(Uuid::from_u128(1), Uuid::from_u128(2), Some(Uuid::from_u128(3)), 15)
    }

    fn part(value: &Value) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(value.to_string())
    }

    /// Signed with our own key, whatever it says.
    fn signed(header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", part(header), part(claims));
        let signature =
            jsonwebtoken::crypto::sign(message.as_bytes(), &keys().signing, Algorithm::EdDSA).unwrap();
        format!("{message}.{signature}")
    }

    #[test]
    fn what_was_signed_is_read() {
        let claims = claims();
        let token = keys().sign(&claims).unwrap();
        assert_eq!(keys().open(&token), Ok(claims));
    }

    #[test]
    fn who_acts_as_somebody_is_read_and_cannot_be_left_out() {
        let actor = Actor { sub: Uuid::from_u128(4), sid: Uuid::from_u128(5) };
        let claims = claims().of_actor(actor, clock::now() + Duration::minutes(1));
        let token = keys().sign(&claims).unwrap();
        assert_eq!(keys().open(&token), Ok(claims.clone()));
        let (message, signature) = token.rsplit_once('.').unwrap();
        let header = message.split_once('.').unwrap().0;
        let without = part(&json!(Claims { act: None, ..claims }));
        assert_eq!(keys().open(&format!("{header}.{without}.{signature}")), Err(Denied::Ended));
    }

    #[test]
    fn another_secret_makes_other_keys() {
        let other = Keys::new(&[8; 32]).unwrap();
        assert_eq!(other.open(&keys().sign(&claims()).unwrap()), Err(Denied::Ended));
    }

    #[test]
    fn an_expired_token_says_so() {
        let token = keys().sign(&Claims { exp: claims().iat - 1, ..claims() }).unwrap();
        assert_eq!(keys().open(&token), Err(Denied::Expired));
    }

    #[test]
    fn a_token_that_was_recognised_still_ends() {
        let keys = keys();
        let token = keys.sign(&claims()).unwrap();
        let claims = keys.open(&token).unwrap();
        assert_eq!(keys.open(&token), Ok(claims.clone()));
        let hash = *keys.recognised.iter().next().unwrap().0;
        keys.recognised.insert(hash, Claims { exp: claims.iat - 1, ..claims });
        assert_eq!(keys.open(&token), Err(Denied::Expired));
    }

    #[test]
    fn forgeries_are_refused() {
        let good = json!(claims());
        let header = json!({"typ": TYPE, "alg": "EdDSA"});
        assert!(keys().open(&signed(&header, &good)).is_ok());
        let without = |name: &str| {
            let mut claims = good.clone();
            claims.as_object_mut().unwrap().remove(name);
            claims
        };
        let with = |name: &str, value: Value| {
            let mut claims = good.clone();
            claims[name] = value;
            claims
        };
        let token = keys().sign(&claims()).unwrap();
        let (message, signature) = token.rsplit_once('.').unwrap();
        let forged = [
            signed(&json!({"typ": "JWT", "alg": "EdDSA"}), &good),
            signed(&json!({"alg": "EdDSA"}), &good),
            signed(&json!({"typ": TYPE, "alg": "none"}), &good),
            signed(&json!({"typ": TYPE, "alg": "HS256"}), &good),
            signed(&json!({"typ": TYPE, "alg": "ES256"}), &good),
            signed(&header, &with("aud", json!("elsewhere"))),
            signed(&header, &with("aud", json!(["a", "b"]))),
            signed(&header, &with("nbf", json!(claims().exp))),
            signed(&header, &with("sub", json!("me"))),
            signed(&header, &with("exp", json!("never"))),
            signed(&header, &without("aud")),
            signed(&header, &without("exp")),
            signed(&header, &without("sub")),
            signed(&header, &without("sid")),
            format!("{message}."),
            message.to_owned(),
            format!("{}.{}.{signature}", part(&header), part(&with("sub", json!(Uuid::from_u128(9))))),
            format!("{}.{}.", part(&json!({"alg": "none"})), part(&good)),
            format!("{token}x"),
            format!("{token}.x"),
            format!(" {token}"),
            String::new(),
            "..".to_owned(),
            "null".to_owned(),
        ];
        for token in forged {
            assert_eq!(keys().open(&token), Err(Denied::Ended), "{token}");
        }
    }
}
