//! Exports: a document with one list at its root, which the server reads page by page, as its caller and with what they may
//! see.
//!
//! * [`print`]: the document of a page
//! * [`permit`]: what in a document is not for its caller
//! * [`columns`]: a document as a table
mod columns;
mod permit;
mod print;

use std::{collections::HashMap, sync::Arc};

use async_graphql::{
    ErrorExtensionValues, Name, PathSegment, Request, Response, ServerError, Value, Variables,
    parser::{
        parse_query,
        types::{ExecutableDocument, Field, OperationDefinition, OperationType, Selection},
    },
    registry::{MetaType, MetaTypeName},
};
use chrono::Duration;
use serde::Deserialize;

pub use self::columns::Column;
use self::{
    permit::Permit,
    print::{AFTER, COUNTED, FIRST},
};
use super::{
    fault::{self, Code, Fault},
    limits::{Cost, Reader},
    rows,
    schema::{REGISTRY, Schema},
};
use crate::{
    language::{Language, Said},
    store::door::{Caller, Snapshot},
};

/// How much may be exported, and for how long a file is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Records that one export writes.
    pub most_rows: i32,
    /// Bytes of its file.
    pub most_bytes: i64,
    /// Exports that may wait or run at one time: of a person or API key, and of an organization.
    pub per_caller: i64,
    pub per_organization: i64,
    pub kept: Duration,
    /// How long an address to download from is good.
    pub address: Duration,
    /// How long a server that does not say that it goes on is taken to do so.
    pub lease: Duration,
    /// After how long at most it is written down how far one is.
    pub told: std::time::Duration,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            most_rows: 1_000_000,
            most_bytes: 256 << 20,
            per_caller: 2,
            per_organization: 5,
            kept: Duration::hours(72),
            address: Duration::minutes(15),
            lease: Duration::minutes(1),
            told: std::time::Duration::from_secs(2),
        }
    }
}

/// What is to be exported.
#[derive(Clone, Debug)]
pub struct Asked {
    pub document: String,
    pub variables: serde_json::Value,
    /// As a table, which has columns.
    pub is_table: bool,
}

/// What is wrong with what is to be exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// As errors of requests have it.
    pub code: String,
    pub message: Said,
    /// Where in the answer it would stand; empty for the document as a whole.
    pub path: Vec<String>,
}

impl Wrong {
    pub(super) fn invalid(message: Said, path: Vec<String>) -> Self {
        Self { code: Code::BadUserInput.as_str().to_owned(), message, path }
    }

    /// Whether something of it is not for the caller to see, and everything else is.
    pub fn is_denial(&self) -> bool {
        [Code::Forbidden, Code::ApprovalRequired, Code::MfaRequired]
            .iter()
            .any(|code| code.as_str() == self.code)
    }

    /// Whether it may go better another time.
    pub fn is_passing(&self) -> bool {
        [Code::Timeout, Code::Unavailable, Code::SerializationRetry]
            .iter()
            .any(|code| code.as_str() == self.code)
    }
}

impl From<Fault> for Wrong {
    fn from(fault: Fault) -> Self {
        Self { code: fault.code.as_str().to_owned(), message: fault.message, path: Vec::new() }
    }
}

impl From<ServerError> for Wrong {
    fn from(mut error: ServerError) -> Self {
        let code =
            error.extensions.as_ref().and_then(|extensions: &ErrorExtensionValues| extensions.get("code"));
        let code = match code {
            Some(Value::String(code)) => code.clone(),
            _ => Code::ValidationFailed.as_str().to_owned(),
        };
        let part = |segment| match segment {
            PathSegment::Field(name) => Some(name),
            // which row it was when it was tried says nothing
            PathSegment::Index(_) => None,
        };
        let message = fault::said(&mut error);
        Self { code, message, path: error.path.into_iter().filter_map(part).collect() }
    }
}

/// A list that is walked page by page.
pub struct Walk {
    document: ExecutableDocument,
    /// What asks for a page.
    text: String,
    variables: Variables,
    /// What the list is called in the schema: `deals`.
    pub name: String,
    /// The columns, where it is to be a table.
    pub columns: Vec<Column>,
}

/// Some rows, and where to go on.
pub struct Page {
    pub rows: Vec<Value>,
    /// After which place there are more.
    pub next: Option<String>,
    /// How many there are in all, where that was asked.
    pub total: Option<Total>,
}

/// How many rows a list has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Total {
    pub rows: i32,
    /// There are more than may be exported.
    pub is_beyond: bool,
}

impl Walk {
    fn new(asked: &Asked, most: i32) -> Result<Self, Wrong> {
        let document = parse_query(&asked.document)
            .map_err(|error| Wrong::invalid(Said::heard(error.to_string()), Vec::new()))?;
        let (operation, list) = the_list(&document)?;
        let path = || vec![list.response_key().node.to_string()];
        let ty = REGISTRY.types.get("Query").and_then(|query| query.field_by_name(&list.name.node));
        let connection = ty.and_then(|ty| REGISTRY.types.get(MetaTypeName::concrete_typename(&ty.ty)));
        let rows_of = |connection: &MetaType| {
            let is_list = connection.field_by_name("pageInfo").is_some();
            let rows = connection.field_by_name("nodes").filter(|_| is_list)?;
            Some(MetaTypeName::concrete_typename(&rows.ty).to_owned())
        };
        let Some(of) = connection.and_then(rows_of) else {
            return Err(Wrong::invalid(say!("this is no list: export one such as `deals`"), path()));
        };
        if let Some((name, _)) = list
            .arguments
            .iter()
            .find(|(name, _)| matches!(name.node.as_str(), "first" | "after" | "last" | "before"))
        {
            let message = say!("leave `{name}` out: the whole list is exported");
            return Err(Wrong::invalid(message, path()));
        }
        let rows = match list.selection_set.node.items.as_slice() {
            [one] => match &one.node {
                Selection::Field(field) => Some(&field.node),
                _ => None,
            },
            _ => None,
        };
        let plain = |field: &&Field| {
            field.name.node == "nodes" && field.alias.is_none() && field.directives.is_empty()
        };
        let Some(rows) = rows.filter(plain) else {
            return Err(Wrong::invalid(say!("select `nodes` of the list, and nothing else of it"), path()));
        };
        let columns = match asked.is_table {
            true => columns::of_set(&REGISTRY, &document, &rows.selection_set.node, &of)?,
            false => Vec::new(),
        };
        let text = print::page(&document, operation, list, most).map_err(Fault::internal)?;
        let name = list.name.node.to_string();
        let variables = Variables::from_json(asked.variables.clone());
        Ok(Self { document, text, variables, name, columns })
    }

    /// The request for the page of `size` rows after `after`.
    fn request(&self, size: i64, after: Option<&str>, counted: bool) -> Request {
        let mut variables = self.variables.clone();
        let after = after.map_or(Value::Null, Value::from);
        let ours = [(AFTER, after), (FIRST, Value::from(size)), (COUNTED, Value::from(counted))];
        for (name, value) in ours {
            variables.insert(Name::new(name), value);
        }
        Request::new(self.text.clone()).variables(variables)
    }

    /// What the caller of `snapshot` may not see of what is asked for.
    pub async fn denied(&self, snapshot: &Snapshot) -> Result<Vec<Wrong>, Fault> {
        let grants = snapshot.grants().await?;
        let Some((_, operation)) = self.document.operations.iter().next() else { return Ok(Vec::new()) };
        let permit = Permit {
            registry: &REGISTRY,
            document: &self.document,
            caller: snapshot.caller(),
            grants,
            limits: snapshot.limits(),
        };
        Ok(permit.denied(&operation.node.selection_set.node, "Query"))
    }

    /// The rows of an answer; what single records keep from the caller is null in them, as in lists.
    fn read(response: Response) -> Result<Page, Wrong> {
        let Response { data, errors, .. } = response;
        let mut errors = errors.into_iter().map(Wrong::from);
        let first = errors.next();
        if let Some(error) = first.iter().cloned().chain(errors).find(|error| !error.is_denial()) {
            return Err(error);
        }
        let body = rows::response(&Response::new(data), true, None);
        let answer: Answer = serde_json::from_slice(&body).map_err(Fault::internal)?;
        let Some(list) = answer.data.and_then(|data| data.into_values().next().flatten()) else {
            return Err(first.unwrap_or_else(|| Fault::internal("a list without rows").into()));
        };
        let next = list.page.end_cursor.filter(|_| list.page.has_next_page);
        let total =
            list.total.map(|total| Total { rows: total.value, is_beyond: total.precision != "EXACT" });
        Ok(Page { rows: list.nodes, next, total })
    }
}

#[derive(Deserialize)]
struct Answer {
    data: Option<HashMap<String, Option<List>>>,
}

#[derive(Deserialize)]
struct List {
    nodes: Vec<Value>,
    #[serde(rename = "porticoPage")]
    page: Place,
    #[serde(rename = "porticoTotal")]
    total: Option<Counted>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    has_next_page: bool,
    end_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Counted {
    value: i32,
    precision: String,
}

/// The only operation of a document, and its only field.
fn the_list(document: &ExecutableDocument) -> Result<(&OperationDefinition, &Field), Wrong> {
    let mut operations = document.operations.iter();
    let one = operations.next().filter(|_| operations.next().is_none()).map(|(_, operation)| &operation.node);
    let Some(operation) = one.filter(|operation| operation.ty == OperationType::Query) else {
        return Err(Wrong::invalid(say!("the document has to be one query"), Vec::new()));
    };
    match operation.selection_set.node.items.as_slice() {
        [one] if operation.directives.is_empty() => match &one.node {
            Selection::Field(list) if list.node.directives.is_empty() => return Ok((operation, &list.node)),
            _ => {}
        },
        _ => {}
    }
    Err(Wrong::invalid(
        say!("the query has to ask for one list, without fragments or directives around it"),
        Vec::new(),
    ))
}

impl Schema {
    pub fn export_rules(&self) -> &Rules {
        &self.parts.exports
    }

    /// What is walked to export `asked`.
    pub fn walk(&self, asked: &Asked) -> Result<Walk, Wrong> {
        Walk::new(asked, self.parts.exports.most_rows)
    }

    /// How many rows a page of an export has: as many as `caller` may ask for at once.
    fn page_size(&self, walk: &Walk, caller: &Caller) -> Result<(i64, Cost), Fault> {
        let most = self.parts.pages.most;
        let check = |size: i64| {
            let mut request = walk.request(size, None, true);
            let variables = std::mem::take(&mut request.variables);
            let document = request.parsed_query().map_err(Fault::from)?;
            let cost = self.parts.limits.check(document, None, &variables, &self.shapes, caller)?;
            Ok((size, cost))
        };
        let smaller = [most / 2, most / 5, most / 10, 1].into_iter().filter(|size| *size > 0);
        smaller.fold(check(most), |found, size| found.or_else(|_| check(size)))
    }

    /// What is wrong with what is to be exported, as far as that is known before it is tried: it is no list, too much, or
    /// not for the caller to see. A page is paid for.
    pub async fn check_export(&self, caller: Arc<Caller>, asked: &Asked) -> Result<Vec<Wrong>, Fault> {
        if let Err(fault) = self.parts.limits.check_text(&asked.document) {
            return Ok(vec![fault.into()]);
        }
        if self.parts.trusted_only.of(&caller) {
            self.persisted.check_trusted(&self.parts.door, &caller, &asked.document, None).await?;
        }
        let walk = match self.walk(asked) {
            Ok(walk) => walk,
            Err(wrong) => return Ok(vec![wrong]),
        };
        let cost = match self.page_size(&walk, &caller) {
            Ok((_, cost)) => cost,
            Err(fault) => return Ok(vec![fault.into()]),
        };
        if cost.introspects && !self.is_shown_to(&caller) {
            let message = say!("the schema is not shown to you: PORTICO_INTROSPECTION says to whom it is");
            return Err(Fault::new(Code::IntrospectionDisabled, message));
        }
        self.charge(&caller, cost.requested).map_err(|exhausted| exhausted.fault())?;
        let snapshot = self.parts.door.snapshot(caller);
        let wrong = self.try_export(&snapshot, &walk).await;
        snapshot.close();
        wrong
    }

    /// What is wrong as it is tried with one row.
    async fn try_export(&self, snapshot: &Arc<Snapshot>, walk: &Walk) -> Result<Vec<Wrong>, Fault> {
        let response = self.page(snapshot.caller(), snapshot, walk.request(1, None, false)).await;
        let mut found: Vec<Wrong> = response.errors.into_iter().map(Wrong::from).collect();
        if let Some(passing) = found.iter().find(|wrong| wrong.is_passing()) {
            return Err(Fault::new(Code::Unavailable, passing.message.clone()));
        }
        // a field that is not there is not denied
        if found.iter().any(|wrong| !wrong.is_denial()) {
            found.retain(|wrong| !wrong.is_denial());
            return Ok(found);
        }
        // what is denied of one record may be shown of another, but not what is denied of the list
        found.retain(|wrong| wrong.path.len() <= 1);
        let denied = walk.denied(snapshot).await?;
        found.extend(denied.into_iter().filter(|wrong| !wrong.path.is_empty()));
        found.dedup_by(|one, other| one.path == other.path);
        Ok(found)
    }

    /// The rows after `after`, as the caller of `snapshot` sees them in it; how many there are in all, where they are
    /// `counted`.
    pub async fn export_page(
        &self,
        snapshot: &Arc<Snapshot>,
        walk: &Walk,
        after: Option<&str>,
        counted: bool,
    ) -> Result<Page, Wrong> {
        let caller = snapshot.caller();
        let (size, _) = self.page_size(walk, caller)?;
        Walk::read(self.page(caller, snapshot, walk.request(size, after, counted)).await)
    }

    async fn page(&self, caller: &Arc<Caller>, snapshot: &Arc<Snapshot>, request: Request) -> Response {
        let visit = self.visit_in(caller, snapshot.clone());
        let mut response = self.respond(visit, request).await;
        // what is wrong is told to whoever looks at the export
        Reader { language: Language::English, ..self.reader(caller) }.finish(&mut response);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(document: &str, is_table: bool) -> Result<Walk, Wrong> {
        Walk::new(&Asked { document: document.to_owned(), variables: serde_json::json!({}), is_table }, 10)
    }

    #[test]
    fn one_list_is_exported_and_nothing_else() {
        for (document, wrong, path) in [
            ("{ deals { nodes { id } } accounts { nodes { id } } }", "one list", ""),
            ("{ deals { nodes { id } totalCount { value } } }", "`nodes`", "deals"),
            ("{ all: deals { edges { node { id } } } }", "`nodes`", "all"),
            ("{ deals(first: 3) { nodes { id } } }", "`first`", "deals"),
            ("{ viewer { permissions } }", "no list", "viewer"),
            ("{ deals @include(if: true) { nodes { id } } }", "directives", ""),
            ("mutation { signOut { userErrors { code } } }", "one query", ""),
            ("query A { deals { nodes { id } } } query B { deals { nodes { id } } }", "one query", ""),
            ("{ ...all } fragment all on Query { deals { nodes { id } } }", "fragments", ""),
        ] {
            let found = walk(document, false).err().unwrap();
            assert!(found.message.english().contains(wrong), "{document}: {found:?}");
            assert_eq!(found.path.join("."), path, "{document}");
        }
    }

    #[test]
    fn a_table_has_a_column_for_each_value() {
        let document =
            "{ deals { nodes { id stage { name } owner { displayName } ...more owner { id } id } } }
            fragment more on Deal { value { amount currency } name }";
        let columns = walk(document, true).unwrap().columns;
        let columns: Vec<String> = columns.iter().map(|column| column.join(".")).collect();
        let expected =
            ["id", "stage.name", "owner.displayName", "value.amount", "value.currency", "name", "owner.id"];
        assert_eq!(columns, expected);
        let list = "{ deals { nodes { id old: history { nodes { id } } } } }";
        assert_eq!(walk(list, true).err().unwrap().path, ["old"]);
        assert!(walk(list, false).is_ok());
    }
}
