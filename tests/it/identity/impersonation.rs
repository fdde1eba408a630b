//! Acting as somebody else: with their rights and no others, seen by everybody concerned, and over at once.
use serde_json::{Value, json};
use uuid::Uuid;

use super::house::{House, PASSWORD, Person, global_id, text};

/// Asks to act as a person; the whole answer.
async fn asked(house: &House, token: &str, person: &Person, minutes: i64, place: Option<Uuid>) -> Value {
    let document = "mutation ($input: ImpersonationBeginInput!) { impersonationBegin(input: $input) {
        accessToken accessTokenExpiresAt userErrors { code path }
    } }";
    let input = json!({ "userId": global_id("user", person.id), "reason": " a lost deal ", "minutes": minutes,
        "organizationId": place.map(|place| global_id("org", place)) });
    house.ask(Some(token), document, json!({ "input": input })).await
}

/// A token to act as a person.
async fn begun(house: &House, token: &str, person: &Person) -> String {
    let answer = asked(house, token, person, 10, None).await;
    let payload = &answer["data"]["impersonationBegin"];
    assert_eq!(payload["userErrors"], json!([]), "{answer}");
    text(&payload["accessToken"])
}

/// The code and the place of what was refused, at the door or behind it.
fn refusal(answer: &Value, mutation: &str) -> String {
    match answer["errors"][0]["extensions"]["code"].as_str() {
        Some(code) => code.to_owned(),
        None => {
            let error = &answer["data"][mutation]["userErrors"][0];
            format!("{} {}", text(&error["code"]), error["path"][1].as_str().unwrap_or_default())
        }
    }
}

async fn platform_admin(house: &House) -> (Person, String) {
    let person = house.person(&["owner"]).await;
    house
        .sql(&format!(
            "INSERT INTO identity.platform_admins (id, email, user_id) VALUES (gen_random_uuid(), '{}', '{}')",
            person.email, person.id
        ))
        .await;
    let token = house.token(&person).await;
    (person, token)
}

const WHO: &str = "{ viewer { user { id } impersonator { id displayName } permissions isPlatformAdmin
    session { mfa impersonationReason impersonatedBy { id } } } }";

#[tokio::test]
async fn whoever_acts_as_somebody_has_their_rights_and_both_are_named() {
    let house = House::open().await;
    let owner = house.person(&["owner"]).await;
    let person = house.colleague(&owner, &["user"]).await;
    let (own, theirs) = (house.token(&owner).await, house.token(&person).await);
    let token = begun(&house, &own, &person).await;

    let seen = house.get(Some(&token), WHO, json!({})).await["viewer"].clone();
    let plain = house.get(Some(&theirs), WHO, json!({})).await["viewer"].clone();
    assert_eq!(seen["user"]["id"], global_id("user", person.id));
    assert_eq!(seen["impersonator"], json!({ "id": global_id("user", owner.id), "displayName": "Somebody" }));
    assert_eq!((&plain["impersonator"], &plain["session"]["impersonatedBy"]), (&Value::Null, &Value::Null));
    assert_eq!(seen["permissions"], plain["permissions"]);
    assert_eq!(seen["session"]["impersonationReason"], "a lost deal");

    let make = "mutation { accountCreate(input: { name: \"Acme\" }) { account { id } userErrors { code } } }";
    let made = house.get(Some(&token), make, json!({})).await["accountCreate"]["account"]["id"].clone();
    // what they may not, nobody may as them
    let denied = "mutation { departmentCreate(input: { name: \"x\", code: \"x\" }) { userErrors { code } } }";
    let refused = house.ask(Some(&token), denied, json!({})).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN", "{refused}");

    // the owner reads who it was, and when it began and ended
    let end = "mutation { impersonationEnd { done userErrors { code } } }";
    assert_eq!(house.get(Some(&token), end, json!({})).await["impersonationEnd"]["done"], true);
    assert_eq!(house.opens(&token).await, Err("UNAUTHENTICATED".to_owned()));
    house.opens(&own).await.unwrap();
    let logs = "query ($who: ID!) { auditLogs(first: 20, filter: { impersonatedBy: { id: { eq: $who } } }) {
        nodes { action success actor { id } impersonatedBy { id } impersonatedByName resource { id } } } }";
    let logs = house.get(Some(&own), logs, json!({ "who": global_id("user", owner.id) })).await;
    let logs = logs["auditLogs"]["nodes"].as_array().unwrap().clone();
    let actions: Vec<&str> = logs.iter().rev().map(|log| log["action"].as_str().unwrap()).collect();
    let all = ["account.created", "departmentCreate.denied", "session.revoked", "user.impersonation_ended"];
    assert_eq!(actions, all);
    for log in &logs {
        assert_eq!(log["actor"]["id"], global_id("user", person.id));
        assert_eq!(log["impersonatedBy"]["id"], global_id("user", owner.id));
        assert_eq!(log["impersonatedByName"], "Somebody");
    }
    assert_eq!(logs.last().unwrap()["resource"]["id"], made);
    let began = format!(
        "SELECT actor_id || ' ' || resource_name || ' ' || (impersonated_by IS NULL) FROM audit.audit_logs
         WHERE action = 'user.impersonation_begun' AND resource_id = '{}'",
        global_id("user", person.id)
    );
    assert_eq!(house.look(&began).await, format!("{} a lost deal true", owner.id));
}

#[tokio::test]
async fn the_person_sees_it_and_can_end_it() {
    let house = House::open().await;
    let owner = house.person(&["owner"]).await;
    let person = house.colleague(&owner, &["user"]).await;
    let (own, theirs) = (house.token(&owner).await, house.token(&person).await);
    let token = begun(&house, &own, &person).await;
    let sessions = "{ viewer { sessions { id isCurrent impersonationReason impersonatedBy { id } } } }";
    let seen = house.get(Some(&theirs), sessions, json!({})).await["viewer"]["sessions"].clone();
    let seen = seen.as_array().unwrap();
    let other = seen.iter().find(|session| session["isCurrent"] == false).unwrap();
    assert_eq!((seen.len(), &other["impersonationReason"]), (2, &json!("a lost deal")));
    assert_eq!(other["impersonatedBy"]["id"], global_id("user", owner.id));
    let end =
        "mutation ($input: SessionRevokeInput!) { sessionRevoke(input: $input) { userErrors { code } } }";
    house.get(Some(&theirs), end, json!({ "input": { "id": other["id"] } })).await;
    assert_eq!(house.opens(&token).await, Err("UNAUTHENTICATED".to_owned()));
    // they were not there themselves
    let seen_at = format!("SELECT last_seen_at FROM identity.memberships WHERE user_id = '{}'", owner.id);
    house.opens(&own).await.unwrap();
    let fresh = house.colleague(&owner, &["user"]).await;
    let token = begun(&house, &own, &fresh).await;
    let never = format!("SELECT last_seen_at FROM identity.memberships WHERE user_id = '{}'", fresh.id);
    for _ in 0..100 {
        if !house.look(&seen_at).await.is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_ne!(house.look(&seen_at).await, "");
    assert_eq!(house.look(&never).await, "");
    // whoever acts ends it from their own session as well, and nobody else does
    let session = format!("SELECT id FROM identity.sessions WHERE user_id = '{}'", fresh.id);
    let session = global_id("sess", house.look(&session).await.parse().unwrap());
    let input = json!({ "input": { "id": session } });
    let refused = house.get(Some(&theirs), end, input.clone()).await["sessionRevoke"].clone();
    assert_eq!(House::code(&refused), "NOT_FOUND");
    house.opens(&token).await.unwrap();
    house.get(Some(&own), end, input).await;
    assert_eq!(house.opens(&token).await, Err("UNAUTHENTICATED".to_owned()));
}

#[tokio::test]
async fn nobody_acts_as_who_may_do_more() {
    let house = House::open().await;
    let owner = house.person(&["owner"]).await;
    let admin = house.colleague(&owner, &["admin"]).await;
    let user = house.colleague(&owner, &["user"]).await;
    let stranger = house.person(&["owner"]).await;
    let token = house.token(&admin).await;
    let outcome = async |token: &str, person: &Person, minutes: i64| {
        refusal(&asked(&house, token, person, minutes, None).await, "impersonationBegin")
    };
    assert_eq!(outcome(&token, &owner, 10).await, "STATE userId");
    assert_eq!(outcome(&token, &admin, 10).await, "STATE userId");
    assert_eq!(outcome(&token, &stranger, 10).await, "NOT_FOUND userId");
    assert_eq!(outcome(&token, &user, 0).await, "OUT_OF_RANGE minutes");
    assert_eq!(outcome(&token, &user, 61).await, "OUT_OF_RANGE minutes");
    assert_eq!(outcome(&house.token(&user).await, &admin, 10).await, "FORBIDDEN");
    let elsewhere = asked(&house, &token, &stranger, 10, Some(stranger.organization)).await;
    assert_eq!(refusal(&elsewhere, "impersonationBegin"), "NOT_FOUND organizationId");
    // that somebody tried is known
    let tried = format!(
        "SELECT count(*) FROM audit.audit_logs WHERE action = 'user.impersonation_refused' AND actor_id = '{}' AND NOT success",
        admin.id
    );
    assert_eq!(house.look(&tried).await, "1");

    // one right more, and be it for later, under a condition or for one thing, is more
    let rights = [
        "valid_from = now() + interval '10 minutes'",
        r#"additional_conditions = '{"attribute": "subject.region", "operator": "eq", "value": "EMEA"}'"#,
    ];
    for right in rights {
        let person = house.colleague(&owner, &["user"]).await;
        house
            .sql(&format!(
                "INSERT INTO access.permission_grants (organization_id, id, user_id, permission_id, permission_org_id)
                   SELECT '{}', ops.uuid_v7(), '{id}', p.id, p.organization_id FROM access.permissions p
                   WHERE p.name = 'organization.delete' AND p.organization_id = '{}';
                 UPDATE access.permission_grants SET {right} WHERE user_id = '{id}'",
                owner.organization,
                Uuid::nil(),
                id = person.id
            ))
            .await;
        assert_eq!(outcome(&token, &person, 10).await, "STATE userId", "{right}");
    }
    // and so is a field that is not masked for them
    house
        .sql(&format!(
            "INSERT INTO security.masking_policies (organization_id, id, name, fields, method)
               VALUES ('{place}', gen_random_uuid(), 'masked', '{{Account.name}}', 'redact');
             INSERT INTO security.masking_policy_users (organization_id, policy_id, user_id)
               SELECT organization_id, id, '{}' FROM security.masking_policies WHERE organization_id = '{place}'",
            admin.id,
            place = owner.organization,
        ))
        .await;
    assert_eq!(outcome(&token, &user, 10).await, "STATE userId");
    begun(&house, &house.token(&owner).await, &user).await;
}

#[tokio::test]
async fn neither_who_the_person_is_nor_what_they_may_is_touched() {
    let house = House::open().await;
    let owner = house.person(&["owner"]).await;
    let second = house.colleague(&owner, &["owner"]).await;
    let third = house.colleague(&owner, &["user"]).await;
    let token = begun(&house, &house.token(&owner).await, &second).await;
    let (user, key) = (global_id("user", third.id), global_id("org", owner.organization));
    let acts = [
        format!(
            "passwordChange(input: {{ currentPassword: \"{PASSWORD}\", newPassword: \"an open door is no door\" }})"
        ),
        format!("mfaEnroll(input: {{ password: \"{PASSWORD}\" }})"),
        "emailVerificationRequest(input: {})".to_owned(),
        "sessionsRevokeAll(input: {})".to_owned(),
        "apiKeyCreate(input: { name: \"x\", scopes: [] })".to_owned(),
        format!(
            "roleAssign(input: {{ userId: \"{user}\", roleId: \"{}\" }})",
            global_id("role", Uuid::nil())
        ),
        "roleCreate(input: { name: \"x\" })".to_owned(),
        format!(
            "invitationCreate(input: {{ email: \"x@example.com\", roleId: \"{}\" }})",
            global_id("role", Uuid::nil())
        ),
        format!("impersonationBegin(input: {{ userId: \"{user}\", reason: \"x\", minutes: 1 }})"),
        "organizationCreate(input: { name: \"x\", slug: \"x\" })".to_owned(),
        "organizationDelete".to_owned(),
        format!("organizationSuspend(input: {{ id: \"{key}\", reason: \"x\" }})"),
    ];
    for act in &acts {
        let answer = house
            .ask(Some(&token), &format!("mutation {{ {act} {{ userErrors {{ code }} }} }}"), json!({}))
            .await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN", "{act}: {answer}");
        assert!(text(&answer["errors"][0]["message"]).contains("act as somebody else"), "{act}: {answer}");
    }
    let told = format!(
        "SELECT count(*) FROM audit.audit_logs WHERE action LIKE '%.denied' AND actor_id = '{}' AND impersonated_by = '{}'",
        second.id, owner.id
    );
    assert_eq!(house.look(&told).await, acts.len().to_string());
    let own = "mutation { userUpdate(input: { displayName: \"Second\" }) { user { displayName } userErrors { code } } }";
    assert_eq!(house.get(Some(&token), own, json!({})).await["userUpdate"]["user"]["displayName"], "Second");
}

#[tokio::test]
async fn it_ends_with_whatever_allows_it() {
    let house = House::open().await;
    let owner = house.person(&["owner"]).await;
    let place = owner.organization;
    let gone = Err("UNAUTHENTICATED".to_owned());
    let end = |person: &Person, what: &str| what.replace(":id", &format!("'{}'", person.id));
    let ends = [
        // their session, their membership, their account, their right
        "UPDATE access.role_assignments SET revoked_at = now() WHERE user_id = :id",
        "UPDATE access.role_assignments SET valid_until = clock_timestamp() + interval '300 ms' WHERE user_id = :id",
        "UPDATE identity.memberships SET status = 'suspended' WHERE user_id = :id",
        "UPDATE identity.users SET status = 'inactive' WHERE id = :id",
        "UPDATE identity.users SET locked_at = now() WHERE id = :id",
    ];
    for what in ends {
        let (admin, user) =
            (house.colleague(&owner, &["admin"]).await, house.colleague(&owner, &["user"]).await);
        let token = begun(&house, &house.token(&admin).await, &user).await;
        house.opens(&token).await.unwrap();
        house.sql(&end(&admin, what)).await;
        if what.contains("300 ms") {
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        }
        assert_eq!(house.opens(&token).await, gone, "{what}");
    }
    // signing out tells every server, wherever somebody listens
    let (admin, user) = (house.colleague(&owner, &["admin"]).await, house.colleague(&owner, &["user"]).await);
    let own = house.token(&admin).await;
    let token = begun(&house, &own, &user).await;
    house.get(Some(&own), "mutation { signOut { done } }", json!({})).await;
    assert_eq!(house.opens(&token).await, gone);
    let told = format!(
        "SELECT s.revoke_reason || ' ' || e.kind || ' ' || (SELECT count(*) FROM audit.audit_logs
           WHERE action = 'user.impersonation_ended' AND organization_id = '{place}' AND actor_id = '{}')
         FROM identity.sessions s JOIN ops.events e ON e.subject_id = s.id WHERE s.user_id = '{}'",
        admin.id, user.id
    );
    assert_eq!(house.look(&told).await, "signed_out session.ended 1");
    // the person comes to hold what the other does not
    let own = house.token(&admin).await;
    let token = begun(&house, &own, &user).await;
    house.sql(&format!(
        "INSERT INTO access.role_assignments (organization_id, id, user_id, role_id)
           SELECT organization_id, gen_random_uuid(), '{}', id FROM access.roles WHERE organization_id = '{place}' AND name = 'owner'",
        user.id
    )).await;
    assert_eq!(house.opens(&token).await, gone);
    house.opens(&own).await.unwrap();
}

#[tokio::test]
async fn it_lasts_an_hour_at_most_and_is_never_prolonged() {
    let house = House::open().await;
    let owner = house.person(&["owner"]).await;
    let user = house.colleague(&owner, &["user"]).await;
    let own = house.token(&owner).await;
    let answer = asked(&house, &own, &user, 60, None).await;
    let ends = text(&answer["data"]["impersonationBegin"]["accessTokenExpiresAt"]);
    let ends: chrono::DateTime<chrono::Utc> = ends.parse().unwrap();
    let left = ends - chrono::Utc::now();
    assert!(left <= chrono::Duration::minutes(60) && left > chrono::Duration::minutes(59), "{left}");
    let this = format!("impersonated_by = '{}'", owner.id);
    for (what, rule) in [
        ("expires_at = expires_at + interval '1 minute'", "sessions_impersonation_hour"),
        ("impersonation_reason = NULL", "sessions_impersonation"),
        ("impersonated_by = user_id", "sessions_impersonation"),
    ] {
        let refused = house.refusal(&format!("UPDATE identity.sessions SET {what} WHERE {this}")).await;
        assert!(refused.contains(rule), "{what}: {refused}");
    }
    house.sql(&format!("UPDATE identity.sessions SET expires_at = now() WHERE {this}")).await;
    let token = text(&answer["data"]["impersonationBegin"]["accessToken"]);
    assert!(house.opens(&token).await.is_err());
    // no longer than the session from which it is done
    house
        .sql(&format!(
            "UPDATE identity.sessions SET expires_at = now() + interval '5 minutes' WHERE user_id = '{}'",
            owner.id
        ))
        .await;
    asked(&house, &own, &user, 60, None).await;
    let left =
        format!("SELECT max(expires_at) <= now() + interval '5 minutes' FROM identity.sessions WHERE {this}");
    assert_eq!(house.look(&left).await, "true");
}

#[tokio::test]
async fn administrators_of_the_platform_act_as_anybody_but_each_other() {
    let house = House::open().await;
    let (admin, own) = platform_admin(&house).await;
    let (other, _) = platform_admin(&house).await;
    let owner = house.person(&["owner"]).await;
    let place = owner.organization;
    let nowhere = asked(&house, &own, &owner, 10, None).await;
    assert_eq!(refusal(&nowhere, "impersonationBegin"), "NOT_FOUND userId");
    let each_other = asked(&house, &own, &other, 10, Some(other.organization)).await;
    assert_eq!(refusal(&each_other, "impersonationBegin"), "STATE userId");

    let answer = asked(&house, &own, &owner, 10, Some(place)).await;
    let token = text(&answer["data"]["impersonationBegin"]["accessToken"]);
    let seen = house.get(Some(&token), WHO, json!({})).await["viewer"].clone();
    assert_eq!(seen["user"]["id"], global_id("user", owner.id));
    assert_eq!(seen["impersonator"]["id"], global_id("user", admin.id));
    assert_eq!(seen["isPlatformAdmin"], false);
    let make = "mutation { accountCreate(input: { name: \"Acme\" }) { account { id } userErrors { code } } }";
    house.get(Some(&token), make, json!({})).await;
    // both sides know, the platform without what it was about
    let rows = |place: Uuid| {
        format!(
            "SELECT string_agg(action || ' ' || coalesce(impersonated_by_name, '-') || ' ' || coalesce(resource_name, '-') || ' '
                || (new_values IS NULL) || ' ' || coalesce(details ->> 'organizationId', '-'), ', ' ORDER BY id)
             FROM audit.audit_logs WHERE organization_id = '{place}'
               AND (impersonated_by = '{id}' OR actor_id = '{id}' AND action LIKE 'user.impersonation%')",
            id = admin.id
        )
    };
    let here = house.look(&rows(place)).await;
    assert_eq!(here, "user.impersonation_begun - a lost deal true -, account.created Somebody - false -");
    let there = house.look(&rows(Uuid::nil())).await;
    let named = global_id("org", place);
    assert_eq!(
        there,
        format!("user.impersonation_begun - a lost deal true -, account.created Somebody - true {named}")
    );

    // who becomes an administrator of the platform is out of reach
    house
        .sql(&format!(
        "INSERT INTO identity.platform_admins (id, email, user_id) VALUES (gen_random_uuid(), '{}', '{id}');
         UPDATE identity.users SET status = 'inactive' WHERE id = '{id}';
         UPDATE identity.users SET status = 'active' WHERE id = '{id}'",
        owner.email, id = owner.id
    ))
        .await;
    assert_eq!(house.opens(&token).await, Err("UNAUTHENTICATED".to_owned()));
}

#[tokio::test]
async fn where_a_second_factor_is_demanded_one_was_shown() {
    let house = House::open().await;
    let (_, own) = platform_admin(&house).await;
    let owner = house.person(&["owner"]).await;
    house.sql(&format!(
        "INSERT INTO identity.organization_settings (organization_id, session_policy) VALUES ('{}', '{{\"mfaRequired\": true}}')",
        owner.organization
    )).await;
    let refused = asked(&house, &own, &owner, 10, Some(owner.organization)).await;
    assert_eq!(refusal(&refused, "impersonationBegin"), "STATE organizationId");
    house.sql("UPDATE identity.sessions SET mfa = true").await;
    let answer = asked(&house, &own, &owner, 10, Some(owner.organization)).await;
    let token = text(&answer["data"]["impersonationBegin"]["accessToken"]);
    assert_eq!(house.get(Some(&token), WHO, json!({})).await["viewer"]["session"]["mfa"], true);
}
