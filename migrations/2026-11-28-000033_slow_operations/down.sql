DROP FUNCTION ops.plan_of(text);
DROP TABLE ops.slow_operations;
