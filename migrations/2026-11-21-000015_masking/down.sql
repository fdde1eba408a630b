DROP TABLE security.masking_policy_users;
DROP TABLE security.masking_policy_roles;
DROP TABLE security.masking_policies;
