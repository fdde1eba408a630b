//! The outbox as the owner of the tables reads it; the server may only add to it.
use anyhow::Result;
use chrono::{DateTime, Utc};
use diesel::{
    QueryableByName, sql_query,
    sql_types::{Nullable, Text, Timestamptz},
};
use diesel_async::RunQueryDsl;

use super::connect::connect;

/// One mail.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Mail {
    #[diesel(sql_type = Text)]
    pub recipient: String,
    #[diesel(sql_type = Text)]
    pub subject: String,
    #[diesel(sql_type = Text)]
    pub body: String,
    #[diesel(sql_type = Timestamptz)]
    pub created_at: DateTime<Utc>,
}

/// All mail, or that to one address, the oldest first.
pub async fn written(owner_url: &str, to: Option<&str>) -> Result<Vec<Mail>> {
    let mail = sql_query(
        "SELECT recipient, subject, body, created_at FROM identity.mail
         WHERE $1 IS NULL OR lower(recipient) = lower($1) ORDER BY id",
    );
    Ok(mail.bind::<Nullable<Text>, _>(to).load(&mut connect(owner_url).await?).await?)
}
