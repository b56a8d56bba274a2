//! What must hold for any bytes that claim to be a value, a stored state or a type.
//!
//! The first bytes choose the type, the rest is the input. Must not contain: anything for the product.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    json,
    model::{Field, ModelError},
    msgpack,
    number::Number,
    types::Type,
    value::{DecodeError, Object, Value},
};

/// An error is one sentence for every input.
const MAX_REASON: usize = 600;

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
    let state = json::decode_stored(input, &ty).map(|(state, _)| state);
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

/// MessagePack of an object, read as a model: an error that names a place, or a model that is written as it was read.
pub fn model(input: &[u8]) {
    if let Some(Err(error)) = read_model(input) {
        assert!(!error.path().is_root() && error.reason().len() < MAX_REASON);
    }
}

/// `None` where the input is no object of the model's type.
fn read_model(input: &[u8]) -> Option<Result<(), ModelError>> {
    let object = |attributes: [(&str, Type); 4]| {
        Type::Object(attributes.map(|(name, ty)| (name.to_owned(), ty)).into())
    };
    let list = |ty| Type::List(Box::new(ty));
    let map = |ty| Type::Map(Box::new(ty));
    let inner = object([
        ("text", Type::String),
        ("flag", Type::Bool),
        ("count", Type::Number),
        ("exact", Type::Number),
    ]);
    let ty = object([
        ("one", inner.clone()),
        ("list", list(inner.clone())),
        ("maps", list(map(inner))),
        ("words", map(Type::String)),
    ]);
    let Ok(Value::Map(attributes)) = msgpack::decode(input, &ty) else {
        return None;
    };
    let object = Object::from(attributes);
    Some(object.to_model::<Sample>().map(|model| {
        assert!(
            Object::from_model(&model) == object,
            "a model is written as it was read"
        );
    }))
}

#[derive(Serialize, Deserialize)]
struct Sample {
    one: Field<SampleMember>,
    list: Field<Vec<SampleMember>>,
    maps: Field<Vec<Field<BTreeMap<String, SampleMember>>>>,
    words: Field<BTreeMap<String, Field<String>>>,
}

#[derive(Serialize, Deserialize)]
struct SampleMember {
    text: Field<String>,
    flag: Field<bool>,
    count: Field<u32>,
    exact: Field<Number>,
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
        Err(error) => assert!(error.to_string().len() < MAX_REASON),
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
    assert!(!error.reason.is_empty() && error.reason.len() < MAX_REASON);
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

    #[test]
    fn model_corpus_has_models_and_an_error() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/model");
        let check = |name: &str, expected: Result<(), &str>| {
            let bytes = fs::read(corpus.join(name)).expect("a readable file");
            let read = super::read_model(&bytes).expect("an object of the model's type");
            let actual = read.map_err(|error| error.path().to_string());
            assert_eq!(actual, expected.map_err(str::to_owned), "{name}");
        };
        check("known", Ok(()));
        check("null-and-unknown", Ok(()));
        check("count-too-large", Err("one.count"));
    }

    /// Every file of every target's corpus through the targets of this crate: what is hostile to one may be so to another.
    #[test]
    fn every_corpus_file_passes_every_target() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
        let targets: [(&str, Target); 4] = [
            ("json", super::json),
            ("model", super::model),
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
