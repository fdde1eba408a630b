DROP TABLE security.signals;
REVOKE USAGE ON SCHEMA security FROM portico_worker;
DROP TABLE security.security_events;
DROP FUNCTION security.advance_event();
