DROP TABLE ops.idempotency_keys, ops.event_floors, ops.events;
