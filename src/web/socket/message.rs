//! What a client may say.
use serde_json::{Map, Value};

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
    pub fn read(text: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(text).map_err(|_error| "not JSON".to_owned())?;
        let Value::Object(mut fields) = value else { return Err("not an object".to_owned()) };
        let kind = match fields.remove("type") {
            Some(Value::String(kind)) => kind,
            Some(_) => return Err("`type` must be a string".to_owned()),
            None => return Err("`type` is missing".to_owned()),
        };
        match kind.as_str() {
            "connection_init" => Ok(Self::ConnectionInit(details(&mut fields)?)),
            "ping" => Ok(Self::Ping(details(&mut fields)?)),
            "pong" => details(&mut fields).map(|_details| Self::Pong),
            "subscribe" => {
                let id = id(&mut fields)?;
                match fields.remove("payload") {
                    Some(payload @ Value::Object(_)) => Ok(Self::Subscribe { id, payload }),
                    _ => Err("`payload` must be an object with a `query`".to_owned()),
                }
            }
            "complete" => Ok(Self::Complete { id: id(&mut fields)? }),
            other => Err(format!("`type` is `{}`, which clients do not send", other.escape_default())),
        }
    }
}

fn id(fields: &mut Map<String, Value>) -> Result<String, String> {
    match fields.remove("id") {
        Some(Value::String(id)) if !id.is_empty() => Ok(id),
        _ => Err("`id` must be a string that is not empty".to_owned()),
    }
}

fn details(fields: &mut Map<String, Value>) -> Result<Map<String, Value>, String> {
    match fields.remove("payload") {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(details)) => Ok(details),
        Some(_) => Err("`payload` must be an object".to_owned()),
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
            assert!(said.starts_with(wrong), "{text}: {said}");
        }
        assert_eq!(Message::read("{\"type\":\"pong\",\"payload\":null}"), Ok(Message::Pong));
    }
}
