//! What the CLI on the other side accepts, and why an answer may have to wait for a later run.
//!
//! Must not contain: what this provider offers (the protocol room announces that), or the decision to wait.

/// What the CLI accepts beyond the base protocol. Absent means no: an older CLI says nothing.
///
/// Source: message `ClientCapabilities` of plugin protocol 6. Its fields `store_planned_private` and
/// `computed_blocks_allowed` have no place here, since nothing that this framework sends depends on them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientCapabilities {
    /// An answer may be put off with a [`DeferredReason`]. Since Terraform 1.9.
    pub deferral_allowed: bool,
    /// Values of write-only attributes are kept out of plan and state. Since Terraform 1.11 and OpenTofu 1.11.
    pub write_only_attributes_allowed: bool,
}

/// Why an answer waits for a later run. Only for a CLI with [`ClientCapabilities::deferral_allowed`]; Terraform refuses
/// it from a provider that was not asked.
///
/// Source: enum `Deferred.Reason` of plugin protocol 6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeferredReason {
    /// What is to happen to the object depends on values of its configuration that are not known yet.
    ResourceConfigUnknown,
    /// Where and as whom to work depends on values of the provider block that are not known yet.
    ProviderConfigUnknown,
}
