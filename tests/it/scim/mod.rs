//! Provisioning over SCIM, as directories do it: over HTTP, with an API key.
mod directories;
mod doors;
mod examples;
mod filters;
mod groups;
mod people;
mod sign_in;

use portico::web::Server;
use reqwest::{Method, header::HeaderMap};
use serde_json::{Value, json};

use crate::identity::house::{House, Person, text};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// An organization and its directory.
struct Directory {
    house: House,
    server: Server,
    owner: Person,
    key: String,
}

/// What came back.
struct Reply {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

impl Reply {
    /// The body, of what had to go well.
    fn ok(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{:#}", self.body);
        self.body
    }

    /// Which mistake it tells.
    fn refusal(&self) -> (u16, &str) {
        assert_eq!(
            self.body["schemas"],
            json!(["urn:ietf:params:scim:api:messages:2.0:Error"]),
            "{:#}",
            self.body
        );
        assert_eq!(self.body["status"], self.status.to_string());
        assert_eq!(self.header("content-type"), "application/scim+json; charset=utf-8");
        (self.status, self.body["scimType"].as_str().unwrap_or_default())
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Directory {
    /// A new organization with a key that may provision.
    async fn found() -> Self {
        let house = House::open().await;
        let owner = house.person(&["owner"]).await;
        let key = key_of(&house, &owner, json!(["scim.provision"])).await;
        let server = house.serve().await;
        Self { house, server, owner, key }
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>, headers: &[(&str, &str)]) -> Reply {
        self.send_as(Some(&self.key), method, path, body, headers).await
    }

    async fn send_as(
        &self,
        credential: Option<&str>,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Reply {
        let url = format!("http://{}/scim/v2{path}", self.server.address());
        let mut request = reqwest::Client::new().request(method, url);
        if let Some(credential) = credential {
            request = request.bearer_auth(credential);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/scim+json").body(body.to_string());
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.unwrap();
        let body = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() };
        Reply { status, headers, body }
    }

    async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None, &[]).await
    }

    async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(Method::POST, path, Some(body), &[]).await
    }

    async fn put(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PUT, path, Some(body), &[]).await
    }

    async fn patch(&self, path: &str, operations: Value) -> Reply {
        let body = json!({ "schemas": [PATCH], "Operations": operations });
        self.send(Method::PATCH, path, Some(body), &[]).await
    }

    async fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, path, None, &[]).await
    }

    /// What a filter finds.
    async fn find(&self, kind: &str, filter: &str) -> Reply {
        let filter: String = url::form_urlencoded::byte_serialize(filter.as_bytes()).collect();
        self.get(&format!("/{kind}?filter={filter}")).await
    }

    /// The user names of those whom a filter finds.
    async fn names(&self, filter: &str) -> Vec<String> {
        let found = self.find("Users", filter).await.ok(200);
        let mut names: Vec<String> =
            found["Resources"].as_array().unwrap().iter().map(|user| text(&user["userName"])).collect();
        assert_eq!(found["totalResults"], names.len(), "{filter}");
        names.sort();
        names
    }

    /// A user with an address at work; the whole resource.
    async fn user(&self, name: &str) -> Value {
        let address = format!("{name}-{}@example.com", self.owner.slug);
        let emails = json!([{ "value": address, "type": "work", "primary": true }]);
        self.post("/Users", json!({ "schemas": [USER], "userName": name, "emails": emails })).await.ok(201)
    }

    /// What an expression comes to, with `$org` for the organization.
    async fn look(&self, expression: &str) -> String {
        self.house.look(&expression.replace("$org", &format!("'{}'", self.owner.organization))).await
    }

    /// The same with `$user` for the person of a resource.
    async fn look_at(&self, user: &Value, expression: &str) -> String {
        let id = uuid_of(user);
        self.look(&expression.replace("$user", &format!("'{id}'"))).await
    }
}

async fn key_of(house: &House, person: &Person, scopes: Value) -> String {
    let document = "mutation ($input: ApiKeyCreateInput!) { apiKeyCreate(input: $input) { secret userErrors { message } } }";
    let input = json!({ "input": { "name": "Directory", "scopes": scopes } });
    let token = house.token(person).await;
    text(&house.get(Some(&token), document, input).await["apiKeyCreate"]["secret"])
}

/// The number in the id of a resource.
fn uuid_of(resource: &Value) -> uuid::Uuid {
    portico::store::id::split(resource["id"].as_str().unwrap()).unwrap().1
}

fn path(kind: &str, resource: &Value) -> String {
    format!("/{kind}/{}", resource["id"].as_str().unwrap())
}
