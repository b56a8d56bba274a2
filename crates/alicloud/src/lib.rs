//! Alibaba Cloud: credentials, signatures, rate limits, transport, retries. Knows no other system.
//!
//! A call goes this way. [`Client::operation`] sets a deadline. [`Operation::call`] asks the source of [`credentials`]
//! for a valid pair, waits for a turn (`rate_limit`, unless the `circuit_breaker` knows that nobody answers), builds and signs this one attempt (`request`, [`signature`]),
//! sends it (`transport`, `connected`, `tls`), and judges what comes back (`answer`). The table in `retry` says whether to try
//! again and when; an [`Error`] tells all that was tried.
//!
//! A product is one constant ([`CAMS`], [`STS`]); an action is one type that implements [`Action`], in the folder of
//! its product ([`cams`]). Secrets stay in [`Secret`], and `redact` takes them out of what others wrote.
//!
//! Must not contain: the environment (it is handed in), files but for those that [`credentials`] come from, or the words of
//! any tool that is built on it.

pub mod cams;
pub mod credentials;
pub mod signature;

mod access_denied;
mod action;
mod call;
mod circuit_breaker;
mod client;
mod config;
mod endpoint;
mod error;
mod error_codes;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod http;
mod json;
#[cfg(test)]
mod mock_server;
mod operation;
mod parameters;
mod product;
mod rate_limit;
mod redact;
mod request;
mod response;
mod retry;
mod role_clients;
mod sts;

pub use access_denied::AccessDenied;
pub use action::{Action, Authentication, Placement};
pub use client::Client;
pub use config::ClientConfig;
pub use credentials::{
    Credentials, CredentialsError, CredentialsSource, NoCredentials, Secret, StaticKeys,
};
pub use endpoint::{Endpoint, EndpointError, Protocol};
pub use error::{ApiError, ConnectCause, ConnectFailure, Error, ErrorKind, GiveUp, TimeoutPhase};
pub use error_codes::{ErrorCause, ErrorCode};
pub use operation::{Interrupt, Operation, Response};
pub use parameters::{Parameters, ParametersError};
pub use product::{CAMS, Envelope, PerProduct, Product, STS};
pub use role_clients::RoleClients;
pub use signature::SignatureVersion;
pub use sts::StsHost;
