//! The schema as a product: what has changed in it, and what is on its way out.
mod compare;
mod uses;
