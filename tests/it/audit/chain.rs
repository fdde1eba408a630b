use std::{path::Path, sync::Arc, time::Duration};

use diesel_async::SimpleAsyncConnection;
use futures_util::future::join_all;
use portico::{
    live::{checkpoint::Checkpoints, seal_audit},
    store::{
        audit_chain::{self, Due, Sealing, Verdict},
        connect::connect,
        door::{Door, DoorSettings},
    },
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::world::{
    city::Town,
    postgres::{self, Database},
};

/// A door to a database, as servers have one.
pub fn door(database: &Database) -> Door {
    let url = database.app_url.clone();
    let (statement_timeout, pool_wait) = (Duration::from_secs(20), Duration::from_secs(5));
    Door::new(&DoorSettings { url, pool_size: 4, statement_timeout, pool_wait }).unwrap()
}

/// Checkpoints of a server whose data are in a folder of their own.
pub fn checkpoints() -> Arc<Checkpoints> {
    let data = Path::new(env!("CARGO_TARGET_TMPDIR")).join(Uuid::now_v7().to_string());
    Arc::new(Checkpoints::open(&data).unwrap())
}

/// An organization with entries as an application writes them.
pub async fn with_entries(town: &Town, count: usize) {
    let mut owner = town.owner().await;
    for number in 0..count {
        owner.batch_execute(&entry(town.organization, number)).await.unwrap();
    }
}

fn entry(organization: Uuid, number: usize) -> String {
    format!(
        "INSERT INTO audit.audit_logs (organization_id, id, actor_type, actor_name, event_type, action, new_values, ip_address)
         VALUES ('{organization}', '{}', 'system', 'test', 'change', 'deal.updated', '{{\"value\": {number}.50, \"name\": null}}', '10.0.0.1')",
        Uuid::now_v7()
    )
}

#[tokio::test]
async fn entries_are_sealed_once_and_the_chain_goes_on() {
    let town = Town::found().await;
    let door = door(&town.database);
    with_entries(&town, 3).await;
    let Sealing { count, end, .. } =
        audit_chain::seal(&door, Due::all(town.organization)).await.unwrap().unwrap();
    assert_eq!((count, end.seq), (3, 3));
    assert_eq!(audit_chain::seal(&door, Due::all(town.organization)).await.unwrap(), None);
    with_entries(&town, 2).await;
    let waiting = audit_chain::verify(&door, town.organization, Some(&end)).await.unwrap();
    assert_eq!(waiting, Verdict { sound: 3, unsealed: 2, broken: None });
    let Sealing { count, end, .. } =
        audit_chain::seal(&door, Due::all(town.organization)).await.unwrap().unwrap();
    assert_eq!((count, end.seq), (2, 5));
    let sound = Verdict { sound: 5, unsealed: 0, broken: None };
    assert_eq!(audit_chain::verify(&door, town.organization, Some(&end)).await.unwrap(), sound);
    assert_eq!(audit_chain::hash_at(&door, town.organization, 5).await.unwrap(), Some(end.hash));
}

#[tokio::test]
async fn an_entry_that_commits_late_stands_later_and_holds_nobody_up() {
    let town = Town::found().await;
    let door = door(&town.database);
    let mut slow = town.owner().await;
    slow.batch_execute(&format!("BEGIN; {}", entry(town.organization, 0))).await.unwrap();
    with_entries(&town, 1).await;
    let Sealing { count, .. } = audit_chain::seal(&door, Due::all(town.organization)).await.unwrap().unwrap();
    assert_eq!(count, 1);
    slow.batch_execute("COMMIT").await.unwrap();
    let Sealing { count, end, .. } =
        audit_chain::seal(&door, Due::all(town.organization)).await.unwrap().unwrap();
    assert_eq!((count, end.seq), (1, 2));
    let sound = Verdict { sound: 2, unsealed: 0, broken: None };
    assert_eq!(audit_chain::verify(&door, town.organization, None).await.unwrap(), sound);
}

#[tokio::test]
async fn many_servers_do_not_fork_the_chain() {
    let town = Town::found().await;
    let doors: Vec<Door> = (0..4).map(|_| door(&town.database)).collect();
    let writers = join_all((0..4).map(|_| with_entries(&town, 20)));
    let sealers = join_all(doors.iter().map(async |door| {
        for _ in 0..30 {
            drop(audit_chain::seal(door, Due::all(town.organization)).await.unwrap());
        }
    }));
    futures_util::join!(writers, sealers);
    drop(audit_chain::seal(&doors[0], Due::all(town.organization)).await.unwrap());
    let sound = Verdict { sound: 80, unsealed: 0, broken: None };
    assert_eq!(audit_chain::verify(&doors[0], town.organization, None).await.unwrap(), sound);
}

#[tokio::test]
async fn the_background_work_seals_all_organizations_and_remembers_how_far_they_came() {
    let database = postgres::fresh().await;
    let (door, checkpoints, stop) = (door(&database), checkpoints(), CancellationToken::new());
    let organizations = [Uuid::now_v7(), Uuid::now_v7()];
    let mut owner = connect(&database.owner_url).await.unwrap();
    for organization in organizations {
        let made = format!(
            "INSERT INTO identity.organizations (id, name, slug) VALUES ('{organization}', 'Town', 't{}')",
            organization.simple()
        );
        owner.batch_execute(&format!("{made}; {}", entry(organization, 1))).await.unwrap();
    }
    assert_eq!(seal_audit::seal_due(&door, &checkpoints).await.unwrap(), 2);
    assert_eq!(audit_chain::due(&door).await.unwrap(), Vec::<Due>::new());
    for organization in organizations {
        assert_eq!(checkpoints.read(organization).unwrap().unwrap().seq, 1);
    }
    let background = seal_audit::spawn(door.clone(), checkpoints.clone(), stop.clone());
    let committed = std::time::Instant::now();
    owner.batch_execute(&entry(organizations[0], 2)).await.unwrap();
    while checkpoints.read(organizations[0]).unwrap().unwrap().seq < 2 {
        assert!(committed.elapsed() < Duration::from_secs(5));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stop.cancel();
    background.await.unwrap();
}
