//! What every change of a record has in common: it is found and locked, its version is checked, and what became of
//! it is written to the audit trail and told to subscribers.
use serde_json::Value;

use super::{
    rows::{self, Entity, Object},
    user_error::{Outcome, UserError},
};
use crate::store::{
    door::Write,
    id::Id,
    journal::Change,
};

/// The record `id`, locked; refused when it is not there, not visible, deleted, or no longer of the expected version.
pub async fn lock<T: Entity>(write: &mut Write, id: Id<T>, expected_version: Option<i32>) -> Outcome<T> {
    let row = T::lock(write, id).await?.ok_or_else(|| UserError::not_found(id, &["input", "id"]))?;
    match (row.version(), expected_version) {
        (Some(version), Some(expected)) if version != expected => Err(UserError::conflict(id, version).into()),
        _ => Ok(row),
    }
}

/// Records that `row` was made.
pub async fn created<T: Entity>(write: &mut Write, row: &T) -> Outcome<Id<T>> {
    record(write, "created", None, row, None).await
}

/// Records that `before` became `after`.
pub async fn updated<T: Entity>(write: &mut Write, before: &T, after: &T) -> Outcome<Id<T>> {
    record(write, "updated", Some(before), after, None).await
}

/// Records a change that has a name of its own: `submitted`, `deleted`, `restored`.
pub async fn changed<T: Entity>(write: &mut Write, what: &str, before: &T, after: &T) -> Outcome<Id<T>> {
    record(write, what, Some(before), after, None).await
}

/// The same, told to the subscribers of `topic` instead of those of the type.
pub async fn record<T: Entity>(write: &mut Write, what: &str, before: Option<&T>, after: &T, topic: Option<String>) -> Outcome<Id<T>> {
    let change = Change {
        kind: format!("{}.{what}", T::PREFIX),
        resource_type: <T as Object>::NAME,
        resource_id: after.id().0,
        resource_name: None,
        before: before.map(values),
        after: Some(values(after)),
        topic,
        payload: Value::Null,
    };
    write.record(change).await?;
    Ok(after.id())
}

/// What the audit trail keeps of a row: its columns under their GraphQL names.
fn values<T: Entity>(row: &T) -> Value {
    serde_json::from_slice(&rows::columns_json(row)).unwrap_or_default()
}
