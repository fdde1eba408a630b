//! Imports: whatever holds for a mutation holds for the rows of a file, each done once whatever ends meanwhile.
mod errors;
mod limits;
mod ongoing;
mod rows;
mod together;
mod upload;
mod whose;

use std::time::Duration;

use portico::{
    domains::ops::importing,
    graph::schema::{Schema, SchemaParts},
    web::Server,
};
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};

use crate::{
    exports::{
        Office,
        download::{open, path},
        serve, uuid,
    },
    world::city::Person,
};

pub const IMPORTS: &[&str] = &[
    "import.create",
    "import.read",
    "export.create",
    "export.read",
    "event.read",
    "account.read",
    "account.write",
    "deal.read",
    "deal.write",
    "deal.value.read",
    "user.read",
];

pub const CREATE: &str = "mutation($input: AccountCreateInput!) { accountCreate(input: $input) { account { id } userErrors { code } } }";
pub const UPDATE: &str =
    "mutation($input: AccountUpdateInput!) { accountUpdate(input: $input) { userErrors { code } } }";
pub const UPSERT: &str = "mutation Sync($input: AccountUpsertInput!) { accountUpsert(input: $input) { created userErrors { code } } }";

/// A town, with a server that takes files and does imports.
pub struct Desk {
    pub office: Office,
    server: Server,
}

/// In no hurry: it does few rows at a time.
fn patient(parts: &mut SchemaParts) {
    parts.pages.most = 100;
    parts.imports.batch = 10;
    parts.imports.told = Duration::ZERO;
    parts.imports.lease = chrono::Duration::seconds(2);
}

/// Another server before the same database.
pub fn another(desk: &Desk) -> Schema {
    serve(&desk.office.town, patient)
}

impl Desk {
    pub async fn open() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut SchemaParts)) -> Self {
        let office = Office::with(|parts| {
            patient(parts);
            change(parts);
        });
        Self::in_(office.await).await
    }

    pub async fn in_(office: Office) -> Self {
        Self { server: open(&office).await, office }
    }

    pub async fn ann(&self) -> Person {
        self.office.person("Ann", IMPORTS).await
    }

    /// An import that is asked for.
    pub async fn ask(&self, person: &Person, mutation: &str, format: &str, more: Value) -> Value {
        let mut input = json!({ "mutation": mutation, "format": format });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let asked = person.do_("importCreate", input, "import { id status progress uploadUrl }").await;
        let import = asked["import"].clone();
        assert_eq!((&import["status"], &import["progress"]), (&json!("AWAITING_UPLOAD"), &json!(null)));
        import
    }

    /// Sends a file to where it is said to be sent.
    pub async fn send(&self, url: &str, file: impl Into<reqwest::Body>) -> Response {
        let url = format!("http://{}{}", self.server.address(), path(url));
        Client::new().put(url).body(file).send().await.unwrap()
    }

    /// An import whose file has come, and that nobody has begun with; its id.
    pub async fn queue(
        &self,
        person: &Person,
        mutation: &str,
        format: &str,
        more: Value,
        file: &str,
    ) -> String {
        let import = self.ask(person, mutation, format, more).await;
        let answer = self.send(import["uploadUrl"].as_str().unwrap(), file.to_owned()).await;
        let status = answer.status();
        assert_eq!(status, StatusCode::ACCEPTED, "{}", answer.text().await.unwrap());
        import["id"].as_str().unwrap().to_owned()
    }

    /// Does all imports of the town that wait.
    pub async fn work(&self) {
        while Box::pin(importing::next_of(&self.office.schema, self.office.town.organization)).await.unwrap()
        {
        }
    }

    /// An import that is asked for and done; what has become of it.
    pub async fn import(
        &self,
        person: &Person,
        mutation: &str,
        format: &str,
        more: Value,
        file: &str,
    ) -> Value {
        let id = self.queue(person, mutation, format, more, file).await;
        self.work().await;
        self.shown(person, &id).await
    }

    pub async fn shown(&self, person: &Person, id: &str) -> Value {
        let document = "query($id: ID!) { import(id: $id) { id status dryRun onError format byteCount rowCount
            expectedRowCount createdCount updatedCount failedCount progress error { code message } startedAt finishedAt
            errorsUntil uploadUrl errors(first: 100) { nodes { rowNumber code path message } totalCount { value } } } }";
        person.get(document, json!({ "id": id })).await["import"].clone()
    }

    /// Begins to import, and goes on with the test once something is done and not all.
    pub async fn begin(&self, schema: &Schema, id: &str) -> tokio::task::JoinHandle<()> {
        let (working, organization) = (schema.clone(), self.office.town.organization);
        let task = tokio::spawn(async move {
            Box::pin(importing::next_of(&working, organization)).await.unwrap();
        });
        let begun =
            format!("SELECT row_count > 0 AND status = 'running' FROM ops.imports WHERE id = '{}'", uuid(id));
        while self.office.look(&begun).await != "true" {
            assert!(!task.is_finished(), "it was done before it was seen");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        task
    }

    /// How many accounts there are, and by how many changes they were made.
    pub async fn accounts(&self) -> String {
        self.office
            .look(
                "SELECT count(*) || ' ' || count(DISTINCT name) || ' ' ||
                   (SELECT count(*) FROM audit.audit_logs WHERE organization_id = '$org' AND resource_type = 'Account')
                 FROM sales.accounts WHERE organization_id = '$org'",
            )
            .await
    }
}

/// So many accounts that are not there yet, a line for each.
pub fn fresh(count: usize) -> String {
    (1..=count)
        .map(|n| format!("{{\"name\": \"Account {n}\", \"domain\": \"a{n}.example.com\"}}\n"))
        .collect()
}

/// Counted: made, changed, failed.
pub fn counts(shown: &Value) -> [i64; 3] {
    ["createdCount", "updatedCount", "failedCount"].map(|name| shown[name].as_i64().unwrap())
}

/// What is wrong with its rows: which, what, where.
pub fn wrong(shown: &Value) -> Vec<String> {
    let errors = shown["errors"]["nodes"].as_array().unwrap().iter();
    errors
        .map(|error| {
            let path: Vec<&str> =
                error["path"].as_array().unwrap().iter().map(|step| step.as_str().unwrap()).collect();
            format!("{} {} {}", error["rowNumber"], error["code"].as_str().unwrap(), path.join("."))
        })
        .collect()
}
