//! Who is calling: the credential of a request or socket, read by whoever knows credentials.
use std::{net::SocketAddr, sync::Arc};

use axum::http::{HeaderMap, StatusCode, header};

use super::refusal::Refusal;
use crate::{
    graph::schema::{Code, Fault},
    language::Language,
    store::{
        door::Caller,
        error::{Denied, Error},
    },
    telemetry::Parent,
};

/// Reads an access token or API key; the server is given it, since the web knows neither.
pub type ReadCredential = Arc<dyn Fn(&str) -> Result<Caller, Denied> + Send + Sync>;

/// Where a request comes from, and what it is called.
#[derive(Clone, Debug)]
pub struct Origin {
    pub peer: SocketAddr,
    pub user_agent: Option<String>,
    /// The request's id.
    pub request: String,
    /// In which they are answered.
    pub language: Language,
    /// What the client does of which this is a part.
    pub trace: Option<Parent>,
}

impl Origin {
    /// Nobody in particular, from here.
    fn anonymous(&self) -> Caller {
        self.sign(Caller::default())
    }

    /// `caller`, from here.
    pub(super) fn sign(&self, caller: Caller) -> Caller {
        Caller {
            request: self.request.clone(),
            ip: Some(self.peer.ip().to_canonical()),
            user_agent: self.user_agent.clone(),
            language: self.language,
            ..caller
        }
    }
}

/// The caller that a request names in its `Authorization` header, nowhere else; nobody without one.
pub fn of_headers(read: &ReadCredential, headers: &HeaderMap, origin: &Origin) -> Result<Caller, Refusal> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let caller = match (values.next(), values.next()) {
        (None, _) => return Ok(origin.anonymous()),
        (Some(value), None) => of_text(read, value.to_str().unwrap_or_default(), origin),
        (Some(_), Some(_)) => {
            Err(Fault::new(Code::Unauthenticated, say!("there is more than one Authorization header")))
        }
    };
    caller.map_err(|fault| {
        // a challenge is ASCII, for programs
        let message = fault.message.english().replace('`', "'");
        let challenge =
            format!("Bearer realm=\"portico\", error=\"invalid_token\", error_description=\"{message}\"");
        Refusal::new(StatusCode::UNAUTHORIZED, fault).with(header::WWW_AUTHENTICATE, &challenge)
    })
}

/// The caller that `Bearer …` names.
pub fn of_text(read: &ReadCredential, authorization: &str, origin: &Origin) -> Result<Caller, Fault> {
    let credential = match authorization.trim().split_once(' ') {
        Some((scheme, credential)) if scheme.eq_ignore_ascii_case("bearer") => credential.trim(),
        _ => "",
    };
    if credential.is_empty() {
        let message = say!("authorization must be `Bearer` and an access token or API key");
        return Err(Fault::new(Code::Unauthenticated, message));
    }
    read(credential).map(|caller| origin.sign(caller)).map_err(|denied| Fault::from(Error::Denied(denied)))
}
