//! The vector file of the signature tests, as typed cases.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// Parameters or headers.
pub(crate) type Pairs = BTreeMap<String, String>;

#[derive(Deserialize)]
pub(crate) struct Vectors {
    pub(crate) rpc_v1: Vec<V1>,
    pub(crate) acs3: Vec<V3>,
    pub(crate) flatten: Vec<Flatten>,
    pub(crate) wire: Vec<Wire>,
}

#[derive(Deserialize)]
pub(crate) struct V1 {
    pub(crate) id: String,
    pub(crate) method: String,
    pub(crate) access_key_secret: String,
    pub(crate) query: Pairs,
    pub(crate) form: Pairs,
    pub(crate) canonical_query: String,
    pub(crate) string_to_sign: String,
    pub(crate) signature: String,
}

#[derive(Deserialize)]
pub(crate) struct V3 {
    pub(crate) id: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: Pairs,
    pub(crate) headers: Pairs,
    pub(crate) body: String,
    pub(crate) access_key_id: String,
    pub(crate) access_key_secret: String,
    pub(crate) canonical_query: String,
    pub(crate) canonical_headers: String,
    pub(crate) signed_headers: String,
    pub(crate) hashed_payload: String,
    pub(crate) canonical_request: String,
    pub(crate) hashed_canonical_request: String,
    pub(crate) string_to_sign: String,
    pub(crate) signature: String,
    pub(crate) authorization: String,
}

#[derive(Deserialize)]
pub(crate) struct Flatten {
    pub(crate) id: String,
    pub(crate) input: Value,
    pub(crate) output: Pairs,
}

#[derive(Deserialize)]
pub(crate) struct Wire {
    pub(crate) id: String,
    pub(crate) inputs: WireInputs,
    pub(crate) request: WireRequest,
}

#[derive(Deserialize)]
pub(crate) struct WireInputs {
    pub(crate) scheme: String,
    pub(crate) endpoint: String,
    pub(crate) action: String,
    pub(crate) version: String,
    pub(crate) query: Pairs,
    pub(crate) form: Pairs,
    pub(crate) credential: Option<Pairs>,
    pub(crate) date: String,
    pub(crate) nonce: String,
}

#[derive(Deserialize)]
pub(crate) struct WireRequest {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: Pairs,
    pub(crate) body: String,
}

/// All cases of the file.
pub(crate) fn load() -> Vectors {
    serde_json::from_str(include_str!("../testdata/signature-vectors.json"))
        .expect("the vector file has its documented shape")
}

/// The pairs as borrowed text.
pub(crate) fn borrowed(pairs: &Pairs) -> impl Iterator<Item = (&str, &str)> {
    pairs
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
}
