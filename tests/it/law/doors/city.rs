//! Aether of the demo, and everybody who comes to its doors.
use std::time::Duration;

use async_graphql::Request;
use diesel::{QueryableByName, sql_query, sql_types::Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use futures_util::StreamExt;
use portico::{
    domains::access::catalogue,
    graph::{
        limits::{ByKind, Limits},
        schema::Schema,
    },
    seed,
    store::connect::connect,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{guests::Guest, words::Call};
use crate::world::{city::serve, postgres};

pub const OURS: &str = "aether-demo";

pub struct City {
    pub organization: Uuid,
    owner_url: String,
    pub(super) schema: Schema,
}

/// What came back for one field.
#[derive(Debug)]
pub struct Reply {
    pub code: Option<String>,
    /// The permission that was missing.
    pub missing: Option<String>,
    pub value: Value,
}

#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = Text)]
    answer: String,
}

impl City {
    pub async fn found() -> Self {
        // a fault of ours is told to the log alone
        drop(tracing_subscriber::fmt().with_max_level(tracing::Level::ERROR).with_test_writer().try_init());
        let database = postgres::fresh().await;
        catalogue::sync(&mut connect(&database.owner_url).await.unwrap()).await.unwrap();
        assert!(seed::demo(&database.owner_url).await.unwrap());
        // everything is asked at once here
        let wide = Limits {
            bytes: 1 << 20,
            fields: 10_000,
            aliases: 1_000,
            root_fields: 1_000,
            cost: ByKind { anonymous: usize::MAX, person: usize::MAX, api_key: usize::MAX },
            ..Limits::default()
        };
        let schema = serve(&database, wide);
        let mut city = Self { organization: Uuid::nil(), owner_url: database.owner_url, schema };
        city.organization =
            city.id_of(&format!("SELECT id FROM identity.organizations WHERE slug = '{OURS}'")).await;
        let rows = include_str!("rows.sql")
            .replace(":organization", &format!("'{}'::uuid", city.organization))
            .replace(":platform", &format!("'{}'::uuid", Uuid::nil()));
        city.run(&format!(
            "SELECT set_config('app.organization_id', '{}', false); {rows}",
            city.organization
        ))
        .await;
        city
    }

    /// The owner of the tables, whom no row-level security stops.
    pub async fn tables(&self) -> AsyncPgConnection {
        connect(&self.owner_url).await.unwrap()
    }

    pub async fn run(&self, statements: &str) {
        self.tables().await.batch_execute(statements).await.unwrap();
    }

    pub async fn look(&self, question: &str) -> Vec<String> {
        let answers: Vec<Answer> = sql_query(question).load(&mut self.tables().await).await.unwrap();
        answers.into_iter().map(|answer| answer.answer).collect()
    }

    pub async fn id_of(&self, question: &str) -> Uuid {
        self.look(&format!("SELECT ({question})::text AS answer")).await[0].parse().unwrap()
    }

    /// Makes all `calls` in one document; what came back for each, in their order.
    pub async fn ask<'s>(
        &self,
        guest: &Guest,
        operation: &str,
        calls: &[&Call],
        selection: impl Fn(&Call) -> &'s str,
    ) -> Vec<Reply> {
        let mut document = format!("{operation} {{ __typename ");
        for call in calls {
            document += &format!("{}{} {} ", call.field, call.arguments, selection(call));
        }
        let request = Request::new(document + "}");
        let answer = Box::pin(Schema::execute(&self.schema, guest.caller.clone(), request)).await;
        let answer: Value = serde_json::from_slice(&answer.body).unwrap();
        assert!(answer.get("data").is_some(), "{}: {answer:#}", guest.name);
        calls.iter().map(|call| Reply::of(&call.field, &answer)).collect()
    }

    /// The whole answer to a document.
    pub async fn answer(&self, guest: &Guest, document: &str) -> Value {
        let answer =
            Box::pin(Schema::execute(&self.schema, guest.caller.clone(), Request::new(document))).await;
        serde_json::from_slice(&answer.body).unwrap()
    }

    /// How many statements a query takes, and its answer, which has to be without errors.
    pub async fn count(&self, guest: &Guest, query: &str) -> (usize, String) {
        let answer = Box::pin(Schema::execute(&self.schema, guest.caller.clone(), Request::new(query))).await;
        let text = String::from_utf8(answer.body).unwrap();
        assert!(answer.errors == 0, "{query}: {text}");
        (answer.statements, text)
    }

    /// The first that a subscription tells.
    pub async fn first(&self, guest: &Guest, call: &Call) -> Reply {
        let document = format!("subscription {{ {}{} {{ __typename }} }}", call.field, call.arguments);
        Reply::of(&call.field, &self.first_answer(guest, &document).await)
    }

    pub async fn first_answer(&self, guest: &Guest, document: &str) -> Value {
        let mut answers = self.schema.stream(guest.caller.clone(), Request::new(document), None);
        let first = tokio::time::timeout(Duration::from_secs(10), answers.next()).await.unwrap().unwrap();
        serde_json::from_slice(&first.body).unwrap()
    }

    /// Every row of every table, so that any change of any of them shows. What a refused call does write is that it was refused,
    /// how often, what that may be a sign of, and that somebody was there.
    pub async fn state(&self) -> Vec<String> {
        let tables = self
            .look(
                "SELECT c.oid::regclass::text AS answer FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                 WHERE n.nspname !~ '^(pg_|information_schema$|public$)'
                   AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname NOT IN ('audit_logs', 'security_events', 'signals') ORDER BY 1",
            )
            .await;
        let each = tables.iter().map(|table| {
            format!(
                "SELECT '{table}: ' || count(*) || ' rows ' || coalesce(md5(string_agg(kept, '' ORDER BY kept)), '') AS answer
                 FROM {table} AS t, CAST(to_jsonb(t) - ARRAY['last_used_at', 'last_used_ip', 'last_seen_at'] AS text) AS kept
                 WHERE to_jsonb(t) ->> 'subject_type' IS DISTINCT FROM 'SecurityEvent'"
            )
        });
        self.look(&(each.collect::<Vec<_>>().join(" UNION ALL ") + " ORDER BY 1")).await
    }
}

impl Reply {
    fn of(field: &str, answer: &Value) -> Self {
        let errors = answer["errors"].as_array().into_iter().flatten();
        let error = errors.into_iter().find(|error| error["path"][0] == *field || error["path"].is_null());
        let extension = |name: &str| error.map(|error| error["extensions"][name].clone()).unwrap_or_default();
        Self {
            code: extension("code").as_str().map(str::to_owned),
            missing: extension("requires")[0].as_str().map(str::to_owned),
            value: answer["data"][field].clone(),
        }
    }

    /// Whether it shows nothing: null, or a list of it.
    pub fn is_empty(&self) -> bool {
        let nothing = |value: &Value| value.as_array().is_some_and(|items| items.iter().all(Value::is_null));
        self.value.is_null() || nothing(&self.value)
    }

    /// The codes of what a person could mend.
    pub fn user_errors(&self) -> Vec<&str> {
        let errors = self.value["userErrors"].as_array().into_iter().flatten();
        errors.map(|error| error["code"].as_str().unwrap()).collect()
    }

    /// The ids of a page.
    pub fn ids(&self) -> Vec<&str> {
        let nodes = self.value["nodes"].as_array().into_iter().flatten();
        nodes.filter_map(|node| node["id"].as_str()).collect()
    }

    /// Refused with this code, and for want of this permission where one is named.
    pub fn is_refused(&self, code: &str, needs: &[&str]) -> bool {
        let names_it =
            needs.is_empty() || self.missing.as_deref().is_some_and(|missing| needs.contains(&missing));
        self.is_empty() && self.code.as_deref() == Some(code) && (code != "FORBIDDEN" || names_it)
    }
}

#[test]
fn a_reply_is_read_by_its_path() {
    let answer = json!({ "errors": [{ "path": ["b"], "extensions": { "code": "FORBIDDEN", "requires": ["x.read"] } }],
                         "data": { "a": { "id": 1 }, "b": null } });
    assert!(Reply::of("b", &answer).is_refused("FORBIDDEN", &["x.read"]));
    assert!(!Reply::of("b", &answer).is_refused("FORBIDDEN", &["y.read"]));
    assert!(!Reply::of("a", &answer).is_refused("FORBIDDEN", &[]));
}
