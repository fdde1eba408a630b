//! What is shown in the place of a value that somebody may not see as it is: one way for answers, streams and the audit
//! trail.
use serde_json::Value;

use super::{rows::Shown, scalar, visit::Visit};
use crate::store::grants::Mask;

/// Stands for a text that is not shown.
const REDACTED: &str = "•••";

/// Writes what is shown for a value that is written as `plain`.
pub fn write(visit: &Visit, shown: Shown<'_>, plain: &[u8], out: &mut Vec<u8>) {
    match serde_json::from_slice(plain) {
        Ok(Value::String(value)) if shown.is_text => scalar::text(&text(visit, shown, &value), out),
        // only texts can be shown in part; anything else that is masked can be null
        _ => out.extend_from_slice(b"null"),
    }
}

/// The same for a value of a record that is kept as JSON.
pub fn json(visit: &Visit, shown: Shown<'_>, value: &Value) -> Value {
    match value {
        Value::String(value) if shown.is_text => text(visit, shown, value).into(),
        _ => Value::Null,
    }
}

/// What is shown for a text.
fn text(visit: &Visit, Shown { ty, field, mask, .. }: Shown<'_>, text: &str) -> String {
    let organization = visit.caller.organization.unwrap_or_default();
    match mask {
        Mask::Redact => REDACTED.to_owned(),
        Mask::Hash => visit.keys.pseudonym(organization, &format!("{ty}.{field}"), text),
        Mask::Tokenize => format!("tok_{}", visit.keys.pseudonym(organization, "token", text)),
        Mask::Partial(keep) => {
            let length = text.chars().count();
            // what is not much longer than what is kept would be told by it
            let hidden = if length < keep.saturating_mul(2) { length } else { length - keep };
            REDACTED.chars().chain(text.chars().skip(hidden)).collect()
        }
    }
}
