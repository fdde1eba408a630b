DROP TABLE ops.idempotency_keys, ops.events;
