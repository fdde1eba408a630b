//! How approvals are decided (B023): step by step, by those whom a step names, once, in time, whatever happens at once.
use futures_util::future::join;
use portico::domains::access::lapsed;
use serde_json::{Value, json};

use super::{
    approval::{Office, REQUEST, uuid_of, verdict},
    assign, id_of, make_role,
};
use crate::world::city::Person;

#[tokio::test]
async fn the_steps_of_a_workflow_decide_one_after_the_other() {
    let office = Office::open(json!({})).await;
    let town = &office.house.town;
    let (ann, bea, cy, zoe) = (
        town.person("Ann", &[]).await,
        town.person("Bea", &[]).await,
        town.person("Cy", &[]).await,
        town.person("Zoe", &[]).await,
    );
    let board = make_role(&office.boss, "board", None, &[]).await;
    for person in [&ann, &bea] {
        assign(&office.boss, person, &board).await;
    }
    // what a team has, whoever is in it has
    let team = uuid::Uuid::now_v7();
    office
        .sql(&format!(
            "INSERT INTO access.teams (organization_id, id, name) VALUES ('{0}', '{team}', 'Directors');
             INSERT INTO access.team_members (organization_id, team_id, user_id) VALUES ('{0}', '{team}', '{1}');
             INSERT INTO access.role_assignments (organization_id, id, team_id, role_id) VALUES ('{0}', '{team}', '{team}', '{2}')",
            town.organization,
            cy.user,
            uuid_of(&board)
        ))
        .await;
    let steps =
        json!([{ "name": "two of the board", "roleId": board, "agree": 2 }, { "userId": id_of(&zoe) }]);
    let made = office
        .boss
        .do_(
            "approvalWorkflowCreate",
            json!({ "name": "Deletions", "steps": steps, "grantMinutes": 10, "requestMinutes": 60 }),
            "approvalWorkflow { id steps { name agree role { id } user { id } permission } }",
        )
        .await["approvalWorkflow"]
        .clone();
    assert_eq!(
        made["steps"][0],
        json!({ "name": "two of the board", "agree": 2, "role": { "id": board }, "user": null, "permission": null })
    );
    assert_eq!(made["steps"][1]["user"]["id"], id_of(&zoe));
    office
        .boss
        .do_("permissionUpdate", json!({ "id": office.asked, "approvalWorkflowId": made["id"] }), "")
        .await;

    assert_eq!(office.house.wei.refused("accessRequest", office.request(11)).await.0, "OUT_OF_RANGE");
    let request = office.house.wei.do_("accessRequest", office.request(10), "approvalRequest { id }").await["approvalRequest"]["id"].clone();
    let due = async |person: &Person| {
        let shown = person.get("{ viewer { approvalsToDecide { id } } }", json!({})).await;
        !shown["viewer"]["approvalsToDecide"].as_array().unwrap().is_empty()
    };
    assert!(due(&ann).await && due(&bea).await && due(&cy).await && !due(&zoe).await);
    // nobody decides before it is their turn, by a permission that the step does not name, or twice
    let dee = office.decider("Dee").await;
    assert_eq!(dee.refused("approvalDecide", verdict(&request, "APPROVED")).await.0, "NOT_FOUND");
    assert_eq!(zoe.refused("approvalDecide", verdict(&request, "APPROVED")).await.0, "STATE");
    let one =
        ann.do_("approvalDecide", verdict(&request, "APPROVED"), REQUEST).await["approvalRequest"].clone();
    assert_eq!(
        (&one["status"], &one["currentStep"], &one["viewerCanDecide"]),
        (&json!("PENDING"), &json!(0), &json!(false))
    );
    assert_eq!(ann.refused("approvalDecide", verdict(&request, "APPROVED")).await.0, "STATE");
    bea.do_("approvalDecide", verdict(&request, "ABSTAINED"), "").await;
    assert_eq!(office.status(&request).await, "PENDING");
    // what the workflow says from now on does not concern what was asked before
    office
        .boss
        .do_("approvalWorkflowUpdate", json!({ "id": made["id"], "steps": [{ "userId": id_of(&dee) }] }), "")
        .await;
    assert_eq!(dee.refused("approvalDecide", verdict(&request, "APPROVED")).await.0, "NOT_FOUND");
    let two = cy
        .do_(
            "approvalDecide",
            json!({ "requestId": request, "verdict": "APPROVED", "comment": "fine" }),
            REQUEST,
        )
        .await["approvalRequest"]
        .clone();
    assert_eq!((&two["status"], &two["currentStep"]), (&json!("PENDING"), &json!(1)));
    assert_eq!(bea.refused("approvalDecide", verdict(&request, "APPROVED")).await.0, "STATE");
    assert!(due(&zoe).await && !due(&cy).await);
    assert_eq!(office.given().await, 0);
    let three =
        zoe.do_("approvalDecide", verdict(&request, "APPROVED"), REQUEST).await["approvalRequest"].clone();
    assert_eq!(three["status"], "APPROVED");
    assert_eq!(office.given().await, 1);

    // the next request goes by the new steps; whoever rejects ends it
    let request = office.house.wei.do_("accessRequest", office.request(10), "approvalRequest { id }").await["approvalRequest"]["id"].clone();
    assert_eq!(ann.refused("approvalDecide", verdict(&request, "APPROVED")).await.0, "NOT_FOUND");
    let rejected =
        dee.do_("approvalDecide", verdict(&request, "REJECTED"), REQUEST).await["approvalRequest"].clone();
    assert_eq!(rejected["status"], "REJECTED");
    assert_eq!(office.given().await, 1);

    // a workflow that is not in use lets nobody ask
    office.boss.do_("approvalWorkflowUpdate", json!({ "id": made["id"], "isActive": false }), "").await;
    assert_eq!(office.house.wei.refused("accessRequest", office.request(10)).await.0, "STATE");
    assert_eq!(office.boss.refused("approvalWorkflowDelete", json!({ "id": made["id"] })).await.0, "IN_USE");
}

#[tokio::test]
async fn whoever_holds_a_permission_decides_and_who_lost_it_does_not() {
    let office = Office::open(json!({})).await;
    let fay = office.house.town.person("Fay", &["budget.approve"]).await;
    let steps = json!([{ "permission": "budget.approve" }]);
    let made = office
        .boss
        .do_("approvalWorkflowCreate", json!({ "name": "Money", "steps": steps }), "approvalWorkflow { id }")
        .await;
    let workflow = &made["approvalWorkflow"]["id"];
    office
        .boss
        .do_("permissionUpdate", json!({ "id": office.asked, "approvalWorkflowId": workflow }), "")
        .await;
    let request = office.ask().await;
    // the name of the permission is gone from the workflow, not from what was asked
    office
        .boss
        .do_(
            "approvalWorkflowUpdate",
            json!({ "id": workflow, "steps": [{ "permission": "budget.lock" }] }),
            "",
        )
        .await;
    assert_eq!(
        fay.get("{ viewer { approvalsToDecide { id } } }", json!({})).await["viewer"]["approvalsToDecide"],
        json!([{ "id": request }])
    );
    office
        .sql(&format!(
            "UPDATE access.permission_grants SET revoked_at = now() WHERE user_id = '{}'",
            fay.user
        ))
        .await;
    assert_eq!(fay.refused("approvalDecide", verdict(&request, "APPROVED")).await.0, "NOT_FOUND");
    office
        .sql(&format!("UPDATE access.permission_grants SET revoked_at = NULL WHERE user_id = '{}'", fay.user))
        .await;
    fay.do_("approvalDecide", verdict(&request, "APPROVED"), "").await;
    assert_eq!(office.given().await, 1);
}

#[tokio::test]
async fn what_nobody_decides_in_time_lapses_and_can_be_asked_again() {
    let office = Office::open(json!({})).await;
    let dee = office.decider("Dee").await;
    let first = office.ask().await;
    office.let_lapse(&first).await;
    // by the clock at once, whatever is written
    let shown = office
        .house
        .wei
        .get("query($id: ID!) { approvalRequest(id: $id) { status isOpen } }", json!({ "id": first }))
        .await;
    assert_eq!(shown["approvalRequest"], json!({ "status": "PENDING", "isOpen": false }));
    assert_eq!(
        dee.get("{ viewer { approvalsToDecide { id } } }", json!({})).await["viewer"]["approvalsToDecide"],
        json!([])
    );
    assert_eq!(dee.refused("approvalDecide", verdict(&first, "APPROVED")).await.0, "STATE");
    assert_eq!((office.status(&first).await, office.given().await), (json!("EXPIRED"), 0));

    // asking again marks what has lapsed; so does the server's own work
    let second = office.ask().await;
    office.let_lapse(&second).await;
    let third = office.ask().await;
    assert_eq!(office.status(&second).await, "EXPIRED");
    office.let_lapse(&third).await;
    let swept = lapsed::sweep(&office.house.town.door()).await.unwrap();
    assert!(swept.contains(&office.house.town.organization));
    assert_eq!(office.status(&third).await, "EXPIRED");
    assert_eq!(office.house.wei.refused("approvalRequestCancel", json!({ "id": third })).await.0, "STATE");

    // and what one does not want any more one takes back
    let fourth = office.ask().await;
    assert_eq!(dee.refused("approvalRequestCancel", json!({ "id": fourth })).await.0, "STATE");
    let cancelled = office
        .house
        .wei
        .do_("approvalRequestCancel", json!({ "id": fourth }), "approvalRequest { status }")
        .await;
    assert_eq!(cancelled["approvalRequest"]["status"], "CANCELLED");
    assert_eq!(dee.refused("approvalDecide", verdict(&fourth, "APPROVED")).await.0, "STATE");
    let trail = "query($id: ID!) { approvalRequest(id: $id) { status } auditLogs(filter: { resourceType: { eq: \"ApprovalRequest\" } }) { nodes { action } } }";
    let trail = office.boss.get(trail, json!({ "id": fourth })).await["auditLogs"].to_string();
    for act in ["created", "expired", "cancelled"] {
        assert!(trail.contains(&format!("approval_request.{act}")), "{trail}");
    }
}

/// The code of the refusal, or that it was done.
async fn outcome(person: &Person, mutation: &str, input: Value) -> String {
    let payload = person.change(mutation, input, "").await;
    payload["userErrors"][0]["code"].as_str().unwrap_or("DONE").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_acts_at_once_one_counts() {
    let office = Office::open(json!({})).await;
    let (dee, eve) = (office.decider("Dee").await, office.decider("Eve").await);
    let mut given = 0;
    for round in 0..12 {
        let request = office.ask().await;
        let approve = outcome(&dee, "approvalDecide", verdict(&request, "APPROVED"));
        let (approved, other) = match round % 4 {
            0 => join(approve, outcome(&eve, "approvalDecide", verdict(&request, "APPROVED"))).await,
            1 => join(approve, outcome(&eve, "approvalDecide", verdict(&request, "REJECTED"))).await,
            2 => {
                join(approve, outcome(&office.house.wei, "approvalRequestCancel", json!({ "id": request })))
                    .await
            }
            // one person in two windows
            _ => join(approve, outcome(&dee, "approvalDecide", verdict(&request, "APPROVED"))).await,
        };
        let mut both = [approved.as_str(), other.as_str()];
        both.sort_unstable();
        assert_eq!(both, ["DONE", "STATE"], "round {round}");
        let status = office.status(&request).await;
        let expected = match (round % 4, approved.as_str()) {
            (1, "STATE") => "REJECTED",
            (2, "STATE") => "CANCELLED",
            _ => "APPROVED",
        };
        assert_eq!(status, expected, "round {round}");
        given += usize::from(expected == "APPROVED");
        assert_eq!(office.given().await, given, "round {round}: as many grants as approvals");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_that_comes_when_the_time_is_over_gives_nothing() {
    let office = Office::open(json!({})).await;
    let (dee, door) = (office.decider("Dee").await, office.house.town.door());
    for _ in 0..6 {
        let request = office.ask().await;
        office.let_lapse(&request).await;
        let (decided, swept) =
            join(outcome(&dee, "approvalDecide", verdict(&request, "APPROVED")), lapsed::sweep(&door)).await;
        assert_eq!(decided, "STATE");
        swept.unwrap();
        assert_eq!(office.status(&request).await, "EXPIRED");
    }
    assert_eq!(office.given().await, 0);
}

#[tokio::test]
async fn a_workflow_says_what_is_wrong_with_it_and_where() {
    let office = Office::open(json!({})).await;
    let board = make_role(&office.boss, "board", None, &[]).await;
    let wrong = async |steps: Value| {
        let (code, path, _) =
            office.boss.refused("approvalWorkflowCreate", json!({ "name": "W", "steps": steps })).await;
        (code, path.join("."))
    };
    let stranger = "user_01jd3v0000000000000000000a";
    for (steps, code, path) in [
        (json!([]), "INVALID", "input.steps"),
        (json!([{ "roleId": board }, {}]), "REQUIRED", "input.steps.1"),
        (json!([{ "roleId": board, "userId": id_of(&office.boss) }]), "INVALID", "input.steps.0"),
        (json!([{ "roleId": board, "agree": 0 }]), "OUT_OF_RANGE", "input.steps.0.agree"),
        (json!([{ "userId": id_of(&office.boss), "agree": 2 }]), "INVALID", "input.steps.0.agree"),
        (json!([{ "userId": stranger }]), "NOT_FOUND", "input.steps.0.userId"),
        (json!([{ "roleId": "role_01jd3v0000000000000000000a" }]), "NOT_FOUND", "input.steps.0.roleId"),
        (json!([{ "permission": "deal.destroy" }]), "NOT_FOUND", "input.steps.0.permission"),
    ] {
        assert_eq!(wrong(steps.clone()).await, (code.to_owned(), path.to_owned()), "{steps}");
    }
    let endless = json!({ "name": "W", "steps": [{ "roleId": board }], "requestMinutes": 0 });
    assert_eq!(
        office.boss.refused("approvalWorkflowCreate", endless).await.1.join("."),
        "input.requestMinutes"
    );

    let made = office
        .boss
        .do_(
            "approvalWorkflowCreate",
            json!({ "name": "W", "steps": [{ "roleId": board }] }),
            "approvalWorkflow { id version }",
        )
        .await["approvalWorkflow"]
        .clone();
    assert_eq!(
        office
            .boss
            .refused("approvalWorkflowCreate", json!({ "name": "W", "steps": [{ "roleId": board }] }))
            .await
            .0,
        "NOT_UNIQUE"
    );
    let change = json!({ "id": made["id"], "expectedVersion": made["version"], "name": "V" });
    office.boss.do_("approvalWorkflowUpdate", change.clone(), "").await;
    assert_eq!(office.boss.refused("approvalWorkflowUpdate", change).await.0, "CONFLICT");
    // it decides only about what requires approval
    let unneeded = json!({ "name": "plain", "right": "deal.delete", "approvalWorkflowId": made["id"] });
    let (code, path, _) = office.boss.refused("permissionCreate", unneeded).await;
    assert_eq!((code.as_str(), path.join(".").as_str()), ("INVALID", "input.approvalWorkflowId"));
    // nobody eases the way to what they do not hold
    office
        .boss
        .do_("permissionUpdate", json!({ "id": office.asked, "approvalWorkflowId": made["id"] }), "")
        .await;
    let clerk = office.house.town.person("Clerk", &["approval.workflow.write", "approval.read"]).await;
    let eased = json!({ "id": made["id"], "steps": [{ "userId": id_of(&clerk) }] });
    assert_eq!(super::forbidden(&clerk, "approvalWorkflowUpdate", eased).await, json!(["deal.delete"]));
    office
        .boss
        .do_(
            "permissionUpdate",
            json!({ "id": office.asked, "requiresApproval": true, "approvalWorkflowId": null }),
            "",
        )
        .await;
    office.boss.do_("approvalWorkflowDelete", json!({ "id": made["id"] }), "deletedId").await;
}
