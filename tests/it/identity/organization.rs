//! Organizations and who works in them (B001, B011, B014).
use serde_json::{Value, json};
use uuid::Uuid;

use super::house::{House, PASSWORD, Person, text};

async fn create(house: &House, token: &str, slug: &str) -> Value {
    let document = "mutation ($input: OrganizationCreateInput!) { organizationCreate(input: $input) {
        organization { id slug status version } userErrors { code path } } }";
    house.get(Some(token), document, json!({ "input": { "name": "New", "slug": slug } })).await["organizationCreate"].clone()
}

#[tokio::test]
async fn a_new_organization_is_usable_at_once() {
    let house = House::open().await;
    let person = house.person(&[]).await;
    let signed_in = house.sign_in(&person.email, PASSWORD, None).await;
    let slug = format!("new-{}", Uuid::now_v7().simple());
    let payload = create(&house, &text(&signed_in["accessToken"]), &slug).await;
    assert_eq!(payload["organization"]["slug"], slug.as_str());
    let entered = house.refresh(&text(&signed_in["refreshToken"]), Some(&slug)).await;
    let token = text(&entered["accessToken"]);
    let seen = house
        .get(
            Some(&token),
            "{ viewer { roles permissions } pipelines { nodes { isDefault stages { name kind defaultProbability } } }
               memberships { nodes { status user { displayName email } } } roles { nodes { name } }
               organization: viewer { organization { governance { maskingEnabled } } } }",
            json!({}),
        )
        .await;
    assert_eq!(seen["viewer"]["roles"], json!(["owner"]));
    assert_eq!(seen["pipelines"]["nodes"][0]["stages"].as_array().unwrap().len(), 7);
    assert_eq!(seen["memberships"]["nodes"][0]["user"]["email"], person.email.as_str());
    assert!(seen["roles"]["nodes"].as_array().unwrap().len() >= 12);
    assert_eq!(seen["organization"]["organization"]["governance"]["maskingEnabled"], true);
}

#[tokio::test]
async fn what_fails_leaves_nothing() {
    let house = House::open().await;
    let person = house.person(&[]).await;
    let token = house.token(&person).await;
    let count = format!("SELECT count(*) FROM identity.memberships WHERE user_id = '{}'", person.id);
    assert_eq!(House::code(&create(&house, &token, &person.slug).await), "NOT_UNIQUE");
    assert_eq!(House::code(&create(&house, &token, "No Slug").await), "INVALID");
    assert_eq!(house.look(&count).await, "1");
}

#[tokio::test]
async fn nobody_sees_or_changes_an_organization_of_others() {
    let house = House::open().await;
    let (person, other) = (house.person(&["owner"]).await, house.person(&["owner"]).await);
    let token = house.token(&person).await;
    let id = |organization: Uuid| {
        portico::store::id::Id::<portico::domains::identity::organization::Organization>::of(organization)
            .to_string()
    };
    let document = "query ($id: ID!, $user: ID!) { organization(id: $id) { id } user(id: $user) { id } organizations { nodes { slug } } }";
    let user = portico::store::id::Id::<portico::domains::identity::user::User>::of(other.id).to_string();
    let seen = house.get(Some(&token), document, json!({ "id": id(other.organization), "user": user })).await;
    assert_eq!(
        seen,
        json!({ "organization": null, "user": null, "organizations": { "nodes": [{ "slug": person.slug }] } })
    );
    let update = "mutation ($input: OrganizationUpdateInput!) { organizationUpdate(input: $input) { organization { name version } userErrors { code } } }";
    let theirs = json!({ "input": { "id": id(other.organization), "name": "Mine" } });
    assert_eq!(
        House::code(&house.get(Some(&token), update, theirs).await["organizationUpdate"]),
        "NOT_FOUND"
    );
    let own = json!({ "input": { "id": id(person.organization), "name": "Mine", "expectedVersion": 1 } });
    let changed = house.get(Some(&token), update, own.clone()).await;
    assert_eq!(changed["organizationUpdate"]["organization"], json!({ "name": "Mine", "version": 2 }));
    assert_eq!(House::code(&house.get(Some(&token), update, own).await["organizationUpdate"]), "CONFLICT");
}

#[tokio::test]
async fn administrators_of_the_platform_close_and_open_and_both_sides_know() {
    let house = House::open().await;
    let (admin, person) = (house.person(&[]).await, house.person(&["owner"]).await);
    let (theirs, ours) = (house.token(&admin).await, house.token(&person).await);
    let judge = async |token: &str, what: &str| {
        let document = format!(
            "mutation ($input: OrganizationStatusInput!) {{ {what}(input: $input) {{ done userErrors {{ code }} }} }}"
        );
        let id = portico::store::id::Id::<portico::domains::identity::organization::Organization>::of(
            person.organization,
        );
        house
            .ask(Some(token), &document, json!({ "input": { "id": id.to_string(), "reason": "unpaid" } }))
            .await
    };
    for token in [&theirs, &ours] {
        let denied = judge(token, "organizationSuspend").await;
        assert_eq!(denied["errors"][0]["extensions"]["code"], "FORBIDDEN");
    }
    house
        .sql(&format!(
            "INSERT INTO identity.platform_admins (id, email, user_id) VALUES (gen_random_uuid(), '{}', '{}')",
            admin.email, admin.id
        ))
        .await;
    // administrators are never changed or removed, not even by the owner of the table (B011)
    for statement in [
        "UPDATE identity.platform_admins SET email = 'x@example.com'",
        "DELETE FROM identity.platform_admins",
        "TRUNCATE identity.platform_admins",
    ] {
        let refused = house.refusal(statement).await;
        assert!(refused.contains("never changed or deleted"), "{statement}: {refused}");
    }
    assert_eq!(judge(&theirs, "organizationSuspend").await["data"]["organizationSuspend"]["done"], true);
    assert_eq!(house.opens(&ours).await, Err("TENANT_SUSPENDED".to_owned()));
    assert_eq!(House::code(&house.sign_in(&person.email, PASSWORD, None).await), "STATE");
    assert_eq!(
        House::code(&judge(&theirs, "organizationSuspend").await["data"]["organizationSuspend"]),
        "STATE"
    );
    for organization in [person.organization, Uuid::nil()] {
        let told = format!(
            "SELECT count(*) FROM audit.audit_logs WHERE organization_id = '{organization}' AND action = 'organization.suspended' AND actor_id = '{}'",
            admin.id
        );
        assert_eq!(house.look(&told).await, "1");
    }
    assert_eq!(
        judge(&theirs, "organizationReactivate").await["data"]["organizationReactivate"]["done"],
        true
    );
    assert_eq!(house.opens(&ours).await, Ok(()));

    let gone = house
        .get(Some(&ours), "mutation { organizationDelete { done userErrors { code } } }", json!({}))
        .await;
    assert_eq!(gone["organizationDelete"], json!({ "done": true, "userErrors": [] }));
    assert_eq!(house.opens(&ours).await, Err("UNAUTHENTICATED".to_owned()));
    assert_eq!(judge(&theirs, "organizationRestore").await["data"]["organizationRestore"]["done"], true);
    assert_eq!(house.opens(&ours).await, Ok(()));
}

#[tokio::test]
async fn an_organization_keeps_an_owner() {
    let house = House::open().await;
    let owner = house.person(&["owner"]).await;
    let colleague = house.colleague(&owner, &["owner"]).await;
    let (token, theirs) = (house.token(&owner).await, house.token(&colleague).await);
    let suspend = async |token: &str, person: &Person| {
        let document = "mutation ($input: MembershipUpdateInput!) { membershipUpdate(input: $input) { membership { status } userErrors { code } } }";
        let id = portico::store::id::Id::<portico::domains::identity::membership::Membership>::of(person.id)
            .to_string();
        house.get(Some(token), document, json!({ "input": { "id": id, "status": "SUSPENDED" } })).await["membershipUpdate"].clone()
    };
    assert_eq!(House::code(&suspend(&token, &owner).await), "STATE");
    assert_eq!(suspend(&token, &colleague).await["membership"]["status"], "SUSPENDED");
    assert_eq!(house.opens(&theirs).await, Err("UNAUTHENTICATED".to_owned()));
}

/// Who may see the deals of their region only sees no others, with a key of their own neither (B014).
#[tokio::test]
async fn a_region_limits_what_is_seen() {
    let house = House::open().await;
    let owner = house.person(&["owner"]).await;
    let analyst = house.colleague(&owner, &[]).await;
    let organization = owner.organization;
    house
        .sql(&format!(
            "INSERT INTO access.roles (organization_id, id, name, metadata)
               VALUES ('{organization}', '{role}', 'of_region', '{{\"row_scope\": \"region\"}}');
             INSERT INTO access.role_permissions (organization_id, id, role_id, permission_id, permission_org_id)
               SELECT '{organization}', gen_random_uuid(), '{role}', id, organization_id FROM access.permissions
               WHERE organization_id = '00000000-0000-0000-0000-000000000000' AND name IN ('deal.read', 'api_key.write', 'api_key.read');
             INSERT INTO access.role_assignments (organization_id, id, user_id, role_id)
               VALUES ('{organization}', gen_random_uuid(), '{}', '{role}');
             UPDATE identity.memberships SET region = 'europe' WHERE user_id = '{}';
             INSERT INTO sales.pipelines (organization_id, id, name) VALUES ('{organization}', '{role}', 'P');
             INSERT INTO sales.pipeline_stages (organization_id, id, pipeline_id, name, position)
               VALUES ('{organization}', '{role}', '{role}', 'S', 0);
             INSERT INTO sales.deals (organization_id, id, name, region, segment, lob, pipeline_id, stage_id, value, probability)
               SELECT '{organization}', gen_random_uuid(), region, region, 'smb', 'software', '{role}', '{role}', 1, 50
               FROM unnest(ARRAY['europe', 'north_america', 'europe']) AS region",
            analyst.id,
            analyst.id,
            role = Uuid::now_v7(),
        ))
        .await;
    let regions = async |token: &str| {
        let deals = house.get(Some(token), "{ deals { nodes { region } } }", json!({})).await;
        deals["deals"]["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|deal| text(&deal["region"]))
            .collect::<Vec<_>>()
    };
    let token = house.token(&analyst).await;
    assert_eq!(regions(&token).await, ["EUROPE", "EUROPE"]);
    assert_eq!(regions(&house.token(&owner).await).await.len(), 3);
    let document = "mutation { apiKeyCreate(input: { name: \"All\", scopes: [\"deal.read\"] }) { secret userErrors { code } } }";
    let key = text(&house.get(Some(&token), document, json!({})).await["apiKeyCreate"]["secret"]);
    assert_eq!(regions(&key).await, ["EUROPE", "EUROPE"]);
    house
        .sql(&format!("UPDATE identity.memberships SET region = NULL WHERE user_id = '{}'", analyst.id))
        .await;
    assert!(regions(&token).await.is_empty());
}
