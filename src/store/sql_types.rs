//! Column types of PostgreSQL that Diesel does not know.
use diesel::{query_builder::QueryId, sql_types::SqlType};

/// A transaction id of 64 bits.
#[derive(Clone, QueryId, SqlType)]
#[diesel(postgres_type(name = "xid8"))]
pub struct Xid8;

/// The name of a text search configuration.
#[derive(Clone, QueryId, SqlType)]
#[diesel(postgres_type(name = "regconfig"))]
pub struct Regconfig;

/// A document, prepared for text search.
#[derive(Clone, QueryId, SqlType)]
#[diesel(postgres_type(name = "tsvector"))]
pub struct Tsvector;
