-- Organizations, people, memberships, sessions, one-time tokens and the mail that brings them, API keys, platform administrators.

CREATE TABLE identity.organizations (
  id uuid NOT NULL,
  name text NOT NULL,
  slug text NOT NULL,
  status text NOT NULL DEFAULT 'active',
  logo_url text,
  business_type text,
  industry_vertical text,
  target_market text,
  timezone text NOT NULL DEFAULT 'UTC',
  locale text NOT NULL DEFAULT 'en-US',
  currency text NOT NULL DEFAULT 'USD',
  fiscal_year_start_month smallint NOT NULL DEFAULT 1,
  search_language regconfig NOT NULL DEFAULT 'simple',
  content_storage_mode text NOT NULL DEFAULT 'inline',
  encryption_key_id uuid,
  retention_days integer,
  settings jsonb NOT NULL DEFAULT '{}',
  metadata jsonb NOT NULL DEFAULT '{}',
  search_vector tsvector GENERATED ALWAYS AS (to_tsvector(search_language, name || ' ' || coalesce(business_type, ''))) STORED,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  revision integer NOT NULL DEFAULT 1,
  deleted_at timestamptz,
  CONSTRAINT organizations_pkey PRIMARY KEY (id),
  CONSTRAINT organizations_name_check CHECK (length(btrim(name)) BETWEEN 1 AND 200),
  CONSTRAINT organizations_slug_check CHECK (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
  CONSTRAINT organizations_status_check CHECK (status IN ('active', 'suspended', 'deleted')),
  CONSTRAINT organizations_logo_url_check CHECK (length(btrim(logo_url)) BETWEEN 1 AND 2000),
  CONSTRAINT organizations_business_type_check CHECK (length(btrim(business_type)) BETWEEN 1 AND 200),
  CONSTRAINT organizations_industry_vertical_check CHECK (length(btrim(industry_vertical)) BETWEEN 1 AND 200),
  CONSTRAINT organizations_target_market_check CHECK (length(btrim(target_market)) BETWEEN 1 AND 200),
  CONSTRAINT organizations_timezone_check CHECK (length(btrim(timezone)) BETWEEN 1 AND 64),
  CONSTRAINT organizations_locale_check CHECK (length(btrim(locale)) BETWEEN 2 AND 35),
  CONSTRAINT organizations_currency_check CHECK (currency ~ '^[A-Z]{3}$'),
  CONSTRAINT organizations_fiscal_year_start_month_check CHECK (fiscal_year_start_month BETWEEN 1 AND 12),
  CONSTRAINT organizations_content_storage_mode_check CHECK (content_storage_mode IN ('inline', 'external')),
  CONSTRAINT organizations_retention_days_check CHECK (retention_days > 0),
  CONSTRAINT organizations_settings_check CHECK (jsonb_typeof(settings) = 'object'),
  CONSTRAINT organizations_metadata_check CHECK (jsonb_typeof(metadata) = 'object')
);
COMMENT ON TABLE identity.organizations IS 'A company or institution that uses Portico; every other record belongs to exactly one. The platform itself is the organization with the id 00000000-0000-0000-0000-000000000000 and owns the built-in records.';
COMMENT ON COLUMN identity.organizations.id IS 'Identity of the organization, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN identity.organizations.name IS 'Name of the organization as people know it.';
COMMENT ON COLUMN identity.organizations.slug IS 'Short name in addresses and at sign-in: small letters, digits and hyphens, at most 63 characters. Unique among living organizations.';
COMMENT ON COLUMN identity.organizations.status IS 'State of the organization: only an active one answers requests. One of: active, suspended, deleted. Default: active.';
COMMENT ON COLUMN identity.organizations.logo_url IS 'Address of the logo; null for none.';
COMMENT ON COLUMN identity.organizations.business_type IS 'Kind of business, in free words; null when not told.';
COMMENT ON COLUMN identity.organizations.industry_vertical IS 'Industry that the organization works in; null when not told.';
COMMENT ON COLUMN identity.organizations.target_market IS 'Market that the organization sells to; null when not told.';
COMMENT ON COLUMN identity.organizations.timezone IS 'Time zone for days and reports, as in the IANA list (Europe/Berlin). Default: UTC.';
COMMENT ON COLUMN identity.organizations.locale IS 'Language and region for formatting, as a BCP 47 tag. Default: en-US.';
COMMENT ON COLUMN identity.organizations.currency IS 'Currency that new records start with, as an ISO 4217 code. Default: USD.';
COMMENT ON COLUMN identity.organizations.fiscal_year_start_month IS 'Month in which the fiscal year begins, 1 to 12. Default: 1.';
COMMENT ON COLUMN identity.organizations.search_language IS 'Language whose word forms full-text search knows; simple takes words as they are. Default: simple.';
COMMENT ON COLUMN identity.organizations.content_storage_mode IS 'Where the text of ingested documents is kept: inline in Portico, external only at its source. One of: inline, external. Default: inline.';
COMMENT ON COLUMN identity.organizations.encryption_key_id IS 'Key that encrypts the organization''s secrets; null for the key of the platform.';
COMMENT ON COLUMN identity.organizations.retention_days IS 'How many days ingested data is kept; null means without limit.';
COMMENT ON COLUMN identity.organizations.settings IS 'Settings that only clients read, as a JSON object.';
COMMENT ON COLUMN identity.organizations.metadata IS 'Free data of integrations, as a JSON object.';
COMMENT ON COLUMN identity.organizations.search_vector IS 'Words of the name and the kind of business, prepared for full-text search; kept by the database.';
COMMENT ON COLUMN identity.organizations.created_at IS 'When the organization was created.';
COMMENT ON COLUMN identity.organizations.updated_at IS 'When the organization was last changed.';
COMMENT ON COLUMN identity.organizations.revision IS 'Version of the organization: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else''s change.';
COMMENT ON COLUMN identity.organizations.deleted_at IS 'When the organization was deleted; null while it lives.';
COMMENT ON CONSTRAINT organizations_pkey ON identity.organizations IS 'An organization is found by id.';
COMMENT ON CONSTRAINT organizations_name_check ON identity.organizations IS 'The name has 1 to 200 characters.';
COMMENT ON CONSTRAINT organizations_slug_check ON identity.organizations IS 'The slug has 1 to 63 characters: small letters, digits, and hyphens inside.';
COMMENT ON CONSTRAINT organizations_status_check ON identity.organizations IS 'The status is one of: active, suspended, deleted.';
COMMENT ON CONSTRAINT organizations_logo_url_check ON identity.organizations IS 'The logo url has 1 to 2000 characters.';
COMMENT ON CONSTRAINT organizations_business_type_check ON identity.organizations IS 'The business type has 1 to 200 characters.';
COMMENT ON CONSTRAINT organizations_industry_vertical_check ON identity.organizations IS 'The industry vertical has 1 to 200 characters.';
COMMENT ON CONSTRAINT organizations_target_market_check ON identity.organizations IS 'The target market has 1 to 200 characters.';
COMMENT ON CONSTRAINT organizations_timezone_check ON identity.organizations IS 'The timezone has 1 to 64 characters.';
COMMENT ON CONSTRAINT organizations_locale_check ON identity.organizations IS 'The locale has 2 to 35 characters.';
COMMENT ON CONSTRAINT organizations_currency_check ON identity.organizations IS 'The currency is an ISO 4217 code of three letters.';
COMMENT ON CONSTRAINT organizations_fiscal_year_start_month_check ON identity.organizations IS 'The month lies between 1 and 12.';
COMMENT ON CONSTRAINT organizations_content_storage_mode_check ON identity.organizations IS 'The content storage mode is one of: inline, external.';
COMMENT ON CONSTRAINT organizations_retention_days_check ON identity.organizations IS 'The number of days is positive.';
COMMENT ON CONSTRAINT organizations_settings_check ON identity.organizations IS 'The settings are a JSON object.';
COMMENT ON CONSTRAINT organizations_metadata_check ON identity.organizations IS 'The metadata is a JSON object.';
CREATE INDEX organizations_created_at_id_idx ON identity.organizations (created_at, id);
CREATE UNIQUE INDEX organizations_slug_key ON identity.organizations (lower(slug)) WHERE deleted_at IS NULL;
COMMENT ON INDEX identity.organizations_slug_key IS 'No two living organizations share a slug.';
CREATE TRIGGER touch BEFORE UPDATE ON identity.organizations FOR EACH ROW EXECUTE FUNCTION ops.touch();
COMMENT ON TRIGGER touch ON identity.organizations IS 'Keeps the time and the number of the last change.';
GRANT SELECT, INSERT, UPDATE (name, slug, status, logo_url, business_type, industry_vertical, target_market, timezone, locale, currency, fiscal_year_start_month, search_language, content_storage_mode, encryption_key_id, retention_days, settings, metadata, deleted_at) ON identity.organizations TO portico_app;
ALTER TABLE identity.organizations ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE TABLE identity.users (
  id uuid NOT NULL,
  email text NOT NULL,
  username text,
  password_hash text,
  first_name text,
  last_name text,
  display_name text,
  avatar_url text,
  phone text,
  timezone text NOT NULL DEFAULT 'UTC',
  locale text NOT NULL DEFAULT 'en-US',
  status text NOT NULL DEFAULT 'pending',
  email_verified_at timestamptz,
  phone_verified_at timestamptz,
  failed_login_attempts integer NOT NULL DEFAULT 0,
  locked_at timestamptz,
  locked_until timestamptz,
  password_changed_at timestamptz,
  last_login_at timestamptz,
  last_login_ip inet,
  login_count bigint NOT NULL DEFAULT 0,
  mfa_enabled boolean NOT NULL DEFAULT false,
  mfa_secret_encrypted bytea,
  mfa_last_step bigint,
  metadata jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  revision integer NOT NULL DEFAULT 1,
  deleted_at timestamptz,
  CONSTRAINT users_pkey PRIMARY KEY (id),
  CONSTRAINT users_email_check CHECK (length(email) BETWEEN 3 AND 320 AND position('@' IN email) > 1),
  CONSTRAINT users_username_check CHECK (length(btrim(username)) BETWEEN 1 AND 100),
  CONSTRAINT users_first_name_check CHECK (length(btrim(first_name)) BETWEEN 1 AND 200),
  CONSTRAINT users_last_name_check CHECK (length(btrim(last_name)) BETWEEN 1 AND 200),
  CONSTRAINT users_display_name_check CHECK (length(btrim(display_name)) BETWEEN 1 AND 200),
  CONSTRAINT users_avatar_url_check CHECK (length(btrim(avatar_url)) BETWEEN 1 AND 2000),
  CONSTRAINT users_phone_check CHECK (length(btrim(phone)) BETWEEN 3 AND 40),
  CONSTRAINT users_timezone_check CHECK (length(btrim(timezone)) BETWEEN 1 AND 64),
  CONSTRAINT users_locale_check CHECK (length(btrim(locale)) BETWEEN 2 AND 35),
  CONSTRAINT users_status_check CHECK (status IN ('pending', 'active', 'inactive', 'deleted')),
  CONSTRAINT users_failed_login_attempts_check CHECK (failed_login_attempts >= 0),
  CONSTRAINT users_login_count_check CHECK (login_count >= 0),
  CONSTRAINT users_metadata_check CHECK (jsonb_typeof(metadata) = 'object')
);
COMMENT ON TABLE identity.users IS 'A person with an account: credentials and name exist once, memberships connect the account with organizations.';
COMMENT ON COLUMN identity.users.id IS 'Identity of the person, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN identity.users.email IS 'E-mail address the person signs in with. Unique among living accounts, whatever the case.';
COMMENT ON COLUMN identity.users.username IS 'Name to sign in with instead of the address; null for none. Unique among living accounts.';
COMMENT ON COLUMN identity.users.password_hash IS 'Hash of the password; null when the person signs in another way.';
COMMENT ON COLUMN identity.users.first_name IS 'Given name; null when not told.';
COMMENT ON COLUMN identity.users.last_name IS 'Family name; null when not told.';
COMMENT ON COLUMN identity.users.display_name IS 'Name as shown to others; null means given and family name.';
COMMENT ON COLUMN identity.users.avatar_url IS 'Address of the person''s picture; null for none.';
COMMENT ON COLUMN identity.users.phone IS 'Telephone number in international form; null when not told.';
COMMENT ON COLUMN identity.users.timezone IS 'Time zone of the person, as in the IANA list. Default: UTC.';
COMMENT ON COLUMN identity.users.locale IS 'Language and region of the person, as a BCP 47 tag. Default: en-US.';
COMMENT ON COLUMN identity.users.status IS 'State of the account: pending until the first sign-in is possible, inactive when switched off. One of: pending, active, inactive, deleted. Default: pending.';
COMMENT ON COLUMN identity.users.email_verified_at IS 'When the address was proved to be the person''s; null until then.';
COMMENT ON COLUMN identity.users.phone_verified_at IS 'When the telephone number was proved to be the person''s; null until then.';
COMMENT ON COLUMN identity.users.failed_login_attempts IS 'Wrong passwords and codes since the last success. Default: 0.';
COMMENT ON COLUMN identity.users.locked_at IS 'When an administrator locked the account, without end; null when not locked.';
COMMENT ON COLUMN identity.users.locked_until IS 'Until when sign-in is refused after too many wrong passwords and codes; null or past when it is not.';
COMMENT ON COLUMN identity.users.password_changed_at IS 'When the password was last changed; null when never.';
COMMENT ON COLUMN identity.users.last_login_at IS 'When the person last signed in; null when never.';
COMMENT ON COLUMN identity.users.last_login_ip IS 'Internet address of the last sign-in; null when never.';
COMMENT ON COLUMN identity.users.login_count IS 'How often the person signed in. Default: 0.';
COMMENT ON COLUMN identity.users.mfa_enabled IS 'Whether a second factor is asked for at sign-in. Default: false.';
COMMENT ON COLUMN identity.users.mfa_secret_encrypted IS 'Encrypted secret of the second factor; null for none. It counts once the second factor is switched on.';
COMMENT ON COLUMN identity.users.mfa_last_step IS 'Half minute whose code was used last, counted since 1970: no code of it or of an earlier one is taken again. Null before the first.';
COMMENT ON COLUMN identity.users.metadata IS 'Free data of integrations, as a JSON object.';
COMMENT ON COLUMN identity.users.created_at IS 'When the person was created.';
COMMENT ON COLUMN identity.users.updated_at IS 'When the person was last changed.';
COMMENT ON COLUMN identity.users.revision IS 'Version of the person: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else''s change.';
COMMENT ON COLUMN identity.users.deleted_at IS 'When the account was deleted; null while it lives.';
COMMENT ON CONSTRAINT users_pkey ON identity.users IS 'A person is found by id.';
COMMENT ON CONSTRAINT users_email_check ON identity.users IS 'The address has an @ and at most 320 characters.';
COMMENT ON CONSTRAINT users_username_check ON identity.users IS 'The username has 1 to 100 characters.';
COMMENT ON CONSTRAINT users_first_name_check ON identity.users IS 'The first name has 1 to 200 characters.';
COMMENT ON CONSTRAINT users_last_name_check ON identity.users IS 'The last name has 1 to 200 characters.';
COMMENT ON CONSTRAINT users_display_name_check ON identity.users IS 'The display name has 1 to 200 characters.';
COMMENT ON CONSTRAINT users_avatar_url_check ON identity.users IS 'The avatar url has 1 to 2000 characters.';
COMMENT ON CONSTRAINT users_phone_check ON identity.users IS 'The phone has 3 to 40 characters.';
COMMENT ON CONSTRAINT users_timezone_check ON identity.users IS 'The timezone has 1 to 64 characters.';
COMMENT ON CONSTRAINT users_locale_check ON identity.users IS 'The locale has 2 to 35 characters.';
COMMENT ON CONSTRAINT users_status_check ON identity.users IS 'The status is one of: pending, active, inactive, deleted.';
COMMENT ON CONSTRAINT users_failed_login_attempts_check ON identity.users IS 'The failed login attempts is not negative.';
COMMENT ON CONSTRAINT users_login_count_check ON identity.users IS 'The login count is not negative.';
COMMENT ON CONSTRAINT users_metadata_check ON identity.users IS 'The metadata is a JSON object.';
CREATE INDEX users_created_at_id_idx ON identity.users (created_at, id);
CREATE UNIQUE INDEX users_email_key ON identity.users (lower(email)) WHERE deleted_at IS NULL;
COMMENT ON INDEX identity.users_email_key IS 'No two living accounts share an e-mail address.';
CREATE UNIQUE INDEX users_username_key ON identity.users (lower(username)) WHERE deleted_at IS NULL;
COMMENT ON INDEX identity.users_username_key IS 'No two living accounts share a user name.';
CREATE TRIGGER touch BEFORE UPDATE OF email, username, password_hash, first_name, last_name, display_name, avatar_url, phone, timezone, locale, status, email_verified_at, phone_verified_at, locked_at, password_changed_at, mfa_enabled, mfa_secret_encrypted, metadata, deleted_at ON identity.users FOR EACH ROW EXECUTE FUNCTION ops.touch();
COMMENT ON TRIGGER touch ON identity.users IS 'Keeps the time and the number of the last change.';
GRANT SELECT, INSERT, UPDATE (email, username, password_hash, first_name, last_name, display_name, avatar_url, phone, timezone, locale, status, email_verified_at, phone_verified_at, failed_login_attempts, locked_at, locked_until, password_changed_at, last_login_at, last_login_ip, login_count, mfa_enabled, mfa_secret_encrypted, mfa_last_step, metadata, deleted_at) ON identity.users TO portico_app;
ALTER TABLE identity.users ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE TABLE identity.memberships (
  organization_id uuid NOT NULL,
  user_id uuid NOT NULL,
  status text NOT NULL DEFAULT 'active',
  manager_id uuid,
  department_id uuid,
  region text,
  title text,
  preferences jsonb NOT NULL DEFAULT '{}',
  notification_preferences jsonb NOT NULL DEFAULT '{}',
  joined_at timestamptz,
  last_seen_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  revision integer NOT NULL DEFAULT 1,
  CONSTRAINT memberships_pkey PRIMARY KEY (organization_id, user_id),
  CONSTRAINT memberships_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT memberships_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users (id),
  CONSTRAINT memberships_status_check CHECK (status IN ('invited', 'active', 'suspended', 'left')),
  CONSTRAINT memberships_manager_id_fkey FOREIGN KEY (organization_id, manager_id) REFERENCES identity.memberships (organization_id, user_id),
  CONSTRAINT memberships_region_check CHECK (region IN ('north_america', 'europe', 'middle_east', 'asia_pacific', 'latin_america')),
  CONSTRAINT memberships_title_check CHECK (length(btrim(title)) BETWEEN 1 AND 200),
  CONSTRAINT memberships_preferences_check CHECK (jsonb_typeof(preferences) = 'object'),
  CONSTRAINT memberships_notification_preferences_check CHECK (jsonb_typeof(notification_preferences) = 'object')
);
COMMENT ON TABLE identity.memberships IS 'A person''s place in one organization. Owners, assignees and authors of records are always members of the same organization.';
COMMENT ON COLUMN identity.memberships.organization_id IS 'Organization that the membership belongs to.';
COMMENT ON COLUMN identity.memberships.user_id IS 'Person who is the member.';
COMMENT ON COLUMN identity.memberships.status IS 'State of the membership: only an active one gives access. One of: invited, active, suspended, left. Default: active.';
COMMENT ON COLUMN identity.memberships.manager_id IS 'Person the member reports to; null at the top.';
COMMENT ON COLUMN identity.memberships.department_id IS 'Department the member works in; null for none. Some roles see records of this department only.';
COMMENT ON COLUMN identity.memberships.region IS 'Region the member works in; null for none. Some roles see records of this region only. One of: north_america, europe, middle_east, asia_pacific, latin_america.';
COMMENT ON COLUMN identity.memberships.title IS 'Position in the organization, such as Chief Financial Officer; null when not told.';
COMMENT ON COLUMN identity.memberships.preferences IS 'Settings of the member''s screens, as a JSON object.';
COMMENT ON COLUMN identity.memberships.notification_preferences IS 'What the member wants to be told and how, as a JSON object.';
COMMENT ON COLUMN identity.memberships.joined_at IS 'When the person became an active member; null while only invited.';
COMMENT ON COLUMN identity.memberships.last_seen_at IS 'When the member last used Portico in this organization, to the minute; null when never.';
COMMENT ON COLUMN identity.memberships.created_at IS 'When the membership was created.';
COMMENT ON COLUMN identity.memberships.updated_at IS 'When the membership was last changed.';
COMMENT ON COLUMN identity.memberships.revision IS 'Version of the membership: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else''s change.';
COMMENT ON CONSTRAINT memberships_pkey ON identity.memberships IS 'A membership is found by its organization and user id.';
COMMENT ON CONSTRAINT memberships_organization_id_fkey ON identity.memberships IS 'The organization exists.';
COMMENT ON CONSTRAINT memberships_user_id_fkey ON identity.memberships IS 'The user exists.';
COMMENT ON CONSTRAINT memberships_status_check ON identity.memberships IS 'The status is one of: invited, active, suspended, left.';
COMMENT ON CONSTRAINT memberships_manager_id_fkey ON identity.memberships IS 'The manager is a member of the same organization.';
COMMENT ON CONSTRAINT memberships_region_check ON identity.memberships IS 'The region is one of: north_america, europe, middle_east, asia_pacific, latin_america.';
COMMENT ON CONSTRAINT memberships_title_check ON identity.memberships IS 'The title has 1 to 200 characters.';
COMMENT ON CONSTRAINT memberships_preferences_check ON identity.memberships IS 'The preferences are a JSON object.';
COMMENT ON CONSTRAINT memberships_notification_preferences_check ON identity.memberships IS 'The preferences are a JSON object.';
CREATE INDEX memberships_user_id_idx ON identity.memberships (user_id);
CREATE INDEX memberships_manager_id_created_at_user_id_idx ON identity.memberships (organization_id, manager_id, created_at, user_id);
CREATE INDEX memberships_created_at_user_id_idx ON identity.memberships (organization_id, created_at, user_id);
CREATE INDEX memberships_department_id_created_at_user_id_idx ON identity.memberships (organization_id, department_id, created_at, user_id);
CREATE TRIGGER touch BEFORE UPDATE OF status, manager_id, department_id, region, title, preferences, notification_preferences, joined_at ON identity.memberships FOR EACH ROW EXECUTE FUNCTION ops.touch();
COMMENT ON TRIGGER touch ON identity.memberships IS 'Keeps the time and the number of the last change.';
GRANT SELECT, INSERT, UPDATE (status, manager_id, department_id, region, title, preferences, notification_preferences, joined_at, last_seen_at) ON identity.memberships TO portico_app;
ALTER TABLE identity.memberships ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE TABLE identity.organization_settings (
  organization_id uuid NOT NULL,
  fiscal_year_start text,
  features jsonb NOT NULL DEFAULT '{}',
  session_policy jsonb NOT NULL DEFAULT '{}',
  password_policy jsonb NOT NULL DEFAULT '{}',
  masking_enabled boolean NOT NULL DEFAULT true,
  ai_policy jsonb NOT NULL DEFAULT '{}',
  updated_at timestamptz NOT NULL DEFAULT now(),
  updated_by uuid,
  revision integer NOT NULL DEFAULT 1,
  CONSTRAINT organization_settings_pkey PRIMARY KEY (organization_id),
  CONSTRAINT organization_settings_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT organization_settings_fiscal_year_start_check CHECK (fiscal_year_start ~ '^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$'),
  CONSTRAINT organization_settings_features_check CHECK (jsonb_typeof(features) = 'object'),
  CONSTRAINT organization_settings_session_policy_check CHECK (jsonb_typeof(session_policy) = 'object' AND session_policy - '{maxHours,idleMinutes,mfaRequired}'::text[] = '{}'
    AND NOT coalesce(jsonb_path_exists(session_policy, 'strict $.maxHours ? (@.type() != "number" || @ < 1 || @ > 8760 || @ != @.floor())', '{}', true), false)
    AND NOT coalesce(jsonb_path_exists(session_policy, 'strict $.idleMinutes ? (@.type() != "number" || @ < 1 || @ > 43200 || @ != @.floor())', '{}', true), false)
    AND coalesce(jsonb_typeof(session_policy -> 'mfaRequired'), 'boolean') = 'boolean'),
  CONSTRAINT organization_settings_password_policy_check CHECK (jsonb_typeof(password_policy) = 'object' AND password_policy - '{minLength}'::text[] = '{}'
    AND NOT coalesce(jsonb_path_exists(password_policy, 'strict $.minLength ? (@.type() != "number" || @ < 8 || @ > 200 || @ != @.floor())', '{}', true), false)),
  CONSTRAINT organization_settings_ai_policy_check CHECK (jsonb_typeof(ai_policy) = 'object'),
  CONSTRAINT organization_settings_updated_by_fkey FOREIGN KEY (organization_id, updated_by) REFERENCES identity.memberships (organization_id, user_id)
);
COMMENT ON TABLE identity.organization_settings IS 'How one organization wants Portico to behave: features, sign-in rules, masking and limits of the assistant.';
COMMENT ON COLUMN identity.organization_settings.organization_id IS 'Organization that the settings record belongs to.';
COMMENT ON COLUMN identity.organization_settings.fiscal_year_start IS 'First day of the fiscal year, written MM-DD; null means the first day of the organization''s starting month.';
COMMENT ON COLUMN identity.organization_settings.features IS 'Which features are switched on, by name. Kept for what comes: no feature asks yet.';
COMMENT ON COLUMN identity.organization_settings.session_policy IS 'When people must sign in again: maxHours after signing in, and idleMinutes after they were last there (never sooner than an access token ends); what is absent follows the platform. With mfaRequired, people work here only in sessions that were opened with a second factor; API keys are not concerned.';
COMMENT ON COLUMN identity.organization_settings.password_policy IS 'What passwords must look like when they are chosen: minLength, 8 to 200 characters. Of several organizations of a person the strictest counts.';
COMMENT ON COLUMN identity.organization_settings.masking_enabled IS 'Whether what is classified as to be masked is masked for people who may not see it in clear; masking policies count anyway. Default: true.';
COMMENT ON COLUMN identity.organization_settings.ai_policy IS 'What the assistant may do in this organization. Kept for what comes: there is no assistant yet.';
COMMENT ON COLUMN identity.organization_settings.updated_at IS 'When the settings were last changed.';
COMMENT ON COLUMN identity.organization_settings.updated_by IS 'Person who last changed the settings; null when the platform did.';
COMMENT ON COLUMN identity.organization_settings.revision IS 'Version of the settings: starts at 1 and grows by one with every change.';
COMMENT ON CONSTRAINT organization_settings_pkey ON identity.organization_settings IS 'A settings record is found by its organization.';
COMMENT ON CONSTRAINT organization_settings_organization_id_fkey ON identity.organization_settings IS 'The organization exists.';
COMMENT ON CONSTRAINT organization_settings_fiscal_year_start_check ON identity.organization_settings IS 'The day is written MM-DD.';
COMMENT ON CONSTRAINT organization_settings_features_check ON identity.organization_settings IS 'The features are a JSON object.';
COMMENT ON CONSTRAINT organization_settings_session_policy_check ON identity.organization_settings IS 'The policy has no keys but maxHours and idleMinutes, which are whole numbers of up to a year and up to thirty days, and mfaRequired, which is true or false.';
COMMENT ON CONSTRAINT organization_settings_password_policy_check ON identity.organization_settings IS 'The policy has no key but minLength, a whole number from 8 to 200.';
COMMENT ON CONSTRAINT organization_settings_ai_policy_check ON identity.organization_settings IS 'The policy is a JSON object.';
COMMENT ON CONSTRAINT organization_settings_updated_by_fkey ON identity.organization_settings IS 'The updated is a member of the same organization.';
CREATE INDEX organization_settings_updated_by_idx ON identity.organization_settings (organization_id, updated_by);
CREATE TRIGGER touch BEFORE UPDATE ON identity.organization_settings FOR EACH ROW EXECUTE FUNCTION ops.touch();
COMMENT ON TRIGGER touch ON identity.organization_settings IS 'Keeps the time and the number of the last change.';
GRANT SELECT, INSERT, UPDATE (fiscal_year_start, features, session_policy, password_policy, masking_enabled, ai_policy, updated_by) ON identity.organization_settings TO portico_app;
CALL ops.isolate('identity.organization_settings', 'tenant');

CREATE TABLE identity.sessions (
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  organization_id uuid,
  refresh_token_hash text NOT NULL,
  access_token_jti text,
  device_info jsonb,
  ip_address inet,
  user_agent text,
  mfa boolean NOT NULL DEFAULT false,
  confined boolean NOT NULL DEFAULT false,
  expires_at timestamptz NOT NULL,
  last_activity_at timestamptz NOT NULL DEFAULT now(),
  revoked_at timestamptz,
  revoke_reason text,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT sessions_pkey PRIMARY KEY (id),
  CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users (id),
  CONSTRAINT sessions_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT sessions_revoke_reason_check CHECK (length(btrim(revoke_reason)) BETWEEN 1 AND 500)
);
COMMENT ON TABLE identity.sessions IS 'A sign-in of a person on one device, which lasts until it expires or is revoked.';
COMMENT ON COLUMN identity.sessions.id IS 'Identity of the session, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN identity.sessions.user_id IS 'Person who signed in.';
COMMENT ON COLUMN identity.sessions.organization_id IS 'Organization the session works in; null until one is chosen.';
COMMENT ON COLUMN identity.sessions.refresh_token_hash IS 'Hash of the token that prolongs the session; replaced at every use.';
COMMENT ON COLUMN identity.sessions.access_token_jti IS 'Number of the access token given out last; null before the first.';
COMMENT ON COLUMN identity.sessions.device_info IS 'What is known of the device, as a JSON object; null when nothing is.';
COMMENT ON COLUMN identity.sessions.ip_address IS 'Internet address at the last sign-in or renewal; null when unknown.';
COMMENT ON COLUMN identity.sessions.user_agent IS 'Program that the person used, as it names itself; null when unknown.';
COMMENT ON COLUMN identity.sessions.mfa IS 'Whether a second factor was shown in it, at the sign-in or since. Default: false.';
COMMENT ON COLUMN identity.sessions.confined IS 'Whether the session stays in its organization: it was opened on the word of the organization''s own provider, which counts nowhere else. Default: false.';
COMMENT ON COLUMN identity.sessions.expires_at IS 'When the session ends unless it is prolonged.';
COMMENT ON COLUMN identity.sessions.last_activity_at IS 'When the session was last used.';
COMMENT ON COLUMN identity.sessions.revoked_at IS 'When the session was ended before its time; null while it was not.';
COMMENT ON COLUMN identity.sessions.revoke_reason IS 'Why the session was ended, such as signed_out or token_reused; null while it was not.';
COMMENT ON COLUMN identity.sessions.created_at IS 'When the session was created.';
COMMENT ON CONSTRAINT sessions_pkey ON identity.sessions IS 'A session is found by id.';
COMMENT ON CONSTRAINT sessions_user_id_fkey ON identity.sessions IS 'The user exists.';
COMMENT ON CONSTRAINT sessions_organization_id_fkey ON identity.sessions IS 'The organization exists.';
COMMENT ON CONSTRAINT sessions_revoke_reason_check ON identity.sessions IS 'The revoke reason has 1 to 500 characters.';
CREATE INDEX sessions_user_id_idx ON identity.sessions (user_id);
GRANT SELECT, INSERT, UPDATE (organization_id, refresh_token_hash, access_token_jti, device_info, ip_address, user_agent, mfa, expires_at, last_activity_at, revoked_at, revoke_reason) ON identity.sessions TO portico_app;
ALTER TABLE identity.sessions ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE TABLE identity.one_time_tokens (
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  purpose text NOT NULL,
  email text NOT NULL,
  token_hash text NOT NULL,
  organization text,
  confined boolean NOT NULL DEFAULT false,
  expires_at timestamptz NOT NULL,
  used_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT one_time_tokens_pkey PRIMARY KEY (id),
  CONSTRAINT one_time_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users (id),
  CONSTRAINT one_time_tokens_purpose_check CHECK (purpose IN ('password_reset', 'email_verification', 'mfa_challenge')),
  CONSTRAINT one_time_tokens_email_check CHECK (length(email) BETWEEN 3 AND 320),
  CONSTRAINT one_time_tokens_organization_check CHECK (length(organization) BETWEEN 1 AND 200)
);
COMMENT ON TABLE identity.one_time_tokens IS 'A secret given to a person, who proves with it once to be that person. The token itself is only in the mail or the answer that brings it; its hash is kept.';
COMMENT ON COLUMN identity.one_time_tokens.id IS 'Identity of the token, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN identity.one_time_tokens.user_id IS 'Person whom it was given to.';
COMMENT ON COLUMN identity.one_time_tokens.purpose IS 'What it is good for. One of: password_reset, email_verification, mfa_challenge.';
COMMENT ON COLUMN identity.one_time_tokens.email IS 'E-mail address that it was sent to, or that its person signs in with.';
COMMENT ON COLUMN identity.one_time_tokens.token_hash IS 'Hash of the whole token.';
COMMENT ON COLUMN identity.one_time_tokens.organization IS 'Short name of the organization that was named at the sign-in; null when none was.';
COMMENT ON COLUMN identity.one_time_tokens.confined IS 'Whether the session that it leads to stays in its organization. Default: false.';
COMMENT ON COLUMN identity.one_time_tokens.expires_at IS 'When it stops working; at once when a newer one is sent or the password is changed.';
COMMENT ON COLUMN identity.one_time_tokens.used_at IS 'When it was used; null until then, and it is used once.';
COMMENT ON COLUMN identity.one_time_tokens.created_at IS 'When the token was created.';
COMMENT ON CONSTRAINT one_time_tokens_pkey ON identity.one_time_tokens IS 'A token is found by id.';
COMMENT ON CONSTRAINT one_time_tokens_user_id_fkey ON identity.one_time_tokens IS 'The user exists.';
COMMENT ON CONSTRAINT one_time_tokens_email_check ON identity.one_time_tokens IS 'The address has 3 to 320 characters.';
COMMENT ON CONSTRAINT one_time_tokens_purpose_check ON identity.one_time_tokens IS 'The purpose is one of: password_reset, email_verification, mfa_challenge.';
COMMENT ON CONSTRAINT one_time_tokens_organization_check ON identity.one_time_tokens IS 'The organization has 1 to 200 characters.';
CREATE INDEX one_time_tokens_user_id_idx ON identity.one_time_tokens (user_id, created_at);
CREATE UNIQUE INDEX one_time_tokens_token_hash_key ON identity.one_time_tokens (token_hash);
COMMENT ON INDEX identity.one_time_tokens_token_hash_key IS 'No two tokens are the same.';
GRANT SELECT, INSERT, UPDATE (expires_at, used_at) ON identity.one_time_tokens TO portico_app;
GRANT SELECT (expires_at), DELETE ON identity.one_time_tokens TO portico_worker;
ALTER TABLE identity.one_time_tokens ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE TABLE identity.mail (
  id uuid NOT NULL,
  recipient text NOT NULL,
  subject text NOT NULL,
  body text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  attempts integer NOT NULL DEFAULT 0,
  next_attempt_at timestamptz NOT NULL DEFAULT now(),
  sent_at timestamptz,
  failed_at timestamptz,
  failure text,
  CONSTRAINT mail_pkey PRIMARY KEY (id),
  CONSTRAINT mail_recipient_check CHECK (length(recipient) BETWEEN 3 AND 320),
  CONSTRAINT mail_subject_check CHECK (length(btrim(subject)) BETWEEN 1 AND 200),
  CONSTRAINT mail_body_check CHECK (length(btrim(body)) BETWEEN 1 AND 20000),
  CONSTRAINT mail_attempts_check CHECK (attempts >= 0),
  CONSTRAINT mail_failure_check CHECK (length(failure) BETWEEN 1 AND 2000),
  CONSTRAINT mail_failed_at_check CHECK (failed_at IS NULL OR (sent_at IS NULL AND failure IS NOT NULL))
);
COMMENT ON TABLE identity.mail IS 'The outbox: e-mail that the server has written. Whoever answers requests cannot read it again, since it may hold secrets; background work delivers it, and the owner of the database can read it.';
COMMENT ON COLUMN identity.mail.id IS 'Identity of the mail, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN identity.mail.recipient IS 'E-mail address that it is for.';
COMMENT ON COLUMN identity.mail.subject IS 'What it is about, in a line.';
COMMENT ON COLUMN identity.mail.body IS 'What it says, as plain text; once it was sent it is kept no longer, since it may hold secrets.';
COMMENT ON COLUMN identity.mail.created_at IS 'When the mail was created.';
COMMENT ON COLUMN identity.mail.attempts IS 'How often its delivery was tried. Default: 0.';
COMMENT ON COLUMN identity.mail.next_attempt_at IS 'When its delivery is tried next; while somebody is at it, when it is taken from them.';
COMMENT ON COLUMN identity.mail.sent_at IS 'When the mail server took it; null until then.';
COMMENT ON COLUMN identity.mail.failed_at IS 'When its delivery was given up; null when it was not.';
COMMENT ON COLUMN identity.mail.failure IS 'Why it was not delivered when that was tried last; null before the first failure and after success.';
COMMENT ON CONSTRAINT mail_pkey ON identity.mail IS 'A mail is found by id.';
COMMENT ON CONSTRAINT mail_recipient_check ON identity.mail IS 'The address has 3 to 320 characters.';
COMMENT ON CONSTRAINT mail_subject_check ON identity.mail IS 'The subject has 1 to 200 characters.';
COMMENT ON CONSTRAINT mail_body_check ON identity.mail IS 'The body has 1 to 20000 characters.';
COMMENT ON CONSTRAINT mail_attempts_check ON identity.mail IS 'The number of attempts is not negative.';
COMMENT ON CONSTRAINT mail_failure_check ON identity.mail IS 'The reason has 1 to 2000 characters.';
COMMENT ON CONSTRAINT mail_failed_at_check ON identity.mail IS 'What was given up was not sent, and has a reason.';
CREATE INDEX mail_due_idx ON identity.mail (next_attempt_at) WHERE sent_at IS NULL AND failed_at IS NULL;
CREATE INDEX mail_recipient_idx ON identity.mail (lower(recipient), id);
GRANT INSERT ON identity.mail TO portico_app;
GRANT SELECT, UPDATE (body, attempts, next_attempt_at, sent_at, failed_at, failure), DELETE ON identity.mail TO portico_worker;
ALTER TABLE identity.mail ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE TABLE identity.api_keys (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL,
  prefix text NOT NULL,
  hashed_key text NOT NULL,
  previous_hashed_key text,
  previous_valid_until timestamptz,
  rotated_at timestamptz,
  scopes text[] NOT NULL DEFAULT '{}',
  role_id uuid,
  created_by uuid,
  last_used_at timestamptz,
  last_used_ip inet,
  expires_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  revoked_at timestamptz,
  CONSTRAINT api_keys_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT api_keys_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT api_keys_name_check CHECK (length(btrim(name)) BETWEEN 1 AND 200),
  CONSTRAINT api_keys_prefix_check CHECK (length(btrim(prefix)) BETWEEN 4 AND 40),
  CONSTRAINT api_keys_previous_key CHECK ((previous_hashed_key IS NULL) = (previous_valid_until IS NULL)),
  CONSTRAINT api_keys_created_by_fkey FOREIGN KEY (organization_id, created_by) REFERENCES identity.memberships (organization_id, user_id)
);
COMMENT ON TABLE identity.api_keys IS 'A key with which a program acts in one organization. The key itself is shown once; only its hash is kept.';
COMMENT ON COLUMN identity.api_keys.organization_id IS 'Organization that the API key belongs to.';
COMMENT ON COLUMN identity.api_keys.id IS 'Identity of the API key, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN identity.api_keys.name IS 'What the key is for, in words of its maker.';
COMMENT ON COLUMN identity.api_keys.prefix IS 'First characters of the key, to recognise it by.';
COMMENT ON COLUMN identity.api_keys.hashed_key IS 'Hash of the whole key.';
COMMENT ON COLUMN identity.api_keys.previous_hashed_key IS 'Hash of the key that was replaced last; null when none was.';
COMMENT ON COLUMN identity.api_keys.previous_valid_until IS 'Until when the key that was replaced last still works; null when none was.';
COMMENT ON COLUMN identity.api_keys.rotated_at IS 'When the key was last replaced by a new one; null when never.';
COMMENT ON COLUMN identity.api_keys.scopes IS 'Permissions that the key is limited to, by name; empty means all of its role.';
COMMENT ON COLUMN identity.api_keys.role_id IS 'Role whose permissions the key has, whatever becomes of its maker; null means those of its maker.';
COMMENT ON COLUMN identity.api_keys.created_by IS 'Person who made the key; null when the platform did.';
COMMENT ON COLUMN identity.api_keys.last_used_at IS 'When the key was last used; null when never.';
COMMENT ON COLUMN identity.api_keys.last_used_ip IS 'Internet address that last used the key; null when never used.';
COMMENT ON COLUMN identity.api_keys.expires_at IS 'When the key stops working; null means never.';
COMMENT ON COLUMN identity.api_keys.created_at IS 'When the API key was created.';
COMMENT ON COLUMN identity.api_keys.revoked_at IS 'When the key was withdrawn; null while it works.';
COMMENT ON CONSTRAINT api_keys_pkey ON identity.api_keys IS 'An API key is found by its organization and id.';
COMMENT ON CONSTRAINT api_keys_organization_id_fkey ON identity.api_keys IS 'The organization exists.';
COMMENT ON CONSTRAINT api_keys_name_check ON identity.api_keys IS 'The name has 1 to 200 characters.';
COMMENT ON CONSTRAINT api_keys_prefix_check ON identity.api_keys IS 'The prefix has 4 to 40 characters.';
COMMENT ON CONSTRAINT api_keys_previous_key ON identity.api_keys IS 'A key that was replaced works until a certain time.';
COMMENT ON CONSTRAINT api_keys_created_by_fkey ON identity.api_keys IS 'The created is a member of the same organization.';
CREATE INDEX api_keys_created_by_created_at_id_idx ON identity.api_keys (organization_id, created_by, created_at, id);
CREATE INDEX api_keys_created_at_id_idx ON identity.api_keys (organization_id, created_at, id);
CREATE INDEX api_keys_role_id_created_at_id_idx ON identity.api_keys (organization_id, role_id, created_at, id);
CREATE UNIQUE INDEX api_keys_hashed_key_key ON identity.api_keys (hashed_key);
COMMENT ON INDEX identity.api_keys_hashed_key_key IS 'No two keys are the same.';
GRANT SELECT, INSERT, UPDATE (name, prefix, hashed_key, previous_hashed_key, previous_valid_until, rotated_at, scopes, role_id, last_used_at, last_used_ip, expires_at, revoked_at) ON identity.api_keys TO portico_app;
ALTER TABLE identity.api_keys ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE TABLE identity.platform_admins (
  id uuid NOT NULL,
  email text NOT NULL,
  user_id uuid,
  immutable boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT platform_admins_pkey PRIMARY KEY (id),
  CONSTRAINT platform_admins_email_check CHECK (length(btrim(email)) BETWEEN 3 AND 320),
  CONSTRAINT platform_admins_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users (id),
  CONSTRAINT platform_admins_immutable_check CHECK (immutable)
);
COMMENT ON TABLE identity.platform_admins IS 'A person who administers the platform itself. Rows are never changed or deleted.';
COMMENT ON COLUMN identity.platform_admins.id IS 'Identity of the platform administrator, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN identity.platform_admins.email IS 'E-mail address of the administrator.';
COMMENT ON COLUMN identity.platform_admins.user_id IS 'Account of the administrator; null until the person has one.';
COMMENT ON COLUMN identity.platform_admins.immutable IS 'Always true: says to readers that the row cannot be changed. Default: true.';
COMMENT ON COLUMN identity.platform_admins.created_at IS 'When the platform administrator was created.';
COMMENT ON CONSTRAINT platform_admins_pkey ON identity.platform_admins IS 'A platform administrator is found by id.';
COMMENT ON CONSTRAINT platform_admins_email_check ON identity.platform_admins IS 'The email has 3 to 320 characters.';
COMMENT ON CONSTRAINT platform_admins_user_id_fkey ON identity.platform_admins IS 'The user exists.';
COMMENT ON CONSTRAINT platform_admins_immutable_check ON identity.platform_admins IS 'Always true.';
CREATE INDEX platform_admins_user_id_idx ON identity.platform_admins (user_id);
CREATE UNIQUE INDEX platform_admins_email_key ON identity.platform_admins (lower(email));
COMMENT ON INDEX identity.platform_admins_email_key IS 'No address is listed twice.';
GRANT SELECT ON identity.platform_admins TO portico_app;
ALTER TABLE identity.platform_admins ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- Policies of the tables that do not follow the one pattern. A sign-in knows no organization yet:
-- it names exactly one e-mail address, session or key in a setting and sees that row alone.
CREATE POLICY organizations_select ON identity.organizations FOR SELECT USING (
  id = (SELECT nullif(current_setting('app.organization_id', true), '')::uuid)
  OR EXISTS (SELECT FROM identity.memberships m WHERE m.organization_id = organizations.id
             AND m.user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid)));
COMMENT ON POLICY organizations_select ON identity.organizations IS 'The current organization is seen, and those the person is a member of.';
CREATE POLICY organizations_insert ON identity.organizations FOR INSERT
  WITH CHECK (id = (SELECT nullif(current_setting('app.organization_id', true), '')::uuid));
COMMENT ON POLICY organizations_insert ON identity.organizations IS 'An organization is founded from inside itself: the setting names its new id.';
CREATE POLICY organizations_update ON identity.organizations FOR UPDATE
  USING (id = (SELECT nullif(current_setting('app.organization_id', true), '')::uuid))
  WITH CHECK (id = (SELECT nullif(current_setting('app.organization_id', true), '')::uuid));
COMMENT ON POLICY organizations_update ON identity.organizations IS 'Only the current organization is changed.';
CREATE POLICY organizations_worker ON identity.organizations FOR SELECT TO portico_worker USING (true);
COMMENT ON POLICY organizations_worker ON identity.organizations IS 'Background work lists all organizations.';
GRANT SELECT (id, status, deleted_at) ON identity.organizations TO portico_worker;

CREATE POLICY users_select ON identity.users FOR SELECT USING (
  id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid)
  OR lower(email) = (SELECT lower(nullif(current_setting('app.sign_in_email', true), '')))
  -- OFFSET keeps the planner from reading all members into a hash to look up a few
  OR EXISTS (SELECT FROM identity.memberships m WHERE m.user_id = users.id
             AND m.organization_id = (SELECT nullif(current_setting('app.organization_id', true), '')::uuid) OFFSET 0));
COMMENT ON POLICY users_select ON identity.users IS 'People see themselves and the members of the current organization; a sign-in sees the account with its address.';
CREATE POLICY users_insert ON identity.users FOR INSERT WITH CHECK (
  id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid)
  OR (SELECT nullif(current_setting('app.organization_id', true), '')) IS NOT NULL);
COMMENT ON POLICY users_insert ON identity.users IS 'Accounts are made by their person or from inside an organization.';
CREATE POLICY users_update ON identity.users FOR UPDATE
  USING (id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid)
    OR lower(email) = (SELECT lower(nullif(current_setting('app.sign_in_email', true), ''))))
  WITH CHECK (id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid)
    OR lower(email) = (SELECT lower(nullif(current_setting('app.sign_in_email', true), ''))));
COMMENT ON POLICY users_update ON identity.users IS 'An account belongs to its person, not to an organization: nobody else changes it.';

CREATE POLICY memberships_select ON identity.memberships FOR SELECT USING (
  organization_id = (SELECT nullif(current_setting('app.organization_id', true), '')::uuid)
  OR user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid));
COMMENT ON POLICY memberships_select ON identity.memberships IS 'Members of the current organization are seen, and one''s own memberships everywhere.';
CREATE POLICY memberships_insert ON identity.memberships FOR INSERT
  WITH CHECK (organization_id = (SELECT nullif(current_setting('app.organization_id', true), '')::uuid));
COMMENT ON POLICY memberships_insert ON identity.memberships IS 'Members join the current organization only.';
CREATE POLICY memberships_update ON identity.memberships FOR UPDATE
  USING (organization_id = (SELECT nullif(current_setting('app.organization_id', true), '')::uuid))
  WITH CHECK (organization_id = (SELECT nullif(current_setting('app.organization_id', true), '')::uuid));
COMMENT ON POLICY memberships_update ON identity.memberships IS 'Memberships of the current organization only are changed.';

CREATE POLICY sessions_select ON identity.sessions FOR SELECT USING (
  user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid)
  OR id = (SELECT nullif(current_setting('app.session_id', true), '')::uuid));
COMMENT ON POLICY sessions_select ON identity.sessions IS 'People see their own sessions; a renewal sees the session it names.';
CREATE POLICY sessions_insert ON identity.sessions FOR INSERT
  WITH CHECK (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid));
COMMENT ON POLICY sessions_insert ON identity.sessions IS 'Sessions are made for the person who signed in.';
CREATE POLICY sessions_update ON identity.sessions FOR UPDATE
  USING (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid)
    OR id = (SELECT nullif(current_setting('app.session_id', true), '')::uuid))
  WITH CHECK (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid)
    OR id = (SELECT nullif(current_setting('app.session_id', true), '')::uuid));
COMMENT ON POLICY sessions_update ON identity.sessions IS 'People end and prolong their own sessions.';

CREATE POLICY one_time_tokens_select ON identity.one_time_tokens FOR SELECT USING (
  user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid)
  OR token_hash = (SELECT nullif(current_setting('app.one_time_token', true), '')));
COMMENT ON POLICY one_time_tokens_select ON identity.one_time_tokens IS 'People see their own tokens; whoever shows a token sees that one.';
CREATE POLICY one_time_tokens_insert ON identity.one_time_tokens FOR INSERT
  WITH CHECK (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid));
COMMENT ON POLICY one_time_tokens_insert ON identity.one_time_tokens IS 'Tokens are made for the person who is written to.';
CREATE POLICY one_time_tokens_update ON identity.one_time_tokens FOR UPDATE
  USING (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid)
    OR token_hash = (SELECT nullif(current_setting('app.one_time_token', true), '')))
  WITH CHECK (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid)
    OR token_hash = (SELECT nullif(current_setting('app.one_time_token', true), '')));
COMMENT ON POLICY one_time_tokens_update ON identity.one_time_tokens IS 'Tokens are used by whoever shows them, and replaced by newer ones of the same person.';

CREATE POLICY one_time_tokens_worker ON identity.one_time_tokens TO portico_worker USING (true);
COMMENT ON POLICY one_time_tokens_worker ON identity.one_time_tokens IS 'Background work deletes tokens some time after they have ended.';

CREATE POLICY mail_insert ON identity.mail FOR INSERT
  WITH CHECK (lower(recipient) = (SELECT lower(nullif(current_setting('app.sign_in_email', true), ''))));
COMMENT ON POLICY mail_insert ON identity.mail IS 'Mail is written to the one address that a request names.';
CREATE POLICY mail_select ON identity.mail FOR SELECT TO CURRENT_USER USING (true);
COMMENT ON POLICY mail_select ON identity.mail IS 'The owner of the tables reads all mail; whoever answers requests reads none.';
CREATE POLICY mail_worker ON identity.mail TO portico_worker USING (true) WITH CHECK (true);
COMMENT ON POLICY mail_worker ON identity.mail IS 'Background work delivers all mail, and deletes it some time after.';

CREATE POLICY api_keys_select ON identity.api_keys FOR SELECT USING (
  organization_id = (SELECT nullif(current_setting('app.organization_id', true), '')::uuid)
  OR id = (SELECT nullif(current_setting('app.api_key_id', true), '')::uuid));
COMMENT ON POLICY api_keys_select ON identity.api_keys IS 'Keys of the current organization are seen; a sign-in sees the key it names.';
CREATE POLICY api_keys_insert ON identity.api_keys FOR INSERT
  WITH CHECK (organization_id = (SELECT nullif(current_setting('app.organization_id', true), '')::uuid));
COMMENT ON POLICY api_keys_insert ON identity.api_keys IS 'Keys are made for the current organization only.';
CREATE POLICY api_keys_update ON identity.api_keys FOR UPDATE
  USING (organization_id = (SELECT nullif(current_setting('app.organization_id', true), '')::uuid))
  WITH CHECK (organization_id = (SELECT nullif(current_setting('app.organization_id', true), '')::uuid));
COMMENT ON POLICY api_keys_update ON identity.api_keys IS 'Keys of the current organization only are changed.';

CREATE POLICY platform_admins_select ON identity.platform_admins FOR SELECT
  USING (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid));
COMMENT ON POLICY platform_admins_select ON identity.platform_admins IS 'People learn only whether they are platform administrators themselves.';

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON identity.platform_admins
  FOR EACH ROW EXECUTE FUNCTION ops.append_only('platform_admins');
COMMENT ON TRIGGER append_only ON identity.platform_admins IS 'Platform administrators are never changed or deleted, by nobody.';
CREATE TRIGGER append_only_all BEFORE TRUNCATE ON identity.platform_admins
  FOR EACH STATEMENT EXECUTE FUNCTION ops.append_only('platform_admins');
COMMENT ON TRIGGER append_only_all ON identity.platform_admins IS 'The list of platform administrators is never emptied.';

CREATE TRIGGER manager_cycle BEFORE INSERT OR UPDATE OF manager_id ON identity.memberships
  FOR EACH ROW WHEN (NEW.manager_id IS NOT NULL) EXECUTE FUNCTION ops.refuse_cycle('user_id', 'manager_id',
    'memberships_manager_cycle', 'Nobody can report to themselves, directly or through others.');
COMMENT ON TRIGGER manager_cycle ON identity.memberships IS 'The chain of managers never runs in a circle.';
