//! The vector file of the signature tests, as typed cases.
//!
//! Must not contain: expectations of its own.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// Parameters or headers.
pub(in crate::alicloud) type Pairs = BTreeMap<String, String>;

#[derive(Deserialize)]
pub(in crate::alicloud) struct Vectors {
    pub(in crate::alicloud) rpc_v1: Vec<V1>,
    pub(in crate::alicloud) acs3: Vec<V3>,
    pub(in crate::alicloud) flatten: Vec<Flatten>,
    pub(in crate::alicloud) wire: Vec<Wire>,
}

#[derive(Deserialize)]
pub(in crate::alicloud) struct V1 {
    pub(in crate::alicloud) id: String,
    pub(in crate::alicloud) method: String,
    pub(in crate::alicloud) access_key_secret: String,
    pub(in crate::alicloud) query: Pairs,
    pub(in crate::alicloud) form: Pairs,
    pub(in crate::alicloud) canonical_query: String,
    pub(in crate::alicloud) string_to_sign: String,
    pub(in crate::alicloud) signature: String,
}

#[derive(Deserialize)]
pub(in crate::alicloud) struct V3 {
    pub(in crate::alicloud) id: String,
    pub(in crate::alicloud) method: String,
    pub(in crate::alicloud) path: String,
    pub(in crate::alicloud) query: Pairs,
    pub(in crate::alicloud) headers: Pairs,
    pub(in crate::alicloud) body: String,
    pub(in crate::alicloud) access_key_id: String,
    pub(in crate::alicloud) access_key_secret: String,
    pub(in crate::alicloud) canonical_query: String,
    pub(in crate::alicloud) canonical_headers: String,
    pub(in crate::alicloud) signed_headers: String,
    pub(in crate::alicloud) hashed_payload: String,
    pub(in crate::alicloud) canonical_request: String,
    pub(in crate::alicloud) hashed_canonical_request: String,
    pub(in crate::alicloud) string_to_sign: String,
    pub(in crate::alicloud) signature: String,
    pub(in crate::alicloud) authorization: String,
}

#[derive(Deserialize)]
pub(in crate::alicloud) struct Flatten {
    pub(in crate::alicloud) id: String,
    pub(in crate::alicloud) input: Value,
    pub(in crate::alicloud) output: Pairs,
}

#[derive(Deserialize)]
pub(in crate::alicloud) struct Wire {
    pub(in crate::alicloud) id: String,
    pub(in crate::alicloud) inputs: WireInputs,
    pub(in crate::alicloud) request: WireRequest,
}

#[derive(Deserialize)]
pub(in crate::alicloud) struct WireInputs {
    pub(in crate::alicloud) scheme: String,
    pub(in crate::alicloud) endpoint: String,
    pub(in crate::alicloud) action: String,
    pub(in crate::alicloud) version: String,
    pub(in crate::alicloud) query: Pairs,
    pub(in crate::alicloud) form: Pairs,
    pub(in crate::alicloud) credential: Option<Pairs>,
    pub(in crate::alicloud) date: String,
    pub(in crate::alicloud) nonce: String,
}

#[derive(Deserialize)]
pub(in crate::alicloud) struct WireRequest {
    pub(in crate::alicloud) method: String,
    pub(in crate::alicloud) url: String,
    pub(in crate::alicloud) headers: Pairs,
    pub(in crate::alicloud) body: String,
}

/// All cases of the file.
pub(in crate::alicloud) fn load() -> Vectors {
    serde_json::from_str(include_str!("../testdata/signature-vectors.json"))
        .expect("the vector file has its documented shape")
}

/// The pairs as borrowed text.
pub(in crate::alicloud) fn borrowed(pairs: &Pairs) -> impl Iterator<Item = (&str, &str)> {
    pairs
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
}
