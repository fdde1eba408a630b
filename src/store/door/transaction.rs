//! A connection inside a transaction.
use std::ops::{Deref, DerefMut};

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection, pooled_connection::deadpool::Object};
use futures_util::FutureExt;

use super::observed;
use crate::store::error::Result;

/// It carries its caller until it has ended: where it is dropped without, its connection is closed, not handed on.
pub(super) struct Transaction(Option<Object<AsyncPgConnection>>);

impl Transaction {
    /// On `connection`, which begins it next.
    pub fn on(mut connection: Object<AsyncPgConnection>) -> Self {
        observed::begin(&mut connection);
        Self(Some(connection))
    }

    /// Makes it so.
    pub async fn commit(&mut self) -> Result<()> {
        self.end("COMMIT").await
    }

    /// Leaves everything as it was.
    pub async fn roll_back(&mut self) {
        if let Err(error) = self.end("ROLLBACK").await {
            tracing::debug!(%error, "the connection of a transaction was lost");
        }
    }

    /// Leaves everything as it was, without waiting for it: whatever is asked on the connection next comes after.
    pub fn let_go(&mut self) {
        if let Some(mut connection) = self.0.take()
            && let Some(Err(_)) = connection.batch_execute("ROLLBACK").now_or_never()
        {
            drop(Object::take(connection));
        }
    }

    async fn end(&mut self, how: &str) -> Result<()> {
        if let Some(connection) = &mut self.0 {
            connection.batch_execute(how).await?;
            self.0 = None;
        }
        Ok(())
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(Object::take(connection));
        }
    }
}

/// Open until ended, and whoever ends it lets go of it.
impl Deref for Transaction {
    type Target = AsyncPgConnection;
    #[expect(clippy::expect_used, reason = "nobody keeps a transaction that has ended")]
    fn deref(&self) -> &AsyncPgConnection {
        self.0.as_deref().expect("open until ended")
    }
}
impl DerefMut for Transaction {
    #[expect(clippy::expect_used, reason = "nobody keeps a transaction that has ended")]
    fn deref_mut(&mut self) -> &mut AsyncPgConnection {
        self.0.as_deref_mut().expect("open until ended")
    }
}
