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

        /// A part of the file of an export.
        ops.export_parts (organization_id, export_id, seq) {
            /// Organization that the part belongs to.
            organization_id -> Uuid,
            /// Export whose file it is a part of.
            export_id -> Uuid,
            /// Place of the part in the file, counted from 0.
            seq -> Int4,
            /// The bytes.
            content -> Bytea,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// A list written into a file in the background, for whoever asked for it alone: with what they may see at the moment at which each page is read, masked as in lists.
        ops.exports (organization_id, id) {
            /// Organization that the export belongs to.
            organization_id -> Uuid,
            /// Identity of the export, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// Person who asked for it; null where an API key did.
            user_id -> Nullable<Uuid>,
            /// Session in which the person asked for it: the export ends with it.
            session_id -> Nullable<Uuid>,
            /// API key that asked for it; null where a person did.
            api_key_id -> Nullable<Uuid>,
            /// Internet address from which it was asked for, on which rights may depend; null when not known.
            ip_address -> Nullable<Inet>,
            /// How the file is written: a JSON object per line, or comma-separated values. One of: ndjson, csv.
            format -> Text,
            /// GraphQL document whose list is exported.
            document -> Text,
            /// Values of the document's variables, as a JSON object.
            variables -> Jsonb,
            /// How far it is: waiting, being written, ready to be downloaded, given up for a reason that is told, cancelled, or its file is gone. One of: queued, running, completed, failed, cancelled, expired. Default: queued.
            status -> Text,
            /// Number of records written so far. Default: 0.
            row_count -> Int4,
            /// Size of the file so far, in bytes. Default: 0.
            byte_count -> Int8,
            /// Number of parts in which the file lies. Default: 0.
            part_count -> Int4,
            /// How many records there were when it began; null before.
            expected_row_count -> Nullable<Int4>,
            /// Of how many moments the records are. One: all of them are of one moment. More: a right changed meanwhile, a server was stopped, or it took long; then whatever was there all the time and kept its place is in the file once, and what was made or moved meanwhile may be missing or stand there twice. Default: 0.
            snapshot_count -> Int4,
            /// Place in the list up to which it is written; null at the beginning.
            cursor -> Nullable<Text>,
            /// Names the server that writes it; null while none does.
            lease_id -> Nullable<Uuid>,
            /// When another server goes on with it, unless the one that writes it has said by then that it does.
            lease_until -> Nullable<Timestamptz>,
            /// How many servers have begun with it or gone on. Default: 0.
            attempts -> Int4,
            /// Why it was given up, for programs; null unless it was.
            error_code -> Nullable<Text>,
            /// Why it was given up, for people; null unless it was.
            error_message -> Nullable<Text>,
            /// When it was asked for.
            created_at -> Timestamptz,
            /// When a server began with it; null before.
            started_at -> Nullable<Timestamptz>,
            /// When it was completed, given up or cancelled; null before.
            finished_at -> Nullable<Timestamptz>,
            /// Until when the file can be downloaded; null unless it is complete.
            expires_at -> Nullable<Timestamptz>,
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

        /// What is wrong with a row of an import.
        ops.import_errors (organization_id, id) {
            /// Organization that the import belongs to.
            organization_id -> Uuid,
            /// Identity, given by the server.
            id -> Uuid,
            /// Import whose row it is.
            import_id -> Uuid,
            /// Which row, counted from 1; blank lines, and the names of columns, are none.
            row_number -> Int4,
            /// What kind of mistake, for programs, as the user errors of the mutation have it.
            code -> Text,
            /// What is wrong and what would be right, for people.
            message -> Text,
            /// Where in the input of the mutation: input, value, amount.
            path -> Array<Nullable<Text>>,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// A part of the file of an import that is not done yet.
        ops.import_parts (organization_id, import_id, seq) {
            /// Organization that the part belongs to.
            organization_id -> Uuid,
            /// Import whose file it is a part of.
            import_id -> Uuid,
            /// Place of the part in the file, counted from 0.
            seq -> Int4,
            /// The bytes.
            content -> Bytea,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// Rows of a file that are given to a mutation one by one, in the background, by whoever asked for it alone: with what they may at the moment at which each batch is done.
        ops.imports (organization_id, id) {
            /// Organization that the import belongs to.
            organization_id -> Uuid,
            /// Identity of the import, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// Person who asked for it; null where an API key did.
            user_id -> Nullable<Uuid>,
            /// Session in which the person asked for it: the import ends with it.
            session_id -> Nullable<Uuid>,
            /// API key that asked for it; null where a person did.
            api_key_id -> Nullable<Uuid>,
            /// Internet address from which it was asked for, on which rights may depend; null when not known.
            ip_address -> Nullable<Inet>,
            /// GraphQL document with the mutation that each row is given to.
            mutation -> Text,
            /// How the file is written: a JSON object per line, or comma-separated values. One of: ndjson, csv.
            format -> Text,
            /// What becomes of the other rows where one cannot be done. One of: reject_all, reject_failed. Default: reject_failed.
            on_error -> Text,
            /// Whether it is only tried: each row is done and undone again. Default: false.
            dry_run -> Bool,
            /// How far it is: waiting for its file, waiting for a server, being done, done, given up for a reason that is told, cancelled, or its file never came. One of: awaiting_upload, queued, running, completed, failed, cancelled, expired. Default: awaiting_upload.
            status -> Text,
            /// Names the upload of its file that is going on or was the last; null before one has begun.
            upload_id -> Nullable<Uuid>,
            /// Size of the file, in bytes. Default: 0.
            byte_count -> Int8,
            /// Number of parts in which the file lies. Default: 0.
            part_count -> Int4,
            /// How many rows the file has; null before it has come.
            expected_row_count -> Nullable<Int4>,
            /// Place in the file up to which it is done, in bytes. Default: 0.
            position -> Int8,
            /// Number of rows that were looked at so far. Default: 0.
            row_count -> Int4,
            /// Number of records made so far; where it is only tried, of those that would be. Default: 0.
            created_count -> Int4,
            /// Number of rows whose record was there before: it was changed, or is as the row has it already. Default: 0.
            updated_count -> Int4,
            /// Number of rows that could not be done. Default: 0.
            failed_count -> Int4,
            /// Names the server that does it; null while none does.
            lease_id -> Nullable<Uuid>,
            /// When another server goes on with it, unless the one that does it has said by then that it does.
            lease_until -> Nullable<Timestamptz>,
            /// How many servers have begun with it or gone on since it last came further. Default: 0.
            attempts -> Int4,
            /// Why it was given up, for programs; null unless it was.
            error_code -> Nullable<Text>,
            /// Why it was given up, for people; null unless it was.
            error_message -> Nullable<Text>,
            /// When it was asked for.
            created_at -> Timestamptz,
            /// Until when the upload of its file can begin and end.
            upload_until -> Timestamptz,
            /// When a server began with it; null before.
            started_at -> Nullable<Timestamptz>,
            /// When it was done, given up or cancelled, or its file was waited for no longer; null before.
            finished_at -> Nullable<Timestamptz>,
            /// Until when it is kept what was wrong with its rows; null where nothing is kept.
            errors_until -> Nullable<Timestamptz>,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// The words of a message, as they are searched for.
        ops.message_words (organization_id, message_id) {
            /// Organization that the message belongs to.
            organization_id -> Uuid,
            /// The message.
            message_id -> Uuid,
            /// Its words, each with its organization and kind in front.
            words -> Tsvector,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// The words of a record, as they are searched for.
        ops.search_entries (organization_id, subject_type, subject_id) {
            /// Organization that the record belongs to.
            organization_id -> Uuid,
            /// Kind of record.
            subject_type -> Text,
            /// The record.
            subject_id -> Uuid,
            /// Its words, each with its organization and kind in front.
            words -> Tsvector,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// How far the words of an organization's messages are written.
        ops.search_progress (organization_id) {
            /// Organization whose messages they are.
            organization_id -> Uuid,
            /// Transaction of the last event that was looked at. Default: 0.
            xact -> Xid8,
            /// Identity of that event. Default: 00000000-0000-0000-0000-000000000000.
            id -> Uuid,
            /// Messages up to this one have their words, while all of them are gone through, the oldest first; null when that is done.
            through -> Nullable<Uuid>,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// An operation that took longer than it should; only the latest are kept.
        ops.slow_operations (organization_id, id) {
            /// Organization in which it was asked for; the platform where in none.
            organization_id -> Uuid,
            /// Identity, given by the server; it orders by time.
            id -> Uuid,
            /// Id of the request, as log and errors have it.
            request_id -> Text,
            /// Id of its trace, where there is one.
            trace_id -> Nullable<Text>,
            /// What it does, as far as it was read. One of: query, mutation, subscription.
            kind -> Nullable<Text>,
            /// Name of the operation; null when it has none.
            operation -> Nullable<Text>,
            /// Code of its first error; null when it has none.
            code -> Nullable<Text>,
            /// How long it took, in milliseconds.
            took_ms -> Int8,
            /// How long its statements took, one after the other, in milliseconds.
            database_ms -> Int8,
            /// How long it waited for connections to the database, in milliseconds.
            waiting_ms -> Int8,
            /// What it could cost, in points.
            cost -> Int8,
            /// Its statements by class: how many, how long, how many rows.
            statements -> Jsonb,
            /// Class of the statement that took longest.
            slowest -> Nullable<Text>,
            /// How long that took, in milliseconds.
            slowest_ms -> Nullable<Int8>,
            /// How PostgreSQL carries that statement out, whatever its values are; null when it could not say.
            plan -> Nullable<Text>,
            /// When it was noted.
            noted_at -> Timestamptz,
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
        export_parts,
        exports,
        idempotency_keys,
        import_errors,
        import_parts,
        imports,
        message_words,
        search_entries,
        search_progress,
        slow_operations,
        trusted_documents,
        unknown_documents,
    );
}
