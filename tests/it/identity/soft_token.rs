//! A device with passkeys, as far as a server can tell: it signs with ES256 what it is asked (WebAuthn level 2).
use aws_lc_rs::{
    digest,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use serde_json::{Value, json};

/// One passkey on it.
pub struct SoftToken {
    key: EcdsaKeyPair,
    pub id: Vec<u8>,
    /// Whose it is, as the server has told it.
    pub person: Vec<u8>,
    pub counter: u32,
    /// Where the browser says it is.
    pub origin: String,
    /// Whether it asks for a finger before it signs.
    pub asks: bool,
}

const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const WITH_KEY: u8 = 0x40;

impl SoftToken {
    pub fn new(origin: &str) -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref()).unwrap();
        let id = uuid::Uuid::new_v4().as_bytes().repeat(2);
        Self { key, id, person: Vec::new(), counter: 0, origin: origin.to_owned(), asks: true }
    }

    /// What it makes of the options of a registration.
    pub fn make(&mut self, options: &Value) -> Value {
        let asked = &options["publicKey"];
        self.person = BASE64.decode(asked["user"]["id"].as_str().unwrap()).unwrap();
        let mut data = self.data(asked["rp"]["id"].as_str().unwrap(), WITH_KEY);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend(&self.id);
        data.extend(self.public_key());
        let mut attestation = vec![0xa3];
        attestation.extend(text("fmt"));
        attestation.extend(text("none"));
        attestation.extend(text("attStmt"));
        attestation.push(0xa0);
        attestation.extend(text("authData"));
        attestation.extend(bytes(&data));
        let client = self.client("webauthn.create", asked);
        json!({ "id": BASE64.encode(&self.id), "rawId": BASE64.encode(&self.id), "type": "public-key", "clientExtensionResults": {},
                "response": { "clientDataJSON": BASE64.encode(client), "attestationObject": BASE64.encode(attestation) } })
    }

    /// What it answers to a challenge.
    pub fn answer(&mut self, options: &Value) -> Value {
        let asked = &options["publicKey"];
        self.counter += 1;
        let data = self.data(asked["rpId"].as_str().unwrap(), 0);
        let client = self.client("webauthn.get", asked);
        let hash = digest::digest(&digest::SHA256, client.as_bytes());
        let signed = [data.as_slice(), hash.as_ref()].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed).unwrap();
        json!({ "id": BASE64.encode(&self.id), "rawId": BASE64.encode(&self.id), "type": "public-key", "clientExtensionResults": {},
                "response": { "clientDataJSON": BASE64.encode(client), "authenticatorData": BASE64.encode(data),
                              "signature": BASE64.encode(signature.as_ref()), "userHandle": BASE64.encode(&self.person) } })
    }

    fn client(&self, kind: &str, asked: &Value) -> String {
        json!({ "type": kind, "challenge": asked["challenge"], "origin": self.origin, "crossOrigin": false })
            .to_string()
    }

    fn data(&self, site: &str, flags: u8) -> Vec<u8> {
        let flags = flags | PRESENT | if self.asks { VERIFIED } else { 0 };
        let mut data = digest::digest(&digest::SHA256, site.as_bytes()).as_ref().to_vec();
        data.push(flags);
        data.extend(self.counter.to_be_bytes());
        data
    }

    /// The public key in COSE: of the kind EC2, for ES256, on P-256.
    fn public_key(&self) -> Vec<u8> {
        let point = self.key.public_key().as_ref();
        let mut cose = vec![0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21];
        cose.extend(bytes(&point[1..33]));
        cose.push(0x22);
        cose.extend(bytes(&point[33..]));
        cose
    }
}

/// A text of less than 24 letters in CBOR.
fn text(text: &str) -> Vec<u8> {
    let mut cbor = vec![0x60 + u8::try_from(text.len()).unwrap()];
    cbor.extend(text.as_bytes());
    cbor
}

/// Bytes in CBOR.
fn bytes(bytes: &[u8]) -> Vec<u8> {
    let mut cbor = vec![0x59];
    cbor.extend(u16::try_from(bytes.len()).unwrap().to_be_bytes());
    cbor.extend(bytes);
    cbor
}
