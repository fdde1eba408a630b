// @generated automatically by Diesel CLI.

pub mod access {
    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// What one person decided about one step of a request. Never changed.
        access.approval_decisions (organization_id, id) {
            /// Organization that the approval decision belongs to.
            organization_id -> Uuid,
            /// Identity of the approval decision, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// Request that was decided about.
            request_id -> Uuid,
            /// Step that was decided, counted from 0. Default: 0.
            step -> Int4,
            /// Person who decided.
            decided_by -> Uuid,
            /// What was decided. One of: approved, rejected, abstained.
            decision -> Text,
            /// What the person said about it; null for nothing.
            comment -> Nullable<Text>,
            /// When it was decided.
            decided_at -> Timestamptz,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// A request to be allowed one act, waiting for decisions or already decided.
        access.approval_requests (organization_id, id) {
            /// Organization that the approval request belongs to.
            organization_id -> Uuid,
            /// Identity of the approval request, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// Workflow that decides; null when a single approval is enough.
            workflow_id -> Nullable<Uuid>,
            /// Kind of what is asked for. One of: permission.
            subject_type -> Text,
            /// What is asked for: the permission.
            subject_id -> Uuid,
            /// What is to be done.
            action -> Text,
            /// Details of the act, as a JSON object.
            payload -> Jsonb,
            /// Person who asks; null when the platform does.
            requested_by -> Nullable<Uuid>,
            /// Why it is asked for; null when not told.
            reason -> Nullable<Text>,
            /// State of the request. One of: pending, approved, rejected, cancelled, expired. Default: pending.
            status -> Text,
            /// Step that decides next, counted from 0. Default: 0.
            current_step -> Int4,
            /// When the request lapses undecided; null means never.
            expires_at -> Nullable<Timestamptz>,
            /// When it ended: decided, taken back, or lapsed; null while it waits.
            decided_at -> Nullable<Timestamptz>,
            /// When the approval request was created.
            created_at -> Timestamptz,
            /// The steps as they were when it was asked, each with who decides and how many must agree; later changes of the workflow leave them alone.
            steps -> Jsonb,
            /// Thing for which it is asked, with all that lies within it; null means everything.
            resource_id -> Nullable<Uuid>,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// Who must approve a kind of act, step by step.
        access.approval_workflows (organization_id, id) {
            /// Organization that the approval workflow belongs to.
            organization_id -> Uuid,
            /// Identity of the approval workflow, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// Name of the workflow.
            name -> Text,
            /// Kind of what the workflow approves. One of: permission.
            subject_type -> Text,
            /// The steps in order, each with who decides and how many must agree.
            steps -> Jsonb,
            /// Whether new requests use the workflow. Default: true.
            is_active -> Bool,
            /// Person who made the workflow; null when the platform did.
            created_by -> Nullable<Uuid>,
            /// When the approval workflow was created.
            created_at -> Timestamptz,
            /// When the approval workflow was last changed.
            updated_at -> Timestamptz,
            /// Version of the approval workflow: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else's change.
            revision -> Int4,
            /// How long a request waits for its decisions before it lapses, in minutes. Default: 10080, a week.
            request_minutes -> Int4,
            /// How long at most an approved permission holds, in minutes. Default: 1440, a day.
            grant_minutes -> Int4,
            /// Permissions whose holders its steps let decide, now or before; kept by the database.
            deciding -> Array<Nullable<Text>>,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// Counts the changes of rights in an organization, so that every server notices at its next request.
        access.epochs (organization_id) {
            /// Organization that the epoch belongs to.
            organization_id -> Uuid,
            /// Number of changes so far. Default: 1.
            epoch -> Int8,
            /// When the last change was made.
            changed_at -> Timestamptz,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// A permission given to a person or a team directly, without a role, possibly for one thing only.
        access.permission_grants (organization_id, id) {
            /// Organization that the permission grant belongs to.
            organization_id -> Uuid,
            /// Identity of the permission grant, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// Person who has the permission; null when a team has it.
            user_id -> Nullable<Uuid>,
            /// Permission that the person or the team has.
            permission_id -> Uuid,
            /// Organization that the permission belongs to: this one, or the platform for built-in permissions.
            permission_org_id -> Uuid,
            /// Thing that the permission is limited to, with all that lies within it; null means the whole organization.
            resource_id -> Nullable<Uuid>,
            /// Person who gave the permission; null when the platform did.
            granted_by -> Nullable<Uuid>,
            /// When the permission was given.
            granted_at -> Timestamptz,
            /// Why the permission was given; null when not told.
            grant_reason -> Nullable<Text>,
            /// From when the grant counts.
            valid_from -> Timestamptz,
            /// Until when the grant counts; null means without end.
            valid_until -> Nullable<Timestamptz>,
            /// Further conditions besides the permission's own; empty means none.
            additional_conditions -> Jsonb,
            /// Whether the permission was not withdrawn; kept by the database.
            is_active -> Bool,
            /// When the permission was withdrawn; null while it was not.
            revoked_at -> Nullable<Timestamptz>,
            /// Person who withdrew the permission; null while it was not withdrawn.
            revoked_by -> Nullable<Uuid>,
            /// Why the permission was withdrawn; null while it was not, or when not told.
            revocation_reason -> Nullable<Text>,
            /// Request whose approval has given it; null when it was given by hand.
            approval_request_id -> Nullable<Uuid>,
            /// Team whose members have the permission, each as long as they are in it; null when a person has it, and when the team was deleted.
            team_id -> Nullable<Uuid>,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// The right to do one thing with one kind of record. Built-in permissions belong to the platform; an organization may give the same rights by permissions of its own, under conditions, after approval, or with a second factor only.
        access.permissions (organization_id, id) {
            /// Organization that the permission belongs to.
            organization_id -> Uuid,
            /// Identity of the permission, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// Name of the permission as used in programs, such as deal.value.read. Unique in the organization.
            name -> Text,
            /// Name as shown to people; null means the plain name.
            display_name -> Nullable<Text>,
            /// What the permission allows; null when not told.
            description -> Nullable<Text>,
            /// Kind of record that the permission is about.
            resource_type_id -> Uuid,
            /// Organization that the kind belongs to: this one, or the platform for built-in kinds.
            resource_type_org_id -> Uuid,
            /// What may be done with the record, such as read, write or approve.
            action -> Text,
            /// When the permission holds, as a condition over person, record and request; empty means always.
            conditions -> Jsonb,
            /// Whether the permission is built in and cannot be changed or deleted. Default: false.
            is_system_permission -> Bool,
            /// Whether it counts only for as long as a request of its holder has been approved for. Default: false.
            requires_approval -> Bool,
            /// Who approves a use; null when no approval is needed.
            approval_workflow_id -> Nullable<Uuid>,
            /// From when the permission holds.
            valid_from -> Timestamptz,
            /// Until when the permission holds; null means without end.
            valid_until -> Nullable<Timestamptz>,
            /// Free data of integrations, as a JSON object.
            metadata -> Jsonb,
            /// When the permission was created.
            created_at -> Timestamptz,
            /// Person who made the permission; null for built-in ones.
            created_by -> Nullable<Uuid>,
            /// Right that the permission gives, by the name that `@requires` uses. The same as the name where the permission is built in.
            right_name -> Text,
            /// Whether it counts only in sessions in which a second factor was shown; never for API keys. Default: false.
            requires_mfa -> Bool,
            /// When the permission was last changed.
            updated_at -> Timestamptz,
            /// Version of the permission: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else's change.
            revision -> Int4,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// A kind of thing that permissions speak about, such as deal or budget. Built-in kinds belong to the platform.
        access.resource_types (organization_id, id) {
            /// Organization that the resource type belongs to.
            organization_id -> Uuid,
            /// Identity of the resource type, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// Name of the kind in permissions, in lower_snake form.
            name -> Text,
            /// What the kind is; null when not told.
            description -> Nullable<Text>,
            /// More general kind whose permissions also cover this one; null for none. It may be a built-in kind.
            parent_type_id -> Nullable<Uuid>,
            /// What can be done with things of this kind, such as read or write.
            available_actions -> Array<Nullable<Text>>,
            /// Free data of integrations, as a JSON object.
            metadata -> Jsonb,
            /// When the resource type was created.
            created_at -> Timestamptz,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// A single thing that rights are limited to, registered when a role is given for it alone; things may lie within others.
        access.resources (organization_id, id) {
            /// Organization that the resource belongs to.
            organization_id -> Uuid,
            /// Identity of the resource, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// Kind of the thing.
            resource_type_id -> Uuid,
            /// Organization that the kind belongs to: this one, or the platform for built-in kinds.
            resource_type_org_id -> Uuid,
            /// Id of the record that is meant.
            resource_id -> Text,
            /// Name of the thing as people know it; null when not told.
            name -> Nullable<Text>,
            /// What the thing is; null when not told.
            description -> Nullable<Text>,
            /// Thing that this one lies within: rights for it hold here too; null for none.
            parent_resource_id -> Nullable<Uuid>,
            /// Person who is responsible for the thing; null for nobody.
            owner_id -> Nullable<Uuid>,
            /// Facts about the thing that conditions of permissions may ask for, as a JSON object.
            attributes -> Jsonb,
            /// Whether rights may still be limited to the thing. Default: true.
            is_active -> Bool,
            /// When the resource was created.
            created_at -> Timestamptz,
            /// When the resource was last changed.
            updated_at -> Timestamptz,
            /// Version of the resource: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else's change.
            revision -> Int4,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// A role given to a person or a team, for a time, for one thing only, by delegation or by a rule if wanted.
        access.role_assignments (organization_id, id) {
            /// Organization that the role assignment belongs to.
            organization_id -> Uuid,
            /// Identity of the role assignment, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// Person who has the role; null when a team has it.
            user_id -> Nullable<Uuid>,
            /// Role that the person or the team has.
            role_id -> Uuid,
            /// Person who gave the role; null when the platform or a rule did.
            assigned_by -> Nullable<Uuid>,
            /// When the role was given.
            assigned_at -> Timestamptz,
            /// Why the role was given; null when not told.
            assignment_reason -> Nullable<Text>,
            /// From when the role gives rights.
            valid_from -> Timestamptz,
            /// Until when the role gives rights; null means without end.
            valid_until -> Nullable<Timestamptz>,
            /// When the assignment counts, as a condition over person, record and request; empty means always.
            context_conditions -> Jsonb,
            /// Thing that the role is limited to, with all that lies within it; null means the whole organization.
            resource_scope -> Nullable<Uuid>,
            /// Whether another person passed on a role of their own. Default: false.
            is_delegated -> Bool,
            /// Person who passed the role on; null when it was not delegated.
            delegated_by -> Nullable<Uuid>,
            /// Assignment that was passed on; null when it was not delegated.
            delegated_from_id -> Nullable<Uuid>,
            /// How many times the role was passed on before it came here; 0 when it was not delegated. Default: 0.
            delegation_depth -> Int4,
            /// Whether the role was not withdrawn; kept by the database.
            is_active -> Bool,
            /// When the role was withdrawn; null while it was not.
            revoked_at -> Nullable<Timestamptz>,
            /// Person who withdrew the role; null while it was not withdrawn.
            revoked_by -> Nullable<Uuid>,
            /// Why the role was withdrawn; null while it was not, or when not told.
            revocation_reason -> Nullable<Text>,
            /// Team whose members have the role, each as long as they are in it; null when a person has it, and when the team was deleted.
            team_id -> Nullable<Uuid>,
            /// Whether the role's own rule gave it, and takes it away when it does not hold any more. Default: false.
            is_automatic -> Bool,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// A permission that a role contains, for a time and under conditions if wanted.
        access.role_permissions (organization_id, id) {
            /// Organization that the role's permission belongs to.
            organization_id -> Uuid,
            /// Identity of the role's permission, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// Role that contains the permission.
            role_id -> Uuid,
            /// Permission that the role contains.
            permission_id -> Uuid,
            /// Organization that the permission belongs to: this one, or the platform for built-in permissions.
            permission_org_id -> Uuid,
            /// Person who added the permission to the role; null when the platform did.
            granted_by -> Nullable<Uuid>,
            /// When the permission was added to the role.
            granted_at -> Timestamptz,
            /// From when the role contains the permission.
            valid_from -> Timestamptz,
            /// Until when the role contains the permission; null means without end.
            valid_until -> Nullable<Timestamptz>,
            /// Further conditions besides the permission's own; empty means none.
            additional_conditions -> Jsonb,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// A bundle of permissions that people are given together. Built-in roles are the same in every organization and cannot be changed.
        access.roles (organization_id, id) {
            /// Organization that the role belongs to.
            organization_id -> Uuid,
            /// Identity of the role, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// Name of the role in programs, in lower_snake form. Unique in the organization.
            name -> Text,
            /// Name of the role as shown to people; null means the plain name.
            display_name -> Nullable<Text>,
            /// What the role is for; null when not told.
            description -> Nullable<Text>,
            /// Role whose permissions this one has as well; null for none.
            parent_role_id -> Nullable<Uuid>,
            /// How many roles stand above this one in the inheritance; kept by the database. Default: 0.
            role_level -> Int4,
            /// Whether the role is built in: its permissions come from the platform and it cannot be changed or deleted. Default: false.
            is_system_role -> Bool,
            /// Whether the role can be given to people; false for roles that only others inherit from. Default: true.
            is_assignable -> Bool,
            /// How many people may hold the role at once; null means any number.
            max_assignments -> Nullable<Int4>,
            /// How many times the role may be passed on, from one person to the next; 0 means never. Default: 0.
            max_delegation_depth -> Int4,
            /// From when the role gives rights.
            valid_from -> Timestamptz,
            /// Until when the role gives rights; null means without end.
            valid_until -> Nullable<Timestamptz>,
            /// Which active members get the role by themselves, and lose it again, as a condition over the person; empty means nobody.
            auto_assign_conditions -> Jsonb,
            /// Further settings as a JSON object. The key row_scope limits what the role gives to the records of the region or department of whoever holds it.
            metadata -> Jsonb,
            /// When the role was created.
            created_at -> Timestamptz,
            /// When the role was last changed.
            updated_at -> Timestamptz,
            /// Version of the role: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else's change.
            revision -> Int4,
            /// Person who made the role; null for built-in roles.
            created_by -> Nullable<Uuid>,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// Says that a person is in a team.
        access.team_members (organization_id, team_id, user_id) {
            /// Organization that the team belongs to.
            organization_id -> Uuid,
            /// Team that the person is in.
            team_id -> Uuid,
            /// Person who is in the team.
            user_id -> Uuid,
            /// When the person was added.
            added_at -> Timestamptz,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// People of the organization who work together and are named together.
        access.teams (organization_id, id) {
            /// Organization that the team belongs to.
            organization_id -> Uuid,
            /// Identity of the team, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// Name of the team. Unique in the organization, whatever the case.
            name -> Text,
            /// What the team is for; null when not told.
            description -> Nullable<Text>,
            /// Person who made the team; null when a program did.
            created_by -> Nullable<Uuid>,
            /// When the team was created.
            created_at -> Timestamptz,
            /// When the team was last changed.
            updated_at -> Timestamptz,
            /// Version of the team: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else's change.
            revision -> Int4,
            /// Identity of the team in the directory that keeps it; null for none.
            external_id -> Nullable<Text>,
            /// When somebody last came into the team or left it.
            members_changed_at -> Timestamptz,
        }
    }

    diesel::allow_tables_to_appear_in_same_query!(
        approval_decisions,
        approval_requests,
        approval_workflows,
        epochs,
        permission_grants,
        permissions,
        resource_types,
        resources,
        role_assignments,
        role_permissions,
        roles,
        team_members,
        teams,
    );
}
