//! Lists (RFC 7644 §3.4.2): what is asked, and one page of the answer.
use serde_json::{Value, json};

use super::{
    error::{Error, Kind, Result},
    filter::Filter,
    project::Projection,
    schema::{Resource, entry},
};

/// So many resources stand on a page at most,
pub const MOST: i64 = 200;
/// and so many unless more or fewer are wanted.
const USUAL: i64 = 100;

const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/// What is asked.
#[derive(Debug)]
pub struct Search {
    pub filter: Option<Filter>,
    /// The place of the first, from 1.
    pub start: i64,
    pub count: i64,
    pub projection: Projection,
}

impl Search {
    /// As a GET says it. What is not known is not heeded, sorting among it.
    pub fn of_query(resource: &Resource, query: &[(String, String)]) -> Result<Self> {
        let get = |name: &str| {
            query.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
        };
        let number = |name: &str| {
            let parsed = get(name).map(|text| text.trim().parse::<i64>());
            parsed.transpose().map_err(|_unread| Error::value(format!("`{name}` is no whole number")))
        };
        let filter = get("filter").filter(|text| !text.trim().is_empty()).map(Filter::parse).transpose()?;
        let projection = Projection::new(resource, get("attributes"), get("excludedAttributes"))?;
        Ok(Self::of(filter, number("startIndex")?, number("count")?, projection))
    }

    /// As a POST to `.search` says it.
    pub fn of_body(resource: &Resource, body: &Value) -> Result<Self> {
        let syntax = || Error::bad(Kind::InvalidSyntax, "the body is no search request");
        let body = body.as_object().ok_or_else(syntax)?;
        let filter = match entry(body, "filter") {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(Filter::parse(text)?),
            Some(_) => return Err(syntax()),
        };
        let number = |name: &str| match entry(body, name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value.as_i64().map(Some).ok_or_else(syntax),
        };
        let names = |name: &str| match entry(body, name) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::Array(names)) => {
                names.iter().map(|name| name.as_str().ok_or_else(syntax)).collect::<Result<Vec<_>>>()
            }
            Some(value) => value.as_str().map(|name| vec![name]).ok_or_else(syntax),
        };
        let projection = Projection::new(resource, names("attributes")?, names("excludedAttributes")?)?;
        Ok(Self::of(filter, number("startIndex")?, number("count")?, projection))
    }

    fn of(filter: Option<Filter>, start: Option<i64>, count: Option<i64>, projection: Projection) -> Self {
        let (start, count) = (start.unwrap_or(1).max(1), count.unwrap_or(USUAL).clamp(0, MOST));
        Self { filter, start, count, projection }
    }
}

/// A page of `total` resources.
pub fn answer(start: i64, total: i64, resources: &[Value]) -> Value {
    json!({
        "schemas": [LIST],
        "totalResults": total,
        "startIndex": start,
        "itemsPerPage": resources.len(),
        "Resources": resources,
    })
}
