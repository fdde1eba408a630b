//! Security events (B089): what the server noticed by its rules (`store::detection`) or people reported, on its way from
//! open to resolved, with the clock of those that an authority has to be told of.
use chrono::Duration;
use ipnet::IpNet;

use crate::{
    domains::{
        identity::{
            membership::Membership,
            user::{User, UserFilter},
        },
        prelude::*,
    },
    store::{tables::security::security_events, value::Texts},
};

text_enum! {
    /// What kind of thing a security event is.
    SecurityEventType {
        /// Somebody tries to sign in who cannot.
        FailedLogin = "failed_login",
        /// A key or token was used that is good for nothing any more.
        CredentialReuse = "credential_reuse",
        /// Somebody may do more, or less, than before.
        PrivilegeChange = "privilege_change",
        /// Less is protected than before.
        ProtectionWeakened = "protection_weakened",
        /// Somebody reaches for another organization.
        CrossTenantAttempt = "cross_tenant_attempt",
        /// Unusual, and perhaps harmless.
        SuspiciousActivity = "suspicious_activity",
        /// Data came to people who must not have them.
        DataBreach = "data_breach",
        /// None of the others.
        Other = "other",
    }
}

text_enum! {
    /// How bad a security event is.
    SecurityEventSeverity {
        /// Good to know.
        Info = "info",
        /// Hardly any harm can come of it.
        Low = "low",
        /// Some harm can come of it.
        Medium = "medium",
        /// Much harm can come of it.
        High = "high",
        /// It threatens the organization.
        Critical = "critical",
    }
}

text_enum! {
    /// How a security event was noticed.
    DetectionMethod {
        /// By a rule of the server.
        AutomatedRule = "automated_rule",
        /// By a person.
        ManualReview = "manual_review",
        /// By another system.
        ExternalAlert = "external_alert",
    }
}

text_enum! {
    /// Where a security event stands.
    SecurityEventStatus {
        /// Nobody looks into it yet.
        Open = "open",
        /// Somebody looks into it.
        Investigating = "investigating",
        /// It was something, and is over.
        Resolved = "resolved",
        /// It was nothing.
        FalsePositive = "false_positive",
    }
}

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = security_events, check_for_backend(Pg))]
pub struct SecurityEvent {
    pub id: Id<SecurityEvent>,
    pub event_type: SecurityEventType,
    pub severity: SecurityEventSeverity,
    pub title: String,
    pub description: Option<String>,
    pub source_user_id: Option<Id<User>>,
    pub target_user_id: Option<Id<User>>,
    pub source_ip: Option<IpNet>,
    pub target_resource: Option<String>,
    pub detection_method: DetectionMethod,
    pub detection_rule: Option<String>,
    pub occurrences: i32,
    pub occurred_at: DateTime<Utc>,
    pub last_occurred_at: DateTime<Utc>,
    pub detected_at: DateTime<Utc>,
    pub potential_impact: Option<String>,
    pub affected_systems: Texts,
    pub affected_data_types: Texts,
    pub status: SecurityEventStatus,
    pub assigned_to: Option<Id<User>>,
    pub resolution_notes: Option<String>,
    pub resolved_at: Option<DateTime<Utc>>,
    pub resolved_by: Option<Id<User>>,
    pub regulatory_notification_required: bool,
    pub notification_sent_at: Option<DateTime<Utc>>,
    pub event_data: Json,
    pub revision: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

entity!(
    SecurityEvent, "secevent", security::security_events, needs "security_event.read", version revision
);

/// How long one has to tell an authority (GDPR, article 33).
const NOTIFICATION: Duration = Duration::hours(72);

impl Entity for SecurityEvent {
    fn fields(event: &mut Fields<Self>) {
        columns! { event: SecurityEvent {
            id, event_type, severity, title, description, source_ip, target_resource, detection_method, detection_rule,
            occurrences, occurred_at, last_occurred_at, detected_at, potential_impact, affected_systems,
            affected_data_types, status, resolution_notes, resolved_at, regulatory_notification_required,
            notification_sent_at, event_data, revision as "version", created_at, updated_at,
        } keeps { source_user_id, target_user_id, assigned_to, resolved_by } }
        event
            .derived("notificationDueAt", Self::notification_due_at)
            .about("Until when an authority has to be told: 72 hours after it was noticed; null where none has to be.");
        event
            .derived("isNotificationOverdue", |event| {
                let late = |due| event.notification_sent_at.unwrap_or_else(clock::now) > due;
                event.notification_due_at().is_some_and(late)
            })
            .about("Whether an authority had to be told before now and was not, or was told too late.");
        event.one("sourceUser", |event| event.source_user_id).about_column("source_user_id");
        event.one("targetUser", |event| event.target_user_id).about_column("target_user_id");
        event.one("assignedTo", |event| event.assigned_to).about_column("assigned_to");
        event.one("resolvedBy", |event| event.resolved_by).about_column("resolved_by");
        event
            .aggregate()
            .sums(&["occurrences"])
            .ranges(&["occurredAt", "resolvedAt"])
            .by(&[
                "eventType",
                "severity",
                "status",
                "detectionRule",
                "sourceUser",
                "targetUser",
                "assignedTo",
            ])
            .by_period(&["occurredAt", "resolvedAt"]);
    }
}

impl SecurityEvent {
    fn notification_due_at(&self) -> Option<DateTime<Utc>> {
        self.regulatory_notification_required.then(|| self.detected_at + NOTIFICATION)
    }
}

filter! { SecurityEventFilter for SecurityEvent in security_events {
    id: Compare<Id<SecurityEvent>>,
    event_type: Compare<SecurityEventType>,
    severity: Compare<SecurityEventSeverity>,
    status: Compare<SecurityEventStatus>,
    detection_method: Compare<DetectionMethod>,
    detection_rule: Compare<String>,
    detected_at: Compare<DateTime<Utc>>,
    occurred_at: Compare<DateTime<Utc>>,
    last_occurred_at: Compare<DateTime<Utc>>,
    regulatory_notification_required: Compare<bool>,
    notification_sent_at: Compare<DateTime<Utc>>,
    source_user: UserFilter => through source_user_id,
    target_user: UserFilter => through target_user_id,
    assigned_to: UserFilter => through assigned_to,
    resolved_by: UserFilter => through resolved_by,
} }

order! { SecurityEventOrder, SecurityEventOrderField for SecurityEvent {
    /// When it was noticed.
    DetectedAt = detected_at,
    /// When it happened last.
    LastOccurredAt = last_occurred_at,
} default [DetectedAt Desc] }

pub fn queries(query: &mut Fields<Query>) {
    query
        .by_id::<SecurityEvent>("securityEvent")
        .about("A security event by its id; null when there is none that you may see.");
    query
        .list::<SecurityEvent>("securityEvents")
        .about("Security events of the organization, noticed last first unless ordered otherwise.");
}

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .change("securityEventReport", report)
        .needs("security_event.write")
        .in_person()
        .about("Reports a security event that no rule has noticed. Errors: INVALID, NOT_FOUND.");
    mutations
        .change("securityEventUpdate", update)
        .needs("security_event.write").in_person()
        .about("Changes how a security event is judged, but for its status. Errors: NOT_FOUND, CONFLICT, INVALID, STATE.");
    mutations
        .change("securityEventAssign", assign)
        .needs("security_event.write")
        .in_person()
        .about("Says who is to look into a security event. Errors: NOT_FOUND, CONFLICT.");
    mutations
        .change("securityEventInvestigate", investigate)
        .needs("security_event.write").in_person()
        .about("Begins to look into an open security event; you are to do so if nobody is. Errors: NOT_FOUND, CONFLICT, STATE.");
    mutations
        .change("securityEventResolve", resolve)
        .needs("security_event.write").in_person()
        .about("Ends a security event that is looked into: it was something, and is over. Errors: NOT_FOUND, CONFLICT, INVALID, STATE.");
    mutations
        .change("securityEventDismiss", dismiss)
        .needs("security_event.write")
        .in_person()
        .about("Ends a security event: it was nothing. Errors: NOT_FOUND, CONFLICT, INVALID, STATE.");
    mutations
        .change("securityEventReopen", reopen)
        .needs("security_event.write").in_person()
        .about("Opens an ended security event again; how it ended stays in the audit trail. Errors: NOT_FOUND, CONFLICT, STATE.");
    mutations
        .change("securityEventNotified", notified)
        .needs("security_event.write")
        .in_person()
        .about("Notes that the authority was told, now. Errors: NOT_FOUND, CONFLICT, STATE.");
}

/// A security event that was noticed by somebody.
#[derive(InputObject)]
struct SecurityEventReportInput {
    /// What kind of thing it is.
    event_type: SecurityEventType,
    /// How bad it is.
    severity: SecurityEventSeverity,
    /// The event in a few words.
    title: String,
    /// What happened. No secrets: everybody reads it who may see security events.
    description: Option<String>,
    /// Whether another system told of it.
    #[graphql(default)]
    is_external: bool,
    /// When it happened; now when absent.
    occurred_at: Option<DateTime<Utc>>,
    /// Who did it.
    source_user_id: Option<Id<User>>,
    /// To whom it was done.
    target_user_id: Option<Id<User>>,
    /// What it was done to.
    target_resource: Option<String>,
    /// What harm can come of it.
    potential_impact: Option<String>,
    /// Systems that it concerns, at most 100.
    affected_systems: Option<Vec<String>>,
    /// Kinds of data that it concerns, at most 100.
    affected_data_types: Option<Vec<String>>,
    /// Whether an authority has to be told.
    #[graphql(default)]
    regulatory_notification_required: bool,
}

async fn report(write: &mut Write, input: SecurityEventReportInput) -> Outcome<Id<SecurityEvent>> {
    // of people outside one learns nothing, not even that there are such
    for (person, name) in [(input.source_user_id, "sourceUserId"), (input.target_user_id, "targetUserId")] {
        if let Some(person) = person
            && Membership::lock(write, person.cast()).await?.is_none()
        {
            return Err(UserError::not_found(person, &["input", name]).into());
        }
    }
    let method =
        if input.is_external { DetectionMethod::ExternalAlert } else { DetectionMethod::ManualReview };
    let occurred_at = input.occurred_at.unwrap_or_else(clock::now);
    let event = Changes::default()
        .set(security_events::event_type, input.event_type)
        .set(security_events::severity, input.severity)
        .set(security_events::title, input.title)
        .set(security_events::description, input.description)
        .set(security_events::detection_method, method)
        .set(security_events::occurred_at, occurred_at)
        .set(security_events::last_occurred_at, occurred_at)
        .set(security_events::source_user_id, input.source_user_id)
        .set(security_events::target_user_id, input.target_user_id)
        .set(security_events::target_resource, input.target_resource)
        .set(security_events::potential_impact, input.potential_impact)
        .given(security_events::affected_systems, input.affected_systems.map(Texts))
        .given(security_events::affected_data_types, input.affected_data_types.map(Texts))
        .set(security_events::regulatory_notification_required, input.regulatory_notification_required);
    record::create(write, event).await
}

/// What to change of a security event. Absent: unchanged. Null: cleared.
#[derive(InputObject)]
struct SecurityEventUpdateInput {
    /// Which event.
    id: Id<SecurityEvent>,
    /// The version you read; refused when it is another by now.
    expected_version: Option<i32>,
    /// How bad it is.
    severity: Option<SecurityEventSeverity>,
    /// What harm can come of it.
    potential_impact: MaybeUndefined<String>,
    /// Systems that it concerns, at most 100.
    affected_systems: Option<Vec<String>>,
    /// Kinds of data that it concerns, at most 100.
    affected_data_types: Option<Vec<String>>,
    /// Whether an authority has to be told.
    regulatory_notification_required: Option<bool>,
}

async fn update(write: &mut Write, input: SecurityEventUpdateInput) -> Outcome<Id<SecurityEvent>> {
    let before = record::lock(write, input.id, input.expected_version).await?;
    let changes = Changes::default()
        .given(security_events::severity, input.severity)
        .patch(security_events::potential_impact, input.potential_impact)
        .given(security_events::affected_systems, input.affected_systems.map(Texts))
        .given(security_events::affected_data_types, input.affected_data_types.map(Texts))
        .given(security_events::regulatory_notification_required, input.regulatory_notification_required);
    record::update(write, before, changes).await
}

/// Who is to look into a security event.
#[derive(InputObject)]
struct SecurityEventAssignInput {
    /// Which event.
    id: Id<SecurityEvent>,
    /// The version you read; refused when it is another by now.
    expected_version: Option<i32>,
    /// Who; nobody when null.
    assigned_to: Option<Id<User>>,
}

async fn assign(write: &mut Write, input: SecurityEventAssignInput) -> Outcome<Id<SecurityEvent>> {
    let before = record::lock(write, input.id, input.expected_version).await?;
    let changes = Changes::default().set(security_events::assigned_to, input.assigned_to);
    record::change(write, "assigned", before, changes).await
}

async fn investigate(write: &mut Write, input: RecordInput<SecurityEvent>) -> Outcome<Id<SecurityEvent>> {
    let before = input.lock_living(write).await?;
    let assigned = before.assigned_to.or_else(|| write.caller().user.map(Id::of));
    let changes = Changes::default().set(security_events::assigned_to, assigned);
    advance(write, "investigated", before, SecurityEventStatus::Investigating, changes).await
}

/// How a security event ends.
#[derive(InputObject)]
struct SecurityEventEndInput {
    /// Which event.
    id: Id<SecurityEvent>,
    /// The version you read; refused when it is another by now.
    expected_version: Option<i32>,
    /// What came of it, or why it was nothing.
    notes: String,
}

async fn resolve(write: &mut Write, input: SecurityEventEndInput) -> Outcome<Id<SecurityEvent>> {
    end(write, "resolved", SecurityEventStatus::Resolved, input).await
}

async fn dismiss(write: &mut Write, input: SecurityEventEndInput) -> Outcome<Id<SecurityEvent>> {
    end(write, "dismissed", SecurityEventStatus::FalsePositive, input).await
}

async fn end(
    write: &mut Write,
    what: &str,
    status: SecurityEventStatus,
    input: SecurityEventEndInput,
) -> Outcome<Id<SecurityEvent>> {
    let before = record::lock(write, input.id, input.expected_version).await?;
    let changes = Changes::default().set(security_events::resolution_notes, Some(input.notes));
    advance(write, what, before, status, changes).await
}

async fn reopen(write: &mut Write, input: RecordInput<SecurityEvent>) -> Outcome<Id<SecurityEvent>> {
    let before = input.lock_living(write).await?;
    let changes = Changes::default().set(security_events::resolution_notes, None::<String>);
    advance(write, "reopened", before, SecurityEventStatus::Open, changes).await
}

/// Which state may follow which is the database's business; that a step is not taken twice is ours.
pub(super) async fn advance(
    write: &mut Write,
    what: &str,
    before: SecurityEvent,
    status: SecurityEventStatus,
    changes: Changes<security_events::table>,
) -> Outcome<Id<SecurityEvent>> {
    if before.status == status {
        let allowed: &[&str] = match status {
            SecurityEventStatus::Open => &["investigate", "dismiss"],
            SecurityEventStatus::Investigating => &["resolve", "dismiss"],
            SecurityEventStatus::Resolved | SecurityEventStatus::FalsePositive => &["reopen"],
        };
        return Err(UserError::state(say!("it is in this state already"), &["input", "id"], allowed).into());
    }
    record::change(write, what, before, changes.set(security_events::status, status)).await
}

async fn notified(write: &mut Write, input: RecordInput<SecurityEvent>) -> Outcome<Id<SecurityEvent>> {
    let before = input.lock_living(write).await?;
    let path = ["input", "id"];
    if !before.regulatory_notification_required {
        return Err(UserError::state(say!("no authority has to be told of it"), &path, &[]).into());
    }
    if before.notification_sent_at.is_some() {
        return Err(UserError::state(say!("the authority was told already"), &path, &[]).into());
    }
    let changes = Changes::default().set(security_events::notification_sent_at, Some(clock::now()));
    record::change(write, "notified", before, changes).await
}
