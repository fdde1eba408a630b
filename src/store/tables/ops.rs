// @generated automatically by Diesel CLI.

pub mod ops {
    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// Up to where the events of an organization were deleted, so that whoever comes back to a place before it is told.
        ops.event_floors (organization_id) {
            /// Organization whose events they were.
            organization_id -> Uuid,
            /// Transaction that wrote the last event that was deleted.
            xact -> Xid8,
            /// Identity of the last event that was deleted.
            id -> Uuid,
            /// When it was deleted.
            deleted_at -> Timestamptz,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// One thing that happened to a record, told to whoever follows it live.
        ops.events (organization_id, id) {
            /// Organization that the event belongs to.
            organization_id -> Uuid,
            /// Identity of the event, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// Transaction that wrote the event; events are told in the order of transactions, once no older one is open.
            xact -> Xid8,
            /// What the followers have chosen, such as the name of a kind of record or a single conversation.
            topic -> Text,
            /// Kind of record that it happened to.
            subject_type -> Text,
            /// Record that it happened to.
            subject_id -> Uuid,
            /// What happened, such as created, updated or deleted.
            kind -> Text,
            /// Little more to know, such as the changed fields, as a JSON object; never values that need a permission.
            payload -> Jsonb,
            /// When it happened.
            created_at -> Timestamptz,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// A request that must not be carried out twice, with its answer.
        ops.idempotency_keys (organization_id, actor_id, key) {
            /// Organization that the key belongs to.
            organization_id -> Uuid,
            /// Person or key that asks.
            actor_id -> Uuid,
            /// Key that the client chose for the request.
            key -> Text,
            /// What was asked for.
            operation -> Text,
            /// Hash of the request, to tell a repetition from a different one.
            request_hash -> Bytea,
            /// Answer that a repetition gets again; null while the first one runs.
            response -> Nullable<Jsonb>,
            /// When the request came first.
            created_at -> Timestamptz,
            /// Until when the key is remembered.
            expires_at -> Timestamptz,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// A GraphQL document that a client has published, to ask for it by its id.
        ops.trusted_documents (organization_id, id) {
            /// Organization whose clients may ask for it; the platform: everybody.
            organization_id -> Uuid,
            /// Identity that the client has given it, most often a hash of its text.
            id -> Text,
            /// SHA-256 of its text, in hexadecimal digits.
            sha256 -> Text,
            /// Client that has published it, such as web or ios.
            client -> Text,
            /// Name of its operation; null when it has none.
            operation -> Nullable<Text>,
            /// Its text.
            body -> Text,
            /// When it was published.
            published_at -> Timestamptz,
            /// Day on which it was asked for last; null when it never was.
            last_used_on -> Nullable<Date>,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// A document that was asked for and refused, since nobody has published it.
        ops.unknown_documents (organization_id, id) {
            /// Organization in which it was asked for; the platform where in none.
            organization_id -> Uuid,
            /// Identity by which it was asked for; the SHA-256 of its text where that came instead.
            id -> Text,
            /// Name of its operation, as far as it is known.
            operation -> Nullable<Text>,
            /// How often it was looked for; what is asked for again within seconds counts once.
            times -> Int8,
            /// When it was asked for first.
            first_seen_at -> Timestamptz,
            /// When it was asked for last.
            last_seen_at -> Timestamptz,
        }
    }

    diesel::allow_tables_to_appear_in_same_query!(
        event_floors,
        events,
        idempotency_keys,
        trusted_documents,
        unknown_documents,
    );
}
