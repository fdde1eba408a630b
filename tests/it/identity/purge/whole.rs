//! Of an organization nothing is left but that there was one.
use std::collections::BTreeMap;

use portico::{
    domains::identity::purge::{self, Purged},
    live::seal_audit,
    seed,
    store::audit_chain::Link,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{PLATFORM, checkpoints, door, due, lines, rows};
use crate::{
    command::portico,
    identity::house::{House, global_id},
    seed::owner::owned,
};

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
    let more = include_str!("../../law/doors/rows.sql")
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
