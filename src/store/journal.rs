//! What every change leaves behind in its own transaction: the audit row, the event for subscribers, and the answer
//! that a repetition of the same request gets.
use aws_lc_rs::digest;
use chrono::Duration;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    clock,
    detection::{Rule, Sighting},
    door::{Caller, Door, Write},
    entries::{Entry, Event, Rows},
    error::{Error, Result},
    events::{SESSION, session_topic},
    id,
    select::PLATFORM,
    tables::ops::idempotency_keys,
    values::Values,
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
    pub before: Option<Values>,
    pub after: Option<Values>,
    /// Who else is concerned: `conversation:<uuid>` besides the record's own type.
    pub topic: Option<String>,
    /// What the event carries beyond the id.
    pub payload: Value,
}

impl Change {
    /// What subscribers are told of it.
    fn event<'a>(&'a self, audit: &Audit) -> Event<'a> {
        Event {
            organization: audit.organization,
            id: clock::new_id(),
            topic: self.topic.as_deref().unwrap_or(self.resource_type).into(),
            subject_type: self.resource_type,
            subject_id: self.resource_id,
            kind: &self.kind,
            payload: merged(&self.payload, &audit.changed),
        }
    }
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

impl Write {
    /// Writes the audit row and the event of a change, both in one statement.
    pub async fn record(&mut self, mut change: Change) -> Result<()> {
        let audit = Audit::of(self.organization(), &mut change);
        let event = change.event(&audit);
        let entry = Entry::new(self.caller(), &audit, json!({}));
        let mut connection: &AsyncPgConnection = self;
        Rows { events: vec![event], entries: vec![entry] }.execute(&mut connection).await?;
        self.recorded();
        self.tell_platform(&[audit]).await
    }

    /// The same of many changes, as many at a time as one statement may name.
    pub async fn record_all(&mut self, mut changes: Vec<Change>) -> Result<()> {
        let organization = self.organization();
        for changes in changes.chunks_mut(MOST_AT_ONCE) {
            let audits: Vec<_> = changes.iter_mut().map(|change| Audit::of(organization, change)).collect();
            let caller = self.caller();
            let events = changes.iter().zip(&audits).map(|(change, audit)| change.event(audit)).collect();
            let entries = audits.iter().map(|audit| Entry::new(caller, audit, json!({}))).collect();
            let mut connection: &AsyncPgConnection = self;
            Rows { events, entries }.execute(&mut connection).await?;
            self.recorded();
            self.tell_platform(&audits).await?;
        }
        Ok(())
    }

    /// Tells subscribers what is worth no entry in the audit trail: how far something has come.
    pub async fn tell(&mut self, mut change: Change) -> Result<()> {
        let audit = Audit::of(self.organization(), &mut change);
        let mut connection: &AsyncPgConnection = self;
        let events = vec![change.event(&audit)];
        Rows { events, ..Rows::default() }.execute(&mut connection).await?;
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
        if told.is_empty() {
            return Ok(());
        }
        self.enter_organization(PLATFORM).await?;
        let entries = told.iter().map(|(audit, place)| Entry::new(&caller, audit, place.clone())).collect();
        let mut connection: &AsyncPgConnection = self;
        Rows { entries, ..Rows::default() }.execute(&mut connection).await?;
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
        let events = sessions.iter().map(|session| Event {
            organization: PLATFORM,
            id: clock::new_id(),
            topic: session_topic(*session).into(),
            subject_type: SESSION,
            subject_id: *session,
            kind: "session.ended",
            payload: json!({}),
        });
        let mut connection: &AsyncPgConnection = self;
        Rows { events: events.collect(), ..Rows::default() }.execute(&mut connection).await?;
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
    let entries = vec![Entry::new(caller, audit, json!({}))];
    Rows { entries, ..Rows::default() }.execute(&mut connection).await?;
    Ok(())
}

/// One row of the audit trail.
#[derive(Clone, Debug)]
pub struct Audit {
    pub organization: Uuid,
    pub action: String,
    pub resource_type: Option<&'static str>,
    pub resource_id: Option<String>,
    pub resource_name: Option<String>,
    pub before: Option<Values>,
    pub after: Option<Values>,
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
            changed: match (&change.before, &change.after) {
                (Some(before), Some(after)) => after.changed_since(before),
                _ => Vec::new(),
            },
            before: change.before.take(),
            after: change.after.take(),
            error: None,
        }
    }
}

fn merged(payload: &Value, changed: &[String]) -> Value {
    let mut payload = payload.as_object().cloned().unwrap_or_default();
    if !changed.is_empty() {
        payload.insert("changedFields".to_owned(), changed.into());
    }
    Value::Object(payload)
}
