//! The types that settings have: read from text, shown as text.
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::telemetry::Sampler;

/// A text that is never printed: an address with a password in it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text itself, for the one place that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

/// A part of a whole, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share(pub f64);

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One readable line per event.
    Human,
    /// One JSON object per line.
    Json,
}

/// Some of the kinds of callers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kinds {
    pub anonymous: bool,
    pub person: bool,
    pub api_key: bool,
}

/// A type that a setting can have: read from text, shown as text.
pub(super) trait Value: Sized {
    fn read(text: &str) -> Result<Self, String>;
    fn show(&self) -> String;
}

macro_rules! value_by_parse {
    ($($kind:ty: $expected:literal),+ $(,)?) => {$(
        impl Value for $kind {
            fn read(text: &str) -> Result<Self, String> {
                text.parse().map_err(|_: <$kind as std::str::FromStr>::Err| format!("expected {}", $expected))
            }
            fn show(&self) -> String {
                self.to_string()
            }
        }
    )+};
}
value_by_parse!(
    SocketAddr: "an address and port such as 127.0.0.1:8080",
    bool: "true or false",
    u32: "a whole number",
    u64: "a whole number",
    usize: "a whole number",
    String: "text",
);

impl Value for PathBuf {
    fn read(text: &str) -> Result<Self, String> {
        if text.is_empty() { Err("expected a path".to_owned()) } else { Ok(Self::from(text)) }
    }
    fn show(&self) -> String {
        self.display().to_string()
    }
}

impl Value for Secret {
    fn read(text: &str) -> Result<Self, String> {
        Ok(Self(text.to_owned()))
    }
    fn show(&self) -> String {
        "(hidden)".to_owned()
    }
}

impl<T: Value> Value for Option<T> {
    fn read(text: &str) -> Result<Self, String> {
        if text.is_empty() { Ok(None) } else { T::read(text).map(Some) }
    }
    fn show(&self) -> String {
        self.as_ref().map(Value::show).unwrap_or_default()
    }
}

impl Value for Vec<String> {
    fn read(text: &str) -> Result<Self, String> {
        Ok(text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect())
    }
    fn show(&self) -> String {
        self.join(", ")
    }
}

impl Value for LogFormat {
    fn read(text: &str) -> Result<Self, String> {
        match text {
            "human" => Ok(Self::Human),
            "json" => Ok(Self::Json),
            _ => Err("expected human or json".to_owned()),
        }
    }
    fn show(&self) -> String {
        match self {
            Self::Human => "human".to_owned(),
            Self::Json => "json".to_owned(),
        }
    }
}

impl Value for Share {
    fn read(text: &str) -> Result<Self, String> {
        let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
        share.map(Self).ok_or_else(|| "expected a number from 0 to 1".to_owned())
    }
    fn show(&self) -> String {
        self.0.to_string()
    }
}

impl Value for Sampler {
    fn read(text: &str) -> Result<Self, String> {
        let named = Self::ALL.into_iter().find(|(name, _)| *name == text);
        named
            .map(|(_, sampler)| sampler)
            .ok_or_else(|| format!("expected one of {}", Self::ALL.map(|(name, _)| name).join(", ")))
    }
    fn show(&self) -> String {
        let named = Self::ALL.into_iter().find(|(_, sampler)| sampler == self);
        named.map(|(name, _)| name.to_owned()).unwrap_or_default()
    }
}

impl Value for Kinds {
    fn read(text: &str) -> Result<Self, String> {
        let mut kinds = Self::default();
        for kind in text.split(',').map(str::trim) {
            match kind {
                // what it said when it knew only these
                "all" | "true" => kinds = Self { anonymous: true, person: true, api_key: true },
                "none" | "false" => {}
                "anonymous" => kinds.anonymous = true,
                "person" => kinds.person = true,
                "api_key" => kinds.api_key = true,
                _ => return Err("expected all, none, or some of anonymous, person and api_key".to_owned()),
            }
        }
        Ok(kinds)
    }
    fn show(&self) -> String {
        let named = [("anonymous", self.anonymous), ("person", self.person), ("api_key", self.api_key)];
        let shown: Vec<&str> = named.into_iter().filter_map(|(name, is)| is.then_some(name)).collect();
        match shown.len() {
            0 => "none".to_owned(),
            3 => "all".to_owned(),
            _ => shown.join(", "),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_callers_are_all_none_or_some() {
        for (text, shown) in [
            ("all", "all"),
            ("true", "all"),
            ("none", "none"),
            ("false", "none"),
            ("api_key,person", "person, api_key"),
            ("anonymous, person, api_key", "all"),
        ] {
            assert_eq!(Kinds::read(text).unwrap().show(), shown, "{text}");
        }
        assert!(Kinds::read("people").is_err());
    }
}
