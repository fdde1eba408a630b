//! People: one account each, whatever the number of organizations they work in (model.md D2).
use crate::{
    domains::{
        access::{
            approval::{ApprovalDecision, ApprovalRequest},
            approval_workflow::ApprovalWorkflow,
            permission::Permission,
            permission_grant::PermissionGrant,
            resource::Resource,
            role::Role,
            role_assignment::{AssignmentsOf, RoleAssignment},
            team::{TEAMS, Team},
        },
        audit::audit_review::AuditReview,
        chat::{conversation::Conversation, conversation_share::ConversationShare, message::Message},
        finance::{budget::Budget, cost_center::CostCenter, department::Department},
        governance::{control::ComplianceControl, control_test::ControlTest, issue::ComplianceIssue},
        identity::{
            api_key::ApiKey,
            invitation::Invitation,
            membership::{Membership, MembershipFilter},
            session,
            user_profile::UserProfile,
        },
        prelude::*,
        sales::{account::Account, deal::Deal},
        security::{
            data_classification::DataClassification, data_element::DataElement,
            masking_policy::MaskingPolicy, security_event::SecurityEvent,
        },
    },
    store::tables::{
        access::{
            approval_decisions, approval_requests, approval_workflows, permission_grants, permissions,
            resources, role_assignments, roles, teams,
        },
        audit::audit_reviews,
        chat::{conversation_shares, conversations, messages},
        finance::{budgets, cost_centers, departments},
        governance::{compliance_controls, compliance_issues, control_tests},
        identity::{api_keys, invitations, users},
        sales::{accounts, deals},
        security::{data_classifications, data_elements, masking_policies, security_events},
    },
};

text_enum! {
    /// Whether a person may sign in.
    UserStatus {
        /// Invited, not yet confirmed.
        Pending = "pending",
        /// May sign in.
        Active = "active",
        /// May not sign in for the time being.
        Inactive = "inactive",
        /// Gone for good.
        Deleted = "deleted",
    }
}

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = users, check_for_backend(Pg))]
pub struct User {
    pub id: Id<User>,
    pub email: String,
    pub username: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub display_name: Option<String>,
    pub avatar_url: Option<String>,
    pub timezone: String,
    pub locale: String,
    pub status: UserStatus,
    pub email_verified_at: Option<DateTime<Utc>>,
    pub phone: Option<String>,
    pub phone_verified_at: Option<DateTime<Utc>>,
    pub revision: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

entity!(User, "user", identity::users, needs "user.read", owner Nobody, version revision, limited never);

impl Entity for User {
    const SEARCHED: &'static [&'static str] = &["display_name", "email", "username"];

    fn fields(user: &mut Fields<Self>) {
        columns! { user: User {
            id, email needs "user.email.read", username, first_name, last_name, display_name, avatar_url,
            timezone, locale, status, email_verified_at needs "user.email.read",
            phone needs "user.profile.private.read", phone_verified_at needs "user.profile.private.read",
            revision as "version", created_at, updated_at,
        } }
        for protected in ["email", "emailVerifiedAt", "phone", "phoneVerifiedAt"] {
            user.show_own(protected, |user, caller| caller.user == Some(user.id.0));
        }
        user.follow("displayName", &[("User", "firstName"), ("User", "lastName")]);
        user.lookup("profile", |_, user| Ok(Some(user.id.cast::<UserProfile>())))
            .about("What they tell about themselves; null when nothing yet.");
        user.lookup("membership", |_, user| Ok(Some(user.id.cast::<Membership>())))
            .about("Their place in the organization in which you work.");
        user.children::<Conversation>("conversations", conversations::user_id)
            .about("The conversations they started.");
        user.children::<Message>("messages", messages::author_id).about("What they said in conversations.");
        user.children::<ConversationShare>("givenConversationShares", conversation_shares::created_by)
            .about("The conversations of theirs that they let others read.");
        user.children::<ConversationShare>("receivedConversationShares", conversation_shares::user_id)
            .about("The conversations that others let them read, those shared with a team of theirs or with everybody aside.");
        user.children::<Account>("ownedAccounts", accounts::owner_id).about("The companies they look after.");
        user.children::<Deal>("ownedDeals", deals::owner_id).about("The deals they work on.");
        user.children::<Department>("headedDepartments", departments::head_user_id)
            .about("The departments they lead.");
        user.children::<CostCenter>("managedCostCenters", cost_centers::manager_id)
            .about("The cost centers they answer for.");
        user.children::<Budget>("createdBudgets", budgets::created_by).about("The budgets they drafted.");
        user.children::<Budget>("submittedBudgets", budgets::submitted_by)
            .about("The budgets they submitted.");
        user.children::<Budget>("approvedBudgets", budgets::approved_by).about("The budgets they approved.");
        user.children::<Budget>("lockedBudgets", budgets::locked_by).about("The budgets they locked.");
        user.children::<RoleAssignment>("roleAssignments", role_assignments::user_id)
            .about("The roles given to this person, newest first unless ordered otherwise.");
        user.many("effectiveRoleAssignments", |user| AssignmentsOf::InForce(user.id)).about(
            "The assignments by which this person has roles at this moment, the latest first: their own, what a rule gave, and those of their teams.",
        );
        user.children::<PermissionGrant>("permissionGrants", permission_grants::user_id)
            .about("The permissions given to this person directly, newest first unless ordered otherwise.");
        compliance(user);
        acts_of_access(user);
        security(user);
        user.aggregate()
            .ranges(&["createdAt"])
            .by(&["status", "timezone", "locale"])
            .by_period(&["createdAt"]);
    }
}

/// What they have to do with the protection of data, and with what threatens it.
fn security(user: &mut Fields<User>) {
    user.children::<MaskingPolicy>("createdMaskingPolicies", masking_policies::created_by)
        .about("The masking policies they made.");
    user.children::<DataClassification>("createdDataClassifications", data_classifications::created_by)
        .about("The classifications of data they made.");
    user.children::<DataElement>("createdDataElements", data_elements::created_by)
        .about("The fields of which they said how they are classified.");
    user.children::<SecurityEvent>("causedSecurityEvents", security_events::source_user_id)
        .about("The security events that they caused.");
    user.children::<SecurityEvent>("sufferedSecurityEvents", security_events::target_user_id)
        .about("The security events that concern their account or rights.");
    user.children::<SecurityEvent>("assignedSecurityEvents", security_events::assigned_to)
        .about("The security events that they are to look into.");
    user.children::<SecurityEvent>("resolvedSecurityEvents", security_events::resolved_by)
        .about("The security events that they ended.");
}

/// What they answer for in matters of compliance.
fn compliance(user: &mut Fields<User>) {
    user.children::<ComplianceControl>("ownedControls", compliance_controls::owner_id)
        .about("The controls they are responsible for.");
    user.children::<ControlTest>("performedTests", control_tests::performed_by)
        .about("The tests of controls they performed.");
    user.children::<ComplianceIssue>("assignedIssues", compliance_issues::assigned_to)
        .about("The issues they are to mend.");
    user.children::<ComplianceIssue>("resolvedIssues", compliance_issues::resolved_by)
        .about("The issues they ended, mended or with the risk accepted.");
    user.children::<AuditReview>("auditReviews", audit_reviews::reviewed_by)
        .about("The audit entries they looked at.");
}

/// What they did to the rights of others.
fn acts_of_access(user: &mut Fields<User>) {
    user.children::<RoleAssignment>("assignedRoles", role_assignments::assigned_by)
        .about("The roles they gave to people.");
    user.children::<RoleAssignment>("delegatedRoles", role_assignments::delegated_by)
        .about("The roles they passed on to people.");
    user.children::<RoleAssignment>("revokedRoles", role_assignments::revoked_by)
        .about("The roles they took from people.");
    user.children::<PermissionGrant>("grantedPermissions", permission_grants::granted_by)
        .about("The permissions they gave to people directly.");
    user.children::<PermissionGrant>("revokedPermissions", permission_grants::revoked_by)
        .about("The permissions they took from people.");
    user.children::<Team>("teams", TEAMS).about("The teams that they are in.");
    user.children::<Team>("createdTeams", teams::created_by).about("The teams they made.");
    user.children::<Role>("createdRoles", roles::created_by).about("The roles they made.");
    user.children::<Permission>("createdPermissions", permissions::created_by)
        .about("The permissions they made.");
    user.children::<Resource>("ownedResources", resources::owner_id)
        .about("The things under protection they are responsible for.");
    user.children::<Invitation>("sentInvitations", invitations::invited_by)
        .about("The invitations to the organization that they sent.");
    user.children::<Invitation>("acceptedInvitations", invitations::accepted_by)
        .about("The invitations to the organization that they accepted.");
    user.children::<ApiKey>("createdApiKeys", api_keys::created_by).about("The API keys they made.");
    user.children::<ApprovalWorkflow>("createdApprovalWorkflows", approval_workflows::created_by)
        .about("The workflows of approval they made.");
    user.children::<ApprovalRequest>("approvalRequests", approval_requests::requested_by)
        .about("The approvals they asked for.");
    user.children::<ApprovalDecision>("approvalDecisions", approval_decisions::decided_by)
        .about("What they decided on the requests of others.");
}

filter! { UserFilter for User in users {
    id: Compare<Id<User>>,
    email: Compare<String> => needs "user.email.read",
    display_name: Compare<String>,
    status: Compare<UserStatus>,
    membership: MembershipFilter => through id,
    conversations: Related<Conversation> => by conversations::user_id,
    owned_accounts: Related<Account> => by accounts::owner_id,
    owned_deals: Related<Deal> => by deals::owner_id,
    created_budgets: Related<Budget> => by budgets::created_by,
    owned_controls: Related<ComplianceControl> => by compliance_controls::owner_id,
    assigned_issues: Related<ComplianceIssue> => by compliance_issues::assigned_to,
    role_assignments: Related<RoleAssignment> => by role_assignments::user_id,
    permission_grants: Related<PermissionGrant> => by permission_grants::user_id,
    messages: Related<Message> => by messages::author_id,
    given_conversation_shares: Related<ConversationShare> => by conversation_shares::created_by,
    received_conversation_shares: Related<ConversationShare> => by conversation_shares::user_id,
    headed_departments: Related<Department> => by departments::head_user_id,
    managed_cost_centers: Related<CostCenter> => by cost_centers::manager_id,
    submitted_budgets: Related<Budget> => by budgets::submitted_by,
    approved_budgets: Related<Budget> => by budgets::approved_by,
    locked_budgets: Related<Budget> => by budgets::locked_by,
    performed_tests: Related<ControlTest> => by control_tests::performed_by,
    resolved_issues: Related<ComplianceIssue> => by compliance_issues::resolved_by,
    audit_reviews: Related<AuditReview> => by audit_reviews::reviewed_by,
    assigned_roles: Related<RoleAssignment> => by role_assignments::assigned_by,
    delegated_roles: Related<RoleAssignment> => by role_assignments::delegated_by,
    revoked_roles: Related<RoleAssignment> => by role_assignments::revoked_by,
    granted_permissions: Related<PermissionGrant> => by permission_grants::granted_by,
    revoked_permissions: Related<PermissionGrant> => by permission_grants::revoked_by,
    teams: Related<Team> => paired TEAMS,
    created_teams: Related<Team> => by teams::created_by,
    created_roles: Related<Role> => by roles::created_by,
    created_permissions: Related<Permission> => by permissions::created_by,
    owned_resources: Related<Resource> => by resources::owner_id,
    sent_invitations: Related<Invitation> => by invitations::invited_by,
    accepted_invitations: Related<Invitation> => by invitations::accepted_by,
    created_api_keys: Related<ApiKey> => by api_keys::created_by,
    created_approval_workflows: Related<ApprovalWorkflow> => by approval_workflows::created_by,
    approval_requests: Related<ApprovalRequest> => by approval_requests::requested_by,
    approval_decisions: Related<ApprovalDecision> => by approval_decisions::decided_by,
    created_masking_policies: Related<MaskingPolicy> => by masking_policies::created_by,
    created_data_classifications: Related<DataClassification> => by data_classifications::created_by,
    created_data_elements: Related<DataElement> => by data_elements::created_by,
    caused_security_events: Related<SecurityEvent> => by security_events::source_user_id,
    suffered_security_events: Related<SecurityEvent> => by security_events::target_user_id,
    assigned_security_events: Related<SecurityEvent> => by security_events::assigned_to,
    resolved_security_events: Related<SecurityEvent> => by security_events::resolved_by,
} }

order! { UserOrder, UserOrderField for User {
    /// When the account was made.
    CreatedAt = created_at,
    /// The name shown.
    DisplayName = display_name,
} default [DisplayName Asc] }

/// The table that says who works where.
pub const MEMBERSHIPS: &Table = &Table {
    name: "\"identity\".\"memberships\"",
    key: "user_id",
    owner: Owner::Organization,
    limited: Limited::Never,
};

pub fn queries(query: &mut Fields<Query>) {
    query
        .one_by::<User>("user", [By::word("email", users::email, "Their e-mail address, in any case.")])
        .about("A person by their id or address; null when you share no organization.");
    let members =
        Condition::Through { column: "id", table: MEMBERSHIPS, condition: Box::new(Condition::ANYTHING) };
    query
        .list_where::<User>("users", members)
        .about("The people of the organization, by name unless ordered otherwise.");
}

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .change("userUpdate", update)
        .personal()
        .for_impersonators()
        .about("Changes your own profile. Errors: CONFLICT, INVALID, NOT_UNIQUE.");
}

/// What to change of your profile. Absent: unchanged. Null: cleared.
#[derive(InputObject)]
struct UserUpdateInput {
    /// The version you read; refused when it is another by now.
    expected_version: Option<i32>,
    /// Your user name.
    username: MaybeUndefined<String>,
    /// Your given name.
    first_name: MaybeUndefined<String>,
    /// Your family name.
    last_name: MaybeUndefined<String>,
    /// Your name as shown to others.
    display_name: MaybeUndefined<String>,
    /// Address of your picture.
    avatar_url: MaybeUndefined<String>,
    /// Your time zone, `Europe/Berlin`.
    timezone: Option<String>,
    /// Your language and region, `de-DE`.
    locale: Option<String>,
}

async fn update(write: &mut Write, input: UserUpdateInput) -> Outcome<Id<User>> {
    let id = Id::of(write.caller().user.unwrap_or_default());
    let before: User = record::lock(write, id, input.expected_version).await?;
    let changes = Changes::default()
        .patch(users::username, input.username)
        .patch(users::first_name, input.first_name)
        .patch(users::last_name, input.last_name)
        .patch(users::display_name, input.display_name)
        .patch(users::avatar_url, input.avatar_url)
        .given(users::timezone, input.timezone)
        .given(users::locale, input.locale);
    let after = if changes.is_empty() { before.clone() } else { User::update(write, id, changes).await? };
    session::in_some_organization(write).await?;
    record::updated(write, &before, &after).await
}
