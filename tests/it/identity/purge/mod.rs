//! What was deleted is gone for good some time after, and nothing else is (B002, B012).
mod people;
mod whole;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use diesel::{QueryableByName, sql_query, sql_types::Text};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use futures_util::StreamExt;
use portico::{
    domains::{
        access::catalogue,
        identity::purge::{self, Purged},
    },
    live::{checkpoint::Checkpoints, seal_audit},
    store::{audit_chain, connect::connect, door::Door},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::house::{House, Person, global_id, text};
use crate::{
    command::portico,
    world::{
        city::Town,
        postgres::{self, Database},
        server,
    },
};

const PLATFORM: Uuid = Uuid::nil();

/// A database of the test's own, with the platform's roles.
async fn prepared() -> Database {
    let database = postgres::fresh().await;
    catalogue::sync(&mut connect(&database.owner_url).await.unwrap()).await.unwrap();
    database
}

fn door(database: &Database) -> Door {
    server::door(&database.app_url, 4)
}

fn checkpoints() -> (std::path::PathBuf, Arc<Checkpoints>) {
    let data = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("purge-{}", Uuid::now_v7()));
    let checkpoints = Arc::new(Checkpoints::open(&data).unwrap());
    (data, checkpoints)
}

/// Makes a deleted organization due.
async fn due(house: &House, organization: Uuid) {
    house
        .sql(&format!(
            "UPDATE identity.organizations SET status = 'deleted', deleted_at = now() - interval '31 days',
               purge_due_at = now() - interval '1 day' WHERE id = '{organization}'"
        ))
        .await;
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

async fn lines(database: &Database, query: &str) -> Vec<String> {
    let mut superuser = connect(&database.owner_url).await.unwrap();
    let lines: Vec<Line> = sql_query(query).load(&mut superuser).await.unwrap();
    lines.into_iter().map(|line| line.line).collect()
}

/// Every table that names an organization, with a hash of the rows of this one; none where it has no rows.
async fn rows(database: &Database, organization: Uuid) -> BTreeMap<String, String> {
    let tables = "SELECT format('%I.%I', n.nspname, c.relname) AS line FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organization_id'
        WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname !~ '^(pg_|information_schema$)'";
    let mut found = BTreeMap::new();
    for table in lines(database, tables).await {
        let hash = format!(
            "SELECT count(*) || ' ' || md5(string_agg(t::text, '' ORDER BY t::text)) AS line FROM {table} t
             WHERE organization_id = '{organization}' HAVING count(*) > 0"
        );
        if let Some(hash) = lines(database, &hash).await.pop() {
            found.insert(table, hash);
        }
    }
    assert!(found.len() <= 80);
    found
}

async fn judge(house: &House, token: &str, what: &str, organization: Uuid) -> Value {
    let document = format!(
        "mutation ($input: OrganizationStatusInput!) {{ {what}(input: $input) {{ done userErrors {{ code path message }} }} }}"
    );
    let input = json!({ "id": global_id("org", organization), "reason": "asked for" });
    house.get(Some(token), &document, json!({ "input": input })).await[what].clone()
}

async fn administrator(house: &House) -> (Person, String) {
    let admin = house.person(&[]).await;
    house
        .sql(&format!(
            "INSERT INTO identity.platform_admins (id, email, user_id) VALUES (gen_random_uuid(), '{}', '{}')",
            admin.email, admin.id
        ))
        .await;
    let token = house.token(&admin).await;
    (admin, token)
}

#[tokio::test]
async fn what_is_not_due_can_be_restored_and_what_was_purged_cannot() {
    let database = prepared().await;
    let (house, door) = (House::of(&database), door(&database));
    let (_, admin) = administrator(&house).await;
    let owner = house.person(&["owner"]).await;
    let token = house.token(&owner).await;
    let delete = "mutation { organizationDelete { done purgeDueAt userErrors { code } } }";
    let gone = house.get(Some(&token), delete, json!({})).await["organizationDelete"].clone();
    assert_eq!(gone["done"], true);
    let told: chrono::DateTime<chrono::Utc> = text(&gone["purgeDueAt"]).parse().unwrap();
    let days = told - chrono::Utc::now();
    assert!((chrono::Duration::days(29)..=chrono::Duration::days(30)).contains(&days), "{days}");

    let (_, checkpoints) = checkpoints();
    seal_audit::seal_due(&door, &checkpoints).await.unwrap();
    assert_eq!(purge::sweep(&door).await.unwrap(), Purged::default());
    // somebody else may have the name meanwhile: then it is not restored
    house
        .sql(&format!(
            "INSERT INTO identity.organizations (id, name, slug) VALUES ('{}', 'Other', '{}')",
            Uuid::max(),
            owner.slug
        ))
        .await;
    assert_eq!(
        House::code(&judge(&house, &admin, "organizationRestore", owner.organization).await),
        "NOT_UNIQUE"
    );
    house
        .sql(&format!("UPDATE identity.organizations SET slug = 'other' WHERE id = '{}'", Uuid::max()))
        .await;
    assert_eq!(judge(&house, &admin, "organizationRestore", owner.organization).await["done"], true);
    assert_eq!(house.opens(&token).await, Ok(()));
    let seen = format!(
        "SELECT purge_due_at IS NULL FROM identity.organizations WHERE id = '{}'",
        owner.organization
    );
    assert_eq!(house.look(&seen).await, "true");

    due(&house, owner.organization).await;
    // its log has something to tell still: it waits
    assert_eq!(purge::sweep(&door).await.unwrap(), Purged::default());
    seal_audit::seal_due(&door, &checkpoints).await.unwrap();
    assert_eq!(purge::sweep(&door).await.unwrap().organizations, 1);
    let refused = judge(&house, &admin, "organizationRestore", owner.organization).await;
    assert_eq!(House::code(&refused), "STATE");
    assert_eq!(refused["userErrors"][0]["path"], json!(["input", "id"]));
    assert!(text(&refused["userErrors"][0]["message"]).contains("nothing is left of it"), "{refused}");
    let refused = house
        .refusal(&format!(
            "UPDATE identity.organizations SET status = 'active', deleted_at = NULL WHERE id = '{}'",
            owner.organization
        ))
        .await;
    assert!(refused.contains("organizations_purge_started_at_check"), "{refused}");
}

/// Neither the server nor its background work can hurry a purge, or have facts deleted without one.
#[tokio::test]
async fn nobody_hurries_a_purge() {
    let database = prepared().await;
    let house = House::of(&database);
    let (person, other) = (house.person(&["owner"]).await, house.person(&["owner"]).await);
    let mut server = connect(&database.app_url).await.unwrap();
    server
        .batch_execute(&format!(
            "SET ROLE portico_app; SET app.organization_id = '{}';
             UPDATE identity.organizations SET status = 'deleted', deleted_at = now() - interval '9 years',
               purge_due_at = now() - interval '8 years' WHERE id = '{}';
             UPDATE identity.organizations SET purge_due_at = now() - interval '8 years' WHERE id = '{}'",
            person.organization, person.organization, person.organization
        ))
        .await
        .unwrap();
    let patient = format!(
        "SELECT deleted_at > now() - interval '1 minute' AND purge_due_at > now() + interval '23 hours'
         FROM identity.organizations WHERE id = '{}'",
        person.organization
    );
    assert_eq!(house.look(&patient).await, "true");
    for forbidden in [
        "UPDATE identity.organizations SET purge_started_at = now()",
        "SELECT ops.purge_organization(10)",
        "SELECT ops.purge_person()",
        "DELETE FROM audit.audit_logs",
        "DELETE FROM identity.memberships",
    ] {
        let refused = server.batch_execute(forbidden).await.unwrap_err().to_string();
        assert!(refused.contains("permission denied"), "{forbidden}: {refused}");
    }
    server.batch_execute("SET ROLE portico_worker; SELECT ops.purge_organization(10)").await.unwrap();
    assert!(rows(&database, person.organization).await.contains_key("identity.memberships"));
    // not even the owner deletes a fact of an organization that is not purged
    let refused = house
        .refusal(&format!(
            "INSERT INTO audit.audit_logs (organization_id, id, actor_type, actor_name, event_type, action)
               VALUES ('{}', gen_random_uuid(), 'system', 'test', 'change', 'x');
             DELETE FROM audit.audit_logs",
            other.organization
        ))
        .await;
    assert!(refused.contains("never changed or deleted"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purge_goes_on_where_it_was_left_and_two_servers_do_it_once() {
    let database = prepared().await;
    let house = House::of(&database);
    let (_, admin) = administrator(&house).await;
    let gone =
        [house.person(&["owner"]).await, house.person(&["owner"]).await, house.person(&["owner"]).await];
    for person in &gone {
        house.colleague(person, &["viewer"]).await;
        // who leads a department that they work in: they refer to one another
        house
            .sql(&format!(
                "INSERT INTO finance.departments (organization_id, id, name, head_user_id) VALUES ('{0}', '{0}', 'D', '{1}');
                 UPDATE identity.memberships SET department_id = '{0}' WHERE organization_id = '{0}';
                 UPDATE identity.memberships SET manager_id = (SELECT max(m.user_id::text)::uuid FROM identity.memberships m WHERE m.organization_id = '{0}')
                   WHERE user_id = '{1}'",
                person.organization, person.id
            ))
            .await;
        due(&house, person.organization).await;
    }
    // somebody follows what happens elsewhere all the while
    let town = Town::found_in(database.clone()).await;
    let ann = town.person("Ann", &["event.read", "account.read", "account.write"]).await;
    let mut stream =
        ann.follow("subscription { recordEvents(types: [\"Account\"]) { __typename } }", json!({}));
    assert_eq!(stream.next().await.unwrap()["data"]["recordEvents"]["__typename"], "StreamOpened");

    // a server that stops after a few rows
    house.sql("SELECT ops.purge_organization(3)").await;
    let begun = "SELECT count(*) FROM identity.organizations WHERE purge_started_at IS NOT NULL AND purged_at IS NULL";
    assert_eq!(house.look(begun).await, "1");
    let first = house.look("SELECT id FROM identity.organizations WHERE purge_started_at IS NOT NULL").await;
    let refused = judge(&house, &admin, "organizationRestore", first.parse().unwrap()).await;
    assert_eq!(House::code(&refused), "STATE");

    let (one, other) = (door(&database), door(&database));
    let (one, other) = tokio::join!(purge::sweep(&one), purge::sweep(&other));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!(one.organizations + other.organizations, 3);
    for person in &gone {
        assert_eq!(rows(&database, person.organization).await, BTreeMap::new());
        let told = format!(
            "SELECT count(*) FROM audit.audit_logs WHERE action = 'organization.purged' AND resource_id = '{}'",
            global_id("org", person.organization)
        );
        assert_eq!(house.look(&told).await, "1");
    }
    ann.do_("accountCreate", json!({ "name": "Still here" }), "account { id }").await;
    let event = tokio::time::timeout(Duration::from_secs(10), stream.next()).await.unwrap().unwrap();
    assert_eq!(event["data"]["recordEvents"]["__typename"], "RecordCreated");
}

#[test]
fn the_command_purges_what_is_due() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (database, organization) = runtime.block_on(async {
        let database = prepared().await;
        let house = House::of(&database);
        let person = house.person(&["owner"]).await;
        house
            .sql(&format!(
                "INSERT INTO audit.audit_logs (organization_id, id, actor_type, actor_name, event_type, action)
                 VALUES ('{}', gen_random_uuid(), 'system', 'test', 'change', 'x')",
                person.organization
            ))
            .await;
        due(&house, person.organization).await;
        (database, person.organization)
    });
    let run = || {
        let output =
            portico("purge-command").arg("purge").env("DATABASE_URL", &database.app_url).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let said = run();
    assert!(said.starts_with("organizations purged: 1, with "), "{said}");
    assert!(run().starts_with("organizations purged: 0, with 0 rows"));
    let left = runtime.block_on(async {
        let door = door(&database);
        let end = audit_chain::ended(&door, purge::STARTED, &global_id("org", organization)).await.unwrap();
        (rows(&database, organization).await, end.flatten().map(|end| end.seq))
    });
    assert_eq!(left, (BTreeMap::new(), Some(1)));
}
