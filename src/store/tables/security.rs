// @generated automatically by Diesel CLI.

pub mod security {
    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// A kind of data by how sensitive they are, and how they must be handled. The platform brings five; an organization may add its own.
        security.data_classifications (organization_id, id) {
            /// Organization that the classification belongs to; the platform for built-in ones.
            organization_id -> Uuid,
            /// Identity of the classification, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// Name of the classification.
            name -> Text,
            /// What is of this kind; null when not told.
            description -> Nullable<Text>,
            /// How sensitive the data are: 1 public, 2 internal, 3 confidential, 4 restricted, 5 top secret. It also says who sees masked data in clear: holders of data.internal.read, data.confidential.read, data.restricted.read and data.top_secret.read.
            sensitivity_level -> Int4,
            /// Frameworks that ask for it, such as GDPR, at most 50.
            compliance_frameworks -> Array<Nullable<Text>>,
            /// How many days such data are kept; null for no end.
            retention_period_days -> Nullable<Int4>,
            /// Whether such data have to be kept encrypted. Default: false.
            encryption_required -> Bool,
            /// Whether such data are masked for everybody who lacks the permission of their level. Default: false.
            masking_required -> Bool,
            /// Whether it has to be written down who reads such data. Default: true.
            access_logging_required -> Bool,
            /// How such data are masked where their element does not say otherwise: redact not at all, partial the end alone, hash a value that cannot be turned back, tokenize the same token for the same value. One of: redact, partial, hash, tokenize. Default: redact.
            masking_method -> Text,
            /// How many characters of the end are shown where the method is partial, 0 to 20. Default: 4.
            keep -> Int2,
            /// Person who made it; null when it was not a person.
            created_by -> Nullable<Uuid>,
            /// When the classification was created.
            created_at -> Timestamptz,
            /// When the classification was last changed.
            updated_at -> Timestamptz,
            /// Version of the classification: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else's change.
            revision -> Int4,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// Says how a field of the API is classified. The platform does so for personal data; what an organization says of a field takes the place of that.
        security.data_elements (organization_id, id) {
            /// Organization that the element belongs to; the platform for built-in ones.
            organization_id -> Uuid,
            /// Identity of the element, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// Field that it is about, as type and field: User.email.
            field -> Text,
            /// What the field holds. One of: email, phone, name, birth_date, gender, address, ip_address, financial, other.
            element_type -> Text,
            /// How the field is classified.
            classification_id -> Uuid,
            /// Organization that the classification belongs to: this one, or the platform for built-in ones.
            classification_org_id -> Uuid,
            /// How the field is masked; as its classification says when null. One of: redact, partial, hash, tokenize.
            masking_method -> Nullable<Text>,
            /// How many characters of the end are shown where the method is partial, 0 to 20; as its classification says when null.
            keep -> Nullable<Int2>,
            /// Whether it counts; where not, the field is not classified. Default: true.
            is_active -> Bool,
            /// Person who made it; null when it was not a person.
            created_by -> Nullable<Uuid>,
            /// When the element was created.
            created_at -> Timestamptz,
            /// When the element was last changed.
            updated_at -> Timestamptz,
            /// Version of the element: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else's change.
            revision -> Int4,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// Says how certain fields are shown to certain people. Of the policies that concern a person and a field, the one with the smallest priority counts.
        security.masking_policies (organization_id, id) {
            /// Organization that the policy belongs to.
            organization_id -> Uuid,
            /// Identity of the policy, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// Name of the policy.
            name -> Text,
            /// What the policy is for; null when not told.
            description -> Nullable<Text>,
            /// Fields that it is about, as type and field: User.email, Account.name; none where it is about a classification.
            fields -> Array<Nullable<Text>>,
            /// How the fields are shown: none as they are, redact not at all, partial the end alone, hash a value that cannot be turned back, tokenize the same token for the same value. One of: none, redact, partial, hash, tokenize.
            method -> Text,
            /// How many characters of the end are shown where the method is partial, 0 to 20. Default: 4.
            keep -> Int2,
            /// Which policy counts of several: the one with the smallest number. Default: 100.
            priority -> Int4,
            /// Whether it counts. Default: true.
            is_active -> Bool,
            /// Person who made it; null when it was not a person.
            created_by -> Nullable<Uuid>,
            /// When the policy was created.
            created_at -> Timestamptz,
            /// When the policy was last changed.
            updated_at -> Timestamptz,
            /// Version of the policy: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else's change.
            revision -> Int4,
            /// Classification whose fields it is about; null where it names them itself.
            classification_id -> Nullable<Uuid>,
            /// Organization that the classification belongs to: this one, or the platform for built-in ones; null with it.
            classification_org_id -> Nullable<Uuid>,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// Says that a policy concerns the people who hold a role. A policy with neither roles nor people concerns everybody.
        security.masking_policy_roles (organization_id, policy_id, role_id) {
            /// Organization that the policy belongs to.
            organization_id -> Uuid,
            /// Policy that concerns the role.
            policy_id -> Uuid,
            /// Role that the policy concerns.
            role_id -> Uuid,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// Says that a policy concerns a person. A policy with neither roles nor people concerns everybody.
        security.masking_policy_users (organization_id, policy_id, user_id) {
            /// Organization that the policy belongs to.
            organization_id -> Uuid,
            /// Policy that concerns the person.
            policy_id -> Uuid,
            /// Person that the policy concerns.
            user_id -> Uuid,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// Something that was noticed: a sign of an attack, or a change that weakens the protection. What repeats itself while nobody has ended it is one event with a count.
        security.security_events (organization_id, id) {
            /// Organization that the event concerns; the platform where it concerns none.
            organization_id -> Uuid,
            /// Identity of the event, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// What kind of thing it is. One of: failed_login, credential_reuse, privilege_change, protection_weakened, cross_tenant_attempt, suspicious_activity, data_breach, other.
            event_type -> Text,
            /// How bad it is. One of: info, low, medium, high, critical.
            severity -> Text,
            /// The event in a few words.
            title -> Text,
            /// What happened; null when the title says it all.
            description -> Nullable<Text>,
            /// Person who did it; null when it is not known, or was nobody.
            source_user_id -> Nullable<Uuid>,
            /// Person to whom it was done; null when it concerns nobody in particular.
            target_user_id -> Nullable<Uuid>,
            /// Internet address that it came from last; null when unknown.
            source_ip -> Nullable<Inet>,
            /// What it was done to: the id of a record, or the name of an operation; null when nothing in particular.
            target_resource -> Nullable<Text>,
            /// How it was noticed: by a rule of the server, by a person, or told by another system. One of: automated_rule, manual_review, external_alert. Default: automated_rule.
            detection_method -> Text,
            /// Name of the rule that noticed it; null when none did.
            detection_rule -> Nullable<Text>,
            /// What makes a repetition the same event; null once it was ended, and for what people report.
            burst_key -> Nullable<Text>,
            /// How many times it happened. Default: 1.
            occurrences -> Int4,
            /// When it happened first.
            occurred_at -> Timestamptz,
            /// When it happened last.
            last_occurred_at -> Timestamptz,
            /// When it was noticed.
            detected_at -> Timestamptz,
            /// What harm can come of it; null when not told.
            potential_impact -> Nullable<Text>,
            /// Systems that it concerns, at most 100.
            affected_systems -> Array<Nullable<Text>>,
            /// Kinds of data that it concerns, at most 100.
            affected_data_types -> Array<Nullable<Text>>,
            /// State of the event: from open to investigating, then resolved or false_positive; from there it may be opened again. One of: open, investigating, resolved, false_positive. Default: open.
            status -> Text,
            /// Person who is to look into it; null for nobody yet.
            assigned_to -> Nullable<Uuid>,
            /// What came of it, or why it is none; null as long as it has not ended.
            resolution_notes -> Nullable<Text>,
            /// When it was ended; null before.
            resolved_at -> Nullable<Timestamptz>,
            /// Person who ended it; null before, or when a program did.
            resolved_by -> Nullable<Uuid>,
            /// Whether an authority has to be told, within 72 hours. Default: false.
            regulatory_notification_required -> Bool,
            /// When the authority was told; null before.
            notification_sent_at -> Nullable<Timestamptz>,
            /// Further facts, as a JSON object; never a secret.
            event_data -> Jsonb,
            /// When the record was made.
            created_at -> Timestamptz,
            /// When the record was last changed by somebody.
            updated_at -> Timestamptz,
            /// Version of the event: starts at 1 and grows by one with every change that somebody makes; repetitions do not count. Send it back as the expected version to refuse overwriting somebody else's change.
            revision -> Int4,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// Counts what is no security event yet: a rule that needs several of a kind within a time counts them here.
        security.signals (organization_id, rule, signal_key) {
            /// Organization that it concerns; the platform where it concerns none.
            organization_id -> Uuid,
            /// Name of the rule that counts.
            rule -> Text,
            /// Of whom or what it is counted.
            signal_key -> Text,
            /// The different things that were tried, as hashes, as many as the rule needs to know.
            subjects -> Array<Nullable<Text>>,
            /// How many times within the time. Default: 1.
            seen -> Int4,
            /// When the time began.
            first_at -> Timestamptz,
            /// When it was counted last.
            last_at -> Timestamptz,
        }
    }

    diesel::allow_tables_to_appear_in_same_query!(
        data_classifications,
        data_elements,
        masking_policies,
        masking_policy_roles,
        masking_policy_users,
        security_events,
        signals,
    );
}
