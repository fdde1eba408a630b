//! The talk with a provider (B009): where to send a person, and who comes back. OpenID Connect with PKCE, state and
//! nonce, or OAuth 2.0 with an address that tells who somebody is.
use std::{sync::LazyLock, time::Duration as Pause};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::Duration;
use moka::sync::Cache;
use openidconnect::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, HttpRequest, IssuerUrl,
    JsonWebKeySetUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
    TokenUrl,
    core::{
        CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreIdToken, CoreIdTokenVerifier,
        CoreJsonWebKeySet, CoreJwsSigningAlgorithm, CoreProviderMetadata,
    },
};
use serde_json::Value;

use crate::{
    outbound::{Failure, Outbound},
    store::clock,
};

/// How long what a provider says of itself is taken for granted; keys that are not known are asked for at once.
const KNOWN_FOR: Pause = Pause::from_mins(10);

/// By how much clocks may differ, and how old a token may be.
const SKEW: Duration = Duration::seconds(60);
const OLDEST: Duration = Duration::minutes(10);

/// Signatures that only the provider can make; one with the client's secret could be made by whoever knows that.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

const SUFFIX: &str = "/.well-known/openid-configuration";

/// Why nobody is vouched for. It is for the log: whoever signs in is told no more than that it failed.
#[derive(Debug, thiserror::Error)]
pub enum Mistrust {
    #[error("the provider cannot be asked: {0}")]
    Failure(#[from] Failure),
    #[error("the provider does not make sense: {0}")]
    Nonsense(String),
    #[error("the provider does not vouch: {0}")]
    Refused(String),
}

fn nonsense(error: impl std::fmt::Display) -> Mistrust {
    Mistrust::Nonsense(error.to_string())
}

fn refused(error: impl std::fmt::Display) -> Mistrust {
    Mistrust::Refused(error.to_string())
}

/// How a provider is found, and how it knows this server.
#[derive(Clone, Debug)]
pub struct Client {
    pub id: String,
    pub secret: Option<String>,
    pub scopes: Vec<String>,
    pub provider: Addresses,
}

/// Where a provider is.
#[derive(Clone, Debug)]
pub enum Addresses {
    /// It describes itself.
    Oidc {
        discovery: String,
    },
    OAuth2 {
        authorization: String,
        token: String,
        userinfo: String,
    },
}

/// What a person takes along, and what stays here until they are back.
pub struct Journey {
    pub state: String,
    pub nonce: String,
    pub verifier: String,
    pub redirect: String,
}

/// Whom a provider vouches for.
pub struct Vouched {
    pub issuer: String,
    /// Everything that it tells.
    pub claims: Value,
}

/// What an OpenID provider says of itself.
static DESCRIBED: LazyLock<Cache<String, CoreProviderMetadata>> =
    LazyLock::new(|| Cache::builder().max_capacity(1000).time_to_live(KNOWN_FOR).build());
/// Its keys.
static KEYS: LazyLock<Cache<String, CoreJsonWebKeySet>> =
    LazyLock::new(|| Cache::builder().max_capacity(1000).time_to_live(KNOWN_FOR).build());

/// What is needed of a provider to send people there.
struct Place {
    issuer: IssuerUrl,
    authorization: AuthUrl,
    token: TokenUrl,
    /// None where there are no tokens of identity.
    keys: Option<JsonWebKeySetUrl>,
    auth: AuthType,
}

async fn place(outbound: &Outbound, addresses: &Addresses) -> Result<Place, Mistrust> {
    let discovery = match addresses {
        Addresses::OAuth2 { authorization, token, userinfo } => {
            return Ok(Place {
                issuer: IssuerUrl::new(userinfo.clone()).map_err(nonsense)?,
                authorization: AuthUrl::new(authorization.clone()).map_err(nonsense)?,
                token: TokenUrl::new(token.clone()).map_err(nonsense)?,
                keys: None,
                auth: AuthType::RequestBody,
            });
        }
        Addresses::Oidc { discovery } => discovery,
    };
    let metadata = match DESCRIBED.get(discovery) {
        Some(metadata) => metadata,
        None => {
            let metadata: CoreProviderMetadata = fetched(outbound, discovery, None).await?;
            DESCRIBED.insert(discovery.clone(), metadata.clone());
            metadata
        }
    };
    // whoever describes another issuer than the one that was asked would speak for that one
    let described = metadata.issuer().trim_end_matches('/');
    if discovery.strip_suffix(SUFFIX).map(|issuer| issuer.trim_end_matches('/')) != Some(described) {
        return Err(nonsense(format!("{discovery} describes {described}")));
    }
    let methods = metadata.token_endpoint_auth_methods_supported();
    let basic = methods.is_none_or(|methods| methods.contains(&CoreClientAuthMethod::ClientSecretBasic));
    Ok(Place {
        issuer: metadata.issuer().clone(),
        authorization: metadata.authorization_endpoint().clone(),
        token: metadata.token_endpoint().cloned().ok_or_else(|| nonsense("it gives no tokens"))?,
        keys: Some(metadata.jwks_uri().clone()),
        auth: if basic { AuthType::BasicAuth } else { AuthType::RequestBody },
    })
}

/// What is at an address, as JSON.
async fn fetched<T: serde::de::DeserializeOwned>(
    outbound: &Outbound,
    address: &str,
    token: Option<&str>,
) -> Result<T, Mistrust> {
    let mut request = http::Request::get(address).header(http::header::ACCEPT, "application/json");
    if let Some(token) = token {
        request = request.header(http::header::AUTHORIZATION, format!("Bearer {token}"));
    }
    let answer = outbound.send(request.body(Vec::new()).map_err(nonsense)?).await?;
    if answer.status() != http::StatusCode::OK {
        return Err(nonsense(format!("{address} answers {}", answer.status())));
    }
    serde_json::from_slice(answer.body()).map_err(nonsense)
}

impl Client {
    /// The address to which a person is sent.
    pub async fn begin(&self, outbound: &Outbound, journey: &Journey) -> Result<String, Mistrust> {
        let place = place(outbound, &self.provider).await?;
        outbound.permits(place.authorization.as_str()).map_err(Failure::Address)?;
        let client =
            CoreClient::new(ClientId::new(self.id.clone()), place.issuer, CoreJsonWebKeySet::default())
                .set_auth_uri(place.authorization)
                .set_redirect_uri(RedirectUrl::new(journey.redirect.clone()).map_err(nonsense)?);
        let client = if place.keys.is_some() { client } else { client.disable_openid_scope() };
        let verifier = PkceCodeVerifier::new(journey.verifier.clone());
        let (state, nonce) = (CsrfToken::new(journey.state.clone()), Nonce::new(journey.nonce.clone()));
        let scopes = self.scopes.iter().filter(|scope| *scope != "openid").cloned().map(Scope::new);
        let (url, ..) = client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, move || state, move || nonce)
            .add_scopes(scopes)
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .url();
        Ok(url.into())
    }

    /// Who has come back with this code.
    pub async fn complete(
        &self,
        outbound: &Outbound,
        journey: Journey,
        code: String,
    ) -> Result<Vouched, Mistrust> {
        let place = place(outbound, &self.provider).await?;
        let issuer = place.issuer.clone();
        let mut client =
            CoreClient::new(ClientId::new(self.id.clone()), issuer.clone(), CoreJsonWebKeySet::default())
                .set_token_uri(place.token)
                .set_redirect_uri(RedirectUrl::new(journey.redirect).map_err(nonsense)?)
                .set_auth_type(place.auth);
        if let Some(secret) = &self.secret {
            client = client.set_client_secret(ClientSecret::new(secret.clone()));
        }
        let ask = |request: HttpRequest| {
            let outbound = outbound.clone();
            async move { outbound.send(request).await }
        };
        let tokens = client
            .exchange_code(AuthorizationCode::new(code))
            .set_pkce_verifier(PkceCodeVerifier::new(journey.verifier))
            .request_async(&ask)
            .await
            .map_err(refused)?;
        let claims = match (&self.provider, place.keys) {
            (Addresses::OAuth2 { userinfo, .. }, _) => {
                fetched(outbound, userinfo, Some(tokens.access_token().secret())).await?
            }
            (Addresses::Oidc { .. }, None) => return Err(nonsense("it has no keys")),
            (Addresses::Oidc { .. }, Some(keys)) => {
                let token =
                    tokens.extra_fields().id_token().ok_or_else(|| refused("no token of identity"))?;
                self.verify(outbound, &issuer, &keys, token, &Nonce::new(journey.nonce)).await?
            }
        };
        Ok(Vouched { issuer: issuer.to_string(), claims })
    }

    /// What a token of identity says, if the provider has made it, just now, for this server and this journey.
    async fn verify(
        &self,
        outbound: &Outbound,
        issuer: &IssuerUrl,
        address: &JsonWebKeySetUrl,
        token: &CoreIdToken,
        nonce: &Nonce,
    ) -> Result<Value, Mistrust> {
        let known = KEYS.get(address.as_str());
        let judged = match known {
            Some(keys) => self.judge(issuer, keys, token, nonce),
            None => Err(refused("no keys are known")),
        };
        if judged.is_err() {
            // its keys may be new
            let keys: CoreJsonWebKeySet = fetched(outbound, address.as_str(), None).await?;
            KEYS.insert(address.to_string(), keys.clone());
            self.judge(issuer, keys, token, nonce)?;
        }
        let token = token.to_string();
        let claims = token.split('.').nth(1).ok_or_else(|| refused("no claims"))?;
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(claims).map_err(refused)?).map_err(refused)
    }

    fn judge(
        &self,
        issuer: &IssuerUrl,
        keys: CoreJsonWebKeySet,
        token: &CoreIdToken,
        nonce: &Nonce,
    ) -> Result<(), Mistrust> {
        let now = clock::now();
        let verifier =
            CoreIdTokenVerifier::new_public_client(ClientId::new(self.id.clone()), issuer.clone(), keys)
                .set_allowed_algs(ALGORITHMS)
                .set_time_fn(clock::now)
                .set_issue_time_verifier_fn(move |made| {
                    if made > now + SKEW || made < now - OLDEST {
                        Err(format!("it was made at {made}, and it is {now}"))
                    } else {
                        Ok(())
                    }
                });
        let claims = token.claims(&verifier, nonce).map_err(refused)?;
        match claims.authorized_party() {
            Some(party) if party.as_str() != self.id => Err(refused("it was made for another client")),
            _ => Ok(()),
        }
    }
}
