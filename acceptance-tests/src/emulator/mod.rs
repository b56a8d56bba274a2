//! The emulated cloud.
