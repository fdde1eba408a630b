//! Reading: one moment, one connection, as many questions as a request has.
use std::{
    marker::PhantomData,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use diesel_async::{AsyncPgConnection, methods::LoadQuery};
use futures_util::{FutureExt, future::BoxFuture};
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::{Caller, Door, Entry, Open};
use crate::store::{
    error::Result,
    grants::Grants,
    select::{Count, Each, Fetch, Rows, Table},
};

/// A read-only view of what the caller may see, all of one moment, on one connection.
pub struct Snapshot {
    door: Door,
    caller: Arc<Caller>,
    open: OnceCell<Open>,
    statements: AtomicUsize,
}

impl Snapshot {
    pub(super) fn of(door: Door, caller: Arc<Caller>) -> Self {
        Self { door, caller, open: OnceCell::new(), statements: AtomicUsize::new(0) }
    }

    pub fn caller(&self) -> &Arc<Caller> {
        &self.caller
    }

    pub const fn door(&self) -> &Door {
        &self.door
    }

    /// The organization whose rows are read; one that does not exist when none is chosen.
    pub fn organization(&self) -> Uuid {
        self.caller.organization.unwrap_or(Uuid::max())
    }

    /// What the caller holds now.
    pub async fn grants(&self) -> Result<&Arc<Grants>> {
        Ok(&self.open().await?.grants)
    }

    /// What the database said of the caller.
    pub async fn entry(&self) -> Result<&Entry> {
        Ok(&self.open().await?.entry)
    }

    /// How many statements were sent, the opening aside.
    pub fn statements(&self) -> usize {
        self.statements.load(Ordering::Relaxed)
    }

    async fn open(&self) -> Result<&Open> {
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        self.open.get_or_try_init(|| self.door.open(begin, &self.caller)).await
    }

    /// Runs a query; those that run concurrently are pipelined.
    pub fn load<'s, Q, T>(&'s self, query: Q) -> BoxFuture<'s, Result<Vec<T>>>
    where
        Q: LoadQuery<'s, &'s AsyncPgConnection, T> + Send + 's,
        T: Send + 's,
    {
        async move {
            let open = self.open().await?;
            self.statements.fetch_add(1, Ordering::Relaxed);
            let mut connection = &*open.transaction;
            Ok(diesel_async::RunQueryDsl::load(query, &mut connection).await?)
        }
        .boxed()
    }

    /// Rows of `table`.
    pub fn rows<T>(&self, table: &'static Table, fetch: Fetch) -> Rows<T> {
        Rows { table, organization: self.organization(), fetch, row: PhantomData }
    }

    /// Rows of `table` for each of `parents`.
    pub fn each<T>(&self, table: &'static Table, fetch: Fetch, parents: Vec<Uuid>) -> Each<T> {
        Each { rows: self.rows(table, fetch), parents }
    }

    /// How many rows each of `parents` has, up to the limit of `fetch`.
    pub async fn count(
        &self,
        table: &'static Table,
        fetch: Fetch,
        parents: Vec<Uuid>,
    ) -> Result<Vec<(Uuid, i64)>> {
        self.load(Count { table, organization: self.organization(), fetch, parents }).await
    }

    /// Ends the transaction and gives the connection back. A snapshot dropped without this closes its connection.
    pub async fn close(self: Arc<Self>) {
        if let Some(mut open) = Arc::into_inner(self).and_then(|snapshot| snapshot.open.into_inner()) {
            open.transaction.roll_back().await;
        }
    }
}
