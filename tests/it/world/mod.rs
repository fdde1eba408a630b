//! What every test stands on: a PostgreSQL of its own, and databases with the tables of Portico.
pub mod city;
pub mod postgres;
pub mod server;
