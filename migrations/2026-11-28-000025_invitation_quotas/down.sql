DROP TRIGGER count_invitation ON identity.invitations;
DROP FUNCTION identity.count_invitation();
DROP TABLE identity.invitation_quotas;
