//! A city of organizations: each test founds its own, with people who hold just what the test needs.
use std::time::Duration;

use async_graphql::{Request, Variables};
use diesel::sql_query;
use diesel::sql_types::{Array, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use portico::graph::limits::Limits;
use portico::graph::schema::Schema;
use portico::live::Hub;
use portico::store::connect::connect;
use portico::store::door::{Caller, Door};
use portico::store::events;
use serde_json::Value;
use uuid::Uuid;

use super::{
    postgres::{self, Database},
    server,
};

/// An organization with a server of its own in front of the shared database.
pub struct Town {
    pub organization: Uuid,
    pub database: Database,
    schema: Schema,
}

/// A member of an organization, signed in.
#[derive(Clone)]
pub struct Person {
    pub user: Uuid,
    pub caller: Caller,
    pub schema: Schema,
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub body: Value,
    pub statements: usize,
}

impl Town {
    /// A new organization.
    pub async fn found() -> Self {
        Self::found_in(postgres::shared().await).await
    }

    /// The same in a database of the test's own.
    pub async fn found_in(database: Database) -> Self {
        let organization = Uuid::now_v7();
        let town = Self { organization, schema: serve(&database, Limits::default()), database };
        sql_query("INSERT INTO identity.organizations (id, name, slug) VALUES ($1, 'A town', $2)")
            .bind::<SqlUuid, _>(organization)
            .bind::<Text, _>(format!("town-{}", organization.simple()))
            .execute(&mut town.owner().await)
            .await
            .unwrap();
        town
    }

    /// A connection of the owner of the tables, whom no row-level security stops.
    pub async fn owner(&self) -> AsyncPgConnection {
        connect(&self.database.owner_url).await.unwrap()
    }

    /// The way to the database, as the server takes it.
    pub fn door(&self) -> Door {
        self.schema.door().clone()
    }

    /// Somebody who holds these permissions.
    pub async fn person(&self, name: &str, permissions: &[&str]) -> Person {
        let (user, session) = (Uuid::now_v7(), Uuid::now_v7());
        let mut owner = self.owner().await;
        let statements = [
            "INSERT INTO identity.users (id, email, display_name, status) VALUES ($2, $4 || '-' || $2 || '@example.com', $4, 'active')",
            "INSERT INTO identity.memberships (organization_id, user_id) VALUES ($1, $2)",
            "INSERT INTO identity.sessions (id, user_id, organization_id, refresh_token_hash, expires_at)
             VALUES ($3, $2, $1, $3::text, now() + interval '1 hour')",
            "INSERT INTO access.resource_types (organization_id, id, name)
             SELECT DISTINCT ON (type) $1, gen_random_uuid(), type
             FROM unnest($5) AS needed(permission), split_part(permission, '.', 1) AS type
             ON CONFLICT DO NOTHING",
            "INSERT INTO access.permissions (organization_id, id, name, resource_type_id, resource_type_org_id, action)
             SELECT $1, gen_random_uuid(), permission, t.id, $1, split_part(permission, '.', 2)
             FROM (SELECT DISTINCT permission FROM unnest($5) AS needed(permission)) needed
             JOIN access.resource_types t ON t.organization_id = $1 AND t.name = split_part(permission, '.', 1)
             ON CONFLICT DO NOTHING",
            "INSERT INTO access.permission_grants (organization_id, id, user_id, permission_id, permission_org_id)
             SELECT $1, gen_random_uuid(), $2, p.id, $1 FROM access.permissions p
             WHERE p.organization_id = $1 AND p.name = ANY($5)",
        ];
        for statement in statements {
            // every statement gets all values, so that they can stand in one list
            sql_query(format!(
                "WITH given AS (SELECT $1::uuid, $2::uuid, $3::uuid, $4::text, $5::text[]) {statement}"
            ))
            .bind::<SqlUuid, _>(self.organization)
            .bind::<SqlUuid, _>(user)
            .bind::<SqlUuid, _>(session)
            .bind::<Text, _>(name)
            .bind::<Array<Text>, _>(permissions)
            .execute(&mut owner)
            .await
            .unwrap();
        }
        let caller = Caller {
            organization: Some(self.organization),
            user: Some(user),
            session: Some(session),
            request: format!("test-{name}"),
            ..Caller::default()
        };
        Person { user, caller, schema: self.schema.clone() }
    }
}

/// A server of the test's own.
pub fn serve(database: &Database, limits: Limits) -> Schema {
    let door = server::door(&database.app_url, 8);
    server::schema(door.clone(), Hub::new(door), limits)
}

impl Person {
    /// Asks, and takes what comes.
    pub async fn ask(&self, document: &str, variables: Value) -> Reply {
        let request = Request::new(document).variables(Variables::from_json(variables));
        let answer = Box::pin(Schema::execute(&self.schema, self.caller.clone(), request)).await;
        Reply { body: serde_json::from_slice(&answer.body).unwrap(), statements: answer.statements }
    }

    /// Follows a subscription.
    pub fn follow(&self, document: &str, variables: Value) -> BoxStream<'static, Value> {
        let request = Request::new(document).variables(Variables::from_json(variables));
        let person = self.clone();
        let answers = stream::once(async move {
            person.settled().await;
            person.schema.stream(person.caller.clone(), request, None)
        });
        answers.flatten().map(|answer| serde_json::from_slice(&answer.body).unwrap()).boxed()
    }

    /// Waits until what was done so far can be told: a transaction of another test holds it back, and a stream that
    /// begins meanwhile begins before it.
    async fn settled(&self) {
        let organization = self.caller.organization.unwrap();
        loop {
            let snapshot = self.schema.door().snapshot_of(organization);
            let horizon = events::horizon(&snapshot).await.unwrap();
            snapshot.close();
            if !horizon.waiting {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Asks what has to go well; gives the data.
    pub async fn get(&self, document: &str, variables: Value) -> Value {
        let reply = self.ask(document, variables).await;
        assert!(reply.body.get("errors").is_none(), "{:#}", reply.body);
        reply.body["data"].clone()
    }

    /// Runs the mutation `name`; gives its payload.
    pub async fn change(&self, name: &str, input: Value, selection: &str) -> Value {
        let mut letters = name.chars();
        let type_name: String = letters.next().unwrap().to_uppercase().chain(letters).collect();
        let input_type = input_type(&type_name, &input);
        let document = format!(
            "mutation Change($input: {input_type}!) {{ {name}(input: $input) {{ {selection}
               userErrors {{ code message path ... on StateError {{ allowed }} ... on ConflictError {{ currentVersion }} }} }} }}"
        );
        self.get(&document, serde_json::json!({ "input": input })).await[name].clone()
    }

    /// Runs a mutation that has to go well.
    pub async fn do_(&self, name: &str, input: Value, selection: &str) -> Value {
        let payload = self.change(name, input, selection).await;
        assert_eq!(payload["userErrors"], serde_json::json!([]), "{name}");
        payload
    }

    /// Runs a mutation that has to be refused: the code, and where.
    pub async fn refused(&self, name: &str, input: Value) -> (String, Vec<String>, Value) {
        let payload = self.change(name, input, "").await;
        let error = payload["userErrors"][0].clone();
        let path = error["path"].as_array().expect(name).iter().map(|part| part.as_str().unwrap().to_owned());
        (error["code"].as_str().unwrap().to_owned(), path.collect(), error)
    }
}

/// Mutations of one record and no more share an input per type, `BudgetRecordInput`; so do those of who is in a team.
pub fn input_type(mutation: &str, input: &Value) -> String {
    if let Some(record) = mutation.strip_suffix("BulkDelete") {
        return format!("{record}BulkRecordInput");
    }
    if mutation.starts_with("TeamMembers") {
        return "TeamMembersInput".to_owned();
    }
    if mutation == "ConversationShareRevoke" {
        return "ConversationShareRecordInput".to_owned();
    }
    let only_the_record =
        input.as_object().unwrap().keys().all(|key| matches!(key.as_str(), "id" | "expectedVersion"));
    let known = ["Delete", "Restore", "Archive", "Submit", "Approve", "Reject", "Lock", "Cancel"];
    match known.iter().find_map(|act| mutation.strip_suffix(act)).filter(|_| only_the_record) {
        Some(record) => format!("{record}RecordInput"),
        None => format!("{mutation}Input"),
    }
}
