//! Against a running server with the demo: `PORTICO_URL=http://127.0.0.1:8080 cargo test`
use std::{collections::HashSet, time::SystemTime};

use portico_example_cynic::{Fault, Portico, operations::UserError};

async fn person(mailbox: &str) -> Result<Portico, Fault> {
    let server = std::env::var("PORTICO_URL").unwrap_or_else(|_| "http://127.0.0.1:8080".to_owned());
    Portico::sign_in(&server, &format!("{mailbox}@aether-demo.example"), "portico-demo").await
}

/// A key that was never used before.
fn key(what: &str) -> String {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos();
    format!("{what}-{now}")
}

#[tokio::test]
async fn pages_follow_each_other() {
    let marcus = person("marcus.webb").await.unwrap();
    let deals = marcus.open_deals(3).await.unwrap();
    let ids: HashSet<_> = deals.iter().map(|deal| deal.id.inner()).collect();
    assert_eq!((deals.len(), ids.len()), (30, 30));
    assert!(deals.windows(2).all(|two| two[0].name <= two[1].name || two[1].name.is_none()));
    assert!(deals.iter().all(|deal| deal.value.is_some()));
}

#[tokio::test]
async fn what_may_not_be_seen_is_none_and_the_rest_is_there() {
    let hannah = person("hannah.brooks").await.unwrap();
    let deals = hannah.open_deals(1).await.unwrap();
    assert_eq!(deals.len(), 10);
    assert!(deals.iter().all(|deal| deal.value.is_none()));
}

#[tokio::test]
async fn a_change_is_made_once_and_only_of_what_was_read() {
    let (marcus, eleanor) = (person("marcus.webb").await.unwrap(), person("eleanor.vance").await.unwrap());
    // others try their changes with the first ones
    let deal = marcus.open_deals(3).await.unwrap().pop().unwrap();
    let (once, probability) = (key("once"), if deal.probability.0 == "35.00" { "36.00" } else { "35.00" });
    let changed = marcus.change(&deal, probability, &once).await.unwrap();
    assert_eq!((changed.version, changed.probability.0.as_str()), (deal.version + 1, probability));
    let again = marcus.change(&deal, probability, &once).await.unwrap();
    assert_eq!(again.version, changed.version);
    match eleanor.change(&deal, "99.00", &key("late")).await {
        Err(Fault::User(errors)) => match errors.as_slice() {
            [UserError::Conflict(conflict)] => assert_eq!(conflict.current_version, changed.version),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
    match eleanor.change(&changed, "101.00", &key("wrong")).await {
        Err(Fault::User(errors)) => match errors.as_slice() {
            [UserError::Other(wrong)] => assert_eq!(wrong.path, ["input", "probability"]),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_wrong_password_is_told() {
    let refused = person("nobody").await.map(|_| ());
    assert!(matches!(refused, Err(Fault::User(errors)) if !errors.is_empty()));
}
