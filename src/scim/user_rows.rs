//! Users as they are read: members, with what the directory says of them, or, where it has said nothing yet, what their
//! accounts say themselves.
use chrono::{DateTime, Utc};
use diesel::{
    QueryResult, QueryableByName,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{BigInt, Bool, Jsonb, Nullable, Text, Timestamptz, Untyped, Uuid as SqlUuid},
};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    condition::{Condition, Place, Places},
    schema::{ENTERPRISE, USER, USERS},
};
use crate::{
    domains::identity::{
        provisioning::{Person, Words},
        user::User,
    },
    store::id::Id,
};

macro_rules! said {
    ($said:literal, $otherwise:literal) => {
        concat!("CASE WHEN s.user_id IS NULL THEN ", $otherwise, " ELSE ", $said, " END")
    };
}

const USER_NAME: &str = "coalesce(s.user_name, u.email)";
const FORMATTED: &str = said!("s.formatted_name", "nullif(concat_ws(' ', u.first_name, u.last_name), '')");
const GIVEN: &str = said!("s.given_name", "u.first_name");
const FAMILY: &str = said!("s.family_name", "u.last_name");
const DISPLAY: &str = said!("s.display_name", "u.display_name");
const LOCALE: &str = said!("s.locale", "u.locale");
const TIMEZONE: &str = said!("s.timezone", "u.timezone");
const DEPARTMENT: &str = said!("s.department", "d.name");
const ACTIVE: &str = "m.status = 'active'";
const CHANGED: &str = "greatest(m.updated_at, u.updated_at, s.updated_at)";
const VERSION: &str = "concat_ws('.', m.revision, u.revision, s.revision)";

/// The organization of the transaction.
macro_rules! here {
    () => {
        "(SELECT nullif(current_setting('app.organization_id', true), '')::uuid)"
    };
}
macro_rules! emails {
    () => {
        said!(
            "s.emails",
            "jsonb_build_array(jsonb_build_object('value', u.email, 'type', 'work', 'primary', true))"
        )
    };
}
macro_rules! phones {
    () => {
        said!(
            "s.phone_numbers",
            "CASE WHEN u.phone IS NULL THEN '[]'::jsonb ELSE jsonb_build_array(jsonb_build_object('value', u.phone, 'type', 'work')) END"
        )
    };
}

/// What is read, and as what.
const COLUMNS: &[(&str, &str)] = &[
    ("m.user_id", "user_id"),
    ("s.external_id", "external_id"),
    (USER_NAME, "user_name"),
    (FORMATTED, "formatted_name"),
    (GIVEN, "given_name"),
    (FAMILY, "family_name"),
    (DISPLAY, "display_name"),
    (emails!(), "emails"),
    (phones!(), "phone_numbers"),
    (LOCALE, "locale"),
    (TIMEZONE, "timezone"),
    (DEPARTMENT, "department"),
    ("m.title", "title"),
    (ACTIVE, "active"),
    ("m.manager_id", "manager"),
    ("m.created_at", "created"),
    (CHANGED, "changed"),
    (VERSION, "version"),
];

const FROM: &str = " FROM identity.memberships m JOIN identity.users u ON u.id = m.user_id
  LEFT JOIN identity.scim_users s ON s.organization_id = m.organization_id AND s.user_id = m.user_id AND s.removed_at IS NULL
  LEFT JOIN finance.departments d ON d.organization_id = m.organization_id AND d.id = m.department_id
  WHERE m.status <> 'left' AND u.deleted_at IS NULL AND m.organization_id = ";

/// The parts of one of several values.
const VALUE: &[(&str, Place)] = &[
    ("value", Place::Text("e.v ->> 'value'")),
    ("display", Place::Text("e.v ->> 'display'")),
    ("type", Place::Text("e.v ->> 'type'")),
    ("primary", Place::Bool("(e.v ->> 'primary')::boolean")),
];

/// Where each attribute of a user stands.
pub const PLACES: &Places = &Places {
    resource: USERS,
    list: &[
        ("id", Place::Id("m.user_id", user_id)),
        ("externalId", Place::Text("s.external_id")),
        ("userName", Place::Text(USER_NAME)),
        (
            "name",
            Place::Parts(&[
                ("formatted", Place::Text(FORMATTED)),
                ("familyName", Place::Text(FAMILY)),
                ("givenName", Place::Text(GIVEN)),
            ]),
        ),
        ("displayName", Place::Text(DISPLAY)),
        ("title", Place::Text("m.title")),
        ("locale", Place::Text(LOCALE)),
        ("timezone", Place::Text(TIMEZONE)),
        ("active", Place::Bool(ACTIVE)),
        (
            "emails",
            Place::Several(
                concat!("SELECT FROM jsonb_array_elements(", emails!(), ") AS e (v) WHERE true"),
                VALUE,
            ),
        ),
        (
            "phoneNumbers",
            Place::Several(
                concat!("SELECT FROM jsonb_array_elements(", phones!(), ") AS e (v) WHERE true"),
                VALUE,
            ),
        ),
        ("department", Place::Text(DEPARTMENT)),
        ("manager", Place::Parts(&[("value", Place::Id("m.manager_id", user_id))])),
        (
            "schemas",
            Place::Several(
                "SELECT FROM (VALUES ('urn:ietf:params:scim:schemas:core:2.0:User'), (CASE WHEN m.manager_id IS NOT NULL \
                 OR (CASE WHEN s.user_id IS NULL THEN d.name ELSE s.department END) IS NOT NULL \
                 THEN 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User' END)) AS e (v) WHERE true",
                &[("schemas", Place::Text("e.v"))],
            ),
        ),
        (
            "meta",
            Place::Parts(&[
                ("resourceType", Place::Constant("User")),
                ("created", Place::Time("m.created_at")),
                ("lastModified", Place::Time(CHANGED)),
            ]),
        ),
    ],
    // each finds its candidates before, whatever the planner thinks of the rest
    hints: &[
        (
            "userName",
            &[
                concat!(
                    "m.user_id = ANY (ARRAY(SELECT h.user_id FROM identity.scim_users h WHERE h.organization_id = ",
                    here!(),
                    " AND h.removed_at IS NULL AND lower(h.user_name) = lower("
                ),
                ") UNION ALL SELECT h.id FROM identity.users h WHERE h.deleted_at IS NULL AND lower(h.email) = lower(",
                ")))",
            ],
        ),
        (
            "externalId",
            &[
                concat!(
                    "m.user_id = ANY (ARRAY(SELECT h.user_id FROM identity.scim_users h WHERE h.organization_id = ",
                    here!(),
                    " AND h.removed_at IS NULL AND h.external_id = "
                ),
                "))",
            ],
        ),
    ],
};

/// The id of a user as it is told.
pub fn user_id(text: &str) -> Option<Uuid> {
    Id::<User>::parse(text).ok().map(|id| id.0)
}

/// Which users.
#[derive(Debug)]
pub struct Which {
    pub organization: Uuid,
    pub only: Option<Uuid>,
    pub condition: Option<Condition>,
    /// How many are passed over, and how many are wanted.
    pub page: Option<(i64, i64)>,
}

impl Which {
    pub const fn one(organization: Uuid, user: Uuid) -> Self {
        Self { organization, only: Some(user), condition: None, page: None }
    }

    fn walk<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        out.push_sql(FROM);
        out.push_bind_param::<SqlUuid, _>(&self.organization)?;
        if let Some(user) = &self.only {
            out.push_sql(" AND m.user_id = ");
            out.push_bind_param::<SqlUuid, _>(user)?;
        }
        if let Some(condition) = &self.condition {
            out.push_sql(" AND ");
            condition.walk(out)?;
        }
        Ok(())
    }
}

/// The users, in the order they joined.
pub struct Users<'w>(pub &'w Which);

/// How many there are.
pub struct Count<'w>(pub &'w Which);

/// A user as it is read.
#[derive(QueryableByName)]
pub struct Row {
    #[diesel(sql_type = SqlUuid)]
    user_id: Uuid,
    #[diesel(sql_type = Nullable<Text>)]
    external_id: Option<String>,
    #[diesel(sql_type = Text)]
    user_name: String,
    #[diesel(sql_type = Nullable<Text>)]
    formatted_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    given_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    family_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    display_name: Option<String>,
    #[diesel(sql_type = Jsonb)]
    emails: Value,
    #[diesel(sql_type = Jsonb)]
    phone_numbers: Value,
    #[diesel(sql_type = Nullable<Text>)]
    locale: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    timezone: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    department: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    title: Option<String>,
    #[diesel(sql_type = Bool)]
    active: bool,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    manager: Option<Uuid>,
    #[diesel(sql_type = Timestamptz)]
    created: DateTime<Utc>,
    #[diesel(sql_type = Timestamptz)]
    changed: DateTime<Utc>,
    #[diesel(sql_type = Text)]
    version: String,
}

impl Query for Users<'_> {
    type SqlType = Untyped;
}
impl<C> diesel::RunQueryDsl<C> for Users<'_> {}
impl QueryId for Users<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
impl QueryFragment<Pg> for Users<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        for (index, (column, name)) in COLUMNS.iter().enumerate() {
            out.push_sql(if index == 0 { "SELECT " } else { ", " });
            out.push_sql(column);
            out.push_sql(" AS ");
            out.push_sql(name);
        }
        self.0.walk(&mut out)?;
        out.push_sql(" ORDER BY m.created_at, m.user_id");
        if let Some((passed, wanted)) = &self.0.page {
            out.push_sql(" OFFSET ");
            out.push_bind_param::<BigInt, _>(passed)?;
            out.push_sql(" LIMIT ");
            out.push_bind_param::<BigInt, _>(wanted)?;
        }
        Ok(())
    }
}

impl Query for Count<'_> {
    type SqlType = BigInt;
}
impl<C> diesel::RunQueryDsl<C> for Count<'_> {}
impl QueryId for Count<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
impl QueryFragment<Pg> for Count<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT count(*)");
        self.0.walk(&mut out)
    }
}

/// A user as it was read.
#[derive(Clone, Debug)]
pub struct Known {
    pub id: Id<User>,
    pub person: Person,
    created: DateTime<Utc>,
    changed: DateTime<Utc>,
    version: String,
}

impl From<Row> for Known {
    fn from(row: Row) -> Self {
        let words = Words {
            external_id: row.external_id,
            user_name: row.user_name,
            formatted_name: row.formatted_name,
            given_name: row.given_name,
            family_name: row.family_name,
            display_name: row.display_name,
            emails: row.emails,
            phone_numbers: row.phone_numbers,
            locale: row.locale,
            timezone: row.timezone,
            department: row.department,
        };
        let person = Person { words, title: row.title, active: row.active, manager: row.manager.map(Id::of) };
        let Row { user_id, created, changed, version, .. } = row;
        Self { id: Id::of(user_id), person, created, changed, version }
    }
}

impl Known {
    pub fn version(&self) -> String {
        format!("W/\"{}\"", self.version)
    }

    pub fn location(&self, base: &str) -> String {
        format!("{base}/Users/{}", self.id)
    }

    /// The resource, as it is told.
    pub fn resource(&self, base: &str) -> Map<String, Value> {
        let Words { external_id, user_name, display_name, locale, timezone, department, .. } =
            &self.person.words;
        let words = &self.person.words;
        let manager = self
            .person
            .manager
            .map(|id| json!({ "value": id.to_string(), "$ref": format!("{base}/Users/{id}") }));
        let name = told([
            ("formatted", json!(words.formatted_name)),
            ("familyName", json!(words.family_name)),
            ("givenName", json!(words.given_name)),
        ]);
        let enterprise = told([("department", json!(department)), ("manager", json!(manager))]);
        let mut schemas = vec![USER];
        if !enterprise.is_empty() {
            schemas.push(ENTERPRISE);
        }
        told([
            ("schemas", json!(schemas)),
            ("id", json!(self.id.to_string())),
            ("externalId", json!(external_id)),
            ("userName", json!(user_name)),
            ("name", Value::Object(name)),
            ("displayName", json!(display_name)),
            ("title", json!(self.person.title)),
            ("locale", json!(locale)),
            ("timezone", json!(timezone)),
            ("active", json!(self.person.active)),
            ("emails", words.emails.clone()),
            ("phoneNumbers", words.phone_numbers.clone()),
            (ENTERPRISE, Value::Object(enterprise)),
            (
                "meta",
                json!({
                    "resourceType": "User",
                    "created": self.created,
                    "lastModified": self.changed,
                    "location": self.location(base),
                    "version": self.version(),
                }),
            ),
        ])
    }
}

/// What there is: attributes without a value are not told.
pub fn told<const N: usize>(attributes: [(&str, Value); N]) -> Map<String, Value> {
    let is = |value: &Value| match value {
        Value::Null => false,
        Value::Object(parts) => !parts.is_empty(),
        Value::Array(values) => !values.is_empty(),
        _ => true,
    };
    attributes
        .into_iter()
        .filter(|(_, value)| is(value))
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
