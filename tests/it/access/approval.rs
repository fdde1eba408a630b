//! Approvals (B023): what must be approved first is asked for, approved by others, and held for a time.
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use futures_util::StreamExt;
use portico::store::{connect::connect, id};
use serde_json::{Value, json};

use super::{assign, conditions::House, id_of, make_role, permission, role};
use crate::world::city::Person;

/// What is done in an office where nobody deletes a deal alone.
pub(super) struct Office {
    pub house: House,
    /// Makes permissions and workflows.
    pub boss: Person,
    /// The permission to delete deals, after approval.
    pub asked: Value,
    /// The role that contains it.
    pub careful: Value,
}

const BOSS: &[&str] = &[
    "access.explain",
    "approval.read",
    "approval.workflow.write",
    "approval.workflow.delete",
    "audit.read",
    "audit.values.read",
    "deal.read",
    "deal.delete",
    "event.read",
    "permission.delete",
    "permission.write",
    "resource.read",
    "resource.write",
    "role.grant.any",
];

pub(super) const REQUEST: &str =
    "approvalRequest { id status isOpen currentStep action reason decidedAt viewerCanDecide }";
const GRANTED: &str = "approvalRequest { status isOpen grants { nodes { id isInForce validUntil grantReason approvalRequest { id } } } }";

impl Office {
    /// Wei may read deals, and delete them after approval; `demands` says more of the permission.
    pub async fn open(demands: Value) -> Self {
        let house = House::of(&["deal.read", "event.read"]).await;
        let boss = super::keeper(&house.town, "Boss", BOSS).await;
        let mut input =
            json!({ "name": "deal_delete_asked", "right": "deal.delete", "requiresApproval": true });
        input.as_object_mut().unwrap().extend(demands.as_object().unwrap().clone());
        let made = boss.do_("permissionCreate", input, "permission { id }").await;
        let asked = made["permission"]["id"].clone();
        let careful = make_role(&boss, "careful", None, &[]).await;
        let office = Self { house, boss, asked, careful };
        office.put_into(&office.careful).await;
        assign(&office.boss, &office.house.wei, &office.careful).await;
        office
    }

    async fn put_into(&self, role: &Value) {
        let input = json!({ "roleId": role, "permissionId": self.asked });
        self.boss.do_("rolePermissionAdd", input, "").await;
    }

    /// Somebody who decides about whatever has no workflow, and reads nothing but permissions that were given.
    pub async fn decider(&self, name: &str) -> Person {
        self.house.town.person(name, &["approval.decide", "permission.grant.read"]).await
    }

    pub fn request(&self, minutes: i32) -> Value {
        json!({ "permissionId": self.asked, "reason": "cleaning up", "durationMinutes": minutes })
    }

    /// Wei asks; the request's id.
    pub async fn ask(&self) -> Value {
        let asked = self.house.wei.do_("accessRequest", self.request(60), "approvalRequest { id }").await;
        asked["approvalRequest"]["id"].clone()
    }

    pub async fn sql(&self, statements: &str) {
        self.house.town.owner().await.batch_execute(statements).await.unwrap();
    }

    /// As if the time to decide were over.
    pub async fn let_lapse(&self, request: &Value) {
        let id = uuid_of(request);
        self.sql(&format!(
            "UPDATE access.approval_requests SET expires_at = now() - interval '1 second' WHERE id = '{id}'"
        ))
        .await;
    }

    pub async fn status(&self, request: &Value) -> Value {
        let shown = self
            .boss
            .get("query($id: ID!) { approvalRequest(id: $id) { status } }", json!({ "id": request }));
        shown.await["approvalRequest"]["status"].clone()
    }

    /// How many grants requests have given.
    pub async fn given(&self) -> usize {
        let found =
            self.boss.get("{ permissionGrants { nodes { approvalRequest { id } } } }", json!({})).await;
        let nodes = found["permissionGrants"]["nodes"].as_array().unwrap().clone();
        nodes.iter().filter(|grant| !grant["approvalRequest"].is_null()).count()
    }
}

pub(super) fn uuid_of(id: &Value) -> uuid::Uuid {
    id::split(id.as_str().unwrap()).unwrap().1
}

pub(super) fn verdict(request: &Value, verdict: &str) -> Value {
    json!({ "requestId": request, "verdict": verdict })
}

/// What deleting a deal comes to: nothing, or the code with what is missing and by which permission.
pub(super) async fn delete(person: &Person, deal: &Value) -> Option<(String, Value, Value)> {
    let document =
        "mutation($input: DealRecordInput!) { dealDelete(input: $input) { userErrors { code message } } }";
    let reply = person.ask(document, json!({ "input": { "id": deal } })).await.body;
    let Some(error) = reply["errors"].get(0) else {
        assert_eq!(reply["data"]["dealDelete"]["userErrors"], json!([]));
        return None;
    };
    let told = &error["extensions"];
    Some((told["code"].as_str().unwrap().to_owned(), told["requires"].clone(), told["permissionId"].clone()))
}

#[tokio::test]
async fn a_right_that_must_be_approved_is_had_after_an_approval_and_for_a_time() {
    let office = Office::open(json!({})).await;
    let (wei, dee) = (&office.house.wei, office.decider("Dee").await);
    let (first, second) =
        (office.house.sell("first", "EUROPE").await, office.house.sell("second", "EUROPE").await);

    // whoever has it only so does not have it, and is told how to come by it
    let waits = Some(("APPROVAL_REQUIRED".to_owned(), json!(["deal.delete"]), office.asked.clone()));
    assert_eq!(delete(wei, &first).await, waits);
    let own = "{ viewer { permissions } deals { nodes { viewerCan(permission: \"deal.delete\") } } }";
    let seen = wei.get(own, json!({})).await;
    assert!(!seen["viewer"]["permissions"].to_string().contains("deal.delete"));
    assert_eq!(seen["deals"]["nodes"][0]["viewerCan"], false);
    // who does not have it at all cannot ask for it
    assert_eq!(dee.refused("accessRequest", office.request(60)).await.0, "NOT_FOUND");
    let (code, path, _) = wei.refused("accessRequest", office.request(24 * 60 + 1)).await;
    assert_eq!((code.as_str(), path.join(".").as_str()), ("OUT_OF_RANGE", "input.durationMinutes"));

    let asked = wei.do_("accessRequest", office.request(60), REQUEST).await["approvalRequest"].clone();
    assert_eq!(
        (&asked["status"], &asked["isOpen"], &asked["action"]),
        (&json!("PENDING"), &json!(true), &json!("deal.delete"))
    );
    assert_eq!(asked["viewerCanDecide"], false);
    assert_eq!(wei.refused("accessRequest", office.request(30)).await.0, "NOT_UNIQUE");
    assert_eq!(delete(wei, &first).await, waits);

    // it waits for others, never for whoever asked, whatever they hold
    let request = &asked["id"];
    let to_decide = "{ viewer { approvalsToDecide { id reason viewerCanDecide } } }";
    let waiting = dee.get(to_decide, json!({})).await;
    let due = json!([{ "id": request, "reason": "cleaning up", "viewerCanDecide": true }]);
    assert_eq!(waiting["viewer"]["approvalsToDecide"], due);
    office.boss.do_(
        "permissionGrant",
        json!({ "userId": id_of(wei), "permissionId": permission(&office.boss, "approval.decide").await }),
        "",
    ).await;
    assert_eq!(wei.get(to_decide, json!({})).await["viewer"]["approvalsToDecide"], json!([]));
    assert_eq!(wei.refused("approvalDecide", verdict(request, "APPROVED")).await.0, "SELF_APPROVAL");

    let decided =
        dee.do_("approvalDecide", verdict(request, "APPROVED"), GRANTED).await["approvalRequest"].clone();
    assert_eq!((&decided["status"], &decided["isOpen"]), (&json!("APPROVED"), &json!(false)));
    let grant = &decided["grants"]["nodes"][0];
    assert_eq!((&grant["isInForce"], &grant["grantReason"]), (&json!(true), &json!("cleaning up")));
    assert_eq!(grant["approvalRequest"]["id"], *request);
    assert_eq!(dee.refused("approvalDecide", verdict(request, "REJECTED")).await.0, "STATE");
    assert_eq!(delete(wei, &first).await, None);
    // those who watch are told what changed for whom, and by whom
    let noticed = format!(
        "SELECT string_agg(concat_ws(' ', severity, source_user_id, target_user_id, event_data ->> 'permission'), ',')
           FROM security.security_events WHERE organization_id = '{}' AND detection_rule = 'permission_approved'",
        office.house.town.organization
    );
    let told = crate::identity::house::House::of(&office.house.town.database).look(&noticed).await;
    assert_eq!(told, format!("low {} {} deal.delete", dee.user, wei.user));
    // the time that was asked for ends it
    office.sql(&format!(
        "UPDATE access.permission_grants SET valid_from = now() - interval '2 hours', valid_until = now() - interval '1 second' WHERE id = '{}'",
        uuid_of(&grant["id"])
    )).await;
    assert_eq!(delete(wei, &second).await, waits);

    // and so does a withdrawal, like that of any other grant
    let request = office.ask().await;
    let decided =
        dee.do_("approvalDecide", verdict(&request, "APPROVED"), GRANTED).await["approvalRequest"].clone();
    let grant = &decided["grants"]["nodes"][0]["id"];
    office.boss.do_("permissionGrantRevoke", json!({ "id": grant, "reason": "not needed" }), "").await;
    assert_eq!(delete(wei, &second).await, waits);
}

#[tokio::test]
async fn what_an_approval_has_given_is_not_passed_on() {
    let office = Office::open(json!({})).await;
    let (dee, kay) =
        (office.decider("Dee").await, super::keeper(&office.house.town, "Kay", &["deal.read"]).await);
    assign(&office.boss, &kay, &office.careful).await;
    let asked = kay.do_("accessRequest", office.request(60), "approvalRequest { id }").await;
    dee.do_("approvalDecide", verdict(&asked["approvalRequest"]["id"], "APPROVED"), "").await;
    let for_good = permission(&kay, "deal.delete").await;
    let give = json!({ "userId": id_of(&kay), "permissionId": for_good });
    assert_eq!(super::forbidden(&kay, "permissionGrant", give).await, json!(["deal.delete"]));
    assert_eq!(delete(&kay, &office.house.sell("a", "EUROPE").await).await, None);
}

#[tokio::test]
async fn given_by_hand_it_has_to_be_approved_like_any_other() {
    let office = Office::open(json!({})).await;
    let (ola, deal) =
        (office.house.town.person("Ola", &["deal.read"]).await, office.house.sell("a", "EUROPE").await);
    let give = json!({ "userId": id_of(&ola), "permissionId": office.asked });
    office.boss.do_("permissionGrant", give, "").await;
    assert_eq!(delete(&ola, &deal).await.unwrap().0, "APPROVAL_REQUIRED");
    let asked = ola.do_("accessRequest", office.request(5), "approvalRequest { id }").await;
    let dee = office.decider("Dee").await;
    dee.do_("approvalDecide", verdict(&asked["approvalRequest"]["id"], "APPROVED"), "").await;
    assert_eq!(delete(&ola, &deal).await, None);
}

#[tokio::test]
async fn an_approval_gives_no_more_than_whoever_asked_has() {
    let office = Office::open(json!({})).await;
    let dee = office.decider("Dee").await;
    let (here, there) =
        (office.house.sell("here", "EUROPE").await, office.house.sell("there", "MIDDLE_EAST").await);
    // for one record
    let mut input = office.request(60);
    input["withinId"] = here.clone();
    let asked =
        office.house.wei.do_("accessRequest", input, "approvalRequest { id }").await["approvalRequest"]
            .clone();
    let shown = "query($id: ID!) { approvalRequest(id: $id) { within { resourceId } requestedBy { id } permission { right } } }";
    let shown = office.boss.get(shown, json!({ "id": asked["id"] })).await["approvalRequest"].clone();
    assert_eq!(shown["within"]["resourceId"], uuid_of(&here).to_string());
    assert_eq!(
        (&shown["requestedBy"]["id"], &shown["permission"]["right"]),
        (&json!(id_of(&office.house.wei)), &json!("deal.delete"))
    );
    dee.do_("approvalDecide", verdict(&asked["id"], "APPROVED"), "").await;
    assert_eq!(delete(&office.house.wei, &there).await.unwrap().0, "APPROVAL_REQUIRED");
    assert_eq!(delete(&office.house.wei, &here).await, None);

    // who has it for one record, or under a condition, is given no more
    let (ola, pat) = (
        office.house.town.person("Ola", &["deal.read"]).await,
        office.house.town.person("Pat", &["deal.read"]).await,
    );
    let (one, two) =
        (office.house.sell("one", "EUROPE").await, office.house.sell("two", "MIDDLE_EAST").await);
    office
        .boss
        .do_("roleAssign", json!({ "userId": id_of(&ola), "roleId": office.careful, "withinId": one }), "")
        .await;
    let (code, path, _) = ola.refused("accessRequest", office.request(60)).await;
    assert_eq!((code.as_str(), path.join(".").as_str()), ("INVALID", "input.withinId"));
    let mut input = office.request(60);
    input["withinId"] = two.clone();
    assert_eq!(ola.refused("accessRequest", input.clone()).await.0, "INVALID");
    input["withinId"] = one.clone();
    let asked =
        ola.do_("accessRequest", input, "approvalRequest { id }").await["approvalRequest"]["id"].clone();
    dee.do_("approvalDecide", verdict(&asked, "APPROVED"), "").await;

    let in_europe = json!({ "attribute": "resource.region", "operator": "eq", "value": "EUROPE" });
    office
        .boss
        .do_(
            "roleAssign",
            json!({ "userId": id_of(&pat), "roleId": office.careful, "condition": in_europe }),
            "",
        )
        .await;
    let asked =
        pat.do_("accessRequest", office.request(60), "approvalRequest { id }").await["approvalRequest"]["id"]
            .clone();
    dee.do_("approvalDecide", verdict(&asked, "APPROVED"), "").await;
    // the same of a role of one's own region
    let sue = office.house.town.person("Sue", &["deal.read"]).await;
    office
        .sql(&format!("UPDATE identity.memberships SET region = 'europe' WHERE user_id = '{}'", sue.user))
        .await;
    let regional = json!({ "name": "regional", "rowScope": "REGION" });
    let regional = office.boss.do_("roleCreate", regional, "role { id }").await["role"]["id"].clone();
    office.put_into(&regional).await;
    assign(&office.boss, &sue, &regional).await;
    let asked = sue.do_("accessRequest", office.request(60), "approvalRequest { id }").await;
    dee.do_("approvalDecide", verdict(&asked["approvalRequest"]["id"], "APPROVED"), "").await;
    for person in [&ola, &pat, &sue] {
        assert_eq!(delete(person, &two).await.unwrap().0, "APPROVAL_REQUIRED");
        let can = "query($id: ID!) { deal(id: $id) { viewerCan(permission: \"deal.delete\") } }";
        assert_eq!(person.get(can, json!({ "id": one })).await["deal"]["viewerCan"], true);
    }

    // who has lost it by the time of the decision is given nothing
    let left = office.ask().await;
    let assignments = office
        .boss
        .get(
            "query($user: ID!) { roleAssignments(filter: { user: { id: { eq: $user } } }) { nodes { id } } }",
            json!({ "user": id_of(&office.house.wei) }),
        )
        .await;
    let assignment = &assignments["roleAssignments"]["nodes"][0]["id"];
    office.boss.do_("roleRevoke", json!({ "id": assignment, "reason": "moved on" }), "").await;
    let before = office.given().await;
    assert_eq!(dee.refused("approvalDecide", verdict(&left, "APPROVED")).await.0, "STATE");
    assert_eq!((office.status(&left).await, office.given().await), (json!("PENDING"), before));
    dee.do_("approvalDecide", verdict(&left, "REJECTED"), "").await;
}

#[tokio::test]
async fn a_request_is_seen_by_those_whom_it_concerns() {
    let office = Office::open(json!({})).await;
    let (dee, nosy) = (
        office.decider("Dee").await,
        office.house.town.person("Nosy", &["event.read", "conversation.read_all"]).await,
    );
    let document = "subscription { recordEvents(types: [\"ApprovalRequest\"]) { __typename ... on RecordCreated { record { id } } ... on RecordUpdated { kind record { id } } } }";
    let mut streams = Vec::new();
    for person in [&office.house.wei, &nosy] {
        let mut stream = person.follow(document, json!({}));
        assert_eq!(stream.next().await.unwrap()["data"]["recordEvents"]["__typename"], "StreamOpened");
        streams.push(stream);
    }
    let request = office.ask().await;
    dee.do_("approvalDecide", json!({ "requestId": request, "verdict": "REJECTED", "comment": "no" }), "")
        .await;
    let listed = "query($id: ID!) { approvalRequests { nodes { id decisions { nodes { comment } } } } approvalRequest(id: $id) { id } node(id: $id) { id } }";
    for (person, sees) in [
        (&office.house.wei, true),
        (&dee, true),
        (&office.boss, true),
        (&nosy, false),
        (&office.house.ann, false),
    ] {
        let seen = person.get(listed, json!({ "id": request })).await;
        let expected = if sees {
            json!([{ "id": request, "decisions": { "nodes": [{ "comment": "no" }] } }])
        } else {
            json!([])
        };
        assert_eq!(seen["approvalRequests"]["nodes"], expected);
        assert_eq!((seen["approvalRequest"].is_null(), seen["node"].is_null()), (!sees, !sees));
    }
    // whoever asked hears what becomes of it; others do not hear that there is anything
    let mine = streams.remove(0);
    let heard: Vec<Value> = mine.take(2).collect().await;
    assert_eq!(heard[0]["data"]["recordEvents"]["record"]["id"], request, "{heard:#?}");
    assert_eq!(heard[1]["data"]["recordEvents"]["kind"], "approval_request.rejected");
    let nothing = tokio::time::timeout(std::time::Duration::from_millis(700), streams.remove(0).next()).await;
    assert!(nothing.is_err(), "{nothing:?}");
}

#[tokio::test]
async fn the_database_says_so_too() {
    let office = Office::open(json!({})).await;
    let dee = office.decider("Dee").await;
    let request = uuid_of(&office.ask().await);
    let mut server = connect(&office.house.town.database.app_url).await.unwrap();
    let as_ = async |server: &mut AsyncPgConnection, person: &Person, deciding: &str| {
        let enter = format!(
            "SET ROLE portico_app; SELECT set_config('app.organization_id', '{}', false), set_config('app.user_id', '{}', false),
               set_config('app.deciding', '{deciding}', false), set_config('app.approvals', 'all', false)",
            office.house.town.organization, person.user
        );
        server.batch_execute(&enter).await.unwrap();
    };
    let decide = |by: &Person| {
        format!(
            "INSERT INTO access.approval_decisions (organization_id, id, request_id, decided_by, decision)
         VALUES ('{}', gen_random_uuid(), '{request}', '{}', 'approved')",
            office.house.town.organization, by.user
        )
    };
    let status = |status: &str| {
        format!("UPDATE access.approval_requests SET status = '{status}' WHERE id = '{request}'")
    };
    let grant = format!(
        "INSERT INTO access.permission_grants (organization_id, id, user_id, permission_id, permission_org_id, valid_until, approval_request_id)
         VALUES ('{0}', gen_random_uuid(), '{1}', '{2}', '{0}', now() + interval '1 hour', '{request}')",
        office.house.town.organization, office.house.wei.user, uuid_of(&office.asked)
    );
    for (person, deciding, statement, why) in [
        (&office.house.wei, "approval.decide", decide(&office.house.wei), "what they asked for"),
        (&office.house.ann, "", decide(&office.house.ann), "for others to decide"),
        (&office.house.ann, "", decide(&dee), "for others to decide"),
        (&dee, "approval.decide", status("approved"), "when all steps agree"),
        (&dee, "approval.decide", status("rejected"), "by a decision"),
        (&dee, "approval.decide", status("cancelled"), "whoever asked"),
        (&dee, "approval.decide", grant.clone(), "Only an approved request"),
    ] {
        as_(&mut server, person, deciding).await;
        let refused = server.batch_execute(&statement).await.unwrap_err().to_string();
        assert!(refused.contains(why), "{statement}: {refused}");
    }
    // a request that nobody shows them is not there
    as_(&mut server, &office.house.ann, "").await;
    server.batch_execute("SELECT set_config('app.approvals', '', false)").await.unwrap();
    let refused = server.batch_execute(&decide(&office.house.ann)).await.unwrap_err().to_string();
    assert!(refused.contains("no such request"), "{refused}");
}

#[tokio::test]
async fn explanations_and_reports_tell_that_an_approval_is_missing() {
    let office = Office::open(json!({})).await;
    let (deal, dee) = (office.house.sell("a", "EUROPE").await, office.decider("Dee").await);
    let own = "query($deal: ID) { viewer { explainAccess(permission: \"deal.delete\", recordId: $deal) { allowed grants { verdict requiresApproval requiresMfa permissionId rolePath } } } }";
    let report = "query($deal: ID!) { accessReport(recordId: $deal, permission: \"deal.delete\", first: 100) { people { user { id } } lacking { user { id } grants { verdict permission { name right } } } } }";
    let told = office.house.wei.get(own, json!({ "deal": deal })).await["viewer"]["explainAccess"].clone();
    let way = json!({ "verdict": "NEEDS_APPROVAL", "requiresApproval": true, "requiresMfa": false, "permissionId": office.asked, "rolePath": ["careful"] });
    assert_eq!(told, json!({ "allowed": false, "grants": [way] }));
    let shown = office.boss.get(report, json!({ "deal": deal })).await["accessReport"].clone();
    let lacking = json!([{ "user": { "id": id_of(&office.house.wei) }, "grants": [{ "verdict": "NEEDS_APPROVAL", "permission": { "name": "deal_delete_asked", "right": "deal.delete" } }] }]);
    assert_eq!(shown["lacking"], lacking);

    let request = office.ask().await;
    dee.do_("approvalDecide", verdict(&request, "APPROVED"), "").await;
    let told = office.house.wei.get(own, json!({ "deal": deal })).await["viewer"]["explainAccess"].clone();
    let verdicts: Vec<&Value> =
        told["grants"].as_array().unwrap().iter().map(|way| &way["verdict"]).collect();
    assert_eq!(told["allowed"], true);
    assert!(verdicts.contains(&&json!("ALLOWS")) && verdicts.contains(&&json!("NEEDS_APPROVAL")), "{told}");
    let shown = office.boss.get(report, json!({ "deal": deal })).await["accessReport"].clone();
    assert_eq!(shown["lacking"], json!([]));
    assert!(shown["people"].to_string().contains(&id_of(&office.house.wei)));
    // what a role gives only after approval it does not give at this moment
    let shown = office.boss.get("query($id: ID!) { role(id: $id) { effectivePermissions permissions { permission { requiresApproval } } } }", json!({ "id": role(&office.boss, "careful").await })).await;
    assert_eq!(
        shown["role"],
        json!({ "effectivePermissions": [], "permissions": [{ "permission": { "requiresApproval": true } }] })
    );
}

#[tokio::test]
async fn what_an_approval_has_given_ends_with_the_role_that_it_was_asked_by() {
    let office = Office::open(json!({})).await;
    let (wei, dee) = (&office.house.wei, office.decider("Dee").await);
    let deal = office.house.sell("a", "EUROPE").await;
    let request = office.ask().await;
    dee.do_("approvalDecide", verdict(&request, "APPROVED"), "").await;
    let can = "query($id: ID!) { deal(id: $id) { viewerCan(permission: \"deal.delete\") }
        viewer { explainAccess(permission: \"deal.delete\", recordId: $id) { allowed grants { verdict } } } }";
    let held = wei.get(can, json!({ "id": deal })).await;
    assert_eq!(
        (&held["deal"]["viewerCan"], &held["viewer"]["explainAccess"]["allowed"]),
        (&json!(true), &json!(true))
    );

    let own =
        "query($user: ID!) { roleAssignments(filter: { user: { id: { eq: $user } } }) { nodes { id } } }";
    let own = office.boss.get(own, json!({ "user": id_of(wei) })).await;
    let assignment = &own["roleAssignments"]["nodes"][0]["id"];
    office.boss.do_("roleRevoke", json!({ "id": assignment, "reason": "moved on" }), "").await;
    let lost = wei.get(can, json!({ "id": deal })).await;
    assert_eq!(
        (&lost["deal"]["viewerCan"], &lost["viewer"]["explainAccess"]),
        (&json!(false), &json!({ "allowed": false, "grants": [{ "verdict": "OVER" }] }))
    );
    assert_eq!(delete(wei, &deal).await.unwrap().0, "FORBIDDEN");
    // given anew within the time that was approved, it counts again
    assign(&office.boss, wei, &office.careful).await;
    assert_eq!(delete(wei, &deal).await, None);
}
