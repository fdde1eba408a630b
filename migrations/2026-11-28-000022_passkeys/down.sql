DROP TABLE identity.passkey_challenges;
DROP TABLE identity.passkeys;
DROP FUNCTION identity.refuse_passkey_copy();
