//! What a client may say.
use serde_json::{Map, Value};

use crate::language::Said;

/// One message.
#[derive(Debug, PartialEq)]
pub enum Message {
    ConnectionInit(Map<String, Value>),
    Ping(Map<String, Value>),
    Pong,
    Subscribe { id: String, payload: Value },
    Complete { id: String },
}

impl Message {
    /// Reads a message, or says what is wrong with it.
    pub fn read(text: &str) -> Result<Self, Said> {
        let value: Value = serde_json::from_str(text).map_err(|_error| say!("not JSON"))?;
        let Value::Object(mut fields) = value else { return Err(say!("not an object")) };
        let kind = match fields.remove("type") {
            Some(Value::String(kind)) => kind,
            Some(_) => return Err(say!("`type` must be a string")),
            None => return Err(say!("`type` is missing")),
        };
        match kind.as_str() {
            "connection_init" => Ok(Self::ConnectionInit(details(&mut fields)?)),
            "ping" => Ok(Self::Ping(details(&mut fields)?)),
            "pong" => details(&mut fields).map(|_details| Self::Pong),
            "subscribe" => {
                let id = id(&mut fields)?;
                match fields.remove("payload") {
                    Some(payload @ Value::Object(_)) => Ok(Self::Subscribe { id, payload }),
                    _ => Err(say!("`payload` must be an object with a `query`")),
                }
            }
            "complete" => Ok(Self::Complete { id: id(&mut fields)? }),
            other => {
                let kind = other.escape_default();
                Err(say!("`type` is `{kind}`, which clients do not send"))
            }
        }
    }
}

fn id(fields: &mut Map<String, Value>) -> Result<String, Said> {
    match fields.remove("id") {
        Some(Value::String(id)) if !id.is_empty() => Ok(id),
        _ => Err(say!("`id` must be a string that is not empty")),
    }
}

fn details(fields: &mut Map<String, Value>) -> Result<Map<String, Value>, Said> {
    match fields.remove("payload") {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(details)) => Ok(details),
        Some(_) => Err(say!("`payload` must be an object")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_message_is_said() {
        for (text, wrong) in [
            ("{", "not JSON"),
            ("[]", "not an object"),
            ("{}", "`type` is missing"),
            ("{\"type\":1}", "`type` must be a string"),
            ("{\"type\":\"start\"}", "`type` is `start`"),
            ("{\"type\":\"connection_init\",\"payload\":[]}", "`payload` must be an object"),
            ("{\"type\":\"subscribe\",\"payload\":{}}", "`id` must be"),
            ("{\"type\":\"subscribe\",\"id\":\"\",\"payload\":{}}", "`id` must be"),
            ("{\"type\":\"subscribe\",\"id\":\"1\",\"payload\":\"{a}\"}", "`payload` must be"),
            ("{\"type\":\"complete\"}", "`id` must be"),
        ] {
            let said = Message::read(text).unwrap_err();
            assert!(said.english().starts_with(wrong), "{text}: {said}");
        }
        assert_eq!(Message::read("{\"type\":\"pong\",\"payload\":null}"), Ok(Message::Pong));
    }
}
