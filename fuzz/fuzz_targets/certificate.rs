//! Runs the target `certificate` of `src/fuzzing.rs`, which says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| terraform_provider_alicloud::plugin::fuzzing::certificate(input));
