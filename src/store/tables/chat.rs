// @generated automatically by Diesel CLI.

pub mod chat {
    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// That the owner of a conversation lets others read it: a person, a team, or everybody in the organization.
        chat.conversation_shares (organization_id, id) {
            /// Organization that the conversation share belongs to.
            organization_id -> Uuid,
            /// Identity of the conversation share, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// Conversation that is shared, as far as it has come and with what is said later.
            conversation_id -> Uuid,
            /// With whom it is shared. One of: person, team, organization.
            audience -> Text,
            /// Person who may read it; null where it is not shared with one person.
            user_id -> Nullable<Uuid>,
            /// Team whose members may read it, whoever is in it at the time; null where it is not shared with a team.
            team_id -> Nullable<Uuid>,
            /// Person who shared it, who owns the conversation.
            created_by -> Uuid,
            /// When the share ends by itself; null for never.
            expires_at -> Nullable<Timestamptz>,
            /// When the share was withdrawn; null while it was not.
            revoked_at -> Nullable<Timestamptz>,
            /// When the conversation share was created.
            created_at -> Timestamptz,
            /// When the conversation share was last changed.
            updated_at -> Timestamptz,
            /// Version of the conversation share: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else's change.
            revision -> Int4,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// A conversation of a member with the assistant, and with colleagues who take part.
        chat.conversations (organization_id, id) {
            /// Organization that the conversation belongs to.
            organization_id -> Uuid,
            /// Identity of the conversation, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// Person who started the conversation and owns it.
            user_id -> Uuid,
            /// Title as shown in lists; null until one is given or made up.
            title -> Nullable<Text>,
            /// What the conversation is about, in words of its owner; null when not told.
            description -> Nullable<Text>,
            /// What was said so far in short; null until one is written.
            summary -> Nullable<Text>,
            /// What the conversation is for. One of: chat, analysis, generation. Default: chat.
            conversation_type -> Text,
            /// What the assistant knows beforehand, as a JSON object.
            context -> Jsonb,
            /// Instruction that the assistant follows throughout; null for the organization's own.
            system_prompt -> Nullable<Text>,
            /// State of the conversation: only an active one takes messages. One of: active, archived, deleted. Default: active.
            status -> Text,
            /// Language model that answers; null for the organization's choice.
            default_model_id -> Nullable<Uuid>,
            /// Organization that the language model belongs to: this one, or the platform; null without a model.
            default_model_org_id -> Nullable<Uuid>,
            /// Settings of the language model, such as temperature, as a JSON object.
            model_parameters -> Jsonb,
            /// How many messages the conversation has; kept by the database. Default: 0.
            message_count -> Int4,
            /// Sum of the tokens of all messages; kept by the database. Default: 0.
            total_tokens -> Int8,
            /// Sum of the estimated cost of all messages, in US dollars; kept by the database. Default: 0.
            total_cost -> Numeric,
            /// When the newest message was written; null while there is none. Kept by the database.
            last_message_at -> Nullable<Timestamptz>,
            /// When the conversation was created.
            created_at -> Timestamptz,
            /// When the conversation was last changed.
            updated_at -> Timestamptz,
            /// Version of the conversation: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else's change.
            revision -> Int4,
            /// When the conversation was archived; null while it is not.
            archived_at -> Nullable<Timestamptz>,
            /// When the conversation was deleted; null while it lives.
            deleted_at -> Nullable<Timestamptz>,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// One utterance in a conversation, by a person, the assistant or a tool. Messages are never changed; an edit is a new message beside the old one.
        chat.messages (organization_id, id) {
            /// Organization that the message belongs to.
            organization_id -> Uuid,
            /// Identity of the message, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// Conversation that the message is part of.
            conversation_id -> Uuid,
            /// Number of the message in its conversation: 1, 2, 3 … without gaps, in the order in which messages became visible.
            seq -> Int8,
            /// Who speaks. The value function is an older name of tool. One of: user, assistant, system, tool, function.
            role -> Text,
            /// What is said.
            content -> Text,
            /// Form of the content. One of: text, image, file, function_call. Default: text.
            content_type -> Text,
            /// Person who wrote the message; null when no person did.
            author_id -> Nullable<Uuid>,
            /// Language model that wrote the message; null when none did.
            model_id -> Nullable<Uuid>,
            /// Version of that model as its provider names it; null when unknown or no model wrote it.
            model_version -> Nullable<Text>,
            /// Settings with which the model wrote the message, as a JSON object.
            model_parameters -> Jsonb,
            /// Tokens that the model read. Default: 0.
            prompt_tokens -> Int4,
            /// Tokens that the model wrote. Default: 0.
            completion_tokens -> Int4,
            /// Tokens read and written together. Default: 0.
            total_tokens -> Int4,
            /// What the message cost, in US dollars at the price of that time. Default: 0.
            estimated_cost -> Numeric,
            /// How long the answer took, in milliseconds; null when no model wrote it.
            latency_ms -> Nullable<Int4>,
            /// When the model began; null when no model wrote it.
            processing_started_at -> Nullable<Timestamptz>,
            /// When the model was done; null when no model wrote it.
            processing_completed_at -> Nullable<Timestamptz>,
            /// Message that this one answers or replaces; null for the first.
            parent_message_id -> Nullable<Uuid>,
            /// Branch of the conversation that the message is on; null for the main one.
            thread_id -> Nullable<Uuid>,
            /// Which sources the model was given, as a JSON value; null when none.
            context_used -> Nullable<Jsonb>,
            /// Free data of integrations, as a JSON object.
            metadata -> Jsonb,
            /// When the message was written.
            created_at -> Timestamptz,
        }
    }

    diesel::allow_tables_to_appear_in_same_query!(conversation_shares, conversations, messages,);
}
