//! PostgreSQL: the only room that takes a connection.
