//! Exports: whatever holds for lists holds for files, in the middle of one as before it.
pub mod download;
mod limits;
mod table;
mod walking;
mod what;
mod withdrawn;

use std::time::Duration;

use diesel::{QueryableByName, sql_query, sql_types::Text};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use portico::{
    domains::ops::exporting,
    graph::{
        limits::Limits,
        schema::{Schema, SchemaParts},
    },
    live::Hub,
    store::id,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{
    city::{Person, Town},
    postgres, server,
};

pub const EXPORTS: &[&str] = &[
    "export.create",
    "export.read",
    "event.read",
    "deal.read",
    "deal.value.read",
    "deal.write",
    "user.read",
    "account.read",
];

/// All that a list tells of a deal here.
pub const NODES: &str =
    "nodes { id name region probability value { amount currency } stage { name } owner { displayName } }";

/// A town with deals, and servers that write its exports.
pub struct Office {
    pub town: Town,
    pub schema: Schema,
}

/// Another server before the same database, in no hurry: it reads few rows at a time, and says how far it is each time.
pub fn serve(town: &Town, change: impl FnOnce(&mut SchemaParts)) -> Schema {
    let door = server::door(&town.database.app_url, 6);
    let mut parts = server::parts(door.clone(), Hub::new(door), Limits::default());
    parts.pages.most = 10;
    parts.exports.told = Duration::ZERO;
    parts.exports.lease = chrono::Duration::seconds(2);
    change(&mut parts);
    Schema::new(parts)
}

impl Office {
    pub async fn open() -> Self {
        Self::with(|_| {}).await
    }

    /// The same with other settings.
    pub async fn with(change: impl FnOnce(&mut SchemaParts)) -> Self {
        let town = Town::found().await;
        let schema = serve(&town, change);
        Self { town, schema }.furnished().await
    }

    /// In a database of its own, where nobody else's changes count.
    pub async fn alone() -> Self {
        let town = Town::found_in(postgres::fresh().await).await;
        let schema = serve(&town, |_| {});
        Self { town, schema }.furnished().await
    }

    async fn furnished(self) -> Self {
        let stage = "INSERT INTO sales.pipelines (organization_id, id, name) VALUES ('$org', '$org', 'P');
             INSERT INTO sales.pipeline_stages (organization_id, id, pipeline_id, name, kind, position, default_probability)
             VALUES ('$org', '$org', '$org', 'Talks', 'open', 0, 20)";
        self.sql(stage).await;
        self
    }

    /// Runs statements as the owner of the tables; `$org` is the town.
    pub async fn sql(&self, statements: &str) {
        let statements = statements.replace("$org", &self.town.organization.to_string());
        self.town.owner().await.batch_execute(&statements).await.unwrap();
    }

    /// What a query of one text gives.
    pub async fn look(&self, query: &str) -> String {
        #[derive(QueryableByName)]
        struct Found {
            #[diesel(sql_type = Text)]
            found: String,
        }
        let query = query.replace("$org", &self.town.organization.to_string());
        let query = format!("SELECT coalesce(({query})::text, '') AS found");
        let found: Found = sql_query(query).get_result(&mut self.town.owner().await).await.unwrap();
        found.found
    }

    /// So many deals, of all regions.
    pub async fn deals(&self, count: usize) {
        self.sql(&format!(
            "INSERT INTO sales.deals (organization_id, id, name, region, segment, lob, pipeline_id, stage_id, value, probability)
             SELECT '$org', ops.uuid_v7(), 'Deal ' || n, (ARRAY['europe', 'middle_east', 'asia_pacific'])[1 + n % 3], 'smb', 'software',
               '$org', '$org', n * 1.5, n % 100 FROM generate_series(1, {count}) AS n"
        ))
        .await;
    }

    pub async fn person(&self, name: &str, permissions: &[&str]) -> Person {
        Person { schema: self.schema.clone(), ..self.town.person(name, permissions).await }
    }

    /// An export that is asked for; its id.
    pub async fn ask(&self, person: &Person, document: &str, format: &str) -> String {
        let input = json!({ "document": document, "format": format });
        let asked = person.do_("exportCreate", input, "export { id status progress downloadUrl }").await;
        assert_eq!(asked["export"]["status"], "QUEUED");
        assert_eq!(asked["export"]["downloadUrl"], json!(null));
        asked["export"]["id"].as_str().unwrap().to_owned()
    }

    /// Writes all exports of the town that wait.
    pub async fn write(&self) {
        while exporting::next_of(&self.schema, self.town.organization).await.unwrap() {}
    }

    /// An export that is asked for and written; its file.
    pub async fn export(&self, person: &Person, document: &str, format: &str) -> String {
        let id = self.ask(person, document, format).await;
        self.write().await;
        let shown = self.shown(person, &id).await;
        assert_eq!((&shown["status"], &shown["progress"]), (&json!("COMPLETED"), &json!(100)), "{shown:#}");
        self.file(&id).await
    }

    /// What there is of a file.
    pub async fn file(&self, id: &str) -> String {
        let parts = "SELECT string_agg(convert_from(content, 'UTF8'), '' ORDER BY seq) FROM ops.export_parts WHERE export_id = ";
        self.look(&format!("{parts} '{}'", uuid(id))).await
    }

    pub async fn shown(&self, person: &Person, id: &str) -> Value {
        let document =
            "query($id: ID!) { export(id: $id) { id status format rowCount byteCount expectedRowCount
            snapshotCount progress error { code message } startedAt finishedAt expiresAt downloadUrl } }";
        person.get(document, json!({ "id": id })).await["export"].clone()
    }

    /// Begins to write, and goes on with the test once something is written and not all.
    pub async fn begin(&self, schema: &Schema, id: &str) -> tokio::task::JoinHandle<()> {
        let (writing, organization) = (schema.clone(), self.town.organization);
        let task = tokio::spawn(async move {
            exporting::next_of(&writing, organization).await.unwrap();
        });
        let begun =
            format!("SELECT row_count > 0 AND status = 'running' FROM ops.exports WHERE id = '{}'", uuid(id));
        while self.look(&begun).await != "true" {
            assert!(!task.is_finished(), "it was written before it was seen");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        task
    }
}

pub fn uuid(id: &str) -> Uuid {
    id::split(id).unwrap().1
}

/// The lines of a file of objects.
pub fn lines(file: &str) -> Vec<Value> {
    file.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// All rows that a list shows somebody, page by page.
pub async fn listed(person: &Person, list: &str, nodes: &str) -> Vec<Value> {
    let (mut rows, mut after) = (Vec::new(), json!(null));
    loop {
        let arguments =
            list.split_once('(').map(|(name, rest)| format!("{name}(first: 10, after: $after, {rest}"));
        let list = arguments.unwrap_or_else(|| format!("{list}(first: 10, after: $after)"));
        let document = format!(
            "query($after: String) {{ all: {list} {{ {nodes} pageInfo {{ hasNextPage endCursor }} }} }}"
        );
        let page = person.ask(&document, json!({ "after": after })).await.body["data"]["all"].clone();
        rows.extend(page["nodes"].as_array().unwrap().clone());
        if page["pageInfo"]["hasNextPage"] == json!(false) {
            return rows;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
}
