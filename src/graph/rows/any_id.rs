//! Ids whose kind is not known beforehand.
use super::union::node_by_prefix;
use crate::{
    graph::fault::{Code, Fault},
    store::id,
};

/// An id of any kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnyId {
    pub prefix: String,
    pub uuid: uuid::Uuid,
}

impl AnyId {
    /// Reads the text form of an id; its prefix must be one that the schema knows.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let known = id::split(text).filter(|(prefix, _)| node_by_prefix(prefix).is_some());
        let (prefix, uuid) = known.ok_or_else(|| {
            Fault::new(Code::InvalidId, say!("expected an id such as `deal_01jd3v…`, got `{text}`"))
        })?;
        Ok(Self { prefix: prefix.to_owned(), uuid })
    }
}

impl std::fmt::Display for AnyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = Vec::with_capacity(40);
        id::write(&self.prefix, self.uuid, &mut text);
        f.write_str(&String::from_utf8_lossy(&text))
    }
}
