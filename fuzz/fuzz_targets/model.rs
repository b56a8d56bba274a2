//! Runs the target `model` of `crates/framework/src/fuzzing.rs`, which says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| framework::fuzzing::model(input));
