//! What is asked: document, operation name, variables and extensions, from a body, an address or a message.
use serde_json::{Map, Value};

use crate::graph::schema::{Asked, Code, Fault, Reference, Request, Variables};

/// From the body of a POST.
pub fn of_body(body: &[u8]) -> Result<Asked, Fault> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(Fault::bad_input(say!("the body is empty; send {{\"query\": \"{{ __typename }}\"}}")));
    }
    let value = serde_json::from_slice(body).map_err(|error| {
        Fault::bad_input(say!(
            "the body is not JSON: line {line}, column {column}",
            line = error.line(),
            column = error.column()
        ))
    })?;
    of_value(value)
}

/// From the query string of a GET: `variables` and `extensions` are JSON. What is not known is ignored.
pub fn of_address(query: &str) -> Result<Asked, Fault> {
    let mut parameters = Map::new();
    for (name, text) in url::form_urlencoded::parse(query.as_bytes()) {
        let value = match name.as_ref() {
            "query" | "operationName" | "documentId" => Value::String(text.into_owned()),
            "variables" | "extensions" if text.is_empty() => Value::Null,
            "variables" | "extensions" => serde_json::from_str(&text).map_err(|_error| {
                Fault::bad_input(say!("`{name}` must be a JSON object, percent-encoded in the address"))
            })?,
            _ => continue,
        };
        if parameters.insert(name.clone().into_owned(), value).is_some() {
            return Err(Fault::bad_input(say!("`{name}` is given twice")));
        }
    }
    // a form sends a field that was left empty
    if parameters.get("operationName").is_some_and(|name| name == "") {
        parameters.remove("operationName");
    }
    of_value(Value::Object(parameters))
}

/// From JSON. What is not known is ignored.
pub fn of_value(value: Value) -> Result<Asked, Fault> {
    let mut parameters = match value {
        Value::Object(parameters) => parameters,
        Value::Array(_) => {
            let message = say!("a list of operations is not accepted; send one request per operation");
            return Err(Fault::new(Code::BatchNotAllowed, message));
        }
        other => {
            let found = kind_of(&other);
            return Err(Fault::bad_input(say!("the request must be an object, not {found}")));
        }
    };
    let mut extensions = object(&mut parameters, "extensions")?;
    let said =
        |extensions: &mut Map<String, Value>, name: &str| extensions.remove(name) == Some(Value::Bool(true));
    let (cost_only, traced) = (said(&mut extensions, "costOnly"), said(&mut extensions, "trace"));
    let reference = match (parameters.remove("documentId"), extensions.remove("persistedQuery")) {
        (None | Some(Value::Null), None | Some(Value::Null)) => None,
        (None | Some(Value::Null), Some(persisted)) => Some(persisted_query(&persisted)?),
        (Some(Value::String(id)), None | Some(Value::Null)) => Some(Reference::Id(id)),
        (Some(_), Some(_)) => {
            return Err(Fault::bad_input(say!("give `documentId` or `persistedQuery`, not both")));
        }
        (Some(other), None) => return Err(expected("documentId", "a string", &other)),
    };
    let query = match parameters.remove("query") {
        Some(Value::String(query)) => query,
        None | Some(Value::Null) if reference.is_some() => String::new(),
        None | Some(Value::Null) => {
            return Err(Fault::bad_input(say!("`query` is missing: the GraphQL document, as a string")));
        }
        Some(other) => return Err(expected("query", "a string", &other)),
    };
    let mut request = Request::new(query);
    request.operation_name = match parameters.remove("operationName") {
        None | Some(Value::Null) => None,
        Some(Value::String(name)) => Some(name),
        Some(other) => return Err(expected("operationName", "a string", &other)),
    };
    request.variables = Variables::from_json(Value::Object(object(&mut parameters, "variables")?));
    Ok(Asked { request, reference, cost_only, traced })
}

/// Automatic persisted queries, of which there is one version.
fn persisted_query(said: &Value) -> Result<Reference, Fault> {
    match (said.get("version").and_then(Value::as_u64), said.get("sha256Hash").and_then(Value::as_str)) {
        (Some(1), Some(hash)) => Ok(Reference::Hash(hash.to_owned())),
        (Some(1), None) => Err(Fault::bad_input(say!("`persistedQuery` needs `sha256Hash`, as a string"))),
        _ => Err(Fault::new(Code::PersistedQueryNotSupported, say!("PersistedQueryNotSupported"))),
    }
}

fn object(parameters: &mut Map<String, Value>, name: &str) -> Result<Map<String, Value>, Fault> {
    match parameters.remove(name) {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(object)) => Ok(object),
        Some(other) => Err(expected(name, "an object", &other)),
    }
}

fn expected(what: &str, kind: &str, found: &Value) -> Fault {
    let found = kind_of(found);
    Fault::bad_input(say!("`{what}` must be {kind}, not {found}"))
}

const fn kind_of(found: &Value) -> &'static str {
    match found {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said() {
        for (body, said) in [
            ("", "the body is empty"),
            ("{\"query\": ", "not JSON: line 1"),
            ("[{\"query\":\"{a}\"}]", "a list of operations"),
            ("7", "must be an object, not a number"),
            ("{}", "`query` is missing"),
            ("{\"query\": 1}", "`query` must be a string, not a number"),
            ("{\"query\":\"{a}\",\"operationName\":[]}", "`operationName` must be a string, not a list"),
            ("{\"query\":\"{a}\",\"variables\":\"\"}", "`variables` must be an object, not a string"),
            ("{\"extensions\":{\"persistedQuery\":{}}}", "PersistedQueryNotSupported"),
            ("{\"extensions\":{\"persistedQuery\":{\"version\":1}}}", "`persistedQuery` needs `sha256Hash`"),
            ("{\"documentId\":7}", "`documentId` must be a string, not a number"),
        ] {
            let fault = of_body(body.as_bytes()).err().unwrap();
            assert!(fault.message.english().contains(said), "{body}: {fault}");
        }
    }

    #[test]
    fn an_address_is_read_like_a_body() {
        let asked = of_address("query=query+A{a}&operationName=A&variables=%7B%22n%22:1%7D&else=1").unwrap();
        let request = asked.request;
        assert_eq!((request.query.as_str(), request.operation_name.as_deref()), ("query A{a}", Some("A")));
        assert_eq!(request.variables.len(), 1);
        assert!(of_address("query={a}&variables=n").is_err());
        assert!(of_address("query={a}&query={b}").is_err());
        assert_eq!(of_address("query={a}&operationName=").unwrap().request.operation_name, None);
    }
    #[test]
    fn a_document_is_asked_for_by_its_id_or_hash() {
        let reference = |query: &str| of_address(query).unwrap().reference;
        let hash = "extensions={%22persistedQuery%22:{%22version%22:1,%22sha256Hash%22:%22ab%22}}";
        assert_eq!(reference(hash), Some(Reference::Hash("ab".to_owned())));
        assert_eq!(reference(&format!("query={{a}}&{hash}")), Some(Reference::Hash("ab".to_owned())));
        assert_eq!(reference("documentId=sha256:ab"), Some(Reference::Id("sha256:ab".to_owned())));
        assert_eq!(reference("query={a}"), None);
        assert!(of_address(&format!("documentId=x&{hash}")).is_err());
    }
}
