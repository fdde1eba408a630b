DROP TABLE ops.export_parts, ops.exports;
DROP FUNCTION ops.check_export();
