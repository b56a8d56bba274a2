//! The emulator alone.

fn main() {}
