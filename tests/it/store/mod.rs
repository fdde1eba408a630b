//! Tests of the room `store`.
mod embedded;
mod inspect;
mod partitions;
