//! `portico token`: an access token for scripts, given to whoever reaches the database.
use std::{sync::Arc, time::Duration};

use anyhow::Result;
use clap::Args;

use super::{Database, Outcome, say};
use crate::{
    credential::Keys,
    domains::identity::sign_in,
    settings::Settings,
    store::door::{Caller, Door, DoorSettings},
};

/// For whom.
#[derive(Debug, Args)]
pub(super) struct Token {
    /// The person's e-mail address
    #[arg(long)]
    email: String,
    /// The organization to work in, by its short name; not needed by members of one
    #[arg(long, value_name = "SLUG")]
    organization: Option<String>,
    /// How long it is good for; the setting `access_token_minutes` unless you say otherwise
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=525_600))]
    minutes: Option<u32>,
}

impl Token {
    pub(super) async fn run(self, settings: Settings) -> Result<Outcome> {
        let mut keys = Keys::of(&settings)?;
        let minutes = self.minutes.unwrap_or(keys.rules.access_token_minutes);
        // the session lasts as long as its token: there is no refresh token to prolong it with
        keys.rules.access_token_minutes = minutes;
        keys.rules.refresh_token_days = minutes.div_ceil(24 * 60);
        let database = Database::join(&settings).await?;
        let token = self.make(&keys, &settings, &database).await;
        database.close().await?;
        say(format_args!("{}", token?))?;
        Ok(Outcome::Done)
    }

    async fn make(&self, keys: &Keys, settings: &Settings, database: &Database) -> Result<String> {
        let door = Door::new(&DoorSettings {
            url: database.app_url.clone(),
            pool_size: 1,
            statement_timeout: Duration::from_millis(settings.statement_timeout_ms),
            pool_wait: Duration::from_millis(settings.pool_wait_ms),
        })?;
        let caller = Caller {
            request: "portico token".to_owned(),
            user_agent: Some("portico token".to_owned()),
            ..Caller::default()
        };
        let mut write = door.write(Arc::new(caller)).await?;
        let tokens = sign_in::vouch(&mut write, keys, &self.email, self.organization.as_deref()).await?;
        write.commit().await?;
        Ok(tokens.access_token)
    }
}
