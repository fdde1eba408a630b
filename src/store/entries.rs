//! The rows that a change leaves behind, in the audit trail and for subscribers, as one statement writes them. It is written
//! out by hand: an insert of Diesel's goes through its forty values again and again, for a sixth of the server's work on a
//! change.
use std::borrow::Cow;

use chrono::{DateTime, Utc};
use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::{AstPass, QueryFragment, QueryId},
    sql_types::{Array, Bool, Inet, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use ipnet::IpNet;
use serde_json::Value;
use uuid::Uuid;

use super::{clock, door::Caller, journal::Audit};

/// An event, for subscribers.
pub(super) struct Event<'a> {
    pub organization: Uuid,
    pub id: Uuid,
    pub topic: Cow<'a, str>,
    pub subject_type: &'a str,
    pub subject_id: Uuid,
    pub kind: &'a str,
    pub payload: Value,
}

const EVENTS: &str =
    "INSERT INTO ops.events (organization_id, id, topic, subject_type, subject_id, kind, payload) VALUES ";

impl Event<'_> {
    fn walk<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("(");
        out.push_bind_param::<SqlUuid, _>(&self.organization)?;
        out.push_sql(", ");
        out.push_bind_param::<SqlUuid, _>(&self.id)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, str>(&self.topic)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, str>(self.subject_type)?;
        out.push_sql(", ");
        out.push_bind_param::<SqlUuid, _>(&self.subject_id)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, str>(self.kind)?;
        out.push_sql(", ");
        out.push_bind_param::<Jsonb, _>(&self.payload)?;
        out.push_sql(")");
        Ok(())
    }
}

/// An entry of the audit trail.
pub(super) struct Entry<'a> {
    audit: &'a Audit,
    caller: &'a Caller,
    id: Uuid,
    at: DateTime<Utc>,
    details: Value,
    actor: Option<Uuid>,
    impersonator: Option<Uuid>,
    ip: Option<IpNet>,
    resource_id: Option<&'a str>,
    resource_name: Option<&'a str>,
    error: Option<&'a str>,
    user_agent: Option<&'a str>,
}

const ENTRIES: &str = "INSERT INTO audit.audit_logs (organization_id, id, actor_type, actor_id, actor_name, actor_email, \
    event_type, action, resource_type, resource_id, resource_name, old_values, new_values, changed_fields, success, \
    error_message, risk_level, ip_address, user_agent, session_id, request_id, occurred_at, details, impersonated_by, \
    impersonated_by_name) VALUES ";

impl<'a> Entry<'a> {
    /// On behalf of `caller`, now.
    pub(super) fn new(caller: &'a Caller, audit: &'a Audit, details: Value) -> Self {
        Self {
            audit,
            caller,
            id: clock::new_id(),
            at: clock::now(),
            details,
            actor: caller.api_key.or(caller.user),
            impersonator: caller.impersonator.map(|who| who.user),
            ip: caller.ip.map(IpNet::from),
            resource_id: audit.resource_id.as_deref(),
            resource_name: audit.resource_name.as_deref(),
            error: audit.error.as_deref(),
            user_agent: caller.user_agent.as_deref(),
        }
    }

    const fn actor_type(&self) -> &'static str {
        match (self.caller.user, self.caller.api_key) {
            (_, Some(_)) => "api_key",
            (Some(_), None) => "human",
            (None, None) => "system",
        }
    }

    fn walk<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let (audit, caller) = (self.audit, self.caller);
        let (event_type, risk) = if self.error.is_some() { ("denied", "medium") } else { ("change", "low") };
        let otherwise = if self.ip.is_some() { "anonymous" } else { "Portico" };
        out.push_sql("(");
        out.push_bind_param::<SqlUuid, _>(&audit.organization)?;
        out.push_sql(", ");
        out.push_bind_param::<SqlUuid, _>(&self.id)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, str>(self.actor_type())?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<SqlUuid>, _>(&self.actor)?;
        // as they are called now: names change, the trail does not
        out.push_sql(", audit.actor_name(");
        out.push_bind_param::<Nullable<SqlUuid>, _>(&caller.user)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<SqlUuid>, _>(&caller.api_key)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, str>(otherwise)?;
        out.push_sql("), audit.actor_email(");
        out.push_bind_param::<Nullable<SqlUuid>, _>(&caller.user)?;
        out.push_sql("), ");
        out.push_bind_param::<Text, str>(event_type)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, str>(&audit.action)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<Text>, _>(&audit.resource_type)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<Text>, _>(&self.resource_id)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<Text>, _>(&self.resource_name)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<Jsonb>, _>(&audit.before)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<Jsonb>, _>(&audit.after)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&audit.changed)?;
        out.push_sql(", ");
        out.push_bind_param::<Bool, _>(if self.error.is_some() { &false } else { &true })?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<Text>, _>(&self.error)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, str>(risk)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<Inet>, _>(&self.ip)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<Text>, _>(&self.user_agent)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<SqlUuid>, _>(&caller.session)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, str>(&caller.request)?;
        out.push_sql(", ");
        out.push_bind_param::<Timestamptz, _>(&self.at)?;
        out.push_sql(", ");
        out.push_bind_param::<Jsonb, _>(&self.details)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<SqlUuid>, _>(&self.impersonator)?;
        out.push_sql(", audit.impersonator_name(");
        out.push_bind_param::<Nullable<SqlUuid>, _>(&self.impersonator)?;
        out.push_sql("))");
        Ok(())
    }
}

/// What is written with one statement: events, entries, or both.
#[derive(Default)]
pub(super) struct Rows<'a> {
    pub events: Vec<Event<'a>>,
    pub entries: Vec<Entry<'a>>,
}

impl QueryId for Rows<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Pg> for Rows<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        if self.events.len() > 1 || self.entries.len() > 1 {
            // there are as many texts as there are numbers of rows
            out.unsafe_to_cache_prepared();
        }
        let both = !self.events.is_empty() && !self.entries.is_empty();
        out.push_sql(if both { "WITH event AS (" } else { "" });
        for (index, event) in self.events.iter().enumerate() {
            out.push_sql(if index == 0 { EVENTS } else { ", " });
            event.walk(&mut out)?;
        }
        out.push_sql(if both { ") " } else { "" });
        for (index, entry) in self.entries.iter().enumerate() {
            out.push_sql(if index == 0 { ENTRIES } else { ", " });
            entry.walk(&mut out)?;
        }
        Ok(())
    }
}
