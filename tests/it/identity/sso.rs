//! Single sign-on (B009), against a provider that speaks OpenID Connect as it is spoken.
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{
    house::{House, PASSWORD, Person, text},
    openid::{CLIENT, Provider, SECRET},
};

pub const BACK: &str = "https://app.example.com/back";

pub async fn call(house: &House, token: Option<&str>, name: &str, fields: &str, input: Value) -> Value {
    let ty = match name {
        "ssoAccountLink" => "SsoSignInBeginInput".to_owned(),
        "ssoAccountLinkComplete" => "SsoSignInCompleteInput".to_owned(),
        "ssoProviderDelete" => "SsoProviderRecordInput".to_owned(),
        _ => format!("{}{}Input", name[..1].to_uppercase(), &name[1..]),
    };
    let document = format!(
        "mutation ($input: {ty}!) {{ {name}(input: $input) {{ {fields} userErrors {{ code path }} }} }}"
    );
    house.get(token, &document, json!({ "input": input })).await[name].clone()
}

/// Sets a provider up in the organization of a person; its id.
pub async fn set_up(house: &House, token: &str, provider: &Provider, more: Value) -> String {
    let mut input = json!({
        "name": "Corporate", "providerType": "OIDC", "clientId": CLIENT, "clientSecret": SECRET,
        "discoveryUrl": provider.discovery(), "redirectUris": [BACK],
    });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let made = call(house, Some(token), "ssoProviderCreate", "ssoProvider { id redirectUris }", input).await;
    assert_eq!(made["userErrors"], json!([]), "{made}");
    text(&made["ssoProvider"]["id"])
}

pub async fn begin(house: &House, id: &str) -> Value {
    let input = json!({ "provider": id, "redirectUri": BACK });
    call(house, None, "ssoSignInBegin", "authorizationUrl state", input).await
}

pub async fn complete(house: &House, state: &str, code: &str) -> Value {
    let fields = "accessToken refreshToken mfaToken organizations { slug }";
    call(house, None, "ssoSignInComplete", fields, json!({ "state": state, "code": code })).await
}

/// There and back.
pub async fn sign_in(house: &House, provider: &Provider, id: &str) -> Value {
    let begun = begin(house, id).await;
    assert_eq!(begun["userErrors"], json!([]), "{begun}");
    let back = provider.visit(begun["authorizationUrl"].as_str().unwrap()).await;
    assert_eq!(back["state"], text(&begun["state"]));
    complete(house, &back["state"], &back["code"]).await
}

/// Links the account of whoever signs in next at the provider.
pub async fn link(house: &House, token: &str, provider: &Provider, id: &str) -> Value {
    let input = json!({ "provider": id, "redirectUri": BACK });
    let begun = call(house, Some(token), "ssoAccountLink", "authorizationUrl state", input).await;
    let back = provider.visit(begun["authorizationUrl"].as_str().unwrap()).await;
    let input = json!({ "state": back["state"], "code": back["code"] });
    call(house, Some(token), "ssoAccountLinkComplete", "ssoAccount { id issuer externalId }", input).await
}

pub async fn linked() -> (House, Person, String, Provider, String) {
    let (house, provider) = (House::open().await, Provider::open().await);
    let person = house.person(&["owner"]).await;
    let token = house.token(&person).await;
    let id = set_up(&house, &token, &provider, json!({})).await;
    provider.person(json!({ "sub": "ann-1", "email": person.email, "email_verified": true }));
    let made = link(&house, &token, &provider, &id).await;
    assert_eq!(made["userErrors"], json!([]), "{made}");
    (house, person, token, provider, id)
}

#[tokio::test]
async fn whoever_has_linked_an_account_signs_in_with_it() {
    let (house, person, token, provider, id) = linked().await;
    let signed_in = sign_in(&house, &provider, &id).await;
    assert_eq!(signed_in["userErrors"], json!([]), "{signed_in}");
    let document = "{ viewer { user { id } organization { slug } session { mfa } ssoAccounts { id externalId externalEmail lastUsedAt provider { name } } } }";
    let seen = house.get(Some(&text(&signed_in["accessToken"])), document, json!({})).await["viewer"].clone();
    assert_eq!(
        (&seen["organization"]["slug"], &seen["session"]["mfa"]),
        (&json!(person.slug), &json!(false))
    );
    let account = &seen["ssoAccounts"][0];
    assert_eq!(
        (&account["externalId"], &account["provider"]["name"]),
        (&json!("ann-1"), &json!("Corporate"))
    );
    assert!(account["lastUsedAt"].is_string());
    assert_eq!(house.refresh(&text(&signed_in["refreshToken"]), None).await["userErrors"], json!([]));
    // the provider has seen a second factor, and says so
    provider.person(json!({ "sub": "ann-1", "amr": ["pwd", "mfa"] }));
    let again = sign_in(&house, &provider, &id).await;
    let seen = house.get(Some(&text(&again["accessToken"])), document, json!({})).await;
    assert_eq!(seen["viewer"]["session"]["mfa"], true);

    // the secret is kept where nobody reads it, and shown to nobody
    let kept = format!(
        "SELECT encode(client_secret_encrypted, 'escape') FROM identity.sso_providers WHERE organization_id = '{}'",
        person.organization
    );
    assert!(!house.look(&kept).await.contains(SECRET));
    let audit = format!(
        "SELECT string_agg(new_values::text, '') FROM audit.audit_logs WHERE organization_id = '{}'",
        person.organization
    );
    assert!(!house.look(&audit).await.contains(SECRET));

    // others do not see the account, and unlinking ends it
    let colleague = house.colleague(&person, &["owner"]).await;
    let theirs = house.token(&colleague).await;
    let node = json!({ "id": account["id"] });
    let hidden = house.get(Some(&theirs), "query ($id: ID!) { node(id: $id) { id } }", node.clone()).await;
    assert_eq!(hidden["node"], json!(null));
    let unlink = async |token: &str| {
        call(&house, Some(token), "ssoAccountUnlink", "unlinkedSsoAccountId", node.clone()).await
    };
    assert_eq!(House::code(&unlink(&theirs).await), "NOT_FOUND");
    house.sql(&format!("UPDATE identity.users SET password_hash = NULL WHERE id = '{}'", person.id)).await;
    assert_eq!(House::code(&unlink(&token).await), "STATE");
    house.sql(&format!("UPDATE identity.users SET password_hash = 'x' WHERE id = '{}'", person.id)).await;
    assert_eq!(unlink(&token).await["userErrors"], json!([]));
    assert_eq!(House::code(&sign_in(&house, &provider, &id).await), "NOT_FOUND");
}

#[tokio::test]
async fn who_somebody_is_is_issuer_and_subject_and_never_the_address() {
    let (house, person, token, provider, id) = linked().await;
    // the same address with another subject is somebody else
    provider.person(json!({ "sub": "mallory", "email": person.email, "email_verified": true }));
    assert_eq!(House::code(&sign_in(&house, &provider, &id).await), "NOT_FOUND");
    call(
        &house,
        Some(&token),
        "ssoProviderUpdate",
        "ssoProvider { id }",
        json!({ "id": id, "autoCreateUsers": true }),
    )
    .await;
    assert_eq!(House::code(&sign_in(&house, &provider, &id).await), "STATE");
    // the same subject at another provider too
    let other = Provider::open().await;
    let second = set_up(&house, &token, &other, json!({ "name": "Other" })).await;
    other.person(json!({ "sub": "ann-1", "email": person.email, "email_verified": true }));
    assert_eq!(House::code(&sign_in(&house, &other, &second).await), "NOT_FOUND");
    // an account is linked once
    provider.person(json!({ "sub": "ann-1" }));
    let colleague = house.colleague(&person, &[]).await;
    let taken = link(&house, &house.token(&colleague).await, &provider, &id).await;
    assert_eq!(House::code(&taken), "NOT_UNIQUE");
    // who left has nothing to come back to
    house
        .sql(&format!("UPDATE identity.memberships SET status = 'left' WHERE user_id = '{}'", person.id))
        .await;
    assert_eq!(House::code(&sign_in(&house, &provider, &id).await), "NOT_FOUND");
}

#[tokio::test]
async fn the_word_of_an_organizations_own_provider_counts_nowhere_else() {
    let (house, person, _, provider, id) = linked().await;
    let other = house.person(&[]).await;
    house.join(&person, other.organization, &[]).await;
    let signed_in = sign_in(&house, &provider, &id).await;
    let (token, renewal) = (text(&signed_in["accessToken"]), text(&signed_in["refreshToken"]));
    let seen = house.get(Some(&token), "{ viewer { session { confined } } }", json!({})).await;
    assert_eq!(seen["viewer"]["session"]["confined"], true);
    assert_eq!(House::code(&house.refresh(&renewal, Some(&other.slug)).await), "NOT_FOUND");
    // nor does it open another way in
    let input = json!({ "provider": id, "redirectUri": BACK });
    assert_eq!(House::code(&call(&house, Some(&token), "ssoAccountLink", "state", input).await), "STATE");
    let renewed = house.refresh(&renewal, Some(&person.slug)).await;
    assert_eq!(renewed["userErrors"], json!([]));
    house.sql(&format!("DELETE FROM access.role_assignments WHERE user_id = '{0}'; UPDATE identity.memberships SET status = 'left' WHERE user_id = '{0}' AND organization_id = '{1}'", person.id, person.organization)).await;
    assert_eq!(House::code(&house.refresh(&text(&renewed["refreshToken"]), None).await), "NOT_FOUND");
}

#[tokio::test]
async fn an_account_is_made_with_the_roles_of_the_provider_where_that_is_wanted() {
    let (house, provider) = (House::open().await, Provider::open().await);
    let owner = house.person(&["owner"]).await;
    let token = house.token(&owner).await;
    let role = "query { roles(filter: { name: { eq: \"viewer\" } }) { nodes { id } } }";
    let role = house.get(Some(&token), role, json!({})).await["roles"]["nodes"][0]["id"].clone();
    let mapping = json!({ "displayName": "nick" });
    let more = json!({ "autoCreateUsers": true, "roleIds": [role], "attributeMapping": mapping });
    let id = set_up(&house, &token, &provider, more).await;
    let email = format!("new-{}@example.com", owner.id.simple());
    for unproved in [
        json!({ "sub": "n" }),
        json!({ "sub": "n", "email": email }),
        json!({ "sub": "n", "email": email, "email_verified": false }),
    ] {
        provider.person(unproved);
        assert_eq!(House::code(&sign_in(&house, &provider, &id).await), "NOT_FOUND");
    }
    provider.person(
        json!({ "sub": "n", "email": email, "email_verified": true, "given_name": "Nia", "nick": "Nia N." }),
    );
    let made = sign_in(&house, &provider, &id).await;
    assert_eq!(made["userErrors"], json!([]), "{made}");
    let document = "{ viewer { roles user { displayName } organization { slug } } }";
    let seen = house.get(Some(&text(&made["accessToken"])), document, json!({})).await["viewer"].clone();
    assert_eq!(
        seen,
        json!({ "roles": ["viewer"], "user": { "displayName": "Nia N." }, "organization": { "slug": owner.slug } })
    );
    // what was given without a person is written down like what people give
    let written = format!(
        "SELECT string_agg(resource_type, ' ' ORDER BY resource_type) FROM audit.audit_logs
          WHERE organization_id = '{}' AND resource_type IN ('Membership', 'RoleAssignment')",
        owner.organization
    );
    assert_eq!(house.look(&written).await, "Membership RoleAssignment");
    // the second time it is the same one
    assert_eq!(sign_in(&house, &provider, &id).await["userErrors"], json!([]));
    let count = format!("SELECT count(*) FROM identity.users WHERE email = '{email}'");
    assert_eq!(house.look(&count).await, "1");
    // a password opens nothing that has none
    assert_eq!(House::code(&house.sign_in(&email, PASSWORD, None).await), "INVALID");

    // who may not give a role lets no provider give it
    let keeper = house.colleague(&owner, &["security_admin"]).await;
    let owners = "query { roles(filter: { name: { eq: \"owner\" } }) { nodes { id } } }";
    let owners = house.get(Some(&token), owners, json!({})).await["roles"]["nodes"][0]["id"].clone();
    let document = "mutation ($input: SsoProviderUpdateInput!) { ssoProviderUpdate(input: $input) { ssoProvider { id } } }";
    let input = json!({ "input": { "id": id, "roleIds": [owners] } });
    let refused = house.ask(Some(&house.token(&keeper).await), document, input).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN", "{refused}");
}

#[tokio::test]
async fn people_are_sent_and_come_back_only_where_that_is_said() {
    let (house, person, token, provider, id) = linked().await;
    let begin = async |back: &str| {
        call(&house, None, "ssoSignInBegin", "state", json!({ "provider": id, "redirectUri": back })).await
    };
    for wrong in [
        "https://app.example.com/back/",
        "https://app.example.com/back?x=1",
        "https://evil.example.com",
        "",
        "http://portico.example.com/in",
        "https://portico.example.com.evil.com/",
        "https://a@portico.example.com/",
    ] {
        assert_eq!(
            begin(wrong).await["userErrors"],
            json!([{ "code": "INVALID", "path": ["input", "redirectUri"] }]),
            "{wrong}"
        );
    }
    for right in [BACK, "https://portico.example.com/in"] {
        assert_eq!(begin(right).await["userErrors"], json!([]), "{right}");
    }
    let create = async |address: &str| {
        let input = json!({ "name": "x", "providerType": "OIDC", "clientId": "x", "discoveryUrl": address });
        call(&house, Some(&token), "ssoProviderCreate", "ssoProvider { id }", input).await
    };
    for wrong in [
        "http://example.com/.well-known/openid-configuration",
        "file:///etc/passwd",
        "https://example.com/other",
    ] {
        assert_eq!(
            create(wrong).await["userErrors"],
            json!([{ "code": "INVALID", "path": ["input", "discoveryUrl"] }]),
            "{wrong}"
        );
    }
    for wrong in ["http://app.example.com/", "https://app.example.com/#x", "javascript:alert(1)"] {
        let input = json!({ "id": id, "redirectUris": [wrong] });
        let refused = call(&house, Some(&token), "ssoProviderUpdate", "ssoProvider { id }", input).await;
        assert_eq!(
            refused["userErrors"],
            json!([{ "code": "INVALID", "path": ["input", "redirectUris"] }]),
            "{wrong}"
        );
    }
    // a provider that describes somebody else's issuer is not listened to
    let liar = Provider::open().await;
    liar.claim_to_be(&provider.address());
    let second = set_up(&house, &token, &liar, json!({ "name": "Liar" })).await;
    assert_eq!(House::code(&begin_at(&house, &second).await), "STATE");
    // who is switched off is not there, and neither is another organization's for who looks
    call(
        &house,
        Some(&token),
        "ssoProviderUpdate",
        "ssoProvider { id }",
        json!({ "id": id, "isActive": false }),
    )
    .await;
    assert_eq!(House::code(&begin(BACK).await), "NOT_FOUND");
    let stranger = house.person(&["owner"]).await;
    let strangers = house.token(&stranger).await;
    let hidden = house
        .get(Some(&strangers), "query ($id: ID!) { ssoProvider(id: $id) { id } }", json!({ "id": id }))
        .await;
    assert_eq!(hidden["ssoProvider"], json!(null));
    let gone =
        call(&house, Some(&token), "ssoProviderDelete", "deletedSsoProviderId", json!({ "id": id })).await;
    assert_eq!(gone["deletedSsoProviderId"], json!(id));
    let left = format!("SELECT count(*) FROM identity.sso_accounts WHERE user_id = '{}'", person.id);
    assert_eq!(house.look(&left).await, "0");
}

async fn begin_at(house: &House, id: &str) -> Value {
    begin(house, id).await
}

#[tokio::test]
async fn a_state_and_a_code_are_good_once_also_for_many_at_once() {
    let (house, person, token, provider, id) = linked().await;
    let begun = begin(&house, &id).await;
    let back = provider.visit(begun["authorizationUrl"].as_str().unwrap()).await;
    let answers = join_all((0..10).map(|_| complete(&house, &back["state"], &back["code"]))).await;
    assert_eq!(answers.iter().filter(|answer| answer["accessToken"].is_string()).count(), 1);
    // the state is used, whatever the code
    let late = complete(&house, &back["state"], "another").await;
    assert_eq!(late["userErrors"], json!([{ "code": "INVALID", "path": ["input", "state"] }]));
    // a code of before, or of somebody else's journey, does not go with this state: PKCE
    let mine = begin(&house, &id).await;
    assert_eq!(
        complete(&house, mine["state"].as_str().unwrap(), &back["code"]).await["userErrors"],
        json!([{ "code": "INVALID", "path": ["input", "code"] }])
    );
    let (mine, theirs) = (begin(&house, &id).await, begin(&house, &id).await);
    let stolen = provider.visit(theirs["authorizationUrl"].as_str().unwrap()).await;
    assert_eq!(
        House::code(&complete(&house, mine["state"].as_str().unwrap(), &stolen["code"]).await),
        "INVALID"
    );
    // a state that is too old, or of nobody
    let old = begin(&house, &id).await;
    let back = provider.visit(old["authorizationUrl"].as_str().unwrap()).await;
    let over = format!(
        "UPDATE identity.sso_requests SET expires_at = now() WHERE organization_id = '{}'",
        person.organization
    );
    house.sql(&over).await;
    assert_eq!(House::code(&complete(&house, &back["state"], &back["code"]).await), "INVALID");
    assert_eq!(House::code(&complete(&house, "pto_0", &back["code"]).await), "INVALID");
    // what was begun to link an account signs nobody in, nor the other way round, nor somebody else
    let input = json!({ "provider": id, "redirectUri": BACK });
    provider.person(json!({ "sub": "second" }));
    for linker in [None, Some(token.as_str())] {
        let begun =
            call(&house, Some(&token), "ssoAccountLink", "authorizationUrl state", input.clone()).await;
        let back = provider.visit(begun["authorizationUrl"].as_str().unwrap()).await;
        let shown = json!({ "state": back["state"], "code": back["code"] });
        let refused = match linker {
            None => complete(&house, &back["state"], &back["code"]).await,
            Some(_) => {
                let other = house.person(&[]).await;
                call(
                    &house,
                    Some(&house.token(&other).await),
                    "ssoAccountLinkComplete",
                    "ssoAccount { id }",
                    shown,
                )
                .await
            }
        };
        assert_eq!(refused["userErrors"], json!([{ "code": "INVALID", "path": ["input", "state"] }]));
    }
}

#[tokio::test]
async fn a_second_factor_is_asked_for_unless_the_provider_has_seen_one() {
    let (house, person, _, provider, id) = linked().await;
    house
        .sql(&format!(
            "UPDATE identity.users SET mfa_enabled = true, mfa_secret_encrypted = 'x' WHERE id = '{}'",
            person.id
        ))
        .await;
    let asked = sign_in(&house, &provider, &id).await;
    assert_eq!((&asked["accessToken"], asked["mfaToken"].is_string()), (&json!(null), true), "{asked}");
    provider.person(json!({ "sub": "ann-1", "amr": ["mfa"] }));
    assert!(sign_in(&house, &provider, &id).await["accessToken"].is_string());
    house
        .sql(&format!(
            "UPDATE identity.users SET locked_until = now() + interval '1 h' WHERE id = '{}'",
            person.id
        ))
        .await;
    assert_eq!(House::code(&sign_in(&house, &provider, &id).await), "ACCOUNT_LOCKED");
}

#[tokio::test]
async fn a_provider_of_oauth_2_tells_who_it_is_at_an_address() {
    let (house, provider) = (House::open().await, Provider::open().await);
    let person = house.person(&["owner"]).await;
    let token = house.token(&person).await;
    let at = |path: &str| format!("{}/{path}", provider.address());
    let input = json!({
        "providerType": "OAUTH2", "discoveryUrl": null, "authorizationUrl": at("authorize"), "tokenUrl": at("token"),
        "userinfoUrl": at("userinfo"), "attributeMapping": { "subject": "id" }, "scopes": ["user"],
    });
    let id = set_up(&house, &token, &provider, input).await;
    provider.person(json!({ "id": 4711, "login": "ann" }));
    let made = link(&house, &token, &provider, &id).await;
    assert_eq!(made["ssoAccount"]["externalId"], "4711", "{made}");
    assert!(sign_in(&house, &provider, &id).await["accessToken"].is_string());
    provider.person(json!({ "login": "ann" }));
    assert_eq!(House::code(&sign_in(&house, &provider, &id).await), "INVALID");
}

/// A role that comes by a rule is there when the account is made (B022).
#[tokio::test]
async fn whoever_a_provider_makes_an_account_for_has_the_roles_that_come_by_themselves() {
    let (house, provider) = (House::open().await, Provider::open().await);
    let owner = house.person(&["owner"]).await;
    let token = house.token(&owner).await;
    let email = format!("new-{}@acme.example", owner.id.simple());
    // the word of an organization's own provider proves no address to anybody else
    for (name, attribute, value) in
        [("guests", "email", email.as_str()), ("colleagues", "emailDomain", "acme.example")]
    {
        let rule = json!({ "attribute": format!("subject.{attribute}"), "operator": "eq", "value": value });
        let input = json!({ "name": name, "autoAssignConditions": rule });
        let made = call(&house, Some(&token), "roleCreate", "role { id }", input).await;
        assert_eq!(made["userErrors"], json!([]), "{made}");
    }
    let id = set_up(&house, &token, &provider, json!({ "autoCreateUsers": true })).await;
    provider.person(json!({ "sub": "n", "email": email, "email_verified": true }));
    let made = sign_in(&house, &provider, &id).await;
    assert_eq!(made["userErrors"], json!([]), "{made}");
    let held = format!(
        "SELECT string_agg(r.name, ',') FROM access.role_assignments a JOIN identity.users u ON u.id = a.user_id
           JOIN access.roles r ON r.organization_id = a.organization_id AND r.id = a.role_id
          WHERE u.email = '{email}' AND a.is_automatic AND a.revoked_at IS NULL"
    );
    assert_eq!(house.look(&held).await, "guests");
}
