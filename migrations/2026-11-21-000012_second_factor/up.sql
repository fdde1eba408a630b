-- Recovery codes: what a person shows instead of the second factor that they have lost.

CREATE TABLE identity.recovery_codes (
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  code_hash text NOT NULL,
  used_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT recovery_codes_pkey PRIMARY KEY (id),
  CONSTRAINT recovery_codes_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users (id)
);
COMMENT ON TABLE identity.recovery_codes IS 'A code that a person shows once instead of the second factor that they have lost. The code itself is shown when it is made; only its hash is kept.';
COMMENT ON COLUMN identity.recovery_codes.id IS 'Identity of the recovery code, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN identity.recovery_codes.user_id IS 'Person whose code it is.';
COMMENT ON COLUMN identity.recovery_codes.code_hash IS 'Hash of the code.';
COMMENT ON COLUMN identity.recovery_codes.used_at IS 'When it was used; null until then, and it is used once.';
COMMENT ON COLUMN identity.recovery_codes.created_at IS 'When the recovery code was created.';
COMMENT ON CONSTRAINT recovery_codes_pkey ON identity.recovery_codes IS 'A recovery code is found by id.';
COMMENT ON CONSTRAINT recovery_codes_user_id_fkey ON identity.recovery_codes IS 'The user exists.';
CREATE UNIQUE INDEX recovery_codes_code_key ON identity.recovery_codes (user_id, code_hash);
COMMENT ON INDEX identity.recovery_codes_code_key IS 'No two codes of a person are the same.';
GRANT SELECT, INSERT, DELETE, UPDATE (used_at) ON identity.recovery_codes TO portico_app;
ALTER TABLE identity.recovery_codes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE POLICY recovery_codes_select ON identity.recovery_codes FOR SELECT
  USING (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid));
COMMENT ON POLICY recovery_codes_select ON identity.recovery_codes IS 'People see their own codes only.';
CREATE POLICY recovery_codes_insert ON identity.recovery_codes FOR INSERT
  WITH CHECK (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid));
COMMENT ON POLICY recovery_codes_insert ON identity.recovery_codes IS 'Codes are made for the person who asks for them.';
CREATE POLICY recovery_codes_update ON identity.recovery_codes FOR UPDATE
  USING (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid))
  WITH CHECK (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid));
COMMENT ON POLICY recovery_codes_update ON identity.recovery_codes IS 'People use their own codes only.';
CREATE POLICY recovery_codes_delete ON identity.recovery_codes FOR DELETE
  USING (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid));
COMMENT ON POLICY recovery_codes_delete ON identity.recovery_codes IS 'New codes of a person take the place of the old ones.';
