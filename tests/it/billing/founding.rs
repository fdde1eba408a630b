//! A new organization begins with a trial and its quotas, or is not there (B001).
use chrono::{DateTime, Duration, Utc};
use serde_json::json;
use uuid::Uuid;

use super::{administrator, change, done, found_as, founded, house, plan};
use crate::identity::house::{House, text};

#[tokio::test]
async fn founding_gives_a_trial_and_the_quotas_of_the_default_plan() {
    let house = house().await;
    let founded = founded(&house).await;
    let billing = founded.billing(&house).await;
    let subscription = &billing["subscription"];
    assert_eq!(
        (&subscription["status"], &subscription["plan"]["key"], &subscription["price"]),
        (&json!("TRIALING"), &json!("starter"), &json!({ "amount": "49.00", "currency": "USD" }))
    );
    let trial_end: DateTime<Utc> = text(&subscription["trialEnd"]).parse().unwrap();
    let left = trial_end - Utc::now();
    assert!(left > Duration::days(13) && left <= Duration::days(14), "{left}");
    assert_eq!(subscription["currentPeriodEnd"], subscription["trialEnd"]);

    let quotas = &billing["quotas"]["nodes"];
    let midnight = (Utc::now().date_naive() + Duration::days(1)).and_hms_opt(0, 0, 0).unwrap().and_utc();
    let resets: DateTime<Utc> = text(&quotas[0]["resetsAt"]).parse().unwrap();
    assert_eq!(resets, midnight);
    assert_eq!(
        (&quotas[0]["metric"], &quotas[0]["limit"], &quotas[0]["used"], &quotas[0]["remaining"]),
        (&json!("MESSAGES"), &json!("500"), &json!("0"), &json!("500"))
    );
    assert_eq!(
        quotas[1],
        json!({ "metric": "SEATS", "period": "LIFETIME", "limit": "10", "enforcement": "HARD",
                "used": "1", "remaining": "9", "resetsAt": null, "isCustom": false })
    );
    assert_eq!(founded.told(&house).await, "quota.created quota.created billing_subscription.created");
    let events = format!(
        "SELECT count(*) FROM ops.events WHERE organization_id = '{}' AND kind IN ('quota.created', 'billing_subscription.created')",
        founded.owner.organization
    );
    assert_eq!(house.look(&events).await, "3");
}

/// The founder takes a seat too: where a plan has none, nothing at all is founded.
#[tokio::test]
async fn what_fails_leaves_neither_trial_nor_quotas() {
    let house = house().await;
    let admin = administrator(&house).await;
    let none = json!([{ "metric": "SEATS", "period": "LIFETIME", "limit": 0, "enforcement": "HARD" }]);
    let input = json!({ "id": plan(&house, "starter").await, "quotas": none });
    done(&house, &admin, "planUpdate", input, "plan { version }").await;
    let person = house.person(&[]).await;
    let slug = format!("new-{}", Uuid::now_v7().simple());
    let counts =
        "SELECT (SELECT count(*) FROM identity.organizations) + (SELECT count(*) FROM billing.subscriptions)
        + (SELECT count(*) FROM billing.quotas) + (SELECT count(*) FROM access.roles)";
    let before = house.look(counts).await;
    let refused = found_as(&house, &person, &slug).await;
    assert_eq!(
        refused,
        json!({ "organization": null, "userErrors": [{ "code": "QUOTA_EXCEEDED", "path": ["input"],
            "message": "All 0 seats of the organization are taken.",
            "metric": "SEATS", "limit": "0", "used": "0", "resetsAt": null }] })
    );
    assert_eq!(house.look(counts).await, before);
}

/// Who sees what an organization pays and uses: its owner, its administrator and who looks after money.
#[tokio::test]
async fn money_is_seen_by_those_who_look_after_it() {
    let house = house().await;
    let founded = founded(&house).await;
    let document = "{ viewer { organization { subscription { status } quotas { nodes { limit } } dailyUsage { date } } } plans { nodes { key } } }";
    for (role, sees) in [
        ("admin", true),
        ("cfo", true),
        ("finance_manager", true),
        ("manager", false),
        ("compliance_officer", false),
        ("security_admin", false),
        ("user", false),
    ] {
        let colleague = house.colleague(&founded.owner, &[role]).await;
        let token = house.token(&colleague).await;
        let seen = house.ask(Some(&token), document, json!({})).await;
        let codes: Vec<_> = seen["errors"].as_array().into_iter().flatten().collect();
        assert_eq!(codes.len(), if sees { 0 } else { 3 }, "{role}: {seen:#}");
        assert!(codes.iter().all(|error| error["extensions"]["code"] == "FORBIDDEN"), "{role}: {seen:#}");
        // what is offered, everybody may know
        assert_eq!(seen["data"]["plans"]["nodes"].as_array().map(Vec::len), Some(3), "{role}");
        let change = house
            .ask(
                Some(&token),
                "mutation ($input: BillingSubscriptionRecordInput!) {
            billingSubscriptionCancel(input: $input) { userErrors { code } } }",
                json!({ "input": { "id": crate::identity::house::global_id("sub", Uuid::now_v7()) } }),
            )
            .await;
        let refused = change["errors"][0]["extensions"]["code"] == "FORBIDDEN";
        assert_eq!(refused, !matches!(role, "admin" | "cfo"), "{role}: {change:#}");
    }
}

/// The quotas of others look like those that are not there, and nobody but the platform changes any.
#[tokio::test]
async fn only_the_platform_changes_quotas_and_plans() {
    let house = house().await;
    let (ours, theirs) = (founded(&house).await, founded(&house).await);
    let quota = house
        .look(&format!(
            "SELECT id FROM billing.quotas WHERE organization_id = '{}' LIMIT 1",
            theirs.owner.organization
        ))
        .await;
    let id = crate::identity::house::global_id("quota", quota.parse().unwrap());
    let seen = house
        .get(
            Some(&ours.token),
            "query ($id: ID!) { quota(id: $id) { limit } node(id: $id) { id } }",
            json!({ "id": id }),
        )
        .await;
    assert_eq!(seen, json!({ "quota": null, "node": null }));

    let more = json!({ "organizationId": ours.id(), "metric": "SEATS", "period": "LIFETIME", "limit": 3, "reason": "agreed" });
    let document = "mutation ($input: QuotaSetInput!) { quotaSet(input: $input) { quotaId } }";
    let refused = house.ask(Some(&ours.token), document, json!({ "input": more })).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN");

    let admin = administrator(&house).await;
    done(&house, &admin, "quotaSet", more.clone(), "quotaId").await;
    let limits = ours.limits(&house).await;
    assert!(limits.contains(&["SEATS", "LIFETIME", "3", "HARD"].map(str::to_owned)), "{limits:?}");
    for organization in [ours.owner.organization, Uuid::nil()] {
        let told = format!(
            "SELECT string_agg(action || ' ' || coalesce(resource_name, ''), ', ') FROM audit.audit_logs
             WHERE organization_id = '{organization}' AND action IN ('quota.updated', 'quota.set') AND resource_type = 'Quota'"
        );
        let expected = if organization.is_nil() { "quota.set agreed" } else { "quota.updated " };
        assert_eq!(house.look(&told).await, expected);
    }
    let wrong = |field: &str, value: serde_json::Value| {
        let mut input = more.clone();
        input[field] = value;
        input
    };
    let code = async |input| House::code(&change(&house, &admin, "quotaSet", input, "").await).to_owned();
    assert_eq!(code(wrong("period", json!("DAY"))).await, "INVALID");
    assert_eq!(code(wrong("limit", json!(-1))).await, "OUT_OF_RANGE");
    assert_eq!(
        code(wrong("organizationId", json!(crate::identity::house::global_id("org", Uuid::now_v7())))).await,
        "NOT_FOUND"
    );

    let input =
        json!({ "organizationId": ours.id(), "metric": "SEATS", "period": "LIFETIME", "reason": "trust" });
    done(&house, &admin, "quotaRemove", input.clone(), "removedId").await;
    assert_eq!(ours.limits(&house).await.len(), 1);
    assert_eq!(House::code(&change(&house, &admin, "quotaRemove", input, "").await), "NOT_FOUND");
}
