use serde_json::json;

use super::{TALKS, say, start, talkers};
use crate::world::city::Town;

const STANDING: &str = "conversation { id status version archivedAt deletedAt }";

#[tokio::test]
async fn a_conversation_is_started_changed_and_read_back() {
    let (_town, ann) = talkers().await;
    let input =
        json!({ "title": "Pricing", "conversationType": "ANALYSIS", "context": { "topic": "prices" } });
    let selection = "conversation { id title conversationType status version messageCount totalCost context user { displayName } }";
    let made = ann.do_("conversationCreate", input, selection).await["conversation"].clone();
    assert_eq!(made["title"], "Pricing");
    assert_eq!(made["conversationType"], "ANALYSIS");
    assert_eq!(made["status"], "ACTIVE");
    assert_eq!(made["version"], 1);
    assert_eq!(made["messageCount"], 0);
    assert_eq!(made["context"], json!({ "topic": "prices" }));
    assert_eq!(made["user"]["displayName"], "Ann");

    let change = json!({ "id": made["id"], "expectedVersion": 1, "title": null, "summary": "All settled." });
    let changed =
        ann.do_("conversationUpdate", change.clone(), "conversation { title summary version }").await;
    assert_eq!(changed["conversation"], json!({ "title": null, "summary": "All settled.", "version": 2 }));

    let (code, path, error) = ann.refused("conversationUpdate", change).await;
    assert_eq!((code.as_str(), path), ("CONFLICT", vec!["input".to_owned(), "expectedVersion".to_owned()]));
    assert_eq!(error["currentVersion"], 2);

    let (code, path, _) = ann.refused("conversationUpdate", json!({ "id": made["id"], "title": "  " })).await;
    assert_eq!((code.as_str(), path), ("INVALID", vec!["input".to_owned(), "title".to_owned()]));
}

#[tokio::test]
async fn an_update_that_names_nothing_leaves_things_as_they_are() {
    let (_town, ann) = talkers().await;
    let made = start(&ann, "As it is").await;
    let same = ann.do_("conversationUpdate", json!({ "id": made["id"] }), "conversation { title }").await;
    assert_eq!(same["conversation"], json!({ "title": "As it is" }));
    let (code, ..) = ann.refused("conversationUpdate", json!({ "id": made["id"], "title": "a\0b" })).await;
    assert_eq!(code, "INVALID");
}

#[tokio::test]
async fn conversations_are_archived_deleted_and_taken_up_again() {
    let (_town, ann) = talkers().await;
    let made = start(&ann, "Old").await;
    let id = json!({ "id": made["id"] });

    let archived = ann.do_("conversationArchive", id.clone(), STANDING).await["conversation"].clone();
    assert_eq!(archived["status"], "ARCHIVED");
    assert!(archived["archivedAt"].is_string());
    let (code, _, error) = ann.refused("conversationArchive", id.clone()).await;
    assert_eq!((code.as_str(), &error["allowed"]), ("STATE", &json!(["restore", "delete"])));
    let input = json!({ "conversationId": made["id"], "content": "Hello?" });
    let (code, path, error) = ann.refused("messageSend", input).await;
    assert_eq!((code.as_str(), &error["allowed"]), ("STATE", &json!(["restore"])));
    assert_eq!(path, ["input", "conversationId"]);

    let restored = ann.do_("conversationRestore", id.clone(), STANDING).await["conversation"].clone();
    assert_eq!((&restored["status"], &restored["archivedAt"]), (&json!("ACTIVE"), &json!(null)));
    let (code, ..) = ann.refused("conversationRestore", id.clone()).await;
    assert_eq!(code, "STATE");

    let deleted = ann.do_("conversationDelete", id.clone(), STANDING).await["conversation"].clone();
    assert_eq!(deleted["status"], "DELETED");
    let list = "query($deleted: Deleted) { conversations(deleted: $deleted) { nodes { id } } }";
    let shown = ann.get(list, json!({})).await;
    assert_eq!(shown["conversations"]["nodes"], json!([]));
    let shown = ann.get(list, json!({ "deleted": "ONLY" })).await;
    assert_eq!(shown["conversations"]["nodes"], json!([{ "id": made["id"] }]));
    let (code, _, error) =
        ann.refused("conversationUpdate", json!({ "id": made["id"], "title": "New" })).await;
    assert_eq!((code.as_str(), &error["allowed"]), ("STATE", &json!(["restore"])));

    let restored = ann.do_("conversationRestore", id, STANDING).await["conversation"].clone();
    assert_eq!((&restored["status"], &restored["deletedAt"]), (&json!("ACTIVE"), &json!(null)));
}

#[tokio::test]
async fn lists_are_filtered_and_ordered() {
    let (town, ann) = talkers().await;
    let bob = town.person("Bob", TALKS).await;
    for title in ["b", "a", "c"] {
        start(&ann, title).await;
    }
    let busy = start(&bob, "busy").await;
    say(&bob, &busy, "One").await;
    let list = "query($filter: ConversationFilter, $order: [ConversationOrder!]) {
        conversations(filter: $filter, orderBy: $order) { nodes { title } totalCount { value precision } } }";
    let titles = async |filter: serde_json::Value, order: serde_json::Value| {
        let found = ann.get(list, json!({ "filter": filter, "order": order })).await;
        let nodes = found["conversations"]["nodes"].as_array().unwrap().clone();
        nodes.iter().map(|node| node["title"].as_str().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(titles(json!({}), json!(null)).await, "busy c a b");
    assert_eq!(titles(json!({}), json!([{ "field": "TITLE" }])).await, "a b busy c");
    assert_eq!(titles(json!({ "messageCount": { "gt": 0 } }), json!(null)).await, "busy");
    assert_eq!(titles(json!({ "user": { "displayName": { "eq": "Bob" } } }), json!(null)).await, "busy");
    let not = json!({ "not": { "title": { "contains": "B" } }, "or": [{ "title": { "eq": "a" } }, { "title": { "eq": "busy" } }] });
    assert_eq!(titles(not, json!(null)).await, "a");
    let newest = json!([{ "field": "LAST_MESSAGE_AT", "direction": "DESC" }, { "field": "TITLE" }]);
    assert_eq!(titles(json!({}), newest).await, "busy a b c");
}

#[tokio::test]
async fn who_lacks_a_permission_is_told_which_and_sees_the_rest() {
    let (town, ann) = talkers().await;
    let made = start(&ann, "Shared").await;
    say(&ann, &made, "Secret").await;
    let reader = town.person("Reader", &["conversation.read", "conversation.read_all", "user.read"]).await;
    let reply = reader
        .ask(
            "query($id: ID!) { conversation(id: $id) { title user { displayName } messages { nodes { content } } } }",
            json!({ "id": made["id"] }),
        )
        .await;
    assert_eq!(
        reply.body["data"]["conversation"],
        json!({ "title": "Shared", "user": { "displayName": "Ann" }, "messages": null })
    );
    let error = &reply.body["errors"][0];
    assert_eq!(error["path"], json!(["conversation", "messages"]));
    assert_eq!(error["extensions"]["code"], "FORBIDDEN");
    assert!(error.to_string().contains("message.read"), "{error}");

    let mutation =
        "mutation($input: MessageSendInput!) { messageSend(input: $input) { userErrors { code } } }";
    let input = json!({ "input": { "conversationId": made["id"], "content": "Me too" } });
    let reply = reader.ask(mutation, input).await;
    assert_eq!(reply.body["data"]["messageSend"], json!(null));
    assert_eq!(reply.body["errors"][0]["extensions"]["code"], "FORBIDDEN");

    let nobody = town.person("Nobody", &["user.read"]).await;
    let reply =
        nobody.ask("{ conversations { nodes { id } } users { nodes { displayName } } }", json!({})).await;
    assert_eq!(reply.body["data"]["conversations"], json!(null));
    assert_eq!(reply.body["data"]["users"]["nodes"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn another_organization_sees_nothing() {
    let (_town, ann) = talkers().await;
    let made = start(&ann, "Ours").await;
    let elsewhere = Town::found().await;
    let eve = elsewhere.person("Eve", TALKS).await;
    let found = eve
        .get(
            "query($id: ID!) { conversation(id: $id) { title } conversations { nodes { id } } }",
            json!({ "id": made["id"] }),
        )
        .await;
    assert_eq!(found, json!({ "conversation": null, "conversations": { "nodes": [] } }));
    let input = json!({ "conversationId": made["id"], "content": "Let me in" });
    let (code, path, _) = eve.refused("messageSend", input).await;
    assert_eq!((code.as_str(), path), ("NOT_FOUND", vec!["input".to_owned(), "conversationId".to_owned()]));
    let (code, ..) = eve.refused("conversationUpdate", json!({ "id": made["id"], "title": "Mine" })).await;
    assert_eq!(code, "NOT_FOUND");
}
