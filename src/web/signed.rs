//! Whoever comes with a signed address. Whatever is wrong with it, or with what it names, the answer is the same: there is no
//! such file.
use std::sync::Arc;

use axum::{
    http::{StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use uuid::Uuid;

use super::{caller::Origin, refusal, router::Web};
use crate::{
    credential::address::Purpose,
    language::Language,
    store::{door::Caller, error::Error, id},
};

/// What it costs to download or upload a file: much like a change.
const POINTS: usize = 10;

/// The export or import that the address names, and its caller; else the answer.
pub async fn enter(
    web: &Web,
    origin: &Origin,
    (name, prefix): (&str, &str),
    purpose: Purpose,
    address: &Uri,
) -> Result<(Uuid, Arc<Caller>), Response> {
    let query: Vec<(String, String)> =
        url::form_urlencoded::parse(address.query().unwrap_or_default().as_bytes()).into_owned().collect();
    let job = id::split(name).filter(|(known, _)| *known == prefix).map(|(_, job)| job);
    let address = job
        .and_then(|job| web.schema.keys().read_address(purpose, job, &query))
        .ok_or_else(|| missing(origin.language))?;
    let caller = address.whose.caller(web.schema.door(), address.organization, origin.request.clone());
    let caller = Arc::new(origin.sign(caller.await.map_err(|error| failed(&error, origin.language))?));
    match web.schema.charge(&caller, POINTS) {
        Ok(()) => Ok((address.job, caller)),
        Err(exhausted) => {
            Err((StatusCode::TOO_MANY_REQUESTS, refusal::exhausted(&exhausted)).into_response())
        }
    }
}

pub fn missing(language: Language) -> Response {
    refusal::not_found(&say!("There is no such file."), language)
}

/// Whoever is not let in any more finds nothing; what is our trouble passes.
pub fn failed(error: &Error, language: Language) -> Response {
    match error {
        Error::Busy | Error::Timeout | Error::Retry | Error::Unavailable(_) => {
            (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "1")]).into_response()
        }
        _ => missing(language),
    }
}
