//! Deals and their history.
mod deal;
