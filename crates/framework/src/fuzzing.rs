//! What must hold for any bytes that claim to be a value, a stored state or a type.
//!
//! The first bytes choose the type, the rest is the input. Must not contain: anything for the product.

use std::collections::BTreeMap;

use super::{
    json, msgpack,
    types::Type,
    value::{DecodeError, Value},
};

/// An error is one sentence for a person, whatever the input was.
const LONGEST_REASON: usize = 600;

/// MessagePack: an error, or a value that survives being written.
pub fn msgpack(input: &[u8]) {
    let (ty, input) = typed(input);
    match msgpack::decode(input, &ty) {
        Ok(value) => check_written(&value, &ty),
        Err(error) => check_error(&error),
    }
}

/// JSON, as a value and as stored state: what is a value is a state as well, and both are the same.
pub fn json(input: &[u8]) {
    let (ty, input) = typed(input);
    let state = json::decode_state(input, &ty);
    match json::decode(input, &ty) {
        Ok(value) => {
            assert!(value.is_wholly_known(), "JSON holds nothing unknown");
            check_written(&value, &ty);
            assert_eq!(state.as_ref(), Ok(&value), "a state is read more leniently");
        }
        Err(error) => check_error(&error),
    }
    match state {
        Ok(value) => check_written(&value, &ty),
        Err(error) => check_error(&error),
    }
}

/// A type constraint: an error, or a type that survives being written.
pub fn types(input: &[u8]) {
    let Ok(json) = serde_json::from_slice(input) else {
        return;
    };
    match Type::from_json(&json) {
        Ok(ty) => {
            assert_eq!(Type::from_json(&ty.to_json()).as_ref(), Ok(&ty));
            let null = msgpack::encode(&Value::Null, &ty);
            assert_eq!(msgpack::decode(&null, &ty), Ok(Value::Null));
        }
        Err(error) => assert!(error.to_string().len() < LONGEST_REASON),
    }
}

fn check_written(value: &Value, ty: &Type) {
    let written = msgpack::encode(value, ty);
    assert!(
        msgpack::decode(&written, ty).as_ref() == Ok(value),
        "a value is read as it was written"
    );
}

fn check_error(error: &DecodeError) {
    assert!(!error.reason.is_empty() && error.reason.len() < LONGEST_REASON);
    assert!(!error.to_string().contains(['\n', '\0']));
}

/// A type out of the first bytes, and the bytes after them.
fn typed(input: &[u8]) -> (Type, &[u8]) {
    let mut rest = input;
    let ty = ty(&mut rest, 6);
    (ty, rest)
}

fn ty(input: &mut &[u8], depth: usize) -> Type {
    let Some((&first, rest)) = input.split_first() else {
        return Type::Dynamic;
    };
    *input = rest;
    let mut below = || ty(input, depth.saturating_sub(1));
    match first {
        b'n' => Type::Number,
        b'b' => Type::Bool,
        b's' => Type::String,
        _ if depth == 0 => Type::Dynamic,
        b'l' => Type::List(Box::new(below())),
        b'e' => Type::Set(Box::new(below())),
        b'm' => Type::Map(Box::new(below())),
        b'0'..=b'3' => Type::Tuple((b'0'..first).map(|_| below()).collect()),
        b'A'..=b'D' => {
            let attributes = (b'A'..first).map(|at| (char::from(at + 32).to_string(), below()));
            Type::Object(attributes.collect::<BTreeMap<_, _>>())
        }
        _ => Type::Dynamic,
    }
}

#[cfg(test)]
mod corpus {
    use std::{fs, path::Path, time::Instant};

    type Target = fn(&[u8]);

    /// Every file of every target's corpus through the targets of this crate: what is hostile to one may be so to another.
    #[test]
    fn the_corpus_does_no_harm() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
        let targets: [(&str, Target); 3] = [
            ("json", super::json),
            ("msgpack", super::msgpack),
            ("types", super::types),
        ];
        let mut files = 0;
        for folder in fs::read_dir(corpus).expect("there is a corpus") {
            let folder = folder.expect("a readable entry").path();
            for entry in fs::read_dir(folder).expect("a folder for each target") {
                let path = entry.expect("a readable entry").path();
                let bytes = fs::read(&path).expect("a readable file");
                files += 1;
                for (name, target) in targets {
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
        }
        assert!(files >= 60, "{files} files only");
    }
}
