-- The roles stay: other databases of the same server may use them.
DROP FUNCTION ops.ensure_partitions(regclass, timestamptz, timestamptz);
DROP FUNCTION ops.month_bound(timestamptz);
DROP PROCEDURE ops.isolate(regclass, text);
DROP FUNCTION ops.refuse_cycle();
DROP FUNCTION ops.append_only();
DROP FUNCTION ops.purging(uuid);
DROP FUNCTION ops.touch();
DROP FUNCTION ops.uuid_v7();
DROP FUNCTION ops.serving();
DROP FUNCTION ops.actor();
DROP FUNCTION ops.refuse(text, text, text, text, text);
DROP SCHEMA identity, access, chat, sales, finance, governance, security, audit, ops;
