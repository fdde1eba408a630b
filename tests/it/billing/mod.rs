//! Plans, subscriptions and quotas.
mod founding;
mod messages;
mod plan;
mod seats;
mod subscription;

use portico::domains::access::catalogue;
use portico::store::connect::connect;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    identity::house::{House, Person, global_id, text},
    world::postgres,
};

/// A server of the test's own: plans are the same for everybody in a database.
async fn house() -> House {
    let database = postgres::fresh().await;
    catalogue::sync(&mut connect(&database.owner_url).await.unwrap()).await.unwrap();
    House::of(&database)
}

/// Founds an organization as a new person; the payload.
async fn found_as(house: &House, person: &Person, slug: &str) -> Value {
    let document = "mutation ($input: OrganizationCreateInput!) { organizationCreate(input: $input) {
        organization { id } userErrors { code message path ... on QuotaExceededError { metric limit used resetsAt } } } }";
    let token = house.token(person).await;
    let input = json!({ "input": { "name": "New", "slug": slug } });
    house.get(Some(&token), document, input).await["organizationCreate"].clone()
}

/// An organization that was founded as clients do, and a token of its owner there.
struct Founded {
    owner: Person,
    token: String,
}

async fn founded(house: &House) -> Founded {
    let person = house.person(&[]).await;
    let slug = format!("new-{}", Uuid::now_v7().simple());
    let payload = found_as(house, &person, &slug).await;
    assert_eq!(payload["userErrors"], json!([]));
    let id = house.look(&format!("SELECT id FROM identity.organizations WHERE slug = '{slug}'")).await;
    let owner = Person { organization: id.parse().unwrap(), slug, ..person };
    let token = house.token(&owner).await;
    Founded { owner, token }
}

impl Founded {
    fn id(&self) -> String {
        global_id("org", self.owner.organization)
    }

    /// What the owner sees of subscription and quotas.
    async fn billing(&self, house: &House) -> Value {
        let document = "{ viewer { organization {
            subscription { id version status billingCycle price { amount currency } currentPeriodStart currentPeriodEnd trialEnd canceledAt plan { key } }
            quotas { nodes { metric period limit enforcement used remaining resetsAt isCustom } } } } }";
        house.get(Some(&self.token), document, json!({})).await["viewer"]["organization"].clone()
    }

    /// The limits that the owner sees: metric, period, limit, enforcement.
    async fn limits(&self, house: &House) -> Vec<[String; 4]> {
        let billing = self.billing(house).await;
        let quotas = billing["quotas"]["nodes"].as_array().unwrap().iter();
        quotas
            .map(|quota| ["metric", "period", "limit", "enforcement"].map(|field| text(&quota[field])))
            .collect()
    }

    /// What the audit trail says was done to subscription and quotas, in order.
    async fn told(&self, house: &House) -> String {
        let actions = format!(
            "SELECT string_agg(action, ' ' ORDER BY id) FROM audit.audit_logs
             WHERE organization_id = '{}' AND resource_type IN ('BillingSubscription', 'Quota')",
            self.owner.organization
        );
        house.look(&actions).await
    }
}

/// A token of somebody who administers the platform.
async fn administrator(house: &House) -> String {
    let person = house.person(&["viewer"]).await;
    house
        .sql(&format!(
            "INSERT INTO identity.platform_admins (id, email, user_id) VALUES (gen_random_uuid(), '{}', '{}')",
            person.email, person.id
        ))
        .await;
    house.token(&person).await
}

/// Runs a mutation; gives its payload, of which `selection` is wanted.
async fn change(house: &House, token: &str, name: &str, input: Value, selection: &str) -> Value {
    let kind = name[..1].to_uppercase() + &name[1..];
    let kind =
        if name == "billingSubscriptionCancel" { "BillingSubscriptionRecord".to_owned() } else { kind };
    let document = format!(
        "mutation ($input: {kind}Input!) {{ {name}(input: $input) {{ {selection} userErrors {{ code message path
           ... on StateError {{ allowed }} ... on QuotaExceededError {{ metric limit used resetsAt }} }} }} }}"
    );
    house.get(Some(token), &document, json!({ "input": input })).await[name].clone()
}

/// The same, of what has to be done.
async fn done(house: &House, token: &str, name: &str, input: Value, selection: &str) -> Value {
    let payload = change(house, token, name, input, selection).await;
    assert_eq!(payload["userErrors"], json!([]), "{name}");
    payload
}

/// The id of a plan.
async fn plan(house: &House, key: &str) -> String {
    let id = house.look(&format!("SELECT id FROM billing.plans WHERE key = '{key}'")).await;
    global_id("plan", id.parse().unwrap())
}
