//! The switches: one for each thing that nobody knows about the real service, and for the settings of the emulator.
//!
//! The defaults are the strict or the likeliest reading. Behavior travel as one JSON object under the names of the
//! fields below. Must not contain: what a switch does; that stands where the behaviour stands.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Every switch with its present position.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Behavior {
    /// Binding a WABA that the same account has bound already. Undocumented.
    pub bind_again: BindAgain,
    /// Binding a WABA that another account has bound or owns. Undocumented.
    pub bind_foreign: Outcome,
    /// With `true` only registered WABAs exist; otherwise every decimal WABA ID does.
    pub known_wabas_only: bool,
    /// Error code for a WABA that does not exist (only with `known_wabas_only`). Undocumented.
    pub unknown_waba_code: String,
    /// Asking for a space of the caller that has no WABA. Undocumented.
    pub nothing_bound: NothingBound,
    /// Asking for a space that does not exist. Undocumented.
    pub unknown_space: SpaceResponse,
    /// Asking for a space of another account. Undocumented.
    pub foreign_space: SpaceResponse,
    /// Asking without a `CustSpaceId`, which the interface allows. Undocumented.
    pub query_without_space: QueryWithoutSpace,
    /// HTTP status of errors that the product (not the gateway) gives.
    pub business_error_status: BusinessErrorStatus,
    /// After a bind, this many queries of the space still see nothing.
    pub lag_queries: u32,
    /// After a bind, queries of the space still see nothing for this many milliseconds.
    pub lag_ms: u64,
    /// Whether `ListInstance` shows spaces that a bind has made. Undocumented.
    pub list_shows_bound_spaces: bool,
    /// Whether the `InstanceId` of a new space is its `CustSpaceId`. Undocumented.
    pub instance_id_equals_space: bool,
    /// What `ListInstance` makes of `BindId`, taken as a WABA ID. Undocumented.
    pub list_bind_id_filter: Filter,
    /// What `ListInstance` makes of `IsBind`. Undocumented.
    pub list_is_bind_filter: Filter,
    /// What `ListInstance` makes of `FilterStr`; honoured, it is a part of the ID or the name. Undocumented.
    pub list_filter_str: Filter,
    /// Rows of a `ListInstance` page if none is asked for. Undocumented.
    pub list_default_page_size: u32,
    /// Most rows of a `ListInstance` page; a larger wish is cut to this. Undocumented.
    pub list_maximum_page_size: u32,
    /// `Success` of answers that have one; documented samples show `false` beside `OK`.
    pub success_flag: SuccessFlag,
    /// `Code` of a success; some documented samples spell it in lower case.
    pub ok_code: String,
    /// `Message` of a success; documented samples show `None`, `SUCCESS`, `null` and worse.
    pub ok_message: String,
    /// `AccessDeniedDetail` of a success; a text there, while it is an object in gateway errors.
    pub ok_access_denied_detail: String,
    /// Whether answers carry keys that no document names.
    pub unknown_keys: bool,
    /// `Data.WabaId` in the answer of a bind.
    pub bind_response_waba_id: BindResponseWabaId,
    /// The form of a new `CustSpaceId`.
    pub space_id_style: SpaceIdStyle,
    /// New spaces demand this `IsvCode` of everybody who asks for them; `null` demands none.
    pub isv_code: Option<String>,
    /// Error code for a missing or wrong `IsvCode`. Undocumented.
    pub isv_code_error: String,
    /// `AccountReviewStatus` of WABAs that are not registered with another one.
    pub account_review_status: String,
    /// Which layer refuses what RAM does not allow.
    pub ram_denial: RamDenial,
    /// What `GetChatappOpenStatus` says to an account without the service.
    pub open_status_unsubscribed: OpenStatusUnsubscribed,
    /// Calls a second, for each account and CAMS action; `null` is without limit.
    pub cams_calls_per_second: Option<u32>,
    /// Calls a second, for each account and STS action; `null` is without limit.
    pub sts_calls_per_second: Option<u32>,
    /// Which layer refuses calls beyond the limit.
    pub throttling: Throttling,
    /// `x-acs-retry-after` of a call beyond the limit, in milliseconds; `null` sends none.
    pub throttling_retry_after_ms: Option<u64>,
    /// The emulated clock is this much ahead (or, negative, behind).
    pub clock_offset_seconds: i64,
    /// Whether the older signature (HMAC-SHA1) is still taken.
    pub accepts_v1: bool,
    /// Whether `GET` is taken beside `POST`.
    pub accepts_get: bool,
    /// Whether parameters count that come in a form body.
    pub accepts_form_parameters: bool,
    /// How gateway errors spell their keys; products differ.
    pub gateway_error_keys: KeyStyle,
    /// Life of temporary credentials, whatever was asked for; `null` is what was asked for.
    pub sts_lifetime_seconds: Option<u64>,
}

/// What a second bind of the same WABA by the same account answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BindAgain {
    /// The space that the WABA is bound to.
    SameSpace,
    /// A further space; the WABA is then bound to both.
    NewSpace,
    /// This error code; nothing changes.
    Error(String),
}

/// Allowed, or refused with a code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// As if there were nothing special.
    Ok,
    /// This error code; nothing changes.
    Error(String),
}

/// What a query of a space without a WABA answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NothingBound {
    /// `Code: OK` and `"Data": null`.
    DataNull,
    /// `Code: OK` and `"Data": {}`.
    DataEmpty,
    /// `Code: OK` without the key `Data`.
    DataMissing,
    /// `Code: OK` and a `Data` with other keys but no `Id`.
    DataWithoutId,
    /// This error code.
    Error(String),
}

/// What a query of a space that is not the caller's answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpaceResponse {
    /// What `nothing_bound` says.
    NothingBound,
    /// This error code.
    Error(String),
}

/// What a query without a `CustSpaceId` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueryWithoutSpace {
    /// About the caller's first space.
    FirstSpace,
    /// This error code.
    Error(String),
}

/// HTTP status of the product's errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BusinessErrorStatus {
    /// 400 for the four codes documented with it, 200 for every other.
    Documented,
    /// Always 200.
    Always200,
    /// Always 400.
    Always400,
}

/// Whether a filter of a list does something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Filter {
    /// It does.
    Applied,
    /// It is accepted and does nothing.
    Ignored,
}

/// The key `Success`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SuccessFlag {
    /// `true` beside `OK`.
    Consistent,
    /// Not there at all.
    Absent,
    /// `false` beside `OK`.
    FalseBesideOk,
}

/// `Data.WabaId` of a bind's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BindResponseWabaId {
    /// The one that was asked for.
    Same,
    /// Not there.
    Absent,
    /// This one instead.
    Other(String),
}

/// The form of a `CustSpaceId`; both are seen in documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpaceIdStyle {
    /// `cams-` and eleven lower-case letters or digits.
    Cams,
    /// `C` and sixteen digits, a sub-customer of an ISV.
    Isv,
}

/// Which layer refuses what RAM does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RamDenial {
    /// The gateway: 403 `NoPermission` with an `AccessDeniedDetail` object.
    GatewayNoPermission,
    /// The gateway: 403 `Forbidden.RAM` with an `AccessDeniedDetail` object.
    GatewayForbiddenRam,
    /// The product: `Ram.PermissionDeny`.
    Product,
}

/// What `GetChatappOpenStatus` says to an account without the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OpenStatusUnsubscribed {
    /// `Code: OK` and `"OpenStatus": false`.
    StatusFalse,
    /// The error `Product.Unsubscript`.
    Error,
}

/// Which layer refuses calls beyond the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Throttling {
    /// The gateway: 400 `Throttling.User`.
    Gateway,
    /// The product: `System.LimitControl`.
    Product,
}

/// Spelling of the keys of a gateway error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyStyle {
    /// `RequestId`, `Code`, `Message`.
    Pascal,
    /// `requestId`, `code`, `message`.
    Camel,
}

impl Default for Behavior {
    fn default() -> Self {
        let not_owned = || "Unknown.ResourceOwnerId".to_owned();
        Behavior {
            bind_again: BindAgain::SameSpace,
            bind_foreign: Outcome::Error(not_owned()),
            known_wabas_only: false,
            unknown_waba_code: not_owned(),
            nothing_bound: NothingBound::DataNull,
            unknown_space: SpaceResponse::Error(not_owned()),
            foreign_space: SpaceResponse::Error(not_owned()),
            query_without_space: QueryWithoutSpace::FirstSpace,
            business_error_status: BusinessErrorStatus::Documented,
            lag_queries: 0,
            lag_ms: 0,
            list_shows_bound_spaces: true,
            instance_id_equals_space: true,
            list_bind_id_filter: Filter::Applied,
            list_is_bind_filter: Filter::Applied,
            list_filter_str: Filter::Applied,
            list_default_page_size: 10,
            list_maximum_page_size: 100,
            success_flag: SuccessFlag::Consistent,
            ok_code: "OK".to_owned(),
            ok_message: "None".to_owned(),
            ok_access_denied_detail: "None".to_owned(),
            unknown_keys: true,
            bind_response_waba_id: BindResponseWabaId::Same,
            space_id_style: SpaceIdStyle::Cams,
            isv_code: None,
            isv_code_error: "Authentication.NoAuth".to_owned(),
            account_review_status: "APPROVED".to_owned(),
            ram_denial: RamDenial::GatewayNoPermission,
            open_status_unsubscribed: OpenStatusUnsubscribed::StatusFalse,
            cams_calls_per_second: Some(10),
            sts_calls_per_second: Some(100),
            throttling: Throttling::Gateway,
            throttling_retry_after_ms: None,
            clock_offset_seconds: 0,
            accepts_v1: true,
            accepts_get: true,
            accepts_form_parameters: true,
            gateway_error_keys: KeyStyle::Pascal,
            sts_lifetime_seconds: None,
        }
    }
}

impl Behavior {
    /// These switches with the named ones in new positions; all or nothing.
    ///
    /// An error is a sentence that names the switch and lists what would have been valid.
    pub(super) fn with(&self, changes: &Map<String, Value>) -> Result<Behavior, String> {
        let mut behavior = self.clone();
        for (name, position) in changes {
            let mut all = behavior.to_object();
            if !all.contains_key(name) {
                let known: Vec<&str> = all.keys().map(String::as_str).collect();
                return Err(format!(
                    "there is no switch \"{name}\"; the switches are {}",
                    known.join(", ")
                ));
            }
            all.insert(name.clone(), position.clone());
            behavior = serde_json::from_value(Value::Object(all))
                .map_err(|error| format!("the switch \"{name}\" cannot be {position}: {error}"))?;
        }
        Ok(behavior)
    }

    /// Name and position of every switch.
    pub(super) fn to_object(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(map)) => map,
            // A struct of plain fields always serialises, and to an object.
            _ => Map::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(changes: Value) -> Result<Behavior, String> {
        Behavior::default().with(changes.as_object().expect("an object"))
    }

    #[test]
    fn switches_change_by_name() {
        let behavior = check(json!({
            "bind_again": {"error": "X.Already"},
            "nothing_bound": "data_missing",
            "cams_calls_per_second": null,
            "clock_offset_seconds": -3600,
        }))
        .expect("valid");
        assert_eq!(
            behavior.bind_again,
            BindAgain::Error("X.Already".to_owned())
        );
        assert_eq!(behavior.nothing_bound, NothingBound::DataMissing);
        assert_eq!(behavior.cams_calls_per_second, None);
        assert_eq!(behavior.clock_offset_seconds, -3600);
        assert_eq!(behavior.ram_denial, RamDenial::GatewayNoPermission);
    }

    #[test]
    fn unknown_names_and_positions_teach() {
        let error = check(json!({"bind_agian": 1})).expect_err("misspelt");
        assert!(error.contains("no switch \"bind_agian\""), "{error}");
        assert!(error.contains("bind_again, bind_foreign"), "{error}");
        let error = check(json!({"nothing_bound": "data"})).expect_err("no such position");
        assert!(error.contains("\"nothing_bound\""), "{error}");
        assert!(error.contains("`data_null`"), "{error}");
        assert!(error.contains("`data_without_id`"), "{error}");
        let error = check(json!({"lag_queries": "two"})).expect_err("no number");
        assert!(error.contains("lag_queries"), "{error}");
    }

    #[test]
    fn every_switch_survives_json() {
        let all = Value::Object(Behavior::default().to_object());
        let again: Behavior = serde_json::from_value(all.clone()).expect("the same shape");
        assert_eq!(again, Behavior::default());
        assert_eq!(all.as_object().map(Map::len), Some(40));
    }
}
