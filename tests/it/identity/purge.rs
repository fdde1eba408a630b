//! What was deleted is gone for good some time after, and nothing else is (B002, B012).
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
    seed,
    store::{
        audit_chain::{self, Link},
        connect::connect,
        door::Door,
    },
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::house::{House, PASSWORD, Person, global_id, text};
use crate::{
    command::portico,
    seed::owner::owned,
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

/// The tables in which this is said anywhere, besides the audit log.
async fn saying(database: &Database, canary: &str) -> Vec<String> {
    let tables = "SELECT format('%I.%I', n.nspname, c.relname) AS line FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname !~ '^(pg_|information_schema$)'
          AND c.oid <> 'audit.audit_logs'::regclass";
    let mut saying = Vec::new();
    for table in lines(database, tables).await {
        let says =
            format!("SELECT '{table}'::text AS line FROM {table} t WHERE t::text LIKE '%{canary}%' LIMIT 1");
        saying.extend(lines(database, &says).await);
    }
    saying
}

/// What refers to the sessions of an organization from elsewhere, what was told a moment ago, and what nobody is shown.
fn still_more(gone: Uuid, stays: Uuid) -> String {
    let somebody = |of: Uuid| {
        format!(
            "(SELECT m.user_id FROM identity.memberships m WHERE m.organization_id = '{of}' ORDER BY m.user_id LIMIT 1)"
        )
    };
    let (here, there) = (somebody(gone), somebody(stays));
    format!(
        "INSERT INTO identity.sessions (id, user_id, organization_id, refresh_token_hash, expires_at)
           VALUES ('{gone}', {here}, '{gone}', 'here', now() + interval '1 hour');
         INSERT INTO identity.sessions (id, user_id, organization_id, refresh_token_hash, expires_at, confined,
             impersonated_by, impersonator_session_id, impersonation_reason)
           VALUES (gen_random_uuid(), {there}, '{stays}', 'there', now(), true, {here}, '{gone}', 'help');
         INSERT INTO ops.events (organization_id, id, topic, subject_type, subject_id, kind)
           VALUES ('{gone}', gen_random_uuid(), 'Deal', 'Deal', '{gone}', 'deal.updated');
         INSERT INTO ops.idempotency_keys (organization_id, actor_id, key, operation, request_hash, expires_at)
           VALUES ('{gone}', '{gone}', 'k', 'o', '', now() + interval '1 hour');
         INSERT INTO ops.event_floors (organization_id, xact, id) VALUES ('{gone}', '1', '{gone}');
         INSERT INTO security.signals (organization_id, rule, signal_key, subjects) VALUES ('{gone}', 'r', 'k', '{{s}}');
         INSERT INTO identity.scim_users (organization_id, user_id, user_name) VALUES ('{gone}', {here}, 'scim');
         INSERT INTO identity.sso_requests (organization_id, id, provider_id, state_hash, secrets_encrypted, redirect_uri, expires_at)
           SELECT organization_id, gen_random_uuid(), id, id::text, '', 'https://app.example', now() FROM identity.sso_providers
           WHERE organization_id = '{gone}'"
    )
}

/// The whole demo, of all kinds of records, for an owner of the tables whom row-level security holds too.
#[tokio::test(flavor = "multi_thread")]
async fn of_a_purged_organization_nothing_is_left_and_its_neighbours_keep_everything() {
    let (owner, superuser) = owned().await;
    assert!(seed::demo(&owner.owner_url).await.unwrap());
    let (data, checkpoints) = checkpoints();
    let (house, door) = (House::of(&superuser), door(&owner));
    let slug =
        |slug: &str| format!("SELECT id::text AS line FROM identity.organizations WHERE slug = '{slug}'");
    let gone: Uuid = lines(&superuser, &slug("aether-demo")).await[0].parse().unwrap();
    let stays: Uuid = lines(&superuser, &slug("nimbus-labs")).await[0].parse().unwrap();
    // and of all kinds that the demo has none of
    let more = include_str!("../law/doors/rows.sql")
        .replace(":organization", &format!("'{gone}'::uuid"))
        .replace(":platform", &format!("'{PLATFORM}'::uuid"));
    house.sql(&format!("SELECT set_config('app.organization_id', '{gone}', false); {more}")).await;
    house.sql(&still_more(gone, stays)).await;
    seal_audit::seal_due(&door, &checkpoints).await.unwrap();
    let before = rows(&superuser, gone).await;
    assert!(before.len() > 40, "{:?}", before.keys());
    let (mut neighbour, platform) = (rows(&superuser, stays).await, rows(&superuser, PLATFORM).await);
    // somebody of there acts as somebody here
    assert!(neighbour.remove("identity.sessions").unwrap().starts_with("1 "));
    let end = checkpoints.read(gone).unwrap().unwrap();

    // nothing is due yet
    assert_eq!(purge::sweep(&door).await.unwrap(), Purged::default());
    due(&house, gone).await;
    let purged = purge::sweep(&door).await.unwrap();
    assert_eq!(purged.organizations, 1);
    assert_eq!(rows(&superuser, gone).await, BTreeMap::new());
    assert_eq!(rows(&superuser, stays).await, neighbour);
    let changed: Vec<String> = rows(&superuser, PLATFORM)
        .await
        .into_iter()
        .filter(|(table, hash)| platform.get(table) != Some(hash))
        .map(|(table, _)| table)
        .collect();
    assert_eq!(changed, ["audit.audit_logs"]);

    // its row tells that there was one, and how much of it
    let tombstone =
        format!("SELECT to_jsonb(o)::text AS line FROM identity.organizations o WHERE id = '{gone}'");
    let tombstone = lines(&superuser, &tombstone).await;
    let tombstone: Value = serde_json::from_str(&tombstone[0]).unwrap();
    assert_eq!((&tombstone["name"], &tombstone["slug"]), (&json!("Purged"), &json!("purged")));
    assert!(tombstone["purged_at"].is_string() && !tombstone.to_string().to_lowercase().contains("aether"));
    let deals = before["sales.deals"].split_once(' ').unwrap().0.parse::<i64>().unwrap();
    assert_eq!(tombstone["purge_report"]["rows"]["sales.deals"], deals);
    let told = lines(
        &superuser,
        &format!(
            "SELECT action || ' ' || new_values AS line FROM audit.audit_logs
             WHERE organization_id = '{PLATFORM}' AND resource_id = '{}' ORDER BY id",
            global_id("org", gone)
        ),
    )
    .await;
    assert_eq!(told.len(), 2, "{told:?}");
    let chain = json!({ "seq": end.seq, "hash": end.hash.to_string() });
    let (started, ended) = (told[0].split_once(' ').unwrap(), told[1].split_once(' ').unwrap());
    assert_eq!(
        (started.0, serde_json::from_str::<Value>(started.1).unwrap()),
        ("organization.purge_started", chain)
    );
    assert_eq!(ended.0, "organization.purged");
    assert_eq!(serde_json::from_str::<Value>(ended.1).unwrap(), tombstone["purge_report"]);

    // once is enough, and the name is free
    assert_eq!(purge::sweep(&door).await.unwrap(), Purged::default());
    house.sql("INSERT INTO identity.organizations (id, name, slug) VALUES (gen_random_uuid(), 'New', 'aether-demo')").await;

    // the logs of the others are sound, and that this one is gone is accounted for
    seal_audit::seal_due(&door, &checkpoints).await.unwrap();
    let verify = || {
        let mut command = portico("purge-verify");
        command.args(["audit", "verify"]).env("PORTICO_DATA", &data);
        let output = command.env("DATABASE_URL", &owner.app_url).output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (sound, said) = verify();
    let purged = format!("purged: {} was purged after {} entries", global_id("org", gone), end.seq);
    assert!(sound && said.contains(&purged), "{said}");
    checkpoints.write(gone, &Link { seq: end.seq + 1, ..end.clone() }).unwrap();
    let (sound, said) = verify();
    assert!(!sound && said.contains("which is not where its log was"), "{said}");
    checkpoints.write(gone, &end).unwrap();
    // whoever has the tables could pass the loss of a log off as a purge, but the platform's log does not say so
    house.sql(&format!(
        "UPDATE identity.organizations SET status = 'deleted', deleted_at = now(), purge_due_at = now() WHERE id = '{stays}';
         UPDATE identity.organizations SET purge_started_at = now(), purge_report = '{{}}' WHERE id = '{stays}';
         DELETE FROM audit.audit_reviews WHERE organization_id = '{stays}';
         DELETE FROM audit.audit_logs WHERE organization_id = '{stays}'"
    ))
    .await;
    let (sound, said) = verify();
    assert!(!sound && said.contains("the platform's does not say that it was purged"), "{said}");
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

/// Makes somebody's deleted account due.
async fn close(house: &House, person: &Person) {
    house
        .sql(&format!(
            "UPDATE identity.users SET status = 'deleted', deleted_at = now() - interval '31 days',
               purge_due_at = now() - interval '1 day' WHERE id = '{}'",
            person.id
        ))
        .await;
}

#[tokio::test]
async fn of_a_purged_person_nothing_personal_is_left_but_what_refers_to_them_stays() {
    let database = prepared().await;
    let (house, door) = (House::of(&database), door(&database));
    let (owner, person) = (house.person(&["owner"]).await, house.person(&["owner"]).await);
    let canary = format!("canary{}", person.id.simple());
    let email = format!("{canary}@example.com");
    house.sql(&format!("UPDATE identity.users SET email = '{email}' WHERE id = '{}'", person.id)).await;
    let person = Person { email: email.clone(), ..person };
    house.join(&person, owner.organization, &["viewer"]).await;
    let signed_in = house.sign_in(&email, PASSWORD, Some(&owner.slug)).await;
    assert_eq!(signed_in["userErrors"], json!([]));
    let id = person.id;
    let there = owner.organization;
    house
        .sql(&format!(
            "UPDATE identity.users SET username = '{canary}', first_name = '{canary}', last_name = '{canary}', display_name = '{canary}',
               avatar_url = '{canary}', phone = '{canary}', metadata = '{{\"is\": \"{canary}\"}}', last_login_ip = '10.1.2.3' WHERE id = '{id}';
             UPDATE identity.memberships SET title = '{canary}', preferences = '{{\"is\": \"{canary}\"}}', status = 'left' WHERE user_id = '{id}';
             INSERT INTO identity.user_profiles (user_id, bio) VALUES ('{id}', '{canary}');
             INSERT INTO identity.one_time_tokens (id, user_id, purpose, email, token_hash, expires_at)
               VALUES (gen_random_uuid(), '{id}', 'password_reset', '{email}', '{canary}', now());
             INSERT INTO identity.recovery_codes (id, user_id, code_hash) VALUES (gen_random_uuid(), '{id}', '{canary}');
             INSERT INTO identity.mail (id, recipient, subject, body, created_at)
               VALUES (gen_random_uuid(), '{email}', 'To {canary}', '{canary}', now() - interval '40 days');
             INSERT INTO identity.scim_users (organization_id, user_id, user_name) VALUES ('{there}', '{id}', '{canary}');
             INSERT INTO identity.invitations (organization_id, id, email, role_id, token_hash, expires_at, accepted_at, accepted_by)
               SELECT '{there}', gen_random_uuid(), '{email}', id, '{id}', now(), now(), '{id}' FROM access.roles
               WHERE organization_id = '{there}' AND name = 'viewer';
             INSERT INTO sales.accounts (organization_id, id, name, owner_id) VALUES ('{there}', '{there}', 'Kept', '{id}')"
        ))
        .await;
    assert!(saying(&database, &canary).await.len() >= 8, "{:?}", saying(&database, &canary).await);

    // the address and the user name are free at once
    close(&house, &person).await;
    let newcomer = house.person(&["owner"]).await;
    house
        .sql(&format!(
            "UPDATE identity.users SET email = '{}', username = '{canary}' WHERE id = '{}';
             INSERT INTO identity.mail (id, recipient, subject, body) VALUES (gen_random_uuid(), '{email}', 'For the newcomer', 'Hello')",
            email.to_uppercase(), newcomer.id
        ))
        .await;
    assert_eq!(purge::sweep(&door).await.unwrap().people, 1);
    house
        .sql(&format!(
            "UPDATE identity.users SET email = 'n@example.com', username = NULL WHERE id = '{}'",
            newcomer.id
        ))
        .await;
    assert_eq!(saying(&database, &canary).await, ["identity.mail"]);
    let kept = format!("SELECT string_agg(subject, ',') FROM identity.mail WHERE recipient = '{email}'");
    assert_eq!(house.look(&kept).await, "For the newcomer");
    let of = |what: &str| format!("SELECT {what} FROM identity.users WHERE id = '{id}'");
    assert_eq!(house.look(&of("email")).await, format!("purged-{id}@purged.invalid"));
    assert_eq!(house.look(&of("coalesce(password_hash, last_login_ip::text, display_name)")).await, "");
    // what others have to do with still refers to them
    assert_eq!(
        house.look(&format!("SELECT owner_id FROM sales.accounts WHERE id = '{there}'")).await,
        id.to_string()
    );
    for table in ["sessions", "user_profiles", "one_time_tokens", "recovery_codes", "passkeys", "scim_users"]
    {
        assert_eq!(
            house.look(&format!("SELECT count(*) FROM identity.{table} WHERE user_id = '{id}'")).await,
            "0"
        );
    }
    let told = format!(
        "SELECT count(*) FROM audit.audit_logs WHERE organization_id = '{PLATFORM}' AND action = 'user.purged' AND resource_id = '{}'",
        global_id("user", id)
    );
    assert_eq!(house.look(&told).await, "1");
    assert_eq!(purge::sweep(&door).await.unwrap(), Purged::default());
    let refused = house
        .refusal(&format!("UPDATE identity.users SET status = 'active', deleted_at = NULL WHERE id = '{id}'"))
        .await;
    assert!(refused.contains("users_purged_at_check"), "{refused}");
}

#[tokio::test]
async fn who_belongs_to_an_organization_is_purged_after_it() {
    let database = prepared().await;
    let (house, door) = (House::of(&database), door(&database));
    let person = house.person(&["owner"]).await;
    let (admin, _) = administrator(&house).await;
    for somebody in [&person, &admin] {
        close(&house, somebody).await;
    }
    house
        .sql(&format!("UPDATE identity.memberships SET status = 'left' WHERE user_id = '{}'", admin.id))
        .await;
    assert_eq!(purge::sweep(&door).await.unwrap(), Purged::default());
    due(&house, person.organization).await;
    let purged = purge::sweep(&door).await.unwrap();
    assert_eq!((purged.organizations, purged.people), (1, 1));
    let look = format!("SELECT purged_at IS NULL FROM identity.users WHERE id = '{}'", admin.id);
    assert_eq!(house.look(&look).await, "true", "administrators of the platform are never changed");
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
