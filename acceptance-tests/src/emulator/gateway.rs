//! The gateway in front of the products: which operation is meant, who calls, and whether it may go on.
//!
//! Statuses and codes are those of the vendor's public pages on RPC gateway errors. Must not contain: what an operation
//! does.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use time::macros::format_description;

use super::behavior::Behavior;
use super::ram::Caller;
use super::request::Received;
use super::response::Refusal;
use super::state::{Now, State};
use super::{cams, sts};

/// What the gateway accepts and refuses, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewayBehavior {
    /// Calls a second, for each account and CAMS action; `null` is without limit.
    pub cams_calls_per_second: Option<u32>,
    /// Which layer refuses calls beyond the limit.
    pub throttling: Throttling,
    /// `x-acs-retry-after` of a call beyond the limit, in milliseconds; `null` sends none.
    pub throttling_retry_after_ms: Option<u64>,
    /// Which layer refuses what RAM does not allow.
    pub ram_denial: RamDenial,
    /// The emulated clock is this much ahead (or, negative, behind).
    pub clock_offset_seconds: i64,
    /// Whether the older signature (HMAC-SHA1) is still taken.
    pub accepts_v1: bool,
    /// Whether `GET` is taken beside `POST`.
    pub accepts_get: bool,
    /// Whether parameters count that come in a form body.
    pub accepts_form_parameters: bool,
    /// How gateway errors spell their keys; products differ.
    pub error_keys: KeyStyle,
}

impl Default for GatewayBehavior {
    fn default() -> Self {
        GatewayBehavior {
            cams_calls_per_second: Some(10),
            throttling: Throttling::Gateway,
            throttling_retry_after_ms: None,
            ram_denial: RamDenial::GatewayNoPermission,
            clock_offset_seconds: 0,
            accepts_v1: true,
            accepts_get: true,
            accepts_form_parameters: true,
            error_keys: KeyStyle::Pascal,
        }
    }
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

/// A product behind the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Product {
    Cams,
    Sts,
}

impl Product {
    fn version(self) -> &'static str {
        match self {
            Product::Cams => "2020-06-06",
            Product::Sts => "2015-04-01",
        }
    }

    fn code(self) -> &'static str {
        match self {
            Product::Cams => "cams",
            Product::Sts => "sts",
        }
    }
}

/// What the gateway knows about an operation.
pub(super) struct Operation {
    pub(super) name: &'static str,
    pub(super) product: Product,
    /// Parameters without which the call never reaches the product.
    pub(super) required: &'static [&'static str],
    /// Calls a second and account that the operation's page states; absent, the product's switch says.
    pub(super) calls_per_second: Option<u32>,
    pub(super) access: Access,
    pub(super) run: Run,
}

/// What an operation does to the state, and its response or the refusal.
pub(super) type Run = fn(&mut State, &Task<'_>) -> Result<Value, Refusal>;

/// Who may call an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Whom RAM allows it.
    Allowed,
    /// Everybody with a key.
    Signed,
    /// Everybody.
    Anonymous,
}

/// A call that has passed the gateway.
pub(super) struct Task<'a> {
    pub(super) received: &'a Received,
    /// Absent only where [`Access::Anonymous`] lets it.
    pub(super) caller: Option<&'a Caller>,
    pub(super) now: Now,
    pub(super) request_id: &'a str,
}

/// Every operation there is.
fn operations() -> impl Iterator<Item = &'static Operation> {
    cams::OPERATIONS.iter().chain(sts::OPERATIONS)
}

/// The action that a request names, in a header or a parameter.
pub(super) fn action(received: &Received) -> &str {
    received
        .parameter("Action")
        .or_else(|| received.header("x-acs-action"))
        .unwrap_or_default()
}

/// Which operation is meant.
pub(super) fn operation(state: &State, received: &Received) -> Result<&'static Operation, Refusal> {
    match received.method.as_str() {
        "POST" => {}
        "GET" if state.behavior.gateway.accepts_get => {}
        method => {
            return Err(Refusal::gateway(
                400,
                "UnsupportedHTTPMethod",
                format!("This http method {method} is not supported."),
            ));
        }
    }
    if received.path != "/" {
        return Err(Refusal::gateway(
            404,
            "InvalidApi.NotFound",
            "Specified api is not found, please check your url and method.",
        ));
    }
    let action = action(received);
    if action.is_empty() {
        return Err(missing("Action"));
    }
    let header = received.header("x-acs-action");
    if header.is_some_and(|header| header != action) {
        return Err(invalid("Action"));
    }
    let version = received
        .parameter("Version")
        .or_else(|| received.header("x-acs-version"))
        .ok_or_else(|| missing("Version"))?;
    if !operations().any(|operation| operation.product.version() == version) {
        return Err(Refusal::gateway(
            404,
            "InvalidVersion",
            "Specified parameter Version is not valid.",
        ));
    }
    if let Some(format) = received.parameter("Format")
        && !["json", "xml"].contains(&format.to_ascii_lowercase().as_str())
    {
        return Err(Refusal::gateway(
            400,
            "InvalidParameter.Format",
            format!("The parameter Format is neither JSON nor XML but \"{format}\"."),
        ));
    }
    operations()
        .find(|operation| operation.name == action && operation.product.version() == version)
        .ok_or_else(|| {
            Refusal::gateway(
                404,
                "InvalidAction.NotFound",
                "Specified api is not found, please check your url and method.",
            )
        })
}

/// Whether the call may go on to its product: parameters, rights, rate.
pub(super) fn authorise(
    state: &mut State,
    operation: &Operation,
    task: &Task<'_>,
) -> Result<(), Refusal> {
    for name in operation.required {
        if task.received.parameter(name).is_none_or(str::is_empty) {
            return Err(missing(name));
        }
    }
    let product = operation.product;
    // The anonymous calls of everybody share one window: there is no account to count them for.
    let account = task.caller.map_or("", |caller| &caller.account);
    let limit = calls_per_second(operation, &state.behavior);
    if let Some(limit) = limit
        && !state
            .windows
            .admit(account, operation.name, limit, task.now.since_start_ms)
    {
        return Err(throttled(state, product));
    }
    let Some(caller) = task.caller else {
        return Ok(());
    };
    if operation.access == Access::Allowed
        && let Err(detail) = caller.may(&format!("{}:{}", product.code(), operation.name))
    {
        return Err(denied(state, product, detail));
    }
    let subscribed = state.entities.accounts.get(account);
    if product == Product::Cams
        && !["GetChatappOpenStatus", "OpenChatappService"].contains(&operation.name)
        && !subscribed.is_some_and(|account| account.subscribed)
    {
        return Err(Refusal::product("Product.Unsubscript"));
    }
    Ok(())
}

/// Calls of an action that an account may make in any second; `None` without a limit, or an action of that name.
pub(super) fn limit(action: &str, behavior: &Behavior) -> Option<u32> {
    let operation = operations().find(|operation| operation.name == action)?;
    calls_per_second(operation, behavior)
}

/// Calls a second that an account may make of an operation; `None` is without limit.
fn calls_per_second(operation: &Operation, behavior: &Behavior) -> Option<u32> {
    let of_product = match operation.product {
        Product::Cams => behavior.gateway.cams_calls_per_second,
        Product::Sts => behavior.sts.calls_per_second,
    };
    of_product.map(|limit| operation.calls_per_second.unwrap_or(limit))
}

/// `Missing…`, 400.
pub(super) fn missing(name: &str) -> Refusal {
    Refusal::gateway(
        400,
        &format!("Missing{name}"),
        format!("{name} is mandatory for this action."),
    )
}

/// `Invalid…`, 400.
pub(super) fn invalid(name: &str) -> Refusal {
    Refusal::gateway(
        400,
        &format!("Invalid{name}"),
        format!("Specified parameter {name} is not valid."),
    )
}

fn throttled(state: &State, product: Product) -> Refusal {
    let retry_after_ms = state.behavior.gateway.throttling_retry_after_ms;
    match (state.behavior.gateway.throttling, product) {
        (Throttling::Product, Product::Cams) => {
            let mut refusal = Refusal::product("System.LimitControl");
            if let Refusal::Product {
                retry_after_ms: wait,
                ..
            } = &mut refusal
            {
                *wait = retry_after_ms;
            }
            refusal
        }
        _ => Refusal::Gateway {
            status: 400,
            code: "Throttling.User".to_owned(),
            message: "Request was denied due to user flow control.".to_owned(),
            access_denied_detail: None,
            retry_after_ms,
        },
    }
}

fn denied(state: &State, product: Product, detail: Value) -> Refusal {
    let code = match (state.behavior.gateway.ram_denial, product) {
        (RamDenial::Product, Product::Cams) => return Refusal::product("Ram.PermissionDeny"),
        (RamDenial::GatewayForbiddenRam, _) => "Forbidden.RAM",
        _ => "NoPermission",
    };
    Refusal::Gateway {
        status: 403,
        code: code.to_owned(),
        message: "You are not authorized to do this action. You should be authorized by RAM."
            .to_owned(),
        access_denied_detail: Some(Box::new(detail)),
        retry_after_ms: None,
    }
}

/// `YYYY-MM-DDThh:mm:ssZ`, the only form of dates here.
pub(super) fn iso_date(date: OffsetDateTime) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
    // Every component of this format exists for every date.
    date.format(format).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::test_client::{Draft, HttpResponse, Style};
    use super::super::{AccessKey, Account, BusinessErrorStatus, DEFAULT_ACCOUNT, Emulator};
    use super::*;

    /// The defaults with some switches moved.
    fn moved(change: impl FnOnce(&mut Behavior)) -> Behavior {
        let mut behavior = Behavior::default();
        change(&mut behavior);
        behavior
    }

    fn emulator(behavior: Behavior) -> Emulator {
        let emulator = Emulator::start().expect("a free port");
        emulator.set_behavior(|all| *all = behavior);
        emulator
    }

    fn check(response: &HttpResponse, status: u16, code: &str) {
        let found = (response.status, response.code());
        assert_eq!(found, (Some(status), code.to_owned()), "{response:?}");
    }

    #[test]
    fn unknown_actions_and_versions_are_refused() {
        let emulator = emulator(Behavior::default());
        let draft = Draft::new(&emulator, "ListInstance", &[]);
        let with = |change: &dyn Fn(&mut Draft)| {
            let mut draft = draft.clone();
            change(&mut draft);
            draft.nonce = uuid::Uuid::new_v4().to_string();
            draft.send()
        };
        let action = |draft: &mut Draft| draft.action = "UnbindWaba".to_owned();
        check(&with(&action), 404, "InvalidAction.NotFound");
        let none = |draft: &mut Draft| draft.action.clear();
        check(&with(&none), 400, "MissingAction");
        let version = |draft: &mut Draft| draft.version = "2019-01-01";
        check(&with(&version), 404, "InvalidVersion");
        let other_product = |draft: &mut Draft| draft.version = "2015-04-01";
        check(&with(&other_product), 404, "InvalidAction.NotFound");
        let method = |draft: &mut Draft| draft.method = "PUT";
        check(&with(&method), 400, "UnsupportedHTTPMethod");
        let format = |draft: &mut Draft| draft.format = Some("YAML");
        check(&with(&format), 400, "InvalidParameter.Format");
        let mut elsewhere = draft.sign();
        elsewhere.request.path = "/api".to_owned();
        check(&elsewhere.send(), 404, "InvalidApi.NotFound");
        let mut two_minds = draft.sign();
        two_minds.set_parameter("Action", Some("ChatappBindWaba"));
        check(&two_minds.send(), 400, "InvalidAction");
    }

    #[test]
    fn response_has_the_requested_format() {
        let emulator = emulator(Behavior::default());
        for (style, format, xml) in [
            (Style::V3, None, false),
            (Style::V3, Some("json"), false),
            (Style::V3, Some("XML"), true),
            (Style::V1, Some("JSON"), false),
            (Style::V1, Some("xml"), true),
        ] {
            let mut draft = Draft::new(&emulator, "ListInstance", &[]);
            (draft.style, draft.format) = (style, format);
            let response = draft.send();
            let start = if xml { "<?xml" } else { "{" };
            let body = String::from_utf8_lossy(&response.body).into_owned();
            assert!(body.starts_with(start), "{style:?} {format:?} {body}");
            let media_type = if xml {
                "text/xml;charset=utf-8"
            } else {
                "application/json;charset=utf-8"
            };
            assert_eq!(response.header("content-type"), Some(media_type));
        }
        let mut draft = Draft::new(&emulator, "ListInstance", &[]).sign();
        draft.request.headers.retain(|(name, _)| name == "host");
        draft.set_parameter("Action", Some("ListInstance"));
        draft.set_parameter("Version", Some("2020-06-06"));
        let body = String::from_utf8_lossy(&draft.send().body).into_owned();
        assert!(body.contains("<Code>MissingAccessKeyId</Code>"), "{body}");
    }

    #[test]
    fn get_and_forms_can_be_switched_off() {
        let bind = |emulator: &Emulator, get: bool, form: bool| {
            let mut draft = Draft::new(emulator, "ChatappBindWaba", &[("WabaId", "1")]);
            draft.method = if get { "GET" } else { "POST" };
            draft.in_form = form;
            draft.send()
        };
        let lenient = emulator(Behavior::default());
        check(&bind(&lenient, true, false), 200, "OK");
        check(&bind(&lenient, false, true), 200, "OK");
        let strict = emulator(moved(|behavior| {
            behavior.gateway.accepts_get = false;
            behavior.gateway.accepts_form_parameters = false;
        }));
        check(&bind(&strict, true, false), 400, "UnsupportedHTTPMethod");
        check(&bind(&strict, false, true), 400, "MissingWabaId");
        check(&bind(&strict, false, false), 200, "OK");
        assert_eq!(strict.calls_of("ChatappBindWaba").len(), 3);
    }

    #[test]
    fn calls_beyond_the_limit_are_refused_by_the_layer_of_choice() {
        let run = |behavior: Behavior| {
            let emulator = emulator(behavior);
            emulator.set_behavior(|behavior| behavior.gateway.cams_calls_per_second = Some(3));
            let draft = || Draft::new(&emulator, "ListInstance", &[]).send();
            let responses: Vec<HttpResponse> = (0..4).map(|_| draft()).collect();
            for response in &responses[..3] {
                check(response, 200, "OK");
            }
            let other_action = Draft::new(&emulator, "GetChatappOpenStatus", &[]).send();
            check(&other_action, 200, "OK");
            assert_eq!(emulator.busiest_second(DEFAULT_ACCOUNT, "ListInstance"), 4);
            let refused = emulator.calls_of("ListInstance").pop().expect("a call");
            assert!(!refused.executed);
            responses.into_iter().next_back().expect("four responses")
        };
        let gateway = run(Behavior::default());
        check(&gateway, 400, "Throttling.User");
        assert_eq!(gateway.header("x-acs-retry-after"), None);
        assert!(gateway.json()["HostId"].is_string());
        let product = run(moved(|behavior| {
            behavior.gateway.throttling = Throttling::Product;
            behavior.gateway.throttling_retry_after_ms = Some(250);
        }));
        check(&product, 400, "System.LimitControl");
        assert_eq!(product.header("x-acs-retry-after"), Some("250"));
        assert_eq!(product.json()["Success"], false);
        let hidden = run(moved(|behavior| {
            behavior.gateway.throttling = Throttling::Product;
            behavior.response.business_error_status = BusinessErrorStatus::Always200;
        }));
        check(&hidden, 200, "System.LimitControl");
    }

    #[test]
    fn limit_of_an_operation_replaces_that_of_its_product() {
        let limit = |own: Option<u32>, of_product: Option<u32>| {
            let operation = Operation {
                name: "GetWhatsappHealthStatus",
                product: Product::Cams,
                required: &[],
                calls_per_second: own,
                access: Access::Allowed,
                run: |_, _| Ok(Value::Null),
            };
            let behavior = moved(|behavior| behavior.gateway.cams_calls_per_second = of_product);
            calls_per_second(&operation, &behavior)
        };
        assert_eq!(limit(None, Some(10)), Some(10));
        assert_eq!(limit(Some(5), Some(10)), Some(5));
        assert_eq!(limit(Some(50), Some(10)), Some(50));
        assert_eq!(limit(Some(5), None), None);
        let emulator = emulator(Behavior::default());
        assert_eq!(emulator.limit("ListInstance"), Some(10));
        assert_eq!(emulator.limit("GetWhatsappHealthStatus"), Some(5));
        assert_eq!(emulator.limit("ListInstances"), None);
    }

    #[test]
    fn calls_without_a_limit_are_accepted() {
        let emulator = emulator(moved(|behavior| {
            behavior.gateway.cams_calls_per_second = None;
        }));
        for _ in 0..30 {
            let response = Draft::new(&emulator, "ListInstance", &[]).send();
            check(&response, 200, "OK");
        }
    }

    #[test]
    fn rights_are_refused_by_the_layer_of_choice() {
        for (ram_denial, status, code) in [
            (RamDenial::GatewayNoPermission, 403, "NoPermission"),
            (RamDenial::GatewayForbiddenRam, 403, "Forbidden.RAM"),
            (RamDenial::Product, 400, "Ram.PermissionDeny"),
        ] {
            let emulator = emulator(moved(|behavior| {
                behavior.gateway.ram_denial = ram_denial;
            }));
            let mut account = Account::new("2").with_key("reader", "s");
            account.access_keys[0].allow = vec!["cams:Get*".to_owned(), "cams:List*".to_owned()];
            account.access_keys.push(AccessKey {
                id: "root".to_owned(),
                secret: "s".to_owned(),
                user: None,
                allow: Vec::new(),
                active: true,
            });
            emulator.put_account(account).expect("a sound account");
            let call = |key: &str, action: &str| {
                Draft::new(&emulator, action, &[])
                    .with_key(key, "s", None)
                    .send()
            };
            check(&call("reader", "ListInstance"), 200, "OK");
            check(&call("root", "QueryChatappBindWaba"), 200, "OK");
            let denied = call("reader", "QueryChatappBindWaba");
            check(&denied, status, code);
            let detail = &denied.json()["AccessDeniedDetail"];
            if status == 403 {
                assert_eq!(detail["AuthAction"], "cams:QueryChatappBindWaba");
                assert_eq!(detail["AuthPrincipalType"], "SubUser");
                assert_eq!(detail["NoPermissionType"], "ImplicitDeny");
            } else {
                assert_eq!(detail, "None");
            }
        }
    }

    #[test]
    fn account_without_the_service_is_refused() {
        let emulator = emulator(Behavior::default());
        let mut account = Account::new("2").with_key("k", "s");
        account.subscribed = false;
        emulator.put_account(account).expect("a sound account");
        let call = |action: &str| {
            let draft = Draft::new(&emulator, action, &[("WabaId", "1")]);
            draft.with_key("k", "s", None).send()
        };
        check(&call("ChatappBindWaba"), 400, "Product.Unsubscript");
        check(&call("ListInstance"), 400, "Product.Unsubscript");
        assert_eq!(call("GetChatappOpenStatus").json()["OpenStatus"], false);
    }

    #[test]
    fn gateway_errors_can_be_in_camel_case() {
        let emulator = emulator(moved(|behavior| {
            behavior.gateway.error_keys = KeyStyle::Camel;
        }));
        let response = Draft::new(&emulator, "ChatappBindWaba", &[]).send();
        let body = response.json();
        assert_eq!(response.status, Some(400));
        assert_eq!(body["code"], "MissingWabaId");
        assert_eq!(body["Code"], Value::Null);
        assert_eq!(
            response.header("x-acs-request-id"),
            body["requestId"].as_str()
        );
    }
}
