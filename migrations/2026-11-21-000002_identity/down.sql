DROP TABLE identity.platform_admins;
DROP TABLE identity.api_keys;
DROP TABLE identity.sessions;
DROP POLICY users_select ON identity.users;
DROP POLICY organizations_select ON identity.organizations;
DROP TABLE identity.organization_settings;
DROP TABLE identity.memberships;
DROP TABLE identity.users;
DROP TABLE identity.organizations;
