//! Whoever may do everything in the database still cannot tamper with the audit log unseen.
use diesel_async::SimpleAsyncConnection;
use portico::{
    live::seal_audit,
    store::audit_chain::{self, Due, Flaw, Sealing},
};

use super::chain::{checkpoints, door, with_entries};
use crate::world::city::Town;

/// What the superuser does to a chain of six entries, where it shows, and how.
const TAMPERINGS: &[(&str, i64, Flaw)] = &[
    ("UPDATE audit.audit_logs SET action = 'deal.read' WHERE {here} AND seq = 3", 3, Flaw::Changed),
    ("UPDATE audit.audit_logs SET actor_name = 'somebody else' WHERE {here} AND seq = 1", 1, Flaw::Changed),
    ("UPDATE audit.audit_logs SET actor_id = gen_random_uuid() WHERE {here} AND seq = 6", 6, Flaw::Changed),
    ("UPDATE audit.audit_logs SET occurred_at = occurred_at + interval '1 microsecond' WHERE {here} AND seq = 4", 4, Flaw::Changed),
    (r#"UPDATE audit.audit_logs SET new_values = '{"value": 2.5, "name": null}' WHERE {here} AND seq = 3"#, 3, Flaw::Changed),
    (r"UPDATE audit.audit_logs SET new_values = new_values - 'name' WHERE {here} AND seq = 3", 3, Flaw::Changed),
    ("UPDATE audit.audit_logs SET new_values = NULL WHERE {here} AND seq = 2", 2, Flaw::Changed),
    ("UPDATE audit.audit_logs SET old_values = new_values WHERE {here} AND seq = 2", 2, Flaw::Changed),
    ("UPDATE audit.audit_logs SET success = false WHERE {here} AND seq = 5", 5, Flaw::Changed),
    ("UPDATE audit.audit_logs SET risk_level = 'high' WHERE {here} AND seq = 5", 5, Flaw::Changed),
    ("UPDATE audit.audit_logs SET ip_address = '10.0.0.2' WHERE {here} AND seq = 5", 5, Flaw::Changed),
    ("UPDATE audit.audit_logs SET ip_address = NULL WHERE {here} AND seq = 5", 5, Flaw::Changed),
    ("UPDATE audit.audit_logs SET id = gen_random_uuid() WHERE {here} AND seq = 2", 2, Flaw::Changed),
    ("UPDATE audit.audit_logs SET hash = sha256('forged') WHERE {here} AND seq = 2", 2, Flaw::Changed),
    ("UPDATE audit.audit_logs SET prev_hash = sha256('forged') WHERE {here} AND seq = 2", 2, Flaw::Detached),
    ("UPDATE audit.audit_logs SET prev_hash = NULL WHERE {here} AND seq = 2", 2, Flaw::Detached),
    ("UPDATE audit.audit_logs SET seq = 7 - seq WHERE {here} AND seq IN (3, 4)", 3, Flaw::Detached),
    ("UPDATE audit.audit_logs SET seq = 3 WHERE {here} AND seq = 4", 3, Flaw::Repeated),
    ("UPDATE audit.audit_logs SET seq = NULL, prev_hash = NULL, hash = NULL WHERE {here} AND seq = 4", 4, Flaw::Missing),
    ("DELETE FROM audit.audit_logs WHERE {here} AND seq = 1", 1, Flaw::Missing),
    ("DELETE FROM audit.audit_logs WHERE {here} AND seq = 4", 4, Flaw::Missing),
    ("DELETE FROM audit.audit_logs WHERE {here} AND seq >= 5", 5, Flaw::Cut),
    ("DELETE FROM audit.audit_logs WHERE {here}", 1, Flaw::Cut),
    (
        "INSERT INTO audit.audit_logs (organization_id, id, seq, actor_type, actor_name, event_type, action, prev_hash, hash)
         SELECT organization_id, gen_random_uuid(), 7, 'system', 'nobody', 'change', 'deal.updated', hash, sha256('forged')
           FROM audit.audit_logs WHERE {here} AND seq = 6",
        7,
        Flaw::Changed,
    ),
    // the whole log worked out anew, as the server itself would: only the checkpoint tells
    (
        "DELETE FROM audit.audit_logs WHERE {here} AND seq = 6;
         UPDATE audit.audit_logs SET seq = NULL, prev_hash = NULL, hash = NULL WHERE {here};
         INSERT INTO audit.audit_logs (organization_id, id, actor_type, actor_name, event_type, action)
         SELECT organization_id, gen_random_uuid(), 'system', 'nobody', 'change', 'nothing' FROM audit.audit_logs WHERE {here} AND action = 'deal.updated' LIMIT 1",
        6,
        Flaw::Replaced,
    ),
];

#[tokio::test]
async fn every_tampering_is_found_and_named() {
    for (statement, seq, flaw) in TAMPERINGS {
        let town = Town::found().await;
        let (door, checkpoints) = (door(&town.database), checkpoints());
        with_entries(&town, 6).await;
        let Sealing { end, .. } =
            audit_chain::seal(&door, Due::all(town.organization)).await.unwrap().unwrap();
        checkpoints.write(town.organization, &end).unwrap();

        let here = format!("organization_id = '{}'", town.organization);
        let statement = statement.replace("{here}", &here);
        // the superuser can turn off the triggers that would refuse it
        let unhindered = format!("SET session_replication_role = replica; {statement}");
        town.owner().await.batch_execute(&unhindered).await.unwrap();
        if *flaw == Flaw::Replaced {
            audit_chain::seal(&door, Due::all(town.organization)).await.unwrap();
        }

        let checkpoint = checkpoints.read(town.organization).unwrap();
        let verdict = audit_chain::verify(&door, town.organization, checkpoint.as_ref()).await.unwrap();
        let broken = verdict.broken.unwrap_or_else(|| panic!("not found: {statement}"));
        assert_eq!((broken.seq, broken.flaw), (*seq, *flaw), "{statement}");
        // what the server writes afterwards does not wipe out the proof
        with_entries(&town, 3).await;
        let _sealed =
            seal_audit::seal_organization(&door, &checkpoints, Due::all(town.organization)).await.unwrap();
        let again = checkpoints.read(town.organization).unwrap();
        let verdict = audit_chain::verify(&door, town.organization, again.as_ref()).await.unwrap();
        assert!(verdict.broken.is_some(), "wiped out: {statement}");
    }
}
