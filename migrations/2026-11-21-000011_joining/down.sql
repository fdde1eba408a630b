DROP TABLE identity.invitations;
