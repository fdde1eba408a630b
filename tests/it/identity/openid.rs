//! An OpenID provider: it describes itself, signs people in, checks PKCE and client, and lies where a test wants it to.
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use aws_lc_rs::{
    digest,
    encoding::AsDer,
    hmac,
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_SHA256},
};
use axum::{
    Json, Router,
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD as BASE64},
};
use portico::store::clock;
use serde_json::{Value, json};

pub const CLIENT: &str = "portico-client";
pub const SECRET: &str = "a secret between the two";

/// How a token of identity is forged: header, claims and what signs it.
pub type Forge = Arc<dyn Fn(&mut Value, &mut Value) -> Signer + Send + Sync>;

pub enum Signer {
    /// The key that the provider shows.
    Own,
    /// A key that nobody knows.
    Unknown,
    /// HMAC with these bytes.
    Shared(Vec<u8>),
    /// Nothing at all.
    Nobody,
    /// The right key, and then a letter is changed.
    Tampered,
}

struct Journey {
    /// Whether a token of identity is asked for.
    openid: bool,
    nonce: Option<String>,
    challenge: String,
    redirect: String,
    claims: Value,
}

struct House {
    address: String,
    kid: usize,
    key: KeyPair,
    codes: HashMap<String, Journey>,
    /// Who signs in next.
    person: Value,
    forge: Option<Forge>,
    /// What it says its issuer is, where it lies.
    issuer: Option<String>,
    asked_for_keys: usize,
}

#[derive(Clone)]
pub struct Provider(Arc<Mutex<House>>);

fn key() -> KeyPair {
    KeyPair::generate(KeySize::Rsa2048).unwrap()
}

impl Provider {
    pub async fn open() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let house = House {
            address,
            kid: 1,
            key: key(),
            codes: HashMap::new(),
            person: json!({}),
            forge: None,
            issuer: None,
            asked_for_keys: 0,
        };
        let provider = Self(Arc::new(Mutex::new(house)));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(describe))
            .route("/keys", get(keys))
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .route("/userinfo", get(userinfo))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        provider
    }

    pub fn address(&self) -> String {
        self.0.lock().unwrap().address.clone()
    }

    pub fn discovery(&self) -> String {
        format!("{}/.well-known/openid-configuration", self.address())
    }

    /// From now on this person signs in.
    pub fn person(&self, claims: Value) {
        self.0.lock().unwrap().person = claims;
    }

    pub fn lie(&self, forge: Option<Forge>) {
        self.0.lock().unwrap().forge = forge;
    }

    pub fn claim_to_be(&self, issuer: &str) {
        self.0.lock().unwrap().issuer = Some(issuer.to_owned());
    }

    /// Signs with a new key, and shows no other.
    pub fn rotate(&self) {
        let mut house = self.0.lock().unwrap();
        house.kid += 1;
        house.key = key();
    }

    pub fn asked_for_keys(&self) -> usize {
        self.0.lock().unwrap().asked_for_keys
    }

    /// The person follows the address, signs in, and comes back with these.
    pub async fn visit(&self, url: &str) -> HashMap<String, String> {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let answer = client.get(url).send().await.unwrap();
        let back = answer.headers()[header::LOCATION].to_str().unwrap();
        url::Url::parse(back).unwrap().query_pairs().into_owned().collect()
    }
}

async fn describe(State(provider): State<Provider>) -> Json<Value> {
    let house = provider.0.lock().unwrap();
    let at = |path: &str| format!("{}/{path}", house.address);
    Json(json!({
        "issuer": house.issuer.as_ref().unwrap_or(&house.address),
        "authorization_endpoint": at("authorize"),
        "token_endpoint": at("token"),
        "userinfo_endpoint": at("userinfo"),
        "jwks_uri": at("keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        // as one that has been broken into might say
        "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
    }))
}

/// The public key as it is shown.
fn shown(key: &KeyPair) -> (String, String) {
    let public = key.public_key();
    let text = |number: &[u8]| BASE64.encode(number);
    (
        text(public.modulus().big_endian_without_leading_zero()),
        text(public.exponent().big_endian_without_leading_zero()),
    )
}

async fn keys(State(provider): State<Provider>) -> Json<Value> {
    let mut house = provider.0.lock().unwrap();
    house.asked_for_keys += 1;
    let (n, e) = shown(&house.key);
    let key =
        json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": house.kid.to_string(), "n": n, "e": e });
    Json(json!({ "keys": [key] }))
}

fn pairs(text: &str) -> HashMap<String, String> {
    url::form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}

async fn authorize(State(provider): State<Provider>, RawQuery(asked): RawQuery) -> Redirect {
    let asked = pairs(&asked.unwrap_or_default());
    let mut house = provider.0.lock().unwrap();
    assert_eq!((asked["client_id"].as_str(), asked["response_type"].as_str()), (CLIENT, "code"));
    assert_eq!(asked["code_challenge_method"], "S256");
    let code = format!("code-{}", house.codes.len());
    let journey = Journey {
        openid: asked.get("scope").is_some_and(|scope| scope.split(' ').any(|scope| scope == "openid")),
        nonce: asked.get("nonce").cloned(),
        challenge: asked["code_challenge"].clone(),
        redirect: asked["redirect_uri"].clone(),
        claims: house.person.clone(),
    };
    house.codes.insert(code.clone(), journey);
    Redirect::to(&format!("{}?state={}&code={code}", asked["redirect_uri"], asked["state"]))
}

async fn token(State(provider): State<Provider>, headers: HeaderMap, body: String) -> Response {
    let shown = pairs(&body);
    let mut house = provider.0.lock().unwrap();
    let refuse = || (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" }))).into_response();
    let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("{}:{}", encode(CLIENT), encode(SECRET))));
    let by_header = headers.get(header::AUTHORIZATION).is_some_and(|value| *value == basic.as_str());
    let by_body = shown.get("client_secret").is_some_and(|secret| secret == SECRET);
    if !by_header && !by_body {
        return refuse();
    }
    let Some(journey) = house.codes.get_mut(&shown["code"]) else { return refuse() };
    let verifier = shown.get("code_verifier").cloned().unwrap_or_default();
    let challenge = BASE64.encode(digest::digest(&digest::SHA256, verifier.as_bytes()));
    // a code is good once: its challenge is met no second time
    if challenge != std::mem::take(&mut journey.challenge) || shown["redirect_uri"] != journey.redirect {
        return refuse();
    }
    let (openid, mut claims) = (journey.openid, journey.claims.clone());
    let now = clock::now().timestamp();
    for (name, value) in [
        ("iss", json!(house.address)),
        ("aud", json!(CLIENT)),
        ("iat", json!(now)),
        ("exp", json!(now + 300)),
        ("nonce", json!(house.codes[&shown["code"]].nonce)),
    ] {
        claims[name] = value;
    }
    let access = BASE64.encode(claims.to_string());
    let id_token = openid.then(|| signed(&house, claims));
    let mut answer = json!({ "access_token": access, "token_type": "Bearer", "expires_in": 300 });
    if let Some(id_token) = id_token {
        answer["id_token"] = json!(id_token);
    }
    Json(answer).into_response()
}

/// Who has the token: the token itself says.
async fn userinfo(headers: HeaderMap) -> Json<Value> {
    let token = headers[header::AUTHORIZATION].to_str().unwrap().strip_prefix("Bearer ").unwrap().to_owned();
    Json(serde_json::from_slice(&BASE64.decode(token).unwrap()).unwrap())
}

fn signed(house: &House, mut claims: Value) -> String {
    let mut header = json!({ "alg": "RS256", "typ": "JWT", "kid": house.kid.to_string() });
    let signer = house.forge.as_ref().map_or(Signer::Own, |forge| forge(&mut header, &mut claims));
    let message = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
    let by = |key: &KeyPair| {
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature).unwrap();
        signature
    };
    let signature = match signer {
        Signer::Own => by(&house.key),
        Signer::Unknown => by(&key()),
        Signer::Shared(secret) => {
            hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), message.as_bytes()).as_ref().to_vec()
        }
        Signer::Nobody => Vec::new(),
        Signer::Tampered => {
            let mut signature = by(&house.key);
            signature[7] ^= 1;
            signature
        }
    };
    format!("{message}.{}", BASE64.encode(signature))
}

impl Provider {
    /// The public key as a file: what a forger would use as a shared secret.
    pub fn public_key(&self) -> Vec<u8> {
        let house = self.0.lock().unwrap();
        let der: aws_lc_rs::encoding::PublicKeyX509Der<'_> = house.key.public_key().as_der().unwrap();
        der.as_ref().to_vec()
    }
}
