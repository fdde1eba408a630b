//! The files of exports, as they are downloaded: by whoever asked for them, as long as they may.
use std::sync::Arc;

use chrono::{DateTime, Utc};
use diesel::{ExpressionMethods, QueryDsl, Queryable, Selectable, SelectableHelper};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::{
    clock,
    door::{Caller, Door},
    error::Result,
    journal::Audit,
    tables::ops::{export_parts, exports},
};

/// The permission to see one's exports.
pub const READ: &str = "export.read";

/// A file that can be downloaded.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = exports, check_for_backend(diesel::pg::Pg))]
pub struct File {
    pub id: Uuid,
    /// `csv` or `ndjson`.
    pub format: String,
    pub created_at: DateTime<Utc>,
    #[diesel(column_name = byte_count)]
    pub bytes: i64,
    #[diesel(column_name = part_count)]
    pub parts: i32,
}

/// The file of an export of the caller, whose download is written down; none where there is none for them.
pub async fn open(door: &Door, caller: Arc<Caller>, export: Uuid) -> Result<Option<File>> {
    let mut write = door.write(caller).await?;
    if !write.grants().hold(READ) {
        write.roll_back().await;
        return Ok(None);
    }
    let file: Vec<File> = exports::table
        .find((write.organization(), export))
        .filter(exports::status.eq("completed"))
        .filter(exports::expires_at.gt(clock::now()))
        .select(File::as_select())
        .load(&mut *write)
        .await?;
    let Some(file) = file.into_iter().next() else {
        write.roll_back().await;
        return Ok(None);
    };
    let audit = Audit {
        organization: write.organization(),
        action: "export.downloaded".to_owned(),
        resource_type: Some("Export"),
        resource_id: Some(export.to_string()),
        resource_name: None,
        before: None,
        after: None,
        changed: Vec::new(),
        error: None,
    };
    write.audit(&audit).await?;
    write.commit().await?;
    Ok(Some(file))
}

/// A part of a file of the caller; none where it is gone, or not theirs any more.
pub async fn part(door: &Door, caller: Arc<Caller>, export: Uuid, seq: i32) -> Result<Option<Vec<u8>>> {
    let snapshot = door.snapshot(caller);
    let part = export_parts::table.find((snapshot.organization(), export, seq)).select(export_parts::content);
    let part: Result<Vec<Vec<u8>>> = snapshot.as_ref().load(part).await;
    snapshot.close();
    Ok(part?.into_iter().next())
}
