//! PostgreSQL: the only room that takes a connection.
pub mod embedded;
