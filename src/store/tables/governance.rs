// @generated automatically by Diesel CLI.

pub mod governance {
    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// Something that the organization does to meet requirements, checked at regular times.
        governance.compliance_controls (organization_id, id) {
            /// Organization that the control belongs to.
            organization_id -> Uuid,
            /// Identity of the control, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// Number of the control in the organization, such as SOX-AC-001.
            control_id -> Text,
            /// Framework that the control was made for.
            framework_id -> Uuid,
            /// Organization that the framework belongs to: this one, or the platform for built-in frameworks.
            framework_org_id -> Uuid,
            /// Field of the control, such as Access Control.
            category -> Text,
            /// Name of the control.
            name -> Text,
            /// What is done; null when the name says it all.
            description -> Nullable<Text>,
            /// What the control is to achieve; null when not told.
            objective -> Nullable<Text>,
            /// How often the control is tested. One of: real_time, daily, weekly, monthly, quarterly, annual.
            frequency -> Text,
            /// Whether a program tests the control. Default: false.
            automated -> Bool,
            /// How the control is tested; null when not told.
            test_procedure -> Nullable<Text>,
            /// Result of the newest test, or not_verified when there is none that counts. One of: pass, fail, warning, not_verified, not_applicable. Default: not_verified.
            status -> Text,
            /// When the control was last tested; null when never.
            last_verified_at -> Nullable<Timestamptz>,
            /// When the control is due for its next test; null before the first test, and for controls that are tested all the time.
            next_verification_at -> Nullable<Timestamptz>,
            /// Person who is responsible for the control; null for nobody.
            owner_id -> Nullable<Uuid>,
            /// What must be shown for the control to pass.
            evidence_required -> Array<Nullable<Text>>,
            /// When the control was created.
            created_at -> Timestamptz,
            /// When the control was last changed.
            updated_at -> Timestamptz,
            /// Version of the control: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else's change.
            revision -> Int4,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// A law or standard that organizations comply with, such as GDPR. Built-in frameworks belong to the platform; organizations may add their own.
        governance.compliance_frameworks (organization_id, id) {
            /// Organization that the framework belongs to.
            organization_id -> Uuid,
            /// Identity of the framework, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// Short name of the framework, such as SOX.
            name -> Text,
            /// Edition of the framework; null when it has none.
            version -> Nullable<Text>,
            /// What the framework is about; null when not told.
            description -> Nullable<Text>,
            /// Where the framework applies, such as EU; null for everywhere.
            jurisdiction -> Nullable<Text>,
            /// Kind of framework, such as privacy, financial, healthcare or security; null when not told.
            framework_type -> Nullable<Text>,
            /// Notes of the framework on controls, as a JSON object.
            controls -> Jsonb,
            /// Whether new controls may be made for the framework. Default: true.
            is_active -> Bool,
            /// Day from which the framework applies; null when not told.
            effective_date -> Nullable<Date>,
            /// When the framework was created.
            created_at -> Timestamptz,
            /// When the framework was last changed.
            updated_at -> Timestamptz,
            /// Version of the framework: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else's change.
            revision -> Int4,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// A weakness of a control that must be mended, or consciously accepted.
        governance.compliance_issues (organization_id, id) {
            /// Organization that the issue belongs to.
            organization_id -> Uuid,
            /// Identity of the issue, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// Control that is weak.
            control_id -> Uuid,
            /// What is wrong.
            description -> Text,
            /// How bad it is. One of: low, medium, high, critical.
            severity -> Text,
            /// When the weakness was found.
            detected_at -> Timestamptz,
            /// Day until which it must be mended; null when none was set.
            due_date -> Nullable<Date>,
            /// Person who is to mend it; null for nobody yet.
            assigned_to -> Nullable<Uuid>,
            /// State of the issue: from open to in_progress, then resolved or accepted_risk; from there it may be opened again. One of: open, in_progress, resolved, accepted_risk. Default: open.
            status -> Text,
            /// How it is to be mended; null when not told.
            remediation_plan -> Nullable<Text>,
            /// When the issue was resolved or the risk accepted; null before.
            resolved_at -> Nullable<Timestamptz>,
            /// Person who resolved the issue or accepted the risk; null before, or when a program did.
            resolved_by -> Nullable<Uuid>,
            /// What was done in the end; null when not told.
            resolution_notes -> Nullable<Text>,
            /// When the issue was created.
            created_at -> Timestamptz,
            /// When the issue was last changed.
            updated_at -> Timestamptz,
            /// Version of the issue: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else's change.
            revision -> Int4,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// Something that a framework demands; requirements may be divided further.
        governance.compliance_requirements (organization_id, id) {
            /// Organization that the requirement belongs to.
            organization_id -> Uuid,
            /// Identity of the requirement, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// Framework that demands it.
            framework_id -> Uuid,
            /// Number of the requirement in the framework, such as Art. 32.
            code -> Text,
            /// Title of the requirement.
            title -> Text,
            /// What is demanded; null when the title says it all.
            description -> Nullable<Text>,
            /// Requirement that this one is part of; null at the top.
            parent_id -> Nullable<Uuid>,
            /// Place among the requirements of the framework, counted from 0. Default: 0.
            position -> Int4,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// Says that a control helps to meet a requirement; one control may serve requirements of several frameworks.
        governance.control_requirements (organization_id, control_id, requirement_id) {
            /// Organization that the link belongs to.
            organization_id -> Uuid,
            /// Control that helps.
            control_id -> Uuid,
            /// Requirement that is met.
            requirement_id -> Uuid,
            /// Organization that the requirement belongs to: this one, or the platform for built-in frameworks.
            requirement_org_id -> Uuid,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// One test of a control and its result. Never changed.
        governance.control_tests (organization_id, id) {
            /// Organization that the control test belongs to.
            organization_id -> Uuid,
            /// Identity of the control test, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// Control that was tested.
            control_id -> Uuid,
            /// What the test showed. One of: pass, fail, warning, not_applicable.
            result -> Text,
            /// Person who tested; null when a program did.
            performed_by -> Nullable<Uuid>,
            /// When it was tested.
            performed_at -> Timestamptz,
            /// Whether a program tested. Default: false.
            automated -> Bool,
            /// What was shown, as a JSON object: the name of each piece of evidence with the address or reference where it is found. A test that passes has all that its control requires.
            evidence -> Jsonb,
            /// What the tester noticed; null for nothing.
            notes -> Nullable<Text>,
        }
    }

    diesel::allow_tables_to_appear_in_same_query!(
        compliance_controls,
        compliance_frameworks,
        compliance_issues,
        compliance_requirements,
        control_requirements,
        control_tests,
    );
}
