//! Deleting an account (B012): its person is out of everything at once, and can be brought back until it is purged.
use serde_json::{Value, json};

use super::house::{House, PASSWORD, Person, global_id, text};

const PLATFORM: &str = "00000000-0000-0000-0000-000000000000";

async fn administrator(house: &House) -> (Person, String) {
    let administrator = house.person(&["owner"]).await;
    house
        .sql(&format!(
            "INSERT INTO identity.platform_admins (id, email, user_id) VALUES (gen_random_uuid(), '{}', '{}')",
            administrator.email, administrator.id
        ))
        .await;
    let token = house.token(&administrator).await;
    (administrator, token)
}

async fn leave(house: &House, token: &str, password: Option<&str>) -> Value {
    let document = "mutation ($input: ViewerDeleteInput!) {
        viewerDelete(input: $input) { done purgeDueAt userErrors { code message path } } }";
    let input = json!({ "input": { "password": password } });
    house.get(Some(token), document, input).await["viewerDelete"].clone()
}

/// What an administrator of the platform does to an account; the whole answer.
async fn judge(house: &House, token: &str, what: &str, person: &Person, reason: &str) -> Value {
    let document = format!(
        "mutation ($input: UserDeletionInput!) {{ {what}(input: $input) {{ done userErrors {{ code message path }} }} }}"
    );
    let input = json!({ "input": { "id": global_id("user", person.id), "reason": reason } });
    house.ask(Some(token), &document, input).await
}

/// Where something about an account was written down.
async fn told(house: &House, action: &str, person: &Person) -> String {
    let told = format!(
        "SELECT string_agg(organization_id || ' ' || coalesce(resource_name, '') || ' ' || actor_id, ',' ORDER BY id)
         FROM audit.audit_logs WHERE action = '{action}' AND resource_id = '{}'",
        global_id("user", person.id)
    );
    house.look(&told).await
}

async fn status(house: &House, person: &Person, organization: &Person) -> String {
    let status = format!(
        "SELECT status FROM identity.memberships WHERE user_id = '{}' AND organization_id = '{}'",
        person.id, organization.organization
    );
    house.look(&status).await
}

#[tokio::test]
async fn who_deletes_their_account_leaves_everything_at_once() {
    let house = House::open().await;
    let (here, there) = (house.person(&["owner"]).await, house.person(&["owner"]).await);
    let person = house.colleague(&here, &["admin"]).await;
    house.join(&person, there.organization, &["viewer"]).await;
    let signed_in = house.sign_in(&person.email, PASSWORD, Some(&here.slug)).await;
    let (token, renewal) = (text(&signed_in["accessToken"]), text(&signed_in["refreshToken"]));
    let key = "mutation { apiKeyCreate(input: { name: \"mine\", scopes: [\"deal.read\"] }) { secret userErrors { message } } }";
    let key = text(&house.get(Some(&token), key, json!({})).await["apiKeyCreate"]["secret"]);

    let refused = leave(&house, &token, None).await;
    assert_eq!(
        (House::code(&refused), &refused["userErrors"][0]["path"]),
        ("REQUIRED", &json!(["input", "password"]))
    );
    assert_eq!(House::code(&leave(&house, &token, Some("not my password")).await), "INVALID");
    assert_eq!(house.opens(&token).await, Ok(()));

    let gone = leave(&house, &token, Some(PASSWORD)).await;
    assert_eq!((&gone["done"], &gone["userErrors"]), (&json!(true), &json!([])));
    let due: chrono::DateTime<chrono::Utc> = text(&gone["purgeDueAt"]).parse().unwrap();
    let days = due - chrono::Utc::now();
    assert!((chrono::Duration::days(29)..=chrono::Duration::days(30)).contains(&days), "{days}");
    assert_eq!(house.opens(&token).await, Err("UNAUTHENTICATED".to_owned()));
    assert_eq!(House::code(&house.refresh(&renewal, None).await), "INVALID");
    assert_eq!(House::code(&house.sign_in(&person.email, PASSWORD, None).await), "INVALID");
    let with_key = house.ask(Some(&key), "{ deals(first: 1) { nodes { id } } }", json!({})).await;
    assert!(with_key.to_string().contains("UNAUTHENTICATED"), "{with_key}");
    for place in [&here, &there] {
        assert_eq!(status(&house, &person, place).await, "left");
        let left = format!(
            "SELECT count(*) FROM audit.audit_logs l JOIN ops.events e USING (organization_id)
             WHERE organization_id = '{}' AND l.action = 'membership.left' AND e.kind = 'membership.left' AND l.actor_id = '{}'",
            place.organization, person.id
        );
        assert_eq!(house.look(&left).await, "1");
    }
    let told = told(&house, "user.deleted", &person).await;
    for place in [&here.organization.to_string(), &there.organization.to_string(), PLATFORM] {
        assert!(told.contains(&format!("{place}  {}", person.id)), "{told}");
    }
    let mail = format!("SELECT body FROM identity.mail WHERE recipient = '{}'", person.email);
    assert!(house.look(&mail).await.contains(&due.date_naive().to_string()));
    // somebody else may have the address at once
    let newcomer = house.person(&["owner"]).await;
    house
        .sql(&format!("UPDATE identity.users SET email = '{}' WHERE id = '{}'", person.email, newcomer.id))
        .await;
    house.token(&Person { email: person.email.clone(), ..newcomer }).await;
}

#[tokio::test]
async fn an_organization_keeps_an_owner() {
    let house = House::open().await;
    let owner = house.person(&["owner"]).await;
    let second = house.person(&["owner"]).await;
    house.join(&owner, second.organization, &["viewer"]).await;
    let token = house.token(&owner).await;
    let refused = leave(&house, &token, Some(PASSWORD)).await;
    assert_eq!(House::code(&refused), "STATE");
    assert!(text(&refused["userErrors"][0]["message"]).contains(&owner.slug), "{refused}");
    // nothing of it was done: they are where they were, also where they could have left
    assert_eq!(status(&house, &owner, &second).await, "active");
    assert_eq!(house.opens(&token).await, Ok(()));

    let heir = house.colleague(&owner, &["owner"]).await;
    assert_eq!(leave(&house, &token, Some(PASSWORD)).await["done"], true);
    // now the other is the only one
    let token = house.token(&heir).await;
    assert_eq!(House::code(&leave(&house, &token, Some(PASSWORD)).await), "STATE");
    house.get(Some(&token), "mutation { organizationDelete { done } }", json!({})).await;
    let token = house.sign_in(&heir.email, PASSWORD, None).await;
    assert_eq!(leave(&house, &text(&token["accessToken"]), Some(PASSWORD)).await["done"], true);
}

/// Two owners who leave at the same time do not leave an organization without one.
#[tokio::test]
async fn of_two_owners_who_leave_at_once_one_stays() {
    let house = House::open().await;
    for _ in 0..5 {
        let first = house.person(&["owner"]).await;
        let second = house.colleague(&first, &["owner"]).await;
        let (one, two) = (house.token(&first).await, house.token(&second).await);
        let (one, two) =
            tokio::join!(leave(&house, &one, Some(PASSWORD)), leave(&house, &two, Some(PASSWORD)));
        let mut done = [one["done"] == true, two["done"] == true];
        done.sort_unstable();
        assert_eq!(done, [false, true], "{one} {two}");
    }
}

#[tokio::test]
async fn administrators_of_the_platform_delete_and_restore_others() {
    let house = House::open().await;
    let (administrator, token) = administrator(&house).await;
    let place = house.person(&["owner"]).await;
    let person = house.colleague(&place, &["viewer"]).await;
    let theirs = house.token(&person).await;
    let refused = judge(&house, &house.token(&place).await, "userDelete", &person, "x").await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN", "{refused}");
    let blank = judge(&house, &token, "userDelete", &person, " ").await["data"]["userDelete"].clone();
    assert_eq!(
        (House::code(&blank), &blank["userErrors"][0]["path"]),
        ("INVALID", &json!(["input", "reason"]))
    );
    assert_eq!(
        House::code(&judge(&house, &token, "userRestore", &person, "x").await["data"]["userRestore"]),
        "STATE"
    );

    let gone = judge(&house, &token, "userDelete", &person, "asked for by mail").await;
    assert_eq!(gone["data"]["userDelete"], json!({ "done": true, "userErrors": [] }));
    assert_eq!(house.opens(&theirs).await, Err("UNAUTHENTICATED".to_owned()));
    assert_eq!(status(&house, &person, &place).await, "left");
    let told_of = told(&house, "user.deleted_by_administrator", &person).await;
    for place in [&place.organization.to_string(), PLATFORM] {
        assert!(told_of.contains(&format!("{place} asked for by mail {}", administrator.id)), "{told_of}");
    }
    let twice = judge(&house, &token, "userDelete", &person, "again").await;
    assert_eq!(House::code(&twice["data"]["userDelete"]), "NOT_FOUND");

    let back = judge(&house, &token, "userRestore", &person, "a mistake").await;
    assert_eq!(back["data"]["userRestore"], json!({ "done": true, "userErrors": [] }));
    let restored = told(&house, "user.restored_by_administrator", &person).await;
    assert_eq!(restored, format!("{PLATFORM} a mistake {}", administrator.id));
    // they are in again, but in no organization
    let signed_in = house.sign_in(&person.email, PASSWORD, None).await;
    assert_eq!((&signed_in["userErrors"], &signed_in["organizations"]), (&json!([]), &json!([])));
    assert_eq!(status(&house, &person, &place).await, "left");
    assert_eq!(
        house
            .look(&format!(
                "SELECT status || coalesce(purge_due_at::text, '') FROM identity.users WHERE id = '{}'",
                person.id
            ))
            .await,
        "active"
    );
}

#[tokio::test]
async fn who_administers_the_platform_is_never_deleted() {
    let house = House::open().await;
    let (administrator, token) = administrator(&house).await;
    let (other, _) = self::administrator(&house).await;
    let own = judge(&house, &token, "userDelete", &administrator, "x").await;
    assert_eq!(House::code(&own["data"]["userDelete"]), "STATE");
    for refused in [
        judge(&house, &token, "userDelete", &other, "x").await["data"]["userDelete"].clone(),
        leave(&house, &token, Some(PASSWORD)).await,
    ] {
        assert_eq!(House::code(&refused), "STATE");
        assert!(text(&refused["userErrors"][0]["message"]).contains("administrators"), "{refused}");
    }
    // not even by a mistake of the server
    let mut server = portico::store::connect::connect(&house.database.app_url).await.unwrap();
    let forced = format!(
        "SET ROLE portico_app; SET app.user_id = '{0}';
         UPDATE identity.users SET status = 'deleted', deleted_at = now() WHERE id = '{0}'",
        other.id
    );
    let forced = diesel_async::SimpleAsyncConnection::batch_execute(&mut server, &forced).await.unwrap_err();
    assert!(forced.to_string().contains("Administrators of the platform are never deleted"), "{forced}");
}

#[tokio::test]
async fn what_was_purged_or_has_another_person_by_now_is_not_restored() {
    let house = House::open().await;
    let (_, token) = administrator(&house).await;
    let place = house.person(&["owner"]).await;
    let person = house.colleague(&place, &["viewer"]).await;
    judge(&house, &token, "userDelete", &person, "x").await;
    house
        .sql(&format!("UPDATE identity.users SET email = '{}' WHERE id = '{}'", person.email, place.id))
        .await;
    let taken = judge(&house, &token, "userRestore", &person, "x").await["data"]["userRestore"].clone();
    assert_eq!(House::code(&taken), "NOT_UNIQUE");
    house
        .sql(&format!(
            "UPDATE identity.users SET deleted_at = now() - interval '31 days', purge_due_at = now() - interval '1 day',
               purged_at = now() WHERE id = '{}'",
            person.id
        ))
        .await;
    let refused = judge(&house, &token, "userRestore", &person, "x").await["data"]["userRestore"].clone();
    assert_eq!(
        (House::code(&refused), &refused["userErrors"][0]["path"]),
        ("STATE", &json!(["input", "id"]))
    );
    assert!(text(&refused["userErrors"][0]["message"]).contains("nothing is left of it"), "{refused}");
}
