ALTER TABLE identity.mail DROP COLUMN channel;
COMMENT ON COLUMN identity.mail.recipient IS 'E-mail address that it is for.';
DROP TRIGGER phone_changed ON identity.users;
DROP FUNCTION identity.forget_phone_proof();
DROP TABLE identity.phone_codes;
DROP TABLE identity.passkey_challenges;
DROP TABLE identity.passkeys;
DROP FUNCTION identity.refuse_passkey_copy();
