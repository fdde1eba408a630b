//! Whose people are whose: what a directory may say, and how far it reaches.
use serde_json::{Value, json};

use super::{Directory, ENTERPRISE, USER, path, uuid_of};
use crate::identity::house::{House, PASSWORD, Person, global_id, text};

const ACCOUNT: &str = "SELECT concat_ws('|', email, first_name, last_name, display_name, phone, timezone, locale) FROM identity.users WHERE id = $user";

#[tokio::test]
async fn an_account_follows_the_directory_while_it_is_the_organizations_own() {
    let directory = Directory::found().await;
    let slug = &directory.owner.slug;
    let body = json!({
        "schemas": [USER, ENTERPRISE],
        "userName": "ada",
        "name": { "givenName": "Ada", "familyName": "King" },
        "emails": [{ "value": format!("ada@{slug}.example.org"), "type": "home" }, { "value": format!("ada@{slug}.example.com"), "type": "work" }],
        "phoneNumbers": [{ "value": "+44 20 1", "type": "work" }],
        "timezone": "Europe/London",
        "locale": "en-GB",
        "title": "Countess",
    });
    let ada = directory.post("/Users", body).await.ok(201);
    let account = format!("ada@{slug}.example.com|Ada|King|Ada King|+44 20 1|Europe/London|en-GB");
    assert_eq!(directory.look_at(&ada, ACCOUNT).await, account);
    let place = "SELECT concat_ws('|', status, title, joined_at IS NOT NULL) FROM identity.memberships WHERE organization_id = $org AND user_id = $user";
    assert_eq!(directory.look_at(&ada, place).await, "active|Countess|t");
    // no password, no proof of the address, no rights
    let state = "SELECT concat_ws('|', status, password_hash, email_verified_at) FROM identity.users WHERE id = $user";
    assert_eq!(directory.look_at(&ada, state).await, "active");
    let roles = "SELECT count(*) FROM access.role_assignments WHERE user_id = $user";
    assert_eq!(directory.look_at(&ada, roles).await, "0");

    let user = path("Users", &ada);
    let renamed = json!([{ "op": "replace", "path": "name.familyName", "value": "Lovelace" },
                         { "op": "replace", "path": "emails[type eq \"work\"].value", "value": format!("lovelace@{slug}.example.com") }]);
    directory.patch(&user, renamed).await.ok(200);
    let account =
        format!("lovelace@{slug}.example.com|Ada|Lovelace|Ada Lovelace|+44 20 1|Europe/London|en-GB");
    assert_eq!(directory.look_at(&ada, ACCOUNT).await, account);

    // from the moment the address is proved, the account is the person's; the directory hears its own words
    directory
        .house
        .sql(&format!("UPDATE identity.users SET email_verified_at = now() WHERE id = '{}'", uuid_of(&ada)))
        .await;
    let told = json!([{ "op": "replace", "path": "displayName", "value": "Lady L." }, { "op": "replace", "path": "title", "value": "Analyst" }]);
    let told = directory.patch(&user, told).await.ok(200);
    assert_eq!((&told["displayName"], &told["title"]), (&json!("Lady L."), &json!("Analyst")));
    assert_eq!(directory.look_at(&ada, ACCOUNT).await, account);
    assert_eq!(directory.look_at(&ada, place).await, "active|Analyst|t");
    let owned =
        "SELECT owns_account FROM identity.scim_users WHERE organization_id = $org AND user_id = $user";
    assert_eq!(directory.look_at(&ada, owned).await, "false");
}

#[tokio::test]
async fn nobody_elses_account_is_touched_or_taken() {
    let (ours, theirs) = (Directory::found().await, Directory::found().await);
    let stranger = &theirs.owner;
    // an address proves nothing: whoever has an account is invited
    let body = json!({ "schemas": [USER], "userName": "eve", "emails": [{ "value": stranger.email }] });
    assert_eq!(ours.post("/Users", body).await.refusal(), (409, "uniqueness"));
    let body = json!({ "schemas": [USER], "userName": stranger.email.to_uppercase() });
    assert_eq!(ours.post("/Users", body).await.refusal(), (409, "uniqueness"));

    // nor does a directory take an address for one of its own
    let ada = ours.user("ada").await;
    let taken = json!([{ "op": "replace", "path": "emails", "value": [{ "value": stranger.email }] }]);
    assert_eq!(ours.patch(&path("Users", &ada), taken).await.refusal(), (409, "uniqueness"));

    // a member who has an account of their own is described, and stays who they are
    let own = &ours.owner;
    let before = ours
        .look(&format!(
            "SELECT concat(email, display_name, revision) FROM identity.users WHERE id = '{}'",
            own.id
        ))
        .await;
    let found = ours.find("Users", &format!("userName eq \"{}\"", own.email.to_uppercase())).await.ok(200);
    let owner = found["Resources"][0].clone();
    assert_eq!((&owner["userName"], &owner["displayName"]), (&json!(own.email), &json!("Somebody")));
    let linked = json!([{ "op": "add", "value": { "externalId": "00u1", "displayName": "Somebody Else", "emails": [{ "value": "other@example.net", "primary": true }] } }]);
    let linked = ours.patch(&path("Users", &owner), linked).await.ok(200);
    assert_eq!((&linked["externalId"], &linked["displayName"]), (&json!("00u1"), &json!("Somebody Else")));
    let after = ours
        .look(&format!(
            "SELECT concat(email, display_name, revision) FROM identity.users WHERE id = '{}'",
            own.id
        ))
        .await;
    assert_eq!(after, before);

    // who has joined another organization is nobody's own any more, from that moment
    let ada_id = uuid_of(&ada);
    let person =
        Person { id: ada_id, email: String::new(), organization: own.organization, slug: String::new() };
    ours.house.join(&person, stranger.organization, &[]).await;
    let told = json!([{ "op": "replace", "path": "displayName", "value": "Changed" }]);
    assert_eq!(ours.patch(&path("Users", &ada), told.clone()).await.ok(200)["displayName"], "Changed");
    let shown = format!("SELECT coalesce(display_name, '-') FROM identity.users WHERE id = '{ada_id}'");
    assert_eq!(ours.look(&shown).await, "-");
    // the other organization describes them too, in its own words, and sees none of ours
    let seen = theirs.get(&path("Users", &ada)).await.ok(200);
    assert_eq!((&seen["displayName"], &seen["externalId"]), (&Value::Null, &Value::Null));
    theirs.patch(&path("Users", &ada), told).await.ok(200);
    assert_eq!(ours.look(&shown).await, "-");
}

/// What a directory may not do, the database does not do either.
#[tokio::test]
async fn the_database_keeps_the_accounts_of_others_from_a_directory() {
    let directory = Directory::found().await;
    let ada = directory.user("ada").await;
    let as_directory = |person: uuid::Uuid| {
        format!(
            "BEGIN; SET LOCAL ROLE portico_app; SET LOCAL app.organization_id = '{}';
             UPDATE identity.users SET display_name = 'Changed' WHERE id = '{person}'; COMMIT",
            directory.owner.organization
        )
    };
    directory.house.sql(&as_directory(uuid_of(&ada))).await;
    assert_eq!(
        directory.look_at(&ada, "SELECT display_name FROM identity.users WHERE id = $user").await,
        "Changed"
    );
    directory.house.sql(&as_directory(directory.owner.id)).await;
    let owner = format!("SELECT display_name FROM identity.users WHERE id = '{}'", directory.owner.id);
    assert_eq!(directory.look(&owner).await, "Somebody");
    // and no password comes that way
    let password = as_directory(uuid_of(&ada)).replace("display_name = 'Changed'", "password_hash = 'x'");
    assert!(directory.house.refusal(&password).await.contains("row-level security"));
}

#[tokio::test]
async fn an_organizations_users_look_missing_to_another() {
    let (ours, theirs) = (Directory::found().await, Directory::found().await);
    let ada = ours.user("ada").await;
    let user = path("Users", &ada);
    let told = json!([{ "op": "replace", "path": "displayName", "value": "x" }]);
    for reply in [
        theirs.get(&user).await,
        theirs.put(&user, json!({ "schemas": [USER], "userName": "ada" })).await,
        theirs.patch(&user, told).await,
        theirs.delete(&user).await,
    ] {
        assert_eq!(reply.refusal(), (404, ""));
    }
    assert_eq!(theirs.names("userName eq \"ada\"").await, Vec::<String>::new());
    assert_eq!(theirs.names(&format!("id eq {}", ada["id"])).await, Vec::<String>::new());
    // the same name is free there
    theirs.user("ada").await;
    assert_eq!(ours.get(&user).await.ok(200), ada);
    // nor can a stranger be anybody's manager
    let grace = theirs.user("grace").await;
    let manager = json!([{ "op": "add", "path": format!("{ENTERPRISE}:manager"), "value": ada["id"] }]);
    assert_eq!(theirs.patch(&path("Users", &grace), manager).await.refusal(), (400, "invalidValue"));
}

/// A member with a password and a session.
async fn colleague(directory: &Directory) -> (Person, String, String) {
    let person = directory.house.colleague(&directory.owner, &["user"]).await;
    let token = directory.house.token(&person).await;
    let user = format!("/Users/{}", global_id("user", person.id));
    (person, token, user)
}

#[tokio::test]
async fn who_is_made_inactive_is_out_at_once_and_can_come_back() {
    let directory = Directory::found().await;
    let (person, token, user) = colleague(&directory).await;
    assert_eq!(directory.house.opens(&token).await, Ok(()));
    let off = json!([{ "op": "Replace", "path": "active", "value": "False" }]);
    assert_eq!(directory.patch(&user, off).await.ok(200)["active"], false);
    assert_eq!(directory.house.opens(&token).await, Err("UNAUTHENTICATED".to_owned()));
    let refused = directory.house.sign_in(&person.email, PASSWORD, Some(&person.slug)).await;
    assert_eq!(House::code(&refused), "NOT_FOUND");
    let on = json!([{ "op": "Replace", "value": { "active": "True" } }]);
    assert_eq!(directory.patch(&user, on).await.ok(200)["active"], true);
    assert_eq!(directory.house.opens(&directory.house.token(&person).await).await, Ok(()));
}

#[tokio::test]
async fn who_is_deleted_leaves_with_teams_and_rights_and_may_be_made_again() {
    let directory = Directory::found().await;
    let (person, token, user) = colleague(&directory).await;
    let member = json!([{ "value": global_id("user", person.id) }]);
    let group = json!({ "displayName": "Sales", "members": member });
    let group = directory.post("/Groups", group).await.ok(201);
    assert_eq!(directory.delete(&user).await.status, 204);
    assert_eq!(directory.house.opens(&token).await, Err("UNAUTHENTICATED".to_owned()));
    assert_eq!(directory.get(&path("Groups", &group)).await.ok(200)["members"], Value::Null);
    let place = format!(
        "SELECT status FROM identity.memberships WHERE organization_id = $org AND user_id = '{}'",
        person.id
    );
    assert_eq!(directory.look(&place).await, "left");
    // the account is the person's
    let account =
        format!("SELECT concat_ws('|', status, deleted_at) FROM identity.users WHERE id = '{}'", person.id);
    assert_eq!(directory.look(&account).await, "active");

    let again = json!({ "schemas": [USER], "userName": person.email, "externalId": "7" });
    let again = directory.post("/Users", again).await.ok(201);
    assert_eq!(uuid_of(&again), person.id);
    let roles = format!(
        "SELECT count(*) FROM access.role_assignments WHERE user_id = '{}' AND revoked_at IS NULL",
        person.id
    );
    assert_eq!(directory.look(&roles).await, "0");
    assert_eq!(directory.delete(&path("Users", &again)).await.status, 204);
    // whoever comes next may have the name and the number
    let next = json!({ "schemas": [USER], "userName": format!("x{}", person.email), "externalId": "7" });
    assert_ne!(uuid_of(&directory.post("/Users", next).await.ok(201)), person.id);
}

#[tokio::test]
async fn an_organization_keeps_an_owner() {
    let directory = Directory::found().await;
    let user = format!("/Users/{}", global_id("user", directory.owner.id));
    let off = json!([{ "op": "replace", "path": "active", "value": false }]);
    assert_eq!(directory.patch(&user, off.clone()).await.refusal(), (409, ""));
    assert_eq!(directory.delete(&user).await.refusal(), (409, ""));
    // nor does a directory say who an owner is
    let ada = directory.user("ada").await;
    let person = Person { id: uuid_of(&ada), ..colleague(&directory).await.0 };
    directory.house.sql(&format!(
        "INSERT INTO access.role_assignments (organization_id, id, user_id, role_id)
         SELECT organization_id, gen_random_uuid(), '{}', id FROM access.roles WHERE organization_id = '{}' AND name = 'owner'",
        person.id, directory.owner.organization
    )).await;
    let told = json!([{ "op": "replace", "path": "emails", "value": [{ "value": "mallory@example.net" }] }]);
    directory.patch(&path("Users", &ada), told).await.ok(200);
    let account = directory.look_at(&ada, "SELECT email FROM identity.users WHERE id = $user").await;
    assert_eq!(json!(account), ada["emails"][0]["value"]);
    // with two owners, one may go
    assert_eq!(directory.patch(&path("Users", &ada), off).await.ok(200)["active"], false);
}

#[tokio::test]
async fn managers_and_departments_are_those_of_the_organization() {
    let directory = Directory::found().await;
    directory.house.sql(&format!(
        "INSERT INTO finance.departments (organization_id, id, name, code) VALUES ('{}', gen_random_uuid(), 'Research', 'R-1')",
        directory.owner.organization
    )).await;
    let (ada, bob) = (directory.user("ada").await, directory.user("bob").await);
    let user = path("Users", &bob);
    let place = "SELECT concat_ws('|', m.manager_id, d.name) FROM identity.memberships m LEFT JOIN finance.departments d ON d.id = m.department_id
        WHERE m.organization_id = $org AND m.user_id = $user";
    let told = json!([{ "op": "add", "value": { ENTERPRISE: { "department": "r-1", "manager": { "value": ada["id"] } } } }]);
    let told = directory.patch(&user, told).await.ok(200);
    let manager = &told[ENTERPRISE]["manager"];
    assert_eq!((&told[ENTERPRISE]["department"], &manager["value"]), (&json!("r-1"), &ada["id"]));
    assert_eq!(manager["$ref"], ada["meta"]["location"]);
    assert_eq!(told["schemas"], json!([USER, ENTERPRISE]));
    assert_eq!(directory.look_at(&bob, place).await, format!("{}|Research", uuid_of(&ada)));
    assert_eq!(directory.names(&format!("manager eq {}", ada["id"])).await, ["bob"]);
    // a department that is none here is told back, and the membership has none
    let dotted = format!("{ENTERPRISE}:department");
    let moved = json!([{ "op": "replace", "value": { dotted: "Elsewhere" } }]);
    assert_eq!(directory.patch(&user, moved).await.ok(200)[ENTERPRISE]["department"], "Elsewhere");
    let alone = json!([{ "op": "remove", "path": format!("{ENTERPRISE}:manager") }]);
    directory.patch(&user, alone).await.ok(200);
    assert_eq!(directory.look_at(&bob, place).await, "");
    let circle = json!([{ "op": "add", "path": format!("{ENTERPRISE}:manager.value"), "value": bob["id"] }]);
    assert_eq!(directory.patch(&user, circle).await.refusal(), (400, "invalidValue"));
}

#[tokio::test]
async fn what_a_directory_does_is_written_down_and_told() {
    let directory = Directory::found().await;
    let ada = directory.user("ada").await;
    directory
        .patch(&path("Users", &ada), json!([{ "op": "replace", "path": "active", "value": false }]))
        .await
        .ok(200);
    let trail = "SELECT string_agg(DISTINCT concat_ws(' ', actor_type, action), ', ') FROM audit.audit_logs
        WHERE organization_id = $org AND resource_id = $user";
    let acts = "api_key membership.created, api_key membership.provisioned, api_key membership.updated, api_key user.created, api_key user.updated";
    let trail = directory.look_at(&ada, trail).await;
    // nothing of the account has changed: its address was told when it was made
    assert_eq!(trail, acts.replace(", api_key user.updated", ""));
    let events = "SELECT string_agg(kind, ' ' ORDER BY id) FROM ops.events WHERE organization_id = $org AND subject_id = $user";
    assert_eq!(
        directory.look_at(&ada, events).await,
        "user.created membership.created membership.provisioned membership.updated"
    );
    let key = "SELECT count(*) FROM audit.audit_logs a JOIN identity.api_keys k ON k.id = a.actor_id WHERE a.organization_id = $org AND a.resource_id = $user";
    assert_eq!(directory.look_at(&ada, key).await, "4");
    let words = "SELECT new_values ->> 'userName' FROM audit.audit_logs WHERE organization_id = $org AND action = 'membership.provisioned'";
    assert_eq!(directory.look(words).await, "ada");
    // where nothing is changed, nothing is written
    directory
        .patch(&path("Users", &ada), json!([{ "op": "replace", "path": "active", "value": false }]))
        .await
        .ok(200);
    assert_eq!(directory.look_at(&ada, key).await, "4");
    assert_eq!(text(&ada["userName"]), "ada");
}

/// A role that comes by a rule comes and goes with what the directory says (B022).
#[tokio::test]
async fn a_directory_brings_people_the_roles_that_come_by_themselves_and_takes_them_again() {
    let directory = Directory::found().await;
    let house = &directory.house;
    let owner = house.token(&directory.owner).await;
    let rule = json!({ "attribute": "subject.title", "operator": "eq", "value": "Engineer" });
    let input = json!({ "name": "engineers", "autoAssignConditions": rule });
    let document = "mutation ($input: RoleCreateInput!) { roleCreate(input: $input) { role { id } userErrors { code } } }";
    let made = house.get(Some(&owner), document, json!({ "input": input })).await;
    assert_eq!(made["roleCreate"]["userErrors"], json!([]));
    let address = format!("ada-{}@example.com", directory.owner.slug);
    let body = json!({ "schemas": [USER], "userName": "ada", "title": "Engineer", "emails": [{ "value": address, "primary": true }] });
    let ada = directory.post("/Users", body).await.ok(201);
    let held = async || {
        let held = "SELECT string_agg(r.name, ',') FROM access.role_assignments a JOIN access.roles r USING (organization_id)
            WHERE r.id = a.role_id AND a.is_automatic AND a.revoked_at IS NULL AND a.user_id = $user";
        directory.look_at(&ada, held).await
    };
    assert_eq!(held().await, "engineers");
    let (user, bob) = (path("Users", &ada), directory.user("bob").await);
    let set = async |path: &str, value: Value| {
        let change = json!([{ "op": "replace", "path": path, "value": value }]);
        directory.patch(&user, change).await.ok(200);
    };
    for (path, value, roles) in [
        ("title", json!("Cook"), ""),
        ("title", json!("Engineer"), "engineers"),
        ("active", json!(false), ""),
        ("active", json!(true), "engineers"),
    ] {
        set(path, value.clone()).await;
        assert_eq!(held().await, roles, "{path} {value}");
    }
    directory.delete(&user).await;
    assert_eq!(held().await, "");
    let others = "SELECT count(*) FROM access.role_assignments a WHERE a.user_id = $user";
    assert_eq!(directory.look_at(&bob, others).await, "0");
}
