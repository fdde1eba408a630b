//! The files of imports, as they are uploaded: in parts, each in a transaction of its own, so that a slow client keeps none of
//! our connections. Whoever begins anew puts an end to what they have begun before.
use std::sync::Arc;

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, Queryable, Selectable, SelectableHelper};
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    clock,
    door::{Caller, Door, Write},
    error::Result,
    journal::Change,
    tables::ops::{import_parts, imports},
};

/// The permission to have files imported.
pub const CREATE: &str = "import.create";

/// How large a part is, the last one aside.
pub const PART: usize = 512 << 10;

/// The part in which a place of a file lies, and where in it.
pub fn place(position: i64) -> (i32, usize) {
    let place = usize::try_from(position).unwrap_or_default();
    (i32::try_from(place / PART).unwrap_or(i32::MAX), place % PART)
}

/// What is known of an import whose file is about to come.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = imports, check_for_backend(diesel::pg::Pg))]
pub struct Expected {
    /// `csv` or `ndjson`.
    pub format: String,
    on_error: String,
    dry_run: bool,
    status: String,
}

impl Expected {
    /// Whether all rows are done in one transaction.
    pub fn is_together(&self) -> bool {
        self.on_error == "reject_all" && !self.dry_run
    }
}

/// What became of what was tried.
#[derive(Debug)]
pub enum Upload<T> {
    Done(T),
    /// There is no such import of the caller.
    Missing,
    /// Its file has come already, or is coming in another upload.
    Taken,
}

/// Begins to upload the file of an import of the caller's.
pub async fn begin(door: &Door, caller: Arc<Caller>, import: Uuid) -> Result<Upload<(Expected, Uuid)>> {
    let mut write = door.write(caller).await?;
    if !write.grants().hold(CREATE) {
        write.roll_back().await;
        return Ok(Upload::Missing);
    }
    let row = imports::table.find((write.organization(), import));
    let expected: Option<Expected> =
        row.for_update().select(Expected::as_select()).first(&mut *write).await.optional()?;
    let Some(expected) = expected else {
        write.roll_back().await;
        return Ok(Upload::Missing);
    };
    if expected.status != AWAITING {
        write.roll_back().await;
        return Ok(if expected.status == "expired" { Upload::Missing } else { Upload::Taken });
    }
    let upload = clock::new_id();
    diesel::update(row).set(imports::upload_id.eq(Some(upload))).execute(&mut *write).await?;
    let parts = import_parts::table
        .filter(import_parts::organization_id.eq(write.organization()))
        .filter(import_parts::import_id.eq(import));
    diesel::delete(parts).execute(&mut *write).await?;
    write.commit().await?;
    Ok(Upload::Done((expected, upload)))
}

const AWAITING: &str = "awaiting_upload";

/// Whether the upload is still the one that the import waits for; until the end of the transaction it stays so.
async fn is_waited_for(write: &mut Write, import: Uuid, upload: Uuid) -> Result<bool> {
    let row = imports::table
        .find((write.organization(), import))
        .filter(imports::status.eq(AWAITING))
        .filter(imports::upload_id.eq(Some(upload)))
        .filter(imports::upload_until.gt(clock::now()));
    let found: Option<Uuid> = row.for_update().select(imports::id).first(&mut **write).await.optional()?;
    Ok(found.is_some())
}

/// Keeps a part of the file.
pub async fn put(
    door: &Door,
    caller: Arc<Caller>,
    (import, upload): (Uuid, Uuid),
    seq: i32,
    content: Vec<u8>,
) -> Result<Upload<()>> {
    let mut write = door.write(caller).await?;
    if !is_waited_for(&mut write, import, upload).await? {
        write.roll_back().await;
        return Ok(Upload::Taken);
    }
    let part = (
        import_parts::organization_id.eq(write.organization()),
        import_parts::import_id.eq(import),
        import_parts::seq.eq(seq),
        import_parts::content.eq(content),
    );
    diesel::insert_into(import_parts::table).values(part).execute(&mut *write).await?;
    write.commit().await?;
    Ok(Upload::Done(()))
}

/// The whole file is there: the import waits for a server from now on, and whoever follows it is told.
pub async fn end(
    door: &Door,
    caller: Arc<Caller>,
    (import, upload): (Uuid, Uuid),
    parts: i32,
    bytes: i64,
    rows: i32,
) -> Result<Upload<()>> {
    let mut write = door.write(caller).await?;
    if !write.grants().hold(CREATE) || !is_waited_for(&mut write, import, upload).await? {
        write.roll_back().await;
        return Ok(Upload::Taken);
    }
    let queued = (
        imports::status.eq("queued"),
        imports::part_count.eq(parts),
        imports::byte_count.eq(bytes),
        imports::expected_row_count.eq(Some(rows)),
    );
    diesel::update(imports::table.find((write.organization(), import)))
        .set(queued)
        .execute(&mut *write)
        .await?;
    let change = Change {
        kind: "import.uploaded".to_owned(),
        resource_type: "Import",
        resource_id: import,
        resource_name: None,
        before: Some(json!({ "status": "AWAITING_UPLOAD" }).into()),
        after: Some(
            json!({ "status": "QUEUED", "byteCount": bytes.to_string(), "expectedRowCount": rows }).into(),
        ),
        topic: None,
        payload: Value::Null,
    };
    write.record(change).await?;
    write.commit().await?;
    Ok(Upload::Done(()))
}

/// A part of the file; none where it is gone.
pub async fn part(write: &mut Write, import: Uuid, seq: i32) -> Result<Option<Vec<u8>>> {
    let part = import_parts::table.find((write.organization(), import, seq)).select(import_parts::content);
    Ok(part.first(&mut **write).await.optional()?)
}
