//! Documents that clients publish ahead.
use portico::{
    credential,
    graph::{
        limits::ByKind,
        reader::Reader,
        schema::{Asked, Reference, Request},
    },
    store::{
        door::Caller,
        trusted_documents::{self as trusted, Document},
    },
};
use serde_json::Value;
use uuid::Uuid;

use super::at_another_server;
use crate::world::city::{Person, Town};

/// A document of the test's own: the tests share a database.
async fn document(name: &str) -> Document {
    let body = format!("query {name}_{} {{ viewer {{ permissions }} }}", Uuid::now_v7().simple());
    let operation = Reader::new().operation(&body).await.unwrap();
    Document {
        id: format!("{name}-{}", Uuid::now_v7().simple()),
        sha256: credential::hash(&body),
        operation,
        body,
    }
}

async fn publish(town: &Town, organization: Uuid, documents: &[Document]) -> anyhow::Result<usize> {
    trusted::publish(&town.database.owner_url, organization, "web", documents).await
}

/// Asks by id or hash, by text, or by both.
async fn ask(
    person: &Person,
    caller: &Caller,
    query: &str,
    reference: impl Into<Option<Reference>>,
) -> Value {
    let asked = Asked { reference: reference.into(), ..Asked::from(Request::new(query)) };
    serde_json::from_slice(&person.schema.execute(caller.clone(), asked).await.body).unwrap()
}

fn code(body: &Value) -> &str {
    assert!(body["errors"].is_array() || body["data"].is_object(), "{body}");
    body["errors"][0]["extensions"]["code"].as_str().unwrap_or_default()
}

fn id(document: &Document) -> Reference {
    Reference::Id(document.id.clone())
}

#[tokio::test]
async fn a_document_is_asked_for_by_what_it_was_published_as() {
    let town = Town::found().await;
    let ann = town.person("ann", &[]).await;
    let own = document("Own").await;
    assert_eq!(publish(&town, town.organization, std::slice::from_ref(&own)).await.unwrap(), 1);
    let named =
        [id(&own), Reference::Id(format!("sha256:{}", own.sha256)), Reference::Hash(own.sha256.clone())];
    for reference in named {
        let answer = ask(&ann, &ann.caller, "", reference.clone()).await;
        assert!(answer["data"]["viewer"]["permissions"].is_array(), "{reference:?}: {answer}");
    }
    // nobody else's clients have published it
    let elsewhere = Town::found().await;
    let eve = elsewhere.person("eve", &[]).await;
    for caller in [&eve.caller, &Caller::default()] {
        assert_eq!(code(&ask(&ann, caller, "", id(&own)).await), "PERSISTED_QUERY_NOT_FOUND");
    }
    // what the platform has published is everybody's
    let shared = document("Shared").await;
    publish(&town, Uuid::nil(), std::slice::from_ref(&shared)).await.unwrap();
    for caller in [&ann.caller, &eve.caller, &Caller::default()] {
        assert_eq!(code(&ask(&ann, caller, "", id(&shared)).await), "");
    }
    let both = ask(&ann, &ann.caller, "{ __typename }", id(&own)).await;
    assert_eq!(code(&both), "BAD_USER_INPUT");
}

#[tokio::test]
async fn where_trust_is_demanded_nothing_else_is_answered() {
    let town = Town::found().await;
    let ann = town.person("ann", &[]).await;
    let own = document("Own").await;
    publish(&town, town.organization, std::slice::from_ref(&own)).await.unwrap();
    let ann = at_another_server(&town, &ann, |parts| {
        parts.trusted_only = ByKind { anonymous: false, person: true, api_key: true };
    });
    let other = document("Other").await;
    for reference in [None, Some(Reference::Hash(other.sha256.clone()))] {
        assert_eq!(code(&ask(&ann, &ann.caller, &other.body, reference).await), "DOCUMENT_NOT_TRUSTED");
    }
    // that it was refused is no reason to remember it
    let again = ask(&ann, &ann.caller, "", Some(Reference::Hash(other.sha256.clone()))).await;
    assert_eq!(code(&again), "DOCUMENT_NOT_TRUSTED");
    for (query, reference) in [("", Some(id(&own))), (own.body.as_str(), None)] {
        assert_eq!(code(&ask(&ann, &ann.caller, query, reference).await), "");
    }
    // of others it is not demanded
    assert_eq!(code(&ask(&ann, &Caller::default(), "{ __typename }", None).await), "");
    let unknown = trusted::unknown(&town.database.owner_url, town.organization).await.unwrap();
    assert_eq!(
        unknown.iter().map(|one| (one.id.as_str(), one.times)).collect::<Vec<_>>(),
        [(other.sha256.as_str(), 1)]
    );
    // once it is published it is known
    publish(&town, town.organization, std::slice::from_ref(&other)).await.unwrap();
    assert!(trusted::unknown(&town.database.owner_url, town.organization).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_id_means_one_document_until_it_is_retired() {
    let town = Town::found().await;
    let url = town.database.owner_url.clone();
    let ann = town.person("ann", &[]).await;
    let (one, two) = (document("One").await, document("Two").await);
    assert_eq!(publish(&town, town.organization, std::slice::from_ref(&one)).await.unwrap(), 1);
    let renamed = Document { id: one.id.clone(), ..two.clone() };
    let refused = publish(&town, town.organization, &[two.clone(), renamed]).await.unwrap_err();
    assert!(refused.to_string().contains(&one.id), "{refused}");
    let ids = async |unused: Option<i32>| -> Vec<String> {
        let published = trusted::published(&url, town.organization, unused).await.unwrap();
        published.into_iter().map(|document| document.id).collect()
    };
    // all of a manifest, or nothing
    assert_eq!(ids(None).await, [one.id.as_str()]);
    assert_eq!(publish(&town, town.organization, &[one.clone(), two.clone()]).await.unwrap(), 1);
    assert_eq!(ids(None).await, [one.id.as_str(), two.id.as_str()]);

    // what is asked for is in use
    assert_eq!(code(&ask(&ann, &ann.caller, "", id(&one)).await), "");
    let published = trusted::published(&url, town.organization, None).await.unwrap();
    let used: Vec<bool> = published.iter().map(|document| document.last_used_on.is_some()).collect();
    assert_eq!(used, [true, false]);
    assert_eq!(ids(Some(1)).await, Vec::<String>::new());

    assert_eq!(trusted::retire(&url, town.organization, std::slice::from_ref(&one.id)).await.unwrap(), 1);
    // by a server that has not answered it within the last minute
    let fresh = at_another_server(&town, &ann, |_| {});
    assert_eq!(code(&ask(&fresh, &ann.caller, "", id(&one)).await), "PERSISTED_QUERY_NOT_FOUND");
}
