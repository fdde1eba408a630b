//! `/exports/{id}`: the file of an export, for whoever has an address that was signed for it.
use std::{io, sync::Arc};

use axum::{
    body::Body,
    extract::{Extension, Path, State},
    http::{HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, stream};

use super::{
    caller::Origin,
    router::Web,
    signed::{self, failed, missing},
};
use crate::{
    credential::address::Purpose,
    store::{
        door::{Caller, Door},
        export_file::{self, File},
    },
};

pub async fn download(
    State(web): State<Arc<Web>>,
    Extension(origin): Extension<Origin>,
    Path(id): Path<String>,
    address: Uri,
    method: Method,
) -> Response {
    let entered = signed::enter(&web, &origin, (&id, "export"), Purpose::Download, &address).await;
    let (export, caller) = match entered {
        Ok(entered) => entered,
        Err(answer) => return answer,
    };
    let door = web.schema.door().clone();
    // what is only looked at is not downloaded
    if method == Method::HEAD {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    match export_file::open(&door, caller.clone(), export).await {
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
