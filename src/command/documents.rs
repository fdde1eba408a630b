//! `portico documents`: the documents that clients publish before they use them, for whoever reaches the database as its
//! owner, such as the pipeline that builds a client.
use std::{collections::HashSet, path::PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use serde_json::Value;

use super::{Database, Outcome, say};
use crate::{
    credential,
    graph::reader::Reader,
    settings::Settings,
    store::trusted_documents::{self as trusted, Document, LONGEST_ID},
};

/// Whose documents, and what to do with them.
#[derive(Debug, Args)]
pub(super) struct Documents {
    /// The organization whose clients may ask for them, by its short name; everybody's unless you say
    #[arg(long, value_name = "SLUG", global = true)]
    organization: Option<String>,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Publish all documents of a manifest, or none: Apollo's persisted query manifest, or what Relay and others write,
    /// {"<id>": "<document>"}
    Publish {
        /// The file, as the client's build writes it
        manifest: PathBuf,
        /// The client that uses them, such as web or ios
        #[arg(long, value_name = "NAME", default_value = "default")]
        client: String,
    },
    /// List what was published
    List {
        /// Only what nobody has asked for in the last so many days
        #[arg(long, value_name = "DAYS")]
        unused: Option<i32>,
    },
    /// List what was asked for and refused since nobody has published it
    Unknown,
    /// Retire documents: within a minute no server answers them any more
    Retire {
        /// Their ids
        #[arg(required = true)]
        ids: Vec<String>,
    },
}

impl Documents {
    pub(super) async fn run(self, settings: Settings) -> Result<Outcome> {
        let read = match &self.what {
            What::Publish { manifest, .. } => {
                let text = std::fs::read_to_string(manifest)
                    .with_context(|| format!("{} cannot be read", manifest.display()))?;
                read(&text).await.with_context(|| manifest.display().to_string())?
            }
            _ => Vec::new(),
        };
        let database = Database::join(&settings).await?;
        let done = self.act(&database.owner_url, &read).await;
        database.close().await?;
        done.map(|()| Outcome::Done)
    }

    async fn act(&self, url: &str, read: &[Document]) -> Result<()> {
        let organization = trusted::organization(url, self.organization.as_deref()).await?;
        match &self.what {
            What::Publish { client, .. } => {
                let new = trusted::publish(url, organization, client, read).await?;
                let known = read.len() - new;
                say(format_args!("Published {new} documents; {known} were published before."))
            }
            What::List { unused } => {
                for document in trusted::published(url, organization, *unused).await? {
                    let used =
                        document.last_used_on.map_or_else(|| "never".to_owned(), |day| day.to_string());
                    let (id, client) = (document.id, document.client);
                    let operation = document.operation.unwrap_or_else(|| "(no name)".to_owned());
                    let published = document.published_at.date_naive();
                    say(format_args!("{id}  {client}  {operation}  published {published}  used {used}"))?;
                }
                Ok(())
            }
            What::Unknown => {
                for document in trusted::unknown(url, organization).await? {
                    let operation = document.operation.unwrap_or_else(|| "(no name)".to_owned());
                    let (id, times, last) = (document.id, document.times, document.last_seen_at);
                    say(format_args!("{id}  {operation}  {times} times  last {}", last.to_rfc3339()))?;
                }
                Ok(())
            }
            What::Retire { ids } => {
                let retired = trusted::retire(url, organization, ids).await?;
                say(format_args!("Retired {retired} of {} documents.", ids.len()))
            }
        }
    }
}

/// The documents of a manifest, each of which is of this schema.
async fn read(text: &str) -> Result<Vec<Document>> {
    let manifest: Value = serde_json::from_str(text).context("it is not JSON")?;
    let entries = entries(&manifest)?;
    let reader = Reader::new();
    let (mut documents, mut wrong) = (Vec::new(), Vec::new());
    let mut ids = HashSet::new();
    for (id, body) in entries {
        if !ids.insert(id.clone()) {
            wrong.push(format!("`{id}` twice"));
            continue;
        }
        if id.trim().is_empty() || id.len() > LONGEST_ID {
            wrong.push(format!("`{id}`: an id has 1 to {LONGEST_ID} characters"));
            continue;
        }
        match reader.operation(&body).await {
            Ok(operation) => {
                documents.push(Document { id, sha256: credential::hash(&body), operation, body });
            }
            Err(why) => wrong.push(format!("`{id}`: {why}")),
        }
    }
    if !wrong.is_empty() {
        bail!("nothing is published, since this schema does not answer\n{}", wrong.join("\n"));
    }
    Ok(documents)
}

/// Ids and documents, in either form.
fn entries(manifest: &Value) -> Result<Vec<(String, String)>> {
    let entry = |id: Option<&str>, body: &Value| match (id, body.as_str()) {
        (Some(id), Some(body)) => Ok((id.to_owned(), body.to_owned())),
        _ => bail!("each document needs an `id` and a `body`, as strings"),
    };
    match (manifest.get("operations"), manifest) {
        (Some(Value::Array(operations)), _) => {
            let said = manifest.get("format").and_then(Value::as_str).unwrap_or_default();
            if said != "apollo-persisted-query-manifest" || manifest.get("version") != Some(&1.into()) {
                bail!(
                    "a manifest with `operations` has the format `apollo-persisted-query-manifest`, version 1"
                );
            }
            let each = operations
                .iter()
                .map(|operation| entry(operation.get("id").and_then(Value::as_str), &operation["body"]));
            each.collect()
        }
        (_, Value::Object(documents)) => documents.iter().map(|(id, body)| entry(Some(id), body)).collect(),
        _ => bail!("a manifest is an object: documents by their ids, or Apollo's format"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_manifest_is_read_in_either_form() {
        let apollo = r#"{"format":"apollo-persisted-query-manifest","version":1,"operations":[
            {"id":"a1","name":"Me","type":"query","body":"query Me { viewer { permissions } }"}]}"#;
        let relay = r#"{"a1":"query Me { viewer { permissions } }","b2":"{ __typename }"}"#;
        for (manifest, count) in [(apollo, 1), (relay, 2)] {
            let read = read(manifest).await.unwrap();
            let first = read.first().unwrap();
            assert_eq!(
                (read.len(), first.id.as_str(), first.operation.as_deref()),
                (count, "a1", Some("Me"))
            );
            assert_eq!(first.sha256, credential::hash("query Me { viewer { permissions } }"));
        }
    }

    #[tokio::test]
    async fn what_is_wrong_with_a_manifest_is_said() {
        for (manifest, wrong) in [
            ("[", "it is not JSON"),
            ("[]", "a manifest is an object"),
            (r#"{"operations":[]}"#, "apollo-persisted-query-manifest"),
            (r#"{"a1":7}"#, "as strings"),
            (r#"{"a1":"{ nothing }"}"#, "`a1`: Unknown field"),
            (r#"{"":"{ __typename }"}"#, "1 to 200 characters"),
        ] {
            let said = format!("{:#}", read(manifest).await.unwrap_err());
            assert!(said.contains(wrong), "{manifest}: {said}");
        }
    }
}
