//! `portico mail`: what the server has written to people, for whoever reaches the database as its owner.
use anyhow::Result;
use clap::Args;

use super::{Database, Outcome, say};
use crate::{settings::Settings, store::mail};

/// Whose.
#[derive(Debug, Args)]
pub(super) struct Mail {
    /// Only mail to this e-mail address
    #[arg(long, value_name = "ADDRESS")]
    to: Option<String>,
}

impl Mail {
    pub(super) async fn run(self, settings: Settings) -> Result<Outcome> {
        let database = Database::join(&settings).await?;
        let written = mail::written(&database.owner_url, self.to.as_deref()).await;
        database.close().await?;
        for mail in written? {
            let date = mail.created_at.to_rfc2822();
            let state = match (mail.sent_at, mail.failure) {
                (Some(at), _) => format!("sent {}", at.to_rfc2822()),
                (None, Some(failure)) => format!("not delivered: {failure}"),
                (None, None) => "waiting".to_owned(),
            };
            say(format_args!(
                "Date: {date}\nTo: {}\nSubject: {}\nState: {state}\n\n{}\n",
                mail.recipient, mail.subject, mail.body
            ))?;
        }
        Ok(Outcome::Done)
    }
}
