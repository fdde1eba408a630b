//! Law: nothing is open by accident.
use portico::domains::access::catalogue;

use super::sdl::Sdl;

/// Reviewed: types that need no permission of their own. They are shown only within something that does, or hold
/// nothing but what the caller has just said or is.
const PUBLIC_TYPES: &[&str] = &[
    // parts of other objects
    "Count",
    "Money",
    "PageInfo",
    // part of a test of a control, which needs a permission
    "ControlEvidence",
    // what the caller may still spend
    "RateLimit",
    // part of an export or import, which need a permission
    "ExportError",
    "ImportFailure",
    // what was wrong with what the caller has just sent
    "ConflictError",
    "QuotaExceededError",
    "StateError",
    "ValidationError",
    // of what was found, which is searched for those who may see it
    "SearchHighlight",
    "SearchSnippet",
    // part of a plan, which needs a permission
    "PlanQuota",
    // part of a workflow or a request, which decide who sees them
    "ApprovalStep",
    // what one made or may decide: row-level security shows the rest to those alone who may read all approvals
    "ApprovalDecision",
    "ApprovalRequest",
    // what those amount to that one sees
    "ApprovalDecisionAggregate",
    "ApprovalDecisionGroup",
    "ApprovalRequestAggregate",
    "ApprovalRequestGroup",
    "OrganizationAggregate",
    "OrganizationGroup",
    // what is one's own: row-level security shows nobody another's
    "Organization",
    "Passkey",
    "RecoveryCode",
    "Session",
    "SignInOrganization",
    "SsoAccount",
    "Viewer",
    // whoever gets to it may ask, about others by `access.explain`, about themselves always
    "AccessExplanation",
    "AccessGrant",
    "AccessReport",
    // events of a stream that needs a permission; the records in them need their own
    "AccessRevoked",
    "ConversationUpdated",
    "MessageCreated",
    "RecordCreated",
    "RecordDeleted",
    "RecordUpdated",
    "StreamOpened",
    "StreamReset",
];

/// Reviewed: root fields that anybody may ask, signed in or not; each decides by itself what it shows to whom.
const PUBLIC_ROOTS: &[&str] = &[
    "Query.node",
    "Query.nodes",
    // each kind of record is searched for those who may see it
    "Query.search",
    // what one made or may decide
    "Query.approvalRequest",
    "Query.approvalRequests",
    // what is one's own
    "Query.organization",
    "Query.organizations",
    "Query.viewer",
    // how one comes in
    "Mutation.mfaChallenge",
    "Mutation.emailVerify",
    "Mutation.invitationAccept",
    "Mutation.passkeyChallengeBegin",
    "Mutation.passkeySignIn",
    "Mutation.passkeySignInBegin",
    "Mutation.passwordReset",
    "Mutation.passwordResetRequest",
    "Mutation.sessionRefresh",
    "Mutation.signIn",
    "Mutation.ssoSignInBegin",
    "Mutation.ssoSignInComplete",
    // for whoever is signed in: they concern nobody but themselves
    "Mutation.accessRequest",
    "Mutation.approvalDecide",
    "Mutation.approvalRequestCancel",
    "Mutation.mfaConfirm",
    "Mutation.mfaDisable",
    "Mutation.mfaEnroll",
    "Mutation.emailVerificationRequest",
    "Mutation.impersonationEnd",
    "Mutation.membershipPreferencesUpdate",
    "Mutation.organizationCreate",
    "Mutation.passkeyDelete",
    "Mutation.passkeyRegister",
    "Mutation.passkeyRegistrationBegin",
    "Mutation.passkeyRename",
    "Mutation.passwordChange",
    "Mutation.phoneUpdate",
    "Mutation.phoneVerificationRequest",
    "Mutation.phoneVerify",
    "Mutation.recoveryCodesRenew",
    "Mutation.roleDelegate",
    "Mutation.sessionRevoke",
    "Mutation.sessionsRevokeAll",
    "Mutation.signOut",
    "Mutation.ssoAccountLink",
    "Mutation.ssoAccountLinkComplete",
    "Mutation.ssoAccountUnlink",
    "Mutation.userProfileUpdate",
    "Mutation.userUpdate",
    "Mutation.viewerDelete",
    // for administrators of the platform, who are on a list in the database
    "Mutation.billingSubscriptionBegin",
    "Mutation.billingSubscriptionStatusChange",
    "Mutation.organizationReactivate",
    "Mutation.organizationRestore",
    "Mutation.organizationSuspend",
    "Mutation.planCreate",
    "Mutation.planUpdate",
    "Mutation.platformSecurityEventEnd",
    "Mutation.quotaRemove",
    "Mutation.quotaSet",
    "Mutation.userDelete",
    "Mutation.userLock",
    "Mutation.userRestore",
    "Mutation.userUnlock",
];

/// Reviewed: fields that lead to objects which need a permission, and show them to whoever lacks it: one's own.
const PUBLIC_FIELDS: &[&str] = &[
    "MembershipPreferencesUpdatePayload.membership",
    "RoleDelegatePayload.roleAssignment",
    "UserProfileUpdatePayload.userProfile",
    "Viewer.impersonator",
    "Viewer.platformSecurityEvents",
    "Viewer.profile",
    "Viewer.roleAssignments",
    "Viewer.user",
];

fn is_page(name: &str) -> bool {
    name.ends_with("Connection") || name.ends_with("Edge")
}

/// What a change has come to, or one of many.
fn is_payload(name: &str) -> bool {
    name.ends_with("Payload") || name.contains("Bulk") && name.ends_with("Result")
}

#[test]
fn every_root_field_and_type_needs_a_permission_or_is_on_the_reviewed_list() {
    let sdl = Sdl::read();
    let mut open = Vec::new();
    let mut used = Vec::new();
    for (name, ty) in &sdl.0 {
        match name.as_str() {
            "Query" | "Mutation" | "Subscription" => {
                for (field, declared) in &ty.fields {
                    let root = format!("{name}.{field}");
                    if !sdl.needs(ty, declared).is_empty() {
                        continue;
                    }
                    if PUBLIC_ROOTS.contains(&root.as_str()) { used.push(root) } else { open.push(root) }
                }
            }
            _ if !ty.needs.is_empty() || ty.is_interface || is_page(name) || is_payload(name) => {}
            _ if PUBLIC_TYPES.contains(&name.as_str()) => used.push(name.clone()),
            _ => open.push(name.clone()),
        }
    }
    assert!(open.is_empty(), "open to everybody, and not reviewed: {open:#?}");
    let stale =
        PUBLIC_TYPES.iter().chain(PUBLIC_ROOTS).filter(|name| !used.iter().any(|used| used == **name));
    assert_eq!(
        stale.collect::<Vec<_>>(),
        Vec::<&&str>::new(),
        "on the reviewed list, but not there or not open"
    );
}

#[test]
fn a_page_is_reached_only_by_fields_that_need_what_its_rows_need() {
    let sdl = Sdl::read();
    for (name, ty) in &sdl.0 {
        for (field, declared) in
            ty.fields.iter().filter(|(_, declared)| declared.target.ends_with("Connection"))
        {
            let rows = &sdl.0[&declared.target].fields["nodes"].target;
            for permission in &sdl.0[rows].needs {
                assert!(
                    declared.needs.contains(permission),
                    "{name}.{field} shows {rows} without {permission}"
                );
            }
        }
    }
}

#[test]
fn what_needs_a_permission_is_shown_without_it_only_where_reviewed() {
    let sdl = Sdl::read();
    let types = sdl.0.iter().filter(|(name, _)| !is_page(name));
    let fields =
        types.flat_map(|(name, ty)| ty.fields.iter().map(move |(field, declared)| (name, field, declared)));
    let open =
        fields.filter(|(.., declared)| sdl.opens(declared)).map(|(name, field, _)| format!("{name}.{field}"));
    assert_eq!(open.collect::<Vec<_>>(), PUBLIC_FIELDS);
}

#[test]
fn what_somebody_may_lack_is_nullable_and_says_so() {
    let sdl = Sdl::read();
    for (name, ty) in &sdl.0 {
        for (field, declared) in &ty.fields {
            assert!(
                declared.needs.is_empty() || declared.nullable,
                "{name}.{field} needs a permission and is never null"
            );
            for permission in &declared.needs {
                let last = declared.about.lines().last().unwrap_or_default();
                assert!(
                    last.contains(&format!("`{permission}`")),
                    "{name}.{field} does not say that it needs {permission}"
                );
            }
        }
    }
}

#[test]
fn a_field_needs_the_same_through_its_interface() {
    let sdl = Sdl::read();
    for (name, ty) in &sdl.0 {
        for interface in &ty.implements {
            let through =
                sdl.0.get(interface).unwrap_or_else(|| panic!("{name} is a {interface}, which is not there"));
            for (field, through) in &through.fields {
                let own =
                    ty.fields.get(field).unwrap_or_else(|| panic!("{name} lacks {field} of {interface}"));
                assert_eq!(own.needs, through.needs, "{name}.{field} and {interface}.{field}");
            }
        }
    }
}

#[test]
fn every_permission_is_in_the_catalogue_with_words_for_people() {
    let sdl = Sdl::read();
    let catalogue = catalogue::entries();
    for (name, ty) in &sdl.0 {
        for permission in ty.needs.iter().chain(ty.fields.values().flat_map(|field| &field.needs)) {
            assert!(
                catalogue.iter().any(|entry| entry.name == *permission),
                "{permission} of {name} is not there"
            );
        }
    }
    for entry in catalogue {
        let well = |word: &str| !word.is_empty() && word.bytes().all(|c| c.is_ascii_lowercase() || c == b'_');
        assert!(entry.name.contains('.') && entry.name.split('.').all(well), "{}", entry.name);
        assert!(entry.display_name.starts_with(char::is_uppercase), "{entry:?}");
        assert!(entry.description.ends_with('.'), "{entry:?}");
    }
}
