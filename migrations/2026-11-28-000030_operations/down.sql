DROP TABLE ops.unknown_documents;
DROP TABLE ops.trusted_documents;
