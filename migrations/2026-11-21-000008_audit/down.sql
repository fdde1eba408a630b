DROP FUNCTION audit.actor_email(uuid);
DROP FUNCTION audit.actor_name(uuid, uuid, text);
DROP TABLE audit.audit_reviews, audit.audit_logs;
DROP FUNCTION audit.append_only();
