//! `PUT /imports/{id}`: the file of an import, from whoever has an address that was signed for it. It is looked through while
//! it comes: what is no text, too much or empty is refused at once, and can be sent again.
use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{Extension, Path, State},
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use futures_util::StreamExt;
use serde_json::json;
use uuid::Uuid;

use super::{
    caller::Origin,
    refusal::line,
    router::Web,
    signed::{self, failed, missing},
};
use crate::{
    credential::address::Purpose,
    graph::import::records::{Check, Kind, Unfit},
    language::Language,
    store::{
        door::{Caller, Door},
        import_file::{self, Expected, PART, Upload},
    },
};

/// Who sends nothing for so long has gone away.
const SILENCE: Duration = Duration::from_secs(30);

pub async fn upload(
    State(web): State<Arc<Web>>,
    Extension(origin): Extension<Origin>,
    Path(id): Path<String>,
    address: Uri,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let language = origin.language;
    let (import, caller) =
        match signed::enter(&web, &origin, (&id, "import"), Purpose::Upload, &address).await {
            Ok(entered) => entered,
            Err(answer) => return answer,
        };
    if headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        let message = say!("Send the file as it is, without a Content-Encoding.");
        return line(StatusCode::UNSUPPORTED_MEDIA_TYPE, &message, language);
    }
    let rules = web.schema.import_rules();
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: i64| length > rules.most_bytes) {
        return too_large(rules.most_bytes, language);
    }
    let door = web.schema.door().clone();
    let (expected, upload) = match import_file::begin(&door, caller.clone(), import).await {
        Ok(Upload::Done(begun)) => begun,
        Ok(Upload::Missing) => return missing(language),
        Ok(Upload::Taken) => return taken(language),
        Err(error) => return failed(&error, language),
    };
    let check = Check::new(kind(&expected), most_rows(&web, &expected), rules.most_row_bytes);
    let file = File {
        door,
        caller,
        language,
        names: (import, upload),
        pending: Vec::new(),
        parts: 0,
        bytes: 0,
        check,
    };
    file.receive(body, rules.most_bytes).await.unwrap_or_else(|answer| answer)
}

fn kind(expected: &Expected) -> Kind {
    if expected.format == "csv" { Kind::Table } else { Kind::Lines }
}

fn most_rows(web: &Web, expected: &Expected) -> i32 {
    let rules = web.schema.import_rules();
    if expected.is_together() { rules.most_rows.min(rules.most_rows_together) } else { rules.most_rows }
}

/// A file that is coming.
struct File {
    door: Door,
    caller: Arc<Caller>,
    /// In which whoever sends it is told what is wrong.
    language: Language,
    names: (Uuid, Uuid),
    /// What is not put down yet.
    pending: Vec<u8>,
    parts: i32,
    bytes: i64,
    check: Check,
}

impl File {
    async fn receive(mut self, body: Body, most_bytes: i64) -> Result<Response, Response> {
        let mut body = body.into_data_stream();
        loop {
            let bytes = match tokio::time::timeout(SILENCE, body.next()).await {
                Ok(Some(Ok(bytes))) => bytes,
                Ok(None) => break,
                Ok(Some(Err(_))) | Err(_) => {
                    let message = say!("The file did not come whole.");
                    return Err(line(StatusCode::REQUEST_TIMEOUT, &message, self.language));
                }
            };
            self.bytes = self.bytes.saturating_add(i64::try_from(bytes.len()).unwrap_or(i64::MAX));
            if self.bytes > most_bytes {
                return Err(too_large(most_bytes, self.language));
            }
            self.pending.extend_from_slice(&bytes);
            while self.pending.len() >= PART {
                let rest = self.pending.split_off(PART);
                let part = std::mem::replace(&mut self.pending, rest);
                self.put(part).await?;
            }
        }
        let last = std::mem::take(&mut self.pending);
        if !last.is_empty() {
            self.put(last).await?;
        }
        let rows = self.check.end().map_err(|unfit| refused(&unfit, self.language))?;
        let ended = import_file::end(&self.door, self.caller, self.names, self.parts, self.bytes, rows).await;
        match ended.map_err(|error| failed(&error, self.language))? {
            Upload::Done(()) => {
                let told = json!({ "bytes": self.bytes, "rows": rows });
                let media = [(header::CONTENT_TYPE, "application/json")];
                Ok((StatusCode::ACCEPTED, media, told.to_string()).into_response())
            }
            Upload::Missing | Upload::Taken => Err(taken(self.language)),
        }
    }

    async fn put(&mut self, part: Vec<u8>) -> Result<(), Response> {
        self.check.take(&part).map_err(|unfit| refused(&unfit, self.language))?;
        let put = import_file::put(&self.door, self.caller.clone(), self.names, self.parts, part).await;
        self.parts += 1;
        match put.map_err(|error| failed(&error, self.language))? {
            Upload::Done(()) => Ok(()),
            Upload::Missing | Upload::Taken => Err(taken(self.language)),
        }
    }
}

fn taken(language: Language) -> Response {
    let message = say!(
        "The import waits for no file: it has come already, in another upload, or is not waited for any more."
    );
    line(StatusCode::CONFLICT, &message, language)
}

fn too_large(most: i64, language: Language) -> Response {
    line(StatusCode::PAYLOAD_TOO_LARGE, &say!("A file has at most {most} bytes."), language)
}

fn refused(unfit: &Unfit, language: Language) -> Response {
    let (status, message) = match unfit {
        Unfit::Empty => (StatusCode::BAD_REQUEST, say!("The file is empty.")),
        Unfit::Encoding(record) => {
            (StatusCode::BAD_REQUEST, say!("The file has to be in UTF-8: record {record} is not."))
        }
        Unfit::Rows(most) => {
            (StatusCode::PAYLOAD_TOO_LARGE, say!("A file has at most {most} rows here: send several."))
        }
        Unfit::Long(record, most) => (
            StatusCode::PAYLOAD_TOO_LARGE,
            say!("Record {record} has more than {most} bytes: is a quotation mark missing in it, or before?"),
        ),
    };
    line(status, &message, language)
}
