//! Deals and their history.
mod aggregate;
pub mod deal;
mod related;
