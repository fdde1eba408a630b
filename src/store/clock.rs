//! The one source of time and of new ids, so that both can be looked for in one place.
use chrono::{DateTime, SubsecRound, Utc};
use uuid::Uuid;

/// Now, as precise as PostgreSQL keeps it.
#[expect(clippy::disallowed_methods, reason = "this is the clock")]
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}

/// A new UUIDv7: ids made later in one process sort after those made earlier.
#[expect(clippy::disallowed_methods, reason = "this is the source of ids")]
pub fn new_id() -> Uuid {
    Uuid::now_v7()
}
