//! Runs the target `response` of `src/fuzzing.rs`, which says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| alicloud::fuzzing::response(input));
