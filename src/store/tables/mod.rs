// @generated automatically by Diesel CLI.

pub mod access {
    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        access.approval_decisions (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            request_id -> Uuid,
            step -> Int4,
            decided_by -> Uuid,
            decision -> Text,
            comment -> Nullable<Text>,
            decided_at -> Timestamptz,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        access.approval_requests (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            workflow_id -> Nullable<Uuid>,
            subject_type -> Text,
            subject_id -> Uuid,
            action -> Text,
            payload -> Jsonb,
            requested_by -> Nullable<Uuid>,
            reason -> Nullable<Text>,
            status -> Text,
            current_step -> Int4,
            expires_at -> Nullable<Timestamptz>,
            decided_at -> Nullable<Timestamptz>,
            created_at -> Timestamptz,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        access.approval_workflows (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            name -> Text,
            subject_type -> Text,
            steps -> Jsonb,
            is_active -> Bool,
            created_by -> Nullable<Uuid>,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        access.permission_grants (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            user_id -> Uuid,
            permission_id -> Uuid,
            permission_org_id -> Uuid,
            resource_id -> Nullable<Uuid>,
            granted_by -> Nullable<Uuid>,
            granted_at -> Timestamptz,
            grant_reason -> Nullable<Text>,
            valid_from -> Timestamptz,
            valid_until -> Nullable<Timestamptz>,
            additional_conditions -> Jsonb,
            is_active -> Bool,
            revoked_at -> Nullable<Timestamptz>,
            revoked_by -> Nullable<Uuid>,
            revocation_reason -> Nullable<Text>,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        access.permissions (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            name -> Text,
            display_name -> Nullable<Text>,
            description -> Nullable<Text>,
            resource_type_id -> Uuid,
            resource_type_org_id -> Uuid,
            action -> Text,
            conditions -> Jsonb,
            is_system_permission -> Bool,
            requires_approval -> Bool,
            approval_workflow_id -> Nullable<Uuid>,
            valid_from -> Timestamptz,
            valid_until -> Nullable<Timestamptz>,
            metadata -> Jsonb,
            created_at -> Timestamptz,
            created_by -> Nullable<Uuid>,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        access.resource_types (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            name -> Text,
            description -> Nullable<Text>,
            parent_type_id -> Nullable<Uuid>,
            available_actions -> Array<Nullable<Text>>,
            metadata -> Jsonb,
            created_at -> Timestamptz,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        access.resources (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            resource_type_id -> Uuid,
            resource_type_org_id -> Uuid,
            resource_id -> Text,
            name -> Nullable<Text>,
            description -> Nullable<Text>,
            parent_resource_id -> Nullable<Uuid>,
            owner_id -> Nullable<Uuid>,
            attributes -> Jsonb,
            is_active -> Bool,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        access.role_assignments (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            user_id -> Uuid,
            role_id -> Uuid,
            assigned_by -> Nullable<Uuid>,
            assigned_at -> Timestamptz,
            assignment_reason -> Nullable<Text>,
            valid_from -> Timestamptz,
            valid_until -> Nullable<Timestamptz>,
            context_conditions -> Jsonb,
            resource_scope -> Nullable<Uuid>,
            is_delegated -> Bool,
            delegated_by -> Nullable<Uuid>,
            delegated_from_id -> Nullable<Uuid>,
            delegation_depth -> Int4,
            is_active -> Bool,
            revoked_at -> Nullable<Timestamptz>,
            revoked_by -> Nullable<Uuid>,
            revocation_reason -> Nullable<Text>,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        access.role_permissions (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            role_id -> Uuid,
            permission_id -> Uuid,
            permission_org_id -> Uuid,
            granted_by -> Nullable<Uuid>,
            granted_at -> Timestamptz,
            valid_from -> Timestamptz,
            valid_until -> Nullable<Timestamptz>,
            additional_conditions -> Jsonb,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        access.roles (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            name -> Text,
            display_name -> Nullable<Text>,
            description -> Nullable<Text>,
            parent_role_id -> Nullable<Uuid>,
            role_level -> Int4,
            is_system_role -> Bool,
            is_assignable -> Bool,
            max_assignments -> Nullable<Int4>,
            valid_from -> Timestamptz,
            valid_until -> Nullable<Timestamptz>,
            auto_assign_conditions -> Jsonb,
            metadata -> Jsonb,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
            created_by -> Nullable<Uuid>,
            revision -> Int4,
        }
    }

    diesel::allow_tables_to_appear_in_same_query!(
        approval_decisions,
        approval_requests,
        approval_workflows,
        permission_grants,
        permissions,
        resource_types,
        resources,
        role_assignments,
        role_permissions,
        roles,
    );
}
// @generated automatically by Diesel CLI.

pub mod audit {
    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        audit.audit_logs (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            seq -> Nullable<Int8>,
            actor_type -> Text,
            actor_id -> Nullable<Uuid>,
            actor_name -> Text,
            actor_email -> Nullable<Text>,
            event_type -> Text,
            action -> Text,
            action_category -> Nullable<Text>,
            resource_type -> Nullable<Text>,
            resource_id -> Nullable<Text>,
            resource_name -> Nullable<Text>,
            old_values -> Nullable<Jsonb>,
            new_values -> Nullable<Jsonb>,
            changed_fields -> Nullable<Array<Nullable<Text>>>,
            details -> Jsonb,
            action_description -> Nullable<Text>,
            business_context -> Nullable<Text>,
            success -> Bool,
            error_message -> Nullable<Text>,
            risk_level -> Text,
            requires_review -> Bool,
            ip_address -> Nullable<Inet>,
            user_agent -> Nullable<Text>,
            session_id -> Nullable<Uuid>,
            request_id -> Nullable<Text>,
            application_name -> Nullable<Text>,
            service_name -> Nullable<Text>,
            api_endpoint -> Nullable<Text>,
            compliance_relevant -> Bool,
            retention_period_days -> Int4,
            additional_data -> Jsonb,
            occurred_at -> Timestamptz,
            prev_hash -> Nullable<Bytea>,
            hash -> Nullable<Bytea>,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        audit.audit_reviews (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            audit_log_id -> Uuid,
            reviewed_by -> Uuid,
            outcome -> Text,
            notes -> Nullable<Text>,
            reviewed_at -> Timestamptz,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        audit.record_changes (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            change_set_id -> Uuid,
            sequence_number -> Int4,
            table_name -> Text,
            record_id -> Text,
            operation_type -> Text,
            column_name -> Nullable<Text>,
            old_value -> Nullable<Text>,
            new_value -> Nullable<Text>,
            data_type -> Nullable<Text>,
            changed_by -> Nullable<Uuid>,
            change_reason -> Nullable<Text>,
            business_justification -> Nullable<Text>,
            requires_approval -> Bool,
            approval_request_id -> Nullable<Uuid>,
            change_metadata -> Jsonb,
            changed_at -> Timestamptz,
        }
    }

    diesel::allow_tables_to_appear_in_same_query!(audit_logs, audit_reviews, record_changes,);
}
// @generated automatically by Diesel CLI.

pub mod chat {
    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        chat.conversation_shares (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            conversation_id -> Uuid,
            token_hash -> Text,
            audience -> Text,
            up_to_message_id -> Nullable<Uuid>,
            created_by -> Uuid,
            expires_at -> Nullable<Timestamptz>,
            revoked_at -> Nullable<Timestamptz>,
            created_at -> Timestamptz,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        chat.conversations (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            user_id -> Uuid,
            title -> Nullable<Text>,
            description -> Nullable<Text>,
            summary -> Nullable<Text>,
            conversation_type -> Text,
            context -> Jsonb,
            system_prompt -> Nullable<Text>,
            status -> Text,
            default_model_id -> Nullable<Uuid>,
            default_model_org_id -> Nullable<Uuid>,
            model_parameters -> Jsonb,
            message_count -> Int4,
            total_tokens -> Int8,
            total_cost -> Numeric,
            last_message_at -> Nullable<Timestamptz>,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
            archived_at -> Nullable<Timestamptz>,
            deleted_at -> Nullable<Timestamptz>,
            revision -> Int4,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        chat.message_analyses (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            message_id -> Uuid,
            sentiment_score -> Nullable<Numeric>,
            content_categories -> Nullable<Array<Nullable<Text>>>,
            safety_flags -> Jsonb,
            analyzer -> Nullable<Text>,
            created_at -> Timestamptz,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        chat.message_attachments (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            message_id -> Uuid,
            file_id -> Uuid,
            position -> Int4,
            created_at -> Timestamptz,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        chat.message_citations (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            message_id -> Uuid,
            position -> Int4,
            source_type -> Text,
            source_name -> Nullable<Text>,
            source_timestamp -> Nullable<Timestamptz>,
            chunk_id -> Nullable<Uuid>,
            document_id -> Nullable<Uuid>,
            article_id -> Nullable<Uuid>,
            url -> Nullable<Text>,
            quote -> Nullable<Text>,
            score -> Nullable<Float8>,
            created_at -> Timestamptz,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        chat.messages (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            conversation_id -> Uuid,
            seq -> Int8,
            role -> Text,
            content -> Text,
            content_type -> Text,
            author_id -> Nullable<Uuid>,
            model_id -> Nullable<Uuid>,
            model_version -> Nullable<Text>,
            model_parameters -> Jsonb,
            prompt_tokens -> Int4,
            completion_tokens -> Int4,
            total_tokens -> Int4,
            estimated_cost -> Numeric,
            latency_ms -> Nullable<Int4>,
            processing_started_at -> Nullable<Timestamptz>,
            processing_completed_at -> Nullable<Timestamptz>,
            parent_message_id -> Nullable<Uuid>,
            thread_id -> Nullable<Uuid>,
            context_used -> Nullable<Jsonb>,
            metadata -> Jsonb,
            created_at -> Timestamptz,
        }
    }

    diesel::allow_tables_to_appear_in_same_query!(
        conversation_shares,
        conversations,
        message_analyses,
        message_attachments,
        message_citations,
        messages,
    );
}
// @generated automatically by Diesel CLI.
// @generated automatically by Diesel CLI.

pub mod finance {
    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        finance.anomalies (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            metric_type -> Text,
            detected_at -> Timestamptz,
            detection_model -> Nullable<Text>,
            severity -> Text,
            description -> Text,
            primary_driver -> Nullable<Text>,
            impact_value -> Nullable<Numeric>,
            impact_percentage -> Nullable<Numeric>,
            affected_period_start -> Nullable<Date>,
            affected_period_end -> Nullable<Date>,
            affected_region -> Nullable<Text>,
            affected_department -> Nullable<Text>,
            ai_analysis -> Nullable<Text>,
            ai_analysis_at -> Nullable<Timestamptz>,
            ai_confidence -> Nullable<Numeric>,
            action_plan -> Nullable<Text>,
            action_plan_at -> Nullable<Timestamptz>,
            status -> Text,
            assigned_to -> Nullable<Uuid>,
            assigned_at -> Nullable<Timestamptz>,
            resolved_at -> Nullable<Timestamptz>,
            resolved_by -> Nullable<Uuid>,
            resolution_notes -> Nullable<Text>,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        finance.anomaly_links (organization_id, anomaly_id, related_anomaly_id) {
            organization_id -> Uuid,
            anomaly_id -> Uuid,
            related_anomaly_id -> Uuid,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        finance.budget_line_items (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            budget_id -> Uuid,
            category -> Text,
            subcategory -> Nullable<Text>,
            description -> Nullable<Text>,
            q1_amount -> Numeric,
            q2_amount -> Numeric,
            q3_amount -> Numeric,
            q4_amount -> Numeric,
            annual_amount -> Nullable<Numeric>,
            assumptions -> Nullable<Jsonb>,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
            revision -> Int4,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        finance.budgets (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            name -> Text,
            fiscal_year -> Int4,
            version -> Text,
            status -> Text,
            department_id -> Nullable<Uuid>,
            region -> Nullable<Text>,
            #[max_length = 3]
            currency -> Bpchar,
            total_amount -> Numeric,
            submitted_by -> Nullable<Uuid>,
            submitted_at -> Nullable<Timestamptz>,
            approved_by -> Nullable<Uuid>,
            approved_at -> Nullable<Timestamptz>,
            locked_by -> Nullable<Uuid>,
            locked_at -> Nullable<Timestamptz>,
            created_by -> Nullable<Uuid>,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
            revision -> Int4,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        finance.cost_allocations (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            user_id -> Nullable<Uuid>,
            cost_center_id -> Nullable<Uuid>,
            service_type -> Text,
            resource_id -> Nullable<Text>,
            cost_amount -> Numeric,
            #[max_length = 3]
            currency -> Bpchar,
            billing_period -> Date,
            usage_quantity -> Nullable<Numeric>,
            usage_unit -> Nullable<Text>,
            cost_breakdown -> Jsonb,
            tags -> Jsonb,
            incurred_at -> Timestamptz,
            recorded_at -> Timestamptz,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        finance.cost_centers (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            name -> Text,
            description -> Nullable<Text>,
            code -> Nullable<Text>,
            parent_cost_center_id -> Nullable<Uuid>,
            monthly_budget -> Nullable<Numeric>,
            annual_budget -> Nullable<Numeric>,
            manager_id -> Nullable<Uuid>,
            is_active -> Bool,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
            revision -> Int4,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        finance.department_costs (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            department_id -> Uuid,
            period_date -> Date,
            payroll -> Numeric,
            software -> Numeric,
            travel -> Numeric,
            marketing -> Numeric,
            other -> Numeric,
            headcount -> Nullable<Int4>,
            total_cost -> Nullable<Numeric>,
            cost_per_employee -> Nullable<Numeric>,
            created_at -> Timestamptz,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        finance.departments (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            name -> Text,
            code -> Nullable<Text>,
            parent_id -> Nullable<Uuid>,
            cost_center_id -> Nullable<Uuid>,
            head_user_id -> Nullable<Uuid>,
            annual_budget -> Nullable<Numeric>,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
            revision -> Int4,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        finance.metrics (organization_id, metric_date, id) {
            organization_id -> Uuid,
            id -> Uuid,
            metric_date -> Date,
            metric_type -> Text,
            region -> Nullable<Text>,
            lob -> Nullable<Text>,
            product -> Nullable<Text>,
            actual_value -> Nullable<Numeric>,
            forecast_value -> Nullable<Numeric>,
            budget_value -> Nullable<Numeric>,
            confidence_lower -> Nullable<Numeric>,
            confidence_upper -> Nullable<Numeric>,
            forecast_model -> Nullable<Text>,
            #[max_length = 3]
            currency -> Bpchar,
            source_system -> Nullable<Text>,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        finance.vendor_spend (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            vendor_id -> Uuid,
            period_date -> Date,
            amount -> Numeric,
            budget_amount -> Nullable<Numeric>,
            yoy_change -> Nullable<Numeric>,
            breakdown -> Nullable<Jsonb>,
            created_at -> Timestamptz,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        finance.vendors (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            name -> Text,
            category -> Text,
            description -> Nullable<Text>,
            contract_value -> Nullable<Numeric>,
            contract_start_date -> Nullable<Date>,
            contract_end_date -> Nullable<Date>,
            payment_terms -> Nullable<Text>,
            auto_renewal -> Bool,
            risk_level -> Text,
            risk_notes -> Nullable<Text>,
            primary_contact_name -> Nullable<Text>,
            primary_contact_email -> Nullable<Text>,
            status -> Text,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
        }
    }

    diesel::allow_tables_to_appear_in_same_query!(
        anomalies,
        anomaly_links,
        budget_line_items,
        budgets,
        cost_allocations,
        cost_centers,
        department_costs,
        departments,
        metrics,
        vendor_spend,
        vendors,
    );
}
// @generated automatically by Diesel CLI.

pub mod governance {
    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        governance.compliance_assessments (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            framework_id -> Uuid,
            framework_org_id -> Uuid,
            assessment_name -> Text,
            assessment_type -> Nullable<Text>,
            scope_description -> Nullable<Text>,
            systems_in_scope -> Nullable<Array<Nullable<Text>>>,
            data_types_in_scope -> Nullable<Array<Nullable<Text>>>,
            overall_status -> Nullable<Text>,
            compliance_score -> Nullable<Numeric>,
            findings -> Jsonb,
            recommendations -> Jsonb,
            assessment_period_start -> Nullable<Date>,
            assessment_period_end -> Nullable<Date>,
            conducted_by -> Nullable<Uuid>,
            reviewed_by -> Nullable<Uuid>,
            approved_by -> Nullable<Uuid>,
            status -> Text,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
            completed_at -> Nullable<Timestamptz>,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        governance.compliance_controls (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            control_id -> Text,
            framework_id -> Uuid,
            framework_org_id -> Uuid,
            category -> Text,
            name -> Text,
            description -> Nullable<Text>,
            objective -> Nullable<Text>,
            frequency -> Text,
            automated -> Bool,
            test_procedure -> Nullable<Text>,
            status -> Text,
            last_verified_at -> Nullable<Timestamptz>,
            next_verification_at -> Nullable<Timestamptz>,
            owner_id -> Nullable<Uuid>,
            evidence_required -> Array<Nullable<Text>>,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
            revision -> Int4,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        governance.compliance_frameworks (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            name -> Text,
            version -> Nullable<Text>,
            description -> Nullable<Text>,
            jurisdiction -> Nullable<Text>,
            framework_type -> Nullable<Text>,
            controls -> Jsonb,
            is_active -> Bool,
            effective_date -> Nullable<Date>,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
            revision -> Int4,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        governance.compliance_issues (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            control_id -> Uuid,
            description -> Text,
            severity -> Text,
            detected_at -> Timestamptz,
            due_date -> Nullable<Date>,
            assigned_to -> Nullable<Uuid>,
            status -> Text,
            remediation_plan -> Nullable<Text>,
            resolved_at -> Nullable<Timestamptz>,
            resolved_by -> Nullable<Uuid>,
            resolution_notes -> Nullable<Text>,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
            revision -> Int4,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        governance.compliance_requirements (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            framework_id -> Uuid,
            code -> Text,
            title -> Text,
            description -> Nullable<Text>,
            parent_id -> Nullable<Uuid>,
            position -> Int4,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        governance.control_requirements (organization_id, control_id, requirement_id) {
            organization_id -> Uuid,
            control_id -> Uuid,
            requirement_id -> Uuid,
            requirement_org_id -> Uuid,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        governance.control_tests (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            control_id -> Uuid,
            result -> Text,
            performed_by -> Nullable<Uuid>,
            performed_at -> Timestamptz,
            automated -> Bool,
            notes -> Nullable<Text>,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        governance.data_subject_requests (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            request_type -> Text,
            user_id -> Nullable<Uuid>,
            contact_id -> Nullable<Uuid>,
            subject_ref -> Nullable<Text>,
            scope -> Text,
            status -> Text,
            requested_at -> Timestamptz,
            due_at -> Nullable<Timestamptz>,
            completed_at -> Nullable<Timestamptz>,
            handled_by -> Nullable<Uuid>,
            report -> Jsonb,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        governance.evidence (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            control_id -> Uuid,
            control_test_id -> Nullable<Uuid>,
            name -> Text,
            file_id -> Nullable<Uuid>,
            url -> Nullable<Text>,
            collected_by -> Nullable<Uuid>,
            collected_at -> Timestamptz,
            expires_at -> Nullable<Timestamptz>,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        governance.legal_holds (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            name -> Text,
            reason -> Text,
            scope -> Jsonb,
            placed_by -> Nullable<Uuid>,
            placed_at -> Timestamptz,
            released_by -> Nullable<Uuid>,
            released_at -> Nullable<Timestamptz>,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        governance.lineage_edges (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            source_node_id -> Uuid,
            target_node_id -> Uuid,
            transformation_type -> Nullable<Text>,
            description -> Nullable<Text>,
            data_volume -> Nullable<Text>,
            latency -> Nullable<Text>,
            created_at -> Timestamptz,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        governance.lineage_nodes (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            node_key -> Text,
            label -> Text,
            #[sql_name = "type"]
            type_ -> Text,
            subtype -> Nullable<Text>,
            status -> Text,
            last_sync -> Nullable<Timestamptz>,
            description -> Nullable<Text>,
            system_name -> Nullable<Text>,
            owner -> Nullable<Text>,
            refresh_frequency -> Nullable<Text>,
            classification_id -> Nullable<Uuid>,
            classification_org_id -> Nullable<Uuid>,
            position_x -> Nullable<Int4>,
            position_y -> Nullable<Int4>,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        governance.retention_jobs (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            policy_id -> Nullable<Uuid>,
            scheduled_at -> Timestamptz,
            executed_at -> Nullable<Timestamptz>,
            status -> Text,
            dry_run -> Bool,
            rows_affected -> Nullable<Int8>,
            details -> Jsonb,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        governance.retention_policies (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            target -> Text,
            retention_days -> Int4,
            action -> Text,
            is_active -> Bool,
            created_by -> Nullable<Uuid>,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
        }
    }

    diesel::allow_tables_to_appear_in_same_query!(
        compliance_assessments,
        compliance_controls,
        compliance_frameworks,
        compliance_issues,
        compliance_requirements,
        control_requirements,
        control_tests,
        data_subject_requests,
        evidence,
        legal_holds,
        lineage_edges,
        lineage_nodes,
        retention_jobs,
        retention_policies,
    );
}
// @generated automatically by Diesel CLI.

pub mod identity {
    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        identity.api_keys (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            name -> Text,
            prefix -> Text,
            hashed_key -> Text,
            scopes -> Array<Nullable<Text>>,
            role_id -> Nullable<Uuid>,
            created_by -> Nullable<Uuid>,
            last_used_at -> Nullable<Timestamptz>,
            last_used_ip -> Nullable<Inet>,
            expires_at -> Nullable<Timestamptz>,
            created_at -> Timestamptz,
            revoked_at -> Nullable<Timestamptz>,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        identity.invitations (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            email -> Text,
            role_id -> Uuid,
            invited_by -> Uuid,
            token_hash -> Text,
            expires_at -> Timestamptz,
            accepted_at -> Nullable<Timestamptz>,
            revoked_at -> Nullable<Timestamptz>,
            created_at -> Timestamptz,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        identity.memberships (organization_id, user_id) {
            organization_id -> Uuid,
            user_id -> Uuid,
            status -> Text,
            manager_id -> Nullable<Uuid>,
            department_id -> Nullable<Uuid>,
            region -> Nullable<Text>,
            title -> Nullable<Text>,
            preferences -> Jsonb,
            notification_preferences -> Jsonb,
            joined_at -> Nullable<Timestamptz>,
            last_seen_at -> Nullable<Timestamptz>,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
            revision -> Int4,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        identity.one_time_tokens (id) {
            id -> Uuid,
            user_id -> Nullable<Uuid>,
            purpose -> Text,
            token_hash -> Text,
            email -> Nullable<Text>,
            organization_id -> Nullable<Uuid>,
            expires_at -> Timestamptz,
            used_at -> Nullable<Timestamptz>,
            created_at -> Timestamptz,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        identity.organization_settings (organization_id) {
            organization_id -> Uuid,
            fiscal_year_start -> Nullable<Text>,
            features -> Jsonb,
            session_policy -> Jsonb,
            password_policy -> Jsonb,
            masking_enabled -> Bool,
            ai_policy -> Jsonb,
            updated_at -> Timestamptz,
            updated_by -> Nullable<Uuid>,
            revision -> Int4,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        identity.organizations (id) {
            id -> Uuid,
            name -> Text,
            slug -> Text,
            status -> Text,
            logo_url -> Nullable<Text>,
            business_type -> Nullable<Text>,
            industry_vertical -> Nullable<Text>,
            target_market -> Nullable<Text>,
            timezone -> Text,
            locale -> Text,
            #[max_length = 3]
            currency -> Bpchar,
            fiscal_year_start_month -> Int2,
            search_language -> Regconfig,
            content_storage_mode -> Text,
            encryption_key_id -> Nullable<Uuid>,
            retention_days -> Nullable<Int4>,
            settings -> Jsonb,
            metadata -> Jsonb,
            search_vector -> Nullable<Tsvector>,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
            deleted_at -> Nullable<Timestamptz>,
            revision -> Int4,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        identity.platform_admins (id) {
            id -> Uuid,
            email -> Text,
            user_id -> Nullable<Uuid>,
            immutable -> Bool,
            created_at -> Timestamptz,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        identity.recovery_codes (id) {
            id -> Uuid,
            user_id -> Uuid,
            code_hash -> Text,
            used_at -> Nullable<Timestamptz>,
            created_at -> Timestamptz,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        identity.sessions (id) {
            id -> Uuid,
            user_id -> Uuid,
            organization_id -> Nullable<Uuid>,
            refresh_token_hash -> Text,
            access_token_jti -> Nullable<Text>,
            device_info -> Nullable<Jsonb>,
            ip_address -> Nullable<Inet>,
            user_agent -> Nullable<Text>,
            expires_at -> Timestamptz,
            last_activity_at -> Timestamptz,
            revoked_at -> Nullable<Timestamptz>,
            revoke_reason -> Nullable<Text>,
            created_at -> Timestamptz,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        identity.sso_accounts (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            user_id -> Uuid,
            provider_id -> Uuid,
            provider_org_id -> Uuid,
            external_id -> Text,
            external_username -> Nullable<Text>,
            external_email -> Nullable<Text>,
            access_token_encrypted -> Nullable<Bytea>,
            refresh_token_encrypted -> Nullable<Bytea>,
            token_expires_at -> Nullable<Timestamptz>,
            linked_at -> Timestamptz,
            last_used_at -> Nullable<Timestamptz>,
            external_data -> Jsonb,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        identity.sso_provider_roles (organization_id, provider_id, role_id) {
            organization_id -> Uuid,
            provider_id -> Uuid,
            role_id -> Uuid,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        identity.sso_providers (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            name -> Text,
            provider_type -> Text,
            client_id -> Nullable<Text>,
            client_secret_encrypted -> Nullable<Bytea>,
            discovery_url -> Nullable<Text>,
            authorization_url -> Nullable<Text>,
            token_url -> Nullable<Text>,
            userinfo_url -> Nullable<Text>,
            jwks_url -> Nullable<Text>,
            saml_metadata_url -> Nullable<Text>,
            saml_certificate -> Nullable<Text>,
            scopes -> Nullable<Array<Nullable<Text>>>,
            attribute_mapping -> Jsonb,
            auto_create_users -> Bool,
            is_active -> Bool,
            metadata -> Jsonb,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        identity.user_profiles (user_id) {
            user_id -> Uuid,
            date_of_birth -> Nullable<Date>,
            gender -> Nullable<Text>,
            bio -> Nullable<Text>,
            website_url -> Nullable<Text>,
            linkedin_url -> Nullable<Text>,
            github_url -> Nullable<Text>,
            job_title -> Nullable<Text>,
            company -> Nullable<Text>,
            country -> Nullable<Text>,
            state_province -> Nullable<Text>,
            city -> Nullable<Text>,
            postal_code -> Nullable<Text>,
            address_line1 -> Nullable<Text>,
            address_line2 -> Nullable<Text>,
            notification_preferences -> Jsonb,
            privacy_settings -> Jsonb,
            ui_preferences -> Jsonb,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        identity.users (id) {
            id -> Uuid,
            email -> Text,
            username -> Nullable<Text>,
            password_hash -> Nullable<Text>,
            first_name -> Nullable<Text>,
            last_name -> Nullable<Text>,
            display_name -> Nullable<Text>,
            avatar_url -> Nullable<Text>,
            phone -> Nullable<Text>,
            timezone -> Text,
            locale -> Text,
            status -> Text,
            email_verified_at -> Nullable<Timestamptz>,
            phone_verified_at -> Nullable<Timestamptz>,
            failed_login_attempts -> Int4,
            locked_at -> Nullable<Timestamptz>,
            locked_until -> Nullable<Timestamptz>,
            password_changed_at -> Nullable<Timestamptz>,
            last_login_at -> Nullable<Timestamptz>,
            last_login_ip -> Nullable<Inet>,
            login_count -> Int8,
            mfa_enabled -> Bool,
            mfa_secret_encrypted -> Nullable<Bytea>,
            metadata -> Jsonb,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
            deleted_at -> Nullable<Timestamptz>,
            revision -> Int4,
        }
    }

    diesel::joinable!(api_keys -> organizations (organization_id));
    diesel::joinable!(invitations -> organizations (organization_id));
    diesel::joinable!(memberships -> organizations (organization_id));
    diesel::joinable!(memberships -> users (user_id));
    diesel::joinable!(one_time_tokens -> users (user_id));
    diesel::joinable!(organization_settings -> organizations (organization_id));
    diesel::joinable!(platform_admins -> users (user_id));
    diesel::joinable!(recovery_codes -> users (user_id));
    diesel::joinable!(sessions -> users (user_id));
    diesel::joinable!(sso_accounts -> organizations (organization_id));
    diesel::joinable!(sso_provider_roles -> organizations (organization_id));
    diesel::joinable!(sso_providers -> organizations (organization_id));
    diesel::joinable!(user_profiles -> users (user_id));

    diesel::allow_tables_to_appear_in_same_query!(
        api_keys,
        invitations,
        memberships,
        one_time_tokens,
        organization_settings,
        organizations,
        platform_admins,
        recovery_codes,
        sessions,
        sso_accounts,
        sso_provider_roles,
        sso_providers,
        user_profiles,
        users,
    );
}
// @generated automatically by Diesel CLI.

pub mod ops {
    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        ops.backup_configs (id) {
            id -> Uuid,
            backup_type -> Text,
            schedule_cron -> Text,
            retention_days -> Int4,
            storage_location -> Text,
            encryption_enabled -> Bool,
            created_at -> Timestamptz,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        ops.backup_executions (id) {
            id -> Uuid,
            backup_config_id -> Nullable<Uuid>,
            status -> Text,
            started_at -> Timestamptz,
            completed_at -> Nullable<Timestamptz>,
            backup_size_bytes -> Nullable<Int8>,
            backup_location -> Nullable<Text>,
            checksum -> Nullable<Text>,
            verified_at -> Nullable<Timestamptz>,
            error_message -> Nullable<Text>,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        ops.configuration_settings (id) {
            id -> Uuid,
            service_name -> Nullable<Text>,
            environment -> Text,
            config_key -> Text,
            config_value -> Nullable<Text>,
            value_type -> Text,
            is_encrypted -> Bool,
            description -> Nullable<Text>,
            default_value -> Nullable<Text>,
            validation_rules -> Jsonb,
            version -> Int4,
            changed_by -> Nullable<Uuid>,
            change_reason -> Nullable<Text>,
            is_active -> Bool,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        ops.events (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            xact -> Xid8,
            topic -> Text,
            subject_type -> Text,
            subject_id -> Uuid,
            kind -> Text,
            payload -> Jsonb,
            created_at -> Timestamptz,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        ops.idempotency_keys (organization_id, actor_id, key) {
            organization_id -> Uuid,
            actor_id -> Uuid,
            key -> Text,
            operation -> Text,
            request_hash -> Bytea,
            response -> Nullable<Jsonb>,
            created_at -> Timestamptz,
            expires_at -> Timestamptz,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        ops.jobs (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            kind -> Text,
            payload -> Jsonb,
            status -> Text,
            priority -> Int4,
            run_at -> Timestamptz,
            attempts -> Int4,
            max_attempts -> Int4,
            locked_by -> Nullable<Text>,
            locked_until -> Nullable<Timestamptz>,
            last_error -> Nullable<Text>,
            unique_key -> Nullable<Text>,
            created_at -> Timestamptz,
            finished_at -> Nullable<Timestamptz>,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        ops.services (id) {
            id -> Uuid,
            service_name -> Text,
            service_type -> Text,
            version -> Text,
            host -> Text,
            port -> Int4,
            protocol -> Text,
            base_path -> Text,
            health_check_url -> Nullable<Text>,
            health_status -> Text,
            last_health_check -> Nullable<Timestamptz>,
            description -> Nullable<Text>,
            tags -> Nullable<Array<Nullable<Text>>>,
            metadata -> Jsonb,
            is_active -> Bool,
            registered_at -> Timestamptz,
            updated_at -> Timestamptz,
        }
    }

    diesel::joinable!(backup_executions -> backup_configs (backup_config_id));

    diesel::allow_tables_to_appear_in_same_query!(
        backup_configs,
        backup_executions,
        configuration_settings,
        events,
        idempotency_keys,
        jobs,
        services,
    );
}
// @generated automatically by Diesel CLI.

pub mod sales {
    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        sales.accounts (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            name -> Text,
            domain -> Nullable<Text>,
            vertical -> Nullable<Text>,
            owner_id -> Nullable<Uuid>,
            external_system -> Nullable<Text>,
            external_id -> Nullable<Text>,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
            deleted_at -> Nullable<Timestamptz>,
            revision -> Int4,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        sales.deal_history (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            deal_id -> Uuid,
            field_changed -> Text,
            old_value -> Nullable<Text>,
            new_value -> Nullable<Text>,
            changed_by -> Nullable<Uuid>,
            change_source -> Text,
            changed_at -> Timestamptz,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        sales.deals (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            external_deal_id -> Nullable<Text>,
            external_system -> Nullable<Text>,
            name -> Nullable<Text>,
            account_id -> Nullable<Uuid>,
            region -> Text,
            segment -> Text,
            lob -> Text,
            vertical -> Nullable<Text>,
            revenue_type -> Nullable<Text>,
            pipeline_id -> Uuid,
            stage_id -> Uuid,
            status -> Text,
            stage_entered_at -> Timestamptz,
            value -> Numeric,
            #[max_length = 3]
            currency -> Bpchar,
            probability -> Numeric,
            weighted_value -> Nullable<Numeric>,
            pipeline_entered_at -> Timestamptz,
            expected_close_date -> Nullable<Date>,
            actual_close_date -> Nullable<Date>,
            owner_id -> Nullable<Uuid>,
            channel -> Nullable<Text>,
            campaign_source -> Nullable<Text>,
            close_reason -> Nullable<Text>,
            competitor_lost_to -> Nullable<Text>,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
            synced_at -> Nullable<Timestamptz>,
            deleted_at -> Nullable<Timestamptz>,
            revision -> Int4,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        sales.pipeline_snapshots (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            pipeline_id -> Nullable<Uuid>,
            snapshot_date -> Date,
            snapshot_type -> Text,
            #[max_length = 3]
            currency -> Bpchar,
            total_pipeline_value -> Nullable<Numeric>,
            weighted_pipeline_value -> Nullable<Numeric>,
            deal_count -> Nullable<Int4>,
            stage_breakdown -> Nullable<Jsonb>,
            region_breakdown -> Nullable<Jsonb>,
            segment_breakdown -> Nullable<Jsonb>,
            forecast_this_quarter -> Nullable<Numeric>,
            forecast_next_quarter -> Nullable<Numeric>,
            created_at -> Timestamptz,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        sales.pipeline_stages (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            pipeline_id -> Uuid,
            name -> Text,
            kind -> Text,
            position -> Int4,
            default_probability -> Nullable<Numeric>,
            created_at -> Timestamptz,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        sales.pipelines (organization_id, id) {
            organization_id -> Uuid,
            id -> Uuid,
            name -> Text,
            is_default -> Bool,
            created_at -> Timestamptz,
        }
    }

    diesel::allow_tables_to_appear_in_same_query!(
        accounts,
        deal_history,
        deals,
        pipeline_snapshots,
        pipeline_stages,
        pipelines,
    );
}

pub fn describe(_schema: &str, _table: &str, _column: Option<&str>) -> Option<&'static str> {
    None
}
