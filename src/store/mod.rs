//! PostgreSQL: the only room that takes a connection.
pub mod connect;
pub mod embedded;
pub mod inspect;
