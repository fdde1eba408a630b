//! Tests of the room `store`.
mod door;
mod embedded;
mod inspect;
mod partitions;
