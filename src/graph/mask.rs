//! What is shown in the place of a value that somebody may not see as it is: one way for answers, streams and the audit
//! trail.
use serde_json::Value;

use super::{scalar, visit::Visit};
use crate::store::grants::Mask;

/// Stands for a text that is not shown.
const REDACTED: &str = "•••";

/// Writes what is shown for a value that is written as `plain`.
pub fn write(visit: &Visit, mask: Mask, field: &str, plain: &[u8], out: &mut Vec<u8>) {
    match serde_json::from_slice(plain) {
        Ok(Value::String(text)) => scalar::text(&shown(visit, mask, field, &text), out),
        // only texts can be shown in part; anything else that is masked can be null
        _ => out.extend_from_slice(b"null"),
    }
}

/// The same for a value of a record that is kept as JSON.
pub fn json(visit: &Visit, mask: Mask, field: &str, value: &Value) -> Value {
    match value {
        Value::String(text) => shown(visit, mask, field, text).into(),
        _ => Value::Null,
    }
}

/// What is shown for a text: `field` is `User.email`.
pub fn shown(visit: &Visit, mask: Mask, field: &str, text: &str) -> String {
    let organization = visit.caller.organization.unwrap_or_default();
    match mask {
        Mask::Redact => REDACTED.to_owned(),
        Mask::Hash => visit.keys.pseudonym(organization, field, text),
        Mask::Tokenize => format!("tok_{}", visit.keys.pseudonym(organization, "token", text)),
        Mask::Partial(keep) => {
            let length = text.chars().count();
            // what is not much longer than what is kept would be told by it
            let hidden = if length < keep.saturating_mul(2) { length } else { length - keep };
            REDACTED.chars().chain(text.chars().skip(hidden)).collect()
        }
    }
}
