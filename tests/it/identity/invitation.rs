//! Invitations (B003): a token by mail, good for one membership.
use futures_util::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

use super::house::{House, PASSWORD, Person, global_id, text};

/// Invites as whoever shows `token`; the whole payload.
async fn invite(house: &House, token: &str, email: &str, role: &str) -> Value {
    let document = "mutation ($input: InvitationCreateInput!) { invitationCreate(input: $input) {
        invitation { id email status role { name } invitedBy { displayName } } userErrors { code path }
    } }";
    let input = json!({ "input": { "email": email, "roleId": role } });
    house.ask(Some(token), document, input).await["data"]["invitationCreate"].clone()
}

/// Does `what` to an invitation; the whole payload.
async fn act(house: &House, token: &str, what: &str, id: &str) -> Value {
    let document = format!(
        "mutation ($input: InvitationRecordInput!) {{ {what}(input: $input) {{ invitation {{ status }} userErrors {{ code path }} }} }}"
    );
    house.get(Some(token), &document, json!({ "input": { "id": id } })).await[what].clone()
}

async fn accept_as(house: &House, access: Option<&str>, input: Value) -> Value {
    let document = "mutation ($input: InvitationAcceptInput!) { invitationAccept(input: $input) {
        done organization { slug } userErrors { code message path }
    } }";
    house.get(access, document, json!({ "input": input })).await["invitationAccept"].clone()
}

/// Accepts as somebody whom nobody knows.
async fn accept(house: &House, token: &str) -> Value {
    let input = json!({ "token": token, "displayName": "New Person", "password": PASSWORD });
    accept_as(house, None, input).await
}

async fn role(house: &House, organization: Uuid, name: &str) -> String {
    let id =
        format!("SELECT id FROM access.roles WHERE organization_id = '{organization}' AND name = '{name}'");
    global_id("role", house.look(&id).await.parse().unwrap())
}

fn spent() -> Value {
    let message =
        "the token is unknown, used, withdrawn or too old, or was sent to another address: ask for another";
    json!({ "done": false, "organization": null,
            "userErrors": [{ "code": "INVALID", "message": message, "path": ["input", "token"] }] })
}

fn stranger() -> String {
    format!("{}@example.com", Uuid::now_v7())
}

/// Somebody who may invite, with their token and the id of the role `viewer`.
async fn host(house: &House) -> (Person, String, String) {
    let host = house.person(&["owner"]).await;
    let (token, viewer) = (house.token(&host).await, role(house, host.organization, "viewer").await);
    (host, token, viewer)
}

async fn membership(house: &House, organization: Uuid, email: &str) -> String {
    house
        .look(&format!(
            "SELECT m.status || ' ' || coalesce(string_agg(r.name, ',' ORDER BY r.name), '') FROM identity.users u
               JOIN identity.memberships m ON m.user_id = u.id AND m.organization_id = '{organization}'
               LEFT JOIN access.role_assignments a ON a.organization_id = m.organization_id AND a.user_id = u.id AND a.revoked_at IS NULL
               LEFT JOIN access.roles r ON r.organization_id = a.organization_id AND r.id = a.role_id
              WHERE u.email = '{email}' GROUP BY m.status"
        ))
        .await
}

#[tokio::test]
async fn who_is_invited_gets_an_account_a_membership_and_the_role() {
    let house = House::open().await;
    let (host, owner, viewer) = host(&house).await;
    let email = stranger();
    let payload = invite(&house, &owner, &format!(" {email} "), &viewer).await;
    let made = json!({ "id": payload["invitation"]["id"], "email": email, "status": "PENDING", "role": { "name": "viewer" },
                       "invitedBy": { "displayName": "Somebody" } });
    assert_eq!(payload, json!({ "invitation": made, "userErrors": [] }));
    let token = house.mailed(&email).await;
    let letter = house.look(&format!("SELECT body FROM identity.mail WHERE recipient = '{email}'")).await;
    assert!(letter.contains(&format!("https://app.example/invitation#token={token}\n")), "{letter}");
    let kept = format!("SELECT token_hash FROM identity.invitations WHERE email = '{email}'");
    assert_eq!(house.look(&kept).await, portico::credential::hash(&token));

    let joined = accept(&house, &token).await;
    assert_eq!(joined, json!({ "done": true, "organization": { "slug": host.slug }, "userErrors": [] }));
    assert_eq!(membership(&house, host.organization, &email).await, "active viewer");
    let proved = format!(
        "SELECT email_verified_at IS NOT NULL AND status = 'active' FROM identity.users WHERE email = '{email}'"
    );
    assert_eq!(house.look(&proved).await, "true");
    let access = text(&house.sign_in(&email, PASSWORD, Some(&host.slug)).await["accessToken"]);
    let viewer = house.get(Some(&access), "{ viewer { roles user { displayName } } }", json!({})).await;
    assert_eq!(viewer["viewer"], json!({ "roles": ["viewer"], "user": { "displayName": "New Person" } }));

    assert_eq!(accept(&house, &token).await, spent());
    assert_eq!(accept_as(&house, Some(&access), json!({ "token": token })).await, spent());
    let told = format!(
        "SELECT string_agg(action, ' ' ORDER BY id) FROM audit.audit_logs WHERE organization_id = '{}' AND action !~ '^user.signed_in'",
        host.organization
    );
    let told = house.look(&told).await;
    assert_eq!(
        told,
        "invitation.created user.created membership.created role_assignment.created invitation.accepted"
    );
}

#[tokio::test]
async fn what_is_wrong_with_a_token_is_not_told() {
    let house = House::open().await;
    let (host, owner, viewer) = host(&house).await;
    let sent = async |email: &str| {
        let payload = invite(&house, &owner, email, &viewer).await;
        (text(&payload["invitation"]["id"]), house.mailed(email).await)
    };
    let (first, again, late, gone) = (stranger(), stranger(), stranger(), stranger());
    let (revoked, token) = sent(&first).await;
    assert_eq!(act(&house, &owner, "invitationRevoke", &revoked).await["invitation"]["status"], "REVOKED");
    assert_eq!(accept(&house, &token).await, spent());

    let (resent, old) = sent(&again).await;
    assert_eq!(act(&house, &owner, "invitationResend", &resent).await["userErrors"], json!([]));
    assert_eq!(accept(&house, &old).await, spent());

    let (expired, old) = sent(&late).await;
    let expire = format!("UPDATE identity.invitations SET expires_at = now() WHERE email = '{late}'");
    house.sql(&expire).await;
    assert_eq!(accept(&house, &old).await, spent());
    assert_eq!(act(&house, &owner, "invitationResend", &expired).await["invitation"]["status"], "PENDING");

    for bad in ["", "pto_", "pto_0000000000000000000000000000000000000000000000000000"] {
        assert_eq!(accept(&house, bad).await, spent(), "{bad}");
    }
    // whoever invites has to be there still, and so has the organization
    let (_, token) = sent(&gone).await;
    let leave = |status: &str| {
        format!("UPDATE identity.memberships SET status = '{status}' WHERE user_id = '{}'", host.id)
    };
    house.sql(&leave("left")).await;
    assert_eq!(accept(&house, &token).await, spent());
    house.sql(&leave("active")).await;
    let close = |status: &str| {
        format!("UPDATE identity.organizations SET status = '{status}' WHERE id = '{}'", host.organization)
    };
    house.sql(&close("suspended")).await;
    assert_eq!(accept(&house, &token).await, spent());
    house.sql(&close("active")).await;
    assert_eq!(accept(&house, &token).await["done"], true);
    let all = "{ invitations(orderBy: [{ field: CREATED_AT, direction: ASC }]) { nodes { status } } }";
    let all = house.get(Some(&owner), all, json!({})).await["invitations"]["nodes"].clone();
    assert_eq!(
        all,
        json!([{ "status": "REVOKED" }, { "status": "PENDING" }, { "status": "PENDING" }, { "status": "ACCEPTED" }])
    );
}

#[tokio::test]
async fn of_many_who_accept_at_once_one_wins() {
    let house = House::open().await;
    let (host, owner, viewer) = host(&house).await;
    let email = stranger();
    invite(&house, &owner, &email, &viewer).await;
    let token = house.mailed(&email).await;
    let answers = join_all((0..6).map(|_| accept(&house, &token))).await;
    assert_eq!(answers.iter().filter(|answer| answer["done"] == true).count(), 1, "{answers:?}");
    assert_eq!(answers.iter().filter(|answer| **answer == spent()).count(), 5, "{answers:?}");
    let accounts = format!("SELECT count(*) FROM identity.users WHERE email = '{email}'");
    assert_eq!(house.look(&accounts).await, "1");
    assert_eq!(membership(&house, host.organization, &email).await, "active viewer");
}

#[tokio::test]
async fn who_has_an_account_accepts_signed_in_and_for_their_own_address_alone() {
    let house = House::open().await;
    let (host, owner, viewer) = host(&house).await;
    let (guest, other) = (house.person(&["owner"]).await, house.person(&["owner"]).await);
    house
        .sql(&format!("UPDATE identity.users SET email = 'Guest-' || email WHERE id = '{}'", guest.id))
        .await;
    let address = format!("guest-{}", guest.email);
    let guest = Person { email: format!("Guest-{}", guest.email), ..guest };
    invite(&house, &owner, &address, &viewer).await;
    let token = house.mailed(&address).await;
    let (own, others) = (house.token(&guest).await, house.token(&other).await);
    let payload = accept(&house, &token).await;
    assert_eq!((House::code(&payload), &payload["done"]), ("STATE", &json!(false)));
    assert_eq!(accept_as(&house, Some(&others), json!({ "token": token })).await, spent());
    assert_eq!(accept_as(&house, Some(&own), json!({ "token": token })).await["done"], true);
    assert_eq!(membership(&house, host.organization, &guest.email).await, "active viewer");
    assert_eq!(membership(&house, host.organization, &other.email).await, "");
    // their account is as it was, but that the address is proved
    let name = format!(
        "SELECT display_name || (email_verified_at IS NOT NULL) FROM identity.users WHERE id = '{}'",
        guest.id
    );
    assert_eq!(house.look(&name).await, "Somebodytrue");
    let again = house.sign_in(&guest.email, PASSWORD, Some(&host.slug)).await;
    assert!(again["accessToken"].is_string(), "{again}");
}

#[tokio::test]
async fn nobody_invites_into_a_role_beyond_their_own() {
    let house = House::open().await;
    let (host, _, viewer) = host(&house).await;
    let security = house.colleague(&host, &["security_admin"]).await;
    let token = house.token(&security).await;
    let (owner, own) = (
        role(&house, host.organization, "owner").await,
        role(&house, host.organization, "security_admin").await,
    );
    let document = "mutation ($input: InvitationCreateInput!) { invitationCreate(input: $input) { userErrors { code } } }";
    for beyond in [&owner, &viewer] {
        let input = json!({ "input": { "email": stranger(), "roleId": beyond } });
        let answer = house.ask(Some(&token), document, input).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN", "{answer}");
    }
    assert_eq!(invite(&house, &token, &stranger(), &own).await["userErrors"], json!([]));
    let plain = house.colleague(&host, &["manager"]).await;
    let answer = house
        .ask(
            Some(&house.token(&plain).await),
            document,
            json!({ "input": { "email": stranger(), "roleId": viewer } }),
        )
        .await;
    assert_eq!(answer["errors"][0]["extensions"]["requires"], json!(["invitation.write"]));
}

#[tokio::test]
async fn members_are_not_invited_and_who_has_left_comes_back_with_the_new_role_alone() {
    let house = House::open().await;
    let (host, owner, viewer) = host(&house).await;
    let colleague = house.colleague(&host, &["admin"]).await;
    let taken = invite(&house, &owner, &colleague.email.to_uppercase(), &viewer).await;
    assert_eq!(
        (House::code(&taken), &taken["userErrors"][0]["path"]),
        ("NOT_UNIQUE", &json!(["input", "email"]))
    );
    let wrong = invite(&house, &owner, "no address", &viewer).await;
    assert_eq!(
        (House::code(&wrong), &wrong["userErrors"][0]["path"]),
        ("INVALID", &json!(["input", "email"]))
    );

    let status = |status: &str| {
        format!(
            "UPDATE identity.memberships SET status = '{status}' WHERE organization_id = '{}' AND user_id = '{}'",
            host.organization, colleague.id
        )
    };
    house.sql(&status("left")).await;
    assert_eq!(invite(&house, &owner, &colleague.email, &viewer).await["userErrors"], json!([]));
    let twice = invite(&house, &owner, &colleague.email, &viewer).await;
    assert_eq!(House::code(&twice), "NOT_UNIQUE");
    let token = house.mailed(&colleague.email).await;
    let access = text(&house.sign_in(&colleague.email, PASSWORD, None).await["accessToken"]);
    // who was suspended meanwhile is not let in by a letter of before
    house.sql(&status("suspended")).await;
    assert_eq!(accept_as(&house, Some(&access), json!({ "token": token })).await, spent());
    house.sql(&status("left")).await;
    assert_eq!(accept_as(&house, Some(&access), json!({ "token": token })).await["done"], true);
    assert_eq!(membership(&house, host.organization, &colleague.email).await, "active viewer");
}

#[tokio::test]
async fn who_has_no_account_says_their_name_and_a_password_that_the_organization_accepts() {
    let house = House::open().await;
    let (host, owner, viewer) = host(&house).await;
    house
        .sql(&format!(
            "INSERT INTO identity.organization_settings (organization_id, password_policy) VALUES ('{}', '{{\"minLength\": 16}}')",
            host.organization
        ))
        .await;
    let email = stranger();
    invite(&house, &owner, &email, &viewer).await;
    let token = house.mailed(&email).await;
    let tries = [
        (json!({ "token": token, "password": PASSWORD }), "REQUIRED", "displayName"),
        (json!({ "token": token, "displayName": "New" }), "REQUIRED", "password"),
        (
            json!({ "token": token, "displayName": "New", "password": "fifteen letters" }),
            "INVALID",
            "password",
        ),
        (json!({ "token": token, "displayName": " ", "password": PASSWORD }), "INVALID", "displayName"),
    ];
    for (input, code, field) in tries {
        let payload = accept_as(&house, None, input).await;
        let path = &payload["userErrors"][0]["path"];
        assert_eq!((House::code(&payload), path), (code, &json!(["input", field])));
    }
    assert_eq!(accept(&house, &token).await["done"], true);
}

#[tokio::test]
async fn a_role_that_nobody_else_may_have_stays_with_the_invitation() {
    let house = House::open().await;
    let (host, owner, _) = host(&house).await;
    house
        .sql(&format!(
            "INSERT INTO access.roles (organization_id, id, name, max_assignments) VALUES ('{}', gen_random_uuid(), 'only_one', 1)",
            host.organization
        ))
        .await;
    let only = role(&house, host.organization, "only_one").await;
    let (first, second) = (stranger(), stranger());
    for email in [&first, &second] {
        assert_eq!(invite(&house, &owner, email, &only).await["userErrors"], json!([]));
    }
    assert_eq!(accept(&house, &house.mailed(&first).await).await["done"], true);
    let token = house.mailed(&second).await;
    assert_eq!(House::code(&accept(&house, &token).await), "STATE");
    let accounts = format!("SELECT count(*) FROM identity.users WHERE email = '{second}'");
    assert_eq!(house.look(&accounts).await, "0");
    house.sql(&format!("UPDATE access.roles SET max_assignments = NULL WHERE name = 'only_one' AND organization_id = '{}'", host.organization)).await;
    assert_eq!(accept(&house, &token).await["done"], true);
}

#[tokio::test]
async fn the_invitations_of_others_are_not_there() {
    let house = House::open().await;
    let (_, ours, viewer) = host(&house).await;
    let (_, theirs, _) = host(&house).await;
    let email = stranger();
    let id = text(&invite(&house, &ours, &email, &viewer).await["invitation"]["id"]);
    let find = "query ($id: ID!, $email: String!) {
        invitation(id: $id) { email }
        invitations(filter: { email: { eq: $email }, acceptedAt: { isNull: true } }, orderBy: [{ field: EXPIRES_AT }]) { nodes { email } }
    }";
    let look = async |token: &str| house.get(Some(token), find, json!({ "id": id, "email": email })).await;
    let seen = json!({ "invitation": { "email": email }, "invitations": { "nodes": [{ "email": email }] } });
    assert_eq!(look(&ours).await, seen);
    assert_eq!(look(&theirs).await, json!({ "invitation": null, "invitations": { "nodes": [] } }));
    for what in ["invitationResend", "invitationRevoke"] {
        assert_eq!(House::code(&act(&house, &theirs, what, &id).await), "NOT_FOUND");
    }
    for _ in 0..2 {
        let code = act(&house, &ours, "invitationRevoke", &id).await["userErrors"][0]["code"].clone();
        assert!(code.is_null() || code == "STATE", "{code}");
    }
    assert_eq!(House::code(&act(&house, &ours, "invitationResend", &id).await), "STATE");
}

/// However many send at once, and whether for the first time or again.
#[tokio::test]
async fn an_organization_sends_a_hundred_invitations_an_hour() {
    let house = House::open().await;
    let (host, token, viewer) = host(&house).await;
    let quota = |set: &str| {
        format!("UPDATE identity.invitation_quotas SET {set} WHERE organization_id = '{}'", host.organization)
    };
    let first = invite(&house, &token, &stranger(), &viewer).await["invitation"]["id"].clone();
    let first = first.as_str().unwrap();
    // should the hour turn meanwhile, it does so for nobody here
    house.sql(&quota("sent = 91, hour = hour + interval '1 day'")).await;
    let sent = join_all((0..20).map(|_| async { invite(&house, &token, &stranger(), &viewer).await })).await;
    let codes: Vec<_> = sent.iter().filter_map(|payload| payload["userErrors"][0]["code"].as_str()).collect();
    assert_eq!(codes, ["LIMIT_REACHED"; 11]);
    let again = act(&house, &token, "invitationResend", first).await;
    assert_eq!(again["userErrors"], json!([{ "code": "LIMIT_REACHED", "path": ["input"] }]));
    let made = format!(
        "SELECT count(*)::text FROM identity.invitations WHERE organization_id = '{}'",
        host.organization
    );
    assert_eq!(house.look(&made).await, "10");

    // another organization has its own, and the next hour begins anew
    let (_, theirs, their_viewer) = self::host(&house).await;
    assert_eq!(invite(&house, &theirs, &stranger(), &their_viewer).await["userErrors"], json!([]));
    house.sql(&quota("hour = date_trunc('hour', now()) - interval '1 hour'")).await;
    assert_eq!(act(&house, &token, "invitationResend", first).await["userErrors"], json!([]));
    assert_eq!(invite(&house, &token, &stranger(), &viewer).await["userErrors"], json!([]));
}

/// A role that comes by a rule is there with the membership (B022).
#[tokio::test]
async fn whoever_accepts_has_the_roles_that_members_like_them_get_by_themselves() {
    let house = House::open().await;
    let (host, owner, viewer) = host(&house).await;
    let document = "mutation ($input: RoleCreateInput!) { roleCreate(input: $input) { role { id } userErrors { code } } }";
    for (name, domain) in [("colleagues", "acme.example"), ("others", "example.com")] {
        let rule = json!({ "attribute": "subject.emailDomain", "operator": "eq", "value": domain });
        let input = json!({ "input": { "name": name, "autoAssignConditions": rule } });
        assert_eq!(house.get(Some(&owner), document, input).await["roleCreate"]["userErrors"], json!([]));
    }
    // the token of a mail proves the address of somebody new, and of somebody whom another organization knows
    let known = house.person(&["user"]).await;
    let email = format!("{}@acme.example", Uuid::now_v7());
    house.sql(&format!("UPDATE identity.users SET email = '{email}' WHERE id = '{}'", known.id)).await;
    let known = Person { email, ..known };
    let newcomer = format!("{}@acme.example", Uuid::now_v7());
    for email in [&known.email, &newcomer] {
        invite(&house, &owner, email, &viewer).await;
    }
    let token = house.mailed(&newcomer).await;
    assert_eq!(accept(&house, &token).await["done"], true);
    let (token, access) = (house.mailed(&known.email).await, house.token(&known).await);
    assert_eq!(accept_as(&house, Some(&access), json!({ "token": token })).await["done"], true);
    for email in [&known.email, &newcomer] {
        assert_eq!(membership(&house, host.organization, email).await, "active colleagues,viewer", "{email}");
    }
    assert_eq!(membership(&house, known.organization, &known.email).await, "active user");
}
