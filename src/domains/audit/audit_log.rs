//! The audit log: one entry per act, written in the act's own transaction and never changed (B097, B098).
use ipnet::IpNet;

use crate::{
    domains::{
        audit::audit_review::AuditReview,
        identity::user::{User, UserFilter},
        prelude::*,
    },
    graph::{
        rows::{AnyId, prefix_of_type},
        visit::View,
    },
    store::{
        id::Kind,
        select::{Bind, Operator},
        tables::audit::{audit_logs, audit_reviews},
        value::{Hash, Texts},
    },
};

text_enum! {
    /// What kind of actor did something.
    AuditActorType {
        /// A person.
        Human = "human",
        /// An agent that acts for a person.
        AiAgent = "ai_agent",
        /// Portico itself.
        System = "system",
        /// A program with a key.
        ApiKey = "api_key",
    }
}

text_enum! {
    /// How much harm an act could do.
    AuditRiskLevel {
        /// Hardly any.
        Low = "low",
        /// Some.
        Medium = "medium",
        /// Much.
        High = "high",
        /// It could threaten the organization.
        Critical = "critical",
    }
}

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = audit_logs, check_for_backend(Pg))]
pub struct AuditLog {
    pub id: Id<AuditLog>,
    pub seq: Option<i64>,
    pub actor_type: AuditActorType,
    pub actor_id: Option<Id<User>>,
    pub actor_name: String,
    pub actor_email: Option<String>,
    pub event_type: String,
    pub action: String,
    pub action_category: Option<String>,
    pub resource_type: Option<String>,
    pub resource_id: Option<String>,
    pub resource_name: Option<String>,
    pub old_values: Option<Json>,
    pub new_values: Option<Json>,
    pub changed_fields: Option<Texts>,
    pub details: Json,
    pub action_description: Option<String>,
    pub business_context: Option<String>,
    pub success: bool,
    pub error_message: Option<String>,
    pub risk_level: AuditRiskLevel,
    pub requires_review: bool,
    pub ip_address: Option<IpNet>,
    pub user_agent: Option<String>,
    pub request_id: Option<String>,
    pub application_name: Option<String>,
    pub service_name: Option<String>,
    pub api_endpoint: Option<String>,
    pub compliance_relevant: bool,
    pub retention_period_days: i32,
    pub additional_data: Json,
    pub occurred_at: DateTime<Utc>,
    pub prev_hash: Option<Hash>,
    pub hash: Option<Hash>,
    pub impersonated_by: Option<Id<User>>,
    pub impersonated_by_name: Option<String>,
}

entity!(AuditLog, "audit", audit::audit_logs, needs "audit.read");

impl Entity for AuditLog {
    fn fields(entry: &mut Fields<Self>) {
        columns! { entry: AuditLog {
            id, seq, actor_type, actor_name, actor_email needs "audit.personal.read", event_type, action,
            action_category, resource_type, resource_name, changed_fields, details needs "audit.values.read",
            action_description, business_context, success, error_message, risk_level, requires_review,
            ip_address needs "audit.personal.read", user_agent needs "audit.personal.read", request_id,
            application_name, service_name, api_endpoint, compliance_relevant, retention_period_days,
            additional_data needs "audit.values.read", occurred_at, prev_hash, hash,
            impersonated_by_name,
        } keeps { actor_id, resource_id, old_values, new_values, impersonated_by } }
        entry.follow("actorEmail", &[("User", "email")]);
        let name = &[("User", "displayName"), ("User", "firstName"), ("User", "lastName")];
        entry.follow("impersonatedByName", name);
        entry.masked_as("actorName", |entry, _| {
            // somebody without a name is called by their address
            let is_address = entry.actor_email.as_ref() == Some(&entry.actor_name);
            let person = entry.actor_type == AuditActorType::Human;
            person.then_some(("User", if is_address { "email" } else { "displayName" }))
        });
        entry
            .computed("oldValues", |entry, view| entry.shown(entry.old_values.as_ref(), view))
            .about_column("old_values")
            .needs("audit.values.read");
        entry
            .computed("newValues", |entry, view| entry.shown(entry.new_values.as_ref(), view))
            .about_column("new_values")
            .needs("audit.values.read");
        entry
            .one("actor", |entry| entry.actor_id.filter(|_| entry.actor_type == AuditActorType::Human))
            .about("The person who acted; null when it was not a person, or nobody you share an organization with.");
        entry
            .one("impersonatedBy", |entry| entry.impersonated_by)
            .about("Who acted as the actor; null where the actor acted, or for nobody you share an organization with.");
        entry
            .any("resource", AuditLog::resource)
            .about("The record concerned, as it is now; null when there is none, or none any more.");
        entry
            .children::<AuditReview>("reviews", audit_reviews::audit_log_id)
            .about("What people concluded from looking at it.");
        entry
            .aggregate()
            .ranges(&["occurredAt"])
            .by(&[
                "actorType",
                "eventType",
                "action",
                "actionCategory",
                "resourceType",
                "success",
                "riskLevel",
                "requiresReview",
                "complianceRelevant",
                "applicationName",
            ])
            .by_period(&["occurredAt"]);
    }
}

impl AuditLog {
    /// The values of a record, those that are masked as the record itself shows them.
    fn shown(&self, values: Option<&Json>, view: View<'_>) -> Option<Json> {
        let mut values = values?.clone();
        if let (Some(ty), Some(fields)) = (&self.resource_type, values.0.as_object_mut()) {
            for (field, value) in fields {
                if let Some(masked) = view.masked(ty, field, value) {
                    *value = masked;
                }
            }
        }
        Some(values)
    }

    /// The id of the record concerned, where its type is one of the schema's.
    fn resource(&self) -> Option<AnyId> {
        let prefix = prefix_of_type(self.resource_type.as_deref()?)?.to_owned();
        Some(AnyId { prefix, uuid: self.resource_id.as_deref()?.parse().ok()? })
    }
}

/// Lets every record show its own entries.
pub fn trail<T: Entity>(record: &mut Fields<T>) {
    let own = Condition::Compare(
        name(audit_logs::resource_type),
        Operator::Eq,
        Bind::Text(<T as Kind>::NAME.to_owned()),
    );
    let own = own.and(Condition::OfParentText(name(audit_logs::resource_id)));
    record
        .pages::<AuditLog>("auditTrail", |record| record.id().0, Link::Where(own))
        .about("Who did what to it, newest first unless ordered otherwise.");
}

filter! { AuditLogFilter for AuditLog in audit_logs {
    id: Compare<Id<AuditLog>>,
    actor_type: Compare<AuditActorType>,
    actor: UserFilter => through actor_id,
    impersonated_by: UserFilter => through impersonated_by,
    event_type: Compare<String>,
    action: Compare<String>,
    action_category: Compare<String>,
    resource_type: Compare<String>,
    resource: Compare<AnyId> => column resource_id,
    success: Compare<bool>,
    risk_level: Compare<AuditRiskLevel>,
    requires_review: Compare<bool>,
    compliance_relevant: Compare<bool>,
    request_id: Compare<String>,
    occurred_at: Compare<DateTime<Utc>>,
    reviews: Related<AuditReview> => by audit_reviews::audit_log_id,
} }

order! { AuditLogOrder, AuditLogOrderField for AuditLog {
    /// When it was done.
    OccurredAt = occurred_at,
    /// Its number in the chain.
    Seq = seq,
} default [OccurredAt Desc] }

pub fn queries(query: &mut Fields<Query>) {
    query
        .by_id::<AuditLog>("auditLog")
        .about("An audit entry by its id; null when there is none that you may see.");
    query.list::<AuditLog>("auditLogs").about("Audit entries, newest first unless ordered otherwise.");
}
