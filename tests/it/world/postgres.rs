//! One embedded PostgreSQL for the whole binary. It starts with the first test that asks for it, and stops when
//! the process ends, also when it is killed. Its programs are those of `make run`.
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use diesel::sql_types::Text;
use diesel::{QueryableByName, sql_query};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use portico::store::connect::connect;
use portico::store::embedded::{Embedded, OWNER, Options};
use portico::store::migrate;
use tokio::sync::OnceCell;

/// The migrated database that the others are copies of; nobody may stay connected to it.
const TEMPLATE: &str = "it_template";
/// The database that most tests share, each in an organization of its own.
const SHARED: &str = "it_shared";

/// The PostgreSQL of this test run.
pub struct Cluster {
    embedded: Embedded,
    copies: AtomicU32,
}

/// One database of the cluster.
#[derive(Debug, Clone)]
pub struct Database {
    /// For the owner of the tables.
    pub owner_url: String,
    /// For the role that the server works as.
    pub app_url: String,
}

/// The cluster, started and migrated by the first caller.
pub async fn cluster() -> &'static Cluster {
    static CLUSTER: OnceCell<Cluster> = OnceCell::const_new();
    CLUSTER.get_or_init(Cluster::start).await
}

/// The database that tests share; a test works in an organization that it made.
pub async fn shared() -> Database {
    cluster().await.database(SHARED)
}

/// A fresh copy of the migrated database, for a test of what all organizations share.
pub async fn fresh() -> Database {
    let cluster = cluster().await;
    let name = format!("it_copy_{}", cluster.copies.fetch_add(1, Ordering::Relaxed));
    cluster.run(&format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE}")).await;
    cluster.database(&name)
}

/// An empty database, for tests of the migrations themselves.
pub async fn empty() -> Database {
    let cluster = cluster().await;
    let name = format!("it_empty_{}", cluster.copies.fetch_add(1, Ordering::Relaxed));
    cluster.run(&format!("CREATE DATABASE {name}")).await;
    cluster.database(&name)
}

/// Where PostgreSQL's programs are unpacked once for the server and for all tests.
pub fn programs() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.portico"))
}

impl Cluster {
    async fn start() -> Self {
        let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("it-postgres");
        let options = Options { home, programs: programs().to_owned(), durable: false };
        let embedded = tokio::task::spawn_blocking(move || start_patiently(&options)).await.unwrap();
        let cluster = Self { embedded, copies: AtomicU32::new(0) };
        cluster.drop_leftovers().await;
        cluster.run(&format!("CREATE DATABASE {TEMPLATE}")).await;
        migrate::up(&cluster.database(TEMPLATE).owner_url, None).await.unwrap();
        cluster.run(&format!("CREATE DATABASE {SHARED} TEMPLATE {TEMPLATE}")).await;
        cluster
    }

    /// The addresses of one database.
    pub fn database(&self, name: &str) -> Database {
        Database { owner_url: self.embedded.owner_url(name), app_url: self.embedded.app_url(name) }
    }

    async fn run(&self, statement: &str) {
        sql_query(statement).execute(&mut self.connection().await).await.unwrap();
    }

    async fn connection(&self) -> AsyncPgConnection {
        connect(&self.embedded.owner_url(OWNER)).await.unwrap()
    }

    /// The databases of the run before.
    async fn drop_leftovers(&self) {
        #[derive(QueryableByName)]
        struct Leftover {
            #[diesel(sql_type = Text)]
            name: String,
        }
        let leftovers: Vec<Leftover> =
            sql_query("SELECT datname::text AS name FROM pg_database WHERE starts_with(datname, 'it_')")
                .load(&mut self.connection().await)
                .await
                .unwrap();
        for leftover in leftovers {
            self.run(&format!("DROP DATABASE {} WITH (FORCE)", leftover.name)).await;
        }
    }
}

/// Another run of the tests may be about to end. What a run left behind that was killed may be past recovery, since
/// nothing of it is written durably: then it begins anew.
fn start_patiently(options: &Options) -> Embedded {
    let patience = Instant::now() + Duration::from_mins(1);
    loop {
        let error = match Embedded::start(options) {
            Ok(embedded) => return embedded,
            Err(error) => format!("{error:#}"),
        };
        assert!(Instant::now() < patience, "{error}");
        if !error.contains("already uses") {
            let _ = std::fs::remove_dir_all(options.home.join("data"));
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}
