//! The acceptance tests and what they stand on.

pub mod emulator;
