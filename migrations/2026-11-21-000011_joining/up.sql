-- Invitations, what people tell about themselves, and teams.

CREATE TABLE identity.invitations (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  email text NOT NULL,
  role_id uuid NOT NULL,
  invited_by uuid,
  token_hash text NOT NULL,
  sent_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  accepted_at timestamptz,
  accepted_by uuid,
  revoked_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  revision integer NOT NULL DEFAULT 1,
  CONSTRAINT invitations_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT invitations_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT invitations_email_check CHECK (length(email) BETWEEN 3 AND 320 AND email ~ '^[^@[:space:]]+@[^@[:space:]]+$'),
  CONSTRAINT invitations_role_id_fkey FOREIGN KEY (organization_id, role_id) REFERENCES access.roles (organization_id, id),
  CONSTRAINT invitations_invited_by_fkey FOREIGN KEY (organization_id, invited_by) REFERENCES identity.memberships (organization_id, user_id),
  CONSTRAINT invitations_accepted_by_fkey FOREIGN KEY (organization_id, accepted_by) REFERENCES identity.memberships (organization_id, user_id),
  CONSTRAINT invitations_accepted CHECK ((accepted_at IS NULL) = (accepted_by IS NULL) AND (accepted_at IS NULL OR revoked_at IS NULL))
);
COMMENT ON TABLE identity.invitations IS 'A letter that asks whoever has an e-mail address to join the organization in a role. The token that accepts it is only in the mail; its hash is kept.';
COMMENT ON COLUMN identity.invitations.organization_id IS 'Organization that the invitation belongs to.';
COMMENT ON COLUMN identity.invitations.id IS 'Identity of the invitation, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN identity.invitations.email IS 'E-mail address that is invited; nobody else can accept.';
COMMENT ON COLUMN identity.invitations.role_id IS 'Role that whoever accepts is given.';
COMMENT ON COLUMN identity.invitations.invited_by IS 'Person who sent the invitation last; null when a program did. The invitation is good only while they are an active member.';
COMMENT ON COLUMN identity.invitations.token_hash IS 'Hash of the token that was sent last; those sent before are good for nothing.';
COMMENT ON COLUMN identity.invitations.sent_at IS 'When the token was sent last.';
COMMENT ON COLUMN identity.invitations.expires_at IS 'Until when the token is good; sending the invitation again begins anew.';
COMMENT ON COLUMN identity.invitations.accepted_at IS 'When the invitation was accepted; null until then.';
COMMENT ON COLUMN identity.invitations.accepted_by IS 'Person who accepted; null until then.';
COMMENT ON COLUMN identity.invitations.revoked_at IS 'When the invitation was withdrawn; null when it was not.';
COMMENT ON COLUMN identity.invitations.created_at IS 'When the invitation was created.';
COMMENT ON COLUMN identity.invitations.updated_at IS 'When the invitation was last changed.';
COMMENT ON COLUMN identity.invitations.revision IS 'Version of the invitation: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else''s change.';
COMMENT ON CONSTRAINT invitations_pkey ON identity.invitations IS 'An invitation is found by its organization and id.';
COMMENT ON CONSTRAINT invitations_organization_id_fkey ON identity.invitations IS 'The organization exists.';
COMMENT ON CONSTRAINT invitations_email_check ON identity.invitations IS 'The address has one @ with something on both sides, no spaces, and at most 320 characters.';
COMMENT ON CONSTRAINT invitations_role_id_fkey ON identity.invitations IS 'The role belongs to the same organization.';
COMMENT ON CONSTRAINT invitations_invited_by_fkey ON identity.invitations IS 'The inviter is a member of the same organization.';
COMMENT ON CONSTRAINT invitations_accepted_by_fkey ON identity.invitations IS 'The accepting person is a member of the same organization.';
COMMENT ON CONSTRAINT invitations_accepted ON identity.invitations IS 'An accepted invitation, and no other, tells who accepted it, and is not withdrawn.';
CREATE INDEX invitations_role_id_created_at_id_idx ON identity.invitations (organization_id, role_id, created_at, id);
CREATE INDEX invitations_invited_by_created_at_id_idx ON identity.invitations (organization_id, invited_by, created_at, id);
CREATE INDEX invitations_accepted_by_created_at_id_idx ON identity.invitations (organization_id, accepted_by, created_at, id);
CREATE INDEX invitations_created_at_id_idx ON identity.invitations (organization_id, created_at, id);
CREATE UNIQUE INDEX invitations_email_key ON identity.invitations (organization_id, lower(email)) WHERE accepted_at IS NULL AND revoked_at IS NULL;
COMMENT ON INDEX identity.invitations_email_key IS 'An address has at most one open invitation of an organization.';
CREATE UNIQUE INDEX invitations_token_hash_key ON identity.invitations (token_hash);
COMMENT ON INDEX identity.invitations_token_hash_key IS 'No two tokens are the same.';
CREATE TRIGGER touch BEFORE UPDATE ON identity.invitations FOR EACH ROW EXECUTE FUNCTION ops.touch();
COMMENT ON TRIGGER touch ON identity.invitations IS 'Keeps the time and the number of the last change.';
GRANT SELECT, INSERT, UPDATE (invited_by, token_hash, sent_at, expires_at, accepted_at, accepted_by, revoked_at) ON identity.invitations TO portico_app;
CALL ops.isolate('identity.invitations', 'tenant');
CREATE POLICY invitee_select ON identity.invitations FOR SELECT
  USING (token_hash = (SELECT nullif(current_setting('app.one_time_token', true), '')));
COMMENT ON POLICY invitee_select ON identity.invitations IS 'Whoever shows a token sees the invitation that it came with.';

-- What people tell about themselves.

CREATE TABLE identity.user_profiles (
  user_id uuid NOT NULL,
  date_of_birth date,
  gender text,
  bio text,
  website_url text,
  linkedin_url text,
  github_url text,
  job_title text,
  company text,
  country text,
  state_province text,
  city text,
  postal_code text,
  address_line1 text,
  address_line2 text,
  notification_preferences jsonb NOT NULL DEFAULT '{}',
  privacy_settings jsonb NOT NULL DEFAULT '{}',
  ui_preferences jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  revision integer NOT NULL DEFAULT 1,
  CONSTRAINT user_profiles_pkey PRIMARY KEY (user_id),
  CONSTRAINT user_profiles_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users (id),
  CONSTRAINT user_profiles_date_of_birth_check CHECK (date_of_birth BETWEEN '1900-01-01' AND '2100-01-01'),
  CONSTRAINT user_profiles_gender_check CHECK (length(btrim(gender)) BETWEEN 1 AND 50),
  CONSTRAINT user_profiles_bio_check CHECK (length(btrim(bio)) BETWEEN 1 AND 5000),
  CONSTRAINT user_profiles_website_url_check CHECK (length(btrim(website_url)) BETWEEN 1 AND 2000),
  CONSTRAINT user_profiles_linkedin_url_check CHECK (length(btrim(linkedin_url)) BETWEEN 1 AND 2000),
  CONSTRAINT user_profiles_github_url_check CHECK (length(btrim(github_url)) BETWEEN 1 AND 2000),
  CONSTRAINT user_profiles_job_title_check CHECK (length(btrim(job_title)) BETWEEN 1 AND 200),
  CONSTRAINT user_profiles_company_check CHECK (length(btrim(company)) BETWEEN 1 AND 200),
  CONSTRAINT user_profiles_country_check CHECK (country ~ '^[A-Z]{2}$'),
  CONSTRAINT user_profiles_state_province_check CHECK (length(btrim(state_province)) BETWEEN 1 AND 200),
  CONSTRAINT user_profiles_city_check CHECK (length(btrim(city)) BETWEEN 1 AND 200),
  CONSTRAINT user_profiles_postal_code_check CHECK (length(btrim(postal_code)) BETWEEN 1 AND 20),
  CONSTRAINT user_profiles_address_line1_check CHECK (length(btrim(address_line1)) BETWEEN 1 AND 300),
  CONSTRAINT user_profiles_address_line2_check CHECK (length(btrim(address_line2)) BETWEEN 1 AND 300),
  CONSTRAINT user_profiles_notification_preferences_check CHECK (jsonb_typeof(notification_preferences) = 'object'),
  CONSTRAINT user_profiles_privacy_settings_check CHECK (jsonb_typeof(privacy_settings) = 'object'),
  CONSTRAINT user_profiles_ui_preferences_check CHECK (jsonb_typeof(ui_preferences) = 'object')
);
COMMENT ON TABLE identity.user_profiles IS 'What a person tells about themselves and how they like Portico, in whichever organization. Where they stand in one is told by their membership.';
COMMENT ON COLUMN identity.user_profiles.user_id IS 'Person whose profile it is.';
COMMENT ON COLUMN identity.user_profiles.date_of_birth IS 'Day on which the person was born; null when not told.';
COMMENT ON COLUMN identity.user_profiles.gender IS 'Gender in the person''s own words; null when not told.';
COMMENT ON COLUMN identity.user_profiles.bio IS 'What the person tells about themselves; null when nothing.';
COMMENT ON COLUMN identity.user_profiles.website_url IS 'Address of the person''s web site; null for none.';
COMMENT ON COLUMN identity.user_profiles.linkedin_url IS 'Address of the person''s page at LinkedIn; null for none.';
COMMENT ON COLUMN identity.user_profiles.github_url IS 'Address of the person''s page at GitHub; null for none.';
COMMENT ON COLUMN identity.user_profiles.job_title IS 'What the person works as, wherever that is; null when not told. The position in an organization stands with the membership.';
COMMENT ON COLUMN identity.user_profiles.company IS 'Company that the person works for; null when not told.';
COMMENT ON COLUMN identity.user_profiles.country IS 'Country the person lives in, as an ISO 3166-1 code of two letters; null when not told.';
COMMENT ON COLUMN identity.user_profiles.state_province IS 'State or province the person lives in; null when not told.';
COMMENT ON COLUMN identity.user_profiles.city IS 'City the person lives in; null when not told.';
COMMENT ON COLUMN identity.user_profiles.postal_code IS 'Postal code of where the person lives; null when not told.';
COMMENT ON COLUMN identity.user_profiles.address_line1 IS 'Street and number where the person lives; null when not told.';
COMMENT ON COLUMN identity.user_profiles.address_line2 IS 'Second line of the address where the person lives; null for none.';
COMMENT ON COLUMN identity.user_profiles.notification_preferences IS 'What the person wants to be told and how, in whichever organization, as a JSON object.';
COMMENT ON COLUMN identity.user_profiles.privacy_settings IS 'What the person wants clients to show of them, as a JSON object; the server goes by permissions alone.';
COMMENT ON COLUMN identity.user_profiles.ui_preferences IS 'Settings of the person''s screens in whichever organization, as a JSON object.';
COMMENT ON COLUMN identity.user_profiles.created_at IS 'When the profile was created.';
COMMENT ON COLUMN identity.user_profiles.updated_at IS 'When the profile was last changed.';
COMMENT ON COLUMN identity.user_profiles.revision IS 'Version of the profile: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else''s change.';
COMMENT ON CONSTRAINT user_profiles_pkey ON identity.user_profiles IS 'A profile is found by its person.';
COMMENT ON CONSTRAINT user_profiles_user_id_fkey ON identity.user_profiles IS 'The user exists.';
COMMENT ON CONSTRAINT user_profiles_date_of_birth_check ON identity.user_profiles IS 'The day lies between 1900 and 2100.';
COMMENT ON CONSTRAINT user_profiles_gender_check ON identity.user_profiles IS 'The gender has 1 to 50 characters.';
COMMENT ON CONSTRAINT user_profiles_bio_check ON identity.user_profiles IS 'The text has 1 to 5000 characters.';
COMMENT ON CONSTRAINT user_profiles_website_url_check ON identity.user_profiles IS 'The address has 1 to 2000 characters.';
COMMENT ON CONSTRAINT user_profiles_linkedin_url_check ON identity.user_profiles IS 'The address has 1 to 2000 characters.';
COMMENT ON CONSTRAINT user_profiles_github_url_check ON identity.user_profiles IS 'The address has 1 to 2000 characters.';
COMMENT ON CONSTRAINT user_profiles_job_title_check ON identity.user_profiles IS 'The job title has 1 to 200 characters.';
COMMENT ON CONSTRAINT user_profiles_company_check ON identity.user_profiles IS 'The company has 1 to 200 characters.';
COMMENT ON CONSTRAINT user_profiles_country_check ON identity.user_profiles IS 'The country is an ISO 3166-1 code of two letters.';
COMMENT ON CONSTRAINT user_profiles_state_province_check ON identity.user_profiles IS 'The state has 1 to 200 characters.';
COMMENT ON CONSTRAINT user_profiles_city_check ON identity.user_profiles IS 'The city has 1 to 200 characters.';
COMMENT ON CONSTRAINT user_profiles_postal_code_check ON identity.user_profiles IS 'The postal code has 1 to 20 characters.';
COMMENT ON CONSTRAINT user_profiles_address_line1_check ON identity.user_profiles IS 'The line has 1 to 300 characters.';
COMMENT ON CONSTRAINT user_profiles_address_line2_check ON identity.user_profiles IS 'The line has 1 to 300 characters.';
COMMENT ON CONSTRAINT user_profiles_notification_preferences_check ON identity.user_profiles IS 'The preferences are a JSON object.';
COMMENT ON CONSTRAINT user_profiles_privacy_settings_check ON identity.user_profiles IS 'The settings are a JSON object.';
COMMENT ON CONSTRAINT user_profiles_ui_preferences_check ON identity.user_profiles IS 'The preferences are a JSON object.';
CREATE TRIGGER touch BEFORE UPDATE ON identity.user_profiles FOR EACH ROW EXECUTE FUNCTION ops.touch();
COMMENT ON TRIGGER touch ON identity.user_profiles IS 'Keeps the time and the number of the last change.';
GRANT SELECT, INSERT, UPDATE (date_of_birth, gender, bio, website_url, linkedin_url, github_url, job_title, company, country, state_province, city, postal_code, address_line1, address_line2, notification_preferences, privacy_settings, ui_preferences) ON identity.user_profiles TO portico_app;
ALTER TABLE identity.user_profiles ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY user_profiles_select ON identity.user_profiles FOR SELECT USING (
  user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid)
  -- OFFSET keeps the planner from reading all members into a hash to look up a few
  OR EXISTS (SELECT FROM identity.memberships m WHERE m.user_id = user_profiles.user_id
             AND m.organization_id = (SELECT nullif(current_setting('app.organization_id', true), '')::uuid) OFFSET 0));
COMMENT ON POLICY user_profiles_select ON identity.user_profiles IS 'People see their own profile and those of the members of the current organization.';
CREATE POLICY user_profiles_insert ON identity.user_profiles FOR INSERT
  WITH CHECK (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid));
COMMENT ON POLICY user_profiles_insert ON identity.user_profiles IS 'A profile is made by its person.';
CREATE POLICY user_profiles_update ON identity.user_profiles FOR UPDATE
  USING (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid))
  WITH CHECK (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid));
COMMENT ON POLICY user_profiles_update ON identity.user_profiles IS 'A profile is changed by its person alone.';

-- Teams.

CREATE TABLE access.teams (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL,
  description text,
  created_by uuid,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  revision integer NOT NULL DEFAULT 1,
  CONSTRAINT teams_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT teams_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT teams_name_check CHECK (length(btrim(name)) BETWEEN 1 AND 100),
  CONSTRAINT teams_description_check CHECK (length(btrim(description)) BETWEEN 1 AND 2000),
  CONSTRAINT teams_created_by_fkey FOREIGN KEY (organization_id, created_by) REFERENCES identity.memberships (organization_id, user_id)
);
COMMENT ON TABLE access.teams IS 'People of the organization who work together and are named together.';
COMMENT ON COLUMN access.teams.organization_id IS 'Organization that the team belongs to.';
COMMENT ON COLUMN access.teams.id IS 'Identity of the team, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN access.teams.name IS 'Name of the team. Unique in the organization, whatever the case.';
COMMENT ON COLUMN access.teams.description IS 'What the team is for; null when not told.';
COMMENT ON COLUMN access.teams.created_by IS 'Person who made the team; null when a program did.';
COMMENT ON COLUMN access.teams.created_at IS 'When the team was created.';
COMMENT ON COLUMN access.teams.updated_at IS 'When the team was last changed.';
COMMENT ON COLUMN access.teams.revision IS 'Version of the team: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else''s change.';
COMMENT ON CONSTRAINT teams_pkey ON access.teams IS 'A team is found by its organization and id.';
COMMENT ON CONSTRAINT teams_organization_id_fkey ON access.teams IS 'The organization exists.';
COMMENT ON CONSTRAINT teams_name_check ON access.teams IS 'The name has 1 to 100 characters.';
COMMENT ON CONSTRAINT teams_description_check ON access.teams IS 'The description has 1 to 2000 characters.';
COMMENT ON CONSTRAINT teams_created_by_fkey ON access.teams IS 'The maker is a member of the same organization.';
CREATE INDEX teams_created_by_name_id_idx ON access.teams (organization_id, created_by, name, id);
CREATE INDEX teams_created_at_id_idx ON access.teams (organization_id, created_at, id);
CREATE UNIQUE INDEX teams_name_key ON access.teams (organization_id, lower(name));
COMMENT ON INDEX access.teams_name_key IS 'No two teams of an organization share a name.';
CREATE TRIGGER touch BEFORE UPDATE ON access.teams FOR EACH ROW EXECUTE FUNCTION ops.touch();
COMMENT ON TRIGGER touch ON access.teams IS 'Keeps the time and the number of the last change.';
GRANT SELECT, INSERT, UPDATE (name, description), DELETE ON access.teams TO portico_app;
CALL ops.isolate('access.teams', 'tenant');

CREATE TABLE access.team_members (
  organization_id uuid NOT NULL,
  team_id uuid NOT NULL,
  user_id uuid NOT NULL,
  added_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT team_members_pkey PRIMARY KEY (organization_id, team_id, user_id),
  CONSTRAINT team_members_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT team_members_team_id_fkey FOREIGN KEY (organization_id, team_id) REFERENCES access.teams (organization_id, id),
  CONSTRAINT team_members_user_id_fkey FOREIGN KEY (organization_id, user_id) REFERENCES identity.memberships (organization_id, user_id)
);
COMMENT ON TABLE access.team_members IS 'Says that a person is in a team.';
COMMENT ON COLUMN access.team_members.organization_id IS 'Organization that the team belongs to.';
COMMENT ON COLUMN access.team_members.team_id IS 'Team that the person is in.';
COMMENT ON COLUMN access.team_members.user_id IS 'Person who is in the team.';
COMMENT ON COLUMN access.team_members.added_at IS 'When the person was added.';
COMMENT ON CONSTRAINT team_members_pkey ON access.team_members IS 'A person is in a team once.';
COMMENT ON CONSTRAINT team_members_organization_id_fkey ON access.team_members IS 'The organization exists.';
COMMENT ON CONSTRAINT team_members_team_id_fkey ON access.team_members IS 'The team belongs to the same organization.';
COMMENT ON CONSTRAINT team_members_user_id_fkey ON access.team_members IS 'The person is a member of the same organization.';
CREATE INDEX team_members_user_id_idx ON access.team_members (organization_id, user_id);
GRANT SELECT, INSERT, DELETE ON access.team_members TO portico_app;
CALL ops.isolate('access.team_members', 'tenant');
