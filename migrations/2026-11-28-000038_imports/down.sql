DROP TABLE ops.import_parts, ops.import_errors, ops.imports;
DROP FUNCTION ops.check_import();
