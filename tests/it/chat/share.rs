//! Conversations are shared with a person, a team, or everybody, to be read: from the next request on, and until that ends.
use std::time::Duration;

use futures_util::StreamExt;
use serde_json::{Value, json};

use super::{say, start};
use crate::{
    access::id_of,
    world::city::{Person, Town},
};

const READS: &[&str] = &["conversation.read", "message.read", "user.read", "team.read", "event.read"];
const OWNS: &[&str] = &[
    "conversation.read",
    "conversation.write",
    "conversation.delete",
    "conversation.share",
    "message.read",
    "message.write",
    "user.read",
    "team.read",
    "event.read",
];

/// Ann, who has a conversation with something said in it.
async fn ann() -> (Town, Person, Value) {
    let town = Town::found().await;
    let ann = town.person("Ann", OWNS).await;
    let talk = start(&ann, "Plans").await;
    say(&ann, &talk, "First").await;
    (town, ann, talk)
}

async fn share(ann: &Person, talk: &Value, with: Value) -> Value {
    let mut input = json!({ "conversationId": talk["id"] });
    input.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
    let selection = "conversationShare { id version audience isInForce user { displayName } team { name } createdBy { displayName } }";
    ann.do_("conversationShare", input, selection).await["conversationShare"].clone()
}

/// The titles of all conversations that somebody sees, and what is said in them.
async fn seen(person: &Person) -> (Value, Vec<String>) {
    let query = "{ conversations { nodes { title messages { nodes { content } } } totalCount { value } } }";
    let found = person.get(query, json!({})).await["conversations"].clone();
    let said = found["nodes"].as_array().unwrap().iter().map(ToString::to_string).collect();
    (found["totalCount"]["value"].clone(), said)
}

#[tokio::test]
async fn who_is_let_in_reads_along_and_changes_nothing() {
    let (town, ann, talk) = ann().await;
    // who may write in their own still only reads this one
    let (bob, eve) = (town.person("Bob", OWNS).await, town.person("Eve", OWNS).await);
    assert_eq!(seen(&bob).await.0, 0);
    let shared = share(&ann, &talk, json!({ "userId": id_of(&bob) })).await;
    assert_eq!(
        (&shared["audience"], &shared["isInForce"], &shared["user"]["displayName"], &shared["team"]),
        (&json!("PERSON"), &json!(true), &json!("Bob"), &Value::Null)
    );
    say(&ann, &talk, "Second").await;
    let (count, said) = seen(&bob).await;
    assert_eq!(count, 1);
    assert!(said[0].contains("First") && said[0].contains("Second"), "{said:?}");
    assert_eq!(seen(&eve).await.0, 0);

    let by_id = "query($id: ID!) { conversation(id: $id) { title
        read: viewerCan(permission: \"conversation.read\") write: viewerCan(permission: \"conversation.write\")
        delete: viewerCan(permission: \"conversation.delete\") say: viewerCan(permission: \"message.write\")
        share: viewerCan(permission: \"conversation.share\") } }";
    let can = bob.get(by_id, json!({ "id": talk["id"] })).await["conversation"].clone();
    let reads = json!({ "title": "Plans", "read": true, "write": false, "delete": false, "say": false, "share": false });
    assert_eq!(can, reads);
    let own = ann.get(by_id, json!({ "id": talk["id"] })).await["conversation"].clone();
    assert_eq!(
        own,
        json!({ "title": "Plans", "read": true, "write": true, "delete": true, "say": true, "share": true })
    );
    let attempts = [
        ("messageSend", json!({ "conversationId": talk["id"], "content": "Me too" })),
        ("conversationUpdate", json!({ "id": talk["id"], "title": "Mine" })),
        ("conversationArchive", json!({ "id": talk["id"] })),
        ("conversationDelete", json!({ "id": talk["id"] })),
        ("conversationShare", json!({ "conversationId": talk["id"], "userId": id_of(&eve) })),
        ("conversationShareRevoke", json!({ "id": shared["id"] })),
    ];
    for (name, input) in attempts {
        assert_eq!(bob.refused(name, input).await.0, "NOT_FOUND", "{name}");
    }
    assert_eq!(seen(&eve).await.0, 0);
}

#[tokio::test]
async fn a_team_reads_whoever_is_in_it_at_the_time() {
    let (town, ann, talk) = ann().await;
    let keeper = town.person("Keeper", &["team.read", "team.write", "team.delete", "user.read"]).await;
    let (bob, eve) = (town.person("Bob", READS).await, town.person("Eve", READS).await);
    let team =
        keeper.do_("teamCreate", json!({ "name": "Sales" }), "team { id }").await["team"]["id"].clone();
    let members = async |what: &str, person: &Person| {
        keeper.do_(what, json!({ "teamId": team, "userIds": [id_of(person)] }), "").await;
    };
    members("teamMembersAdd", &bob).await;
    let shared = share(&ann, &talk, json!({ "teamId": team })).await;
    assert_eq!((&shared["audience"], &shared["team"]["name"]), (&json!("TEAM"), &json!("Sales")));
    assert_eq!((seen(&bob).await.0, seen(&eve).await.0), (json!(1), json!(0)));

    members("teamMembersAdd", &eve).await;
    members("teamMembersRemove", &bob).await;
    assert_eq!((seen(&bob).await.0, seen(&eve).await.0), (json!(0), json!(1)));
    let of_team = "query($id: ID!) { team(id: $id) { conversationShares { nodes { conversation { title } createdBy { displayName } } } } }";
    let told = eve.get(of_team, json!({ "id": team })).await["team"]["conversationShares"]["nodes"].clone();
    assert_eq!(
        told,
        json!([{ "conversation": { "title": "Plans" }, "createdBy": { "displayName": "Ann" } }])
    );
    let told = bob.get(of_team, json!({ "id": team })).await["team"]["conversationShares"]["nodes"].clone();
    assert_eq!(told, json!([]));

    keeper.do_("teamDelete", json!({ "id": team }), "").await;
    assert_eq!(seen(&eve).await.0, 0);
    let left = "query($id: ID!) { conversation(id: $id) { shares { totalCount { value } } } }";
    let left = ann.get(left, json!({ "id": talk["id"] })).await;
    assert_eq!(left["conversation"]["shares"]["totalCount"]["value"], 0);
}

#[tokio::test]
async fn a_share_ends_when_it_is_withdrawn_and_by_itself() {
    let (town, ann, talk) = ann().await;
    let bob = town.person("Bob", READS).await;
    let everybody = share(&ann, &talk, json!({ "everybody": true })).await;
    assert_eq!(everybody["audience"], "ORGANIZATION");
    assert_eq!(seen(&bob).await.0, 1);
    let (code, path, _) =
        ann.refused("conversationShare", json!({ "conversationId": talk["id"], "everybody": true })).await;
    assert_eq!((code.as_str(), path.join(".").as_str()), ("NOT_UNIQUE", "input"));

    let stale = json!({ "id": everybody["id"], "expectedVersion": 7 });
    assert_eq!(ann.refused("conversationShareRevoke", stale).await.0, "CONFLICT");
    ann.do_("conversationShareRevoke", json!({ "id": everybody["id"] }), "").await;
    assert_eq!(seen(&bob).await.0, 0);
    assert_eq!(ann.refused("conversationShareRevoke", json!({ "id": everybody["id"] })).await.0, "STATE");
    let later = json!({ "id": everybody["id"], "expiresAt": "2099-01-01T00:00:00Z" });
    assert_eq!(ann.refused("conversationShareUpdate", later).await.0, "STATE");

    let soon = (chrono::Utc::now() + chrono::Duration::seconds(2)).to_rfc3339();
    let short = share(&ann, &talk, json!({ "userId": id_of(&bob), "expiresAt": soon })).await;
    assert_eq!(seen(&bob).await.0, 1);
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert_eq!(seen(&bob).await.0, 0);
    // what is over does not stand in the way of another
    let again = share(&ann, &talk, json!({ "userId": id_of(&bob) })).await;
    assert_ne!(again["id"], short["id"]);
    assert_eq!(seen(&bob).await.0, 1);
    let shares = "query($id: ID!) { conversation(id: $id) { shares { nodes { isInForce } } } }";
    let shares = ann.get(shares, json!({ "id": talk["id"] })).await["conversation"]["shares"].clone();
    assert_eq!(
        shares["nodes"],
        json!([{ "isInForce": true }, { "isInForce": false }, { "isInForce": false }])
    );
}

#[tokio::test]
async fn what_is_said_to_share_makes_sense() {
    let (town, ann, talk) = ann().await;
    let bob = town.person("Bob", READS).await;
    let of = |with: Value| {
        let mut input = json!({ "conversationId": talk["id"] });
        input.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
        input
    };
    let wrong = [
        (json!({}), "INVALID", "input"),
        (json!({ "userId": id_of(&bob), "everybody": true }), "INVALID", "input"),
        (json!({ "userId": id_of(&ann) }), "INVALID", "input.userId"),
        (json!({ "userId": "user_00000000000000000000000001" }), "NOT_FOUND", "input.userId"),
        (json!({ "teamId": "team_00000000000000000000000001" }), "NOT_FOUND", "input.teamId"),
        (json!({ "userId": id_of(&bob), "expiresAt": "2020-01-01T00:00:00Z" }), "INVALID", "input.expiresAt"),
    ];
    for (with, code, path) in wrong {
        let (told, at, _) = ann.refused("conversationShare", of(with.clone())).await;
        assert_eq!((told.as_str(), at.join(".").as_str()), (code, path), "{with}");
    }
    // who may read all does not give away what is not theirs, but can put an end to it
    let overseer = town.person("Olga", &[OWNS, &["conversation.read_all"]].concat()).await;
    let (code, path, _) = overseer.refused("conversationShare", of(json!({ "userId": id_of(&bob) }))).await;
    assert_eq!((code.as_str(), path.join(".").as_str()), ("STATE", "input.conversationId"));
    let shared = share(&ann, &talk, json!({ "userId": id_of(&bob) })).await;
    overseer.do_("conversationShareRevoke", json!({ "id": shared["id"] }), "").await;
    assert_eq!(seen(&bob).await.0, 0);
    // who has left reads nothing
    use diesel_async::SimpleAsyncConnection;
    share(&ann, &talk, json!({ "everybody": true })).await;
    let gone = format!("UPDATE identity.memberships SET status = 'left' WHERE user_id = '{}'", bob.user);
    town.owner().await.batch_execute(&gone).await.unwrap();
    let (code, ..) = ann.refused("conversationShare", of(json!({ "userId": id_of(&bob) }))).await;
    assert_eq!(code, "NOT_FOUND");
    ann.do_("conversationDelete", json!({ "id": talk["id"] }), "").await;
    let eve = town.person("Eve", READS).await;
    assert_eq!(seen(&eve).await.0, 0);
}

#[tokio::test]
async fn who_is_let_in_hears_what_is_said_from_then_on_and_no_longer() {
    let (town, ann, talk) = ann().await;
    let bob = town.person("Bob", READS).await;
    let all =
        "subscription { conversationEvents { __typename ... on MessageCreated { message { content } } } }";
    let mut told = bob.follow(all, json!({}));
    told.next().await.unwrap();
    let shared = share(&ann, &talk, json!({ "userId": id_of(&bob) })).await;
    say(&ann, &talk, "While").await;
    let first: Value = told.next().await.unwrap();
    assert!(first.to_string().contains("While"), "{first:#}");
    ann.do_("conversationShareRevoke", json!({ "id": shared["id"] }), "").await;
    say(&ann, &talk, "After").await;
    let mut more = String::new();
    while let Ok(Some(next)) = tokio::time::timeout(Duration::from_millis(500), told.next()).await {
        more.push_str(&next.to_string());
    }
    assert!(!more.contains("After"), "{more}");
}

/// The database holds it too, whatever the server does.
#[tokio::test]
async fn the_database_keeps_what_is_not_shared() {
    use diesel_async::SimpleAsyncConnection;
    let (town, ann, talk) = ann().await;
    let (bob, eve) = (town.person("Bob", OWNS).await, town.person("Eve", READS).await);
    share(&ann, &talk, json!({ "userId": id_of(&bob) })).await;
    let id = portico::store::id::split(talk["id"].as_str().unwrap()).unwrap().1;
    let organization = town.organization;
    let mut server = portico::store::connect::connect(&town.database.app_url).await.unwrap();
    let mut as_bob = async |statement: &str| {
        let whole = format!(
            "SET ROLE portico_app; SET app.organization_id = '{organization}'; SET app.user_id = '{}'; {statement}",
            bob.user
        );
        server.batch_execute(&whole).await
    };
    let refused = as_bob(&format!(
        "INSERT INTO chat.conversation_shares (organization_id, id, conversation_id, audience, user_id, created_by)
         VALUES ('{organization}', gen_random_uuid(), '{id}', 'person', '{}', '{}')",
        eve.user, bob.user
    ))
    .await
    .unwrap_err()
    .to_string();
    assert!(refused.contains("Only its owner shares"), "{refused}");
    let refused = as_bob(&format!(
        "INSERT INTO chat.messages (organization_id, id, conversation_id, seq, role, content, author_id)
         VALUES ('{organization}', ops.uuid_v7(), '{id}', 99, 'user', 'forced', '{}')",
        bob.user
    ))
    .await
    .unwrap_err()
    .to_string();
    assert!(refused.contains("row-level security") || refused.contains("conversation"), "{refused}");
    as_bob(&format!(
        "UPDATE chat.conversations SET title = 'forced' WHERE id = '{id}';
         UPDATE chat.conversation_shares SET revoked_at = now() WHERE conversation_id = '{id}'"
    ))
    .await
    .unwrap();
    let (count, said) = seen(&bob).await;
    assert_eq!(count, 1);
    assert!(said[0].contains("Plans"), "{said:?}");
}
