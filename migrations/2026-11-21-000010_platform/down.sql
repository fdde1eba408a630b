-- Built-in rows that organizations refer to cannot go; the reverse is for an installation without any.
SELECT set_config('app.organization_id', '00000000-0000-0000-0000-000000000000', true);
DELETE FROM governance.compliance_requirements WHERE organization_id = '00000000-0000-0000-0000-000000000000';
DELETE FROM governance.compliance_frameworks WHERE organization_id = '00000000-0000-0000-0000-000000000000';
-- What the server wrote of its permissions and roles belongs to the platform too.
DELETE FROM access.role_permissions WHERE organization_id = '00000000-0000-0000-0000-000000000000';
DELETE FROM access.roles WHERE organization_id = '00000000-0000-0000-0000-000000000000';
DELETE FROM access.permissions WHERE organization_id = '00000000-0000-0000-0000-000000000000';
DELETE FROM access.resource_types WHERE organization_id = '00000000-0000-0000-0000-000000000000';
DELETE FROM access.epochs WHERE organization_id = '00000000-0000-0000-0000-000000000000';
DELETE FROM identity.organizations WHERE id = '00000000-0000-0000-0000-000000000000';
