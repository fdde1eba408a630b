//! Law: a root field lets in whom its declaration lets in, and nobody else. Every field of the schema is tried, with the
//! same valid words: by those whom it must refuse, by the owner, for whom it has to do what it is there for (or the refusals
//! would prove nothing), and by everybody else whose role holds the permission.
mod city;
mod examples;
mod forged;
mod guests;
mod nodes;
mod places;
mod words;

use std::collections::BTreeSet;

use self::city::Reply;
pub use self::{
    city::City,
    guests::{Guest, Standing},
    places::{MARK, Marked},
    words::{Call, Kind, Words},
};
use super::sdl::Sdl;

/// What is decided by the id that is asked for.
const BY_ID: &[(&str, &str)] = &[("node", "deal.read"), ("nodes", "deal.read")];

/// Root fields without a permission that answer whoever is not signed in.
const FOR_ANYBODY: &[&str] = &[
    "approvalRequest",
    "approvalRequests",
    "mfaChallenge",
    "emailVerify",
    "invitationAccept",
    "organization",
    "organizations",
    "passkeyChallengeBegin",
    "passkeySignIn",
    "passkeySignInBegin",
    "passwordReset",
    "passwordResetRequest",
    "sessionRefresh",
    "signIn",
    "ssoSignInBegin",
    "ssoSignInComplete",
    "viewer",
];

/// Root fields for administrators of the platform.
pub const FOR_ADMINISTRATORS: &[&str] = &[
    "billingSubscriptionBegin",
    "billingSubscriptionStatusChange",
    "organizationReactivate",
    "organizationRestore",
    "organizationSuspend",
    "planCreate",
    "planUpdate",
    "platformSecurityEventEnd",
    "quotaRemove",
    "quotaSet",
    "userDelete",
    "userLock",
    "userRestore",
    "userUnlock",
];

/// Root fields for whoever lacks the second factor that their organization demands: to set one up, and to leave.
const WITHOUT_MFA: &[&str] =
    &["mfaConfirm", "mfaEnroll", "passkeyRegister", "passkeyRegistrationBegin", "signOut"];

/// Records that whoever may not read all of them finds only where they are theirs.
const PRIVATE: &[(&str, &str)] = &[
    ("approvalRequest", "approval.read"),
    ("approvalRequests", "approval.read"),
    ("conversation", "conversation.read_all"),
    ("message", "conversation.read_all"),
];

/// Records that are nobody's but whoever made them.
const OWN: &[&str] = &["export", "exports", "import", "imports"];

/// What is the same in every organization, or in these two: pages of it look alike to a stranger.
const SHARED: &[(&str, &str)] = &[
    ("complianceFrameworks", "the platform brings some"),
    ("complianceRequirements", "the platform brings some"),
    ("dataClassifications", "the platform brings some"),
    ("dataElements", "the platform brings some"),
    ("memberships", "an adviser is a member of both"),
    ("permissions", "the platform brings them"),
    ("plan", "the platform brings it"),
    ("plans", "the platform brings them"),
    ("resourceTypes", "the platform brings them"),
    ("users", "an adviser is a member of both"),
];

/// Mutations that even the owner cannot bring to an end here: the code that they give then.
pub const UNFINISHED: &[(&str, &str)] = &[
    ("accessRequest", "NOT_FOUND"),
    ("emailVerify", "INVALID"),
    ("impersonationEnd", "STATE"),
    ("invitationAccept", "INVALID"),
    ("mfaChallenge", "INVALID"),
    ("mfaConfirm", "INVALID"),
    ("mfaDisable", "STATE"),
    ("passkeyChallengeBegin", "INVALID"),
    ("passkeyRegister", "INVALID"),
    ("passkeySignIn", "INVALID"),
    ("passwordReset", "INVALID"),
    ("phoneVerify", "INVALID"),
    ("recoveryCodesRenew", "STATE"),
    ("roleDelegate", "NOT_FOUND"),
    ("sessionRefresh", "INVALID"),
    ("ssoAccountLinkComplete", "INVALID"),
    ("ssoSignInComplete", "INVALID"),
    ("viewerDelete", "REQUIRED"),
];

/// What ends the session or the organization in which it is called comes last.
pub const LAST: &[&str] = &["passwordChange", "sessionsRevokeAll", "signOut", "organizationDelete"];

/// How a field has to answer a guest.
enum Due {
    Refusal(&'static str),
    /// As if the record did not exist.
    Nothing,
    Answer,
}

/// Root fields of one kind, and what each needs.
struct Doors<'s> {
    root: &'static str,
    sdl: &'s Sdl,
}

impl Doors<'_> {
    fn needs(&self, field: &str) -> BTreeSet<&str> {
        let root = &self.sdl.0[self.root];
        let by_id = BY_ID.iter().filter(|(known, _)| *known == field).map(|(_, permission)| *permission);
        self.sdl.needs(root, &root.fields[field]).into_iter().chain(by_id).collect()
    }

    fn due(&self, call: &Call, guest: &Guest) -> Due {
        let field = call.field.as_str();
        let needs = self.needs(field);
        let administration = FOR_ADMINISTRATORS.contains(&field);
        match guest.standing {
            Standing::Ended("MFA_REQUIRED") if WITHOUT_MFA.contains(&field) => Due::Answer,
            Standing::Ended(code) => Due::Refusal(code),
            Standing::PlatformAdmin if administration => Due::Answer,
            Standing::Nobody if FOR_ANYBODY.contains(&field) => Due::Nothing,
            Standing::Nobody => Due::Refusal("UNAUTHENTICATED"),
            _ if administration => Due::Refusal("FORBIDDEN"),
            Standing::Member(role) if needs.iter().all(|permission| role.holds(permission)) => Due::Answer,
            Standing::Member(_) | Standing::PlatformAdmin => Due::Refusal("FORBIDDEN"),
            // who has not signed in yet is a stranger
            Standing::Stranger if field == "ssoSignInBegin" => Due::Answer,
            Standing::Stranger if call.names_ours => Due::Nothing,
            Standing::Stranger => Due::Answer,
        }
    }

    /// What to complain of, if the answer is not the one that was due.
    fn complaint(&self, call: &Call, guest: &Guest, reply: &Reply) -> Option<String> {
        let needs: Vec<&str> = self.needs(&call.field).into_iter().collect();
        let scoped = matches!(guest.standing, Standing::Member(role) if role.row_scope.is_some()
            || OWN.contains(&call.field.as_str())
            || PRIVATE.iter().any(|(field, all)| *field == call.field && !role.holds(all)));
        let well = match self.due(call, guest) {
            Due::Refusal(code) => reply.is_refused(code, &needs),
            Due::Nothing if self.root == "Mutation" => reply.user_errors().contains(&"NOT_FOUND"),
            Due::Nothing => {
                reply.code.is_none() && reply.is_empty() || reply.value["nodes"] == serde_json::json!([])
            }
            Due::Answer if self.root == "Mutation" => !reply.is_empty() || !refuses(reply, &needs),
            // whoever sees one region, or what is theirs, may find that the record is another's
            Due::Answer => reply.code.is_none() && (scoped || !reply.is_empty()),
        };
        (!well).then(|| format!("{}.{} for {}: {reply:?}", self.root, call.field, guest.name))
    }
}

/// Whether a mutation was refused at the door; what it refuses for reasons of its own comes after that.
fn refuses(reply: &Reply, needs: &[&str]) -> bool {
    match reply.code.as_deref() {
        Some("FORBIDDEN") => reply.missing.as_deref().is_none_or(|missing| needs.contains(&missing)),
        Some(_) => true,
        None => false,
    }
}

fn assert_none(complaints: &[String]) {
    assert!(complaints.is_empty(), "{} doors are wrong:\n{}", complaints.len(), complaints.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_query_answers_those_whom_it_says_and_nobody_else() {
    let (city, sdl) = (City::found().await, Sdl::read());
    let doors = Doors { root: "Query", sdl: &sdl };
    let calls = Words::read().calls(doors.root, &mut city.tables().await, city.organization).await;
    let calls: Vec<&Call> = calls.iter().collect();
    let selection = |call: &Call| {
        let target = &sdl.0[&sdl.0["Query"].fields[&call.field].target];
        if target.fields.contains_key("nodes") { "{ nodes { id } }" } else { "{ __typename }" }
    };

    let ours = city.ask(&city.owner().await, "query", &calls, selection).await;
    for (call, reply) in calls.iter().zip(&ours) {
        let page_is_empty = reply.value.get("nodes").is_some() && reply.ids().is_empty();
        assert!(reply.code.is_none() && !reply.is_empty() && !page_is_empty, "{}: {reply:?}", call.field);
    }

    let mut complaints = Vec::new();
    for guest in city.guests().await {
        let replies = city.ask(&guest, "query", &calls, selection).await;
        for ((call, reply), ours) in calls.iter().zip(&replies).zip(&ours) {
            complaints.extend(doors.complaint(call, &guest, reply));
            let outside =
                matches!(guest.standing, Standing::Stranger | Standing::Nobody | Standing::Ended(_));
            let shared = SHARED.iter().any(|(field, _)| *field == call.field);
            if outside && !shared && reply.ids().iter().any(|id| ours.ids().contains(id)) {
                complaints.push(format!("Query.{} shows ours to {}", call.field, guest.name));
            }
        }
    }
    assert_none(&complaints);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mutation_obeys_those_whom_it_says_and_nobody_else() {
    let (city, sdl) = (City::found().await, Sdl::read());
    let doors = Doors { root: "Mutation", sdl: &sdl };
    let mut calls = Words::read().calls(doors.root, &mut city.tables().await, city.organization).await;
    calls.sort_by_key(|call| LAST.iter().position(|last| *last == call.field).map_or(0, |place| place + 1));
    let payload = |_: &Call| "{ userErrors { code } }";
    let mut complaints = Vec::new();

    // who must be refused is, and nothing comes of it
    let guests = city.guests().await;
    let before = city.state().await;
    for guest in &guests {
        let refused = |call: &&Call| match doors.due(call, guest) {
            Due::Refusal(_) => true,
            Due::Nothing => matches!(guest.standing, Standing::Stranger),
            Due::Answer => false,
        };
        let refused: Vec<&Call> = calls.iter().filter(refused).collect();
        let replies = city.ask(guest, "mutation", &refused, payload).await;
        let wrong =
            refused.iter().zip(&replies).filter_map(|(call, reply)| doors.complaint(call, guest, reply));
        complaints.extend(wrong);
    }
    assert_none(&complaints);
    let after = city.state().await;
    let changed: Vec<_> = before.iter().zip(&after).filter(|(before, after)| before != after).collect();
    assert!(changed.is_empty(), "a refused call changed {changed:#?}");

    // the owner gets what the words ask for: it was not the words that were refused
    for call in &calls {
        let administration = FOR_ADMINISTRATORS.contains(&call.field.as_str());
        let owner = if administration { city.administrator().await } else { city.owner().await };
        let reply = &city.ask(&owner, "mutation", &[call], payload).await[0];
        let end = UNFINISHED.iter().filter(|(field, _)| *field == call.field).map(|(_, code)| *code);
        if reply.code.is_some() || reply.is_empty() || reply.user_errors() != end.collect::<Vec<_>>() {
            complaints.push(format!("Mutation.{}{} for its owner: {reply:?}", call.field, call.arguments));
        }
    }
    city.run("UPDATE identity.organizations SET deleted_at = NULL, status = 'active'").await;

    // and so do the others who hold the permission, as far as there is still something to do
    for guest in &guests {
        let Standing::Member(role) = guest.standing else { continue };
        let held = |call: &&Call| {
            call.field != "organizationDelete" && matches!(doors.due(call, guest), Due::Answer)
        };
        let held: Vec<&Call> = calls.iter().filter(held).collect();
        let replies = city.ask(&city.member(role).await, "mutation", &held, payload).await;
        complaints.extend(
            held.iter().zip(&replies).filter_map(|(call, reply)| doors.complaint(call, guest, reply)),
        );
    }
    assert_none(&complaints);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_subscription_begins_for_those_whom_it_says_and_nobody_else() {
    let (city, sdl) = (City::found().await, Sdl::read());
    let doors = Doors { root: "Subscription", sdl: &sdl };
    let calls = Words::read().calls(doors.root, &mut city.tables().await, city.organization).await;
    let mut complaints = Vec::new();
    for guest in city.guests().await {
        for call in &calls {
            let reply = city.first(&guest, call).await;
            complaints.extend(doors.complaint(call, &guest, &reply));
        }
    }
    assert_none(&complaints);
}
