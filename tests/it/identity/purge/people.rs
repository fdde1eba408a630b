//! Of people nothing personal is left.
use portico::domains::identity::purge::{self, Purged};
use serde_json::json;

use super::{PLATFORM, administrator, door, due, lines, prepared};
use crate::{
    identity::house::{House, PASSWORD, Person, global_id},
    world::postgres::Database,
};

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
