//! Keys that are loaded in batches: one statement for all rows of a level.
use std::{collections::HashMap, hash::Hash};

use futures_util::future::BoxFuture;
use uuid::Uuid;

use super::{
    door::{Snapshot, Write},
    error::Result,
    id::{Id, Kind},
    select::{Condition, Fetch, Table},
};

/// A relation is a key; its arguments are inside.
pub trait Batch: Clone + Eq + Hash + Send + Sync + 'static {
    type Value: Send + Sync + 'static;
    /// What exists of `keys`, in a fixed number of statements.
    fn load(db: &Snapshot, keys: &[Self]) -> impl Future<Output = Result<HashMap<Self, Self::Value>>> + Send;
}

/// A row of one table. Implemented by the `entity!` macro.
pub trait Stored: Kind + Clone + Sized {
    const TABLE: &'static Table;
    /// The column that says when the row was deleted, where rows are deleted softly.
    const DELETED: Option<&'static str>;

    fn id(&self) -> Id<Self>;
    /// Counts the changes of the row, where it has such a count.
    fn version(&self) -> Option<i32>;
    /// Whether the row is deleted, where rows are deleted softly.
    fn is_deleted(&self) -> bool;
    fn rows(db: &Snapshot, fetch: Fetch) -> BoxFuture<'_, Result<Vec<Self>>>;
    fn each(db: &Snapshot, fetch: Fetch, parents: Vec<Uuid>) -> BoxFuture<'_, Result<Vec<(Uuid, Self)>>>;
    /// The row as it is now, locked until the transaction ends.
    fn lock(write: &mut Write, id: Id<Self>) -> BoxFuture<'_, Result<Option<Self>>>;
}

impl<T: Stored> Batch for Id<T> {
    type Value = T;

    async fn load(db: &Snapshot, keys: &[Self]) -> Result<HashMap<Self, T>> {
        let ids = keys.iter().map(|id| id.0).collect();
        let rows = T::rows(db, Fetch::all(Condition::Ids(ids))).await?;
        Ok(rows.into_iter().map(|row| (row.id(), row)).collect())
    }
}
