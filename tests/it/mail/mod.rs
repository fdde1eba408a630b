//! Mail leaves the outbox for a real SMTP server: at least once, by one server at a time, and not for ever.
pub mod smtp;

use std::{
    collections::BTreeSet,
    process::Stdio,
    time::{Duration, Instant},
};

use diesel::{QueryableByName, sql_query, sql_types::Text};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use futures_util::future::join_all;
use portico::{
    mail::Postman,
    store::{connect::connect, door::Door, mail},
};

use self::smtp::Smtp;
use crate::{
    command::{Server, portico},
    world::{
        postgres::{self, Database},
        server,
    },
};

/// An outbox of the test's own.
struct Outbox {
    database: Database,
    door: Door,
}

#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = Text)]
    answer: String,
}

impl Outbox {
    async fn open() -> Self {
        let database = postgres::fresh().await;
        let door = server::door(&database.app_url, 12);
        Self { database, door }
    }

    async fn run(&self, statement: &str) {
        connect(&self.database.owner_url).await.unwrap().batch_execute(statement).await.unwrap();
    }

    /// Writes to each of these, as the server does.
    async fn write_to(&self, recipients: &[&str]) {
        for recipient in recipients {
            self.run(&format!(
                "INSERT INTO identity.mail (id, recipient, subject, body)
                   VALUES (ops.uuid_v7(), '{recipient}', 'Grüße an {recipient}', 'Ein Wörtchen.' || chr(10) || '.' || chr(10) || 'Ende')"
            ))
            .await;
        }
    }

    /// The state of each mail, the oldest first.
    async fn states(&self) -> Vec<String> {
        let states = "SELECT CASE WHEN sent_at IS NOT NULL THEN 'sent' WHEN failed_at IS NOT NULL THEN 'failed' ELSE 'waiting' END
            || ' ' || attempts || ' ' || coalesce(failure, '') AS answer FROM identity.mail ORDER BY id";
        let mut owner = connect(&self.database.owner_url).await.unwrap();
        let states: Vec<Answer> = sql_query(states).load(&mut owner).await.unwrap();
        states.into_iter().map(|state| state.answer).collect()
    }

    async fn deliver(&self, smtp: &Smtp) -> usize {
        let postman = Postman::new(&smtp.url(), "Portico <portico@example.com>").unwrap();
        postman.deliver_due(&self.door).await.unwrap()
    }

    /// As if half a minute and more had passed.
    async fn wait(&self) {
        self.run("UPDATE identity.mail SET next_attempt_at = now() WHERE sent_at IS NULL").await;
    }
}

#[tokio::test]
async fn mail_is_handed_to_the_server_and_marked_as_sent() {
    let (outbox, smtp) = (Outbox::open().await, Smtp::saying(&[]).await);
    outbox.write_to(&["ann@example.com"]).await;
    assert_eq!(outbox.deliver(&smtp).await, 1);
    assert_eq!(outbox.deliver(&smtp).await, 0);
    let received = smtp.received();
    assert_eq!(received.len(), 1);
    assert_eq!(
        (received[0].from.as_str(), received[0].to.as_str()),
        ("portico@example.com", "ann@example.com")
    );
    let text = &received[0].text;
    for part in ["From: Portico <portico@example.com>", "To: ann@example.com", "@example.com>", "Date: "] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // what is not plain is encoded, and a line of one dot does not end the mail
    assert!(
        text.contains("Subject: =?utf-8?") && text.contains("W=C3=B6rtchen") && text.ends_with("Ende\n"),
        "{text}"
    );
    assert_eq!(outbox.states().await, ["sent 1 "]);
    let written = mail::written(&outbox.database.owner_url, None).await.unwrap();
    assert!(written[0].sent_at.is_some());
    // it may have held a token
    assert_eq!(written[0].body, "(sent)");
}

#[tokio::test]
async fn what_is_refused_for_now_is_tried_again_later_and_what_is_refused_for_good_is_not() {
    let (outbox, smtp) = (Outbox::open().await, Smtp::saying(&["451 try later", "550 no such person"]).await);
    outbox.write_to(&["busy@example.com"]).await;
    assert_eq!(outbox.deliver(&smtp).await, 0);
    outbox.write_to(&["gone@example.com"]).await;
    assert_eq!(outbox.deliver(&smtp).await, 0);
    outbox.write_to(&["no address"]).await;
    assert_eq!(outbox.deliver(&smtp).await, 0);
    let states = outbox.states().await;
    assert!(states[0].starts_with("waiting 1 ") && states[0].contains("try later"), "{states:?}");
    assert!(states[1].starts_with("failed 1 ") && states[1].contains("no such person"), "{states:?}");
    assert_eq!(states[2], "failed 1 the recipient is no e-mail address: Missing domain or user");
    outbox.wait().await;
    assert_eq!(outbox.deliver(&smtp).await, 1);
    assert_eq!(outbox.states().await[0], "sent 2 ");
    assert_eq!(smtp.received().len(), 1);
}

#[tokio::test]
async fn servers_that_deliver_at_once_do_not_send_anything_twice() {
    let (outbox, smtp) = (Outbox::open().await, Smtp::saying(&[]).await);
    let people: Vec<String> = (0..40).map(|number| format!("person-{number}@example.com")).collect();
    outbox.write_to(&people.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let delivered = join_all((0..4).map(|_| outbox.deliver(&smtp))).await;
    assert_eq!(delivered.iter().sum::<usize>(), 40);
    let received: Vec<String> = smtp.received().into_iter().map(|mail| mail.to).collect();
    assert_eq!(received.len(), 40);
    assert_eq!(received.into_iter().collect::<BTreeSet<_>>(), people.into_iter().collect());
}

#[tokio::test]
async fn what_a_server_took_and_did_not_deliver_is_taken_by_another() {
    let (outbox, smtp) = (Outbox::open().await, Smtp::saying(&[]).await);
    outbox.write_to(&["ann@example.com"]).await;
    // this one is cut off
    assert_eq!(mail::take(&outbox.door, 10).await.unwrap().len(), 1);
    assert_eq!(outbox.deliver(&smtp).await, 0);
    outbox.wait().await;
    assert_eq!(outbox.deliver(&smtp).await, 1);
    assert_eq!(outbox.states().await, ["sent 2 "]);
}

#[tokio::test]
async fn without_an_answer_mail_waits_for_a_day_and_longer_each_time() {
    let (outbox, smtp) = (Outbox::open().await, Smtp::saying(&[]).await);
    outbox.write_to(&["ann@example.com"]).await;
    let nowhere = Postman::new("smtp://127.0.0.1:9", "portico@example.com").unwrap();
    for (attempts, seconds) in [(1, 30), (2, 60), (3, 120), (13, 3600)] {
        outbox
            .run(&format!("UPDATE identity.mail SET attempts = {attempts} - 1, next_attempt_at = now()"))
            .await;
        assert_eq!(nowhere.deliver_due(&outbox.door).await.unwrap(), 0);
        let soon = format!(
            "DO $$ BEGIN ASSERT (SELECT abs(extract(epoch FROM next_attempt_at - now()) - {seconds}) < 10 FROM identity.mail); END $$"
        );
        outbox.run(&soon).await;
    }
    outbox.wait().await;
    outbox.run("UPDATE identity.mail SET created_at = now() - interval '25 hours', failure = NULL").await;
    assert_eq!(outbox.deliver(&smtp).await, 0);
    assert_eq!(outbox.states().await, ["failed 13 it was not delivered within a day"]);
    assert!(smtp.received().is_empty());
}

#[tokio::test]
async fn what_was_sent_and_tokens_that_ended_are_deleted_after_a_week() {
    let outbox = Outbox::open().await;
    outbox
        .write_to(&["sent@example.com", "failed@example.com", "waiting@example.com", "new@example.com"])
        .await;
    outbox
        .run(
            "UPDATE identity.mail SET sent_at = now() - interval '8 days' WHERE recipient LIKE 'sent@%';
             UPDATE identity.mail SET failed_at = now() - interval '8 days', failure = 'x' WHERE recipient LIKE 'failed@%';
             UPDATE identity.mail SET created_at = now() - interval '8 days' WHERE recipient LIKE 'waiting@%';
             UPDATE identity.mail SET sent_at = now() WHERE recipient LIKE 'new@%';
             INSERT INTO identity.users (id, email) VALUES ('00000000-0000-7000-8000-000000000001', 'a@example.com');
             INSERT INTO identity.one_time_tokens (id, user_id, purpose, email, token_hash, expires_at)
               SELECT gen_random_uuid(), '00000000-0000-7000-8000-000000000001', 'password_reset', 'a@example.com', n::text, now() - n * interval '5 days'
               FROM generate_series(0, 3) AS n",
        )
        .await;
    assert_eq!(mail::forget(&outbox.door).await.unwrap(), 4);
    assert_eq!(outbox.states().await, ["waiting 0 ", "sent 0 "]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_delivers_by_itself_where_it_is_told_how() {
    let (outbox, smtp) = (Outbox::open().await, Smtp::saying(&[]).await);
    outbox.write_to(&["ann@example.com"]).await;
    let started = portico("mail-serve")
        .arg("serve")
        .env("DATABASE_URL", &outbox.database.app_url)
        .env("DATABASE_OWNER_URL", &outbox.database.owner_url)
        .env("PORTICO_DEMO", "false")
        .env("PORTICO_SMTP_URL", smtp.url())
        .env("PORTICO_MAIL_FROM", "Portico <portico@example.com>")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let mut server = Server(started.unwrap());
    let patience = Instant::now() + Duration::from_mins(1);
    while smtp.received().is_empty() {
        assert!(Instant::now() < patience && server.0.try_wait().unwrap().is_none(), "nothing is delivered");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(smtp.received()[0].to, "ann@example.com");
}

#[tokio::test]
async fn a_password_is_not_sent_in_clear() {
    for refused in [
        "smtp://user:secret@mail.example.com",
        "smtp://user:secret@mail.example.com?tls=opportunistic",
        "nonsense",
    ] {
        assert!(Postman::new(refused, "portico@example.com").is_err(), "{refused}");
    }
    for fine in [
        "smtps://user:secret@mail.example.com",
        "smtp://user:secret@mail.example.com?tls=required",
        "smtp://user:secret@localhost:2525",
        "smtp://mail.example.com",
    ] {
        assert!(Postman::new(fine, "Portico <portico@example.com>").is_ok(), "{fine}");
    }
    assert!(Postman::new("smtps://mail.example.com", "nobody").is_err());
}
