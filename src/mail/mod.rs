//! Mail on its way: what waits in the outbox is handed to an SMTP server, at least once, by one server at a time. Without
//! one it stays where it is, and `portico mail` shows it.
//!
//! A mail is taken for a while, not locked: a transaction that waited for an SMTP server would hold up everybody's events.
//! Whoever takes it and is cut off has perhaps sent it and not said so; then it is sent again, under the same `Message-ID`.
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, ensure};
use futures_util::future::join_all;
use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
    transport::smtp,
};
use tokio::{task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;
use url::{Host, Url};

use crate::{
    store::{
        door::Door,
        error::Result as StoreResult,
        mail::{self, Due},
    },
    telemetry::{Piece, piece},
};

/// A mail waits this long at most before its turn comes.
const EVERY: Duration = Duration::from_secs(1);
/// So many are handed over at the same time.
const AT_ONCE: i64 = 8;
/// How long handing over one may take: well below the time for which it is taken.
const PATIENCE: Duration = Duration::from_mins(1);
/// How often it is looked for what is no longer needed.
const TIDY: Duration = Duration::from_hours(1);

/// The way to an SMTP server.
pub struct Postman {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Postman {
    /// With the server of this URL, in the name of this address.
    pub fn new(smtp_url: &str, from: &str) -> Result<Self> {
        let url = Url::parse(smtp_url).context("PORTICO_SMTP_URL is no URL")?;
        let sealed = url.scheme() == "smtps"
            || url.query_pairs().any(|pair| pair == ("tls".into(), "required".into()));
        let here = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        ensure!(
            sealed || here || url.password().is_none(),
            "PORTICO_SMTP_URL would send its password in clear: begin it with smtps:// or end it with ?tls=required"
        );
        let from: Mailbox = from.parse().context("PORTICO_MAIL_FROM is no e-mail address")?;
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(smtp_url)
            .context("PORTICO_SMTP_URL cannot be used")?
            .timeout(Some(PATIENCE / 2))
            .build();
        Ok(Self { transport, from })
    }

    /// Hands over all mail that is due; says how much of it has arrived.
    pub async fn deliver_due(&self, door: &Door) -> StoreResult<usize> {
        let mut arrived = 0;
        loop {
            let due = mail::take(door, AT_ONCE).await?;
            if due.is_empty() {
                return Ok(arrived);
            }
            let deliver = |due| piece("mail", self.deliver(door, due), come);
            for delivered in join_all(due.iter().map(deliver)).await {
                arrived += usize::from(delivered?);
            }
        }
    }

    /// Hands over one mail and notes what came of it; says whether it has arrived.
    async fn deliver(&self, door: &Door, due: &Due) -> StoreResult<bool> {
        let failure = match self.letter(due) {
            Err(error) => Failure { reason: format!("{error:#}"), is_final: true },
            Ok(letter) => match tokio::time::timeout(PATIENCE, self.transport.send(letter)).await {
                Ok(Ok(_)) => {
                    mail::sent(door, due.id).await?;
                    return Ok(true);
                }
                Ok(Err(error)) => Failure::of(&error),
                Err(_) => Failure { reason: "the SMTP server did not answer".to_owned(), is_final: false },
            },
        };
        tracing::warn!(mail = %due.id, reason = failure.reason, is_final = failure.is_final, "A mail was not delivered");
        mail::failed(door, due, &failure.reason, failure.is_final).await?;
        Ok(false)
    }

    fn letter(&self, due: &Due) -> Result<Message> {
        let to: Address = due.recipient.parse().context("the recipient is no e-mail address")?;
        Ok(Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(due.subject.as_str())
            .date(SystemTime::from(due.created_at))
            .message_id(Some(format!("<{}@{}>", due.id, self.from.email.domain())))
            .header(ContentType::TEXT_PLAIN)
            .body(due.body.clone())?)
    }
}

/// What has become of a mail, for whoever operates the server.
fn come(delivered: &StoreResult<bool>) -> Piece {
    match delivered {
        Ok(true) => Piece::of(1),
        Ok(false) => Piece { outcome: "failed", ..Piece::of(1) },
        Err(_) => Piece::ERRORS,
    }
}

/// Why a mail was not delivered.
struct Failure {
    reason: String,
    /// Trying again would not help.
    is_final: bool,
}

impl Failure {
    /// What the server says for good of an address or of what is sent to it; that it will not have us is perhaps a
    /// setting that somebody mends.
    const FINAL: [&str; 6] = ["501", "550", "551", "552", "553", "556"];

    fn of(error: &smtp::Error) -> Self {
        let is_final = error.status().is_some_and(|code| Self::FINAL.contains(&code.to_string().as_str()));
        Self { reason: error.to_string(), is_final }
    }
}

/// Delivers, where there is a way, and tidies up, until told to stop; a delivery that has begun is finished.
pub fn spawn(door: Door, postman: Option<Postman>, stop: CancellationToken) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut tidied = None::<Instant>;
        while stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_some() {
            if let Some(postman) = &postman
                && let Err(error) = postman.deliver_due(&door).await
            {
                tracing::warn!(%error, "Mail could not be delivered; it is tried again");
            }
            if tidied.is_none_or(|at| at.elapsed() > TIDY) {
                tidied = Some(Instant::now());
                if let Err(error) = mail::forget(&door).await {
                    tracing::warn!(%error, "Old mail and tokens could not be deleted; it is tried again");
                }
            }
        }
    })
}
