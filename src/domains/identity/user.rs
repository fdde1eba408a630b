//! People: one account each, whatever the number of organizations they work in (model.md D2).
use crate::{
    domains::{
        access::{permission_grant::PermissionGrant, role_assignment::RoleAssignment},
        prelude::*,
    },
    store::tables::{
        access::{permission_grants, role_assignments},
        identity::users,
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
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

entity!(User, "user", identity::users, needs "user.read", owner Nobody);

impl Entity for User {
    fn fields(user: &mut Fields<Self>) {
        columns! { user: User {
            id, email needs "user.email.read", username, first_name, last_name, display_name, avatar_url,
            timezone, locale, status, created_at, updated_at,
        } }
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
