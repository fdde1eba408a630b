// @generated automatically by Diesel CLI.

pub mod security {
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
            /// Fields that it is about, as type and field: User.email, Account.name.
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

    diesel::allow_tables_to_appear_in_same_query!(
        masking_policies,
        masking_policy_roles,
        masking_policy_users,
    );
}
