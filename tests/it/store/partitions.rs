//! Partitions are made ahead by the server itself, and none can be emptied where the whole cannot.
use diesel_async::SimpleAsyncConnection;
use portico::store::{connect::connect, partitions};

use crate::world::city::Town;

#[tokio::test]
async fn the_server_makes_the_months_to_come_and_twice_changes_nothing() {
    let town = Town::found().await;
    for _ in 0..2 {
        partitions::ahead(&town.door()).await.unwrap();
    }
    let mut owner = connect(&town.database.owner_url).await.unwrap();
    let ahead = "DO $$ DECLARE place text; BEGIN
        FOREACH place IN ARRAY ARRAY['chat.messages', 'ops.message_words', 'audit.audit_logs', 'ops.events'] LOOP
          IF to_regclass(place || to_char(now() AT TIME ZONE 'UTC' + interval '3 months', '_YYYY_MM')) IS NULL THEN
            RAISE EXCEPTION 'no partition of %', place;
          END IF;
        END LOOP; END $$";
    owner.batch_execute(ahead).await.unwrap();
}

#[tokio::test]
async fn a_month_whose_rows_came_before_its_partition_is_left_alone() {
    let town = Town::found().await;
    let mut owner = connect(&town.database.owner_url).await.unwrap();
    // a row of ten years ago, and then the partition that it would lie in; nothing of it stays
    let late = format!(
        "BEGIN; SET LOCAL session_replication_role = replica;
         INSERT INTO audit.audit_logs (organization_id, id, actor_type, actor_name, event_type, action)
           VALUES ('{}', ops.month_bound(date_trunc('month', now()) - interval '120 months'), 'system', 'Portico', 'change', 'x');
         SELECT ops.ensure_partitions('audit.audit_logs', now() - interval '120 months', now() - interval '119 months');
         ROLLBACK",
        town.organization
    );
    owner.batch_execute(&late).await.unwrap();
}
