//! The server's own errands.
use std::ops::{Deref, DerefMut};

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use uuid::Uuid;

use super::Transaction;
use crate::store::error::Result;

/// One transaction of background work; rolled back unless committed.
pub struct Work(Transaction);

impl Work {
    pub(super) async fn begin(mut transaction: Transaction) -> Result<Self> {
        transaction.batch_execute("BEGIN").await?;
        Ok(Self(transaction))
    }

    /// Becomes the role that knows which organizations there are, and sees next to nothing of them.
    pub async fn as_worker(&mut self) -> Result<()> {
        Ok(self.batch_execute("SET LOCAL ROLE portico_worker").await?)
    }

    /// Sees the rows of one organization from now on.
    pub async fn enter(&mut self, organization: Uuid) -> Result<()> {
        let enter = format!("SET LOCAL app.organization_id = '{organization}'");
        Ok(self.batch_execute(&enter).await?)
    }

    pub async fn commit(mut self) -> Result<()> {
        self.0.commit().await
    }
}

impl Deref for Work {
    type Target = AsyncPgConnection;
    fn deref(&self) -> &AsyncPgConnection {
        &self.0
    }
}
impl DerefMut for Work {
    fn deref_mut(&mut self) -> &mut AsyncPgConnection {
        &mut self.0
    }
}
