//! `/exports/{id}`: the file of an export, for whoever has an address that was signed for it. Whatever is wrong with the
//! address, or with the export, the answer is the same: there is no such file.
use std::{io, sync::Arc};

use axum::{
    body::Body,
    extract::{Extension, Path, State},
    http::{HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, stream};

use super::{caller::Origin, refusal, router::Web};
use crate::{
    language::Language,
    store::{
        door::{Caller, Door},
        error::Error,
        export_file::{self, File},
        id,
    },
};

/// What a download costs: much like a change.
const POINTS: usize = 10;

pub async fn download(
    State(web): State<Arc<Web>>,
    Extension(origin): Extension<Origin>,
    Path(id): Path<String>,
    address: Uri,
    method: Method,
) -> Response {
    let query: Vec<(String, String)> =
        url::form_urlencoded::parse(address.query().unwrap_or_default().as_bytes()).into_owned().collect();
    let export = id::split(&id).filter(|(prefix, _)| *prefix == "export").map(|(_, export)| export);
    let Some(download) = export.and_then(|export| web.schema.keys().read_download(export, &query)) else {
        return missing(origin.language);
    };
    let door = web.schema.door().clone();
    let caller = match download.whose.caller(&door, download.organization, origin.request.clone()).await {
        Ok(caller) => Arc::new(origin.sign(caller)),
        Err(error) => return failed(&error, origin.language),
    };
    if let Err(exhausted) = web.schema.charge(&caller, POINTS) {
        return (StatusCode::TOO_MANY_REQUESTS, refusal::exhausted(&exhausted)).into_response();
    }
    // what is only looked at is not downloaded
    if method == Method::HEAD {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    match export_file::open(&door, caller.clone(), download.export).await {
        Ok(Some(file)) => send(door, caller, &file),
        Ok(None) => missing(origin.language),
        Err(error) => failed(&error, origin.language),
    }
}

/// The parts, one after the other as they are taken: a slow client keeps none of our connections.
fn send(door: Door, caller: Arc<Caller>, file: &File) -> Response {
    let media =
        if file.format == "csv" { "text/csv; charset=utf-8; header=present" } else { "application/x-ndjson" };
    let name = format!(
        "attachment; filename=\"export-{}.{}\"",
        file.created_at.format("%Y-%m-%d-%H%M%S"),
        file.format
    );
    let (bytes, count, id) = (file.bytes, file.parts, file.id);
    let parts = stream::unfold(0, move |seq| {
        let (door, caller) = (door.clone(), caller.clone());
        async move {
            if seq >= count {
                return None;
            }
            let part = match export_file::part(&door, caller, id, seq).await {
                Ok(Some(part)) => Ok(part),
                Ok(None) => Err(io::Error::other("the file is gone")),
                Err(error) => Err(io::Error::other(error)),
            };
            Some((part, seq + 1))
        }
    });
    let mut response = Response::new(Body::from_stream(parts.fuse()));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes));
    headers.extend(HeaderValue::from_str(&name).ok().map(|name| (header::CONTENT_DISPOSITION, name)));
    response
}

fn missing(language: Language) -> Response {
    refusal::not_found(&say!("There is no such file."), language)
}

/// Whoever is not let in any more finds nothing; what is our trouble passes.
fn failed(error: &Error, language: Language) -> Response {
    match error {
        Error::Busy | Error::Timeout | Error::Retry | Error::Unavailable(_) => {
            (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "1")]).into_response()
        }
        _ => missing(language),
    }
}
