//! What the server notices by itself (B006, B089): once, with how often, in the organization concerned, and without a sign of
//! it to whoever causes it.
use futures_util::{StreamExt, future::join_all};
use portico::store::door::Caller;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    identity::house::{House, Person, global_id, text},
    world::city::{self, Town},
};

/// The events of an organization: rule, severity and count of each.
async fn noticed(house: &House, organization: Uuid) -> String {
    house
        .look(&format!(
            "SELECT string_agg(detection_rule || ' ' || severity || ' ' || occurrences, ', ' ORDER BY detection_rule, id)
               FROM security.security_events WHERE organization_id = '{organization}'"
        ))
        .await
}

async fn done(house: &House, token: &str, name: &str, input: Value) -> Value {
    let letters: String = name[..1].to_uppercase() + &name[1..];
    let document = format!(
        "mutation ($input: {letters}Input!) {{ {name}(input: $input) {{ userErrors {{ code path }} }} }}"
    );
    let payload = house.get(Some(token), &document, json!({ "input": input })).await[name].clone();
    assert_eq!(payload["userErrors"], json!([]), "{name}");
    payload
}

#[tokio::test]
async fn an_account_that_is_locked_is_one_event_for_those_who_watch() {
    let house = House::open().await;
    let watcher = house.person(&["security_admin"]).await;
    let person = house.colleague(&watcher, &["user"]).await;
    join_all((0..14).map(|_| house.sign_in(&person.email, "wrong horse", None))).await;
    assert_eq!(noticed(&house, person.organization).await, "account_locked medium 1");
    let document = "{ securityEvents(filter: { eventType: { eq: FAILED_LOGIN } }) { nodes {
        title severity status occurrences detectionMethod detectionRule targetUser { id } sourceUser { id } } } }";
    let token = house.token(&watcher).await;
    let shown = house.get(Some(&token), document, json!({})).await["securityEvents"]["nodes"].clone();
    assert_eq!(
        shown,
        json!([{ "title": "An account was locked", "severity": "MEDIUM", "status": "OPEN", "occurrences": 1,
                 "detectionMethod": "AUTOMATED_RULE", "detectionRule": "account_locked",
                 "targetUser": { "id": global_id("user", person.id) }, "sourceUser": null }])
    );
    // the person themselves learns nothing, nor does the audit trail tell whoever may read that
    house.sql(&format!("UPDATE identity.users SET locked_until = now() WHERE id = '{}'", person.id)).await;
    let own = house.ask(Some(&house.token(&person).await), document, json!({})).await;
    assert_eq!(own["errors"][0]["extensions"]["requires"], json!(["security_event.read"]));
    let told = format!(
        "SELECT count(*) FROM audit.audit_logs WHERE organization_id = '{}' AND resource_type = 'SecurityEvent'",
        person.organization
    );
    assert_eq!(house.look(&told).await, "0");
    // it goes on: the same event counts it
    for _ in 0..10 {
        house.sign_in(&person.email, "wrong horse", None).await;
    }
    assert_eq!(noticed(&house, person.organization).await, "account_locked medium 2");
}

/// Signs in with a wrong password from an internet address.
async fn tries(town: &Town, ip: &str, email: String) -> Value {
    let caller = Caller { ip: Some(ip.parse().unwrap()), request: "tries".to_owned(), ..Caller::default() };
    let anybody = city::Person { caller, ..town.person("Anybody", &[]).await };
    anybody.change("signIn", json!({ "email": email, "password": "wrong horse" }), "accessToken").await
}

#[tokio::test]
async fn passwords_for_many_accounts_from_one_address_are_one_event_with_an_exact_count() {
    let town = Town::found().await;
    let (ip, other) = (format!("2001:db8::{:x}", rand()), format!("2001:db8:1::{:x}", rand()));
    let someone = Uuid::now_v7();
    // many for one account are none of it
    join_all((0..6).map(|_| tries(&town, &other, format!("{someone}@example.com")))).await;
    join_all((0..9).map(|n| tries(&town, &ip, format!("{someone}-{n}@example.com")))).await;
    let counted = |ip: String| {
        let house = House::of(&town.database);
        async move {
            let events = format!(
                "SELECT count(*) || ' ' || coalesce(sum(occurrences), 0) FROM security.security_events
                  WHERE organization_id = '{}' AND source_ip = '{ip}' AND detection_rule = 'password_spraying'",
                Uuid::nil()
            );
            house.look(&events).await
        }
    };
    assert_eq!((counted(ip).await, counted(other).await), ("1 9".to_owned(), "0 0".to_owned()));
    let address = format!("SELECT count(*) FROM security.security_events e WHERE e::text LIKE '%{someone}%'");
    assert_eq!(House::of(&town.database).look(&address).await, "0", "what was typed is not kept");
}

/// Something that no other test has.
fn rand() -> u16 {
    let bytes = *Uuid::now_v7().as_bytes();
    u16::from_be_bytes([bytes[14], bytes[15]])
}

#[tokio::test]
async fn a_refresh_token_that_is_used_twice_is_noticed_and_so_is_a_session_taken_elsewhere() {
    let house = House::open().await;
    let person = house.person(&["user"]).await;
    let elsewhere = house.person(&["owner"]).await;
    let before =
        text(&house.sign_in(&person.email, crate::identity::house::PASSWORD, None).await["refreshToken"]);
    let refused = house.refresh(&before, Some(&elsewhere.slug)).await;
    let nowhere = house.refresh(&before, Some("nowhere-at-all")).await;
    assert_eq!(
        (House::code(&refused), &refused),
        ("NOT_FOUND", &nowhere),
        "one does not learn what there is"
    );
    assert_eq!(noticed(&house, person.organization).await, "foreign_organization medium 2");
    assert_eq!(noticed(&house, elsewhere.organization).await, "");

    let after = house.refresh(&before, None).await;
    assert_eq!(after["userErrors"], json!([]), "the session goes on");
    house
        .sql(&format!(
            "UPDATE identity.sessions SET last_activity_at = now() - interval '1 minute' WHERE user_id = '{}'",
            person.id
        ))
        .await;
    assert_eq!(House::code(&house.refresh(&before, None).await), "INVALID");
    assert_eq!(
        noticed(&house, person.organization).await,
        "foreign_organization medium 2, refresh_token_reused high 1"
    );
}

async fn role_of(house: &House, person: &Person, name: &str) -> String {
    let role = format!(
        "SELECT id FROM access.roles WHERE organization_id = '{}' AND name = '{name}'",
        person.organization
    );
    global_id("role", house.look(&role).await.parse().unwrap())
}

#[tokio::test]
async fn changes_of_privileges_and_of_protection_are_noticed() {
    let house = House::open().await;
    let owner = house.person(&["owner"]).await;
    let person = house.colleague(&owner, &["user"]).await;
    let token = house.token(&owner).await;
    let user = global_id("user", person.id);
    for role in ["admin", "viewer"] {
        let input = json!({ "userId": user, "roleId": role_of(&house, &owner, role).await });
        done(&house, &token, "roleAssign", input).await;
    }
    assert_eq!(noticed(&house, owner.organization).await, "privileged_role_given medium 1");
    let given = format!(
        "SELECT a.id FROM access.role_assignments a JOIN access.roles r ON r.id = a.role_id AND r.name = 'admin' WHERE a.user_id = '{}'",
        person.id
    );
    let given = global_id("assign", house.look(&given).await.parse().unwrap());
    done(&house, &token, "roleRevoke", json!({ "id": given, "reason": "was a mistake" })).await;

    let permission = "SELECT id FROM access.permissions WHERE organization_id = '00000000-0000-0000-0000-000000000000' AND name = 'deal.delete'";
    let permission = global_id("perm", house.look(permission).await.parse().unwrap());
    done(&house, &token, "permissionGrant", json!({ "userId": user, "permissionId": permission })).await;
    done(&house, &token, "roleCreate", json!({ "name": "closer" })).await;
    let closer = role_of(&house, &owner, "closer").await;
    done(&house, &token, "rolePermissionAdd", json!({ "roleId": closer, "permissionId": permission })).await;
    let settings = format!(
        "INSERT INTO identity.organization_settings (organization_id) VALUES ('{}')",
        owner.organization
    );
    house.sql(&settings).await;
    done(&house, &token, "organizationSettingsUpdate", json!({ "sessionPolicy": { "mfaRequired": false } }))
        .await;
    let demands = format!(
        "UPDATE identity.organization_settings SET session_policy = '{{\"mfaRequired\": true}}' WHERE organization_id = '{0}';
         UPDATE identity.sessions SET mfa = true WHERE user_id = '{1}'",
        owner.organization, owner.id
    );
    house.sql(&demands).await;
    let lifted = json!({ "sessionPolicy": {}, "maskingEnabled": false });
    done(&house, &token, "organizationSettingsUpdate", lifted).await;
    assert_eq!(
        noticed(&house, owner.organization).await,
        "masking_weakened medium 1, permission_granted low 1, privileged_role_given medium 1, \
         privileged_role_taken medium 1, role_widened medium 1, second_factor_demand_lifted high 1"
    );
    let source = format!(
        "SELECT count(*) FROM security.security_events WHERE organization_id = '{}' AND source_user_id = '{}'",
        owner.organization, owner.id
    );
    assert_eq!(house.look(&source).await, "6");
}

#[tokio::test]
async fn acting_as_somebody_is_noticed_where_it_is_done_with_who_and_why() {
    let house = House::open().await;
    let owner = house.person(&["owner"]).await;
    let person = house.colleague(&owner, &["user"]).await;
    let token = house.token(&owner).await;
    let input = json!({ "userId": global_id("user", person.id), "reason": "a lost deal", "minutes": 5 });
    for _ in 0..2 {
        done(&house, &token, "impersonationBegin", input.clone()).await;
    }
    let told = "impersonation_begun medium 1, impersonation_begun medium 1";
    assert_eq!(noticed(&house, owner.organization).await, told);
    let who = format!(
        "SELECT string_agg(DISTINCT concat_ws(' ', source_user_id, target_user_id, event_data ->> 'reason'), ',')
           FROM security.security_events WHERE organization_id = '{}'",
        owner.organization
    );
    assert_eq!(house.look(&who).await, format!("{} {} a lost deal", owner.id, person.id));
    // what is refused is none
    let stranger = house.person(&["owner"]).await;
    let input = json!({ "userId": global_id("user", stranger.id), "reason": "curious", "minutes": 5 });
    let document = "mutation ($input: ImpersonationBeginInput!) { impersonationBegin(input: $input) { userErrors { code } } }";
    let refused = house.get(Some(&token), document, json!({ "input": input })).await;
    assert_eq!(House::code(&refused["impersonationBegin"]), "NOT_FOUND");
    assert_eq!(noticed(&house, stranger.organization).await, "");
    assert_eq!(noticed(&house, owner.organization).await, told);
}

#[tokio::test]
async fn many_refused_changes_are_one_event_and_a_few_are_none() {
    let town = Town::found().await;
    let (joe, ann) = (town.person("Joe", &["deal.read"]).await, town.person("Ann", &["deal.read"]).await);
    let denied = async |person: &city::Person| {
        let document = "mutation { accountCreate(input: { name: \"x\" }) { account { id } } }";
        let body = person.ask(document, json!({})).await.body;
        assert_eq!(body["errors"][0]["extensions"]["code"], "FORBIDDEN");
    };
    join_all((0..13).map(|_| denied(&joe))).await;
    join_all((0..9).map(|_| denied(&ann))).await;
    let house = House::of(&town.database);
    assert_eq!(noticed(&house, town.organization).await, "repeated_denials low 13");
    let who = format!(
        "SELECT source_user_id FROM security.security_events WHERE organization_id = '{}'",
        town.organization
    );
    assert_eq!(house.look(&who).await, joe.user.to_string());
}

#[tokio::test]
async fn those_who_watch_are_told_at_once_and_nobody_else_that_there_was_anything() {
    let town = Town::found().await;
    let watcher = town.person("Watcher", &["security_event.read", "account.read", "event.read"]).await;
    // sees everything that is said, and yet not this
    let other =
        town.person("Other", &["conversation.read_all", "account.read", "event.read", "audit.read"]).await;
    let writer = town.person("Writer", &["account.read", "account.write"]).await;
    let document = "subscription { recordEvents(types: [\"SecurityEvent\", \"Account\"]) { __typename ... on RecordCreated { recordType record { ... on SecurityEvent { detectionRule } } } } }";
    let (mut watches, mut listens) = (watcher.follow(document, json!({})), other.follow(document, json!({})));
    for stream in [&mut watches, &mut listens] {
        assert_eq!(stream.next().await.unwrap()["data"]["recordEvents"]["__typename"], "StreamOpened");
    }
    for _ in 0..10 {
        let refused =
            writer.ask("mutation { roleCreate(input: { name: \"x\" }) { role { id } } }", json!({})).await;
        assert_eq!(refused.body["errors"][0]["extensions"]["code"], "FORBIDDEN");
    }
    writer.do_("accountCreate", json!({ "name": "Globex" }), "account { id }").await;
    let told = watches.next().await.unwrap()["data"]["recordEvents"].clone();
    assert_eq!(
        told,
        json!({ "__typename": "RecordCreated", "recordType": "SecurityEvent", "record": { "detectionRule": "repeated_denials" } })
    );
    let told = listens.next().await.unwrap()["data"]["recordEvents"].clone();
    assert_eq!(told["recordType"], "Account", "{told:#}");
    let trail = other.get("{ auditLogs(first: 50) { nodes { action resourceType } } }", json!({})).await;
    assert!(!trail.to_string().contains("SecurityEvent") && !trail.to_string().contains("security_event"));
}
