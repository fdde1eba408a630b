//! The graph: everything that knows async-graphql, and nothing that knows a table.
pub mod entity;
pub mod fault;
pub mod filter;
pub mod gate;
pub mod leaf_enum;
pub mod limits;
pub mod mutation;
pub mod order;
pub mod page;
pub mod record;
pub mod roots;
pub mod rows;
pub mod scalar;
pub mod schema;
pub mod seal;
pub mod user_error;
pub mod visit;
