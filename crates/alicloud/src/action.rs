//! What one API operation declares about itself.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::product::{Envelope, Product};

/// One operation of a product. Its serialised fields are the parameters: named as the API names them, flattened as
/// `Parameters` says, absent where `None`.
pub trait Action: Serialize + Sync {
    /// The name on the wire, such as `ChatappBindWaba`.
    const NAME: &'static str;
    /// The product it belongs to.
    const PRODUCT: &'static Product;
    /// The documented limit per account.
    const CALLS_PER_SECOND: u32;
    /// Whether an attempt with an unknown outcome may be retried, because doing it twice is the same as once.
    const IDEMPOTENT: bool;
    /// Where the parameters travel.
    const PLACEMENT: Placement = Placement::Query;
    /// Whether the call is signed.
    const AUTHENTICATION: Authentication = Authentication::Signed;
    /// How its response says that it succeeded, where the documentation describes another envelope than the product's.
    const ENVELOPE: Envelope = Self::PRODUCT.envelope;
    /// Names of flattened parameters whose values must never show up in an error, even if the service repeats them.
    const SENSITIVE: &'static [&'static str] = &[];
    /// Whether a successful response holds secrets, so that no part of one that cannot be read may be shown.
    const SECRET_RESPONSE: bool = false;
    /// The whole body of a successful response. Every field that the service may leave out must be optional here.
    type Response: DeserializeOwned;
}

/// Where parameters travel in a POST request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// In the query of the URL.
    Query,
    /// In an urlencoded body, so that no log of URLs holds them.
    Form,
}

/// Whether a call proves who makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// With an AccessKey and a signature.
    Signed,
    /// Not at all; a parameter of the action does (`AssumeRoleWithOIDC`).
    Anonymous,
}

/// The constants of an [`Action`] as values, so that the machinery of calls need not be generic.
#[derive(Clone, Copy, Debug)]
pub(super) struct ActionFacts {
    pub(super) name: &'static str,
    pub(super) product: &'static Product,
    pub(super) calls_per_second: u32,
    pub(super) idempotent: bool,
    pub(super) envelope: Envelope,
    pub(super) placement: Placement,
    pub(super) authentication: Authentication,
    pub(super) sensitive: &'static [&'static str],
    pub(super) secret_response: bool,
}

impl ActionFacts {
    pub(super) const fn of<A: Action>() -> ActionFacts {
        ActionFacts {
            name: A::NAME,
            product: A::PRODUCT,
            calls_per_second: A::CALLS_PER_SECOND,
            idempotent: A::IDEMPOTENT,
            envelope: A::ENVELOPE,
            placement: A::PLACEMENT,
            authentication: A::AUTHENTICATION,
            sensitive: A::SENSITIVE,
            secret_response: A::SECRET_RESPONSE,
        }
    }
}
