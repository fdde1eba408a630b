//! The commands of `portico`, one file each.
