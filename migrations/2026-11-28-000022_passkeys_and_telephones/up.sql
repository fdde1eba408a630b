-- Passkeys (WebAuthn), and the challenges that they answer; codes that prove telephone numbers.

CREATE TABLE identity.passkeys (
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  name text NOT NULL,
  credential_id bytea NOT NULL,
  credential jsonb NOT NULL,
  sign_count bigint NOT NULL DEFAULT 0,
  last_used_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT passkeys_pkey PRIMARY KEY (id),
  CONSTRAINT passkeys_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users (id),
  CONSTRAINT passkeys_name_check CHECK (length(btrim(name)) BETWEEN 1 AND 100),
  CONSTRAINT passkeys_credential_id_check CHECK (length(credential_id) BETWEEN 1 AND 1023),
  CONSTRAINT passkeys_credential_check CHECK (jsonb_typeof(credential) = 'object'),
  CONSTRAINT passkeys_sign_count_check CHECK (sign_count >= 0)
);
COMMENT ON TABLE identity.passkeys IS 'A key on a device of a person, with which they sign in instead of with a password; the device has seen who they are.';
COMMENT ON COLUMN identity.passkeys.id IS 'Identity of the passkey, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN identity.passkeys.user_id IS 'Person whose passkey it is.';
COMMENT ON COLUMN identity.passkeys.name IS 'Name of the passkey as its person knows it, such as the device it is on.';
COMMENT ON COLUMN identity.passkeys.credential_id IS 'Number by which the device knows the passkey.';
COMMENT ON COLUMN identity.passkeys.credential IS 'Public key, and what the device told of itself, as a JSON object.';
COMMENT ON COLUMN identity.passkeys.sign_count IS 'How often the device says it was used; 0 where it does not count. It never goes back. Default: 0.';
COMMENT ON COLUMN identity.passkeys.last_used_at IS 'When it was last used to sign in; null when never.';
COMMENT ON COLUMN identity.passkeys.created_at IS 'When the passkey was created.';
COMMENT ON CONSTRAINT passkeys_pkey ON identity.passkeys IS 'A passkey is found by id.';
COMMENT ON CONSTRAINT passkeys_user_id_fkey ON identity.passkeys IS 'The user exists.';
COMMENT ON CONSTRAINT passkeys_name_check ON identity.passkeys IS 'The name has 1 to 100 characters.';
COMMENT ON CONSTRAINT passkeys_credential_id_check ON identity.passkeys IS 'The number has 1 to 1023 bytes.';
COMMENT ON CONSTRAINT passkeys_credential_check ON identity.passkeys IS 'The credential is a JSON object.';
COMMENT ON CONSTRAINT passkeys_sign_count_check ON identity.passkeys IS 'The count is not negative.';
CREATE UNIQUE INDEX passkeys_credential_id_key ON identity.passkeys (credential_id);
COMMENT ON INDEX identity.passkeys_credential_id_key IS 'No two passkeys have the same number, whosever they are.';
CREATE INDEX passkeys_user_id_idx ON identity.passkeys (user_id);
GRANT SELECT, INSERT, DELETE, UPDATE (name, credential, sign_count, last_used_at) ON identity.passkeys TO portico_app;
ALTER TABLE identity.passkeys ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE POLICY passkeys_select ON identity.passkeys FOR SELECT
  USING (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid));
COMMENT ON POLICY passkeys_select ON identity.passkeys IS 'People see their own passkeys only.';
CREATE POLICY passkeys_insert ON identity.passkeys FOR INSERT
  WITH CHECK (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid));
COMMENT ON POLICY passkeys_insert ON identity.passkeys IS 'People add passkeys for themselves only.';
CREATE POLICY passkeys_update ON identity.passkeys FOR UPDATE
  USING (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid))
  WITH CHECK (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid));
COMMENT ON POLICY passkeys_update ON identity.passkeys IS 'People use and rename their own passkeys only.';
CREATE POLICY passkeys_delete ON identity.passkeys FOR DELETE
  USING (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid));
COMMENT ON POLICY passkeys_delete ON identity.passkeys IS 'People remove their own passkeys only.';

CREATE FUNCTION identity.refuse_passkey_copy() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  PERFORM ops.refuse('The count of a passkey never goes back: there may be a copy of it.', 'passkeys_sign_count', 'identity.passkeys', 'sign_count');
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION identity.refuse_passkey_copy() IS 'Trigger: refuses a passkey that was used less often than before.';
CREATE TRIGGER sign_count BEFORE UPDATE OF sign_count ON identity.passkeys FOR EACH ROW
  WHEN (NEW.sign_count < OLD.sign_count) EXECUTE FUNCTION identity.refuse_passkey_copy();
COMMENT ON TRIGGER sign_count ON identity.passkeys IS 'The count never goes back.';

CREATE TABLE identity.passkey_challenges (
  id uuid NOT NULL,
  user_id uuid,
  purpose text NOT NULL,
  token_hash text NOT NULL,
  state jsonb NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT passkey_challenges_pkey PRIMARY KEY (id),
  CONSTRAINT passkey_challenges_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users (id),
  CONSTRAINT passkey_challenges_purpose_check CHECK (purpose IN ('registration', 'sign_in', 'second_factor')),
  CONSTRAINT passkey_challenges_state_check CHECK (jsonb_typeof(state) = 'object'),
  CONSTRAINT passkey_challenges_person CHECK ((user_id IS NULL) = (purpose = 'sign_in'))
);
COMMENT ON TABLE identity.passkey_challenges IS 'What a device has to sign with a passkey, once and soon. Whoever answers shows the token, of which the hash is kept.';
COMMENT ON COLUMN identity.passkey_challenges.id IS 'Identity of the challenge, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN identity.passkey_challenges.user_id IS 'Person who is to answer; null where the answer tells who it is.';
COMMENT ON COLUMN identity.passkey_challenges.purpose IS 'What the answer is good for. One of: registration, sign_in, second_factor.';
COMMENT ON COLUMN identity.passkey_challenges.token_hash IS 'Hash of the token.';
COMMENT ON COLUMN identity.passkey_challenges.state IS 'What was asked, as a JSON object.';
COMMENT ON COLUMN identity.passkey_challenges.expires_at IS 'Until when it can be answered.';
COMMENT ON COLUMN identity.passkey_challenges.used_at IS 'When it was answered, rightly or wrongly; null until then, and it is answered once.';
COMMENT ON COLUMN identity.passkey_challenges.created_at IS 'When the challenge was created.';
COMMENT ON CONSTRAINT passkey_challenges_pkey ON identity.passkey_challenges IS 'A challenge is found by id.';
COMMENT ON CONSTRAINT passkey_challenges_user_id_fkey ON identity.passkey_challenges IS 'The user exists.';
COMMENT ON CONSTRAINT passkey_challenges_purpose_check ON identity.passkey_challenges IS 'The purpose is one of: registration, sign_in, second_factor.';
COMMENT ON CONSTRAINT passkey_challenges_state_check ON identity.passkey_challenges IS 'The state is a JSON object.';
COMMENT ON CONSTRAINT passkey_challenges_person ON identity.passkey_challenges IS 'Only a sign-in does not know yet who answers.';
CREATE UNIQUE INDEX passkey_challenges_token_hash_key ON identity.passkey_challenges (token_hash);
COMMENT ON INDEX identity.passkey_challenges_token_hash_key IS 'A token names one challenge.';
CREATE INDEX passkey_challenges_user_id_idx ON identity.passkey_challenges (user_id);
CREATE INDEX passkey_challenges_expires_at_idx ON identity.passkey_challenges (expires_at);
GRANT SELECT, INSERT, UPDATE (used_at) ON identity.passkey_challenges TO portico_app;
GRANT SELECT (expires_at), DELETE ON identity.passkey_challenges TO portico_worker;
ALTER TABLE identity.passkey_challenges ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE POLICY passkey_challenges_select ON identity.passkey_challenges FOR SELECT
  USING (token_hash = (SELECT nullif(current_setting('app.one_time_token', true), '')));
COMMENT ON POLICY passkey_challenges_select ON identity.passkey_challenges IS 'Whoever shows a token sees the challenge that it names.';
CREATE POLICY passkey_challenges_insert ON identity.passkey_challenges FOR INSERT
  WITH CHECK (user_id IS NULL OR user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid));
COMMENT ON POLICY passkey_challenges_insert ON identity.passkey_challenges IS 'Challenges are made for nobody in particular, or for the person who asks for them.';
CREATE POLICY passkey_challenges_update ON identity.passkey_challenges FOR UPDATE
  USING (token_hash = (SELECT nullif(current_setting('app.one_time_token', true), '')))
  WITH CHECK (token_hash = (SELECT nullif(current_setting('app.one_time_token', true), '')));
COMMENT ON POLICY passkey_challenges_update ON identity.passkey_challenges IS 'Whoever shows a token answers the challenge that it names.';
CREATE POLICY passkey_challenges_worker ON identity.passkey_challenges TO portico_worker USING (true);
COMMENT ON POLICY passkey_challenges_worker ON identity.passkey_challenges IS 'Background work deletes challenges that are over.';

-- Telephone numbers, proved with a code by text message.

CREATE TABLE identity.phone_codes (
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  phone text NOT NULL,
  code_hash text NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  expires_at timestamptz NOT NULL,
  used_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT phone_codes_pkey PRIMARY KEY (id),
  CONSTRAINT phone_codes_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users (id),
  CONSTRAINT phone_codes_phone_check CHECK (length(btrim(phone)) BETWEEN 3 AND 40),
  CONSTRAINT phone_codes_attempts_check CHECK (attempts BETWEEN 0 AND 5)
);
COMMENT ON TABLE identity.phone_codes IS 'A code that was sent to a telephone, with which its person proves that it is theirs. It can be tried five times.';
COMMENT ON COLUMN identity.phone_codes.id IS 'Identity of the code, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN identity.phone_codes.user_id IS 'Person whose telephone it is.';
COMMENT ON COLUMN identity.phone_codes.phone IS 'Number that the code was sent to.';
COMMENT ON COLUMN identity.phone_codes.code_hash IS 'Hash of the code.';
COMMENT ON COLUMN identity.phone_codes.attempts IS 'How often it was tried, rightly or wrongly. Default: 0.';
COMMENT ON COLUMN identity.phone_codes.expires_at IS 'Until when it works.';
COMMENT ON COLUMN identity.phone_codes.used_at IS 'When it was used; null until then, and it is used once.';
COMMENT ON COLUMN identity.phone_codes.created_at IS 'When the code was created.';
COMMENT ON CONSTRAINT phone_codes_pkey ON identity.phone_codes IS 'A code is found by id.';
COMMENT ON CONSTRAINT phone_codes_user_id_fkey ON identity.phone_codes IS 'The user exists.';
COMMENT ON CONSTRAINT phone_codes_phone_check ON identity.phone_codes IS 'The number has 3 to 40 characters.';
COMMENT ON CONSTRAINT phone_codes_attempts_check ON identity.phone_codes IS 'A code is tried at most five times.';
CREATE INDEX phone_codes_user_id_created_at_idx ON identity.phone_codes (user_id, created_at);
CREATE INDEX phone_codes_expires_at_idx ON identity.phone_codes (expires_at);
GRANT SELECT, INSERT, UPDATE (attempts, expires_at, used_at) ON identity.phone_codes TO portico_app;
GRANT SELECT (expires_at), DELETE ON identity.phone_codes TO portico_worker;
ALTER TABLE identity.phone_codes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE POLICY phone_codes_select ON identity.phone_codes FOR SELECT
  USING (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid));
COMMENT ON POLICY phone_codes_select ON identity.phone_codes IS 'People try their own codes only.';
CREATE POLICY phone_codes_insert ON identity.phone_codes FOR INSERT
  WITH CHECK (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid));
COMMENT ON POLICY phone_codes_insert ON identity.phone_codes IS 'Codes are made for the person who asks for them.';
CREATE POLICY phone_codes_update ON identity.phone_codes FOR UPDATE
  USING (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid))
  WITH CHECK (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid));
COMMENT ON POLICY phone_codes_update ON identity.phone_codes IS 'People try their own codes only.';
CREATE POLICY phone_codes_worker ON identity.phone_codes TO portico_worker USING (true);
COMMENT ON POLICY phone_codes_worker ON identity.phone_codes IS 'Background work deletes codes that are over.';

CREATE FUNCTION identity.forget_phone_proof() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  NEW.phone_verified_at := NULL;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION identity.forget_phone_proof() IS 'Trigger: another telephone number is not proved yet.';
CREATE TRIGGER phone_changed BEFORE UPDATE OF phone ON identity.users FOR EACH ROW
  WHEN (NEW.phone IS DISTINCT FROM OLD.phone) EXECUTE FUNCTION identity.forget_phone_proof();
COMMENT ON TRIGGER phone_changed ON identity.users IS 'Another telephone number is not proved yet.';

ALTER TABLE identity.mail
  ADD COLUMN channel text NOT NULL DEFAULT 'mail',
  ADD CONSTRAINT mail_channel_check CHECK (channel IN ('mail', 'sms'));
COMMENT ON COLUMN identity.mail.channel IS 'How it reaches its recipient: mail, or sms for a text message. One of: mail, sms. Default: mail.';
COMMENT ON COLUMN identity.mail.recipient IS 'E-mail address or telephone number that it is for.';
COMMENT ON CONSTRAINT mail_channel_check ON identity.mail IS 'The channel is one of: mail, sms.';
