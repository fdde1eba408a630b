//! People: one account each, whatever the number of organizations they work in (model.md D2).
use crate::{
    domains::{
        access::{permission_grant::PermissionGrant, role_assignment::RoleAssignment},
        chat::{conversation::Conversation, message::Message},
        finance::{budget::Budget, cost_center::CostCenter, department::Department},
        identity::{membership::Membership, session},
        prelude::*,
        sales::{account::Account, deal::Deal},
    },
    store::tables::{
        access::{permission_grants, role_assignments},
        chat::{conversations, messages},
        finance::{budgets, cost_centers, departments},
        identity::users,
        sales::{accounts, deals},
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
    pub revision: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

entity!(User, "user", identity::users, needs "user.read", owner Nobody, version revision);

impl Entity for User {
    fn fields(user: &mut Fields<Self>) {
        columns! { user: User {
            id, email needs "user.email.read", username, first_name, last_name, display_name, avatar_url,
            timezone, locale, status, revision as "version", created_at, updated_at,
        } }
        user.show_own("email", |user, caller| caller.user == Some(user.id.0));
        user.lookup("membership", |_, user| Ok(Some(user.id.cast::<Membership>())))
            .about("Their place in the organization in which you work.");
        let of = |user: &Self| user.id.0;
        user.pages::<Conversation>("conversations", of, Link::column(conversations::user_id))
            .about("The conversations they started.");
        user.pages::<Message>("messages", of, Link::column(messages::author_id))
            .about("What they said in conversations.");
        user.pages::<Account>("ownedAccounts", of, Link::column(accounts::owner_id))
            .about("The companies they look after.");
        user.pages::<Deal>("ownedDeals", of, Link::column(deals::owner_id)).about("The deals they work on.");
        user.pages::<Department>("headedDepartments", of, Link::column(departments::head_user_id))
            .about("The departments they lead.");
        user.pages::<CostCenter>("managedCostCenters", of, Link::column(cost_centers::manager_id))
            .about("The cost centers they answer for.");
        user.pages::<Budget>("createdBudgets", of, Link::column(budgets::created_by))
            .about("The budgets they drafted.");
        user.pages::<Budget>("submittedBudgets", of, Link::column(budgets::submitted_by))
            .about("The budgets they submitted.");
        user.pages::<Budget>("approvedBudgets", of, Link::column(budgets::approved_by))
            .about("The budgets they approved.");
        user.pages::<Budget>("lockedBudgets", of, Link::column(budgets::locked_by))
            .about("The budgets they locked.");
        user.pages::<RoleAssignment>(
            "roleAssignments",
            |user| user.id.0,
            Link::column(role_assignments::user_id),
        )
        .about("The roles given to this person, newest first unless ordered otherwise.");
        user.pages::<PermissionGrant>(
            "permissionGrants",
            |user| user.id.0,
            Link::column(permission_grants::user_id),
        )
        .about("The permissions given to this person directly, newest first unless ordered otherwise.");
    }
}

impl Listed for User {
    type Filter = UserFilter;
    type Order = UserOrderField;
}

filter! { UserFilter for User in users {
    id: Compare<Id<User>>,
    email: Compare<String> => needs "user.email.read",
    display_name: Compare<String>,
    status: Compare<UserStatus>,
} }

order! { UserOrder, UserOrderField for User {
    /// When the account was made.
    CreatedAt = created_at,
    /// The name shown.
    DisplayName = display_name,
} default [DisplayName Asc] }

/// The table that says who works where.
pub const MEMBERSHIPS: &Table =
    &Table { name: "\"identity\".\"memberships\"", key: "user_id", owner: Owner::Organization };

pub fn queries(query: &mut Fields<Query>) {
    query.by_id::<User>("user").about("A person by their id; null when you share no organization.");
    let members =
        Condition::Through { column: "id", table: MEMBERSHIPS, condition: Box::new(Condition::ANYTHING) };
    query
        .list_where::<User>("users", members)
        .about("The people of the organization, by name unless ordered otherwise.");
}

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .change("userUpdate", "user", |write, input| update(write, input).boxed())
        .personal()
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
    let after = if changes.is_empty() {
        before.clone()
    } else {
        let changed = diesel::update(users::table.find(id)).set(changes).returning(User::as_returning());
        changed.get_result(write).await?
    };
    session::in_some_organization(write).await?;
    record::updated(write, &before, &after).await
}
