//! The audit log: what is written, who may read it, and how tampering shows.
mod as_of;
mod audit_log;
mod chain;
mod tampering;
