//! SCIM 2.0 (RFC 7643, RFC 7644): directories make people members of an organization, describe them, put them into teams,
//! and let them go. It knows the schema's transactions and the domains, and nothing of HTTP but words.
//!
//! * [`schema`]: what a user and a group are, and what is told of the server
//! * [`user`], [`group`]: what is done with them; [`user_rows`], [`group_rows`]: how they are read
//! * [`filter`]: the language of filters and paths; [`condition`]: filters as SQL; [`matches`]: filters on what is at hand
//! * [`patch`], [`page`], [`project`], [`error`]: changes, lists, choices of attributes, mistakes
pub mod condition;
pub mod error;
pub mod filter;
mod group;
pub mod group_rows;
pub mod matches;
pub mod page;
pub mod patch;
pub mod project;
pub mod schema;
mod user;
pub mod user_rows;

use futures_util::future::BoxFuture;
use serde_json::{Map, Value};

use self::{
    error::{Error, Kind, Result},
    page::Search,
    project::Projection,
    schema::{GROUPS, Resource, USERS},
};
use crate::{
    graph::{
        gate::{self, Right},
        mutation,
        rates::Exhausted,
        visit::Visit,
    },
    store::door::{Snapshot, Write},
};

/// Without it, nothing is told and nothing done.
pub use crate::domains::access::catalogue::PROVISION as PERMISSION;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    /// What follows `/scim/v2`, part by part.
    pub path: Vec<String>,
    pub query: Vec<(String, String)>,
    pub preconditions: Preconditions,
    pub body: Vec<u8>,
    /// The address of `/scim/v2` as the client knows it.
    pub base: String,
}

/// What is answered.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Option<Value>,
    pub location: Option<String>,
    pub version: Option<String>,
    /// Where it was refused since too much was asked for in a time: how much.
    pub exhausted: Option<Exhausted>,
    /// In how many seconds it may be tried again, where that is known.
    pub retry_after: Option<u64>,
}

impl Answer {
    fn of(body: Value) -> Self {
        Self { status: 200, body: Some(body), ..Self::empty() }
    }

    const fn empty() -> Self {
        Self { status: 204, body: None, location: None, version: None, exhausted: None, retry_after: None }
    }
}

impl From<Exhausted> for Answer {
    fn from(exhausted: Exhausted) -> Self {
        Self { exhausted: Some(exhausted), ..Error::from(exhausted.fault()).into() }
    }
}

impl From<Error> for Answer {
    fn from(error: Error) -> Self {
        Self { status: error.status, retry_after: error.retry_after, ..Self::of(error.body()) }
    }
}

/// `If-Match` and `If-None-Match`.
#[derive(Clone, Debug, Default)]
pub struct Preconditions {
    pub is: Option<String>,
    pub is_not: Option<String>,
}

impl Preconditions {
    /// Refused where the resource is of another version by now.
    fn meet(&self, version: &str) -> Result<()> {
        match &self.is {
            Some(wanted) if !names(wanted, version) => Err(Error::new(
                412,
                format!("the resource was changed in the meantime: its version is now {version}"),
            )),
            _ => Ok(()),
        }
    }
}

/// Whether one of the versions is this one, weak or not.
fn names(versions: &str, version: &str) -> bool {
    let plain = |version: &str| version.trim().trim_start_matches("W/").to_owned();
    versions.split(',').any(|one| one.trim() == "*" || plain(one) == plain(version))
}

/// A request, by whom, and what it needs.
pub struct Asked {
    visit: Visit,
    base: String,
    query: Vec<(String, String)>,
    preconditions: Preconditions,
}

impl Asked {
    /// What the caller sees, who must be allowed to.
    async fn snapshot(&self) -> Result<&Snapshot> {
        let snapshot = &self.visit.snapshot;
        let grants = snapshot.grants().await?;
        match gate::right(snapshot.caller(), grants, || snapshot.limits(), Some(PERMISSION))? {
            Right::Everything => Ok(snapshot),
            Right::SomeRows => Err(gate::missing(grants, PERMISSION).into()),
        }
    }

    /// Does `act` as a mutation is done, for a caller who is allowed to; `name` is what refusals are called.
    async fn write<R: Send + 'static>(
        &self,
        name: &'static str,
        act: impl for<'w> FnOnce(&'w mut Write) -> BoxFuture<'w, Result<R>> + Send + 'static,
    ) -> Result<R> {
        mutation::alone(&self.visit, name, PERMISSION, act).await
    }

    fn projection(&self, resource: &Resource) -> Result<Projection> {
        let all = |name: &'static str| {
            let wanted = self.query.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(name));
            wanted.map(|(_, value)| value.as_str())
        };
        Projection::new(resource, all("attributes"), all("excludedAttributes"))
    }

    /// One resource, in as far as it is wanted.
    fn answer(
        &self,
        status: u16,
        resource: &Resource,
        told: Map<String, Value>,
        version: &str,
        projection: &Projection,
    ) -> Answer {
        let body = Some(projection.apply(resource, told));
        let known = self.preconditions.is_not.as_ref().is_some_and(|known| names(known, version));
        let (status, body) = if known && status == 200 { (304, None) } else { (status, body) };
        Answer { status, body, version: Some(version.to_owned()), ..Answer::empty() }
    }
}

/// Answers a request of the caller of `visit`.
pub async fn answer(visit: Visit, request: Request) -> Answer {
    let Request { method, path, query, preconditions, body, base } = request;
    let asked = Asked { visit, base, query, preconditions };
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let answer = match admit(&asked) {
        Ok(()) => route(&asked, &method, &path, &body).await,
        Err(error) => Err(error),
    };
    asked.visit.snapshot.close();
    answer.unwrap_or_else(Answer::from)
}

/// Only programs are directories.
fn admit(asked: &Asked) -> Result<()> {
    let caller = &asked.visit.caller;
    if caller.is_anonymous() {
        return Err(Error::new(401, "authorization must be `Bearer` and an API key"));
    }
    match caller.api_key {
        Some(_) => Ok(()),
        None => Err(Error::new(403, "directories come with an API key, not with somebody's session")),
    }
}

async fn route(asked: &Asked, method: &str, path: &[&str], body: &[u8]) -> Result<Answer> {
    let method = if method == "HEAD" { "GET" } else { method };
    let (kind, rest) = path.split_first().unwrap_or((&"", &[]));
    let resource = match kind.to_ascii_lowercase().as_str() {
        "users" => USERS,
        "groups" => GROUPS,
        _ => return about(asked, method, path).await,
    };
    let are_users = resource.name == USERS.name;
    match (method, rest) {
        ("GET", []) => {
            let search = Search::of_query(resource, &asked.query)?;
            if are_users { user::list(asked, search).await } else { group::list(asked, search).await }
        }
        ("POST", [".search"]) => {
            let search = Search::of_body(resource, &parsed(body)?)?;
            if are_users { user::list(asked, search).await } else { group::list(asked, search).await }
        }
        ("POST", []) if are_users => user::create(asked, &parsed(body)?).await,
        ("POST", []) => group::create(asked, &parsed(body)?).await,
        ("GET", [id]) if are_users => user::get(asked, id).await,
        ("GET", [id]) => group::get(asked, id).await,
        ("PUT", [id]) if are_users => user::replace(asked, id, &parsed(body)?).await,
        ("PUT", [id]) => group::replace(asked, id, &parsed(body)?).await,
        ("PATCH", [id]) if are_users => user::patch(asked, id, parsed(body)?).await,
        ("PATCH", [id]) => group::patch(asked, id, parsed(body)?).await,
        ("DELETE", [id]) if are_users => user::remove(asked, id).await,
        ("DELETE", [id]) => group::remove(asked, id).await,
        (_, [] | [_]) => Err(Error::new(405, format!("not by {method}"))),
        _ => Err(Error::missing(&path.join("/"))),
    }
}

/// What is told of the server itself.
async fn about(asked: &Asked, method: &str, path: &[&str]) -> Result<Answer> {
    asked.snapshot().await?;
    let known = ["serviceproviderconfig", "resourcetypes", "schemas"];
    match path {
        [] | [".search"] => {
            return Err(Error::new(501, "users and groups are asked for one by one: /Users or /Groups"));
        }
        [one] if one.eq_ignore_ascii_case("bulk") => {
            return Err(Error::new(501, "several changes at once are not taken"));
        }
        [one, ..] if one.eq_ignore_ascii_case("me") => {
            return Err(Error::new(501, "an API key stands for nobody: ask /Users"));
        }
        [one, ..] if known.contains(&one.to_ascii_lowercase().as_str()) && method != "GET" => {
            return Err(Error::new(405, format!("not by {method}")));
        }
        _ => {}
    }
    if asked.query.iter().any(|(name, _)| name.eq_ignore_ascii_case("filter")) {
        return Err(Error::new(403, "what is told of the server is not filtered"));
    }
    let list = |all: Vec<Value>| {
        let count = i64::try_from(all.len()).unwrap_or_default();
        Ok(Answer::of(page::answer(1, count, &all)))
    };
    let one = |all: Vec<Value>, id: &str| {
        let found = all.into_iter().find(|known| known.get("id").and_then(Value::as_str) == Some(id));
        found.map(Answer::of).ok_or_else(|| Error::missing(id))
    };
    let name = path.first().copied().unwrap_or_default().to_ascii_lowercase();
    match (name.as_str(), path.get(1..).unwrap_or_default()) {
        ("serviceproviderconfig", []) => Ok(Answer::of(schema::config(&asked.base, page::MOST))),
        ("resourcetypes", []) => list(schema::resource_types(&asked.base)),
        ("resourcetypes", [id]) => one(schema::resource_types(&asked.base), id),
        ("schemas", []) => list(schema::schemas(&asked.base)),
        ("schemas", [id]) => one(schema::schemas(&asked.base), id),
        _ => Err(Error::missing(&path.join("/"))),
    }
}

fn parsed(body: &[u8]) -> Result<Value> {
    serde_json::from_slice(body).map_err(|_unread| Error::bad(Kind::InvalidSyntax, "the body is no JSON"))
}
