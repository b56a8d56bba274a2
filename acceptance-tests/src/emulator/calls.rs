//! The call log: what arrived, who sent it, and the response.
//!
//! Must not contain: secrets. Of parameters only the names are kept, and the values of a few harmless ones.

use std::collections::BTreeMap;

use serde::Serialize;

use super::request::Received;

/// Parameters whose values may be kept.
const HARMLESS: &[&str] = &[
    "WabaId",
    "CustSpaceId",
    "PhoneNumber",
    "HttpFlag",
    "QueueFlag",
    "StatusCallbackUrl",
    "UpCallbackUrl",
    "ChannelType",
    "BindId",
    "IsBind",
    "PageIndex",
    "PageSize",
    "RoleArn",
    "RoleSessionName",
    "OIDCProviderArn",
    "DurationSeconds",
    "EnableWelcomeMessage",
    "Prompts",
];

/// One request for an action, also if it was refused or cut.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Call {
    /// Counts from 1, in the order of arrival.
    pub number: u64,
    /// Arrival, in milliseconds since the emulator started.
    pub at_ms: u64,
    /// When the response was ready, in the same clock; absent while the call is under way.
    pub responded_at_ms: Option<u64>,
    /// The action that was asked for; empty if none was named.
    pub action: String,
    /// `GET`, `POST`.
    pub method: String,
    /// `V1`, `V3` or `anonymous`.
    pub signature: &'static str,
    /// AccessKey ID as sent.
    pub access_key_id: Option<String>,
    /// Account of the caller; absent if the call was not authenticated.
    pub account: Option<String>,
    /// Signature nonce as sent.
    pub nonce: Option<String>,
    /// `x-acs-retry-attempts` as sent: how many attempts came before, by the client's own account.
    pub retry_attempts: Option<String>,
    /// `user-agent` as sent.
    pub user_agent: Option<String>,
    /// Names of the parameters that came in the URL.
    pub query_parameters: Vec<String>,
    /// Names of the parameters that came in a form body.
    pub form_parameters: Vec<String>,
    /// Values of harmless parameters.
    pub parameters: BTreeMap<String, String>,
    /// Whether the operation ran and changed or read the state.
    pub executed: bool,
    /// The fault that was played on it.
    pub fault: Option<&'static str>,
    /// HTTP status; absent while under way, or if the connection was cut.
    pub status: Option<u16>,
    /// `Code` of the response (`OK` of a success); absent while under way, or if the response had none.
    pub code: Option<String>,
}

/// The log.
#[derive(Default)]
pub(super) struct CallLog {
    calls: Vec<Call>,
    last_number: u64,
}

impl CallLog {
    /// Writes down an arrival and returns its number.
    pub(super) fn arrived(&mut self, received: &Received, action: &str, at_ms: u64) -> u64 {
        let credential = |header: &str| {
            let (_, rest) = header.split_once("Credential=")?;
            rest.split(',').next().map(str::to_owned)
        };
        let (signature, access_key_id) = match received.header("authorization") {
            Some(header) => ("V3", credential(header)),
            None if received.parameter("Signature").is_some() => {
                ("V1", received.parameter("AccessKeyId").map(str::to_owned))
            }
            None => ("anonymous", None),
        };
        let names =
            |pairs: &[(String, String)]| pairs.iter().map(|(name, _)| name.clone()).collect();
        self.last_number += 1;
        self.calls.push(Call {
            number: self.last_number,
            at_ms,
            responded_at_ms: None,
            action: action.to_owned(),
            method: received.method.clone(),
            signature,
            access_key_id,
            account: None,
            nonce: received
                .header("x-acs-signature-nonce")
                .or_else(|| received.parameter("SignatureNonce"))
                .map(str::to_owned),
            retry_attempts: received.header("x-acs-retry-attempts").map(str::to_owned),
            user_agent: received.header("user-agent").map(str::to_owned),
            query_parameters: names(&received.query),
            form_parameters: names(&received.form),
            parameters: received
                .parameters()
                .filter(|(name, _)| HARMLESS.contains(name))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            executed: false,
            fault: None,
            status: None,
            code: None,
        });
        self.last_number
    }

    /// Adds to the entry of that number; one that was cleared meanwhile stays gone.
    pub(super) fn amend(&mut self, number: u64, change: impl FnOnce(&mut Call)) {
        if let Some(call) = self.calls.iter_mut().rfind(|call| call.number == number) {
            change(call);
        }
    }

    /// All entries in the order of arrival.
    pub(super) fn all(&self) -> &[Call] {
        &self.calls
    }

    /// Forgets all entries; numbers go on.
    pub(super) fn clear(&mut self) {
        self.calls.clear();
    }
}
