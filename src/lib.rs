//! Portico: one GraphQL API for an enterprise's conversations, sales, finance and compliance.
pub mod command;
pub mod credential;
pub mod domains;
pub mod graph;
pub mod live;
pub mod seed;
pub mod settings;
pub mod store;
pub mod web;
