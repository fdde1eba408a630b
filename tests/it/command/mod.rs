//! The program as a person starts it: what it says, and its exit codes.
mod database;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::world::postgres::programs;

/// The program, with an environment that says nothing else about Portico.
pub fn portico(data: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portico"));
    for (name, _) in std::env::vars() {
        if ["PORTICO_", "DATABASE_", "OTEL_"].iter().any(|ours| name.starts_with(ours)) {
            command.env_remove(name);
        }
    }
    command
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .env("PORTICO_DATA", PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(data))
        .env("PORTICO_PROGRAMS", programs())
        .env("PORTICO_LISTEN", "127.0.0.1:0");
    command
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn settings_are_printed_with_default_meaning_and_value() {
    let output = portico("command-settings").arg("settings").env("PORTICO_MAX_DEPTH", "7").output().unwrap();
    let said = said(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("max_depth = 7  (changed)\n"), "{said}");
    assert!(said.contains("    PORTICO_MAX_DEPTH, default 15\n"), "{said}");
    assert!(said.contains("    DATABASE_URL, default (none)\n"), "{said}");
}

#[test]
fn an_unknown_setting_is_refused_with_exit_code_2() {
    let output = portico("command-unknown").arg("settings").env("PORTICO_LISTN", "x").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = said(&output);
    assert!(said.contains("Did you mean PORTICO_LISTEN?"), "{said}");
    assert!(said.contains("listen = 127.0.0.1:8080\n"), "the right names are printed: {said}");
}

#[test]
fn a_value_that_cannot_be_read_is_named_with_what_was_expected() {
    for (name, value, expected) in [
        ("PORTICO_LISTEN", "8080", "PORTICO_LISTEN cannot be read: expected an address and port"),
        ("PORTICO_POOL_SIZE", "-1", "PORTICO_POOL_SIZE cannot be read: expected a whole number"),
        ("PORTICO_LOG", "loud=very", "PORTICO_LOG cannot be read: "),
        ("PORTICO_CONFIG", "/nowhere.toml", "/nowhere.toml cannot be read: "),
        ("PORTICO_SMTP_URL", "smtps://mail.example.com", "smtp_url needs mail_from"),
        ("DATABASE_OWNER_URL", "postgres://a@b/c", "DATABASE_OWNER_URL needs DATABASE_URL"),
    ] {
        let output = portico("command-wrong").arg("doctor").env(name, value).output().unwrap();
        let said = said(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(expected), "{said}");
    }
    let output = portico("command-wrong").arg("settings").env("PORTICO_LOG", ";;").output().unwrap();
    assert!(output.status.success(), "the list helps to mend what cannot be read");
    let output = portico("command-wrong").arg("doctor").env("DATABASE_URL", "nonsense").output().unwrap();
    assert!(said(&output).contains("it should look like postgresql://"), "{}", said(&output));
}

#[test]
fn an_unreachable_database_is_named_without_its_password() {
    let url = "postgres://portico:hunter2@127.0.0.1:1/portico";
    let output = portico("command-unreachable").arg("doctor").env("DATABASE_URL", url).output().unwrap();
    let said = said(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("PostgreSQL at 127.0.0.1:1 cannot be reached"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
}

/// A server that is killed when the test fails.
pub struct Server(pub Child);

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[test]
fn a_signal_stops_the_server_and_its_postgres() {
    let data = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("command-signal");
    if data.exists() {
        fs::remove_dir_all(&data).unwrap();
    }
    // Whatever was killed before, the next start recovers by itself.
    for signal in ["-INT", "-KILL", "-TERM"] {
        let mut server = Server(
            portico("command-signal")
                .arg("serve")
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap(),
        );
        // Whatever it logs is read, so that it never waits for a reader.
        let log = BufReader::new(server.0.stderr.take().unwrap());
        let reader =
            std::thread::spawn(move || log.lines().map_while(Result::ok).collect::<Vec<_>>().join("\n"));
        let postmaster = data.join("data/postmaster.pid");
        let ready = |text: String| text.lines().nth(7).is_some_and(|line| line.trim() == "ready");
        wait_for("PostgreSQL runs", || fs::read_to_string(&postmaster).is_ok_and(ready));
        let second = portico("command-signal").arg("serve").output().unwrap();
        assert_eq!(second.status.code(), Some(1));
        let mine = format!("Another Portico (process {}) already uses", server.0.id());
        assert!(said(&second).contains(&mine), "{}", said(&second));
        let asked = Command::new("kill").args([signal, &server.0.id().to_string()]).status().unwrap();
        assert!(asked.success());
        let mut status = None;
        wait_for("the server ends", || {
            status = server.0.try_wait().unwrap();
            status.is_some()
        });
        let killed = signal == "-KILL";
        let log = reader.join().unwrap();
        assert_eq!(status.unwrap().code(), (!killed).then_some(0), "{log}");
        assert!(killed || !postmaster.exists(), "PostgreSQL still runs");
        wait_for("its guard has stopped PostgreSQL", || !postmaster.exists());
    }
}

fn wait_for(what: &str, mut happened: impl FnMut() -> bool) {
    let patience = Instant::now() + Duration::from_mins(2);
    while !happened() {
        assert!(Instant::now() < patience, "waiting until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_schema_is_compared_and_what_breaks_clients_fails() {
    let compare = |text: &str| {
        let mut command = portico("command-schema");
        let mut run = command
            .args(["schema", "--compare", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut run.stdin.take().unwrap(), text.as_bytes()).unwrap();
        let output = run.wait_with_output().unwrap();
        (output.status.code(), said(&output))
    };
    let own = portico("command-schema").arg("schema").output().unwrap();
    let own = String::from_utf8(own.stdout).unwrap();
    let (code, said) = compare(&own);
    assert_eq!((code, said.as_str()), (Some(0), "0 breaking, 0 dangerous, 0 safe\n"));
    // what was there once, and is not now
    let (code, said) =
        compare(&own.replacen("  daysInPipeline: Int\n", "  daysInPipeline: Int\n  gone: Int\n", 1));
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("BREAKING  Deal.gone: the field was removed\n1 breaking, 0 dangerous, 0 safe"),
        "{said}"
    );
    assert!(said.contains("Deprecate first"), "{said}");
    // what was not there, and is now
    let (code, said) = compare(&own.replacen(
        "  daysInPipeline: Int\n",
        "  gone: Int @deprecated(reason: \"Use `Deal.id`. Removal on 2026-01-01.\")\n",
        1,
    ));
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("SAFE      Deal.daysInPipeline: the field was added"), "{said}");
    assert!(
        said.contains("SAFE      Deal.gone: the field was removed, as was announced for 2026-01-01"),
        "{said}"
    );
    let (code, said) = compare("no schema");
    assert_eq!(code, Some(1));
    assert!(said.contains("- is no schema: "), "{said}");
}
