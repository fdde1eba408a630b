// @generated automatically by Diesel CLI.

pub mod billing {
    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// What organizations can subscribe to: a price, features, and the quotas that come with it. Plans are the platform's.
        billing.plans (organization_id, id) {
            /// The platform: plans are the same for all organizations.
            organization_id -> Uuid,
            /// Identity of the plan, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// Short name for programs: small letters, digits and underscores; it never changes.
            key -> Text,
            /// Name as people read it.
            name -> Text,
            /// What the plan contains, by name, as a JSON object.
            features -> Jsonb,
            /// Price of a cycle in hundredths of the currency. Default: 0.
            amount_cents -> Int8,
            /// Currency of the price. Default: USD.
            currency -> Bpchar,
            /// How often it is paid. One of: monthly, annual. Default: monthly.
            billing_cycle -> Text,
            /// How many days an organization may try it, 1 to 365. Default: 14.
            trial_days -> Int4,
            /// How much of everything the plan allows.
            default_quotas -> Jsonb,
            /// Whether new organizations begin with it; one plan is the default. Default: false.
            is_default -> Bool,
            /// Whether it can be subscribed to; those who have it keep it. Default: true.
            is_active -> Bool,
            /// When the plan was created.
            created_at -> Timestamptz,
            /// When the plan was last changed.
            updated_at -> Timestamptz,
            /// Version of the plan: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else's change.
            revision -> Int4,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// How much an organization may use of something in a day, in a month or at all. What has no quota is not limited.
        billing.quotas (organization_id, id) {
            /// Organization that is limited.
            organization_id -> Uuid,
            /// Identity of the quota, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// What is limited. One of: messages, seats.
            metric -> Text,
            /// What it is counted over. Days and months begin at midnight UTC. One of: day, month, lifetime. Default: day.
            period -> Text,
            /// How much is allowed within the period.
            limit_value -> Int8,
            /// What happens beyond the limit: hard refuses, soft allows and tells. One of: hard, soft. Default: hard.
            enforcement -> Text,
            /// Whether the platform has set it for this organization alone; a change of plan leaves it. Default: false.
            is_custom -> Bool,
            /// When a soft limit was exceeded last, told once a period; null while it never was.
            exceeded_at -> Nullable<Timestamptz>,
            /// When the quota was created.
            created_at -> Timestamptz,
            /// When the quota was last changed.
            updated_at -> Timestamptz,
            /// Version of the quota: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else's change.
            revision -> Int4,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// What an organization has subscribed to: one plan at a time, at the price of the day on which it was taken.
        billing.subscriptions (organization_id, id) {
            /// Organization that has subscribed.
            organization_id -> Uuid,
            /// Identity of the subscription, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// Plan that was subscribed to.
            plan_id -> Uuid,
            /// The platform, whose plan it is.
            plan_org_id -> Uuid,
            /// What the plan contained when it was taken, by name, as a JSON object.
            plan_features -> Jsonb,
            /// How often it is paid. One of: monthly, annual. Default: monthly.
            billing_cycle -> Text,
            /// Price of a cycle in hundredths of the currency.
            amount_cents -> Int8,
            /// Currency of the price. Default: USD.
            currency -> Bpchar,
            /// State of the subscription: trialing until the trial ends, active while it is paid, past due when it should have been, suspended where the platform waits no longer, canceled for good. One of: trialing, active, past_due, suspended, canceled. Default: trialing.
            status -> Text,
            /// When the present cycle began, or the trial.
            current_period_start -> Timestamptz,
            /// When the present cycle ends, or the trial.
            current_period_end -> Timestamptz,
            /// When the trial ends or ended; null for a subscription that began without.
            trial_end -> Nullable<Timestamptz>,
            /// When it was canceled; null while it lives.
            canceled_at -> Nullable<Timestamptz>,
            /// When the subscription was created.
            created_at -> Timestamptz,
            /// When the subscription was last changed.
            updated_at -> Timestamptz,
            /// Version of the subscription: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else's change.
            revision -> Int4,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// Counts what an organization has used by day and by month. Several rows share a period, so that writers do not wait for each other: their sum counts.
        billing.usage (organization_id, period, starts_on, shard) {
            /// Organization that is counted.
            organization_id -> Uuid,
            /// Whether a day or a month is counted. One of: day, month.
            period -> Text,
            /// First day of the period, in UTC.
            starts_on -> Date,
            /// Which of the rows that share the period; it follows from the conversation.
            shard -> Int2,
            /// How many messages were written. Default: 0.
            messages -> Int8,
            /// How many tokens language models have read and written. Default: 0.
            tokens_used -> Int8,
            /// What that cost, in US dollars. Default: 0.
            cost_usd -> Numeric,
        }
    }

    diesel::allow_tables_to_appear_in_same_query!(plans, quotas, subscriptions, usage,);
}
