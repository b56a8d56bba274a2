//! What the CLI accepts, and why a response may be deferred to a later run.
//!
//! Must not contain: what this provider offers (the plugin process announces that), or the decision to defer.

/// What the CLI accepts beyond the base protocol. An older CLI sends no capabilities: all are false.
///
/// Source: message `ClientCapabilities` of plugin protocol 6. Its fields `store_planned_private` and
/// `computed_blocks_allowed` are left out, because nothing that this framework sends depends on them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientCapabilities {
    /// A response may be deferred with a [`DeferredReason`]. Since Terraform 1.9.
    pub deferral_allowed: bool,
    /// Values of write-only attributes are kept out of plan and state. Since Terraform 1.11 and OpenTofu 1.11.
    pub write_only_attributes_allowed: bool,
}

/// Why a response is deferred to a later run. Only for a CLI with [`ClientCapabilities::deferral_allowed`]; without that
/// capability Terraform refuses it.
///
/// Source: enum `Deferred.Reason` of plugin protocol 6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeferredReason {
    /// The change of the object depends on values of its configuration that are not known yet.
    ResourceConfigUnknown,
    /// The endpoint or the credentials depend on values of the provider block that are not known yet.
    ProviderConfigUnknown,
}
