//! Alibaba Cloud: credentials, signatures, rate limits, transport, retries. Knows no other system.
//!
//! A call goes through these steps. [`Client::operation`] sets a deadline. [`Operation::call`] asks the source of
//! [`credentials`] for a valid pair, fails at once if the `failure_memory` knows that they are refused or the `circuit_breaker` that the service is down, waits for the
//! `rate_limit`, builds and signs the request of this one attempt (`request`, `signature`), sends it (`http`), and
//! classifies the response (`response`). The table in `retry` decides whether and when to try again. An [`Error`] describes
//! all attempts.
//!
//! A product is one constant ([`CAMS`], [`STS`]). An action is one type that implements [`Action`], in the folder of its
//! product ([`cams`]). Error codes are data ([`ErrorCode`]). Secrets stay in [`Secret`], and `redact` removes them from
//! texts that others wrote.
//!
//! The environment is a parameter. No file is read except those that [`credentials`] come from.

pub mod cams;
pub mod credentials;
mod signature;

mod access_denied;
mod action;
mod call;
#[cfg(test)]
mod captured_log;
mod circuit_breaker;
mod client;
mod config;
mod endpoint;
mod error;
mod error_codes;
mod failure_memory;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod http;
mod json;
#[cfg(test)]
mod mock_server;
mod operation;
mod page;
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
    Credentials, CredentialsError, CredentialsErrorKind, CredentialsSource, FileFault,
    NoCredentials, ProgramFault, Secret, ServiceFault, StaticKeys,
};
pub use endpoint::{Endpoint, EndpointError, Protocol};
pub use error::{
    ApiError, CertificateFault, ConnectCause, ConnectFailure, Error, ErrorKind, GiveUp, ProxyFault,
    TimeoutPhase, Wait,
};
pub use error_codes::{ErrorCause, ErrorCode};
pub use http::{Proxies, ProxyError};
pub use json::is_id;
pub use operation::{Interrupt, Operation, Response};
pub use page::{Page, is_of_an_outage};

pub use product::{CAMS, Envelope, PerProduct, Product, STS};
pub use role_clients::RoleClients;
pub use signature::SignatureVersion;
pub use sts::StsHost;
