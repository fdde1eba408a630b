//! Deals and their history.
mod aggregate;
mod deal;
