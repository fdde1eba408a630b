-- What directories say of people and teams (SCIM).

CREATE TABLE identity.scim_users (
  organization_id uuid NOT NULL,
  user_id uuid NOT NULL,
  external_id text,
  user_name text NOT NULL,
  formatted_name text,
  given_name text,
  family_name text,
  display_name text,
  emails jsonb NOT NULL DEFAULT '[]',
  phone_numbers jsonb NOT NULL DEFAULT '[]',
  locale text,
  timezone text,
  department text,
  owns_account boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  revision integer NOT NULL DEFAULT 1,
  removed_at timestamptz,
  CONSTRAINT scim_users_pkey PRIMARY KEY (organization_id, user_id),
  CONSTRAINT scim_users_user_id_fkey FOREIGN KEY (organization_id, user_id) REFERENCES identity.memberships (organization_id, user_id),
  CONSTRAINT scim_users_external_id_check CHECK (length(external_id) BETWEEN 1 AND 500),
  CONSTRAINT scim_users_user_name_check CHECK (length(btrim(user_name)) BETWEEN 1 AND 320),
  CONSTRAINT scim_users_formatted_name_check CHECK (length(btrim(formatted_name)) BETWEEN 1 AND 500),
  CONSTRAINT scim_users_given_name_check CHECK (length(btrim(given_name)) BETWEEN 1 AND 200),
  CONSTRAINT scim_users_family_name_check CHECK (length(btrim(family_name)) BETWEEN 1 AND 200),
  CONSTRAINT scim_users_display_name_check CHECK (length(btrim(display_name)) BETWEEN 1 AND 200),
  CONSTRAINT scim_users_emails_check CHECK (jsonb_typeof(emails) = 'array' AND length(emails::text) <= 20000),
  CONSTRAINT scim_users_phone_numbers_check CHECK (jsonb_typeof(phone_numbers) = 'array' AND length(phone_numbers::text) <= 20000),
  CONSTRAINT scim_users_locale_check CHECK (length(btrim(locale)) BETWEEN 2 AND 35),
  CONSTRAINT scim_users_timezone_check CHECK (length(btrim(timezone)) BETWEEN 1 AND 64),
  CONSTRAINT scim_users_department_check CHECK (length(btrim(department)) BETWEEN 1 AND 200)
);
COMMENT ON TABLE identity.scim_users IS 'What the directory of an organization says of a member. It is told back as it was said; the account itself follows only while it is the organization''s own.';
COMMENT ON COLUMN identity.scim_users.organization_id IS 'Organization whose directory it is.';
COMMENT ON COLUMN identity.scim_users.user_id IS 'Member of whom it speaks.';
COMMENT ON COLUMN identity.scim_users.external_id IS 'Identity of the person in the directory; null when not told.';
COMMENT ON COLUMN identity.scim_users.user_name IS 'User name in the directory. Unique in the organization, whatever the case.';
COMMENT ON COLUMN identity.scim_users.formatted_name IS 'Whole name as it is written; null when not told.';
COMMENT ON COLUMN identity.scim_users.given_name IS 'Given name; null when not told.';
COMMENT ON COLUMN identity.scim_users.family_name IS 'Family name; null when not told.';
COMMENT ON COLUMN identity.scim_users.display_name IS 'Name as shown to others; null when not told.';
COMMENT ON COLUMN identity.scim_users.emails IS 'E-mail addresses, each with its value, type and whether it is the primary one, as a JSON list.';
COMMENT ON COLUMN identity.scim_users.phone_numbers IS 'Telephone numbers, each with its value, type and whether it is the primary one, as a JSON list.';
COMMENT ON COLUMN identity.scim_users.locale IS 'Language and region of the person; null when not told.';
COMMENT ON COLUMN identity.scim_users.timezone IS 'Time zone of the person; null when not told.';
COMMENT ON COLUMN identity.scim_users.department IS 'Department as the directory calls it; null when not told. The membership follows where a department has this name or code.';
COMMENT ON COLUMN identity.scim_users.owns_account IS 'Whether the account was made for this directory and has been nobody else''s since: false for good once its person has a password, has proved the address or has joined another organization. Default: false.';
COMMENT ON COLUMN identity.scim_users.created_at IS 'When the directory first spoke of the person.';
COMMENT ON COLUMN identity.scim_users.updated_at IS 'When the directory last said something else.';
COMMENT ON COLUMN identity.scim_users.revision IS 'Version of what the directory says: starts at 1 and grows by one with every change.';
COMMENT ON COLUMN identity.scim_users.removed_at IS 'When the directory let go of the person; null while it has not.';
COMMENT ON CONSTRAINT scim_users_pkey ON identity.scim_users IS 'What is said of a person is found by the organization and the person.';
COMMENT ON CONSTRAINT scim_users_user_id_fkey ON identity.scim_users IS 'The person is a member of the same organization.';
COMMENT ON CONSTRAINT scim_users_external_id_check ON identity.scim_users IS 'The external id has 1 to 500 characters.';
COMMENT ON CONSTRAINT scim_users_user_name_check ON identity.scim_users IS 'The user name has 1 to 320 characters.';
COMMENT ON CONSTRAINT scim_users_formatted_name_check ON identity.scim_users IS 'The whole name has 1 to 500 characters.';
COMMENT ON CONSTRAINT scim_users_given_name_check ON identity.scim_users IS 'The given name has 1 to 200 characters.';
COMMENT ON CONSTRAINT scim_users_family_name_check ON identity.scim_users IS 'The family name has 1 to 200 characters.';
COMMENT ON CONSTRAINT scim_users_display_name_check ON identity.scim_users IS 'The display name has 1 to 200 characters.';
COMMENT ON CONSTRAINT scim_users_emails_check ON identity.scim_users IS 'The addresses are a JSON list of at most 20000 characters.';
COMMENT ON CONSTRAINT scim_users_phone_numbers_check ON identity.scim_users IS 'The numbers are a JSON list of at most 20000 characters.';
COMMENT ON CONSTRAINT scim_users_locale_check ON identity.scim_users IS 'The locale has 2 to 35 characters.';
COMMENT ON CONSTRAINT scim_users_timezone_check ON identity.scim_users IS 'The timezone has 1 to 64 characters.';
COMMENT ON CONSTRAINT scim_users_department_check ON identity.scim_users IS 'The department has 1 to 200 characters.';
CREATE UNIQUE INDEX scim_users_user_name_key ON identity.scim_users (organization_id, lower(user_name)) WHERE removed_at IS NULL;
COMMENT ON INDEX identity.scim_users_user_name_key IS 'No two people of a directory share a user name.';
CREATE UNIQUE INDEX scim_users_external_id_key ON identity.scim_users (organization_id, external_id) WHERE removed_at IS NULL;
COMMENT ON INDEX identity.scim_users_external_id_key IS 'No two people of a directory share an external id.';
CREATE INDEX scim_users_user_id_idx ON identity.scim_users (user_id);
CREATE TRIGGER touch BEFORE UPDATE ON identity.scim_users FOR EACH ROW EXECUTE FUNCTION ops.touch();
COMMENT ON TRIGGER touch ON identity.scim_users IS 'Keeps the time and the number of the last change.';
GRANT SELECT, INSERT, UPDATE (external_id, user_name, formatted_name, given_name, family_name, display_name, emails, phone_numbers, locale, timezone, department, owns_account, removed_at) ON identity.scim_users TO portico_app;
CALL ops.isolate('identity.scim_users', 'tenant');
CREATE POLICY person_select ON identity.scim_users FOR SELECT
  USING (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid));
COMMENT ON POLICY person_select ON identity.scim_users IS 'People see what directories say of them.';
CREATE POLICY person_update ON identity.scim_users FOR UPDATE
  USING (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid))
  WITH CHECK (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid) AND NOT owns_account);
COMMENT ON POLICY person_update ON identity.scim_users IS 'People make their account their own.';

-- An account that somebody else has to do with is a directory's own no more.

CREATE FUNCTION identity.release_account() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF TG_TABLE_NAME = 'memberships' THEN
    UPDATE identity.scim_users SET owns_account = false
    WHERE user_id = NEW.user_id AND organization_id <> NEW.organization_id AND owns_account;
  ELSE
    UPDATE identity.scim_users SET owns_account = false WHERE user_id = NEW.id AND owns_account;
  END IF;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION identity.release_account() IS 'Trigger: whoever has a password, has proved their address or has joined another organization has an account that no directory owns.';
CREATE TRIGGER release_account AFTER INSERT ON identity.memberships FOR EACH ROW EXECUTE FUNCTION identity.release_account();
COMMENT ON TRIGGER release_account ON identity.memberships IS 'The account of who joins a second organization is no directory''s own.';
CREATE TRIGGER release_account AFTER UPDATE OF email_verified_at, password_hash ON identity.users
  FOR EACH ROW WHEN (NEW.email_verified_at IS NOT NULL OR NEW.password_hash IS NOT NULL) EXECUTE FUNCTION identity.release_account();
COMMENT ON TRIGGER release_account ON identity.users IS 'An account whose person has a password or has proved the address is no directory''s own.';

CREATE POLICY users_provision ON identity.users FOR UPDATE
  USING (EXISTS (SELECT FROM identity.scim_users s WHERE s.user_id = users.id AND s.owns_account AND s.removed_at IS NULL
    AND s.organization_id = (SELECT nullif(current_setting('app.organization_id', true), '')::uuid) OFFSET 0))
  WITH CHECK (password_hash IS NULL AND email_verified_at IS NULL
    AND EXISTS (SELECT FROM identity.scim_users s WHERE s.user_id = users.id AND s.owns_account AND s.removed_at IS NULL
      AND s.organization_id = (SELECT nullif(current_setting('app.organization_id', true), '')::uuid) OFFSET 0));
COMMENT ON POLICY users_provision ON identity.users IS 'A directory changes the accounts that were made for it and have been nobody else''s since.';

-- Teams that a directory keeps.

ALTER TABLE access.teams
  ADD COLUMN external_id text,
  ADD COLUMN members_changed_at timestamptz NOT NULL DEFAULT now(),
  ADD CONSTRAINT teams_external_id_check CHECK (length(external_id) BETWEEN 1 AND 500);
COMMENT ON COLUMN access.teams.external_id IS 'Identity of the team in the directory that keeps it; null for none.';
COMMENT ON COLUMN access.teams.members_changed_at IS 'When somebody last came into the team or left it.';
COMMENT ON CONSTRAINT teams_external_id_check ON access.teams IS 'The external id has 1 to 500 characters.';
CREATE UNIQUE INDEX teams_external_id_key ON access.teams (organization_id, external_id);
COMMENT ON INDEX access.teams_external_id_key IS 'No two teams of an organization share an external id.';
GRANT UPDATE (external_id, members_changed_at) ON access.teams TO portico_app;
-- Who is in a team is none of its own columns: its version stays.
DROP TRIGGER touch ON access.teams;
CREATE TRIGGER touch BEFORE UPDATE ON access.teams FOR EACH ROW
  WHEN (NEW.members_changed_at IS NOT DISTINCT FROM OLD.members_changed_at) EXECUTE FUNCTION ops.touch();
COMMENT ON TRIGGER touch ON access.teams IS 'Keeps the time and the number of the last change.';

CREATE FUNCTION access.note_team_members() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  UPDATE access.teams t SET members_changed_at = clock_timestamp()
  WHERE (t.organization_id, t.id) IN (SELECT DISTINCT c.organization_id, c.team_id FROM changed c);
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION access.note_team_members() IS 'Trigger: stamps the time at which somebody came into a team or left it.';
CREATE TRIGGER note_joined AFTER INSERT ON access.team_members REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION access.note_team_members();
COMMENT ON TRIGGER note_joined ON access.team_members IS 'A team knows when somebody last came into it.';
CREATE TRIGGER note_left AFTER DELETE ON access.team_members REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION access.note_team_members();
COMMENT ON TRIGGER note_left ON access.team_members IS 'A team knows when somebody last left it.';
