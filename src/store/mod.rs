//! PostgreSQL: the only room that takes a connection.
pub mod batch;
pub mod changes;
pub mod clock;
pub mod connect;
pub mod constraint;
pub mod door;
pub mod embedded;
pub mod error;
pub mod events;
pub mod grants;
pub mod id;
pub mod inspect;
pub mod journal;
<<<<<<< HEAD
pub mod migrate;
=======
pub mod referred;
>>>>>>> 86fab1a (Conversations, messages and budgets)
pub mod select;
pub mod sql_types;
pub mod tables;
pub mod value;
