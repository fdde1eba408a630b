//! Partitions: messages, their words, events and the audit log lie in one for each month, made before the month begins.
use diesel_async::SimpleAsyncConnection;

use super::{door::Door, error::Result};

/// Makes the partitions of this month and the three to come, as far as they are missing.
pub const AHEAD: &str = "SELECT ops.ensure_partitions(part.partrelid, now(), now() + interval '3 months')
    FROM pg_partitioned_table AS part
    JOIN pg_class AS class ON class.oid = part.partrelid
    JOIN pg_namespace AS space ON space.oid = class.relnamespace
    WHERE space.nspname IN ('chat', 'audit', 'ops')
    ORDER BY class.relname";

/// The same by the server while it runs, which also drops the words of months whose messages were dropped.
pub async fn ahead(door: &Door) -> Result<()> {
    for statement in [AHEAD, "SELECT ops.drop_old_words()"] {
        let mut work = door.work().await?;
        work.as_worker().await?;
        work.batch_execute(statement).await?;
        work.commit().await?;
    }
    Ok(())
}
