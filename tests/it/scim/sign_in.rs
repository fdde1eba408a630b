//! How people who were provisioned sign in: with the word of their organization's own provider.
use serde_json::{Value, json};

use super::{Directory, path, uuid_of};
use crate::identity::{
    house::{House, text},
    openid::Provider,
    sso::{set_up, sign_in},
};

#[tokio::test]
async fn who_was_provisioned_signs_in_at_the_organizations_own_provider() {
    let (directory, provider) = (Directory::found().await, Provider::open().await);
    let house = &directory.house;
    let owner = house.token(&directory.owner).await;
    let role = "query { roles(filter: { name: { eq: \"viewer\" } }) { nodes { id } } }";
    let role = house.get(Some(&owner), role, json!({})).await["roles"]["nodes"][0]["id"].clone();
    let id = set_up(house, &owner, &provider, json!({ "roleIds": [role] })).await;
    let ada = directory.user("ada").await;
    let address = ada["emails"][0]["value"].clone();

    // an address that the provider has not verified is anybody's
    provider.person(json!({ "sub": "mallory", "email": address }));
    assert_eq!(House::code(&sign_in(house, &provider, &id).await), "NOT_FOUND");
    provider
        .person(json!({ "sub": "ada-1", "email": text(&address).to_uppercase(), "email_verified": true }));
    let signed_in = sign_in(house, &provider, &id).await;
    assert_eq!(signed_in["userErrors"], json!([]), "{signed_in}");
    let seen = "{ viewer { user { id } organization { slug } session { confined } permissions } }";
    let seen = house.get(Some(&text(&signed_in["accessToken"])), seen, json!({})).await["viewer"].clone();
    assert_eq!(
        (&seen["user"]["id"], &seen["organization"]["slug"]),
        (&ada["id"], &json!(directory.owner.slug))
    );
    assert_eq!(seen["session"]["confined"], true);
    assert!(seen["permissions"].as_array().unwrap().contains(&json!("deal.read")));
    // from then on it is the subject that counts
    let again = sign_in(house, &provider, &id).await;
    assert_eq!(again["userErrors"], json!([]), "{again}");
    provider.person(json!({ "sub": "mallory", "email": address, "email_verified": true }));
    assert_eq!(House::code(&sign_in(house, &provider, &id).await), "NOT_FOUND");
    let assigned = "SELECT count(*) FROM access.role_assignments WHERE user_id = $user";
    assert_eq!(directory.look_at(&ada, assigned).await, "1");

    // whom the directory lets go is out, at the provider too
    let token = text(&again["accessToken"]);
    assert_eq!(house.opens(&token).await, Ok(()));
    directory.delete(&path("Users", &ada)).await;
    assert_eq!(house.opens(&token).await, Err("UNAUTHENTICATED".to_owned()));
    provider.person(json!({ "sub": "ada-1", "email": address, "email_verified": true }));
    assert_eq!(House::code(&sign_in(house, &provider, &id).await), "NOT_FOUND");
}

#[tokio::test]
async fn a_provider_opens_no_account_but_what_its_own_directory_has_made() {
    let (directory, provider) = (Directory::found().await, Provider::open().await);
    let house = &directory.house;
    let elsewhere = house.person(&["owner"]).await;
    let theirs = set_up(house, &house.token(&elsewhere).await, &provider, json!({})).await;
    let ours = set_up(house, &house.token(&directory.owner).await, &provider, json!({})).await;
    let (ada, bob, eve) =
        (directory.user("ada").await, directory.user("bob").await, directory.user("eve").await);
    let vouch = |user: &Value| {
        provider.person(json!({ "sub": "x", "email": user["emails"][0]["value"], "email_verified": true }));
    };
    // neither another organization's,
    vouch(&ada);
    assert_eq!(House::code(&sign_in(house, &provider, &theirs).await), "NOT_FOUND");
    // nor one whose person has made it their own,
    house
        .sql(&format!("UPDATE identity.users SET email_verified_at = now() WHERE id = '{}'", uuid_of(&ada)))
        .await;
    assert_eq!(House::code(&sign_in(house, &provider, &ours).await), "NOT_FOUND");
    // nor of who may not work there for the time being,
    vouch(&bob);
    directory
        .patch(&path("Users", &bob), json!([{ "op": "replace", "path": "active", "value": false }]))
        .await
        .ok(200);
    assert_eq!(House::code(&sign_in(house, &provider, &ours).await), "NOT_FOUND");
    // nor an owner's
    vouch(&eve);
    house.sql(&format!(
        "INSERT INTO access.role_assignments (organization_id, id, user_id, role_id)
         SELECT organization_id, gen_random_uuid(), '{}', id FROM access.roles WHERE organization_id = '{}' AND name = 'owner'",
        uuid_of(&eve), directory.owner.organization
    )).await;
    assert_eq!(House::code(&sign_in(house, &provider, &ours).await), "NOT_FOUND");
}
