DROP TABLE access.team_members;
DROP TABLE access.teams;
DROP TABLE identity.user_profiles;
DROP TABLE identity.invitations;
