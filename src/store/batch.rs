//! Keys that are loaded in batches: one statement for all rows of a level.
use std::{collections::HashMap, hash::Hash};

use chrono::{DateTime, Utc};
use diesel::QuerySource;
use futures_util::future::BoxFuture;
use uuid::Uuid;

use super::{
    changes::Changes,
    door::{Snapshot, Source, Write, is_shared},
    error::Result,
    id::{Id, Kind},
    select::{Columns, Condition, Fetch, Readable, Table},
};

/// A relation is a key; its arguments are inside.
pub trait Batch: Clone + Eq + Hash + Send + Sync + 'static {
    type Value: Clone + Send + Sync + 'static;
    /// What exists of `keys`, in a fixed number of statements.
    fn load(db: &Snapshot, keys: &[Self]) -> impl Future<Output = Result<HashMap<Self, Self::Value>>> + Send;

    /// The same for who looks at these columns alone, where so little can be loaded.
    fn load_columns(
        db: &Snapshot,
        keys: &[Self],
        _: Columns,
    ) -> impl Future<Output = Result<HashMap<Self, Self::Value>>> + Send {
        Self::load(db, keys)
    }

    /// Whether those who read together load the same, whoever they are.
    fn is_shared() -> bool {
        false
    }
}

/// What exists of `keys`: those who read together load it once, and what was just written is not read again.
pub async fn load<K: Batch>(db: &Snapshot, keys: &[K]) -> Result<HashMap<K, K::Value>> {
    load_columns(db, keys, Columns::ALL).await
}

/// The same for who looks at these columns alone.
pub async fn load_columns<K: Batch>(
    db: &Snapshot,
    keys: &[K],
    columns: Columns,
) -> Result<HashMap<K, K::Value>> {
    match db.source() {
        Source::Shared(shared) if K::is_shared() => shared.load(keys).await,
        Source::Written(written) if let Some(found) = written.find(keys) => Ok(found),
        _ => K::load_columns(db, keys, columns).await,
    }
}

/// What becomes of a row and the parent it belongs to.
pub type Take<'s, T> = &'s mut (dyn FnMut(Uuid, T) + Send);

/// A row of one table. Implemented by the `entity!` macro.
pub trait Stored: Kind + Clone + Readable {
    /// The table, as Diesel knows it.
    type Source: QuerySource + 'static;
    const TABLE: &'static Table;
    /// The column that says when the row was deleted, where rows are deleted softly.
    const DELETED: Option<&'static str>;

    /// How many columns a row has.
    fn width() -> usize;
    fn id(&self) -> Id<Self>;
    /// Counts the changes of the row, where it has such a count.
    fn version(&self) -> Option<i32>;
    /// Whether the row is deleted, where rows are deleted softly.
    fn is_deleted(&self) -> bool;
    fn rows(db: &Snapshot, fetch: Fetch) -> BoxFuture<'_, Result<Vec<Self>>>;
    /// The rows of each parent, those of one parent one after the other, as they come.
    fn each<'s>(
        db: &'s Snapshot,
        fetch: Fetch,
        parents: Vec<Uuid>,
        take: Take<'s, Self>,
    ) -> BoxFuture<'s, Result<()>>;
    /// The row as it is now, locked until the transaction ends.
    fn lock(write: &mut Write, id: Id<Self>) -> BoxFuture<'_, Result<Option<Self>>> {
        Self::lock_where(write, Condition::Ids(vec![id.0]))
    }
    /// The same of a row that meets `condition`.
    fn lock_where(write: &mut Write, condition: Condition) -> BoxFuture<'_, Result<Option<Self>>>;
    /// Makes a row.
    fn insert(write: &mut Write, id: Id<Self>, values: Changes<Self::Source>) -> BoxFuture<'_, Result<Self>>;
    /// Changes the row; the row as it is then.
    fn update(write: &mut Write, id: Id<Self>, changes: Changes<Self::Source>)
    -> BoxFuture<'_, Result<Self>>;
}

/// A row that is deleted softly: marked, and brought back by taking the mark away.
pub trait Restorable: Stored {
    /// The mark, or its absence.
    fn deleted_at(at: Option<DateTime<Utc>>) -> Changes<Self::Source>;
}

impl<T: Stored> Batch for Id<T> {
    type Value = T;

    async fn load(db: &Snapshot, keys: &[Self]) -> Result<HashMap<Self, T>> {
        Self::load_columns(db, keys, Columns::ALL).await
    }

    async fn load_columns(db: &Snapshot, keys: &[Self], columns: Columns) -> Result<HashMap<Self, T>> {
        let ids = keys.iter().map(|id| id.0).collect();
        let rows = T::rows(db, Fetch { columns, ..Fetch::all(Condition::Ids(ids)) }).await?;
        Ok(rows.into_iter().map(|row| (row.id(), row)).collect())
    }

    fn is_shared() -> bool {
        is_shared(T::TABLE)
    }
}
