// @generated automatically by Diesel CLI.

pub mod sales {
    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// A customer, or a company that may become one.
        sales.accounts (organization_id, id) {
            /// Organization that the account belongs to.
            organization_id -> Uuid,
            /// Identity of the account, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// Name of the company.
            name -> Text,
            /// Internet domain of the company; null when unknown.
            domain -> Nullable<Text>,
            /// Industry of the company; null when not told.
            vertical -> Nullable<Text>,
            /// Person who looks after the company; null for nobody.
            owner_id -> Nullable<Uuid>,
            /// System that the record comes from, such as salesforce; null when made here.
            external_system -> Nullable<Text>,
            /// Id of the record in that system; null when made here.
            external_id -> Nullable<Text>,
            /// When the account was created.
            created_at -> Timestamptz,
            /// When the account was last changed.
            updated_at -> Timestamptz,
            /// Version of the account: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else's change.
            revision -> Int4,
            /// When the account was deleted; null while it lives.
            deleted_at -> Nullable<Timestamptz>,
            /// When the account was last compared with the system it comes from; null when made here.
            synced_at -> Nullable<Timestamptz>,
            /// Version that the account had when it was last compared with the system it comes from: where it is another by now, the account was changed here since. Null when made here.
            synced_revision -> Nullable<Int4>,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// One change of one field of a deal: what it was, what it became, who changed it. Written by the database, never changed.
        sales.deal_history (organization_id, id) {
            /// Organization that the deal change belongs to.
            organization_id -> Uuid,
            /// Identity of the deal change, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// Deal that was changed.
            deal_id -> Uuid,
            /// Field that was changed, by its column name.
            field_changed -> Text,
            /// Value before the change, as text; null when there was none.
            old_value -> Nullable<Text>,
            /// Value after the change, as text; null when there is none.
            new_value -> Nullable<Text>,
            /// Person who made the change; null when no person did.
            changed_by -> Nullable<Uuid>,
            /// What kind of actor made the change. One of: user, sync, system, ai. Default: user.
            change_source -> Text,
            /// When the change was made.
            changed_at -> Timestamptz,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// A sale that is being worked on, won or lost.
        sales.deals (organization_id, id) {
            /// Organization that the deal belongs to.
            organization_id -> Uuid,
            /// Identity of the deal, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// Id of the deal in the system it comes from; null when made here.
            external_deal_id -> Nullable<Text>,
            /// System that the deal comes from, such as salesforce; null when made here.
            external_system -> Nullable<Text>,
            /// Name of the deal; null when not told.
            name -> Nullable<Text>,
            /// Customer that the deal is with; null when not known yet.
            account_id -> Nullable<Uuid>,
            /// Region that the deal is made in. Some roles see deals of one region only. One of: north_america, europe, middle_east, asia_pacific, latin_america.
            region -> Text,
            /// Size of the customer. One of: enterprise, mid_market, smb.
            segment -> Text,
            /// Line of business that sells. One of: software, services.
            lob -> Text,
            /// Industry of the customer; null when not told.
            vertical -> Nullable<Text>,
            /// Kind of revenue, such as new, renewal or expansion; null when not told.
            revenue_type -> Nullable<Text>,
            /// Pipeline that the deal goes through.
            pipeline_id -> Uuid,
            /// Stage that the deal has reached; a stage of its pipeline.
            stage_id -> Uuid,
            /// Whether the deal is open, won or lost; follows from the stage. One of: open, won, lost. Default: open.
            status -> Text,
            /// When the deal entered its stage; kept by the database.
            stage_entered_at -> Timestamptz,
            /// What the deal is worth, in its currency.
            value -> Numeric,
            /// Currency of the value, as an ISO 4217 code. Default: USD.
            currency -> Text,
            /// Probability of winning, in percent; taken from the stage when the deal enters it, unless told otherwise.
            probability -> Numeric,
            /// Value times probability, in the deal's currency; kept by the database.
            weighted_value -> Numeric,
            /// When the deal entered its pipeline.
            pipeline_entered_at -> Timestamptz,
            /// Day on which the deal should be decided; null when not known.
            expected_close_date -> Nullable<Date>,
            /// Day on which the deal was won or lost; null while it is open. Today when the deal enters a final stage, unless told otherwise.
            actual_close_date -> Nullable<Date>,
            /// Person who works on the deal; null for nobody.
            owner_id -> Nullable<Uuid>,
            /// Way by which the deal came, such as direct or partner; null when not told.
            channel -> Nullable<Text>,
            /// Campaign that brought the deal; null for none.
            campaign_source -> Nullable<Text>,
            /// Why the deal was won or lost; must be told for a lost one, null while it is open.
            close_reason -> Nullable<Text>,
            /// Competitor that got the deal; null when none did or nobody knows.
            competitor_lost_to -> Nullable<Text>,
            /// When the deal was created.
            created_at -> Timestamptz,
            /// When the deal was last changed.
            updated_at -> Timestamptz,
            /// Version of the deal: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else's change.
            revision -> Int4,
            /// When the deal was last compared with the system it comes from; null when made here.
            synced_at -> Nullable<Timestamptz>,
            /// When the deal was deleted; null while it lives.
            deleted_at -> Nullable<Timestamptz>,
            /// Version that the deal had when it was last compared with the system it comes from: where it is another by now, the deal was changed here since. Null when made here.
            synced_revision -> Nullable<Int4>,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// A step of a pipeline, open or final.
        sales.pipeline_stages (organization_id, id) {
            /// Organization that the stage belongs to.
            organization_id -> Uuid,
            /// Identity of the stage, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// Pipeline that the stage is part of.
            pipeline_id -> Uuid,
            /// Name of the stage. Unique in the pipeline.
            name -> Text,
            /// Whether deals in the stage are still open, or won or lost. One of: open, won, lost. Default: open.
            kind -> Text,
            /// Place of the stage in its pipeline, counted from 0.
            position -> Int4,
            /// Probability of winning that deals take on when they enter the stage, in percent; null leaves theirs.
            default_probability -> Nullable<Numeric>,
            /// When the stage was created.
            created_at -> Timestamptz,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// A way that deals go from the first contact to being won or lost, in stages.
        sales.pipelines (organization_id, id) {
            /// Organization that the pipeline belongs to.
            organization_id -> Uuid,
            /// Identity of the pipeline, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// Name of the pipeline. Unique in the organization.
            name -> Text,
            /// Whether new deals start in this pipeline unless told otherwise; true for at most one. Default: false.
            is_default -> Bool,
            /// When the pipeline was created.
            created_at -> Timestamptz,
        }
    }

    diesel::allow_tables_to_appear_in_same_query!(accounts, deal_history, deals, pipeline_stages, pipelines,);
}
