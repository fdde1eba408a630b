//! What the server writes to people: mail that waits until it is delivered, or until it is read where it waits.
use crate::{domains::prelude::*, graph::visit::Visit, store::tables::identity::mail};

/// Writes to `recipient`, and to nobody else.
pub(super) async fn post(write: &mut Write, recipient: &str, subject: &str, body: &str) -> Outcome<()> {
    send(write, "mail", recipient, subject, body).await
}

/// The same as a text message to a telephone, which waits where `portico mail` shows it.
pub(super) async fn text(write: &mut Write, phone: &str, body: &str) -> Outcome<()> {
    send(write, "sms", phone, "Text message", body).await
}

async fn send(write: &mut Write, channel: &str, recipient: &str, subject: &str, body: &str) -> Outcome<()> {
    write.as_signing_in(recipient).await?;
    diesel::insert_into(mail::table)
        .values((
            mail::id.eq(clock::new_id()),
            mail::channel.eq(channel),
            mail::recipient.eq(recipient),
            mail::subject.eq(subject),
            mail::body.eq(body),
            mail::created_at.eq(clock::now()),
        ))
        .execute(write)
        .await?;
    Ok(write.as_signing_in("").await?)
}

/// A token as a mail shows it: on a line of its own, below the address of the page that takes it where there is one. What
/// follows `#` is sent to no server, and so stands in no server's log.
pub(super) fn shown(visit: &Visit, page: &str, token: &str) -> String {
    match &visit.web_url {
        Some(web) => {
            format!("{web}/{page}#token={token}\n\nIf you are asked for the token itself:\n\n{token}")
        }
        None => token.to_owned(),
    }
}
