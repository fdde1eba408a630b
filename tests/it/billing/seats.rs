//! How many members an organization may have: exact, whichever way they come.
use diesel_async::SimpleAsyncConnection;
use futures_util::future::join_all;
use portico::store::connect::connect;
use serde_json::json;
use uuid::Uuid;

use super::{administrator, change, done, founded, house};
use crate::{
    identity::house::{House, PASSWORD, Person, global_id, text},
    world::{city::Town, postgres},
};

async fn seats(house: &House, organization: Uuid, limit: u32, enforcement: &str) {
    house
        .sql(&format!(
            "INSERT INTO billing.quotas (organization_id, id, metric, period, limit_value, enforcement)
             VALUES ('{organization}', gen_random_uuid(), 'seats', 'lifetime', {limit}, '{enforcement}')"
        ))
        .await;
}

async fn members(house: &House, organization: Uuid) -> String {
    let members = format!(
        "SELECT count(*) FROM identity.memberships WHERE organization_id = '{organization}' AND status = 'active'"
    );
    house.look(&members).await
}

/// Fifty join in the same moment, each in a transaction of their own.
#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_at_once_no_more_get_in_than_there_are_seats() {
    let database = postgres::shared().await;
    let (house, town) = (House::of(&database), Town::found_in(database.clone()).await);
    let organization = town.organization;
    seats(&house, organization, 20, "hard").await;
    let people: Vec<Uuid> = (0..50).map(|_| Uuid::now_v7()).collect();
    let accounts = people.iter().map(|id| format!("('{id}', '{id}@example.com', 'Somebody', 'active')"));
    let accounts = accounts.collect::<Vec<_>>().join(", ");
    house
        .sql(&format!("INSERT INTO identity.users (id, email, display_name, status) VALUES {accounts}"))
        .await;
    let join = async |id: &Uuid| {
        let mut server = connect(&database.app_url).await.unwrap();
        let joined = server
            .batch_execute(&format!(
                "BEGIN; SELECT set_config('app.organization_id', '{organization}', true), set_config('app.user_id', '{id}', true);
                 INSERT INTO identity.memberships (organization_id, user_id) VALUES ('{organization}', '{id}');
                 COMMIT"
            ))
            .await;
        joined.map_err(|error| error.to_string())
    };
    let joined = join_all(people.iter().map(join)).await;
    let refused: Vec<String> = joined.into_iter().filter_map(Result::err).collect();
    assert_eq!(refused.len(), 30);
    assert!(
        refused.iter().all(|error| error.contains("All 20 seats of the organization are taken.")),
        "{refused:?}"
    );
    assert_eq!(members(&house, organization).await, "20");
}

#[tokio::test]
async fn who_is_invited_or_provisioned_or_comes_back_takes_a_seat() {
    let house = house().await;
    let owner: Person = house.person(&["owner"]).await;
    let (token, organization) = (house.token(&owner).await, owner.organization);
    let leaver = house.colleague(&owner, &["viewer"]).await;
    seats(&house, organization, 2, "hard").await;
    let role =
        format!("SELECT id FROM access.roles WHERE organization_id = '{organization}' AND name = 'viewer'");
    let role = global_id("role", house.look(&role).await.parse().unwrap());
    let email = format!("{}@example.com", Uuid::now_v7());
    let invited = json!({ "email": email, "roleId": role });
    done(&house, &token, "invitationCreate", invited, "invitation { id }").await;
    let letter = house.mailed(&email).await;

    // by invitation
    let document = "mutation ($input: InvitationAcceptInput!) { invitationAccept(input: $input) { done
        userErrors { code path ... on QuotaExceededError { metric limit used resetsAt } } } }";
    let accept = async || {
        let input = json!({ "token": letter, "displayName": "New Person", "password": PASSWORD });
        house.get(None, document, json!({ "input": input })).await["invitationAccept"].clone()
    };
    assert_eq!(
        accept().await["userErrors"],
        json!([{ "code": "QUOTA_EXCEEDED", "path": ["input"], "metric": "SEATS", "limit": "2", "used": "2", "resetsAt": null }])
    );
    let accounts = format!("SELECT count(*) FROM identity.users WHERE email = '{email}'");
    assert_eq!(house.look(&accounts).await, "0");

    // by a directory
    let key = json!({ "name": "Directory", "scopes": ["scim.provision"] });
    let key = text(&done(&house, &token, "apiKeyCreate", key, "secret").await["secret"]);
    let server = house.serve().await;
    let provision = async || {
        let body = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "new@directory.example",
                           "emails": [{ "value": "new@directory.example" }], "active": true });
        let sent = reqwest::Client::new()
            .post(format!("http://{}/scim/v2/Users", server.address()))
            .bearer_auth(&key)
            .header("content-type", "application/scim+json")
            .body(body.to_string());
        let answer = sent.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let (status, body) = provision().await;
    assert!(status == 409 && body.contains("All 2 seats"), "{status} {body}");

    // who goes makes room, and does not come back when it is taken
    let set = async |status: &str| {
        let input = json!({ "id": global_id("member", leaver.id), "status": status });
        change(&house, &token, "membershipUpdate", input, "membership { status }").await
    };
    assert_eq!(set("SUSPENDED").await["userErrors"], json!([]));
    assert_eq!(accept().await["done"], true);
    assert_eq!(House::code(&set("ACTIVE").await), "QUOTA_EXCEEDED");
    assert_eq!(members(&house, organization).await, "2");
    house
        .sql(&format!("UPDATE billing.quotas SET limit_value = 4 WHERE organization_id = '{organization}'"))
        .await;
    assert_eq!(set("ACTIVE").await["userErrors"], json!([]));
    let (status, body) = provision().await;
    assert_eq!(status, 201, "{body}");
    assert_eq!(members(&house, organization).await, "4");
}

#[tokio::test]
async fn beyond_a_soft_quota_members_are_told_of() {
    let house = house().await;
    let (admin, founded) = (administrator(&house).await, founded(&house).await);
    let input = json!({ "organizationId": founded.id(), "metric": "SEATS", "period": "LIFETIME", "limit": 1, "enforcement": "SOFT", "reason": "a test" });
    done(&house, &admin, "quotaSet", input, "quotaId").await;
    for _ in 0..2 {
        house.colleague(&founded.owner, &["viewer"]).await;
    }
    assert_eq!(members(&house, founded.owner.organization).await, "3");
    let told = founded.told(&house).await;
    assert_eq!(told.matches("quota.exceeded").count(), 2, "{told}");
}
