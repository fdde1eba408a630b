-- Signing in at another house: providers, the roles they bring, whose account is whose, and sign-ins on their way.

CREATE TABLE identity.sso_providers (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL,
  provider_type text NOT NULL,
  client_id text NOT NULL,
  client_secret_encrypted bytea,
  discovery_url text,
  authorization_url text,
  token_url text,
  userinfo_url text,
  jwks_url text,
  saml_metadata_url text,
  saml_certificate text,
  redirect_uris text[] NOT NULL DEFAULT '{}',
  scopes text[] NOT NULL DEFAULT '{openid,email,profile}',
  attribute_mapping jsonb NOT NULL DEFAULT '{}',
  auto_create_users boolean NOT NULL DEFAULT false,
  is_active boolean NOT NULL DEFAULT true,
  metadata jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  revision integer NOT NULL DEFAULT 1,
  CONSTRAINT sso_providers_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT sso_providers_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT sso_providers_name_check CHECK (length(btrim(name)) BETWEEN 1 AND 200),
  CONSTRAINT sso_providers_provider_type_check CHECK (provider_type IN ('oidc', 'oauth2')),
  CONSTRAINT sso_providers_client_id_check CHECK (length(btrim(client_id)) BETWEEN 1 AND 500),
  CONSTRAINT sso_providers_discovery_url_check CHECK (length(discovery_url) <= 2000 AND discovery_url LIKE '%/.well-known/openid-configuration'),
  CONSTRAINT sso_providers_authorization_url_check CHECK (length(authorization_url) BETWEEN 1 AND 2000),
  CONSTRAINT sso_providers_token_url_check CHECK (length(token_url) BETWEEN 1 AND 2000),
  CONSTRAINT sso_providers_userinfo_url_check CHECK (length(userinfo_url) BETWEEN 1 AND 2000),
  CONSTRAINT sso_providers_jwks_url_check CHECK (length(jwks_url) BETWEEN 1 AND 2000),
  CONSTRAINT sso_providers_saml_metadata_url_check CHECK (length(saml_metadata_url) BETWEEN 1 AND 2000),
  CONSTRAINT sso_providers_saml_certificate_check CHECK (length(saml_certificate) BETWEEN 1 AND 20000),
  CONSTRAINT sso_providers_redirect_uris_check CHECK (cardinality(redirect_uris) <= 20),
  CONSTRAINT sso_providers_scopes_check CHECK (cardinality(scopes) <= 20),
  CONSTRAINT sso_providers_attribute_mapping_check CHECK (jsonb_typeof(attribute_mapping) = 'object'
    AND attribute_mapping - '{subject,email,emailVerified,username,firstName,lastName,displayName}'::text[] = '{}'
    AND NOT jsonb_path_exists(attribute_mapping, 'strict $.* ? (@.type() != "string")')),
  CONSTRAINT sso_providers_metadata_check CHECK (jsonb_typeof(metadata) = 'object'),
  CONSTRAINT sso_providers_addresses CHECK (CASE provider_type WHEN 'oidc' THEN discovery_url IS NOT NULL
    ELSE authorization_url IS NOT NULL AND token_url IS NOT NULL AND userinfo_url IS NOT NULL END)
);
COMMENT ON TABLE identity.sso_providers IS 'A house whose word is taken for who somebody is: people sign in there instead of with a password. It belongs to an organization, or to the platform and so to all.';
COMMENT ON COLUMN identity.sso_providers.organization_id IS 'Organization that the provider belongs to.';
COMMENT ON COLUMN identity.sso_providers.id IS 'Identity of the provider, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN identity.sso_providers.name IS 'Name of the provider as people choose it.';
COMMENT ON COLUMN identity.sso_providers.provider_type IS 'How the provider speaks: oidc (OpenID Connect) or oauth2 (OAuth 2.0 with an address that tells who somebody is). SAML goes through a broker that speaks OpenID Connect. One of: oidc, oauth2.';
COMMENT ON COLUMN identity.sso_providers.client_id IS 'Name by which the provider knows this server.';
COMMENT ON COLUMN identity.sso_providers.client_secret_encrypted IS 'Encrypted secret that the provider has given this server; null for none.';
COMMENT ON COLUMN identity.sso_providers.discovery_url IS 'Address at which an OpenID provider describes itself: its issuer and /.well-known/openid-configuration. Null for oauth2.';
COMMENT ON COLUMN identity.sso_providers.authorization_url IS 'Address to which people are sent to sign in; null where the provider describes itself.';
COMMENT ON COLUMN identity.sso_providers.token_url IS 'Address that exchanges codes for tokens; null where the provider describes itself.';
COMMENT ON COLUMN identity.sso_providers.userinfo_url IS 'Address that tells who somebody is; null where the provider describes itself.';
COMMENT ON COLUMN identity.sso_providers.jwks_url IS 'Address of the provider''s keys; null where the provider describes itself.';
COMMENT ON COLUMN identity.sso_providers.saml_metadata_url IS 'Address of SAML metadata, kept for the broker; null for none.';
COMMENT ON COLUMN identity.sso_providers.saml_certificate IS 'Certificate of a SAML provider, kept for the broker; null for none.';
COMMENT ON COLUMN identity.sso_providers.redirect_uris IS 'Addresses to which people may come back, exactly; besides them, pages of the server''s public address.';
COMMENT ON COLUMN identity.sso_providers.scopes IS 'What the provider is asked to tell, as its scopes. Default: openid, email, profile.';
COMMENT ON COLUMN identity.sso_providers.attribute_mapping IS 'Under which names the provider tells who somebody is, where they are not the usual ones: subject, email, emailVerified, username, firstName, lastName, displayName.';
COMMENT ON COLUMN identity.sso_providers.auto_create_users IS 'Whether an account is made for who signs in for the first time. Default: false.';
COMMENT ON COLUMN identity.sso_providers.is_active IS 'Whether anybody signs in there. Default: true.';
COMMENT ON COLUMN identity.sso_providers.metadata IS 'Free data of integrations, as a JSON object.';
COMMENT ON COLUMN identity.sso_providers.created_at IS 'When the provider was created.';
COMMENT ON COLUMN identity.sso_providers.updated_at IS 'When the provider was last changed.';
COMMENT ON COLUMN identity.sso_providers.revision IS 'Version of the provider: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else''s change.';
COMMENT ON CONSTRAINT sso_providers_pkey ON identity.sso_providers IS 'A provider is found by its organization and id.';
COMMENT ON CONSTRAINT sso_providers_organization_id_fkey ON identity.sso_providers IS 'The organization exists.';
COMMENT ON CONSTRAINT sso_providers_name_check ON identity.sso_providers IS 'The name has 1 to 200 characters.';
COMMENT ON CONSTRAINT sso_providers_provider_type_check ON identity.sso_providers IS 'The provider type is one of: oidc, oauth2.';
COMMENT ON CONSTRAINT sso_providers_client_id_check ON identity.sso_providers IS 'The client id has 1 to 500 characters.';
COMMENT ON CONSTRAINT sso_providers_discovery_url_check ON identity.sso_providers IS 'The address ends with /.well-known/openid-configuration.';
COMMENT ON CONSTRAINT sso_providers_authorization_url_check ON identity.sso_providers IS 'The address has 1 to 2000 characters.';
COMMENT ON CONSTRAINT sso_providers_token_url_check ON identity.sso_providers IS 'The address has 1 to 2000 characters.';
COMMENT ON CONSTRAINT sso_providers_userinfo_url_check ON identity.sso_providers IS 'The address has 1 to 2000 characters.';
COMMENT ON CONSTRAINT sso_providers_jwks_url_check ON identity.sso_providers IS 'The address has 1 to 2000 characters.';
COMMENT ON CONSTRAINT sso_providers_saml_metadata_url_check ON identity.sso_providers IS 'The address has 1 to 2000 characters.';
COMMENT ON CONSTRAINT sso_providers_saml_certificate_check ON identity.sso_providers IS 'The certificate has 1 to 20000 characters.';
COMMENT ON CONSTRAINT sso_providers_redirect_uris_check ON identity.sso_providers IS 'There are at most 20 addresses to come back to.';
COMMENT ON CONSTRAINT sso_providers_scopes_check ON identity.sso_providers IS 'There are at most 20 scopes.';
COMMENT ON CONSTRAINT sso_providers_attribute_mapping_check ON identity.sso_providers IS 'The mapping names known attributes, each by a text.';
COMMENT ON CONSTRAINT sso_providers_metadata_check ON identity.sso_providers IS 'The metadata is a JSON object.';
COMMENT ON CONSTRAINT sso_providers_addresses ON identity.sso_providers IS 'An OpenID provider describes itself; of another one the addresses are told.';
CREATE UNIQUE INDEX sso_providers_name_key ON identity.sso_providers (organization_id, lower(name));
COMMENT ON INDEX identity.sso_providers_name_key IS 'No two providers of an organization share a name.';
CREATE INDEX sso_providers_created_at_id_idx ON identity.sso_providers (organization_id, created_at, id);
CREATE UNIQUE INDEX sso_providers_id_key ON identity.sso_providers (id);
COMMENT ON INDEX identity.sso_providers_id_key IS 'A sign-in names a provider by its id alone.';
CREATE TRIGGER touch BEFORE UPDATE ON identity.sso_providers FOR EACH ROW EXECUTE FUNCTION ops.touch();
COMMENT ON TRIGGER touch ON identity.sso_providers IS 'Keeps the time and the number of the last change.';
GRANT SELECT, INSERT, DELETE, UPDATE (name, client_id, client_secret_encrypted, discovery_url, authorization_url, token_url, userinfo_url, jwks_url, saml_metadata_url, saml_certificate, redirect_uris, scopes, attribute_mapping, auto_create_users, is_active, metadata) ON identity.sso_providers TO portico_app;
CALL ops.isolate('identity.sso_providers', 'owner');
CREATE POLICY sign_in_select ON identity.sso_providers FOR SELECT
  USING (id = (SELECT nullif(current_setting('app.sso_provider_id', true), '')::uuid));
COMMENT ON POLICY sign_in_select ON identity.sso_providers IS 'A sign-in sees the provider that it names.';

CREATE TABLE identity.sso_provider_roles (
  organization_id uuid NOT NULL,
  provider_id uuid NOT NULL,
  role_id uuid NOT NULL,
  CONSTRAINT sso_provider_roles_pkey PRIMARY KEY (organization_id, provider_id, role_id),
  CONSTRAINT sso_provider_roles_provider_id_fkey FOREIGN KEY (organization_id, provider_id) REFERENCES identity.sso_providers (organization_id, id) ON DELETE CASCADE,
  CONSTRAINT sso_provider_roles_role_id_fkey FOREIGN KEY (organization_id, role_id) REFERENCES access.roles (organization_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE identity.sso_provider_roles IS 'A role that is given to whom an account is made for.';
COMMENT ON COLUMN identity.sso_provider_roles.organization_id IS 'Organization that the provider belongs to.';
COMMENT ON COLUMN identity.sso_provider_roles.provider_id IS 'Provider at which people sign in.';
COMMENT ON COLUMN identity.sso_provider_roles.role_id IS 'Role that they are given.';
COMMENT ON CONSTRAINT sso_provider_roles_pkey ON identity.sso_provider_roles IS 'A provider gives a role once.';
COMMENT ON CONSTRAINT sso_provider_roles_provider_id_fkey ON identity.sso_provider_roles IS 'The provider belongs to the same organization.';
COMMENT ON CONSTRAINT sso_provider_roles_role_id_fkey ON identity.sso_provider_roles IS 'The role belongs to the same organization.';
CREATE INDEX sso_provider_roles_role_id_idx ON identity.sso_provider_roles (organization_id, role_id);
GRANT SELECT, INSERT, DELETE ON identity.sso_provider_roles TO portico_app;
CALL ops.isolate('identity.sso_provider_roles', 'tenant');

CREATE TABLE identity.sso_accounts (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  provider_id uuid NOT NULL,
  issuer text NOT NULL,
  external_id text NOT NULL,
  external_username text,
  external_email text,
  access_token_encrypted bytea,
  refresh_token_encrypted bytea,
  token_expires_at timestamptz,
  linked_at timestamptz NOT NULL DEFAULT now(),
  last_used_at timestamptz,
  external_data jsonb NOT NULL DEFAULT '{}',
  CONSTRAINT sso_accounts_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT sso_accounts_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users (id),
  CONSTRAINT sso_accounts_provider_id_fkey FOREIGN KEY (organization_id, provider_id) REFERENCES identity.sso_providers (organization_id, id) ON DELETE CASCADE,
  CONSTRAINT sso_accounts_external_id_check CHECK (length(external_id) BETWEEN 1 AND 500),
  CONSTRAINT sso_accounts_external_data_check CHECK (jsonb_typeof(external_data) = 'object')
);
COMMENT ON TABLE identity.sso_accounts IS 'An account that a person has with a provider, with which they sign in here.';
COMMENT ON COLUMN identity.sso_accounts.organization_id IS 'Organization that the provider belongs to.';
COMMENT ON COLUMN identity.sso_accounts.id IS 'Identity of the link, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN identity.sso_accounts.user_id IS 'Person whose account it is.';
COMMENT ON COLUMN identity.sso_accounts.provider_id IS 'Provider that knows the account.';
COMMENT ON COLUMN identity.sso_accounts.issuer IS 'Issuer as the provider names itself; with the subject it is who somebody is.';
COMMENT ON COLUMN identity.sso_accounts.external_id IS 'Subject: how the provider names the person, for good.';
COMMENT ON COLUMN identity.sso_accounts.external_username IS 'User name with the provider; null when not told.';
COMMENT ON COLUMN identity.sso_accounts.external_email IS 'E-mail address with the provider; null when not told. It says nothing of who somebody is.';
COMMENT ON COLUMN identity.sso_accounts.access_token_encrypted IS 'Encrypted token for the provider; null, since nothing is asked of it after the sign-in.';
COMMENT ON COLUMN identity.sso_accounts.refresh_token_encrypted IS 'Encrypted token that renews the other; null, since nothing is asked of the provider after the sign-in.';
COMMENT ON COLUMN identity.sso_accounts.token_expires_at IS 'When the token for the provider ends; null for none.';
COMMENT ON COLUMN identity.sso_accounts.linked_at IS 'When the account was linked.';
COMMENT ON COLUMN identity.sso_accounts.last_used_at IS 'When the person last signed in with it; null when never.';
COMMENT ON COLUMN identity.sso_accounts.external_data IS 'What else the provider told at the last sign-in, as a JSON object.';
COMMENT ON CONSTRAINT sso_accounts_pkey ON identity.sso_accounts IS 'A link is found by its organization and id.';
COMMENT ON CONSTRAINT sso_accounts_user_id_fkey ON identity.sso_accounts IS 'The user exists.';
COMMENT ON CONSTRAINT sso_accounts_provider_id_fkey ON identity.sso_accounts IS 'The provider belongs to the same organization.';
COMMENT ON CONSTRAINT sso_accounts_external_id_check ON identity.sso_accounts IS 'The subject has 1 to 500 characters.';
COMMENT ON CONSTRAINT sso_accounts_external_data_check ON identity.sso_accounts IS 'The data is a JSON object.';
CREATE UNIQUE INDEX sso_accounts_external_id_key ON identity.sso_accounts (organization_id, provider_id, issuer, external_id);
COMMENT ON INDEX identity.sso_accounts_external_id_key IS 'An account with a provider belongs to one person.';
CREATE INDEX sso_accounts_user_id_idx ON identity.sso_accounts (user_id, id);
GRANT SELECT, INSERT, DELETE, UPDATE (external_username, external_email, last_used_at, external_data) ON identity.sso_accounts TO portico_app;
ALTER TABLE identity.sso_accounts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY sso_accounts_select ON identity.sso_accounts FOR SELECT USING (
  user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid)
  OR provider_id = (SELECT nullif(current_setting('app.sso_provider_id', true), '')::uuid)
     AND external_id = (SELECT nullif(current_setting('app.sso_subject', true), '')));
COMMENT ON POLICY sso_accounts_select ON identity.sso_accounts IS 'People see their own accounts; a sign-in sees the account for which the provider vouches.';
CREATE POLICY sso_accounts_insert ON identity.sso_accounts FOR INSERT
  WITH CHECK (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid));
COMMENT ON POLICY sso_accounts_insert ON identity.sso_accounts IS 'People link accounts to themselves only.';
CREATE POLICY sso_accounts_update ON identity.sso_accounts FOR UPDATE
  USING (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid))
  WITH CHECK (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid));
COMMENT ON POLICY sso_accounts_update ON identity.sso_accounts IS 'A sign-in keeps what the provider tells of the person.';
CREATE POLICY sso_accounts_delete ON identity.sso_accounts FOR DELETE
  USING (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid));
COMMENT ON POLICY sso_accounts_delete ON identity.sso_accounts IS 'People unlink their own accounts only.';

CREATE TABLE identity.sso_requests (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  provider_id uuid NOT NULL,
  state_hash text NOT NULL,
  secrets_encrypted bytea NOT NULL,
  redirect_uri text NOT NULL,
  user_id uuid,
  expires_at timestamptz NOT NULL,
  used_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT sso_requests_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT sso_requests_provider_id_fkey FOREIGN KEY (organization_id, provider_id) REFERENCES identity.sso_providers (organization_id, id) ON DELETE CASCADE,
  CONSTRAINT sso_requests_redirect_uri_check CHECK (length(redirect_uri) BETWEEN 1 AND 2000),
  CONSTRAINT sso_requests_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users (id)
);
COMMENT ON TABLE identity.sso_requests IS 'A sign-in on its way to a provider and back. Who comes back shows the state, of which the hash is kept.';
COMMENT ON COLUMN identity.sso_requests.organization_id IS 'Organization that the provider belongs to.';
COMMENT ON COLUMN identity.sso_requests.id IS 'Identity of the request, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN identity.sso_requests.provider_id IS 'Provider to which the person was sent.';
COMMENT ON COLUMN identity.sso_requests.state_hash IS 'Hash of the state with which the person comes back.';
COMMENT ON COLUMN identity.sso_requests.secrets_encrypted IS 'Encrypted nonce and PKCE verifier.';
COMMENT ON COLUMN identity.sso_requests.redirect_uri IS 'Where the person comes back.';
COMMENT ON COLUMN identity.sso_requests.user_id IS 'Person who links an account; null for a sign-in.';
COMMENT ON COLUMN identity.sso_requests.expires_at IS 'Until when the person has to be back.';
COMMENT ON COLUMN identity.sso_requests.used_at IS 'When the person came back; null until then, and it is used once.';
COMMENT ON COLUMN identity.sso_requests.created_at IS 'When the request was created.';
COMMENT ON CONSTRAINT sso_requests_pkey ON identity.sso_requests IS 'A request is found by its organization and id.';
COMMENT ON CONSTRAINT sso_requests_provider_id_fkey ON identity.sso_requests IS 'The provider belongs to the same organization.';
COMMENT ON CONSTRAINT sso_requests_redirect_uri_check ON identity.sso_requests IS 'The address has 1 to 2000 characters.';
COMMENT ON CONSTRAINT sso_requests_user_id_fkey ON identity.sso_requests IS 'The user exists.';
CREATE UNIQUE INDEX sso_requests_state_hash_key ON identity.sso_requests (state_hash);
COMMENT ON INDEX identity.sso_requests_state_hash_key IS 'No two states are the same.';
CREATE INDEX sso_requests_provider_id_idx ON identity.sso_requests (organization_id, provider_id);
CREATE INDEX sso_requests_user_id_idx ON identity.sso_requests (user_id);
GRANT SELECT, INSERT, UPDATE (used_at) ON identity.sso_requests TO portico_app;
ALTER TABLE identity.sso_requests ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY sso_requests_select ON identity.sso_requests FOR SELECT
  USING (state_hash = (SELECT nullif(current_setting('app.one_time_token', true), '')));
COMMENT ON POLICY sso_requests_select ON identity.sso_requests IS 'Whoever shows a state sees the request that it belongs to.';
CREATE POLICY sso_requests_insert ON identity.sso_requests FOR INSERT
  WITH CHECK (state_hash = (SELECT nullif(current_setting('app.one_time_token', true), '')));
COMMENT ON POLICY sso_requests_insert ON identity.sso_requests IS 'A request is made for the state that whoever asks is given.';
CREATE POLICY sso_requests_update ON identity.sso_requests FOR UPDATE
  USING (state_hash = (SELECT nullif(current_setting('app.one_time_token', true), '')))
  WITH CHECK (state_hash = (SELECT nullif(current_setting('app.one_time_token', true), '')));
COMMENT ON POLICY sso_requests_update ON identity.sso_requests IS 'A request is used by whoever shows its state.';
