//! `portico doctor`: whether this database is fit to serve, line by line, with what to do about it.
use anyhow::Result;

use super::{Database, Outcome, say};
use crate::settings::Settings;
use crate::store::connect::connect;
use crate::store::inspect::{self, Finding};
use crate::store::{message_words, migrate};

pub(super) async fn run(settings: Settings) -> Result<Outcome> {
    let database = Database::join(&settings).await?;
    let findings = examine(&database).await;
    database.close().await?;
    let findings = findings?;
    say(format_args!("ok    connection: the database answers"))?;
    for finding in &findings {
        say(format_args!(
            "{}  {}: {}",
            if finding.good { "ok  " } else { "BAD " },
            finding.subject,
            finding.found
        ))?;
        if !finding.good {
            say(format_args!("      {}", finding.advice))?;
        }
    }
    Ok(if findings.iter().all(|finding| finding.good) { Outcome::Done } else { Outcome::Unfinished })
}

async fn examine(database: &Database) -> Result<Vec<Finding>> {
    let mut owner = connect(&database.owner_url).await?;
    let mut findings = inspect::server(&mut owner).await?;
    findings.extend(inspect::roles(&mut owner).await?);
    findings.push(inspect::pending(&migrate::status(&database.owner_url).await?));
    findings.extend(inspect::tables(&mut owner).await?);
    findings.push(inspect::speed(&migrate::not_leakproof(&mut owner).await?));
    match connect(&database.app_url).await {
        Ok(mut server) => {
            findings.push(inspect::takes_role(&mut server).await);
            findings.extend(message_words::unfinished(&mut server).await?.map(inspect::searchable));
        }
        // Before the migrations the embedded database has no role for the server; that is on the list already.
        Err(_) if findings.iter().any(|finding| finding.subject == "role" && !finding.good) => {}
        Err(error) => return Err(error),
    }
    Ok(findings)
}
