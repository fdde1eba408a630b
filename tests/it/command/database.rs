//! Commands one after the other on one database, as an operator gives them.
use std::path::PathBuf;
use std::process::Output;

use super::{portico, said};

/// A PostgreSQL of its own in a directory of its own, stopped at the end, and what its commands are told besides.
struct Site {
    data: &'static str,
    environment: Vec<(&'static str, String)>,
}

impl Site {
    fn open(data: &'static str) -> Self {
        let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(data);
        if directory.exists() {
            // whatever a run of the tests left running that was killed
            drop(portico(data).args(["database", "stop"]).output());
            std::fs::remove_dir_all(&directory).unwrap();
        }
        let site = Self { data, environment: Vec::new() };
        site.well(&["database", "start"]);
        site
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let environment = self.environment.iter().map(|(name, value)| (name, value));
        portico(self.data).args(arguments).envs(environment).output().unwrap()
    }

    /// What a command says that has to go well.
    fn well(&self, arguments: &[&str]) -> String {
        self.ends(0, arguments)
    }

    /// What a command says that has to end with this code.
    fn ends(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        said
    }

    /// Runs statements as the superuser of the embedded PostgreSQL.
    fn sql(&self, statements: &[&str]) {
        let commands = statements.iter().flat_map(|statement| ["-c", statement]);
        let arguments: Vec<&str> =
            ["database", "psql", "-qv", "ON_ERROR_STOP=1"].into_iter().chain(commands).collect();
        let output = portico(self.data).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        drop(portico(self.data).args(["database", "stop"]).output());
    }
}

#[test]
fn one_database_from_nothing_to_its_last_check() {
    let site = Site::open("command-database");
    assert!(site.well(&["database", "start"]).contains("was running already"));
    let ill = site.ends(3, &["doctor"]);
    assert!(
        ill.contains("BAD   migrations: pending: ") && ill.contains("Run `portico migrate up`."),
        "{ill}"
    );
    assert!(site.ends(3, &["migrate", "status"]).contains("pending"));
    assert!(
        site.ends(1, &["migrate", "up", "--target", "nonsense"]).contains("there is no migration nonsense")
    );

    assert!(site.well(&["migrate", "up", "--target", "identity"]).trim_end().ends_with("_identity"));
    site.well(&["migrate", "up"]);
    assert_eq!(site.well(&["migrate", "up"]), "nothing to do\n");
    assert!(!site.well(&["migrate", "status"]).contains("pending"));
    assert!(!site.well(&["doctor"]).contains("BAD"));
    let newest = site.well(&["migrate", "down"]);
    assert!(site.ends(3, &["migrate", "status"]).contains("pending"), "{newest}");
    site.well(&["migrate", "up"]);

    assert!(site.well(&["seed"]).contains("sarah.chen@aether-demo.example"));
    assert!(site.well(&["seed"]).contains("only for an empty database"));
    assert!(site.well(&["seed", "--organizations", "1", "--scale", "0.01"]).contains("org-0001"));
    let token = site.well(&["token", "--email", "sarah.chen@aether-demo.example"]);
    assert_eq!(token.trim().split('.').count(), 3, "{token}");
    let nobody = site.ends(1, &["token", "--email", "nobody@example.com"]);
    assert!(nobody.contains("nobody with the address `nobody@example.com`"), "{nobody}");
    let two = site.ends(1, &["token", "--email", "tomas.herrera@aether-demo.example"]);
    assert!(two.contains("aether-demo, nimbus-labs"), "{two}");
    assert_eq!(site.well(&["mail"]), "");
    let mail = "INSERT INTO identity.mail (id, recipient, subject, body)
        VALUES (gen_random_uuid(), 'Sarah@example.com', 'A word', 'Hello.')";
    site.sql(&[mail]);
    let mail = site.well(&["mail", "--to", "sarah@example.com"]);
    assert!(mail.ends_with("To: Sarah@example.com\nSubject: A word\nState: waiting\n\nHello.\n\n"), "{mail}");
    assert_eq!(site.well(&["mail", "--to", "tom@example.com"]), "");
    assert!(site.well(&["audit", "verify"]).contains("aether-demo: "));
    assert!(site.ends(1, &["audit", "verify", "--organization", "nowhere"]).contains("`nowhere`"));

    site.sql(&["ALTER TABLE sales.deals NO FORCE ROW LEVEL SECURITY"]);
    let open = site.ends(3, &["doctor"]);
    assert!(open.contains("BAD   tables: row level security is not forced on: sales.deals"), "{open}");
    assert!(site.well(&["database", "stop"]).contains("is stopped"));
    assert!(site.well(&["database", "stop"]).contains("was not running"));
}

#[test]
fn an_owner_without_privileges_and_a_server_with_less() {
    let mut site = Site::open("command-foreign");
    let address = site.well(&["database", "start"]);
    let address = address.trim().rsplit(' ').next().unwrap().to_owned();
    let of = |role: &str| address.replace("postgres@", &format!("{role}@")).replace("/portico", "/firm");
    site.sql(&[
        "CREATE ROLE boss LOGIN CREATEROLE NOSUPERUSER",
        "CREATE ROLE web LOGIN NOINHERIT",
        "CREATE DATABASE firm OWNER boss",
    ]);
    site.environment = vec![("DATABASE_URL", of("web")), ("DATABASE_OWNER_URL", of("boss"))];
    site.well(&["migrate", "up"]);
    site.well(&["seed"]);
    let not_yet = site.ends(3, &["doctor"]);
    assert!(not_yet.contains("GRANT portico_app TO the role in DATABASE_URL."), "{not_yet}");
    site.sql(&["GRANT portico_app TO web"]);
    // row level security binds an owner who is no superuser, and still shows them the mail
    let mail = "INSERT INTO identity.mail (id, recipient, subject, body)
        VALUES (gen_random_uuid(), 'boss@example.com', 'A word', 'Hello.')";
    site.sql(&["\\c firm", mail]);
    assert!(site.well(&["mail"]).contains("boss@example.com"));
    // what only a superuser can do is left, and said
    let slow = site.ends(3, &["doctor"]);
    assert!(slow.contains("ok    server: it can work as portico_app"), "{slow}");
    assert_eq!(slow.matches("BAD").count(), 1, "{slow}");
    assert!(slow.contains("`portico migrate up --database-url …` once as a superuser"), "{slow}");
    site.well(&["token", "--email", "sarah.chen@aether-demo.example"]);
    site.well(&["migrate", "up", "--database-url", &address.replace("/portico", "/firm")]);
    assert!(!site.well(&["doctor"]).contains("BAD"));

    site.environment = vec![("DATABASE_URL", of("web"))];
    let refused = site.ends(1, &["doctor"]);
    assert!(refused.contains("DATABASE_OWNER_URL has to name the owner of the tables"), "{refused}");
    let refused = site.ends(1, &["database", "stop"]);
    assert!(refused.contains("not Portico's to start or stop"), "{refused}");
}
