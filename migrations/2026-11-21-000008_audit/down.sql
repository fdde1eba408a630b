DROP TABLE audit.audit_reviews, audit.audit_logs;
DROP FUNCTION audit.append_only();
