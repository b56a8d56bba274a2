//! Values from JSON: stored state (plugin protocol 6, `RawState`) and the JSON form of `DynamicValue`.
//!
//! Must not contain: knowledge of schemas beyond the type.
