//! The integration tests: one binary, so that it links once.
//! (`cfg(test)` tells clippy that all of it is test code, where `unwrap` is the shortest failure.)
#![expect(
    clippy::disallowed_methods,
    clippy::items_after_statements,
    clippy::string_slice,
    reason = "a test may make ids and cut texts as it likes"
)]
#[cfg(test)]
mod access;
#[cfg(test)]
mod audit;
#[cfg(test)]
mod billing;
#[cfg(test)]
mod chat;
#[cfg(test)]
mod command;
#[cfg(test)]
mod exports;
#[cfg(test)]
mod finance;
#[cfg(test)]
mod governance;
#[cfg(test)]
mod identity;
#[cfg(test)]
mod imports;
#[cfg(test)]
mod law;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod live;
#[cfg(test)]
mod mail;
#[cfg(test)]
mod sales;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod scim;
#[cfg(test)]
mod search;
#[cfg(test)]
mod security;
#[cfg(test)]
mod seed;
#[cfg(test)]
mod store;
#[cfg(test)]
mod telemetry;
#[cfg(test)]
mod web;
#[cfg(test)]
mod world;
#[cfg(test)]
mod writing;
