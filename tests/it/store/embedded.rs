//! The embedded PostgreSQL through what happens to it: a second start, and being killed with its server or alone.
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use diesel::sql_query;
use diesel_async::RunQueryDsl;
use portico::store::connect::connect;
use portico::store::embedded::{DATABASE, Embedded, Options};

use crate::world::postgres::programs;

/// A directory of this test alone, empty at the start.
fn options(test: &str) -> Options {
    let home = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test);
    if home.exists() {
        fs::remove_dir_all(&home).unwrap();
    }
    Options { home, programs: programs().to_owned(), durable: false }
}

fn postmaster(embedded: &Embedded) -> String {
    let home = embedded.log().parent().unwrap().to_owned();
    let text = fs::read_to_string(home.join("data/postmaster.pid")).unwrap();
    text.lines().next().unwrap().to_owned()
}

fn kill(signal: &str, process: &str) {
    assert!(Command::new("kill").args([signal, process]).status().unwrap().success());
}

async fn answers(embedded: &Embedded) -> bool {
    let Ok(mut connection) = connect(&embedded.owner_url(DATABASE)).await else { return false };
    sql_query("SELECT 1").execute(&mut connection).await.is_ok()
}

#[tokio::test]
async fn a_second_start_refuses_and_a_command_joins() {
    let options = options("embedded-second");
    let first = Embedded::start(&options).unwrap();
    let refused = format!("{:#}", Embedded::start(&options).unwrap_err());
    assert!(refused.contains(&format!("Another Portico (process {})", std::process::id())), "{refused}");

    let joined = Embedded::join(&options).unwrap();
    assert!(answers(&joined).await);
    joined.stop().unwrap();
    assert!(answers(&first).await, "who joined does not stop it");
    first.stop().unwrap();
    Embedded::start(&options).unwrap().stop().unwrap();
}

#[tokio::test]
async fn it_recovers_after_postgres_was_killed() {
    let options = options("embedded-killed");
    let mut first = Embedded::start(&options).unwrap();
    let mut connection = connect(&first.owner_url(DATABASE)).await.unwrap();
    sql_query("CREATE TABLE kept AS SELECT 1").execute(&mut connection).await.unwrap();
    sql_query("CHECKPOINT").execute(&mut connection).await.unwrap();
    kill("-KILL", &postmaster(&first));
    let patience = Instant::now() + Duration::from_secs(10);
    while first.ended().unwrap().is_none() {
        assert!(Instant::now() < patience);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    drop(first);

    let second = Embedded::start(&options).unwrap();
    let mut connection = connect(&second.owner_url(DATABASE)).await.unwrap();
    sql_query("SELECT FROM kept").execute(&mut connection).await.unwrap();
    drop(connection);
    second.stop().unwrap();
}

#[tokio::test]
async fn one_that_stands_is_used_and_left_running() {
    let options = options("embedded-stands");
    assert!(Embedded::stand(&options).unwrap());
    assert!(!Embedded::stand(&options).unwrap());
    let used = Embedded::start(&options).unwrap();
    let first = postmaster(&used);
    used.stop().unwrap();
    let used = Embedded::join(&options).unwrap();
    assert!(answers(&used).await);
    assert_eq!(postmaster(&used), first);
    used.stop().unwrap();
    assert!(Embedded::stop_standing(&options).unwrap());
    assert!(!Embedded::stop_standing(&options).unwrap());
}

#[tokio::test]
async fn only_its_account_may_enter_data_and_socket() {
    let embedded = Embedded::start(&options("embedded-private")).unwrap();
    let home = embedded.log().parent().unwrap();
    for private in ["data", "run"] {
        let directory = home.join(private);
        // A long path has its socket elsewhere.
        if let Ok(found) = fs::metadata(directory) {
            assert_eq!(found.permissions().mode() & 0o777, 0o700, "{private}");
        }
    }
    let mut connection = connect(&embedded.owner_url(DATABASE)).await.unwrap();
    let tcp = sql_query("SELECT FROM pg_settings WHERE name = 'listen_addresses' AND setting = ''");
    assert_eq!(tcp.execute(&mut connection).await.unwrap(), 1);
}

#[tokio::test]
async fn data_of_another_version_are_refused() {
    let options = options("embedded-version");
    fs::create_dir_all(options.home.join("data")).unwrap();
    fs::write(options.home.join("data/PG_VERSION"), "17\n").unwrap();
    let refused = format!("{:#}", Embedded::start(&options).unwrap_err());
    assert!(refused.contains("holds data of PostgreSQL 17"), "{refused}");
}
