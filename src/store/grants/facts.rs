//! What conditions may ask about the person and the request.
use std::net::IpAddr;

use chrono::{DateTime, Datelike, Timelike, Utc};
use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{Bool, Nullable, Text, Uuid as SqlUuid},
};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::kind::{Kind, Typed};

/// The person whose rights are asked about, in the organization.
#[derive(Clone, Debug, Default)]
pub struct Subject {
    pub id: Option<Uuid>,
    pub email: Option<String>,
    /// What follows the @ of their address, where it was proved to be theirs.
    pub email_domain: Option<String>,
    pub title: Option<String>,
    pub region: Option<String>,
    pub department: Option<Uuid>,
    pub manager: Option<Uuid>,
    /// The names of the roles that were given to them.
    pub roles: Vec<String>,
}

impl Subject {
    pub fn of(found: Option<SubjectRow>, roles: Vec<String>) -> Self {
        match found {
            Some((id, email, is_proved, title, region, department, manager)) => {
                let domain = email.as_deref().filter(|_| is_proved).and_then(|email| email.rsplit_once('@'));
                let email_domain = domain.map(|(_, domain)| domain.to_lowercase());
                Self { id: Some(id), email, email_domain, title, region, department, manager, roles }
            }
            None => Self { roles, ..Self::default() },
        }
    }
}

/// When, from where and how surely something is asked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Circumstances {
    pub at: DateTime<Utc>,
    pub ip: Option<IpAddr>,
    /// A second factor was shown in the session; an API key never shows one.
    pub mfa: bool,
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub struct Facts<'s> {
    pub subject: std::borrow::Cow<'s, Subject>,
    pub circumstances: Circumstances,
}

const SUBJECT: [(&str, Kind); 8] = [
    ("id", Kind::Id),
    ("email", Kind::Text),
    ("emailDomain", Kind::Text),
    ("title", Kind::Text),
    ("region", Kind::Text),
    ("departmentId", Kind::Id),
    ("managerId", Kind::Id),
    ("roles", Kind::Texts),
];
const REQUEST: [(&str, Kind); 5] = [
    ("time", Kind::Time),
    ("hour", Kind::Number),
    ("weekday", Kind::Number),
    ("ip", Kind::Address),
    ("mfa", Kind::Bool),
];

impl Facts<'_> {
    fn known(of: &str) -> &'static [(&'static str, Kind)] {
        match of {
            "subject" => &SUBJECT,
            "request" => &REQUEST,
            _ => &[],
        }
    }

    /// What an attribute is, where there is such a one.
    pub fn kind(of: &str, name: &str) -> Option<Kind> {
        Self::known(of).iter().find(|(known, _)| *known == name).map(|(_, kind)| kind.clone())
    }

    /// The names of what can be asked.
    pub fn names(of: &str) -> Vec<&'static str> {
        Self::known(of).iter().map(|(name, _)| *name).collect()
    }

    /// `subject.region`: none where there is no such attribute, or, inside, no value of it.
    pub fn named(&self, name: &str) -> Option<Option<Typed>> {
        let (of, name) = name.split_once('.')?;
        self.get(of, name)
    }

    pub fn get(&self, of: &str, name: &str) -> Option<Option<Typed>> {
        let (subject, at) = (&self.subject, self.circumstances.at);
        Some(match (of, name) {
            ("subject", "id") => subject.id.map(Typed::Id),
            ("subject", "email") => subject.email.clone().map(Typed::Text),
            ("subject", "emailDomain") => subject.email_domain.clone().map(Typed::Text),
            ("subject", "title") => subject.title.clone().map(Typed::Text),
            ("subject", "region") => subject.region.clone().map(Typed::Text),
            ("subject", "departmentId") => subject.department.map(Typed::Id),
            ("subject", "managerId") => subject.manager.map(Typed::Id),
            ("subject", "roles") => Some(Typed::Texts(subject.roles.clone())),
            ("request", "time") => Some(Typed::Time(at)),
            // of the day in UTC, and of the week: Monday is 1
            ("request", "hour") => Some(Typed::Number(Decimal::from(at.hour()))),
            ("request", "weekday") => Some(Typed::Number(Decimal::from(at.weekday().number_from_monday()))),
            ("request", "ip") => self.circumstances.ip.map(Typed::Address),
            ("request", "mfa") => Some(Typed::Bool(self.circumstances.mfa)),
            _ => return None,
        })
    }
}

/// The question for the person's part.
#[derive(QueryId)]
pub struct AskSubject {
    pub organization: Option<Uuid>,
    pub user: Option<Uuid>,
    pub api_key: Option<Uuid>,
}

/// Who, their address and whether it was proved, what they are called and where they stand.
pub type SubjectRow =
    (Uuid, Option<String>, bool, Option<String>, Option<String>, Option<Uuid>, Option<Uuid>);

impl Query for AskSubject {
    type SqlType =
        (SqlUuid, Nullable<Text>, Bool, Nullable<Text>, Nullable<Text>, Nullable<SqlUuid>, Nullable<SqlUuid>);
}
impl<C> diesel::RunQueryDsl<C> for AskSubject {}
impl QueryFragment<Pg> for AskSubject {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "SELECT m.user_id, u.email, u.email_verified_at IS NOT NULL, m.title, m.region, m.department_id, m.manager_id \
             FROM identity.memberships m JOIN identity.users u ON u.id = m.user_id WHERE m.organization_id = ",
        );
        out.push_bind_param::<Nullable<SqlUuid>, _>(&self.organization)?;
        // who holds a key without a role of its own is who made it
        out.push_sql(" AND m.user_id = coalesce(");
        out.push_bind_param::<Nullable<SqlUuid>, _>(&self.user)?;
        out.push_sql(", (SELECT k.created_by FROM identity.api_keys k WHERE k.role_id IS NULL AND k.organization_id = ");
        out.push_bind_param::<Nullable<SqlUuid>, _>(&self.organization)?;
        out.push_sql(" AND k.id = ");
        out.push_bind_param::<Nullable<SqlUuid>, _>(&self.api_key)?;
        out.push_sql("))");
        Ok(())
    }
}
