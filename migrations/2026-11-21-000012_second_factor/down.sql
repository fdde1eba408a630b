DROP TABLE identity.recovery_codes;
