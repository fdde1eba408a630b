DROP TABLE identity.user_profiles;
DROP TABLE identity.invitations;
