DROP TABLE identity.sso_requests, identity.sso_accounts, identity.sso_provider_roles, identity.sso_providers;
