//! Values to and from MessagePack, including unknown ones (plugin protocol 6, `DynamicValue`).
//!
//! Must not contain: knowledge of schemas beyond the type.
