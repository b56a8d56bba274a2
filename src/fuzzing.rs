//! Hostile bytes: for each place where bytes of others come in, a function that takes any bytes and checks what must hold
//! whatever they are. `fuzz/` drives them with a fuzzer; the tests here replay what it found.
//!
//! Exists in tests and under `cargo fuzz` only; the product has no such doors. Must not contain: the checks themselves,
//! which stand in the rooms whose private parts they need.

pub use crate::{
    alicloud::fuzzing::answer,
    framework::{
        fuzzing::{json, msgpack, types},
        protocol::fuzzing::{certificate, handshake},
    },
};

/// A check of any bytes. It panics if something does not hold.
pub type Target = fn(&[u8]);

/// All targets, by the name of their corpus.
pub const TARGETS: [(&str, Target); 6] = [
    ("answer", answer),
    ("certificate", certificate),
    ("handshake", handshake),
    ("json", json),
    ("msgpack", msgpack),
    ("types", types),
];

#[cfg(test)]
mod tests {
    use std::{fs, path::Path, time::Instant};

    use super::TARGETS;

    /// Every file through every target: what was made for one is hostile to the others.
    #[test]
    fn the_corpus_does_no_harm() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
        for (of, _) in TARGETS {
            let mut files = 0;
            for entry in fs::read_dir(corpus.join(of)).expect("every target has a corpus") {
                let path = entry.expect("a readable entry").path();
                let bytes = fs::read(&path).expect("a readable file");
                files += 1;
                for (name, target) in TARGETS {
                    let started = Instant::now();
                    target(&bytes);
                    let elapsed = started.elapsed();
                    assert!(
                        elapsed.as_secs() < 10,
                        "{} took {name} {elapsed:?}",
                        path.display()
                    );
                }
            }
            assert!(files >= 10, "the corpus of {of} has {files} files only");
        }
    }

    #[test]
    fn every_target_has_its_program() {
        let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/fuzz_targets");
        for (name, _) in TARGETS {
            let path = programs.join(format!("{name}.rs"));
            let text = fs::read_to_string(&path).expect("every target has a program");
            assert!(
                text.contains(&format!("fuzzing::{name}(")),
                "{}",
                path.display()
            );
        }
    }
}
