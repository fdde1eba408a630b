//! How a socket ends. Clients come back after 1012, 1013, 4403 and 4408, and never after 4400, 4401, 4406, 4409
//! and 4429, which say that the client itself is wrong.
use std::borrow::Cow;

use axum::extract::ws::{CloseFrame, Message};

use crate::{
    graph::schema::{Code, Fault},
    language::{Language, Said},
};

/// The most bytes that the reason in a close frame may have.
const LONGEST: usize = 123;

/// Code and reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    pub code: u16,
    /// As the protocol has it.
    reason: Cow<'static, str>,
    /// More of it, for people.
    why: Option<Said>,
}

impl Close {
    /// The client left by itself.
    pub const BYE: Self = Self::new(1000, "");
    pub const TOO_LARGE: Self =
        Self::because(1009, "", Said::whole("Message too large, or not a websocket message"));
    pub const RESTART: Self = Self::because(1012, "", Said::whole("The server restarts: connect again"));
    pub const SILENT: Self = Self::because(1013, "", Said::whole("No sign of life: connect again"));
    pub const TOO_SLOW: Self = Self::because(1013, "", Said::whole("Messages are not taken: connect again"));
    pub const NOT_INTRODUCED: Self =
        Self::because(4401, "Unauthorized", Said::whole("connection_init comes first"));
    pub const EXPIRED: Self = Self::because(4403, "Forbidden", Said::whole("the access token has expired"));
    pub const SOMEBODY_ELSE: Self =
        Self::because(4403, "Forbidden", Said::whole("the new credential is somebody else's"));
    pub const WRONG_PROTOCOL: Self =
        Self::because(4406, "Subprotocol not acceptable", Said::whole("ask for graphql-transport-ws"));
    pub const NO_INTRODUCTION: Self = Self::new(4408, "Connection initialisation timeout");
    pub const INTRODUCED_TWICE: Self = Self::new(4429, "Too many initialisation requests");

    const fn new(code: u16, reason: &'static str) -> Self {
        Self { code, reason: Cow::Borrowed(reason), why: None }
    }

    const fn because(code: u16, reason: &'static str, why: Said) -> Self {
        Self { code, reason: Cow::Borrowed(reason), why: Some(why) }
    }

    pub const fn bad_message(why: Said) -> Self {
        Self { code: 4400, reason: Cow::Borrowed("Invalid message"), why: Some(why) }
    }

    /// A credential that does not let in: the client may come back with another.
    pub fn forbidden(fault: Fault) -> Self {
        let expired = fault.code == Code::TokenExpired;
        if expired {
            Self::EXPIRED
        } else {
            Self { code: 4403, reason: Cow::Borrowed("Forbidden"), why: Some(fault.message) }
        }
    }

    pub fn taken(id: &str) -> Self {
        Self { code: 4409, reason: format!("Subscriber for {id} already exists").into(), why: None }
    }

    pub fn frame(self, language: Language) -> Message {
        let mut reason = self.reason.into_owned();
        if let Some(why) = self.why {
            let separator = if reason.is_empty() { "" } else { ": " };
            reason = format!("{reason}{separator}{why}", why = why.in_language(language));
        }
        reason.truncate(reason.floor_char_boundary(LONGEST));
        Message::Close(Some(CloseFrame { code: self.code, reason: reason.into() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_cut_between_characters() {
        let Message::Close(Some(frame)) = Close::taken(&"ä".repeat(200)).frame(Language::English) else {
            panic!()
        };
        assert!(frame.reason.len() <= LONGEST && frame.reason.starts_with("Subscriber for ä"));
    }
}
