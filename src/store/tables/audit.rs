// @generated automatically by Diesel CLI.

pub mod audit {
    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// One act in the organization: who did what to which record, when, from where, with the values before and after. Never changed, and deleted only with the whole organization, when that is purged.
        audit.audit_logs (organization_id, id) {
            /// Organization that the audit entry belongs to.
            organization_id -> Uuid,
            /// Identity of the audit entry, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// Number of the entry in the organization's chain; null for the few seconds until it is sealed.
            seq -> Nullable<Int8>,
            /// What kind of actor it was. One of: human, ai_agent, system, api_key.
            actor_type -> Text,
            /// Person, agent or key that acted; null when unknown or the platform itself.
            actor_id -> Nullable<Uuid>,
            /// Name of the actor at that time.
            actor_name -> Text,
            /// E-mail address of the actor at that time; null for none.
            actor_email -> Nullable<Text>,
            /// Kind of event, such as mutation, sign_in or access_denied.
            event_type -> Text,
            /// What was done, such as dealUpdate.
            action -> Text,
            /// Field of the act, such as sales or access; null when none fits.
            action_category -> Nullable<Text>,
            /// Kind of record concerned; null when none is.
            resource_type -> Nullable<Text>,
            /// Id of the record concerned; null when none is.
            resource_id -> Nullable<Text>,
            /// Name of the record at that time; null when it has none.
            resource_name -> Nullable<Text>,
            /// Changed fields before the act, as a JSON object; null when the record is new.
            old_values -> Nullable<Jsonb>,
            /// Changed fields after the act, as a JSON object; null when the record was deleted.
            new_values -> Nullable<Jsonb>,
            /// Names of the changed fields; null when nothing was changed.
            changed_fields -> Nullable<Array<Nullable<Text>>>,
            /// Further facts about the act, as a JSON object.
            details -> Jsonb,
            /// The act in a sentence; null when the other fields say it all.
            action_description -> Nullable<Text>,
            /// Why it was done, in words of the actor; null when not told.
            business_context -> Nullable<Text>,
            /// Whether the act succeeded. Default: true.
            success -> Bool,
            /// Why it failed; null when it succeeded.
            error_message -> Nullable<Text>,
            /// How much harm such an act could do. One of: low, medium, high, critical. Default: low.
            risk_level -> Text,
            /// Whether somebody should look at the entry. Default: false.
            requires_review -> Bool,
            /// Internet address that the act came from; null when unknown.
            ip_address -> Nullable<Inet>,
            /// Program that was used, as it names itself; null when unknown.
            user_agent -> Nullable<Text>,
            /// Session in which it was done; null when there was none.
            session_id -> Nullable<Uuid>,
            /// Request in which it was done, as told to the client; null outside of requests.
            request_id -> Nullable<Text>,
            /// Application that was used; null when unknown.
            application_name -> Nullable<Text>,
            /// Part of Portico that acted; null when it does not matter.
            service_name -> Nullable<Text>,
            /// Address or operation that was called; null outside of requests.
            api_endpoint -> Nullable<Text>,
            /// Whether the entry matters for compliance reports. Default: false.
            compliance_relevant -> Bool,
            /// How many days the entry is kept; 2555 days are seven years. Default: 2555.
            retention_period_days -> Int4,
            /// Free data of integrations, as a JSON object.
            additional_data -> Jsonb,
            /// When it was done.
            occurred_at -> Timestamptz,
            /// Hash of the entry before in the chain; null for the first one, and until the entry is sealed.
            prev_hash -> Nullable<Bytea>,
            /// Hash over this entry and the one before, which shows any later change; null until the entry is sealed.
            hash -> Nullable<Bytea>,
            /// Who acted as the actor; null where the actor acted.
            impersonated_by -> Nullable<Uuid>,
            /// Name at that time of who acted as the actor; null where the actor acted.
            impersonated_by_name -> Nullable<Text>,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// What somebody concluded from looking at an audit entry. Never changed.
        audit.audit_reviews (organization_id, id) {
            /// Organization that the review belongs to.
            organization_id -> Uuid,
            /// Identity of the review, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// Entry that was looked at.
            audit_log_id -> Uuid,
            /// Person who looked at it.
            reviewed_by -> Uuid,
            /// What the person concluded. One of: acknowledged, escalated.
            outcome -> Text,
            /// What the person noted; null for nothing.
            notes -> Nullable<Text>,
            /// When it was looked at.
            reviewed_at -> Timestamptz,
        }
    }

    diesel::allow_tables_to_appear_in_same_query!(audit_logs, audit_reviews,);
}
