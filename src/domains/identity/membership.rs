//! Memberships: a person's place in one organization (model.md D2). What they may see can depend on it (B014).
use uuid::Uuid;

use crate::{
    domains::{
        access::{authority, automatic, role_assignment::RolesOf},
        finance::department::{Department, DepartmentFilter},
        identity::user::{User, UserFilter},
        prelude::*,
        sales::deal::DealRegion,
    },
    graph::mutation::Payload,
    store::tables::identity::memberships,
};

text_enum! {
    /// Whether a person works in an organization.
    MembershipStatus {
        /// Asked to join.
        Invited = "invited",
        /// Works there.
        Active = "active",
        /// Has no access for the time being.
        Suspended = "suspended",
        /// Works there no more.
        Left = "left",
    }
}

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = memberships, check_for_backend(Pg))]
pub struct Membership {
    #[diesel(column_name = user_id)]
    pub id: Id<Membership>,
    pub status: MembershipStatus,
    pub manager_id: Option<Id<User>>,
    pub department_id: Option<Id<Department>>,
    pub region: Option<DealRegion>,
    pub title: Option<String>,
    pub preferences: Json,
    pub notification_preferences: Json,
    pub joined_at: Option<DateTime<Utc>>,
    pub last_seen_at: Option<DateTime<Utc>>,
    pub revision: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

entity!(Membership, "member", identity::memberships, needs "membership.read", key user_id, version revision);

impl Entity for Membership {
    fn fields(membership: &mut Fields<Self>) {
        columns! { membership: Membership {
            /// Identity of the membership within its organization.
            id,
            status, region, title, preferences needs "membership.preferences.read",
            notification_preferences needs "membership.preferences.read",
            joined_at, last_seen_at, revision as "version", created_at, updated_at,
        } keeps { manager_id, department_id } }
        for protected in ["preferences", "notificationPreferences"] {
            membership.show_own(protected, |membership, caller| caller.user == Some(membership.id.0));
        }
        membership
            .one("user", |membership| Some(membership.id.cast::<User>()))
            .about_column("user_id")
            .required();
        membership
            .many("roles", |membership| RolesOf(membership.id.cast::<User>()))
            .about("The roles that the person has at this moment, by themselves or in a team, by name.");
        membership.one("department", |membership| membership.department_id).about_column("department_id");
        membership.one("manager", |membership| membership.manager_id).about_column("manager_id");
        membership
            .children::<Membership>("reports", memberships::manager_id)
            .about("Who reports to this member.");
        membership
            .aggregate()
            .ranges(&["joinedAt", "lastSeenAt"])
            .by(&["status", "region", "title", "department", "manager"])
            .by_period(&["joinedAt", "lastSeenAt"]);
    }
}

filter! { MembershipFilter for Membership in memberships {
    status: Compare<MembershipStatus>,
    region: Compare<DealRegion>,
    title: Compare<String>,
    joined_at: Compare<DateTime<Utc>>,
    user: UserFilter => through user_id,
    manager: UserFilter => through manager_id,
    department: DepartmentFilter => through department_id,
    reports: Related<Membership> => by memberships::manager_id,
} }

order! { MembershipOrder, MembershipOrderField for Membership {
    /// When the record was made.
    CreatedAt = created_at,
    /// When the person joined.
    JoinedAt = joined_at,
    /// The person's position.
    Title = title,
    /// The person's name.
    UserName = id -> User.display_name,
    /// The name of their department.
    DepartmentName = department_id -> Department.name,
} default [CreatedAt Asc] }

/// The next so many active members of the organization, by id.
pub async fn active_after(db: &Snapshot, after: Option<Id<User>>, most: i64) -> StoreResult<Vec<Id<User>>> {
    let members = memberships::table
        .filter(memberships::organization_id.eq(db.organization()))
        .filter(memberships::user_id.gt(after.unwrap_or_else(|| Id::of(Uuid::nil()))))
        .filter(memberships::status.eq(MembershipStatus::Active))
        .order(memberships::user_id)
        .limit(most)
        .select(memberships::user_id);
    db.load(members).await
}

pub fn queries(query: &mut Fields<Query>) {
    query
        .by_id::<Membership>("membership")
        .about("A membership by its id; null when there is none that you may see.");
    query.list::<Membership>("memberships").about("Who works in the organization, in the order they joined.");
}

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .change("membershipUpdate", update)
        .needs("membership.write")
        .in_person()
        .about(
            "Changes a person's place in the organization; what they may see can depend on region and department, and roles that \
             have a rule come and go with it. Nobody changes their own. Errors: NOT_FOUND, CONFLICT, INVALID, STATE, \
             QUOTA_EXCEEDED where no seat is left.",
        );
    mutations
        .action("membershipPreferencesUpdate", prefer, |payload: &mut Fields<Payload<Id<Membership>>>| {
            payload
                .one("membership", |payload| payload.result)
                .public()
                .about("Your place in the organization as it is now; null when nothing was done.");
        })
        .personal()
        .for_impersonators()
        .about(
            "Changes how you like Portico in the organization in which you work. Errors: NOT_FOUND when you work in none, \
             CONFLICT, INVALID.",
        );
}

/// What to change of a membership. Absent: unchanged. Null: cleared.
#[derive(InputObject)]
struct MembershipUpdateInput {
    /// Which membership.
    id: Id<Membership>,
    /// The version you read; refused when it is another by now.
    expected_version: Option<i32>,
    /// Whether the person works here.
    status: Option<MembershipStatus>,
    /// To whom the person reports.
    manager_id: MaybeUndefined<Id<User>>,
    /// The department the person works in.
    department_id: MaybeUndefined<Id<Department>>,
    /// The region the person works in.
    region: MaybeUndefined<DealRegion>,
    /// The person's position.
    title: MaybeUndefined<String>,
}

async fn update(write: &mut Write, input: MembershipUpdateInput) -> Outcome<Id<Membership>> {
    let rules = automatic::hold_rules(write).await?;
    let before = record::lock(write, input.id, input.expected_version).await?;
    if write.caller().user == Some(before.id.0) {
        let message = say!("nobody changes their own place in the organization: ask somebody else");
        return Err(UserError::state(message, &["input", "id"], &[]).into());
    }
    if input.status.is_some_and(|status| status != MembershipStatus::Active) {
        an_owner_remains(write, before.id.cast()).await?;
    }
    let changes = Changes::default()
        .given(memberships::status, input.status)
        .patch(memberships::manager_id, input.manager_id)
        .patch(memberships::department_id, input.department_id)
        .patch(memberships::region, input.region)
        .patch(memberships::title, input.title);
    let id = record::update(write, before, changes).await?;
    rules.apply(write, id.cast()).await?;
    Ok(id)
}

/// Refused when nobody would be left who works here and may do everything.
pub(super) async fn an_owner_remains(write: &mut Write, person: Id<User>) -> Outcome<()> {
    if is_only_owner(write, person).await? {
        let message = say!("an organization keeps at least one owner: make somebody else owner first");
        return Err(UserError::state(message, &["input", "status"], &[]).into());
    }
    Ok(())
}

/// Whether nobody else works here who may do everything; whoever does stays so until the end of the transaction.
pub(super) async fn is_only_owner(write: &mut Write, person: Id<User>) -> Outcome<bool> {
    let owners = authority::owners(write).await?;
    if !owners.contains(&person) {
        return Ok(false);
    }
    let others = memberships::table
        .filter(memberships::organization_id.eq(write.organization()))
        .filter(memberships::user_id.eq_any(owners))
        .filter(memberships::user_id.ne(person))
        .filter(memberships::status.eq(MembershipStatus::Active))
        .select(memberships::user_id)
        .for_update();
    Ok(others.load::<Id<User>>(write).await?.is_empty())
}

/// What to change of your preferences. Absent: unchanged.
#[derive(InputObject)]
struct MembershipPreferencesUpdateInput {
    /// The version of your membership that you read; refused when it is another by now.
    expected_version: Option<i32>,
    /// Settings of your screens here.
    preferences: Option<Json>,
    /// What you want to be told here, and how.
    notification_preferences: Option<Json>,
}

async fn prefer(write: &mut Write, input: MembershipPreferencesUpdateInput) -> Outcome<Id<Membership>> {
    let own = Id::of(write.caller().user.unwrap_or_default());
    let before: Membership = record::lock_at(write, own, input.expected_version, &["input"]).await?;
    let changes = Changes::default()
        .given(memberships::preferences, input.preferences)
        .given(memberships::notification_preferences, input.notification_preferences);
    record::update(write, before, changes).await
}
