//! What every change leaves behind in its own transaction: the audit row, the event for subscribers, and the answer
//! that a repetition of the same request gets.
use aws_lc_rs::digest;
use chrono::Duration;
use diesel::{
    pg::Pg,
    prelude::*,
    query_builder::{AstPass, QueryFragment, QueryId},
    sql_types::{Nullable, Text, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    clock,
    detection::{Rule, Sighting},
    door::{Caller, Door, Write},
    error::{Error, Result},
    events::{SESSION, session_topic},
    id,
    select::PLATFORM,
    tables::{
        audit::audit_logs,
        ops::{events, idempotency_keys},
    },
};

/// One change, for the audit trail and for subscribers.
#[derive(Clone, Debug)]
pub struct Change {
    /// What happened, `deal.updated`: the audit action and the kind of event.
    pub kind: String,
    /// The GraphQL type, `Deal`.
    pub resource_type: &'static str,
    pub resource_id: Uuid,
    pub resource_name: Option<String>,
    pub before: Option<Value>,
    pub after: Option<Value>,
    /// Who else is concerned: `conversation:<uuid>` besides the record's own type.
    pub topic: Option<String>,
    /// What the event carries beyond the id.
    pub payload: Value,
}

/// A key chosen by the client, and a hash of what it stands for.
#[derive(Clone, Debug)]
pub struct Idempotency {
    key: String,
    operation: &'static str,
    hash: Vec<u8>,
}

impl Idempotency {
    pub fn new(key: String, operation: &'static str, arguments: &str) -> Self {
        let text = format!("{operation}({arguments})");
        Self { key, operation, hash: digest::digest(&digest::SHA256, text.as_bytes()).as_ref().to_vec() }
    }
}

/// Whether a request with this key was seen before.
#[derive(Clone, Debug, PartialEq)]
pub enum Replay {
    First,
    /// Yes: this is what it came to.
    Again(Value),
    /// The key stood for something else.
    Reused,
}

/// So many changes are written down with one statement: it names less than 65,535 values.
const MOST_AT_ONCE: usize = 1_000;

/// The row of an event.
macro_rules! event_row {
    ($audit:expr, $change:expr) => {
        (
            events::organization_id.eq($audit.organization),
            events::id.eq(clock::new_id()),
            events::topic.eq($change.topic.unwrap_or_else(|| $change.resource_type.to_owned())),
            events::subject_type.eq($change.resource_type),
            events::subject_id.eq($change.resource_id),
            events::kind.eq($change.kind),
            events::payload.eq(merged($change.payload, &$audit.changed)),
        )
    };
}

/// The row of the audit trail, on behalf of a caller.
macro_rules! audit_row {
    ($caller:expr, $audit:expr, $details:expr) => {{
        let actor_type = match ($caller.user, $caller.api_key) {
            (_, Some(_)) => "api_key",
            (Some(_), None) => "human",
            (None, None) => "system",
        };
        let otherwise = if $caller.ip.is_some() { "anonymous" } else { "Portico" };
        let failed = $audit.error.is_some();
        let impersonator = $caller.impersonator.map(|who| who.user);
        (
            (
                audit_logs::organization_id.eq($audit.organization),
                audit_logs::id.eq(clock::new_id()),
                audit_logs::actor_type.eq(actor_type),
                audit_logs::actor_id.eq($caller.api_key.or($caller.user)),
                // as they are called now: names change, the trail does not
                audit_logs::actor_name.eq(actor_name($caller.user, $caller.api_key, otherwise)),
                audit_logs::actor_email.eq(actor_email($caller.user)),
                audit_logs::event_type.eq(if failed { "denied" } else { "change" }),
                audit_logs::action.eq(&$audit.action),
                audit_logs::resource_type.eq($audit.resource_type),
                audit_logs::resource_id.eq($audit.resource_id.as_deref()),
                audit_logs::resource_name.eq($audit.resource_name.as_deref()),
            ),
            (
                audit_logs::old_values.eq($audit.before.as_ref()),
                audit_logs::new_values.eq($audit.after.as_ref()),
                audit_logs::changed_fields.eq(&$audit.changed),
                audit_logs::success.eq(!failed),
                audit_logs::error_message.eq($audit.error.as_deref()),
                audit_logs::risk_level.eq(if failed { "medium" } else { "low" }),
                audit_logs::ip_address.eq($caller.ip.map(ipnet::IpNet::from)),
                audit_logs::user_agent.eq($caller.user_agent.as_deref()),
                audit_logs::session_id.eq($caller.session),
                audit_logs::request_id.eq($caller.request.as_str()),
                audit_logs::occurred_at.eq(clock::now()),
                audit_logs::details.eq($details),
                audit_logs::impersonated_by.eq(impersonator),
                audit_logs::impersonated_by_name.eq(impersonator_name(impersonator)),
            ),
        )
    }};
}

impl Write {
    /// Writes the audit row and the event of a change, both in one statement.
    pub async fn record(&mut self, mut change: Change) -> Result<()> {
        let audit = Audit::of(self.organization(), &mut change);
        let event = event_row!(audit, change);
        let event = diesel::insert_into(events::table).values(event);
        let entry =
            diesel::insert_into(audit_logs::table).values(audit_row!(self.caller(), audit, json!({})));
        let mut connection: &AsyncPgConnection = self;
        Told { event, entry }.execute(&mut connection).await?;
        self.recorded();
        self.tell_platform(&[audit]).await
    }

    /// The same of many changes, as many at a time as one statement may name.
    pub async fn record_all(&mut self, mut changes: Vec<Change>) -> Result<()> {
        let (organization, caller) = (self.organization(), self.caller().clone());
        for changes in changes.chunks_mut(MOST_AT_ONCE) {
            let audits: Vec<_> = changes.iter_mut().map(|change| Audit::of(organization, change)).collect();
            let told = changes.iter().cloned().zip(&audits);
            let told: Vec<_> = told.map(|(change, audit)| event_row!(audit, change)).collect();
            let rows: Vec<_> = audits.iter().map(|audit| audit_row!(caller, audit, json!({}))).collect();
            let event = diesel::insert_into(events::table).values(told);
            let entry = diesel::insert_into(audit_logs::table).values(rows);
            let mut connection: &AsyncPgConnection = self;
            Told { event, entry }.execute(&mut connection).await?;
            self.recorded();
            self.tell_platform(&audits).await?;
        }
        Ok(())
    }

    /// Tells subscribers what is worth no entry in the audit trail: how far something has come.
    pub async fn tell(&mut self, mut change: Change) -> Result<()> {
        let audit = Audit::of(self.organization(), &mut change);
        let mut connection: &AsyncPgConnection = self;
        diesel::insert_into(events::table).values(event_row!(audit, change)).execute(&mut connection).await?;
        Ok(())
    }

    /// What an administrator of the platform does who acts as somebody is known there too, but for what it was about
    /// (B011).
    async fn tell_platform(&mut self, audits: &[Audit]) -> Result<()> {
        if !self.standing().is_of_administrator() {
            return Ok(());
        }
        let (here, caller) = (self.organization(), self.caller().clone());
        let elsewhere = audits.iter().filter(|audit| audit.organization != PLATFORM);
        let told: Vec<_> = elsewhere
            .map(|audit| {
                let place = json!({ "organizationId": id::text("org", audit.organization) });
                (
                    Audit {
                        organization: PLATFORM,
                        resource_name: None,
                        before: None,
                        after: None,
                        ..audit.clone()
                    },
                    place,
                )
            })
            .collect();
        let rows: Vec<_> = told.iter().map(|(audit, place)| audit_row!(caller, audit, place)).collect();
        if rows.is_empty() {
            return Ok(());
        }
        self.enter_organization(PLATFORM).await?;
        let mut connection: &AsyncPgConnection = self;
        diesel::insert_into(audit_logs::table).values(rows).execute(&mut connection).await?;
        self.return_to(here).await
    }

    /// Tells every server that these sessions have ended, so that none keeps a socket or stream of theirs open. It
    /// stands in the platform's log: a session may have worked in several organizations, or in none.
    pub async fn sessions_ended(&mut self, sessions: &[Uuid]) -> Result<()> {
        if sessions.is_empty() {
            return Ok(());
        }
        let here = self.organization();
        self.enter_organization(PLATFORM).await?;
        let rows: Vec<_> = sessions
            .iter()
            .map(|session| {
                (
                    events::organization_id.eq(PLATFORM),
                    events::id.eq(clock::new_id()),
                    events::topic.eq(session_topic(*session)),
                    events::subject_type.eq(SESSION),
                    events::subject_id.eq(*session),
                    events::kind.eq("session.ended"),
                )
            })
            .collect();
        diesel::insert_into(events::table).values(rows).execute(&mut **self).await?;
        self.enter_organization(here).await
    }

    /// Writes the audit row of a mutation that was refused for lack of a permission.
    pub async fn denied(&mut self, operation: &'static str, missing: &str) -> Result<()> {
        if self.caller().organization.is_none() {
            return Ok(());
        }
        self.audit(&Audit {
            organization: self.organization(),
            action: format!("{operation}.denied"),
            resource_type: None,
            resource_id: None,
            resource_name: None,
            before: None,
            after: None,
            changed: Vec::new(),
            error: Some(format!("requires {missing}")),
        })
        .await?;
        let caller = self.caller();
        let person = caller.impersonator.map(|who| who.user).or(caller.user);
        let who = caller.api_key.or(person).unwrap_or_default();
        let denials = self.sighting(Rule::RepeatedDenials, &who);
        self.notice(Sighting { resource: Some(operation.to_owned()), ..denials }).await
    }

    /// Writes one audit row, in this very transaction.
    pub async fn audit(&mut self, audit: &Audit) -> Result<()> {
        write_audit(self, self.caller(), audit).await?;
        self.recorded();
        self.tell_platform(std::slice::from_ref(audit)).await
    }

    /// Claims an idempotency key. A concurrent request with the same key waits here until the first is done.
    pub async fn claim(&mut self, idempotency: &Idempotency) -> Result<Replay> {
        let (organization, actor) = self.claimant();
        // what somebody does who has chosen no organization is kept with the platform
        let elsewhere = self.organization() != organization;
        if elsewhere {
            self.enter_organization(organization).await?;
        }
        let now = clock::now();
        let row = (
            idempotency_keys::organization_id.eq(organization),
            idempotency_keys::actor_id.eq(actor),
            idempotency_keys::key.eq(&idempotency.key),
            idempotency_keys::operation.eq(idempotency.operation),
            idempotency_keys::request_hash.eq(&idempotency.hash),
            idempotency_keys::created_at.eq(now),
            idempotency_keys::expires_at.eq(now + Duration::hours(24)),
        );
        let expired = idempotency_keys::table
            .find((organization, actor, &idempotency.key))
            .filter(idempotency_keys::expires_at.le(now));
        diesel::delete(expired).execute(&mut **self).await?;
        let claimed = diesel::insert_into(idempotency_keys::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(&mut **self)
            .await?;
        if claimed == 1 {
            if elsewhere {
                self.leave_organization().await?;
            }
            return Ok(Replay::First);
        }
        let (hash, response): (Vec<u8>, Option<Value>) = idempotency_keys::table
            .find((organization, actor, &idempotency.key))
            .select((idempotency_keys::request_hash, idempotency_keys::response))
            .first(&mut **self)
            .await?;
        Ok(match response {
            Some(response) if hash == idempotency.hash => Replay::Again(response),
            _ => Replay::Reused,
        })
    }

    /// Keeps the answer for a repetition: the last that is done before the commit, wherever the change was made.
    pub async fn remember(&mut self, idempotency: &Idempotency, answer: &Value) -> Result<()> {
        let (organization, actor) = self.claimant();
        if self.organization() != organization {
            self.enter_organization(organization).await?;
        }
        let key = idempotency_keys::table.find((organization, actor, &idempotency.key));
        let mut connection: &AsyncPgConnection = self;
        let kept = diesel::update(key).set(idempotency_keys::response.eq(answer)).execute(&mut connection);
        match kept.await? {
            1 => Ok(()),
            _ => Err(Error::Internal("an answer was to be kept, and its key is gone".into())),
        }
    }

    /// Who repeats a request does so in the same organization, whichever one the request itself makes or changes.
    fn claimant(&self) -> (Uuid, Uuid) {
        let caller = self.caller();
        (caller.organization.unwrap_or(PLATFORM), caller.api_key.or(caller.user).unwrap_or_default())
    }
}

/// Deletes the idempotency keys of all organizations that are no longer remembered; says how many.
pub async fn forget_keys(door: &Door) -> Result<usize> {
    let mut work = door.work().await?;
    work.as_worker().await?;
    let over = idempotency_keys::table.filter(idempotency_keys::expires_at.le(clock::now()));
    let gone = diesel::delete(over).execute(&mut *work).await?;
    work.commit().await?;
    Ok(gone)
}

/// Writes one audit row on behalf of `caller`.
pub(super) async fn write_audit(
    mut connection: &AsyncPgConnection,
    caller: &Caller,
    audit: &Audit,
) -> Result<()> {
    let row = audit_row!(caller, audit, json!({}));
    diesel::insert_into(audit_logs::table).values(row).execute(&mut connection).await?;
    Ok(())
}

/// Events, written along with their audit rows.
struct Told<E, A> {
    event: E,
    entry: A,
}

impl<E: QueryId, A: QueryId> QueryId for Told<E, A> {
    type QueryId = Told<E::QueryId, A::QueryId>;
    const HAS_STATIC_QUERY_ID: bool = E::HAS_STATIC_QUERY_ID && A::HAS_STATIC_QUERY_ID;
}

impl<E: QueryFragment<Pg>, A: QueryFragment<Pg>> QueryFragment<Pg> for Told<E, A> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("WITH event AS (");
        self.event.walk_ast(out.reborrow())?;
        out.push_sql(") ");
        self.entry.walk_ast(out)
    }
}

diesel::define_sql_function! {
    /// What whoever acts is called now.
    #[sql_name = "audit.actor_name"]
    fn actor_name(person: Nullable<SqlUuid>, api_key: Nullable<SqlUuid>, otherwise: Text) -> Text;
}

diesel::define_sql_function! {
    /// What whoever acts as somebody else is called now.
    #[sql_name = "audit.impersonator_name"]
    fn impersonator_name(person: Nullable<SqlUuid>) -> Nullable<Text>;
}

diesel::define_sql_function! {
    /// The address of whoever acts.
    #[sql_name = "audit.actor_email"]
    fn actor_email(person: Nullable<SqlUuid>) -> Nullable<Text>;
}

/// One row of the audit trail.
#[derive(Clone, Debug)]
pub struct Audit {
    pub organization: Uuid,
    pub action: String,
    pub resource_type: Option<&'static str>,
    pub resource_id: Option<String>,
    pub resource_name: Option<String>,
    pub before: Option<Value>,
    pub after: Option<Value>,
    pub changed: Vec<String>,
    pub error: Option<String>,
}

impl Audit {
    /// What the trail keeps of a change, which keeps the rest.
    fn of(organization: Uuid, change: &mut Change) -> Self {
        Self {
            organization,
            action: change.kind.clone(),
            resource_type: Some(change.resource_type),
            resource_id: Some(change.resource_id.to_string()),
            resource_name: change.resource_name.take(),
            changed: changed_fields(change.before.as_ref(), change.after.as_ref()),
            before: change.before.take(),
            after: change.after.take(),
            error: None,
        }
    }
}

fn changed_fields(before: Option<&Value>, after: Option<&Value>) -> Vec<String> {
    let (Some(Value::Object(before)), Some(Value::Object(after))) = (before, after) else {
        return Vec::new();
    };
    after
        .iter()
        .filter(|(name, value)| before.get(*name) != Some(value))
        .map(|(name, _)| name.clone())
        .collect()
}

fn merged(payload: Value, changed: &[String]) -> Value {
    let mut payload = match payload {
        Value::Object(payload) => payload,
        _ => serde_json::Map::new(),
    };
    if !changed.is_empty() {
        payload.insert("changedFields".to_owned(), changed.into());
    }
    Value::Object(payload)
}
