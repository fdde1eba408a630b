//! Records as they were, by the audit trail: what the next change found is what there was.
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::{
    declare::{Entity, Fields, Object, fields_of},
    plan::Env,
};
use crate::graph::fault::Fault;

/// The permission to know how records were: that to read the audit trail.
const NEEDS: &str = "audit.read";

/// `found` as it was at a moment; none where it was made later.
pub(super) async fn as_of<U: Entity>(env: Env<'_>, found: U, at: DateTime<Utc>) -> Result<Option<U>, Fault> {
    env.right(Some(NEEDS))?;
    let (name, id) = (<U as Object>::NAME, found.id().0);
    match env.snapshot.next_change(name, id, at).await? {
        None => Ok(Some(found)),
        Some(None) => Ok(None),
        Some(Some(before)) => {
            let columns =
                before.into_iter().filter_map(|(field, value)| fields_of::<U>().stored(&field, value));
            let then: Map<String, Value> =
                columns.map(|(column, value)| (column.to_owned(), value)).collect();
            Ok(env.snapshot.past(U::TABLE, id, Value::Object(then)).await?)
        }
    }
}

impl<T> Fields<T> {
    /// The column behind a value of the audit trail, and the value as the database has it.
    fn stored(&self, field: &str, value: Value) -> Option<(&'static str, Value)> {
        if let Some(declared) = self.declared.get(field) {
            return Some((declared.column?, (declared.stored)(value)));
        }
        let kept = self.kept.iter().find(|kept| kept.name == field)?;
        Some((kept.column, (kept.stored)(value)))
    }
}
